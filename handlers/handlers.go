// Package handlers is the outside of Joinline: its URLs, cookies, forms and
// statuses. A handler reads a request, asks package app one question and shows
// the answer; it knows no SQL and makes no call to a portal. What is shown
// lives in package views, and how it got there in the builders beside the
// handlers, which are pure.
package handlers

import (
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"

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
	// Static holds the files of the folder static.
	Static fs.FS
	Log    *slog.Logger
	// DemoFrameOrigins may frame our pages beside the portal that was proven.
	// It is for the mirrored addresses of the demonstration on one machine.
	DemoFrameOrigins []string
}

// server is what the handlers share.
type server struct {
	app      *app.App
	log      *slog.Logger
	public   string
	demo     []string
	assets   assets
	seals    seals
	sessions sessions.Store
}

// New returns all pages of Joinline. It panics when Static cannot be read,
// which an embedded folder always can.
func New(cfg Config) http.Handler {
	s := &server{
		app: cfg.App, log: cfg.Log, public: cfg.PublicURL, demo: cfg.DemoFrameOrigins,
		assets: newAssets(cfg.Static), seals: newSeals(cfg.Key), sessions: newSessions(cfg.Key),
	}
	e := echo.New()
	e.HTTPErrorHandler = s.fail
	e.Use(
		middleware.GzipWithConfig(middleware.GzipConfig{Level: 5, MinLength: 512, Skipper: precompressed}),
		s.observe, s.headers, recoverPanic, s.crossOrigin(),
	)
	s.routes(e)
	return e
}

// routes is the one list of all addresses.
func (s *server) routes(e *echo.Echo) {
	// The portal posts these, so they come from another site.
	e.POST("/app", s.open)
	e.POST("/install", s.install)
	e.POST("/events", s.event)

	// Our own pages post these.
	e.POST("/app/again", s.openAgain)
	e.POST("/install/again", s.installAgain)
	e.POST("/card", s.card)
	e.POST("/card/chats", s.chats)
	e.POST("/card/find", s.find)
	e.POST("/card/add", s.add)
	e.POST("/visit", s.renew)
	e.POST("/oauth/start", s.startSignIn)

	// People come here by an address.
	e.GET("/", s.outside)
	e.GET("/app", s.outside)
	e.GET("/card/:type/:id", s.openItem)
	e.GET("/static/:version/:file", s.asset)
	e.GET("/healthz", s.health)
}

// fromPortal are the requests that come from another site by nature. None
// trusts a cookie: what they carry is proven at the portal instead.
var fromPortal = []string{"POST /app", "POST /install", "POST /events"}

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

func (s *server) health(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }
