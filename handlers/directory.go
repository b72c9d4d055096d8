package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// find answers the page's script with the colleagues who match what was typed.
func (s *server) find(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	if !sceneOf(c).pieces {
		return s.wholeCard(c, v, f, chosen{})
	}
	in := chosen{}
	if in.query, err = query(f); err != nil {
		return err
	}
	if in.people, err = s.chosenPeople(v.Visit, f); err != nil {
		return err
	}
	picked, err := s.chosenChats(v.Visit, f)
	if err != nil {
		return err
	}
	if len(app.Lines(in.query)) < 2 {
		if in.found, err = s.app.Find(c.Request().Context(), v.Visit, in.query); err != nil {
			return err
		}
	}
	return s.show(c, http.StatusOK, views.FoundList(foundList(sceneOf(c).words, v.Visit, in, members(picked), s.policed(c.Request().Context(), v.Visit))))
}

// maxQuery is how many characters the field takes: those of a list of people.
const maxQuery = 10_000

// query reads what was typed.
func query(f url.Values) (string, error) {
	q := f.Get("q")
	if utf8.RuneCountInString(q) > maxQuery {
		return "", errLongList
	}
	return strings.Join(strings.Fields(q), " "), nil
}

// picker builds the field with what was chosen and found.
func picker(w views.Words, v app.Visit, card app.Card, in chosen, o offers) views.Picker {
	var picked []chatChoice
	for _, chat := range card.Chats {
		if slices.Contains(in.chats, chat.ID) {
			picked = append(picked, chatChoice{Ref: chat.Ref()})
		}
	}
	return views.Picker{
		Words: w, Query: in.query, Max: strconv.Itoa(maxQuery), Gathered: in.gathered, Taken: in.taken, Squads: in.squads,
		Chosen: choices(w, in.people, o),
		Found:  foundList(w, v, in, members(picked), o), Suggested: in.suggested,
	}
}

// choices builds the chips.
func choices(w views.Words, people []person, o offers) []views.Choice {
	var all []views.Choice
	for _, p := range people {
		all = append(all, choice(w, p.ID, p.Name, p.Position, o))
	}
	return all
}

func choice(w views.Words, id bitrix.UserID, name, position string, o offers) views.Choice {
	name = nameOf(w, id, name)
	return views.Choice{
		ID: number(id), Name: name, Position: position, Ref: o.person(id, name, position),
		Dropped: w.Say("picker.said.dropped", views.With{"Name": name}),
	}
}

// members are those who are in every one of the chats.
func members(chats []chatChoice) []bitrix.UserID {
	if len(chats) == 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(chats[0].Ref.Members), func(u bitrix.UserID) bool {
		return slices.ContainsFunc(chats, func(c chatChoice) bool { return !slices.Contains(c.Ref.Members, u) })
	})
}

// foundList builds the people found. Members are in the chosen chat already.
func foundList(w views.Words, v app.Visit, in chosen, members []bitrix.UserID, o offers) views.Found {
	list := views.Found{Words: w}
	if in.query == "" {
		return list
	}
	for _, p := range in.found.People {
		option := option(w, v, p, in.people, o)
		switch {
		case p.External:
			option.Barred = w.Say("picker.external")
		case slices.Contains(members, p.ID):
			option.Barred = w.Say("picker.already")
		case o.policy.Bars(p.ID):
			option.Barred = w.Say("picker.barred")
		}
		list.Options = append(list.Options, option)
	}
	said := []string{w.Count("picker.found", len(list.Options))}
	for _, q := range squads(w, v, in.found.Squads, in.people, members, o) {
		if strings.EqualFold(q.Name, in.query) {
			list.First = append(list.First, q)
		} else {
			list.Last = append(list.Last, q)
		}
	}
	if n := len(in.found.Squads); n > 0 {
		said = append(said, w.Count("squad.found", n))
	}
	if d := in.found.Departments; len(d) > 0 {
		crowds := departments(w, v, d, in.people, members, o)
		if said = append(said, w.Count("crowd.found", len(d))); d[0].Exact {
			list.First = append(list.First, crowds...)
		} else {
			list.Last = append(list.Last, crowds...)
		}
	}
	list.Said = w.List(said)
	if len(list.Options)+len(list.First)+len(list.Last) == 0 {
		list.Said = w.Say("picker.nobody", views.With{"Query": in.query})
		if list.Listed = app.Listed(in.query); list.Listed {
			list.Said = w.Say("list.press")
		}
	}
	list.Slow = in.found.Asked
	if met := in.found.Met; in.found.Reading && met > 0 {
		list.Reading = w.Count("picker.reading", met)
	}
	return list
}

// option builds a person who can be chosen.
func option(w views.Words, v app.Visit, p app.Colleague, people []person, o offers) views.Option {
	option := views.Option{
		Choice: choice(w, p.ID, p.Name, p.Position, o),
		Face:   faceOf(w, v, p.ID, p.Name, p.Photo, ""),
		Detail: detail(w, p), Doubtable: !v.Admin || len(o.policy.Barred) > 0,
		Picked: slices.ContainsFunc(people, func(chosen person) bool { return chosen.ID == p.ID }),
	}
	option.Added = w.Say("picker.said.chosen", views.With{"Name": option.Name})
	if p.Online && !p.Viewer {
		option.Now = w.Say("picker.active")
	}
	return option
}

// detail is the second line about a person found.
func detail(w views.Words, p app.Colleague) string {
	var parts []string
	if p.Viewer {
		parts = append(parts, w.Say("picker.you"))
	}
	if p.Position != "" {
		parts = append(parts, p.Position)
	}
	parts = append(parts, p.Departments...)
	return dotted(parts)
}

// dotted strings parts of a line together.
func dotted(parts []string) string { return strings.Join(parts, " · ") }
