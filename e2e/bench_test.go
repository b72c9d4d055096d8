package e2e

import (
	"slices"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// BenchmarkCardBecomesInteractive measures, on a processor that is slowed four
// times, how long after its last byte the page of a card has run its scripts and
// takes input, in milliseconds: once with nothing in the browser's cache, and as
// people meet it from the second card on. It reports the median of all runs.
func BenchmarkCardBecomesInteractive(b *testing.B) {
	for name, cold := range map[string]bool{"first card": true, "next card": false} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			needBrowser(b)
			context, err := browser.NewContext() // newPage records everything, which takes time
			must(b, err)
			b.Cleanup(func() { _ = context.Close() })
			page, err := context.NewPage()
			must(b, err)
			_, err = page.Goto(w.app + "/card/deal/77")
			must(b, err)
			must(b, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: signInWords}).Click())
			must(b, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Ivan Petrov"}).Click())
			must(b, page.WaitForURL(w.app+"/card/deal/77"))
			devtools, err := context.NewCDPSession(page)
			must(b, err)
			_, err = devtools.Send("Emulation.setCPUThrottlingRate", map[string]any{"rate": 4})
			must(b, err)
			if cold {
				_, err = devtools.Send("Network.setCacheDisabled", map[string]any{"cacheDisabled": true})
				must(b, err)
			}
			var took []float64
			for b.Loop() {
				_, err := page.Reload()
				must(b, err)
				var ms float64
				eval(b, page, "(({domContentLoadedEventEnd, responseEnd}) => domContentLoadedEventEnd - responseEnd)(performance.getEntriesByType('navigation')[0])", &ms)
				took = append(took, ms)
			}
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2], "ms/interactive")
		})
	}
}
