package bitrix

import (
	"sync"
	"time"
)

const (
	// maxSilent is how many attempts in a row may stay unanswered before a
	// portal is left alone for a while.
	maxSilent = 10

	firstRest = time.Second
	maxRest   = 10 * time.Second
)

// circuit holds back requests to a portal that does not answer, so that people
// hear so at once instead of after every time limit, and the portal is not
// hammered while it gets up. After each rest one request finds out whether it
// is back. The zero value is ready for use.
type circuit struct {
	mu     sync.Mutex
	silent int       // guarded by mu; attempts in a row without an answer
	rest   time.Time // guarded by mu; nobody passes before
	rests  int       // guarded by mu; how often it rested since the last answer
}

// pass reports whether a request may be sent now.
func (c *circuit) pass() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.silent < maxSilent {
		return true
	}
	now := time.Now()
	if now.Before(c.rest) {
		return false
	}
	c.rest = now.Add(maxRest) // the others wait for this one's answer
	return true
}

// answered notes that the portal said something, whatever it was.
func (c *circuit) answered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent, c.rests, c.rest = 0, 0, time.Time{}
}

// unanswered notes that an attempt got no answer.
func (c *circuit) unanswered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent++
	if c.silent < maxSilent {
		return
	}
	c.rest = time.Now().Add(min(firstRest<<min(c.rests, 8), maxRest))
	c.rests++
}
