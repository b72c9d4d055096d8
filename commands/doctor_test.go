package commands

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// surgery is a simulated portal, and what a Joinline beside it is set to.
type surgery struct {
	place
	portal *bitrixtest.Portal
	keys   bitrixtest.Credentials
}

func newSurgery(t *testing.T) surgery {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // an address that is free
	must(t, err)
	must(t, l.Close())
	_, port, err := net.SplitHostPort(l.Addr().String())
	must(t, err)
	s := surgery{place: newPlace(t), portal: bitrixtest.NewPortal(t)}
	public := "http://joinline.localhost:" + port
	s.keys = s.portal.Register(bitrixtest.App{
		Name: "Joinline", HandlerURL: public + "/app", InstallURL: public + "/install",
		Scopes: []string{"crm", "imopenlines", "im", "user_brief", "placement", "department"},
	})
	s.place["JOINLINE_CLIENT_ID"], s.place["JOINLINE_CLIENT_SECRET"] = s.keys.ClientID, s.keys.ClientSecret
	s.place["JOINLINE_PUBLIC_URL"], s.place["JOINLINE_LISTEN"], s.place["JOINLINE_AUTH_SERVER"] = public, l.Addr().String(), s.portal.AuthURL()
	return s
}

// serve runs Joinline and installs it on the portal.
func (s surgery) serve(t *testing.T) {
	t.Helper()
	cfg, err := app.ParseConfig(s.getenv)
	must(t, err)
	site, err := open(t.Context(), cfg, os.DirFS("../static"), slog.New(slog.DiscardHandler), bitrixtest.HTTPClient())
	must(t, err)
	t.Cleanup(site.close)
	l, err := listen(cfg.Listen, "the test")
	must(t, err)
	server := &http.Server{Handler: site.handler}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	launch := s.portal.Launch(s.keys.ClientID, 1, "DEFAULT", "")
	resp, err := bitrixtest.HTTPClient().PostForm(launch.URL, launch.Form)
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the installation answered %d", resp.StatusCode)
	}
	must(t, s.portal.FinishInstall(s.keys.ClientID))
	must(t, s.portal.DeliverEvents(t.Context()))
}

func (p place) getenv(name string) string { return p[name] }

func (s surgery) examine(t *testing.T) doctorReport {
	t.Helper()
	r := doctorCommand{}.examine(t.Context(), Program{Getenv: s.getenv}, bitrixtest.HTTPClient())
	for _, text := range []func(io.Writer) error{r.text, r.json} {
		var b bytes.Buffer
		must(t, text(&b))
		if strings.Contains(b.String(), s.keys.ClientSecret) {
			t.Errorf("the report shows a secret:\n%s", &b)
		}
	}
	return r
}

// found is what checks found, as check: finding.
func found(checks []app.Check) (all []string) {
	for _, c := range checks {
		for _, f := range c.Findings {
			all = append(all, string(c.ID)+": "+string(f.ID))
		}
	}
	return all
}

func TestADoctorComesBeforeAnythingIsInstalledAndMakesNothing(t *testing.T) {
	s := newSurgery(t)
	s.place["JOINLINE_DATA"] = filepath.Join(t.TempDir(), "none")
	r := s.examine(t)
	want := []string{"settings: settings_fine", "listen: listen_free", "public: public_local", "public: public_silent", "authserver: auth_reached", "database: database_unmade"}
	if d := cmp.Diff(want, found(r.Checks)); d != "" || r.Verdict != app.VerdictAttention {
		t.Errorf("it is called %s: %s", r.Verdict, d)
	}
	if _, err := os.Stat(s.place["JOINLINE_DATA"]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the data folder was made: %v", err)
	}
}

func TestADoctorExaminesWhatRuns(t *testing.T) {
	s := newSurgery(t)
	s.serve(t)
	r := s.examine(t)
	if r.Verdict != app.VerdictFine || len(r.Portals) != 1 || r.Portals[0].Portal != s.portal.URL() {
		t.Errorf("a healthy portal is called %s: %+v", r.Verdict, r)
	}
	if !slices.Contains(found(r.Checks), "listen: listen_served") || !slices.Contains(found(r.Checks), "public: public_framed") {
		t.Errorf("found %q", found(r.Checks))
	}
	var b bytes.Buffer
	must(t, r.text(&b))
	for _, want := range []string{"JOINLINE_CLIENT_SECRET     hidden (environment)", "JOINLINE_REPLICAS          1 (default)", "Anna Belova installed Joinline and is an administrator", s.portal.URL()} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &b)
		}
	}

	s.portal.Unbind(s.keys.ClientID, "CRM_DEAL_DETAIL_TAB")
	r = s.examine(t)
	if r.Verdict != app.VerdictBroken || !slices.Contains(found(r.Portals[0].Checks), "placements: placement_missing") {
		t.Errorf("a broken portal is called %s: %q", r.Verdict, found(r.Portals[0].Checks))
	}
}

func TestADoctorSeesWhoListens(t *testing.T) {
	s := newSurgery(t)
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	s.place["JOINLINE_LISTEN"] = other.Listener.Addr().String()
	if r := s.examine(t); r.Verdict != app.VerdictBroken || !slices.Contains(found(r.Checks), "listen: listen_taken") {
		t.Errorf("it is called %s: %q", r.Verdict, found(r.Checks))
	}
}

func TestADoctorSeesAWrongKey(t *testing.T) {
	s := newSurgery(t)
	s.place.fill(t)
	copyKey(t, newPlaceWithKey(t), s.place)
	r := s.examine(t)
	if r.Verdict != app.VerdictBroken || !slices.Contains(found(r.Checks), "database: database_unopened") {
		t.Errorf("it is called %s: %q", r.Verdict, found(r.Checks))
	}
}

func newPlaceWithKey(t *testing.T) place {
	t.Helper()
	p := newPlace(t)
	p.store(t)
	return p
}

func TestADoctorPreparesNoDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, here place) {
		s := newSurgery(t)
		maps.Copy(s.place, here)
		s.place["JOINLINE_SECRET_KEY"] = strings.Repeat("0f", 32)
		for range 2 { // the second time it finds what the first one left
			if got := found(s.examine(t).Checks); !slices.Contains(got, "database: database_unmade") {
				t.Errorf("an empty database: %q", got)
			}
		}
		s.place.fill(t)
		if got := found(s.examine(t).Checks); !slices.Contains(got, "database: database_fine") {
			t.Errorf("a prepared database: %q", got)
		}
	})
}

func TestADoctorExplainsEverySetting(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	must(t, os.WriteFile(secret, []byte("Qm3Secret"), 0o600))
	here := place{"JOINLINE_CLIENT_ID": "local.1", "JOINLINE_CLIENT_SECRET_FILE": secret, "JOINLINE_PUBLIC_URL": "http://joinline.example.com", "JOINLINE_DATA": dir}
	output, err := here.joinline("doctor", "--json", "--listen", ":0")
	if ExitStatus(err) != 1 {
		t.Errorf("it ended with %v", err)
	}
	var r map[string]any
	must(t, json.Unmarshal([]byte(output), &r))
	if d := cmp.Diff([]string{"checks", "format", "portals", "settings", "verdict", "version"}, keysOf(r)); d != "" {
		t.Error(d)
	}
	got := map[string]string{}
	for _, s := range r["settings"].([]any) {
		s := s.(map[string]any)
		got[s["name"].(string)] = s["from"].(string)
		if s["name"] == "JOINLINE_PUBLIC_URL" && len(s["problems"].([]any)) != 1 {
			t.Errorf("its problem is not told: %v", s)
		}
	}
	for _, v := range app.Variables() {
		want := map[string]string{"JOINLINE_CLIENT_ID": "environment", "JOINLINE_CLIENT_SECRET": "file", "JOINLINE_PUBLIC_URL": "environment", "JOINLINE_DATA": "environment", "JOINLINE_LISTEN": "environment"}[v.Name]
		if want == "" {
			want = "default"
		}
		if got[v.Name] != want {
			t.Errorf("%s comes from %q, want %s", v.Name, got[v.Name], want)
		}
	}
	if strings.Contains(output, "Qm3Secret") {
		t.Errorf("it shows a secret:\n%s", output)
	}
}

func keysOf(m map[string]any) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func TestTheExitStatusTellsMisuseFromTrouble(t *testing.T) {
	here := newPlace(t)
	_, misused := here.joinline("doctor", "now")
	_, broken := here.joinline("doctor")
	for want, err := range map[int]error{0: nil, 1: broken, 2: misused} {
		if got := ExitStatus(err); got != want {
			t.Errorf("%v: the status is %d, want %d", err, got, want)
		}
	}
}
