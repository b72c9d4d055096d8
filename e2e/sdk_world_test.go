package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// sdkWorld is a simulated portal with an application that does nothing but
// load the official JS SDK, unmodified. Tests run the SDK from outside.
type sdkWorld struct {
	*world
	server *httptest.Server

	mu       sync.Mutex // guards what follows
	launches []url.Values
	headers  []http.Header
}

// sdkPage starts the SDK and keeps what it becomes in window.b24. within gives
// up on promises that the SDK itself would wait for without a limit.
const sdkPage = `
window.within = (promise, ms = 8000) => Promise.race([
  promise, new Promise((_, reject) => setTimeout(() => reject(new Error('no answer within ' + ms + ' ms')), ms)),
]);
window.ready = B24Js.initializeB24Frame().then((b24) => { window.b24 = b24; });
`

// newSDK starts the portal and the application. With install the application
// has an installation page, otherwise it is installed and has a tab in every card of a deal.
func newSDK(t *testing.T, install bool) *sdkWorld {
	t.Helper()
	home, err := os.UserHomeDir()
	must(t, err)
	sdk := filepath.Join(home, ".cache/ms-playwright-go/b24jssdk/package/dist/umd/index.min.js")
	if _, err := os.Stat(sdk); err != nil {
		t.Fatalf("the official JS SDK is missing: run `sh e2e/setup.sh`, or `make test`, which does.\n%v", err)
	}
	w := &sdkWorld{world: &world{Portal: bitrixtest.NewPortal(t)}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sdk.js", func(rw http.ResponseWriter, r *http.Request) { http.ServeFile(rw, r, sdk) })
	mux.HandleFunc("GET /page.js", func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(rw, sdkPage)
	})
	mux.HandleFunc("POST /{page}", w.serveLaunch)
	w.server = httptest.NewServer(mux)
	t.Cleanup(w.server.Close)
	_, port, err := net.SplitHostPort(w.server.Listener.Addr().String())
	must(t, err)
	w.app = "http://app.localhost:" + port
	registration := bitrixtest.App{
		Name: "SDK", HandlerURL: w.app + "/app", Scopes: []string{"crm", "placement", "user_brief"},
		Names: map[string]string{"en": "SDK page", "ru": "Страница SDK"},
	}
	if install {
		registration.InstallURL = w.app + "/install"
	}
	w.keys = w.Register(registration)
	if !install {
		w.bind(t, w.keys, "CRM_DEAL_DETAIL_TAB", w.app+"/tab", "SDK tab")
	}
	return w
}

func (w *sdkWorld) serveLaunch(rw http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(rw, err.Error(), http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	w.launches, w.headers = append(w.launches, r.Form), append(w.headers, r.Header)
	w.mu.Unlock()
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self' "+w.URL())
	fmt.Fprintf(rw, `<!doctype html><title>SDK</title><h1>Page %s</h1><script src="/sdk.js"></script><script src="/page.js"></script>`, r.PathValue("page"))
}

// launch is the last form the portal posted, with its headers.
func (w *sdkWorld) launch() (url.Values, http.Header) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.launches) == 0 {
		return nil, nil
	}
	return w.launches[len(w.launches)-1], w.headers[len(w.headers)-1]
}

// bind binds a place to an application, as an administrator.
func (w *world) bind(t *testing.T, keys bitrixtest.Credentials, place, handler, title string) {
	t.Helper()
	resp, err := bitrixtest.HTTPClient().PostForm(w.RESTURL()+"placement.bind", url.Values{
		"auth": {w.Token(keys.ClientID, 1).Access}, "PLACEMENT": {place}, "HANDLER": {handler}, "TITLE": {title},
	})
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("placement.bind answered %d", resp.StatusCode)
	}
}

// open opens the tab in the card of deal 77 and waits for the SDK.
// The query asks the portal's page for mischief ("?frame=late").
func (w *sdkWorld) open(t *testing.T, page playwright.Page, query string) playwright.Frame {
	t.Helper()
	frame := w.launchTab(t, page, query)
	eval(t, frame, "within(ready)", nil)
	return frame
}

// launchTab opens the tab without waiting for the SDK.
func (w *sdkWorld) launchTab(t *testing.T, page playwright.Page, query string) playwright.Frame {
	t.Helper()
	_, err := page.Goto(w.URL() + "/crm/deal/details/77/" + query)
	must(t, err)
	must(t, page.GetByRole("tab", playwright.PageGetByRoleOptions{Name: "SDK tab"}).Click())
	return w.frame(t, page.Locator("[role=tabpanel] .appframe iframe"))
}

// frame is the page inside an iframe once it has run its scripts.
func (w *sdkWorld) frame(t *testing.T, iframe playwright.Locator) playwright.Frame {
	t.Helper()
	must(t, iframe.ContentFrame().Locator("h1").WaitFor())
	name, err := iframe.GetAttribute("name")
	must(t, err)
	page, err := iframe.Page()
	must(t, err)
	frame := page.Frame(playwright.PageFrameOptions{Name: &name})
	if frame == nil {
		t.Fatalf("there is no frame %q", name)
	}
	// Playwright's own waiting needs eval, which the page's policy refuses.
	eval(t, frame, "new Promise((done) => { const look = () => (window.ready ? done() : setTimeout(look, 20)); look(); })", nil)
	return frame
}

// eval runs a JavaScript expression and decodes what it, or its promise, yields.
func eval(t testing.TB, in interface {
	Evaluate(string, ...any) (any, error)
}, expression string, into any) {
	t.Helper()
	text, err := in.Evaluate("async () => JSON.stringify(await (" + expression + ")) ?? 'null'")
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(text.(string)), into); err != nil {
		t.Fatalf("%s yields %s: %v", expression, text, err)
	}
}

// check runs an expression and compares what it yields, as compact JSON.
func check(t *testing.T, in interface {
	Evaluate(string, ...any) (any, error)
}, expression, want string) {
	t.Helper()
	var got json.RawMessage
	eval(t, in, expression, &got)
	if string(got) != want {
		t.Errorf("%s yields %s, want %s", expression, got, want)
	}
}

// calls are the commands the portal's page got, once they are all recorded.
func (w *sdkWorld) calls(t *testing.T, page playwright.Page) []string {
	t.Helper()
	eval(t, page, "Promise.all(portalFrames.all().map((frame) => frame.records))", nil)
	var commands []string
	for _, c := range w.FrameCalls() {
		commands = append(commands, c.Command)
	}
	return commands
}

func count(list []string, wanted string) (n int) {
	for _, s := range list {
		if s == wanted {
			n++
		}
	}
	return n
}
