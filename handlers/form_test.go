package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/joinline/joinline/app"
)

// calm checks that an answer is a page for people that tells no inner workings.
func calm(t *testing.T, a answer) {
	t.Helper()
	p := a.page(t)
	if h := p.all("h1"); len(h) != 1 || text(h[0]) == "" {
		t.Errorf("no heading in %s", a.text)
	}
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") || a.Header.Get("X-Request-Id") == "" {
		t.Errorf("headers %v", a.Header)
	}
	wantNoInnerWorkings(t, a)
}

// wantNoInnerWorkings checks what an answer says: everything but sealed values
// and the number of the request, in which any letters may meet.
func wantNoInnerWorkings(t *testing.T, a answer) {
	t.Helper()
	var said strings.Builder
	for n := range a.page(t).root.Descendants() {
		if n.Type == html.TextNode {
			said.WriteString(n.Data + "\n")
		}
		for _, attribute := range n.Attr {
			if !slices.Contains([]string{"value", "data-value", "data-known"}, attribute.Key) {
				said.WriteString(attribute.Val + "\n")
			}
		}
	}
	all := strings.ToLower(said.String())
	if id := a.Header.Get("X-Request-Id"); id != "" {
		all = strings.ReplaceAll(all, id, "")
	}
	for _, inner := range []string{"goroutine", ".go:", "securecookie", "sql", "panic", "<no value>", "error.", "%!", "nil pointer", "bitrix:", "app:"} {
		if strings.Contains(all, inner) {
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
		"a sealed value of another kind": {offer.person(22, "Olga", ""), nil, 400},
		"sealed by another Joinline":     {other.sealVisit(t, visit77, "b", time.Now().Add(time.Hour)), nil, 400},
		"about no item":                  {s.sealVisit(t, nowhere, "b", time.Now().Add(time.Hour)), nil, 400},
		"ended":                          {s.sealVisit(t, visit77, "b", time.Now().Add(-time.Second)), nil, 401},
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/card", "/card/chats", "/card/find", "/card/suggest", "/card/presence", "/card/add", "/card/add/one", "/card/add/settle", "/card/remove", "/card/join", "/card/observe", "/card/dialog", "/card/ask", "/card/wish", "/card/unwish"} {
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
		"a chat of another tab":     {"chat": {theirs.chat(chat)}, "person": {mine.person(22, "Olga", "")}},
		"a person of another tab":   {"chat": {mine.chat(chat)}, "person": {theirs.person(22, "Olga", "")}},
		"a chat as a bare number":   {"chat": {"1763"}, "person": {mine.person(22, "Olga", "")}},
		"a person as a bare number": {"chat": {mine.chat(chat)}, "person": {"22"}},
		"a person for a chat":       {"chat": {mine.person(22, "Olga", "")}, "person": {mine.person(22, "Olga", "")}},
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
		"no chat": {url.Values{"person": {offer.person(22, "Olga", "")}}, "Choose the chat that people shall be added to."},
	} {
		t.Run(name, func(t *testing.T) {
			c.form.Set("visit", visit)
			a := s.do(t, request{path: "/card/add", form: c.form, header: map[string]string{"X-Joinline": "1"}})
			a.wantStatus(t, 400)
			a.page(t).says(t, "#trouble", c.want)
		})
	}
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
