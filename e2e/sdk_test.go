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
	"slices"
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
		w.bindTab(t)
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

func (w *sdkWorld) bindTab(t *testing.T) {
	t.Helper()
	resp, err := bitrixtest.HTTPClient().PostForm(w.RESTURL()+"placement.bind", url.Values{
		"auth": {w.Token(w.keys.ClientID, 1).Access}, "PLACEMENT": {"CRM_DEAL_DETAIL_TAB"}, "HANDLER": {w.app + "/tab"},
		"LANG_ALL[en][TITLE]": {"SDK tab"}, "LANG_ALL[ru][TITLE]": {"Вкладка SDK"},
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
	_, err := page.Goto(w.URL() + "/crm/deal/details/77/" + query)
	must(t, err)
	must(t, page.GetByRole("tab", playwright.PageGetByRoleOptions{Name: "SDK tab"}).Click())
	frame := w.frame(t, page.Locator("[role=tabpanel] .appframe iframe"))
	eval(t, frame, "within(ready)", nil)
	return frame
}

// frame is the page inside an iframe once it has run its scripts.
func (w *sdkWorld) frame(t *testing.T, iframe playwright.Locator) playwright.Frame {
	t.Helper()
	must(t, iframe.ContentFrame().Locator("h1").WaitFor())
	element, err := iframe.ElementHandle()
	must(t, err)
	frame, err := element.ContentFrame()
	must(t, err)
	_, err = frame.WaitForFunction("window.within && Boolean(window.ready)", nil)
	must(t, err)
	return frame
}

// eval runs a JavaScript expression and decodes what it, or its promise, yields.
func eval(t *testing.T, in interface {
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

func TestTheOfficialSDKStartsInACard(t *testing.T) {
	t.Parallel()
	w := newSDK(t, false)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	frame := w.open(t, page, "")

	form, header := w.launch()
	if got := header.Get("Sec-Fetch-Site") + " " + header.Get("Sec-Fetch-Dest") + " " + header.Get("Origin"); got != "cross-site iframe "+w.URL() {
		t.Errorf("the launch came as %q", got)
	}
	check(t, frame, "b24.placement.title", `"CRM_DEAL_DETAIL_TAB"`)
	check(t, frame, "b24.placement.options.ID", `"77"`)
	check(t, frame, "[b24.isFirstRun, b24.isInstallMode, b24.auth.isAdmin, b24.getLang()]", `[true,false,false,"en"]`)
	var auth struct {
		Access    string `json:"access_token"`
		Refresh   string `json:"refresh_token"`
		ExpiresIn int    `json:"expires_in"`
		Domain    string
		MemberID  string `json:"member_id"`
	}
	eval(t, frame, "b24.auth.getAuthData()", &auth)
	if auth.Access == "" || auth.Access != form.Get("AUTH_ID") || auth.Refresh != form.Get("REFRESH_ID") {
		t.Errorf("the SDK's tokens are not those of the launch")
	}
	if auth.ExpiresIn != 3600 || auth.Domain != w.URL() || auth.MemberID != w.MemberID() {
		t.Errorf("got the authorisation %+v", auth)
	}
	if got, want := w.calls(t, page), []string{"getInitData", "setInstall"}; !slices.Equal(got, want) {
		t.Errorf("the page got the commands %v, want %v", got, want)
	}

	frame = w.open(t, page, "")
	check(t, frame, "b24.isFirstRun", "false")
}

func TestTheOfficialSDKCallsTheRESTAPI(t *testing.T) {
	t.Parallel()
	w := newSDK(t, false)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	frame := w.open(t, page, "")
	profile := "within(b24.actions.v2.call.make({method: 'profile'})).then((answer) => answer.getData().result.ID)"

	check(t, frame, profile, `"15"`)
	check(t, frame, "within(b24.callMethod('profile')).then((answer) => answer.getData().result.NAME)", `"Ivan"`)

	before, _ := w.launch()
	var renewed struct {
		Access string `json:"access_token"`
	}
	eval(t, frame, "within(b24.auth.refreshAuth())", &renewed)
	if renewed.Access == "" || renewed.Access == before.Get("AUTH_ID") {
		t.Errorf("refreshAuth brought no new token")
	}
	check(t, frame, profile, `"15"`)

	w.ExpireTokens(15)
	check(t, frame, profile, `"15"`)
	if n := count(w.calls(t, page), "refreshAuth"); n != 2 {
		t.Errorf("the frame asked %d times for new tokens, want 2", n)
	}
}

func count(list []string, wanted string) (n int) {
	for _, s := range list {
		if s == wanted {
			n++
		}
	}
	return n
}

func TestTheOfficialSDKResizesItsFrame(t *testing.T) {
	t.Parallel()
	w := newSDK(t, false)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	frame := w.open(t, page, "")
	box := page.Locator(".appframe")
	before, err := box.BoundingBox()
	must(t, err)

	var size struct{ Width, Height float64 }
	eval(t, frame, "within(b24.parent.resizeWindow(300, 700))", &size)
	after, err := box.BoundingBox()
	must(t, err)
	if after.Height != 700 || size.Height != 700 {
		t.Errorf("the frame is %v high, the SDK heard %v, want 700", after.Height, size.Height)
	}
	if after.Width != before.Width {
		t.Errorf("the tab's width went from %v to %v", before.Width, after.Width)
	}
	eval(t, frame, "within(b24.parent.fitWindow())", &size)
	if size.Height < 700 {
		t.Errorf("fitting shrank the frame to %v", size.Height)
	}

	title, err := page.Title()
	must(t, err)
	check(t, frame, "within(b24.parent.setTitle('Taken over'))", `{"isSafely":true}`)
	check(t, frame, "within(b24.parent.reloadWindow())", `{"isSafely":true}`)
	must(t, expect.Page(page).ToHaveTitle(title))
	must(t, expect.Locator(page.Locator("#pagetitle")).ToHaveText("Delivery of 40 chairs"))
}

func TestTheOfficialSDKOpensSliders(t *testing.T) {
	t.Parallel()
	w := newSDK(t, false)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	frame := w.open(t, page, "")
	slider := page.GetByRole("dialog")
	closeSlider := slider.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Close"})

	for _, width := range []int{1640, 900} {
		eval(t, frame, fmt.Sprintf("void (window.gone = b24.slider.openPath(b24.slider.getUrl('/crm/deal/details/80/'), %d))", width), nil)
		must(t, expect.Locator(slider.Locator("iframe").ContentFrame().Locator("h1")).ToHaveText("Repeat order"))
		must(t, closeSlider.Click())
		check(t, frame, "within(gone)", `{"isOpenAtNewWindow":false,"isClose":true}`)
	}
	check(t, frame, "within(b24.placement.call('openPath', {path: '/online/'}))", `{"result":"error","errorCode":"PATH_NOT_AVAILABLE"}`)

	eval(t, frame, "void (window.gone = b24.slider.openSliderAppPage({bx24_width: 600, bx24_title: 'Beside', step: 'two'}))", nil)
	must(t, expect.Locator(slider.GetByRole("heading", playwright.LocatorGetByRoleOptions{Name: "Beside"})).ToBeVisible())
	inner := w.frame(t, slider.Locator("iframe"))
	eval(t, inner, "within(ready)", nil)
	check(t, inner, "[b24.placement.title, b24.placement.options]", `["DEFAULT",{"step":"two"}]`)
	eval(t, inner, "void b24.slider.closeSliderAppPage()", nil)
	check(t, frame, "within(gone)", `""`)
	must(t, expect.Locator(slider).ToHaveCount(0))
}

func TestTheOfficialSDKUsesThePortalsPickers(t *testing.T) {
	t.Parallel()
	w := newSDK(t, false)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Elena Morozova")
	frame := w.open(t, page, "?frame=keyed")
	picker := page.GetByRole("dialog")
	row := func(name string) playwright.Locator {
		return picker.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: name})
	}

	eval(t, frame, "void (window.choice = b24.dialog.selectUser())", nil)
	must(t, picker.GetByRole("searchbox").Fill("olg"))
	must(t, row("Olga Sidorova").Click())
	check(t, frame, "within(choice)", `{"id":"22","name":"Olga Sidorova","photo":"","position":"Logistics specialist","url":"/company/personal/user/22/","sub":false,"sup":false}`)

	eval(t, frame, "void (window.choice = b24.dialog.selectUsers())", nil)
	must(t, row("Pavel Orlov").Click())
	must(t, row("Ivan Petrov").Click())
	must(t, row("Select").Click())
	check(t, frame, "within(choice).then((people) => people.map(({id}) => id))", `["23","15"]`)

	eval(t, frame, "void (window.choice = b24.dialog.selectAccess(['AU']))", nil)
	must(t, row("Partners").Click())
	must(t, expect.Locator(row("All employees")).ToHaveCount(0))
	must(t, row("Select").Click())
	check(t, frame, "within(choice)", `[{"id":"SG3","name":"Partners"}]`)

	eval(t, frame, "void (window.choice = b24.dialog.selectCRM({entityType: ['deal', 'contact'], multiple: true, value: {deal: [80]}}))", nil)
	must(t, expect.Locator(row("Repeat order")).ToHaveAttribute("aria-pressed", "true"))
	must(t, row("Delivery of 40 chairs").Click())
	must(t, row("Ann Lee").Click())
	must(t, row("Select").Click())
	check(t, frame, "within(choice).then(({deal, contact}) => [deal.map(({id}) => id), contact.map(({id}) => id)])", `[["D_80","D_77"],["C_31"]]`)
}

func TestTheOfficialSDKStoresOptions(t *testing.T) {
	t.Parallel()
	w := newSDK(t, false)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	frame := w.open(t, page, "")
	eval(t, frame, "within(b24.options.userSet('colour', 'green'))", nil)
	eval(t, frame, "within(b24.options.appSet('mode', 'quiet'))", nil)
	frame = w.open(t, page, "")
	check(t, frame, "[b24.options.userGet('colour'), b24.options.appGet('mode')]", `["green","quiet"]`)

	w.signIn(t, page, "Ivan Petrov")
	frame = w.open(t, page, "")
	eval(t, frame, "within(b24.options.appSet('mode', 'loud'))", nil)
	frame = w.open(t, page, "")
	check(t, frame, "[b24.options.appGet('mode'), b24.options.optionsUser ?? null]", `["quiet",null]`)
}

func TestTheOfficialSDKTalksToThePlacement(t *testing.T) {
	t.Parallel()
	w := newSDK(t, false)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	frame := w.open(t, page, "?frame=events")
	check(t, frame, "within(b24.placement.getInterface())", `{"command":["reloadData"],"event":["onSimulated"]}`)

	w.Do(func(w *bitrixtest.World) {
		w.Items[bitrixtest.ItemKey{Type: "DEAL", ID: 77}].Stage = "WON"
	})
	check(t, frame, "within(b24.placement.call('reloadData'))", `""`)
	must(t, page.GetByRole("tab", playwright.PageGetByRoleOptions{Name: "General"}).Click())
	must(t, expect.Locator(page.Locator("dl.fields")).ToContainText("WON"))

	check(t, frame, "within(b24.placement.bindEvent('onUnknown', () => {}))", `{"isSafely":true}`)
	check(t, frame, "within(b24.placement.bindEvent('onSimulated', (value) => { window.heard = value; }))", `{"isSafely":true}`)
	eval(t, page, "portalFrames.all()[0].fire('onSimulated', {n: 7})", nil)
	_, err := frame.WaitForFunction("window.heard?.n === 7", nil)
	must(t, err)
}

func TestTheOfficialSDKOpensTheMessenger(t *testing.T) {
	t.Parallel()
	w := newSDK(t, false)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	frame := w.open(t, page, "")
	eval(t, frame, "within(b24.parent.imOpenMessenger('chat1763'))", nil)
	messenger := page.GetByRole("dialog", playwright.PageGetByRoleOptions{Name: "Messenger"})
	must(t, expect.Locator(messenger).ToContainText("When will the chairs arrive?"))
	if got := w.calls(t, page); !slices.Contains(got, "imOpenMessenger") {
		t.Errorf("the page got the commands %v", got)
	}
}

func TestTheOfficialSDKFinishesAnInstallation(t *testing.T) {
	t.Parallel()
	w := newSDK(t, true)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	menu := w.URL() + "/marketplace/app/1/"

	w.signIn(t, page, "Ivan Petrov")
	_, err := page.Goto(menu)
	must(t, err)
	must(t, expect.Locator(page.GetByRole("status")).ToContainText("is not finished"))
	if form, _ := w.launch(); form != nil {
		t.Errorf("the application heard of somebody who cannot install it")
	}

	w.signIn(t, page, "Anna Belova")
	_, err = page.Goto(menu)
	must(t, err)
	frame := w.frame(t, page.Locator(".appframe iframe"))
	eval(t, frame, "within(ready)", nil)
	check(t, frame, "[b24.isInstallMode, b24.auth.isAdmin, b24.placement.title]", `[true,true,"DEFAULT"]`)
	eval(t, frame, "void b24.installFinish()", nil)
	must(t, page.WaitForURL("**/marketplace/app/1/?install_finished=Y"))
	must(t, expect.Locator(page.FrameLocator(".appframe iframe").Locator("h1")).ToHaveText("Page app"))
	if !w.Installed(w.keys.ClientID) {
		t.Errorf("the application is not installed")
	}
	frame = w.frame(t, page.Locator(".appframe iframe"))
	eval(t, frame, "within(ready)", nil)
	check(t, frame, "b24.isInstallMode", "false")
	check(t, frame, "b24.installFinish().then(() => 'finished', () => 'refused')", `"refused"`)
}
