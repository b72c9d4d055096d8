package commands

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func noEnv(string) string { return "" }

// run carries out a command line as the program does.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	return Program{Getenv: getenv, Stdin: os.Stdin, Stdout: stdout, Stderr: stderr, Static: os.DirFS("../static")}.Run(ctx, args)
}

func TestHelpIsPrintedWhereNothingIsAsked(t *testing.T) {
	for name, args := range map[string][]string{
		"no arguments": nil, "help": {"help"}, "--help": {"--help"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := run(t.Context(), args, noEnv, &out, io.Discard); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"serve", "demo", "version", "help"} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("the help does not name %q:\n%s", want, out.String())
				}
			}
		})
	}
}

func TestHelpOfACommandExplainsItsSettings(t *testing.T) {
	var serve, demo bytes.Buffer
	if err := run(t.Context(), []string{"help", "serve"}, noEnv, &serve, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, v := range app.Variables() {
		if !strings.Contains(serve.String(), v.Name) {
			t.Errorf("`help serve` does not name %s", v.Name)
		}
	}
	if err := run(t.Context(), []string{"help", "demo"}, noEnv, &demo, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--listen", "--portal-listen", "--fresh", "--people", "--data", "--json"} {
		if !strings.Contains(demo.String(), flag) {
			t.Errorf("`help demo` does not name %s", flag)
		}
	}
}

func TestVersionNamesTheProgramAndGo(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"version"}, noEnv, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "joinline ") || !strings.Contains(got, "go1") {
		t.Errorf("version printed %q", got)
	}
}

func TestUnknownCommandsAndFlagsAreRefusedWithAHint(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"fly"}, "there is no command fly\nTry `joinline help`"},
		{[]string{"help", "fly"}, "there is no command fly\nTry `joinline help`"},
		{[]string{"demo", "now"}, "demo does not take now\nTry `joinline help demo`"},
		{[]string{"backup", "here", "there"}, "backup does not take there\nTry `joinline help backup`"},
		{[]string{"demo", "--speed"}, "there is no flag --speed\nTry `joinline help demo`"},
		{[]string{"demo", "--people", "many"}, "--people: expected a whole number but got \"many\"\nTry `joinline help demo`"},
	} {
		if err := run(t.Context(), c.args, noEnv, io.Discard, io.Discard); err == nil || err.Error() != c.want {
			t.Errorf("%v: got error %v, want %q", c.args, err, c.want)
		}
	}
}

func TestServeReportsEveryMissingSettingAtOnce(t *testing.T) {
	err := run(t.Context(), []string{"serve"}, noEnv, io.Discard, io.Discard)
	if err == nil {
		t.Fatal("serve started without settings")
	}
	for _, want := range []string{"JOINLINE_CLIENT_ID", "JOINLINE_CLIENT_SECRET", "JOINLINE_PUBLIC_URL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %s:\n%v", want, err)
		}
	}
}

func TestDemoRefusesWhatItCannotDo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"Joinline's port is in use":     {[]string{"--listen", taken.Addr().String(), "--portal-listen", "127.0.0.1:0"}, "--listen"},
		"the portal's port is in use":   {[]string{"--listen", "127.0.0.1:0", "--portal-listen", taken.Addr().String()}, "--portal-listen"},
		"an address others could reach": {[]string{"--portal-listen", "0.0.0.0:8090"}, "--portal-listen"},
		"an address of IPv6":            {[]string{"--listen", "[::1]:0", "--portal-listen", "127.0.0.1:0"}, "--listen"},
		"another loopback address":      {[]string{"--listen", "127.0.0.1:0", "--portal-listen", "127.0.0.2:0"}, "--portal-listen"},
		"an address without a port":     {[]string{"--listen", "127.0.0.1"}, "--listen"},
		"too large a staff":             {[]string{"--people", "100001"}, "--people"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), append([]string{"demo"}, tc.args...), noEnv, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one that names %s", err, tc.want)
			}
		})
	}
}

// runningDemo is a demo that a test started.
type runningDemo struct {
	Portal, App, Card, Webhook string
	ClientID                   string `json:"client_id"`
	ClientSecret               string `json:"client_secret"`
	MemberID                   string `json:"member_id"`
	stop                       func() error
	rest                       func() string // what was printed after the line
}

// startDemo runs `demo --json` on free ports and waits for its line.
func startDemo(t *testing.T, args ...string) runningDemo {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	args = append([]string{"demo", "--json", "--listen", "127.0.0.1:0", "--portal-listen", "127.0.0.1:0"}, args...)
	go func() {
		err := run(ctx, args, noEnv, w, os.Stderr)
		w.CloseWithError(err)
		done <- err
	}()
	d := runningDemo{}
	lines := json.NewDecoder(r)
	if err := lines.Decode(&d); err != nil {
		cancel()
		t.Fatalf("the demo printed no line of JSON: %v", err)
	}
	var rest bytes.Buffer
	var reading sync.WaitGroup
	reading.Go(func() { io.Copy(&rest, io.MultiReader(lines.Buffered(), r)) })
	d.stop = sync.OnceValue(func() error { cancel(); err := <-done; reading.Wait(); return err })
	d.rest = func() string { d.stop(); return strings.TrimSpace(rest.String()) }
	t.Cleanup(func() { d.stop() })
	return d
}

// ask calls a REST method through the webhook.
func (d runningDemo) ask(t *testing.T, method string, params url.Values) json.RawMessage {
	t.Helper()
	resp, err := http.PostForm(strings.TrimSuffix(d.Webhook, "/")+"/"+method, params)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Result json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d, %v", method, resp.StatusCode, err)
	}
	return answer.Result
}

func TestDemoIsReadyWhenItPrintsItsLine(t *testing.T) {
	d := startDemo(t)
	for name, got := range map[string]string{
		"portal": d.Portal, "app": d.App, "card": d.Card, "webhook": d.Webhook,
		"client_id": d.ClientID, "client_secret": d.ClientSecret, "member_id": d.MemberID,
	} {
		if got == "" {
			t.Errorf("the line lacks %q", name)
		}
	}
	if got := string(d.ask(t, "imopenlines.crm.chat.get", url.Values{"CRM_ENTITY_TYPE": {"DEAL"}, "CRM_ENTITY": {"77"}})); !strings.Contains(got, "1763") {
		t.Errorf("the chats of deal 77 are %s, want chat 1763 among them", got)
	}
	portal := bitrixtest.HTTPClient()
	for _, page := range []string{d.Portal, d.App, d.Card} {
		resp, err := portal.Get(page)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode >= 400 {
			t.Errorf("%s answered %d", page, resp.StatusCode)
		}
	}
	if err := d.stop(); err != nil {
		t.Errorf("Ctrl-C ended the demo with %v", err)
	}
	if rest := d.rest(); rest != "" {
		t.Errorf("the demo printed more than its line: %q", rest)
	}
	if _, err := portal.Get(d.App); err == nil {
		t.Error("Joinline still answers after the demo ended")
	}
}

func TestTheDocumentsExplainEveryVariable(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range app.Variables() {
		value := "`" + v.Default + "`"
		if v.Required {
			value = "required"
		}
		if row := "| `" + v.Name + "` | " + v.Meaning + " | " + value + " |"; !strings.Contains(string(readme), row) {
			t.Errorf("README.md lacks the row\n%s", row)
		}
	}
}

func TestFreshDemoWaitsToBeRegistered(t *testing.T) {
	d := startDemo(t, "--fresh")
	if d.ClientID != "" || d.ClientSecret != "" {
		t.Errorf("a fresh demo has keys already: %q", d.ClientID)
	}
	resp, err := bitrixtest.HTTPClient().Get(d.App + "/app")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(page), "/devops/") {
		t.Errorf("Joinline without keys answered %d:\n%s", resp.StatusCode, page)
	}
}

func TestDemoForgetsAPortalThatDeletesIt(t *testing.T) {
	dir := t.TempDir()
	d := startDemo(t, "--data", dir)
	store := place{"JOINLINE_DATA": dir}.store(t)
	member := bitrix.MemberID(d.MemberID)
	if _, err := store.Installation(t.Context(), member); err != nil {
		t.Fatalf("it was not installed: %v", err)
	}
	resp, err := bitrixtest.HTTPClient().Post(d.Portal+"/_portal/applications/delete", "application/json",
		strings.NewReader(`{"client_id":"`+d.ClientID+`","clean":true}`))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	// The portal tells it in an event of its own, a moment later.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for tick := time.Tick(20 * time.Millisecond); ; <-tick {
		_, err := store.Installation(ctx, member)
		if errors.Is(err, app.ErrNotInstalled) {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("the store still holds the portal: %v", err)
		}
	}
}
