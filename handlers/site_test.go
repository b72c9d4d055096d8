package handlers

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

// browserCookie is the cookie of a browser that has been here.
func browserCookie(t *testing.T, s *server) *http.Cookie {
	t.Helper()
	rec := httptest.NewRecorder()
	c := echo.New().NewContext(httptest.NewRequest(http.MethodGet, "/", nil), rec)
	_, _, err := s.browser(c)
	must(t, err)
	return rec.Result().Cookies()[0]
}

func TestTheCookieIsTiedToOurHostAndThePortalAroundIt(t *testing.T) {
	s := alone(t)
	c := browserCookie(t, &server{sessions: newSessions(s.key)})
	if c.Name != "__Host-joinline" || !c.Secure || !c.HttpOnly || !c.Partitioned || c.SameSite != http.SameSiteNoneMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("got %v", c)
	}
}

func TestUnknownAddressesAndMethods(t *testing.T) {
	s := alone(t)
	for _, c := range []struct {
		method, path string
		want         int
		allow        string
	}{
		{"GET", "/no-such-page", 404, ""},
		{"GET", "/card/deal/0", 404, ""}, {"GET", "/card/deal/077", 404, ""}, {"GET", "/card/deal/-1", 404, ""},
		{"GET", "/card/invoice/1", 404, ""}, {"GET", "/card/deal/99999999999999999999", 404, ""},
		{"GET", "/static/x/no-such.js", 404, ""}, {"GET", "/static/x/..%2fgo.mod", 404, ""},
		{"GET", "/card/add", 405, "POST"}, {"PUT", "/app", 405, "GET"},
		{"DELETE", "/events", 405, "POST"}, {"POST", "/healthz", 405, "GET"},
	} {
		a := s.do(t, request{method: c.method, path: c.path, header: map[string]string{"Sec-Fetch-Site": "same-origin"}})
		if a.StatusCode != c.want || !strings.Contains(a.Header.Get("Allow"), c.allow) {
			t.Errorf("%s %s: got %d, Allow %q", c.method, c.path, a.StatusCode, a.Header.Get("Allow"))
		}
		calm(t, a)
	}
}

func TestPagesSpeakTheBrowsersLanguageBeforeAnythingElseIsKnown(t *testing.T) {
	s := alone(t)
	for lang, want := range map[string]string{"ru-RU,ru;q=0.9": "Такой страницы нет", "de": "Diese Seite gibt es nicht", "nl": "There is no such page", "": "There is no such page"} {
		a := s.do(t, request{method: "GET", path: "/nothing", header: map[string]string{"Accept-Language": lang}})
		a.page(t).says(t, "h1", want)
	}
	a := s.do(t, request{method: "GET", path: "/nothing?LANG=ru"})
	if p := a.page(t); attr(p.one(t, "html"), "lang") != "ru" {
		t.Errorf("a launch's language is not spoken: %s", a.text)
	}
}

func TestWhoeverLeftBeforeTheAnswerIsNoFaultOfOurs(t *testing.T) {
	s := alone(t)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, "GET", publicURL+"/nothing", nil))
	if rec.Code != http.StatusNotFound || strings.Contains(s.log.String(), "ERROR") {
		t.Errorf("it ended with %d and in the log with\n%s", rec.Code, s.log)
	}
}

func TestReadinessFollowsTheDatabase(t *testing.T) {
	s := alone(t)
	get := func(path string) answer { return s.do(t, request{method: "GET", path: path}) }
	get("/readyz").wantStatus(t, 200)
	must(t, s.store.Close())
	get("/readyz").wantStatus(t, 503)
	get("/healthz").wantStatus(t, 200)
}

func TestMonitorsMayAskByHead(t *testing.T) {
	s := alone(t)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for path, want := range map[string]int{"/": 200, "/healthz": 200, "/readyz": 200, "/app": 405} {
		a, err := http.Head(server.URL + path)
		must(t, err)
		text, err := io.ReadAll(a.Body)
		must(t, errors.Join(err, a.Body.Close()))
		if a.StatusCode != want || len(text) > 0 {
			t.Errorf("HEAD %s: got %d and %q", path, a.StatusCode, text)
		}
	}
}

// asset is the address of a static file, as the pages name it.
func (s *site) asset(t *testing.T, name string) string {
	t.Helper()
	return newAssets(os.DirFS("../static")).path + name
}

func TestAssetsAreKeptForEverUnderTheirContent(t *testing.T) {
	s := alone(t)
	for name, kind := range map[string]string{"card.js": "text/javascript; charset=utf-8", "joinline.css": "text/css; charset=utf-8", "joinline.svg": "image/svg+xml"} {
		want, err := os.ReadFile("../static/" + name)
		must(t, err)
		plain := s.do(t, request{method: "GET", path: s.asset(t, name)})
		plain.wantStatus(t, 200)
		if plain.text != string(want) || plain.Header.Get("Content-Type") != kind || !strings.Contains(plain.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %v", name, plain.Header)
		}
		packed := s.do(t, request{method: "GET", path: s.asset(t, name), header: map[string]string{"Accept-Encoding": "gzip, br"}})
		z, err := gzip.NewReader(strings.NewReader(packed.text))
		must(t, err)
		got, err := io.ReadAll(z)
		must(t, err)
		if string(got) != string(want) || packed.Header.Get("Content-Encoding") != "gzip" || packed.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s, compressed: %v", name, packed.Header)
		}
	}
	old := s.do(t, request{method: "GET", path: "/static/0000000000000000/card.js"})
	old.wantStatus(t, 200)
	if got := old.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("another version's file may be kept: %q", got)
	}
}

func TestPagesAreCompressedAndNotKept(t *testing.T) {
	a := alone(t).do(t, request{method: "GET", path: "/", header: map[string]string{"Accept-Encoding": "gzip"}})
	a.wantStatus(t, 200)
	if a.Header.Get("Content-Encoding") != "gzip" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.Header)
	}
}

func TestAPanicIsACalmPageAndAStackInTheLog(t *testing.T) {
	book := alone(t)
	s := &server{log: slogTo(book.log), assets: newAssets(os.DirFS("../static"))}
	e := echo.New()
	e.HTTPErrorHandler = s.fail
	e.Use(s.observe, s.headers, recoverPanic)
	e.GET("/", func(echo.Context) error { panic("boom") })
	book.Handler = e
	a := book.do(t, request{method: "GET", path: "/"})
	a.wantStatus(t, 500)
	calm(t, a)
	id := a.Header.Get("X-Request-Id")
	a.page(t).says(t, ".request", id)
	if log := book.log.String(); !strings.Contains(log, "boom") || !strings.Contains(log, "site_test.go") || !strings.Contains(log, id) {
		t.Errorf("log: %s", log)
	}
}

func TestTheFirstLoadIsSmall(t *testing.T) {
	size, all := 0, newAssets(os.DirFS("../static"))
	for _, name := range append(all.imports("card.js"), "card.js", "joinline.css", "joinline.svg") { // others come when they are needed
		size += len(all.files[name].packed)
	}
	if size > 24<<10 {
		t.Errorf("the assets weigh %d bytes compressed", size)
	}
	if frame := all.files["frame.js"]; len(frame.packed) > 1700 {
		t.Errorf("the frame client weighs %d bytes compressed", len(frame.packed))
	}
}

func TestPeopleOutsideOfAPortalAreToldWhereToGo(t *testing.T) {
	s := alone(t)
	for _, path := range []string{"/", "/app", "/app?DOMAIN=acme.bitrix24.test&LANG=en"} {
		a := s.do(t, request{method: "GET", path: path})
		a.wantStatus(t, 200)
		p := a.page(t)
		p.says(t, "h1", "Open Joinline from a CRM card")
		p.lacks(t, "form") // nobody to sign in with: no portal has installed us
	}
}

func TestASignInReturnsOnlyToCardsOfOurs(t *testing.T) {
	s := alone(t)
	for _, to := range []string{"//evil.test", "https://evil.test/", "deal/77/../..", "deal", "deal/x", "invoice/5", "../app"} {
		s.do(t, request{path: "/oauth/start", form: map[string][]string{"to": {to}}}).wantStatus(t, 400)
	}
	s.do(t, request{path: "/oauth/start", form: map[string][]string{"to": {"deal/77"}}}).wantStatus(t, 403) // not installed
}
