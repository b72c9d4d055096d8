package app_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// bound is what the portal holds for us: placement or event → handlers.
func (j *joinline) bound() map[string][]string {
	all := map[string][]string{}
	for _, p := range j.portal.Placements() {
		all[p.Placement] = append(all[p.Placement], p.Handler)
	}
	for _, e := range j.portal.EventHandlers() {
		all[e.Event] = append(all[e.Event], e.Handler)
	}
	return all
}

func wantBound(t *testing.T, j *joinline, public string) {
	t.Helper()
	want := map[string][]string{"ONAPPINSTALL": {public + "/events"}, "ONAPPUNINSTALL": {public + "/events"}}
	for _, card := range []string{"LEAD", "DEAL", "CONTACT", "COMPANY"} {
		want["CRM_"+card+"_DETAIL_TAB"] = []string{public + "/app"}
	}
	if d := cmp.Diff(want, j.bound()); d != "" {
		t.Error(d)
	}
	for _, p := range j.portal.Placements() {
		got := map[string]string{}
		for language, title := range p.Titles {
			got[language] = title.Title
		}
		if !maps.Equal(got, titles) {
			t.Errorf("%s is called %v", p.Placement, got)
		}
	}
}

func TestAnAdministratorInstalls(t *testing.T) {
	j := registered(t)
	i, err := j.Install(t.Context(), j.launch(t, admin, "DEFAULT", ""))
	must(t, err)
	wantBound(t, j, publicURL)
	member := bitrix.MemberID(j.portal.MemberID())
	kept, err := j.store.Installation(t.Context(), member)
	must(t, err)
	if kept != i {
		t.Errorf("Install returned %+v, kept is %+v", i, kept)
	}
	if i.Member != member || i.Portal != j.portal.URL() || i.Endpoint != j.portal.RESTURL() || i.Server != j.portal.AuthURL() ||
		i.ClientID != j.keys.ClientID || i.Installer != admin || i.ApplicationToken.Reveal() != j.keys.ApplicationToken {
		t.Errorf("kept: %+v", i)
	}
	token, err := j.store.Token(t.Context(), app.TokenKey{Member: member, Role: app.AsInstallation, User: admin})
	must(t, err)
	if me, err := j.bitrix.Installation(i.Endpoint, bitrix.StaticToken(token)).Profile(t.Context()); err != nil || me.ID != admin {
		t.Errorf("the kept token is %v's, %v", me.ID, err)
	}
}

func TestASecondInstallationChangesNothingOnThePortal(t *testing.T) {
	j := registered(t)
	_, err := j.Install(t.Context(), j.launch(t, admin, "DEFAULT", ""))
	must(t, err)
	before := j.portal.Placements()
	j.portal.ResetRequests()
	_, err = j.Install(t.Context(), j.launch(t, admin, "DEFAULT", ""))
	must(t, err)
	if d := cmp.Diff(before, j.portal.Placements()); d != "" {
		t.Error(d)
	}
	for _, r := range j.portal.Requests() {
		for _, m := range append(r.Inner, r.Method) {
			if strings.HasSuffix(m, ".bind") || strings.HasSuffix(m, ".unbind") {
				t.Errorf("the second installation called %s", m)
			}
		}
	}
}

func TestAnInstallationRepairsWhatDiffers(t *testing.T) {
	for name, change := range map[string]func(*joinline){
		"another public address": func(j *joinline) { j.config.PublicURL = "http://old.localhost:8080" },
		"other titles":           func(j *joinline) { j.config.Titles = map[string]string{"en": "Old name"} },
	} {
		for way, repair := range map[string]func(*testing.T, *joinline) error{
			"installing": func(t *testing.T, j *joinline) error {
				_, err := j.Install(t.Context(), j.launch(t, admin, "DEFAULT", ""))
				return err
			},
			"repairing": func(t *testing.T, j *joinline) error {
				v, _, err := j.Open(t.Context(), j.launch(t, admin, "DEFAULT", ""))
				must(t, err)
				return j.Repair(t.Context(), v)
			},
		} {
			t.Run(name+", by "+way, func(t *testing.T) {
				j := registered(t)
				config := j.config
				change(j)
				j.restart(bitrix.Timeouts{})
				_, err := j.Install(t.Context(), j.launch(t, admin, "DEFAULT", ""))
				must(t, err)
				j.config = config
				j.restart(bitrix.Timeouts{})
				must(t, repair(t, j))
				wantBound(t, j, publicURL)
			})
		}
	}
}

func TestAnInstallationThatFailsHalfwayKeepsNothingAndIsRepeated(t *testing.T) {
	for _, method := range []string{"app.info@oauth", "batch", "placement.get", "placement.bind", "event.get", "event.bind"} {
		for _, applied := range []bool{false, true} {
			t.Run(method+map[bool]string{true: " done but answered by a page", false: " answered by a page"}[applied], func(t *testing.T) {
				t.Parallel()
				j := registered(t)
				j.portal.Fail(bitrixtest.Fault{Method: method, Kind: bitrixtest.FaultHTML, Applied: applied, Times: 20})
				_, err := j.Install(t.Context(), j.launch(t, admin, "DEFAULT", ""))
				wantErr(t, err, app.ErrPortalDown)
				j.wantNothingKept(t)
				j.portal.ClearFaults()
				_, err = j.Install(t.Context(), j.launch(t, admin, "DEFAULT", ""))
				must(t, err)
				wantBound(t, j, publicURL)
			})
		}
	}
}

func TestOnlyAGenuineAdministratorInstalls(t *testing.T) {
	for name, c := range map[string]struct {
		want   error
		forge  func(t *testing.T, j *joinline, l *bitrix.Launch)
		config func(*app.Config)
	}{
		"an employee": {want: app.ErrNotAdmin, forge: func(t *testing.T, j *joinline, l *bitrix.Launch) {
			*l = j.launch(t, ivan, "DEFAULT", "")
		}},
		"another portal's member id": {want: app.ErrForged, forge: func(_ *testing.T, _ *joinline, l *bitrix.Launch) {
			l.MemberID = "0123456789abcdef0123456789abcdef"
		}},
		"another domain": {want: app.ErrForged, forge: func(_ *testing.T, _ *joinline, l *bitrix.Launch) {
			l.Domain = "attacker.example"
		}},
		"another authorisation server": {want: app.ErrForged, forge: func(_ *testing.T, _ *joinline, l *bitrix.Launch) {
			l.Server = "https://oauth.attacker.example"
		}},
		"a token of another application": {want: app.ErrForged, forge: func(t *testing.T, j *joinline, l *bitrix.Launch) {
			keys := j.portal.Register(bitrixtest.App{Name: "Another", HandlerURL: "http://another.localhost/app", Scopes: allScopes})
			*l = parseLaunch(t, j.portal.Launch(keys.ClientID, admin, "DEFAULT", ""))
		}},
		"no token": {want: app.ErrNoToken, forge: func(_ *testing.T, _ *joinline, l *bitrix.Launch) {
			l.Access = ""
		}},
		"an invented token": {want: app.ErrNoToken, forge: func(_ *testing.T, _ *joinline, l *bitrix.Launch) {
			l.Access = bitrix.Secret(strings.Repeat("ab", 35))
		}},
		"a portal other than the pinned one": {want: app.ErrWrongPortal, config: func(c *app.Config) { c.Portal = "acme.bitrix24.com" }},
	} {
		t.Run(name, func(t *testing.T) {
			j := registered(t)
			if c.config != nil {
				c.config(&j.config)
				j.restart(bitrix.Timeouts{})
			}
			l := j.launch(t, admin, "DEFAULT", "")
			if c.forge != nil {
				c.forge(t, j, &l)
			}
			_, err := j.Install(t.Context(), l)
			wantErr(t, err, c.want)
			j.wantNothingKept(t)
			if got := j.bound(); len(got) != 0 {
				t.Errorf("bound on the portal: %v", got)
			}
		})
	}
}

func TestThePinnedPortalInstalls(t *testing.T) {
	j := registered(t)
	j.config.Portal = j.portal.Domain()
	j.restart(bitrix.Timeouts{})
	_, err := j.Install(t.Context(), j.launch(t, admin, "DEFAULT", ""))
	must(t, err)
}

func TestMissingPermissionsAreNamed(t *testing.T) {
	j := registered(t, "placement", "im")
	_, err := j.Install(t.Context(), j.launch(t, admin, "DEFAULT", ""))
	wantErr(t, err, app.ErrScope)
	if s, ok := asScope(err); !ok || !slices.Equal(s.Scopes, []string{"crm", "imopenlines", "user"}) {
		t.Errorf("got %v", err)
	}
	j.wantNothingKept(t)
}

func TestAnInstallPageLeftOpenForAnHourStillInstalls(t *testing.T) {
	j := registered(t)
	l := j.launch(t, admin, "DEFAULT", "")
	j.portal.ExpireTokens(admin)
	_, err := j.Install(t.Context(), l)
	must(t, err)
	wantBound(t, j, publicURL)
	i, err := j.store.Installation(t.Context(), l.MemberID)
	must(t, err)
	token, err := j.store.Token(t.Context(), app.TokenKey{Member: i.Member, Role: app.AsInstallation, User: admin})
	must(t, err)
	if token.Refresh.Equal(l.Refresh) {
		t.Error("kept is the pair that was used up")
	}
}

func TestAPortalThatSendsNoApplicationTokenKeepsTheKnownOne(t *testing.T) {
	j := installed(t)
	l := j.launch(t, admin, "DEFAULT", "")
	l.ApplicationToken, l.Server = "", ""
	i, err := j.Install(t.Context(), l)
	must(t, err)
	if i.ApplicationToken.Reveal() != j.keys.ApplicationToken {
		t.Errorf("the application token is now %q", i.ApplicationToken.Reveal())
	}
}

func TestARegistrationMadeAnewTakesThePortalOver(t *testing.T) {
	j := installed(t)
	j.open(t, ivan, deal77)
	j.portal.Uninstall(j.keys.ClientID, false)
	j.keys = j.portal.Register(bitrixtest.App{Name: "Joinline", HandlerURL: publicURL + "/app", InstallURL: publicURL + "/install", Scopes: allScopes})
	j.config.ClientID, j.config.ClientSecret = j.keys.ClientID, bitrix.Secret(j.keys.ClientSecret)
	j.restart(bitrix.Timeouts{})
	_, _, err := j.Open(t.Context(), j.card(t, ivan, deal77))
	wantErr(t, err, app.ErrNotInstalled)
	_, err = j.Install(t.Context(), j.launch(t, admin, "DEFAULT", ""))
	must(t, err)
	must(t, j.portal.FinishInstall(j.keys.ClientID))
	wantBound(t, j, publicURL)
	j.open(t, ivan, deal77)
}
