package handlers

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// neighbour is a second portal, on which Joinline is installed as well.
func (w *world) neighbour(t *testing.T) *bitrixtest.Portal {
	t.Helper()
	p := bitrixtest.NewPortalWith(t, bitrixtest.Options{Auth: w.portal.Auth(), MemberID: nobody32})
	w.others = append(w.others, p.URL())
	must(t, w.store.SaveInstallation(t.Context(), app.Installation{
		Member: nobody32, Portal: p.URL(), Endpoint: p.RESTURL(), Server: p.AuthURL(), ClientID: w.keys.ClientID, Installer: admin,
		ApplicationToken: madeUp,
	}, bitrix.Token{Access: madeUp, Refresh: madeUp, MemberID: nobody32}))
	return p
}

// wantNoCard checks that an answer shows nothing of any card and gives no visit.
func (a answer) wantNoCard(t *testing.T) {
	t.Helper()
	p := a.page(t)
	p.lacks(t, "#chats")
	p.lacks(t, "input[name=visit]")
	if len(a.Cookies()) > 0 {
		t.Errorf("it set cookies: %v", a.Cookies())
	}
}

func TestAttackALaunchInTheNameOfAnotherPortal(t *testing.T) {
	w := installed(t)
	other := w.neighbour(t)
	before := w.held(t)
	for _, path := range []string{"/app", "/install"} {
		r := goodLaunch(t, w, "en")
		r.path = strings.Replace(r.path, "/app?", path+"?", 1)
		r.form.Set("member_id", other.MemberID())
		a := w.do(t, r)
		if a.StatusCode != 401 && a.StatusCode != 403 {
			t.Errorf("%s: got status %d", path, a.StatusCode)
		}
		a.wantNoCard(t)
	}
	if diff := cmp.Diff(before, w.held(t)); diff != "" {
		t.Errorf("something was changed:\n%s", diff)
	}
}

func TestAttackATokenOfOnePortalSentForAnother(t *testing.T) {
	w := installed(t)
	other := w.neighbour(t)
	keys := other.Register(bitrixtest.App{Name: "Joinline", HandlerURL: publicURL + "/app", Scopes: []string{"crm", "imopenlines"}})
	for _, path := range []string{"/app", "/install"} {
		r := goodLaunch(t, w, "en")
		r.path = strings.Replace(r.path, "/app?", path+"?", 1)
		pair := other.Token(keys.ClientID, admin)
		r.form.Set("AUTH_ID", pair.Access)
		r.form.Set("REFRESH_ID", pair.Refresh)
		before := w.held(t)
		a := w.do(t, r)
		if a.StatusCode != 401 && a.StatusCode != 403 {
			t.Errorf("%s: got status %d", path, a.StatusCode)
		}
		a.wantNoCard(t)
		if diff := cmp.Diff(before, w.held(t)); diff != "" {
			t.Errorf("something was changed:\n%s", diff)
		}
	}
}

func TestAttackATokenOfAnotherApplicationOfThePortal(t *testing.T) {
	w := installed(t)
	keys := w.portal.Register(bitrixtest.App{Name: "Another", HandlerURL: "http://another.localhost/app", Scopes: []string{"crm", "imopenlines", "placement", "im", "user"}})
	for _, path := range []string{"/app", "/install"} {
		l := w.portal.Launch(keys.ClientID, admin, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`)
		before := w.held(t)
		a := w.do(t, w.posted(strings.Replace(l.URL, "http://another.localhost/app", publicURL+path, 1), l.Form))
		a.wantStatus(t, 403)
		a.wantNoCard(t)
		if diff := cmp.Diff(before, w.held(t)); diff != "" {
			t.Errorf("%s changed something:\n%s", path, diff)
		}
	}
}

// trap is a server on this machine that nobody may ever call.
func trap(t *testing.T) (origin string) {
	t.Helper()
	var calls atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(func() {
		s.Close()
		if n := calls.Load(); n > 0 {
			t.Errorf("the trap was called %d times", n)
		}
	})
	return s.URL
}

// elsewhere are hosts to which an attacker would like us to send a token, or
// just a request.
func elsewhere(t *testing.T, w *world) []string {
	t.Helper()
	trapped := hostOf(trap(t))
	_, port, _ := strings.Cut(trapped, ":")
	return []string{
		"evil.test", "evil.test:443", trapped, "localhost:" + port, "[::1]:" + port, "0.0.0.0:" + port, "0x7f000001:" + port, "2130706433:" + port,
		"127.1:" + port, "169.254.169.254", "10.0.0.1", "192.168.0.1:8080", "metadata.google.internal",
		w.portal.Domain() + "@" + trapped, "user:password@" + trapped, trapped + "#" + w.portal.Domain(), trapped + "?" + w.portal.Domain(),
		trapped + "/" + w.portal.Domain(), w.portal.Domain() + ".evil.test", w.portal.Domain() + "%2eevil.test", "%31%32%37.0.0.1:" + port,
		"рortal.localhost", "xn--ortal-5ve.localhost", "portal.localhost.", "\tportal.localhost", "evil.test\r\nHost: portal.localhost", `evil.test\@portal.localhost`,
	}
}

func TestAttackAddressesInALaunchLeadNowhere(t *testing.T) {
	w := installed(t)
	before := w.held(t)
	for _, host := range elsewhere(t, w) {
		for _, spoil := range []func(*request){
			inAddress("DOMAIN", host),
			set("SERVER_ENDPOINT", "https://"+host+"/rest/"),
			set("SERVER_ENDPOINT", "http://"+host+"/rest/"),
		} {
			install := goodInstallation(t, w, "en")
			spoil(&install)
			if a := w.do(t, install); a.StatusCode < 400 || a.StatusCode >= 500 {
				t.Errorf("an installation with %q: got status %d", host, a.StatusCode)
			}
		}
		if diff := cmp.Diff(before, w.held(t)); diff != "" {
			t.Fatalf("%q changed something:\n%s", host, diff)
		}
	}
	// A card opens by what was proven before, whatever a launch says: or not at all.
	for _, host := range elsewhere(t, w) {
		for _, spoil := range []func(*request){inAddress("DOMAIN", host), set("SERVER_ENDPOINT", "https://"+host+"/rest/")} {
			launch := goodLaunch(t, w, "en")
			spoil(&launch)
			a := w.do(t, launch)
			if a.StatusCode >= 500 {
				t.Errorf("a launch with %q: got status %d", host, a.StatusCode)
			}
			if framed := a.policy("frame-ancestors"); framed != w.portal.URL() && framed != "'none'" {
				t.Errorf("a launch with %q: framed by %q", host, framed)
			}
		}
	}
	// That nobody else was asked is checked at the end of every test.
}

func TestAttackAddressesInAnEventLeadNowhere(t *testing.T) {
	w := installed(t)
	pair := w.portal.Token(w.keys.ClientID, admin)
	before := w.held(t)
	for _, host := range elsewhere(t, w) {
		for _, address := range []string{"https://" + host + "/rest/", "http://" + host + "/rest/"} {
			r := goodEvent(t, w, "en")
			r.form.Set("auth[access_token]", pair.Access)
			r.form.Set("auth[application_token]", madeUp32) // not known, so the token would have to prove it
			r.form.Set("auth[server_endpoint]", address)
			if a := w.do(t, r); a.StatusCode < 400 || a.StatusCode >= 500 {
				t.Errorf("a server at %q: got status %d", address, a.StatusCode)
			}
			r.form.Set("auth[application_token]", w.keys.ApplicationToken)
			r.form.Del("auth[server_endpoint]")
			r.form.Set("auth[client_endpoint]", address)
			if a := w.do(t, r); a.StatusCode >= 500 {
				t.Errorf("a portal at %q: got status %d", address, a.StatusCode)
			}
		}
	}
	if diff := cmp.Diff(before, w.held(t)); diff != "" {
		t.Errorf("something was changed:\n%s", diff)
	}
}

func TestAttackARedirectTakesNoTokenAlong(t *testing.T) {
	for _, method := range []string{"*", "batch", "app.info@oauth"} {
		for _, status := range []int{302, 307} {
			w := installed(t)
			w.portal.Fail(bitrixtest.Fault{Method: method, Kind: bitrixtest.FaultRedirect, Status: status, Location: trap(t), Times: -1})
			for _, r := range []request{goodLaunch(t, w, "en"), goodInstallation(t, w, "en")} {
				before := w.held(t)
				a := w.do(t, r)
				if a.StatusCode >= 400 && a.StatusCode != 502 {
					t.Errorf("%s, %d: got status %d", method, status, a.StatusCode)
				}
				if diff := cmp.Diff(before, w.held(t)); a.StatusCode >= 400 && diff != "" {
					t.Errorf("something was changed:\n%s", diff)
				}
			}
		}
	}
}

func TestAttackAReplayedLaunch(t *testing.T) {
	w := installed(t)
	r := goodLaunch(t, w, "en")
	mine := w.do(t, r)
	mine.wantStatus(t, 200)
	theirs := w.do(t, r)
	theirs.wantStatus(t, 200) // as when the frame is loaded again

	// The second one is another visit: what was chosen in the one is not in the other.
	f, g := mine.fields(t), theirs.fields(t)
	g.Set("chat", f.Get("chat"))
	w.do(t, request{path: "/card/chats", form: g}).wantStatus(t, 400)
	w.do(t, request{path: "/card/chats", form: f, cookies: theirs.Cookies()}).wantStatus(t, 401)

	// An hour later what was copied is worth nothing, and what is kept stays.
	fresh := w.do(t, goodLaunch(t, w, "en"))
	fresh.wantStatus(t, 200)
	refresh := bitrix.Token{Refresh: bitrix.Secret(r.form.Get("REFRESH_ID")), Server: w.portal.AuthURL()}
	_, err := w.bitrix.Refresh(t.Context(), refresh)
	must(t, err)
	before := w.held(t)
	late := w.do(t, r)
	late.wantStatus(t, 401)
	late.wantNoCard(t)
	if diff := cmp.Diff(before, w.held(t)); diff != "" {
		t.Errorf("something was changed:\n%s", diff)
	}
}

// TestAttackALaunchPostedByAnotherSite: an attacker's page posts the attacker's
// own launch in somebody else's browser, who would then work in their name.
func TestAttackALaunchPostedByAnotherSite(t *testing.T) {
	w := installed(t)
	for name, c := range map[string]struct {
		change func(*request)
		want   int
	}{
		"another site":                        {header("Origin", "https://evil.test"), 403},
		"another site that says it is itself": {both(header("Origin", "http://evil.test"), inAddress("DOMAIN", "evil.test")), 403},
		"a site that hides":                   {both(header("Origin", "null"), header("Sec-Fetch-Dest", "document")), 403},
		"the portal":                          {header("Origin", w.portal.URL()), 200},
		"the portal, hiding, into its frame":  {header("Origin", "null"), 200},
		"the frame that is loaded again":      {both(header("Origin", publicURL), header("Sec-Fetch-Site", "same-origin")), 200},
	} {
		t.Run(name, func(t *testing.T) {
			for _, placement := range []string{"CRM_DEAL_DETAIL_TAB", "DEFAULT"} {
				r := w.form(ivan, placement, `{"ID":"77"}`)
				c.change(&r)
				a := w.do(t, r)
				a.wantStatus(t, c.want)
				calm(t, a)
				if c.want != 200 {
					a.wantNoCard(t)
				}
				if got := a.policy("frame-ancestors"); got != w.portal.URL() {
					t.Errorf("framed by %q, want the portal alone", got)
				}
			}
		})
	}
}

func TestAttackAPageInAnotherPortalsFrame(t *testing.T) {
	w := installed(t)
	other := w.neighbour(t)
	// The other portal's page posts a launch of this one into its own frame.
	r := goodLaunch(t, w, "en")
	r.header["Origin"] = other.URL()
	address(func(q url.Values) { q.Set("DOMAIN", other.Domain()) })(&r)
	a := w.do(t, r)
	a.wantStatus(t, 403)
	if got := a.policy("frame-ancestors"); got != w.portal.URL() {
		t.Errorf("framed by %q, want %q alone", got, w.portal.URL())
	}
	// Every page of a card names its portal and nobody else.
	card := w.do(t, goodLaunch(t, w, "en"))
	for _, r := range []request{
		{path: "/card", form: card.fields(t)}, {path: "/card/add", form: card.fields(t)},
		{path: "/card/chats", form: card.fields(t), header: map[string]string{"X-Joinline": "1"}},
	} {
		if got := w.do(t, r).policy("frame-ancestors"); got != w.portal.URL() {
			t.Errorf("%s: framed by %q, want %q alone", r.path, got, w.portal.URL())
		}
	}
	// Pages outside of any portal are framed by nobody.
	for _, path := range []string{"/", "/app", "/install", "/card/deal/77", "/nothing"} {
		if got := w.do(t, request{method: "GET", path: path}).policy("frame-ancestors"); got != "'none'" {
			t.Errorf("%s: framed by %q, want nobody", path, got)
		}
	}
}

func TestAttackAnotherItemInTheLaunch(t *testing.T) {
	w := installed(t)
	before := w.held(t)
	for _, options := range []string{`{"ID":"78"}`, `{"ID":"78","URI":"/crm/deal/details/77/"}`, `{"ENTITY_ID":"78"}`} {
		a := w.launch(t, ivan, "CRM_DEAL_DETAIL_TAB", options)
		a.wantStatus(t, 403)
		a.wantNoCard(t)
	}
	// With a form of a card one may read it is no better.
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	f.Set("person", w.find(t, f, "pavel", "23"))
	theirs := w.open(t, admin, "DEAL", "78").fields(t)
	chat := chatIn(1780, app.ChatOpen)
	chat.Owner = bitrix.CRMItem{Type: bitrix.Deal, ID: 78}
	for name, change := range map[string]func(url.Values){
		"an item beside the visit":      func(f url.Values) { f.Set("ID", "78"); f.Set("PLACEMENT_OPTIONS", `{"ID":"78"}`) },
		"a chat of the other card":      func(f url.Values) { f.Set("chat", w.offers(t, theirs.Get("visit")).chat(chat)) },
		"a chat of the other card here": func(f url.Values) { f.Set("chat", w.offers(t, f.Get("visit")).chat(chat)) },
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{"visit": f["visit"], "chat": f["chat"], "person": f["person"]}
			change(form)
			w.add(t, form)
			w.wantParticipants(t, 1780, 433)
		})
	}
	after := w.held(t)
	if before.Installations[0] != after.Installations[0] {
		t.Error("the installation changed")
	}
}
