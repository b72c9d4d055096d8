package commands

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

// demoScopes are the permissions that the README tells administrators to assign.
var demoScopes = []string{"crm", "imopenlines", "im", "user_brief", "placement"}

type demoCommand struct {
	Listen       string `default:"127.0.0.1:8080" placeholder:"ADDRESS" help:"Where Joinline listens (${default})."`
	PortalListen string `default:"127.0.0.1:8090" placeholder:"ADDRESS" help:"Where the simulated portal listens (${default})."`
	Fresh        bool   `help:"Start with the application neither registered nor installed; do it yourself in the portal."`
	People       int    `default:"60" placeholder:"N" help:"Size of the staff of a new portal, up to 100000 (${default})."`
	Data         string `placeholder:"DIR" help:"Keep the state in this folder, whatever ends the program; without it everything is forgotten at the end."`
	JSON         bool   `name:"json" help:"When ready, print one line of JSON with the addresses and keys, and nothing else."`
}

// Help is the detail of `joinline help demo`.
func (demoCommand) Help() string {
	return "Everything stays on this machine: both addresses must be of 127.0.0.1, because the portal's controls (/_portal/) have no lock."
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
		} else if host != "localhost" && host != "127.0.0.1" { // where the names *.localhost lead
			problems = append(problems, fmt.Errorf("%s %q: the demo runs on this machine only, give 127.0.0.1 and a port, like 127.0.0.1:8080", a.flag, a.address))
		}
	}
	return errors.Join(problems...)
}

func (c demoCommand) Run(ctx context.Context, p Program) error {
	level := slog.LevelWarn
	log := newLogger(p.Stderr, "text", level)
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
	d, err := newDemo(ctx, c, dir, portOf(app), portOf(portal), p.Static, log)
	if err != nil {
		return err
	}
	defer d.close()

	served := make(chan error, 1)
	go func() {
		served <- serveAll(ctx, log, usualPatience, service{app, mirror{d, d.true, d.mirrored}}, service{portal, d.portal})
	}()
	err = d.prepare(ctx, c.Fresh)
	if err == nil {
		err = d.announce(p.Stdout, c.JSON)
	}
	if err != nil {
		cancel()
		return errors.Join(err, <-served)
	}
	// What the last requests change is kept, too.
	keeping, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	defer stopKeeping()
	kept := make(chan error, 1)
	go func() { kept <- d.keeper.run(keeping, log) }()
	err = <-served
	stopKeeping()
	return errors.Join(err, <-kept)
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

func portOf(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// demo is a simulated portal and the Joinline that is registered on it. It
// serves Joinline: in life the keys that the portal hands out are typed into
// Joinline's settings, here they are taken over by themselves.
type demo struct {
	dir         string
	true        addresses
	mirrored    addresses // of the same, for browsers that do not resolve *.localhost
	portal      *bitrixtest.Portal
	keeper      *keeper // nil where nothing is to be kept
	static      fs.FS
	log         *slog.Logger
	ctx         context.Context // ends with the program
	mu          sync.Mutex      // guards current and credentials
	current     *site
	credentials bitrixtest.Credentials
}

func newDemo(ctx context.Context, c demoCommand, dir, appPort, portalPort string, static fs.FS, log *slog.Logger) (*demo, error) {
	d := &demo{
		ctx:  ctx,
		dir:  dir,
		true: addresses{portal: origin("portal.localhost", portalPort), app: origin("joinline.localhost", appPort)},
		// Two sites as well: localhost and 127.0.0.1 share no cookies.
		mirrored: addresses{portal: origin("localhost", portalPort), app: origin("127.0.0.1", appPort)},
		static:   static,
		log:      log,
	}
	d.portal = bitrixtest.New(bitrixtest.Options{
		URL:     d.true.portal,
		AuthURL: origin("oauth.localhost", portalPort),
		Staff:   c.People,
		Log:     log,
		Mirror:  bitrixtest.Mirror{Portal: d.mirrored.portal, App: d.true.app, AppMirror: d.mirrored.app},
		Control: true,
	})
	if c.Data == "" {
		return d, nil
	}
	d.keeper = &keeper{path: filepath.Join(dir, "portal.json"), save: d.portal.Save}
	f, err := os.Open(d.keeper.path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	defer f.Close()
	if err := d.portal.Load(f); err != nil {
		return nil, fmt.Errorf("--data: %s does not hold a portal of this version (%w): name another folder, or delete this one to begin anew", d.keeper.path, err)
	}
	return d, nil
}

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
		fmt.Fprintf(w, "Joinline runs, but it is not registered on the simulated portal yet.\nRegister a local application at %s/devops/ with\n  handler path       %s/app\n  installation path  %s/install\n", d.portal.URL(), d.true.app, d.true.app)
	default:
		s.handler.ServeHTTP(w, r)
	}
}

// site returns the Joinline of the present registration, nil where there never
// was one: one that was deleted still hears so. Registering anew on the portal
// gives new keys, so it is put together again when they change.
func (d *demo) site() (*site, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	registered, ok := d.portal.Registered(d.true.app)
	if !ok || d.current != nil && registered == d.credentials {
		return d.current, nil
	}
	if d.current != nil {
		d.current.close()
		d.current = nil
	}
	s, err := open(d.ctx, d.config(registered), d.static, d.log, bitrixtest.HTTPClient())
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
		"JOINLINE_PUBLIC_URL":    d.true.app,
		"JOINLINE_DATA":          d.dir,
		"JOINLINE_AUTH_SERVER":   d.portal.AuthURL(),
	}
	cfg, err := app.ParseConfig(func(name string) string { return env[name] })
	if err != nil {
		panic(err) // the demo's own settings are wrong: a mistake in this file
	}
	return cfg
}

// prepare registers Joinline, where that is not done yet, and installs it. A
// portal and a Joinline that come from the folder of --data may have got other
// addresses since: installing again tells them to each other, and changes
// nothing where they are the same.
func (d *demo) prepare(ctx context.Context, fresh bool) error {
	c, registered := d.portal.Registered(d.true.app)
	switch {
	case registered && fresh && !d.portal.Installed(c.ClientID), !registered && fresh:
		return d.keeper.keep()
	case !registered:
		c = d.portal.Register(bitrixtest.App{
			Name:       "Joinline",
			Names:      map[string]string{"en": "Joinline", "ru": "Joinline"},
			HandlerURL: d.true.app + "/app",
			InstallURL: d.true.app + "/install",
			Scopes:     demoScopes,
		})
	}
	if err := d.install(ctx, c.ClientID); err != nil {
		return fmt.Errorf("installing Joinline on the simulated portal: %w", err)
	}
	return d.keeper.keep()
}

// install does what the administrator's browser does: it opens the
// installation page, which then tells the portal that it is done.
func (d *demo) install(ctx context.Context, clientID string) error {
	launch := d.portal.Launch(clientID, demoAdmin, "DEFAULT", "")
	page, query, _ := strings.Cut(launch.URL, "?")
	if d.portal.Installed(clientID) { // then the portal opens the main page
		page = d.true.app + "/install"
	}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, page+"?"+query, strings.NewReader(launch.Form.Encode()))
	if err != nil {
		return err
	}
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := bitrixtest.HTTPClient().Do(post)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("its installation page answered %s", resp.Status)
	}
	return d.portal.FinishInstall(clientID)
}

// announce prints where to go.
func (d *demo) announce(w io.Writer, asJSON bool) error {
	const card = "/crm/deal/details/77/"
	local := strings.Replace(d.mirrored.portal, "localhost", "127.0.0.1", 1)
	webhook := strings.Replace(d.portal.Webhook(demoAdmin), d.true.portal, local, 1)
	registered, ok := d.portal.Registered(d.true.app)
	if err := d.keeper.keep(); err != nil { // what is announced has to last
		return err
	}
	if asJSON {
		return json.NewEncoder(w).Encode(struct {
			Portal       string `json:"portal"`
			App          string `json:"app"`
			Card         string `json:"card"`
			Webhook      string `json:"webhook"`
			ClientID     string `json:"client_id"`
			ClientSecret string `json:"client_secret"`
			MemberID     string `json:"member_id"`
		}{d.true.portal, d.true.app, d.true.portal + card, webhook, registered.ClientID, registered.ClientSecret, d.portal.MemberID()})
	}
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	pages := func(of addresses) string {
		if !ok {
			return "    " + of.portal + "/devops/"
		}
		return "    " + of.portal + card + "\n    " + of.app + "/card/deal/77  (the same outside of the portal)"
	}
	say("Joinline and a simulated portal are running on this machine.\n")
	if ok {
		say("Open the card of a deal, sign in as anybody, and choose the tab “Colleagues in chat”:\n")
	} else {
		say("Sign in as an administrator, and register Joinline under Developer resources:\n")
	}
	say("%s\n\nIf your browser does not find *.localhost addresses, open this instead:\n\n%s\n", pages(d.true), pages(d.mirrored))
	if !ok {
		say("Type into the form, whichever you opened:\n")
		say("    Your handler path          %s/app", d.true.app)
		say("    Initial installation path  %s/install", d.true.app)
		say("    Menu item name             Joinline")
		say("    Access permissions         %s\n", strings.Join(demoScopes, ", "))
		say("Save, then open the application: it installs itself. Here Joinline learns its keys by")
		say("itself; in life you type them into its settings.\n")
	}
	say("The portal's controls and its state:  %s/_portal/", local)
	say("An inbound webhook of its administrator:  %s\n", webhook)
	say("Ctrl-C ends both.")
	_, err := io.WriteString(w, b.String())
	return err
}

func (d *demo) close() {
	d.portal.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current != nil {
		d.current.close()
	}
}
