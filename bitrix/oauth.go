package bitrix

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// The names under which questions to the authorisation server appear in errors.
const (
	methodToken   = "token"
	methodInspect = "app.info"
)

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
// See https://apidocs.bitrix24.com/settings/oauth/index.html
func (a *Application) Exchange(ctx context.Context, server, code string) (Token, error) {
	if code == "" {
		return Token{}, &Error{Method: methodToken, Code: "invalid_grant", Description: "not sent: there is no code"}
	}
	return a.trade(ctx, server, "authorization_code", "code", Secret(code))
}

// Refresh trades the refresh token of t for a new pair, once, without retry.
// The old pair is then void, so save the new one first of all: most callers
// want [Application.Renewing]. Errors to test for are [ErrInvalidGrant],
// [ErrInvalidClient], [ErrAppRemoved], [ErrUntrustedServer], [ErrForeignToken]
// and [ErrUnreachable]; after the last it is open whether the pair was rotated.
// See https://apidocs.bitrix24.com/settings/oauth/auto-renewal.html
func (a *Application) Refresh(ctx context.Context, t Token) (Token, error) {
	if t.Refresh == "" {
		return Token{}, &Error{Method: methodToken, Code: "invalid_grant", Description: "not sent: there is no refresh token"}
	}
	renewed, err := a.trade(ctx, t.Server, "refresh_token", "refresh_token", t.Refresh)
	if err != nil {
		return Token{}, err
	}
	if t.MemberID != "" && renewed.MemberID != t.MemberID || t.UserID != 0 && renewed.UserID != 0 && renewed.UserID != t.UserID {
		return Token{}, fmt.Errorf("%s: %w", methodToken, ErrForeignToken)
	}
	renewed.UserID = cmp.Or(renewed.UserID, t.UserID)
	return renewed, nil
}

// Inspect asks an authorisation server (app.info) what a presented access token
// is. It is the only proof of the portal and person behind a launch. Server is
// an origin or address of a listed server, or empty for the default, otherwise
// [ErrUntrustedServer]. A token of another application gives [ErrForeignToken],
// an unknown one [ErrNoAuth], an old one [ErrExpiredToken].
// See https://apidocs.bitrix24.com/settings/oauth/simple-way.html
func (a *Application) Inspect(ctx context.Context, server string, access Secret) (Grant, error) {
	g, err := a.Identify(ctx, server, access)
	if err != nil {
		return Grant{}, err
	}
	if g.ClientID == "" || g.ClientID != a.ClientID {
		return Grant{}, fmt.Errorf("%s: %w", methodInspect, ErrForeignToken)
	}
	return g, nil
}

// Identify is Inspect for programs with several applications: the token may be
// any application's, so the caller must compare the ClientID.
func (a *Application) Identify(ctx context.Context, server string, access Secret) (Grant, error) {
	at, err := a.server(server)
	if err != nil {
		return Grant{}, err
	}
	if access == "" {
		return Grant{}, ErrNoToken
	}
	var body []byte
	for tries := 0; ; tries++ {
		body, err = a.ask(ctx, question{at: at + "/rest/app.info", name: methodInspect, fields: url.Values{"auth": {access.Reveal()}}, secrets: []Secret{access}})
		if !errors.Is(err, errLost) || tries == maxLost || sleep(ctx, backoff(500*time.Millisecond, tries)) != nil {
			break
		}
	}
	if err != nil {
		return Grant{}, err
	}
	return readGrant(at, body)
}

// readGrant reads app.info.
func readGrant(server string, body []byte) (Grant, error) {
	var info struct {
		Result wireInfo `json:"result"`
	}
	if err := json.Unmarshal(body, &info); err != nil {
		return Grant{}, fmt.Errorf("%s: %w: decoding the result: %w", methodInspect, ErrUnreachable, err)
	}
	g := info.Result.grant(server)
	endpoint, err := parseEndpoint(g.Endpoint)
	if err != nil || !hexID.MatchString(string(g.MemberID)) {
		return Grant{}, fmt.Errorf("%s: %w: the answer names no portal", methodInspect, ErrUnreachable)
	}
	g.Endpoint = endpoint.String()
	return g, nil
}

// server returns the origin of a listed authorisation server. It may be named
// by an origin, an address or a host alone; empty is the first one listed.
func (a *Application) server(named string) (string, error) {
	for _, l := range a.Listed() {
		o := origin(l)
		_, host, _ := strings.Cut(o, "://")
		if o != "" && (named == "" || origin(named) == o || strings.EqualFold(named, host)) {
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
	MemberID  text     `json:"member_id"`
	Scope     text     `json:"scope"`
	UserID    number   `json:"user_id"`
	Expires   unixTime `json:"expires"`
	ExpiresIn number   `json:"expires_in"`
}

// trade asks the token endpoint for a pair. The secrets travel in the body:
// addresses end up in logs.
func (a *Application) trade(ctx context.Context, server, grant, field string, secret Secret) (Token, error) {
	at, err := a.server(server)
	if err != nil {
		return Token{}, err
	}
	body, err := a.ask(ctx, question{at: at + "/oauth/token/", name: methodToken, secrets: []Secret{secret, a.ClientSecret}, fields: url.Values{
		"grant_type":    {grant},
		"client_id":     {a.ClientID},
		"client_secret": {a.ClientSecret.Reveal()},
		field:           {secret.Reveal()},
	}})
	if err != nil {
		return Token{}, err
	}
	var wire wireToken
	if err := json.Unmarshal(body, &wire); err != nil {
		return Token{}, fmt.Errorf("%s: %w: decoding the answer: %w", methodToken, ErrUnreachable, err)
	}
	endpoint, err := parseEndpoint(string(wire.Endpoint))
	if err != nil || wire.Access == "" || wire.Refresh == "" || !hexID.MatchString(string(wire.MemberID)) {
		return Token{}, fmt.Errorf("%s: %w: the answer lacks a token or the portal", methodToken, ErrUnreachable)
	}
	return Token{
		Access:   Secret(wire.Access),
		Refresh:  Secret(wire.Refresh),
		Expiry:   expiry(wire.ExpiresIn, wire.Expires),
		Endpoint: endpoint.String(),
		Server:   at,
		MemberID: MemberID(wire.MemberID),
		UserID:   UserID(wire.UserID),
		Scope:    splitScope(string(wire.Scope)),
	}, nil
}

// expiry prefers what is told relative to now: our clock may differ from theirs.
func expiry(in number, at unixTime) time.Time {
	if in > 0 && in < 1<<31 {
		return time.Now().Add(time.Duration(in) * time.Second)
	}
	return at.Time
}

// question is a request to an authorisation server.
type question struct {
	at, name string
	fields   url.Values
	secrets  []Secret // to be kept out of errors
}

// ask makes one attempt and returns the body of a good answer. Refusals are
// *Error; everything else is [ErrUnreachable].
func (a *Application) ask(ctx context.Context, q question) ([]byte, error) {
	target, err := url.Parse(q.at)
	if err != nil {
		return nil, fmt.Errorf("%s: the authorisation server has no usable address", q.name)
	}
	circuit := &a.gate(target).circuit // these servers have no bucket
	if err := circuit.pass(q.name); err != nil {
		return nil, err
	}
	r, err := a.send(ctx, post{
		target:      target,
		contentType: "application/x-www-form-urlencoded",
		body:        []byte(q.fields.Encode()),
		timeout:     cmp.Or(a.Timeouts.Read, readTimeout),
		secrets:     q.secrets,
	})
	if errors.Is(err, ErrMoved) {
		return nil, fmt.Errorf("%s: %w: it redirects elsewhere", q.name, ErrUnreachable) // no portal has moved
	}
	if err != nil {
		if ctx.Err() == nil {
			circuit.failed(nil)
		}
		return nil, unanswered(q.name, err, true)
	}
	_, refusal := open(q.name, r.status, r.body, q.secrets...)
	circuit.heard(refusal)
	if refusal != nil {
		if refusal.mayHaveRun() {
			return nil, lost(refusal, true)
		}
		return nil, refusal
	}
	return r.body, nil
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
	expires, err := time.Parse(time.RFC3339, string(w.Expires))
	if err != nil {
		var at unixTime
		_ = at.UnmarshalJSON([]byte(w.Expires)) // never fails; zero when not told
		expires = at.Time
	}
	return Grant{
		ClientID: string(w.ClientID),
		MemberID: MemberID(w.Install.MemberID),
		Endpoint: string(w.Install.Endpoint),
		Server:   server,
		UserID:   UserID(w.UserID),
		Scope:    splitScope(string(w.Scope)),
		Expiry:   expires,
		Status:   string(w.Install.Status),
	}
}
