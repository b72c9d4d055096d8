package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// document is a page or a frame.
type document interface {
	Evaluate(string, ...any) (any, error)
}

// wantAccessible runs the accessibility checker over a document, and makes
// sure that nobody has to scroll it sideways.
func wantAccessible(t *testing.T, name string, in document) {
	t.Helper()
	home, err := os.UserHomeDir()
	must(t, err)
	axe, err := os.ReadFile(filepath.Join(home, ".cache/ms-playwright-go/axe/package/axe.min.js"))
	must(t, err)
	_, err = in.Evaluate(string(axe) + ";0")
	must(t, err)
	var found []struct {
		ID    string
		Nodes []string
	}
	eval(t, in, "axe.run(document).then(({violations}) => violations.map(({id, nodes}) => ({id, nodes: nodes.map(({target}) => target.join(' '))})))", &found)
	for _, f := range found {
		t.Errorf("%s: %s at %s", name, f.ID, strings.Join(f.Nodes, ", "))
	}
	var wider int
	eval(t, in, "document.documentElement.scrollWidth - innerWidth", &wider)
	if wider > 0 {
		t.Errorf("%s is %d pixels too wide", name, wider)
	}
}

// looks are the ways in which people see Joinline.
var looks = map[string]struct {
	options  playwright.BrowserNewContextOptions
	language string
}{
	"light":                             {playwright.BrowserNewContextOptions{ColorScheme: playwright.ColorSchemeLight, Viewport: &playwright.Size{Width: 1280, Height: 900}}, "en"},
	"dark, in Russian":                  {playwright.BrowserNewContextOptions{ColorScheme: playwright.ColorSchemeDark, Viewport: &playwright.Size{Width: 1280, Height: 900}, Locale: playwright.String("ru-RU")}, "ru"},
	"in forced colours, without motion": {playwright.BrowserNewContextOptions{ForcedColors: playwright.ForcedColorsActive, ReducedMotion: playwright.ReducedMotionReduce, Viewport: &playwright.Size{Width: 1280, Height: 900}}, "en"},
	// 320 pixels are also what is left of 640 for whoever zooms to 200 %.
	"narrow and zoomed, in Russian": {playwright.BrowserNewContextOptions{ColorScheme: playwright.ColorSchemeDark, DeviceScaleFactor: playwright.Float(2), Viewport: &playwright.Size{Width: 320, Height: 640}}, "ru"},
	"on a phone":                    {playwright.BrowserNewContextOptions{ColorScheme: playwright.ColorSchemeLight, Viewport: &playwright.Size{Width: 360, Height: 740}, HasTouch: playwright.Bool(true)}, "en"},
}

// inEveryLook runs a test of what is seen in every look.
func inEveryLook(t *testing.T, see func(t *testing.T, w *world, page playwright.Page)) {
	t.Parallel()
	for name, look := range looks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newUninstalledWorld(t)
			w.Do(func(world *bitrixtest.World) {
				world.Users[anna].Language, world.Users[ivan].Language = look.language, look.language
			})
			see(t, w, newPage(t, look.options))
		})
	}
}

func TestTheCardIsAccessibleInEveryState(t *testing.T) {
	inEveryLook(t, func(t *testing.T, w *world, page playwright.Page) {
		w.install(t)
		s := w.sit(t, page, ivan)
		examine := func(name string) {
			t.Helper()
			wantAccessible(t, name, w.frame(t, page))
			wantAccessible(t, name+", in the portal's page", page)
		}
		hold := hold(t, page, w.app+"/card/chats")
		s.open(t, "deal/77")
		must(t, expect.Locator(s.chat(chatAnn)).ToBeVisible())
		examine("the card while chats are read")
		hold()
		s.read(t)
		examine("the card")
		must(t, s.card.Locator("#q").Click())
		must(t, expect.Locator(s.suggested("queue", pavel)).ToBeVisible())
		examine("the suggestions")
		must(t, s.card.Locator("#q").Fill("o"))
		must(t, expect.Locator(s.card.Locator("#options")).ToBeVisible())
		examine("the search")
		must(t, s.card.Locator("#q").Fill("nobody of this name"))
		must(t, expect.Locator(s.card.Locator("#found .nobody")).ToBeVisible())
		examine("the search that finds nobody")
		s.choose(t, pavel, olga)
		examine("the card with people chosen")
		must(t, s.button().Click())
		s.wantResult(t, olga, "refused")
		examine("the results")
		check(t, w.frame(t, page), "getComputedStyle(document.querySelector('#chosen label')).textDecorationLine", `"none"`) // chosen still
		w.Fail(bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultPortalDeleted, Times: -1})
		must(t, s.card.Locator("#chats [value='refresh']").Click())
		must(t, expect.Locator(s.card.Locator("#trouble")).Not().ToBeEmpty())
		examine("the card in trouble")
		w.ClearFaults()
		w.Do(func(world *bitrixtest.World) {
			world.AddItem(bitrixtest.Item{ItemKey: item("DEAL", 99), Title: "Nobody wrote yet"})
		})
		for name, card := range map[string]string{"a chat that nobody accepted": "deal/78", "a chat whose channel is off": "deal/79", "a chat of the contact": "deal/80", "no chat": "deal/99", "a new card": "deal/0"} {
			s := w.sit(t, page, anna)
			s.open(t, card)
			must(t, expect.Locator(s.card.Locator("#chats:not([data-partial]), .notice")).ToBeVisible())
			examine(name)
		}
	})
}

func TestTheInstallationIsAccessibleInEveryState(t *testing.T) {
	inEveryLook(t, func(t *testing.T, w *world, page playwright.Page) {
		s := w.sit(t, page, anna)
		open := func(name string, shows string) {
			t.Helper()
			_, err := s.page.Goto(w.URL() + "/marketplace/app/1/")
			must(t, err)
			must(t, expect.Locator(page.FrameLocator(".appframe iframe").Locator(shows)).ToBeVisible())
			wantAccessible(t, name, w.frame(t, page))
			wantAccessible(t, name+", in the portal's page", page)
		}
		w.Fail(bitrixtest.Fault{Method: "placement.bind", Kind: bitrixtest.FaultUserAccess})
		open("an installation that failed", ".notice.stop")
		w.SetFrames("silent")
		open("the installation", ".notice.done")
		w.SetFrames()
		must(t, w.FinishInstall(w.keys.ClientID))
		open("the page in the menu", ".first-steps")
	})
}

func TestThePagesOutsideOfAPortalAreAccessible(t *testing.T) {
	inEveryLook(t, func(t *testing.T, w *world, page playwright.Page) {
		see := func(name, path string) {
			t.Helper()
			_, err := page.Goto(w.app + path)
			must(t, err)
			wantAccessible(t, name, page)
		}
		see("before any portal installed it", "/")
		w.install(t)
		see("outside of a portal", "/app")
		see("an item before the sign-in", "/card/deal/77")
		see("a sign-in that failed", "/app?code=x&state=y")
		see("no page", "/nowhere")
		w.sit(t, page, ivan)
		see("outside of a portal", "/")
		must(t, page.Locator("button.primary").Click())
		must(t, expect.Locator(page.Locator(".notice.done")).ToBeVisible())
		wantAccessible(t, "after the sign-in", page)
		see("an item", "/card/deal/77")
		see("an item without access", "/card/deal/78")
	})
}

// countShifts counts how much a document shifts, as browsers do: all but what
// moves within half a second of a touch or a key. Chromium itself forgets the
// touches of frames. https://web.dev/articles/cls
const countShifts = `
	window.shifts = {sum: 0, moved: []};
	let touched = -Infinity;
	for (const type of ['pointerdown', 'keydown', 'click']) addEventListener(type, ({timeStamp}) => { touched = timeStamp; }, true);
	new PerformanceObserver((list) => {
		for (const {value, sources, startTime} of list.getEntries()) {
			if (startTime - touched < 500) continue;
			shifts.sum += value;
			shifts.moved.push(...sources.map(({node, previousRect: was, currentRect: is}) =>
				(node?.id || node?.className || node?.nodeName) + ' by ' + (is.x - was.x) + ', ' + (is.y - was.y)));
		}
	}).observe({type: 'layout-shift', buffered: true});
`

func TestNothingJumpsWhileAnswersArrive(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]*playwright.Size{"wide": {Width: 1600, Height: 1400}, "in the portal's usual page": {Width: 1280, Height: 1400}, "on a phone": {Width: 360, Height: 1400}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			page := newPage(t, playwright.BrowserNewContextOptions{Viewport: size})
			must(t, page.AddInitScript(playwright.Script{Content: playwright.String(countShifts)}))
			// A slow portal: what arrives later than half a second after a click is
			// no answer to it in the eyes of a browser.
			w.Fail(bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultSlow, Delay: 700 * time.Millisecond, Applied: true, Times: -1})
			w.Fail(bitrixtest.Fault{Method: methodAdd, Kind: bitrixtest.FaultSlow, Delay: 700 * time.Millisecond, Applied: true, Times: -1})
			s := w.sit(t, page, ivan)
			wantStill := func(while string) {
				t.Helper()
				var shifts struct {
					Sum   float64
					Moved []string
				}
				eval(t, w.frame(t, page), "new Promise((seen) => requestAnimationFrame(() => setTimeout(() => seen(shifts))))", &shifts)
				if shifts.Sum >= 0.01 {
					t.Errorf("%s the page shifted by %.3f: %s", while, shifts.Sum, strings.Join(shifts.Moved, ", "))
				}
			}
			s.open(t, "deal/77")
			s.read(t)
			wantStill("while chats arrived")
			s.choose(t, pavel, olga)
			wantStill("while people were found and chosen")
			must(t, s.button().Click())
			s.wantResult(t, olga, "refused")
			s.read(t)
			wantStill("while results arrived")
		})
	}
}

func TestReloadAndBackBringTheCardBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, pavel)
	s.add(t)
	s.wantResult(t, pavel, "done")
	again := func(how string, do func() error) {
		t.Helper()
		must(t, do())
		s.read(t)
		if got, err := s.chat(chatAnn).TextContent(); err != nil || !strings.Contains(got, "Pavel Orlov") {
			t.Errorf("after %s the chat shows %q, %v", how, got, err)
		}
	}
	again("reloading the portal's page", func() error { _, err := s.page.Reload(); return err })
	again("reloading the frame alone", func() error {
		if _, err := w.frame(t, s.page).Evaluate("document.documentElement.dataset.before = 'yes'; void location.reload()"); err != nil {
			return err
		}
		return expect.Locator(s.card.Locator("html[data-before]")).ToHaveCount(0)
	})
	_, err := s.page.Goto(w.URL() + "/crm/deal/")
	must(t, err)
	again("the back button", func() error { _, err := s.page.GoBack(); return err })
	w.wantIn(t, chatAnn, ivan, pavel.id, annLee) // and nothing was sent twice
	if n := w.asked(methodAdd); n != 1 {
		t.Errorf("the portal was asked %d times to add somebody", n)
	}
}

// TestTheFrameLoadedAgainWithTokensLongDeadGetsNewOnes: the browser posts the
// very launch once more with which the frame was opened hours ago.
func TestTheFrameLoadedAgainWithTokensLongDeadGetsNewOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	s.read(t)
	w.ExpireTokens(ivan) // the access token of the launch
	s.choose(t, pavel)   // Joinline spends the refresh token of the launch
	w.ExpireTokens(ivan)
	_, err := w.frame(t, s.page).Evaluate("document.documentElement.dataset.before = 'yes'; void location.reload()")
	must(t, err)
	must(t, expect.Locator(s.card.Locator("html[data-before]")).ToHaveCount(0))
	s.read(t)
	s.choose(t, pavel)
	s.add(t)
	s.wantResult(t, pavel, "done")
	w.wantIn(t, chatAnn, ivan, pavel.id, annLee)
}

func TestTheChatOpensInThePortalsMessenger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	must(t, s.chat(chatAnn).GetByRole("link", playwright.LocatorGetByRoleOptions{Name: "Open chat"}).Click())
	must(t, expect.Locator(s.page.Locator("dialog.messenger")).ToHaveAttribute("data-dialog", "chat1763"))
	must(t, expect.Locator(s.page.Locator("dialog.messenger #chat1763")).ToContainText("Ann Lee"))
	opened := slices.ContainsFunc(w.FrameCalls(), func(c bitrixtest.FrameCall) bool {
		return c.Command == "imOpenMessenger" && string(c.Params) == `{"dialogId":"chat1763"}`
	})
	if !opened {
		t.Errorf("the portal was asked %v", w.FrameCalls())
	}
	if n := len(s.page.Context().Pages()); n != 1 {
		t.Errorf("the click opened %d more tabs", n-1)
	}
}

func TestWithoutScriptsTheCardIsPlainForms(t *testing.T) {
	t.Parallel()
	for name, blocked := range map[string]bool{"third-party cookies allowed": false, "third-party cookies blocked": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			page := newPage(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
			if blocked {
				blockThirdPartyCookies(t, page)
			}
			w.sit(t, page, ivan)
			card := w.openByHand(t, page, w.Launch(w.keys.ClientID, ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`))
			w.usePlainly(t, page, func(selector string) playwright.Locator { return card.Locator(selector) })
		})
	}
}

func TestWithoutScriptsTheCardWorksOutsideOfThePortal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	answer, err := page.Goto(w.app + "/card/deal/77")
	must(t, err)
	wantHeading(t, page, answer, http.StatusUnauthorized, "Sign in to open this card")
	pressSignIn(t, page)
	chooseOnPortal(t, page, "Ivan Petrov")
	w.usePlainly(t, page, func(selector string) playwright.Locator { return page.Locator(selector) })
}

// usePlainly reads all chats, finds a colleague and adds them without scripts,
// and opens the chat.
func (w *world) usePlainly(t *testing.T, page playwright.Page, card func(selector string) playwright.Locator) {
	t.Helper()
	must(t, expect.Locator(card("#chat-1763")).ToContainText("Ann Lee"))
	must(t, card("#chats [value='refresh']").Click())
	must(t, expect.Locator(card("#chat-1770 .found-at")).ToContainText("Found at the contact"))
	must(t, expect.Locator(card(".skeleton")).ToHaveCount(0))
	must(t, card("#q").Fill("orlov"))
	must(t, card("button[value=find]").Click())
	must(t, card(".boxes label").Filter(playwright.LocatorFilterOptions{HasText: "Pavel Orlov"}).Locator("input").Check())
	must(t, card("#target button").Click())
	must(t, expect.Locator(card("#results [data-user='23']")).ToHaveAttribute("data-state", "done"))
	must(t, expect.Locator(card("#chat-1763")).ToContainText("Pavel Orlov"))
	w.wantIn(t, chatAnn, ivan, pavel.id, annLee)
	messenger, err := page.ExpectPopup(func() error { return card("#chat-1763 a.open").Click() })
	must(t, err)
	must(t, expect.Page(messenger).ToHaveURL(fmt.Sprintf("%s/online/?IM_DIALOG=chat%d", w.URL(), chatAnn)))
	must(t, expect.Locator(messenger.Locator("#chat1763")).ToContainText("Pavel Orlov"))
}
