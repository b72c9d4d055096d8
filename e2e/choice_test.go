package e2e

import (
	"slices"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestAChatThatClosedIsNeverReplacedByAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	card := w.card(t, page, "deal/77") // two chats take people: 1763 and, at the contact, 1770
	must(t, card.Locator("#pick-1763").Check())
	w.choosePavel(t, card)
	w.Do(func(world *bitrixtest.World) { world.CloseSession(1763) })
	button := card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Add to chat"})
	must(t, button.Click())
	must(t, expect.Locator(card.Locator("#chat-1763")).ToHaveAttribute("data-state", "finished"))
	must(t, expect.Locator(card.Locator("#into")).ToContainText("Choose another one"))
	must(t, button.Click())
	must(t, expect.Locator(card.Locator("#trouble")).ToContainText("Choose the chat"))
	must(t, expect.Locator(card.Locator("#chosen [data-user='23']")).ToBeVisible())
	for _, chat := range []int{1763, 1770} {
		if got := w.Participants(chat); slices.Contains(got, 23) {
			t.Errorf("chat %d holds %v", chat, got)
		}
	}
}

func TestAChatChosenWhileTheListIsReadStaysChosen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	answer := hold(t, page, w.app+"/card/chats")
	w.signIn(t, page, "Anna Belova")
	w.Do(func(world *bitrixtest.World) {
		world.AddChat(bitrixtest.NewChat{
			ID: 1799, Name: "Ann Lee - Second line", Connector: "livechat", Line: 6, Customer: 432,
			Items: []bitrixtest.ItemKey{{Type: "DEAL", ID: 77}}, Status: bitrixtest.StatusOperator, Operator: 24,
		})
	})
	card := w.card(t, page, "deal/77")
	must(t, card.Locator("#pick-1799").Check())
	answer()
	must(t, expect.Locator(card.Locator("#chats:not([data-partial])")).ToBeVisible())
	must(t, expect.Locator(card.Locator("#pick-1799")).ToBeChecked())
	must(t, expect.Locator(card.Locator("#into")).ToContainText("Second line"))
}

func TestAColleagueChosenWhileOthersAreAddedStaysChosen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	card := w.card(t, page, "deal/77")
	w.choosePavel(t, card)
	answer := hold(t, page, w.app+"/card/add")
	must(t, card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Add to chat"}).Click())
	must(t, expect.Locator(card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Adding"})).ToBeVisible())
	must(t, card.Locator("#q").Fill("olga"))
	must(t, card.Locator("#person-22").Click())
	answer()
	must(t, expect.Locator(card.Locator("#results [data-user='23']")).ToHaveAttribute("data-state", "done"))
	must(t, expect.Locator(card.Locator("#chosen [data-user='22']")).ToBeVisible())
	must(t, expect.Locator(card.Locator("#chosen [data-user='23']")).ToHaveCount(0))
	if got := w.Participants(1763); !slices.Contains(got, 23) || slices.Contains(got, 22) {
		t.Errorf("chat 1763 holds %v, want 23 and not 22", got)
	}
}

// hold keeps the page's requests for an address until the function is called.
func hold(t *testing.T, page playwright.Page, url string) func() {
	t.Helper()
	released := make(chan struct{})
	must(t, page.Route(url, func(route playwright.Route) {
		go func() {
			<-released
			_ = route.Continue()
		}()
	}))
	return func() { close(released) }
}

func TestSomebodyFromOutsideIsShownAndCannotBeChosen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	card := w.card(t, page, "deal/77")
	must(t, card.Locator("#q").Fill("stone"))
	partner := card.Locator("#person-40")
	must(t, expect.Locator(partner).ToContainText("External: cannot be added to customer chats"))
	must(t, partner.Click(playwright.LocatorClickOptions{Force: playwright.Bool(true)}))
	must(t, page.Keyboard().Press("Enter"))
	must(t, expect.Locator(card.Locator("#chosen .chip")).ToHaveCount(0))
}

func TestWhatIsTypedBeforeTheScriptRunsIsSearched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	arrive := hold(t, page, "**/picker.js")
	w.signIn(t, page, "Ivan Petrov")
	card := w.card(t, page, "deal/77")
	must(t, card.Locator("#q").Fill("pavel"))
	arrive()
	must(t, card.Locator("#person-23").Click())
	must(t, expect.Locator(card.Locator("#chosen [data-user='23']")).ToBeVisible())
}

func TestWhatIsSentBeforeTheScriptRunsIsFoundAndKeepsTheFocus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	arrive := hold(t, page, "**/picker.js")
	w.signIn(t, page, "Ivan Petrov")
	card := w.card(t, page, "deal/77")
	must(t, card.Locator("#q").Fill("pavel"))
	must(t, card.Locator("#q").Press("Enter"))
	must(t, expect.Locator(card.Locator("#q[value=pavel]")).ToBeVisible()) // the page that the form made
	arrive()
	must(t, expect.Locator(card.Locator("#person-23")).ToBeVisible())
	must(t, expect.Locator(card.Locator("#q")).ToBeFocused())
}

// TestTheScriptTakesNobodysFocus: somebody typed, and went on before it ran.
func TestTheScriptTakesNobodysFocus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	arrive := hold(t, page, "**/picker.js")
	w.signIn(t, page, "Ivan Petrov")
	card := w.card(t, page, "deal/77")
	must(t, card.Locator("#q").Fill("pavel"))
	button := card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Add to chat"})
	must(t, button.Focus())
	arrive()
	must(t, expect.Locator(card.Locator("#chats:not([data-partial])")).ToBeVisible()) // it runs
	must(t, expect.Locator(card.Locator("#person-23")).ToBeHidden())
	must(t, card.Locator("#q").Press("ArrowDown"))
	must(t, expect.Locator(card.Locator("#person-23")).ToBeVisible())
}
