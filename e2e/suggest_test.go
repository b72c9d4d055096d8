package e2e

import (
	"fmt"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// suggested is a person in a group of suggestions.
func (s seat) suggested(group string, p person) playwright.Locator {
	return s.card.Locator(fmt.Sprintf("#options [data-group='%s'] #person-%d", group, p.id))
}

func TestColleaguesAreSuggestedBeforeAnythingIsTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stand(t, ivan)
	w.ResetRequests()
	s.open(t, "deal/77")
	s.read(t)
	if n := len(w.Requests()); n > 3 {
		t.Errorf("the card cost %d requests", n)
	}
	w.ResetRequests()
	field := s.card.Locator("#q")
	must(t, field.Click())
	must(t, expect.Locator(s.suggested("item-deal-77", olga)).ToBeVisible())
	must(t, expect.Locator(s.suggested("queue", pavel)).ToBeVisible())
	must(t, expect.Locator(s.suggested("department", elena)).ToBeVisible())
	group := s.card.GetByRole("group", playwright.FrameLocatorGetByRoleOptions{Name: "Responsible and observers of this deal (they may read it)"})
	must(t, expect.Locator(group.GetByRole("option")).ToContainText("Olga Sidorova Logistics specialist"))
	must(t, expect.Locator(s.card.Locator("#say")).ToHaveText("Suggestions. The arrow keys go through them."))
	must(t, expect.Locator(s.suggested("department", elena).Locator(".doubt")).ToHaveText("may be refused: not in the queue"))
	must(t, expect.Locator(s.suggested("queue", pavel).Locator(".doubt")).ToBeEmpty())

	// Nobody was pointed at, so Enter chooses nobody.
	must(t, field.Press("Enter"))
	s.wantChosen(t)
	must(t, field.Press("ArrowDown"))
	must(t, field.Press("ArrowDown"))
	must(t, expect.Locator(field).ToHaveAttribute("aria-activedescendant", "person-23"))
	must(t, field.Press("Enter"))
	s.wantChosen(t, pavel)
	must(t, expect.Locator(s.card.Locator("#found")).ToBeHidden())

	// The same list comes back without another request.
	must(t, field.Press("ArrowDown"))
	must(t, expect.Locator(s.suggested("queue", pavel)).ToHaveAttribute("aria-selected", "true"))
	must(t, field.Press("Escape"))
	must(t, expect.Locator(s.card.Locator("#found")).ToBeHidden())
	if n := len(w.Requests()); n != 1 {
		t.Errorf("the suggestions cost %d requests", n)
	}

	// After an add the list is closed, and then without whoever is there now.
	s.add(t)
	s.wantResult(t, pavel, "done")
	must(t, expect.Locator(field).ToBeFocused())
	must(t, expect.Locator(s.card.Locator("#found")).ToBeHidden())
	must(t, field.Press("ArrowDown"))
	must(t, expect.Locator(s.suggested("item-deal-77", olga)).ToBeVisible())
	must(t, expect.Locator(s.card.Locator("#person-23")).ToHaveCount(0))
	must(t, s.suggested("department", elena).Click())
	s.wantChosen(t, elena)
}

func TestThoseUsuallyAddedTogetherAreSuggestedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Do(func(world *bitrixtest.World) {
		world.AddItem(bitrixtest.Item{ItemKey: item("DEAL", 90), Title: "Tables", AssignedBy: anna})
		world.AddChat(bitrixtest.NewChat{ID: 1890, Name: "Bruno Keller - Second line", Connector: "livechat", Line: 6, Customer: bruno,
			Items: []bitrixtest.ItemKey{item("DEAL", 90)}, Status: bitrixtest.StatusOperator, Operator: elena.id, Texts: []string{"Hello"}})
	})
	s := w.stand(t, anna)
	s.open(t, "deal/77")
	s.read(t)
	s.into(t, chatAnn)
	s.choose(t, olga, pavel)
	s.add(t)
	s.wantResult(t, pavel, "done")
	s.settled(t)
	s.open(t, "deal/90")
	s.read(t)
	field := s.card.Locator("#q")
	must(t, field.Click())
	must(t, expect.Locator(s.suggested("lately", pavel)).ToBeVisible())
	must(t, expect.Locator(s.card.GetByText("Usually added together")).ToHaveCount(0))
	must(t, s.suggested("lately", olga).Click())
	s.wantChosen(t, olga)
	must(t, field.Press("ArrowDown"))
	must(t, expect.Locator(s.suggested("together", pavel)).ToBeVisible())
	must(t, expect.Locator(s.suggested("lately", olga)).ToHaveAttribute("aria-selected", "true"))
	must(t, expect.Locator(s.card.Locator("#person-23")).ToHaveCount(1))
}

func TestTypingTakesThePlaceOfSuggestions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	answer := hold(t, s.page, w.app+"/card/suggest")
	must(t, s.card.Locator("#q").Click())
	must(t, s.card.Locator("#q").PressSequentially("pavel"))
	answer() // too late
	must(t, expect.Locator(s.card.Locator("#person-23")).ToBeVisible())
	must(t, expect.Locator(s.card.Locator("#found [role=group]")).ToHaveCount(0))
	must(t, s.card.Locator("#q").Fill(""))
	must(t, expect.Locator(s.card.Locator("#found")).ToBeHidden())
	must(t, s.card.Locator("#q").Press("ArrowDown"))
	must(t, expect.Locator(s.suggested("item-deal-77", olga)).ToBeVisible())
	must(t, s.card.Locator("#q").PressSequentially("o"))
	must(t, expect.Locator(s.card.Locator("#found [role=group]")).ToHaveCount(0))
}

func TestSuggestionsThatCannotBeHadDisturbNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	w.Fail(bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultQueryLimit, Times: -1})
	must(t, s.card.Locator("#q").Click())
	must(t, expect.Locator(s.card.Locator("#q:not([aria-busy])")).ToBeFocused())
	must(t, expect.Locator(s.card.Locator("#found")).ToBeHidden())
	s.wantTrouble(t, "")
	w.ClearFaults()
	must(t, s.card.Locator("#q").Press("ArrowDown"))
	must(t, expect.Locator(s.suggested("queue", pavel)).ToBeVisible())
}
