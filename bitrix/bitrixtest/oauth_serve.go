package bitrixtest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ServeHTTP serves /oauth/token/ and /rest/app.info.
func (a *AuthServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Allow-Headers", "origin, content-type, accept")
	switch r.Method {
	case http.MethodOptions:
		return
	case http.MethodGet, http.MethodPost:
	default:
		w.Header().Set("Allow", "GET, OPTIONS, POST")
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	all, err := readParams(r)
	if err != nil {
		http.Error(w, "Request Entity Too Large", http.StatusRequestEntityTooLarge)
		return
	}
	fields, _ := all.params()
	switch strings.Trim(r.URL.Path, "/") {
	case "oauth/token":
		a.serveToken(w, r, fields)
	case "rest/app.info":
		a.serveInfo(w, r, fields)
	default:
		http.NotFound(w, r)
	}
}

// serveToken is the token endpoint.
func (a *AuthServer) serveToken(w http.ResponseWriter, r *http.Request, fields params) {
	p, app := a.portalOf(fields.string("client_id"))
	registered, user := p != nil, 0
	if c, gone := a.removedClient(fields.string("client_id")); !registered && gone {
		p, app.ClientSecret = a.portal(c.MemberID), c.Secret
	}
	trade := func() (map[string]any, *restError) {
		t, e := a.trade(p, app, registered, fields)
		if e != nil {
			return nil, e
		}
		user = t.User
		return a.tokenBody(p, t), nil
	}
	a.answer(w, r, p, "oauth/token", fields.string("client_id"), &user, trade)
}

// trade exchanges a refresh token or a code for a new pair
// (https://apidocs.bitrix24.com/settings/oauth/error-codes.html).
func (a *AuthServer) trade(p *Portal, app application, registered bool, fields params) (*oauthToken, *restError) {
	for _, name := range []string{"grant_type", "client_id", "client_secret"} {
		if fields.empty(name) {
			return nil, missing(name)
		}
	}
	switch {
	case p == nil:
		return nil, &restError{Status: http.StatusOK, Code: "wrong_client", Description: "Wrong client"}
	case fields.string("client_secret") != app.ClientSecret:
		return nil, &restError{Status: http.StatusBadRequest, Code: "invalid_client", Description: "The client credentials are invalid"}
	case !registered:
		return nil, unauthorized("NOT_INSTALLED", "Application not installed")
	}
	switch fields.string("grant_type") {
	case "refresh_token":
		if fields.empty("refresh_token") {
			return nil, missing("refresh_token")
		}
		return a.refresh(app, fields.string("refresh_token"), p.switchesNow().ReusableRefresh)
	case "authorization_code":
		if fields.empty("code") {
			return nil, missing("code")
		}
		return a.exchange(app, fields.string("code"))
	}
	return nil, &restError{Status: http.StatusBadRequest, Code: "unsupported_grant_type", Description: "Invalid grant_type parameter"}
}

func missing(name string) *restError {
	return &restError{Status: http.StatusBadRequest, Code: "invalid_request", Description: "No \"" + name + "\" parameter found"}
}

func invalidGrant() *restError {
	return &restError{Status: http.StatusBadRequest, Code: "invalid_grant", Description: "Invalid refresh token"}
}

// refresh rotates a pair: the old refresh token is good no more, the old
// access token dies with it. With reusable both live on.
func (a *AuthServer) refresh(app application, refresh string, reusable bool) (*oauthToken, *restError) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.byRefresh[refresh]
	if t == nil || t.Spent || t.ClientID != app.ClientID || !t.RefreshExpires.After(a.now()) {
		return nil, invalidGrant()
	}
	if !reusable {
		t.Spent = true
		if t.Expires.After(a.now()) {
			t.Expires = a.now()
		}
	}
	a.refreshes++
	return a.issueLocked(t.MemberID, t.ClientID, t.User, app.Scopes), nil
}

func (a *AuthServer) exchange(app application, code string) (*oauthToken, *restError) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, ok := a.codes[code]
	delete(a.codes, code)
	if !ok || c.clientID != app.ClientID || !c.expires.After(a.now()) {
		return nil, invalidGrant()
	}
	return a.issueLocked(c.memberID, c.clientID, c.user, app.Scopes), nil
}

func (a *AuthServer) tokenBody(p *Portal, t *oauthToken) map[string]any {
	return map[string]any{
		"access_token": t.Access, "refresh_token": t.Refresh,
		"expires": t.Expires.Unix(), "expires_in": int(t.Expires.Sub(a.now()).Seconds()),
		"client_endpoint": p.RESTURL(), "server_endpoint": a.url + "/rest/", "domain": hostOf(a.url),
		"member_id": t.MemberID, "scope": strings.Join(t.Scopes, ","), "status": "L", "user_id": t.User,
	}
}

// tokenLike is what looks like a token: the server then says whose it is not.
var tokenLike = regexp.MustCompile(`^[0-9A-Za-z]{32,200}$`)

// serveInfo is app.info: what an access token is. Its shape is known from the
// parsers of the official SDKs.
func (a *AuthServer) serveInfo(w http.ResponseWriter, r *http.Request, fields params) {
	start, access := a.now(), fields.string("auth")
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		access = token
	}
	t, ok := a.token(access)
	p := a.portal(t.MemberID)
	info := func() (map[string]any, *restError) {
		switch {
		case !ok && tokenLike.MatchString(access):
			return nil, &restError{Status: http.StatusBadRequest, Code: "invalid_client", Description: "The client credentials are invalid"}
		case !ok || p == nil:
			return nil, unauthorized("NO_AUTH_FOUND", "Wrong authorization data")
		}
		app, registered := p.application(t.ClientID)
		switch {
		case !registered:
			return nil, unauthorized("NOT_INSTALLED", "Application not installed")
		case !t.Expires.After(a.now()):
			return nil, unauthorized("expired_token", "The access token provided has expired")
		}
		scope := strings.Join(t.Scopes, ",")
		return map[string]any{"result": map[string]any{
			"client_id": t.ClientID, "scope": scope, "expires": t.Expires.UTC().Format("2006-01-02T15:04:05-07:00"), "user_id": strconv.Itoa(t.User),
			"install": map[string]any{
				"installed": app.Installed, "version": "1", "status": "L", "scope": scope, "domain": p.Domain(), "uri": p.URL(),
				"client_endpoint": p.RESTURL(), "member_id": t.MemberID, "member_type": "C",
			},
		}, "time": timeObject(start, start, a.now(), a.now(), &operatingCounter{})}, nil
	}
	user := t.User
	a.answer(w, r, p, "app.info@oauth", t.ClientID, &user, info)
}

// answer carries out a request on the authorisation server and answers it,
// with the fault that is due for it. user is read after do has run.
func (a *AuthServer) answer(w http.ResponseWriter, r *http.Request, p *Portal, method, clientID string, user *int, do func() (map[string]any, *restError)) {
	due := func(applied bool) (f *fault, wholeRequest bool) {
		if p != nil {
			f = p.takeAuthFault(method, *user, applied)
		}
		return f, f != nil && slices.Contains(transportKinds, f.Kind)
	}
	f, wholeRequest := due(false)
	if wholeRequest && !p.before(w, r, f) {
		p.logAuth(logged(method), *user, clientID, &restError{})
		return
	}
	var body map[string]any
	var e *restError
	if f != nil && !wholeRequest {
		e = f.error()
	} else {
		body, e = do()
		if f, wholeRequest = due(true); f != nil && !wholeRequest {
			e = f.error()
		}
	}
	status := http.StatusOK
	if e != nil {
		status, body = e.Status, e.body()
	}
	if p != nil {
		p.logAuth(logged(method), *user, clientID, e)
	}
	if wholeRequest && f.Applied && !p.after(w, r, f, answer{status: status, body: body}) {
		return
	}
	text, _ := json.Marshal(body)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(text)
}

// logged is the name of a request on the authorisation server in the log.
func logged(method string) string { return strings.TrimSuffix(method, "@oauth") }

// takeAuthFault is the fault due for a request on the authorisation server,
// before it is carried out or (applied) after.
func (p *Portal) takeAuthFault(method string, user int, applied bool) *fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.takeFault(func(f *fault) bool { return f.Applied == applied && f.fits(method, user) })
}
