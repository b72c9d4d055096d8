package bitrixtest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestTheControlsAreForThisMachineOnly(t *testing.T) {
	p := bitrixtest.New(bitrixtest.Options{Control: true})
	defer p.Close()
	off := bitrixtest.New(bitrixtest.Options{})
	defer off.Close()
	ask := func(p *bitrixtest.Portal, remote, origin string) int {
		r := httptest.NewRequest(http.MethodPost, "http://portal.localhost:8090/_portal/users/dismiss", strings.NewReader(`{"user":22}`))
		r.RemoteAddr = remote
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		return w.Code
	}
	for name, c := range map[string]struct {
		p              *bitrixtest.Portal
		remote, origin string
		want           int
	}{
		"a program on this machine": {p, "127.0.0.1:5000", "", 200},
		"over IPv6":                 {p, "[::1]:5000", "", 200},
		"the portal's own page":     {p, "127.0.0.1:5000", "http://portal.localhost:8090", 200},
		"another machine":           {p, "192.0.2.7:5000", "", 404},
		"another site's page":       {p, "127.0.0.1:5000", "http://evil.example", 403},
		"a page without an origin":  {p, "127.0.0.1:5000", "null", 403},
		"switched off":              {off, "127.0.0.1:5000", "", 404},
	} {
		if got := ask(c.p, c.remote, c.origin); got != c.want {
			t.Errorf("%s got %d, want %d", name, got, c.want)
		}
	}
}

func TestTheControlsExplainThemselves(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	_, help := control(t, p, http.MethodGet, "", "")
	for _, path := range []string{"sign-in", "state", "faults", "requests", "sessions/accept", "sessions/close", "sessions/reopen", "messages", "users/dismiss", "users/restore", "connectors", "tokens/expire", "switches"} {
		if !bytes.Contains(help, []byte("/_portal/"+path)) {
			t.Errorf("the help does not name %s", path)
		}
	}
}

func TestSwitchesAreNamedOneByOne(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	moved := strings.Replace(p.URL(), "portal.", "moved.", 1)
	if status, body := control(t, p, http.MethodPost, "switches", `{"omit_application_token":true,"url":"`+moved+`"}`); status != http.StatusOK {
		t.Fatalf("got %d %s", status, body)
	}
	if p.URL() != moved || p.Launch(keys.ClientID, 15, "DEFAULT", "").Form.Has("APPLICATION_TOKEN") {
		t.Errorf("the portal is at %s", p.URL())
	}
	for _, body := range []string{`{"olde":true}`, `{"url":"nowhere"}`, `{"burst":-1}`, `{"old":"yes"}`, `[]`, `{} {}`} {
		if status, answer := control(t, p, http.MethodPost, "switches", body); status != http.StatusBadRequest {
			t.Errorf("%s answered %d %s", body, status, answer)
		}
	}
	var now bitrixtest.Switches
	_, body := control(t, p, http.MethodGet, "switches", "")
	if err := json.Unmarshal(body, &now); err != nil || !now.OmitApplicationToken || now.Old || !now.Commercial {
		t.Errorf("the switches are %s", body)
	}
}

func TestMisspeltFieldsAreRefused(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	for path, body := range map[string]string{
		"tokens/expire": `{"usr":15}`, "sessions/close": `{"chat":1763,"x":1}`, "faults": `{"method":"profile","kind":"drop","tmes":3}`,
	} {
		if status, answer := control(t, p, http.MethodPost, path, body); status != http.StatusBadRequest {
			t.Errorf("%s %s answered %d %s", path, body, status, answer)
		}
	}
	if !slices.Contains(p.Participants(1763), 15) {
		t.Error("a refused control closed the session")
	}
}

func TestTheLogAndTheFaultsAreReadAndForgottenOverHTTP(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	access := p.Token(keys.ClientID, 15).Access
	callApp(t, p, access, "profile", nil).ok(t)
	var log []bitrixtest.Request
	if _, body := control(t, p, http.MethodGet, "requests", ""); json.Unmarshal(body, &log) != nil || len(log) != 1 || log[0].User != 15 || bytes.Contains(body, []byte(access)) {
		t.Errorf("the log is %s", body)
	}
	control(t, p, http.MethodPost, "faults", `{"method":"profile","kind":"drop","times":-1}`)
	if _, body := control(t, p, http.MethodGet, "faults", ""); !bytes.Contains(body, []byte(`"drop"`)) {
		t.Errorf("the faults are %s", body)
	}
	control(t, p, http.MethodDelete, "faults", "")
	control(t, p, http.MethodDelete, "requests", "")
	if len(p.Requests()) != 0 {
		t.Error("the log was not emptied")
	}
	callApp(t, p, access, "profile", nil).ok(t)
	control(t, p, http.MethodPost, "tokens/expire", `{"user":15}`)
	want{status: 401, code: "expired_token"}.check(t, callApp(t, p, access, "profile", nil))
}

func TestLoadRefusesWhatIsIncomplete(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	for name, text := range map[string]string{
		"nothing": "", "another version": `{"Version":99}`, "no tables": `{"Version":1,"MemberID":"x","World":{"Users":{"1":{"ID":1}}}}`,
	} {
		if err := p.Load(strings.NewReader(text)); err == nil {
			t.Errorf("%s was loaded", name)
		}
	}
	if !slices.Contains(p.Participants(1763), 15) {
		t.Error("a refused file changed the portal")
	}
	p.Switch(func(s *bitrixtest.Switches) { s.Old = true })
	var file bytes.Buffer
	if err := p.Save(&file); err != nil {
		t.Fatal(err)
	}
	other := bitrixtest.NewPortal(t)
	if err := other.Load(&file); err != nil {
		t.Fatal(err)
	}
	other.Switch(func(s *bitrixtest.Switches) {
		if !s.Old {
			t.Error("the switches were not kept")
		}
	})
}
