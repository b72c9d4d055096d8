package e2e

import (
	"slices"
	"testing"

	"github.com/playwright-community/playwright-go"
)

func TestAColleagueIsAddedFromTheCardOfADeal(t *testing.T) {
	for name, blocked := range map[string]bool{"third-party cookies allowed": false, "third-party cookies blocked": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			page := newPage(t, playwright.BrowserNewContextOptions{})
			if blocked {
				blockThirdPartyCookies(t, page)
			}
			w.signIn(t, page, "Ivan Petrov")
			card := w.card(t, page, "deal/77")
			must(t, expect.Locator(card.Locator("#chat-1763")).ToHaveAttribute("data-state", "open-now"))
			must(t, expect.Locator(card.Locator("#chat-1763")).ToContainText("Ann Lee"))
			must(t, card.Locator("#q").Fill("pavel"))
			must(t, card.Locator("#person-23").Click())
			must(t, card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Add to chat"}).Click())
			must(t, expect.Locator(card.Locator("#results [data-user='23']")).ToHaveAttribute("data-state", "done"))
			if got := w.Participants(1763); !slices.Contains(got, 23) {
				t.Errorf("chat 1763 holds %v, want 23 among them", got)
			}
		})
	}
}

func TestOfThreeColleaguesOneIsRefusedAndStaysChosen(t *testing.T) {
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	card := w.card(t, page, "deal/77")
	for _, person := range []struct{ query, id string }{{"pavel", "23"}, {"olga", "22"}} {
		must(t, card.Locator("#q").Fill(person.query))
		must(t, card.Locator("#person-"+person.id).Click())
	}
	must(t, card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Add to chat"}).Click())
	must(t, expect.Locator(card.Locator("#results [data-user='23']")).ToHaveAttribute("data-state", "done"))
	refused := card.Locator("#results [data-user='22']")
	must(t, expect.Locator(refused).ToHaveAttribute("data-state", "refused"))
	must(t, expect.Locator(refused).ToContainText("queue"))
	must(t, expect.Locator(card.Locator("#chosen [data-user='22']")).ToBeVisible())
	if got := w.Participants(1763); !slices.Contains(got, 23) || slices.Contains(got, 22) {
		t.Errorf("chat 1763 holds %v, want 23 and not 22", got)
	}
}

func TestTheKeyboardAloneAddsAColleague(t *testing.T) {
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	card := w.card(t, page, "deal/77")
	field := card.Locator("#q")
	must(t, field.Focus())
	must(t, page.Keyboard().Type("pav"))
	must(t, expect.Locator(card.Locator("#person-23")).ToBeVisible())
	must(t, page.Keyboard().Press("ArrowDown"))
	must(t, page.Keyboard().Press("Enter"))
	must(t, expect.Locator(card.Locator("#chosen [data-user='23']")).ToBeVisible())
	must(t, page.Keyboard().Press("Control+Enter"))
	must(t, expect.Locator(card.Locator("#results [data-user='23']")).ToHaveAttribute("data-state", "done"))
	if got := w.Participants(1763); !slices.Contains(got, 23) {
		t.Errorf("chat 1763 holds %v, want 23 among them", got)
	}
}

func TestEachChatSaysWhyItTakesNobody(t *testing.T) {
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	for item, want := range map[string][2]string{
		"deal/77":    {"#chat-1701", "finished"},
		"deal/78":    {"#chat-1780", "waiting"},
		"deal/79":    {"#chat-1790", "off"},
		"deal/80":    {"#chat-1763", "open-now"},
		"contact/31": {"#chat-1770", "open-now"},
		"company/12": {"#chats", ""},
		"lead/55":    {"#chat-1755", "open-now"},
	} {
		card := w.card(t, page, item)
		if want[1] == "" {
			must(t, expect.Locator(card.Locator(want[0])).ToBeVisible())
			continue
		}
		must(t, expect.Locator(card.Locator(want[0])).ToHaveAttribute("data-state", want[1]))
	}
}

func TestAChatThatClosesMeanwhileIsToldAndTheChoiceIsKept(t *testing.T) {
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	card := w.card(t, page, "deal/77")
	must(t, card.Locator("#q").Fill("pavel"))
	must(t, card.Locator("#person-23").Click())
	if status := w.post(t, "sessions/close", `{"chat":1763}`); status != 200 {
		t.Fatalf("closing the dialog answered %d", status)
	}
	must(t, card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Add to chat"}).Click())
	must(t, expect.Locator(card.Locator("#results [data-user='23']")).ToHaveAttribute("data-state", "refused"))
	must(t, expect.Locator(card.Locator("#chosen [data-user='23']")).ToBeVisible())
	if got := w.Participants(1763); slices.Contains(got, 23) {
		t.Errorf("the closed chat holds %v", got)
	}
}

func TestAnExpiredTokenIsRenewedWithoutAWord(t *testing.T) {
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	card := w.card(t, page, "deal/77")
	must(t, expect.Locator(card.Locator("#chat-1763")).ToBeVisible())
	w.ExpireTokens(0)
	must(t, card.Locator("#q").Fill("pavel"))
	must(t, card.Locator("#person-23").Click())
	must(t, card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Add to chat"}).Click())
	must(t, expect.Locator(card.Locator("#results [data-user='23']")).ToHaveAttribute("data-state", "done"))
	if got := w.Participants(1763); !slices.Contains(got, 23) {
		t.Errorf("chat 1763 holds %v, want 23 among them", got)
	}
}
