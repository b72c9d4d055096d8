package bitrixtest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"time"
)

// How long what the authorisation server hands out lives
// (https://apidocs.bitrix24.com/settings/oauth/index.html).
const (
	accessLife  = time.Hour
	refreshLife = 180 * 24 * time.Hour
	codeLife    = 30 * time.Second
)

// oauthToken is a pair of tokens of one person for one application. Trading the
// refresh token spends the pair; its access token is then expired, too.
type oauthToken struct {
	Access, Refresh string
	ClientID        string
	MemberID        string
	User            int
	Scopes          []string
	Expires         time.Time
	RefreshExpires  time.Time
	Spent           bool
}

// oauthCode is the code of an authorisation; it is good once.
type oauthCode struct {
	clientID, memberID string
	user               int
	expires            time.Time
}

// AuthServer is an authorisation server: it hands out tokens, trades refresh
// tokens and codes, and says what a token is (app.info). One may serve several
// portals. It is an [http.Handler], safe for concurrent use.
type AuthServer struct {
	url string
	now func() time.Time

	mu        sync.Mutex // guards everything below; a portal's lock may be held, never the other way round
	portals   map[string]*Portal
	byAccess  map[string]*oauthToken
	byRefresh map[string]*oauthToken
	codes     map[string]oauthCode
	removed   map[string]removedClient // applications that are no longer on their portal
	refreshes int
}

// removedClient is what is remembered of an application after its end.
type removedClient struct{ Secret, MemberID string }

// NewAuthServer makes an authorisation server at an origin, with the clock now.
func NewAuthServer(url string, now func() time.Time) *AuthServer {
	return &AuthServer{
		url: url, now: now, portals: map[string]*Portal{},
		byAccess: map[string]*oauthToken{}, byRefresh: map[string]*oauthToken{}, codes: map[string]oauthCode{},
		removed: map[string]removedClient{},
	}
}

func (a *AuthServer) add(p *Portal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.portals[p.options.MemberID] = p
}

func (a *AuthServer) portal(memberID string) *Portal {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.portals[memberID]
}

// portalOf is the portal on which an application is registered: the keys of a
// local application work on one portal only.
func (a *AuthServer) portalOf(clientID string) (*Portal, application) {
	a.mu.Lock()
	portals := make([]*Portal, 0, len(a.portals))
	for _, p := range a.portals {
		portals = append(portals, p)
	}
	a.mu.Unlock()
	for _, p := range portals {
		p.mu.Lock()
		app := p.apps[clientID]
		if app != nil {
			found := *app
			p.mu.Unlock()
			return p, found
		}
		p.mu.Unlock()
	}
	return nil, application{}
}

// remove notes that an application was deleted from its portal.
func (a *AuthServer) remove(app *application, memberID string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.removed[app.ClientID] = removedClient{app.ClientSecret, memberID}
}

func (a *AuthServer) removedClient(clientID string) (removedClient, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, ok := a.removed[clientID]
	return c, ok
}

// Refreshes is how many refresh tokens were traded for new pairs.
func (a *AuthServer) Refreshes() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.refreshes
}

// issue makes a pair. The first eight digits of a token are its expiry.
func (a *AuthServer) issue(memberID, clientID string, user int, scopes []string) *oauthToken {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.issueLocked(memberID, clientID, user, scopes)
}

func (a *AuthServer) issueLocked(memberID, clientID string, user int, scopes []string) *oauthToken {
	now := a.now()
	t := &oauthToken{
		ClientID: clientID, MemberID: memberID, User: user, Scopes: slices.Clone(scopes),
		Expires: now.Add(accessLife), RefreshExpires: now.Add(refreshLife),
	}
	t.Access, t.Refresh = newTokenText(t.Expires), newTokenText(t.RefreshExpires)
	a.byAccess[t.Access], a.byRefresh[t.Refresh] = t, t
	return t
}

func newTokenText(expires time.Time) string {
	return fmt.Sprintf("%08x00", uint32(expires.Unix())) + randomHex(30)
}

// randomHex is 2n hexadecimal digits nobody can guess.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// randomText is n letters and digits nobody can guess.
func randomText(n int) string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	text := make([]byte, n)
	for i := range text {
		letter, _ := rand.Int(rand.Reader, big.NewInt(int64(len(alphabet)))) // never fails
		text[i] = alphabet[letter.Int64()]
	}
	return string(text)
}

// token is what is known of an access token.
func (a *AuthServer) token(access string) (oauthToken, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if t := a.byAccess[access]; t != nil && access != "" {
		return *t, true
	}
	return oauthToken{}, false
}

// expire makes access tokens old; keep tells which to leave alone.
func (a *AuthServer) expire(keep func(t *oauthToken) bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.byAccess {
		if !keep(t) {
			t.Expires = a.now().Add(-time.Second)
		}
	}
}
