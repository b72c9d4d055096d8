// Package commands is the command line of Joinline: it reads flags and settings,
// wires the parts together, and holds no logic of its own. The demo, what is
// kept and the portals have files of their own; what serves is in server.go.
package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/handlers"
	"github.com/joinline/joinline/views"
)

// commands are the program's commands, as kong reads them.
type commands struct {
	Serve     serveCommand     `cmd:"" help:"Run the server for a Bitrix24 portal."`
	Demo      demoCommand      `cmd:"" help:"Run Joinline beside a simulated portal on this machine, with nothing to set up."`
	Doctor    doctorCommand    `cmd:"" help:"Explain the settings, and check whether everything works."`
	Backup    backupCommand    `cmd:"" help:"Write all that is kept into a file, while Joinline runs."`
	Restore   restoreCommand   `cmd:"" help:"Read a backup into an empty database."`
	RotateKey rotateKeyCommand `cmd:"" help:"Seal all secrets with a new key."`
	Portal    portalCommand    `cmd:"" help:"Manage the applications of several portals on one server."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
	Help      helpCommand      `cmd:"" help:"Explain a command."`
}

// Program is what a run of Joinline has around it. All fields are required.
type Program struct {
	Getenv         func(string) string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Static holds the files of the folder static.
	Static fs.FS
}

// Run carries out one command line and returns when it is done or ctx ends. Its
// error is for people to read.
func (p Program) Run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if args[0] == "help" {
		args = append(args[1:], "--help")
	}
	helped := false
	parser, err := kong.New(&commands{},
		kong.Name("joinline"),
		kong.Description("Brings colleagues into the customer chats of a Bitrix24 portal, from inside the card of a deal, lead, contact or company."),
		kong.Writers(p.Stdout, p.Stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(p),
	)
	if err != nil {
		return err
	}
	parser.Model.HelpFlag.Help = "Show this help."
	command, err := parser.Parse(args)
	if helped {
		return nil
	}
	if err != nil {
		return misused(err)
	}
	return command.Run()
}

// misused says what is wrong with a command line, and which help explains it.
func misused(err error) error {
	help, unexpected := "joinline help", "there is no command"
	if parse, ok := errors.AsType[*kong.ParseError](err); ok {
		if command, _, _ := strings.Cut(parse.Context.Command(), " <"); command != "" { // without its arguments
			help += " " + command
			unexpected = command + " does not take"
		}
	}
	words := strings.NewReplacer(
		"unexpected argument", unexpected, "valid 64 bit int", "whole number", "unknown flag", "there is no flag",
	).Replace(err.Error())
	return &misuse{fmt.Sprintf("%s\nTry `%s`", words, help)}
}

// misuse is what is wrong with a command line.
type misuse struct{ text string }

func (m *misuse) Error() string { return m.text }

// ExitStatus is the status with which a program ends after a command line that
// ended with err: 0 without one, 2 when the command line itself makes no sense,
// and 1 otherwise.
func ExitStatus(err error) int {
	if err == nil {
		return 0
	}
	if _, ok := errors.AsType[*misuse](err); ok {
		return 2
	}
	return 1
}

type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command to explain."`
}

type versionCommand struct{}

func (versionCommand) Run(p Program) error {
	_, err := fmt.Fprintln(p.Stdout, "joinline "+version())
	return err
}

// moduleVersion is the module's version as the Go tool recorded it.
func moduleVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return strings.Trim(info.Main.Version, "()")
	}
	return "unknown"
}

// version is the module's version with the commit, where there is one, and Go's.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return moduleVersion()
	}
	v := moduleVersion()
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && !strings.Contains(v, s.Value[:min(12, len(s.Value))]) {
			v += " " + s.Value[:min(12, len(s.Value))]
		}
	}
	return v + " " + info.GoVersion
}

// settingFlags are the settings that are flags as well.
type settingFlags struct {
	Listen    string `placeholder:"ADDRESS" help:"Where to listen; JOINLINE_LISTEN."`
	PublicURL string `placeholder:"URL" help:"The address people's browsers reach it at; JOINLINE_PUBLIC_URL."`
	Data      string `placeholder:"DIR" help:"The folder that keeps the database and the key; JOINLINE_DATA."`
}

// over is an environment in which flags win.
func (f settingFlags) over(getenv func(string) string) func(string) string {
	flags := map[string]string{"JOINLINE_LISTEN": f.Listen, "JOINLINE_PUBLIC_URL": f.PublicURL, "JOINLINE_DATA": f.Data}
	return func(name string) string { return cmp.Or(flags[name], getenv(name)) }
}

type serveCommand struct {
	settingFlags `embed:""`
}

// Help lists the environment variables, for `joinline help serve`.
func (serveCommand) Help() string {
	var b strings.Builder
	b.WriteString("Configured by environment variables; a flag wins over its variable. A secret may also be read from a file, named by the variable with _FILE at its end.\n")
	for _, v := range app.Variables() {
		name := v.Name
		if v.Required {
			name += " (required)"
		}
		meaning := v.Meaning
		if v.Default != "" {
			meaning += "; default: " + v.Default
		}
		// Kong leaves lines as they are that are indented like this.
		fmt.Fprintf(&b, "\n    %s\n        %s", name, wrapped(meaning, 70, "\n        "))
	}
	return b.String()
}

// wrapped breaks text into lines of at most width characters, where it can.
func wrapped(text string, width int, between string) string {
	var b strings.Builder
	at := 0
	for _, word := range strings.Fields(text) {
		switch {
		case at > 0 && at+1+len(word) > width:
			b.WriteString(between)
			at = 0
		case at > 0:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String()
}

func (c serveCommand) Run(ctx context.Context, p Program) error {
	cfg, err := app.ParseConfig(c.over(p.Getenv))
	if err != nil {
		return err
	}
	log := newLogger(p.Stderr, cfg.LogFormat, cfg.LogLevel)
	l, err := listen(cfg.Listen, "--listen or JOINLINE_LISTEN")
	if err != nil {
		return err
	}
	site, err := open(ctx, cfg, p.Static, log, nil)
	if err != nil {
		l.Close()
		return err
	}
	defer site.close()
	log.Info("listening", "address", l.Addr().String(), "public_url", cfg.PublicURL)
	return serveAll(ctx, log, usualPatience, service{l, site.handler})
}

// site is Joinline put together: what it answers with, and how to close it.
type site struct {
	handler http.Handler
	app     *app.App
	store   *sqlstore.Store
	log     *slog.Logger
	settle  *background
	read    *background
	grant   *background
	tend    *background
}

// background is work that goes on beside the requests until it is told to end.
type background struct {
	end   context.CancelFunc
	ended chan struct{}
}

func inBackground(ctx context.Context, work func(context.Context)) *background {
	ctx, cancel := context.WithCancel(ctx)
	b := &background{cancel, make(chan struct{})}
	go func() {
		defer close(b.ended)
		work(ctx)
	}()
	return b
}

// stop ends the work and waits for that.
func (b *background) stop() {
	b.end()
	<-b.ended
}

// open puts Joinline together from its settings. client reaches portals and
// authorisation servers; nil is the ordinary one.
func open(ctx context.Context, cfg app.Config, static fs.FS, log *slog.Logger, client *http.Client) (*site, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder: %w (choose another one with JOINLINE_DATA)", err)
	}
	keys, err := cfg.OpenKeys()
	if err != nil {
		return nil, err
	}
	store, err := openStore(ctx, cfg.Storage)
	if err != nil {
		return nil, err
	}
	joinline := newApp(cfg, store, log, client)
	registered, err := joinline.Registered(ctx)
	if err == nil && !registered {
		err = app.MissingApplication()
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return &site{
		app: joinline, store: store, log: log,
		settle: inBackground(ctx, joinline.KeepSettling),
		read:   inBackground(ctx, joinline.KeepReading),
		tend:   inBackground(ctx, joinline.KeepJournal),
		grant:  inBackground(ctx, func(ctx context.Context) { joinline.KeepGranting(ctx, handlers.SayWish) }),
		handler: handlers.New(handlers.Config{
			App:       joinline,
			PublicURL: cfg.PublicURL,
			Key:       keys[0],
			OlderKeys: keys[1:],
			Static:    static,
			Log:       log,

			TrustedProxies: cfg.TrustedProxies,
		}),
	}, nil
}

// newApp is Joinline without anything that goes on beside requests.
func newApp(cfg app.Config, store app.Store, log *slog.Logger, client *http.Client) *app.App {
	cfg.Titles, cfg.Version = views.PlacementTitles(), moduleVersion()
	return app.New(cfg, store, &bitrix.Application{
		ClientID:     cfg.ClientID,
		ClientSecret: cfg.ClientSecret,
		AuthServers:  cfg.AuthServers,
		HTTPClient:   client,
		UserAgent:    "joinline/" + moduleVersion(),
		Limit:        cfg.Limit,
	}, log)
}

// openStore opens the database with its keys.
func openStore(ctx context.Context, storage app.Storage) (*sqlstore.Store, error) {
	sealer, err := openSealer(storage)
	if err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(ctx, storage.Database(), sealer)
	return store, hinted(err)
}

// hinted adds to errors of the start what helps.
func hinted(err error) error {
	switch {
	case errors.Is(err, app.ErrWrongKey):
		return fmt.Errorf("%w\nNothing is lost: give the right key in JOINLINE_SECRET_KEY, or put back the secret.key of the data folder", err)
	case errors.Is(err, sqlstore.ErrNewerSchema):
		return fmt.Errorf("%w\nStart that version, or restore a backup of before into an empty database", err)
	}
	return err
}

func openSealer(storage app.Storage) (*app.Sealer, error) {
	keys, err := storage.OpenKeys()
	if err != nil {
		return nil, err
	}
	return app.NewSealer(keys...)
}

// finishLimit is more than the renewal of a token takes, and its saving.
const finishLimit = 45 * time.Second

// close ends what no request waits for, then closes the database.
func (s *site) close() {
	ctx, cancel := context.WithTimeout(context.Background(), finishLimit)
	defer cancel()
	s.settle.stop()
	s.read.stop()
	s.grant.stop()
	s.tend.stop()
	if err := errors.Join(s.app.Finish(ctx), s.store.Close()); err != nil {
		s.log.Warn("the stop was not a clean one", "error", err)
	}
}

func newLogger(w io.Writer, format string, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
