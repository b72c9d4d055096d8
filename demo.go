package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// demoAdmin is the administrator of the simulated portal.
const demoAdmin = 1

type demoCommand struct {
	Listen       string `default:"127.0.0.1:8080" placeholder:"ADDRESS" help:"Where Joinline listens (${default})."`
	PortalListen string `default:"127.0.0.1:8090" placeholder:"ADDRESS" help:"Where the simulated portal listens (${default})."`
	Fresh        bool   `help:"Start with the application neither registered nor installed; do it yourself in the portal."`
	People       int    `default:"60" placeholder:"N" help:"Size of the staff, up to 100000 (${default})."`
	Data         string `placeholder:"DIR" help:"Keep the state in this folder; without it everything is forgotten at the end."`
	JSON         bool   `name:"json" help:"When ready, print one line of JSON with the addresses and keys, and nothing else."`
}

// Help is the detail of `joinline help demo`.
func (demoCommand) Help() string {
	return "Everything stays on this machine: both addresses must be loopback ones, because the portal's controls (/_portal/) have no lock."
}

// Validate is called by kong before Run.
func (c demoCommand) Validate() error {
	var problems []error
	if c.People < 0 || c.People > 100_000 {
		problems = append(problems, fmt.Errorf("--people %d: give a number from 0 to 100000", c.People))
	}
	for _, a := range []struct{ flag, address string }{{"--listen", c.Listen}, {"--portal-listen", c.PortalListen}} {
		host, _, err := net.SplitHostPort(a.address)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s %q: give an address with a port, like 127.0.0.1:8080", a.flag, a.address))
		} else if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			problems = append(problems, fmt.Errorf("%s %q: the demo runs on this machine only, give a loopback address like 127.0.0.1:8080", a.flag, a.address))
		}
	}
	return errors.Join(problems...)
}

func (c demoCommand) Run(ctx context.Context, s streams) error {
	level := slog.LevelWarn
	log := newLogger(s.stderr, "text", level)
	app, err := listen(c.Listen, "--listen")
	if err != nil {
		return err
	}
	defer app.Close()
	portal, err := listen(c.PortalListen, "--portal-listen")
	if err != nil {
		return err
	}
	defer portal.Close()
	dir, forget, err := dataDir(c.Data)
	if err != nil {
		return err
	}
	defer forget()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d, err := newDemo(ctx, c, dir, port(app), port(portal), log)
	if err != nil {
		return err
	}
	defer d.close()

	served := make(chan error, 1)
	go func() { served <- serveAll(ctx, log, service{app, d}, service{portal, d.portal}) }()
	err = d.prepare(ctx, c.Fresh)
	if err == nil {
		err = d.announce(s.stdout, c.JSON)
	}
	if err != nil {
		cancel()
		return errors.Join(err, <-served)
	}
	return errors.Join(<-served, d.save())
}

// dataDir makes the folder of the demo's state. Without a name it is a
// temporary one, which forget removes.
func dataDir(name string) (dir string, forget func(), err error) {
	if name == "" {
		dir, err = os.MkdirTemp("", "joinline-demo-")
		return dir, func() { os.RemoveAll(dir) }, err
	}
	if err = os.MkdirAll(name, 0o700); err != nil {
		return "", nil, fmt.Errorf("--data: %w", err)
	}
	return name, func() {}, nil
}

func port(l net.Listener) string {
	_, p, _ := net.SplitHostPort(l.Addr().String())
	return p
}

// demo is a simulated portal and the Joinline that is registered on it. It
// serves Joinline: in life the keys that the portal hands out are typed into
// Joinline's settings, here they are taken over by themselves.
type demo struct {
	dir         string
	appURL      string
	appMirror   string
	portal      *bitrixtest.Portal
	portalPort  string
	stateFile   string
	log         *slog.Logger
	ctx         context.Context // ends with the program
	mu          sync.Mutex      // guards current and credentials
	current     *site
	credentials bitrixtest.Credentials
}

func newDemo(ctx context.Context, c demoCommand, dir, appPort, portalPort string, log *slog.Logger) (*demo, error) {
	d := &demo{
		ctx:        ctx,
		dir:        dir,
		appURL:     "http://joinline.localhost:" + appPort,
		appMirror:  "http://127.0.0.1:" + appPort,
		portalPort: portalPort,
		log:        log,
	}
	d.portal = bitrixtest.New(bitrixtest.Options{
		URL:     "http://portal.localhost:" + portalPort,
		AuthURL: "http://oauth.localhost:" + portalPort,
		Staff:   c.People,
		Log:     log,
		Mirror:  bitrixtest.Mirror{Portal: d.mirror(), App: d.appURL, AppMirror: d.appMirror},
		Control: true,
	})
	if c.Data == "" {
		return d, nil
	}
	d.stateFile = filepath.Join(dir, "portal.json")
	f, err := os.Open(d.stateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	defer f.Close()
	if err := d.portal.Load(f); err != nil {
		return nil, fmt.Errorf("--data: %s does not hold a portal of this version; name another folder: %w", d.stateFile, err)
	}
	return d, nil
}

// mirror is the portal's address for browsers that do not resolve *.localhost.
func (d *demo) mirror() string { return "http://localhost:" + d.portalPort }

// ServeHTTP serves Joinline with the keys of its registration on the portal.
func (d *demo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s, err := d.site()
	switch {
	case err != nil:
		d.log.Error("opening Joinline", "error", err)
		http.Error(w, "Joinline could not start: see what the program printed.", http.StatusInternalServerError)
	case s == nil:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, "Joinline runs, but it is not registered on the simulated portal yet.\nRegister a local application at %s/devops/ with\n  handler path       %s/app\n  installation path  %s/install\n", d.portal.URL(), d.appURL, d.appURL)
	default:
		s.handler.ServeHTTP(w, r)
	}
}

// site returns the Joinline of the present registration, nil where there is
// none. Registering anew on the portal gives new keys, so it is put together
// again when they change.
func (d *demo) site() (*site, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	registered, ok := d.portal.Registered(d.appURL)
	if !ok {
		return nil, nil
	}
	if d.current != nil && registered == d.credentials {
		return d.current, nil
	}
	if d.current != nil {
		d.current.close()
		d.current = nil
	}
	s, err := open(d.ctx, d.config(registered), d.log, bitrixtest.HTTPClient(), []string{d.mirror()})
	if err != nil {
		return nil, err
	}
	d.current, d.credentials = s, registered
	return s, nil
}

// config is what the environment would say for `serve`.
func (d *demo) config(c bitrixtest.Credentials) app.Config {
	env := map[string]string{
		"JOINLINE_CLIENT_ID":     c.ClientID,
		"JOINLINE_CLIENT_SECRET": c.ClientSecret,
		"JOINLINE_PUBLIC_URL":    d.appURL,
		"JOINLINE_DATA":          d.dir,
		"JOINLINE_AUTH_SERVER":   d.portal.AuthURL(),
	}
	cfg, err := app.ParseConfig(func(name string) string { return env[name] })
	if err != nil {
		panic(err) // the demo's own settings are wrong: a mistake in this file
	}
	return cfg
}

// prepare registers and installs Joinline, where that is not done yet.
func (d *demo) prepare(ctx context.Context, fresh bool) error {
	if _, ok := d.portal.Registered(d.appURL); ok || fresh {
		return d.save()
	}
	c := d.portal.Register(bitrixtest.App{
		Name:       "Joinline",
		Names:      map[string]string{"en": "Joinline", "ru": "Joinline"},
		HandlerURL: d.appURL + "/app",
		InstallURL: d.appURL + "/install",
		Scopes:     []string{"crm", "imopenlines", "im", "user_brief", "placement"},
	})
	// What follows is what the administrator's browser does: open the
	// installation page, which then tells the portal that it is done.
	launch := d.portal.Launch(c.ClientID, demoAdmin, "DEFAULT", "")
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, launch.URL, strings.NewReader(launch.Form.Encode()))
	if err != nil {
		return err
	}
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := bitrixtest.HTTPClient().Do(post)
	if err != nil {
		return fmt.Errorf("installing Joinline on the simulated portal: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("installing Joinline on the simulated portal: its installation page answered %s", resp.Status)
	}
	if err := d.portal.FinishInstall(c.ClientID); err != nil {
		return fmt.Errorf("installing Joinline on the simulated portal: %w", err)
	}
	return d.save()
}

// announce prints where to go.
func (d *demo) announce(w io.Writer, asJSON bool) error {
	const card = "/crm/deal/details/77/"
	webhook := strings.Replace(d.portal.Webhook(demoAdmin), d.portal.URL(), "http://127.0.0.1:"+d.portalPort, 1)
	if asJSON {
		registered, _ := d.portal.Registered(d.appURL)
		return json.NewEncoder(w).Encode(struct {
			Portal       string `json:"portal"`
			App          string `json:"app"`
			Card         string `json:"card"`
			Webhook      string `json:"webhook"`
			ClientID     string `json:"client_id"`
			ClientSecret string `json:"client_secret"`
			MemberID     string `json:"member_id"`
		}{d.portal.URL(), d.appURL, d.portal.URL() + card, webhook, registered.ClientID, registered.ClientSecret, d.portal.MemberID()})
	}
	first := "Open the card of a deal, sign in as anybody, and choose the tab “Colleagues in chat”:\n\n    " + d.portal.URL() + card
	if _, ok := d.portal.Registered(d.appURL); !ok {
		first = "Sign in as an administrator and register Joinline under Developer resources:\n\n    " + d.portal.URL() + "/devops/\n\n" +
			"    handler path       " + d.appURL + "/app\n" +
			"    installation path  " + d.appURL + "/install\n" +
			"    permissions        crm, imopenlines, im, user_brief, placement"
	}
	_, err := fmt.Fprintf(w, `Joinline and a simulated portal are running on this machine.

%s

If your browser does not find *.localhost addresses, open this one instead:

    %s%s

The portal's controls and its state:  %s/_portal/
An inbound webhook of its administrator:  %s

Ctrl-C ends both.
`, first, d.mirror(), card, "http://127.0.0.1:"+d.portalPort, webhook)
	return err
}

// save writes the portal's state beside Joinline's, where it is to be kept.
func (d *demo) save() error {
	if d.stateFile == "" {
		return nil
	}
	f, err := os.CreateTemp(d.dir, "portal-*.json")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := errors.Join(d.portal.Save(f), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), d.stateFile)
}

func (d *demo) close() {
	d.portal.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current != nil {
		d.current.close()
	}
}
