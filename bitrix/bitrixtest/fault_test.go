package bitrixtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

var adding23 = args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": 77, "CHAT_ID": 1763, "USER_ID": 23}

// attempt makes the call that faults disturb, and tells what came of it.
func attempt(t *testing.T, ctx context.Context, p *bitrixtest.Portal) (resp *http.Response, body []byte, err error) {
	t.Helper()
	text, err := json.Marshal(adding23)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Webhook(1)+userAdd, strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err = browser.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp, body, err
}

func TestEveryFaultComesBothWays(t *testing.T) {
	for _, c := range []struct {
		fault  bitrixtest.Fault
		status int
		code   string // "" is no error of the portal's
	}{
		{bitrixtest.Fault{Kind: bitrixtest.FaultQueryLimit}, 503, "QUERY_LIMIT_EXCEEDED"},
		{bitrixtest.Fault{Kind: bitrixtest.FaultOperationTime}, 429, "OPERATION_TIME_LIMIT"},
		{bitrixtest.Fault{Kind: bitrixtest.FaultOverload}, 503, "OVERLOAD_LIMIT"},
		{bitrixtest.Fault{Kind: bitrixtest.FaultExpiredToken}, 401, "expired_token"},
		{bitrixtest.Fault{Kind: bitrixtest.FaultNoAuth}, 401, "NO_AUTH_FOUND"},
		{bitrixtest.Fault{Kind: bitrixtest.FaultInsufficientScope}, 403, "insufficient_scope"},
		{bitrixtest.Fault{Kind: bitrixtest.FaultUserAccess}, 403, "user_access_error"},
		{bitrixtest.Fault{Kind: bitrixtest.FaultPlan}, 403, "ACCESS_DENIED"},
		{bitrixtest.Fault{Kind: bitrixtest.FaultAppRemoved}, 401, "APPLICATION_NOT_FOUND"},
		{bitrixtest.Fault{Kind: bitrixtest.FaultConnection}, 401, "CONNECTION_ERROR"},
		{bitrixtest.Fault{Kind: bitrixtest.FaultPortalDeleted}, 403, "PORTAL_DELETED"},
		{bitrixtest.Fault{Kind: bitrixtest.FaultMethodNotFound}, 404, "ERROR_METHOD_NOT_FOUND"},
		{bitrixtest.Fault{Kind: bitrixtest.FaultInternal}, 500, "INTERNAL_SERVER_ERROR"},
		{bitrixtest.Fault{Kind: bitrixtest.FaultError, Status: 418, Code: "TEAPOT"}, 418, "TEAPOT"},
		{bitrixtest.Fault{Kind: bitrixtest.FaultHTML}, 500, ""},
		{bitrixtest.Fault{Kind: bitrixtest.FaultTruncated}, 200, ""},
		{bitrixtest.Fault{Kind: bitrixtest.FaultRedirect, Location: "http://other.localhost:1"}, 302, ""},
		{bitrixtest.Fault{Kind: bitrixtest.FaultDrop}, 0, ""},
	} {
		for _, applied := range []bool{false, true} {
			name := string(c.fault.Kind) + " not applied"
			if applied {
				name = string(c.fault.Kind) + " applied"
			}
			t.Run(name, func(t *testing.T) {
				p := bitrixtest.NewPortal(t)
				c.fault.Method, c.fault.Applied = userAdd, applied
				p.Fail(c.fault)
				resp, body, err := attempt(t, t.Context(), p)
				if c.status == 0 {
					if err == nil {
						t.Fatalf("the call was answered %d %s", resp.StatusCode, body)
					}
				} else {
					expectFault(t, resp, body, err, c.status, c.code)
				}
				if got := slices.Contains(p.Participants(1763), 23); got != applied {
					t.Errorf("person 23 is in the chat: %v, want %v", got, applied)
				}
				if resp, body, err := attempt(t, t.Context(), p); err != nil || resp.StatusCode != http.StatusOK {
					t.Errorf("the next call answered %v %s", err, body)
				}
			})
		}
	}
}

func expectFault(t *testing.T, resp *http.Response, body []byte, err error, status int, code string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	var said struct{ Error string }
	decoded := json.Unmarshal(body, &said)
	switch {
	case resp.StatusCode != status:
		t.Errorf("answered %d %s, want %d", resp.StatusCode, body, status)
	case code == "" && decoded == nil:
		t.Errorf("answered readable JSON %s", body)
	case said.Error != code:
		t.Errorf("answered %s, want %s", body, code)
	}
}

func TestASlowAnswerIsTheTrueOne(t *testing.T) {
	for applied, want := range map[bool]bool{false: false, true: true} {
		p := bitrixtest.NewPortal(t)
		p.Fail(bitrixtest.Fault{Method: userAdd, Kind: bitrixtest.FaultSlow, Delay: time.Hour, Applied: applied})
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		_, _, err := attempt(t, ctx, p)
		cancel()
		if err == nil {
			t.Error("the slow call was answered")
		}
		if got := slices.Contains(p.Participants(1763), 23); got != want {
			t.Errorf("applied %v: person 23 is in the chat: %v", applied, got)
		}
		p.Fail(bitrixtest.Fault{Method: userAdd, Kind: bitrixtest.FaultSlow, Delay: time.Millisecond, Applied: applied})
		if resp, body, err := attempt(t, t.Context(), p); err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(body), "1763") {
			t.Errorf("applied %v: the call answered %v %s", applied, err, body)
		}
	}
}

func TestFaultsChooseTheirCalls(t *testing.T) {
	failed := func(p *bitrixtest.Portal, user, calls int) (pattern string) {
		for range calls {
			if call(t, p, user, "profile", nil).Error != nil {
				pattern += "x"
			} else {
				pattern += "."
			}
		}
		return pattern
	}
	limit := func(f bitrixtest.Fault) bitrixtest.Fault {
		f.Kind = bitrixtest.FaultQueryLimit
		if f.Method == "" {
			f.Method = "profile"
		}
		return f
	}
	for _, c := range []struct {
		name  string
		fault bitrixtest.Fault
		user  int
		want  string
	}{
		{"once", bitrixtest.Fault{}, 1, "x....."},
		{"twice", bitrixtest.Fault{Times: 2}, 1, "xx...."},
		{"for ever", bitrixtest.Fault{Times: -1}, 1, "xxxxxx"},
		{"after two calls", bitrixtest.Fault{Skip: 2}, 1, "..x..."},
		{"every third call", bitrixtest.Fault{Every: 3, Times: -1}, 1, "..x..x"},
		{"another person's calls", bitrixtest.Fault{User: 15, Times: -1}, 1, "......"},
		{"this person's calls", bitrixtest.Fault{User: 15, Times: -1}, 15, "xxxxxx"},
		{"another method", bitrixtest.Fault{Method: "user.get", Times: -1}, 1, "......"},
		{"every method", bitrixtest.Fault{Method: "*"}, 1, "x....."},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := bitrixtest.NewPortal(t)
			p.Fail(limit(c.fault))
			if got := failed(p, c.user, len(c.want)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			p.Fail(limit(bitrixtest.Fault{Times: -1}))
			p.ClearFaults()
			if got := failed(p, c.user, 2); got != ".." {
				t.Errorf("after clearing: %s", got)
			}
		})
	}
}

func TestFaultsInsideABatch(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	commands := args{"cmd": args{"a": "profile", "b": "user.admin"}}
	p.Fail(bitrixtest.Fault{Method: "profile", Kind: bitrixtest.FaultAppRemoved})
	s := runBatch(t, p, 1, commands)
	if !strings.Contains(string(s.Error), "APPLICATION_NOT_FOUND") || compact(s.Result) != `{"b":true}` {
		t.Errorf("the batch answered %s and %s", s.Result, s.Error)
	}
	p.Fail(bitrixtest.Fault{Method: "profile", Kind: bitrixtest.FaultHTML})
	resp, err := browser.Get(p.Webhook(1) + "batch?cmd[a]=profile")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("a fault of the whole request answered %d", resp.StatusCode)
	}
}

func TestTheWorldChangesBetweenLookingAndAdding(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	p.Fail(bitrixtest.Fault{Method: userAdd, Kind: bitrixtest.FaultCloseSession, Chat: 1763})
	want{status: 400, code: "CHAT_NOT_IN_CRM"}.check(t, call(t, p, 1, userAdd, adding23))
	p.Fail(bitrixtest.Fault{Method: userAdd, Kind: bitrixtest.FaultAcceptSession, Chat: 1780})
	want{result: "1780"}.check(t, call(t, p, 1, userAdd, args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": 78, "CHAT_ID": 1780, "USER_ID": 23}))
	p.Fail(bitrixtest.Fault{Method: "profile", Do: func(w *bitrixtest.World) { w.Users[1].Name = "Changed" }})
	if got := part(t, call(t, p, 1, "profile", nil), "NAME"); got != `"Changed"` {
		t.Errorf("the name is %s", got)
	}
}

// TestTheWorldChangesBeforeTheCallOrAfterIt holds it for every kind of fault:
// with Applied the change comes between the call and its answer.
func TestTheWorldChangesBeforeTheCallOrAfterIt(t *testing.T) {
	for _, kind := range []bitrixtest.FaultKind{"", bitrixtest.FaultInternal, bitrixtest.FaultDrop, bitrixtest.FaultSlow} {
		for _, applied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%q applied %v", kind, applied), func(t *testing.T) {
				p := bitrixtest.NewPortal(t)
				var during []int
				p.Fail(bitrixtest.Fault{Method: userAdd, Kind: kind, Applied: applied, Do: func(w *bitrixtest.World) {
					for _, m := range w.Chats[1763].Members {
						during = append(during, m.User)
					}
				}})
				if resp, _, err := attempt(t, t.Context(), p); err == nil {
					resp.Body.Close()
				}
				p.Do(func(*bitrixtest.World) {
					if got := slices.Contains(during, 23); len(during) == 0 || got != applied {
						t.Errorf("while the world changed the chat held %v", during)
					}
				})
			})
		}
	}
	p := bitrixtest.NewPortal(t)
	p.Fail(bitrixtest.Fault{Method: userAdd, Kind: bitrixtest.FaultCloseSession, Chat: 1763, Applied: true})
	added.check(t, call(t, p, 1, userAdd, adding23))
	if got := p.Participants(1763); !slices.Equal(got, []int{431}) {
		t.Errorf("the chat closed after adding holds %v", got)
	}
}

func TestAnAppliedFaultReplacesRefusalsToo(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	p.Fail(bitrixtest.Fault{Method: userAdd, Kind: bitrixtest.FaultInternal, Applied: true})
	want{status: 500, code: "INTERNAL_SERVER_ERROR"}.check(t, call(t, p, 1, userAdd, adding("DEAL", 77, 1763, 30)))
	notActive.check(t, call(t, p, 1, userAdd, adding("DEAL", 77, 1763, 30)))
}

func TestFaultsThatAreSpentAreGone(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	p.Fail(bitrixtest.Fault{Method: "profile", Kind: bitrixtest.FaultInternal})
	p.Fail(bitrixtest.Fault{Method: "profile", Kind: bitrixtest.FaultHTML, Skip: 5})
	p.Fail(bitrixtest.Fault{Method: "app.info@oauth", Kind: bitrixtest.FaultInternal})
	call(t, p, 1, "profile", nil)
	token := p.Token(registered(t, p).ClientID, 15).Access
	if resp, err := browser.Get(p.AuthURL() + "/rest/app.info?auth=" + token); err != nil || resp.StatusCode != http.StatusInternalServerError {
		t.Errorf("app.info answered %v %v", resp, err)
	} else {
		resp.Body.Close()
	}
	var left []bitrixtest.Fault
	if _, body := control(t, p, http.MethodGet, "faults", ""); json.Unmarshal(body, &left) != nil || len(left) != 1 || left[0].Kind != bitrixtest.FaultHTML {
		t.Errorf("at work are %s", body)
	}
}

func TestTheAuthorisationServerFailsToo(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	pair := p.Token(keys.ClientID, 15)
	p.Fail(bitrixtest.Fault{Method: "oauth/token", Kind: bitrixtest.FaultInvalidGrant, User: 22})
	p.Fail(bitrixtest.Fault{Method: "oauth/token", Kind: bitrixtest.FaultWrongClient})
	if status, got := exchangeToken(t, http.MethodPost, p.AuthURL(), refreshing(keys, pair.Refresh)); status != 200 || got["error"] != "wrong_client" || p.Refreshes() != 0 {
		t.Errorf("got %d %v after %d refreshes", status, got, p.Refreshes())
	}
	p.Fail(bitrixtest.Fault{Method: "oauth/token", Kind: bitrixtest.FaultInternal, Applied: true})
	if status, _ := exchangeToken(t, http.MethodPost, p.AuthURL(), refreshing(keys, pair.Refresh)); status != 500 || p.Refreshes() != 1 {
		t.Errorf("got %d after %d refreshes, want the pair lost on the way", status, p.Refreshes())
	}
	if _, got := exchangeToken(t, http.MethodPost, p.AuthURL(), refreshing(keys, pair.Refresh)); got["error"] != "invalid_grant" {
		t.Errorf("the spent token answered %v", got)
	}
	p.Fail(bitrixtest.Fault{Method: "app.info@oauth", Kind: bitrixtest.FaultHTML, Status: 502})
	resp, err := browser.Get(p.AuthURL() + "/rest/app.info?auth=" + p.Token(keys.ClientID, 15).Access)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadGateway {
		t.Errorf("app.info answered %d", resp.StatusCode)
	}
}

func TestClosingThePortalEndsSlowAnswers(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	came, waiting := make(chan struct{}), make(chan struct{})
	p.Fail(bitrixtest.Fault{Method: "profile", Kind: bitrixtest.FaultSlow, Delay: time.Hour, Do: func(*bitrixtest.World) { close(came) }})
	hook := p.Webhook(1)
	go func() {
		defer close(waiting)
		if resp, err := browser.Get(hook + "profile"); err == nil {
			resp.Body.Close()
		}
	}()
	<-came
	p.Close()
	<-waiting
}
