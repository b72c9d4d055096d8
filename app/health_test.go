package app_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// examine makes the checks of a group as a person, and is the one with an id.
func (j *joinline) examine(t testing.TB, v app.Visit, id app.CheckID) app.Check {
	t.Helper()
	for _, g := range app.CheckGroups() {
		if slices.Contains(app.ChecksOf(g), id) {
			return pick(t, j.checked(t, v, g), id)
		}
	}
	t.Fatalf("no group has the check %s", id)
	return app.Check{}
}

func (j *joinline) checked(t testing.TB, v app.Visit, g app.CheckGroup) []app.Check {
	t.Helper()
	done, err := j.Examine(t.Context(), v, g)
	must(t, err)
	return done
}

func pick(t testing.TB, done []app.Check, id app.CheckID) app.Check {
	t.Helper()
	n := slices.IndexFunc(done, func(c app.Check) bool { return c.ID == id })
	if n < 0 {
		t.Fatalf("the check %s was not made: %+v", id, done)
	}
	return done[n]
}

// home is a visit of the application's own page.
func (j *joinline) home(t testing.TB, user int) app.Visit {
	t.Helper()
	v, _, err := j.Open(t.Context(), j.launch(t, user, "DEFAULT", ""))
	must(t, err)
	j.portal.ResetRequests()
	return v
}

func TestAHealthyPortalIsFineThroughout(t *testing.T) {
	t.Parallel()
	j := registered(t, slices.Concat(allScopes, []string{"department"})...).install(t)
	v := j.home(t, admin)
	for _, g := range []app.CheckGroup{app.GroupPortal, app.GroupServer} {
		for _, c := range j.checked(t, v, g) {
			if c.Verdict != app.VerdictFine {
				t.Errorf("%s: %+v", c.ID, c.Findings)
			}
		}
	}
	j.portal.ResetRequests()
	j.checked(t, v, app.GroupPortal)
	j.wantRequests(t, "batch", "batch") // the second one with the installation's token
}

func TestWhatIsWrongWithAPortalIsFound(t *testing.T) {
	t.Parallel()
	const deal = "CRM_DEAL_DETAIL_TAB"
	person := "Anna Belova"
	for name, c := range map[string]struct {
		happens func(t *testing.T, j *joinline)
		check   app.CheckID
		want    []app.Finding // among others
	}{
		"no permission for the messenger": {func(_ *testing.T, j *joinline) {
			j.rescope("crm", "placement", "imopenlines", "user", "department")
		}, app.CheckScopes, []app.Finding{{ID: app.ScopeMessenger, Verdict: app.VerdictAttention, Name: "im"}}},
		"no permission for Open Channels": {func(_ *testing.T, j *joinline) {
			j.rescope("crm", "placement", "im", "user", "department")
		}, app.CheckScopes, []app.Finding{{ID: app.ScopeNeeded, Verdict: app.VerdictBroken, Name: "imopenlines"}}},
		"a tab was taken away": {func(_ *testing.T, j *joinline) {
			j.portal.Unbind(j.keys.ClientID, deal)
		}, app.CheckPlacements, []app.Finding{{ID: app.PlacementMissing, Verdict: app.VerdictBroken, Cure: app.CureRepair, Name: deal}}},
		"a tab leads elsewhere": {func(t *testing.T, j *joinline) {
			must(t, j.as(t, admin).BindPlacement(t.Context(), bitrix.PlacementBinding{Placement: deal, Handler: "https://old.example.com/app"}))
		}, app.CheckPlacements, []app.Finding{{ID: app.PlacementStale, Verdict: app.VerdictAttention, Cure: app.CureRepair, Name: deal, URL: "https://old.example.com/app"}}},
		"an event is not bound": {func(t *testing.T, j *joinline) {
			must(t, j.as(t, admin).UnbindEvent(t.Context(), "ONAPPUNINSTALL", publicURL+"/events"))
		}, app.CheckEvents, []app.Finding{{ID: app.EventsMissing, Verdict: app.VerdictBroken, Cure: app.CureRepair, Names: []string{"ONAPPUNINSTALL"}}, {ID: app.EventNever, Verdict: app.VerdictFine}}},
		"whoever installed was dismissed": {func(_ *testing.T, j *joinline) {
			j.portal.Do(func(w *bitrixtest.World) { w.Dismiss(admin) })
		}, app.CheckCaretaker, []app.Finding{{ID: app.CaretakerDismissed, Verdict: app.VerdictBroken, Cure: app.CureTakeover, Name: person}}},
		"whoever installed is no administrator": {func(_ *testing.T, j *joinline) {
			j.portal.Do(func(w *bitrixtest.World) { w.Users[admin].Admin = false })
		}, app.CheckCaretaker, []app.Finding{{ID: app.CaretakerDemoted, Verdict: app.VerdictBroken, Cure: app.CureTakeover, Name: person}}},
		"the installation's token is dead": {func(t *testing.T, j *joinline) {
			j.refreshElsewhere(t)
			j.portal.ExpireTokens(admin)
		}, app.CheckCaretaker, []app.Finding{{ID: app.CaretakerDead, Verdict: app.VerdictBroken, Cure: app.CureTakeover, Name: person}}},
		"a channel is switched off": {func(_ *testing.T, j *joinline) {
			j.portal.Do(func(w *bitrixtest.World) { w.Lines[5].Active = false })
		}, app.CheckChannels, []app.Finding{{ID: app.ChannelOff, Verdict: app.VerdictAttention, Name: "Sales line", Count: 2}}},
		"nobody is in the queue": {func(_ *testing.T, j *joinline) {
			j.portal.Do(func(w *bitrixtest.World) { w.Lines[5].Queue = nil })
		}, app.CheckChannels, []app.Finding{{ID: app.ChannelEmpty, Verdict: app.VerdictAttention, Name: "Sales line"}}},
		"a connector is switched off": {func(t *testing.T, j *joinline) {
			v := j.open(t, elena, bitrix.CRMItem{Type: bitrix.Deal, ID: 79})
			_, err := j.Chats(t.Context(), v)
			must(t, err)
		}, app.CheckChannels, []app.Finding{{ID: app.ConnectorOff, Verdict: app.VerdictAttention, Name: "facebook"}}},
		"the portal refused requests": {func(t *testing.T, j *joinline) {
			j.portal.Fail(bitrixtest.Fault{Method: "profile", Kind: bitrixtest.FaultQueryLimit})
			_ = j.as(t, admin).Call(t.Context(), "profile", nil, nil)
		}, app.CheckLimits, []app.Finding{{ID: app.LimitsRefused, Verdict: app.VerdictAttention, Count: 1}}},
		"the authorisation server refuses our keys": {func(_ *testing.T, j *joinline) {
			j.portal.Fail(bitrixtest.Fault{Method: "oauth/token", Kind: bitrixtest.FaultInvalidClient})
		}, app.CheckAuthServer, []app.Finding{{ID: app.AuthKeys, Verdict: app.VerdictBroken}}},
		"the authorisation server is away": {func(_ *testing.T, j *joinline) {
			j.portal.Fail(bitrixtest.Fault{Method: "oauth/token", Kind: bitrixtest.FaultHTML})
		}, app.CheckAuthServer, []app.Finding{{ID: app.AuthSilent, Verdict: app.VerdictBroken}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			j.portal.Do(func(w *bitrixtest.World) { w.Users[elena].Admin = true })
			v := j.home(t, elena) // somebody else looks
			c.happens(t, j)
			got := j.examine(t, v, c.check)
			for _, want := range c.want {
				n := slices.IndexFunc(got.Findings, func(f app.Finding) bool { return f.ID == want.ID })
				if n < 0 {
					t.Errorf("%s is not among %+v", want.ID, got.Findings)
					continue
				}
				ignore := cmpopts.IgnoreFields(app.Finding{}, "Time", "Milliseconds")
				if want.URL == "" {
					ignore = cmpopts.IgnoreFields(app.Finding{}, "Time", "Milliseconds", "URL")
				}
				if d := cmp.Diff(want, got.Findings[n], ignore); d != "" {
					t.Error(d)
				}
				if app.WorstOf([]app.Check{got, {Verdict: want.Verdict}}) != got.Verdict {
					t.Errorf("the check is called %s", got.Verdict)
				}
			}
		})
	}
}

// rescope changes the permissions of the application; new tokens carry them.
func (j *joinline) rescope(scopes ...string) {
	j.portal.Edit(j.keys.ClientID, bitrixtest.App{Name: "Joinline", HandlerURL: publicURL + "/app", InstallURL: publicURL + "/install", Scopes: scopes})
	j.portal.ExpireTokens(0)
}

// as is the application with a token of a person that Joinline does not keep.
func (j *joinline) as(t testing.TB, user int) bitrix.Installation {
	t.Helper()
	pair := j.portal.Token(j.keys.ClientID, user)
	return j.bitrix.Installation(j.portal.RESTURL(), bitrix.StaticToken(bitrix.Token{Access: bitrix.Secret(pair.Access)}))
}

func TestARepairMakesThePlacementsFine(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.home(t, admin)
	j.portal.Unbind(j.keys.ClientID, "CRM_LEAD_DETAIL_TAB")
	must(t, j.as(t, admin).UnbindEvent(t.Context(), "ONAPPINSTALL", publicURL+"/events"))
	if got := j.examine(t, v, app.CheckPlacements).Verdict; got != app.VerdictBroken {
		t.Errorf("before: %s", got)
	}
	must(t, j.Repair(t.Context(), v))
	for _, id := range []app.CheckID{app.CheckPlacements, app.CheckEvents} {
		if got := j.examine(t, v, id); got.Verdict != app.VerdictFine {
			t.Errorf("after: %+v", got)
		}
	}
}

func TestOnlyAdministratorsExamine(t *testing.T) {
	t.Parallel()
	j := installed(t)
	pretender := j.home(t, ivan)
	pretender.Admin = true
	former := j.home(t, admin)
	j.portal.Do(func(w *bitrixtest.World) { w.Users[admin].Admin = false })
	for name, v := range map[string]app.Visit{"an employee": pretender, "a former administrator": former} {
		for _, g := range app.CheckGroups() {
			if _, err := j.Examine(t.Context(), v, g); err == nil {
				t.Errorf("%s examined %s", name, g)
			} else {
				wantErr(t, err, app.ErrNotAdmin)
			}
		}
	}
}

func TestWhenAnEventCameIsKept(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.home(t, admin)
	i, err := j.store.Installation(t.Context(), v.Member)
	must(t, err)
	wantErr(t, j.HandleEvent(t.Context(), bitrix.Event{Name: "ONAPPUNINSTALL", MemberID: v.Member, ApplicationToken: "0123456789abcdef0123456789abcdef"}), app.ErrForged)
	seen := func() (at time.Time) {
		for _, f := range j.examine(t, v, app.CheckEvents).Findings {
			if f.ID == app.EventSeen {
				at = f.Time
			}
		}
		return at
	}
	if at := seen(); !at.IsZero() {
		t.Errorf("a forged event counts, at %v", at)
	}
	must(t, j.HandleEvent(t.Context(), bitrix.Event{Name: "ONAPPINSTALL", MemberID: v.Member, ApplicationToken: i.ApplicationToken}))
	if at := seen(); time.Since(at) > time.Minute {
		t.Errorf("a genuine event came at %v", at)
	}
}

func TestThePublicAddressIsSeenAsABrowserSeesIt(t *testing.T) {
	t.Parallel()
	portal := "https://example.bitrix24.com"
	ours := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors "+portal)
		if r.URL.Path == "/healthz" {
			_, _ = w.Write([]byte("ok\n"))
		}
	}
	for name, c := range map[string]struct {
		serve   http.HandlerFunc
		verdict app.Verdict
		want    app.FindingID
	}{
		"well": {ours, app.VerdictFine, app.PublicFramed},
		"something else answers": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("It works!")) },
			app.VerdictBroken, app.PublicStranger},
		"the proxy finds nobody": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }, app.VerdictBroken, app.PublicStranger},
		"the proxy forbids frames": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Frame-Options", "SAMEORIGIN")
			ours(w, r)
		}, app.VerdictBroken, app.PublicBarred},
		"the proxy has a policy of its own": {func(w http.ResponseWriter, r *http.Request) {
			ours(w, r)
			w.Header().Add("Content-Security-Policy", "frame-ancestors 'self'")
		}, app.VerdictBroken, app.PublicBarred},
		"the proxy takes our policy away": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/healthz" {
				_, _ = w.Write([]byte("ok\n"))
			}
		}, app.VerdictAttention, app.PublicStripped},
		"nobody answers": {nil, app.VerdictBroken, app.PublicSilent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := registered(t)
			if c.serve != nil {
				server := httptest.NewServer(headersLast(c.serve))
				t.Cleanup(server.Close)
				j.config.PublicURL = server.URL
			}
			j.restart(bitrix.Timeouts{})
			got := pick(t, j.ExamineServer(t.Context(), false, app.GroupNetwork), app.CheckPublic)
			if got.Verdict != c.verdict || !slices.ContainsFunc(got.Findings, func(f app.Finding) bool { return f.ID == c.want }) {
				t.Errorf("got %+v, want %s among them", got, c.want)
			}
		})
	}
}

// headersLast lets a handler set headers after it wrote, as a proxy does.
func headersLast(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		h(rec, r)
		for name, values := range rec.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	}
}

func TestACertificateThatBrowsersRefuseIsFound(t *testing.T) {
	t.Parallel()
	j := registered(t)
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	j.config.PublicURL = server.URL
	j.restart(bitrix.Timeouts{})
	got := pick(t, j.ExamineServer(t.Context(), false, app.GroupNetwork), app.CheckPublic)
	if got.Verdict != app.VerdictBroken || got.Findings[len(got.Findings)-1].ID != app.PublicCertificateBad {
		t.Errorf("got %+v", got)
	}
}

func TestAPublicHostWithoutAnAddressIsFound(t *testing.T) {
	t.Parallel()
	j := registered(t)
	j.config.PublicURL = "https://joinline.invalid"
	j.restart(bitrix.Timeouts{})
	got := pick(t, j.ExamineServer(t.Context(), true, app.GroupNetwork), app.CheckPublic)
	if want := []app.Finding{{ID: app.PublicUnresolved, Verdict: app.VerdictBroken, Name: "joinline.invalid"}}; !cmp.Equal(want, got.Findings) {
		t.Error(cmp.Diff(want, got.Findings))
	}
}

func TestWhoRunsJoinlineExaminesAPortalAsItsInstallation(t *testing.T) {
	t.Parallel()
	j := installed(t)
	member := bitrix.MemberID(j.portal.MemberID())
	done, err := j.ExaminePortal(t.Context(), member)
	must(t, err)
	if got := pick(t, done, app.CheckPlacements).Verdict; got != app.VerdictFine {
		t.Errorf("the placements are %s", got)
	}
	j.refreshElsewhere(t)
	j.portal.ExpireTokens(admin)
	done, err = j.ExaminePortal(t.Context(), member)
	must(t, err)
	if got := pick(t, done, app.CheckPlacements).Verdict; got != app.VerdictUnchecked {
		t.Errorf("with a dead token the placements are %s", got)
	}
	if got := pick(t, done, app.CheckCaretaker).Findings[0].ID; got != app.CaretakerDead {
		t.Errorf("the token is called %s", got)
	}
	_, err = j.ExaminePortal(t.Context(), bitrix.MemberID(strings.Repeat("0", 32)))
	wantErr(t, err, app.ErrNotInstalled)
}
