package handlers

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/views"
)

// The fields of a remark. An add has one, and those who are new in a chat are
// named once for each chat.
const (
	fieldAdd = "add"
	fieldWhy = "why"
	fieldNew = "new"
)

// ways are the fields that tell where a remark goes, with what is said of them:
// what it is, who will see it, and both in few words.
var ways = []struct {
	field             string
	of                func(*app.Ways) *bool
	label, help, plan string
	messenger         bool // it needs the permission "im"
}{
	{"notify", func(w *app.Ways) *bool { return &w.Notify }, "remark.notify", "remark.notify.help", "remark.notify.plan", true},
	{"internal", func(w *app.Ways) *bool { return &w.Line }, "remark.line", "remark.line.help", "remark.line.plan", true},
	{"comment", func(w *app.Ways) *bool { return &w.Comment }, "remark.comment", "remark.comment.help", "remark.comment.plan", false},
}

// tell delivers the remark about people whom the page's script has added one by
// one, once it knows of all of them.
func (s *server) tell(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	t, err := telling(sceneOf(c).words, v.Visit, f)
	if err != nil {
		return err
	}
	if t.Newcomers, err = s.newcomers(v.Visit, f); err != nil {
		return err
	}
	done, err := s.app.Tell(c.Request().Context(), v.Visit, t)
	if errors.Is(err, app.ErrNoToken) {
		return err // the page renews the visit and sends the same again
	}
	return s.show(c, http.StatusOK, views.RemarkedList(s.remarked(c, t, done, err)))
}

// tellOf delivers the remark of a form about people who were added to chats.
// Whatever comes of it, they stay added.
func (s *server) tellOf(c echo.Context, v app.Visit, t app.Telling, people []person, of []told) views.Remarked {
	for _, group := range of {
		t.Newcomers = append(t.Newcomers, newcomersOf(sceneOf(c).words, people, group))
	}
	done, err := s.app.Tell(c.Request().Context(), v, t)
	return s.remarked(c, t, done, err)
}

// remarked tells what became of a remark.
func (s *server) remarked(c echo.Context, t app.Telling, done []app.Delivery, err error) views.Remarked {
	w := sceneOf(c).words
	if err == nil {
		return remarkedList(w, t, done)
	}
	s.log.WarnContext(c.Request().Context(), "a remark was not sent", keyRequest, sceneOf(c).request, keyError, err.Error())
	return views.Remarked{Words: w, Lines: []views.RemarkLine{{Kind: "refused", Text: w.Say("remark.unsent")}}, Said: w.Say("remark.unsent")}
}

// addName is what a random name of an add looks like.
var addName = regexp.MustCompile(`^[0-9A-Za-z]{20,40}$`)

// telling reads the remark of a form. A page that lacks the fields makes none.
func telling(w views.Words, v app.Visit, f url.Values) (app.Telling, error) {
	t := app.Telling{
		Remark: app.Remark{Text: strings.Join(strings.Fields(f.Get(fieldWhy)), " ")},
		Add:    f.Get(fieldAdd), By: nameOf(w, v.Viewer, v.Name), Item: itemName(w, app.Card{Item: v.Item, Title: v.Title}),
		Say: func(kind app.DeliveryKind, s app.Said) string { return message(w, kind, s) },
	}
	t.Ways = waysIn(v, f)
	if utf8.RuneCountInString(t.Text) > app.MaxRemark {
		return t, fmt.Errorf("%w: a remark of %d characters", errForm, utf8.RuneCountInString(t.Text))
	}
	if t.Add == "" {
		t.Add = rand.Text()
	}
	if !addName.MatchString(t.Add) {
		return t, fmt.Errorf("%w: an add has the name %.40q", errForm, t.Add)
	}
	return t, nil
}

// waysIn are the ways that a form ticks, of those there are.
func waysIn(v app.Visit, f url.Values) (chosen app.Ways) {
	for _, way := range ways {
		*way.of(&chosen) = f.Get(way.field) != "" && !(way.messenger && v.NoMessenger)
	}
	return chosen
}

// message is the text of a message. Everything that it is given is BB code.
func message(w views.Words, kind app.DeliveryKind, s app.Said) string {
	var lines, chats []string
	for _, chat := range s.Chats {
		chats = append(chats, chat.Name)
	}
	switch kind {
	case app.KindNotice:
		lines = append(lines, w.Say("remark.text.notice", views.With{"By": s.By, "Chats": strings.Join(chats, "; ")}))
	case app.KindLine:
		lines = append(lines, w.Say("remark.text.line", views.With{"By": s.By, "People": w.List(s.Chats[0].People)}))
	case app.KindComment:
		lines = append(lines, w.Say("remark.text.comment", views.With{"By": s.By}))
		for _, chat := range s.Chats {
			lines = append(lines, w.Say("remark.text.chat", views.With{"Chat": chat.Name, "People": w.List(chat.People)}))
		}
	}
	if s.Why != "" {
		lines = append(lines, w.Say("remark.text.why", views.With{"Why": s.Why}))
	}
	if kind == app.KindNotice {
		lines = append(lines, s.Item)
	}
	return strings.Join(lines, "\n")
}

// newcomersOf are those who were seen to be new in a chat.
func newcomersOf(w views.Words, people []person, t told) app.Newcomers {
	n := app.Newcomers{Chat: t.chat.Ref.ID, Name: called(w, t.chat.Channel, nameOfChat(w, t.chat.Ref.ID, t.chat.Name))}
	for _, o := range t.added.Outcomes {
		if o.State != app.OutcomeAdded {
			continue
		}
		who := app.Newcomer{ID: o.User, Name: nameOf(w, o.User, "")}
		if i := slices.IndexFunc(people, func(p person) bool { return p.ID == o.User }); i >= 0 {
			who.Name = nameOf(w, o.User, people[i].Name)
		}
		n.People = append(n.People, who)
	}
	return n
}

// sealedNewcomers are newcomers as a page carries them until it knows of all.
type sealedNewcomers struct {
	Visit string
	app.Newcomers
}

// sealNewcomers is the reference to newcomers; "" for nobody.
func (s *server) sealNewcomers(v app.Visit, n app.Newcomers) string {
	if len(n.People) == 0 {
		return ""
	}
	text, _ := s.seals.newcomers.Encode("newcomers", sealedNewcomers{v.ID, n})
	return text
}

// newcomers opens the newcomers that a form names.
func (s *server) newcomers(v app.Visit, f url.Values) ([]app.Newcomers, error) {
	var all []app.Newcomers
	for i, text := range f[fieldNew] {
		var n sealedNewcomers
		if slices.Contains(f[fieldNew][:i], text) {
			return nil, fmt.Errorf("%w: newcomers are named twice", errForm)
		}
		if err := s.seals.newcomers.Decode("newcomers", text, &n); err != nil || n.Visit != v.ID {
			return nil, fmt.Errorf("%w: newcomers are not of this visit", errForm)
		}
		all = append(all, n.Newcomers)
	}
	return all, nil
}

// remarkForm builds the part of the form. What was typed into it stays; before
// that it is as the person is used to.
func remarkForm(w views.Words, v app.Visit, habits app.Habits, typed url.Values, required bool) views.Remark {
	chosen := habits.Ways
	r := views.Remark{Words: w, Add: rand.Text(), Text: habits.Text, Texts: habits.Texts, Max: fmt.Sprint(app.MaxRemark)}
	if t, err := telling(w, v, typed); err == nil && typed.Has(fieldAdd) {
		chosen, r.Add, r.Text = t.Ways, t.Add, t.Text
		r.Open = t.Text != ""
	}
	if required {
		r.Required, r.Open = w.Say("error.no_note.text"), true
	}
	if r.Ways = waysOf(w, v, chosen); len(r.Ways) < len(ways) {
		r.Barred = w.Say("remark.barred", views.With{"Scope": "im"})
	}
	var plan []string
	for _, way := range r.Ways {
		if way.Chosen {
			plan = append(plan, way.Plan)
		}
	}
	r.Plan = strings.Join(plan, " · ")
	if plan == nil && r.Text != "" {
		r.Plan = w.Say("remark.nowhere")
	}
	r.CountOf = w.Say("remark.count", views.With{"Count": "{}", "Max": r.Max})
	r.Count = strings.ReplaceAll(r.CountOf, "{}", fmt.Sprint(utf8.RuneCountInString(r.Text)))
	return r
}

// waysOf are the ways that a person's remarks can go.
func waysOf(w views.Words, v app.Visit, chosen app.Ways) (all []views.Way) {
	for _, way := range ways {
		if !way.messenger || !v.NoMessenger {
			all = append(all, views.Way{Name: way.field, Chosen: *way.of(&chosen), Label: w.Say(way.label), Help: w.Say(way.help), Plan: w.Say(way.plan)})
		}
	}
	return all
}

// deliveries are the sentences about messages of a kind in a state, and the
// class of their line.
var deliveries = map[app.DeliveryKind]map[app.DeliveryState][2]string{
	app.KindNotice: {
		app.Delivered: {"remark.notice.done", "done"}, app.DeliveryOff: {"remark.notice.off", "unknown"},
		app.DeliveryFailed: {"remark.notice.failed", "refused"}, app.DeliveryUnknown: {"remark.notice.unknown", "unknown"},
	},
	app.KindLine: {
		app.Delivered: {"remark.line.done", "done"}, app.DeliveryFailed: {"remark.line.failed", "refused"}, app.DeliveryUnknown: {"remark.line.unknown", "unknown"},
	},
	app.KindComment: {
		app.Delivered: {"remark.comment.done", "done"}, app.DeliveryFailed: {"remark.comment.failed", "refused"}, app.DeliveryUnknown: {"remark.comment.unknown", "unknown"},
	},
	"": {app.DeliveryRepeated: {"remark.repeated", "unknown"}},
}

// undelivered say why a message was not delivered, where that helps.
var undelivered = map[app.Reason]string{
	app.ReasonCallerNoAccess: "remark.because.denied",
	app.ReasonBusy:           "remark.because.busy",
	app.ReasonDown:           "remark.because.down",
	app.ReasonNoToken:        "remark.because.no_token",
	app.ReasonScope:          "reason.scope",
	app.ReasonNoAccess:       "reason.no_access",
	app.ReasonRemoved:        "reason.removed",
	app.ReasonPlan:           "reason.plan",
}

// remarkedList tells what became of messages: those of a kind that ended the
// same way share a line.
func remarkedList(w views.Words, t app.Telling, done []app.Delivery) views.Remarked {
	r := views.Remarked{Words: w}
	if t.Text != "" && !t.Any() {
		r.Lines = append(r.Lines, views.RemarkLine{Kind: "unknown", Text: w.Say("remark.untold")})
	}
	var seen []app.Delivery
	for _, d := range done {
		same := func(other app.Delivery) bool {
			return other.Kind == d.Kind && other.State == d.State && other.Reason == d.Reason
		}
		if slices.ContainsFunc(seen, same) {
			continue
		}
		seen = append(seen, d)
		var names []string
		for _, other := range done {
			if same(other) {
				names = append(names, addressee(t.Newcomers, other))
			}
		}
		says := deliveries[d.Kind][d.State]
		line := views.RemarkLine{Kind: says[1], Text: w.Say(says[0], views.With{"Names": w.List(names)})}
		if why, ok := undelivered[d.Reason]; ok {
			line.Text += " " + w.Say(why)
		}
		r.Lines = append(r.Lines, line)
	}
	var said []string
	for _, l := range r.Lines {
		said = append(said, l.Text)
	}
	r.Said = strings.Join(said, " ")
	return r
}

// addressee names whom or what a message was for.
func addressee(of []app.Newcomers, d app.Delivery) string {
	for _, n := range of {
		if d.Kind == app.KindLine && n.Chat == d.Chat {
			return n.Name
		}
		for _, p := range n.People {
			if d.Kind == app.KindNotice && p.ID == d.User {
				return p.Name
			}
		}
	}
	return ""
}

// habits are the viewer's; the page does without them where they cannot be read.
func (s *server) habits(c echo.Context, v app.Visit) app.Habits {
	h, err := s.app.Habits(c.Request().Context(), v)
	if err != nil {
		s.log.WarnContext(c.Request().Context(), "habits were not read", app.KeyMember, v.Member, keyError, err.Error())
	}
	return h
}
