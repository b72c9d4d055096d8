package bitrix

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// maxOperatingWait is how long a call waits for its method to be let in
	// again; longer waits are the caller's to decide on.
	maxOperatingWait = 10 * time.Second

	// operatingWindow is the span over which the portal sums working time. A
	// later end than that comes of a clock that is wrong.
	operatingWindow = 10 * time.Minute
)

// gate lets requests to one portal through, as fast as the portal takes them.
// See https://apidocs.bitrix24.com/limits.html
type gate struct {
	bucket  *rate.Limiter
	circuit circuit
	counts  counts

	mu      sync.Mutex
	paused  time.Time            // guarded by mu; nobody passes before
	resets  map[string]time.Time // guarded by mu; last operating_reset_at told for a method
	blocked map[string]time.Time // guarded by mu; methods that are refused until then
}

func newGate(l Limit) *gate {
	if l.PerSecond <= 0 {
		l.PerSecond = 2
	}
	if l.Burst <= 0 {
		l.Burst = 50
	}
	return &gate{
		bucket:  rate.NewLimiter(rate.Limit(l.PerSecond), l.Burst),
		resets:  map[string]time.Time{},
		blocked: map[string]time.Time{},
	}
}

// gate returns the gate of the portal, or authorisation server, that address
// belongs to.
func (a *Application) gate(address *url.URL) *gate {
	portal := origin(address.String())
	a.mu.Lock()
	defer a.mu.Unlock()
	g := a.gates[portal]
	if g == nil {
		g = newGate(a.Limit)
		if a.gates == nil {
			a.gates = map[string]*gate{}
		}
		a.gates[portal] = g
	}
	return g
}

// pass waits until a request for method may be sent. It fails at once when that
// would be after the deadline of ctx, with the error the portal would give. The
// commands of a batch are not asked about: the portal refuses them one by one,
// and the rest of the batch is worth having.
func (g *gate) pass(ctx context.Context, method string) error {
	came := time.Now()
	if until := g.blockedUntil(method); time.Until(until) > maxOperatingWait || sleep(ctx, time.Until(until)) != nil {
		return &Error{
			Method: method, Code: "OPERATION_TIME_LIMIT", OperatingResetAt: until,
			Description: "not sent: the portal refuses the method for now",
		}
	}
	if err := g.circuit.pass(method); err != nil {
		return err
	}
	for {
		g.mu.Lock()
		wait := time.Until(g.paused)
		g.mu.Unlock()
		if wait <= 0 {
			break
		}
		if err := sleep(ctx, wait); err != nil {
			return g.held(ctx, method)
		}
	}
	if g.bucket.Wait(ctx) != nil {
		return g.held(ctx, method)
	}
	g.counts.passed(came)
	return nil
}

// held tells why a request was not let through.
func (g *gate) held(ctx context.Context, method string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%w: %s: not sent: %w", ErrUnreachable, method, err)
	}
	g.counts.note(func(t *Traffic) { t.Held++ })
	return &Error{
		Method: method, Code: "QUERY_LIMIT_EXCEEDED",
		Description: "not sent: the portal's limit leaves no room before the deadline",
	}
}

// pause empties the bucket and lets nobody through for d.
func (g *gate) pause(d time.Duration) {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := now.Add(d); until.After(g.paused) {
		g.paused = until
	}
	if n := int(g.bucket.TokensAt(now)); n > 0 {
		g.bucket.AllowN(now, n)
	}
}

// note remembers when the working time of method is counted anew.
func (g *gate) note(method string, resetAt time.Time) {
	if resetAt.IsZero() {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.resets[strings.ToLower(method)] = resetAt
}

// block refuses method until resetAt or, when the portal did not tell, until
// the end it told last. It returns that end, zero when there is none.
func (g *gate) block(method string, resetAt time.Time) time.Time {
	name, now := strings.ToLower(method), time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if resetAt.IsZero() {
		resetAt = g.resets[name]
	}
	if latest := now.Add(operatingWindow); resetAt.After(latest) {
		resetAt = latest
	}
	if !resetAt.After(now) {
		return time.Time{}
	}
	g.blocked[name] = resetAt
	return resetAt
}

func (g *gate) blockedUntil(method string) time.Time {
	name := strings.ToLower(method)
	g.mu.Lock()
	defer g.mu.Unlock()
	until, ok := g.blocked[name]
	if ok && !until.After(time.Now()) {
		delete(g.blocked, name)
		return time.Time{}
	}
	return until
}

// sleep waits for d. It fails at once when ctx ends before.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < d {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backoff returns base, doubled n times, and up to a quarter more, so that
// those who were refused together do not come back together.
func backoff(base time.Duration, n int) time.Duration {
	d := base << n
	return d + rand.N(d/4)
}
