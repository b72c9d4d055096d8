package handlers

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/joinline/joinline/app"
)

// The pages that our own pages post to.
var ownPosts = []string{"/card", "/card/chats", "/card/find", "/card/add", "/visit", "/oauth/start", "/app/again", "/install/again"}

func TestAFormThatIsNoneIsRefusedEverywhere(t *testing.T) {
	s := alone(t)
	visit := s.sealVisit(t, visit77, "b", time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		r    request
		want int
	}{
		"another content type":         {request{body: `{"visit":"x"}`, header: map[string]string{"Content-Type": "application/json"}}, 415},
		"a multipart form":             {request{body: "x", header: map[string]string{"Content-Type": "multipart/form-data; boundary=x"}}, 415},
		"no content type":              {request{body: "visit=x", header: map[string]string{"Content-Type": ""}}, 415},
		"a content type of nonsense":   {request{body: "visit=x", header: map[string]string{"Content-Type": ";;"}}, 415},
		"too large":                    {request{body: "visit=" + strings.Repeat("x", maxForm)}, 413},
		"broken escapes":               {request{body: "visit=%zz"}, 400},
		"a field twice":                {request{form: url.Values{"visit": {visit, visit}, "launch": {"a", "b"}, "to": {"deal/77", "deal/78"}}}, 400},
		"text that is not UTF-8":       {request{form: url.Values{"visit": {visit}, "q": {"\xff"}}}, 400},
		"another site's page":          {request{form: url.Values{"visit": {visit}}, header: map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"}}, 403},
		"another site, an old browser": {request{form: url.Values{"visit": {visit}}, header: map[string]string{"Sec-Fetch-Site": "", "Origin": "https://evil.test"}}, 403},
		"an origin of null":            {request{form: url.Values{"visit": {visit}}, header: map[string]string{"Sec-Fetch-Site": "", "Origin": "null"}}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range ownPosts {
				c.r.path = path
				a := s.do(t, c.r)
				if a.StatusCode != c.want {
					t.Errorf("%s: got %d, want %d", path, a.StatusCode, c.want)
				}
				calm(t, a)
			}
		})
	}
}

// calm checks that an answer is a page for people that frames nothing and
// tells no inner workings.
func calm(t *testing.T, a answer) {
	t.Helper()
	p := a.page(t)
	if h := p.all("h1"); len(h) != 1 || text(h[0]) == "" {
		t.Errorf("no heading in %s", a.text)
	}
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") || a.Header.Get("X-Request-Id") == "" {
		t.Errorf("headers %v", a.Header)
	}
	for _, inner := range []string{"goroutine", ".go:", "securecookie", "sqlite", "panic", "<no value>", "error."} {
		if strings.Contains(a.text, inner) {
			t.Errorf("the page tells %q: %s", inner, a.text)
		}
	}
}

func TestAVisitThatIsNotOursIsRefused(t *testing.T) {
	s, other := alone(t), alone(t)
	good := s.sealVisit(t, visit77, "b", time.Now().Add(time.Hour))
	nowhere := visit77
	nowhere.Item = app.Visit{}.Item
	offer := (&server{seals: newSeals(s.key)}).offers(visit77)
	for name, c := range map[string]struct {
		visit  string
		header map[string]string
		want   int
	}{
		"missing":                        {"", nil, 400},
		"nonsense":                       {"nonsense", nil, 400},
		"cut short":                      {good[:len(good)-4], nil, 400},
		"a sealed value of another kind": {offer.person(22, "Olga"), nil, 400},
		"sealed by another Joinline":     {other.sealVisit(t, visit77, "b", time.Now().Add(time.Hour)), nil, 400},
		"about no item":                  {s.sealVisit(t, nowhere, "b", time.Now().Add(time.Hour)), nil, 400},
		"two that differ":                {good, map[string]string{"X-Joinline-Visit": "other"}, 400},
		"ended":                          {s.sealVisit(t, visit77, "b", time.Now().Add(-time.Second)), nil, 401},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/card", "/card/chats", "/card/find", "/card/add"} {
				a := s.do(t, request{path: path, form: url.Values{"visit": {c.visit}}, header: c.header})
				if a.StatusCode != c.want {
					t.Errorf("%s: got %d, want %d", path, a.StatusCode, c.want)
				}
				calm(t, a)
			}
		})
	}
}

func TestChoicesOfAnotherVisitAreRefused(t *testing.T) {
	s := alone(t)
	other := visit77
	other.ID = "another"
	mine := (&server{seals: newSeals(s.key)}).offers(visit77)
	theirs := (&server{seals: newSeals(s.key)}).offers(other)
	chat := chatIn(1763, app.ChatOpen)
	visit := s.sealVisit(t, visit77, "b", time.Now().Add(time.Hour))
	for name, form := range map[string]url.Values{
		"a chat of another tab":     {"chat": {theirs.chat(chat)}, "person": {mine.person(22, "Olga")}},
		"a person of another tab":   {"chat": {mine.chat(chat)}, "person": {theirs.person(22, "Olga")}},
		"a chat as a bare number":   {"chat": {"1763"}, "person": {mine.person(22, "Olga")}},
		"a person as a bare number": {"chat": {mine.chat(chat)}, "person": {"22"}},
		"a person for a chat":       {"chat": {mine.person(22, "Olga")}, "person": {mine.person(22, "Olga")}},
	} {
		t.Run(name, func(t *testing.T) {
			form.Set("visit", visit)
			for _, pieces := range []string{"", "1"} {
				a := s.do(t, request{path: "/card/add", form: form, header: map[string]string{"X-Joinline": pieces}})
				a.wantStatus(t, 400)
			}
		})
	}
}

func TestNothingIsAskedOfThePortalWhenTheChoiceIsIncomplete(t *testing.T) {
	s := alone(t)
	offer := (&server{seals: newSeals(s.key)}).offers(visit77)
	visit := s.sealVisit(t, visit77, "b", time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		form url.Values
		want string
	}{
		"nobody":  {url.Values{"chat": {offer.chat(chatIn(1763, app.ChatOpen))}}, "Choose at least one colleague, then add."},
		"no chat": {url.Values{"person": {offer.person(22, "Olga")}}, "Choose the chat that people shall be added to."},
	} {
		t.Run(name, func(t *testing.T) {
			c.form.Set("visit", visit)
			a := s.do(t, request{path: "/card/add", form: c.form, header: map[string]string{"X-Joinline": "1"}})
			a.wantStatus(t, 400)
			a.page(t).says(t, "#trouble", c.want)
		})
	}
}

func TestAQueryThatIsTooLongIsRefused(t *testing.T) {
	s := alone(t)
	visit := s.sealVisit(t, visit77, "b", time.Now().Add(time.Hour))
	a := s.do(t, request{path: "/card/find", form: url.Values{"visit": {visit}, "q": {strings.Repeat("ж", maxQuery+1)}}, header: map[string]string{"X-Joinline": "1"}})
	a.wantStatus(t, 400)
}

func TestRenewingWantsTokens(t *testing.T) {
	s := alone(t)
	token := strings.Repeat("a1", 20)
	good := url.Values{"AUTH_ID": {token}, "REFRESH_ID": {token}, "AUTH_EXPIRES": {"3600"}}
	for name, change := range map[string]func(url.Values){
		"no access token":        func(f url.Values) { f.Del("AUTH_ID") },
		"no refresh token":       func(f url.Values) { f.Del("REFRESH_ID") },
		"a token of odd letters": func(f url.Values) { f.Set("AUTH_ID", token+"'") },
		"a token too long":       func(f url.Values) { f.Set("AUTH_ID", strings.Repeat("a", 201)) },
		"no expiry":              func(f url.Values) { f.Del("AUTH_EXPIRES") },
		"an expiry of words":     func(f url.Values) { f.Set("AUTH_EXPIRES", "soon") },
		"an expiry in the past":  func(f url.Values) { f.Set("AUTH_EXPIRES", "-1") },
	} {
		t.Run(name, func(t *testing.T) {
			form := url.Values{"visit": {s.sealVisit(t, visit77, "b", time.Now())}}
			for k, v := range good {
				form[k] = v
			}
			change(form)
			s.do(t, request{path: "/visit", form: form}).wantStatus(t, 400)
		})
	}
	old := url.Values{"visit": {s.sealVisit(t, visit77, "b", time.Now().Add(-25*time.Hour))}}
	for k, v := range good {
		old[k] = v
	}
	s.do(t, request{path: "/visit", form: old}).wantStatus(t, 401)
}

func TestAVisitOfAnotherBrowserHasEnded(t *testing.T) {
	s := alone(t)
	srv := &server{seals: newSeals(s.key), sessions: newSessions(s.key)}
	cookie := browserCookie(t, srv)
	visit := s.sealVisit(t, visit77, "the key of another browser", time.Now().Add(time.Hour))
	form := url.Values{"visit": {visit}}
	s.do(t, request{path: "/card/find", form: form, cookies: []*http.Cookie{cookie}, header: map[string]string{"X-Joinline": "1"}}).wantStatus(t, 401)
	// A browser that blocks the cookie shows none, and a cookie that is not ours is none.
	s.do(t, request{path: "/card/find", form: form, header: map[string]string{"X-Joinline": "1"}}).wantStatus(t, 200)
	cookie.Value = "nonsense"
	s.do(t, request{path: "/card/find", form: form, cookies: []*http.Cookie{cookie}, header: map[string]string{"X-Joinline": "1"}}).wantStatus(t, 200)
}
