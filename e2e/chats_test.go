package e2e

import (
	"fmt"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// addDeal adds a deal of Ivan's with one chat of a customer.
func addDeal(w *bitrixtest.World, id, chat, status int) {
	w.AddItem(bitrixtest.Item{ItemKey: item("DEAL", id), Title: "Another order", AssignedBy: ivan})
	w.AddChat(bitrixtest.NewChat{ID: chat, Name: "Bruno Keller - Sales line", Connector: "livechat", Line: 5, Customer: bruno,
		Items: []bitrixtest.ItemKey{item("DEAL", id)}, Status: status, Operator: ivan, Texts: []string{"Hello"}})
}

func TestEachChatSaysWhyItTakesNobodyAndWhatHelps(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		viewer int
		item   string
		before func(w *bitrixtest.World)
		chat   int
		state  string // of the row; "" where there is none
		says   []string
		cure   func(t *testing.T, s seat)
		in     []int // once the cure was taken and Pavel added
	}{
		"waiting to be accepted": {
			viewer: anna, item: "deal/78", chat: 1780, state: "waiting",
			says: []string{"Not accepted yet", "No operator has accepted this dialog yet.", "As soon as somebody accepts it"},
			cure: func(t *testing.T, s seat) { s.post(t, "sessions/accept", `{"chat":1780,"operator":15}`) }, in: []int{ivan, bruno, pavel.id},
		},
		"being closed": {
			viewer: ivan, item: "deal/90", chat: 1900, state: "closing",
			before: func(w *bitrixtest.World) { addDeal(w, 90, 1900, bitrixtest.StatusWaitClosing) },
			says:   []string{"Closing", "This dialog is being closed.", "If the customer writes again"},
			cure: func(t *testing.T, s seat) {
				s.post(t, "sessions/close", `{"chat":1900}`)
				s.post(t, "sessions/reopen", `{"chat":1900,"operator":15}`)
			}, in: []int{ivan, bruno, pavel.id},
		},
		"finished": {
			viewer: ivan, item: "deal/90", chat: 1900, state: "finished",
			before: func(w *bitrixtest.World) { addDeal(w, 90, 1900, bitrixtest.StatusClosed) },
			says:   []string{"Finished", "The last dialog is finished.", "A new one begins when the customer writes"},
			cure:   func(t *testing.T, s seat) { s.post(t, "messages", `{"chat":1900,"author":15,"text":"Hello again"}`) }, in: []int{ivan, bruno, pavel.id},
		},
		"over a channel that is off": {
			viewer: anna, item: "deal/79", chat: 1790, state: "off",
			says: []string{"Channel off", "The channel of this chat is switched off.", "Contact center"},
			cure: func(t *testing.T, s seat) { s.post(t, "connectors", `{"id":"facebook","active":true}`) }, in: []int{ivan, 434, pavel.id},
		},
		"none at all": {
			viewer: ivan, item: "deal/91", chat: 1900,
			before: func(w *bitrixtest.World) {
				w.AddItem(bitrixtest.Item{ItemKey: item("DEAL", 91), Title: "New", AssignedBy: ivan})
			},
			says: []string{"No Open Channel chat is linked here yet.", "A chat appears here when the customer writes"},
			cure: func(t *testing.T, s seat) {
				s.Do(func(w *bitrixtest.World) { addDeal(w, 91, 1900, bitrixtest.StatusOperator) })
			}, in: []int{ivan, bruno, pavel.id},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if c.before != nil {
				w.Do(c.before)
			}
			s := w.seat(t, c.viewer, c.item)
			place := s.card.Locator("#chats .empty")
			if c.state != "" {
				place = s.chat(c.chat)
				must(t, expect.Locator(place).ToHaveAttribute("data-state", c.state))
				must(t, expect.Locator(place.Locator("input[name=chat]")).ToHaveCount(0))
			}
			for _, text := range c.says {
				must(t, expect.Locator(place).ToContainText(text))
			}
			must(t, expect.Locator(s.button()).Not().ToBeVisible())
			field := expect.Locator(s.card.Locator("#q"))
			if c.state != "waiting" { // then they can be chosen to be added later
				field = field.Not()
			}
			must(t, field.ToBeVisible())
			c.cure(t, s)
			s.refresh(t)
			must(t, expect.Locator(s.chat(c.chat)).ToHaveAttribute("data-state", "open-now"))
			s.choose(t, pavel)
			s.add(t)
			s.wantResult(t, pavel, "done")
			w.wantIn(t, c.chat, c.in...)
		})
	}
}

func TestTheSearchOffersOnlyWhoCanBeAdded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Do(func(world *bitrixtest.World) {
		world.Users[50].Departments = []int{7} // a bot that works in a department is no colleague either
		world.Chats[chatAnn].Members = append(world.Chats[chatAnn].Members, &bitrixtest.Member{User: 50})
	})
	s := w.seat(t, ivan, "deal/77")
	must(t, expect.Locator(s.chat(chatAnn).Locator(".people")).ToContainText("Helper bot"))
	for _, nobody := range []string{"dmitri", "helper", "ann lee"} { // dismissed, a bot, the customer
		must(t, s.card.Locator("#q").Fill(nobody))
		must(t, expect.Locator(s.card.Locator("#found .nobody")).ToHaveText(fmt.Sprintf("Nobody found for “%s”", nobody)))
	}
	for query, barred := range map[string]struct{ id, why string }{
		"petrov": {"15", "Already in the chat"}, "stone": {"40", "External: cannot be added to customer chats"},
	} {
		must(t, s.card.Locator("#q").Fill(query))
		option := s.card.Locator("#person-" + barred.id)
		must(t, expect.Locator(option).ToContainText(barred.why))
		must(t, expect.Locator(option).ToHaveAttribute("aria-disabled", "true"))
		must(t, option.Click(playwright.LocatorClickOptions{Force: playwright.Bool(true)}))
		s.wantChosen(t)
	}
	w.wantIn(t, chatAnn, ivan, annLee, 50)
}

func TestAnExternalPersonIsToldThatTheCardIsNotForThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Do(func(world *bitrixtest.World) { world.SetCRMRights(40, "DEAL", bitrixtest.CRMAll) })
	s := w.stand(t, 40)
	s.open(t, "deal/77")
	must(t, expect.Locator(s.card.Locator("h1")).ToHaveText("The CRM is for employees only"))
	must(t, expect.Locator(s.card.Locator("#card")).ToHaveCount(0))
	w.wantIn(t, chatAnn, ivan, annLee)
}

func TestAccessLostWhileTheCardIsOpenIsToldAtTheNextLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, olga.id, "deal/77")
	s.choose(t, pavel)
	w.Do(func(world *bitrixtest.World) { world.Items[item("DEAL", 77)].Observers = nil })
	must(t, s.card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Refresh"}).Click())
	s.wantTrouble(t, "The CRM does not let you read this item")
	s.wantChosen(t, pavel)
	w.wantIn(t, chatAnn, ivan, annLee)
}
