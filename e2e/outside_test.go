package e2e

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

const signInWords = "Sign in with Bitrix24"

// pressSignIn presses the button that leads to the portal.
func pressSignIn(t *testing.T, page playwright.Page) {
	t.Helper()
	must(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: signInWords}).Click())
}

// chooseOnPortal says on the portal's sign-in page who the person is.
func chooseOnPortal(t *testing.T, page playwright.Page, user string) {
	t.Helper()
	must(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: user}).Click())
}

// addPavelOutside adds Pavel Orlov to chat 1763 on a page of its own.
func addPavelOutside(t *testing.T, page playwright.Page) {
	t.Helper()
	must(t, expect.Locator(page.Locator("#chat-1763")).ToHaveAttribute("data-state", "open-now"))
	must(t, page.Locator("#q").Fill("pavel"))
	must(t, page.Locator("#person-23").Click())
	must(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Add to chat"}).Click())
	must(t, expect.Locator(page.Locator("#results [data-user='23']")).ToHaveAttribute("data-state", "done"))
}

// wantHeading checks what a page says in large letters, and with which status it came.
func wantHeading(t *testing.T, page playwright.Page, answer playwright.Response, status int, heading string) {
	t.Helper()
	must(t, expect.Locator(page.Locator("h1")).ToHaveText(heading))
	if answer.Status() != status {
		t.Errorf("%q came with status %d, want %d", heading, answer.Status(), status)
	}
}

// wantNoViewer checks that Joinline holds no token of a person.
func (w *world) wantNoViewer(t *testing.T, user bitrix.UserID) {
	t.Helper()
	key := app.TokenKey{Member: bitrix.MemberID(w.MemberID()), Role: app.AsViewer, User: user}
	if _, err := w.store.Token(t.Context(), key); !errors.Is(err, app.ErrNoToken) {
		t.Errorf("Joinline holds a token of %d: %v", user, err)
	}
}

func TestAnItemIsOpenedFromOutsideOfThePortal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	answer, err := page.Goto(w.app + "/card/deal/77")
	must(t, err)
	wantHeading(t, page, answer, http.StatusUnauthorized, "Sign in to open this card")
	pressSignIn(t, page)
	must(t, page.WaitForURL(w.URL()+"/login/**"))
	chooseOnPortal(t, page, "Ivan Petrov")
	must(t, page.WaitForURL(w.app+"/card/deal/77"))
	addPavelOutside(t, page)
	w.wantPavel(t)

	_, err = page.Reload()
	must(t, err)
	must(t, expect.Locator(page.Locator("#chat-1763")).ToContainText("Pavel Orlov"))
	messenger, err := page.ExpectPopup(func() error {
		return page.Locator("#chat-1763").GetByRole("link", playwright.LocatorGetByRoleOptions{Name: "Open chat"}).Click()
	})
	must(t, err)
	must(t, expect.Page(messenger).ToHaveURL(w.URL()+"/online/?IM_DIALOG=chat1763"))
	must(t, expect.Locator(messenger.Locator("#chat1763")).ToContainText("Pavel Orlov"))
}

func TestAnotherItemNeedsNoSecondSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	_, err := page.Goto(w.app + "/")
	must(t, err)
	pressSignIn(t, page)
	must(t, expect.Locator(page.Locator("h1")).ToHaveText("You are signed in"))
	_, err = page.Goto(w.app + "/card/lead/55")
	must(t, err)
	must(t, expect.Locator(page.Locator("#chat-1755")).ToHaveAttribute("data-state", "open-now"))
	_, err = page.Goto(w.app + "/card/deal/77")
	must(t, err)
	must(t, expect.Locator(page.Locator("#chat-1763")).ToBeVisible())
	_, err = page.GoBack()
	must(t, err)
	must(t, expect.Locator(page.Locator("#chat-1755")).ToBeVisible())
}

func TestASignInThatThisBrowserDidNotBeginIsRefused(t *testing.T) {
	t.Parallel()
	for name, state := range map[string]string{"another state": "&state=somebodyelses", "no state": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			page := newPage(t, playwright.BrowserNewContextOptions{})
			answer, err := page.Goto(w.app + "/app?code=" + w.Code(w.keys.ClientID, 15) + state + "&server_domain=" + url.QueryEscape(strings.TrimPrefix(w.AuthURL(), "http://")))
			must(t, err)
			wantHeading(t, page, answer, http.StatusBadRequest, "Sign-in did not succeed")
			w.wantNoViewer(t, 15)
			_, err = page.Goto(w.app + "/card/deal/77")
			must(t, err)
			must(t, expect.Locator(page.Locator("#card")).ToHaveCount(0))
		})
	}
}

func TestASignInIsGoodOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	_, err := page.Goto(w.app + "/card/deal/77")
	must(t, err)
	back, err := page.ExpectRequest(w.app+"/app?**", func() error {
		return page.GetByRole("button", playwright.PageGetByRoleOptions{Name: signInWords}).Click()
	})
	must(t, err)
	must(t, page.WaitForURL(w.app+"/card/deal/77"))
	answer, err := page.Goto(back.URL())
	must(t, err)
	wantHeading(t, page, answer, http.StatusBadRequest, "Sign-in did not succeed")

	// In another browser it is worth nothing either, and there the way on is one button.
	other := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, other, "Elena Morozova")
	answer, err = other.Goto(back.URL())
	must(t, err)
	wantHeading(t, other, answer, http.StatusBadRequest, "Sign-in did not succeed")
	w.wantNoViewer(t, 24)
	pressSignIn(t, other)
	must(t, expect.Locator(other.Locator("h1")).ToHaveText("You are signed in"))

	// The first browser is signed in still.
	_, err = page.Goto(w.app + "/card/deal/77")
	must(t, err)
	must(t, expect.Locator(page.Locator("#chat-1763")).ToBeVisible())
}

func TestWhoDeclinesOnThePortalCanTryAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	_, err := page.Goto(w.app + "/card/deal/77")
	must(t, err)
	sent, err := page.ExpectRequest(w.URL()+"/oauth/authorize/?**", func() error {
		return page.GetByRole("button", playwright.PageGetByRoleOptions{Name: signInWords}).Click()
	})
	must(t, err)
	must(t, page.WaitForURL(w.URL()+"/login/**"))
	asked, err := url.Parse(sent.URL())
	must(t, err)

	// The portal has no button that says no, but others of its kind answer so.
	answer, err := page.Goto(w.app + "/app?error=access_denied&state=" + asked.Query().Get("state"))
	must(t, err)
	wantHeading(t, page, answer, http.StatusBadRequest, "Sign-in did not succeed")
	w.wantNoViewer(t, 15)
	pressSignIn(t, page)
	chooseOnPortal(t, page, "Ivan Petrov")
	must(t, page.WaitForURL(w.app+"/card/deal/77"))
	must(t, expect.Locator(page.Locator("#chat-1763")).ToBeVisible())
}

func TestWhoGoesBackFromThePortalFindsTheSamePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	_, err := page.Goto(w.app + "/card/deal/77")
	must(t, err)
	pressSignIn(t, page)
	must(t, page.WaitForURL(w.URL()+"/login/**"))
	_, err = page.GoBack()
	must(t, err)
	pressSignIn(t, page)
	chooseOnPortal(t, page, "Ivan Petrov")
	must(t, page.WaitForURL(w.app+"/card/deal/77"))
	must(t, expect.Locator(page.Locator("#chat-1763")).ToBeVisible())
}

func TestThePortalKeepsStrangersOutOfTheSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetAccess(w.keys.ClientID, "U24")
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	_, err := page.Goto(w.app + "/card/deal/77")
	must(t, err)
	pressSignIn(t, page)
	must(t, expect.Locator(page.Locator("body")).ToContainText("You have no access to this application."))
	w.wantNoViewer(t, 15)
}

func TestAPageOpenedOutsideSaysWhatToDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	for path, want := range map[string]struct {
		status  int
		heading string
		signIn  bool
	}{
		"/":                 {http.StatusOK, "Open Joinline from a CRM card", true},
		"/app":              {http.StatusOK, "Open Joinline from a CRM card", true},
		"/install":          {http.StatusOK, "Open Joinline from a CRM card", true},
		"/card/deal/77":     {http.StatusUnauthorized, "Sign in to open this card", true},
		"/card/deal/0":      {http.StatusNotFound, "There is no such page", false},
		"/card/invoice/3":   {http.StatusNotFound, "There is no such page", false},
		"/card/chats":       {http.StatusMethodNotAllowed, "This page cannot be used that way", false},
		"/an/old/bookmark":  {http.StatusNotFound, "There is no such page", false},
		"/static/gone/x.js": {http.StatusNotFound, "There is no such page", false},
	} {
		answer, err := page.Goto(w.app + path)
		must(t, err)
		wantHeading(t, page, answer, want.status, want.heading)
		must(t, expect.Locator(page.Locator("main")).ToContainText("Colleagues in chat"))
		n := 0
		if want.signIn {
			n = 1
		}
		must(t, expect.Locator(page.GetByRole("button", playwright.PageGetByRoleOptions{Name: signInWords})).ToHaveCount(n))
	}
}

func TestBeforeAnyPortalInstalledItThePageSaysHowThatIsDone(t *testing.T) {
	t.Parallel()
	w := newUninstalledWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	for _, path := range []string{"/", "/card/deal/77"} {
		_, err := page.Goto(w.app + path)
		must(t, err)
		must(t, expect.Locator(page.Locator("main")).ToContainText("An administrator registers it as a local application"))
		must(t, expect.Locator(page.Locator("button")).ToHaveCount(0))
	}
}

func TestAnItemThatCannotBeShownIsExplainedToWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	_, err := page.Goto(w.app + "/")
	must(t, err)
	pressSignIn(t, page)
	must(t, expect.Locator(page.Locator("h1")).ToHaveText("You are signed in"))
	for path, want := range map[string]struct {
		status  int
		heading string
	}{
		"/card/deal/78":   {http.StatusForbidden, "You have no access to this card"},
		"/card/deal/4040": {http.StatusNotFound, "This CRM item does not exist any more"},
	} {
		answer, err := page.Goto(w.app + path)
		must(t, err)
		wantHeading(t, page, answer, want.status, want.heading)
	}
	// And once the application is gone, there is nothing left to sign in to.
	w.Uninstall(w.keys.ClientID, true)
	must(t, w.DeliverEvents(t.Context()))
	answer, err := page.Goto(w.app + "/card/deal/77")
	must(t, err)
	wantHeading(t, page, answer, http.StatusForbidden, "Open Joinline from a CRM card")
	must(t, expect.Locator(page.Locator("main")).ToContainText("An administrator registers it as a local application"))
	must(t, expect.Locator(page.Locator("button")).ToHaveCount(0))
}

func TestWhereSeveralPortalsAreInstalledAPersonSaysWhichIsTheirs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := w.neighbour(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	second.signIn(t, page, "Ivan Petrov")
	_, err := page.Goto(w.app + "/card/deal/77")
	must(t, err)
	address := page.GetByLabel("Address of your Bitrix24")
	must(t, address.Fill("nobody.example"))
	pressSignIn(t, page)
	must(t, expect.Locator(page.GetByRole("heading", playwright.PageGetByRoleOptions{Name: "Which Bitrix24 is yours?"})).ToBeVisible())
	must(t, address.Fill(strings.TrimPrefix(second.URL(), "http://")))
	pressSignIn(t, page)
	addPavelOutside(t, page)
	if got := second.Participants(1763); !slices.Contains(got, 23) {
		t.Errorf("chat 1763 of the named portal holds %v, want 23 among them", got)
	}
	if got := w.Participants(1763); slices.Contains(got, 23) {
		t.Errorf("chat 1763 of the other portal holds %v", got)
	}
}
