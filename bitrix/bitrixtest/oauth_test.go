package bitrixtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// clock is a clock that stands until a test puts it forward.
type clock struct {
	start time.Time
	ahead atomic.Int64
}

func newClock() *clock { return &clock{start: time.Now()} }

func (c *clock) now() time.Time          { return c.start.Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(d time.Duration) { c.ahead.Add(int64(d)) }

// portalWithClock is a portal whose time a test moves.
func portalWithClock(t *testing.T) (*bitrixtest.Portal, *clock) {
	c := newClock()
	return bitrixtest.NewPortalWith(t, bitrixtest.Options{Now: c.now}), c
}

// registered is a portal with an installed application.
func registered(t *testing.T, p *bitrixtest.Portal, scopes ...string) bitrixtest.Credentials {
	t.Helper()
	if len(scopes) == 0 {
		scopes = []string{"crm", "im", "imopenlines", "placement", "user"}
	}
	return p.Register(bitrixtest.App{Name: "Test", HandlerURL: "http://app.localhost:1/app?from=portal", Scopes: scopes})
}

// exchangeToken asks the token endpoint: with GET or as a POST form.
func exchangeToken(t *testing.T, method, server string, fields url.Values) (int, map[string]any) {
	t.Helper()
	address, body := server+"/oauth/token/", ""
	if method == http.MethodGet {
		address += "?" + fields.Encode()
	} else {
		body = fields.Encode()
	}
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return fetchJSON(t, r)
}

func fetchJSON(t *testing.T, r *http.Request) (int, map[string]any) {
	t.Helper()
	resp, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%s answered %d %q: %v", r.URL, resp.StatusCode, text, err)
	}
	return resp.StatusCode, got
}

func refreshing(keys bitrixtest.Credentials, refresh string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {keys.ClientID}, "client_secret": {keys.ClientSecret}, "refresh_token": {refresh}}
}

func TestARefreshTokenWorksOnce(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	pair := p.Token(keys.ClientID, 15)
	status, got := exchangeToken(t, http.MethodPost, p.AuthURL(), refreshing(keys, pair.Refresh))
	if status != http.StatusOK {
		t.Fatalf("the refresh answered %d %v", status, got)
	}
	for field, want := range map[string]any{
		"client_endpoint": p.RESTURL(), "server_endpoint": p.AuthURL() + "/rest/", "domain": strings.TrimPrefix(p.AuthURL(), "http://"),
		"member_id": p.MemberID(), "user_id": 15.0, "expires_in": 3600.0, "status": "L", "scope": "crm,im,imopenlines,placement,user",
	} {
		if fmt.Sprint(got[field]) != fmt.Sprint(want) && !(field == "expires_in" && got[field] == 3599.0) {
			t.Errorf("%s is %v, want %v", field, got[field], want)
		}
	}
	callApp(t, p, got["access_token"].(string), "profile", nil).ok(t)
	if status, again := exchangeToken(t, http.MethodPost, p.AuthURL(), refreshing(keys, pair.Refresh)); status != http.StatusBadRequest || again["error"] != "invalid_grant" {
		t.Errorf("the old refresh token answered %d %v, want invalid_grant", status, again)
	}
	if status, _ := exchangeToken(t, http.MethodGet, p.AuthURL(), refreshing(keys, got["refresh_token"].(string))); status != http.StatusOK {
		t.Errorf("the new refresh token answered %d by GET", status)
	}
	if p.Refreshes() != 2 {
		t.Errorf("%d refreshes were counted, want 2", p.Refreshes())
	}
}

func TestARefreshTokenCanBeMadeToWorkAgain(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	pair := p.Token(keys.ClientID, 15)
	p.Switch(func(s *bitrixtest.Switches) { s.ReusableRefresh = true })
	for range 2 {
		if status, got := exchangeToken(t, http.MethodPost, p.AuthURL(), refreshing(keys, pair.Refresh)); status != http.StatusOK || got["refresh_token"] == pair.Refresh {
			t.Errorf("the refresh answered %d %v", status, got)
		}
	}
	callApp(t, p, pair.Access, "profile", nil).ok(t)
	p.Switch(func(s *bitrixtest.Switches) { s.ReusableRefresh = false })
	exchangeToken(t, http.MethodPost, p.AuthURL(), refreshing(keys, pair.Refresh))
	if status, got := exchangeToken(t, http.MethodPost, p.AuthURL(), refreshing(keys, pair.Refresh)); status != http.StatusBadRequest || got["error"] != "invalid_grant" {
		t.Errorf("the spent refresh token answered %d %v", status, got)
	}
	want{status: http.StatusUnauthorized, code: "expired_token"}.check(t, callApp(t, p, pair.Access, "profile", nil))
}

func TestTokensLookLikeThoseOfThePortal(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	pair := p.Token(keys.ClientID, 15)
	for _, token := range []string{pair.Access, pair.Refresh} {
		if !regexp.MustCompile(`^[0-9a-f]{70}$`).MatchString(token) {
			t.Errorf("token %q is not 70 hex digits", token)
		}
	}
	if want := fmt.Sprintf("%08x", pair.Expires.Unix()); !strings.HasPrefix(pair.Access, want) {
		t.Errorf("the access token begins with %s, want its expiry %s", pair.Access[:8], want)
	}
	if !regexp.MustCompile(`^local\.[0-9a-f]{14}\.[0-9]{8}$`).MatchString(keys.ClientID) || len(keys.ClientSecret) != 50 || len(keys.ApplicationToken) != 32 {
		t.Errorf("the keys are %+v", keys)
	}
}

func TestTheTokenEndpointRefuses(t *testing.T) {
	p, at := portalWithClock(t)
	keys, other, gone := registered(t, p), registered(t, p), registered(t, p)
	p.Uninstall(gone.ClientID, true)
	foreign := p.Token(other.ClientID, 15).Refresh
	old := p.Token(keys.ClientID, 15).Refresh
	at.forward(181 * 24 * time.Hour)
	good := p.Token(keys.ClientID, 15).Refresh
	with := func(name, value string) url.Values {
		fields := refreshing(keys, good)
		fields.Set(name, value)
		return fields
	}
	for _, c := range []struct {
		name   string
		fields url.Values
		status int
		code   string
	}{
		{"a request without a grant type", with("grant_type", ""), 400, "invalid_request"},
		{"a request without a refresh token", with("refresh_token", ""), 400, "invalid_request"},
		{"another grant type", with("grant_type", "password"), 400, "unsupported_grant_type"},
		{"an unknown application, with status 200", with("client_id", "local.00000000000000.00000000"), 200, "wrong_client"},
		{"a wrong secret", with("client_secret", "wrong"), 400, "invalid_client"},
		{"an application that was deleted", refreshing(gone, good), 401, "NOT_INSTALLED"},
		{"an unknown refresh token", with("refresh_token", "nothing"), 400, "invalid_grant"},
		{"the refresh token of another application", with("refresh_token", foreign), 400, "invalid_grant"},
		{"a refresh token after 180 days", with("refresh_token", old), 400, "invalid_grant"},
		{"an unknown code", url.Values{"grant_type": {"authorization_code"}, "client_id": {keys.ClientID}, "client_secret": {keys.ClientSecret}, "code": {"x"}}, 400, "invalid_grant"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, got := exchangeToken(t, http.MethodPost, p.AuthURL(), c.fields)
			if status != c.status || got["error"] != c.code {
				t.Errorf("got %d %v, want %d %s", status, got, c.status, c.code)
			}
		})
	}
	if p.Refreshes() != 0 {
		t.Errorf("%d refreshes were carried out", p.Refreshes())
	}
}

// signIn is a sign-in cookie of a person.
func signIn(t *testing.T, p *bitrixtest.Portal, user int) *http.Cookie {
	t.Helper()
	resp, err := browser.Post(p.URL()+"/_portal/sign-in", "application/json", strings.NewReader(fmt.Sprintf(`{"user":%d}`, user)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if len(resp.Cookies()) != 1 {
		t.Fatalf("signing in as %d answered %d without a cookie", user, resp.StatusCode)
	}
	return resp.Cookies()[0]
}

// authorize opens the authorise page in the browser of a person; 0 is nobody.
func authorize(t *testing.T, p *bitrixtest.Portal, user int, clientID string) *http.Response {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, p.URL()+"/oauth/authorize/?"+url.Values{"client_id": {clientID}, "state": {"my state"}}.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if user != 0 {
		r.AddCookie(signIn(t, p, user))
	}
	resp, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

func TestACodeWorksOnceForHalfAMinute(t *testing.T) {
	p, at := portalWithClock(t)
	keys := registered(t, p)
	newCode := func() url.Values {
		resp := authorize(t, p, 22, keys.ClientID)
		back, err := resp.Location()
		if err != nil || resp.StatusCode != http.StatusFound {
			t.Fatalf("the authorise page answered %d: %v", resp.StatusCode, err)
		}
		query := back.Query()
		for name, want := range map[string]string{
			"from": "portal", "state": "my state", "domain": p.Domain(), "member_id": p.MemberID(),
			"scope": "crm,im,imopenlines,placement,user", "server_domain": strings.TrimPrefix(p.AuthURL(), "http://"),
		} {
			if query.Get(name) != want {
				t.Errorf("%s is %q, want %q", name, query.Get(name), want)
			}
		}
		if back.Host != "app.localhost:1" || back.Path != "/app" {
			t.Errorf("the person is sent to %s", back)
		}
		return url.Values{"grant_type": {"authorization_code"}, "client_id": {keys.ClientID}, "client_secret": {keys.ClientSecret}, "code": {query.Get("code")}}
	}
	code := newCode()
	status, got := exchangeToken(t, http.MethodPost, p.AuthURL(), code)
	if status != http.StatusOK || got["user_id"] != 22.0 {
		t.Fatalf("the exchange answered %d %v", status, got)
	}
	callApp(t, p, got["access_token"].(string), "profile", nil).ok(t)
	if _, again := exchangeToken(t, http.MethodPost, p.AuthURL(), code); again["error"] != "invalid_grant" {
		t.Errorf("the used code answered %v", again)
	}
	code = newCode()
	at.forward(31 * time.Second)
	if _, late := exchangeToken(t, http.MethodGet, p.AuthURL(), code); late["error"] != "invalid_grant" {
		t.Errorf("the late code answered %v", late)
	}
}

func TestWhoCannotAuthoriseIsToldOnThePortal(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	ivan := visitAs(t, p, 15)
	ivan.post("/language/", url.Values{"language": {"ru"}})
	ivan.get("/oauth/authorize/?client_id=local.unknown").has(http.StatusBadRequest, "Имитация портала", "Такого приложения на портале нет.")
	p.SetAccess(keys.ClientID, "DR7")
	ivan.get("/oauth/authorize?client_id="+keys.ClientID).has(http.StatusForbidden, "У вас нет доступа к приложению")
	visitAs(t, p, 0).get("/oauth/authorize/?client_id=local.unknown").has(http.StatusBadRequest, "Simulated portal", "There is no such application on this portal.")
}

func TestAuthorisingEndsOnThePortal(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	if resp := authorize(t, p, 0, keys.ClientID); resp.StatusCode != http.StatusFound || !strings.HasPrefix(resp.Header.Get("Location"), "/login/?back=") {
		t.Errorf("a stranger got %d %s, want the sign-in page", resp.StatusCode, resp.Header.Get("Location"))
	}
	if resp := authorize(t, p, 15, "local.unknown"); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown application got %d", resp.StatusCode)
	}
	p.SetAccess(keys.ClientID, "DR7")
	if resp := authorize(t, p, 15, keys.ClientID); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a person outside the access list got %d", resp.StatusCode)
	}
	if resp := authorize(t, p, 22, keys.ClientID); resp.StatusCode != http.StatusFound {
		t.Errorf("a person of a listed department got %d", resp.StatusCode)
	}
	cookie := signIn(t, p, 22)
	p.Do(func(w *bitrixtest.World) { w.Dismiss(22) })
	r, _ := http.NewRequest(http.MethodGet, p.URL()+"/oauth/authorize/?client_id="+keys.ClientID, nil)
	r.AddCookie(cookie)
	resp, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if !strings.HasPrefix(resp.Header.Get("Location"), "/login/") {
		t.Errorf("a dismissed person is still signed in: %d %s", resp.StatusCode, resp.Header.Get("Location"))
	}
}

func TestAppInfoOfTheAuthorisationServerProvesAToken(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	access := p.Token(keys.ClientID, 15).Access
	address := p.AuthURL() + "/rest/app.info"
	ask := func(method, url, contentType, body string) *http.Request {
		r, err := http.NewRequest(method, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", contentType)
		return r
	}
	for name, r := range map[string]*http.Request{
		"GET":            ask(http.MethodGet, address+"?auth="+access, "", ""),
		"GET with slash": ask(http.MethodGet, address+"/?auth="+access, "", ""),
		"form":           ask(http.MethodPost, address, "application/x-www-form-urlencoded", "auth="+access),
		"JSON":           ask(http.MethodPost, address+"/", "application/json", `{"auth":"`+access+`"}`),
	} {
		status, got := fetchJSON(t, r)
		result, _ := got["result"].(map[string]any)
		install, _ := result["install"].(map[string]any)
		if status != http.StatusOK || result["client_id"] != keys.ClientID || result["user_id"] != "15" ||
			install["member_id"] != p.MemberID() || install["client_endpoint"] != p.RESTURL() || install["installed"] != true {
			t.Errorf("%s: got %d %v", name, status, got)
		}
		if expires, err := time.Parse(time.RFC3339, fmt.Sprint(result["expires"])); err != nil || !strings.HasSuffix(fmt.Sprint(result["expires"]), "+00:00") || time.Until(expires) > time.Hour {
			t.Errorf("%s: expires %v", name, result["expires"])
		}
	}
	expect := func(name, token string, status int, code string) {
		t.Helper()
		gotStatus, got := fetchJSON(t, ask(http.MethodGet, address+"?auth="+token, "", ""))
		if gotStatus != status || got["error"] != code {
			t.Errorf("%s: got %d %v, want %d %s", name, gotStatus, got, status, code)
		}
	}
	expect("no token", "", 401, "NO_AUTH_FOUND")
	expect("no token at all", "nonsense", 401, "NO_AUTH_FOUND")
	expect("somebody's token", strings.Repeat("ab", 35), 400, "invalid_client")
	p.ExpireTokens(15)
	expect("an expired token", access, 401, "expired_token")
	p.Uninstall(keys.ClientID, true)
	expect("a token of a deleted application", access, 401, "NOT_INSTALLED")
}

func TestOneAuthorisationServerServesTwoPortals(t *testing.T) {
	first := bitrixtest.NewPortal(t)
	second := bitrixtest.NewPortalWith(t, bitrixtest.Options{Auth: first.Auth(), MemberID: strings.Repeat("d", 32)})
	keys := registered(t, second)
	pair := second.Token(keys.ClientID, 15)
	status, got := exchangeToken(t, http.MethodPost, first.AuthURL(), refreshing(keys, pair.Refresh))
	if status != http.StatusOK || got["client_endpoint"] != second.RESTURL() || got["member_id"] != second.MemberID() {
		t.Errorf("the refresh answered %d %v", status, got)
	}
	if a := callApp(t, first, got["access_token"].(string), "profile", nil); a.Error == nil || *a.Error != "NO_AUTH_FOUND" {
		t.Errorf("a token of one portal works on the other: %s", a)
	}
}

func TestThePortalPassesTokenRequestsOnUntilToldNotTo(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	if status, got := exchangeToken(t, http.MethodGet, p.URL(), refreshing(keys, p.Token(keys.ClientID, 15).Refresh)); status != http.StatusOK {
		t.Errorf("the proxy answered %d %v", status, got)
	}
	p.Switch(func(s *bitrixtest.Switches) { s.TokenProxy = false })
	resp, err := browser.Get(p.URL() + "/oauth/token/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("the closed proxy answered %d", resp.StatusCode)
	}
}
