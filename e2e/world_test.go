package e2e

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
	"github.com/joinline/joinline/handlers"
	"github.com/joinline/joinline/views"
)

// world is a simulated portal with Joinline beside it, each on a site of its own.
type world struct {
	*bitrixtest.Portal
	app  string // origin of Joinline
	keys bitrixtest.Credentials
}

// scopes are the permissions that the README tells administrators to assign.
var scopes = []string{"crm", "imopenlines", "im", "user_brief", "placement"}

// newWorld starts a portal with Joinline registered and, unless the test does
// that in the browser, installed.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := newUninstalledWorld(t)
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
	if err := w.FinishInstall(w.keys.ClientID); err != nil {
		t.Fatal(err)
	}
	return w
}

func newUninstalledWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Portal: bitrixtest.NewPortal(t)}
	server := httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	w.app = "http://joinline.localhost:" + port
	w.keys = w.Register(bitrixtest.App{
		Name: "Joinline", Names: map[string]string{"en": "Joinline", "ru": "Joinline"},
		HandlerURL: w.app + "/app", InstallURL: w.app + "/install", Scopes: scopes,
	})
	server.Config.Handler = w.joinline(t)
	server.Start()
	t.Cleanup(server.Close)
	return w
}

// joinline puts Joinline together with the keys of its registration.
func (w *world) joinline(t *testing.T) http.Handler {
	t.Helper()
	key := app.NewKey()
	sealer, err := app.NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "joinline.db"), sealer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	log := slog.New(slog.DiscardHandler)
	cfg := app.Config{
		ClientID: w.keys.ClientID, ClientSecret: bitrix.Secret(w.keys.ClientSecret), PublicURL: w.app,
		AuthServers: []string{w.AuthURL()}, Titles: views.PlacementTitles(),
	}
	application := &bitrix.Application{
		ClientID: cfg.ClientID, ClientSecret: cfg.ClientSecret, AuthServers: cfg.AuthServers, HTTPClient: bitrixtest.HTTPClient(),
	}
	return handlers.New(handlers.Config{
		App: app.New(cfg, store, application, log), PublicURL: w.app, Key: key, Static: os.DirFS("../static"), Log: log,
	})
}

// signIn signs the page's browser in on the portal.
func (w *world) signIn(t *testing.T, page playwright.Page, user string) {
	t.Helper()
	_, err := page.Goto(w.URL() + "/login/")
	must(t, err)
	must(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: user}).Click())
	must(t, page.WaitForURL(func(url string) bool { return !strings.Contains(url, "/login/") }))
}

// card opens Joinline's tab in the card of an item ("deal/77") and is the frame.
func (w *world) card(t *testing.T, page playwright.Page, item string) playwright.FrameLocator {
	t.Helper()
	_, err := page.Goto(w.URL() + "/crm/" + strings.Replace(item, "/", "/details/", 1) + "/")
	must(t, err)
	must(t, page.GetByRole("tab", playwright.PageGetByRoleOptions{Name: "Colleagues in chat"}).Click())
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
