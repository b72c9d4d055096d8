package app_test

import (
	"context"
	"errors"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func (j *joinline) event(name string) bitrix.Event {
	return bitrix.Event{Name: name, MemberID: bitrix.MemberID(j.portal.MemberID()), ApplicationToken: bitrix.Secret(j.keys.ApplicationToken)}
}

// eventToken is the token of a person as an event carries it.
func (j *joinline) eventToken(t *testing.T, user int) bitrix.Token {
	t.Helper()
	token := j.launch(t, user, "DEFAULT", "").Token()
	token.Server = j.portal.AuthURL()
	return token
}

func (j *joinline) kept(t *testing.T) (app.Installation, bool) {
	t.Helper()
	i, err := j.store.Installation(t.Context(), bitrix.MemberID(j.portal.MemberID()))
	if errors.Is(err, app.ErrNotInstalled) {
		return i, false
	}
	must(t, err)
	return i, true
}

func (j *joinline) hasTokens(t *testing.T, users ...bitrix.UserID) (has bool) {
	t.Helper()
	for _, user := range users {
		for _, role := range []app.Role{app.AsViewer, app.AsInstallation} {
			_, err := j.store.Token(t.Context(), app.TokenKey{Member: bitrix.MemberID(j.portal.MemberID()), Role: role, User: user})
			has = has || err == nil
		}
	}
	return has
}

func TestARemovalDeletesTheTokens(t *testing.T) {
	j := installed(t)
	j.open(t, ivan, deal77)
	e := j.event("ONAPPUNINSTALL")
	j.portal.Uninstall(j.keys.ClientID, false)
	must(t, j.HandleEvent(t.Context(), e))
	if i, ok := j.kept(t); !ok || i.Removed.IsZero() || i.ApplicationToken != "" {
		t.Errorf("kept: %+v", i)
	}
	if j.hasTokens(t, admin, ivan) {
		t.Error("tokens are left")
	}
	wantErr(t, j.HandleEvent(t.Context(), e), app.ErrNotInstalled)
}

func TestARemovalIsHandledThoughThePortalHangsUp(t *testing.T) {
	j := installed(t)
	j.open(t, ivan, deal77)
	e := j.event("ONAPPUNINSTALL")
	e.Clean = true
	j.portal.Uninstall(j.keys.ClientID, true)
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	must(t, j.HandleEvent(ctx, e))
	j.wantNothingKept(t)
}

func TestARemovalWithAllDataDeletesEverything(t *testing.T) {
	j := installed(t)
	j.open(t, ivan, deal77)
	e := j.event("ONAPPUNINSTALL")
	e.Clean = true
	j.portal.Uninstall(j.keys.ClientID, true)
	must(t, j.HandleEvent(t.Context(), e))
	j.wantNothingKept(t)
	if j.hasTokens(t, admin, ivan) {
		t.Error("tokens are left")
	}
}

func TestARemovalAnHourLaterIsStillBelieved(t *testing.T) {
	j := installed(t)
	j.portal.ExpireTokens(0)
	j.portal.Uninstall(j.keys.ClientID, true)
	e := j.event("ONAPPUNINSTALL")
	e.Clean = true
	must(t, j.HandleEvent(t.Context(), e))
	j.wantNothingKept(t)
}

func TestARemovalThatCannotBeCheckedOnlyDeletesTokens(t *testing.T) {
	t.Parallel()
	j := installed(t)
	j.open(t, ivan, deal77)
	j.portal.Fail(bitrixtest.Fault{Method: "app.info@oauth", Kind: bitrixtest.FaultHTML, Times: -1})
	e := j.event("ONAPPUNINSTALL")
	e.Clean = true
	must(t, j.HandleEvent(t.Context(), e))
	if i, ok := j.kept(t); !ok || i.Removed.IsZero() {
		t.Errorf("kept: %+v", i)
	}
	if j.hasTokens(t, admin, ivan) {
		t.Error("tokens are left")
	}
}

func TestEventsThatAreNotGenuineChangeNothing(t *testing.T) {
	for name, c := range map[string]struct {
		want  error
		event func(t *testing.T, j *joinline, e *bitrix.Event)
	}{
		"a wrong application token": {app.ErrForged, func(_ *testing.T, _ *joinline, e *bitrix.Event) { e.ApplicationToken = "wrong" }},
		"no application token":      {app.ErrForged, func(_ *testing.T, _ *joinline, e *bitrix.Event) { e.ApplicationToken = "" }},
		"a removal while the application is there": {app.ErrForged, func(*testing.T, *joinline, *bitrix.Event) {
		}},
		"the same an hour later": {app.ErrForged, func(_ *testing.T, j *joinline, _ *bitrix.Event) {
			j.portal.ExpireTokens(0)
		}},
		"a portal nobody installed": {app.ErrNotInstalled, func(_ *testing.T, _ *joinline, e *bitrix.Event) {
			e.MemberID = "0123456789abcdef0123456789abcdef"
		}},
		"an event we did not ask for": {app.ErrUnknownEvent, func(_ *testing.T, _ *joinline, e *bitrix.Event) { e.Name = "ONCRMDEALADD" }},
		"an installation with a wrong application token and no token": {app.ErrForged, func(_ *testing.T, _ *joinline, e *bitrix.Event) {
			e.Name, e.ApplicationToken = "ONAPPINSTALL", "wrong"
		}},
		"an installation in an employee's name": {app.ErrNotAdmin, func(t *testing.T, j *joinline, e *bitrix.Event) {
			e.Name, e.ApplicationToken, e.Token = "ONAPPINSTALL", "wrong", j.eventToken(t, ivan)
		}},
		"an installation with a token of another application": {app.ErrForged, func(t *testing.T, j *joinline, e *bitrix.Event) {
			keys := j.portal.Register(bitrixtest.App{Name: "Another", HandlerURL: "http://another.localhost/app", Scopes: allScopes})
			token := parseLaunch(t, j.portal.Launch(keys.ClientID, admin, "DEFAULT", "")).Token()
			token.Server = j.portal.AuthURL()
			e.Name, e.ApplicationToken, e.Token = "ONAPPINSTALL", "wrong", token
		}},
	} {
		t.Run(name, func(t *testing.T) {
			j := installed(t)
			j.open(t, ivan, deal77)
			before, _ := j.kept(t)
			e := j.event("ONAPPUNINSTALL")
			e.Clean = true
			c.event(t, j, &e)
			wantErr(t, j.HandleEvent(t.Context(), e), c.want)
			if after, ok := j.kept(t); !ok || after != before {
				t.Errorf("kept: %+v, before: %+v", after, before)
			}
			if !j.hasTokens(t, admin) || !j.hasTokens(t, ivan) {
				t.Error("tokens were deleted")
			}
		})
	}
}

func TestAnInstallationEventRepeatsWhatIsKnown(t *testing.T) {
	j := installed(t)
	before, _ := j.kept(t)
	must(t, j.HandleEvent(t.Context(), j.event("ONAPPINSTALL")))
	if after, _ := j.kept(t); after != before {
		t.Errorf("kept: %+v", after)
	}
	j.wantRequests(t)
}

func TestAnInstallationEventTeachesTheApplicationToken(t *testing.T) {
	j := registered(t)
	l := j.launch(t, admin, "DEFAULT", "")
	l.ApplicationToken = "" // as older portals do
	_, err := j.Install(t.Context(), l)
	must(t, err)
	must(t, j.portal.FinishInstall(j.keys.ClientID))
	wantErr(t, j.HandleEvent(t.Context(), j.event("ONAPPUNINSTALL")), app.ErrForged)
	e := j.event("ONAPPINSTALL")
	e.Token = j.eventToken(t, admin)
	must(t, j.HandleEvent(t.Context(), e))
	if i, _ := j.kept(t); i.ApplicationToken.Reveal() != j.keys.ApplicationToken {
		t.Errorf("kept: %q", i.ApplicationToken.Reveal())
	}
}

func TestAnApplicationWithoutPagesIsInstalledByItsEvent(t *testing.T) {
	j := registered(t)
	e := j.event("ONAPPINSTALL")
	wantErr(t, j.HandleEvent(t.Context(), e), app.ErrNotInstalled)
	e.Token = j.eventToken(t, ivan)
	wantErr(t, j.HandleEvent(t.Context(), e), app.ErrNotAdmin)
	j.wantNothingKept(t)
	e.Token = j.eventToken(t, admin)
	must(t, j.HandleEvent(t.Context(), e))
	wantBound(t, j, publicURL)
	if i, ok := j.kept(t); !ok || i.ApplicationToken.Reveal() != j.keys.ApplicationToken {
		t.Errorf("kept: %+v", i)
	}
}
