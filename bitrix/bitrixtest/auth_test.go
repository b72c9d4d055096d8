package bitrixtest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// TestTheTokenIsCheckedInTheOrderOfThePortal holds the order in which a real
// portal finds fault with a token: each case is wrong in several ways, and the
// first in the portal's order decides.
func TestTheTokenIsCheckedInTheOrderOfThePortal(t *testing.T) {
	type world struct {
		p    *bitrixtest.Portal
		keys bitrixtest.Credentials
	}
	dismiss := func(w world) { w.p.Do(func(world *bitrixtest.World) { world.Dismiss(15) }) }
	expire := func(w world) { w.p.ExpireTokens(15) }
	remove := func(w world) { w.p.Uninstall(w.keys.ClientID, true) }
	plan := func(w world) { w.p.Switch(func(s *bitrixtest.Switches) { s.Commercial = false }) }
	overload := func(w world) { w.p.Switch(func(s *bitrixtest.Switches) { s.Overloaded = true }) }
	closed := func(w world) { w.p.SetAccess(w.keys.ClientID, "U22") }
	for _, c := range []struct {
		name   string
		spoil  []func(world)
		method string
		want   want
	}{
		{"an unknown method comes before everything", []func(world){overload, expire}, "no.such.method", want{status: 404, code: "ERROR_METHOD_NOT_FOUND", text: "Method not found!"}},
		{"overload comes before the plan", []func(world){overload, plan, remove}, "user.current", want{status: 503, code: "OVERLOAD_LIMIT"}},
		{"the plan comes before the application", []func(world){plan, remove}, "user.current", want{status: 403, code: "ACCESS_DENIED", text: "commercial plans"}},
		{"a deleted application comes before an expired token", []func(world){remove, expire}, "user.current", want{status: 401, code: "APPLICATION_NOT_FOUND"}},
		{"an expired token comes before the scope", []func(world){expire, dismiss}, "department.get", want{status: 401, code: "expired_token", text: "has expired"}},
		{"the scope comes before the person", []func(world){dismiss}, "department.get", want{status: 403, code: "insufficient_scope", text: "higher privileges"}},
		{"the person comes before the access list", []func(world){dismiss, closed}, "user.current", want{status: 401, code: "authorization_error", text: "Unable to authorize user"}},
		{"the access list comes last", []func(world){closed}, "user.current", want{status: 403, code: "user_access_error"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := bitrixtest.NewPortal(t)
			w := world{p, registered(t, p)}
			access := p.Token(w.keys.ClientID, 15).Access
			callApp(t, p, access, "user.current", nil).ok(t)
			for _, spoil := range c.spoil {
				spoil(w)
			}
			c.want.check(t, callApp(t, p, access, c.method, nil))
		})
	}
}

func TestWhereATokenIsLookedFor(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	admin, ivan := p.Token(keys.ClientID, 1).Access, p.Token(keys.ClientID, 15).Access
	for _, c := range []struct {
		name, query, header, person string
	}{
		{"in auth", "auth=" + ivan, "", "15"},
		{"in access_token", "access_token=" + ivan, "", "15"},
		{"auth wins over access_token", "access_token=" + admin + "&auth=" + ivan, "", "15"},
		{"the header wins over both", "auth=" + ivan, "Bearer " + admin, "1"},
		{"the word of the header may be in any case", "", "bearer " + admin, "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequest(http.MethodGet, p.RESTURL()+"profile?"+c.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			if c.header != "" {
				r.Header.Set("Authorization", c.header)
			}
			_, got := fetchJSON(t, r)
			result, _ := got["result"].(map[string]any)
			if result["ID"] != c.person {
				t.Errorf("got %v, want person %s", got, c.person)
			}
		})
	}
	for name, token := range map[string]string{"no token": "", "an unknown token": strings.Repeat("a", 70)} {
		if got := callApp(t, p, token, "profile", nil); got.Status != 401 || *got.Error != "NO_AUTH_FOUND" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

func TestWebhooks(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	hook := p.Webhook(15)
	if again := p.Webhook(15); again != hook {
		t.Errorf("the webhook is %s, then %s", hook, again)
	}
	post(t, hook+"profile.json", nil).ok(t)
	post(t, strings.Replace(hook, "/rest/", "//rest//", 1)+"/profile", nil).ok(t)
	want{status: 403, code: "INVALID_CREDENTIALS", text: "Invalid request credentials"}.check(t, post(t, strings.Replace(hook, "/15/", "/1/", 1)+"profile", nil))
	want{status: 403, code: "INVALID_CREDENTIALS"}.check(t, post(t, p.RESTURL()+"15/wrong/profile", nil))
	want{status: 403, code: "WRONG_AUTH_TYPE", text: "Application context required"}.check(t, post(t, p.Webhook(1)+"placement.get", nil))
	if scopes := string(at(t, post(t, hook+"app.info", nil).ok(t), "SCOPE")); !strings.Contains(scopes, "crm") {
		t.Errorf("app.info of a webhook tells the scopes %s", scopes)
	}
	p.Do(func(w *bitrixtest.World) { w.Dismiss(15) })
	want{status: 401, code: "authorization_error"}.check(t, post(t, hook+"profile", nil))
}

func TestThePortalMovesAndSendsCallersOn(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	former, pair := p.RESTURL(), p.Token(keys.ClientID, 15)
	if err := p.SetURL(strings.Replace(p.URL(), "portal.", "moved.", 1)); err != nil {
		t.Fatal(err)
	}
	resp, err := browser.Post(former+"profile", "application/x-www-form-urlencoded", strings.NewReader("auth="+pair.Access))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if want := p.RESTURL() + "profile"; resp.StatusCode != http.StatusFound || resp.Header.Get("Location") != want {
		t.Errorf("the old address answered %d %q, want 302 to %s", resp.StatusCode, resp.Header.Get("Location"), want)
	}
	callApp(t, p, pair.Access, "profile", nil).ok(t)
	if _, got := exchangeToken(t, http.MethodPost, p.AuthURL(), refreshing(keys, pair.Refresh)); got["client_endpoint"] != p.RESTURL() || got["member_id"] != p.MemberID() {
		t.Errorf("the refresh answered %v", got)
	}
	if err := p.SetURL("portal"); err == nil {
		t.Error("a portal moved to an address that is none")
	}
}

func TestEveryHTTPRequestIsLogged(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	pair := p.Token(keys.ClientID, 15)
	p.ResetRequests()
	callApp(t, p, pair.Access, "batch", args{"cmd": args{"a": "profile", "b": "user.current"}}).ok(t)
	callApp(t, p, "", "profile", nil)
	call(t, p, 1, "user.get", args{"ID": 15}).ok(t)
	exchangeToken(t, http.MethodPost, p.AuthURL(), refreshing(keys, pair.Refresh))
	log := p.Requests()
	if len(log) != 4 {
		t.Fatalf("%d requests were logged: %+v", len(log), log)
	}
	if r := log[0]; r.Method != "batch" || r.User != 15 || !r.Batch || strings.Join(r.Inner, " ") != "profile user.current" || r.Status != 200 || r.Params["auth"] != nil {
		t.Errorf("the batch is logged as %+v", r)
	}
	if r := log[1]; r.User != 0 || r.Status != 401 || r.Error != "NO_AUTH_FOUND" {
		t.Errorf("the refused request is logged as %+v", r)
	}
	if r := log[2]; r.User != 1 || !r.Webhook {
		t.Errorf("the webhook's request is logged as %+v", r)
	}
	if r := log[3]; !r.Auth || r.Method != "oauth/token" || r.ClientID != keys.ClientID {
		t.Errorf("the refresh is logged as %+v", r)
	}
	p.ResetRequests()
	if len(p.Requests()) != 0 {
		t.Error("the log is not empty after the reset")
	}
}

func TestMethodsThatAreNoneAreRefused(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	r, err := http.NewRequestWithContext(context.Background(), http.MethodDelete, p.Webhook(1)+"profile", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("DELETE answered %d", resp.StatusCode)
	}
	post(t, p.Webhook(1)+"Profile", nil).ok(t)
	for _, name := range []string{"", "imopenlines.crm.chat.user.invite", "profile/x"} {
		want{status: 404, code: "ERROR_METHOD_NOT_FOUND"}.check(t, post(t, p.Webhook(1)+name, nil))
	}
}
