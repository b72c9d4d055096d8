package bitrix

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

// TrafficSpan is how far back [Application.Traffic] looks.
const TrafficSpan = time.Hour

// noticeable is what a request must wait for room to count as having waited.
const noticeable = 20 * time.Millisecond

// Traffic is how this process got on with one portal during the last
// [TrafficSpan]. Other processes have traffic of their own.
type Traffic struct {
	// Requests were sent, repeated ones each time.
	Requests int
	// Waited are those that waited until the portal's limit left room for
	// them, and Waiting is for how long altogether.
	Waited  int
	Waiting time.Duration
	// Held were not sent: there would have been no room before their deadline.
	Held int
	// Refused were sent and refused because of a limit.
	Refused int
	// Silent got no answer that could be read.
	Silent int
	// Blocked are the methods that the portal refuses now, each until a time.
	Blocked map[string]time.Time
	// Resting: the portal is left alone now, because it answered none of the
	// latest requests or said that it is overloaded.
	Resting bool
}

// Traffic tells how this process got on with the portal with the REST address
// endpoint. It asks nobody.
func (a *Application) Traffic(endpoint string) Traffic {
	u, err := parseEndpoint(endpoint)
	if err != nil {
		return Traffic{}
	}
	g, now := a.gate(u), time.Now()
	t := g.counts.sum(now)
	t.Resting = g.circuit.resting(now)
	g.mu.Lock()
	defer g.mu.Unlock()
	t.Blocked = maps.Clone(g.blocked)
	maps.DeleteFunc(t.Blocked, func(_ string, until time.Time) bool { return !until.After(now) })
	return t
}

// counts holds what happened, by the minute. The zero value is ready for use.
type counts struct {
	mu      sync.Mutex
	minutes [int(TrafficSpan / time.Minute)]minute // guarded by mu; a ring
}

type minute struct {
	number int64 // since 1970
	Traffic
}

// note has change count something that happens now.
func (c *counts) note(change func(t *Traffic)) {
	number := time.Now().Unix() / 60
	c.mu.Lock()
	defer c.mu.Unlock()
	m := &c.minutes[number%int64(len(c.minutes))]
	if m.number != number {
		*m = minute{number: number}
	}
	change(&m.Traffic)
}

func (c *counts) sum(now time.Time) (t Traffic) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.minutes {
		if now.Unix()/60-m.number >= int64(len(c.minutes)) {
			continue
		}
		t.Requests += m.Requests
		t.Waited += m.Waited
		t.Waiting += m.Waiting
		t.Held += m.Held
		t.Refused += m.Refused
		t.Silent += m.Silent
	}
	return t
}

// passed notes a request that was let through since it came.
func (c *counts) passed(came time.Time) {
	waited := time.Since(came)
	c.note(func(t *Traffic) {
		t.Requests++
		if waited >= noticeable {
			t.Waited++
			t.Waiting += waited
		}
	})
}

// answered notes what a portal refused.
func (c *counts) answered(err error) {
	if errors.Is(err, ErrTooManyRequests) || errors.Is(err, ErrOverloaded) || errors.Is(err, ErrOperationTimeLimit) {
		c.note(func(t *Traffic) { t.Refused++ })
	}
}

// resting reports whether nobody passes at a time.
func (c *circuit) resting(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.silent >= maxSilent && now.Before(c.rest)
}

// CheckKeys asks an authorisation server whether it knows the application's id
// and secret, by offering it a refresh token that is nobody's. Server is as for
// [Application.Inspect]. Nothing is changed anywhere. Errors to test for are
// [ErrInvalidClient] and [ErrUnreachable].
// See https://apidocs.bitrix24.com/settings/oauth/error-codes.html
func (a *Application) CheckKeys(ctx context.Context, server string) error {
	_, err := a.trade(ctx, server, "refresh_token", "refresh_token", "0000000000000000000000000000000000000000000000000000000000000000000000")
	if errors.Is(err, ErrInvalidGrant) || errors.Is(err, ErrAppRemoved) { // the latter where it is not installed yet
		return nil
	}
	return cmp.Or(err, errors.New("the server takes any token"))
}

// Listed returns the authorisation servers that the application trusts.
func (a *Application) Listed() []string {
	if len(a.AuthServers) == 0 {
		return DefaultAuthServers()
	}
	return a.AuthServers
}
