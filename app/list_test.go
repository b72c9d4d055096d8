package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// short are lines in short: "text: 22" for somebody certain, "text? 22 23" for
// those it may be.
func short(lines []app.Line) (all []string) {
	for _, l := range lines {
		text := l.Text + map[bool]string{true: ":", false: "?"}[l.Certain]
		for _, c := range l.Candidates {
			text += fmt.Sprint(" ", c.ID)
		}
		if l.More {
			text += " …"
		}
		all = append(all, text)
	}
	return all
}

func TestAListIsCutIntoLines(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"Olga\nPavel\r\n\r\nIvan":           {"Olga", "Pavel", "Ivan"},
		" Olga ; Pavel;":                    {"Olga", "Pavel"},
		"Sidorova, Olga\nOrlov, Pavel":      {"Sidorova, Olga", "Orlov, Pavel"},
		"Olga, Pavel, Ivan, Elena":          {"Olga", "Pavel", "Ivan", "Elena"},
		"Olga\nPavel\nOlga":                 {"Olga", "Pavel"},
		"Olga Sidorova <olga@acme.example>": {"Olga Sidorova <olga@acme.example>"},
		" ;\n, ":                            nil,
		"Ольга；Павел":                       {"Ольга", "Павел"},
	} {
		if d := cmp.Diff(want, app.Lines(text)); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
	for text, want := range map[string]bool{"Olga Sidorova": false, "Olga, Pavel": true, "Olga;": false, "Olga\nPavel": true, "": false} {
		if app.Listed(text) != want {
			t.Errorf("%q is a list: %v", text, !want)
		}
	}
}

// listed is a portal with two people of one name.
func listed(t *testing.T) *joinline {
	t.Helper()
	j := installed(t)
	j.portal.Do(func(w *bitrixtest.World) {
		for id := 70; id < 72; id++ {
			w.AddUser(bitrixtest.User{ID: id, Name: "Anna", LastName: "Berg", Position: fmt.Sprint("Clerk ", id), Type: bitrixtest.Employee, Active: true, Accepted: true, Departments: []int{1}})
		}
		w.Users[olga].Email = "olga.sidorova@acme.example"
	})
	return j
}

func TestTheLinesOfAListAreMatchedWithThePeopleOfThePortal(t *testing.T) {
	t.Parallel()
	list := "Olga Sidorova <olga.sidorova@acme.example>\nOrlov, Pavel; elena morozova, 15\nAnna Berg\nPeter Stone\nZhanna Aguzarova\nDmitri"
	want := []string{
		"Olga Sidorova <olga.sidorova@acme.example>: 22", "Orlov, Pavel: 23", "elena morozova: 24", "15: 15",
		"Anna Berg? 70 71", "Peter Stone?", "Zhanna Aguzarova?", "Dmitri?",
	}
	for name, c := range map[string]struct {
		viewer int
		read   bool
	}{
		"by the directory":              {ivan, true},
		"by the portal's own search":    {ivan, false},
		"by the portal, for the others": {elena, true},
	} {
		t.Run(name, func(t *testing.T) {
			j := listed(t)
			v := j.open(t, c.viewer, deal77)
			if c.read {
				j.read(t, v)
			}
			got, rest, err := j.Resolve(t.Context(), v, app.Lines(list))
			must(t, err)
			if d := cmp.Diff(want, short(got)); d != "" || len(rest) > 0 {
				t.Errorf("%s, rest %q", d, rest)
			}
			j.wantRequests(t, "batch") // in one request; of a directory about those it lacks
		})
	}
}

func TestAListThatTheDirectoryKnowsAsksThePortalNothing(t *testing.T) {
	t.Parallel()
	j := listed(t)
	v := j.open(t, ivan, deal77)
	j.read(t, v)
	got, _, err := j.Resolve(t.Context(), v, []string{"olga sidorova", "Anna Berg"})
	must(t, err)
	if d := cmp.Diff([]string{"olga sidorova: 22", "Anna Berg? 70 71"}, short(got)); d != "" {
		t.Error(d)
	}
	j.wantRequests(t)
}

func TestSomebodyEmployedSinceTheStaffWasReadIsFoundByAList(t *testing.T) {
	t.Parallel()
	j := listed(t)
	v := j.open(t, ivan, deal77)
	j.read(t, v)
	j.portal.Do(func(w *bitrixtest.World) {
		w.AddUser(bitrixtest.User{ID: 80, Name: "Zhanna", LastName: "Aguzarova", Type: bitrixtest.Employee, Active: true, Accepted: true, Departments: []int{1}})
	})
	got, _, err := j.Resolve(t.Context(), v, []string{"Zhanna Aguzarova"})
	must(t, err)
	if d := cmp.Diff([]string{"Zhanna Aguzarova: 80"}, short(got)); d != "" {
		t.Error(d)
	}
	// The portal may not answer: then nobody fits, and that is no error.
	j.portal.Fail(bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultQueryLimit, Times: -1})
	got, _, err = j.Resolve(t.Context(), v, []string{"Olga Sidorova", "Nobody Else"})
	must(t, err)
	if d := cmp.Diff([]string{"Olga Sidorova: 22", "Nobody Else?"}, short(got)); d != "" {
		t.Error(d)
	}
}

func TestAViewerFromOutsideMatchesAListWithWhomThePortalShowsThem(t *testing.T) {
	t.Parallel()
	j := listed(t)
	j.read(t, j.open(t, ivan, deal77))
	j.portal.Do(func(w *bitrixtest.World) {
		w.Workgroups[900] = &bitrixtest.Workgroup{ID: 900, Members: []int{partner, olga}}
	})
	v, _, err := j.Open(t.Context(), j.launch(t, partner, "DEFAULT", ""))
	must(t, err)
	j.portal.ResetRequests()
	got, _, err := j.Resolve(t.Context(), v, []string{"Olga Sidorova", "Pavel Orlov"})
	must(t, err)
	if d := cmp.Diff([]string{"Olga Sidorova: 22", "Pavel Orlov?"}, short(got)); d != "" {
		t.Error(d)
	}
	j.wantRequests(t, "batch")
}

func TestALongListComesBackInPart(t *testing.T) {
	t.Parallel()
	j := listed(t)
	v := j.open(t, ivan, deal77)
	var lines []string
	for n := range 300 {
		lines = append(lines, fmt.Sprint("Nobody", strings.Repeat("a", n+1)))
	}
	got, rest, err := j.Resolve(t.Context(), v, lines)
	must(t, err)
	if len(got) == 0 || len(got) > 24 || !slices.Equal(append(texts(got), rest...), lines) {
		t.Errorf("%d lines and a rest of %d", len(got), len(rest))
	}
	j.wantRequests(t, "batch")
	j.read(t, v)
	got, rest, err = j.Resolve(t.Context(), v, lines)
	must(t, err)
	if len(got) != 200 || !slices.Equal(append(texts(got), rest...), lines) {
		t.Errorf("%d lines of the directory and a rest of %d", len(got), len(rest))
	}
	j.wantRequests(t, "batch")
}

func texts(lines []app.Line) (all []string) {
	for _, l := range lines {
		all = append(all, l.Text)
	}
	return all
}

func TestAPersonAmongMoreThanThePortalTellsIsNotCertain(t *testing.T) {
	t.Parallel()
	j := listed(t)
	j.portal.Do(func(w *bitrixtest.World) {
		for id := 1000; id < 1060; id++ {
			w.AddUser(bitrixtest.User{ID: id, Name: "Ulla", LastName: fmt.Sprintf("Berg%c%c", 'a'+id%26, 'a'+id/26%26), Type: bitrixtest.Employee, Active: true, Accepted: true, Departments: []int{1}})
		}
		w.AddUser(bitrixtest.User{ID: 2000, Name: "Ulla", LastName: "Berg", Type: bitrixtest.Employee, Active: true, Accepted: true, Departments: []int{1}})
	})
	v := j.open(t, ivan, deal77)
	got, _, err := j.Resolve(t.Context(), v, []string{"Ulla Berg"})
	must(t, err)
	if len(got) != 1 || got[0].Certain || !got[0].More || got[0].Candidates[0].ID != bitrix.UserID(2000) {
		t.Errorf("got %q", short(got))
	}
}

func TestMatchingAListNeedsThePermissionToSearch(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.portal.Fail(bitrixtest.Fault{Method: "user.search", Kind: bitrixtest.FaultInsufficientScope, Times: -1})
	_, _, err := j.Resolve(t.Context(), v, []string{"olga"})
	if _, ok := asScope(err); !ok {
		t.Errorf("got %v", err)
	}
}
