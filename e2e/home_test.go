package e2e

import (
	"regexp"
	"testing"

	"github.com/playwright-community/playwright-go"
)

func TestTheApplicationsOwnPageIsAccessible(t *testing.T) {
	inEveryLook(t, func(t *testing.T, w *world, page playwright.Page) {
		w.install(t)
		w.signIn(t, page, "Anna Belova")
		must(t, page.Locator("nav a[href^='/marketplace/app/']").Click())
		f := page.FrameLocator(".appframe iframe")
		must(t, f.Locator(".first-steps").WaitFor())
		wantAccessible(t, "the first steps", w.frame(t, page))
		sections, err := f.Locator("nav .section").Count()
		must(t, err)
		for n := 1; n < sections; n++ {
			button := f.Locator("nav .section").Nth(n)
			name, err := button.InnerText()
			must(t, err)
			must(t, button.Click())
			must(t, expect.Locator(f.Locator("nav [aria-current=page]")).ToHaveText(name))
			wantAccessible(t, name, w.frame(t, page))
		}
	})
}

func TestAPersonsSettingsAreChangedWithTheKeyboardAndHoldInTheCard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	f := openApplication(t, page)
	must(t, f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Your settings"}).Press("Enter"))
	must(t, expect.Locator(f.Locator("h1")).ToHaveText("Your settings"))
	must(t, f.Locator("#why").Fill("Needs an engineer"))
	must(t, f.Locator("#way-notify").Press("Space"))
	_, err := f.Locator("#language").SelectOption(playwright.SelectOptionValues{Values: playwright.StringSlice("de")})
	must(t, err)
	must(t, f.Locator("#why").Press("Enter"))
	must(t, expect.Locator(f.Locator("h1")).ToHaveText("Ihre Einstellungen"))

	card := w.card(t, page, "deal/77")
	must(t, expect.Locator(card.Locator("html")).ToHaveAttribute("lang", "de"))
	must(t, expect.Locator(card.Locator("#why")).ToHaveValue("Needs an engineer"))
	must(t, expect.Locator(card.Locator("#way-notify")).ToBeChecked())
}

func TestTheLetterToTheTeamIsCopied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	f := openApplication(t, page)
	must(t, f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Copy"}).Click())
	must(t, expect.Locator(f.Locator("#say")).ToHaveText("Copied"))
	must(t, f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Your settings"}).Click())
	must(t, f.Locator("#why").Press("Control+V"))
	must(t, expect.Locator(f.Locator("#why")).ToHaveValue(regexp.MustCompile("choose the tab “Colleagues in chat”")))
}
