package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// press presses a button of the card by its name.
func (s seat) press(t *testing.T, name string) {
	t.Helper()
	must(t, s.card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: name, Exact: playwright.Bool(true)}).Click())
}

func TestAnAddIsUndoneWhileThePageIsOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, pavel)
	s.add(t)
	s.wantResult(t, pavel, "done", "Pavel Orlov has been added.")
	s.press(t, "Undo : Pavel Orlov")
	s.wantResult(t, pavel, "done", "Pavel Orlov has been taken out of the chat.")
	must(t, expect.Locator(s.chat(chatAnn).Locator(".people")).Not().ToContainText("Pavel Orlov"))
	must(t, expect.Locator(s.card.Locator("#say")).ToHaveText("Pavel Orlov has been taken out of the chat."))
	w.wantIn(t, chatAnn, ivan, annLee)
}

func TestAColleagueIsTakenOutLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.addBeside(t, pavel)
	s := w.seat(t, ivan, "deal/77")
	must(t, expect.Locator(s.chat(chatAnn).Locator(".people button")).ToHaveCount(1)) // neither the operator nor the customer
	s.press(t, "Remove Pavel Orlov from the chat")
	s.wantResult(t, pavel, "done", "Pavel Orlov has been taken out of the chat.")
	w.wantIn(t, chatAnn, ivan, annLee)
	must(t, expect.Locator(s.chat(chatAnn).Locator(":focus")).ToHaveCount(1)) // not lost with the button
}

func TestAViewerJoinsAndLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, olga.id, "deal/77")
	must(t, s.chat(chatAnn).GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Join"}).Click())
	s.wantResult(t, olga, "done", "Olga Sidorova has been added.")
	w.wantIn(t, chatAnn, ivan, annLee, olga.id)
	must(t, expect.Locator(s.chat(chatAnn).GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Join"})).ToHaveCount(0))
	s.press(t, "Leave the chat")
	s.wantResult(t, olga, "done", "Olga Sidorova has been taken out of the chat.")
	w.wantIn(t, chatAnn, ivan, annLee)
}

func TestTheChatsStayTrueWhileThePageIsSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	must(t, page.Context().Clock().Install())
	s := w.sit(t, page, ivan)
	s.open(t, "deal/77")
	s.read(t)
	must(t, s.card.Locator("#q").Fill("pav"))
	w.addBeside(t, pavel)
	w.ResetRequests()
	must(t, page.Context().Clock().FastForward(26_000))
	must(t, expect.Locator(s.chat(chatAnn).Locator(".people")).ToContainText("Pavel Orlov"))
	must(t, expect.Locator(s.card.Locator("#q")).ToBeFocused())
	must(t, expect.Locator(s.card.Locator("#q")).ToHaveValue("pav"))
	must(t, expect.Locator(s.card.Locator("#pick-1763")).ToBeChecked())

	// Nobody looks: nothing is asked.
	_, err := w.frame(t, page).Evaluate(`() => {
		Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
		document.dispatchEvent(new Event('visibilitychange'));
	}`)
	must(t, err)
	w.Do(func(world *bitrixtest.World) { world.CloseSession(chatAnn) })
	w.ResetRequests()
	must(t, page.Context().Clock().FastForward(300_000))
	if got := w.Requests(); len(got) != 0 {
		t.Errorf("a page that nobody sees asked %d times", len(got))
	}
	_, err = w.frame(t, page).Evaluate(`() => {
		Object.defineProperty(document, 'visibilityState', { value: 'visible', configurable: true });
		document.dispatchEvent(new Event('visibilitychange'));
	}`)
	must(t, err)
	must(t, page.Context().Clock().FastForward(100))
	must(t, expect.Locator(s.chat(chatAnn)).ToHaveAttribute("data-state", "finished"))
	must(t, expect.Locator(s.card.Locator("#into")).ToContainText("Choose another one"))
}
