package handlers

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/views"
)

// askOne makes the call that adds one person to one chat, for the page's script,
// which goes from one to the next, shows how far it is, and stops where it is
// told to. What is true in the end says settle.
func (s *server) askOne(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	chat, who, err := s.onePair(v.Visit, f)
	if err != nil {
		return err
	}
	answer, err := s.app.Ask(c.Request().Context(), v.Visit, chat.Ref, who.ID)
	if err != nil {
		return err
	}
	sealed, err := s.seals.answer.Encode("answer", sealedAnswer{v.ID, chat.Ref.ID, answer})
	if err != nil {
		return fmt.Errorf("sealing an answer: %w", err)
	}
	says := sceneOf(c).words.Say(preliminary[answer.Kind], views.With{"Name": nameOf(sceneOf(c).words, who.ID, who.Name)})
	return c.JSON(http.StatusOK, map[string]any{"answer": sealed, "kind": answer.Kind, "stop": answer.Stop, "says": says})
}

// preliminary tells how each answer is said while it is not yet known what is true.
var preliminary = map[app.AnswerKind]string{
	app.AnswerAgreed:  "asked.agreed",
	app.AnswerRefused: "asked.refused",
	app.AnswerLost:    "asked.lost",
	app.AnswerUnheard: "asked.unheard",
	app.AnswerBarred:  "asked.barred",
}

// onePair opens the one chat and the one person that a form names.
func (s *server) onePair(v app.Visit, f url.Values) (chatChoice, person, error) {
	chats, err := s.chosenChats(v, f)
	if err != nil {
		return chatChoice{}, person{}, err
	}
	people, err := s.chosenPeople(v, f)
	if err != nil {
		return chatChoice{}, person{}, err
	}
	if len(chats) != 1 || len(people) != 1 {
		return chatChoice{}, person{}, fmt.Errorf("%w: not one chat and one person", errForm)
	}
	return chats[0], people[0], nil
}

// settle tells the page's script what became of everybody in one chat, from the
// answers that it gathered.
func (s *server) settle(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	chats, err := s.chosenChats(v.Visit, f)
	if err != nil {
		return err
	}
	people, err := s.chosenPeople(v.Visit, f)
	if err != nil {
		return err
	}
	if len(chats) != 1 {
		return fmt.Errorf("%w: not one chat", errForm)
	}
	answers, err := s.answers(v.Visit, chats[0], f)
	if err != nil {
		return err
	}
	added, err := s.app.Settle(c.Request().Context(), v.Visit, chats[0].Ref, idsOf(people), answers)
	if err != nil {
		return err
	}
	w, o := sceneOf(c).words, s.offers(v.Visit)
	t := told{chats[0], added}
	group := resultGroup(w, v.Visit, people, t, o)
	group.New = s.sealNewcomers(v.Visit, newcomersOf(w, people, t))
	pieces := append([]templ.Component{views.ResultGroupPart(group)}, t.row(w, v.Visit, o, chats)...)
	return s.show(c, http.StatusOK, pieces...)
}

// barred are the reasons for which we did not ask the portal for somebody, by the
// status that the page got.
var barred = map[string]app.Reason{
	"401": app.ReasonNoToken,
	"403": app.ReasonNoAccess,
}

// answers opens what the portal said about people in a chat. One about another
// chat tells why nobody was asked for here. A person of whom the page is unsure
// was asked for, and the answer never reached it.
func (s *server) answers(v app.Visit, chat chatChoice, f url.Values) ([]app.Answer, error) {
	var answers []app.Answer
	for _, text := range f[fieldAnswer] {
		var a sealedAnswer
		if err := s.seals.answer.Decode("answer", text, &a); err != nil || a.Visit != v.ID {
			return nil, fmt.Errorf("%w: an answer is not of this visit", errForm)
		}
		if a.Chat != chat.Ref.ID {
			a.Answer = a.Answer.Halted()
		}
		answers = append(answers, a.Answer)
	}
	for _, text := range f[fieldUnsure] {
		who, err := s.chosenPerson(v, text)
		if err != nil {
			return nil, err
		}
		answers = append(answers, app.Answer{User: who.ID, Kind: app.AnswerLost, Late: true})
	}
	if status := f.Get("barred"); status != "" {
		why, ok := barred[status]
		if !ok {
			why = app.ReasonOther
		}
		answers = append(answers, app.Answer{Reason: why, Stop: app.StopAll})
	}
	if len(answers) > app.MaxPeople+1 {
		return nil, fmt.Errorf("%w: %d answers", errForm, len(answers))
	}
	return answers, nil
}
