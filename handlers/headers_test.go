package handlers

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// wantGuarded checks the headers that every answer carries.
func wantGuarded(t *testing.T, path string, a answer) {
	t.Helper()
	for name, want := range map[string]string{
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"X-Frame-Options":              "", // would keep the portal out, whatever frame-ancestors says
		"Access-Control-Allow-Origin":  "",
		"Server":                       "",
		"X-Powered-By":                 "",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %s is %q, want %q", path, name, got, want)
		}
	}
	if got := a.Header.Get("Permissions-Policy"); !strings.Contains(got, "camera=()") || strings.Contains(got, "*") {
		t.Errorf("%s: Permissions-Policy is %q", path, got)
	}
	if !strings.HasPrefix(path, "/static/") && a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s may be kept: %q", path, a.Header.Get("Cache-Control"))
	}
	policies := a.Header.Values("Content-Security-Policy")
	if len(policies) != 1 || strings.Contains(policies[0], "unsafe") || strings.Contains(policies[0], "*") || strings.Contains(policies[0], "data:") {
		t.Errorf("%s: policy %q", path, policies)
	}
	if a.policy("default-src") != "'none'" {
		t.Errorf("%s: what no directive names may come from %q", path, a.policy("default-src"))
	}
	for _, directive := range []string{"script-src", "style-src", "connect-src"} {
		if got := a.policy(directive); got != "" && got != "'self'" {
			t.Errorf("%s: %s is %q", path, directive, got)
		}
	}
	if framed := a.policy("frame-ancestors"); framed != "'none'" && (!isOrigin(framed)) {
		t.Errorf("%s: framed by %q, want nobody or one origin", path, framed)
	}
}

func TestEveryAnswerOfEveryAddressIsGuarded(t *testing.T) {
	w := installed(t)
	for _, route := range slices.Sorted(maps.Keys(badInputs)) {
		b := badInputs[route]
		r := b.good(t, w, "en")
		wantGuarded(t, r.path, w.do(t, r))
		tried := map[int]bool{}
		for _, row := range b.rows {
			if tried[row.status] {
				continue // one of each status will do
			}
			tried[row.status] = true
			bad := b.good(t, w, "en")
			row.change(&bad)
			wantGuarded(t, r.path, w.do(t, bad))
		}
	}
	wantGuarded(t, "/nothing", w.do(t, request{method: "GET", path: "/nothing"}))
}

func TestBrowsersAreToldToStayWithHTTPSWhereItIsSpoken(t *testing.T) {
	s := alone(t)
	for public, want := range map[string]string{"http://joinline.localhost:8080": "", "https://joinline.example.com": "max-age=31536000"} {
		s.config.PublicURL = public
		s.Handler = New(s.config)
		for _, path := range []string{"/", "/nothing", "/healthz"} {
			if got := s.do(t, request{method: "GET", path: path}).Header.Get("Strict-Transport-Security"); got != want {
				t.Errorf("%s%s: got %q, want %q", public, path, got, want)
			}
		}
	}
}
