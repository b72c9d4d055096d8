package handlers

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
	"github.com/joinline/joinline/views"
)

// withNamesakes adds two people of one name.
func (w *world) withNamesakes() {
	w.portal.Do(func(world *bitrixtest.World) {
		for id := 70; id < 72; id++ {
			world.AddUser(bitrixtest.User{ID: id, Name: "Anna", LastName: "Berg", Position: fmt.Sprint("Clerk ", id), Active: true, Accepted: true, Departments: []int{1}})
		}
	})
}

// decided is what a piece or page chose, by user, and which lines it leaves open.
func (p page) decided() (chosen, open []string) {
	for _, n := range p.all("#chosen .chip") {
		chosen = append(chosen, attr(n, "data-user"))
	}
	for _, n := range p.all("#lines input[name=line]") {
		open = append(open, attr(n, "value"))
	}
	return chosen, open
}

func (p page) wantDecided(t *testing.T, chosen, open []string) {
	t.Helper()
	gotChosen, gotOpen := p.decided()
	if !slices.Equal(gotChosen, chosen) || !slices.Equal(gotOpen, open) {
		t.Errorf("chosen %q, open %q; want %q and %q", gotChosen, gotOpen, chosen, open)
	}
}

func TestAPastedListChoosesWhomItNamesAndAsksAboutTheRest(t *testing.T) {
	w := installed(t)
	w.withNamesakes()
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	f.Set("q", "Sidorova, Olga; Anna Berg; Nobody Atall; Ivan Petrov")
	f.Set("person", w.find(t, f, "elena", "24"))
	w.portal.ResetRequests()
	a := w.do(t, request{path: "/card/list", form: f, header: map[string]string{"X-Joinline": "1"}})
	a.wantStatus(t, 200)
	w.wantRequests(t, 1)
	p := a.page(t)
	p.wantDecided(t, []string{"24", "22"}, []string{"Anna Berg", "Nobody Atall"})
	p.says(t, "#lines", "Several people fit: choose who is meant.")
	p.says(t, "#lines .note", "In the chat already: Ivan Petrov")
	p.one(t, "#lines [data-user=71] input[name=person]")
	if got := p.attr(t, "#lines", "data-say"); got != "1 colleague chosen, 2 lines to decide, In the chat already: Ivan Petrov" {
		t.Errorf("said %q", got)
	}
}

func TestWithoutScriptsAPastedListIsDecidedLineByLine(t *testing.T) {
	w := installed(t)
	w.withNamesakes()
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	f.Set("q", "pavel orlov, olga sidorova; Anna Berg; Whoever Else; Nobody Atall")
	asked := w.do(t, request{path: "/card/add", form: f}) // Enter in the field
	asked.wantStatus(t, 200)
	w.wantParticipants(t, chatAnn, ivan, ann)
	asked.page(t).wantDecided(t, []string{"23", "22"}, []string{"Anna Berg", "Whoever Else", "Nobody Atall"})
	lines := func(a answer) url.Values {
		f := a.fields(t)
		_, f["line"] = a.page(t).decided()
		return f
	}

	// One is ticked, one left out, one taken back into the field.
	f = lines(asked)
	f.Add("person", asked.page(t).attr(t, "#lines [data-user=71] input", "value"))
	f.Set("leave", "Whoever Else")
	left := w.do(t, request{path: "/card/list", form: f})
	left.page(t).wantDecided(t, []string{"23", "22", "71"}, []string{"Nobody Atall"})
	f = lines(left)
	f.Set("correct", "Nobody Atall")
	corrected := w.do(t, request{path: "/card/list", form: f})
	corrected.page(t).wantDecided(t, []string{"23", "22", "71"}, nil)
	if got := corrected.page(t).attr(t, "#q", "value"); got != "Nobody Atall" {
		t.Errorf("the field holds %q", got)
	}

	// An add leaves undecided lines where they are.
	f = lines(asked)
	added := w.do(t, request{path: "/card/add", form: f})
	added.wantStatus(t, 200)
	w.wantParticipants(t, chatAnn, ivan, pavel, ann)
	added.page(t).wantDecided(t, []string{"22"}, []string{"Anna Berg", "Whoever Else", "Nobody Atall"})
}

func TestALongListWaitsUntilThoseChosenWereAdded(t *testing.T) {
	var p pasted
	for n := range app.MaxPeople {
		p.people = append(p.people, person{"v", bitrix.UserID(100 + n), "Somebody", ""})
	}
	p.people = p.people[:app.MaxPeople-1]
	for n := range 3 {
		p.lines = append(p.lines, app.Line{Text: fmt.Sprint("line ", n), Certain: true, Candidates: []app.Colleague{{ID: bitrix.UserID(n + 1), Name: "Person"}}})
	}
	p.rest = []string{"far below"}
	people, g := gathered(views.Speak("en"), visit77, p, openly)
	if len(people) != app.MaxPeople || people[app.MaxPeople-1].ID != 1 {
		t.Errorf("%d are chosen, the last %v", len(people), people[len(people)-1])
	}
	if d := cmp.Diff([]string{"line 1", "line 2", "far below"}, g.Rest); d != "" {
		t.Error(d)
	}
	if g.Waiting != "3 more lines wait for their turn" || !slices.Equal(g.Notes, []string{"At most 50 people can be added at a time: add those who are chosen first."}) {
		t.Errorf("it says %q and %q", g.Waiting, g.Notes)
	}
}

func TestAListThatIsTooLongIsRefusedInPlainWords(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	f.Set("q", strings.Repeat("Olga, ", maxQuery/6+1))
	a := w.do(t, request{path: "/card/list", form: f, header: map[string]string{"X-Joinline": "1"}})
	a.wantStatus(t, 400)
	a.page(t).says(t, "#trouble", "A list may have at most 10000 characters. Paste it in parts.")
}

func TestAListThatIsTypedSaysWhatEnterDoes(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	w.portal.ResetRequests()
	for query, listed := range map[string]bool{"olga; pavel": true, "olga, pavel, ivan, elena": true, "olga": false, "sidorova, olga": false} {
		f.Set("q", query)
		p := w.do(t, request{path: "/card/find", form: f, header: map[string]string{"X-Joinline": "1"}}).page(t)
		if got := len(p.all("#found[data-list]")) > 0; got != listed {
			t.Errorf("%q is a list: %v", query, got)
		}
		if listed {
			p.says(t, "#found .nobody", "This is a list. Enter finds the colleagues in it.")
		}
	}
	w.wantRequests(t, 2)
}

func TestWhatBecameOfAnAddIsToldEvenIfAListCannotBeMatched(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	f.Set("person", w.find(t, f, "pavel", "23"))
	f["line"] = []string{"Anna Berg"}
	w.portal.Fail(bitrixtest.Fault{Method: "user.search", Kind: bitrixtest.FaultInsufficientScope, Times: -1})
	a := w.do(t, request{path: "/card/add", form: f})
	a.wantStatus(t, 200)
	a.page(t).says(t, "#results [data-user=23]", "Pavel Orlov has been added.")
	a.page(t).wantDecided(t, nil, []string{"Anna Berg"})
}
