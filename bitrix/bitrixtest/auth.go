package bitrixtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// authorise finds out in whose name a request acts and whether its token or
// webhook covers the scope.
func (p *Portal) authorise(x *exchange, c *call, scope string) *restError {
	if x.path.secret != "" {
		return p.authoriseWebhook(x, c, scope)
	}
	return p.authoriseToken(x, c, scope)
}

// authKey is the token a request presents: the Authorization header wins over
// the parameters auth and access_token.
func (x *exchange) authKey() string {
	if x.bearer != "" {
		return x.bearer
	}
	for _, name := range []string{"auth", "access_token"} {
		if v, ok := x.params[name]; ok && !isArray(v) {
			return toString(v)
		}
	}
	return ""
}

func (p *Portal) authoriseToken(x *exchange, c *call, scope string) *restError {
	key := x.authKey()
	if key == "" {
		return unauthorized("NO_AUTH_FOUND", "Wrong authorization data")
	}
	if p.switches.AuthServerDown {
		return unauthorized("CONNECTION_ERROR", "Error connecting to authorization server")
	}
	t, ok := p.auth.token(key)
	if !ok || t.MemberID != p.options.MemberID {
		return unauthorized("NO_AUTH_FOUND", "Wrong authorization data")
	}
	if e := p.blocked(); e != nil {
		return e
	}
	app := p.apps[t.ClientID]
	user := p.world.Users[t.User]
	switch {
	case app == nil:
		return unauthorized("APPLICATION_NOT_FOUND", "Application not found")
	case !t.Expires.After(p.options.Now()):
		return unauthorized("expired_token", "The access token provided has expired")
	case !covers(t.Scopes, scope):
		return restErr(http.StatusForbidden, "insufficient_scope", "The request requires higher privileges than provided by the access token")
	case user == nil || !user.Active:
		return unauthorized("authorization_error", "Unable to authorize user")
	case !p.mayUse(app, user):
		return restErr(http.StatusForbidden, "user_access_error", "The user does not have access to the application.")
	}
	c.user, c.app, c.scopes = user, app, t.Scopes
	p.seen(user)
	return nil
}

func (p *Portal) authoriseWebhook(x *exchange, c *call, scope string) *restError {
	hook := p.webhooks[x.path.secret]
	if hook == nil || strconv.Itoa(hook.User) != x.path.user {
		return restErr(http.StatusForbidden, "INVALID_CREDENTIALS", "Invalid request credentials")
	}
	if !covers(hook.Scopes, scope) {
		return restErr(http.StatusForbidden, "insufficient_scope", "The request requires higher privileges than provided by the webhook token")
	}
	if e := p.blocked(); e != nil {
		return e
	}
	user := p.world.Users[hook.User]
	if user == nil || !user.Active {
		return unauthorized("authorization_error", "Unable to authorize user")
	}
	c.user, c.scopes = user, hook.Scopes
	p.seen(user)
	return nil
}

// blocked is the answer of a portal that serves no REST at all.
func (p *Portal) blocked() *restError {
	if p.switches.Overloaded {
		return restErr(http.StatusServiceUnavailable, "OVERLOAD_LIMIT", "REST API is blocked due to overload.")
	}
	if !p.switches.Commercial {
		return restErr(http.StatusForbidden, "ACCESS_DENIED", "REST API is available only on commercial plans.")
	}
	return nil
}

// unauthorized is a refusal of the token check; none of them runs the call.
func unauthorized(code, description string) *restError {
	return restErr(http.StatusUnauthorized, code, description)
}

// covers tells whether one of the scopes a method asks for was granted.
func covers(granted []string, scope string) bool {
	if scope == "" {
		return true
	}
	for alternative := range strings.SplitSeq(scope, "|") {
		if slices.Contains(granted, alternative) {
			return true
		}
	}
	return false
}

// mayUse tells whether a person may use an application: no access list,
// listed, or an administrator.
func (p *Portal) mayUse(app *application, user *User) bool {
	return user.Admin || len(app.Access) == 0 || p.world.hasAccess(user, app.Access)
}

// seen notes that a person is active.
func (p *Portal) seen(user *User) { user.LastActivity = p.options.Now() }

// hasAccess tells whether one of the access codes names a person: U15, G2,
// AU, IU15, D7, DR7, SG4
// (https://apidocs.bitrix24.com/api-reference/common/system/user-access.html).
func (w *World) hasAccess(user *User, codes []string) bool {
	return slices.ContainsFunc(codes, func(code string) bool {
		code = strings.ToUpper(code) // before it is cut: the capital of a letter may be longer
		kind := strings.TrimRight(code, "0123456789")
		id, _ := strconv.Atoi(code[len(kind):])
		switch kind {
		case "U", "IU":
			return id == user.ID
		case "AU":
			return true
		case "G":
			return id == 2 || id == 1 && user.Admin
		case "D":
			return slices.Contains(user.Departments, id)
		case "DR":
			tree := w.subtree(id)
			return slices.ContainsFunc(user.Departments, func(d int) bool { return tree[d] })
		case "SG":
			group := w.Workgroups[id]
			return group != nil && slices.Contains(group.Members, user.ID)
		}
		return false
	})
}
