package views

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/language"
)

func TestSpeakPicksTheFirstLanguageThatHasACatalog(t *testing.T) {
	for name, c := range map[string]struct {
		wishes []string
		want   string
	}{
		"the portal's code":                         {[]string{"ru"}, "ru"},
		"a code in capitals":                        {[]string{"RU"}, "ru"},
		"a browser's list":                          {[]string{"", "ru-RU,ru;q=0.9,en;q=0.8"}, "ru"},
		"the portal before the browser":             {[]string{"en", "ru"}, "en"},
		"a language without a catalog, then one":    {[]string{"ba", "ru"}, "ru"},
		"Bashkir is not answered in Russian":        {[]string{"ba"}, "en"},
		"the list's next language, when it has one": {[]string{"ba,ru;q=0.5"}, "ru"},
		"nonsense": {[]string{"<script>", ";;;q=x"}, "en"},
		"nothing":  {nil, "en"},
		"a header of a thousand languages is ignored": {[]string{strings.Repeat("ru,", 1000)}, "en"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Speak(c.wishes...).Lang(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestCountPicksTheRussianForm(t *testing.T) {
	w := Speak("ru")
	for n, want := range map[int]string{0: "Найдено 0 сотрудников", 1: "Найден 1 сотрудник", 3: "Найдено 3 сотрудника", 11: "Найдено 11 сотрудников", 21: "Найден 21 сотрудник"} {
		if got := w.Count("picker.found", n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestASentenceThatDoesNotExistIsNamedAndOptionalOnesAreNothing(t *testing.T) {
	w := Speak("ru")
	if got := w.Say("no.such"); got != "no.such" {
		t.Errorf("Say: got %q", got)
	}
	if got := w.Optional("no.such"); got != "" {
		t.Errorf("Optional: got %q", got)
	}
}

func TestThePlacementHasATitleInEveryLanguageOfThePortal(t *testing.T) {
	titles := PlacementTitles()
	if titles["en"] != "Colleagues in chat" || titles["ru"] != "Коллеги в чате" {
		t.Errorf("got %q and %q", titles["en"], titles["ru"])
	}
	for code := range portalLanguages {
		// A portal keeps 255 characters; a tab of a card has room for about forty.
		if n := utf8.RuneCountInString(titles[code]); n == 0 || n > 40 {
			t.Errorf("the title for %q has %d characters: %s", code, n, titles[code])
		}
	}
}

func TestThePortalsCodesMeanTheirLanguages(t *testing.T) {
	for code, lang := range map[string]string{
		"ar": "ar", "br": "pt-BR", "de": "de", "en": "en", "fr": "fr", "hi": "hi", "id": "id", "in": "hi", "it": "it", "ja": "ja", "kz": "kk",
		"la": "es", "ms": "ms", "pl": "pl", "ru": "ru", "sc": "zh-Hans", "tc": "zh-Hant", "th": "th", "tr": "tr", "ua": "uk", "vn": "vi",
	} {
		for _, wish := range []string{code, strings.ToUpper(code)} {
			if got := Speak(wish, "en").Lang(); spoken(lang) && got != lang {
				t.Errorf("%s is answered in %s, want %s", wish, got, lang)
			}
		}
		if portalLanguages[code] == "" {
			t.Errorf("the placement has no title for %s", code)
		}
	}
	for lang := range readCatalogs(t) {
		if !slices.Contains(slices.Collect(maps.Values(portalLanguages)), lang) {
			t.Errorf("no portal speaks %s", lang)
		}
	}
}

// spoken tells whether there is a catalog of a language.
func spoken(lang string) bool { return slices.Contains(load().tags, language.Make(lang)) }

func TestBrowsersAreAnsweredInTheNearestLanguage(t *testing.T) {
	for browser, lang := range map[string]string{
		"ru-KZ,en;q=0.5": "ru", "de-AT": "de", "es-MX": "es", "es-419": "es", "pt-BR": "pt-BR", "pt": "pt-BR", "fr-CA": "fr", "it-CH": "it", "vi-VN": "vi",
		"id-ID": "id", "ms-MY": "ms", "th-TH": "th", "ja-JP": "ja", "zh-CN": "zh-Hans", "zh": "zh-Hans", "zh-SG": "zh-Hans", "zh-TW": "zh-Hant",
		"zh-HK": "zh-Hant", "zh-Hant-HK": "zh-Hant", "ar-EG": "ar", "ar-SA": "ar", "hi-IN": "hi", "uk-UA": "uk", "kk-KZ": "kk", "tr-TR": "tr", "pl-PL": "pl",
	} {
		if got := Speak(browser).Lang(); spoken(lang) && got != lang {
			t.Errorf("%s is answered in %s, want %s", browser, got, lang)
		}
	}
}

func TestEveryPageSaysItsLanguageAndItsDirection(t *testing.T) {
	for code, lang := range portalLanguages {
		if !spoken(lang) {
			continue
		}
		dir := "ltr"
		if lang == "ar" {
			dir = "rtl"
		}
		var page strings.Builder
		if err := NoticePage(Notice{Page: Page{Words: Speak(code)}}).Render(t.Context(), &page); err != nil {
			t.Fatal(err)
		}
		if want := `<html lang="` + lang + `" dir="` + dir + `"`; !strings.Contains(page.String(), want) {
			t.Errorf("the page in %q has no %s", code, want)
		}
	}
}

func TestTextOfTheOtherDirectionIsIsolated(t *testing.T) {
	deal := func(w Words, title string) string { return w.Say("item.deal", With{"Title": title}) }
	for name, c := range map[string]struct{ got, want string }{
		"Arabic in English":              {deal(Speak("en"), "صفقة"), "Deal “\u2068صفقة\u2069”"},
		"Hebrew among Latin":             {deal(Speak("en"), "ACME (שלום)"), "Deal “\u2068ACME (שלום)\u2069”"},
		"English in English":             {deal(Speak("en"), "ACME (1)"), "Deal “ACME (1)”"},
		"Cyrillic in English":            {deal(Speak("en"), "Ромашка"), "Deal “Ромашка”"},
		"English in Arabic":              {deal(Speak("ar"), "ACME (1)"), "الصفقة «\u2068ACME (1)\u2069»"},
		"Arabic in Arabic":               {deal(Speak("ar"), "صفقة"), "الصفقة «\u2068صفقة\u2069»"},
		"a telephone number in Arabic":   {Speak("ar").Say("result.added", With{"Name": "+7 (912) 345"}), "تمت إضافة \u2068+7 (912) 345\u2069."},
		"a place that a script fills":    {Speak("ar").Say("chat.into", With{"Chats": "{}"}), "إلى: \u2068{}\u2069"},
		"a number that counts in Arabic": {Speak("ar").Count("picker.found", 5), "عُثر على 5 زملاء"},
		"a sentence in a sentence": {Speak("ar").Say("chat.into", With{"Chats": Speak("ar").Say("chat.called", With{"Channel": "Telegram", "Name": "Ann"})}),
			"إلى: \u200f\u2068Telegram\u2069، \u2068Ann\u2069"},
		"a list in a sentence": {Speak("ar").Say("wish.end.people", With{"People": Speak("ar").List([]string{"Ann", "عمر"})}),
			"كانت إضافة هؤلاء مطلوبة: \u2068Ann\u2069، \u2068عمر\u2069."},
		"a list in English":  {Speak("en").List([]string{"Ann", "عمر"}), "Ann, \u2068عمر\u2069"},
		"a list in Japanese": {Speak("ja").List([]string{"Ann", "Bob"}), "Ann、Bob"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %+q, want %+q", name, c.got, c.want)
		}
	}
}

func TestCountPicksTheArabicForm(t *testing.T) {
	w := Speak("ar")
	for n, want := range map[int]string{
		0: "لم يُعثر على زملاء (0)", 1: "عُثر على زميل واحد (1)", 2: "عُثر على زميلين (2)", 3: "عُثر على 3 زملاء", 11: "عُثر على 11 زميلًا", 100: "عُثر على 100 زميل",
	} {
		if got := w.Count("picker.found", n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
