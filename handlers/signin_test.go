package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// authorize follows the portal's authorisation page to where it sends the
// browser back.
func authorize(t *testing.T, browser *http.Client, address string) *url.URL {
	t.Helper()
	res, err := browser.Get(address)
	must(t, err)
	res.Body.Close()
	back, err := res.Location()
	must(t, err)
	return back
}

func TestSigningInFromOutsideLeadsBackToTheCard(t *testing.T) {
	w := installed(t)
	start := w.do(t, request{method: "GET", path: "/card/deal/77"})
	start.wantStatus(t, 401)
	p := start.page(t)
	p.says(t, "button", "Sign in with Bitrix24")
	if got := start.policy("form-action"); !strings.Contains(got, w.portal.URL()) {
		t.Errorf("the form may lead to %q, so not to the portal", got)
	}
	began := w.do(t, request{path: p.attr(t, "form", "action"), form: url.Values{"to": {p.attr(t, "form input[name=to]", "value")}}})
	began.wantStatus(t, 303)
	jar := began.Cookies()
	back := authorize(t, w.signedIn(t, ivan), began.Header.Get("Location"))
	if !strings.HasPrefix(back.String(), publicURL+"/app?") {
		t.Fatalf("sent back to %s", back)
	}

	// In another browser the same answer is worth nothing.
	w.do(t, request{method: "GET", path: back.RequestURI()}).wantStatus(t, 400)

	done := w.do(t, request{method: "GET", path: back.RequestURI(), cookies: jar})
	done.wantStatus(t, 303)
	if got := done.Header.Get("Location"); got != "/card/deal/77" {
		t.Errorf("led to %q", got)
	}
	in := done.Cookies()
	card := w.do(t, request{method: "GET", path: "/card/deal/77", cookies: in})
	card.wantStatus(t, 200)
	card.page(t).one(t, "#chat-1763")
	if got := card.policy("frame-ancestors"); got != "'none'" {
		t.Errorf("framed by %q", got)
	}
	f := card.fields(t)
	f.Set("person", w.find(t, f, "pavel", "23", in...))
	w.do(t, request{path: "/card/add", form: f, cookies: in}).wantStatus(t, 200)
	w.wantParticipants(t, chatAnn, ivan, pavel, ann)

	// The state is good once, and the sign-in is not undone by trying.
	w.do(t, request{method: "GET", path: back.RequestURI(), cookies: in}).wantStatus(t, 400)
	home := w.do(t, request{method: "GET", path: "/", cookies: in})
	home.page(t).says(t, "h1", "You are signed in")
}

func TestAForeignStateIsRefused(t *testing.T) {
	w := installed(t)
	start := w.do(t, request{path: "/oauth/start"})
	start.wantStatus(t, 303)
	back := authorize(t, w.signedIn(t, ivan), start.Header.Get("Location"))
	q := back.Query()
	q.Set("state", "somebody else's")
	a := w.do(t, request{method: "GET", path: "/app?" + q.Encode(), cookies: start.Cookies()})
	a.wantStatus(t, 400)
	// And the right one is spent by that.
	spent := a.Cookies()
	w.do(t, request{method: "GET", path: back.RequestURI(), cookies: spent}).wantStatus(t, 400)
}

func TestACodeThatWasUsedIsRefusedCalmly(t *testing.T) {
	w := installed(t)
	start := w.do(t, request{path: "/oauth/start"})
	back := authorize(t, w.signedIn(t, ivan), start.Header.Get("Location"))
	q := back.Query()
	q.Set("code", strings.Repeat("0", 32))
	a := w.do(t, request{method: "GET", path: "/app?" + q.Encode(), cookies: start.Cookies()})
	a.wantStatus(t, 400)
	a.page(t).says(t, "h1", "Sign-in did not succeed")
	calm(t, a)
}

func TestAPersonWhoMayNotReadTheItemIsToldSo(t *testing.T) {
	w := installed(t)
	start := w.do(t, request{path: "/oauth/start", form: url.Values{"to": {"deal/78"}}})
	back := authorize(t, w.signedIn(t, ivan), start.Header.Get("Location"))
	done := w.do(t, request{method: "GET", path: back.RequestURI(), cookies: start.Cookies()})
	done.wantStatus(t, 303)
	a := w.do(t, request{method: "GET", path: "/card/deal/78", cookies: done.Cookies()})
	a.wantStatus(t, 403)
	a.page(t).says(t, "h1", "You have no access to this card")
}

// second is another portal with a registration of its own, and installed.
func (w *world) second(t *testing.T) (*bitrixtest.Portal, bitrixtest.Credentials) {
	t.Helper()
	p := bitrixtest.NewPortalWith(t, bitrixtest.Options{Auth: w.portal.Auth(), MemberID: nobody32})
	w.others = append(w.others, p.URL())
	keys := p.Register(bitrixtest.App{
		Name: "Joinline", HandlerURL: publicURL + "/app", InstallURL: publicURL + "/install",
		Scopes: []string{"crm", "placement", "im", "imopenlines", "user"},
	})
	must(t, w.store.SaveRegistration(t.Context(), app.Registration{ClientID: keys.ClientID, ClientSecret: bitrix.Secret(keys.ClientSecret)}))
	l := p.Launch(keys.ClientID, admin, "DEFAULT", "")
	w.do(t, w.posted(l.URL, l.Form)).wantStatus(t, 200)
	must(t, p.FinishInstall(keys.ClientID))
	return p, keys
}

func TestSigningInWhereSeveralPortalsAreInstalledAsksForOne(t *testing.T) {
	w := installed(t)
	other, keys := w.second(t)
	start := w.do(t, request{method: "GET", path: "/card/deal/77"})
	start.wantStatus(t, 401)
	p := start.page(t)
	p.one(t, "form input[name=portal][required]")
	for _, portal := range []string{w.portal.URL(), other.URL()} {
		if strings.Contains(start.text, hostOf(portal)) || strings.Contains(start.policy("form-action"), hostOf(portal)) {
			t.Errorf("the page names %s, which is nobody's business", portal)
		}
	}
	for name, portal := range map[string]string{"none": "", "one that nobody installed": "evil.test", "nonsense": "http://[", "a way out": "//evil.test"} {
		a := w.do(t, request{path: "/oauth/start", form: url.Values{"to": {"deal/77"}, "portal": {portal}}})
		a.wantStatus(t, 400)
		q := a.page(t)
		q.says(t, "h1", "Which Bitrix24 is yours?")
		q.one(t, "form input[name=portal]")
		if got := q.attr(t, "form input[name=to]", "value"); got != "deal/77" {
			t.Errorf("%s: leads to %q", name, got)
		}
	}
	began := w.do(t, request{path: "/oauth/start", form: url.Values{"to": {"deal/77"}, "portal": {" " + strings.ToUpper(hostOf(other.URL()))}}})
	began.wantStatus(t, 303)
	if got := began.Header.Get("Location"); !strings.HasPrefix(got, other.URL()+"/oauth/authorize/?") || !strings.Contains(got, keys.ClientID) {
		t.Fatalf("led to %q", got)
	}
	state, err := url.Parse(began.Header.Get("Location"))
	must(t, err)
	back := func(p *bitrixtest.Portal, clientID string) string {
		return "/app?" + url.Values{"state": {state.Query().Get("state")}, "code": {p.Code(clientID, ivan)}, "member_id": {p.MemberID()},
			"domain": {p.Domain()}, "server_domain": {hostOf(p.AuthURL())}}.Encode()
	}
	// The state is of the one portal, the code of the other.
	mixed := w.do(t, request{method: "GET", path: back(w.portal, w.keys.ClientID), cookies: began.Cookies()})
	mixed.wantStatus(t, 400)
	w.do(t, request{method: "GET", path: "/card/deal/77", cookies: mixed.Cookies()}).wantStatus(t, 401)

	done := w.do(t, request{method: "GET", path: back(other, keys.ClientID), cookies: began.Cookies()})
	done.wantStatus(t, 303)
	w.portal.ResetRequests()
	card := w.do(t, request{method: "GET", path: done.Header.Get("Location"), cookies: done.Cookies()})
	card.wantStatus(t, 200)
	card.page(t).one(t, "#chat-1763")
	w.wantRequests(t, 0) // all of it is the other portal's
}
