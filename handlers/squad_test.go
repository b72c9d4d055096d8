package handlers

import (
	"net/url"
	"strings"
	"testing"

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
