package bitrix

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	// maxSilent is how many attempts in a row may stay unanswered before a
	// server is left alone for a while.
	maxSilent = 10

	firstRest = time.Second
	maxRest   = 10 * time.Second
)

// circuit holds back requests to a server that does not answer, or says that it
// is overloaded, so that people hear so at once instead of after every time
// limit, and the server is not hammered while it gets up. After each rest one
// request finds out whether it is back. The zero value is ready for use.
type circuit struct {
	mu     sync.Mutex
	silent int       // guarded by mu; attempts in a row without an answer
	reason *Error    // guarded by mu; of the last one, when it was overload
	rest   time.Time // guarded by mu; nobody passes before
	rests  int       // guarded by mu; how often it rested since the last answer
}

// pass returns nil when a request for method may be sent now, and otherwise why
// it is held back.
func (c *circuit) pass(method string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.silent < maxSilent {
		return nil
	}
	now := time.Now()
	switch {
	case !now.Before(c.rest):
		c.rest = now.Add(maxRest) // the others wait for this one's answer
		return nil
	case c.reason != nil:
		return &Error{Method: method, Code: c.reason.Code, Description: "not sent: the portal has refused all the latest requests"}
	}
	return fmt.Errorf("%w: %s: not sent: the server answered none of the latest requests", ErrUnreachable, method)
}

// heard notes an answer: a result when refusal is nil.
func (c *circuit) heard(refusal *Error) {
	switch {
	case refusal == nil:
	case errors.Is(refusal, ErrOverloaded):
		c.failed(refusal)
		return
	case refusal.Page && refusal.Status >= http.StatusInternalServerError:
		c.failed(nil) // something in front of the server speaks for it
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent, c.reason, c.rests, c.rest = 0, nil, 0, time.Time{}
}

// failed notes that an attempt got no answer, or the one that the portal is
// overloaded.
func (c *circuit) failed(overload *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent++
	c.reason = overload
	if c.silent < maxSilent {
		return
	}
	c.rest = time.Now().Add(min(firstRest<<min(c.rests, 8), maxRest))
	c.rests++
}
