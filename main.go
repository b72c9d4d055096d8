// Command joinline runs Joinline, an application inside Bitrix24 that brings
// colleagues into the Open Channel chats of CRM items.
//
//	joinline serve    the server, configured by JOINLINE_… variables
//	joinline demo     the same beside a simulated portal, nothing to set up
//	joinline help     every command and its flags
//
// This file wires the parts together and holds no logic of its own; demo.go
// does the same with the simulated portal.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/handlers"
	"github.com/joinline/joinline/views"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first Ctrl-C the second one ends the program at once.
	context.AfterFunc(ctx, stop)
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "joinline: %v\n", err)
		os.Exit(1)
	}
}

// commands are the program's commands, as kong reads them.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the server for a Bitrix24 portal."`
	Demo    demoCommand    `cmd:"" help:"Run Joinline beside a simulated portal on this machine, with nothing to set up."`
	Version versionCommand `cmd:"" help:"Print the version."`
	Help    helpCommand    `cmd:"" help:"Explain a command."`
}

// streams are what a command may read and write besides its flags.
type streams struct {
	getenv         func(string) string
	stdout, stderr io.Writer
}

// run carries out one command line and returns when it is done or ctx ends.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
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
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(streams{getenv, stdout, stderr}),
	)
	if err != nil {
		return err
	}
	command, err := parser.Parse(args)
	if helped {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w\nTry `joinline help`", err)
	}
	return command.Run()
}

type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command to explain."`
}

type versionCommand struct{}

func (versionCommand) Run(s streams) error {
	_, err := fmt.Fprintln(s.stdout, "joinline "+version())
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

type serveCommand struct {
	Listen    string `placeholder:"ADDRESS" help:"Where to listen; JOINLINE_LISTEN."`
	PublicURL string `placeholder:"URL" help:"The address people's browsers reach it at; JOINLINE_PUBLIC_URL."`
	Data      string `placeholder:"DIR" help:"The folder that keeps the database and the key; JOINLINE_DATA."`
}

// Help lists the environment variables, for `joinline help serve`.
func (serveCommand) Help() string {
	var b strings.Builder
	b.WriteString("Configured by environment variables; a flag wins over its variable. A secret may also be read from a file, named by the variable with _FILE at its end.\n")
	for _, v := range app.Variables() {
		fmt.Fprintf(&b, "\n  %s  %s", v.Name, v.Meaning)
		if v.Default != "" {
			fmt.Fprintf(&b, " (default: %s)", v.Default)
		}
	}
	return b.String()
}

func (c serveCommand) Run(ctx context.Context, s streams) error {
	flags := map[string]string{"JOINLINE_LISTEN": c.Listen, "JOINLINE_PUBLIC_URL": c.PublicURL, "JOINLINE_DATA": c.Data}
	cfg, err := app.ParseConfig(func(name string) string {
		if v := flags[name]; v != "" {
			return v
		}
		return s.getenv(name)
	})
	if err != nil {
		return err
	}
	log := newLogger(s.stderr, cfg.LogFormat, cfg.LogLevel)
	l, err := listen(cfg.Listen, "--listen or JOINLINE_LISTEN")
	if err != nil {
		return err
	}
	site, err := open(ctx, cfg, log, nil, nil)
	if err != nil {
		l.Close()
		return err
	}
	defer site.close()
	log.Info("listening", "address", l.Addr().String(), "public_url", cfg.PublicURL)
	return serveAll(ctx, log, service{l, site.handler})
}

// site is Joinline put together: what it answers with, and how to close it.
type site struct {
	handler http.Handler
	store   *sqlstore.Store
}

// open puts Joinline together from its settings. client reaches portals and
// authorisation servers; nil is the ordinary one. demoOrigins may frame the
// pages beside the portal: the mirrored addresses of the demo.
func open(ctx context.Context, cfg app.Config, log *slog.Logger, client *http.Client, demoOrigins []string) (*site, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("the data folder: %w (choose another one with JOINLINE_DATA)", err)
	}
	if cfg.SecretKey.IsZero() {
		key, err := app.LoadKey(cfg.DataDir)
		if err != nil {
			return nil, err
		}
		cfg.SecretKey = key
	}
	sealer, err := app.NewSealer(cfg.SecretKey)
	if err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(ctx, filepath.Join(cfg.DataDir, "joinline.db"), sealer)
	if err != nil {
		return nil, err
	}
	cfg.Titles = views.PlacementTitles()
	application := &bitrix.Application{
		ClientID:     cfg.ClientID,
		ClientSecret: cfg.ClientSecret,
		AuthServers:  cfg.AuthServers,
		HTTPClient:   client,
		UserAgent:    "joinline/" + moduleVersion(),
	}
	return &site{
		store: store,
		handler: handlers.New(handlers.Config{
			App:              app.New(cfg, store, application, log),
			PublicURL:        cfg.PublicURL,
			Key:              cfg.SecretKey,
			Static:           staticFiles(),
			Log:              log,
			DemoFrameOrigins: demoOrigins,
		}),
	}, nil
}

func (s *site) close() { s.store.Close() }

// service is a handler with the listener it answers on.
type service struct {
	listener net.Listener
	handler  http.Handler
}

// listen binds a TCP address; setting is how the person can change it.
func listen(address, setting string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program: choose another address with %s", address, setting)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %q (set by %s): %w", address, setting, err)
	}
	return l, nil
}

// serveAll serves until ctx ends, then lets running requests finish.
func serveAll(ctx context.Context, log *slog.Logger, services ...service) error {
	failed := make(chan error, len(services))
	var servers []*http.Server
	for _, s := range services {
		server := &http.Server{
			Handler:           s.handler,
			ReadHeaderTimeout: 10 * time.Second,
			ReadTimeout:       30 * time.Second,
			// The slowest page waits for adds, which the portal may take a minute for each.
			WriteTimeout:   10 * time.Minute,
			IdleTimeout:    2 * time.Minute,
			MaxHeaderBytes: 32 << 10,
			ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		}
		servers = append(servers, server)
		go func() { failed <- server.Serve(s.listener) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	for _, server := range servers {
		err = errors.Join(err, server.Shutdown(drain))
	}
	return err
}

func newLogger(w io.Writer, format string, level slog.Level) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
