package handlers

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// heldLaunch is the launch of a card, as it was read.
func (w *world) heldLaunch(t *testing.T, lang string) bitrix.Launch {
	t.Helper()
	r := goodLaunch(t, w, lang)
	posted := httptest.NewRequest("POST", r.path, strings.NewReader(r.form.Encode()))
	posted.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	l, err := bitrix.ParseLaunch(posted)
	must(t, err)
	return l
}

// goodCard is a form of a card with a chat and a person chosen who is in the
// chat already, so that adding them is no change.
func goodCard(path string) func(*testing.T, *world, string) request {
	return func(t *testing.T, w *world, lang string) request {
		t.Helper()
		f := w.openedOnce(t, lang)
		f.Set("person", w.offers(t, f.Get("visit")).person(ivan, "Ivan Petrov", ""))
		f.Set("q", "")
		return request{path: path, form: f}
	}
}

// openedOnce is the form of a card that was opened once for each language.
func (w *world) openedOnce(t *testing.T, lang string) url.Values {
	t.Helper()
	return w.once("card "+lang, func() url.Values { return w.do(t, goodLaunch(t, w, lang)).fields(t) })
}

// once is a copy of a form that is made once.
func (w *world) once(name string, form func() url.Values) url.Values {
	if w.forms == nil {
		w.forms = map[string]url.Values{}
	}
	if w.forms[name] == nil {
		w.forms[name] = form()
	}
	return maps.Clone(w.forms[name])
}

// offers seals choices of a visit.
func (s *site) offers(t *testing.T, visit string) offers {
	t.Helper()
	return s.server().offers(s.opened(t, visit).Visit)
}

// opened is what a sealed visit holds.
func (s *site) opened(t *testing.T, visit string) (v pageVisit) {
	t.Helper()
	must(t, newSeals(s.key).visit.Decode("visit", visit, &v))
	return v
}

// cut takes the end of a sealed value away.
func cut(field string) func(*request) {
	return func(r *request) { r.form.Set(field, r.form.Get(field)[:len(r.form.Get(field))-4]) }
}

// swap puts one sealed value in another's place.
func swap(field, other string) func(*request) {
	return func(r *request) { r.form.Set(field, r.form.Get(other)) }
}

var visitFields = []refusal{
	{name: "no visit", status: 400, change: drop("visit")},
	{name: "visit twice", status: 400, change: twice("visit")},
	{name: "a visit of nonsense", status: 400, change: set("visit", "nonsense")},
	{name: "a visit cut short", status: 400, change: cut("visit")},
	{name: "a visit that is far too long", status: 400, change: set("visit", strings.Repeat("x", maxSealed+1))},
}

var chatFields = []refusal{
	{name: "chat twice", status: 400, change: twice("chat")},
	{name: "a chat as a bare number", status: 400, change: set("chat", "1763")},
	{name: "a chat cut short", status: 400, change: cut("chat")},
	{name: "a visit for a chat", status: 400, change: swap("chat", "visit")},
}

var choiceFields = append(chatFields,
	refusal{name: "a person as a bare number", status: 400, change: set("person", "22")},
	refusal{name: "a person cut short", status: 400, change: cut("person")},
	refusal{name: "an empty person", status: 400, change: func(r *request) { r.form.Add("person", "") }},
	refusal{name: "a chat for a person", status: 400, change: swap("person", "chat")},
)

var queryFields = []refusal{
	{name: "a query that is too long", status: 400, change: set("q", strings.Repeat("ж", maxQuery+1))},
	{name: "query twice", status: 400, change: func(r *request) { r.form["q"] = []string{"a", "b"} }},
}

// goodTake takes a department that is empty.
func goodTake(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodCard("/card/take")(t, w, lang)
	visit := r.form.Get("visit")
	r.form.Set("take", w.offers(t, visit).crowd(crowd{Visit: w.opened(t, visit).ID, Department: 4711, Name: "Nowhere"}))
	return r
}

var takeFields = []refusal{
	{name: "nothing to take", status: 400, change: drop("take")},
	{name: "a department as a bare number", status: 400, change: set("take", "1")},
	{name: "a choice cut short", status: 400, change: cut("take")},
	{name: "a person for a choice", status: 400, change: swap("take", "person")},
	{name: "two choices", status: 400, change: twice("take")},
}

// goodSquads deletes a squad that is not there.
func goodSquads(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodCard("/card/squads")(t, w, lang)
	visit := r.form.Get("visit")
	r.form.Set("drop", w.offers(t, visit).crowd(crowd{Visit: w.opened(t, visit).ID, Squad: "NOWHERE"}))
	return r
}

var squadFields = []refusal{
	{name: "a squad as a bare id", status: 400, change: set("drop", "NOWHERE")},
	{name: "a squad cut short", status: 400, change: cut("drop")},
	{name: "a person for a squad", status: 400, change: swap("drop", "person")},
	{name: "a squad twice", status: 400, change: twice("drop")},
	{name: "a name twice", status: 400, change: func(r *request) { r.form["squad-name"] = []string{"a", "b"} }},
}

// addFields are choices that are incomplete.
var addFields = []refusal{
	{name: "nobody", status: 400, change: drop("person"), asks: true},
	{name: "no chat", status: 400, change: drop("chat"), asks: true},
}

// oneFields name more or less than one chat, or nobody.
var oneFields = []refusal{
	{name: "nobody at all", status: 400, change: drop("person")},
	{name: "no chat at all", status: 400, change: drop("chat")},
}

// goodSettle tells what the portal said about somebody who was there before.
func goodSettle(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodCard("/card/add/settle")(t, w, lang)
	text, err := w.server().seals.answer.Encode("answer", sealedAnswer{
		w.opened(t, r.form.Get("visit")).ID, chatAnn, app.Answer{User: ivan, Kind: app.AnswerAgreed, Told: chatAnn},
	})
	must(t, err)
	r.form.Set("answer", text)
	return r
}

var answerFields = []refusal{
	{name: "an answer of nonsense", status: 400, change: set("answer", "agreed")},
	{name: "an answer cut short", status: 400, change: cut("answer")},
	{name: "a person for an answer", status: 400, change: swap("answer", "person")},
	{name: "unsure of a number", status: 400, change: set("unsure", "15")},
	{name: "unsure of a chat", status: 400, change: swap("unsure", "chat")},
	{name: "far too many answers", status: 400, change: func(r *request) {
		for len(r.form["answer"]) <= app.MaxPeople+1 {
			r.form.Add("answer", r.form.Get("answer"))
		}
	}},
}

var knownFields = []refusal{
	{name: "a number for a known chat", status: 400, change: set("known", "1763")},
	{name: "a person for a known chat", status: 400, change: set("known", "x")},
}

// goodRemoval is about somebody who is not in the chat, so that it changes nothing.
func goodRemoval(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodCard("/card/remove")(t, w, lang)
	r.form.Set("remove", r.form.Get("chat")+" 22")
	return r
}

// buttonFields are wrong values of the field that a button of a chat sends, with
// a person behind the chat or without.
func buttonFields(field string, person bool) []refusal {
	rows := []refusal{
		{name: "nothing to " + field, status: 400, change: drop(field)},
		{name: field + " twice", status: 400, change: twice(field)},
		{name: field + " a chat by its number", status: 400, change: set(field, "1763 22")},
		{name: field + " a visit", status: 400, change: swap(field, "visit")},
	}
	if !person {
		return rows
	}
	for _, who := range []string{"", " ", " Olga", " -22", " 0", " 99999999999999999999", " 22 23"} {
		rows = append(rows, refusal{name: fmt.Sprintf("%s%q", field, who), status: 400, change: func(r *request) { r.form.Set(field, r.form.Get("chat")+who) }})
	}
	return rows
}

// goodObserve is about the responsible person, who is in the chat too, so that it
// changes nothing.
func goodObserve(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodCard("/card/observe")(t, w, lang)
	r.form.Set("observe", r.form.Get("chat")+" 15")
	return r
}

// goodDialog is about a chat in which one runs, so that it changes nothing.
func goodDialog(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodCard("/card/dialog")(t, w, lang)
	r.form.Set("dialog", r.form.Get("chat"))
	return r
}

// goodAsk is about somebody who is in the chat already.
func goodAsk(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodCard("/card/ask")(t, w, lang)
	r.form.Set("ask", r.form.Get("chat")+" "+r.form.Get("person"))
	return r
}

// goodWish is about a chat that takes people already.
func goodWish(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodCard("/card/wish")(t, w, lang)
	r.form.Set("wish", r.form.Get("chat"))
	return r
}

// goodUnwish is about a chat that nobody waits for.
func goodUnwish(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodCard("/card/unwish")(t, w, lang)
	r.form.Set("unwish", r.form.Get("chat"))
	return r
}

// wishFields are wrong values behind the chat.
func wishFields(field string) []refusal {
	return []refusal{
		{name: field + " a number", status: 400, change: func(r *request) { r.form.Set(field, r.form.Get("chat")+" 22") }},
		{name: field + " two chats", status: 400, change: func(r *request) { r.form.Set(field, r.form.Get("chat")+" "+r.form.Get("chat")) }},
		{name: field + " nobody behind a space", status: 400, change: func(r *request) { r.form.Set(field, r.form.Get("chat")+" ") }},
		{name: field + " a person without a chat", status: 400, change: swap(field, "person")},
	}
}

// askFields are wrong values behind the chat.
var askFields = []refusal{
	{name: "ask about nobody", status: 400, change: swap("ask", "chat")},
	{name: "ask about a number", status: 400, change: func(r *request) { r.form.Set("ask", r.form.Get("chat")+" 22") }},
	{name: "ask about a chat", status: 400, change: func(r *request) { r.form.Set("ask", r.form.Get("chat")+" "+r.form.Get("chat")) }},
	{name: "ask about nobody behind a space", status: 400, change: func(r *request) { r.form.Set("ask", r.form.Get("ask")+" ") }},
	{name: "ask about a person without a chat", status: 400, change: swap("ask", "person")},
}

// goodJoin is the operator's own, so that it changes nothing.
func goodJoin(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodCard("/card/join")(t, w, lang)
	r.form.Set("join", r.form.Get("chat"))
	return r
}

// goodRenewal brings fresh tokens of the visit's own person.
func goodRenewal(t *testing.T, w *world, lang string) request {
	t.Helper()
	f := w.openedOnce(t, lang)
	pair := w.portal.Token(w.keys.ClientID, ivan)
	return request{path: "/visit", form: url.Values{
		"visit": f["visit"], "AUTH_ID": {pair.Access}, "REFRESH_ID": {pair.Refresh}, "AUTH_EXPIRES": {"3600"},
	}}
}

var tokenFields = []refusal{
	{name: "no AUTH_ID", status: 400, change: drop("AUTH_ID")},
	{name: "AUTH_ID twice", status: 400, change: twice("AUTH_ID")},
	{name: "AUTH_ID of odd letters", status: 400, change: set("AUTH_ID", madeUp+"'")},
	{name: "AUTH_ID too long", status: 400, change: set("AUTH_ID", strings.Repeat("a", 201))},
	{name: "AUTH_ID nobody made", status: 401, asks: true, change: set("AUTH_ID", madeUp)},
	{name: "no REFRESH_ID", status: 400, change: drop("REFRESH_ID")},
	{name: "REFRESH_ID of odd letters", status: 400, change: set("REFRESH_ID", madeUp+"\n")},
	{name: "no AUTH_EXPIRES", status: 400, change: drop("AUTH_EXPIRES")},
	{name: "AUTH_EXPIRES of words", status: 400, change: set("AUTH_EXPIRES", "soon")},
	{name: "AUTH_EXPIRES of nothing", status: 400, change: set("AUTH_EXPIRES", "0")},
	{name: "AUTH_EXPIRES beyond all clocks", status: 400, change: set("AUTH_EXPIRES", "99999999999999999999")},
}

func goodSignIn(*testing.T, *world, string) request {
	return request{path: "/oauth/start", form: url.Values{"to": {"deal/77"}}}
}

var returnFields = []refusal{
	{name: "to twice", status: 400, change: twice("to")},
	{name: "another site to return to", status: 400, change: set("to", "https://evil.test/")},
	{name: "another host to return to", status: 400, change: set("to", "//evil.test")},
	{name: "a way out", status: 400, change: set("to", "deal/77/../../..")},
	{name: "a type nobody knows", status: 400, change: set("to", "invoice/5")},
	{name: "no number", status: 400, change: set("to", "deal")},
	{name: "a number with zeros", status: 400, change: set("to", "deal/077")},
	{name: "an errand that is none", status: 400, change: set("to", "deal/77?ask=../../app")},
	{name: "an errand of no item", status: 400, change: set("to", "?ask="+strings.Repeat("A", 26))},
	{name: "more than an errand", status: 400, change: set("to", "deal/77?ask="+strings.Repeat("A", 26)+"&code=x")},
	{name: "a line break", status: 400, change: set("to", "deal/77\r\nSet-Cookie: a=b")},
}

// goodAddress is an address that anybody may open.
func goodAddress(path string) func(*testing.T, *world, string) request {
	return func(*testing.T, *world, string) request { return request{method: "GET", path: path} }
}

func goodHead(path string) func(*testing.T, *world, string) request {
	return func(*testing.T, *world, string) request { return request{method: "HEAD", path: path} }
}

// asked adds a query to the address.
func asked(query string) func(*request) { return func(r *request) { r.path += "?" + query } }

var signInFields = []refusal{
	{name: "a code and a state nobody began", status: 400, change: asked("code=" + madeUp + "&state=" + madeUp)},
	{name: "a code without a state", status: 400, change: asked("code=" + madeUp)},
	{name: "a state without a code", status: 400, change: asked("state=" + madeUp)},
	{name: "a refusal", status: 400, change: asked("error=access_denied")},
	{name: "code twice", status: 400, change: asked("code=a&code=b&state=c")},
	{name: "state twice", status: 400, change: asked("code=a&state=b&state=c")},
	{name: "broken escapes", status: 400, change: asked("code=%zz")},
	{name: "text that is no UTF-8", status: 400, change: asked("code=%ff")},
	{name: "text with a zero byte", status: 400, change: asked("state=%00")},
	{name: "a code of 16 KiB", status: 400, change: asked("state=x&code=" + strings.Repeat("x", 16<<10))},
}

// goodItem is the card of an item outside of the portal, for somebody who has
// signed in.
func goodItem(t *testing.T, w *world, lang string) request {
	t.Helper()
	v := w.opened(t, w.openedOnce(t, lang).Get("visit"))
	return request{method: "GET", path: "/card/deal/77", cookies: cookiesOf(t, w.site, v.Visit)}
}

func to(path string) func(*request) { return func(r *request) { r.path = path } }

var itemAddresses = []refusal{
	{name: "nobody signed in", status: 401, change: func(r *request) { r.cookies = nil }},
	{name: "a cookie of nonsense", status: 401, change: func(r *request) { r.cookies[0].Value = "nonsense" }},
	{name: "a cookie cut short", status: 401, change: func(r *request) { r.cookies[0].Value = r.cookies[0].Value[4:] }},
	{name: "a type nobody knows", status: 404, change: to("/card/invoice/5")},
	{name: "a type in capitals and markup", status: 404, change: to("/card/%3Cscript%3E/5")},
	{name: "number zero", status: 404, change: to("/card/deal/0")},
	{name: "a number with zeros", status: 404, change: to("/card/deal/077")},
	{name: "a number below zero", status: 404, change: to("/card/deal/-1")},
	{name: "a number beyond all numbers", status: 404, change: to("/card/deal/99999999999999999999")},
	{name: "a number that is a way out", status: 404, change: to("/card/deal/..%2f..%2fapp")},
	{name: "too many steps", status: 404, change: to("/card/deal/77/78")},
	{name: "an item of somebody else", status: 403, asks: true, change: to("/card/deal/78")},
}

func goodFile(t *testing.T, w *world, _ string) request {
	t.Helper()
	return request{method: "GET", path: w.asset(t, "card.js")}
}

var fileAddresses = []refusal{
	{name: "a file that is not there", status: 404, change: to("/static/x/no-such.js")},
	{name: "a way out", status: 404, change: to("/static/x/..%2f..%2fgo.mod")},
	{name: "a way out with dots", status: 404, change: to("/static/x/../../go.mod")},
	{name: "a file with a zero byte", status: 404, change: to("/static/x/card.js%00")},
	{name: "the folder", status: 404, change: to("/static/x/")},
}

// cookiesOf are the cookies of a browser in which the person of a visit signed in.
func cookiesOf(t *testing.T, s *site, v app.Visit) []*http.Cookie {
	t.Helper()
	rec := httptest.NewRecorder()
	c := echo.New().NewContext(httptest.NewRequest("GET", "/", nil), rec)
	v.Item = bitrix.CRMItem{}
	must(t, s.server().signedIn(c, v))
	return rec.Result().Cookies()
}

func TestAVisitEndsAndIsRenewedForADayAtMost(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	v := w.opened(t, f.Get("visit"))
	f.Set("visit", w.sealVisit(t, v.Visit, v.Browser, time.Now().Add(-time.Second)))
	for _, path := range []string{"/card", "/card/chats", "/card/find", "/card/suggest", "/card/list", "/card/take", "/card/squads", "/card/presence", "/card/add", "/card/add/one", "/card/add/settle", "/card/add/tell", "/card/remove", "/card/join", "/card/observe", "/card/dialog", "/card/ask", "/card/wish", "/card/unwish"} {
		w.do(t, request{path: path, form: f}).wantStatus(t, 401)
	}
	pair := w.portal.Token(w.keys.ClientID, ivan)
	for past, want := range map[time.Duration]int{renewLife - time.Minute: 200, renewLife + time.Minute: 401} {
		form := url.Values{"AUTH_ID": {pair.Access}, "REFRESH_ID": {pair.Refresh}, "AUTH_EXPIRES": {"3600"}}
		form.Set("visit", w.sealVisit(t, v.Visit, v.Browser, time.Now().Add(-past)))
		w.do(t, request{path: "/visit", form: form}).wantStatus(t, want)
	}
}
