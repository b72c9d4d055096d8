package bitrixtest

import (
	"cmp"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Options are the settings of a portal. The zero value of each has a default.
type Options struct {
	// URL is the origin of the portal, "http://portal.localhost:8090".
	URL string
	// AuthURL is the origin of its authorisation server, which the portal
	// serves too when a request names its host.
	AuthURL string
	// Auth is the authorisation server; portals may share one. Nil makes one.
	Auth *AuthServer
	// MemberID names the portal for ever; 32 hex digits.
	MemberID string
	// Language of the portal and of its people: en, de, ru ….
	Language string
	// Staff is how many generated people work here beside the small world.
	Staff int
	// Now is the clock.
	Now func() time.Time
	// Log gets what the portal does on its own: event deliveries. Nil is silent.
	Log *slog.Logger
	// Mirror serves browsers that do not resolve *.localhost.
	Mirror Mirror
	// Control serves /_portal/, for loopback callers only.
	Control bool
}

// Mirror is a second pair of addresses of the same portal and application.
// A page opened under Portal opens frames whose handler begins with App at
// AppMirror instead. All three are origins.
type Mirror struct {
	Portal, App, AppMirror string
}

// Portal is a simulated Bitrix24 portal. It is an [http.Handler] that serves
// the REST API, the authorisation server (chosen by Host), pages for people
// and, where switched on, the controls under /_portal/. It is safe for
// concurrent use.
type Portal struct {
	options Options
	auth    *AuthServer
	methods map[string]method
	pages   *pages
	// controls serves /_portal/.
	controls http.Handler

	closing sync.Once
	closed  chan struct{} // by Close

	mu           sync.Mutex // guards everything below
	url          *url.URL
	formerURLs   []*url.URL // addresses the portal had before; they redirect
	world        *World
	nextApp      int
	apps         map[string]*application // by client id
	webhooks     map[string]*webhook     // by secret
	placements   []*Placement
	handlers     []*EventHandler
	nextBind     int
	signIns      map[string]int // user by sign-in cookie
	faults       []*fault
	requests     []*Request
	requestCount int
	switches     Switches
	buckets      map[string]*bucket
	operating    map[operatingKey]*operatingCounter
	outbox       outbox
}

// Switches change how the whole portal behaves.
type Switches struct {
	// Old makes the portal answer like portals of 2021 to 2024.
	Old bool `json:"old"`
	// Language of localised texts.
	Language string `json:"language"`
	// OmitApplicationToken leaves APPLICATION_TOKEN, APPLICATION_SCOPE and
	// SERVER_ENDPOINT out of launches.
	OmitApplicationToken bool `json:"omit_application_token"`
	// TokenProxy serves /oauth/token/ on the portal's own host.
	TokenProxy bool `json:"token_proxy"`
	// ReusableRefresh leaves a traded refresh token, and its access token, good
	// until they expire: whether a portal does is not documented.
	ReusableRefresh bool `json:"reusable_refresh"`
	// Commercial is off on a plan without REST.
	Commercial bool `json:"commercial"`
	// Overloaded blocks the whole REST API.
	Overloaded bool `json:"overloaded"`
	// RequireHTTPS refuses plain http as the cloud does.
	RequireHTTPS bool `json:"require_https"`
	// Messenger is off where the module im is not installed.
	Messenger bool `json:"messenger"`
	// AuthServerDown: the portal cannot reach the authorisation server.
	AuthServerDown bool `json:"auth_server_down"`
	// Rate and Burst are the leaky bucket per IP address; Burst 0 is no limit.
	Rate  float64 `json:"rate"`
	Burst float64 `json:"burst"`
	// OperatingLimit is the time one method of one application may use in ten
	// minutes; 0 is no limit.
	OperatingLimit time.Duration `json:"operating_limit"`
}

// New makes a portal with the small world of people, deals and chats. It
// serves nothing until it is mounted as a handler. Call Close when done.
func New(o Options) *Portal {
	o.URL = cmp.Or(o.URL, "http://portal.localhost:8090")
	o.AuthURL = cmp.Or(o.AuthURL, "http://oauth.localhost:8090")
	o.MemberID = cmp.Or(o.MemberID, "c3f1a90be27d4485b6ce0d1f8a72e934")
	o.Language = cmp.Or(o.Language, "en")
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Auth == nil {
		o.Auth = NewAuthServer(o.AuthURL, o.Now)
	}
	u, err := url.Parse(o.URL)
	if err != nil {
		panic("bitrixtest: the URL of the portal: " + err.Error())
	}
	p := &Portal{
		options: o, auth: o.Auth, methods: allMethods(), url: u,
		closed: make(chan struct{}),
		apps:   map[string]*application{}, webhooks: map[string]*webhook{}, signIns: map[string]int{},
		buckets: map[string]*bucket{}, operating: map[operatingKey]*operatingCounter{},
		switches: Switches{Language: o.Language, TokenProxy: true, Commercial: true, Messenger: true, Rate: 2, Burst: 50, OperatingLimit: 480 * time.Second},
	}
	p.world = newWorld(o.Now, o.Language)
	smallWorld(p.world)
	generateStaff(p.world, o.Staff)
	p.world.fire = p.fire
	p.pages, p.controls = newPages(p), newControls(p)
	p.auth.add(p)
	return p
}

// Close ends the delivery of events and all delayed answers.
func (p *Portal) Close() {
	p.closing.Do(func() { close(p.closed) })
	p.outbox.close()
}

// Do changes the world under the portal's lock. It must not call methods of
// the portal.
func (p *Portal) Do(change func(w *World)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p.world)
}

// ServeHTTP serves the portal and, by the Host of the request, its
// authorisation server.
func (p *Portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if hostOf(p.auth.url) == strings.ToLower(r.Host) {
		p.auth.ServeHTTP(w, r)
		return
	}
	if p.redirectFormer(w, r) {
		return
	}
	switch path := r.URL.Path; {
	case path == "/rest" || strings.HasPrefix(strings.TrimLeft(path, "/"), "rest/"):
		p.serveREST(w, r)
	case strings.Trim(path, "/") == "oauth/token":
		p.serveTokenProxy(w, r)
	case strings.HasPrefix(path, "/_portal/"):
		p.serveControl(w, r)
	default:
		p.pages.ServeHTTP(w, r)
	}
}

// redirectFormer answers requests to an address the portal had before.
func (p *Portal) redirectFormer(w http.ResponseWriter, r *http.Request) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, former := range p.formerURLs {
		if strings.EqualFold(former.Host, r.Host) {
			http.Redirect(w, r, p.url.String()+r.URL.RequestURI(), http.StatusFound)
			return true
		}
	}
	return false
}

// URL is the origin of the portal.
func (p *Portal) URL() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.url.String()
}

// AuthURL is the origin of the authorisation server.
func (p *Portal) AuthURL() string { return p.auth.url }

// Auth is the authorisation server.
func (p *Portal) Auth() *AuthServer { return p.auth }

// RESTURL is the client endpoint: the address that method names are appended to.
func (p *Portal) RESTURL() string { return p.URL() + "/rest/" }

// MemberID names the portal; it outlives changes of the domain.
func (p *Portal) MemberID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.options.MemberID
}

// Domain is the host of the portal, with its port.
func (p *Portal) Domain() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.url.Host
}

// SetURL gives the portal a new address. The old one answers 302 from now on.
func (p *Portal) SetURL(origin string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errBadOrigin
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.formerURLs = append(p.formerURLs, p.url)
	p.formerURLs = slices.DeleteFunc(p.formerURLs, func(f *url.URL) bool { return f.Host == u.Host })
	p.url = &url.URL{Scheme: u.Scheme, Host: u.Host}
	return nil
}

// SetOld makes the portal answer like portals of 2021 to 2024.
func (p *Portal) SetOld(old bool) { p.Switch(func(s *Switches) { s.Old = old }) }

// SetLimits sets the leaky bucket: rate requests per second drain from a
// bucket of burst. Burst 0 switches the limit off.
func (p *Portal) SetLimits(rate, burst float64) {
	p.Switch(func(s *Switches) { s.Rate, s.Burst = rate, burst })
}

// Switch changes the switches of the portal.
func (p *Portal) Switch(change func(s *Switches)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.switches)
	p.world.language = p.switches.Language
}

// Participants are the users in a chat in order of joining, the customer included.
func (p *Portal) Participants(chat int) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.world.Chats[chat]
	if c == nil {
		return nil
	}
	return c.participants()
}

// Messages are the messages of a chat, oldest first.
func (p *Portal) Messages(chat int) []Message {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.world.Chats[chat]
	if c == nil {
		return nil
	}
	messages := make([]Message, len(c.Messages))
	for i, m := range c.Messages {
		messages[i] = *m
	}
	return messages
}

// Notifications are the entries of a person's notification centre, oldest first.
func (p *Portal) Notifications(user int) []Notification {
	p.mu.Lock()
	defer p.mu.Unlock()
	var notifications []Notification
	for _, n := range p.world.Notifications {
		if n.User == user {
			notifications = append(notifications, *n)
		}
	}
	return notifications
}

// sortedKeys are the keys of a map in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

var errBadOrigin = errors.New("not an origin")

func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}
