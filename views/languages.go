package views

import (
	"slices"
	"strings"
	"unicode"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// portalLanguages are the languages of the portal's interface by the portal's
// codes, several of which mean something else everywhere else.
// https://apidocs.bitrix24.com/api-reference/widgets/placement-bind.html
var portalLanguages = map[string]string{
	"ar": "ar", "br": "pt-BR", "de": "de", "en": "en", "fr": "fr", "hi": "hi",
	"id": "id", "in": "hi", "it": "it", "ja": "ja", "kz": "kk", "la": "es",
	"ms": "ms", "pl": "pl", "ru": "ru", "sc": "zh-Hans", "tc": "zh-Hant",
	"th": "th", "tr": "tr", "ua": "uk", "vn": "vi",
}

// Speak picks the language of a page. It takes wishes in order of weight, each
// the portal's code of a language ("ua"), a BCP 47 tag ("pt-BR") or an
// Accept-Language header, and speaks the first that has a catalog; English
// when none has. Wishes are outside input: nonsense is passed over.
func Speak(wishes ...string) Words {
	c := load()
	for _, wish := range wishes {
		for _, tag := range wished(wish) {
			_, i, confidence := c.matcher.Match(tag)
			// Below High the matcher offers neighbours: Russian for Ukrainian.
			if confidence >= language.High {
				return c.words(c.tags[i])
			}
		}
	}
	return c.words(language.English)
}

func (c catalogs) words(tag language.Tag) Words {
	return Words{tag: tag, says: i18n.NewLocalizer(c.bundle, tag.String())}
}

// wished reads one wish of Speak.
func wished(wish string) []language.Tag {
	if len(wish) > 256 {
		return nil
	}
	if code, ok := portalLanguages[strings.ToLower(wish)]; ok {
		return []language.Tag{language.Make(code)}
	}
	tags, _, err := language.ParseAcceptLanguage(wish)
	if err != nil {
		return nil
	}
	return tags
}

// Languages are those that there are catalogs of, by what they call themselves.
func Languages() []Language {
	var all []Language
	for _, tag := range load().tags {
		name := []rune(display.Self.Name(tag))
		name[0] = unicode.ToTitle(name[0]) // it begins a line of a list
		all = append(all, Language{Tag: tag.String(), Name: string(name)})
	}
	slices.SortFunc(all, func(a, b Language) int { return strings.Compare(a.Name, b.Name) })
	return all
}
