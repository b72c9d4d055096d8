// Package handlers is the outside of Joinline: its URLs, cookies, forms and
// statuses. A handler reads a request, asks package app one question and shows
// the answer; it knows no SQL and makes no call to a portal. What is shown
// lives in package views, and how it got there in the builders beside the
// handlers, which are pure.
package handlers

import (
	"context"
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/joinline/joinline/app"
)

// Config is what the pages need. All fields but the last are required.
type Config struct {
	App *app.App
	// PublicURL is the origin under which browsers reach us.
	PublicURL string
	// Key is the master secret; the keys that seal visits derive from it.
	Key app.Key
	// OlderKeys are master secrets of before: what they sealed is still opened.
	OlderKeys []app.Key
	// Static holds the files of the folder static.
	Static fs.FS
	Log    *slog.Logger
	// Limits bound what one caller may ask; zero means the usual ones.
	Limits Limits
	// TrustedProxies stand before Joinline and say whose requests they pass on
	// in X-Forwarded-For. Nobody else is believed.
	TrustedProxies []netip.Prefix
	// Now is the clock by which visits end and callers wait; nil means time.Now.
	Now func() time.Time
}

// server is what the handlers share.
type server struct {
	app      *app.App
	log      *slog.Logger
	public   string
	assets   assets
	seals    seals
	sessions sessions.Store
	limits   *limits
	now      func() time.Time
}

// New returns all pages of Joinline. It panics when Static cannot be read,
// which an embedded folder always can.
func New(cfg Config) http.Handler {
	s := &server{
		app: cfg.App, log: cfg.Log, public: cfg.PublicURL,
		assets: newAssets(cfg.Static), seals: newSeals(cfg.Key, cfg.OlderKeys...), sessions: newSessions(cfg.Key, cfg.OlderKeys...), now: cfg.Now,
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.limits = newLimits(cfg.Limits, cfg.TrustedProxies, s.now)
	e := echo.New()
	e.HTTPErrorHandler = s.fail
	e.Use(
		middleware.GzipWithConfig(middleware.GzipConfig{Level: 5, MinLength: 512, Skipper: precompressed}),
		s.observe, s.headers, recoverPanic, s.crossOrigin(), s.perAddress, plainBodies,
	)
	s.routes(e)
	return e
}

// routes is the one list of all addresses.
func (s *server) routes(e *echo.Echo) {
	// The portal's page posts these, so they come from another site.
	e.POST("/app", s.open)
	e.POST("/install", s.install)

	// The portal's server posts this.
	e.POST("/events", s.event)

	// Our own pages post these.
	e.POST("/app/again", s.openAgain)
	e.POST("/install/again", s.installAgain)
	e.POST("/card", s.card)
	e.POST("/card/chats", s.chats)
	e.POST("/card/find", s.find)
	e.POST("/card/suggest", s.suggest)
	e.POST("/card/list", s.list)
	e.POST("/card/take", s.take)
	e.POST("/card/squads", s.squads)
	e.POST("/card/presence", s.presence)
	e.POST("/card/add", s.add)
	e.POST("/card/add/one", s.askOne)
	e.POST("/card/add/settle", s.settle)
	e.POST("/card/add/tell", s.tell)
	e.POST("/card/journal", s.past)
	e.POST("/card/remove", s.remove)
	e.POST("/card/join", s.join)
	e.POST("/card/observe", s.makeObserver)
	e.POST("/card/dialog", s.startDialog)
	e.POST("/card/ask", s.ask)
	e.POST("/card/wish", s.wish)
	e.POST("/card/unwish", s.unwish)
	e.POST("/home", s.welcome)
	e.POST("/home/journal", s.journal)
	e.POST("/home/journal/export", s.export)
	e.POST("/home/squads", s.homeSquads)
	e.POST("/home/policy", s.policy)
	e.POST("/home/policy/save", s.savePolicy)
	e.POST("/home/settings", s.settings)
	e.POST("/home/settings/save", s.saveSettings)
	e.POST("/home/health", s.health)
	e.POST("/home/health/check", s.examine)
	e.POST("/home/health/repair", s.repair)
	e.POST("/home/health/takeover", s.takeover)
	e.POST("/visit", s.renew)
	e.POST("/oauth/start", s.startSignIn)

	// People come here by an address.
	both := []string{http.MethodGet, http.MethodHead} // monitors ask by HEAD
	e.Match(both, "/", s.outside)
	e.GET("/app", s.outside)
	e.GET("/install", s.outside)
	e.GET("/card/:type/:id", s.openItem)
	e.GET("/static/:version/:file", s.asset)
	e.Match(both, "/healthz", s.alive)
	e.Match(both, "/readyz", s.ready)
}

// fromPortal are the requests that browsers make from another site by nature.
// None trusts a cookie: what they carry is proven at the portal instead. Events
// are not among them, because servers say nothing of sites.
var fromPortal = []string{"POST /app", "POST /install"}

// crossOrigin refuses writes that other sites make in a person's browser.
func (s *server) crossOrigin() echo.MiddlewareFunc {
	check := http.NewCrossOriginProtection()
	for _, pattern := range fromPortal {
		check.AddInsecureBypassPattern(pattern)
	}
	if u, err := url.Parse(s.public); err == nil && u.Host != "" {
		// A proxy may reach us under another Host.
		_ = check.AddTrustedOrigin(u.Scheme + "://" + u.Host)
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if check.Check(c.Request()) != nil {
				return errCrossSite
			}
			return next(c)
		}
	}
}

// alive tells that the process is alive.
func (s *server) alive(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// ready tells whether it can work. The cause of a failure goes into the log:
// anybody may ask.
func (s *server) ready(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), readyLimit)
	defer cancel()
	if err := s.app.Ready(ctx); err != nil {
		s.log.ErrorContext(ctx, "not ready", keyRequest, sceneOf(c).request, keyError, err.Error())
		return c.String(http.StatusServiceUnavailable, "the database does not answer\n")
	}
	return c.String(http.StatusOK, "ready\n")
}

// readyLimit is how long the database may take to answer.
const readyLimit = 3 * time.Second
