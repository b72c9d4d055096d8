package bitrix

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// server returns the origin of a listed authorisation server. It may be named
// by an origin, an address or a host alone; empty is the first one listed.
func (a *Application) server(named string) (string, error) {
	listed := a.AuthServers
	if len(listed) == 0 {
		listed = DefaultAuthServers()
	}
	if named == "" {
		return origin(listed[0]), nil
	}
	for _, l := range listed {
		o := origin(l)
		if o == origin(named) || !strings.Contains(named, "/") && strings.EqualFold(o, origin(o[:strings.Index(o, ":")]+"://"+named)) {
			return o, nil
		}
	}
	return "", ErrUntrustedServer
}

// wireToken is the answer of the token endpoint. Its domain is that of the
// authorisation server and of no use.
type wireToken struct {
	Access    text     `json:"access_token"`
	Refresh   text     `json:"refresh_token"`
	Endpoint  text     `json:"client_endpoint"`
	Server    text     `json:"server_endpoint"`
	MemberID  text     `json:"member_id"`
	Scope     text     `json:"scope"`
	UserID    number   `json:"user_id"`
	Expires   unixTime `json:"expires"`
	ExpiresIn number   `json:"expires_in"`
}

// trade asks the token endpoint for a pair. The secrets travel in the body:
// addresses end up in logs.
func (a *Application) trade(ctx context.Context, server string, form url.Values) (Token, error) {
	at, err := a.server(server)
	if err != nil {
		return Token{}, err
	}
	form.Set("client_id", a.ClientID)
	form.Set("client_secret", a.ClientSecret.Reveal())
	var wire wireToken
	err = a.ask(ctx, at+"/oauth/token/", "token", form, func(body []byte, status int) error {
		return decodeToken(body, status, &wire)
	})
	if err != nil {
		return Token{}, err
	}
	t := Token{
		Access: Secret(wire.Access), Refresh: Secret(wire.Refresh), Expiry: wire.Expires.Time, Endpoint: string(wire.Endpoint),
		Server: at, MemberID: MemberID(wire.MemberID), UserID: UserID(wire.UserID), Scope: splitScope(string(wire.Scope)),
	}
	if t.Expiry.IsZero() && wire.ExpiresIn > 0 {
		t.Expiry = time.Now().Add(time.Duration(wire.ExpiresIn) * time.Second)
	}
	if t.Access == "" || t.Refresh == "" || t.MemberID == "" {
		return Token{}, fmt.Errorf("token: %w: the answer lacks a token or the portal", ErrUnreachable)
	}
	return t, nil
}

// ask makes one request to an authorisation server.
func (a *Application) ask(ctx context.Context, address, name string, form url.Values, decode func(body []byte, status int) error) error {
	target, err := url.Parse(address)
	if err != nil {
		return errors.New(name + ": the authorisation server has no usable address")
	}
	r, err := a.send(ctx, post{
		target: target, contentType: "application/x-www-form-urlencoded", body: []byte(form.Encode()),
		timeout: cmp.Or(a.Timeouts.Read, readTimeout),
	})
	if err != nil {
		return lostOr(name, err, true)
	}
	err = decode(r.body, r.status)
	var refusal *Error
	if errors.As(err, &refusal) && (refusal.Page || refusal.Status >= 500 && !errors.Is(err, ErrAppRemoved)) {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return err
}

// splitScope reads a list of scopes; events separate it by spaces in places.
func splitScope(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// wireInfo is app.info of the authorisation server.
type wireInfo struct {
	ClientID text   `json:"client_id"`
	Scope    text   `json:"scope"`
	Expires  text   `json:"expires"`
	UserID   number `json:"user_id"`
	Install  struct {
		Status   text `json:"status"`
		Endpoint text `json:"client_endpoint"`
		MemberID text `json:"member_id"`
	} `json:"install"`
}

func (w wireInfo) grant(server string) Grant {
	expiry, _ := time.Parse(time.RFC3339, string(w.Expires)) // zero when not told
	return Grant{
		ClientID: string(w.ClientID), MemberID: MemberID(w.Install.MemberID), Endpoint: string(w.Install.Endpoint), Server: server,
		UserID: UserID(w.UserID), Scope: splitScope(string(w.Scope)), Expiry: expiry, Status: string(w.Install.Status),
	}
}

// renewing is the source behind [Application.Renewing].
type renewing struct {
	app  *Application
	save Saver

	mu    sync.Mutex
	token Token // guarded by mu
}

func (r *renewing) Token(context.Context) (Token, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.token, nil
}

// refreshTimeout bounds a refresh that its caller no longer waits for.
const refreshTimeout = 30 * time.Second

// Renew trades the pair that stale belongs to, unless that has been done.
func (r *renewing) Renew(ctx context.Context, stale Token) (Token, error) {
	r.mu.Lock()
	held := r.token
	r.mu.Unlock()
	if held.Access != stale.Access {
		return held, nil
	}
	// The flight outlives its first caller: a rotated pair must be saved even
	// if nobody waits for it any more.
	flight := r.app.flights.DoChan(held.Refresh.Reveal(), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTimeout)
		defer cancel()
		return r.app.renew(ctx, held, r.save)
	})
	select {
	case <-ctx.Done():
		return Token{}, ctx.Err()
	case done := <-flight:
		if done.Err != nil {
			return Token{}, done.Err
		}
		renewed := done.Val.(Token)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.token.Access == stale.Access {
			r.token = renewed
		}
		return renewed, nil
	}
}

// renew refreshes and saves, or goes on where an earlier attempt stopped.
func (a *Application) renew(ctx context.Context, old Token, save Saver) (Token, error) {
	a.mu.Lock()
	refused, done := a.refused[old.Refresh], a.renewed[old.Refresh]
	a.mu.Unlock()
	if refused != nil {
		return Token{}, refused
	}
	if done.token.Access == "" {
		t, err := a.Refresh(ctx, old)
		if err != nil {
			if slices.ContainsFunc([]error{ErrInvalidGrant, ErrAppRemoved}, func(target error) bool { return errors.Is(err, target) }) {
				a.remember(func() { a.refused[old.Refresh] = err })
			}
			return Token{}, err
		}
		done = renewal{token: t}
		a.remember(func() { a.renewed[old.Refresh] = done })
	}
	if !done.saved && save != nil {
		if err := save(ctx, old, done.token); err != nil {
			return Token{}, fmt.Errorf("saving the renewed token: %w", err)
		}
	}
	done.saved = true
	a.remember(func() { a.renewed[old.Refresh] = done })
	return done.token, nil
}

// maxRemembered bounds what is kept of finished refreshes.
const maxRemembered = 10_000

func (a *Application) remember(note func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refused == nil || len(a.refused) > maxRemembered {
		a.refused = map[Secret]error{}
	}
	if a.renewed == nil {
		a.renewed = map[Secret]renewal{}
	}
	if len(a.renewed) > maxRemembered {
		for key, r := range a.renewed {
			if r.saved {
				delete(a.renewed, key)
			}
		}
	}
	note()
}

// decodeToken reads the answer of the token endpoint, which is not wrapped in a
// result. A refusal may come with status 200.
func decodeToken(body []byte, status int, t *wireToken) error {
	var refusal struct {
		Error       text `json:"error"`
		Description text `json:"error_description"`
	}
	if json.Unmarshal(body, &refusal) != nil {
		return &Error{Method: "token", Status: status, Page: true}
	}
	if refusal.Error != "" || status >= 400 {
		return &Error{Method: "token", Status: status, Code: oneLine(string(refusal.Error)), Description: oneLine(string(refusal.Description))}
	}
	if json.Unmarshal(body, t) != nil {
		return &Error{Method: "token", Status: status, Page: true}
	}
	return nil
}
