package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// squads shows the viewer's squads after what the pressed button changes.
func (s *server) squads(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	people, err := s.chosenPeople(v.Visit, f)
	if err != nil {
		return err
	}
	if _, err := s.chosenChats(v.Visit, f); err != nil {
		return err
	}
	note, _, err := s.changeSquads(c, v.Visit, f, people)
	if err != nil {
		return err
	}
	all, err := s.app.Squads(c.Request().Context(), v.Visit)
	if err != nil {
		return err
	}
	panel := squadPanel(sceneOf(c).words, v.Visit, all, note, s.offers(v.Visit))
	if !sceneOf(c).pieces {
		return s.wholeCard(c, v, f, chosen{squads: panel})
	}
	return s.show(c, http.StatusOK, views.SquadPanel(panel))
}

// homeSquads answers the section of the squads after what the pressed button
// changes. People are called what they were when the squad was made: that costs
// the portal no request.
func (s *server) homeSquads(c echo.Context) error {
	v, f, err := s.homeForm(c)
	if err != nil {
		return err
	}
	note, done, err := s.changeSquads(c, v.Visit, f, nil)
	if err != nil {
		return err
	}
	all, err := s.app.Squads(c.Request().Context(), v.Visit)
	if err != nil {
		return err
	}
	w := sceneOf(c).words
	part := squadPanel(w, v.Visit, all, note, s.offers(v.Visit))
	if part.Visit, err = s.sealed(v); err != nil {
		return err
	}
	part.Done = done
	for n, q := range all {
		part.Rows[n].Detail = dotted([]string{w.Count("crowd.people", len(q.People)), seenBy(w, v.Visit, q)})
		var names []string
		for _, p := range q.People {
			names = append(names, nameOf(w, p.ID, p.Name))
		}
		part.Rows[n].People = w.List(names)
	}
	return s.showHome(c, v, "/home/squads", w.Say("squad.title"), views.SquadsPart(part))
}

// seenBy tells who sees a squad, or whose it is.
func seenBy(w views.Words, v app.Visit, q app.Squad) string {
	switch {
	case q.Owner != v.Viewer:
		return w.Say("squad.shared", views.With{"Name": nameOf(w, q.Owner, q.By)})
	case q.Shared:
		return w.Say("squad.share")
	}
	return w.Say("squad.own")
}

// changeSquads does what the pressed button says, and tells what became of it,
// and whether it was done.
func (s *server) changeSquads(c echo.Context, v app.Visit, f url.Values, people []person) (note string, done bool, err error) {
	w := sceneOf(c).words
	name, says, err := s.changedSquad(c, v, f, people)
	switch {
	case errors.Is(err, app.ErrSquadName):
		return w.Say("squad.unnamed", views.With{"Max": app.MaxSquadName}), false, nil
	case errors.Is(err, app.ErrNobody):
		return w.Say("squad.nobody"), false, nil
	case errors.Is(err, app.ErrTooMany):
		return w.Say("error.too_many.text", views.With{"Max": app.MaxPeople}), false, nil
	case errors.Is(err, app.ErrTooManySquads):
		return w.Say("squad.many", views.With{"Max": app.MaxSquads}), false, nil
	case errors.Is(err, app.ErrNoSquad):
		return w.Say("squad.gone"), false, nil
	case err != nil || says == "":
		return "", false, err
	}
	return w.Say(says, views.With{"Name": name}), true, nil
}

// The buttons of the panel; what they send is the squad.
const (
	squadRename  = "rename"
	squadShare   = "share"
	squadUnshare = "unshare"
	squadDrop    = "drop"
)

// changedSquad returns the name of what was changed, and how that is said.
func (s *server) changedSquad(c echo.Context, v app.Visit, f url.Values, people []person) (name, says string, err error) {
	ctx := c.Request().Context()
	if f.Has("keep") {
		var selection []app.Chosen
		for _, p := range people {
			selection = append(selection, app.Chosen{ID: p.ID, Name: p.Name, Position: p.Position})
		}
		q, err := s.app.KeepSquad(ctx, v, f.Get("squad-name"), selection, f.Has("squad-share"))
		return q.Name, "squad.kept", err
	}
	for _, button := range []string{squadRename, squadShare, squadUnshare, squadDrop} {
		if !f.Has(button) {
			continue
		}
		of, err := s.chosenCrowd(v, f.Get(button))
		if err != nil {
			return "", "", err
		}
		var q app.Squad
		switch button {
		case squadDrop:
			q, err = s.app.DropSquad(ctx, v, of.Squad)
			return q.Name, "squad.dropped", err
		case squadRename:
			q, err = s.app.RenameSquad(ctx, v, of.Squad, f.Get("name-"+of.Squad))
		default:
			q, err = s.app.ShareSquad(ctx, v, of.Squad, button == squadShare)
		}
		return q.Name, "squad.kept", err
	}
	return "", "", nil
}

// squadPanel builds the place where squads are made and changed.
func squadPanel(w views.Words, v app.Visit, all []app.Squad, note string, o offers) views.Squads {
	panel := views.Squads{Words: w, Open: true, Note: note, Said: note, MaxName: strconv.Itoa(app.MaxSquadName), Shareable: v.Employee}
	for _, q := range all {
		row := views.Squad{
			Crowd: squad(w, v, q, nil, nil, o), ID: q.ID,
			Changeable: q.Owner == v.Viewer || v.Admin, Shared: q.Shared,
		}
		row.Barred = "" // what it says then is of no use here
		panel.Rows = append(panel.Rows, row)
	}
	return panel
}

// squads builds choices that stand for squads.
func squads(w views.Words, v app.Visit, all []app.Squad, people []person, members []bitrix.UserID, o offers) (built []views.Crowd) {
	for _, q := range all {
		built = append(built, squad(w, v, q, people, members, o))
	}
	return built
}

func squad(w views.Words, v app.Visit, q app.Squad, people []person, members []bitrix.UserID, o offers) views.Crowd {
	who := app.Headcount{Count: len(q.People)}
	for _, p := range q.People {
		who.People = append(who.People, p.ID)
	}
	c := views.Crowd{
		ID: "squad-" + q.ID, Name: q.Name, Ref: o.crowd(crowd{Visit: v.ID, Squad: q.ID, Name: q.Name}),
		Face: views.Face{Initials: initials(q.Name), Hue: hue(bitrix.UserID(len(q.Name)))},
	}
	parts := append([]string{w.Say("squad.kind")}, headcount(w, &c, who, people, members)...)
	if q.Owner != v.Viewer {
		parts = append(parts, w.Say("squad.shared", views.With{"Name": nameOf(w, q.Owner, q.By)}))
	}
	c.Detail = dotted(parts)
	return c
}

// squadGroup suggests squads, the viewer's own first. That they cannot be read
// hides nobody else.
func (s *server) squadGroup(c echo.Context, v app.Visit, people []person, picked []chatChoice) []views.SuggestedGroup {
	all, err := s.app.Squads(c.Request().Context(), v)
	if err != nil {
		s.log.WarnContext(c.Request().Context(), "squads not read", keyRequest, sceneOf(c).request, keyError, err.Error())
	}
	if len(all) == 0 {
		return nil
	}
	rank := func(q app.Squad) int {
		if q.Owner == v.Viewer {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b app.Squad) int { return rank(a) - rank(b) })
	w := sceneOf(c).words
	return []views.SuggestedGroup{{
		ID: "squads", Reason: w.Say("squad.title"),
		Crowds: squads(w, v, all[:min(len(all), app.MaxSuggested)], people, members(picked), s.offers(v)),
	}}
}
