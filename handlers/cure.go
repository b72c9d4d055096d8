package handlers

import (
	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/views"
)

// makeObserver makes a colleague an observer of the item that kept them out, adds
// them again, and tells what became of it.
func (s *server) makeObserver(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	chat, user, picked, err := s.chatAndPerson(v.Visit, fieldObserve, f)
	if err != nil {
		return err
	}
	people, err := s.chosenPeople(v.Visit, f)
	if err != nil {
		return err
	}
	remark, err := telling(sceneOf(c).words, v.Visit, f)
	if err != nil {
		return err
	}
	done, err := s.app.Observe(c.Request().Context(), v.Visit, chat.Ref, user)
	if err != nil {
		return err
	}
	done.Name = nameAmong(people, done)
	t := told{chat, app.Added{Outcomes: []app.Outcome{done.Outcome}, Chat: done.Chat}}
	who := []person{{ID: user, Name: done.Name}}
	group := resultGroup(sceneOf(c).words, v.Visit, who, t, s.offers(v.Visit))
	return s.changed(c, v, f, t, group, picked, s.tellOf(c, v.Visit, remark, who, []told{t}))
}

// nameAmong is what a person is called: as the chat says, or as they were chosen.
func nameAmong(people []person, done app.Changed) string {
	for _, p := range done.Chat.Participants {
		if p.ID == done.User && p.Name != "" {
			return p.Name
		}
	}
	for _, p := range people {
		if p.ID == done.User {
			return p.Name
		}
	}
	return ""
}

// notStarted are the words about outcomes that are others when a dialog is started.
var notStarted = map[app.OutcomeState]string{
	app.OutcomeAdded:   "result.started",
	app.OutcomeUnknown: "result.started_unknown",
}

// startDialog begins a new dialog in a finished chat, and tells what became of it.
func (s *server) startDialog(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	chat, picked, err := s.chatAndPicked(v.Visit, f.Get(fieldDialog), f)
	if err != nil {
		return err
	}
	done, err := s.app.StartDialog(c.Request().Context(), v.Visit, chat.Ref)
	if err != nil {
		return err
	}
	w := sceneOf(c).words
	t := told{chat, app.Added{Outcomes: []app.Outcome{done.Outcome}, Chat: done.Chat}}
	group := resultGroup(w, v.Visit, []person{{ID: done.User, Name: done.Name}}, t, s.offers(v.Visit))
	says := notStarted[done.State]
	if says == "" {
		says = "result.not_started"
	}
	group.Lines[0].Text, group.Lines[0].Undo, group.Lines[0].Ref = w.Say(says, views.With{"Chat": group.Chat}), "", ""
	group.Stale = true // the list of chats is another one now
	return s.changed(c, v, f, t, group, picked, views.Remarked{})
}
