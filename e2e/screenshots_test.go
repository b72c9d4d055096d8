package e2e

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// pictured are the states of the card that the documentation shows, each with
// what a person did to see it.
var pictured = []struct {
	name, item string
	see        func(t *testing.T, s seat)
}{
	{"chats", "deal/77", func(t *testing.T, s seat) {}},
	{"search", "deal/77", func(t *testing.T, s seat) {
		must(t, s.card.Locator("#q").Fill("pe"))
		must(t, expect.Locator(s.card.Locator("#options")).ToBeVisible())
	}},
	{"results", "deal/77", func(t *testing.T, s seat) {
		s.choose(t, pavel, olga)
		s.add(t)
		s.wantResult(t, pavel, "done")
		s.wantResult(t, olga, "refused")
	}},
	{"waiting", "deal/78", func(t *testing.T, s seat) {}},
}

// TestScreenshots takes the pictures of the documentation. `make screenshots`
// keeps them, in light and dark, wide and narrow; otherwise one look only shows
// that the pages can be seen.
func TestScreenshots(t *testing.T) {
	kept := os.Getenv("JOINLINE_SCREENSHOTS")
	dir := cmp.Or(kept, t.TempDir())
	for name, options := range map[string]playwright.BrowserNewContextOptions{
		"light":        {ColorScheme: playwright.ColorSchemeLight, Viewport: &playwright.Size{Width: 1280, Height: 800}},
		"dark":         {ColorScheme: playwright.ColorSchemeDark, Viewport: &playwright.Size{Width: 1280, Height: 800}},
		"light-narrow": {ColorScheme: playwright.ColorSchemeLight, Viewport: &playwright.Size{Width: 390, Height: 844}},
		"dark-narrow":  {ColorScheme: playwright.ColorSchemeDark, Viewport: &playwright.Size{Width: 390, Height: 844}},
	} {
		if kept == "" && name != "light" {
			continue
		}
		for _, state := range pictured {
			t.Run(state.name+"-"+name, func(t *testing.T) {
				w := newWorld(t)
				w.Do(func(world *bitrixtest.World) { world.Items[item("DEAL", 78)].Observers = []int{ivan} })
				s := w.sit(t, newPage(t, options), ivan)
				s.open(t, state.item)
				s.read(t)
				state.see(t, s)
				shoot(t, filepath.Join(dir, state.name+"-"+name+".png"), func(path string) error {
					_, err := s.page.Locator("[role=tabpanel]:not([hidden]) iframe").Screenshot(playwright.LocatorScreenshotOptions{
						Path: &path, Animations: playwright.ScreenshotAnimationsDisabled,
					})
					return err
				})
				if state.name == "results" && name == "light" { // the picture of the README
					shoot(t, filepath.Join(dir, "card.png"), func(path string) error {
						_, err := s.page.Screenshot(playwright.PageScreenshotOptions{Path: &path, Animations: playwright.ScreenshotAnimationsDisabled})
						return err
					})
				}
			})
		}
		t.Run("home-"+name, func(t *testing.T) {
			w := newWorld(t)
			page := newPage(t, options)
			s := w.sit(t, page, ivan)
			s.open(t, "deal/77")
			s.choose(t, pavel, olga)
			s.add(t) // so that there is something to tell
			s.wantResult(t, olga, "refused")
			w.signIn(t, page, "Anna Belova")
			must(t, page.Locator("nav a[href^='/marketplace/app/']").Click())
			shootSections(t, page, func(section string) string { return filepath.Join(dir, section+"-"+name+".png") })
		})
	}
}

// shootSections takes a picture of every section of the application's own page.
func shootSections(t *testing.T, page playwright.Page, path func(section string) string) {
	t.Helper()
	f := page.FrameLocator(".appframe iframe")
	must(t, f.Locator(".first-steps").WaitFor())
	buttons := f.Locator("nav .section")
	n, err := buttons.Count()
	must(t, err)
	for i := range n {
		must(t, buttons.Nth(i).Click())
		must(t, expect.Locator(buttons.Nth(i)).ToHaveAttribute("aria-current", "page"))
		must(t, expect.Locator(f.Locator("[aria-busy=true]")).ToHaveCount(0))
		url, err := buttons.Nth(i).GetAttribute("formaction")
		must(t, err)
		shoot(t, path(strings.ReplaceAll(strings.TrimPrefix(url, "/"), "/", "-")), func(path string) error {
			_, err := page.Locator(".appframe iframe").Screenshot(playwright.LocatorScreenshotOptions{Path: &path, Animations: playwright.ScreenshotAnimationsDisabled})
			return err
		})
	}
}

// shoot takes a picture and makes sure that there is one.
func shoot(t *testing.T, path string, take func(path string) error) {
	t.Helper()
	must(t, take(path))
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("no picture at %s: %v", path, err)
	}
}
