package bitrix

import (
	"net/url"
	"testing"
	"testing/synctest"
	"time"
)

const info = `{"result":{"client_id":"local.0123456789abcd.12345678","scope":"crm,im","expires":"2026-09-21T13:13:20+00:00","user_id":"15",
	"install":{"installed":false,"version":"1","status":"L","scope":"crm","domain":"old.example","uri":"https://acme.example",
	"client_endpoint":"https://acme.example/rest","member_id":"` + testMember + `","member_type":"x"}},"time":{}}`

func TestAuthorizeURL(t *testing.T) {
	app := newApplication(nil)
	const want = "https://acme.example/oauth/authorize/?client_id=local.0123456789abcd.12345678&state=a%26b"
	for _, address := range []string{"https://acme.example", "https://ACME.example:443/rest/"} {
		if got := app.AuthorizeURL(address, "a&b"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, address := range []string{"", "acme.example", "javascript:alert(1)", "ftp://acme.example", "https://a:b@acme.example"} {
		if got := app.AuthorizeURL(address, "s"); got != "" {
			t.Errorf("%q became %s", address, got)
		}
	}
}

func TestInspectTellsWhoseTokenItIs(t *testing.T) {
	p := portal(says(200, info))
	g, err := newApplication(p).Inspect(t.Context(), "", testAccess)
	must(t, err)
	if g.MemberID != testMember || g.Endpoint != testEndpoint || g.UserID != 15 || g.Server != testServer || g.Status != "L" || len(g.Scope) != 2 {
		t.Errorf("got %+v", g)
	}
	if want := time.Date(2026, 9, 21, 13, 13, 20, 0, time.UTC); !g.Expiry.Equal(want) {
		t.Errorf("expires at %v, want %v", g.Expiry, want)
	}
	q := p.wantAsked(t, 1)[0]
	form, err := url.ParseQuery(q.raw)
	must(t, err)
	if form.Get("auth") != testAccess || len(form) != 1 || q.host != "oauth.example" || q.method != "app.info" {
		t.Errorf("asked %s %s with %v", q.host, q.method, form)
	}
}

func TestInspectAcceptsNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		react reaction
		want  error
	}{
		"a token of another application": {says(200, `{"result":{"client_id":"local.other","install":{"member_id":"`+testMember+`","client_endpoint":"`+testEndpoint+`"}}}`), ErrForeignToken},
		"a token of no application":      {says(200, `{"result":{"install":[]}}`), ErrUnreachable},
		"an answer without a portal":     {says(200, `{"result":{"client_id":"local.0123456789abcd.12345678","install":{"member_id":"`+testMember+`"}}}`), ErrUnreachable},
		"an unknown token":               {refuses(401, "NO_AUTH_FOUND"), ErrNoAuth},
		"a wrong token":                  {refuses(400, "invalid_client"), ErrNoAuth},
		"an expired token":               {refuses(401, "expired_token"), ErrExpiredToken},
		"a removed application":          {refuses(401, "NOT_INSTALLED"), ErrAppRemoved},
		"a page":                         {says(200, "<html>"), ErrUnreachable},
		"a redirect":                     {says(302, ""), ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, err := newApplication(portal(c.react)).Inspect(t.Context(), testServer, testAccess)
				wantIs(t, err, c.want)
				wantIsNot(t, err, ErrInvalidClient)
				wantNoSecret(t, err)
				if g.UserID != 0 || g.Endpoint != "" {
					t.Errorf("got %+v beside the error", g)
				}
			})
		})
	}
}

func TestInspectAsksAgainAfterALostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal(breaks(), says(500, "<html>"), says(200, info))
		_, err := newApplication(p).Inspect(t.Context(), testServer, testAccess)
		must(t, err)
		p.wantAsked(t, 3)
	})
}

func TestOnlyListedServersAreAsked(t *testing.T) {
	p := portal(says(200, info))
	app := newApplication(p)
	for _, server := range []string{
		"https://evil.example", "http://oauth.example", "https://oauth.example.evil.example", "https://oauth.example@evil.example",
		"https://oauth.example:444", "evil.example", "//evil.example", "oauth.example/x", "https://", "x", " ", "://",
	} {
		_, err := app.Inspect(t.Context(), server, testAccess)
		wantIs(t, err, ErrUntrustedServer)
		_, err = app.Exchange(t.Context(), server, "code")
		wantIs(t, err, ErrUntrustedServer)
		token := testToken()
		token.Server = server
		_, err = app.Refresh(t.Context(), token)
		wantIs(t, err, ErrUntrustedServer)
	}
	p.wantAsked(t, 0)
	for _, server := range []string{"", "https://oauth.example", "https://OAUTH.example:443/rest/", "oauth.example"} {
		if _, err := app.Inspect(t.Context(), server, testAccess); err != nil {
			t.Errorf("%q: %v", server, err)
		}
	}

	broken := newApplication(p)
	broken.AuthServers = []string{"oauth.example"} // no origin
	_, err := broken.Inspect(t.Context(), "", testAccess)
	wantIs(t, err, ErrUntrustedServer)
	plain := &Application{}
	if at, err := plain.server("oauth.bitrix24.tech"); err != nil || at != "https://oauth.bitrix24.tech" {
		t.Errorf("got %q, %v", at, err)
	}
}

func TestExchange(t *testing.T) {
	p := portal(tokens(testAccess, testRefresh))
	got, err := newApplication(p).Exchange(t.Context(), "oauth.example", "the-code")
	must(t, err)
	if got.Access != testAccess || got.Refresh != testRefresh || got.MemberID != testMember || got.Endpoint != testEndpoint || got.UserID != 15 {
		t.Errorf("got %+v", got)
	}
	form, err := url.ParseQuery(p.wantAsked(t, 1)[0].raw)
	must(t, err)
	if form.Get("grant_type") != "authorization_code" || form.Get("code") != "the-code" {
		t.Errorf("got form %v", form)
	}
}

func TestTheTokenEndpointRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		react reaction
		want  error
	}{
		"a used code":                     {refuses(400, "invalid_grant"), ErrInvalidGrant},
		"an unknown client, status 200":   {refuses(200, "wrong_client"), ErrInvalidClient},
		"a wrong secret":                  {refuses(401, "invalid_client"), ErrInvalidClient},
		"a removed application":           {refuses(401, "NOT_INSTALLED"), ErrAppRemoved},
		"its own trouble":                 {says(500, "oops"), ErrUnreachable},
		"an answer without tokens":        {says(200, `{"member_id":"`+testMember+`"}`), ErrUnreachable},
		"an answer of wrong types":        {says(200, `{"user_id":"abc"}`), ErrUnreachable},
		"a redirect to somewhere else":    {says(307, ""), ErrUnreachable},
		"its words holding the secret":    {says(400, `{"error":"invalid_client","error_description":"client-secret-that-nobody-may-see"}`), ErrInvalidClient},
		"its words holding the code sent": {says(400, `{"error":"invalid_grant","error_description":"`+testRefresh+`"}`), ErrInvalidGrant},
	} {
		t.Run(name, func(t *testing.T) {
			p := portal(c.react)
			_, err := newApplication(p).Exchange(t.Context(), "", testRefresh)
			wantIs(t, err, c.want)
			wantNoSecret(t, err)
			p.wantAsked(t, 1)
		})
	}
	p := portal(tokens(testAccess, testRefresh))
	_, err := newApplication(p).Exchange(t.Context(), "", "")
	wantIs(t, err, ErrInvalidGrant)
	_, err = newApplication(p).Refresh(t.Context(), Token{})
	wantIs(t, err, ErrInvalidGrant)
	p.wantAsked(t, 0)
}
