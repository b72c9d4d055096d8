package e2e

import (
	"testing"
	"time"
)

func TestAReloadWhileSomebodyIsAddedShowsWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]bool{"before the portal did it": false, "after the portal did it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, wire := wiredWorld(t, time.Minute)
			s := w.seat(t, ivan, "deal/77")
			s.choose(t, pavel)
			slow := wire.hold(methodAdd, back)
			s.add(t)
			slow.reached(t)
			_, err := s.page.Reload()
			must(t, err)
			s.read(t)
			s.wantChosen(t)
			people := s.chat(chatAnn).Locator(".people")
			if back {
				must(t, expect.Locator(people).ToContainText("Pavel Orlov"))
				w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
				return
			}
			must(t, expect.Locator(people).Not().ToContainText("Pavel Orlov"))
			w.wantIn(t, chatAnn, ivan, annLee)
			close(slow.release)
			s.choose(t, pavel)
			s.add(t)
			s.wantResult(t, pavel, "done", added...)
			w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
		})
	}
}

func TestTheBackButtonShowsTheCardAsThePortalHasItNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, pavel)
	s.add(t)
	s.wantResult(t, pavel, "done")
	s.open(t, "lead/55")
	must(t, expect.Locator(s.chat(chatLead)).ToBeVisible())
	w.addBeside(t, olga)
	_, err := s.page.GoBack()
	must(t, err)
	s.read(t)
	must(t, expect.Locator(s.chat(chatAnn).Locator(".people")).ToContainText("Pavel Orlov"))
	must(t, expect.Locator(s.chat(chatAnn).Locator(".people")).ToContainText("Olga Sidorova"))
	s.wantChosen(t)
	s.choose(t, igor)
	s.add(t)
	s.wantResult(t, igor, "refused")
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id, olga.id)
	w.wantIn(t, chatLead, ivan, okafor)
}

func TestTheKeyboardAloneDoesEverything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "contact/31")
	keys := func(all ...string) {
		t.Helper()
		for _, key := range all {
			must(t, s.page.Keyboard().Press(key))
		}
	}
	find := func(p person) {
		t.Helper()
		must(t, s.page.Keyboard().Type(p.query))
		must(t, expect.Locator(s.card.Locator("#options [aria-selected][data-user]")).ToHaveCount(1))
		must(t, expect.Locator(s.card.Locator("#q")).ToHaveAttribute("aria-expanded", "true"))
	}
	must(t, s.card.Locator("a.open").First().Focus())
	keys("/")
	must(t, expect.Locator(s.card.Locator("#q")).ToBeFocused())
	must(t, expect.Locator(s.card.Locator("#q")).ToHaveValue(""))
	find(olga)
	keys("Enter")
	s.wantChosen(t, olga)
	keys("Backspace") // takes her back
	s.wantChosen(t)
	find(pavel)
	keys("Escape")
	must(t, expect.Locator(s.card.Locator("#found")).ToBeHidden())
	keys("Escape") // empties the field
	must(t, expect.Locator(s.card.Locator("#q")).ToHaveValue(""))
	find(pavel)
	keys("ArrowDown", "Enter")
	s.wantChosen(t, pavel)
	keys("Control+Enter") // no chat is chosen yet
	s.wantTrouble(t, "Choose the chat that people shall be added to.")
	keys("Tab", "Tab", "Tab", "Tab") // over the chip, "Squads" and "Why?" to the button, which waits for a chat as well
	must(t, expect.Locator(s.button()).ToBeFocused())
	keys("Tab", "Tab", "Tab", "Space") // over "Choose all" and "Refresh" to the first chat
	must(t, expect.Locator(s.chat(chatAnn).Locator("input")).ToBeChecked())
	must(t, expect.Locator(s.card.Locator("#into")).ToHaveText("Into: Telegram, Ann Lee - Sales line"))
	keys("Shift+Tab", "Shift+Tab", "Shift+Tab", "Enter")
	s.wantResult(t, pavel, "done", added...)
	must(t, expect.Locator(s.card.Locator("#q")).ToBeFocused())
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
}
