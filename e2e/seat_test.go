package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// The method that adds a person to a chat.
const methodAdd = "imopenlines.crm.chat.user.add"

// seat is a person before the open card of a CRM item.
type seat struct {
	*world
	page playwright.Page
	card playwright.FrameLocator
}

// seat signs a person in with a browser of their own, without the detour over
// the portal's page for that, and opens the card of an item ("deal/77"). It
// waits until all chats have been read.
func (w *world) seat(t *testing.T, user int, item string) seat {
	t.Helper()
	s := w.stand(t, user)
	s.open(t, item)
	s.read(t)
	return s
}

// stand is seat before any card is open.
func (w *world) stand(t *testing.T, user int) seat {
	t.Helper()
	return w.sit(t, newPage(t, playwright.BrowserNewContextOptions{}), user)
}

// sit is stand in a page that there is already.
func (w *world) sit(t *testing.T, page playwright.Page, user int) seat {
	t.Helper()
	resp, err := bitrixtest.HTTPClient().Post(w.URL()+"/_portal/sign-in", "application/json", strings.NewReader(fmt.Sprintf(`{"user":%d}`, user)))
	must(t, err)
	resp.Body.Close()
	var cookies []playwright.OptionalCookie
	for _, c := range resp.Cookies() {
		cookies = append(cookies, playwright.OptionalCookie{Name: c.Name, Value: c.Value, URL: playwright.String(w.URL())})
	}
	must(t, page.Context().AddCookies(cookies))
	return seat{world: w, page: page}
}

// open opens the card of another item in the same page.
func (s *seat) open(t *testing.T, item string) {
	t.Helper()
	s.card = s.world.card(t, s.page, item)
}

// read waits until the page shows all chats.
func (s seat) read(t *testing.T) {
	t.Helper()
	must(t, expect.Locator(s.card.Locator("#chats:not([data-partial]):not([aria-busy])")).ToBeVisible())
}

// refresh has the page read the chats anew.
func (s seat) refresh(t *testing.T) {
	t.Helper()
	must(t, s.card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Refresh"}).Click())
	s.read(t)
}

// choose looks for people and picks them, by name and id.
func (s seat) choose(t *testing.T, people ...person) {
	t.Helper()
	for _, p := range people {
		must(t, s.card.Locator("#q").Fill(p.query))
		must(t, s.card.Locator(fmt.Sprintf("#person-%d", p.id)).Click())
		must(t, expect.Locator(s.chip(p)).ToBeVisible())
	}
}

// into picks the chat that people are added to.
func (s seat) into(t *testing.T, chat int) {
	t.Helper()
	must(t, s.card.Locator(fmt.Sprintf("#pick-%d", chat)).Check())
}

// button is the one that adds, whatever it says.
func (s seat) button() playwright.Locator { return s.card.Locator("#target button") }

// add presses the button that adds.
func (s seat) add(t *testing.T) {
	t.Helper()
	must(t, s.card.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Add to chat"}).Click())
}

// settled waits until nobody is being added any more, however long the portal
// has to be waited for.
func (s seat) settled(t *testing.T) {
	t.Helper()
	must(t, playwright.NewPlaywrightAssertions(30_000).Locator(s.button()).ToHaveText("Add to chat"))
}

// chip is a person among the chosen.
func (s seat) chip(p person) playwright.Locator {
	return s.card.Locator(fmt.Sprintf("#chosen [data-user='%d']", p.id))
}

// chat is the row of a chat.
func (s seat) chat(id int) playwright.Locator {
	return s.card.Locator(fmt.Sprintf("#chat-%d", id))
}

// wantResult checks the line about a person: its state and what it says.
func (s seat) wantResult(t *testing.T, p person, state string, says ...string) {
	t.Helper()
	line := s.card.Locator(fmt.Sprintf("#results [data-user='%d']", p.id))
	must(t, expect.Locator(line).ToHaveAttribute("data-state", state))
	for _, text := range says {
		must(t, expect.Locator(line).ToContainText(text))
	}
}

// wantChosen checks who is chosen now, and nobody else.
func (s seat) wantChosen(t *testing.T, people ...person) {
	t.Helper()
	must(t, expect.Locator(s.card.Locator("#chosen li")).ToHaveCount(len(people)))
	for _, p := range people {
		must(t, expect.Locator(s.chip(p)).ToBeVisible())
	}
}

// wantTrouble checks what stands above the page; "" for nothing.
func (s seat) wantTrouble(t *testing.T, says string) {
	t.Helper()
	if says == "" {
		must(t, expect.Locator(s.card.Locator("#trouble")).ToBeEmpty())
		return
	}
	must(t, expect.Locator(s.card.Locator("#trouble")).ToContainText(says))
}

// wantIn checks who is in a chat of the portal, and nobody else.
func (w *world) wantIn(t *testing.T, chat int, want ...int) {
	t.Helper()
	got := slices.Sorted(slices.Values(w.Participants(chat)))
	if !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("chat %d holds %v, want %v", chat, got, want)
	}
}

// asked counts the requests for a method.
func (w *world) asked(method string) int {
	n := 0
	for _, r := range w.Requests() {
		if r.Method == method {
			n++
		}
	}
	return n
}

// call calls a REST method of the portal in a person's name, as something
// beside Joinline would.
func (w *world) call(t *testing.T, user int, method string, parameters map[string]any) {
	t.Helper()
	body, err := json.Marshal(parameters)
	must(t, err)
	resp, err := bitrixtest.HTTPClient().Post(w.Webhook(user)+method, "application/json", strings.NewReader(string(body)))
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s answered %s", method, resp.Status)
	}
}

// person is a colleague and what to type to find them.
type person struct {
	query string
	id    int
}

// People of the simulated portal, and its customers.
var (
	olga  = person{"olga", 22}  // observer of deal 77, in no queue
	pavel = person{"pavel", 23} // in the queue of line 5, reads everything
	elena = person{"elena", 24} // head of sales, operator of chat 1770
	igor  = person{"igor", 31}  // invited, reads everything
)

const (
	anna     = 1  // the administrator
	ivan     = 15 // operator of chat 1763, responsible for deal 77
	annLee   = 431
	bruno    = 433
	okafor   = 435
	chatAnn  = 1763
	chatLead = 1755
)

func item(kind string, id int) bitrixtest.ItemKey { return bitrixtest.ItemKey{Type: kind, ID: id} }
