package handlers

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// FuzzSealed looks for a text that opens as something of ours and was not
// sealed for that.
func FuzzSealed(f *testing.F) {
	s := alone(f)
	seals := newSeals(s.key)
	o := s.server().offers(visit77)
	sealed := map[string]string{
		"visit": s.sealVisit(f, visit77, "b", time.Now().Add(time.Hour)), "chat": o.chat(chatIn(1763, app.ChatOpen)), "person": o.person(22, "Olga", ""),
	}
	for _, text := range sealed {
		f.Add(text)
		f.Add(text[1:])
		f.Add(text + "=")
		f.Add(strings.ToLower(text))
	}
	f.Add("")
	f.Add("MTc5|x|y")
	f.Fuzz(func(t *testing.T, text string) {
		var v pageVisit
		var c chatChoice
		var p person
		var h heldLaunch
		for kind, err := range map[string]error{
			"visit": seals.visit.Decode("visit", text, &v), "chat": seals.chat.Decode("chat", text, &c),
			"person": seals.person.Decode("person", text, &p), "launch": seals.launch.Decode("launch", text, &h),
		} {
			// The spare bits of base64 and its line breaks mean nothing.
			plain := strings.NewReplacer("\r", "", "\n", "").Replace(text)
			if err == nil && (sealed[kind] == "" || !strings.HasPrefix(plain, sealed[kind][:len(sealed[kind])-4])) {
				t.Fatalf("%q opens as a %s", text, kind)
			}
		}
	})
}

// FuzzFields looks for a form that is accepted and still has a field twice or
// one that is no text.
func FuzzFields(f *testing.F) {
	for _, text := range []string{"visit=a&person=b&person=c", "a=1&a=1", "%zz", "a=%00", "&&=&;", "a=%ff", "%61=1&a=2", "a[]=1&a[]=2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := fields(text, fieldPerson, fieldChat)
		if err != nil {
			return
		}
		for name, values := range v {
			for _, value := range values {
				if !utf8.ValidString(value) || strings.ContainsRune(value, 0) || len(values) > 1 && name != fieldPerson && name != fieldChat {
					t.Fatalf("accepted %q=%q", name, values)
				}
			}
		}
	})
}

// FuzzEveryAddress posts anything anywhere: nothing but a calm refusal may come
// of it, nobody but the authorisation server may be asked, and nothing may panic.
func FuzzEveryAddress(f *testing.F) {
	var stranger atomic.Value
	s := newSite(f, &bitrix.Application{
		ClientID: "local.66f0aa12bc34d5.48120937", ClientSecret: "secret", AuthServers: []string{"https://oauth.example.test"},
		Limit: bitrix.Limit{PerSecond: 1e6, Burst: 1e6},
		HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host != "oauth.example.test" {
				stranger.Store(r.URL.Host)
			}
			return says(`{"error":"NO_AUTH_FOUND"}`), nil
		})},
	})
	s.log.off.Store(true)
	visit := s.sealVisit(f, visit77, "b", time.Now().Add(time.Hour))
	for route := range badInputs {
		method, path, _ := strings.Cut(route, " ")
		f.Add(method, path, "visit="+visit, "")
		f.Add(method, path+"?DOMAIN=acme.bitrix24.test&PROTOCOL=1&LANG=ru&APP_SID="+nobody32, "member_id="+nobody32+"&AUTH_ID="+madeUp+"&PLACEMENT=DEFAULT", "1")
	}
	f.Add("POST", "/events", "event=ONAPPUNINSTALL&auth[member_id]="+nobody32+"&auth[application_token]="+madeUp, "")
	f.Fuzz(func(t *testing.T, method, path, body, pieces string) {
		r, err := http.NewRequest(method, publicURL, strings.NewReader(body))
		if err != nil {
			return // no request that a server would get to see
		}
		r.URL.Path, r.URL.RawQuery, _ = strings.Cut("/"+strings.TrimPrefix(path, "/"), "?")
		r.RemoteAddr, r.RequestURI = "192.0.2.1:1234", r.URL.RequestURI()
		r.Header.Set(echo.HeaderContentType, echo.MIMEApplicationForm)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("X-Joinline", pieces)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, r)
		if host := stranger.Load(); host != nil {
			t.Fatalf("%s %q: %v was asked", method, path, host)
		}
		if rec.Code >= 500 {
			t.Fatalf("%s %q: got status %d: %s", method, path, rec.Code, rec.Body)
		}
	})
}
