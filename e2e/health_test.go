package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// openHealth opens the section of an application that an administrator sees.
func openHealth(t *testing.T, f playwright.FrameLocator) {
	t.Helper()
	must(t, f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Health"}).Click())
	must(t, expect.Locator(f.Locator("h1")).ToHaveText("Health"))
}

// wantKinds checks the verdicts of checks.
func wantKinds(t *testing.T, f playwright.FrameLocator, kinds map[string]string) {
	t.Helper()
	for check, kind := range kinds {
		must(t, expect.Locator(f.Locator("#check-"+check)).ToHaveAttribute("data-kind", kind))
	}
}

func TestAHealthyPortalIsCalledSoCheckByCheck(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	f := openApplication(t, page)
	openHealth(t, f)
	wantKinds(t, f, map[string]string{
		"placements": "fine", "events": "fine", "caretaker": "fine", "channels": "fine", "directory": "fine", "public": "fine",
		"authserver": "fine", "limits": "fine", "database": "fine", "version": "fine",
		"scopes": "attention", // the README leaves department to the administrator
	})
	must(t, expect.Locator(f.Locator("#verdict")).ToHaveText("Joinline works, but something needs attention."))
	must(t, expect.Locator(f.Locator("#say")).ToHaveText("Joinline works, but something needs attention."))
	must(t, expect.Locator(f.Locator("#check-public")).ToContainText("Browsers show Joinline within "+w.URL()))
}

// breakApart is what can go wrong on a portal behind Joinline's back.
func breakApart(w *world) {
	w.Unbind(w.keys.ClientID, "CRM_DEAL_DETAIL_TAB")
	w.Do(func(world *bitrixtest.World) {
		world.Dismiss(1) // who installed Joinline
		world.Lines[5].Active = false
	})
	w.Edit(w.keys.ClientID, bitrixtest.App{
		Name: "Joinline", HandlerURL: w.app + "/app", InstallURL: w.app + "/install", Scopes: []string{"crm", "imopenlines", "user_brief", "placement", "department"},
	})
	w.ExpireTokens(0)
}

func TestABrokenPortalIsDiagnosedAndMended(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Do(func(world *bitrixtest.World) { world.Users[24].Admin = true })
	page := newPage(t, playwright.BrowserNewContextOptions{ColorScheme: playwright.ColorSchemeDark, Viewport: &playwright.Size{Width: 390, Height: 844}})
	s := w.sit(t, page, 24)
	s.open(t, "deal/79") // whose chat came through a connector that is off
	s.read(t)
	_, err := page.Goto(w.URL() + "/")
	must(t, err)
	f := openApplication(t, page)
	must(t, f.Locator(".first-steps").WaitFor())
	breakApart(w)
	w.Fail(bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultQueryLimit})
	must(t, f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "First steps"}).Click()) // is refused once
	must(t, f.Locator(".first-steps").WaitFor())
	openHealth(t, f)

	wantKinds(t, f, map[string]string{
		"scopes": "attention", "placements": "broken", "caretaker": "broken", "channels": "attention", "limits": "attention", "events": "fine", "database": "fine",
	})
	for check, says := range map[string]string{
		"scopes":     "im is missing: nobody is told why they were added",
		"placements": "The tab is missing: Deal.",
		"caretaker":  "Anna Belova, who installed Joinline, has been dismissed.",
		"channels":   "Sales line. The channel is switched off.",
		"limits":     "Requests that the portal refused in the last hour: 1.",
	} {
		must(t, expect.Locator(f.Locator("#check-"+check)).ToContainText(says))
	}
	must(t, expect.Locator(f.Locator("#check-channels")).ToContainText("The connector is switched off"))
	must(t, expect.Locator(f.Locator("#verdict")).ToHaveText("Something does not work."))
	wantAccessible(t, "a broken portal", w.frame(t, page))

	must(t, f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Repair"}).Press("Enter"))
	wantKinds(t, f, map[string]string{"placements": "fine"})
	must(t, expect.Locator(f.Locator("#verdict")).ToBeFocused())
	must(t, f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Take over"}).Press("Enter"))
	wantKinds(t, f, map[string]string{"caretaker": "fine"})
	must(t, expect.Locator(f.Locator("#check-caretaker")).ToContainText("Elena Morozova installed Joinline"))
	must(t, expect.Locator(f.Locator("#verdict")).ToHaveText("Joinline works, but something needs attention."))
	if got := len(w.Placements()); got != 4 {
		t.Errorf("%d tabs are bound", got)
	}
	kept, err := w.store.Installation(t.Context(), bitrix.MemberID(w.MemberID()))
	must(t, err)
	if kept.Installer != 24 {
		t.Errorf("Joinline acts for %d", kept.Installer)
	}
}

func TestTheHealthPageWorksWithoutScripts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	f := w.openByHand(t, page, w.Launch(w.keys.ClientID, 1, "DEFAULT", ""))
	must(t, f.Locator(".first-steps").WaitFor()) // by then it has repaired what there was
	w.Unbind(w.keys.ClientID, "CRM_DEAL_DETAIL_TAB")
	openHealth(t, f)
	wantKinds(t, f, map[string]string{"placements": "broken", "database": "fine", "public": "fine"})
	must(t, expect.Locator(f.Locator("#verdict")).ToHaveText("Something does not work."))
	must(t, f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Repair"}).Click())
	wantKinds(t, f, map[string]string{"placements": "fine", "database": "fine"})
	must(t, f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Check again"}).Click())
	wantKinds(t, f, map[string]string{"placements": "fine", "public": "fine"})
}

func TestAPortalThatDoesNotAnswerDuringTheChecksIsSaidToBeAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	f := openApplication(t, page)
	must(t, f.Locator(".first-steps").WaitFor())
	w.Fail(bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultHTML, Times: -1})
	openHealth(t, f)
	must(t, expect.Locator(f.Locator("#trouble")).ToContainText("Bitrix24 gave no usable answer in time."))
	wantKinds(t, f, map[string]string{"placements": "unchecked", "database": "unchecked"})
	w.ClearFaults()
	must(t, f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Check again"}).Click())
	wantKinds(t, f, map[string]string{"placements": "fine"})
}
