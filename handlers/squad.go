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
	note, err := s.changeSquads(c, v.Visit, f, people)
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

// changeSquads does what the pressed button says, and tells what became of it.
func (s *server) changeSquads(c echo.Context, v app.Visit, f url.Values, people []person) (string, error) {
	w := sceneOf(c).words
	name, says, err := s.changedSquad(c, v, f, people)
	switch {
	case errors.Is(err, app.ErrSquadName):
		return w.Say("squad.unnamed", views.With{"Max": app.MaxSquadName}), nil
	case errors.Is(err, app.ErrNobody):
		return w.Say("squad.nobody"), nil
	case errors.Is(err, app.ErrTooMany):
		return w.Say("error.too_many.text", views.With{"Max": app.MaxPeople}), nil
	case errors.Is(err, app.ErrTooManySquads):
		return w.Say("squad.many", views.With{"Max": app.MaxSquads}), nil
	case errors.Is(err, app.ErrNoSquad):
		return w.Say("squad.gone"), nil
	case err != nil || says == "":
		return "", err
	}
	return w.Say(says, views.With{"Name": name}), nil
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
