package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestAnAdministratorIsAskedAndAddsWithOnePress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, olga)
	s.add(t)
	s.wantResult(t, olga, "refused", "An administrator can add them")
	s.press(t, "Ask an administrator : Olga Sidorova")
	s.wantResult(t, olga, "refused", "Anna Belova has a private notice now")
	must(t, expect.Locator(s.card.Locator("#say")).ToContainText("Anna Belova has a private notice now"))
	w.wantIn(t, chatAnn, ivan, annLee)

	admin := w.stand(t, anna).page
	_, err := admin.Goto(w.URL() + "/notifications/")
	must(t, err)
	must(t, expect.Locator(admin.Locator("main")).ToContainText("Please add Olga Sidorova"))
	must(t, admin.GetByRole("link", playwright.PageGetByRoleOptions{Name: "Open with everything prepared"}).Click())
	pressSignIn(t, admin)
	must(t, expect.Locator(admin.Locator(".asked")).ToContainText("Ivan Petrov asks you to add Olga Sidorova."))
	must(t, expect.Locator(admin.Locator("#pick-1763")).ToBeChecked())
	must(t, expect.Locator(admin.Locator("#pick-1770")).Not().ToBeChecked())
	must(t, expect.Locator(admin.Locator("#chosen")).ToContainText("Olga Sidorova"))
	w.wantIn(t, chatAnn, ivan, annLee)
	must(t, admin.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Add to chat"}).Click())
	must(t, expect.Locator(admin.Locator("#results [data-user='22']")).ToContainText("Olga Sidorova has been added."))
	w.wantIn(t, chatAnn, ivan, annLee, olga.id)
}

func TestWhoGetsNoNoticesIsNotSaidToHaveOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Do(func(world *bitrixtest.World) { world.Users[anna].NotifyOff = true })
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, olga)
	s.add(t)
	s.press(t, "Ask an administrator : Olga Sidorova")
	s.wantResult(t, olga, "refused", "Anna Belova has switched such notices off, so nothing was sent.")
}
