package bitrixtest_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestALaunchIsWhatTheCardPosts(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	callApp(t, p, p.Token(keys.ClientID, 1).Access, bindMethod, binding("CRM_DEAL_DETAIL_TAB", "HANDLER", "http://app.localhost:1/app?place=deal")).ok(t)
	p.Do(func(w *bitrixtest.World) { w.Users[15].Language = "de" })
	options := `{"ID":"77","URI":"\/crm\/deal\/details\/77\/"}`
	l := p.Launch(keys.ClientID, 15, "CRM_DEAL_DETAIL_TAB", options)
	at, err := url.Parse(l.URL)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"place": "deal", "DOMAIN": p.Domain(), "PROTOCOL": "0", "LANG": "de", "APP_SID": l.SID} {
		if got := at.Query().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"AUTH_EXPIRES": "3600", "SERVER_ENDPOINT": p.AuthURL() + "/rest/", "APPLICATION_TOKEN": keys.ApplicationToken,
		"APPLICATION_SCOPE": "crm,im,imopenlines,placement,user", "member_id": p.MemberID(), "status": "L",
		"PLACEMENT": "CRM_DEAL_DETAIL_TAB", "PLACEMENT_OPTIONS": options,
	} {
		if got := l.Form.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := part(t, callApp(t, p, l.Form.Get("AUTH_ID"), "profile", nil), "ID"); got != `"15"` {
		t.Errorf("the token belongs to %s", got)
	}
	if status, _ := exchangeToken(t, "POST", p.AuthURL(), refreshing(keys, l.Form.Get("REFRESH_ID"))); status != 200 {
		t.Errorf("the refresh token answered %d", status)
	}
	if other := p.Launch(keys.ClientID, 15, "CRM_DEAL_DETAIL_TAB", options); !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(l.SID) || other.SID == l.SID {
		t.Errorf("the session ids are %s and %s", l.SID, other.SID)
	}
}

// part is a part of the result of a successful call, as JSON.
func part(t *testing.T, a answer, path string) string {
	t.Helper()
	return compact(at(t, a.ok(t), path))
}

func TestOlderPortalsSendLess(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	p.Switch(func(s *bitrixtest.Switches) { s.OmitApplicationToken = true })
	l := p.Launch(keys.ClientID, 15, "DEFAULT", "")
	for _, name := range []string{"SERVER_ENDPOINT", "APPLICATION_TOKEN", "APPLICATION_SCOPE", "PLACEMENT_OPTIONS"} {
		if l.Form.Has(name) {
			t.Errorf("%s is %q", name, l.Form.Get(name))
		}
	}
	if !strings.HasPrefix(l.URL, "http://app.localhost:1/app?from=portal&DOMAIN=") {
		t.Errorf("it goes to %s", l.URL)
	}
}

func TestTheInstallPageWinsUntilItHasFinished(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := p.Register(bitrixtest.App{Name: "Test", HandlerURL: "http://app.localhost:1/app", InstallURL: "http://app.localhost:1/install", Scopes: []string{"crm", "placement"}})
	access := p.Token(keys.ClientID, 1).Access
	callApp(t, p, access, bindMethod, binding("CRM_DEAL_DETAIL_TAB", "HANDLER", "http://app.localhost:1/card")).ok(t)
	page := func() string {
		l := p.Launch(keys.ClientID, 1, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`)
		path, _, _ := strings.Cut(l.URL, "?")
		return path + " " + l.Form.Get("PLACEMENT") + " " + part(t, callApp(t, p, access, "app.info", nil), "INSTALLED")
	}
	if got, want := page(), "http://app.localhost:1/install DEFAULT false"; got != want {
		t.Errorf("before: %s, want %s", got, want)
	}
	if err := p.FinishInstall(keys.ClientID); err != nil {
		t.Fatal(err)
	}
	if got, want := page(), "http://app.localhost:1/card CRM_DEAL_DETAIL_TAB true"; got != want {
		t.Errorf("after: %s, want %s", got, want)
	}
	if err := p.FinishInstall("local.unknown"); err == nil {
		t.Error("an unknown application was installed")
	}
}

func TestEditingAnApplicationKeepsItsKeys(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p, "crm")
	before := p.Token(keys.ClientID, 15).Access
	p.Edit(keys.ClientID, bitrixtest.App{Name: "New", HandlerURL: "http://app.localhost:1/new", Scopes: []string{"crm", "department"}})
	after := p.Token(keys.ClientID, 15).Access
	want{status: 403, code: "insufficient_scope"}.check(t, callApp(t, p, before, "department.get", nil))
	callApp(t, p, after, "department.get", nil).ok(t)
	if got := part(t, callApp(t, p, after, "app.info", nil), "CODE"); got != `"`+keys.ClientID+`"` {
		t.Errorf("its code is %s", got)
	}
}
