package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// list answers the page's script with whom a pasted list names: more chips, and
// the lines that somebody has to decide.
func (s *server) list(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	if !sceneOf(c).pieces {
		return s.wholeCard(c, v, f, chosen{})
	}
	var in chosen
	if in.people, err = s.chosenPeople(v.Visit, f); err != nil {
		return err
	}
	picked, err := s.chosenChats(v.Visit, f)
	if err != nil {
		return err
	}
	if err := s.gather(c, v.Visit, f, members(picked), &in); err != nil {
		return err
	}
	w, o := sceneOf(c).words, s.offers(v.Visit)
	return s.show(c, http.StatusOK, views.ChosenList(choices(w, in.people, o), w), views.GatheredList(in.gathered))
}

// gather chooses the people that the form names in lines, and keeps the lines
// that are left. A list in the field is taken out of it.
func (s *server) gather(c echo.Context, v app.Visit, f url.Values, members []bitrix.UserID, in *chosen) error {
	lines, err := pastedLines(f)
	if err != nil {
		return err
	}
	resolved, rest, err := s.app.Resolve(c.Request().Context(), v, lines)
	switch {
	case err != nil && in.results.Groups == nil:
		return err
	case err != nil: // what became of an add has to be told
		resolved, rest = nil, lines
	}
	ticked, err := s.chosenPeople(v, f)
	if err != nil {
		return err
	}
	w, o := sceneOf(c).words, s.offers(v)
	in.people, in.gathered = gathered(w, v, pasted{resolved, rest, in.people, ticked, members}, o)
	return nil
}

// pastedLines are the lines that a form holds undecided, and those of a list in
// its field, without the one that is left out, or taken back into the field to
// be corrected.
func pastedLines(f url.Values) ([]string, error) {
	text, lines := f.Get("q"), f[fieldLine]
	if utf8.RuneCountInString(text) > maxQuery {
		return nil, errLongList
	}
	gone := f.Get("leave")
	if again := f.Get("correct"); again != "" {
		gone = again
		f.Set("q", again)
	} else if app.Listed(text) {
		lines = append(slices.Clone(lines), app.Lines(text)...)
		f.Del("q")
	}
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return line == gone }), nil
}

// pasted is a list that was looked at, and what it adds to.
type pasted struct {
	lines []app.Line
	rest  []string
	// people are chosen now, ticked those whom the form named, members those who
	// are in the chosen chats already.
	people, ticked []person
	members        []bitrix.UserID
}

// gathered chooses whom a list names beyond doubt, as long as one add takes
// them, and builds what there is to say and to decide about the rest.
func gathered(w views.Words, v app.Visit, p pasted, o offers) ([]person, views.Gathered) {
	g := views.Gathered{Words: w}
	people, before := slices.Clone(p.people), len(p.people)
	var already []string
	for _, line := range p.lines {
		if slices.ContainsFunc(line.Candidates, func(c app.Colleague) bool { return has(people, c.ID) || has(p.ticked, c.ID) }) {
			continue // decided
		}
		if !line.Certain {
			one := undecided(w, v, line, p.members, o)
			one.ID = "doubt-line-" + strconv.Itoa(len(g.Lines))
			g.Lines = append(g.Lines, one)
			continue
		}
		who := line.Candidates[0]
		switch {
		case slices.Contains(p.members, who.ID):
			already = append(already, nameOf(w, who.ID, who.Name))
		case len(people) == app.MaxPeople:
			g.Rest = append(g.Rest, line.Text)
		default:
			people = append(people, person{v.ID, who.ID, who.Name, who.Position})
		}
	}
	g.Full = g.Rest != nil
	g.Rest = append(g.Rest, p.rest...)
	said := []string{w.Count("list.chosen", len(people)-before)}
	if len(g.Lines) > 0 {
		said = append(said, w.Count("list.open", len(g.Lines)))
	}
	if len(already) > 0 {
		g.Notes = append(g.Notes, w.Say("list.already", views.With{"People": w.List(already)}))
	}
	if len(g.Rest) > 0 {
		g.Waiting = w.Count("list.rest", len(g.Rest))
		said = append(said, g.Waiting)
	}
	if g.Full {
		g.Notes = append(g.Notes, w.Say("list.most", views.With{"Max": app.MaxPeople}))
	}
	if len(p.lines)+len(p.rest) > 0 {
		g.Said = w.List(append(said, g.Notes...))
	}
	return people, g
}

func has(people []person, id bitrix.UserID) bool {
	return slices.ContainsFunc(people, func(p person) bool { return p.ID == id })
}

// undecided builds a line that somebody has to decide.
func undecided(w views.Words, v app.Visit, line app.Line, members []bitrix.UserID, o offers) views.Undecided {
	u := views.Undecided{Text: line.Text}
	switch n := len(line.Candidates); {
	case n == 0:
		u.Why = w.Say("list.nobody")
	case line.More:
		u.Why = w.Say("list.many")
	case n == 1:
		u.Why = w.Say("list.perhaps")
	default:
		u.Why = w.Say("list.several")
	}
	for _, who := range line.Candidates {
		one := option(w, v, who, nil, o)
		if slices.Contains(members, who.ID) {
			one.Barred = w.Say("picker.already")
		}
		u.Options = append(u.Options, one)
	}
	return u
}
