package handlers

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
	"github.com/joinline/joinline/views"
)

// withStores is Joinline where the staff was read: a department of two, and of
// one more below it.
func withStores(t *testing.T) (*world, url.Values) {
	t.Helper()
	w := installed(t, "department")
	w.portal.Do(func(world *bitrixtest.World) {
		world.Departments[70] = &bitrixtest.Department{ID: 70, Name: "Stores", Parent: 1}
		world.Departments[71] = &bitrixtest.Department{ID: 71, Name: "Cold storage", Parent: 70}
		for id, department := range map[int]int{700: 70, 701: 70, 702: 71} {
			world.AddUser(bitrixtest.User{ID: id, Name: "Store", LastName: fmt.Sprintf("Keeper %c", 'A'+id-700), Active: true, Accepted: true, Departments: []int{department}})
		}
	})
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	must(t, w.config.App.ReadStaff(t.Context(), w.opened(t, f.Get("visit")).Visit))
	w.portal.ResetRequests()
	return w, f
}

func TestADepartmentIsAChoiceThatSaysHowManyPeopleItStandsFor(t *testing.T) {
	w, f := withStores(t)
	f.Set("q", "stores")
	p := w.do(t, request{path: "/card/find", form: f, header: map[string]string{"X-Joinline": "1"}}).page(t)
	p.says(t, "#unit-70-false", "Stores Department · 2 people")
	p.says(t, "#unit-70-true", "Stores with its sub-departments Department · 3 people")

	// Without scripts, the own people first, then those below it.
	take := request{path: "/card/take", form: f}
	f.Set("take", p.attr(t, "#unit-70-false", "data-take"))
	own := w.do(t, take)
	own.page(t).wantDecided(t, []string{"700", "701"}, nil)
	if got := own.page(t).attr(t, "#q", "value"); got != "" {
		t.Errorf("the field still holds %q", got)
	}
	f = own.fields(t)
	f.Set("q", "stores")
	p = w.do(t, request{path: "/card/find", form: f, header: map[string]string{"X-Joinline": "1"}}).page(t)
	p.says(t, "#unit-70-false", "Everybody is chosen or in the chat already")
	p.says(t, "#unit-70-true", "3 people · 2 chosen or in the chat already")
	if got := p.attr(t, "#unit-70-false", "aria-disabled"); got != "true" {
		t.Errorf("a department of whom all are chosen: disabled %s", got)
	}
	f.Set("take", p.attr(t, "#unit-70-true", "data-take"))
	all := w.do(t, request{path: "/card/take", form: f, header: map[string]string{"X-Joinline": "1"}}).page(t)
	all.wantDecided(t, []string{"700", "701", "702"}, nil)
	all.says(t, "#taken", "2 chosen or in the chat already")
	if got := all.attr(t, "#taken", "data-say"); got != "1 colleague chosen, 2 chosen or in the chat already" {
		t.Errorf("said %q", got)
	}
}

func TestWhoIsInTheChosenChatIsLeftOutOfADepartment(t *testing.T) {
	w, f := withStores(t)
	f.Set("q", "sales")
	p := w.do(t, request{path: "/card/find", form: f, header: map[string]string{"X-Joinline": "1"}}).page(t)
	sales := p.all("#options [data-take]")[0]
	if !strings.Contains(text(sales), "1 chosen or in the chat already") {
		t.Errorf("the department says %q", text(sales))
	}
	f.Set("take", attr(sales, "data-take"))
	p = w.do(t, request{path: "/card/take", form: f, header: map[string]string{"X-Joinline": "1"}}).page(t)
	if chosen, _ := p.decided(); len(chosen) == 0 || slices.Contains(chosen, "15") {
		t.Errorf("chosen are %v", chosen)
	}
}

func TestADepartmentThatIsTooLargeSaysSo(t *testing.T) {
	w := views.Speak("en")
	var many []app.Colleague
	for n := range app.MaxPeople + 1 {
		many = append(many, app.Colleague{ID: bitrix.UserID(n + 1)})
	}
	found := []app.Department{{ID: 7, Name: "Everybody", Own: app.Headcount{Count: 51}, All: app.Headcount{Count: 90_000}}}
	const says = "Everybody: 51 people do not fit in, at most 50 people can be added at a time."
	all := departments(w, visit77, found, nil, nil, openly)
	if len(all) != 2 || all[0].Barred != says || !strings.Contains(all[1].Barred, "90,000 people") {
		t.Errorf("got %+v", all)
	}
	before := []person{{ID: 1000}}
	people, told := taken(w, visit77, crowd{Name: "Everybody"}, many, nil, before, nil)
	if len(people) != 1 || told.Said != says {
		t.Errorf("%d are chosen: %q", len(people), told.Said)
	}
	people, _ = taken(w, visit77, crowd{Name: "Everybody"}, many[1:], nil, nil, nil)
	if len(people) != app.MaxPeople {
		t.Errorf("%d are chosen", len(people))
	}
}
