package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestAVisitLeavesNothingBehindButACookieOfThePortalAroundIt(t *testing.T) {
	t.Parallel()
	for name, blocked := range map[string]bool{"third-party cookies allowed": false, "third-party cookies blocked": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			page := newPage(t, playwright.BrowserNewContextOptions{})
			if blocked {
				blockThirdPartyCookies(t, page)
			}
			w.signIn(t, page, "Ivan Petrov")
			card := w.card(t, page, "deal/77")
			must(t, expect.Locator(card.Locator("#chats:not([data-partial])")).ToBeVisible())
			cookies := w.cookies(t, page)
			if len(cookies) != 1 {
				t.Fatalf("the browser keeps %+v, want one cookie", cookies)
			}
			c := cookies[0]
			if c.Name != "__Host-joinline" || !c.HTTPOnly || !c.Secure || c.SameSite != "None" || c.PartitionKey.Site != "http://portal.localhost" {
				t.Errorf("the browser keeps %+v", c)
			}
			frame := w.frame(t, page)
			if strings.Contains(frame.URL(), "?") && !strings.Contains(frame.URL(), "APP_SID") || strings.Contains(frame.URL(), "visit") {
				t.Errorf("the frame stands at %s", frame.URL())
			}
			kept, err := frame.Evaluate("localStorage.length + sessionStorage.length")
			must(t, err)
			if kept != 0 {
				t.Errorf("the page keeps %v values in the browser's storage", kept)
			}
		})
	}
}

func TestABrowserThatKeepsNoCookieAddsAColleague(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.forgetful.Store(true)
	w.signIn(t, page, "Ivan Petrov")
	w.choosePavel(t, w.card(t, page, "deal/77"))
	w.add(t, page)
	if got := w.Participants(1763); !slices.Contains(got, 23) {
		t.Errorf("chat 1763 holds %v, want 23 among them", got)
	}
}

func TestTwoCardsInTwoTabsNeverMix(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deal := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, deal, "Anna Belova")
	lead, err := deal.Context().NewPage()
	must(t, err)
	w.choosePavel(t, w.card(t, deal, "deal/77"))
	w.choosePavel(t, w.card(t, lead, "lead/55"))
	before := w.Participants(1755)
	w.add(t, deal)
	if got := w.Participants(1755); !slices.Equal(got, before) {
		t.Errorf("an add in the deal's tab changed the lead's chat: %v, before %v", got, before)
	}
	if got := w.Participants(1763); !slices.Contains(got, 23) {
		t.Errorf("chat 1763 holds %v, want 23 among them", got)
	}
	w.add(t, lead)
	if got := w.Participants(1755); !slices.Contains(got, 23) {
		t.Errorf("chat 1755 holds %v, want 23 among them", got)
	}
}

func TestAVisitThatEndedIsRenewedQuietly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	w.choosePavel(t, w.card(t, page, "deal/77"))
	w.later(3 * time.Hour)
	w.add(t, page)
	if got := w.Participants(1763); !slices.Contains(got, 23) {
		t.Errorf("chat 1763 holds %v, want 23 among them", got)
	}
}

func TestAVisitThatCannotBeRenewedSaysSoAndKeepsTheChoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	card := w.card(t, page, "deal/77")
	w.choosePavel(t, card)
	w.later(48 * time.Hour) // longer than an ended visit can be renewed
	must(t, card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Add to chat"}).Click())
	must(t, expect.Locator(card.Locator("#trouble")).ToContainText("Load the card again."))
	must(t, expect.Locator(card.Locator("#chosen [data-user='23']")).ToBeVisible())
	if got := w.Participants(1763); slices.Contains(got, 23) {
		t.Errorf("chat 1763 holds %v without a visit", got)
	}
}

// frame is Joinline's frame in the page.
func (w *world) frame(t *testing.T, page playwright.Page) playwright.Frame {
	t.Helper()
	for _, f := range page.Frames() {
		if strings.HasPrefix(f.URL(), w.app) && !f.IsDetached() {
			return f
		}
	}
	t.Fatal("the page shows no frame of Joinline")
	return nil
}

// choosePavel looks for Pavel, who may be added by anybody, and picks him.
func (w *world) choosePavel(t *testing.T, card playwright.FrameLocator) {
	t.Helper()
	must(t, card.Locator("#q").Fill("pavel"))
	must(t, card.Locator("#person-23").Click())
	must(t, expect.Locator(card.Locator("#chosen [data-user='23']")).ToBeVisible())
}

// add adds who is chosen in the page's card and waits for what became of Pavel.
func (w *world) add(t *testing.T, page playwright.Page) {
	t.Helper()
	card := page.FrameLocator("[role=tabpanel]:not([hidden]) iframe")
	must(t, card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Add to chat"}).Click())
	must(t, expect.Locator(card.Locator("#results [data-user='23']")).ToHaveAttribute("data-state", "done"))
}

// keptCookie is a cookie as the browser keeps it.
type keptCookie struct {
	Name         string `json:"name"`
	Domain       string `json:"domain"`
	HTTPOnly     bool   `json:"httpOnly"`
	Secure       bool   `json:"secure"`
	SameSite     string `json:"sameSite"`
	PartitionKey struct {
		Site string `json:"topLevelSite"`
	} `json:"partitionKey"`
}

// cookies are those that the browser keeps for Joinline.
func (w *world) cookies(t *testing.T, page playwright.Page) []keptCookie {
	t.Helper()
	session, err := page.Context().NewCDPSession(page)
	must(t, err)
	answer, err := session.Send("Network.getAllCookies", nil)
	must(t, err)
	text, err := json.Marshal(answer)
	must(t, err)
	var all struct {
		Cookies []keptCookie `json:"cookies"`
	}
	must(t, json.Unmarshal(text, &all))
	return slices.DeleteFunc(all.Cookies, func(c keptCookie) bool { return !strings.HasPrefix(w.app, "http://"+c.Domain) })
}

// neighbour is another portal, on another site, that the same Joinline serves.
func (w *world) neighbour(t *testing.T) *world {
	t.Helper()
	second := &world{app: w.app, store: w.store, Portal: bitrixtest.NewPortalWith(t, bitrixtest.Options{
		Auth: w.Auth(), MemberID: "0123456789abcdef0123456789abcdef",
	})}
	must(t, second.SetURL(strings.Replace(second.URL(), "portal.localhost", "second.localhost", 1)))
	second.keys = second.Register(bitrixtest.App{Name: "Joinline", HandlerURL: w.app + "/app", InstallURL: w.app + "/install", Scopes: scopes})
	must(t, w.store.SaveRegistration(t.Context(), app.Registration{
		ClientID: second.keys.ClientID, ClientSecret: bitrix.Secret(second.keys.ClientSecret), Added: time.Now(),
	}))
	second.install(t)
	t.Cleanup(func() { w.witness.wantNoSecrets(t, second.Portal) })
	return second
}

func TestTwoPortalsInOneBrowserNeverMix(t *testing.T) {
	t.Parallel()
	first := newWorld(t)
	second := first.neighbour(t)
	here := newPage(t, playwright.BrowserNewContextOptions{})
	there, err := here.Context().NewPage()
	must(t, err)
	first.signIn(t, here, "Ivan Petrov")
	second.signIn(t, there, "Ivan Petrov")
	first.choosePavel(t, first.card(t, here, "deal/77"))
	second.choosePavel(t, second.card(t, there, "deal/77"))
	first.add(t, here)
	if got := second.Participants(1763); slices.Contains(got, 23) {
		t.Errorf("an add on one portal changed the other: %v", got)
	}
	second.add(t, there)
	for _, w := range []*world{first, second} {
		if got := w.Participants(1763); !slices.Contains(got, 23) {
			t.Errorf("%s: chat 1763 holds %v, want 23 among them", w.URL(), got)
		}
	}
	var sites []string
	for _, c := range first.cookies(t, here) {
		sites = append(sites, c.PartitionKey.Site)
	}
	slices.Sort(sites)
	if want := []string{"http://portal.localhost", "http://second.localhost"}; !slices.Equal(sites, want) {
		t.Errorf("the cookies belong to %v, want one for each of %v", sites, want)
	}
}
