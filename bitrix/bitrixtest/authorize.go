package bitrixtest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// signInCookie names the person a browser is signed in as.
const signInCookie = "portal_user"

// signedIn is the person whose sign-in cookie the request carries, or nil.
// The portal's lock must not be held.
func (p *Portal) signedIn(r *http.Request) *User {
	cookie, err := r.Cookie(signInCookie)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.world.Users[p.signIns[cookie.Value]]
	if u == nil || !u.Active {
		return nil
	}
	copied := *u
	return &copied
}

// SignIn signs a person in on the pages: the cookie is what their browser sends
// from now on.
func (p *Portal) SignIn(user int) *http.Cookie {
	key := randomHex(16)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signIns[key] = user
	return &http.Cookie{Name: signInCookie, Value: key, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
}

// signIn signs a browser in as a person.
func (p *Portal) signIn(w http.ResponseWriter, r *http.Request, user int) {
	p.forget(r)
	http.SetCookie(w, p.SignIn(user))
}

// forget ends the sign-in whose cookie a request carries.
func (p *Portal) forget(r *http.Request) {
	if old, err := r.Cookie(signInCookie); err == nil {
		p.mu.Lock()
		delete(p.signIns, old.Value)
		p.mu.Unlock()
	}
}

// signOut ends that.
func (p *Portal) signOut(w http.ResponseWriter, r *http.Request) {
	p.forget(r)
	http.SetCookie(w, &http.Cookie{Name: signInCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// What can be wrong with a request to authorise.
var (
	errNoClient  = &pageError{http.StatusBadRequest, "error.client"}
	errNotForYou = &pageError{http.StatusForbidden, "error.notForYou"}
)

// routeOAuth serves the page on which a person lets an application in.
func (g *pages) routeOAuth() {
	g.open("GET /oauth/authorize/{$}", (*visit).authorize)
	g.open("GET /oauth/authorize", (*visit).authorize)
}

// serveTokenProxy passes token requests on to the authorisation server.
func (p *Portal) serveTokenProxy(w http.ResponseWriter, r *http.Request) {
	if !p.switchesNow().TokenProxy {
		http.NotFound(w, r)
		return
	}
	p.auth.ServeHTTP(w, r)
}

// authorize sends the signed-in person back to the handler of the application
// with a code (https://apidocs.bitrix24.com/settings/oauth/index.html). What
// goes wrong stays on the portal: nothing comes back to the application.
func (v *visit) authorize() error {
	p, query := v.pages.portal, v.r.URL.Query()
	app, ok := p.application(query.Get("client_id"))
	v.w.Header().Set("Cache-Control", "no-store")
	switch {
	case !ok:
		return errNoClient
	case v.viewer.ID == 0:
		http.Redirect(v.w, v.r, "/login/?"+backQuery(v.r.URL.RequestURI()), http.StatusFound)
		return nil
	case !v.mayUse(app):
		return errNotForYou
	}
	back, err := url.Parse(p.options.Mirror.rewrite(app.HandlerURL, v.r.Host))
	if err != nil {
		return fmt.Errorf("the handler of %s: %w", app.ClientID, err)
	}
	values := back.Query()
	for name, value := range map[string]string{
		"code": p.Code(app.ClientID, v.viewer.ID), "state": query.Get("state"), "domain": p.Domain(), "member_id": p.MemberID(),
		"scope": strings.Join(app.Scopes, ","), "server_domain": hostOf(p.auth.url),
	} {
		values.Set(name, value)
	}
	back.RawQuery = values.Encode()
	http.Redirect(v.w, v.r, back.String(), http.StatusFound)
	return nil
}

// rewrite is the address of an application's page for a browser that came to
// the portal as host: the same, or its twin for those who came by the mirror.
func (m Mirror) rewrite(page, host string) string {
	rest, ok := strings.CutPrefix(page, m.App)
	if !ok || m.Portal == "" || hostOf(m.Portal) != strings.ToLower(host) || rest != "" && !strings.ContainsAny(rest[:1], "/?") {
		return page
	}
	return m.AppMirror + rest
}

// Code lets a person authorise an application, as the page does, and is the
// code that comes back; it is good for 30 seconds and once.
func (p *Portal) Code(clientID string, user int) string {
	code := randomHex(32)
	a := p.auth
	a.mu.Lock()
	defer a.mu.Unlock()
	a.codes[code] = oauthCode{clientID: clientID, memberID: p.options.MemberID, user: user, expires: a.now().Add(codeLife)}
	return code
}
