package bitrixtest_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// control makes one request under /_portal/.
func control(t *testing.T, p *bitrixtest.Portal, method, path, body string) (int, []byte) {
	t.Helper()
	r, err := http.NewRequest(method, p.URL()+"/_portal/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := bitrixtest.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, text
}

func TestTheControlsAreForThisMachineOnly(t *testing.T) {
	p := bitrixtest.New(bitrixtest.Options{Control: true})
	defer p.Close()
	off := bitrixtest.New(bitrixtest.Options{})
	defer off.Close()
	const here = "127.0.0.1:5000"
	for name, c := range map[string]struct {
		p            *bitrixtest.Portal
		remote, host string
		headers      map[string]string
		want         int
	}{
		"a program on this machine":      {p, here, "portal.localhost:8090", nil, 200},
		"by the number":                  {p, here, "127.0.0.1:8090", nil, 200},
		"by the name":                    {p, here, "LocalHost", nil, 200},
		"over IPv6":                      {p, "[::1]:5000", "[::1]:8090", nil, 200},
		"the portal's own page":          {p, here, "portal.localhost:8090", map[string]string{"Origin": "http://portal.localhost:8090"}, 200},
		"another machine":                {p, "192.0.2.7:5000", "portal.localhost:8090", nil, 404},
		"another machine on IPv6":        {p, "[2001:db8::1]:5000", "portal.localhost:8090", nil, 404},
		"another site's page":            {p, here, "portal.localhost:8090", map[string]string{"Origin": "http://evil.example"}, 403},
		"another page of this machine":   {p, here, "portal.localhost:8090", map[string]string{"Origin": "http://app.localhost:8080"}, 403},
		"a page without an origin":       {p, here, "portal.localhost:8090", map[string]string{"Origin": "null"}, 403},
		"a name that was led here":       {p, here, "evil.example:8090", map[string]string{"Origin": "http://evil.example:8090"}, 403},
		"one that ends as those here do": {p, here, "evillocalhost:8090", nil, 403},
		"one that begins as those here":  {p, here, "127.0.0.1.evil.example", nil, 403},
		"an address of another machine":  {p, here, "192.0.2.7:8090", nil, 403},
		"no name":                        {p, here, "", nil, 403},
		"through a proxy":                {p, here, "localhost:8090", map[string]string{"X-Forwarded-For": "192.0.2.7"}, 403},
		"through a proxy of today":       {p, here, "localhost:8090", map[string]string{"Forwarded": "for=192.0.2.7"}, 403},
		"switched off":                   {off, here, "portal.localhost:8090", nil, 404},
	} {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			path, body := "users/dismiss", `{"user":22}`
			if method == http.MethodGet {
				path, body = "state", ""
				if c.headers["Origin"] != "" && strings.Contains(c.host, "localhost") {
					continue // reading is kept from pages of other sites by the browser
				}
			}
			r := httptest.NewRequest(method, "http://portal.localhost:8090/_portal/"+path, strings.NewReader(body))
			r.RemoteAddr, r.Host = c.remote, c.host
			for key, value := range c.headers {
				r.Header.Set(key, value)
			}
			w := httptest.NewRecorder()
			c.p.ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("%s %s: got %d, want %d", method, name, w.Code, c.want)
			}
			if w.Header().Get("Access-Control-Allow-Origin") != "" || c.want != 200 && strings.Contains(w.Body.String(), "member_id") {
				t.Errorf("%s %s: others can read %v", method, name, w.Body)
			}
		}
	}
}

func TestTheControlsNeverShowSecrets(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := p.Register(bitrixtest.App{Name: "A", HandlerURL: "http://app.localhost:1/app", Scopes: []string{"crm", "placement"}})
	first := p.Token(keys.ClientID, 15)
	_, renewed := exchangeToken(t, http.MethodPost, p.AuthURL(), refreshing(keys, first.Refresh))
	secrets := map[string]string{
		"client secret": keys.ClientSecret, "application token": keys.ApplicationToken,
		"spent access token": first.Access, "spent refresh token": first.Refresh,
		"access token": renewed["access_token"].(string), "refresh token": renewed["refresh_token"].(string),
		"webhook": strings.Split(p.Webhook(1), "/")[5], "code": p.Code(keys.ClientID, 15),
	}
	// Every way of presenting a token leaves a trace in the log.
	for _, params := range []args{{"auth": secrets["access token"]}, {"access_token": secrets["access token"]}, {"AUTH": secrets["access token"]}} {
		post(t, p.RESTURL()+"profile", params)
	}
	callApp(t, p, secrets["access token"], "batch", args{"cmd": args{"a": "profile?auth=" + secrets["access token"]}})
	callApp(t, p, secrets["access token"], "event.test", args{"say": secrets["refresh token"]})
	call(t, p, 1, "profile", nil)
	ivan := visitAs(t, p, 15)
	frame := ivan.get("/_frame/open?app=1").frame()
	secrets["frame's access token"], secrets["frame's refresh token"] = frame.Form.Get("AUTH_ID"), frame.Form.Get("REFRESH_ID")
	ivan.ask("/_frame/"+frame.Data.SID+"/call", `{"command":"getInitData","params":{"said":"`+frame.Form.Get("AUTH_ID")+`"}}`)
	for _, page := range []string{"state", "requests", "frames", "faults", "switches", ""} {
		_, body := control(t, p, http.MethodGet, page, "")
		for name, secret := range secrets {
			if bytes.Contains(body, []byte(secret)) {
				t.Errorf("%q shows the %s", page, name)
			}
		}
	}
}
