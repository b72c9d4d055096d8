package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// home is the application's own page, as the portal opens it for a person, and
// the form that its buttons post.
func (w *world) home(t *testing.T, user int) (page, url.Values) {
	t.Helper()
	a := w.launch(t, user, "DEFAULT", "")
	if a.StatusCode != http.StatusOK {
		t.Fatalf("got status %d: %s", a.StatusCode, a.text)
	}
	p := a.page(t)
	return p, url.Values{"visit": {p.attr(t, "input[name=visit]", "value")}}
}

// goodHome makes a request of the application's own page.
func goodHome(path string, user int) func(*testing.T, *world, string) request {
	return func(t *testing.T, w *world, lang string) request {
		t.Helper()
		return request{path: path, form: w.once(fmt.Sprint("home ", user, " ", lang), func() url.Values {
			p := w.do(t, in(w.form(user, "DEFAULT", ""), lang)).page(t)
			return url.Values{"visit": {p.attr(t, "input[name=visit]", "value")}}
		})}
	}
}

func TestTheFirstStepsLeadToADealWithAChatThatTheViewerMayRead(t *testing.T) {
	t.Parallel()
	w := installed(t)
	for user, want := range map[int]string{admin: "/crm/deal/details/77/", ivan: "/crm/deal/details/77/"} {
		p, f := w.home(t, user)
		p.says(t, "h1", "Joinline is ready")
		again := w.do(t, request{path: "/home", form: f}).page(t)
		for _, p := range []page{p, again} {
			link := p.attr(t, ".first-steps a", "href")
			if !strings.HasPrefix(link, w.portal.URL()+want) {
				t.Errorf("%d is led to %s", user, link)
			}
			if got := len(p.all("#letter")); (got == 1) != (user == admin) {
				t.Errorf("%d sees %d letters to the team", user, got)
			}
		}
	}
}

func TestTheFirstStepsSayWhatThePortalLacks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(p *bitrixtest.Portal)
		says   string
	}{
		"no channel that is switched on": {func(p *bitrixtest.Portal) {
			p.Do(func(w *bitrixtest.World) {
				for _, l := range w.Lines {
					l.Active = false
				}
			})
		}, "No Open Channel is switched on"},
		"no deal": {func(p *bitrixtest.Portal) {
			p.Do(func(w *bitrixtest.World) { clear(w.Items) })
		}, "There is no deal yet"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := installed(t)
			c.change(w.portal)
			p, _ := w.home(t, ivan)
			p.says(t, ".lack", c.says)
		})
	}
}

func TestAVisitOfACardOpensNothingOfTheApplicationsOwnPage(t *testing.T) {
	t.Parallel()
	w := installed(t)
	card := w.open(t, ivan, "DEAL", "77").page(t)
	a := w.do(t, request{path: "/home", form: url.Values{"visit": {card.attr(t, "input[name=visit]", "value")}}})
	if a.StatusCode != http.StatusBadRequest {
		t.Errorf("got status %d: %s", a.StatusCode, a.text)
	}
}

// settingsFields are settings that cannot be.
var settingsFields = []refusal{
	{name: "a language without a catalog", status: 400, change: set("language", "eo")},
	{name: "a language of nonsense", status: 400, change: set("language", "../en")},
	{name: "language twice", status: 400, change: both(set("language", "de"), twice("language"))},
	{name: "a reason that is too long", status: 400, change: set("why", strings.Repeat("x", app.MaxRemark+1))},
}

func TestSettingsAreKeptForTheNextCard(t *testing.T) {
	t.Parallel()
	w := installed(t)
	_, f := w.home(t, ivan)
	f.Set("language", "de")
	f.Set("why", "  Needs an   engineer ")
	f.Set("notify", "on")
	p := w.do(t, request{path: "/home/settings/save", form: f}).page(t)
	p.says(t, ".said", "Ihre Einstellungen sind gespeichert")
	p.says(t, "#language option[selected]", "Deutsch")

	card := w.open(t, ivan, "DEAL", "77").page(t)
	if got := card.attr(t, "html", "lang"); got != "de" {
		t.Errorf("the card speaks %q", got)
	}
	if got := card.attr(t, "#why", "value"); got != "Needs an engineer" {
		t.Errorf("the reason is %q", got)
	}
	for way, want := range map[string]int{"notify": 1, "comment": 0} {
		if got := len(card.all("#way-" + way + "[checked]")); got != want {
			t.Errorf("%s is ticked %d times, want %d", way, got, want)
		}
	}
	other := w.open(t, olga, "DEAL", "77").page(t)
	if got := other.attr(t, "html", "lang"); got != "en" {
		t.Errorf("somebody else's card speaks %q", got)
	}

	f.Set("visit", attr(p.all("input[name=visit]")[0], "value"))
	f.Set("language", "")
	p = w.do(t, request{path: "/home/settings/save", form: f}).page(t)
	p.says(t, ".said", "Your settings are saved")
}
