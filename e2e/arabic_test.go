package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestTheCardInArabicRunsFromRightToLeft(t *testing.T) {
	t.Parallel()
	for _, width := range []int{390, 1280} {
		t.Run(strconv.Itoa(width)+" pixels wide", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Do(func(world *bitrixtest.World) { world.Users[ivan].Language = "ar" })
			page := newPage(t, playwright.BrowserNewContextOptions{Viewport: &playwright.Size{Width: width, Height: 900}})
			s := w.sit(t, page, ivan)
			s.open(t, "deal/77")
			s.read(t)
			frame := w.frame(t, page)
			check(t, frame, "document.documentElement.lang + ' ' + getComputedStyle(document.body).direction", `"ar rtl"`)
			wantAccessible(t, "the card", frame)

			must(t, s.card.Locator("#q").Fill("o"))
			must(t, expect.Locator(s.card.Locator("#options")).ToBeVisible())
			wantAccessible(t, "the search", frame)
			s.choose(t, pavel, olga)
			must(t, s.button().Click())
			s.wantResult(t, pavel, "done", "تمت إضافة \u2068Pavel Orlov\u2069.")
			s.wantResult(t, olga, "refused", "لم تتم إضافة \u2068Olga Sidorova\u2069.")
			s.read(t)
			wantAccessible(t, "the results", frame)
			w.wantIn(t, chatAnn, ivan, pavel.id, annLee)

			// Whatever comes first is on the right: the face of a participant before
			// their name, the sign of a result before its text, and the people before
			// the chats where both stand side by side.
			const right = "((inner, outer) => outer.getBoundingClientRect().right - inner.getBoundingClientRect().right < 20)"
			check(t, frame, right+"(document.querySelector('.people .face'), document.querySelector('.people'))", "true")
			check(t, frame, "getComputedStyle(document.querySelector('.result'), '::before').right", `"12px"`)
			if width == 1280 {
				check(t, frame, "document.querySelector('#adds').getBoundingClientRect().left > document.querySelector('#chats').getBoundingClientRect().right", "true")
			}
			if dir := os.Getenv("JOINLINE_SCREENSHOTS"); dir != "" {
				shoot(t, filepath.Join(dir, "arabic-"+strconv.Itoa(width)+".png"), func(path string) error {
					_, err := page.Screenshot(playwright.PageScreenshotOptions{Path: &path, FullPage: playwright.Bool(true)})
					return err
				})
			}
		})
	}
}
