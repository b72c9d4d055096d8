package app

import (
	"context"
	"strings"

	"github.com/joinline/joinline/bitrix"
)

const (
	maxQuery = 100 // characters
	maxFound = 20
	// maxExternal people from outside are shown, so that nobody wonders where they are.
	maxExternal = 5
)

// Colleague is an employee who can be added to a chat.
type Colleague struct {
	ID bitrix.UserID
	// Name may be empty; Photo is an absolute URL or empty.
	Name, Position, Photo string
	// Online: active recently.
	Online bool
	// External people are shown, but the portal does not add them.
	External bool
	// Viewer is the person who searches.
	Viewer bool
}

// Find returns up to 20 colleagues who match the beginnings of words in the
// query, in one request and in the portal's order, and after them up to 5
// people from outside. A blank query finds nobody and asks nothing. ErrScope
// when the application may not search people.
func (a *App) Find(ctx context.Context, v Visit, query string) ([]Colleague, error) {
	query = strings.Join(strings.Fields(query), " ")
	if r := []rune(query); len(r) > maxQuery {
		query = string(r[:maxQuery])
	}
	if query == "" {
		return nil, nil
	}
	c, err := a.viewer(ctx, v)
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
		found = append(found, Colleague{
			ID: u.ID, Name: u.FullName(), Position: u.Position, Photo: u.Photo,
			Online: u.Online, External: u.External(), Viewer: u.ID == v.Viewer,
		})
	}
	return found, nil
}
