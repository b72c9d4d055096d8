package e2e

import (
	"fmt"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// paste pastes a text into the field, as a person's browser does.
func (s seat) paste(t *testing.T, text string) {
	t.Helper()
	must(t, s.card.Locator("#q").Focus())
	_, err := s.card.Locator("#q").Evaluate(`(field, text) => {
		const clipboardData = new DataTransfer();
		clipboardData.setData('text/plain', text);
		field.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
	}`, text)
	must(t, err)
}

// undecided is a line of a list that is to be decided.
func (s seat) undecided(text string) playwright.Locator {
	return s.card.Locator("#lines fieldset").Filter(playwright.LocatorFilterOptions{HasText: text})
}

// withNamesakes adds two people of one name.
func (w *world) withNamesakes() {
	w.Do(func(world *bitrixtest.World) {
		for id := 70; id < 72; id++ {
			world.AddUser(bitrixtest.User{ID: id, Name: "Anna", LastName: "Berg", Position: fmt.Sprint("Clerk ", id), Active: true, Accepted: true, Departments: []int{1}})
		}
	})
}

func TestAPastedListIsDecidedWithTheKeyboardAndAddedInOneGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withNamesakes()
	s := w.seat(t, anna, "deal/77")
	s.into(t, chatAnn)
	s.paste(t, "Orlov, Pavel\n2) Olga Sidorova\nAnna Berg\nNobody Atall\nelena morozzova\n")
	s.wantChosen(t, pavel, olga)
	must(t, expect.Locator(s.card.Locator("#q")).ToHaveValue(""))
	must(t, expect.Locator(s.card.Locator("#say")).ToHaveText("2 colleagues chosen, 3 lines to decide"))
	must(t, expect.Locator(s.undecided("Anna Berg")).ToContainText("Several people fit: choose who is meant."))
	must(t, expect.Locator(s.undecided("Nobody Atall")).ToContainText("Nobody fits."))

	// The keyboard goes from line to line.
	must(t, s.undecided("Anna Berg").Locator("input[type=checkbox]").Nth(1).Press("Space"))
	s.wantChosen(t, pavel, olga, person{id: 71})
	leave := s.undecided("Nobody Atall").GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Leave out"})
	must(t, expect.Locator(leave).ToBeFocused())
	must(t, leave.Press("Enter"))
	must(t, s.undecided("elena morozzova").GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Correct"}).Press("Enter"))
	must(t, expect.Locator(s.card.Locator("#lines fieldset, #lines h3")).ToHaveCount(0))
	must(t, expect.Locator(s.card.Locator("#q")).ToHaveValue("elena morozzova"))
	must(t, expect.Locator(s.card.Locator("#q")).ToBeFocused())
	must(t, s.card.Locator("#q").Fill("elena"))
	must(t, s.card.Locator("#person-24").Click())

	must(t, s.card.Locator("#q").Press("Control+Enter"))
	s.wantResult(t, elena, "done")
	s.settled(t)
	for _, p := range []person{pavel, olga, elena} {
		s.wantResult(t, p, "done")
	}
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id, olga.id, elena.id)
}

func TestATypedListIsTakenByEnter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	must(t, s.card.Locator("#q").Fill("olga; pavel"))
	must(t, expect.Locator(s.card.Locator("#found .nobody")).ToHaveText("This is a list. Enter finds the colleagues in it."))
	must(t, s.card.Locator("#q").Press("Enter"))
	s.wantChosen(t, olga, pavel)
	must(t, expect.Locator(s.card.Locator("#q")).ToHaveValue(""))
}

func TestAListThatCannotBeMatchedStaysInTheField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	w.Fail(bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultPortalDeleted, Times: -1})
	s.paste(t, "Olga Sidorova\nPavel Orlov")
	must(t, expect.Locator(s.card.Locator("#trouble")).Not().ToBeEmpty())
	must(t, expect.Locator(s.card.Locator("#q")).ToHaveValue("Olga Sidorova; Pavel Orlov"))
	w.ClearFaults()
	must(t, s.page.Route("**/list.js", func(r playwright.Route) { _ = r.Continue() }))
	s.paste(t, "; Elena Morozova")
	s.wantChosen(t, olga, pavel, elena)
	s.wantTrouble(t, "")
}

func TestEnterElsewhereInTheFormDecidesNoLine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withNamesakes()
	s := w.seat(t, ivan, "deal/77")
	s.paste(t, "Pavel Orlov\nAnna Berg")
	s.wantChosen(t, pavel)
	must(t, s.card.Locator("#remark summary").Click())
	must(t, s.card.Locator("#why").Press("Enter"))
	s.wantResult(t, pavel, "done")
	must(t, expect.Locator(s.undecided("Anna Berg")).ToBeVisible())
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
}

func TestWithoutScriptsAListIsDecidedOnPlainPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withNamesakes()
	page := newPage(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	w.sit(t, page, ivan)
	card := w.openByHand(t, page, w.Launch(w.keys.ClientID, ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`))
	s := seat{w, page, card}
	must(t, card.Locator("#q").Fill("Orlov, Pavel; Anna Berg; Nobody Atall"))
	must(t, card.Locator("#q").Press("Enter"))
	s.wantChosen(t, pavel)
	must(t, s.undecided("Nobody Atall").GetByText("Leave out").Click())
	must(t, expect.Locator(card.Locator("#lines fieldset")).ToHaveCount(1))
	must(t, s.undecided("Anna Berg").Locator("label").Nth(0).Click())
	must(t, card.Locator("#target button").Click())
	must(t, expect.Locator(card.Locator("#results [data-user='23']")).ToHaveAttribute("data-state", "done"))
	must(t, expect.Locator(card.Locator("#results [data-user='70']")).ToBeVisible())
	must(t, expect.Locator(card.Locator("#lines fieldset")).ToHaveCount(0))
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
}

func TestAListIsAccessibleInEveryLook(t *testing.T) {
	inEveryLook(t, func(t *testing.T, w *world, page playwright.Page) {
		w.install(t)
		w.withNamesakes()
		s := w.sit(t, page, ivan)
		s.open(t, "deal/77")
		s.read(t)
		s.paste(t, "Pavel Orlov\nAnna Berg\nNobody Atall with an exceedinglylongnamethatgoesonandonandonandon\nIvan Petrov")
		must(t, expect.Locator(s.card.Locator("#lines fieldset")).ToHaveCount(2))
		wantAccessible(t, "a list", w.frame(t, page))
	})
}
