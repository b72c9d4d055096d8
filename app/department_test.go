package app_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// withStores adds a department with people and one below it.
func (j *joinline) withStores() {
	j.portal.Do(func(w *bitrixtest.World) {
		w.Departments[70] = &bitrixtest.Department{ID: 70, Name: "Stores", Parent: 1}
		w.Departments[71] = &bitrixtest.Department{ID: 71, Name: "Cold storage", Parent: 70}
		for id, departments := range map[int][]int{700: {70}, 701: {70, 71}, 702: {71}} {
			w.AddUser(bitrixtest.User{ID: id, Name: "Store", LastName: string(rune('A' + id - 700)), Active: true, Accepted: true, Departments: departments})
		}
		w.AddUser(bitrixtest.User{ID: 703, Name: "Former", LastName: "Keeper", Departments: []int{70}})
	})
}

var storesScopes = append(slices.Clone(allScopes), "department")

func TestADepartmentIsFoundWithItsActivePeople(t *testing.T) {
	t.Parallel()
	j := installed(t, storesScopes...)
	j.withStores()
	v := j.open(t, ivan, deal77)
	j.read(t, v)
	found, err := j.Find(t.Context(), v, "stores")
	must(t, err)
	own, all := []bitrix.UserID{700, 701}, []bitrix.UserID{700, 701, 702}
	stores := found.Departments[0]
	if stores.Parent == "" {
		t.Error("nothing is above it")
	}
	stores.Parent = ""
	if d := cmp.Diff(app.Department{ID: 70, Name: "Stores", Exact: true, Own: app.Headcount{Count: 2, People: own}, All: app.Headcount{Count: 3, People: all}}, stores); d != "" {
		t.Error(d)
	}
	j.portal.ResetRequests()
	for deep, want := range map[bool][]bitrix.UserID{false: own, true: all} {
		people, err := j.InDepartment(t.Context(), v, 70, deep)
		must(t, err)
		if got := idsOf(people); !slices.Equal(got, want) {
			t.Errorf("deep %v: %v", deep, got)
		}
	}
	j.wantRequests(t)
	if people, err := j.InDepartment(t.Context(), v, 9999, true); err != nil || len(people) > 0 {
		t.Errorf("in no department are %v, %v", people, err)
	}
}

func idsOf(people []app.Colleague) (ids []bitrix.UserID) {
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	return ids
}

func TestDepartmentsAreForEmployeesOnly(t *testing.T) {
	t.Parallel()
	j := installed(t, storesScopes...)
	j.withStores()
	j.read(t, j.open(t, ivan, deal77))
	v, _, err := j.Open(t.Context(), j.launch(t, partner, "DEFAULT", ""))
	must(t, err)
	if found, err := j.Find(t.Context(), v, "stores"); err != nil || len(found.Departments) > 0 {
		t.Errorf("the partner found %v, %v", found.Departments, err)
	}
	_, err = j.InDepartment(t.Context(), v, 70, true)
	wantErr(t, err, app.ErrNotInVisit)
}

func TestWhoTurnedOutToBeDismissedIsInNoDepartment(t *testing.T) {
	t.Parallel()
	j := installed(t, storesScopes...)
	j.withStores()
	v := j.open(t, ivan, deal77)
	j.read(t, v)
	j.portal.Do(func(w *bitrixtest.World) { w.Users[701].Active = false })
	_, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{701})
	must(t, err)
	people, err := j.InDepartment(t.Context(), v, 70, false)
	must(t, err)
	if got := idsOf(people); !slices.Equal(got, []bitrix.UserID{700}) {
		t.Errorf("in the department are %v", got)
	}
}
