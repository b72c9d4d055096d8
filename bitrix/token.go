package bitrix

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// Application is one local application as it was registered on a portal. Fill
// in the exported fields before first use and do not change them afterwards;
// then it is safe for concurrent use. It must not be copied.
//
// All clients of one Application share its limiters, its connections and its
// memory of refreshes, so make one per process.
type Application struct {
	ClientID     string
	ClientSecret Secret

	// AuthServers lists the origins of the authorisation servers that may see
	// the client secret, the first one being the default. Empty means
	// [DefaultAuthServers].
	AuthServers []string

	// HTTPClient carries all requests; nil means one with sane time limits.
	// Its redirect policy and cookie jar are not used.
	HTTPClient *http.Client

	// UserAgent names the program to the portal, "name/version".
	UserAgent string

	// Limit is the portal's leaky bucket; zero means 2 per second, burst 50.
	Limit Limit

	// Timeouts bound a single attempt; zero means 15 s for reads, 65 s for writes.
	Timeouts Timeouts

	mu      sync.Mutex
	http    *http.Client       // guarded by mu
	gates   map[string]*gate   // guarded by mu; by host
	refused map[Secret]error   // guarded by mu; refresh tokens that are no longer good
	renewed map[Secret]renewal // guarded by mu; what a spent refresh token was traded for
	flights singleflight.Group // refreshes under way, by refresh token
}

// renewal is the pair that a refresh token was traded for. It is kept because
// sources that still hold the old pair need the new one, and because a pair
// that could not be saved must not be lost.
type renewal struct {
	token Token
	saved bool
}

// Limit is how fast a portal may be asked.
type Limit struct {
	PerSecond float64
	Burst     int
}

// Timeouts bound one attempt of a call.
type Timeouts struct{ Read, Write time.Duration }

// DefaultAuthServers returns the two public authorisation servers of Bitrix24.
func DefaultAuthServers() []string {
	return []string{"https://oauth.bitrix.info", "https://oauth.bitrix24.tech"}
}

// Token is what one person gives the application: an access token for about an
// hour and a refresh token that is replaced whenever it is used.
type Token struct {
	Access, Refresh Secret
	Expiry          time.Time // of the access token; zero when not known
	Endpoint        string    // the portal's REST address, ends with a slash
	Server          string    // origin of its authorisation server; may be empty
	MemberID        MemberID
	UserID          UserID // zero when not known
	Scope           []string
}

// TokenSource yields the tokens of one person on one portal. Implementations
// are safe for concurrent use.
type TokenSource interface {
	// Token returns the token to use now.
	Token(ctx context.Context) (Token, error)

	// Renew is called when the portal refused stale as expired. It returns a
	// token that differs from stale, or an error.
	Renew(ctx context.Context, stale Token) (Token, error)
}

// Saver stores a rotated pair. It is called before the new token is first
// used, and not again for the same pair once it has returned nil.
type Saver func(ctx context.Context, old, renewed Token) error

// StaticToken returns a source that always yields t. When t expires, calls
// fail with [ErrExpiredToken].
func StaticToken(t Token) TokenSource { return staticToken{t} }

type staticToken struct{ t Token }

func (s staticToken) Token(context.Context) (Token, error) { return s.t, nil }

func (s staticToken) Renew(context.Context, Token) (Token, error) { return Token{}, ErrExpiredToken }

// Renewing returns a source that starts with t and refreshes it when it has
// expired. However many sources of this Application hold the same pair, it is
// refreshed once: the others wait for that one refresh, or leave when their
// context ends, and the refresh goes on. The rotated pair goes to save before
// it is used; when save fails, so does the call, and the pair is kept to be
// saved at the next attempt. A refused refresh token ([ErrInvalidGrant]) is
// remembered and not presented again. A nil save stores nothing.
func (a *Application) Renewing(t Token, save Saver) TokenSource {
	return &renewing{app: a, save: save, token: t}
}

// Grant is what the authorisation server knows about an access token.
type Grant struct {
	ClientID string
	MemberID MemberID
	Endpoint string // the genuine REST address of the portal, ends with a slash
	Server   string // origin of the authorisation server that said so
	UserID   UserID
	Scope    []string
	Expiry   time.Time // zero when not told
	Status   string    // "L" for a local application
}

// AuthorizeURL returns the page of the portal on which a person lets the
// application act for them. The portal, an origin or a REST address, sends the
// browser back to the registered handler with a code and the same state. The
// answer is empty when portal is no absolute http or https address.
// See https://apidocs.bitrix24.com/settings/oauth/index.html
func (a *Application) AuthorizeURL(portal, state string) string {
	o := origin(portal)
	if o == "" {
		return ""
	}
	return o + "/oauth/authorize/?" + url.Values{"client_id": {a.ClientID}, "state": {state}}.Encode()
}

// Exchange trades the code of an authorisation for tokens, once, within 30
// seconds. Server is the server_domain of the redirect, or empty for the
// default; [ErrUntrustedServer] when it is not listed. A used or old code
// gives [ErrInvalidGrant].
func (a *Application) Exchange(ctx context.Context, server, code string) (Token, error) {
	return a.trade(ctx, server, url.Values{"grant_type": {"authorization_code"}, "code": {code}})
}

// Refresh trades the refresh token of t for a new pair, once, without retry.
// The old pair is then void, so save the new one first of all: most callers
// want [Application.Renewing]. Errors to test for are [ErrInvalidGrant],
// [ErrInvalidClient], [ErrAppRemoved], [ErrUntrustedServer], [ErrForeignToken]
// and [ErrUnreachable]; after the last it is open whether the pair was rotated.
func (a *Application) Refresh(ctx context.Context, t Token) (Token, error) {
	if t.Refresh == "" {
		return Token{}, &Error{Method: "token", Code: "invalid_grant", Description: "there is no refresh token"}
	}
	renewed, err := a.trade(ctx, t.Server, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.Refresh.Reveal()}})
	if err != nil {
		return Token{}, err
	}
	if t.MemberID != "" && renewed.MemberID != t.MemberID || t.UserID != 0 && renewed.UserID != 0 && renewed.UserID != t.UserID {
		return Token{}, ErrForeignToken
	}
	if renewed.UserID == 0 {
		renewed.UserID = t.UserID
	}
	return renewed, nil
}

// Inspect asks an authorisation server (app.info) what a presented access token
// is. It is the only proof of the portal and person behind a launch. Server is
// an origin or address of a listed server, or empty for the default, otherwise
// [ErrUntrustedServer]. A token of another application gives [ErrForeignToken],
// an unknown one [ErrNoAuth], an old one [ErrExpiredToken].
func (a *Application) Inspect(ctx context.Context, server string, access Secret) (Grant, error) {
	at, err := a.server(server)
	if err != nil {
		return Grant{}, err
	}
	if access == "" {
		return Grant{}, ErrNoToken
	}
	var info wireInfo
	if err := a.ask(ctx, at+"/rest/app.info", "app.info", url.Values{"auth": {access.Reveal()}}, func(body []byte, status int) error {
		answer, err := decodeAnswer("app.info", status, body)
		if err != nil {
			return err
		}
		return decodeResult(answer.result, &info)
	}); err != nil {
		return Grant{}, err
	}
	g := info.grant(at)
	switch {
	case g.ClientID != a.ClientID:
		return Grant{}, ErrForeignToken
	case g.MemberID == "" || g.Endpoint == "":
		return Grant{}, fmt.Errorf("app.info: %w: the answer names no portal", ErrUnreachable)
	}
	return g, nil
}
