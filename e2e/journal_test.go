package e2e

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// openJournal opens the section of the journal in the application's own page.
func openJournal(t *testing.T, page playwright.Page) playwright.FrameLocator {
	t.Helper()
	f := openApplication(t, page)
	must(t, f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Journal"}).Press("Enter"))
	must(t, expect.Locator(f.Locator("h1")).ToHaveText("Journal"))
	return f
}

// didBefore writes what was done on the days before, for pictures and long lists.
func (w *world) didBefore(t *testing.T) {
	t.Helper()
	reasons := []app.Reason{"", "", "", app.ReasonHistory, "", app.ReasonColleagueNoAccess, "", app.ReasonHistory, app.ReasonBusy}
	var entries []app.Entry
	for n := range 90 {
		e := app.Entry{
			Member: bitrix.MemberID(w.MemberID()), Kind: app.EntryAdd, At: time.Now().Add(-time.Duration(n*n) * 20 * time.Minute).Add(-time.Minute),
			By: app.Party{ID: ivan, Name: "Ivan Petrov"}, Whom: app.Party{ID: bitrix.UserID(pavel.id), Name: "Pavel Orlov"},
			Item: bitrix.CRMItem{Type: bitrix.Deal, ID: 77}, ItemName: "Office chairs", Owner: bitrix.CRMItem{Type: bitrix.Deal, ID: 77},
			Chat: chatAnn, ChatName: "Ann Lee - Sales line", Connector: "telegrambot", Channel: "Telegram",
			State: app.OutcomeAdded, Reason: reasons[n%len(reasons)], Note: n%5 == 0,
		}
		if e.Settled = e.At; e.Reason != "" {
			e.State = app.OutcomeRefused
		}
		entries = append(entries, e)
	}
	must(t, w.store.WriteEntries(t.Context(), entries))
}

func TestAnAdministratorFindsOutWhoLetSomebodyIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.didBefore(t)
	s := w.seat(t, ivan, "deal/77")
	s.choose(t, pavel)
	s.add(t)
	s.wantResult(t, pavel, "done")

	page := newPage(t, playwright.BrowserNewContextOptions{TimezoneId: playwright.String("Asia/Almaty")})
	w.signIn(t, page, "Anna Belova")
	f := openJournal(t, page)
	must(t, expect.Locator(f.Locator("main")).ToContainText("Times are in Asia/Almaty."))
	must(t, expect.Locator(f.Locator(".journal tbody tr")).ToHaveCount(app.JournalPage))
	must(t, f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Older ones"}).Press("Enter"))
	must(t, expect.Locator(f.Locator(".journal tbody tr")).ToHaveCount(42)) // what is left of 90 before, an installation and an add
	must(t, f.Locator("[name=who]").Fill("orlov"))
	_, err := f.Locator("[name=outcome]").SelectOption(playwright.SelectOptionValues{Labels: playwright.StringSlice("Done")})
	must(t, err)
	must(t, f.Locator("[name=number]").Fill(w.URL()+"/crm/deal/details/77/"))
	must(t, f.Locator("[name=from]").Fill(time.Now().Add(-time.Minute).In(time.FixedZone("", 5*60*60)).Format(time.DateOnly)))
	must(t, f.Locator("[name=number]").Press("Enter"))
	first := f.Locator(".journal tbody tr").First()
	must(t, expect.Locator(first).ToContainText("Ivan Petrov"))
	must(t, expect.Locator(first).ToContainText("Pavel Orlov"))
	must(t, expect.Locator(first).ToContainText("Done"))
	must(t, expect.Locator(f.Locator("[name=who]")).ToHaveValue("orlov"))

	file, err := page.ExpectDownload(func() error {
		return f.GetByRole("button", playwright.FrameLocatorGetByRoleOptions{Name: "Save for Excel (CSV)"}).Press("Enter")
	})
	must(t, err)
	path, err := file.Path()
	must(t, err)
	saved, err := os.ReadFile(path)
	must(t, err)
	rows, err := f.Locator(".journal tbody tr").Count()
	must(t, err)
	if lines := strings.Count(string(saved), "\r\n"); lines != rows+1 || !strings.HasSuffix(file.SuggestedFilename(), ".csv") {
		t.Errorf("%s has %d lines for %d entries", file.SuggestedFilename(), lines, rows)
	}
}

func TestWhoIsNoAdministratorSeesWhatTheyDidThemselves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.didBefore(t)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Pavel Orlov")
	f := openJournal(t, page)
	must(t, expect.Locator(f.Locator("main")).ToContainText("What you did through Joinline"))
	must(t, expect.Locator(f.Locator("main")).ToContainText("Nothing here."))
	must(t, expect.Locator(f.Locator(".journal")).ToHaveCount(0))
}

func TestTheJournalIsAccessibleAndFitsAPhone(t *testing.T) {
	inEveryLook(t, func(t *testing.T, w *world, page playwright.Page) {
		w.install(t)
		w.didBefore(t)
		w.signIn(t, page, "Anna Belova")
		must(t, page.Locator("nav a[href^='/marketplace/app/']").Click())
		f := page.FrameLocator(".appframe iframe")
		must(t, f.Locator("nav .section[formaction='/home/journal']").Click())
		must(t, f.Locator(".journal").WaitFor())
		wantAccessible(t, "the journal", w.frame(t, page))
		must(t, f.Locator("[name=number]").Fill("x"))
		must(t, f.Locator("[name=number]").Press("Enter"))
		must(t, f.Locator(".lack").WaitFor())
		wantAccessible(t, "a filter that is not understood", w.frame(t, page))
	})
}

func TestACardTellsWhoWasAddedToAChat(t *testing.T) {
	inEveryLook(t, func(t *testing.T, w *world, page playwright.Page) {
		w.install(t)
		w.didBefore(t)
		s := w.sit(t, page, ivan)
		s.open(t, "deal/77")
		s.read(t)
		ask := s.card.Locator("#past-1763 button")
		must(t, ask.Focus())
		must(t, ask.Press("Enter"))
		summary := s.card.Locator("#past-1763 summary")
		must(t, expect.Locator(summary).ToBeFocused())
		lines := s.card.Locator("#past-1763 li")
		must(t, expect.Locator(lines.First()).ToContainText("Pavel Orlov"))
		must(t, expect.Locator(lines.First()).ToContainText("Ivan Petrov"))
		wantAccessible(t, "who was added", w.frame(t, page))
		must(t, summary.Press("Enter"))
		must(t, expect.Locator(lines.First()).ToBeHidden())
	})
}
