package views

import (
	"strings"
	"testing"
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
		"a language without a catalog, then one":    {[]string{"ua", "ru"}, "ru"},
		"Ukrainian is not answered in Russian":      {[]string{"ua"}, "en"},
		"the list's next language, when it has one": {[]string{"uk,ru;q=0.5"}, "ru"},
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
		if titles[code] == "" {
			t.Errorf("no title for %q", code)
		}
	}
}
