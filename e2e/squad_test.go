package e2e

import (
	"fmt"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// squadButton presses a button among the squads.
func (s seat) squadButton(t *testing.T, name string) {
	t.Helper()
	must(t, s.card.Locator("#squads").GetByRole("button", playwright.LocatorGetByRoleOptions{Name: name, Exact: playwright.Bool(true)}).Click())
}

func TestASelectionGetsANameAndIsChosenAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, olga, pavel)
	must(t, s.card.Locator("#squads > summary").Click())
	name := s.card.Locator("#squad-name")
	must(t, name.Fill("Delivery"))
	must(t, s.card.Locator("#squad-share").Check())
	must(t, name.Press("Enter"))
	must(t, expect.Locator(s.card.Locator("#squads .squad .name")).ToHaveText("Delivery"))
	must(t, expect.Locator(s.card.Locator("#say")).ToHaveText("Saved: Delivery"))
	w.wantIn(t, chatAnn, ivan, annLee) // Enter added nobody
	s.wantChosen(t, olga, pavel)
	wantAccessible(t, "the squads", w.frame(t, s.page))

	// A colleague chooses it before anything is typed.
	o := w.seat(t, anna, "deal/77")
	o.into(t, chatAnn)
	must(t, o.card.Locator("#q").Click())
	suggested := o.card.Locator("[data-group=squads] [role=option]")
	must(t, expect.Locator(suggested).ToContainText("Squad · 2 people · shared by Ivan Petrov"))
	must(t, suggested.Click())
	o.wantChosen(t, olga, pavel)
	o.add(t)
	o.settled(t)
	w.wantIn(t, chatAnn, ivan, annLee, olga.id, pavel.id)

	// Its owner renames it, finds it by the new name, and deletes it.
	must(t, s.card.Locator("#squads .squad summary").Click())
	must(t, s.card.Locator("#squads .squad input").Fill("Carriers"))
	must(t, s.card.Locator("#squads .squad input").Press("Enter"))
	must(t, expect.Locator(s.card.Locator("#squads .squad .name")).ToHaveText("Carriers"))
	must(t, s.card.Locator("#q").Fill("carri"))
	must(t, expect.Locator(s.card.Locator("#options [role=option]")).ToContainText("Carriers"))
	must(t, s.card.Locator("#q").Fill(""))
	must(t, s.card.Locator("#squads .squad summary").Click())
	s.squadButton(t, "Delete")
	must(t, expect.Locator(s.card.Locator("#squads .squad")).ToHaveCount(0))
	must(t, expect.Locator(s.card.Locator("#squads .note").First()).ToHaveText("Deleted: Carriers"))
}

func TestASquadIsChosenWithoutScripts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	w.sit(t, page, ivan)
	card := w.openByHand(t, page, w.Launch(w.keys.ClientID, ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`))
	s := seat{w, page, card}
	must(t, card.Locator("#q").Fill("Olga Sidorova, Pavel Orlov"))
	must(t, card.Locator("#q").Press("Enter"))
	s.wantChosen(t, olga, pavel)
	must(t, card.Locator("#squads > summary").Click())
	s.squadButton(t, "Squads")
	must(t, card.Locator("#squad-name").Fill("Delivery"))
	s.squadButton(t, "Save as a squad")
	must(t, expect.Locator(card.Locator("#squads .squad")).ToContainText("Delivery"))
	must(t, s.chip(olga).Click())
	s.squadButton(t, "Choose")
	s.wantChosen(t, olga, pavel)
}

func TestTheSquadsAreAccessibleInEveryLook(t *testing.T) {
	inEveryLook(t, func(t *testing.T, w *world, page playwright.Page) {
		w.install(t)
		s := w.sit(t, page, ivan)
		s.open(t, "deal/77")
		s.read(t)
		s.choose(t, pavel, olga)
		must(t, s.card.Locator("#squads > summary").Click())
		for n := range 2 {
			must(t, s.card.Locator("#squad-name").Fill(fmt.Sprint("A name of a squad as long as may be, number ", n)))
			must(t, s.card.Locator("#squad-name").Press("Enter"))
			must(t, expect.Locator(s.card.Locator("#squads .squad")).ToHaveCount(n+1))
		}
		must(t, s.card.Locator("#squads .squad summary").First().Click())
		wantAccessible(t, "the squads", w.frame(t, page))
	})
}

func TestASquadIsChangedOnTheApplicationsOwnPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, olga, pavel)
	must(t, s.card.Locator("#squads > summary").Click())
	must(t, s.card.Locator("#squad-name").Fill("Delivery"))
	must(t, s.card.Locator("#squad-name").Press("Enter"))
	must(t, expect.Locator(s.card.Locator("#squads .squad .name")).ToHaveText("Delivery"))

	f := openApplication(t, s.page)
	must(t, f.Locator("nav .section[formaction='/home/squads']").Press("Enter"))
	must(t, expect.Locator(f.Locator("ul.squads")).ToContainText("Olga Sidorova, Pavel Orlov"))
	must(t, f.Locator("ul.squads summary").Press("Enter"))
	wantAccessible(t, "the section of the squads", w.frame(t, s.page))
	must(t, f.Locator("ul.squads input[type=text]").Fill("Carriers"))
	must(t, f.Locator("ul.squads input[type=text]").Press("Enter"))
	must(t, expect.Locator(f.Locator("ul.squads h2")).ToHaveText("Carriers"))
	must(t, expect.Locator(f.Locator(".said")).ToHaveText("Saved: Carriers"))
}
