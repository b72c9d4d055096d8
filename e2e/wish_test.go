package e2e

import (
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
	"github.com/joinline/joinline/handlers"
)

func TestAViewerWaitsUntilAnOperatorAccepts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Do(func(world *bitrixtest.World) { addDeal(world, 90, 1900, bitrixtest.StatusNew) })
	s := w.seat(t, ivan, "deal/90")
	s.choose(t, pavel)
	must(t, s.chat(1900).Locator("button[name=wish]").Click())
	must(t, expect.Locator(s.chat(1900)).ToContainText("these are added in your name: Pavel Orlov."))
	must(t, expect.Locator(s.card.Locator("#say")).ToContainText("these are added in your name: Pavel Orlov."))
	must(t, expect.Locator(s.chat(1900).Locator(":focus")).ToHaveCount(1)) // not lost with the button

	// Taken back, and wished for again.
	must(t, s.chat(1900).Locator("button[name=unwish]").Click())
	must(t, expect.Locator(s.chat(1900).Locator("button[name=wish]")).ToBeVisible())
	must(t, s.chat(1900).Locator("button[name=wish]").Click())
	must(t, expect.Locator(s.chat(1900).Locator("button[name=unwish]")).ToBeVisible())

	w.Do(func(world *bitrixtest.World) { world.Accept(1900, elena.id) })
	must(t, w.granting.Load().GrantWishes(t.Context(), handlers.SayWish))
	w.wantIn(t, 1900, elena.id, bruno, pavel.id)
	s.refresh(t)
	must(t, expect.Locator(s.chat(1900)).ToHaveAttribute("data-state", "open-now"))
	must(t, expect.Locator(s.chat(1900).Locator(".people")).ToContainText("Pavel Orlov"))
	must(t, expect.Locator(s.chat(1900).Locator("button[name=unwish]")).ToHaveCount(0))
	_, err := s.page.Goto(w.URL() + "/notifications/")
	must(t, err)
	must(t, expect.Locator(s.page.Locator("main")).ToContainText("Pavel Orlov has been added."))
}
