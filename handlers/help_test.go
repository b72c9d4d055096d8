package handlers

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/app/sqlstore/sqlitetest"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// publicURL is where nobody listens, so that events a portal sends by itself
// reach no server that happens to run on this machine.
const publicURL = "http://joinline.localhost:1"

// unlimited lets tests ask as fast as they can.
var unlimited = Rate{PerSecond: 1e6, Burst: 1e6}

// logBook is a log that goes into memory.
type logBook struct {
	mu  sync.Mutex
	b   bytes.Buffer
	off atomic.Bool // what is logged is forgotten
}

func (l *logBook) Write(p []byte) (int, error) {
	if l.off.Load() {
		return len(p), nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// site is Joinline as browsers see it.
type site struct {
	http.Handler
	config Config
	app    *app.App
	bitrix *bitrix.Application
	key    app.Key
	log    *logBook
	store  *sqlstore.Store

	traffic traffic
	// issued are the secrets that the portal has handed out; nil without one.
	issued func() []string
}

// newSite builds Joinline around an application as registered.
func newSite(t testing.TB, b *bitrix.Application) *site {
	t.Helper()
	s := &site{bitrix: b, log: &logBook{}, key: app.NewKey()}
	sealer, err := app.NewSealer(s.key)
	must(t, err)
	s.store, err = sqlstore.Open(t.Context(), sqlitetest.File(t), sealer)
	must(t, err)
	t.Cleanup(func() { s.store.Close() })
	log := slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.app = app.New(app.Config{
		ClientID: b.ClientID, ClientSecret: b.ClientSecret, PublicURL: publicURL,
		AuthServers: b.AuthServers, Titles: views.PlacementTitles(),
	}, s.store, b, log)
	s.config = Config{
		Limits: Limits{PerAddress: unlimited, PerPerson: unlimited, AtOnce: 1000},
		App:    s.app, PublicURL: publicURL, Key: s.key, Static: os.DirFS("../static"), Log: log,
	}
	s.Handler = New(s.config)
	t.Cleanup(func() { s.wantNoSecrets(t) })
	return s
}

// alone is Joinline with no portal to speak to: a call would fail the test.
func alone(t testing.TB) *site {
	t.Helper()
	deaf := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		t.Errorf("a request went out to %s", r.URL.Host)
		return nil, errors.New("nobody there")
	})}
	return newSite(t, &bitrix.Application{
		ClientID: "local.66f0aa12bc34d5.48120937", ClientSecret: "secret", HTTPClient: deaf,
		AuthServers: []string{"https://oauth.example.test"},
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// says is a portal's answer.
func says(body string) *http.Response {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

// server makes what this site makes, and opens it.
func (s *site) server() *server {
	return &server{seals: newSeals(s.key), sessions: newSessions(s.key), now: time.Now}
}

// sealVisit is a visit as a page of this site would carry it.
func (s *site) sealVisit(t testing.TB, v app.Visit, browser string, until time.Time) string {
	t.Helper()
	text, err := newSeals(s.key).visit.Encode("visit", pageVisit{Visit: v, Browser: browser, Until: until})
	must(t, err)
	return text
}

// request is one request of a browser, as tests write it down.
type request struct {
	method, path string
	form         url.Values
	body         string // instead of form
	header       map[string]string
	cookies      []*http.Cookie
	remote       string // the address and port it comes from, if that matters
}

// answer is what came back.
type answer struct {
	*http.Response
	text string
}

func (a answer) page(t *testing.T) page { return parsePage(t, a.text) }

// policy is one directive of the answer's Content-Security-Policy.
func (a answer) policy(directive string) string {
	for part := range strings.SplitSeq(a.Header.Get("Content-Security-Policy"), ";") {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(part), directive+" "); ok {
			return rest
		}
	}
	return ""
}

// do sends a request as a browser on our own page would, unless its headers
// say otherwise.
func (s *site) do(t *testing.T, r request) answer {
	t.Helper()
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r.http())
	res := rec.Result()
	text, err := io.ReadAll(res.Body)
	must(t, err)
	a := answer{res, string(text)}
	s.traffic.note(r, a)
	return a
}

// http is the request as it arrives.
func (r request) http() *http.Request {
	if r.method == "" {
		r.method = http.MethodPost
	}
	body := r.body
	if body == "" {
		body = r.form.Encode()
	}
	req := httptest.NewRequest(r.method, publicURL+r.path, strings.NewReader(body))
	if r.method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Sec-Fetch-Site", "same-origin")
		req.Header.Set("Origin", publicURL)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
		if value == "" {
			req.Header.Del(name)
		}
	}
	for _, c := range r.cookies {
		req.AddCookie(c)
	}
	if r.remote != "" {
		req.RemoteAddr = r.remote
	}
	return req
}

func (a answer) wantStatus(t *testing.T, want int) {
	t.Helper()
	if a.StatusCode != want {
		t.Fatalf("got status %d, want %d:\n%s", a.StatusCode, want, a.text)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func slogTo(b *logBook) *slog.Logger { return slog.New(slog.NewJSONHandler(b, nil)) }
