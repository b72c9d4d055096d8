package handlers

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
)

// The keys of the request log. Paths are logged as route patterns and queries
// never: they carry codes and states.
const (
	keyRequest  = "request_id"
	keyMethod   = "method"
	keyRoute    = "route"
	keyStatus   = "status"
	keyDuration = "duration"
	keyError    = "error"
)

// observe gives every request its scene and its id, and logs how it ended.
func (s *server) observe(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		begun := time.Now()
		at := newScene(c.Request(), strings.ToLower(rand.Text()[:12]))
		c.Set(sceneKey, at)
		defer s.leaveDesk(at)
		c.Response().Header().Set(echo.HeaderXRequestID, at.request)
		err := next(c)
		if err != nil {
			c.Error(err)
		}
		level := slog.LevelInfo
		if c.Response().Status >= http.StatusInternalServerError {
			level = slog.LevelError
		}
		attrs := []slog.Attr{
			slog.String(keyRequest, at.request), slog.String(keyMethod, c.Request().Method),
			slog.String(keyRoute, c.Path()), slog.Int(keyStatus, c.Response().Status),
			slog.Duration(keyDuration, time.Since(begun)),
		}
		if at.visit.Member != "" {
			attrs = append(attrs, slog.String(app.KeyMember, string(at.visit.Member)), slog.Int64(app.KeyUser, int64(at.visit.Viewer)))
		}
		if err != nil {
			attrs = append(attrs, slog.String(keyError, err.Error()))
		}
		s.log.LogAttrs(c.Request().Context(), level, "request", attrs...)
		return nil
	}
}

// headers sets what every answer carries. Pages replace the policy by their own.
func (s *server) headers(next echo.HandlerFunc) echo.HandlerFunc {
	secure := strings.HasPrefix(s.public, "https://")
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set(echo.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'")
		h.Set(echo.HeaderXContentTypeOptions, "nosniff")
		// Not no-referrer: it would turn the Origin of our own forms into null.
		h.Set(echo.HeaderReferrerPolicy, "same-origin")
		h.Set("Permissions-Policy", "autoplay=(), camera=(), display-capture=(), fullscreen=(), geolocation=(), microphone=(), payment=(), usb=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set(echo.HeaderCacheControl, "no-store")
		if secure {
			h.Set(echo.HeaderStrictTransportSecurity, "max-age=31536000")
		}
		return next(c)
	}
}

// plainBodies refuses packed bodies: nobody posts any, and a small one could
// unpack to a large one.
func plainBodies(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if packing := c.Request().Header.Get(echo.HeaderContentEncoding); packing != "" && packing != "identity" {
			return echo.ErrUnsupportedMediaType
		}
		return next(c)
	}
}

// recoverPanic turns a panic into an error: a calm page for the person, the
// stack for the log.
func recoverPanic(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch p := recover(); {
			case p == nil:
			case isAbort(p):
				panic(p)
			default:
				err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		return next(c)
	}
}

func isAbort(p any) bool {
	err, ok := p.(error)
	return ok && errors.Is(err, http.ErrAbortHandler)
}
