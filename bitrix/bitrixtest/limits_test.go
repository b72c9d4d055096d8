package bitrixtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

var tooMany = want{status: 503, code: "QUERY_LIMIT_EXCEEDED", text: "Too many requests"}

// Portals take a burst of 50 requests and two more each second, those of the
// largest plan 250 and five.
func TestTheBucketLeaks(t *testing.T) {
	for _, plan := range []struct {
		name        string
		rate, burst int
	}{{"an ordinary plan", 2, 50}, {"the largest plan", 5, 250}} {
		t.Run(plan.name, func(t *testing.T) {
			p, at := portalWithClock(t)
			p.SetLimits(float64(plan.rate), float64(plan.burst))
			hook := p.Webhook(1) + "profile"
			passes := func(n int) {
				t.Helper()
				for range n {
					post(t, hook, nil).ok(t)
				}
				tooMany.check(t, post(t, hook, nil))
			}
			passes(plan.burst)
			at.forward(time.Second)
			passes(plan.rate)
			at.forward(500 * time.Millisecond)
			passes(plan.rate / 2)
			at.forward(time.Hour)
			passes(plan.burst)
		})
	}
}

func TestAPortalHasTheOrdinaryLimitsByItself(t *testing.T) {
	p := bitrixtest.New(bitrixtest.Options{Now: newClock().now})
	defer p.Close()
	hook := strings.TrimPrefix(p.Webhook(1), p.URL())
	ask := func(ip string) int {
		r := httptest.NewRequest(http.MethodGet, hook+"profile", nil)
		r.RemoteAddr = ip + ":4000"
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		return w.Code
	}
	passed := 0
	for range 60 {
		if ask("192.0.2.1") == http.StatusOK {
			passed++
		}
	}
	if passed != 50 {
		t.Errorf("%d of 60 requests passed, want 50", passed)
	}
	if got := ask("192.0.2.2"); got != http.StatusOK {
		t.Errorf("another address got %d: each has a bucket of its own", got)
	}
}

func TestARefusedRequestDoesNotRun(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	p.SetLimits(0, 1)
	call(t, p, 1, "profile", nil).ok(t)
	tooMany.check(t, call(t, p, 15, userAdd, adding("DEAL", 77, 1763, 23)))
	if got := len(p.Participants(1763)); got != 2 {
		t.Errorf("the chat holds %d people, want 2", got)
	}
}

func TestABatchIsOneRequestForTheLimit(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	p.SetLimits(0, 2)
	commands := args{}
	for i := range 10 {
		commands[fmt.Sprint("c", i)] = "user.admin"
	}
	runBatch(t, p, 1, args{"cmd": commands})
	runBatch(t, p, 1, args{"cmd": commands})
	tooMany.check(t, call(t, p, 1, "batch", args{"cmd": commands}))
}

var tookTooLong = want{status: 429, code: "OPERATION_TIME_LIMIT", text: "Method is blocked due to operation time limit."}

func TestAMethodThatTookTooLongIsBlocked(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys, other := registered(t, p), registered(t, p)
	access := p.Token(keys.ClientID, 15).Access
	p.Spend(keys.ClientID, "user.current", 480*time.Second)
	callApp(t, p, access, "user.current", nil).ok(t) // the call that goes beyond it still runs
	p.Spend(keys.ClientID, "user.current", time.Second)
	tookTooLong.check(t, callApp(t, p, access, "user.current", nil))
	callApp(t, p, access, "profile", nil).ok(t)
	callApp(t, p, p.Token(other.ClientID, 15).Access, "user.current", nil).ok(t)
	call(t, p, 15, "user.current", nil).ok(t)
	inside := callApp(t, p, access, "batch", args{"cmd": args{"me": "user.current", "who": "profile"}}).ok(t)
	if !strings.Contains(string(inside), "OPERATION_TIME_LIMIT") || !strings.Contains(string(inside), `"who":{"ADMIN"`) {
		t.Errorf("the batch answered %s", inside)
	}
	p.Spend(keys.ClientID, "batch", time.Hour)
	callApp(t, p, access, "batch", args{"cmd": args{"who": "profile"}}).ok(t) // the batch itself is not charged
}

// timing is the part of an answer about its cost.
type timing struct {
	Operating float64
	ResetAt   int64 `json:"operating_reset_at"`
}

func TestABlockedMethodIsFreeWhenItsAnswersSaid(t *testing.T) {
	p, at := portalWithClock(t)
	keys := registered(t, p)
	hook := func() string { return p.RESTURL() + "user.current?auth=" + p.Token(keys.ClientID, 15).Access }
	p.Spend(keys.ClientID, "user.current", 300*time.Second)
	at.forward(2 * time.Minute)
	p.Spend(keys.ClientID, "user.current", 180*time.Second)
	var told timing
	if err := json.Unmarshal(timeOf(t, hook()), &told); err != nil {
		t.Fatal(err)
	}
	if told.Operating < 480 || told.Operating > 481 {
		t.Errorf("the method is said to have used %v s, want 480", told.Operating)
	}
	p.Spend(keys.ClientID, "user.current", time.Second)
	tookTooLong.check(t, post(t, hook(), nil))
	free := time.Unix(told.ResetAt, 0)
	if wait := free.Sub(at.now()); wait <= 7*time.Minute || wait > 8*time.Minute {
		t.Fatalf("the method is to be free in %v: ten minutes after the first minute it was used in", wait)
	}
	at.forward(free.Sub(at.now()) - time.Second)
	tookTooLong.check(t, post(t, hook(), nil))
	at.forward(time.Second)
	post(t, hook(), nil).ok(t)
}

// timeOf is the time object of the answer at an address.
func timeOf(t *testing.T, address string) json.RawMessage {
	t.Helper()
	resp, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Time json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Time
}

func TestAnswersTellTheTimeTheyTook(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	inside := runBatch(t, p, 1, args{"cmd": args{"a": "server.time"}})
	for name, got := range map[string]json.RawMessage{"a call": timeOf(t, p.Webhook(1)+"server.time"), "a command of a batch": at(t, inside.Time, "a")} {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(got, &fields); err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"start", "finish", "duration", "processing", "date_start", "date_finish", "operating", "operating_reset_at"} {
			if fields[field] == nil {
				t.Errorf("the time of %s has no %s: %s", name, field, got)
			}
		}
	}
}
