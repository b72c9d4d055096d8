package handlers

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
	"github.com/joinline/joinline/views"
)

func goodGroup(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodHome("/home/health/check", admin)(t, w, lang)
	r.form.Set("group", "portal")
	return r
}

var groupFields = []refusal{
	{name: "no group", status: 400, change: drop("group")},
	{name: "a group that there is not", status: 400, change: set("group", "everything")},
	{name: "group twice", status: 400, change: twice("group")},
}

func goodTakeover(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodHome("/home/health/takeover", admin)(t, w, lang)
	pair := w.portal.Token(w.keys.ClientID, admin)
	maps.Copy(r.form, url.Values{"AUTH_ID": {pair.Access}, "REFRESH_ID": {pair.Refresh}, "AUTH_EXPIRES": {"3600"}})
	return r
}

// script sends a request of the page's script.
func (w *world) script(t *testing.T, path string, f url.Values, more ...string) answer {
	t.Helper()
	form := maps.Clone(f)
	for n := 0; n < len(more); n += 2 {
		form.Set(more[n], more[n+1])
	}
	return w.do(t, request{path: path, form: form, header: map[string]string{"X-Joinline": "1"}})
}

// kinds are the verdicts that a page shows, by check.
func (p page) kinds(t *testing.T) map[string]string {
	t.Helper()
	kinds := map[string]string{}
	for _, n := range p.all(".check") {
		kinds[strings.TrimPrefix(attr(n, "id"), "check-")] = attr(n, "data-kind")
	}
	return kinds
}

func TestAnAdministratorSeesTheHealthOfAPortalOnOnePage(t *testing.T) {
	t.Parallel()
	w := installed(t)
	_, f := w.home(t, admin)
	w.portal.ResetRequests()
	p := w.do(t, request{path: "/home/health", form: f}).page(t)
	w.wantRequests(t, 3) // a batch as the viewer, one as the installation, the keys
	p.says(t, "h1", "Health")
	p.says(t, "#check-scopes .attention", "department is missing")
	p.says(t, "#check-caretaker", "Anna Belova installed Joinline and is an administrator")
	p.says(t, "#check-channels .findings", "Sales line. People in the queue: 2")
	p.says(t, "#check-placements", "The tabs lead to "+publicURL+"/app")
	kinds := p.kinds(t)
	delete(kinds, "public") // nobody listens there in this test
	want := map[string]string{
		"scopes": "attention", "placements": "fine", "events": "fine", "caretaker": "fine", "channels": "fine", "directory": "fine",
		"authserver": "fine", "limits": "fine", "database": "fine", "version": "fine",
	}
	if d := cmp.Diff(want, kinds); d != "" {
		t.Error(d)
	}
}

func TestTheHealthPageIsFilledGroupByGroup(t *testing.T) {
	t.Parallel()
	w := installed(t)
	_, f := w.home(t, admin)
	w.portal.ResetRequests()
	f.Set("zone", "Europe/Berlin")
	skeleton := w.do(t, request{path: "/home/health", form: f}).page(t)
	w.wantRequests(t, 0)
	f.Del("zone")
	if got := slices.Compact(slices.Sorted(maps.Values(skeleton.kinds(t)))); !slices.Equal(got, []string{"checking"}) {
		t.Errorf("the page begins with %q", got)
	}
	filled := map[string]bool{}
	for _, g := range app.CheckGroups() {
		piece := w.script(t, "/home/health/check", f, "group", string(g)).page(t)
		for id, kind := range piece.kinds(t) {
			filled[id] = kind != "checking"
		}
	}
	must(t, w.store.SawEvent(t.Context(), bitrix.MemberID(w.portal.MemberID()), time.Date(2026, 11, 25, 22, 0, 0, 0, time.UTC)))
	portal := w.script(t, "/home/health/check", f, "group", "portal", "zone", "Asia/Tashkent").page(t)
	portal.says(t, "#check-events", "The last event arrived at 2026-11-26 03:00 +05.")
	for id := range skeleton.kinds(t) {
		if !filled[id] {
			t.Errorf("%s is never filled", id)
		}
	}
}

func TestNobodyButAnAdministratorSeesTheHealthOfAPortal(t *testing.T) {
	t.Parallel()
	w := installed(t)
	p, f := w.home(t, ivan)
	p.lacks(t, "[formaction='/home/health']")
	_, former := w.home(t, admin)
	w.portal.Do(func(world *bitrixtest.World) { world.Users[admin].Admin = false })
	before := w.held(t)
	for name, f := range map[string]url.Values{"an employee": f, "a former administrator": former} {
		pair := w.portal.Token(w.keys.ClientID, elena)
		for _, a := range []answer{
			w.do(t, request{path: "/home/health", form: f}),
			w.script(t, "/home/health/check", f, "group", "portal"),
			w.script(t, "/home/health/check", f, "group", "network"),
			w.script(t, "/home/health/check", f, "group", "server"),
			w.script(t, "/home/health/repair", f),
			w.script(t, "/home/health/takeover", f, "AUTH_ID", pair.Access, "REFRESH_ID", pair.Refresh, "AUTH_EXPIRES", "3600"),
		} {
			if a.StatusCode != http.StatusForbidden || strings.Contains(a.text, "check-") {
				t.Errorf("%s got %d:\n%s", name, a.StatusCode, a.text)
			}
		}
	}
	if d := cmp.Diff(before, w.held(t)); d != "" {
		t.Errorf("something was changed:\n%s", d)
	}
}

func TestTheRepairBindsWhatIsMissingAndLooksAgain(t *testing.T) {
	t.Parallel()
	for name, pieces := range map[string]bool{"with a script": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := installed(t)
			_, f := w.home(t, admin)
			w.portal.Unbind(w.keys.ClientID, "CRM_DEAL_DETAIL_TAB")
			broken := w.script(t, "/home/health/check", f, "group", "portal").page(t)
			broken.says(t, "#check-placements .findings", "The tab is missing: Deal.")
			path := broken.attr(t, "#check-placements form", "action")
			r := request{path: path, form: f}
			if pieces {
				r.header = map[string]string{"X-Joinline": "1"}
			}
			repaired := w.do(t, r).page(t)
			if got := repaired.kinds(t)["placements"]; got != "fine" {
				t.Errorf("the tabs are %s", got)
			}
			repaired.lacks(t, "#check-placements form")
			if got := len(w.portal.Placements()); got != 4 {
				t.Errorf("%d tabs are bound", got)
			}
		})
	}
}

func TestAnotherAdministratorTakesOverFromTheHealthPage(t *testing.T) {
	t.Parallel()
	w := installed(t)
	w.portal.Do(func(world *bitrixtest.World) { world.Users[elena].Admin = true })
	_, f := w.home(t, elena)
	w.portal.Do(func(world *bitrixtest.World) { world.Dismiss(admin) })
	broken := w.script(t, "/home/health/check", f, "group", "portal").page(t)
	broken.says(t, "#check-caretaker .broken", "Anna Belova, who installed Joinline, has been dismissed.")
	pair := w.portal.Token(w.keys.ClientID, elena)
	mended := w.script(t, broken.attr(t, "#check-caretaker form", "action"), f, "AUTH_ID", pair.Access, "REFRESH_ID", pair.Refresh, "AUTH_EXPIRES", "3600").page(t)
	if got := mended.kinds(t)["caretaker"]; got != "fine" {
		t.Errorf("the check is called %s", got)
	}
	i, err := w.store.Installation(t.Context(), bitrix.MemberID(w.portal.MemberID()))
	must(t, err)
	if i.Installer != elena || i.ApplicationToken == "" {
		t.Errorf("kept: %+v", i)
	}
}

func TestEveryFindingIsSaidInEveryLanguage(t *testing.T) {
	t.Parallel()
	for id, f := range findings {
		for _, l := range views.Languages() {
			w := views.Speak(l.Tag)
			for _, key := range []string{f.says, f.cure} {
				if key != "" && strings.Contains(w.Say(key, found(w, app.Finding{}, time.UTC)), "<no value>") {
					t.Errorf("%s in %s: %q lacks a value", id, l.Tag, key)
				}
			}
		}
	}
}
