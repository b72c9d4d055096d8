package handlers

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// Limits are how much Joinline does for one caller. What is zero gets its
// default.
type Limits struct {
	// PerAddress are requests from one address of the network, behind which a
	// whole office may sit.
	PerAddress Rate
	// PerPerson are requests of one person's visits, taken together.
	PerPerson Rate
	// AtOnce is how many requests are worked on for one portal at a time, so
	// that a slow portal does not keep the others waiting.
	AtOnce int
}

// Rate lets Burst requests pass at once and PerSecond in the long run.
type Rate struct {
	PerSecond float64
	Burst     int
}

func (l Limits) orDefault() Limits {
	return Limits{
		PerAddress: cmp.Or(l.PerAddress, Rate{20, 400}),
		PerPerson:  cmp.Or(l.PerPerson, Rate{3, 60}),
		AtOnce:     cmp.Or(l.AtOnce, 64),
	}
}

// liePrice is what a request costs its address when it made us ask a portal in
// vain: the portal counts our questions, and refuses everybody's beyond two a
// second.
const liePrice = 20

// crowdedPause is after how long to come back when a portal keeps us busy.
const crowdedPause = 5 * time.Second

// laterError refuses a request that may be repeated after a while. Nothing was
// done.
type laterError struct {
	err  error
	wait time.Duration
}

func (e *laterError) Error() string { return fmt.Sprintf("%v: %v", e.err, e.wait) }
func (e *laterError) Unwrap() error { return e.err }

// seconds is the wait in whole seconds, at least one.
func (e *laterError) seconds() int { return max(1, int(math.Ceil(e.wait.Seconds()))) }

// limits count who asked how much.
type limits struct {
	addresses *buckets[netip.Addr]
	people    *buckets[personKey]
	portals   *desks
	proxies   []netip.Prefix
}

type personKey struct {
	member bitrix.MemberID
	user   bitrix.UserID
}

func newLimits(l Limits, proxies []netip.Prefix, now func() time.Time) *limits {
	l = l.orDefault()
	return &limits{
		addresses: newBuckets[netip.Addr](l.PerAddress, now),
		people:    newBuckets[personKey](l.PerPerson, now),
		portals:   &desks{most: l.AtOnce, taken: map[bitrix.MemberID]int{}},
		proxies:   proxies,
	}
}

// perAddress refuses requests of an address that asks too much. Requests that
// come in nobody's name and made us ask a portal in vain count for more.
func (s *server) perAddress(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		address, known := s.limits.address(c.Request())
		if !known || free(c.Path()) {
			return next(c)
		}
		if wait := s.limits.addresses.take(address); wait > 0 {
			s.showPoster(c)
			return &laterError{errTooOften, wait}
		}
		err := next(c)
		nobody := sceneOf(c).visit.Viewer == 0
		if nobody && (errors.Is(err, app.ErrForged) || errors.Is(err, app.ErrNoToken)) {
			s.limits.addresses.charge(address, liePrice)
		}
		return err
	}
}

// free are the addresses that cost us next to nothing.
func free(route string) bool {
	return route == "/healthz" || route == "/readyz" || strings.HasPrefix(route, "/static/")
}

// admit lets a request of a visit in, if its person and its portal may ask now.
func (s *server) admit(c echo.Context, v app.Visit) error {
	if wait := s.limits.people.take(personKey{v.Member, v.Viewer}); wait > 0 {
		return &laterError{errTooOften, wait}
	}
	return s.takeDesk(c, v.Member)
}

// takeDesk reserves a place to work for a portal until the answer is made.
func (s *server) takeDesk(c echo.Context, member bitrix.MemberID) error {
	at := sceneOf(c)
	if at.desk == member {
		return nil
	}
	if !s.limits.portals.take(member) {
		return &laterError{errCrowded, crowdedPause}
	}
	at.desk = member
	return nil
}

// leaveDesk gives the place back. That is due before the answer is sent:
// whoever reads slowly would keep it for as long as they like.
func (s *server) leaveDesk(at *scene) {
	if at.desk != "" {
		s.limits.portals.leave(at.desk)
		at.desk = ""
	}
}

// address is who asks. Behind proxies that we trust it is what they say, and
// unknown where they say nothing; what others say of themselves counts for
// nothing. Addresses of IPv6 are given out by the /64, and count as one.
func (l *limits) address(r *http.Request) (netip.Addr, bool) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	address := peer.Addr().Unmap()
	said := strings.Split(strings.Join(r.Header.Values(echo.HeaderXForwardedFor), ","), ",")
	for _, text := range slices.Backward(said) {
		if !l.trusts(address) {
			break
		}
		before, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil {
			return netip.Addr{}, false
		}
		address = before.Unmap()
	}
	if address.Is6() {
		return netip.PrefixFrom(address.WithZone(""), 64).Masked().Addr(), true
	}
	return address, true
}

func (l *limits) trusts(a netip.Addr) bool {
	return slices.ContainsFunc(l.proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// maxBuckets bounds how many callers are told apart at a time.
const maxBuckets = 50_000

// buckets hold one bucket of requests for each caller. One that has filled up
// again is forgotten. Safe for concurrent use.
type buckets[K comparable] struct {
	rate Rate
	now  func() time.Time

	mu   sync.Mutex
	of   map[K]*rate.Limiter // guarded by mu
	room int                 // guarded by mu; how large the map may get before full ones are dropped
	rest *rate.Limiter       // shared by whoever finds no room
}

func newBuckets[K comparable](r Rate, now func() time.Time) *buckets[K] {
	b := &buckets[K]{rate: r, now: now, of: map[K]*rate.Limiter{}, room: 1024}
	b.rest = b.fresh()
	return b
}

func (b *buckets[K]) fresh() *rate.Limiter {
	return rate.NewLimiter(rate.Limit(b.rate.PerSecond), b.rate.Burst)
}

// take takes one request out of the bucket of key. From an empty one it takes
// nothing, and tells how long to wait.
func (b *buckets[K]) take(key K) (wait time.Duration) {
	now := b.now()
	r := b.bucket(key, now).ReserveN(now, 1)
	if wait = r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
	}
	return wait
}

// charge takes n requests, whether or not they are in the bucket.
func (b *buckets[K]) charge(key K, n int) {
	now := b.now()
	b.bucket(key, now).ReserveN(now, min(n, b.rate.Burst))
}

func (b *buckets[K]) bucket(key K, now time.Time) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.of[key]; l != nil {
		return l
	}
	if len(b.of) >= b.room {
		for k, l := range b.of {
			if l.TokensAt(now) >= float64(b.rate.Burst) {
				delete(b.of, k)
			}
		}
		b.room = min(maxBuckets, max(1024, 2*len(b.of)))
	}
	if len(b.of) >= maxBuckets {
		return b.rest
	}
	l := b.fresh()
	b.of[key] = l
	return l
}

// desks are the places to work, so many for each portal. Safe for concurrent use.
type desks struct {
	most int

	mu    sync.Mutex
	taken map[bitrix.MemberID]int // guarded by mu
}

func (d *desks) take(member bitrix.MemberID) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.taken[member] >= d.most {
		return false
	}
	d.taken[member]++
	return true
}

func (d *desks) leave(member bitrix.MemberID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.taken[member]--; d.taken[member] <= 0 {
		delete(d.taken, member)
	}
}
