package app_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func chosenPeople(ids ...bitrix.UserID) (people []app.Chosen) {
	for _, id := range ids {
		people = append(people, app.Chosen{ID: id, Name: "as it was"})
	}
	return people
}

func squadNames(all []app.Squad) (names []string) {
	for _, q := range all {
		names = append(names, q.Name)
	}
	return names
}

func TestASquadIsSeenByItsOwnerAndWhenSharedByEmployees(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v, other := j.open(t, ivan, deal77), j.open(t, elena, deal77)
	outside, _, err := j.Open(t.Context(), j.launch(t, partner, "DEFAULT", ""))
	must(t, err)
	_, err = j.KeepSquad(t.Context(), v, "  zulu   team ", chosenPeople(olga), false)
	must(t, err)
	shared, err := j.KeepSquad(t.Context(), v, "Alpha", chosenPeople(olga, pavel), true)
	must(t, err)
	for _, c := range []struct {
		name  string
		visit app.Visit
		want  []string
	}{
		{"the owner", v, []string{"Alpha", "zulu team"}}, {"a colleague", other, []string{"Alpha"}}, {"somebody from outside", outside, nil},
	} {
		all, err := j.Squads(t.Context(), c.visit)
		must(t, err)
		if d := cmp.Diff(c.want, squadNames(all)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
		found, err := j.Find(t.Context(), c.visit, "alph")
		must(t, err)
		if got := len(found.Squads) == 1; got != slices.Contains(c.want, "Alpha") {
			t.Errorf("%s finds %v", c.name, squadNames(found.Squads))
		}
	}
	_, _, _, err = j.Muster(t.Context(), outside, shared.ID)
	wantErr(t, err, app.ErrNoSquad)
	_, err = j.KeepSquad(t.Context(), outside, "Ours", chosenPeople(olga), true)
	wantErr(t, err, app.ErrNotInVisit)
}

func TestASquadIsChangedByItsOwnerAndAnAdministratorOnly(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v, other, boss := j.open(t, ivan, deal77), j.open(t, elena, deal77), j.open(t, admin, deal77)
	q, err := j.KeepSquad(t.Context(), v, "Alpha", chosenPeople(olga), true)
	must(t, err)
	for name, change := range map[string]func(app.Visit) error{
		"rename":  func(v app.Visit) error { _, err := j.RenameSquad(t.Context(), v, q.ID, "Beta"); return err },
		"unshare": func(v app.Visit) error { _, err := j.ShareSquad(t.Context(), v, q.ID, false); return err },
		"delete":  func(v app.Visit) error { _, err := j.DropSquad(t.Context(), v, q.ID); return err },
	} {
		other.Admin = true // what a visit says counts for nothing
		if err := change(other); err == nil {
			t.Errorf("a colleague may %s", name)
		} else {
			wantErr(t, err, app.ErrNotInVisit)
		}
	}
	renamed, err := j.RenameSquad(t.Context(), boss, q.ID, "Beta")
	must(t, err)
	if renamed.Name != "Beta" || renamed.Owner != ivan || !renamed.Shared {
		t.Errorf("got %+v", renamed)
	}
	_, err = j.ShareSquad(t.Context(), v, q.ID, false)
	must(t, err)
	_, err = j.DropSquad(t.Context(), boss, q.ID) // it is nobody else's business now
	wantErr(t, err, app.ErrNoSquad)
	_, err = j.DropSquad(t.Context(), v, q.ID)
	must(t, err)
	_, err = j.RenameSquad(t.Context(), v, q.ID, "Gamma")
	wantErr(t, err, app.ErrNoSquad)
}

func TestASquadNeedsANameAndPeople(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	for _, c := range []struct {
		name   string
		people []app.Chosen
		want   error
	}{
		{" ", chosenPeople(olga), app.ErrSquadName},
		{strings.Repeat("ж", app.MaxSquadName+1), chosenPeople(olga), app.ErrSquadName},
		{"Alpha", nil, app.ErrNobody},
		{"Alpha", make([]app.Chosen, app.MaxPeople+1), app.ErrTooMany},
	} {
		_, err := j.KeepSquad(t.Context(), v, c.name, c.people, false)
		wantErr(t, err, c.want)
	}
	_, err := j.KeepSquad(t.Context(), v, strings.Repeat("ж", app.MaxSquadName), chosenPeople(olga), false)
	must(t, err)
}

func TestPeopleOfASquadWhoWereDismissedAreToldApart(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	q, err := j.KeepSquad(t.Context(), v, "Alpha", chosenPeople(olga, pavel, fired, 99999), false)
	must(t, err)
	j.portal.Do(func(w *bitrixtest.World) { w.Users[pavel].Active = false })
	_, people, gone, err := j.Muster(t.Context(), v, q.ID)
	must(t, err)
	j.wantRequests(t, "im.user.list.get")
	if len(people) != 1 || people[0].ID != olga || people[0].Name != "Olga Sidorova" {
		t.Errorf("people %+v", people)
	}
	if d := cmp.Diff(chosenPeople(pavel, fired, 99999), gone); d != "" {
		t.Error(d)
	}
}
