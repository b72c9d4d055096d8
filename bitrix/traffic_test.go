package bitrix

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheTrafficOfTheLastHourIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal(result("1"), result("1"), result("1"), refuses(503, "OVERLOAD_LIMIT"), breaks())
		app := newApplication(p)
		app.Limit = Limit{PerSecond: 1, Burst: 2}
		v := app.Viewer(testEndpoint, StaticToken(testToken()))
		for range 3 { // the third one waits for a second
			must(t, v.Call(t.Context(), "user.add", nil, nil))
		}
		wantIs(t, v.Call(t.Context(), "user.add", nil, nil), ErrOverloaded)
		wantIs(t, v.Call(t.Context(), "user.add", nil, nil), ErrOutcomeUnknown)
		brief, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		wantIs(t, v.Call(brief, "user.add", nil, nil), ErrTooManyRequests)

		want := Traffic{Requests: 5, Waited: 3, Waiting: 3 * time.Second, Held: 1, Refused: 1, Silent: 1, Blocked: map[string]time.Time{}}
		if d := cmp.Diff(want, app.Traffic(testEndpoint)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(Traffic{Blocked: map[string]time.Time{}}, app.Traffic("https://other.example/rest/")); d != "" {
			t.Error("another portal:", d)
		}
		time.Sleep(TrafficSpan)
		if d := cmp.Diff(Traffic{Blocked: map[string]time.Time{}}, app.Traffic(testEndpoint)); d != "" {
			t.Error("after an hour:", d)
		}
	})
}

func TestTheTrafficTellsWhatIsRefusedNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal(refuses(503, "OVERLOAD_LIMIT"))
		app := newApplication(p)
		v := app.Viewer(testEndpoint, StaticToken(testToken()))
		if app.Traffic(testEndpoint).Resting {
			t.Error("the portal rests before it was asked anything")
		}
		for range maxSilent {
			wantIs(t, v.Call(t.Context(), "user.add", nil, nil), ErrOverloaded)
		}
		if !app.Traffic(testEndpoint).Resting {
			t.Error("the portal does not rest")
		}
		until := time.Now().Add(time.Minute)
		app.gate(v.endpoint).block("user.Add", until)
		if d := cmp.Diff(map[string]time.Time{"user.add": until}, app.Traffic(testEndpoint).Blocked); d != "" {
			t.Error(d)
		}
		time.Sleep(2 * time.Minute)
		if got := app.Traffic(testEndpoint); got.Resting || len(got.Blocked) > 0 {
			t.Errorf("later: %+v", got)
		}
	})
}

func TestTheKeysOfAnApplicationAreChecked(t *testing.T) {
	for name, c := range map[string]struct {
		answer reaction
		want   error
	}{
		"they are good":           {refuses(400, "invalid_grant"), nil},
		"not installed yet":       {refuses(401, "NOT_INSTALLED"), nil},
		"the secret is wrong":     {refuses(400, "invalid_client"), ErrInvalidClient},
		"the id is wrong":         {refuses(200, "wrong_client"), ErrInvalidClient},
		"the server does not say": {says(502, "<h1>bad gateway</h1>"), ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			p := portal(c.answer)
			err := newApplication(p).CheckKeys(t.Context(), testServer)
			if c.want == nil {
				must(t, err)
			} else {
				wantIs(t, err, c.want)
			}
			p.wantAsked(t, 1)
		})
	}
	wantIs(t, newApplication(portal()).CheckKeys(t.Context(), "https://evil.example"), ErrUntrustedServer)
}
