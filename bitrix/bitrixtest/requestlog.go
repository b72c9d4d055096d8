package bitrixtest

import (
	"maps"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// Request is one HTTP request on the REST API of the portal or, with Auth, on
// its authorisation server.
type Request struct {
	Time time.Time `json:"time"`
	// Auth marks requests to the authorisation server: Method is then
	// "oauth/token" or "app.info".
	Auth   bool   `json:"auth,omitempty"`
	Method string `json:"method"`
	// User is whose token or webhook it carried; 0 is unknown.
	User     int    `json:"user"`
	ClientID string `json:"client_id,omitempty"`
	Webhook  bool   `json:"webhook,omitempty"`
	// Params are the parameters without tokens.
	Params map[string]any `json:"params,omitempty"`
	// Batch marks a batch, Inner are the methods of its commands in order.
	Batch bool     `json:"batch,omitempty"`
	Inner []string `json:"inner,omitempty"`
	// Status and Error are those of the portal's own answer; a fault may have
	// replaced it, or prevented it (Status 0).
	Status int    `json:"status"`
	Error  string `json:"error,omitempty"`
}

// maxLog is how many requests the log keeps.
const maxLog = 5000

// Requests are the HTTP requests on the REST API and on the authorisation
// server since the last ResetRequests, oldest first. Requests that were
// refused are among them. Of very many only the last few thousand are kept.
func (p *Portal) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	log := make([]Request, len(p.requests))
	for i, r := range p.requests {
		log[i] = *r
	}
	return log
}

// ResetRequests empties the log of requests.
func (p *Portal) ResetRequests() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests, p.requestCount = nil, 0
}

func (p *Portal) log(r *Request) *Request {
	p.requestCount++
	if len(p.requests) >= maxLog {
		p.requests = append(p.requests[:0:0], p.requests[maxLog/2:]...)
	}
	p.requests = append(p.requests, r)
	return r
}

// logRequest notes a request on the portal.
func (p *Portal) logRequest(x *exchange) *Request {
	shown := maps.Clone(x.params)
	delete(shown, "auth")
	delete(shown, "access_token")
	r := &Request{Time: x.start, Method: strings.ToLower(x.path.method), Params: withoutTokens(map[string]any(shown)).(map[string]any)}
	if hook := p.webhooks[x.path.secret]; x.path.secret != "" {
		r.Webhook = true
		if hook != nil {
			r.User = hook.User
		}
	} else if t, ok := p.auth.token(x.authKey()); ok {
		r.User, r.ClientID = t.User, t.ClientID
	}
	if r.Method == "batch" {
		r.Batch = true
		for _, command := range batchCommands(x.params, x.order) {
			r.Inner = append(r.Inner, strings.ToLower(command.method))
		}
	}
	return p.log(r)
}

// tokenText is what access and refresh tokens look like, wherever they stand.
var tokenText = regexp.MustCompile(`[0-9a-f]{70}`)

// tokenLength is the length of those tokens.
const tokenLength = 70

func withoutToken(text string) string {
	if len(text) < tokenLength { // nearly always, and cheaper than to search
		return text
	}
	return tokenText.ReplaceAllString(text, "(token)")
}

// withoutTokens is a copy of a parameter without the tokens in its texts.
func withoutTokens(v any) any {
	switch v := v.(type) {
	case string:
		return withoutToken(v)
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = withoutTokens(e)
		}
		return list
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, e := range v {
			m[withoutToken(key)] = withoutTokens(e)
		}
		return m
	}
	return v
}

// logAuth notes a request on the authorisation server that concerns this portal.
func (p *Portal) logAuth(method string, user int, clientID string, e *restError) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.log(&Request{Time: p.options.Now(), Auth: true, Method: method, User: user, ClientID: clientID, Status: http.StatusOK})
	if e != nil {
		r.Status, r.Error = e.Status, e.Code
	}
}
