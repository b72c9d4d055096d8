package app_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore/sqlitetest"
	"github.com/joinline/joinline/app/staff"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// staffed is Joinline in service on a portal with so many more people.
func staffed(t testing.TB, people int, scopes ...string) *joinline {
	t.Helper()
	key, err := app.NewSealer(app.NewKey())
	must(t, err)
	p := bitrixtest.NewPortalWith(t, bitrixtest.Options{Staff: people})
	return registeredOn(t, p, sqlitetest.File(t), key, scopes...).install(t)
}

// read reads the staff and forgets the requests that it cost.
func (j *joinline) read(t testing.TB, v app.Visit) {
	t.Helper()
	must(t, j.ReadStaff(t.Context(), v))
	j.portal.ResetRequests()
}

// directory is what is kept of the staff.
func (j *joinline) directory(t testing.TB) *staff.Index {
	t.Helper()
	d, err := j.store.Directory(t.Context(), j.member())
	must(t, err)
	x, err := staff.Decode(d.Staff)
	must(t, err)
	return x
}

// employees are the ids of the active employees that the portal has.
func (j *joinline) employees() (ids []bitrix.UserID) {
	j.portal.Do(func(w *bitrixtest.World) {
		for _, u := range w.Users {
			if u.Active && u.Type == bitrixtest.Employee && len(u.Departments) > 0 {
				ids = append(ids, bitrix.UserID(u.ID))
			}
		}
	})
	slices.Sort(ids)
	return ids
}

func idsIn(x *staff.Index) (ids []bitrix.UserID) {
	for p := range x.People() {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	return ids
}

func names(found app.Found) (all []string) {
	for _, p := range found.People {
		all = append(all, p.Name)
	}
	return all
}

func TestEveryActiveEmployeeIsReadOnceAndNobodyElse(t *testing.T) {
	for name, c := range map[string]struct{ people, employees, requests int }{
		"a small staff":              {0, 0, 2},
		"pages that are all full":    {160, 150, 4},
		"a staff of many pages":      {1234, 0, 6},
		"a staff of several batches": {3000, 0, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := staffed(t, c.people)
			if c.employees > 0 {
				for _, id := range j.employees()[c.employees:] {
					j.portal.Do(func(w *bitrixtest.World) { w.Users[int(id)].Active = false })
				}
			}
			v := j.open(t, ivan, deal77)
			must(t, j.ReadStaff(t.Context(), v))
			if d := cmp.Diff(j.employees(), idsIn(j.directory(t))); d != "" {
				t.Error(d)
			}
			if n := len(j.portal.Requests()); n != c.requests {
				t.Errorf("it took %d requests, want %d", n, c.requests)
			}
			for _, r := range j.portal.Requests() {
				if r.User != admin {
					t.Errorf("%s was asked as user %d", r.Method, r.User)
				}
			}
		})
	}
}

func TestTheDirectoryAnswersWithoutAskingThePortal(t *testing.T) {
	t.Parallel()
	j := staffed(t, 300, append(allScopes, "department")...)
	v := j.open(t, ivan, deal77)
	j.read(t, v)
	for _, when := range []string{"at once", "after a restart"} {
		for query, want := range map[string]string{"Marketing": "Marketing", "marketing manager": "Marketing"} {
			found, err := j.Find(t.Context(), v, query)
			must(t, err)
			if len(found.People) < 5 || !slices.Contains(found.People[0].Departments, want) {
				t.Errorf("%s: %q found %d people: %+v", when, query, len(found.People), found.People)
			}
		}
		j.wantRequests(t)
		j.restart(bitrix.Timeouts{})
	}
	if found, err := j.Find(t.Context(), v, "щдпф"); err != nil || !slices.Contains(names(found), "Olga Sidorova") {
		t.Errorf("in the wrong keyboard layout: %v, %v", names(found), err)
	}
}

func TestThePortalIsAskedTooWhereFewAreFound(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.read(t, v)
	found, err := j.Find(t.Context(), v, "stone")
	must(t, err)
	if want := []app.Colleague{{ID: partner, Name: "Peter Stone", Position: "Partner", External: true}}; !cmp.Equal(found.People, want) {
		t.Errorf("found %+v", found.People)
	}
	j.portal.Do(func(w *bitrixtest.World) {
		w.AddUser(bitrixtest.User{ID: 900, Active: true, Accepted: true, Name: "Nora", LastName: "Newcomer", Departments: []int{1}, Type: bitrixtest.Employee})
	})
	if found, err = j.Find(t.Context(), v, "newcomer"); err != nil || !slices.Equal(names(found), []string{"Nora Newcomer"}) {
		t.Errorf("who was employed a moment ago: %v, %v", names(found), err)
	}
	j.portal.ResetRequests()
	if _, err = j.Find(t.Context(), v, "st"); err != nil {
		t.Error(err)
	}
	j.wantRequests(t) // two letters are too few to bother the portal
	j.portal.Fail(bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultPlan})
	if found, err = j.Find(t.Context(), v, "olga"); err != nil || !slices.Equal(names(found), []string{"Olga Sidorova"}) {
		t.Errorf("with a portal that refuses: %v, %v", names(found), err)
	}
}

func TestPeopleFromOutsideSearchOnlyWhatThePortalShowsThem(t *testing.T) {
	t.Parallel()
	j := installed(t)
	employee := j.open(t, ivan, deal77)
	if !employee.Employee || len(employee.Departments) == 0 {
		t.Errorf("an employee's visit: %+v", employee)
	}
	j.read(t, employee)
	v, _, err := j.Open(t.Context(), j.launch(t, partner, "DEFAULT", ""))
	must(t, err)
	if v.Employee {
		t.Error("the partner counts as an employee")
	}
	j.portal.ResetRequests()
	found, err := j.Find(t.Context(), v, "olga")
	must(t, err)
	j.wantRequests(t, "batch")
	if len(found.People) > 0 {
		t.Errorf("the partner, who shares no group with anybody of that name, found %v", names(found))
	}
	if found, err = j.Find(t.Context(), v, "petrov"); err != nil || !slices.Equal(names(found), []string{"Ivan Petrov"}) {
		t.Errorf("a mate of a group: %v, %v", names(found), err)
	}
}

func TestTheViewerReadsWhenTheInstallationCannot(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.portal.Fail(bitrixtest.Fault{Method: "*", User: admin, Kind: bitrixtest.FaultUserAccess, Times: -1})
	must(t, j.ReadStaff(t.Context(), v))
	if d := cmp.Diff(j.employees(), idsIn(j.directory(t))); d != "" {
		t.Error(d)
	}
}

func TestABrokenReadingIsGoneOnWith(t *testing.T) {
	t.Parallel()
	j := staffed(t, 1234)
	v := j.open(t, ivan, deal77)
	j.portal.Fail(bitrixtest.Fault{Method: "user.get", Skip: 9, Kind: bitrixtest.FaultOperationTime})
	if err := j.ReadStaff(t.Context(), v); !errors.Is(err, app.ErrPortalBusy) {
		t.Fatalf("ReadStaff = %v", err)
	}
	if d, err := j.store.Directory(t.Context(), j.member()); err != nil || !d.Read.IsZero() {
		t.Errorf("half a staff is kept: %v, %v", d.Read, err)
	}
	j.portal.ResetRequests()
	must(t, j.ReadStaff(t.Context(), v))
	if d := cmp.Diff(j.employees(), idsIn(j.directory(t))); d != "" {
		t.Error(d)
	}
	filter, _ := j.portal.Requests()[0].Params["cmd"].(map[string]any)
	if first, _ := filter["p0"].(string); strings.Contains(first, "FILTER%5B%3EID%5D=0") {
		t.Errorf("it began anew: %s", first)
	}
}

func TestOneReadsAndTheOthersSeeHowFarItIs(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	now := time.Now()
	r, err := j.store.LeaseReading(t.Context(), j.member(), now, now.Add(time.Minute))
	must(t, err)
	_, err = j.store.HoldReading(t.Context(), r, 12_000, now.Add(2*time.Minute))
	must(t, err)
	wantErr(t, j.ReadStaff(t.Context(), v), app.ErrLeased)
	found, err := j.Find(t.Context(), v, "olga")
	must(t, err)
	if !found.Reading || found.Met != 12_000 || !slices.Equal(names(found), []string{"Olga Sidorova"}) {
		t.Errorf("found %+v", found)
	}
}

func TestTheStaffIsReadAnewWhenItIsOldOrSomebodyWasDismissed(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, admin, deal77)
	old := time.Now().Add(-7 * time.Hour)
	r, err := j.store.LeaseReading(t.Context(), j.member(), old, old.Add(time.Minute))
	must(t, err)
	must(t, j.store.SaveDirectory(t.Context(), r, app.Directory{Read: old, Staff: staff.New([]staff.Person{{ID: 7, Name: "Gone", LastName: "Longago"}}, nil).Encode()}))
	if found, err := j.Find(t.Context(), v, "gone"); err != nil || !slices.Equal(names(found), []string{"Gone Longago"}) {
		t.Errorf("until it is read anew: %v, %v", names(found), err)
	}
	j.read(t, v)
	if found, err := j.Find(t.Context(), v, "gone"); err != nil || len(found.People) > 0 {
		t.Errorf("after it was read anew: %v, %v", names(found), err)
	}
	j.portal.ResetRequests()
	must(t, j.ReadStaff(t.Context(), v))
	j.wantRequests(t) // it is fresh

	j.portal.Do(func(w *bitrixtest.World) { w.Users[pavel].Active = false })
	if found, err := j.Find(t.Context(), v, "pavel"); err != nil || !slices.Equal(names(found), []string{"Pavel Orlov"}) {
		t.Errorf("nobody knows yet: %v, %v", names(found), err)
	}
	added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel})
	must(t, err)
	if added.Outcomes[0].Reason != app.ReasonNotActive {
		t.Fatalf("outcome %+v", added.Outcomes[0])
	}
	if found, err := j.Find(t.Context(), v, "pavel"); err != nil || len(found.People) > 0 {
		t.Errorf("once it is known: %v, %v", names(found), err)
	}
	must(t, j.ReadStaff(t.Context(), v))
	if slices.Contains(idsIn(j.directory(t)), pavel) {
		t.Error("the directory still has who was dismissed")
	}
}

func TestADirectoryThatCannotBeReadIsAsGoodAsNone(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	now := time.Now()
	r, err := j.store.LeaseReading(t.Context(), j.member(), now, now.Add(time.Minute))
	must(t, err)
	must(t, j.store.SaveDirectory(t.Context(), r, app.Directory{Read: now, Staff: []byte("of another version")}))
	if found, err := j.Find(t.Context(), v, "olga"); err != nil || !found.Asked || !slices.Equal(names(found), []string{"Olga Sidorova"}) {
		t.Errorf("the portal should answer: %+v, %v", found, err)
	}
	j.read(t, v)
	if d := cmp.Diff(j.employees(), idsIn(j.directory(t))); d != "" {
		t.Error(d)
	}
}

func TestARemovedPortalLeavesNoDirectory(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.read(t, v)
	j.portal.Uninstall(j.keys.ClientID, false)
	must(t, j.HandleEvent(t.Context(), j.event("ONAPPUNINSTALL")))
	_, err := j.Find(t.Context(), v, "olga")
	wantErr(t, err, app.ErrNotInstalled)
	if d, err := j.store.Directory(t.Context(), j.member()); err != nil || !d.Read.IsZero() {
		t.Errorf("kept: %v, %v", d.Read, err)
	}
}

func TestASearchHasTheStaffReadInTheBackground(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		j.KeepReading(ctx)
	}()
	said := j.log.await("the staff was read")
	_, err := j.Find(t.Context(), v, "olga")
	must(t, err)
	<-said
	cancel()
	<-ended
	if d := cmp.Diff(j.employees(), idsIn(j.directory(t))); d != "" {
		t.Error(d)
	}
}

func TestPeopleAddedLatelyAndNeighboursComeFirst(t *testing.T) {
	t.Parallel()
	j := installed(t)
	j.portal.Do(func(w *bitrixtest.World) {
		for id, department := range map[int]int{901: 1, 902: 5, 903: 1} {
			w.AddUser(bitrixtest.User{ID: id, Active: true, Accepted: true, Name: "Zoë", LastName: "Zimmer", Departments: []int{department}, Type: bitrixtest.Employee})
			w.SetCRMRights(id, "DEAL", bitrixtest.CRMAll)
		}
	})
	v := j.open(t, admin, deal77)
	v.Departments = []int64{5}
	j.read(t, v)
	order := func() (ids []bitrix.UserID) {
		found, err := j.Find(t.Context(), v, "zimmer")
		must(t, err)
		for _, p := range found.People {
			ids = append(ids, p.ID)
		}
		return ids
	}
	if got := order(); len(got) != 3 || got[0] != 902 {
		t.Errorf("found %v, want the neighbour 902 first", got)
	}
	added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{903})
	must(t, err)
	if added.Outcomes[0].State != app.OutcomeAdded {
		t.Fatalf("outcome %+v", added.Outcomes[0])
	}
	if got := order(); len(got) != 3 || got[0] != 903 {
		t.Errorf("found %v, want 903 first, who was added last", got)
	}
	h, err := j.store.Habits(t.Context(), j.member(), admin)
	must(t, err)
	if len(h.Added) != 1 || !slices.Equal(h.Added[0].People, []bitrix.UserID{903}) || time.Since(h.Added[0].At) > time.Minute {
		t.Errorf("remembered %+v", h.Added)
	}
}
