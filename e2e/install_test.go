package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"
)

func TestAnAdministratorInstallsByOpeningTheApplication(t *testing.T) {
	w := newUninstalledWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	_, err := page.Goto(w.URL() + "/marketplace/app/1/")
	must(t, err)
	must(t, page.WaitForURL("**/*install_finished=Y*"))
	if !w.Installed(w.keys.ClientID) {
		t.Error("the portal does not count Joinline as installed")
	}
	places := map[string]bool{}
	for _, b := range w.Placements() {
		places[b.Placement] = true
	}
	for _, want := range []string{"CRM_LEAD_DETAIL_TAB", "CRM_DEAL_DETAIL_TAB", "CRM_CONTACT_DETAIL_TAB", "CRM_COMPANY_DETAIL_TAB"} {
		if !places[want] {
			t.Errorf("Joinline is not bound at %s", want)
		}
	}
	card := w.card(t, page, "deal/77")
	must(t, expect.Locator(card.Locator("#chat-1763")).ToBeVisible())
}

func TestOutsideOfAPortalThePageSaysWhereItWorks(t *testing.T) {
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	_, err := page.Goto(w.app + "/app")
	must(t, err)
	must(t, expect.Locator(page.Locator("h1")).ToContainText("Open Joinline from a CRM card"))
}
