// Package views holds what people see: the templates, the structs they print,
// and every sentence in every language.
//
// A page struct holds what is printed, ready to print; handlers fill it, and a
// template only lays it out. The one thing a template asks for is a sentence
// that never varies ([Words.Say]). No sentence stands in a template or in Go:
// all live in messages/, one catalog per language, and a test keeps the
// catalogs equal in keys, plural forms and variables.
package views

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/unicode/bidi"
)

//go:embed messages/*.json
var messages embed.FS

// With holds the values of a sentence's variables, by name.
type With = map[string]any

// Words speaks one language. Copies speak the same one; safe for concurrent
// use. Get one from [Speak]: the zero value has nothing to say.
type Words struct {
	tag  language.Tag
	says *i18n.Localizer
}

// catalogs are the embedded catalogs and who picks among them. English comes
// first: it answers for every language that has no catalog of its own.
type catalogs struct {
	bundle  *i18n.Bundle
	matcher language.Matcher
	tags    []language.Tag
}

var load = sync.OnceValue(func() catalogs {
	c := catalogs{bundle: i18n.NewBundle(language.English)}
	c.bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	files, err := messages.ReadDir("messages")
	if err != nil {
		panic(err)
	}
	c.tags = []language.Tag{language.English}
	for _, f := range files {
		m, err := c.bundle.LoadMessageFileFS(messages, "messages/"+f.Name())
		if err != nil {
			panic(fmt.Sprintf("reading the catalog %s: %v", f.Name(), err))
		}
		if m.Tag != language.English {
			c.tags = append(c.tags, m.Tag)
		}
	}
	c.matcher = language.NewMatcher(c.tags)
	return c
})

// Say returns the sentence that the catalogs hold under id, with its variables
// filled in. A sentence that is missing in a language is said in English. What
// may be written the other way than the sentence is isolated in it.
func (w Words) Say(id string, with ...With) string {
	c := &i18n.LocalizeConfig{MessageID: id}
	if len(with) > 0 {
		c.TemplateData = w.apart(with[0])
	}
	return w.localize(c)
}

// Optional is Say, but "" when the catalogs hold no such sentence.
func (w Words) Optional(id string, with ...With) string {
	if text := w.Say(id, with...); text != id {
		return text
	}
	return ""
}

// Count is Say for a sentence about n things: it picks the plural form, and
// {{.Count}} stands for n, written the way the language groups its digits.
func (w Words) Count(id string, n int, with ...With) string {
	latin, _ := w.tag.SetTypeForKey("nu", "latn") // as Bitrix24 counts, in Arabic too
	data := With{"Count": message.NewPrinter(latin).Sprint(n)}
	for _, m := range with {
		maps.Copy(data, w.apart(m))
	}
	return w.localize(&i18n.LocalizeConfig{MessageID: id, PluralCount: n, TemplateData: data})
}

// FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE: what stands between them
// goes its own way and moves nothing around it.
// https://www.unicode.org/reports/tr9/#Explicit_Directional_Isolates
const isolate, isolated = "\u2068", "\u2069"

// apart isolates the values that could tear a sentence. A value that has
// isolates already is a sentence of ours.
func (w Words) apart(with With) With {
	apart := make(With, len(with))
	for name, value := range with {
		if text, ok := value.(string); ok && !strings.Contains(text, isolate) {
			value = w.alone(text)
		}
		apart[name] = value
	}
	return apart
}

// alone isolates a text from what stands around it: among what is written from
// right to left any text, since a telephone number has no direction of its own;
// elsewhere what is written from right to left.
func (w Words) alone(text string) string {
	if text == "" || w.Dir() != "rtl" && !strings.ContainsFunc(text, leftward) {
		return text
	}
	return isolate + text + isolated
}

// commas are those of the languages that do not write ", " in a list.
var commas = map[string]string{"ar": "، ", "ja": "、", "zh-Hans": "、", "zh-Hant": "、"}

// List strings several names together, as a sentence may have them for one
// variable.
func (w Words) List(names []string) string {
	apart := make([]string, len(names))
	for i, name := range names {
		apart[i] = w.alone(name)
	}
	return strings.Join(apart, cmp.Or(commas[w.Lang()], ", "))
}

// leftward tells whether a letter is written from right to left.
func leftward(r rune) bool {
	p, _ := bidi.LookupRune(r)
	return p.Class() == bidi.R || p.Class() == bidi.AL
}

// localize never fails: go-i18n returns the fallback together with its error,
// and the tests of the catalogs leave no id unknown.
func (w Words) localize(c *i18n.LocalizeConfig) string {
	text, _ := w.says.Localize(c)
	if text == "" {
		return c.MessageID
	}
	return text
}

// Lang is the language spoken, as the lang attribute wants it.
func (w Words) Lang() string { return w.tag.String() }

// Dir is the direction of writing, "ltr" or "rtl".
func (w Words) Dir() string {
	switch script, _ := w.tag.Script(); script.String() {
	case "Arab", "Hebr", "Thaa", "Syrc":
		return "rtl"
	}
	return "ltr"
}

// PlacementTitles is the name of our tab in the cards, for every language that
// a portal's interface may have, by the portal's own code of the language.
func PlacementTitles() map[string]string {
	titles := make(map[string]string, len(portalLanguages))
	for code := range portalLanguages {
		titles[code] = Speak(code).Say("placement.title")
	}
	return titles
}
