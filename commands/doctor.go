package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/handlers"
)

// doctorCommand explains the settings and makes the checks of the page Health.
// It changes nothing: what is not there yet is not made.
type doctorCommand struct {
	settingFlags `embed:""`
	JSON         bool `name:"json" help:"Write one JSON object instead of text."`
}

// Help is the detail of `joinline help doctor`.
func (doctorCommand) Help() string {
	return "It may run before anything is installed, and beside a server that runs. The status at its end is 0 when nothing is broken, 1 when something is, and 2 when the command line makes no sense."
}

// errUnwell is what a doctor that found something broken ends with.
var errUnwell = errors.New("something is broken")

// The checks that only a doctor makes, and what they find.
const (
	checkSettings app.CheckID = "settings"
	checkListen   app.CheckID = "listen"

	settingsFine     app.FindingID = "settings_fine"
	settingsWrong    app.FindingID = "settings_wrong"
	listenFree       app.FindingID = "listen_free"
	listenServed     app.FindingID = "listen_served"
	listenTaken      app.FindingID = "listen_taken"
	databaseUnmade   app.FindingID = "database_unmade"
	databaseUnopened app.FindingID = "database_unopened"
)

// doctorReport is what is written. Its JSON is documented: names stay.
type doctorReport struct {
	Format   int             `json:"format"`
	Verdict  app.Verdict     `json:"verdict"`
	Version  string          `json:"version"`
	Settings []doctorSetting `json:"settings"`
	Checks   []app.Check     `json:"checks"`
	Portals  []doctorPortal  `json:"portals"`
}

type doctorSetting struct {
	Name string `json:"name"`
	// Value is the one given, or the default; "" of a secret.
	Value string `json:"value,omitempty"`
	// From is "environment", "file" or "default".
	From     string          `json:"from"`
	File     string          `json:"file,omitempty"`
	Secret   bool            `json:"secret,omitempty"`
	Problems []doctorProblem `json:"problems,omitempty"`
}

type doctorProblem struct {
	Variable string `json:"variable"`
	Wrong    string `json:"wrong"`
	Hint     string `json:"hint"`
}

type doctorPortal struct {
	Portal string      `json:"portal"`
	Checks []app.Check `json:"checks"`
}

func (c doctorCommand) Run(ctx context.Context, p Program) error {
	r := c.examine(ctx, p, nil)
	write := r.text
	if c.JSON {
		write = r.json
	}
	if err := write(p.Stdout); err != nil {
		return err
	}
	if r.Verdict == app.VerdictBroken {
		return errUnwell
	}
	return nil
}

// examine makes the report. client reaches portals, authorisation servers and
// ourselves; nil is the ordinary one.
func (c doctorCommand) examine(ctx context.Context, p Program, client *http.Client) doctorReport {
	getenv := c.over(p.Getenv)
	cfg, err := app.ParseConfig(getenv)
	r := doctorReport{Format: 1, Version: moduleVersion(), Checks: []app.Check{}, Portals: []doctorPortal{}}
	problems := problemsOf(err)
	if err == nil {
		problems = append(problems, r.machine(ctx, cfg, client)...)
	}
	r.settings(getenv, problems)
	r.Verdict = app.WorstOf(r.Checks)
	for _, portal := range r.Portals {
		r.Verdict = app.WorstOf([]app.Check{{Verdict: r.Verdict}, {Verdict: app.WorstOf(portal.Checks)}})
	}
	return r
}

func problemsOf(err error) []app.Problem {
	if config, ok := errors.AsType[*app.ConfigError](err); ok {
		return config.Problems
	}
	return nil
}

// settings explains all variables.
func (r *doctorReport) settings(getenv func(string) string, problems []app.Problem) {
	wrong := 0
	for _, s := range app.Explain(getenv, problems) {
		d := doctorSetting{Name: s.Name, Value: s.Value, From: "environment", File: s.File, Secret: s.Secret}
		switch {
		case !s.Given:
			d.From = "default"
			if s.Problems == nil {
				d.Value = s.Default
			}
		case s.File != "":
			d.From = "file"
		}
		for _, p := range s.Problems {
			d.Problems = append(d.Problems, doctorProblem(p))
			wrong++
		}
		r.Settings = append(r.Settings, d)
	}
	f := app.Finding{ID: settingsFine, Verdict: app.VerdictFine}
	if wrong > 0 {
		f = app.Finding{ID: settingsWrong, Verdict: app.VerdictBroken, Count: wrong}
	}
	r.Checks = append([]app.Check{checked(checkSettings, f)}, r.Checks...)
}

func checked(id app.CheckID, f app.Finding) app.Check {
	return app.Check{ID: id, Verdict: f.Verdict, Findings: []app.Finding{f}}
}

// machine makes the checks of a configuration without problems, and returns
// those that only the database shows.
func (r *doctorReport) machine(ctx context.Context, cfg app.Config, client *http.Client) []app.Problem {
	listening := listens(ctx, cfg.Listen)
	r.Checks = append(r.Checks, checked(checkListen, listening))
	apart := listening.ID != listenServed
	log := slog.New(slog.DiscardHandler)
	store, unopened := openAsIs(ctx, cfg.Storage)
	if store == nil {
		r.Checks = append(r.Checks, newApp(cfg, nil, log, client).ExamineServer(ctx, apart, app.GroupNetwork)...)
		r.Checks = append(r.Checks, checked(app.CheckDatabase, unopened))
		return nil
	}
	defer store.Close()
	joinline := newApp(cfg, store, log, client)
	r.Checks = append(r.Checks, joinline.ExamineServer(ctx, apart, app.GroupNetwork, app.GroupServer)...)
	if installed, err := store.Installations(ctx); err == nil {
		for _, i := range installed {
			if done, err := joinline.ExaminePortal(ctx, i.Member); err == nil {
				r.Portals = append(r.Portals, doctorPortal{i.Portal, done})
			}
		}
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishLimit)
	defer cancel()
	_ = joinline.Finish(limit) // of renewals, which are saved by then or never
	if registered, err := joinline.Registered(ctx); err == nil && !registered {
		return problemsOf(app.MissingApplication())
	}
	return nil
}

// listens tells whether a server could listen, or does already.
func listens(ctx context.Context, address string) app.Finding {
	f := app.Finding{ID: listenFree, Verdict: app.VerdictFine, Name: address}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		l.Close()
	case errors.Is(err, syscall.EADDRINUSE) && alive(ctx, address):
		f.ID = listenServed
	default:
		f.ID, f.Verdict = listenTaken, app.VerdictBroken
	}
	return f
}

// alive asks whether it is Joinline that listens.
func alive(ctx context.Context, address string) bool {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 16))
	return resp.StatusCode == http.StatusOK && string(body) == "ok\n"
}

// openAsIs opens what is there. Where nothing is it makes nothing, and tells so.
func openAsIs(ctx context.Context, s app.Storage) (*sqlstore.Store, app.Finding) {
	unmade := app.Finding{ID: databaseUnmade, Verdict: app.VerdictUnchecked}
	if _, err := os.Stat(filepath.Join(s.DataDir, app.KeyFile)); err != nil && len(s.Keys) == 0 {
		return nil, unmade
	}
	sealer, err := openSealer(s)
	if err == nil {
		var store *sqlstore.Store
		if store, err = sqlstore.OpenAsIs(ctx, s.Database(), sealer); err == nil {
			return store, app.Finding{}
		}
	}
	if errors.Is(err, sqlstore.ErrUnprepared) {
		return nil, unmade
	}
	return nil, app.Finding{ID: databaseUnopened, Verdict: app.VerdictBroken, Name: hinted(err).Error()}
}

// json writes the report for programs.
func (r doctorReport) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// text writes the report for people.
func (r doctorReport) text(w io.Writer) error {
	var b strings.Builder
	b.WriteString("Settings\n")
	for _, s := range r.Settings {
		value := s.Value
		switch {
		case s.From == "file":
			value = "hidden, in " + s.File
		case s.Secret && s.From == "environment":
			value = "hidden"
		case value == "" && s.From == "environment":
			value = "not understood"
		case value == "":
			value = "missing"
		}
		fmt.Fprintf(&b, "  %-26s %s (%s)\n", s.Name, value, s.From)
		for _, p := range s.Problems {
			fmt.Fprintf(&b, "    ! %s %s\n      %s\n", p.Variable, p.Wrong, p.Hint)
		}
	}
	b.WriteString("\nServer\n")
	write(&b, r.Checks)
	for _, p := range r.Portals {
		fmt.Fprintf(&b, "\n%s\n", p.Portal)
		write(&b, p.Checks)
	}
	if len(r.Portals) == 0 {
		b.WriteString("\nNo portal was looked at: none is known to be installed.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func write(b *strings.Builder, checks []app.Check) {
	for _, c := range checks {
		name, lines := own(c)
		if name == "" {
			said := handlers.SayHealth("en", c)
			name = said.Name
			for _, l := range said.Lines {
				lines = append(lines, l.Text)
			}
			for _, cure := range said.Cures {
				lines = append(lines, "> "+cure)
			}
		}
		fmt.Fprintf(b, "  %-10s %s\n", c.Verdict, name)
		for _, l := range lines {
			fmt.Fprintf(b, "             %s\n", strings.ReplaceAll(l, "\n", "\n             "))
		}
	}
}

// own puts the findings into words that only a doctor has.
func own(c app.Check) (name string, lines []string) {
	switch f := c.Findings[0]; f.ID {
	case settingsFine:
		return "Settings", []string{"They make sense."}
	case settingsWrong:
		return "Settings", []string{fmt.Sprintf("Problems: %d. See above; nothing else was checked that depends on them.", f.Count)}
	case listenFree:
		return "Listening", []string{f.Name + " is free."}
	case listenServed:
		return "Listening", []string{"Joinline answers on " + f.Name + "."}
	case listenTaken:
		return "Listening", []string{"Joinline cannot listen on " + f.Name + ": something else does, or it is no address of this machine.", "> Choose another address with JOINLINE_LISTEN."}
	case databaseUnmade:
		return "Database", []string{"It is not there yet, or of an older version. `joinline serve` makes it, or brings it up to date."}
	case databaseUnopened:
		return "Database", []string{f.Name}
	}
	return "", nil
}
