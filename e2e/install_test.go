package e2e

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// register registers Joinline in the developer area, as the README tells
// administrators to, and returns the keys that the portal shows then.
func register(t *testing.T, page playwright.Page, public string) bitrixtest.Credentials {
	t.Helper()
	must(t, page.GetByRole("link", playwright.PageGetByRoleOptions{Name: "Developer resources"}).Click())
	must(t, page.GetByRole("link", playwright.PageGetByRoleOptions{Name: "Add a local application"}).Click())
	must(t, page.GetByLabel("Your handler path").Fill(public+"/app"))
	must(t, page.GetByLabel("Initial installation path").Fill(public+"/install"))
	must(t, page.GetByLabel("Menu item name (en)").Fill("Joinline"))
	boxes := page.GetByRole("group", playwright.PageGetByRoleOptions{Name: "Access permissions"}).GetByRole("checkbox")
	all, err := boxes.All()
	must(t, err)
	for _, box := range all {
		scope, err := box.GetAttribute("value")
		must(t, err)
		must(t, box.SetChecked(slices.Contains(scopes, scope)))
	}
	must(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Save"}).Click())
	id, err := page.Locator("#client_id").TextContent()
	must(t, err)
	secret, err := page.Locator("#client_secret").TextContent()
	must(t, err)
	return bitrixtest.Credentials{ClientID: id, ClientSecret: secret}
}

// openApplication opens Joinline from the portal's list of applications and is
// its frame.
func openApplication(t *testing.T, page playwright.Page) playwright.FrameLocator {
	t.Helper()
	must(t, page.GetByRole("link", playwright.PageGetByRoleOptions{Name: "All applications"}).Click())
	must(t, page.GetByRole("listitem").Filter(playwright.LocatorFilterOptions{HasText: "Joinline"}).GetByRole("link", playwright.LocatorGetByRoleOptions{Name: "Open"}).Click())
	return page.FrameLocator(".appframe iframe")
}

// addPavel adds Pavel Orlov to chat 1763 in a card that shows it.
func addPavel(t *testing.T, card playwright.FrameLocator) {
	t.Helper()
	must(t, expect.Locator(card.Locator("#chat-1763")).ToHaveAttribute("data-state", "open-now"))
	must(t, card.Locator("#q").Fill("pavel"))
	must(t, card.Locator("#person-23").Click())
	must(t, card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Add to chat"}).Click())
	must(t, expect.Locator(card.Locator("#results [data-user='23']")).ToHaveAttribute("data-state", "done"))
}

// wantPavel checks that the portal has Pavel Orlov in chat 1763.
func (w *world) wantPavel(t *testing.T) {
	t.Helper()
	if got := w.Participants(1763); !slices.Contains(got, 23) {
		t.Errorf("chat 1763 holds %v, want 23 among them", got)
	}
}

// wantInstalled checks what the portal and Joinline hold of an installation.
func (w *world) wantInstalled(t *testing.T) {
	t.Helper()
	if !w.Installed(w.keys.ClientID) {
		t.Error("the portal does not count Joinline as installed")
	}
	got := map[string]string{}
	for _, p := range w.Placements() {
		got[p.Placement+" in English"] = p.Titles["en"].Title
		got[p.Placement+" in Russian"] = p.Titles["ru"].Title
		got[p.Placement+" leads to"] += p.Handler
	}
	want := map[string]string{}
	for _, card := range []string{"LEAD", "DEAL", "CONTACT", "COMPANY"} {
		place := "CRM_" + card + "_DETAIL_TAB"
		want[place+" in English"], want[place+" in Russian"] = "Colleagues in chat", "Коллеги в чате"
		want[place+" leads to"] = w.app + "/app"
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	kept, err := w.store.Installation(t.Context(), bitrix.MemberID(w.MemberID()))
	must(t, err)
	if kept.ClientID != w.keys.ClientID || kept.Portal != w.URL() || kept.Endpoint != w.RESTURL() || kept.Installer != 1 || kept.ApplicationToken == "" {
		t.Errorf("Joinline keeps %+v", kept)
	}
	if _, err := w.store.Token(t.Context(), app.TokenKey{Member: kept.Member, Role: app.AsInstallation, User: 1}); err != nil {
		t.Errorf("Joinline has no token of the administrator: %v", err)
	}
}

// wantNothingKept checks that Joinline remembers nothing of the portal.
func (w *world) wantNothingKept(t *testing.T) {
	t.Helper()
	if kept, err := w.store.Installation(t.Context(), bitrix.MemberID(w.MemberID())); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("Joinline keeps %+v, %v", kept, err)
	}
	if w.Installed(w.keys.ClientID) {
		t.Error("the portal counts Joinline as installed")
	}
}

func TestAnAdministratorInstallsByClicking(t *testing.T) {
	t.Parallel()
	for name, blocked := range map[string]bool{"third-party cookies allowed": false, "third-party cookies blocked": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newUnregisteredWorld(t)
			page := newPage(t, playwright.BrowserNewContextOptions{})
			if blocked {
				blockThirdPartyCookies(t, page)
			}
			w.signIn(t, page, "Anna Belova")
			w.start(w.app, register(t, page, w.app))
			openApplication(t, page)
			must(t, page.WaitForURL("**/*install_finished=Y*"))
			must(t, expect.Locator(page.FrameLocator(".appframe iframe").Locator("h1")).ToHaveText("Joinline is ready"))
			w.wantInstalled(t)
			addPavel(t, w.card(t, page, "deal/77"))
			w.wantPavel(t)
		})
	}
}

func TestOpeningTheApplicationAgainChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	placements, events := w.Placements(), w.EventHandlers()
	must(t, expect.Locator(openApplication(t, page).Locator("h1")).ToHaveText("Joinline is ready"))
	w.wantInstalled(t)
	if d := cmp.Diff(placements, w.Placements()) + cmp.Diff(events, w.EventHandlers()); d != "" {
		t.Error(d)
	}
}

func TestAnInstallationThatTheBrowserLeftEarlyIsRepeated(t *testing.T) {
	t.Parallel()
	w := newUninstalledWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	w.SetFrames("silent") // the portal's page hears nothing, as when it is closed too early
	frame := openApplication(t, page)
	must(t, expect.Locator(frame.Locator("[data-finish]")).ToContainText("Bitrix24 has not answered"))
	placements := w.Placements()
	w.SetFrames()
	_, err := page.Reload()
	must(t, err)
	must(t, page.WaitForURL("**/*install_finished=Y*"))
	w.wantInstalled(t)
	if d := cmp.Diff(placements, w.Placements()); d != "" {
		t.Error(d)
	}
}

func TestANewAddressOfJoinlineIsRepairedByOpeningTheApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	moved := strings.Replace(w.app, "joinline.", "chats.", 1)
	must(t, page.GetByRole("link", playwright.PageGetByRoleOptions{Name: "Developer resources"}).Click())
	must(t, page.GetByRole("link", playwright.PageGetByRoleOptions{Name: "Settings"}).Click())
	must(t, page.GetByLabel("Your handler path").Fill(moved+"/app"))
	must(t, page.GetByLabel("Initial installation path").Fill(moved+"/install"))
	must(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Save"}).Click())
	w.start(moved, w.keys)
	must(t, expect.Locator(openApplication(t, page).Locator("h1")).ToHaveText("Joinline is ready"))
	w.wantInstalled(t)
	addPavel(t, w.card(t, page, "deal/77"))
	w.wantPavel(t)
}

func TestAPortalThatJoinlineForgotIsTakenBackByAnAdministratorAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	must(t, w.DeliverEvents(t.Context())) // one of them installs, too
	must(t, w.store.Forget(t.Context(), bitrix.MemberID(w.MemberID())))
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	frame := openApplication(t, page)
	must(t, expect.Locator(frame.Locator("h1")).ToHaveText("Joinline is not installed yet"))
	setUp := frame.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Set up Joinline"})
	must(t, setUp.Click())
	must(t, expect.Locator(frame.Locator("h1")).ToHaveText("Only an administrator can install Joinline"))
	if _, err := w.store.Installation(t.Context(), bitrix.MemberID(w.MemberID())); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("an employee installed it: %v", err)
	}
	w.signIn(t, page, "Anna Belova")
	openApplication(t, page)
	must(t, setUp.Click())
	must(t, page.WaitForURL("**/*install_finished=Y*"))
	must(t, expect.Locator(frame.Locator("h1")).ToHaveText("Joinline is ready"))
	w.wantInstalled(t)
}

func TestAnEmployeeCannotInstall(t *testing.T) {
	t.Parallel()
	w := newUninstalledWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	// The portal itself lets only administrators come so far …
	openApplication(t, page)
	must(t, expect.Locator(page.Locator("[data-frame-now]")).ToContainText("is not finished"))
	// … so this employee posts the form without being asked.
	frame := w.openByHand(t, page, w.Launch(w.keys.ClientID, 15, "DEFAULT", ""))
	must(t, expect.Locator(frame.Locator("h1")).ToHaveText("Only an administrator can install Joinline"))
	must(t, expect.Locator(frame.Locator("main")).ToContainText("Ask an administrator of the portal to open the application."))
	w.wantNothingKept(t)
	if got := w.Placements(); len(got) != 0 {
		t.Errorf("bound: %v", got)
	}
}

func TestAFailedInstallationSaysWhatHelpsAndIsRepeatedByItsButton(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault bitrixtest.Fault
		says  string
	}{
		"the portal answers with a web page": {bitrixtest.Fault{Method: "placement.bind", Kind: bitrixtest.FaultHTML, Skip: 1, Times: -1}, "The portal does not answer"},
		"the portal is over its limit":       {bitrixtest.Fault{Method: "placement.get", Kind: bitrixtest.FaultQueryLimit, Times: -1}, "The portal is busy"},
		"the connection breaks":              {bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultDrop, Times: -1}, "The portal does not answer"},
		"the authorisation server is away":   {bitrixtest.Fault{Method: "app.info@oauth", Kind: bitrixtest.FaultHTML, Times: -1}, "The portal does not answer"},
		"an event cannot be bound":           {bitrixtest.Fault{Method: "event.bind", Kind: bitrixtest.FaultInternal, Times: -1}, "The portal does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newUninstalledWorld(t)
			page := newPage(t, playwright.BrowserNewContextOptions{})
			w.signIn(t, page, "Anna Belova")
			w.Fail(c.fault)
			frame := openApplication(t, page)
			patient := playwright.LocatorAssertionsToHaveTextOptions{Timeout: playwright.Float(40_000)} // the portal is asked more than once
			must(t, expect.Locator(frame.Locator("h1")).ToHaveText(c.says, patient))
			must(t, expect.Locator(frame.Locator(".notice li")).Not().ToHaveCount(0)) // what helps
			w.wantNothingKept(t)
			w.ClearFaults()
			must(t, frame.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Try again"}).Click())
			must(t, page.WaitForURL("**/*install_finished=Y*"))
			w.wantInstalled(t)
		})
	}
}

func TestAPermissionThatLacksIsNamedAndTheRestWorksOnceItIsGiven(t *testing.T) {
	t.Parallel()
	w := newUnregisteredWorld(t)
	lacking := bitrixtest.App{
		Name: "Joinline", Names: map[string]string{"en": "Joinline"}, HandlerURL: w.app + "/app", InstallURL: w.app + "/install", Scopes: []string{"crm", "im", "user_brief", "placement"},
	}
	w.start(w.app, w.Register(lacking))
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	frame := openApplication(t, page)
	must(t, expect.Locator(frame.Locator("h1")).ToHaveText("Joinline lacks a permission"))
	must(t, expect.Locator(frame.Locator("main")).ToContainText("imopenlines"))
	w.wantNothingKept(t)
	must(t, page.GetByRole("link", playwright.PageGetByRoleOptions{Name: "Developer resources"}).Click())
	must(t, page.GetByRole("link", playwright.PageGetByRoleOptions{Name: "Settings"}).Click())
	must(t, page.Locator("input[name=scope][value=imopenlines]").Check())
	must(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Save"}).Click())
	must(t, expect.Locator(page.GetByText("Saved.")).ToBeVisible())
	openApplication(t, page)
	must(t, page.WaitForURL("**/*install_finished=Y*"))
	w.wantInstalled(t)
}

func TestTheKeysOfAnotherApplicationAreExplained(t *testing.T) {
	t.Parallel()
	w := newUninstalledWorld(t)
	keys := w.keys
	w.start(w.app, bitrixtest.Credentials{ClientID: "local.66f0aa12bc34d5.48120937", ClientSecret: keys.ClientSecret})
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	frame := openApplication(t, page)
	must(t, expect.Locator(frame.Locator("h1")).ToHaveText("This is not the application Joinline knows"))
	w.wantNothingKept(t)
	w.start(w.app, keys)
	must(t, frame.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Try again"}).Click())
	must(t, page.WaitForURL("**/*install_finished=Y*"))
	w.wantInstalled(t)
}
