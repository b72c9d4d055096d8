package commands

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/joinline/joinline/app"
)

// joinlineWith carries out a command that reads input.
func (p place) joinlineWith(input string, args ...string) (output string, err error) {
	var out bytes.Buffer
	program := Program{
		Getenv: func(name string) string { return p[name] }, Stdin: strings.NewReader(input), Stdout: &out, Stderr: io.Discard,
		Static: os.DirFS("../static"),
	}
	err = program.Run(context.Background(), args)
	return out.String(), err
}

func TestPortalsAreAddedListedAndRemoved(t *testing.T) {
	here := newPlace(t)
	here["JOINLINE_CLIENT_ID"] = "local.0"
	_, err := here.joinlineWith("Qm3Secret\nnot this line\n", "portal", "add", "local.1")
	must(t, err)
	_, err = here.joinlineWith("Another", "portal", "add", "local.2", "--portal", "acme.bitrix24.com")
	must(t, err)
	for id, secret := range map[string]string{"local.1": "Qm3Secret", "local.2": "Another"} {
		if r, err := here.store(t).Registration(t.Context(), id); err != nil || r.ClientSecret.Reveal() != secret {
			t.Errorf("%s: %v, or its secret is another one", id, err)
		}
	}
	here.fill(t) // installed as local.1

	output, err := here.joinline("portal", "list")
	must(t, err)
	lines := strings.Split(strings.TrimSpace(output), "\n")
	for i, want := range [][]string{
		{"APPLICATION ID"}, {"local.0", "environment", "not installed"}, {"local.1", "https://acme.example", " installed "}, {"local.2", "acme.bitrix24.com", "not installed"},
	} {
		for _, word := range want {
			if i >= len(lines) || !strings.Contains(lines[i], word) {
				t.Errorf("line %d of the list lacks %q:\n%s", i+1, word, output)
			}
		}
	}
	if strings.Contains(output, "Qm3Secret") || strings.Contains(output, "Another") {
		t.Errorf("the list shows a secret:\n%s", output)
	}

	_, err = here.joinline("portal", "remove", "local.1")
	must(t, err)
	if _, err := here.store(t).Installation(t.Context(), member); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("the portal is still kept: %v", err)
	}
	if _, err := here.joinline("portal", "remove", "local.1"); err == nil || !strings.Contains(err.Error(), "portal list") {
		t.Errorf("a second time: %v", err)
	}
}

func TestAWrongPortalIsNotAdded(t *testing.T) {
	here := newPlace(t)
	here["JOINLINE_CLIENT_ID"] = "local.0"
	for name, c := range map[string]struct {
		input, want string
		args        []string
	}{
		"without a secret":                  {"\n", "secret is missing", []string{"local.1"}},
		"with a secret that is none":        {"hush hush\n", "characters", []string{"local.1"}},
		"with an id that is none":           {"Secret\n", "client id", []string{"<b>"}},
		"with a page for a portal":          {"Secret\n", "portal", []string{"local.1", "--portal", "https://acme.bitrix24.com/crm/"}},
		"that the environment has":          {"Secret\n", "JOINLINE_CLIENT_SECRET", []string{"local.0"}},
		"with the secret as an argument":    {"Secret\n", "portal add does not take", []string{"local.1", "hush"}},
		"without saying which":              {"Secret\n", "client-id", nil},
		"into a database that is not there": {"Secret\n", "JOINLINE_DATABASE_URL", []string{"local.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want == "JOINLINE_DATABASE_URL" {
				here["JOINLINE_DATABASE_URL"] = "mysql://hush@db/joinline"
				defer delete(here, "JOINLINE_DATABASE_URL")
			}
			_, err := here.joinlineWith(c.input, append([]string{"portal", "add"}, c.args...)...)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush hush") {
				t.Errorf("got %v, want something about %q", err, c.want)
			}
		})
	}
	if all, err := here.store(t).Registrations(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("registered are %+v, %v", all, err)
	}
}

func TestServeNeedsAnApplicationFromSomewhere(t *testing.T) {
	here := newPlace(t)
	here["JOINLINE_PUBLIC_URL"], here["JOINLINE_LISTEN"] = "https://joinline.example.com", "127.0.0.1:0"
	_, err := here.joinline("serve")
	if problems, ok := errors.AsType[*app.ConfigError](err); !ok || len(problems.Problems) != 2 || !strings.Contains(err.Error(), "joinline portal add") {
		t.Errorf("serve = %v, want both keys missing", err)
	}
	_, err = here.joinlineWith("Qm3Secret\n", "portal", "add", "local.1")
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	log, w, err := os.Pipe()
	must(t, err)
	defer log.Close()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"serve"}, func(name string) string { return here[name] }, io.Discard, w)
		w.Close()
	}()
	b := make([]byte, 4096)
	n, _ := log.Read(b)
	if !strings.Contains(string(b[:n]), "listening") {
		t.Errorf("serve said %q", b[:n])
	}
	cancel()
	go io.Copy(io.Discard, log)
	must(t, <-done)
}
