package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// crowd is several people whom one choice stands for, as a page carries it.
type crowd struct {
	Visit string
	// Department is the ID of one; Deep: with all those below it.
	Department int64
	Deep       bool
	// Squad is the ID of one.
	Squad string
	Name  string
}

// take answers the page's script with the people whom a choice stands for.
func (s *server) take(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	var in chosen
	if in.people, err = s.chosenPeople(v.Visit, f); err != nil {
		return err
	}
	picked, err := s.chosenChats(v.Visit, f)
	if err != nil {
		return err
	}
	of, err := s.chosenCrowd(v.Visit, f.Get("take"))
	if err != nil {
		return err
	}
	people, gone, err := s.peopleOf(c, v.Visit, of)
	if err != nil {
		return err
	}
	w, o := sceneOf(c).words, s.offers(v.Visit)
	in.people, in.taken = taken(w, v.Visit, of, people, gone, in.people, members(picked))
	if !sceneOf(c).pieces {
		f.Del("q") // it has led to the choice
		return s.wholeCard(c, v, f, in)
	}
	return s.show(c, http.StatusOK, views.ChosenList(choices(w, in.people, o), w), views.TakenNote(in.taken))
}

// peopleOf are those whom a choice stands for, and those of a squad who are not
// there any more.
func (s *server) peopleOf(c echo.Context, v app.Visit, of crowd) ([]app.Colleague, []app.Chosen, error) {
	ctx := c.Request().Context()
	if of.Squad == "" {
		people, err := s.app.InDepartment(ctx, v, of.Department, of.Deep)
		return people, nil, err
	}
	_, people, gone, err := s.app.Muster(ctx, v, of.Squad)
	if errors.Is(err, app.ErrNoSquad) {
		err = nil
	}
	return people, gone, err
}

// chosenCrowd opens the choice that a button or an option sent.
func (s *server) chosenCrowd(v app.Visit, text string) (crowd, error) {
	var of crowd
	if err := s.seals.crowd.Decode("crowd", text, &of); err != nil || of.Visit != v.ID {
		return crowd{}, fmt.Errorf("%w: a choice is not of this visit", errForm)
	}
	return of, nil
}

// taken adds the people of a crowd to those chosen, all or, where one add does
// not take so many, nobody.
func taken(w views.Words, v app.Visit, of crowd, people []app.Colleague, gone []app.Chosen, before []person, members []bitrix.UserID) ([]person, views.Taken) {
	after, there := slices.Clone(before), 0
	for _, p := range people {
		if has(before, p.ID) || slices.Contains(members, p.ID) {
			there++
			continue
		}
		after = append(after, person{v.ID, p.ID, p.Name, p.Position})
	}
	fresh := len(after) - len(before)
	if len(after) > app.MaxPeople {
		text := w.Count("crowd.full", fresh, views.With{"Name": of.Name, "Max": app.MaxPeople})
		return before, views.Taken{Notes: []string{text}, Said: text}
	}
	t := views.Taken{Said: w.Count("list.chosen", fresh)}
	if there > 0 {
		t.Notes = append(t.Notes, w.Count("crowd.there", there))
	}
	if len(gone) > 0 {
		var names []string
		for _, p := range gone {
			names = append(names, nameOf(w, p.ID, p.Name))
		}
		t.Notes = append(t.Notes, w.Say("squad.left", views.With{"People": w.List(names)}))
	}
	if len(people)+len(gone) == 0 {
		t.Notes = append(t.Notes, w.Say("crowd.gone", views.With{"Name": of.Name}))
	}
	t.Said = w.List(append([]string{t.Said}, t.Notes...))
	return after, t
}

// departments builds the choices that stand for a department: its own people,
// and those with all departments below it where these are more.
func departments(w views.Words, v app.Visit, found []app.Department, people []person, members []bitrix.UserID, o offers) (all []views.Crowd) {
	for _, d := range found {
		shallow := crowd{Visit: v.ID, Department: d.ID, Name: d.Name}
		deep := crowd{Visit: v.ID, Department: d.ID, Deep: true, Name: w.Say("crowd.deep", views.With{"Name": d.Name})}
		if d.Own.Count > 0 {
			all = append(all, department(w, d, shallow, d.Own, people, members, o))
		}
		if d.All.Count > d.Own.Count {
			all = append(all, department(w, d, deep, d.All, people, members, o))
		}
	}
	return all
}

func department(w views.Words, d app.Department, of crowd, who app.Headcount, people []person, members []bitrix.UserID, o offers) views.Crowd {
	c := views.Crowd{
		ID: fmt.Sprint("unit-", d.ID, "-", of.Deep), Name: of.Name, Ref: o.crowd(of),
		Face: views.Face{Initials: initials(d.Name), Hue: hue(bitrix.UserID(d.ID))},
	}
	more := headcount(w, &c, who, people, members)
	if d.Parent != "" {
		more = append(more, d.Parent)
	}
	c.Detail = dotted(append([]string{w.Say("crowd.department")}, more...))
	return c
}

// headcount says how many people a choice stands for, and bars it where it adds
// nobody, or too many.
func headcount(w views.Words, c *views.Crowd, who app.Headcount, people []person, members []bitrix.UserID) []string {
	there := 0
	for _, u := range who.People {
		if has(people, u) || slices.Contains(members, u) {
			there++
		}
	}
	parts := []string{w.Count("crowd.people", who.Count)}
	switch fresh := who.Count - there; {
	case fresh == 0:
		c.Barred = w.Say("crowd.all")
	case fresh+len(people) > app.MaxPeople:
		c.Barred = w.Count("crowd.full", fresh, views.With{"Name": c.Name, "Max": app.MaxPeople})
	case there > 0:
		parts = append(parts, w.Count("crowd.there", there))
	}
	return parts
}
