package e2e

import (
	"slices"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestAColleagueWhoCannotReadTheItemIsMadeAnObserverAndAdded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, anna, "lead/55")
	s.choose(t, olga)
	s.add(t)
	s.wantResult(t, olga, "refused", "This colleague has no access to Lead “")
	s.press(t, "Make this colleague an observer and add : Olga Sidorova")
	s.wantResult(t, olga, "done", "Olga Sidorova has been added.")
	s.wantChosen(t)
	w.wantIn(t, chatLead, ivan, okafor, olga.id)
	w.Do(func(world *bitrixtest.World) {
		if got := world.Items[item("LEAD", 55)].Observers; !slices.Equal(got, []int{olga.id}) {
			t.Errorf("observers: %v", got)
		}
	})
}

func TestAFinishedChatIsOpenedWithANewDialog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Do(func(world *bitrixtest.World) {
		addDeal(world, 90, 1900, bitrixtest.StatusClosed)
	})
	s := w.seat(t, ivan, "deal/90")
	must(t, expect.Locator(s.chat(1900)).ToHaveAttribute("data-state", "finished"))
	must(t, s.chat(1900).Locator("summary").Click())
	must(t, expect.Locator(s.chat(1900).Locator(".start p")).ToContainText("You become the operator of a new dialog"))
	s.press(t, "Start the dialog")
	must(t, expect.Locator(s.card.Locator("#results .result")).ToContainText("A new dialog has begun: "))
	must(t, expect.Locator(s.chat(1900)).ToHaveAttribute("data-state", "open-now"))
	w.wantIn(t, 1900, ivan, bruno)
	s.choose(t, pavel)
	s.add(t)
	s.wantResult(t, pavel, "done")
	w.wantIn(t, 1900, ivan, bruno, pavel.id)
}

func TestADialogThatRunsIsNotStartedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	must(t, s.chat(1701).Locator("summary").Click())
	w.post(t, "sessions/reopen", `{"chat":1701,"operator":1}`)
	must(t, s.chat(1701).GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Start the dialog"}).Click())
	must(t, expect.Locator(s.card.Locator("#results .result")).ToContainText("A dialog is running in this chat already."))
	must(t, expect.Locator(s.chat(1701)).ToHaveAttribute("data-state", "open-now"))
	if got := w.asked("imopenlines.session.start"); got != 0 {
		t.Errorf("the portal was asked %d times to start one", got)
	}
}
