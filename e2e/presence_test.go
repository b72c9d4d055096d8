package e2e

import (
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestWhatIsTrueNowIsToldAboutPeopleFoundAndMovesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Do(func(world *bitrixtest.World) {
		world.Users[olga.id].LastActivity = time.Now()
		world.Users[pavel.id].AbsentUntil = time.Date(2099, 12, 3, 12, 0, 0, 0, time.UTC)
	})
	s := w.seat(t, ivan, "deal/77")
	arrive := hold(t, s.page, "**/card/presence")
	must(t, s.card.Locator("#q").Fill("o"))
	list := s.card.Locator("#options")
	must(t, expect.Locator(list.Locator("#person-22")).ToBeVisible())
	before := places(t, list)
	arrive()
	must(t, expect.Locator(list.Locator("#doubt-22")).ToHaveText("may be refused: not in the queue"))
	must(t, expect.Locator(list.Locator("#now-22")).ToHaveText("active recently"))
	must(t, expect.Locator(list.Locator("#now-23")).ToHaveText("absent until Dec 3"))
	must(t, expect.Locator(list.Locator("#doubt-23")).ToHaveText(""))
	if after := places(t, list); after != before {
		t.Errorf("rows moved:\n%s\n%s", before, after)
	}
}

// places tells where the rows and their names are.
func places(t *testing.T, list playwright.Locator) string {
	t.Helper()
	at, err := list.Evaluate(`list => [...list.querySelectorAll('li, .name')].map((e) => {
		const box = e.getBoundingClientRect();
		return [e.textContent.trim().slice(0, 12), box.x, box.y, e.matches('li') ? box.height : 0].join(' ');
	}).join('; ')`, nil)
	must(t, err)
	return at.(string)
}

func TestAnOlderAnswerNeverTakesThePlaceOfANewerOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	first, release := make(chan struct{}), make(chan struct{})
	held := make(chan struct{})
	seen := false
	must(t, s.page.Route("**/card/find", func(r playwright.Route) {
		if seen {
			_ = r.Continue()
			return
		}
		seen = true
		close(first)
		go func() {
			defer close(held)
			<-release
			_ = r.Continue() // or the page has given it up by now
		}()
	}))
	must(t, s.card.Locator("#q").Fill("elena"))
	<-first
	must(t, s.card.Locator("#q").Fill("pavel"))
	must(t, expect.Locator(s.card.Locator("#person-23")).ToBeVisible())
	close(release)
	<-held
	must(t, expect.Locator(s.card.Locator("#now-23")).ToHaveText("active recently")) // a later answer has come
	must(t, expect.Locator(s.card.Locator("#person-24")).ToHaveCount(0))
	must(t, expect.Locator(s.card.Locator("#person-23")).ToBeVisible())
}
