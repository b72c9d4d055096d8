package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// fieldAsk is what the button sends that asks an administrator: the sealed chat,
// and behind spaces the sealed people.
const fieldAsk = "ask"

// adminHelps are the reasons for which an administrator can add somebody whom
// the viewer cannot, or can change what stands in the way.
var adminHelps = []app.Reason{app.ReasonHistory, app.ReasonMayNotChange, app.ReasonNotObserved}

// askSteps offer to ask an administrator about those who were refused: beside
// the line about one person, and once for all where there are several.
func askSteps(w views.Words, v app.Visit, t told, g *views.ResultGroup) {
	if v.Admin || v.NoMessenger {
		return
	}
	var lines []*views.Result
	value := t.chat.sealed
	for n, o := range t.added.Outcomes {
		if o.State == app.OutcomeRefused && slices.Contains(adminHelps, o.Reason) && g.Lines[n].Ref != "" {
			lines, value = append(lines, &g.Lines[n]), value+" "+g.Lines[n].Ref
		}
	}
	step := views.Step{URL: "/card/ask", Name: fieldAsk, Value: value}
	switch len(lines) {
	case 0:
	case 1:
		step.ID, step.Label, step.About = "ask-"+lines[0].ID, w.Say("plea.press"), lines[0].Name
		lines[0].Steps = append(lines[0].Steps, step)
	default:
		step.ID, step.Label = "ask-"+g.ID, w.Count("plea.press.all", len(lines))
		g.Steps = append(g.Steps, step)
	}
}

// chatAndPeople opens the chat and the people that a button is about. What else
// is chosen has to be of this visit, too.
func (s *server) chatAndPeople(v app.Visit, value string, f url.Values) (chatChoice, []person, error) {
	sealed := strings.Split(value, " ")
	chat, _, err := s.chatAndPicked(v, sealed[0], f)
	if err != nil {
		return chatChoice{}, nil, err
	}
	if _, err := s.chosenPeople(v, f); err != nil {
		return chatChoice{}, nil, err
	}
	people, err := s.chosenPeople(v, url.Values{fieldPerson: sealed[1:]})
	return chat, people, err
}

// ask has an administrator asked for an add, and tells what became of that.
func (s *server) ask(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	chat, people, err := s.chatAndPeople(v.Visit, f.Get(fieldAsk), f)
	if err != nil {
		return err
	}
	if len(people) == 0 {
		return fmt.Errorf("%w: nobody to ask for", errForm)
	}
	w := sceneOf(c).words
	of := app.Pleading{
		Item: itemName(w, app.Card{Item: v.Item, Title: v.Title}),
		Chat: called(w, chat.Channel, nameOfChat(w, chat.Ref.ID, chat.Name)),
		Say:  func(s app.Said, link func(string) string) string { return pleaText(w, s, link) },
	}
	for _, p := range people {
		of.People = append(of.People, app.Chosen{ID: p.ID, Name: nameOf(w, p.ID, p.Name), Position: p.Position})
	}
	plea, err := s.app.Entrust(c.Request().Context(), v.Visit, chat.Ref, of)
	if err != nil {
		return err
	}
	step, kind := pleaStep(w, chat, people, plea, f.Get(fieldAsk))
	return s.stepDone(c, v, f, chat, people[0], step, kind)
}

// stepDone shows what became of pressing a step: in its place, or, where there
// are no scripts, as a line of its own on the whole page.
func (s *server) stepDone(c echo.Context, v pageVisit, f url.Values, chat chatChoice, about person, step views.Step, kind string) error {
	w := sceneOf(c).words
	if sceneOf(c).pieces {
		return s.show(c, http.StatusOK, views.StepPart(step))
	}
	id := number(chat.Ref.ID)
	line := views.Result{Words: w, ID: id + "-" + number(about.ID), UserID: number(about.ID), Name: nameOf(w, about.ID, about.Name), Kind: kind, Text: step.Said}
	if step.Said = ""; step.Label != "" {
		line.Steps = []views.Step{step}
	}
	group := views.ResultGroup{ID: id, Ref: chat.sealed, Lines: []views.Result{line}, Said: line.Text}
	return s.wholeCard(c, v, f, chosen{results: views.Results{Words: w, Groups: []views.ResultGroup{group}, Said: line.Text}})
}

// pleaText is the notice to the administrator.
func pleaText(w views.Words, s app.Said, link func(string) string) string {
	people := w.List(s.Chats[0].People)
	return w.Say("plea.text", views.With{"People": people, "Chat": s.Chats[0].Name, "Item": s.Item}) + " " + link(w.Say("plea.text.link"))
}

// pleas tell how each outcome of a plea is said and shown, and whether asking
// again makes sense.
var pleas = map[app.DeliveryState]struct {
	says, kind string
	again      bool
}{
	app.Delivered:       {"plea.sent", "done", false},
	app.DeliveryOff:     {"plea.off", "refused", false},
	app.DeliveryNobody:  {"plea.nobody", "refused", false},
	app.DeliveryFailed:  {"plea.failed", "refused", true},
	app.DeliveryUnknown: {"plea.unknown", "unknown", true},
}

// pleaStep says what became of asking an administrator.
func pleaStep(w views.Words, chat chatChoice, people []person, plea app.Plea, value string) (step views.Step, kind string) {
	p, ok := pleas[plea.State]
	if !ok {
		p = pleas[app.DeliveryUnknown]
	}
	admin := plea.Name
	if admin == "" {
		admin = w.Say("plea.admin")
	}
	step = views.Step{ID: "ask-" + number(chat.Ref.ID), URL: "/card/ask", Name: fieldAsk, Value: value, Said: w.Say(p.says, views.With{"Admin": admin})}
	// Of an access that is denied the sentences speak of the item, and this is a notice.
	if why := reasons[plea.Reason]; plea.State == app.DeliveryFailed && plea.Reason != app.ReasonCallerNoAccess && why != "" {
		step.Said += " " + w.Say(why, views.With{"Item": ""})
	}
	label := w.Count("plea.press.all", len(people))
	if len(people) == 1 {
		step.ID += "-" + number(people[0].ID)
		label, step.About = w.Say("plea.press"), nameOf(w, people[0].ID, people[0].Name)
	}
	if p.again {
		step.Label = label
	}
	return step, p.kind
}

// errandID is what ids of errands look like.
var errandID = regexp.MustCompile(`^[A-Z2-7]{26}$`)

// prepared is the form of a card as an errand prepares it, with a sentence that
// says who asks for what. An errand that is not there is no more than a sentence.
func (s *server) prepared(c echo.Context, v app.Visit, id string) (card app.Card, in chosen, err error) {
	w := sceneOf(c).words
	e, err := s.app.Errand(c.Request().Context(), v, id)
	if err != nil && !errors.Is(err, app.ErrNoErrand) {
		return card, in, err
	}
	// The chat need not be among those that the first request reads.
	card, readErr := s.app.Chats(c.Request().Context(), v)
	switch {
	case readErr != nil:
		return card, in, readErr
	case err != nil:
		return card, chosen{asked: w.Say("errand.gone")}, nil
	}
	return card, errandForm(w, card, e), nil
}

// errandForm is what an errand prepares on a card.
func errandForm(w views.Words, card app.Card, e app.Errand) chosen {
	in := chosen{chats: []bitrix.ChatID{e.Chat}}
	var chat app.Chat
	if n := slices.IndexFunc(card.Chats, func(c app.Chat) bool { return c.ID == e.Chat }); n >= 0 {
		chat = card.Chats[n]
	}
	var names []string
	for _, p := range e.People {
		names = append(names, nameOf(w, p.ID, p.Name))
		if !slices.ContainsFunc(chat.Participants, func(in app.Person) bool { return in.ID == p.ID }) {
			in.people = append(in.people, person{ID: p.ID, Name: p.Name, Position: p.Position})
		}
	}
	in.asked = w.Say("errand.asks", views.With{"By": nameOf(w, e.By, e.Name), "People": w.List(names)})
	switch {
	case in.people == nil:
		in.asked += " " + w.Say("errand.done")
	case !chat.Addable():
		in.asked += " " + w.Say("errand.closed")
	default:
		in.asked += " " + w.Say("errand.press")
	}
	return in
}
