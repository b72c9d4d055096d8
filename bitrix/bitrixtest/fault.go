package bitrixtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// FaultKind is what goes wrong with a call.
type FaultKind string

// The kinds of faults. Those of the first group are the portal's own error
// answers; a command of a batch meets them alone. The others concern the whole
// HTTP request.
const (
	FaultQueryLimit        FaultKind = "query_limit"          // 503 QUERY_LIMIT_EXCEEDED
	FaultOperationTime     FaultKind = "operation_time_limit" // 429 OPERATION_TIME_LIMIT
	FaultOverload          FaultKind = "overload"             // 503 OVERLOAD_LIMIT
	FaultExpiredToken      FaultKind = "expired_token"        // 401
	FaultNoAuth            FaultKind = "no_auth"              // 401 NO_AUTH_FOUND
	FaultInsufficientScope FaultKind = "insufficient_scope"   // 403
	FaultUserAccess        FaultKind = "user_access"          // 403 user_access_error
	FaultPlan              FaultKind = "plan"                 // 403 ACCESS_DENIED, commercial plans
	FaultAppRemoved        FaultKind = "app_removed"          // 401 APPLICATION_NOT_FOUND
	FaultConnection        FaultKind = "connection_error"     // 401 CONNECTION_ERROR
	FaultPortalDeleted     FaultKind = "portal_deleted"       // 403 PORTAL_DELETED
	FaultMethodNotFound    FaultKind = "method_not_found"     // 404
	FaultInternal          FaultKind = "internal_error"       // 500 INTERNAL_SERVER_ERROR in JSON
	FaultInvalidGrant      FaultKind = "invalid_grant"        // 400, token endpoint
	FaultInvalidClient     FaultKind = "invalid_client"       // 400, token endpoint
	FaultWrongClient       FaultKind = "wrong_client"         // 200 with an error body, token endpoint
	FaultNotInstalled      FaultKind = "not_installed"        // 401, token endpoint
	FaultError             FaultKind = "error"                // Status, Code and Description as given

	FaultHTML      FaultKind = "html"      // 500 (or Status) with an HTML page
	FaultDrop      FaultKind = "drop"      // the connection breaks without an answer
	FaultTruncated FaultKind = "truncated" // half of the JSON
	FaultRedirect  FaultKind = "redirect"  // 302 (or Status) to Location
	FaultSlow      FaultKind = "slow"      // the true answer, after Delay

	// FaultCloseSession closes the session of Chat right before the call,
	// which then runs undisturbed; FaultAcceptSession lets User 1 accept it.
	// Applied, they do so between the call and its answer.
	FaultCloseSession  FaultKind = "close_session"
	FaultAcceptSession FaultKind = "accept_session"
)

// Fault is something that goes wrong with calls of a method.
type Fault struct {
	// Method is the REST method, "batch", "oauth/token" or "app.info@oauth"
	// for the authorisation server, or "*" for every request on REST.
	Method string `json:"method"`
	// User narrows the fault to calls in one person's name.
	User int       `json:"user,omitempty"`
	Kind FaultKind `json:"kind"`
	// Applied: the call is carried out, only its answer is lost or replaced.
	// Otherwise it never runs. A slow answer that is not applied does not run
	// when the caller goes away while waiting.
	Applied bool `json:"applied,omitempty"`
	// Skip lets that many calls pass first, Times is how often the fault then
	// strikes: 0 means once, -1 for ever. Every makes it strike only each n-th time.
	Skip  int `json:"skip,omitempty"`
	Times int `json:"times,omitempty"`
	Every int `json:"every,omitempty"`
	// Delay before the answer, with every kind that concerns the whole request.
	Delay time.Duration `json:"-"`
	// Status, Code and Description replace those of the kind.
	Status      int    `json:"status,omitempty"`
	Code        string `json:"code,omitempty"`
	Description string `json:"description,omitempty"`
	// Extra are further keys of the error body.
	Extra map[string]any `json:"extra,omitempty"`
	// Location is where a redirect leads: an origin, to which the path is added.
	Location string `json:"location,omitempty"`
	Chat     int    `json:"chat,omitempty"`
	// Do changes the world right before the call or, Applied, between the call
	// and its answer, whatever the kind; an empty kind does nothing else.
	Do func(w *World) `json:"-"`
}

// fault is a Fault at work.
type fault struct {
	Fault
	seen, struck int
}

var faultErrors = map[FaultKind]restError{
	FaultQueryLimit:        {Status: 503, Code: "QUERY_LIMIT_EXCEEDED", Description: "Too many requests"},
	FaultOperationTime:     {Status: 429, Code: "OPERATION_TIME_LIMIT", Description: "Method is blocked due to operation time limit."},
	FaultOverload:          {Status: 503, Code: "OVERLOAD_LIMIT", Description: "REST API is blocked due to overload."},
	FaultExpiredToken:      {Status: 401, Code: "expired_token", Description: "The access token provided has expired"},
	FaultNoAuth:            {Status: 401, Code: "NO_AUTH_FOUND", Description: "Wrong authorization data"},
	FaultInsufficientScope: {Status: 403, Code: "insufficient_scope", Description: "The request requires higher privileges than provided by the access token"},
	FaultUserAccess:        {Status: 403, Code: "user_access_error", Description: "The user does not have access to the application."},
	FaultPlan:              {Status: 403, Code: "ACCESS_DENIED", Description: "REST API is available only on commercial plans."},
	FaultAppRemoved:        {Status: 401, Code: "APPLICATION_NOT_FOUND", Description: "Application not found"},
	FaultConnection:        {Status: 401, Code: "CONNECTION_ERROR", Description: "Error connecting to authorization server"},
	FaultPortalDeleted:     {Status: 403, Code: "PORTAL_DELETED", Description: "Portal was deleted"},
	FaultMethodNotFound:    {Status: 404, Code: "ERROR_METHOD_NOT_FOUND", Description: "Method not found!"},
	FaultInternal:          {Status: 500, Code: "INTERNAL_SERVER_ERROR", Description: "Internal server error"},
	FaultInvalidGrant:      {Status: 400, Code: "invalid_grant", Description: "Invalid refresh token"},
	FaultInvalidClient:     {Status: 400, Code: "invalid_client", Description: "The client credentials are invalid"},
	FaultWrongClient:       {Status: 200, Code: "wrong_client", Description: "Wrong client"},
	FaultNotInstalled:      {Status: 401, Code: "NOT_INSTALLED", Description: "Application not installed"},
	FaultError:             {Status: 400, Code: "ERROR_CORE", Description: "Unknown error"},
}

// transportKinds concern the whole HTTP request.
var transportKinds = []FaultKind{FaultHTML, FaultDrop, FaultTruncated, FaultRedirect, FaultSlow}

// worldKinds change the world before the call.
var worldKinds = []FaultKind{"", FaultCloseSession, FaultAcceptSession}

// check tells what is wrong with a fault.
func (f Fault) check() error {
	_, known := faultErrors[f.Kind]
	switch {
	case f.Method == "":
		return errors.New("method is missing")
	case !known && !slices.Contains(transportKinds, f.Kind) && !slices.Contains(worldKinds, f.Kind):
		return fmt.Errorf("unknown kind %q", f.Kind)
	case f.Kind == "" && f.Do == nil:
		return errors.New("kind is missing")
	case f.Kind == FaultRedirect && f.Location == "":
		return errors.New("location is missing")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is not between 200 and 599", f.Status)
	case f.Skip < 0 || f.Every < 0 || f.Times < -1 || f.Delay < 0:
		return errors.New("skip, every and delay cannot be negative, times at most -1")
	}
	return nil
}

// Fail makes calls go wrong from now on, see [Fault]. Faults that were set
// earlier strike first. It panics when the fault makes no sense.
func (p *Portal) Fail(f Fault) {
	if err := p.fail(f); err != nil {
		panic("bitrixtest: " + err.Error())
	}
}

func (p *Portal) fail(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if (f.Kind == FaultCloseSession || f.Kind == FaultAcceptSession) && p.world.Chats[f.Chat] == nil {
		return fmt.Errorf("there is no chat %d", f.Chat)
	}
	f.Method = strings.ToLower(f.Method)
	p.faults = append(p.faults, &fault{Fault: f})
	return nil
}

// ClearFaults forgets all faults.
func (p *Portal) ClearFaults() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

// strikes counts a call that the fault fits and tells whether it is its turn.
func (f *fault) strikes() bool {
	f.seen++
	n := f.seen - f.Skip
	if n <= 0 || f.Every > 0 && n%f.Every != 0 {
		return false
	}
	if f.spent() {
		return false
	}
	f.struck++
	return true
}

func (f *fault) fits(method string, user int) bool {
	return (f.Method == method) && (f.User == 0 || f.User == user)
}

// spent tells that the fault has struck as often as it may.
func (f *fault) spent() bool { return f.Times >= 0 && f.struck >= max(f.Times, 1) }

// takeFault lets the faults that fit a call strike it, those set earlier
// first, up to one that is more than a change of the world; that one is the
// answer. The lock is held.
func (p *Portal) takeFault(fits func(f *fault) bool) *fault {
	defer func() { p.faults = slices.DeleteFunc(p.faults, (*fault).spent) }()
	for _, f := range p.faults {
		if !fits(f) || !f.strikes() {
			continue
		}
		f.change(p.world)
		if !slices.Contains(worldKinds, f.Kind) {
			return f
		}
	}
	return nil
}

// takeRequestFault is the fault due for a whole request, if any, before it is
// carried out or (applied) after.
func (p *Portal) takeRequestFault(log *Request, applied bool) *fault {
	return p.takeFault(func(f *fault) bool {
		return slices.Contains(transportKinds, f.Kind) && f.Applied == applied &&
			(f.fits(log.Method, log.User) || f.fits("*", log.User) ||
				slices.ContainsFunc(log.Inner, func(m string) bool { return f.fits(m, log.User) }))
	})
}
