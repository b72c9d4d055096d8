package e2e

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// line is what became of a person in one of several chats.
func (s seat) line(chat string, p person) playwright.Locator {
	return s.card.Locator("#told-" + chat + " [data-user='" + strconv.Itoa(p.id) + "']")
}

func TestPeopleAreAddedToAllChatsAndTheRestIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, anna, "deal/77") // 1763, and at the contact 1770
	must(t, s.card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Choose all"}).Click())
	must(t, expect.Locator(s.card.Locator("#into")).ToHaveText("Into: Telegram, Ann Lee - Sales line; Telegram, Ann Lee - Key accounts"))
	s.choose(t, pavel, olga)
	s.add(t)
	must(t, expect.Locator(s.line("1763", pavel)).ToContainText("Pavel Orlov has been added."))
	must(t, expect.Locator(s.line("1763", olga)).ToContainText("Olga Sidorova has been added."))
	must(t, expect.Locator(s.line("1770", pavel)).ToContainText("Pavel Orlov has been added."))
	must(t, expect.Locator(s.line("1770", olga)).ToContainText("This colleague has no access to Contact “Ann Lee”."))
	s.wantChosen(t, olga)
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id, olga.id)
	w.wantIn(t, 1770, elena.id, annLee, pavel.id)

	w.Do(func(world *bitrixtest.World) { world.Items[item("CONTACT", 31)].Observers = []int{olga.id} })
	before := w.asked(methodAdd)
	must(t, s.card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Try the rest again"}).Click())
	must(t, expect.Locator(s.line("1770", olga)).ToContainText("Olga Sidorova has been added."))
	must(t, expect.Locator(s.line("1770", pavel)).ToContainText("Pavel Orlov has been added."))
	must(t, expect.Locator(s.line("1763", olga)).ToContainText("Olga Sidorova has been added."))
	s.wantChosen(t)
	w.wantIn(t, 1770, elena.id, annLee, pavel.id, olga.id)
	if got := w.asked(methodAdd) - before; got != 1 {
		t.Errorf("the portal was asked %d times again, want once", got)
	}
}

func TestAddingShowsHowFarItIsAndStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, anna, "deal/77")
	s.into(t, chatAnn)
	s.choose(t, pavel, olga, elena)
	step := make(chan struct{})
	must(t, s.page.Route(w.app+"/card/add/one", func(route playwright.Route) {
		go func() {
			<-step
			_ = route.Continue()
		}()
	}))
	s.add(t)
	must(t, expect.Locator(s.line("1763", pavel)).ToHaveText("Pavel Orlov: asking the portal…"))
	must(t, expect.Locator(s.line("1763", elena)).ToHaveText("Elena Morozova: waiting for their turn"))
	step <- struct{}{}
	must(t, expect.Locator(s.line("1763", pavel)).ToHaveText("Pavel Orlov: the portal agreed, to be confirmed…"))
	must(t, expect.Locator(s.line("1763", olga)).ToHaveText("Olga Sidorova: asking the portal…"))
	must(t, s.card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Stop"}).Click())
	step <- struct{}{}
	s.wantResult(t, pavel, "done", "Pavel Orlov has been added.")
	s.wantResult(t, olga, "done", "Olga Sidorova has been added.")
	s.wantResult(t, elena, "unknown", "Elena Morozova was not tried yet.", "You stopped before their turn.")
	s.wantChosen(t, elena)
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id, olga.id)
}

func TestTheListOfResultsIsCopied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, pavel, olga)
	s.add(t)
	s.wantResult(t, olga, "refused")
	must(t, s.card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Copy the list"}).Click())
	must(t, expect.Locator(s.card.Locator("#say")).ToHaveText("The list is copied."))
	_, err := w.frame(t, s.page).Evaluate("document.body.append(Object.assign(document.createElement('textarea'), { id: 'sheet' }))")
	must(t, err)
	must(t, s.card.Locator("#sheet").Focus())
	must(t, s.page.Keyboard().Press("ControlOrMeta+v"))
	pasted, err := s.card.Locator("#sheet").InputValue()
	must(t, err)
	for _, says := range []string{"Pavel Orlov has been added.", "Olga Sidorova was not added."} {
		if !strings.Contains(pasted, says) {
			t.Errorf("copied %q, which lacks %q", pasted, says)
		}
	}
}

func TestAPageThatLostItsServerInTheMiddleClaimsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, anna, "deal/77")
	s.into(t, chatAnn)
	s.choose(t, pavel, olga)
	must(t, s.page.Route(w.app+"/card/add/*", func(route playwright.Route) { _ = route.Abort() }))
	s.add(t)
	s.wantTrouble(t, "Joinline cannot be reached")
	s.settled(t)
	s.wantResult(t, pavel, "unknown")
	must(t, expect.Locator(s.card.Locator("#told-1763 > .help")).ToContainText("what became of these people is not known"))
	s.wantChosen(t, pavel, olga)
	if in := w.Participants(chatAnn); slices.Contains(in, pavel.id) {
		t.Errorf("chat 1763 holds %v", in)
	}
}
