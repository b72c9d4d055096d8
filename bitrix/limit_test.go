package bitrix

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// limited returns a viewer on the portal at endpoint that may be asked as fast
// as l says.
func limited(p *script, l Limit, endpoint string) Viewer {
	app := newApplication(p)
	app.Limit = l
	return app.Viewer(endpoint, StaticToken(testToken()))
}

func TestTheBucketOfAPortalIsKeptInsteadOfRunInto(t *testing.T) {
	for name, c := range map[string]struct {
		limit Limit
		burst int
		every time.Duration // between requests afterwards
	}{
		"by default":             {Limit{}, 50, time.Second / 2},
		"on the Enterprise plan": {Limit{PerSecond: 5, Burst: 250}, 250, time.Second / 5},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := portal(result("1"))
				v := limited(p, c.limit, testEndpoint)
				start := time.Now()
				for range c.burst {
					must(t, v.Read(t.Context(), "profile", nil, nil))
				}
				if took := time.Since(start); took != 0 {
					t.Errorf("the burst took %v, want it to pass at once", took)
				}
				for range 10 {
					must(t, v.Call(t.Context(), "user.add", nil, nil))
				}
				if took := time.Since(start).Round(time.Millisecond); took != 10*c.every {
					t.Errorf("ten more took %v, want %v", took, 10*c.every)
				}
			})
		})
	}
}

func TestPortalsHaveBucketsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := newApplication(portal(result("1")))
		app.Limit = Limit{PerSecond: 1, Burst: 1}
		start := time.Now()
		ask := func(endpoint string) {
			t.Helper()
			must(t, app.Viewer(endpoint, StaticToken(testToken())).Read(t.Context(), "profile", nil, nil))
		}
		ask("https://acme.example/rest/")
		ask("https://other.example/rest/")
		if took := time.Since(start); took != 0 {
			t.Errorf("another portal waited %v", took)
		}
		ask("https://ACME.example:443/rest/")
		if took := time.Since(start); took != time.Second {
			t.Errorf("another spelling of the same portal was asked after %v, want a second", took)
		}
	})
}

func TestACallThatTheBucketHoldsBackWasNotMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal(result("1"))
		v := limited(p, Limit{PerSecond: 0.1, Burst: 1}, testEndpoint)
		must(t, v.Call(t.Context(), "user.add", nil, nil))

		start := time.Now()
		soon, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		err := v.Call(soon, "user.add", nil, nil)
		wantIs(t, err, ErrTooManyRequests)
		wantIsNot(t, err, ErrOutcomeUnknown)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("it waited %v although there is no room before the deadline", waited)
		}

		left, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		err = v.Call(left, "user.add", nil, nil)
		wantIs(t, err, context.Canceled)
		wantIs(t, err, ErrUnreachable)
		wantIsNot(t, err, ErrOutcomeUnknown)

		v.app.gate(v.endpoint).pause(time.Minute)
		late, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		wantIs(t, v.Read(late, "profile", nil, nil), ErrTooManyRequests)
		p.wantAsked(t, 1)
	})
}

func TestABatchTakesOneDropOfTheBucket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal(result(`{"result":{"one":1},"result_error":[]}`))
		v := limited(p, Limit{PerSecond: 1, Burst: 2}, testEndpoint)
		start := time.Now()
		for range 2 {
			_, err := v.Batch(t.Context(), reads("profile"))
			must(t, err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("two batches took %v", took)
		}
	})
}
