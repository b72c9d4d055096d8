package bitrixtest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// bucket is the leaky bucket of one source address.
type bucket struct {
	level float64
	at    time.Time
}

// fill adds one request to the bucket of an address; it reports whether the
// request may pass.
func (p *Portal) fill(ip string, now time.Time) bool {
	if p.switches.Burst <= 0 {
		return true
	}
	b := p.buckets[ip]
	if b == nil {
		b = &bucket{at: now}
		p.buckets[ip] = b
	}
	b.level = max(0, b.level-now.Sub(b.at).Seconds()*p.switches.Rate)
	b.at = now
	if b.level+1 > p.switches.Burst {
		return false
	}
	b.level++
	return true
}

func limitExceeded() *restError {
	return restErr(http.StatusServiceUnavailable, "QUERY_LIMIT_EXCEEDED", "Too many requests")
}

// operatingKey names the time account of one method of one application or webhook.
type operatingKey struct{ client, method string }

// operatingCounter sums the time of calls in baskets of a minute.
type operatingCounter struct{ baskets map[int64]time.Duration }

const operatingWindow = 10 // minutes

func (p *Portal) operatingCounter(c *call) *operatingCounter {
	key := operatingKey{"webhook" + strconv.Itoa(c.user.ID), c.method}
	if c.app != nil {
		key.client = c.app.ClientID
	}
	return p.operatingOf(key)
}

func (p *Portal) operatingOf(key operatingKey) *operatingCounter {
	counter := p.operating[key]
	if counter == nil {
		counter = &operatingCounter{baskets: map[int64]time.Duration{}}
		p.operating[key] = counter
	}
	return counter
}

func (o *operatingCounter) add(d time.Duration, now time.Time) {
	o.baskets[now.Unix()/60] += d
}

// used is the time spent in the last ten minutes.
func (o *operatingCounter) used(now time.Time) time.Duration {
	var sum time.Duration
	for minute, d := range o.baskets {
		if minute <= now.Unix()/60-operatingWindow {
			delete(o.baskets, minute)
			continue
		}
		sum += d
	}
	return sum
}

func (o *operatingCounter) exceeded(limit time.Duration, now time.Time) bool {
	return limit > 0 && o.used(now) > limit
}

// resetAt is when the oldest basket leaves; zero when there is none.
func (o *operatingCounter) resetAt(now time.Time) time.Time {
	o.used(now)
	if len(o.baskets) == 0 {
		return time.Time{}
	}
	return time.Unix((sortedKeys(o.baskets)[0]+operatingWindow)*60, 0)
}

// Spend charges an application for time that one method took, as if slow
// calls had been made. Beyond the limit the method answers OPERATION_TIME_LIMIT.
func (p *Portal) Spend(clientID, method string, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.operatingOf(operatingKey{clientID, strings.ToLower(method)}).add(d, p.options.Now())
}
