package handlers

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/views"
)

// The fields of the buttons about waiting for a chat: the sealed chat, and where
// a result offers it, behind spaces the sealed people.
const (
	fieldWish   = "wish"
	fieldUnwish = "unwish"
)

// cardOffers are the offers of a page that lists chats: it shows what is waited for.
func (s *server) cardOffers(ctx context.Context, v app.Visit) offers {
	o := s.policed(ctx, v)
	var err error
	if o.wished, err = s.app.Wished(ctx, v); err != nil {
		s.log.ErrorContext(ctx, "wishes were not read", app.KeyMember, v.Member, app.KeyUser, v.Viewer, keyError, err.Error())
	}
	return o
}

// policed are the offers of a page that knows the policy; it does without where
// that cannot be read, which every add then tells.
func (s *server) policed(ctx context.Context, v app.Visit) offers {
	o := s.offers(v)
	var err error
	if o.policy, err = s.app.Policy(ctx, v); err != nil {
		s.log.ErrorContext(ctx, "the policy was not read", app.KeyMember, v.Member, keyError, err.Error())
	}
	return o
}

// waitRow shows on the row of a chat that nobody has accepted yet what its viewer
// waits for, and offers to wait.
func waitRow(w views.Words, v app.Visit, chat app.Chat, o offers, row *views.Chat) {
	n := slices.IndexFunc(o.wished, func(k app.Wish) bool { return k.Chat == chat.ID })
	switch {
	case n >= 0:
		row.Unwish, row.Wished = row.Known, w.Say("wish.kept")
		if people := o.wished[n].People; len(people) > 0 {
			row.Wished = w.Say("wish.kept.people", views.With{"People": namesOf(w, people)})
		}
	case chat.State == app.ChatWaiting && !v.NoMessenger && !v.Excluded:
		row.Wish = row.Known
	}
}

func namesOf(w views.Words, people []app.Chosen) string {
	var names []string
	for _, p := range people {
		names = append(names, nameOf(w, p.ID, p.Name))
	}
	return w.List(names)
}

// waitSteps offer to wait with those who were refused because nobody has accepted
// the dialog.
func waitSteps(w views.Words, v app.Visit, t told, g *views.ResultGroup) {
	if t.added.Chat.State != app.ChatWaiting || v.NoMessenger {
		return
	}
	value := t.chat.sealed
	for n, o := range t.added.Outcomes {
		if o.Reason == app.ReasonChatClosed && g.Lines[n].Ref != "" {
			value += " " + g.Lines[n].Ref
		}
	}
	if value != t.chat.sealed {
		g.Steps = append(g.Steps, views.Step{ID: "wish-" + g.ID, URL: "/card/wish", Name: fieldWish, Value: value, Label: w.Say("wish.press.people")})
	}
}

// wish keeps that the viewer waits for a chat, and for adding those whom the
// button names, or else those who are chosen.
func (s *server) wish(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	value := f.Get(fieldWish)
	chat, people, err := s.chatAndPeople(v.Visit, value, f)
	if err != nil {
		return err
	}
	of := people
	if len(of) == 0 {
		if of, err = s.chosenPeople(v.Visit, f); err != nil {
			return err
		}
	}
	w := sceneOf(c).words
	kept := app.Wish{
		ItemName: itemName(w, app.Card{Item: v.Item, Title: v.Title}),
		ChatName: called(w, chat.Channel, nameOfChat(w, chat.Ref.ID, chat.Name)),
		Language: w.Lang(),
	}
	for _, p := range of {
		kept.People = append(kept.People, app.Chosen{ID: p.ID, Name: nameOf(w, p.ID, p.Name), Position: p.Position})
	}
	if err := s.app.Wish(c.Request().Context(), v.Visit, chat.Ref, kept); err != nil {
		return err
	}
	said := w.Say("wish.kept")
	if len(kept.People) > 0 {
		said = w.Say("wish.kept.people", views.With{"People": namesOf(w, kept.People)})
	}
	if len(people) == 0 {
		return s.waited(c, v, f, said)
	}
	return s.waited(c, v, f, said, views.Step{ID: "wish-" + number(chat.Ref.ID), Said: said})
}

// unwish takes back that the viewer waits for a chat.
func (s *server) unwish(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	chat, people, err := s.chatAndPeople(v.Visit, f.Get(fieldUnwish), f)
	if err != nil {
		return err
	}
	if len(people) > 0 {
		return fmt.Errorf("%w: people behind a wish to take back", errForm)
	}
	if err := s.app.TakeBack(c.Request().Context(), v.Visit, chat.Ref.ID); err != nil {
		return err
	}
	return s.waited(c, v, f, sceneOf(c).words.Say("wish.taken"))
}

// waited shows the chats as they stand now, with what is waited for.
func (s *server) waited(c echo.Context, v pageVisit, f url.Values, said string, steps ...views.Step) error {
	if !sceneOf(c).pieces {
		return s.wholeCard(c, v, f, chosen{})
	}
	picked, err := s.chosenChats(v.Visit, f)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	card, err := s.app.Chats(ctx, v.Visit)
	if err != nil {
		return err
	}
	list, target := chatList(sceneOf(c).words, v.Visit, card, chatIDs(picked), s.cardOffers(ctx, v.Visit))
	list.Said = said
	pieces := []templ.Component{views.ChatList(list), views.TargetLine(target)}
	for _, step := range steps {
		pieces = append(pieces, views.StepPart(step))
	}
	return s.show(c, http.StatusOK, pieces...)
}

// wishEnds are the ids of what is said of a wish that ended.
var wishEnds = map[app.WishKind]string{
	app.WishGranted:  "wish.end.granted",
	app.WishExpired:  "wish.end.expired",
	app.WishFinished: "wish.end.finished",
	app.WishBarred:   "wish.end.barred",
	app.WishUnsure:   "wish.end.unsure",
}

// SayWish makes the notice about a wish that ended; see app.SayWish.
func SayWish(language string, r app.WishReport) string {
	w := views.Speak(language)
	lines := []string{w.Say(wishEnds[r.Kind], views.With{"Chat": r.Chat, "Item": r.Item})}
	var names []string
	for _, p := range r.People {
		if names = append(names, p.Name); r.Kind != app.WishGranted {
			continue
		}
		line := w.Say(outcomes[p.State].says, views.With{"Name": p.Name})
		if why := reasons[p.Reason]; why != "" {
			line += " " + w.Say(why, views.With{"Item": r.Item})
		}
		lines = append(lines, line)
	}
	switch {
	case names == nil, r.Kind == app.WishGranted:
	case r.Kind == app.WishUnsure:
		lines = append(lines, w.Say("wish.end.people", views.With{"People": w.List(names)}))
	default:
		lines = append(lines, w.Say("wish.end.nobody", views.With{"People": w.List(names)}))
	}
	return strings.Join(lines, "\n")
}
