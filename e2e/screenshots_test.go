package e2e

import (
	"cmp"
	"os"
	"path/filepath"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// TestScreenshots takes the pictures of the documentation. `make screenshots`
// keeps them; otherwise they only show that the pages can be seen.
func TestScreenshots(t *testing.T) {
	dir := cmp.Or(os.Getenv("JOINLINE_SCREENSHOTS"), t.TempDir())
	for name, options := range map[string]playwright.BrowserNewContextOptions{
		"card":       {ColorScheme: playwright.ColorSchemeLight, Viewport: &playwright.Size{Width: 1280, Height: 800}},
		"card-dark":  {ColorScheme: playwright.ColorSchemeDark, Viewport: &playwright.Size{Width: 1280, Height: 800}},
		"card-phone": {ColorScheme: playwright.ColorSchemeLight, Viewport: &playwright.Size{Width: 390, Height: 844}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			page := newPage(t, options)
			w.signIn(t, page, "Ivan Petrov")
			card := w.card(t, page, "deal/77")
			for _, person := range []struct{ query, id string }{{"pavel", "23"}, {"olga", "22"}} {
				must(t, card.Locator("#q").Fill(person.query))
				must(t, card.Locator("#person-"+person.id).Click())
			}
			must(t, card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Add to chat"}).Click())
			must(t, expect.Locator(card.Locator("#results [data-user='23']")).ToHaveAttribute("data-state", "done"))
			path := filepath.Join(dir, name+".png")
			_, err := page.Screenshot(playwright.PageScreenshotOptions{Path: &path, Animations: playwright.ScreenshotAnimationsDisabled})
			must(t, err)
			if info, err := os.Stat(path); err != nil || info.Size() == 0 {
				t.Errorf("no picture at %s: %v", path, err)
			}
		})
	}
}
