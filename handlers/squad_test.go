package handlers

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// squads posts to the squads as the page's script does.
func (w *world) squads(t *testing.T, f url.Values, fields ...string) page {
	t.Helper()
	form := url.Values{"visit": f["visit"], "person": f["person"]}
	for n := 0; n < len(fields); n += 2 {
		form.Set(fields[n], fields[n+1])
	}
	a := w.do(t, request{path: "/card/squads", form: form, header: map[string]string{"X-Joinline": "1"}})
	a.wantStatus(t, 200)
	return a.page(t)
}

func TestASelectionGetsANameAndIsUsedAgain(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	w.squads(t, f).says(t, "#squads", "There are no squads yet.")
	w.squads(t, f, "keep", "", "squad-name", "Delivery").says(t, "#squads .names .note", "Choose the colleagues first.")
	f.Add("person", w.find(t, f, "olga", "22"))
	f.Add("person", w.find(t, f, "pavel", "23"))
	w.squads(t, f, "keep", "", "squad-name", "  ").says(t, "#squads .names .note", "Give the squad a name of at most 60 characters.")
	w.squads(t, f, "keep", "", "squad-name", "Delivery", "squad-share", "on").says(t, "#squads .squad", "Delivery Squad · 2 people Choose")

	// A colleague finds it, and whoever was dismissed since is left out.
	w.portal.Do(func(world *bitrixtest.World) { world.Users[pavel].Active = false })
	g := w.open(t, elena, "DEAL", "77").fields(t)
	w.suggest(t, g).says(t, "[data-group=squads] [role=option]", "Delivery Squad · 2 people · shared by Ivan Petrov")
	g.Set("q", "deliv")
	found := w.do(t, request{path: "/card/find", form: g, header: map[string]string{"X-Joinline": "1"}}).page(t)
	g.Set("take", found.attr(t, "#options [data-take]", "data-take"))
	taken := w.do(t, request{path: "/card/take", form: g, header: map[string]string{"X-Joinline": "1"}}).page(t)
	taken.wantDecided(t, []string{"22"}, nil)
	taken.says(t, "#taken", "Left out, because they were dismissed or you may not see them: Pavel Orlov")

	// She may not change it, and sees no way to.
	panel := w.squads(t, g)
	panel.lacks(t, "#squads [name=drop]")
	form := url.Values{"visit": g["visit"], "drop": {panel.attr(t, "#squads [name=take]", "value")}}
	w.do(t, request{path: "/card/squads", form: form, header: map[string]string{"X-Joinline": "1"}}).wantStatus(t, 400)

	// The owner may.
	mine := w.squads(t, f)
	ref := mine.attr(t, "#squads [name=rename]", "value")
	renamed := w.squads(t, f, "rename", ref, mine.attr(t, "#squads .squad input", "name"), "Carriers")
	renamed.says(t, "#squads .names .note", "Saved: Carriers")
	w.squads(t, f, "unshare", ref)
	w.squads(t, g).lacks(t, "#squads .squad")
	w.squads(t, f, "drop", ref).says(t, "#squads .names .note", "Deleted: Carriers")
	w.squads(t, f).lacks(t, "#squads .squad")
	w.squads(t, f, "drop", ref).says(t, "#squads .names .note", "This squad is not kept any more.")
}

func TestWithoutScriptsSquadsArePartOfThePage(t *testing.T) {
	w := installed(t)
	opened := w.open(t, ivan, "DEAL", "77")
	if !strings.Contains(opened.text, `formaction="/card/squads"`) {
		t.Error("nothing leads to the squads")
	}
	f := opened.fields(t)
	f.Add("person", w.find(t, f, "olga", "22"))
	f.Set("keep", "")
	f.Set("squad-name", "Lawyers")
	kept := w.do(t, request{path: "/card/squads", form: f})
	kept.wantStatus(t, 200)
	kept.page(t).says(t, "#squads[open] .squad", "Lawyers Squad · 1 person")
	kept.page(t).wantDecided(t, []string{"22"}, nil)
	f = opened.fields(t)
	f.Set("take", kept.page(t).attr(t, "#squads [name=take]", "value"))
	w.do(t, request{path: "/card/take", form: f}).page(t).wantDecided(t, []string{"22"}, nil)
}

// goodHomeSquads deletes a squad that is not there.
func goodHomeSquads(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodHome("/home/squads", ivan)(t, w, lang)
	visit := r.form.Get("visit")
	r.form.Set("drop", w.offers(t, visit).crowd(crowd{Visit: w.opened(t, visit).ID, Squad: "NOWHERE"}))
	return r
}

var homeSquadFields = []refusal{
	{name: "a squad as a bare id", status: 400, change: set("drop", "NOWHERE")},
	{name: "a squad cut short", status: 400, change: cut("drop")},
	{name: "a visit for a squad", status: 400, change: swap("drop", "visit")},
	{name: "a squad twice", status: 400, change: twice("drop")},
}

// squad keeps a squad of Olga and Pavel without a page, and returns its id.
func (w *world) squad(t *testing.T, owner bitrix.UserID, name string, shared bool) string {
	t.Helper()
	q := app.Squad{
		ID: "ID" + name, Member: bitrix.MemberID(w.portal.MemberID()), Owner: owner, By: "Ivan Petrov", Name: name, Shared: shared,
		People: []app.Chosen{{ID: olga, Name: "Olga Sidorova"}, {ID: pavel, Name: "Pavel Orlov"}},
	}
	must(t, w.store.SaveSquad(t.Context(), q))
	return q.ID
}

// homeSquads is the section of the squads after a button of it was pressed.
func (w *world) homeSquads(t *testing.T, f url.Values, fields ...string) answer {
	t.Helper()
	form := url.Values{"visit": f["visit"]}
	for n := 0; n < len(fields); n += 2 {
		form.Set(fields[n], fields[n+1])
	}
	return w.do(t, request{path: "/home/squads", form: form})
}

// squadButtons are the names of a page's buttons that change squads.
func squadButtons(t *testing.T, p page) (names []string) {
	t.Helper()
	for _, b := range p.all("ul.squads button") {
		names = append(names, attr(b, "name"))
	}
	return names
}

func TestTheApplicationsOwnPageShowsTheSquadsThatTheViewerMayUse(t *testing.T) {
	t.Parallel()
	w := installed(t)
	_, f := w.home(t, ivan)
	w.homeSquads(t, f).page(t).says(t, "p.panel", "There are no squads yet.")
	w.squad(t, ivan, "Delivery", true)
	w.squad(t, ivan, "Lawyers", false)
	own := []string{"rename", "unshare", "drop", "rename", "share", "drop"}
	for user, want := range map[int]struct {
		says    string
		buttons []string
	}{
		ivan: {"Delivery 2 people · Every employee sees it Olga Sidorova, Pavel Orlov", own}, elena: {"shared by Ivan Petrov Olga Sidorova, Pavel Orlov", nil},
		admin: {"shared by Ivan Petrov Olga Sidorova, Pavel Orlov", own[:3]},
	} {
		_, f := w.home(t, user)
		w.portal.ResetRequests()
		p := w.homeSquads(t, f).page(t)
		p.says(t, "ul.squads", want.says)
		if got := squadButtons(t, p); !slices.Equal(got, want.buttons) {
			t.Errorf("%d has the buttons %q, want %q", user, got, want.buttons)
		}
		if n := len(w.portal.Requests()); n > 0 {
			t.Errorf("the portal was asked %d times", n)
		}
		if mine := strings.Contains(text(p.one(t, "ul.squads")), "Lawyers"); mine != (user == ivan) {
			t.Errorf("%d sees the squad of Ivan alone: %v", user, mine)
		}
	}
	_, f = w.home(t, partner)
	w.homeSquads(t, f).page(t).lacks(t, "ul.squads")
}

func TestSquadsAreChangedOnTheApplicationsOwnPage(t *testing.T) {
	t.Parallel()
	w := installed(t)
	id := w.squad(t, ivan, "Delivery", false)
	member := bitrix.MemberID(w.portal.MemberID())
	_, f := w.home(t, ivan)
	ref := w.homeSquads(t, f).page(t).attr(t, "ul.squads [name=rename]", "value")
	for _, step := range []struct {
		fields []string
		shows  string
		says   string
		name   string
		shared bool
	}{
		{[]string{"rename", ref, "name-" + id, "Carriers"}, ".said", "Saved: Carriers", "Carriers", false},
		{[]string{"rename", ref, "name-" + id, " "}, ".lack", "Give the squad a name", "Carriers", false},
		{[]string{"share", ref}, ".said", "Saved: Carriers", "Carriers", true},
		{[]string{"unshare", ref}, ".said", "Saved: Carriers", "Carriers", false},
		{[]string{"share", ref}, ".said", "Saved: Carriers", "Carriers", true},
	} {
		a := w.homeSquads(t, f, step.fields...)
		a.wantStatus(t, 200)
		a.page(t).says(t, step.shows, step.says)
		q, err := w.store.Squad(t.Context(), member, id)
		must(t, err)
		if q.Name != step.name || q.Shared != step.shared {
			t.Errorf("after %q it is %+v", step.fields[0], q)
		}
	}

	// Whoever sees it does not change it, nor does its reference for another visit.
	_, g := w.home(t, elena)
	theirs := w.offers(t, g.Get("visit")).crowd(crowd{Visit: w.opened(t, g.Get("visit")).ID, Squad: id})
	for _, button := range []string{"rename", "unshare", "drop"} {
		for _, of := range []string{theirs, ref} {
			w.homeSquads(t, g, button, of, "name-"+id, "Stolen").wantStatus(t, 400)
		}
	}
	q, err := w.store.Squad(t.Context(), member, id)
	must(t, err)
	if q.Name != "Carriers" || !q.Shared {
		t.Errorf("somebody else made it %+v", q)
	}

	w.homeSquads(t, f, "drop", ref).page(t).says(t, ".said", "Deleted: Carriers")
	w.homeSquads(t, f, "drop", ref).page(t).says(t, ".lack", "This squad is not kept any more.")
	if _, err := w.store.Squad(t.Context(), member, id); !errors.Is(err, app.ErrNoSquad) {
		t.Errorf("after the deletion: %v", err)
	}
}
