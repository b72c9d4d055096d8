package commands

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/joinline/joinline/app/sqlstore/pgtest"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// programDir is where build put the program.
var programDir string

// build builds Joinline, once, for the tests that kill it.
var build = sync.OnceValues(func() (path string, err error) {
	if programDir, err = os.MkdirTemp("", "joinline-test-"); err != nil {
		return "", err
	}
	path = filepath.Join(programDir, "joinline")
	if out, err := exec.Command("go", "build", "-o", path, "..").CombinedOutput(); err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := pgtest.Main(m).Run()
	if programDir != "" {
		os.RemoveAll(programDir)
	}
	os.Exit(code)
}

// killableDemo is `demo --json` as a process of its own, on free ports.
func killableDemo(t *testing.T, args ...string) (d runningDemo, kill func()) {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"demo", "--json", "--listen", "127.0.0.1:0", "--portal-listen", "127.0.0.1:0"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // says that it was killed
	})
	t.Cleanup(kill)
	if err := json.NewDecoder(out).Decode(&d); err != nil {
		t.Fatalf("the demo printed no line of JSON: %v", err)
	}
	return d, kill
}

// steer posts to a control of the demo's portal.
func (d runningDemo) steer(t *testing.T, path, body string) []byte {
	t.Helper()
	resp, err := http.Post(strings.Split(d.Webhook, "/rest/")[0]+"/_portal/"+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s answered %d %s, %v", path, resp.StatusCode, answer, err)
	}
	return answer
}

// said are the texts of a chat in the file that a demo keeps.
func said(t *testing.T, dir string, chat string) (texts []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "portal.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		World struct {
			Chats map[string]struct{ Messages []struct{ Text string } }
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatalf("the file is torn: %v", err)
	}
	for _, m := range file.World.Chats[chat].Messages {
		texts = append(texts, m.Text)
	}
	return texts
}

// saves waits until the file holds what wanted looks for.
func saves(t *testing.T, dir string, wanted func() bool) {
	t.Helper()
	for begun := time.Now(); !wanted(); {
		if time.Since(begun) > time.Minute { // far more than is promised: machines that test are busy
			t.Fatal("the demo does not save its state")
		}
	}
}

func TestAKilledDemoLosesASecondAtMost(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	var first runningDemo
	for round := range 4 {
		d, kill := killableDemo(t, "--data", dir)
		if round == 0 {
			first = d
		}
		if d.ClientID != first.ClientID || d.ClientSecret != first.ClientSecret || d.MemberID != first.MemberID {
			t.Fatal("the portal or the registration is another one")
		}
		before := len(said(t, dir, "1755"))
		write := func() { d.steer(t, "messages", `{"chat":1755,"author":435,"text":"Hello?"}`) }
		write()
		saves(t, dir, func() bool { return len(said(t, dir, "1755")) == before+1 })
		// The kill comes while the state changes all the time and is being saved.
		saves(t, dir, func() bool { write(); return len(said(t, dir, "1755")) > before+1 })
		write()
		kept := len(said(t, dir, "1755"))
		kill()
		if got := len(said(t, dir, "1755")); got < kept {
			t.Errorf("%d messages were saved, %d are left", kept, got)
		}
	}
}

func TestADemoGoesOnAtOtherAddresses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	first, kill := killableDemo(t, "--data", dir)
	first.ask(t, "imopenlines.crm.chat.user.add", url.Values{
		"CRM_ENTITY_TYPE": {"DEAL"}, "CRM_ENTITY": {"77"}, "CHAT_ID": {"1763"}, "USER_ID": {"23"}})
	saves(t, dir, func() bool {
		texts := said(t, dir, "1763")
		return strings.Contains(texts[len(texts)-1], "Pavel Orlov")
	})
	kill()

	second := startDemo(t, "--data", dir)
	if second.Portal == first.Portal || second.App == first.App {
		t.Fatal("the second demo has the addresses of the first one: it shows nothing")
	}
	if second.ClientID != first.ClientID || second.MemberID != first.MemberID {
		t.Error("the second demo has another registration or another portal")
	}
	// Ivan opens the tab of deal 77, as the portal's page posts it.
	var launch bitrixtest.Launch
	answer := second.steer(t, "launches", `{"client_id":"`+second.ClientID+`","user":15,"placement":"CRM_DEAL_DETAIL_TAB","options":"{\"ID\":\"77\"}"}`)
	if err := json.Unmarshal(answer, &launch); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(launch.URL, second.App+"/") {
		t.Errorf("the tab opens %s, Joinline is at %s", launch.URL, second.App)
	}
	page, err := bitrixtest.HTTPClient().PostForm(launch.URL, launch.Form)
	if err != nil {
		t.Fatal(err)
	}
	defer page.Body.Close()
	text, err := io.ReadAll(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	if page.StatusCode != http.StatusOK || !strings.Contains(string(text), "Pavel Orlov") {
		t.Errorf("the card answered %d, without the colleague who was added:\n%s", page.StatusCode, text)
	}
}

func TestWhatIsDoneWhileADemoStopsIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	d := startDemo(t, "--data", dir)
	webhook, err := url.Parse(d.Webhook)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"chat":1755,"author":435,"text":"The last word"}`
	conn := client(t, webhook.Host, fmt.Sprintf("POST /_portal/messages HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		webhook.Host, len(body)))
	answers := bufio.NewReader(conn)
	if running, err := http.ReadResponse(answers, nil); err != nil || running.StatusCode != http.StatusContinue {
		t.Fatalf("the portal does not wait for the message: %+v, %v", running, err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- d.stop() }()
	refuses(t, webhook.Host)
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(answers, nil)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("the request that ran got no answer: %+v, %v", answer, err)
	}
	answer.Body.Close()
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if texts := said(t, dir, "1755"); texts[len(texts)-1] != "The last word" {
		t.Errorf("the last message kept is %q", texts[len(texts)-1])
	}
}

func TestADemoSaysWhatIsWrongWithItsFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "portal.json"), []byte(`{"Version":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), []string{"demo", "--listen", "127.0.0.1:0", "--portal-listen", "127.0.0.1:0", "--data", dir}, noEnv, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "--data") || !strings.Contains(err.Error(), "name another folder") {
		t.Errorf("got the error %v", err)
	}
	if text, _ := os.ReadFile(filepath.Join(dir, "portal.json")); string(text) != `{"Version":1}` {
		t.Errorf("the file of another version was overwritten: %s", text)
	}
}
