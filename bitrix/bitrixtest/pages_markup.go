package bitrixtest

import (
	"net/url"
	"regexp"
	"strconv"
)

// markup matches the portal's message markup: [USER=15]Ivan[/USER], [b], [url=…].
var markup = regexp.MustCompile(`(?i)\[user=(\d+)\](.*?)\[/user\]|\[/?(?:b|i|u|s|br|url|chat)(?:=[^\]]*)?\]`)

// textPart is a piece of a text; one with a URL is a link.
type textPart struct{ Text, URL string }

// link matches the markup of links: [url=…]text[/url] and [url]…[/url]. The
// address may have brackets in pairs.
var link = regexp.MustCompile(`(?is)\[url(?:=((?:[^\[\]]|\[[^\[\]]*\])+))?\](.*?)\[/url\]`)

// richText is a text of the messenger cut into plain pieces and links. Only
// addresses of this portal and of the web become links.
func (w *World) richText(text string) (parts []textPart) {
	plain := func(text string) { parts = append(parts, bareLinks(w.plainText(text))...) }
	at := 0
	for _, m := range link.FindAllStringSubmatchIndex(text, -1) {
		plain(text[at:m[0]])
		at = m[1]
		shown := text[m[4]:m[5]]
		address := shown
		if m[2] >= 0 {
			address = text[m[2]:m[3]]
		}
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" && (u.Scheme != "" || ownAddress(address) != address) {
			plain(shown)
			continue
		}
		parts = append(parts, textPart{w.plainText(shown), address})
	}
	plain(text[at:])
	return parts
}

// bareLink matches an address of the web that stands in a text by itself; what
// ends a sentence or a bracket is no part of it.
var bareLink = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>"().,:;!?']`)

// bareLinks is a text without markup cut at the addresses in it.
func bareLinks(text string) (parts []textPart) {
	plain := func(text string) {
		if text != "" {
			parts = append(parts, textPart{Text: text})
		}
	}
	at := 0
	for _, m := range bareLink.FindAllStringIndex(text, -1) {
		plain(text[at:m[0]])
		at = m[1]
		parts = append(parts, textPart{text[m[0]:m[1]], text[m[0]:m[1]]})
	}
	plain(text[at:])
	return parts
}

// plainText is a text of the messenger without its markup; people who are
// only numbers in it get their names.
func (w *World) plainText(text string) string {
	return markup.ReplaceAllStringFunc(text, func(match string) string {
		parts := markup.FindStringSubmatch(match)
		if parts[1] == "" || parts[2] != "" {
			return parts[2]
		}
		id, _ := strconv.Atoi(parts[1])
		if u := w.Users[id]; u != nil {
			return u.FullName()
		}
		return "#" + parts[1]
	})
}
