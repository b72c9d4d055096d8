package app_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/app/sqlstore/sqlitetest"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// The small world of the simulated portal.
const (
	admin   = 1
	ivan    = 15 // operator of chat 1763, responsible for deal 77
	olga    = 22 // observer of deal 77, not in the queue
	pavel   = 23 // in the queue, reads everything
	elena   = 24 // head: any level
	fired   = 30
	invited = 31
	partner = 40 // extranet
	ann     = 431
	chatAnn = 1763
)

var (
	deal77    = bitrix.CRMItem{Type: bitrix.Deal, ID: 77}
	contact31 = bitrix.CRMItem{Type: bitrix.Contact, ID: 31}
	company12 = bitrix.CRMItem{Type: bitrix.Company, ID: 12}
	lead55    = bitrix.CRMItem{Type: bitrix.Lead, ID: 55}
)

// publicURL is where nobody listens, so that events a portal sends by itself
// reach no server that happens to run on this machine.
const publicURL = "http://joinline.localhost:1"

var titles = map[string]string{"en": "Joinline", "ru": "Джойнлайн"}

// joinline is Joinline beside a simulated portal.
type joinline struct {
	*app.App
	portal *bitrixtest.Portal
	keys   bitrixtest.Credentials
	store  *sqlstore.Store
	config app.Config
	bitrix *bitrix.Application
	log    *logBook
}

// logBook is a log that goes into memory.
type logBook struct {
	mu      sync.Mutex
	b       bytes.Buffer
	awaited map[string]chan struct{}
}

// await returns what is closed once the log says a text.
func (l *logBook) await(text string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	said := make(chan struct{})
	l.awaited = map[string]chan struct{}{text: said}
	return said
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for text, said := range l.awaited {
		if bytes.Contains(p, []byte(text)) {
			close(said)
			delete(l.awaited, text)
		}
	}
	return l.b.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var allScopes = []string{"crm", "placement", "im", "imopenlines", "user"}

// registered is Joinline as an administrator has just typed it into the
// portal: running and not installed.
func registered(t testing.TB, scopes ...string) *joinline {
	t.Helper()
	key, err := app.NewSealer(app.NewKey())
	must(t, err)
	return registeredOn(t, bitrixtest.NewPortal(t), sqlitetest.File(t), key, scopes...)
}

// registeredOn is registered on a given portal and database.
func registeredOn(t testing.TB, p *bitrixtest.Portal, database string, key *app.Sealer, scopes ...string) *joinline {
	t.Helper()
	if scopes == nil {
		scopes = allScopes
	}
	j := &joinline{portal: p, log: &logBook{}}
	j.keys = p.Register(bitrixtest.App{Name: "Joinline", HandlerURL: publicURL + "/app", InstallURL: publicURL + "/install", Scopes: scopes})
	var err error
	j.store, err = sqlstore.Open(t.Context(), database, key)
	must(t, err)
	t.Cleanup(func() { j.store.Close() })
	t.Cleanup(func() {
		if hit := bitrixtest.FindSecret(j.log.String(), p.Secrets()); hit != "" {
			t.Errorf("the log holds a secret: %s", hit)
		}
	})
	j.config = app.Config{
		ClientID: j.keys.ClientID, ClientSecret: bitrix.Secret(j.keys.ClientSecret), PublicURL: publicURL,
		AuthServers: []string{p.AuthURL()}, Titles: titles,
	}
	j.restart(bitrix.Timeouts{})
	return j
}

// restart makes a new process of it: nothing remembered but what is stored.
func (j *joinline) restart(timeouts bitrix.Timeouts) {
	j.bitrix = &bitrix.Application{
		ClientID: j.config.ClientID, ClientSecret: j.config.ClientSecret, AuthServers: j.config.AuthServers,
		HTTPClient: bitrixtest.HTTPClient(), Timeouts: timeouts,
	}
	log := slog.New(slog.NewTextHandler(j.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	j.App = app.New(j.config, j.store, j.bitrix, log)
}

// installed is Joinline in service, with an empty log of requests.
func installed(t testing.TB, scopes ...string) *joinline {
	t.Helper()
	return registered(t, scopes...).install(t)
}

// install takes it into service.
func (j *joinline) install(t testing.TB) *joinline {
	t.Helper()
	_, err := j.Install(t.Context(), j.launch(t, admin, "DEFAULT", ""))
	must(t, err)
	must(t, j.portal.FinishInstall(j.keys.ClientID))
	j.portal.ResetRequests()
	return j
}

// launch is what the portal posts when a person opens a page of Joinline.
func (j *joinline) launch(t testing.TB, user int, placement, options string) bitrix.Launch {
	t.Helper()
	return parseLaunch(t, j.portal.Launch(j.keys.ClientID, user, placement, options))
}

func parseLaunch(t testing.TB, form bitrixtest.Launch) bitrix.Launch {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, form.URL, strings.NewReader(form.Form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	l, err := bitrix.ParseLaunch(r)
	must(t, err)
	return l
}

// card is the launch of an item's card.
func (j *joinline) card(t testing.TB, user int, item bitrix.CRMItem) bitrix.Launch {
	t.Helper()
	_, id, _ := strings.Cut(item.String(), ":")
	return j.launch(t, user, "CRM_"+string(item.Type)+"_DETAIL_TAB", `{"ID":"`+id+`"}`)
}

// open opens a card and forgets the requests that it cost.
func (j *joinline) open(t testing.TB, user int, item bitrix.CRMItem) app.Visit {
	t.Helper()
	v, _, err := j.Open(t.Context(), j.card(t, user, item))
	must(t, err)
	j.portal.ResetRequests()
	return v
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantErr checks a sentinel, and that it is the only one.
func wantErr(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got error %v, want %v", err, want)
	}
}

// wantRequests checks what a step cost: methods of single requests, "batch"
// for a batch.
func (j *joinline) wantRequests(t testing.TB, want ...string) {
	t.Helper()
	var got []string
	for _, r := range j.portal.Requests() {
		got = append(got, r.Method)
	}
	if !slices.Equal(got, want) {
		t.Errorf("requests: %q, want %q", got, want)
	}
}

func (j *joinline) wantParticipants(t testing.TB, chat int, want ...int) {
	t.Helper()
	got := j.portal.Participants(chat)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("in chat %d are %v, want %v", chat, got, want)
	}
}

// wantNothingKept checks that the store holds nothing of the portal.
func (j *joinline) wantNothingKept(t testing.TB) {
	t.Helper()
	i, err := j.store.Installation(t.Context(), bitrix.MemberID(j.portal.MemberID()))
	if !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("the store holds %+v, %v", i, err)
	}
}

func (j *joinline) viewerToken(t testing.TB, user bitrix.UserID) bitrix.Token {
	t.Helper()
	token, err := j.store.Token(t.Context(), app.TokenKey{Member: bitrix.MemberID(j.portal.MemberID()), Role: app.AsViewer, User: user})
	must(t, err)
	return token
}

// discard is a log that nobody reads.
var discard = slog.New(slog.DiscardHandler)
