package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/joinline/joinline/app/staff"
	"github.com/joinline/joinline/bitrix"
)

const (
	// MaxSquads is how many squads one person keeps, MaxSquadsSeen how many one
	// person sees, their own first.
	MaxSquads     = 50
	MaxSquadsSeen = 200
	// MaxSquadName is how many characters the name of a squad has.
	MaxSquadName = 60
	// maxSquadsFound are found by one search.
	maxSquadsFound = 3
)

// What stands in the way of a squad.
var (
	// ErrNoSquad: nothing is kept under this id that the viewer may see.
	ErrNoSquad = errors.New("no such squad")
	// ErrTooManySquads: the person keeps MaxSquads already.
	ErrTooManySquads = errors.New("too many squads")
	// ErrSquadName: the name is empty or too long.
	ErrSquadName = errors.New("no name for a squad")
)

// Squad is a selection of people that got a name, to be used again.
type Squad struct {
	// ID is random and no secret.
	ID     string          `json:"-"`
	Member bitrix.MemberID `json:"-"`
	// Owner made it, By is what they are called.
	Owner bitrix.UserID `json:"-"`
	By    string        `json:"b,omitempty"`
	// Shared: every employee of the portal sees it.
	Shared bool     `json:"-"`
	Name   string   `json:"n"`
	People []Chosen `json:"p"`
}

// Squads returns the squads that the viewer may use, ordered by name: their own
// and, for an employee, those that others share.
func (a *App) Squads(ctx context.Context, v Visit) ([]Squad, error) {
	all, err := a.store.Squads(ctx, v.Member, v.Viewer, v.Employee)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(x, y Squad) int {
		return cmp.Or(strings.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name)), strings.Compare(x.ID, y.ID))
	})
	return all, nil
}

// squadsFor returns those of the viewer's squads whose names fit a query, read
// as that of a department is. That squads cannot be read hides no person.
func (a *App) squadsFor(ctx context.Context, v Visit, query string) (found []Squad) {
	all, err := a.Squads(ctx, v)
	if err != nil {
		a.log.WarnContext(ctx, "squads not read", KeyMember, v.Member, KeyError, err)
	}
	if len(all) == 0 {
		return nil
	}
	var named []staff.Department
	for n, q := range all {
		named = append(named, staff.Department{ID: int64(n + 1), Name: q.Name})
	}
	for _, m := range staff.New(nil, named).Departments(query, maxSquadsFound) {
		found = append(found, all[m.ID-1])
	}
	return found
}

// KeepSquad gives a selection of people a name. Only an employee shares one:
// else it is ErrNotInVisit. It fails with ErrSquadName, ErrNobody, ErrTooMany
// and ErrTooManySquads.
func (a *App) KeepSquad(ctx context.Context, v Visit, name string, people []Chosen, shared bool) (Squad, error) {
	name, err := squadName(name)
	switch {
	case err != nil:
		return Squad{}, err
	case len(people) == 0:
		return Squad{}, ErrNobody
	case len(people) > MaxPeople:
		return Squad{}, fmt.Errorf("%w: a squad of %d", ErrTooMany, len(people))
	case shared && !v.Employee:
		return Squad{}, fmt.Errorf("%w: a shared squad", ErrNotInVisit)
	}
	q := Squad{ID: rand.Text(), Member: v.Member, Owner: v.Viewer, By: v.Name, Shared: shared, Name: name, People: people}
	return q, a.store.SaveSquad(ctx, q)
}

func squadName(name string) (string, error) {
	name = strings.Join(strings.Fields(name), " ")
	if n := utf8.RuneCountInString(name); n == 0 || n > MaxSquadName {
		return "", ErrSquadName
	}
	return name, nil
}

// RenameSquad gives a squad another name. Whoever made it may, and for those
// that are shared an administrator, whom the portal is asked about: to others it
// is ErrNotInVisit, as in ShareSquad and DropSquad. It fails with ErrNoSquad and
// ErrSquadName.
func (a *App) RenameSquad(ctx context.Context, v Visit, id, name string) (Squad, error) {
	name, err := squadName(name)
	if err != nil {
		return Squad{}, err
	}
	return a.changeSquad(ctx, v, id, func(q *Squad) { q.Name = name })
}

// ShareSquad shows a squad to every employee of the portal, or to nobody but
// whoever made it.
func (a *App) ShareSquad(ctx context.Context, v Visit, id string, shared bool) (Squad, error) {
	if shared && !v.Employee {
		return Squad{}, fmt.Errorf("%w: a shared squad", ErrNotInVisit)
	}
	return a.changeSquad(ctx, v, id, func(q *Squad) { q.Shared = shared })
}

func (a *App) changeSquad(ctx context.Context, v Visit, id string, change func(*Squad)) (Squad, error) {
	q, err := a.ownSquad(ctx, v, id)
	if err != nil {
		return Squad{}, err
	}
	change(&q)
	return q, a.store.ChangeSquad(ctx, q)
}

// DropSquad deletes a squad, and returns what it was.
func (a *App) DropSquad(ctx context.Context, v Visit, id string) (Squad, error) {
	q, err := a.ownSquad(ctx, v, id)
	if err != nil {
		return Squad{}, err
	}
	return q, a.store.DropSquad(ctx, v.Member, id)
}

// squad returns a squad that the viewer may use.
func (a *App) squad(ctx context.Context, v Visit, id string) (Squad, error) {
	q, err := a.store.Squad(ctx, v.Member, id)
	if err == nil && q.Owner != v.Viewer && !(q.Shared && v.Employee) {
		return Squad{}, ErrNoSquad
	}
	return q, err
}

// ownSquad returns a squad that the viewer may change.
func (a *App) ownSquad(ctx context.Context, v Visit, id string) (Squad, error) {
	q, err := a.squad(ctx, v, id)
	if err != nil || q.Owner == v.Viewer {
		return q, err
	}
	switch err := a.Administrator(ctx, v); {
	case errors.Is(err, ErrNotAdmin):
		return Squad{}, fmt.Errorf("%w: another person's squad", ErrNotInVisit)
	case err != nil:
		return Squad{}, err
	}
	return q, nil
}

// Muster returns the people of a squad as they are now, and those whom the
// portal does not call active employees any more, or does not show the viewer.
// It takes one request.
func (a *App) Muster(ctx context.Context, v Visit, id string) (q Squad, people []Colleague, gone []Chosen, err error) {
	if q, err = a.squad(ctx, v, id); err != nil {
		return q, nil, nil, err
	}
	c, err := a.viewer(ctx, v)
	if err != nil {
		return q, nil, nil, err
	}
	var ids []bitrix.UserID
	for _, p := range q.People {
		ids = append(ids, p.ID)
	}
	users, err := c.Users(ctx, ids)
	if err != nil {
		return q, nil, nil, whole(err)
	}
	a.present.met(v.Member, users, a.now())
	for _, p := range q.People {
		n := slices.IndexFunc(users, func(u bitrix.User) bool { return u.ID == p.ID && u.Active && u.Type == "employee" })
		if n < 0 {
			gone = append(gone, p)
			continue
		}
		people = append(people, colleagueOf(users[n], v))
	}
	return q, people, gone, nil
}
