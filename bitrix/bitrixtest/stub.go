package bitrixtest

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

var errBadOrigin = errors.New("not an origin")

func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// AuthServer is an authorisation server.
type AuthServer struct{ url string }

// NewAuthServer makes an authorisation server.
func NewAuthServer(url string, now func() time.Time) *AuthServer { return &AuthServer{url: url} }

func (a *AuthServer) add(p *Portal) {}

// ServeHTTP serves.
func (a *AuthServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {}

type fault struct{}
type bucket struct{}
type operatingKey struct{}
type operatingCounter struct{}
type outbox struct{}

func (o *outbox) close() {}

// Request is one request.
type Request struct{}

func (p *Portal) fire(event string, data map[string]any, user int) {}

func (p *Portal) serveREST(w http.ResponseWriter, r *http.Request)    {}
func (p *Portal) serveOAuth(w http.ResponseWriter, r *http.Request)   {}
func (p *Portal) serveControl(w http.ResponseWriter, r *http.Request) {}

// signedIn is the person whose sign-in cookie the request carries, or nil.
// The portal's lock must not be held.
func (p *Portal) signedIn(r *http.Request) *User { return nil }
