package bitrixtest

import (
	"fmt"
	"net/url"
	"strings"
)

// Launch is the form POST by which the portal opens a page of an application.
type Launch struct {
	URL  string     `json:"url"` // handler with DOMAIN, PROTOCOL, LANG and APP_SID
	Form url.Values `json:"form"`
	SID  string     `json:"sid"`
}

// opening is what the portal knows when it opens a page of an application.
type opening struct {
	app       application
	handler   string
	placement string
	options   string // PLACEMENT_OPTIONS; "" leaves the field out
	tokens    TokenPair
	language  string // of the person
	host      string // of the portal's page
	secure    bool   // that page came over https
	old       bool   // without the fields that newer portals added
}

// launch is the form that opens the page
// (https://apidocs.bitrix24.com/api-reference/widgets/).
func (p *Portal) launch(o opening) Launch {
	separator := "?"
	if strings.Contains(o.handler, "?") {
		separator = "&"
	}
	l := Launch{SID: randomHex(16)}
	l.URL = o.handler + separator + "DOMAIN=" + url.QueryEscape(o.host) + "&PROTOCOL=" + flag(o.secure) +
		"&LANG=" + url.QueryEscape(o.language) + "&APP_SID=" + l.SID
	l.Form = url.Values{"member_id": {p.MemberID()}, "status": {"L"}, "PLACEMENT": {o.placement}}
	if o.tokens.Access != "" {
		l.Form.Set("AUTH_ID", o.tokens.Access)
		l.Form.Set("AUTH_EXPIRES", "3600")
		l.Form.Set("REFRESH_ID", o.tokens.Refresh)
	}
	if !o.old && !p.switchesNow().OmitApplicationToken {
		l.Form.Set("SERVER_ENDPOINT", p.auth.url+"/rest/")
		l.Form.Set("APPLICATION_TOKEN", o.app.ApplicationToken)
		l.Form.Set("APPLICATION_SCOPE", strings.Join(o.app.Scopes, ","))
	}
	if o.options != "" {
		l.Form.Set("PLACEMENT_OPTIONS", o.options)
	}
	return l
}

// flag is 1 or 0.
func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// Launch is the form that the portal would post when a person opens a page of
// an application: its install page while that is due, a placement's handler,
// or its main page for the placement DEFAULT. options is the JSON text of
// PLACEMENT_OPTIONS; empty leaves the field out.
func (p *Portal) Launch(clientID string, user int, placement, options string) Launch {
	o := opening{placement: placement, options: options, tokens: p.Token(clientID, user)}
	p.mu.Lock()
	a, u := p.apps[clientID], p.world.Users[user]
	if a == nil || u == nil {
		p.mu.Unlock()
		panic(fmt.Sprintf("bitrixtest: no application %q or no person %d", clientID, user))
	}
	o.app, o.handler, o.language, o.host, o.secure = *a, a.HandlerURL, u.Language, p.url.Host, p.url.Scheme == "https"
	for _, b := range p.placements {
		if b.ClientID == clientID && b.Placement == placement {
			o.handler = b.Handler
		}
	}
	if !a.Installed && a.InstallURL != "" {
		o.handler, o.placement = a.InstallURL, "DEFAULT"
	}
	p.mu.Unlock()
	return p.launch(o)
}
