package e2e

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// demo is a running `joinline demo`, known by what it printed.
type demo struct{ said string }

// programDir holds the built program; TestMain removes it.
var programDir string

// program is the program, built once.
var program = sync.OnceValues(func() (string, error) {
	var err error
	if programDir, err = os.MkdirTemp("", "joinline-e2e-"); err != nil {
		return "", err
	}
	path := filepath.Join(programDir, "joinline")
	build := exec.Command("go", "build", "-o", path, "..")
	build.Stderr = os.Stderr
	return path, build.Run()
})

// startDemo runs the program as the README says, on free ports, and stops it
// with Ctrl-C when the test ends.
func startDemo(t *testing.T, flags ...string) demo {
	t.Helper()
	path, err := program()
	must(t, err)
	command := exec.Command(path, append([]string{"demo", "--listen", "127.0.0.1:0", "--portal-listen", "127.0.0.1:0"}, flags...)...)
	command.Stderr = os.Stderr
	out, err := command.StdoutPipe()
	must(t, err)
	must(t, command.Start())
	t.Cleanup(func() {
		must(t, command.Process.Signal(os.Interrupt))
		if err := command.Wait(); err != nil {
			t.Errorf("Ctrl-C ended the demo with %v", err)
		}
	})
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "Ctrl-C") {
			return demo{said.String()}
		}
	}
	t.Fatalf("the demo ended after printing:\n%s", said.String())
	return demo{}
}

// told is the first address in what the demo printed that begins like this.
func (d demo) told(t *testing.T, begins string) string {
	t.Helper()
	found := regexp.MustCompile(regexp.QuoteMeta(begins) + `\S*`).FindString(d.said)
	if found == "" {
		t.Fatalf("the demo told no %s… address:\n%s", begins, d.said)
	}
	return found
}

// participants asks the portal who is in a chat.
func (d demo) participants(t *testing.T, chat int) []int {
	t.Helper()
	resp, err := http.Get(regexp.MustCompile(`http://127\S+/_portal/`).FindString(d.said) + "state")
	must(t, err)
	defer resp.Body.Close()
	var state struct {
		Chats []struct {
			ID           int
			Participants []int
		}
	}
	must(t, json.NewDecoder(resp.Body).Decode(&state))
	for _, c := range state.Chats {
		if c.ID == chat {
			return c.Participants
		}
	}
	t.Fatalf("the portal has no chat %d", chat)
	return nil
}

// namelessPage is a page of a browser that does not resolve *.localhost, as
// some do.
func namelessPage(t *testing.T, options playwright.BrowserNewContextOptions) playwright.Page {
	t.Helper()
	needBrowser(t)
	b, err := launch("--host-resolver-rules=MAP *.localhost ~NOTFOUND")
	must(t, err)
	t.Cleanup(func() { _ = b.Close() })
	return newPageOf(t, b, options)
}

func TestTheDemoWorksAtItsMirroredAddresses(t *testing.T) {
	t.Parallel()
	page := namelessPage(t, playwright.BrowserNewContextOptions{})
	d := startDemo(t)
	probe, err := page.Context().NewPage()
	must(t, err)
	if _, err := probe.Goto(d.told(t, "http://portal.localhost:")); err == nil {
		t.Fatal("the browser resolves *.localhost, so this test shows nothing")
	}
	_, err = page.Goto(d.told(t, "http://localhost:"))
	must(t, err)
	must(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Ivan Petrov"}).Click())
	must(t, page.GetByRole("tab", playwright.PageGetByRoleOptions{Name: "Colleagues in chat"}).Click())
	addPavel(t, page.FrameLocator("[role=tabpanel]:not([hidden]) iframe"))
	if got := d.participants(t, 1763); !slices.Contains(got, 23) {
		t.Errorf("chat 1763 holds %v, want 23 among them", got)
	}
}

func TestTheFreshDemoIsRegisteredAtItsMirroredAddresses(t *testing.T) {
	t.Parallel()
	page := namelessPage(t, playwright.BrowserNewContextOptions{})
	d := startDemo(t, "--fresh")
	_, err := page.Goto(d.told(t, "http://localhost:"))
	must(t, err)
	must(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Anna Belova"}).Click())
	register(t, page, strings.TrimSuffix(d.told(t, "http://joinline.localhost:"), "/app"))
	openApplication(t, page)
	must(t, page.WaitForURL("**/*install_finished=Y*"))
	must(t, page.GetByRole("link", playwright.PageGetByRoleOptions{Name: "Deals"}).Click())
	must(t, page.GetByRole("link", playwright.PageGetByRoleOptions{Name: "Delivery of 40 chairs"}).Click())
	must(t, page.GetByRole("tab", playwright.PageGetByRoleOptions{Name: "Colleagues in chat"}).Click())
	addPavel(t, page.FrameLocator("[role=tabpanel]:not([hidden]) iframe"))
	if got := d.participants(t, 1763); !slices.Contains(got, 23) {
		t.Errorf("chat 1763 holds %v, want 23 among them", got)
	}
}

func TestAPersonSignsInFromOutsideAtTheMirroredAddresses(t *testing.T) {
	t.Parallel()
	page := namelessPage(t, playwright.BrowserNewContextOptions{})
	d := startDemo(t)
	_, err := page.Goto(strings.Replace(d.told(t, "http://joinline.localhost:"), "joinline.localhost", "127.0.0.1", 1))
	must(t, err)
	pressSignIn(t, page)
	chooseOnPortal(t, page, "Ivan Petrov")
	addPavelOutside(t, page)
	messenger, err := page.ExpectPopup(func() error {
		return page.Locator("#chat-1763").GetByRole("link", playwright.LocatorGetByRoleOptions{Name: "Open chat"}).Click()
	})
	must(t, err)
	must(t, expect.Locator(messenger.Locator("#chat1763")).ToContainText("Pavel Orlov"))
}
