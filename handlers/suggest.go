package handlers

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// suggest answers the page's script with those whom one may want to add, before
// anything is typed.
func (s *server) suggest(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	if !sceneOf(c).pieces {
		f.Set("do", "suggest")
		return s.wholeCard(c, v, f, chosen{})
	}
	people, err := s.chosenPeople(v.Visit, f)
	if err != nil {
		return err
	}
	picked, err := s.chosenChats(v.Visit, f)
	if err != nil {
		return err
	}
	found, err := s.suggestions(c, v.Visit, picked)
	if err != nil {
		return err
	}
	w, o := sceneOf(c).words, s.offers(v.Visit)
	groups := append(s.squadGroup(c, v.Visit, people, picked), suggestedGroups(w, v.Visit, found, people, o)...)
	groups = append(groups, companions(w, v.Visit, "together", nil, people, o), companions(w, v.Visit, "lately", found.Companions, people, o))
	return s.show(c, http.StatusOK, views.SuggestedList(views.Suggested{Words: w, Groups: groups}))
}

func (s *server) suggestions(c echo.Context, v app.Visit, picked []chatChoice) (app.Suggestions, error) {
	var refs []app.ChatRef
	for _, chat := range picked {
		refs = append(refs, chat.Ref)
	}
	return s.app.Suggest(c.Request().Context(), v, refs, members(picked))
}

// suggested are the groups for a page without scripts.
func (s *server) suggested(c echo.Context, v app.Visit, picked []chatChoice, people []person) ([]views.SuggestedGroup, error) {
	found, err := s.suggestions(c, v, picked)
	if err != nil {
		return nil, err
	}
	w, o := sceneOf(c).words, s.offers(v)
	groups := append(s.squadGroup(c, v, people, picked), suggestedGroups(w, v, found, people, o)...)
	together, lately := found.Together(idsOf(people))
	for _, g := range []views.SuggestedGroup{companions(w, v, "together", together, people, o), companions(w, v, "lately", lately, people, o)} {
		if len(g.Options) > 0 {
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// readers say that people may read an item.
var readers = map[bitrix.ItemType]string{
	bitrix.Lead:    "suggest.lead",
	bitrix.Deal:    "suggest.deal",
	bitrix.Contact: "suggest.contact",
	bitrix.Company: "suggest.company",
}

// suggestedGroups builds the groups of those whom the portal told about.
func suggestedGroups(w views.Words, v app.Visit, found app.Suggestions, people []person, o offers) []views.SuggestedGroup {
	var groups []views.SuggestedGroup
	for _, g := range found.Groups {
		group := views.SuggestedGroup{ID: string(g.Kind)}
		switch g.Kind {
		case app.FromItem:
			group.ID += "-" + strings.ToLower(string(g.Item.Type)) + "-" + number(g.Item.ID)
			group.Reason = w.Say(readers[g.Item.Type])
		case app.FromQueue:
			group.Reason = w.Say("suggest.queue")
		case app.FromDepartment:
			group.Reason = w.Say("suggest.department")
		}
		for _, p := range g.People {
			group.Options = append(group.Options, option(w, v, p, people, o))
		}
		groups = append(groups, group)
	}
	return groups
}

// before are the reasons of the groups of those added before.
var before = map[string]string{"together": "suggest.together", "lately": "suggest.lately"}

// companions builds one of the groups of those added before.
func companions(w views.Words, v app.Visit, id string, of []app.Companion, people []person, o offers) views.SuggestedGroup {
	group := views.SuggestedGroup{ID: id, Reason: w.Say(before[id])}
	for _, c := range of {
		one := option(w, v, c.Colleague, people, o)
		var with []string
		for _, u := range c.With {
			with = append(with, number(u))
		}
		one.With = strings.Join(with, " ")
		group.Options = append(group.Options, one)
	}
	return group
}
