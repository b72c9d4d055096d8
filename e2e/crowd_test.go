package e2e

import (
	"fmt"
	"slices"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// newStaffedWorld is a portal whose staff was read, with a department of two
// people and of one more below it.
func newStaffedWorld(t *testing.T) *world {
	t.Helper()
	w := newUnregisteredWorld(t)
	w.start(w.app, w.Register(bitrixtest.App{
		Name: "Joinline", HandlerURL: w.app + "/app", InstallURL: w.app + "/install", Scopes: append(slices.Clone(scopes), "department"),
	}))
	w.install(t)
	w.Do(func(world *bitrixtest.World) {
		world.Departments[70] = &bitrixtest.Department{ID: 70, Name: "Stores", Parent: 1}
		world.Departments[71] = &bitrixtest.Department{ID: 71, Name: "Cold storage", Parent: 70}
		for id, department := range map[int]int{700: 70, 701: 70, 702: 71} {
			world.AddUser(bitrixtest.User{ID: id, Name: "Keeper", LastName: fmt.Sprintf("Store%c", 'a'+id-700), Active: true, Accepted: true, Departments: []int{department}})
		}
	})
	must(t, w.granting.Load().ReadStaff(t.Context(), app.Visit{Member: bitrix.MemberID(w.MemberID())}))
	return w
}

func TestADepartmentIsChosenWithOneClick(t *testing.T) {
	t.Parallel()
	w := newStaffedWorld(t)
	s := w.seat(t, anna, "deal/77")
	s.into(t, chatAnn)
	must(t, s.card.Locator("#q").Fill("stores"))
	unit := s.card.GetByRole("option", playwright.FrameLocatorGetByRoleOptions{Name: "Stores Department · 2 people"})
	must(t, expect.Locator(unit).ToBeVisible())
	must(t, unit.Click())
	s.wantChosen(t, person{id: 700}, person{id: 701})
	must(t, expect.Locator(s.card.Locator("#say")).ToHaveText("2 colleagues chosen"))
	must(t, expect.Locator(s.card.Locator("#q")).ToHaveValue(""))

	// Those below it are a choice of their own, and nobody is chosen twice.
	must(t, s.card.Locator("#q").Fill("stores"))
	must(t, expect.Locator(unit).ToHaveCount(0))
	deep := s.card.Locator("#unit-70-true")
	must(t, expect.Locator(deep).ToContainText("Stores with its sub-departments"))
	must(t, expect.Locator(deep).ToContainText("3 people · 2 chosen or in the chat already"))
	must(t, s.card.Locator("#q").Press("Enter")) // the other has nobody to choose any more
	s.wantChosen(t, person{id: 700}, person{id: 701}, person{id: 702})
	must(t, expect.Locator(s.card.Locator("#taken")).ToContainText("2 chosen or in the chat already"))
	wantAccessible(t, "a department that was chosen", w.frame(t, s.page))
}

func TestADepartmentIsChosenWithoutScripts(t *testing.T) {
	t.Parallel()
	w := newStaffedWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	w.sit(t, page, ivan)
	card := w.openByHand(t, page, w.Launch(w.keys.ClientID, ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`))
	must(t, card.Locator("#q").Fill("stores"))
	must(t, card.Locator("button[value=find]").Click())
	must(t, card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "with its sub-departments"}).Click())
	seat{w, page, card}.wantChosen(t, person{id: 700}, person{id: 701}, person{id: 702})
}

func TestDepartmentsAreAccessibleInTheSearch(t *testing.T) {
	t.Parallel()
	w := newStaffedWorld(t)
	for _, width := range []int{320, 1280} {
		page := newPage(t, playwright.BrowserNewContextOptions{ColorScheme: playwright.ColorSchemeDark, Viewport: &playwright.Size{Width: width, Height: 900}})
		s := w.sit(t, page, ivan)
		s.open(t, "deal/77")
		s.read(t)
		must(t, s.card.Locator("#q").Fill("stor"))
		must(t, expect.Locator(s.card.Locator("#unit-71-false")).ToBeVisible())
		wantAccessible(t, fmt.Sprint("the search at ", width), w.frame(t, page))
	}
}
