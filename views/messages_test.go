package views

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// catalog is one catalog as written.
type catalog struct {
	ids   []string                     // in the order of the file
	texts map[string]map[string]string // by id, then by plural form: "" for a sentence that counts nothing
}

// readCatalogs reads the catalogs by the names of their files.
func readCatalogs(t *testing.T) map[string]catalog {
	t.Helper()
	files, err := filepath.Glob("messages/*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("catalogs: %v, %v", files, err)
	}
	all := map[string]catalog{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(f), ".json")] = readCatalog(t, f, b)
	}
	return all
}

// readCatalog reads token by token: a map would hide that a sentence is there twice.
func readCatalog(t *testing.T, f string, b []byte) catalog {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	next := func() json.Token {
		token, err := d.Token()
		if err != nil && err != io.EOF {
			t.Fatalf("%s: %v", f, err)
		}
		return token
	}
	c := catalog{texts: map[string]map[string]string{}}
	next()
	for d.More() {
		id := next().(string)
		c.ids = append(c.ids, id)
		if c.texts[id] != nil {
			t.Errorf("%s says %q twice", f, id)
		}
		c.texts[id] = map[string]string{}
		switch v := next().(type) {
		case string:
			c.texts[id][""] = v
		case json.Delim:
			for d.More() {
				form := next().(string)
				c.texts[id][form], _ = next().(string)
			}
			next()
		}
	}
	return c
}

var variable = regexp.MustCompile(`{{\s*\.(\w+)\s*}}`)

// variables are the names in a text, sorted, each once.
func variables(text string) []string {
	names := map[string]bool{}
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		names[m[1]] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func TestEveryLanguageSaysEverySentence(t *testing.T) {
	all := readCatalogs(t)
	english := all["en"]
	for lang, c := range all {
		has := func(c catalog) func(string) bool {
			return func(id string) bool { return c.texts[id] != nil }
		}
		missing := slices.DeleteFunc(slices.Clone(english.ids), has(c))
		strange := slices.DeleteFunc(slices.Clone(c.ids), has(english))
		if len(missing) > 0 {
			t.Errorf("%s.json lacks %d:\n\t%s", lang, len(missing), strings.Join(missing, "\n\t"))
		}
		if len(strange) > 0 {
			t.Errorf("%s.json has %d that English has not:\n\t%s", lang, len(strange), strings.Join(strange, "\n\t"))
		}
		if missing == nil && strange == nil && !slices.Equal(c.ids, english.ids) {
			for i, id := range c.ids {
				if id != english.ids[i] {
					t.Errorf("%s.json has %q where English has %q: translators read the catalogs side by side", lang, id, english.ids[i])
					break
				}
			}
		}
	}
}

func TestEveryLanguageKeepsTheVariables(t *testing.T) {
	all := readCatalogs(t)
	for lang, c := range all {
		for id, texts := range c.texts {
			sample := all["en"].texts[id]
			for form, text := range texts {
				if got, want := variables(text), variables(sample["other"]+sample[""]); !slices.Equal(got, want) {
					t.Errorf("%s: %q (%s) has the variables %v, want %v", lang, id, form, got, want)
				}
				if rest := variable.ReplaceAllString(text, ""); strings.ContainsAny(rest, "{}<>\t\n") {
					t.Errorf("%s: %q (%s) has a broken variable, or a tag: %s", lang, id, form, text)
				}
				if strings.TrimSpace(text) != text || text == "" || strings.Contains(text, "  ") {
					t.Errorf("%s: %q (%s) is empty or has spaces too many", lang, id, form)
				}
			}
		}
	}
}

// forms are the plural forms that go-i18n picks in a language. It is asked, and
// no table of ours: it is what counts on the pages, by the rules of its version.
func forms(t *testing.T, lang string) []string {
	t.Helper()
	tag := language.Make(lang)
	bundle := i18n.NewBundle(tag)
	err := bundle.AddMessages(tag, &i18n.Message{ID: "n", Zero: "zero", One: "one", Two: "two", Few: "few", Many: "many", Other: "other"})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{"other": true}
	says := i18n.NewLocalizer(bundle, lang)
	for n := range 1002 {
		if n == 1001 {
			n = 1_000_000 // has a form of its own in Spanish, say
		}
		form, err := says.Localize(&i18n.LocalizeConfig{MessageID: "n", PluralCount: n})
		if err != nil {
			t.Fatal(err)
		}
		seen[form] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func TestPluralsHaveEveryFormOfTheirLanguage(t *testing.T) {
	all := readCatalogs(t)
	for lang, c := range all {
		want := forms(t, lang)
		for id, texts := range c.texts {
			if _, counts := all["en"].texts[id]["other"]; !counts {
				if texts[""] == "" {
					t.Errorf("%s: %q has forms, in English it has none", lang, id)
				}
				continue
			}
			if got := slices.Sorted(maps.Keys(texts)); !slices.Equal(got, want) {
				t.Errorf("%s: %q has the forms %v, want %v", lang, id, got, want)
			}
		}
	}
}

func TestFormsAreThoseOfTheLanguages(t *testing.T) {
	for lang, want := range map[string]string{
		"en": "one other", "ru": "few many one other", "pl": "few many one other", "ar": "few many one other two zero", "ja": "other", "zh-Hant": "other", "pt-BR": "many one other",
	} {
		if got := strings.Join(forms(t, lang), " "); got != want {
			t.Errorf("%s has the forms %s, want %s", lang, got, want)
		}
	}
}

// asInEnglish are the sentences that a language rightly says as English does.
var asInEnglish = map[string][]string{
	"chat.nameless":       {"de", "es", "fr", "it", "pt-BR"},
	"chat.people":         {"fr"},
	"health.card.contact": {"fr"},
	"health.card.deal":    {"pl"},
	"health.card.lead":    {"de", "it", "pl", "pt-BR"},
	"health.database":     {"it"},
	"health.version":      {"de", "fr"},
	"home.nav.journal":    {"fr"},
	"item.contact.bare":   {"fr"},
	"item.deal.bare":      {"pl"},
	"item.lead":           {"pt-BR"},
	"item.lead.bare":      {"de", "it", "pl", "pt-BR"},
	"role.bot":            {"es", "fr", "id", "it", "ms", "pl", "pt-BR", "tr", "vi"},
}

// bare is a text without its variables and without the names of things.
func bare(text string) string {
	return untranslated.ReplaceAllString(variable.ReplaceAllString(text, ""), "")
}

// untranslated are the names of things, which stay as they are everywhere.
var untranslated = regexp.MustCompile(`\b(?:Joinline|Bitrix24|CRM|JavaScript|WhatsApp|Telegram|Excel|CSV|JSON Lines|Enter|Backspace|Ctrl|JOINLINE_[A-Z_]+|client_id|client_secret|https?|DNS|PostgreSQL|Enterprise)\b`)

func TestEverySentenceIsTranslated(t *testing.T) {
	all := readCatalogs(t)
	for lang, c := range all {
		if lang == "en" {
			continue
		}
		for id, texts := range c.texts {
			sample := all["en"].texts[id]
			for form, text := range texts {
				same := text == sample[form] || text == sample["other"]
				if same && strings.ContainsFunc(bare(text), unicode.IsLetter) && !slices.Contains(asInEnglish[id], lang) {
					t.Errorf("%s: %q is said in English: %s", lang, id, text)
				}
			}
		}
	}
	for id, langs := range asInEnglish {
		for _, lang := range langs {
			if c, ok := all[lang]; ok && bare(c.texts[id][""]) != bare(all["en"].texts[id][""]) {
				t.Errorf("%s: %q is not said as in English", lang, id)
			}
		}
	}
}

// scripts are those that a language is written in; Latin where none is named.
var scripts = map[string][]*unicode.RangeTable{
	"ru": {unicode.Cyrillic}, "uk": {unicode.Cyrillic}, "kk": {unicode.Cyrillic},
	"ar": {unicode.Arabic}, "hi": {unicode.Devanagari}, "th": {unicode.Thai},
	"ja": {unicode.Han, unicode.Hiragana, unicode.Katakana}, "zh-Hans": {unicode.Han}, "zh-Hant": {unicode.Han},
}

func TestEveryLanguageIsWrittenInItsScript(t *testing.T) {
	for lang, c := range readCatalogs(t) {
		script := scripts[lang]
		if script == nil {
			script = []*unicode.RangeTable{unicode.Latin}
		}
		script = append(slices.Clone(script), unicode.Common, unicode.Inherited)
		for id, texts := range c.texts {
			for form, text := range texts {
				if foreign := strings.Map(func(r rune) rune {
					if unicode.In(r, script...) {
						return -1
					}
					return r
				}, bare(text)); foreign != "" {
					t.Errorf("%s: %q (%s) has %q: %s", lang, id, form, foreign, text)
				}
				if strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Nd, r) && r > '9' }) {
					t.Errorf("%s: %q (%s) has digits that Bitrix24 does not show: %s", lang, id, form, text)
				}
			}
		}
	}
}

// quotes are those that a language quotes names with.
var quotes = map[string]string{
	"ru": "«»", "uk": "«»", "kk": "«»", "fr": "«»", "es": "«»", "it": "«»", "ar": "«»", "de": "„“", "pl": "„”", "ja": "「」", "zh-Hant": "「」",
}

func TestEveryLanguageHasItsOwnQuotes(t *testing.T) {
	const all = "“”„«»「」『』\"'"
	english := readCatalogs(t)["en"].texts
	for lang, c := range readCatalogs(t) {
		own := quotes[lang]
		if own == "" {
			own = "“”"
		}
		for id, texts := range c.texts {
			for form, text := range texts {
				for _, mark := range text {
					if strings.ContainsRune(all, mark) && !strings.ContainsRune(own, mark) {
						t.Errorf("%s: %q (%s) quotes with %c, not %s: %s", lang, id, form, mark, own, text)
					}
				}
				if strings.Contains(english[id]["other"]+english[id][""], "“") && !strings.ContainsAny(text, own) {
					t.Errorf("%s: %q (%s) does not quote the name: %s", lang, id, form, text)
				}
			}
		}
	}
}
