package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

const methodTell = "/card/add/tell"

// why unfolds the remark and types it.
func (s seat) why(t *testing.T, text string, ways ...string) {
	t.Helper()
	must(t, s.card.GetByText("Why? (optional)").Click())
	must(t, s.card.GetByLabel("Reason").Fill(text))
	for _, way := range ways {
		must(t, s.card.GetByLabel(way, playwright.FrameLocatorGetByLabelOptions{Exact: playwright.Bool(true)}).Check())
	}
}

// wantTold checks what stands beside the outcomes.
func (s seat) wantTold(t *testing.T, lines ...string) {
	t.Helper()
	must(t, expect.Locator(s.card.Locator("#remarked li")).ToHaveText(lines))
}

// notices are the texts in a person's notification centre.
func (w *world) notices(user int) (texts []string) {
	w.Do(func(world *bitrixtest.World) {
		for _, n := range world.Notifications {
			if n.User == user {
				texts = append(texts, n.Text)
			}
		}
	})
	return texts
}

// wantNotices checks how many notices each person has.
func (w *world) wantNotices(t *testing.T, want map[person]int) {
	t.Helper()
	for p, n := range want {
		if got := w.notices(p.id); len(got) != n {
			t.Errorf("%s has the notices %q, want %d", p.query, got, n)
		}
	}
}

func TestARemarkReachesThoseWhoWereAddedAndNeverTheCustomer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	plan := s.card.Locator("#remark-plan")
	s.choose(t, pavel, olga)
	must(t, expect.Locator(s.card.Locator("#why")).Not().ToBeVisible())
	s.why(t, "Please check the delivery date")
	must(t, expect.Locator(s.card.Locator("#why-count")).ToHaveText("30 of 500 characters"))
	must(t, expect.Locator(s.card.GetByLabel("Notify them")).ToBeChecked()) // typed for somebody
	must(t, expect.Locator(plan).ToHaveText("they are notified"))
	must(t, s.card.GetByLabel("Notify them").Uncheck())
	must(t, expect.Locator(plan).ToHaveText("nobody will read it: tick where it goes"))
	for _, way := range []string{"Notify them", "Internal line in the chat", "Comment in the timeline"} {
		must(t, s.card.GetByLabel(way).Check())
	}
	must(t, expect.Locator(plan).ToHaveText("they are notified · a line in the chat · a comment in the timeline"))
	must(t, expect.Locator(s.card.Locator(".way small").First()).ToHaveText("Each of those added gets one notice from you, with a link to this card. Nobody else sees it."))
	s.add(t)
	s.wantResult(t, pavel, "done")
	s.wantResult(t, olga, "refused")
	s.wantTold(t, "Notified: Pavel Orlov.", "A comment stands in the timeline.", "An internal line stands in: Telegram, Ann Lee - Sales line.")
	w.wantNotices(t, map[person]int{pavel: 1, olga: 0})
	said := 0
	for _, m := range w.Messages(chatAnn) {
		if strings.Contains(m.Text, "Please check the delivery date") {
			if said++; m.SentToCustomer || !m.HiddenFromCustomer {
				t.Errorf("the customer reads %q", m.Text)
			}
		}
	}
	if said != 1 {
		t.Errorf("the chat has %d lines about it", said)
	}
	// Olga is still to be added, for the same reason.
	must(t, expect.Locator(s.card.Locator("#why")).ToHaveValue("Please check the delivery date"))

	// The colleague finds the way to the card.
	guest := w.stand(t, pavel.id)
	_, err := guest.page.Goto(w.URL() + "/notifications/")
	must(t, err)
	must(t, guest.page.Locator("a[href='/crm/deal/details/77/']").Click())
	must(t, expect.Page(guest.page).ToHaveURL(w.URL()+"/crm/deal/details/77/"))
	must(t, expect.Locator(guest.page.GetByText("Telegram, Ann Lee - Sales line: Pavel Orlov")).ToBeVisible()) // in the timeline

	// The next time the page is as Ivan left it, and his words are at hand.
	s.open(t, "deal/77")
	s.read(t)
	must(t, expect.Locator(s.card.Locator("#remark:not([open]) #remark-plan")).ToHaveText("they are notified · a line in the chat · a comment in the timeline"))
	must(t, expect.Locator(s.card.Locator("#why-texts option")).ToHaveAttribute("value", "Please check the delivery date"))
	must(t, expect.Locator(s.card.Locator("#why")).ToHaveValue(""))
}

func TestWhoeverIsAddedToSeveralChatsHasOneNoticeAlsoAfterTheRestWasTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, anna, "deal/77")
	must(t, s.card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Choose all"}).Click())
	s.choose(t, pavel, olga)
	s.why(t, "why", "Internal line in the chat")
	s.add(t)
	s.wantTold(t, "Notified: Pavel Orlov, Olga Sidorova.", "An internal line stands in: Telegram, Ann Lee - Sales line, Telegram, Ann Lee - Key accounts.")
	w.wantNotices(t, map[person]int{pavel: 1, olga: 1})
	w.Do(func(world *bitrixtest.World) { world.Items[item("CONTACT", 31)].Observers = []int{olga.id} })
	must(t, s.card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Try the rest again"}).Click())
	s.wantTold(t, "Notified: Olga Sidorova.", "An internal line stands in: Telegram, Ann Lee - Key accounts.")
	w.wantNotices(t, map[person]int{pavel: 1, olga: 1})
	if text := w.notices(olga.id)[0]; !strings.Contains(text, "chat1763") || !strings.Contains(text, "chat1770") {
		t.Errorf("Olga's one notice is %q, want both chats in it", text)
	}
	must(t, expect.Locator(s.card.Locator("#why")).ToHaveValue(""))

	// The next add is another one.
	s.choose(t, igor, elena)
	must(t, s.card.Locator("#pick-1770").Uncheck())
	s.add(t)
	s.wantTold(t, "Notified: Igor Lebedev, Elena Morozova.", "An internal line stands in: Telegram, Ann Lee - Sales line.")
	w.wantNotices(t, map[person]int{pavel: 1, olga: 1, igor: 1, elena: 1})
}

func TestWhatBecameOfARemarkIsNotClaimedWhenTheAnswerWasLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, anna, "deal/77")
	s.into(t, chatAnn)
	s.choose(t, pavel, olga)
	s.why(t, "why")
	joinline := *w.running.Load()
	deaf := http.Handler(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == methodTell {
			joinline.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		}
		joinline.ServeHTTP(rw, r)
	}))
	w.running.Store(&deaf)
	s.add(t)
	s.wantTold(t, "Joinline cannot be reached, so it is not known whether anybody was told why. Nothing is sent twice.")
	s.wantResult(t, pavel, "done")
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id, olga.id)
	w.wantNotices(t, map[person]int{pavel: 1, olga: 1})
}

func TestARemarkIsMadeWithTheKeyboardAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, pavel)
	must(t, s.card.Locator("#q").Focus())
	press := func(keys ...string) {
		t.Helper()
		for _, key := range keys {
			must(t, s.page.Keyboard().Press(key))
		}
	}
	press("Tab", "Tab", "Tab", "Enter", "Tab") // past the chip and the squads, to the summary, and into what it unfolds
	must(t, expect.Locator(s.card.Locator("#why")).ToBeFocused())
	must(t, s.page.Keyboard().Type("by keyboard"))
	press("Tab", "Tab", "Space", "Shift+Tab", "Shift+Tab")
	must(t, expect.Locator(s.card.GetByLabel("Internal line in the chat")).ToBeChecked())
	press("Enter")
	s.wantTold(t, "Notified: Pavel Orlov.", "An internal line stands in: Telegram, Ann Lee - Sales line.")
	must(t, expect.Locator(s.card.Locator("#say")).ToHaveText("1 of 1 are in the chat now. Notified: Pavel Orlov. An internal line stands in: Telegram, Ann Lee - Sales line."))
	must(t, expect.Locator(s.card.Locator("#q")).ToBeFocused())
}

func TestWithoutScriptsARemarkIsAPlainPartOfTheForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := newPage(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	w.sit(t, page, ivan)
	card := w.openByHand(t, page, w.Launch(w.keys.ClientID, ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`))
	must(t, card.Locator("#remark summary").Click())
	must(t, card.Locator("#why").Fill("without scripts"))
	must(t, card.Locator("#way-notify").Check())
	must(t, card.Locator("#q").Fill("orlov"))
	must(t, card.Locator("button[value=find]").Click())
	must(t, expect.Locator(card.Locator("#why")).ToHaveValue("without scripts"))
	must(t, card.Locator(".boxes label").Filter(playwright.LocatorFilterOptions{HasText: "Pavel Orlov"}).Locator("input").Check())
	must(t, card.Locator("#target button").Click())
	must(t, expect.Locator(card.Locator("#remarked li")).ToHaveText("Notified: Pavel Orlov."))
	if got := w.notices(pavel.id); len(got) != 1 || !strings.Contains(got[0], "Why: without scripts") {
		t.Errorf("Pavel has %q", got)
	}
}

func TestTheRemarkIsAccessibleInEveryLook(t *testing.T) {
	inEveryLook(t, func(t *testing.T, w *world, page playwright.Page) {
		w.install(t)
		w.Do(func(world *bitrixtest.World) { world.Users[elena.id].NotifyOff = true })
		s := w.sit(t, page, anna)
		s.open(t, "deal/77")
		s.read(t)
		s.into(t, chatAnn)
		s.choose(t, pavel, elena)
		must(t, s.card.Locator("#remark summary").Click())
		must(t, s.card.Locator("#why").Fill(strings.Repeat("Long words and a long remark. ", 10)))
		for _, way := range []string{"internal", "comment"} {
			must(t, s.card.Locator("#way-"+way).Check())
		}
		wantAccessible(t, "the remark", w.frame(t, page))
		must(t, s.button().Click())
		must(t, expect.Locator(s.card.Locator("#remarked li")).ToHaveCount(4))
		wantAccessible(t, "what became of the remark", w.frame(t, page))
	})
}

func TestNothingJumpsWhenARemarkWasTold(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]*playwright.Size{"wide": {Width: 1600, Height: 1400}, "on a phone": {Width: 360, Height: 1400}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			page := newPage(t, playwright.BrowserNewContextOptions{Viewport: size})
			must(t, page.AddInitScript(playwright.Script{Content: playwright.String(countShifts)}))
			w.Fail(bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultSlow, Delay: 700 * time.Millisecond, Applied: true, Times: -1})
			s := w.sit(t, page, ivan)
			s.open(t, "deal/77")
			s.read(t)
			s.choose(t, pavel, olga)
			s.why(t, "why", "Internal line in the chat", "Comment in the timeline")
			must(t, s.button().Click())
			must(t, expect.Locator(s.card.Locator("#remarked li")).ToHaveCount(3))
			var shifts struct {
				Sum   float64
				Moved []string
			}
			eval(t, w.frame(t, page), "new Promise((seen) => requestAnimationFrame(() => setTimeout(() => seen(shifts))))", &shifts)
			if shifts.Sum >= 0.01 {
				t.Errorf("the page shifted by %.3f: %s", shifts.Sum, strings.Join(shifts.Moved, ", "))
			}
		})
	}
}
