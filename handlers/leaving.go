package handlers

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// The fields that the buttons of a chat send. Each holds the sealed chat; behind
// a space some also name a person, who need not be sealed: what may be done with
// them is asked of the portal.
const (
	fieldRemove  = "remove"
	fieldJoin    = "join"
	fieldObserve = "observe"
	fieldDialog  = "dialog"
)

// remove takes a colleague out of a chat, and tells what became of it.
func (s *server) remove(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	chat, user, picked, err := s.chatAndPerson(v.Visit, fieldRemove, f)
	if err != nil {
		return err
	}
	done, err := s.app.Remove(c.Request().Context(), v.Visit, chat.Ref, user)
	if err != nil {
		return err
	}
	t := told{chat, app.Added{Outcomes: []app.Outcome{done.Outcome}, Chat: done.Chat}}
	group := resultGroup(sceneOf(c).words, v.Visit, []person{{ID: done.User, Name: done.Name}}, t, s.offers(v.Visit))
	if says := notRemoved[done.State]; says != "" {
		group.Lines[0].Text = sceneOf(c).words.Say(says, views.With{"Name": group.Lines[0].Name})
	}
	group.Lines[0].Ref = "" // there is nobody to add
	return s.changed(c, v, f, t, group, picked, views.Remarked{})
}

// join puts the viewer into a chat, and tells what became of it.
func (s *server) join(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	chat, picked, err := s.chatAndPicked(v.Visit, f.Get(fieldJoin), f)
	if err != nil {
		return err
	}
	done, err := s.app.Join(c.Request().Context(), v.Visit, chat.Ref)
	if err != nil {
		return err
	}
	t := told{chat, app.Added{Outcomes: []app.Outcome{done.Outcome}, Chat: done.Chat}}
	group := resultGroup(sceneOf(c).words, v.Visit, []person{{ID: done.User, Name: done.Name}}, t, s.offers(v.Visit))
	group.Lines[0].Ref = "" // the button is still there
	return s.changed(c, v, f, t, group, picked, views.Remarked{})
}

// notRemoved are the words about outcomes that are others when somebody is added.
var notRemoved = map[app.OutcomeState]string{
	app.OutcomeRefused:  "result.kept",
	app.OutcomeNotTried: "result.kept",
	app.OutcomeUnknown:  "result.kept_unknown",
}

// chatAndPerson opens the chat and reads the person that a button is about.
func (s *server) chatAndPerson(v app.Visit, field string, f url.Values) (chatChoice, bitrix.UserID, []chatChoice, error) {
	sealed, who, _ := strings.Cut(f.Get(field), " ")
	user, err := strconv.ParseInt(who, 10, 64)
	if err != nil || user <= 0 {
		return chatChoice{}, 0, nil, fmt.Errorf("%w: %s names nobody", errForm, field)
	}
	chat, picked, err := s.chatAndPicked(v, sealed, f)
	return chat, bitrix.UserID(user), picked, err
}

// chatAndPicked opens the chat that a button is about, and those that are chosen.
func (s *server) chatAndPicked(v app.Visit, sealed string, f url.Values) (chat chatChoice, picked []chatChoice, err error) {
	if chat, err = s.chosenChat(v, sealed); err != nil {
		return chat, nil, err
	}
	picked, err = s.chosenChats(v, f)
	return chat, picked, err
}

// changed shows what became of one person in one chat, and of a remark about it.
func (s *server) changed(c echo.Context, v pageVisit, f url.Values, t told, group views.ResultGroup, picked []chatChoice, remarked views.Remarked) error {
	w, o := sceneOf(c).words, s.offers(v.Visit)
	line := &group.Lines[0]
	group.Said = line.Text
	results := views.Results{Words: w, Groups: []views.ResultGroup{group}, Said: group.Said, Stale: group.Stale}
	if !sceneOf(c).pieces {
		return s.wholeCard(c, v, f, chosen{results: results, remarked: remarked})
	}
	part := views.ResultList(results)
	if f.Get("line") != "" { // the page shows a line about this person
		part = views.ResultLine(*line)
	}
	pieces := append([]templ.Component{part}, t.row(w, v.Visit, o, picked)...)
	if remarked.Lines != nil {
		remarked.Said = group.Said + " " + remarked.Said
		pieces = append(pieces, views.RemarkedList(remarked))
	}
	return s.show(c, http.StatusOK, pieces...)
}
