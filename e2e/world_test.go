package e2e

import (
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/app/sqlstore/sqlitetest"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
	"github.com/joinline/joinline/handlers"
	"github.com/joinline/joinline/views"
)

// world is a simulated portal with Joinline beside it, each on a site of its own.
type world struct {
	*bitrixtest.Portal
	app   string // origin of Joinline
	keys  bitrixtest.Credentials
	store *sqlstore.Store // what Joinline remembers
	key   app.Key
	past  atomic.Int64 // how far Joinline's clock is ahead, in nanoseconds
	// forgetful: no browser sends Joinline a cookie, as if it kept none.
	forgetful atomic.Bool
	// witness heard all that Joinline said.
	witness witness
	// granting carries out what people wait for; see app.GrantWishes.
	granting atomic.Pointer[app.App]
	// running is Joinline with the settings it was started with last.
	running atomic.Pointer[http.Handler]
}

// later moves Joinline's clock on.
func (w *world) later(d time.Duration) { w.past.Add(int64(d)) }

// scopes are the permissions that the README tells administrators to assign.
var scopes = []string{"crm", "imopenlines", "im", "user_brief", "placement"}

// newWorld starts a portal with Joinline registered and, unless the test does
// that in the browser, installed. The client of the portal can be tuned.
func newWorld(t testing.TB, tune ...func(*bitrix.Application)) *world {
	t.Helper()
	w := newUninstalledWorld(t, tune...)
	w.install(t)
	return w
}

// install installs Joinline as an administrator's browser does.
func (w *world) install(t testing.TB) {
	t.Helper()
	launch := w.Launch(w.keys.ClientID, 1, "DEFAULT", "")
	resp, err := bitrixtest.HTTPClient().PostForm(launch.URL, launch.Form)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the installation answered %d, %v:\n%s", resp.StatusCode, err, body)
	}
	must(t, w.FinishInstall(w.keys.ClientID))
}

// newUninstalledWorld starts a portal with Joinline registered.
func newUninstalledWorld(t testing.TB, tune ...func(*bitrix.Application)) *world {
	t.Helper()
	w := newUnregisteredWorld(t)
	w.start(w.app, w.Register(bitrixtest.App{
		Name: "Joinline", Names: map[string]string{"en": "Joinline", "ru": "Joinline"},
		HandlerURL: w.app + "/app", InstallURL: w.app + "/install", Scopes: scopes,
	}), tune...)
	return w
}

// newUnregisteredWorld starts a portal that does not know Joinline, and a
// server that waits for Joinline to be started.
func newUnregisteredWorld(t testing.TB) *world {
	t.Helper()
	w := &world{Portal: bitrixtest.NewPortal(t), key: app.NewKey()}
	sealer, err := app.NewSealer(w.key)
	must(t, err)
	w.store, err = sqlstore.Open(t.Context(), sqlitetest.File(t), sealer)
	must(t, err)
	t.Cleanup(func() { w.store.Close() })
	t.Cleanup(func() { w.witness.wantNoSecrets(t, w.Portal) })
	waiting := http.NotFoundHandler()
	w.running.Store(&waiting)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if w.forgetful.Load() {
			r.Header.Del("Cookie")
		}
		w.witness.watch(rw, r, *w.running.Load())
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	must(t, err)
	w.app = "http://joinline.localhost:" + port
	return w
}

// start starts Joinline as whoever runs it does: with its own address and the
// keys of its registration. It finds what it remembered before.
func (w *world) start(public string, keys bitrixtest.Credentials, tune ...func(*bitrix.Application)) {
	w.app, w.keys = public, keys
	log := slog.New(slog.NewTextHandler(&w.witness, &slog.HandlerOptions{Level: slog.LevelDebug}))
	cfg := app.Config{
		ClientID: keys.ClientID, ClientSecret: bitrix.Secret(keys.ClientSecret), PublicURL: public,
		AuthServers: []string{w.AuthURL()}, Titles: views.PlacementTitles(),
	}
	application := &bitrix.Application{
		ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret, AuthServers: cfg.AuthServers, HTTPClient: bitrixtest.HTTPClient(),
	}
	for _, change := range tune {
		change(application)
	}
	w.granting.Store(app.New(cfg, w.store, application, log))
	joinline := handlers.New(handlers.Config{
		App: w.granting.Load(), PublicURL: public, Key: w.key, Static: os.DirFS("../static"), Log: log,
		Now: func() time.Time { return time.Now().Add(time.Duration(w.past.Load())) },
	})
	w.running.Store(&joinline)
}

// signIn signs the page's browser in on the portal.
func (w *world) signIn(t testing.TB, page playwright.Page, user string) {
	t.Helper()
	_, err := page.Goto(w.URL() + "/login/")
	must(t, err)
	must(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: user}).Click())
	must(t, expect.Page(page).Not().ToHaveURL(regexp.MustCompile("/login/")))
}

// tabName is how Joinline's tab is called in the languages of its catalogs.
var tabName = regexp.MustCompile("^(Colleagues in chat|Коллеги в чате|الزملاء في الدردشة)$")

// card opens Joinline's tab in the card of an item ("deal/77") and is the frame.
func (w *world) card(t *testing.T, page playwright.Page, item string) playwright.FrameLocator {
	t.Helper()
	_, err := page.Goto(w.URL() + "/crm/" + strings.Replace(item, "/", "/details/", 1) + "/")
	must(t, err)
	must(t, page.GetByRole("tab", playwright.PageGetByRoleOptions{Name: tabName}).Click())
	return page.FrameLocator("[role=tabpanel]:not([hidden]) iframe")
}

// post steers the portal under /_portal/.
func (w *world) post(t *testing.T, path, body string) int {
	t.Helper()
	resp, err := bitrixtest.HTTPClient().Post(w.URL()+"/_portal/"+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// openByHand opens a launch on a plain page of the portal: a form and a frame,
// and a button in place of the script that submits the form on a real one. So
// it works without JavaScript, and for launches that the portal does not make.
func (w *world) openByHand(t *testing.T, page playwright.Page, launch bitrixtest.Launch) playwright.FrameLocator {
	t.Helper()
	_, err := page.Goto(w.URL() + "/login/")
	must(t, err)
	var b strings.Builder
	must(t, plainPage.Execute(&b, launch))
	_, err = page.Evaluate("html => void (document.body.innerHTML = html)", b.String())
	must(t, err)
	must(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Open"}).Click())
	return page.FrameLocator("iframe")
}

var plainPage = template.Must(template.New("").Parse(`
<form method="post" action="{{.URL}}" target="frame">
{{range $name, $values := .Form}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">{{end}}{{end}}
<button>Open</button>
</form>
<iframe name="frame" title="Joinline" width="100%" height="900"></iframe>
`))
