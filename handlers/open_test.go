package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestTheCardAnswersAtOneLook(t *testing.T) {
	w := installed(t)
	r := w.form(ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`)
	a := w.do(t, r)
	a.wantStatus(t, 200)
	w.wantRequests(t, 1)
	p := a.page(t)
	p.says(t, ".item", "Deal “Delivery of 40 chairs”")
	p.says(t, "#chat-1763 .badge", "Open")
	p.says(t, "#chat-1763 .people", "Ivan Petrov operator, you")
	p.says(t, "#chat-1763 .people", "Ann Lee customer")
	p.says(t, "#chat-1701 .badge", "Finished")
	p.says(t, "#chat-1701 .why", "The last dialog is finished.")
	p.lacks(t, "#chat-1701 input")
	p.one(t, "#chat-1763 input[name=chat][checked]")
	p.says(t, "#into", "Ann Lee - Sales line")
	p.one(t, "#chats[data-partial] .skeleton")

	rest := w.do(t, request{path: "/card/chats", form: a.fields(t), header: map[string]string{"X-Joinline": "1"}})
	rest.wantStatus(t, 200)
	if n := len(w.portal.Requests()); n > 2 {
		t.Errorf("the rest cost %d requests, want at most 2", n)
	}
	q := rest.page(t)
	q.says(t, "#chat-1770 .found-at", "Found at the contact")
	q.one(t, "#chat-1770 input[name=chat]")
	q.lacks(t, ".skeleton")
	q.one(t, "#chat-1763 input[name=chat][checked]") // chosen before, chosen still
}

func TestThePageIsGuardedAndFramedByItsPortalAlone(t *testing.T) {
	w := installed(t)
	a := w.open(t, ivan, "DEAL", "77")
	want := w.portal.URL()
	if got := a.policy("frame-ancestors"); got != want {
		t.Errorf("framed by %q, want %q", got, want)
	}
	for directive, want := range map[string]string{"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'", "form-action": "'self'", "base-uri": "'none'"} {
		if got := a.policy(directive); got != want {
			t.Errorf("%s is %q, want %q", directive, got, want)
		}
	}
	if a.Header.Get("X-Frame-Options") != "" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.Header)
	}
	p := a.page(t)
	for _, n := range p.all("script") {
		if attr(n, "src") == "" || text(n) != "" {
			t.Error("a script stands in the page")
		}
	}
	p.lacks(t, "[style]")
	p.lacks(t, "style")
}

func TestChatsThatCannotTakePeopleSayWhy(t *testing.T) {
	for id, want := range map[string][2]string{"78": {"#chat-1780", "No operator has accepted this dialog yet."}, "79": {"#chat-1790", "The channel of this chat is switched off."}} {
		w := installed(t)
		a := w.open(t, admin, "DEAL", id)
		rest := w.do(t, request{path: "/card", form: a.fields(t)})
		rest.wantStatus(t, 200)
		p := rest.page(t)
		p.says(t, want[0]+" .why", want[1])
		p.lacks(t, "#chats input")
		p.one(t, "#target button[disabled]")
	}
}

func TestPagesInsteadOfACard(t *testing.T) {
	for name, c := range map[string]struct {
		user      int
		placement string
		options   string
		change    func(w *world)
		status    int
		says      string
	}{
		"the application's own page":   {ivan, "DEFAULT", "", nil, 200, "Joinline is ready"},
		"a card that is not saved yet": {ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"0"}`, nil, 200, "Save the card first"},
		"a card without options":       {ivan, "CRM_DEAL_DETAIL_TAB", "", nil, 200, "Save the card first"},
		"a card of somebody else":      {ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"78"}`, nil, 403, "You have no access to this card"},
		"a card that does not exist":   {admin, "CRM_DEAL_DETAIL_TAB", `{"ID":"7777"}`, nil, 404, "This CRM item does not exist any more"},
		"a portal that answers with HTML": {ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`, func(w *world) {
			w.portal.Fail(bitrixtest.Fault{Method: "*", Kind: bitrixtest.FaultHTML, Times: -1})
		}, 502, "The portal does not answer"},
		"a portal that is blocked": {ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`, func(w *world) {
			w.portal.Fail(bitrixtest.Fault{Method: "*", Kind: bitrixtest.FaultOverload, Times: -1})
		}, 503, "The portal is blocked for applications"},
		"a plan without applications": {ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`, func(w *world) {
			w.portal.Fail(bitrixtest.Fault{Method: "*", Kind: bitrixtest.FaultPlan, Times: -1})
		}, 403, "The plan of this portal has no applications"},
		"an application that was removed": {ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`, func(w *world) {
			w.portal.Fail(bitrixtest.Fault{Method: "*", Kind: bitrixtest.FaultAppRemoved, Times: -1})
		}, 403, "Joinline was removed from this portal"},
		"a person kept out": {ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`, func(w *world) {
			w.portal.Fail(bitrixtest.Fault{Method: "*", Kind: bitrixtest.FaultUserAccess, Times: -1})
		}, 403, "You have no access to Joinline"},
	} {
		t.Run(name, func(t *testing.T) {
			w := installed(t)
			if c.change != nil {
				c.change(w)
			}
			a := w.launch(t, c.user, c.placement, c.options)
			a.wantStatus(t, c.status)
			calm(t, a)
			a.page(t).says(t, "h1", c.says)
			if got := a.policy("frame-ancestors"); !strings.HasPrefix(got, w.portal.URL()) {
				t.Errorf("framed by %q, so nobody reads it", got)
			}
		})
	}
}

func TestALaunchThePortalCouldNotAnswerCanBeRepeated(t *testing.T) {
	w := installed(t)
	w.portal.Fail(bitrixtest.Fault{Method: "*", Kind: bitrixtest.FaultHTML, Times: -1})
	a := w.open(t, ivan, "DEAL", "77")
	a.wantStatus(t, 502)
	p := a.page(t)
	if got := p.attr(t, "form", "action"); got != "/app/again" {
		t.Fatalf("the button leads to %q", got)
	}
	w.portal.ClearFaults()
	again := w.do(t, request{path: "/app/again", form: url.Values{"launch": {p.attr(t, "form input[name=launch]", "value")}}})
	again.wantStatus(t, 200)
	again.page(t).one(t, "#chat-1763")
	for _, broken := range []string{"", "nonsense"} {
		w.do(t, request{path: "/app/again", form: url.Values{"launch": {broken}}}).wantStatus(t, 400)
	}
}

func TestALaunchWithDeadTokensAsksThePortalForFreshOnes(t *testing.T) {
	w := installed(t)
	r := w.form(ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`)
	dead := strings.Repeat("0", 70)
	r.form.Set("AUTH_ID", dead)
	r.form.Set("REFRESH_ID", dead)
	a := w.do(t, r)
	a.wantStatus(t, 401)
	p := a.page(t)
	p.says(t, "h1", "Load the card again")
	if got := p.attr(t, "form", "data-relaunch"); got != "now" {
		t.Errorf("fresh tokens are asked for %q, want now", got)
	}
	form := url.Values{"launch": {p.attr(t, "form input[name=launch]", "value")}}
	// Without fresh ones the next page does not try by itself for ever.
	still := w.do(t, request{path: "/app/again", form: form})
	still.wantStatus(t, 401)
	if got := still.page(t).attr(t, "form", "data-relaunch"); got != "press" {
		t.Errorf("fresh tokens are asked for %q, want press", got)
	}
	pair := w.portal.Token(w.keys.ClientID, ivan)
	form.Set("AUTH_ID", pair.Access)
	form.Set("REFRESH_ID", pair.Refresh)
	form.Set("AUTH_EXPIRES", "3600")
	fresh := w.do(t, request{path: "/app/again", form: form})
	fresh.wantStatus(t, 200)
	fresh.page(t).one(t, "#chat-1763")
}

func TestALaunchWithoutATokenIsToldToLoadTheCardAgain(t *testing.T) {
	w := installed(t)
	r := w.form(ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`)
	r.form.Del("AUTH_ID")
	a := w.do(t, r)
	a.wantStatus(t, 401)
	a.page(t).says(t, "h1", "Load the card again")
	w.wantRequests(t, 0)
}

func TestALaunchOfAStrangerIsTurnedAwayWithoutARequest(t *testing.T) {
	w := installed(t)
	r := w.form(ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`)
	r.form.Set("member_id", strings.Repeat("f", 32))
	a := w.do(t, r)
	a.wantStatus(t, 403)
	a.page(t).says(t, "h1", "Joinline is not installed yet")
	w.wantRequests(t, 0)
	r.header["Origin"] = "https://evil.test"
	if got := w.do(t, r).policy("frame-ancestors"); got != "'none'" {
		t.Errorf("framed by %q", got)
	}
}

func TestTheBrowserKeepsItsKeyAndAVisitFollowsIt(t *testing.T) {
	w := installed(t)
	a := w.open(t, ivan, "DEAL", "77")
	cookies := a.Cookies()
	if len(cookies) != 1 || cookies[0].Name != cookie || !cookies[0].Partitioned {
		t.Fatalf("cookies %v", cookies)
	}
	form := a.fields(t)
	w.do(t, request{path: "/card/chats", form: form, cookies: cookies}).wantStatus(t, 200)
	w.do(t, request{path: "/card/chats", form: form}).wantStatus(t, 200) // the browser blocks it
	other := w.open(t, ivan, "DEAL", "77").Cookies()
	w.do(t, request{path: "/card/chats", form: form, cookies: other}).wantStatus(t, 401)
	// A second card in the same browser keeps the key.
	r := w.form(ivan, "CRM_CONTACT_DETAIL_TAB", `{"ID":"31"}`)
	r.cookies = []*http.Cookie{cookies[0]}
	second := w.do(t, r)
	if len(second.Cookies()) != 0 {
		t.Errorf("a new key: %v", second.Cookies())
	}
	w.do(t, request{path: "/card/chats", form: second.fields(t), cookies: cookies}).wantStatus(t, 200)
}

func TestWordsAboutAButtonStandBesideItAlone(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	must(t, w.store.Forget(t.Context(), bitrix.MemberID(w.portal.MemberID())))
	a := w.do(t, request{path: "/card/chats", form: f})
	a.wantStatus(t, 403)
	p := a.page(t)
	p.says(t, "h1", "Joinline is not installed yet")
	p.lacks(t, "button")
	if strings.Contains(a.text, "press the button") {
		t.Error("it speaks of a button that is not there")
	}
}
