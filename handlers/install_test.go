package handlers

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestAnAdministratorInstallsAndThePageFinishes(t *testing.T) {
	w := registered(t)
	r := w.form(admin, "DEFAULT", "")
	a := w.do(t, r)
	a.wantStatus(t, 200)
	p := a.page(t)
	p.says(t, "h1", "Joinline is installed")
	if p.attr(t, "[data-finish]", "data-finish") == "" {
		t.Error("nothing is said when the portal does not listen")
	}
	want := w.portal.URL()
	if a.policy("frame-ancestors") != want || p.attr(t, "html", "data-parent") != want {
		t.Errorf("framed by %q, talks to %q", a.policy("frame-ancestors"), p.attr(t, "html", "data-parent"))
	}
	titles := map[string]string{}
	for _, bound := range w.portal.Placements() {
		titles[bound.Placement] = bound.Titles["ru"].Title
	}
	if len(titles) != 4 || titles["CRM_DEAL_DETAIL_TAB"] != "Коллеги в чате" {
		t.Errorf("bound %v", titles)
	}
}

func TestOnlyAnAdministratorInstalls(t *testing.T) {
	w := registered(t)
	a := w.do(t, w.posted(publicURL+"/install"+launchQuery(w), w.portal.Launch(w.keys.ClientID, ivan, "DEFAULT", "").Form))
	a.wantStatus(t, 403)
	a.page(t).says(t, "h1", "Only an administrator can install Joinline")
	if len(w.portal.Placements()) != 0 {
		t.Errorf("bound %v", w.portal.Placements())
	}
	if got := a.policy("frame-ancestors"); !strings.HasPrefix(got, w.portal.URL()) {
		t.Errorf("framed by %q, so nobody reads it", got)
	}
}

func launchQuery(w *world) string {
	u, _ := url.Parse(w.portal.Launch(w.keys.ClientID, admin, "DEFAULT", "").URL)
	return "?" + u.RawQuery
}

func TestAFailedInstallationCanBeRepeated(t *testing.T) {
	w := registered(t)
	w.portal.Fail(bitrixtest.Fault{Method: "placement.bind", Kind: bitrixtest.FaultHTML, Skip: 1, Times: -1})
	r := w.form(admin, "DEFAULT", "")
	a := w.do(t, r)
	a.wantStatus(t, 502)
	p := a.page(t)
	p.says(t, "button", "Try again")
	if got := p.attr(t, "form", "action"); got != "/install/again" {
		t.Fatalf("the button leads to %q", got)
	}
	if _, err := w.store.Installation(t.Context(), bitrix.MemberID(w.portal.MemberID())); err == nil {
		t.Error("half an installation is stored")
	}
	w.portal.ClearFaults()
	again := w.do(t, a.pressed(t))
	again.wantStatus(t, 200)
	if len(w.portal.Placements()) != 4 {
		t.Errorf("bound %v", w.portal.Placements())
	}
}

// pressed repeats the launch that the page offers to repeat.
func (a answer) pressed(t *testing.T) request {
	t.Helper()
	p := a.page(t)
	return request{path: p.attr(t, "form", "action"), form: url.Values{
		"launch": {p.attr(t, "form input[name=launch]", "value")}, "AUTH_ID": {""}, "REFRESH_ID": {""}, "AUTH_EXPIRES": {""},
	}}
}

func TestAPortalThatJoinlineForgotIsSetUpFromItsOwnPage(t *testing.T) {
	w := installed(t)
	member := bitrix.MemberID(w.portal.MemberID())
	must(t, w.store.Forget(t.Context(), member))
	a := w.launch(t, ivan, "DEFAULT", "")
	a.wantStatus(t, 403)
	w.do(t, a.pressed(t)).wantStatus(t, 403)
	if _, err := w.store.Installation(t.Context(), member); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("an employee set it up: %v", err)
	}
	a = w.launch(t, admin, "DEFAULT", "")
	a.page(t).says(t, "button", "Set up Joinline")
	w.do(t, a.pressed(t)).wantStatus(t, 200)
	_, err := w.store.Installation(t.Context(), member)
	must(t, err)
	w.open(t, ivan, "DEAL", "77").wantStatus(t, 200)
}

func TestTheNextAdministratorTakesOverInOneClick(t *testing.T) {
	w := installed(t)
	w.portal.Do(func(world *bitrixtest.World) {
		world.Users[elena].Admin = true
		world.Dismiss(admin)
	})
	w.launch(t, ivan, "DEFAULT", "").page(t).says(t, "h1", "Joinline is ready")
	a := w.launch(t, elena, "DEFAULT", "")
	a.wantStatus(t, 200)
	a.page(t).says(t, "button", "Take over")
	w.do(t, a.pressed(t)).wantStatus(t, 200)
	i, err := w.store.Installation(t.Context(), bitrix.MemberID(w.portal.MemberID()))
	must(t, err)
	if i.Installer != elena {
		t.Errorf("user %d acts for the installation, want %d", i.Installer, elena)
	}
	w.launch(t, elena, "DEFAULT", "").page(t).says(t, "h1", "Joinline is ready")
}

func TestTheKeysOfAnotherApplicationAreExplainedToTheAdministrator(t *testing.T) {
	w := registered(t)
	other := w.portal.Register(bitrixtest.App{Name: "Another", HandlerURL: publicURL + "/app", InstallURL: publicURL + "/install", Scopes: []string{"crm"}})
	l := w.portal.Launch(other.ClientID, admin, "DEFAULT", "")
	a := w.do(t, w.posted(l.URL, l.Form))
	a.wantStatus(t, 403)
	a.page(t).says(t, "h1", "This is not the application Joinline knows")
	if got := a.policy("frame-ancestors"); !strings.HasPrefix(got, w.portal.URL()) {
		t.Errorf("framed by %q, so nobody reads it", got)
	}
	// Another site cannot have itself allowed by posting such a thing.
	forged := w.posted(l.URL, l.Form)
	forged.header["Origin"] = "https://evil.test"
	if got := w.do(t, forged).policy("frame-ancestors"); got != "'none'" {
		t.Errorf("framed by %q", got)
	}
}

func TestEventsAreBelievedByTheirToken(t *testing.T) {
	w := installed(t)
	event := url.Values{
		"event": {"ONAPPUNINSTALL"}, "ts": {"1790000000"}, "data[LANGUAGE_ID]": {"en"}, "data[CLEAN]": {"1"},
		"auth[domain]": {w.portal.Domain()}, "auth[member_id]": {w.portal.MemberID()},
		"auth[application_token]": {strings.Repeat("0", 32)},
	}
	server := map[string]string{"Sec-Fetch-Site": "", "Origin": ""}
	w.do(t, request{path: "/events", form: event, header: server}).wantStatus(t, 403)
	if _, err := w.store.Installation(t.Context(), bitrix.MemberID(w.portal.MemberID())); err != nil {
		t.Errorf("a forged event took the portal away: %v", err)
	}
	w.do(t, request{path: "/events", form: url.Values{"event": {"ONAPPUNINSTALL"}}, header: server}).wantStatus(t, 400)
	w.portal.Uninstall(w.keys.ClientID, false)
	event.Set("auth[application_token]", w.keys.ApplicationToken)
	w.do(t, request{path: "/events", form: event, header: server}).wantStatus(t, 204)
}
