package e2e

import (
	"slices"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// openPolicy opens the section of the policy as the administrator.
func (w *world) openPolicy(t *testing.T, page playwright.Page) playwright.FrameLocator {
	t.Helper()
	w.signIn(t, page, "Anna Belova")
	f := openApplication(t, page)
	must(t, f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Policy"}).Click())
	must(t, expect.Locator(f.Locator("h1")).ToHaveText("Policy"))
	return f
}

// keep keeps a policy without a page.
func (w *world) keep(t *testing.T, p app.Policy) {
	t.Helper()
	must(t, w.store.SavePolicy(t.Context(), bitrix.MemberID(w.MemberID()), p, nil))
}

func TestThePolicyIsSetWithThePortalsAccessDialog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	f := w.openPolicy(t, page)
	adders := f.Locator("[data-holders=adder]")
	must(t, adders.Locator("[data-choose]").Click())
	dialog := page.Locator(".picker")
	must(t, dialog.Locator("[data-id=DR7]").Click())
	must(t, dialog.Locator("input").Fill("Elena"))
	must(t, dialog.Locator("[data-id=U24]").Click())
	must(t, dialog.Locator(".button.primary").Click())
	must(t, expect.Locator(adders.Locator(".chip")).ToHaveCount(2))
	must(t, f.Locator("#shown-LEAD").Uncheck())
	must(t, f.Locator("#delegated").Check())
	save := f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Save"})
	must(t, save.Click())
	must(t, expect.Locator(f.Locator(".lack[role=alert]")).ToContainText("only when you also tick"))
	must(t, expect.Locator(adders.Locator(".chip")).ToHaveCount(2)) // what was chosen is kept
	must(t, f.Locator("#delegated").Check())
	must(t, f.Locator("#understood").Check())
	must(t, save.Click())
	must(t, expect.Locator(f.Locator(".said")).ToContainText("The policy is saved"))
	kept, err := w.store.Policy(t.Context(), bitrix.MemberID(w.MemberID()))
	must(t, err)
	var codes []string
	for _, a := range kept.Adders {
		codes = append(codes, a.Code)
	}
	slices.Sort(codes)
	if !slices.Equal(codes, []string{"DR7", "U24"}) || !kept.Delegated || kept.Shows(bitrix.Lead) {
		t.Errorf("kept %+v", kept)
	}
	for _, p := range w.Placements() {
		if p.Placement == "CRM_LEAD_DETAIL_TAB" {
			t.Error("leads still have the tab")
		}
	}
	// Chips that are taken back are gone.
	must(t, adders.Locator(".chip").First().Click())
	must(t, save.Click())
	must(t, expect.Locator(adders.Locator(".chip")).ToHaveCount(1))
}

func TestTheCardOfSomebodyExcludedSaysWhomToAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keep(t, app.Policy{Adders: []app.Access{{Code: "U24"}}, By: 1, ByName: "Anna Belova"})
	s := w.sit(t, newPage(t, playwright.BrowserNewContextOptions{}), ivan)
	s.open(t, "deal/77")
	must(t, expect.Locator(s.card.Locator(".asked")).ToContainText("Ask Anna Belova"))
	must(t, expect.Locator(s.card.Locator("#chat-1763")).ToBeVisible())
	must(t, expect.Locator(s.card.Locator("#q")).ToBeHidden())
	must(t, expect.Locator(s.card.Locator("#chats input, #chats button.leave[value$=' 23'], [name=join]")).ToHaveCount(0))
	wantAccessible(t, "a card that is read-only", w.frame(t, s.page))
}

func TestManyPeopleAndNoNoteAreAskedAbout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keep(t, app.Policy{ConfirmAbove: 1, NoteRequired: true})
	s := w.sit(t, newPage(t, playwright.BrowserNewContextOptions{}), 1)
	s.open(t, "deal/77")
	s.read(t)
	s.choose(t, pavel, olga)
	trouble := s.card.Locator("#trouble")
	s.add(t)
	must(t, expect.Locator(trouble).ToContainText("nobody is added without a reason"))
	must(t, expect.Locator(s.card.Locator("#why")).ToBeFocused())
	must(t, s.card.Locator("#why").Fill("Needs an engineer"))
	s.add(t)
	must(t, expect.Locator(trouble).ToContainText("These are many people"))
	must(t, expect.Locator(s.card.Locator("#sure")).ToBeFocused())
	wantAccessible(t, "a card that asks once more", w.frame(t, s.page))
	must(t, s.card.Locator("#sure").Press("Space"))
	s.add(t)
	s.wantResult(t, pavel, "done")
	s.wantResult(t, olga, "done")
	if n := len(w.Notifications(22)); n != 1 {
		t.Errorf("Olga holds %d notices", n)
	}
}

func TestAnAddThatTheChannelRefusesIsMadeForTheViewer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.keep(t, app.Policy{Delegated: true})
	s := w.sit(t, newPage(t, playwright.BrowserNewContextOptions{}), ivan)
	s.open(t, "deal/77")
	s.read(t)
	s.choose(t, pavel, olga)
	s.add(t)
	s.wantResult(t, pavel, "done")
	s.wantResult(t, olga, "done")
	must(t, expect.Locator(s.card.Locator("#results [data-user='22'] .help")).ToContainText("with the rights of Anna Belova"))
}
