package e2e

import (
	"slices"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// What a person reads about Pavel.
var (
	added   = []string{"Pavel Orlov has been added."}
	broke   = []string{"Pavel Orlov was not added.", "The portal broke off.", "nobody is added twice"}
	unknown = []string{"It is not known whether Pavel Orlov was added.", "The portal’s answer was lost.", "nobody is added twice"}
)

func TestAFaultOfThePortalIsNeverTakenForSuccessAndNeverLosesTheChoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77") // and one fault after the other while it is open
	for name, c := range map[string]struct {
		fault bitrixtest.Fault
		state string
		says  []string
	}{
		"an error page":                      {bitrixtest.Fault{Kind: bitrixtest.FaultHTML}, "refused", broke},
		"an error page, carried out":         {bitrixtest.Fault{Kind: bitrixtest.FaultHTML, Applied: true}, "done", added},
		"a page of the gateway":              {bitrixtest.Fault{Kind: bitrixtest.FaultHTML, Status: 502}, "unknown", unknown},
		"a page of the gateway, carried out": {bitrixtest.Fault{Kind: bitrixtest.FaultHTML, Status: 502, Applied: true}, "done", added},
		"a page about maintenance":           {bitrixtest.Fault{Kind: bitrixtest.FaultHTML, Status: 503}, "refused", broke},
		"a broken connection":                {bitrixtest.Fault{Kind: bitrixtest.FaultDrop}, "unknown", unknown},
		"a broken connection, carried out":   {bitrixtest.Fault{Kind: bitrixtest.FaultDrop, Applied: true}, "done", added},
		"half of the answer":                 {bitrixtest.Fault{Kind: bitrixtest.FaultTruncated}, "refused", broke},
		"half of the answer, carried out":    {bitrixtest.Fault{Kind: bitrixtest.FaultTruncated, Applied: true}, "done", added},
	} {
		t.Run(name, func(t *testing.T) {
			s.without(t, pavel)
			c.fault.Method = methodAdd
			s.meet(t, c.fault, c.state, c.says)
		})
	}
}

func TestAPortalOverItsLimitsIsWaitedForAndNothingElse(t *testing.T) {
	t.Parallel()
	notTried := []string{"Pavel Orlov was not tried yet.", "The portal is receiving too many requests."}
	for name, c := range map[string]struct {
		fault bitrixtest.Fault
		reset time.Duration // when the portal says that it will listen again; 0: it does not say
		state string
		says  []string
	}{
		"too many requests":                      {fault: bitrixtest.Fault{Kind: bitrixtest.FaultQueryLimit}, state: "done", says: added},
		"too many requests, for long":            {fault: bitrixtest.Fault{Kind: bitrixtest.FaultQueryLimit, Times: 4}, state: "unknown", says: notTried},
		"the method's time is used up":           {fault: bitrixtest.Fault{Kind: bitrixtest.FaultOperationTime}, reset: 3 * time.Second, state: "done", says: added},
		"the method's time is used up, for long": {fault: bitrixtest.Fault{Kind: bitrixtest.FaultOperationTime}, state: "unknown", says: notTried},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newWorld(t).seat(t, ivan, "deal/77")
			s.choose(t, pavel)
			c.fault.Method = methodAdd
			if c.reset != 0 {
				c.fault.Extra = map[string]any{"operating_reset_at": time.Now().Add(c.reset).Unix()}
			}
			s.meet(t, c.fault, c.state, c.says)
		})
	}
}

// without takes a person out of chat 1763, has the page see it, and chooses
// them.
func (s seat) without(t *testing.T, p person) {
	t.Helper()
	s.ClearFaults()
	s.Do(func(w *bitrixtest.World) {
		chat := w.Chats[chatAnn]
		chat.Members = slices.DeleteFunc(chat.Members, func(m *bitrixtest.Member) bool { return m.User == p.id })
	})
	s.refresh(t)
	s.choose(t, p)
}

// meet adds Pavel, who is chosen, while a fault strikes. Unless he is in the
// chat then, nothing has changed and the very same works again.
func (s seat) meet(t *testing.T, fault bitrixtest.Fault, state string, says []string) {
	t.Helper()
	s.Fail(fault)
	s.add(t)
	s.settled(t)
	s.wantResult(t, pavel, state, says...)
	s.wantTrouble(t, "")
	if state != "done" {
		s.wantIn(t, chatAnn, ivan, annLee)
		s.wantChosen(t, pavel)
		s.add(t)
		s.wantResult(t, pavel, "done", added...)
	}
	s.wantChosen(t)
	s.wantIn(t, chatAnn, ivan, annLee, pavel.id)
}

func TestWhatCouldNotBeReadBackIsUnknownUntilALaterLook(t *testing.T) {
	t.Parallel()
	s := newWorld(t).seat(t, ivan, "deal/77")
	for name, c := range map[string]struct {
		fault bitrixtest.FaultKind // of the add itself, which is carried out
		says  []string
	}{
		"the portal agreed":   {"", []string{"It is not known whether Pavel Orlov was added.", "The portal agreed, but did not show the participants afterwards."}},
		"the answer was lost": {bitrixtest.FaultDrop, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			s.without(t, pavel)
			if c.fault != "" {
				s.Fail(bitrixtest.Fault{Method: methodAdd, Kind: c.fault, Applied: true})
			}
			s.Fail(always("batch", bitrixtest.FaultHTML, 0))
			s.add(t)
			s.wantResult(t, pavel, "unknown", c.says...)
			s.wantChosen(t, pavel)
			s.wantIn(t, chatAnn, ivan, annLee, pavel.id)
			s.ClearFaults()
			s.refresh(t)
			must(t, expect.Locator(s.chat(chatAnn).Locator(".people")).ToContainText("Pavel Orlov"))
			s.add(t)
			s.wantResult(t, pavel, "same", "Pavel Orlov was in the chat already.")
			s.wantChosen(t)
		})
	}
}

func TestWhileThePortalIsSlowThePageShowsItAndStaysAlive(t *testing.T) {
	t.Parallel()
	w, wire := wiredWorld(t, time.Minute)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, pavel)
	slow := wire.hold(methodAdd, false)
	s.add(t)
	slow.reached(t)
	must(t, expect.Locator(s.button()).ToHaveText("Adding…"))
	must(t, expect.Locator(s.button()).ToHaveAttribute("aria-disabled", "true"))
	must(t, expect.Locator(s.card.Locator("#say")).ToHaveText("Adding…"))
	must(t, s.button().Click(playwright.LocatorClickOptions{Force: playwright.Bool(true)})) // in impatience
	s.choose(t, olga)
	must(t, s.card.Locator("#q").Press("Control+Enter"))
	s.wantChosen(t, pavel, olga)
	s.into(t, 1770)
	must(t, s.card.Locator("#pick-1763").Uncheck())
	close(slow.release)
	s.wantResult(t, pavel, "done", added...)
	must(t, expect.Locator(s.button()).ToHaveText("Add to chat"))
	must(t, expect.Locator(s.button()).Not().ToHaveAttribute("aria-disabled", "true"))
	s.wantChosen(t, olga)
	must(t, expect.Locator(s.chat(1770).Locator("input")).ToBeChecked())
	must(t, expect.Locator(s.chat(chatAnn).Locator("input")).Not().ToBeChecked())
	must(t, expect.Locator(s.card.Locator("#into")).ToHaveText("Into: Telegram, Ann Lee - Key accounts"))
	if n := w.asked(methodAdd); n != 1 {
		t.Errorf("the portal was asked %d times", n)
	}
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
}

func TestWhomAPersonTakesBackWhileTheyAreAddedStaysTakenBack(t *testing.T) {
	t.Parallel()
	w, wire := wiredWorld(t, time.Minute)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, olga)
	slow := wire.hold(methodAdd, false)
	s.add(t)
	slow.reached(t)
	must(t, s.chip(olga).Click())
	s.wantChosen(t)
	close(slow.release)
	s.wantResult(t, olga, "refused")
	s.wantChosen(t)
}

func TestAPortalThatTakesTooLongLeavesItUnknown(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]bool{"not carried out": false, "carried out": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, wire := wiredWorld(t, 3*time.Second)
			s := w.seat(t, ivan, "deal/77")
			s.choose(t, pavel)
			wire.hold(methodAdd, back)
			s.add(t)
			if back {
				s.wantResult(t, pavel, "done", added...)
				w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
				return
			}
			s.wantResult(t, pavel, "unknown", unknown...)
			s.wantChosen(t, pavel)
			w.wantIn(t, chatAnn, ivan, annLee)
			w.addBeside(t, pavel) // the portal comes to it after all
			s.refresh(t)
			must(t, expect.Locator(s.chat(chatAnn).Locator(".people")).ToContainText("Pavel Orlov"))
			s.wantChosen(t, pavel)
		})
	}
}
