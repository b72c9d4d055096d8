package bitrix

import (
	"context"
	"fmt"
	"io"
	"net/http"
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
	gates   map[string]*gate   // guarded by mu; by the portal's origin
	refused map[Secret]error   // guarded by mu; refresh tokens that are no longer good
	renewed map[Secret]renewal // guarded by mu; what a spent refresh token was traded for
	flights singleflight.Group // renewals under way
}

// Format writes the client id only. The rest holds tokens in fields that fmt
// would print as they are.
func (a *Application) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "bitrix.Application(%s)", a.ClientID)
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

// secrets returns what of t must not be seen in the words of a server.
func (t Token) secrets() []Secret { return []Secret{t.Access, t.Refresh} }

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
func StaticToken(t Token) TokenSource { return &staticToken{sealed(t)} }

type staticToken struct{ token func() Token }

// Format hides the pair.
func (s *staticToken) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

func (s *staticToken) Token(context.Context) (Token, error) { return s.token(), nil }

func (s *staticToken) Renew(context.Context, Token) (Token, error) { return Token{}, ErrExpiredToken }

// sealed keeps a token in a function, which fmt prints as an address wherever it
// finds it; in an unexported field it would print the text of a Secret.
func sealed(t Token) func() Token { return func() Token { return t } }

// Renewing returns a source that starts with t and refreshes it when it has
// expired. However many sources of this Application hold the same pair, it is
// refreshed once: the others wait for that one refresh, or leave when their
// context ends, and the refresh goes on. The rotated pair goes to save before
// it is used; when save fails, so does the call, and the pair is kept to be
// saved at the next attempt. A refused refresh token ([ErrInvalidGrant]) is
// remembered and not presented again. A nil save stores nothing.
func (a *Application) Renewing(t Token, save Saver) TokenSource {
	return &renewing{app: a, save: save, token: sealed(t)}
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
