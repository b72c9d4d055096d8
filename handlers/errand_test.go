package handlers

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// refused is the page on which the settings of the channel kept Ivan from adding
// people, and the form as it stands then.
func (w *world) refused(t *testing.T, people map[string]string) (url.Values, page) {
	t.Helper()
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	for id, name := range people {
		f.Add("person", w.find(t, f, name, id))
	}
	return f, w.add(t, f).page(t)
}

// linked is where the one notice of a person leads.
func (w *world) linked(t *testing.T, user int) string {
	t.Helper()
	all := w.portal.Notifications(user)
	if len(all) != 1 {
		t.Fatalf("user %d holds %+v", user, all)
	}
	_, rest, _ := strings.Cut(all[0].Text, "[URL="+publicURL)
	path, _, _ := strings.Cut(rest, "]")
	return path
}

// signedInTo opens an address outside of the portal as somebody who has to sign
// in first, and returns the page to which that leads.
func (w *world) signedInTo(t *testing.T, user int, path string) (answer, []*http.Cookie) {
	t.Helper()
	start := w.do(t, request{method: "GET", path: path})
	start.wantStatus(t, 401)
	began := w.do(t, request{path: "/oauth/start", form: url.Values{"to": {start.page(t).attr(t, "form input[name=to]", "value")}}})
	began.wantStatus(t, 303)
	back := authorize(t, w.signedIn(t, user), began.Header.Get("Location"))
	done := w.do(t, request{method: "GET", path: back.RequestURI(), cookies: began.Cookies()})
	done.wantStatus(t, 303)
	return w.do(t, request{method: "GET", path: done.Header.Get("Location"), cookies: done.Cookies()}), done.Cookies()
}

func TestAnAdministratorIsAskedAndFindsTheAddPrepared(t *testing.T) {
	w := installed(t)
	f, p := w.refused(t, map[string]string{"22": "olga"})
	f.Set("ask", p.attr(t, "#step-ask-1763-22 button", "value"))
	asked := w.do(t, request{path: "/card/ask", form: f, header: scripted})
	asked.wantStatus(t, 200)
	asked.page(t).says(t, "#step-ask-1763-22", "Anna Belova has a private notice now")
	asked.page(t).lacks(t, "button")
	text := w.portal.Notifications(admin)[0].Text
	if !strings.HasPrefix(text, "Please add Olga Sidorova to the customer’s chat Telegram, Ann Lee - Sales line at Deal “") {
		t.Errorf("the notice says %q", text)
	}

	card, cookies := w.signedInTo(t, admin, w.linked(t, admin))
	card.wantStatus(t, 200)
	p = card.page(t)
	p.says(t, ".asked", "Ivan Petrov asks you to add Olga Sidorova. Everything is prepared")
	p.says(t, "#chosen", "Olga Sidorova")
	p.one(t, "#pick-1763[checked]")
	w.wantParticipants(t, chatAnn, ivan, ann) // nobody has pressed anything yet
	w.do(t, request{path: "/card/add", form: card.fields(t), header: scripted, cookies: cookies}).page(t).
		says(t, "#results [data-user=22]", "Olga Sidorova has been added.")
	w.wantParticipants(t, chatAnn, ivan, ann, olga)

	// Opened once more it prepares nothing.
	p = w.do(t, request{method: "GET", path: w.linked(t, admin), cookies: cookies}).page(t)
	p.says(t, ".asked", "That is done already.")
	p.lacks(t, "#chosen li")
}

func TestAnErrandGivesNobodyARight(t *testing.T) {
	w := installed(t)
	f, p := w.refused(t, map[string]string{"22": "olga"})
	f.Set("ask", p.attr(t, "#step-ask-1763-22 button", "value"))
	w.do(t, request{path: "/card/ask", form: f, header: scripted}).wantStatus(t, 200)
	// Ivan himself opens it, and is refused as before.
	card, cookies := w.signedInTo(t, ivan, w.linked(t, admin))
	w.do(t, request{path: "/card/add", form: card.fields(t), header: scripted, cookies: cookies}).page(t).
		says(t, "#results [data-user=22]", "Olga Sidorova was not added.")
	// Somebody who may not read the deal sees nothing of it.
	w.portal.Do(func(world *bitrixtest.World) {
		world.Items[bitrixtest.ItemKey{Type: "DEAL", ID: 77}].Observers = nil
	})
	barred, _ := w.signedInTo(t, olga, w.linked(t, admin))
	barred.wantStatus(t, 403)
	if strings.Contains(barred.text, "Petrov") || strings.Contains(barred.text, "Sidorova") {
		t.Errorf("the page tells who asks for what:\n%s", barred.text)
	}
	w.wantParticipants(t, chatAnn, ivan, ann)
}

func TestAnErrandThatIsNotThereIsACalmSentence(t *testing.T) {
	w := installed(t)
	save := func(id string, change func(*app.Errand)) {
		e := app.Errand{
			ID: strings.Repeat(id, 26), Member: bitrix.MemberID(w.portal.MemberID()), By: ivan, Name: "Ivan Petrov", Chat: chatAnn,
			Item: bitrix.CRMItem{Type: bitrix.Deal, ID: 77}, Owner: bitrix.CRMItem{Type: bitrix.Deal, ID: 77},
			People: []app.Chosen{{ID: olga, Name: "Olga Sidorova"}}, Until: time.Now().Add(time.Hour),
		}
		change(&e)
		must(t, w.store.SaveErrand(t.Context(), e))
	}
	save("A", func(e *app.Errand) {})
	save("B", func(e *app.Errand) { e.Until = time.Now().Add(-time.Second) })
	save("C", func(e *app.Errand) { e.Item.ID = 78 })
	_, cookies := w.signedInTo(t, admin, "/card/deal/77")
	for name, c := range map[string]struct{ ask, says string }{
		"one that is there":       {strings.Repeat("A", 26), "Ivan Petrov asks you to add Olga Sidorova."},
		"one whose time is over":  {strings.Repeat("B", 26), "is not kept any more"},
		"one about another item":  {strings.Repeat("C", 26), "is not kept any more"},
		"one that nobody made":    {strings.Repeat("Z", 26), "is not kept any more"},
		"what is no id at all":    {"%3Cscript%3E", "is not kept any more"},
		"an id of the wrong size": {"A", "is not kept any more"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.do(t, request{method: "GET", path: "/card/deal/77?ask=" + c.ask, cookies: cookies})
			a.wantStatus(t, 200)
			p := a.page(t)
			p.says(t, ".asked", c.says)
			p.one(t, "#chat-1763")
			if c.ask != strings.Repeat("A", 26) {
				p.lacks(t, "#chosen li")
			}
		})
	}
	// Outside of any errand there is no such sentence.
	w.do(t, request{method: "GET", path: "/card/deal/77", cookies: cookies}).page(t).lacks(t, ".asked")
}

func TestAPleaIsToldAsItIs(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*bitrixtest.World)
		fault  *bitrixtest.Fault
		says   string
		again  bool
	}{
		"notices are switched off": {change: func(w *bitrixtest.World) { w.Users[admin].NotifyOff = true },
			says: "Anna Belova has switched such notices off, so nothing was sent."},
		"nobody to ask": {change: func(w *bitrixtest.World) { w.Users[admin].Admin = false },
			says: "Whoever installed Joinline is no administrator any more, so nothing was sent."},
		"the answer was lost": {fault: &bitrixtest.Fault{Kind: bitrixtest.FaultDrop}, again: true,
			says: "It is not known whether the notice was sent. Ask again"},
		"the portal is busy": {fault: &bitrixtest.Fault{Kind: bitrixtest.FaultOverload}, again: true,
			says: "The notice was not sent. The portal is receiving too many requests."},
		"the portal refuses notices": {fault: &bitrixtest.Fault{Method: "im.notify.personal.add", Kind: bitrixtest.FaultError, Status: 400, Code: "ACCESS_DENIED", Times: -1}, again: true,
			says: "The notice was not sent."},
	} {
		t.Run(name, func(t *testing.T) {
			w := installed(t)
			f, p := w.refused(t, map[string]string{"22": "olga"})
			f.Set("ask", p.attr(t, "#step-ask-1763-22 button", "value"))
			if c.change != nil {
				w.portal.Do(c.change)
			}
			if c.fault != nil {
				c.fault.Method, c.fault.User = cmp.Or(c.fault.Method, "batch"), ivan
				w.portal.Fail(*c.fault)
			}
			a := w.do(t, request{path: "/card/ask", form: f, header: scripted})
			a.wantStatus(t, 200)
			p = a.page(t)
			p.says(t, "#step-ask-1763-22", c.says)
			if said := text(p.one(t, "#step-ask-1763-22")); strings.Contains(said, "access to .") {
				t.Errorf("it says %q", said)
			}
			if got := len(p.all("button")) > 0; got != c.again {
				t.Errorf("asking again is offered: %v", got)
			}
			if got := w.portal.Notifications(admin); len(got) != 0 {
				t.Errorf("the administrator holds %+v", got)
			}
			// A page without scripts shows the whole card.
			whole := w.do(t, request{path: "/card/ask", form: f})
			whole.wantStatus(t, 200)
			whole.page(t).one(t, "#results [data-user=22]")
			whole.page(t).says(t, "#chosen", "Olga Sidorova")
		})
	}
}

func TestSeveralWhoWereRefusedAreOnePlea(t *testing.T) {
	w := installed(t)
	w.portal.Do(func(world *bitrixtest.World) { world.Users[31].Active = true })
	f, p := w.refused(t, map[string]string{"22": "olga", "31": "igor"})
	p.lacks(t, ".result .step")
	f.Set("ask", p.attr(t, "#step-ask-1763 button", "value"))
	p = w.do(t, request{path: "/card/ask", form: f, header: scripted}).page(t)
	p.says(t, "#step-ask-1763", "Anna Belova has a private notice now")
	text := w.portal.Notifications(admin)[0].Text
	if !strings.Contains(text, "Olga Sidorova") || !strings.Contains(text, "Igor Lebedev") {
		t.Errorf("the notice says %q", text)
	}
}

func TestAnAdministratorIsNotOfferedToAskOne(t *testing.T) {
	w := installed(t)
	w.portal.Do(func(world *bitrixtest.World) { world.Lines[5].Queue = nil })
	w.portal.Fail(bitrixtest.Fault{Method: "imopenlines.crm.chat.user.add", Kind: bitrixtest.FaultError, Status: 403, Code: "ACCESS_DENIED",
		Description: "Access denied! This user does not have access to the chat because he does not have access to this view chat history", Times: -1})
	f := w.open(t, admin, "DEAL", "77").fields(t)
	f.Set("person", w.find(t, f, "olga", "22"))
	p := w.add(t, f).page(t)
	p.says(t, "#results [data-user=22]", "An administrator can add them")
	p.lacks(t, ".step")
}
