package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestAColleagueIsAddedFromTheCardOfADeal(t *testing.T) {
	t.Parallel()
	for name, blocked := range map[string]bool{"third-party cookies allowed": false, "third-party cookies blocked": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			page := newPage(t, playwright.BrowserNewContextOptions{})
			if blocked {
				blockThirdPartyCookies(t, page)
			}
			w.signIn(t, page, "Ivan Petrov")
			s := seat{w, page, w.card(t, page, "deal/77")}
			must(t, expect.Locator(s.chat(chatAnn)).ToHaveAttribute("data-state", "open-now"))
			must(t, expect.Locator(s.chat(chatAnn)).ToContainText("Ann Lee"))
			s.choose(t, pavel)
			s.add(t)
			s.wantResult(t, pavel, "done", "Pavel Orlov has been added.")
			w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
		})
	}
}

func TestAColleagueIsAddedFromEveryKindOfCard(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		item string
		pick int // a chat, where there is more than one
		chat int
		in   []int
	}{
		"a deal":    {item: "deal/77", chat: chatAnn, in: []int{ivan, annLee, pavel.id}},
		"a lead":    {item: "lead/55", chat: chatLead, in: []int{ivan, okafor, pavel.id}},
		"a contact": {item: "contact/31", pick: chatAnn, chat: chatAnn, in: []int{ivan, annLee, pavel.id}},
		"a company": {item: "company/12", pick: 1820, chat: 1820, in: []int{ivan, bruno, pavel.id}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Do(func(world *bitrixtest.World) {
				world.AddChat(bitrixtest.NewChat{ID: 1820, Name: "Lee & Partners - Sales line", Connector: "livechat", Line: 5, Customer: bruno,
					Items: []bitrixtest.ItemKey{item("COMPANY", 12)}, Status: bitrixtest.StatusOperator, Operator: ivan, Texts: []string{"Hello"}})
			})
			before := map[int][]int{}
			for _, chat := range []int{chatAnn, chatLead, 1770, 1820} {
				before[chat] = w.Participants(chat)
			}
			s := w.seat(t, ivan, c.item)
			if c.pick != 0 {
				s.into(t, c.pick)
			}
			s.choose(t, pavel)
			s.add(t)
			s.wantResult(t, pavel, "done", "Pavel Orlov has been added.")
			must(t, expect.Locator(s.chat(c.chat).Locator(".people")).ToContainText("Pavel Orlov"))
			s.wantChosen(t)
			before[c.chat] = c.in
			for chat, in := range before {
				w.wantIn(t, chat, in...)
			}
		})
	}
}

func TestOfThreeColleaguesOneIsRefusedAndStaysChosen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Do(func(world *bitrixtest.World) {
		world.Lines[5].Queue = append(world.Lines[5].Queue, bitrixtest.QueueEntry{Type: "user", ID: igor.id})
	})
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, pavel, olga, igor)
	s.add(t)
	s.wantResult(t, pavel, "done", "Pavel Orlov has been added.")
	s.wantResult(t, olga, "refused", "Olga Sidorova was not added.", "put them into the channel’s queue")
	s.wantResult(t, igor, "done", "Igor Lebedev has been added.")
	must(t, expect.Locator(s.card.Locator("#say")).ToHaveText("2 of 3 are in the chat now."))
	s.wantChosen(t, olga)
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id, igor.id)
}

func TestTheChatWrittenInLastStandsFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.post(t, "messages", `{"chat":1770,"author":431,"text":"And the contract?"}`)
	s := w.seat(t, ivan, "deal/77")
	must(t, expect.Locator(s.card.Locator("#chats li.chat h3 .badge")).ToHaveText([]string{"Open", "Open", "Finished"}))
	must(t, expect.Locator(s.card.Locator("#chats li.chat").First()).ToHaveId("chat-1770"))
	w.post(t, "messages", `{"chat":1763,"author":431,"text":"And the chairs?"}`)
	s.refresh(t)
	must(t, expect.Locator(s.card.Locator("#chats li.chat").First()).ToHaveId("chat-1763"))
}
