// Package e2e drives Joinline in a browser, inside the pages of a simulated
// portal, as people use it.
package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/playwright-community/playwright-go"
)

var (
	driver  *playwright.Playwright
	browser playwright.Browser
	// launch starts another browser, with arguments of its own.
	launch func(arguments ...string) (playwright.Browser, error)
	expect = playwright.NewPlaywrightAssertions(10_000)
)

// features is Playwright's own list of switched off features without the one
// that gives embedded pages a storage of their own: every real browser has it.
const features = "--disable-features=AcceptCHFrame,AutoExpandDetailsElement,AvoidUnnecessaryBeforeUnloadCheckSync,CertificateTransparencyComponentUpdater,DeferRendererTasksAfterInput,DestroyProfileOnBrowserClose,DialMediaRouteProvider,ExtensionManifestV2Disabled,GlobalMediaControls,HttpsUpgrades,LazyFrameLoading,LensOverlay,MediaRouter,PaintHolding,Translate"

// chromiums are the browsers that will do, in the order e2e/setup.sh looks for them.
var chromiums = []string{
	"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
}

func findBrowser() (string, error) {
	candidates := chromiums
	if named := os.Getenv("JOINLINE_CHROMIUM"); named != "" {
		candidates = []string{named}
	}
	for _, c := range candidates {
		if path, err := exec.LookPath(c); err == nil {
			return path, nil
		}
	}
	return "", errors.New("found none of " + strings.Join(candidates, ", "))
}

var start = sync.OnceValue(func() error {
	path, err := findBrowser()
	if err != nil {
		return err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return err
	}
	// Playwright's own default folder is another one on macOS.
	folder := filepath.Join(home, ".cache/ms-playwright-go/1.52.0")
	if driver, err = playwright.Run(&playwright.RunOptions{DriverDirectory: folder, SkipInstallBrowsers: true}); err != nil {
		return err
	}
	launch = func(arguments ...string) (playwright.Browser, error) {
		return driver.Chromium.Launch(playwright.BrowserTypeLaunchOptions{
			ExecutablePath: playwright.String(path), Args: append(arguments, features),
		})
	}
	browser, err = launch()
	return err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if browser != nil {
		_ = browser.Close()
	}
	if driver != nil {
		_ = driver.Stop()
	}
	_ = os.RemoveAll(programDir)
	os.Exit(code)
}

// newPage opens a page in a browser profile of its own. A script that fails in
// it, or in a frame of it, fails the test. A test that fails leaves a trace
// and a screenshot in failures/.
func newPage(t *testing.T, options playwright.BrowserNewContextOptions) playwright.Page {
	t.Helper()
	needBrowser(t)
	return newPageOf(t, browser, options)
}

func needBrowser(t testing.TB) {
	t.Helper()
	if testing.Short() && os.Getenv("CI") == "" {
		t.Skip("browser test: left out by -short")
	}
	if err := start(); err != nil {
		t.Fatalf("the browser tests need Chromium and the Playwright driver: run `sh e2e/setup.sh`, or `make test`, which does.\n%v", err)
	}
}

// newPageOf is newPage in a certain browser.
func newPageOf(t *testing.T, b playwright.Browser, options playwright.BrowserNewContextOptions) playwright.Page {
	t.Helper()
	context, err := b.NewContext(options)
	if err != nil {
		t.Fatal(err)
	}
	context.SetDefaultTimeout(10_000)
	if err := context.Tracing().Start(playwright.TracingStartOptions{Snapshots: playwright.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	page, err := context.NewPage()
	if err != nil {
		t.Fatal(err)
	}
	var broken scriptErrors
	context.OnWebError(broken.add)
	t.Cleanup(func() {
		broken.report(t)
		if t.Failed() {
			keep(t, context, page)
		}
		_ = context.Close()
	})
	return page
}

// scriptErrors are the exceptions that scripts of a test's pages did not catch.
type scriptErrors struct {
	mu   sync.Mutex // guards list
	list []error
}

func (s *scriptErrors) add(e playwright.WebError) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, e.Error())
}

func (s *scriptErrors) report(t testing.TB) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, err := range s.list {
		t.Errorf("a script of the page failed: %v", err)
	}
}

// keep stores what a failed test saw.
func keep(t testing.TB, context playwright.BrowserContext, page playwright.Page) {
	if err := os.MkdirAll("failures", 0o755); err != nil {
		t.Logf("nothing is kept: %v", err)
		return
	}
	base := filepath.Join("failures", strings.ReplaceAll(t.Name(), "/", "_"))
	if _, err := page.Screenshot(playwright.PageScreenshotOptions{Path: playwright.String(base + ".png"), FullPage: playwright.Bool(true)}); err != nil {
		t.Logf("no screenshot: %v", err)
	}
	if err := context.Tracing().Stop(base + ".zip"); err != nil {
		t.Logf("no trace: %v", err)
	}
	t.Logf("what the browser showed is in e2e/%s.png and .zip (npx playwright show-trace)", base)
}

// blockThirdPartyCookies makes the browser treat the page's embedded frames as
// browsers do that refuse third-party cookies.
func blockThirdPartyCookies(t *testing.T, page playwright.Page) {
	t.Helper()
	session, err := page.Context().NewCDPSession(page)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := session.Send("Network.enable", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := session.Send("Network.setCookieControls", map[string]any{
		"enableThirdPartyCookieRestriction": true, "disableThirdPartyCookieMetadata": true, "disableThirdPartyCookieHeuristics": true,
	}); err != nil {
		t.Fatal(err)
	}
}

// must fails the test on an error of the browser.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
