package e2e

import (
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

const (
	down = "The portal does not answer"
	busy = "The portal is busy"
)

// always is a fault that strikes until it is cleared.
func always(method string, kind bitrixtest.FaultKind, status int) bitrixtest.Fault {
	return bitrixtest.Fault{Method: method, Kind: kind, Status: status, Times: -1}
}

func TestALookThatFailsSaysSoAndLeavesThePageAsItWas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, pavel)
	for name, c := range map[string]struct {
		fault bitrixtest.Fault
		says  string
	}{
		"a page of the gateway": {always("batch", bitrixtest.FaultHTML, 502), "Bitrix24 gave no usable answer in time."},
		"a broken connection":   {always("batch", bitrixtest.FaultDrop, 0), "Bitrix24 gave no usable answer in time."},
		"half of the answer":    {always("batch", bitrixtest.FaultTruncated, 0), "Bitrix24 gave no usable answer in time."},
		"overload":              {always("batch", bitrixtest.FaultOverload, 0), "Bitrix24 has stopped all requests of applications because of overload."},
	} {
		t.Run(name, func(t *testing.T) {
			w.Fail(c.fault)
			w.post(t, "sessions/close", `{"chat":1763}`)
			must(t, s.card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Refresh"}).Click())
			s.wantTrouble(t, c.says)
			s.read(t)
			must(t, expect.Locator(s.chat(chatAnn)).ToHaveAttribute("data-state", "open-now"))
			s.wantChosen(t, pavel)
			w.ClearFaults()
			s.refresh(t)
			s.wantTrouble(t, "")
			must(t, expect.Locator(s.chat(chatAnn)).ToHaveAttribute("data-state", "finished"))
			s.wantChosen(t, pavel)
			w.post(t, "sessions/reopen", `{"chat":1763,"operator":15}`)
			s.refresh(t)
		})
	}
}

func TestACardThatWasReadInPartPromisesNothingMore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		item string
		says string // beside the button, at once
	}{
		"with a chat that takes people": {"deal/77", "Into: Telegram, Ann Lee - Sales line"},
		"with none so far":              {"deal/80", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.stand(t, ivan)
			fault := always("batch", bitrixtest.FaultHTML, 0)
			fault.Skip = 1 // the first look passes
			w.Fail(fault)
			s.open(t, c.item)
			s.wantTrouble(t, "Bitrix24 gave no usable answer in time.")
			must(t, expect.Locator(s.card.Locator("#chats")).Not().ToHaveAttribute("aria-busy", "true"))
			must(t, expect.Locator(s.card.Locator("main")).Not().ToContainText("Looking"))
			must(t, expect.Locator(s.card.Locator(".skeleton")).ToHaveCount(0))
			if c.says != "" {
				must(t, expect.Locator(s.card.Locator("#into")).ToHaveText(c.says))
			}
			w.ClearFaults()
			s.refresh(t)
			s.wantTrouble(t, "")
			must(t, expect.Locator(s.chat(1770)).ToHaveAttribute("data-state", "open-now"))
		})
	}
}

func TestACardThatCannotBeOpenedOffersToTryAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault bitrixtest.Fault
		title string
	}{
		"down": {always("batch", bitrixtest.FaultDrop, 0), down},
		"slow": {bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultSlow, Delay: time.Hour, Times: -1}, down},
		"busy": {always("batch", bitrixtest.FaultOperationTime, 0), busy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := wiredWorld(t, time.Second)
			s := w.stand(t, ivan)
			w.Fail(c.fault)
			s.open(t, "deal/77")
			must(t, expect.Locator(s.card.Locator("h1")).ToHaveText(c.title))
			w.ClearFaults()
			must(t, s.card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Try again"}).Click())
			s.read(t)
			s.choose(t, pavel)
			s.add(t)
			s.wantResult(t, pavel, "done")
			w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
		})
	}
}

func TestASearchThatFailsSaysSoAndTheNextOneWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, olga)
	w.Fail(always("user.search", bitrixtest.FaultHTML, 502))
	must(t, s.card.Locator("#q").Fill("pav"))
	s.wantTrouble(t, "Bitrix24 gave no usable answer in time.")
	must(t, expect.Locator(s.card.Locator("#q")).ToHaveValue("pav"))
	s.wantChosen(t, olga)
	w.ClearFaults()
	s.choose(t, pavel)
	s.wantTrouble(t, "")
	s.wantChosen(t, olga, pavel)
}

func TestASlowSearchShowsThatItIsUnderWayAndIsOvertakenByTheNext(t *testing.T) {
	t.Parallel()
	w, wire := wiredWorld(t, time.Minute)
	s := w.seat(t, ivan, "deal/77")
	slow := wire.hold("batch", false)
	must(t, s.card.Locator("#q").Fill("pav"))
	slow.reached(t)
	must(t, expect.Locator(s.card.Locator("#q")).ToHaveAttribute("aria-busy", "true"))
	must(t, s.card.Locator("#q").Fill("olga"))
	slow.reached(t)
	close(slow.release)
	must(t, expect.Locator(s.card.Locator("#person-22")).ToBeVisible())
	must(t, expect.Locator(s.card.Locator("#person-23")).ToHaveCount(0))
	must(t, expect.Locator(s.card.Locator("#q")).Not().ToHaveAttribute("aria-busy", "true"))
}

func TestAPortalThatRefusesConnectionsWasNotEvenAsked(t *testing.T) {
	t.Parallel()
	w, wire := wiredWorld(t, 10*time.Second)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, pavel)
	wire.setCut(true)
	s.add(t)
	s.wantResult(t, pavel, "unknown", "Pavel Orlov was not tried yet.", "The portal did not answer. Try again in a moment.")
	s.wantChosen(t, pavel)
	if n := w.asked(methodAdd); n != 0 {
		t.Errorf("the portal was asked %d times", n)
	}
	wire.setCut(false)
	s.add(t)
	s.wantResult(t, pavel, "done", added...)
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
}

func TestWithoutAConnectionToJoinlineNothingIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, pavel)
	must(t, s.page.Context().SetOffline(true))
	s.add(t)
	s.wantTrouble(t, "Joinline cannot be reached.")
	s.settled(t)
	s.wantChosen(t, pavel)
	w.wantIn(t, chatAnn, ivan, annLee)
	must(t, s.page.Context().SetOffline(false))
	s.add(t)
	s.wantResult(t, pavel, "done", added...)
	s.wantTrouble(t, "")
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
}

func TestTokensThatDieAreReplacedWithoutAWordWhileThePortalGivesNewOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, olga) // who will be refused and stay
	for name, die := range map[string]func(){
		"expired, and rotated by the refresh": func() { w.ExpireTokens(0) },
		"expired, and the refresh is refused": func() {
			w.ExpireTokens(0)
			w.Fail(bitrixtest.Fault{Method: "oauth/token", Kind: bitrixtest.FaultInvalidGrant})
		},
		"forgotten by the portal": func() { w.Fail(bitrixtest.Fault{Method: methodAdd, Kind: bitrixtest.FaultNoAuth}) },
	} {
		t.Run(name, func(t *testing.T) {
			s.without(t, pavel)
			die()
			s.add(t)
			s.wantResult(t, pavel, "done", added...)
			s.wantResult(t, olga, "refused")
			s.wantTrouble(t, "")
			s.wantChosen(t, olga)
			w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
			w.ExpireTokens(0) // the new pair is good for the next time, too
			s.refresh(t)
			s.wantTrouble(t, "")
		})
	}
}

func TestATokenThatDiesHalfWayIsReplacedAndTheRestFollows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, elena.id, "deal/77")
	s.into(t, chatAnn)
	s.choose(t, pavel, igor)
	w.Fail(bitrixtest.Fault{Method: methodAdd, Kind: bitrixtest.FaultNoAuth, Skip: 1})
	s.add(t)
	s.wantResult(t, pavel, "done", added...)
	s.wantResult(t, igor, "done", "Igor Lebedev has been added.")
	s.wantTrouble(t, "")
	s.wantChosen(t)
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id, igor.id)
	if n := w.asked(methodAdd); n != 3 {
		t.Errorf("the portal was asked %d times, want three", n)
	}
}

func TestATokenThatCannotBeReplacedHalfWayLeavesTheRestToTheNextPress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, elena.id, "deal/77")
	s.into(t, chatAnn)
	s.choose(t, pavel, igor)
	dead := bitrixtest.Fault{Method: "*", Kind: bitrixtest.FaultNoAuth, Skip: 1, Times: -1}
	w.Fail(dead)
	s.add(t)
	s.wantTrouble(t, "Your sign-in has run out")
	s.settled(t)
	s.wantResult(t, igor, "unknown", "Igor Lebedev was not tried yet.", "Your sign-in ran out on the way.")
	s.wantResult(t, pavel, "unknown", "It is not known whether Pavel Orlov was added.")
	s.wantChosen(t, pavel, igor) // whoever is not known to be in
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
	w.ClearFaults()
	s.add(t)
	s.wantResult(t, igor, "done", "Igor Lebedev has been added.")
	s.wantResult(t, pavel, "done")
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id, igor.id)
}

func TestWhoIsChosenWhileTokensAreReplacedIsNotAddedAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, anna, "deal/77")
	s.into(t, chatAnn)
	s.choose(t, pavel)
	renewed := hold(t, s.page, w.app+"/visit")
	w.Fail(bitrixtest.Fault{Method: methodAdd, Kind: bitrixtest.FaultNoAuth})
	s.add(t)
	s.choose(t, olga)
	renewed()
	s.wantResult(t, pavel, "done", added...)
	must(t, expect.Locator(s.card.Locator("#results li")).ToHaveCount(1))
	s.wantChosen(t, olga)
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
}

func TestTokensThatCannotBeReplacedAreToldAndTheChoiceIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, pavel)
	w.Fail(always("*", bitrixtest.FaultNoAuth, 0))
	s.add(t)
	s.wantTrouble(t, "Your sign-in has run out, as it does after an hour. Nothing was changed.")
	s.settled(t)
	s.wantChosen(t, pavel)
	w.wantIn(t, chatAnn, ivan, annLee)
	w.ClearFaults()
	s.add(t)
	s.wantResult(t, pavel, "done", added...)
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
}
