package handlers

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
)

// browsed is a card that a browser opens which has been here before.
func (w *world) browsed(t *testing.T, user int, kind, id string) (f url.Values, cookies []*http.Cookie) {
	t.Helper()
	cookies = w.open(t, user, kind, id).Cookies()
	r := w.form(user, "CRM_"+kind+"_DETAIL_TAB", `{"ID":"`+id+`"}`)
	r.cookies = cookies
	a := w.do(t, r)
	a.wantStatus(t, 200)
	return a.fields(t), cookies
}

func TestAttackAStolenVisit(t *testing.T) {
	w := installed(t)
	f, cookies := w.browsed(t, ivan, "DEAL", "77")
	f.Set("person", w.find(t, f, "pavel", "23", cookies...))
	_, thiefs := w.browsed(t, pavel, "DEAL", "77")
	for name, c := range map[string][]*http.Cookie{
		"in the thief's browser":                    thiefs,
		"in a program":                              nil,
		"with a cookie of nonsense":                 {{Name: cookie, Value: "nonsense"}},
		"in the frame of another portal, kept from": w.open(t, ivan, "DEAL", "77").Cookies(), // a cookie for each portal: Partitioned
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/card", "/card/chats", "/card/find", "/card/suggest", "/card/presence", "/card/add", "/card/add/one", "/card/add/settle", "/card/remove", "/card/join", "/card/observe", "/card/dialog", "/card/ask", "/card/wish", "/card/unwish"} {
				w.do(t, request{path: path, form: maps.Clone(f), cookies: c}).wantStatus(t, 401)
			}
			w.wantParticipants(t, chatAnn, ivan, ann)
		})
	}
	w.do(t, request{path: "/card/add", form: f, cookies: cookies}).wantStatus(t, 200)
	w.wantParticipants(t, chatAnn, ivan, pavel, ann)
}

// TestAttackAStolenVisitIsNotRenewedByAnotherPerson: a thief has tokens, too,
// but their own.
func TestAttackAStolenVisitIsNotRenewedByAnotherPerson(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	for name, user := range map[string]int{"a colleague": pavel, "an administrator": admin} {
		before := w.held(t)
		pair := w.portal.Token(w.keys.ClientID, user)
		a := w.do(t, request{path: "/visit", form: url.Values{
			"visit": f["visit"], "AUTH_ID": {pair.Access}, "REFRESH_ID": {pair.Refresh}, "AUTH_EXPIRES": {"3600"},
		}})
		if a.StatusCode != 403 {
			t.Errorf("%s: got status %d", name, a.StatusCode)
		}
		if after := w.held(t); after.Tokens[w.viewerKey(ivan)] != before.Tokens[w.viewerKey(ivan)] {
			t.Errorf("%s: the tokens of the visit's person changed", name)
		}
	}
}

func TestAttackAVisitThatWasChanged(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	sealed := f.Get("visit")
	for at := 0; at < len(sealed); at += 7 {
		changed := []byte(sealed)
		changed[at] ^= 1
		f.Set("visit", string(changed))
		a := w.do(t, request{path: "/card/find", form: f, header: map[string]string{"X-Joinline": "1"}})
		// The last letter of base64 may hold bits that mean nothing.
		if a.StatusCode != 400 && at < len(sealed)-4 {
			t.Fatalf("letter %d changed: got status %d", at, a.StatusCode)
		}
	}
	// What another Joinline has sealed is nothing here.
	f.Set("visit", alone(t).sealVisit(t, w.opened(t, sealed).Visit, "b", w.opened(t, sealed).Until))
	w.do(t, request{path: "/card/add", form: f}).wantStatus(t, 400)
}

func TestAttackChoicesOfAnotherPortalsVisit(t *testing.T) {
	w := installed(t)
	other := w.neighbour(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	theirs := w.opened(t, f.Get("visit")).Visit
	theirs.ID, theirs.Member, theirs.Portal = "of the other portal", nobody32, other.URL()
	o := w.server().offers(theirs)
	for name, change := range map[string]func(url.Values){
		"a chat":   func(f url.Values) { f.Set("chat", o.chat(chatIn(chatAnn, app.ChatOpen))) },
		"a person": func(f url.Values) { f.Set("person", o.person(pavel, "Pavel Orlov", "")) },
	} {
		t.Run(name, func(t *testing.T) {
			form := maps.Clone(f)
			form.Set("person", w.offers(t, f.Get("visit")).person(pavel, "Pavel Orlov", ""))
			change(form)
			w.add(t, form).wantStatus(t, 400)
			w.wantParticipants(t, chatAnn, ivan, ann)
			if got := len(other.Participants(chatAnn)); got != 2 {
				t.Errorf("%d people in the other portal's chat", got)
			}
		})
	}
}

// TestAttackAPlantedCookie: whoever managed to plant their own cookie in a
// person's browser has nothing of it once that person signs in.
func TestAttackAPlantedCookie(t *testing.T) {
	w := installed(t)
	planted := w.open(t, pavel, "DEAL", "77").Cookies()
	start := w.do(t, request{path: "/oauth/start", form: url.Values{"to": {"deal/77"}}, cookies: planted})
	back := authorize(t, w.signedIn(t, ivan), start.Header.Get("Location"))
	done := w.do(t, request{method: "GET", path: back.RequestURI(), cookies: start.Cookies()})
	done.wantStatus(t, 303)
	f := w.do(t, request{method: "GET", path: "/card/deal/77", cookies: done.Cookies()}).fields(t)
	for name, cookies := range map[string][]*http.Cookie{"the planted one": planted, "as it was during the sign-in": start.Cookies()} {
		w.do(t, request{method: "GET", path: "/card/deal/77", cookies: cookies}).wantStatus(t, 401)
		if a := w.do(t, request{path: "/card/chats", form: f, cookies: cookies}); a.StatusCode != 401 {
			t.Errorf("%s: got status %d", name, a.StatusCode)
		}
	}
}

// TestAttackAStateMixUp: an attacker begins to sign in and has somebody else
// come back, who would then work as the attacker; or the other way round.
func TestAttackAStateMixUp(t *testing.T) {
	w := installed(t)
	attacker := w.do(t, request{path: "/oauth/start"})
	victim := w.do(t, request{path: "/oauth/start"})
	attackersCode := authorize(t, w.signedIn(t, pavel), attacker.Header.Get("Location"))
	victimsCode := authorize(t, w.signedIn(t, ivan), victim.Header.Get("Location"))
	for name, c := range map[string]struct {
		back    *url.URL
		cookies []*http.Cookie
	}{
		"the attacker's answer in the victim's browser": {attackersCode, victim.Cookies()},
		"the victim's answer in the attacker's browser": {victimsCode, attacker.Cookies()},
		"in a browser that never began":                 {victimsCode, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.do(t, request{method: "GET", path: c.back.RequestURI(), cookies: c.cookies})
			a.wantStatus(t, 400)
			home := w.do(t, request{method: "GET", path: "/", cookies: a.Cookies()})
			home.page(t).says(t, "h1", "Open Joinline from a CRM card")
		})
	}
	// The code of one with the state of the other.
	mixed := victimsCode.Query()
	mixed.Set("code", attackersCode.Query().Get("code"))
	mixed.Set("state", attackersCode.Query().Get("state"))
	w.do(t, request{method: "GET", path: "/app?" + mixed.Encode(), cookies: victim.Cookies()}).wantStatus(t, 400)
}

func TestAttackAWayOutThroughTheSignIn(t *testing.T) {
	w := installed(t)
	for _, to := range []string{
		"//evil.test", "https://evil.test/", "/\\evil.test", "deal/77/../..", "deal/77?x=//evil.test", "deal/77#x", "deal//77", "DEAL/77 ",
		"deal/77\r\nLocation: https://evil.test/", "javascript:alert(1)", "deal/٧٧", "deal/+77", "deal/0x4d",
	} {
		w.do(t, request{path: "/oauth/start", form: url.Values{"to": {to}}}).wantStatus(t, 400)
	}
	// Neither a foreign Host nor anything in the answer leads anywhere else.
	start := w.do(t, request{path: "/oauth/start", form: url.Values{"to": {"deal/77"}}, header: map[string]string{"X-Forwarded-Host": "evil.test", "Forwarded": "host=evil.test"}})
	start.wantStatus(t, 303)
	if got := start.Header.Get("Location"); !strings.HasPrefix(got, w.portal.URL()+"/oauth/authorize/?") || strings.Contains(got, "evil") {
		t.Errorf("led to %q", got)
	}
	back := authorize(t, w.signedIn(t, ivan), start.Header.Get("Location"))
	q := back.Query()
	for _, name := range []string{"to", "return", "redirect_uri", "next", "url"} {
		q.Set(name, "https://evil.test/")
	}
	done := w.do(t, request{method: "GET", path: "/app?" + q.Encode(), cookies: start.Cookies(), header: map[string]string{"X-Forwarded-Host": "evil.test"}})
	done.wantStatus(t, 303)
	if got := done.Header.Get("Location"); got != "/card/deal/77" {
		t.Errorf("led to %q", got)
	}
}

// TestAttackAnotherAuthorisationServerInTheSignIn: the code is traded at a
// server that we know, or nowhere.
func TestAttackAnotherAuthorisationServerInTheSignIn(t *testing.T) {
	w := installed(t)
	for _, host := range elsewhere(t, w) {
		start := w.do(t, request{path: "/oauth/start"})
		back := authorize(t, w.signedIn(t, ivan), start.Header.Get("Location"))
		q := back.Query()
		q.Set("server_domain", host)
		a := w.do(t, request{method: "GET", path: "/app?" + q.Encode(), cookies: start.Cookies()})
		if a.StatusCode < 400 || a.StatusCode >= 500 {
			t.Errorf("%q: got status %d", host, a.StatusCode)
		}
	}
}

// TestAttackTheSameFieldTwice: one reader takes the first value and another the
// last one, so what was checked would not be what is used.
func TestAttackTheSameFieldTwice(t *testing.T) {
	w := installed(t)
	for _, route := range slices.Sorted(maps.Keys(badInputs)) {
		method, _, _ := strings.Cut(route, " ")
		for field := range badInputs[route].good(t, w, "en").form {
			if method != http.MethodPost || field == fieldPerson || field == fieldAnswer {
				continue // several people may be chosen, each sealed
			}
			before := w.held(t)
			for _, other := range []string{"", madeUp, "deal/78"} {
				good := badInputs[route].good(t, w, "en").form.Get(field)
				for _, values := range [][]string{{good, other}, {other, good}, {good, good}} {
					r := badInputs[route].good(t, w, "en")
					r.form[field] = values
					if a := w.do(t, r); a.StatusCode != 400 {
						t.Errorf("%s: %s twice: got status %d", route, field, a.StatusCode)
					}
				}
			}
			if diff := cmp.Diff(before, w.held(t)); diff != "" {
				t.Fatalf("%s: %s twice changed something:\n%s", route, field, diff)
			}
		}
	}
}
