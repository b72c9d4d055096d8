package handlers

import (
	"net/url"
	"strings"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix/bitrixtest"
	"github.com/joinline/joinline/views"
)

// goodTell tells of somebody who is new, without a word to anybody.
func goodTell(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := request{path: "/card/add/tell", form: url.Values{"visit": w.openedOnce(t, lang)["visit"]}}
	v := w.opened(t, r.form.Get("visit")).Visit
	r.form.Set("new", w.server().sealNewcomers(v, app.Newcomers{Chat: chatAnn, People: []app.Newcomer{{ID: ivan, Name: "Ivan"}}}))
	return r
}

var newcomerFields = []refusal{
	{name: "newcomers of nonsense", status: 400, change: set("new", "nonsense")},
	{name: "newcomers cut short", status: 400, change: cut("new")},
	{name: "newcomers twice", status: 400, change: twice("new")},
	{name: "a visit for newcomers", status: 400, change: swap("new", "visit")},
}

var remarkFields = []refusal{
	{name: "a remark that is too long", status: 400, change: set("why", strings.Repeat("ж", app.MaxRemark+1))},
	{name: "a remark twice", status: 400, change: func(r *request) { r.form["why"] = []string{"a", "b"} }},
	{name: "a way twice", status: 400, change: func(r *request) { r.form["notify"] = []string{"on", "on"} }},
	{name: "an add of an odd name", status: 400, change: set("add", "a name [b]")},
	{name: "an add of a short name", status: 400, change: set("add", "1")},
	{name: "an add of a long name", status: 400, change: set("add", strings.Repeat("a", 41))},
}

// heard is what the portal holds of a remark.
type heard struct {
	notices  map[int][]string
	lines    []bitrixtest.Message
	comments []string
}

func (w *world) heard() (h heard) {
	h.notices = map[int][]string{}
	w.portal.Do(func(world *bitrixtest.World) {
		for _, n := range world.Notifications {
			h.notices[n.User] = append(h.notices[n.User], n.Text)
		}
		for _, c := range world.Timeline {
			h.comments = append(h.comments, c.Text)
		}
	})
	for _, chat := range []int{chatAnn, 1770} {
		for _, m := range w.portal.Messages(chat) {
			if strings.Contains(m.Text, "Joinline") {
				h.lines = append(h.lines, m)
			}
		}
	}
	return h
}

// remark fills in the remark of a card's form.
func (a answer) remark(t *testing.T, f url.Values, why string, ways ...string) {
	t.Helper()
	f.Set("add", a.page(t).attr(t, "#remark input[name=add]", "value"))
	f.Set("why", why)
	for _, way := range ways {
		f.Set(way, "on")
	}
}

func TestAnAddWithARemarkTellsThoseWhoWereAddedOnly(t *testing.T) {
	w := installed(t)
	a := w.open(t, ivan, "DEAL", "77")
	f := a.fields(t)
	f["person"] = []string{w.find(t, f, "pavel", "23"), w.find(t, f, "olga", "22")}
	a.remark(t, f, "check [URL=https://evil.test]the[/URL] date", "notify", "internal", "comment")
	w.portal.ResetRequests()
	p := w.add(t, f).page(t)
	w.wantRequests(t, 4) // two calls, the participants read back, and all messages
	p.says(t, "#results [data-user=22]", "Olga Sidorova was not added.")
	p.says(t, "#remarked", "Notified: Pavel Orlov.")
	p.says(t, "#remarked", "An internal line stands in: Telegram, Ann Lee - Sales line.")
	p.says(t, "#remarked", "A comment stands in the timeline.")
	h := w.heard()
	if len(h.notices) != 1 || len(h.notices[pavel]) != 1 || len(h.lines) != 1 || len(h.comments) != 1 {
		t.Fatalf("the portal holds %+v", h)
	}
	for text, says := range map[string][]string{
		h.notices[pavel][0]: {"Ivan Petrov added you to a customer’s chat: [URL=/online/?IM_DIALOG=chat1763]Telegram, Ann Lee - Sales line[/URL]\nWhy: check ", "[URL=/crm/deal/details/77/]Deal “"},
		h.lines[0].Text:     {"Ivan Petrov added Pavel Orlov\nWhy: check "},
		h.comments[0]:       {"Ivan Petrov added colleagues to the customer’s chats.\nTelegram, Ann Lee - Sales line: Pavel Orlov\nWhy: check "},
	} {
		for _, part := range says {
			if !strings.Contains(text, part) {
				t.Errorf("%q lacks %q", text, part)
			}
		}
		if strings.Contains(text, "[URL=https") {
			t.Errorf("the remark is markup in %q", text)
		}
	}
	if m := h.lines[0]; m.SentToCustomer || !m.HiddenFromCustomer {
		t.Errorf("the customer reads %q", m.Text)
	}

	// Who sends the same once more finds them there, and tells nobody.
	w.add(t, f).wantStatus(t, 200)
	if again := w.heard(); len(again.notices[pavel]) != 1 || len(again.lines) != 1 || len(again.comments) != 1 {
		t.Errorf("the second time left %+v", again)
	}
}

func TestAnAddWithoutARemarkCostsNoMoreThanBefore(t *testing.T) {
	w := installed(t)
	a := w.open(t, ivan, "DEAL", "77")
	f := a.fields(t)
	f.Set("person", w.find(t, f, "pavel", "23"))
	a.remark(t, f, "")
	w.portal.ResetRequests()
	p := w.add(t, f).page(t)
	w.wantRequests(t, 2)
	if n := p.all("#remarked li"); len(n) != 0 {
		t.Errorf("%d lines about a remark", len(n))
	}
	f.Set("person", w.find(t, f, "elena", "24"))
	f.Set("why", "nobody will read this")
	w.add(t, f).page(t).says(t, "#remarked", "Nobody was told why: nothing was ticked")
	if h := w.heard(); len(h.notices)+len(h.lines)+len(h.comments) != 0 {
		t.Errorf("the portal holds %+v", h)
	}
}

func TestPeopleAddedOneByOneAreToldOnceWhenAllIsSettled(t *testing.T) {
	w := installed(t)
	a := w.open(t, admin, "DEAL", "77")
	f := a.fields(t)
	chats := w.do(t, request{path: "/card/chats", form: url.Values{"visit": f["visit"]}, header: scripted}).page(t)
	person := w.find(t, f, "pavel", "23")
	form := url.Values{"visit": f["visit"]}
	a.remark(t, form, "why", "notify", "internal")
	for _, chat := range []string{chats.attr(t, "#chat-1763 input", "value"), chats.attr(t, "#chat-1770 input", "value")} {
		said := w.askOne(t, f, chat, person)
		for range 2 { // the page may have to settle twice
			settled := w.settle(t, f, chat, []string{person}, url.Values{"answer": {said.Answer}}).page(t)
			form.Add("new", settled.attr(t, ".told", "data-new"))
		}
	}
	if h := w.heard(); len(h.notices) != 0 {
		t.Errorf("told before all was settled: %+v", h)
	}
	w.portal.ResetRequests()
	p := w.do(t, request{path: "/card/add/tell", form: form, header: scripted}).page(t)
	w.wantRequests(t, 1)
	p.says(t, "#remarked", "Notified: Pavel Orlov.")
	h := w.heard()
	if len(h.notices[pavel]) != 1 || len(h.lines) != 2 {
		t.Errorf("the portal holds %+v", h)
	}
	for _, chat := range []string{"chat1763", "chat1770"} {
		if !strings.Contains(h.notices[pavel][0], chat) {
			t.Errorf("the notice %q does not lead to %s", h.notices[pavel][0], chat)
		}
	}
	w.do(t, request{path: "/card/add/tell", form: form, header: scripted}).page(t).says(t, "#remarked", "Nothing is sent twice.")
	if again := w.heard(); len(again.notices[pavel]) != 1 || len(again.lines) != 2 {
		t.Errorf("the second time left %+v", again)
	}
}

func TestANoticeThatFailsChangesNoOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(w *world)
		says    string
	}{
		"switched off": {func(w *world) {
			w.portal.Do(func(world *bitrixtest.World) { world.Users[pavel].NotifyOff = true })
		}, "Added, but not notified: Pavel Orlov. They have switched such notices off."},
		"without the permission": {func(w *world) {
			w.portal.Fail(bitrixtest.Fault{Method: "im.notify.personal.add", Kind: bitrixtest.FaultInsufficientScope})
		}, "Added, but not notified: Pavel Orlov. The notice could not be delivered. Joinline lacks a permission"},
	} {
		t.Run(name, func(t *testing.T) {
			w := installed(t)
			a := w.open(t, ivan, "DEAL", "77")
			f := a.fields(t)
			f.Set("person", w.find(t, f, "pavel", "23"))
			a.remark(t, f, "why", "notify")
			c.prepare(w)
			p := w.add(t, f).page(t)
			p.says(t, "#results [data-user=23]", "Pavel Orlov has been added.")
			p.says(t, "#remarked", c.says)
			w.wantParticipants(t, chatAnn, ivan, pavel, ann)
		})
	}
}

func TestTokensThatDiedBeforeTheTellingAreRenewedByThePage(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77")
	form := f.fields(t)
	v := w.opened(t, form.Get("visit")).Visit
	form.Set("new", w.server().sealNewcomers(v, app.Newcomers{Chat: chatAnn, Name: "Ann", People: []app.Newcomer{{ID: pavel, Name: "Pavel"}}}))
	f.remark(t, form, "why", "notify")
	w.portal.Fail(bitrixtest.Fault{Method: "*", Kind: bitrixtest.FaultNoAuth, Times: -1})
	w.do(t, request{path: "/card/add/tell", form: form, header: scripted}).wantStatus(t, 401)
	w.portal.ClearFaults()
	w.do(t, request{path: "/card/add/tell", form: form, header: scripted}).page(t).says(t, "#remarked", "Notified: Pavel.")
}

func TestThePageIsAsItsPersonIsUsedTo(t *testing.T) {
	w := installed(t)
	a := w.open(t, ivan, "DEAL", "77")
	p := a.page(t)
	for _, way := range []string{"notify", "internal", "comment"} {
		if len(p.all("#way-"+way+"[checked]")) != 0 {
			t.Errorf("%s is ticked before anybody asked for it", way)
		}
	}
	f := a.fields(t)
	f.Set("person", w.find(t, f, "pavel", "23"))
	a.remark(t, f, "please check the date", "notify", "comment")
	w.add(t, f).wantStatus(t, 200)

	p = w.open(t, ivan, "DEAL", "77").page(t)
	p.one(t, "#way-notify[checked]")
	p.one(t, "#way-comment[checked]")
	if len(p.all("#way-internal[checked]")) != 0 || len(p.all("#remark[open]")) != 0 {
		t.Error("the line is ticked, or the remark unfolded")
	}
	p.says(t, "#remark summary", "they are notified · a comment in the timeline")
	if got := p.attr(t, "#why-texts option", "value"); got != "please check the date" {
		t.Errorf("offers %q", got)
	}
	if got := p.attr(t, "#why", "value"); got != "" {
		t.Errorf("the text is %q already", got)
	}
	if other := w.open(t, elena, "DEAL", "77").page(t); len(other.all("#why-texts option")) != 0 {
		t.Error("Elena is offered Ivan's words")
	}
}

func TestWithoutScriptsARemarkStaysUntilEverybodyIsIn(t *testing.T) {
	w := installed(t)
	a := w.open(t, ivan, "DEAL", "77")
	f := a.fields(t)
	f["person"] = []string{w.find(t, f, "pavel", "23"), w.find(t, f, "olga", "22")}
	a.remark(t, f, "why", "notify")
	w.portal.ResetRequests()
	first := w.do(t, request{path: "/card/add", form: f})
	p := first.page(t)
	p.says(t, "#remarked", "Notified: Pavel Orlov.")
	if got := p.attr(t, "#why", "value"); got != "why" || p.attr(t, "#remark input[name=add]", "value") != f.Get("add") {
		t.Errorf("the rest of the add has the remark %q", got)
	}
	p.one(t, "#remark[open]")
	w.portal.Do(func(world *bitrixtest.World) { world.Users[ivan].Admin = true })
	rest := first.fields(t)
	first.remark(t, rest, "why", "notify")
	p = w.do(t, request{path: "/card/add", form: rest}).page(t)
	p.says(t, "#remarked", "Notified: Olga Sidorova.")
	if got := p.attr(t, "#why", "value"); got != "" || p.attr(t, "#remark input[name=add]", "value") == f.Get("add") {
		t.Errorf("the next add begins with the remark %q", got)
	}
	if h := w.heard(); len(h.notices[pavel]) != 1 || len(h.notices[olga]) != 1 {
		t.Errorf("the portal holds %+v", h)
	}
}

func TestWhatThePermissionsDoNotAllowIsNotOffered(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	v := w.opened(t, f.Get("visit"))
	v.NoMessenger = true
	visit, err := w.server().sealed(v)
	must(t, err)
	p := w.do(t, request{path: "/card", form: url.Values{"visit": {visit}}}).page(t)
	p.one(t, "#way-comment")
	if len(p.all("#way-notify, #way-internal")) != 0 {
		t.Error("notices or lines are offered")
	}
	p.says(t, "#remark", "need the permission “im”")
}

func TestNewcomersOfAnotherVisitAreRefused(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	other := w.opened(t, w.open(t, ivan, "DEAL", "77").fields(t).Get("visit")).Visit
	f.Set("new", w.server().sealNewcomers(other, app.Newcomers{Chat: chatAnn, Name: "Ann", People: []app.Newcomer{{ID: pavel, Name: "Pavel"}}}))
	f.Set("notify", "on")
	w.do(t, request{path: "/card/add/tell", form: f, header: scripted}).wantStatus(t, 400)
	if h := w.heard(); len(h.notices) != 0 {
		t.Errorf("the portal holds %+v", h)
	}
}

func TestWhoeverIsAddedAfterACureIsToldToo(t *testing.T) {
	w := installed(t)
	a := w.open(t, admin, "LEAD", "55")
	f := a.fields(t)
	f.Set("person", w.find(t, f, "olga", "22"))
	a.remark(t, f, "why", "notify", "internal")
	w.add(t, f).page(t).says(t, "#results [data-user=22]", "Olga Sidorova was not added.")
	if h := w.heard(); len(h.notices) != 0 {
		t.Errorf("told before anybody was added: %+v", h)
	}
	f.Set("observe", f.Get("chat")+" 22")
	f.Set("line", "1") // the page's script asks for the line about the person alone
	p := w.do(t, request{path: "/card/observe", form: f, header: scripted}).page(t)
	p.says(t, ".result[data-user=22]", "Olga Sidorova has been added.")
	p.says(t, "#remarked", "Notified: Olga Sidorova.")
	if got := p.attr(t, "#remarked", "data-say"); !strings.HasPrefix(got, "Olga Sidorova has been added. Notified: Olga Sidorova.") {
		t.Errorf("says %q", got)
	}
	if h := w.heard(); len(h.notices[olga]) != 1 || !strings.Contains(h.notices[olga][0], "Why: why") {
		t.Errorf("the portal holds %+v", h)
	}
}

func TestAMessageStringsNamesTogetherAsItsLanguageDoes(t *testing.T) {
	t.Parallel()
	said := app.Said{By: "Ann", Chats: []app.SaidChat{{Name: "Telegram", People: []string{"Bob", "Eve"}}}}
	for lang, want := range map[string]string{
		"en": "Bob, Eve",
		"ja": "Bob、Eve",
		"ar": "\u2068Bob\u2069، \u2068Eve\u2069",
	} {
		for _, kind := range []app.DeliveryKind{app.KindLine, app.KindComment} {
			if got := message(views.Speak(lang), kind, said); !strings.Contains(got, want) {
				t.Errorf("%s, %v: %q does not name %q", lang, kind, got, want)
			}
		}
	}
}
