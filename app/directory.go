package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/joinline/joinline/app/staff"
	"github.com/joinline/joinline/bitrix"
)

const (
	maxQuery = 100 // characters
	maxFound = 20
	// maxExternal people from outside are shown, so that nobody wonders where they are.
	maxExternal = 5
	// fewFound people of the directory, and a query of so many letters, make it
	// worth while to ask the portal, too: about people from outside, of whom
	// everybody may see others, and about who was employed a moment ago.
	fewFound    = 5
	askedLength = 3
)

// Colleague is an employee who can be added to a chat.
type Colleague struct {
	ID bitrix.UserID
	// Name may be empty; Photo is an absolute URL or empty.
	Name, Position, Photo string
	// Departments are the names of theirs, as far as they are known.
	Departments []string
	// Online: active recently.
	Online bool
	// External people are shown, but the portal does not add them.
	External bool
	// Viewer is the person who searches.
	Viewer bool
}

// Found is what a search gave.
type Found struct {
	People []Colleague
	// Departments fit the query, too; none for viewers from outside.
	Departments []Department
	// Squads are those of the viewer's squads that fit the query.
	Squads []Squad
	// Asked: the portal was asked.
	Asked bool
	// Reading: the portal's staff is still being read, so the portal has
	// answered. Met are the people met so far.
	Reading bool
	Met     int
}

// Find returns up to 20 colleagues whom the query fits, and after them up to 5
// people from outside. An employee searches the portal's directory, the closest
// first, without a request to the portal unless few are found: see
// staff.Index.Search. While that directory is not read yet, and for viewers
// from outside always, the portal searches, in one request and in its own
// order. A blank query finds nobody and asks nothing. ErrScope when the
// application may not search people.
func (a *App) Find(ctx context.Context, v Visit, query string) (Found, error) {
	query = strings.Join(strings.Fields(query), " ")
	if r := []rune(query); len(r) > maxQuery {
		query = string(r[:maxQuery])
	}
	if query == "" {
		return Found{}, nil
	}
	i, err := a.installation(ctx, v.Member)
	if err != nil {
		a.shelf.drop(v.Member)
		return Found{}, err
	}
	d, r, err := a.searched(ctx, v)
	if err != nil {
		return Found{}, err
	}
	squads := a.squadsFor(ctx, v, query)
	if d == nil {
		people, err := a.findAtPortal(ctx, i, v, query)
		return Found{People: people, Squads: squads, Asked: true, Reading: r.Until.After(a.now()), Met: r.People}, err
	}
	people := a.findInDirectory(ctx, d, v, query)
	asked := false
	if len(people) < fewFound && utf8.RuneCountInString(query) >= askedLength {
		more, err := a.findAtPortal(ctx, i, v, query)
		if err != nil && len(people) == 0 {
			return Found{}, err
		}
		people, asked = joined(people, more), true
	}
	return Found{People: people, Departments: a.departments(d, query), Squads: squads, Asked: asked}, nil
}

// searched returns the directory that the viewer searches, nil where the portal
// has to be asked: for people from outside, and while the staff is being read,
// of which the Reading tells.
func (a *App) searched(ctx context.Context, v Visit) (*shelved, Reading, error) {
	if !v.Employee {
		return nil, Reading{}, nil
	}
	d, r, err := a.directory(ctx, v.Member)
	if err != nil {
		return nil, Reading{}, err
	}
	if now := a.now(); d == nil || a.shelf.old(v.Member, d.read, now) {
		a.shelf.want(wish{Visit: v}, now)
	}
	return d, r, nil
}

// findInDirectory searches the directory of the staff.
func (a *App) findInDirectory(ctx context.Context, d *shelved, v Visit, query string) []Colleague {
	people := []Colleague{}
	for _, m := range d.Search(query, staff.Options{
		Limit: maxFound, Near: v.Departments, Recent: a.recent(ctx, v),
		Skip: func(u bitrix.UserID) bool { return a.shelf.isGone(d, u) },
	}) {
		people = append(people, d.colleague(m.Person, v))
	}
	return people
}

// colleague is a person of the directory.
func (d *shelved) colleague(p staff.Person, v Visit) Colleague {
	c := Colleague{
		ID: p.ID, Name: bitrix.User{Name: p.Name, LastName: p.LastName}.FullName(), Position: p.Position, Photo: p.Photo,
		Viewer: p.ID == v.Viewer,
	}
	for _, id := range p.Departments {
		if unit, ok := d.Department(id); ok && unit.Name != "" {
			c.Departments = append(c.Departments, unit.Name)
		}
	}
	return c
}

// findAtPortal lets the portal search, as the viewer.
func (a *App) findAtPortal(ctx context.Context, i home, v Visit, query string) ([]Colleague, error) {
	c, err := a.viewerAt(ctx, i, v)
	if err != nil {
		return nil, err
	}
	b := bitrix.NewBatch()
	b.Reads = true
	b.SearchUsers("employees", bitrix.UserSearch{Query: query})
	b.SearchUsers("external", bitrix.UserSearch{Query: query, External: true})
	r, err := c.Batch(ctx, b)
	if err != nil {
		return nil, whole(err)
	}
	var users, external []bitrix.User
	if err := r.Decode("employees", &users); err != nil {
		return nil, refusal(err)
	}
	_ = r.Decode("external", &external) // without them the list is still a good one
	users = append(users[:min(len(users), maxFound)], external[:min(len(external), maxExternal)]...)
	found := make([]Colleague, 0, len(users))
	for _, u := range users {
		found = append(found, colleagueOf(u, v))

	}
	return found, nil
}

// colleagueOf is a person as the portal tells.
func colleagueOf(u bitrix.User, v Visit) Colleague {
	return Colleague{
		ID: u.ID, Name: u.FullName(), Position: u.Position, Photo: u.Photo,
		Online: u.Online, External: u.External(), Viewer: u.ID == v.Viewer,
	}
}

// joined puts those whom the portal found behind those of the directory.
func joined(people, more []Colleague) []Colleague {
	for _, c := range more {
		n := slices.IndexFunc(people, func(p Colleague) bool { return p.ID == c.ID })
		if n < 0 {
			people = append(people, c)
			continue
		}
		people[n].Online = c.Online
		people[n].Photo = cmp.Or(people[n].Photo, c.Photo)
	}
	return people
}
