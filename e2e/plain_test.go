package e2e

import (
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
	"github.com/joinline/joinline/handlers"
)

// plain is a card outside of the portal, in a browser without scripts.
func (w *world) plain(t *testing.T, user, item string) playwright.Page {
	t.Helper()
	page := newPage(t, playwright.BrowserNewContextOptions{JavaScriptEnabled: playwright.Bool(false)})
	_, err := page.Goto(w.app + "/card/" + item)
	must(t, err)
	pressSignIn(t, page)
	chooseOnPortal(t, page, user)
	must(t, page.WaitForURL(w.app+"/card/"+item))
	must(t, page.Locator("#chats [value='refresh']").Click())
	must(t, expect.Locator(page.Locator(".skeleton")).ToHaveCount(0))
	return page
}

// tick finds a person and ticks them.
func tick(t *testing.T, page playwright.Page, p person, name string) {
	t.Helper()
	must(t, page.Locator("#q").Fill(p.query))
	must(t, page.Locator("button[value=find]").Click())
	must(t, page.Locator(".boxes label").Filter(playwright.LocatorFilterOptions{HasText: name}).Locator("input").Check())
}

func TestWithoutScriptsPeopleAreAddedToAllChatsToldWhyAndTakenOutAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.plain(t, "Anna Belova", "deal/77")
	must(t, page.Locator("#chats [value='all']").Click())
	must(t, expect.Locator(page.Locator("#pick-1770")).ToBeChecked())
	tick(t, page, pavel, "Pavel Orlov")
	must(t, page.Locator("#remark summary").Click())
	must(t, page.Locator("#why").Fill("Knows the delivery"))
	must(t, page.Locator("#way-notify").Check())
	must(t, page.Locator("#target button").Click())
	must(t, expect.Locator(page.Locator("#results [data-user='23'][data-state=done]")).ToHaveCount(2))
	w.wantIn(t, chatAnn, ivan, annLee, pavel.id)
	w.wantIn(t, 1770, elena.id, annLee, pavel.id)
	w.wantNotices(t, map[person]int{pavel: 1})

	must(t, page.Locator("#results button[name=remove]").First().Click())
	must(t, expect.Locator(page.Locator("#results [data-user='23']")).ToContainText("has been taken out of the chat"))
	w.wantIn(t, chatAnn, ivan, annLee)
	must(t, page.Locator("#chat-1770 button[name=remove]").Click())
	must(t, expect.Locator(page.Locator("#results [data-user='23']")).ToContainText("has been taken out of the chat"))
	w.wantIn(t, 1770, elena.id, annLee)
}

func TestWithoutScriptsARefusalIsCured(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	page := w.plain(t, "Ivan Petrov", "deal/77")
	must(t, page.Locator("button[value=suggest]").Click())
	must(t, page.Locator(".boxes label").Filter(playwright.LocatorFilterOptions{HasText: "Olga Sidorova"}).First().Locator("input").Check())
	must(t, page.Locator("#target button").Click())
	must(t, expect.Locator(page.Locator("#results [data-user='22']")).ToHaveAttribute("data-state", "refused"))
	must(t, page.Locator("#results button[formaction='/card/ask']").Click())
	must(t, expect.Locator(page.Locator("main")).ToContainText("Anna Belova has a private notice now"))

	admin := w.plain(t, "Anna Belova", "deal/77")
	must(t, admin.Locator("#chat-1763 button[name=join]").Click())
	must(t, expect.Locator(admin.Locator("#results [data-user='1']")).ToHaveAttribute("data-state", "done"))
	w.wantIn(t, chatAnn, ivan, annLee, anna)
}

func TestWithoutScriptsAViewerWaitsForAChatAndStartsADialog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Do(func(world *bitrixtest.World) { addDeal(world, 90, 1900, bitrixtest.StatusNew) })
	page := w.plain(t, "Ivan Petrov", "deal/90")
	tick(t, page, pavel, "Pavel Orlov")
	must(t, page.Locator("#chat-1900 button[name=wish]").Click())
	must(t, expect.Locator(page.Locator("#chat-1900")).ToContainText("these are added in your name: Pavel Orlov."))
	w.Do(func(world *bitrixtest.World) { world.Accept(1900, elena.id) })
	must(t, w.granting.Load().GrantWishes(t.Context(), handlers.SayWish))
	w.wantIn(t, 1900, elena.id, bruno, pavel.id)

	page = w.plain(t, "Ivan Petrov", "deal/77")
	must(t, page.Locator("#chat-1701 summary").Click())
	must(t, page.Locator("#chat-1701 button[name=dialog]").Click())
	must(t, expect.Locator(page.Locator("#chat-1701")).ToHaveAttribute("data-state", "open-now"))
}
