package e2e

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unspoken are signs whose style sheet says that they are not to be read, which
// browsers know and Playwright does not.
var unspoken = regexp.MustCompile(` ?[×✓✕]\\?" / \\?"`)

var update = flag.Bool("update", false, "write the golden files anew")

// TestTheMainPathAsAScreenReaderTellsIt keeps what people hear on the way from
// the opened card to an added colleague: the accessible tree at each step, and
// what is announced in between. After a change of the page read it aloud once:
// go test ./e2e -run ScreenReader -update
func TestTheMainPathAsAScreenReaderTellsIt(t *testing.T) {
	t.Parallel()
	const golden = "testdata/main-path.txt"
	w := newWorld(t)
	s := w.seat(t, ivan, "deal/77")
	_, err := w.frame(t, s.page).Evaluate(`() => {
		window.heard = [];
		const say = document.getElementById('say');
		new MutationObserver(() => say.textContent && heard.push(say.textContent)).observe(say, { childList: true, characterData: true, subtree: true });
	}`)
	must(t, err)
	var told strings.Builder
	tell := func(step, selector string) {
		t.Helper()
		tree, err := s.card.Locator(selector).AriaSnapshot()
		must(t, err)
		var heard []string
		eval(t, w.frame(t, s.page), "heard.splice(0)", &heard)
		fmt.Fprintf(&told, "# %s\n", step)
		for _, text := range heard {
			fmt.Fprintf(&told, "(announced) %s\n", text)
		}
		tree = unspoken.ReplaceAllString(strings.ReplaceAll(tree, w.URL(), "https://portal.example"), "")
		fmt.Fprintf(&told, "%s\n\n", tree)
	}
	tell("The card is open", "main")
	say := s.card.Locator("#say")
	must(t, s.card.Locator("#q").Click())
	must(t, expect.Locator(say).ToContainText("Suggestions"))
	must(t, expect.Locator(s.suggested("item-deal-77", olga).Locator(".doubt")).Not().ToBeEmpty())
	tell("The field is entered", ".picker")
	must(t, s.card.Locator("#q").Fill("pav"))
	must(t, expect.Locator(say).ToContainText("1 colleague found"))
	tell("A name is being typed", ".picker")
	must(t, s.page.Keyboard().Press("Enter"))
	s.wantChosen(t, pavel)
	s.choose(t, olga)
	tell("Two people are chosen", "#adds")
	s.add(t)
	s.wantResult(t, olga, "refused")
	s.settled(t)
	tell("They were added", "#adds")

	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(golden, []byte(told.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if d := cmp.Diff(string(want), told.String()); d != "" {
		t.Errorf("people hear something else (-want +got):\n%s", d)
	}
}
