package app_test

import (
	"context"
	"errors"
	"testing"
	"time"

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

// serverDown has the authorisation server answer nothing about tokens.
func (j *joinline) serverDown() {
	j.portal.Fail(bitrixtest.Fault{Method: "app.info@oauth", Kind: bitrixtest.FaultHTML, Times: -1})
}

// wantWorking checks that the installation and everybody's tokens are there.
func (j *joinline) wantWorking(t *testing.T, users ...bitrix.UserID) {
	t.Helper()
	if i, ok := j.kept(t); !ok || !i.Removed.IsZero() || i.ApplicationToken == "" {
		t.Errorf("kept: %+v, %v", i, ok)
	}
	for _, user := range users {
		if !j.hasTokens(t, user) {
			t.Errorf("the tokens of %d were deleted", user)
		}
	}
}

func TestARemovalThatCannotBeCheckedDeletesNothingUntilItCan(t *testing.T) {
	for name, c := range map[string]struct {
		clean, genuine bool
		kept           bool // anything at all
		tokens         bool
	}{
		"of everything":            {clean: true, genuine: true},
		"of the tokens":            {genuine: true, kept: true},
		"that an employee made up": {clean: true, kept: true, tokens: true},
		"the same, of tokens only": {kept: true, tokens: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			j.open(t, ivan, deal77)
			e := j.event("ONAPPUNINSTALL")
			e.Clean = c.clean
			j.serverDown()
			if c.genuine {
				j.portal.Uninstall(j.keys.ClientID, c.clean)
			}
			must(t, j.HandleEvent(t.Context(), e))
			j.wantWorking(t, admin, ivan)
			must(t, j.SettleRemovals(t.Context()))
			j.wantWorking(t, admin, ivan)

			j.portal.ResetRequests()
			must(t, j.HandleEvent(t.Context(), e))
			j.wantRequests(t) // a flood of events asks the server no more than one does

			j.portal.ClearFaults()
			must(t, j.SettleRemovals(t.Context()))
			i, kept := j.kept(t)
			if kept != c.kept || i.Removed.IsZero() == (kept && !c.tokens) || !i.Doubted.IsZero() {
				t.Errorf("kept: %+v, %v", i, kept)
			}
			if got := j.hasTokens(t, admin) && j.hasTokens(t, ivan); got != c.tokens {
				t.Errorf("tokens are kept: %v", got)
			}
		})
	}
}

// TestARemovalForgedWhileTheInstallersTokenIsDead: the authorisation server can
// say nothing about a token that it has forgotten, and every employee can learn
// when that is so.
func TestARemovalForgedWhileTheInstallersTokenIsDead(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.refreshElsewhere(t) // the stored pair is spent
	e := j.event("ONAPPUNINSTALL")
	e.Clean = true
	must(t, j.HandleEvent(t.Context(), e))
	must(t, j.SettleRemovals(t.Context()))
	j.wantWorking(t, admin, ivan)
	_, err := j.Chats(t.Context(), v)
	must(t, err)
}

// TestADoubtEndsWithTheNextProofOrAMonth: a removal that nobody could check is
// forgotten once the portal has said otherwise, and believed when it never does.
func TestADoubtEndsWithTheNextProofOrAMonth(t *testing.T) {
	for name, c := range map[string]struct {
		opened  bool
		working bool
	}{
		"somebody opened a card since": {true, true},
		"nobody did":                   {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			j.open(t, ivan, deal77)
			e := j.event("ONAPPUNINSTALL")
			e.Clean = true
			j.serverDown()
			must(t, j.HandleEvent(t.Context(), e))
			must(t, j.store.Doubt(t.Context(), e.MemberID, time.Now().Add(-31*24*time.Hour), true))
			if c.opened {
				j.open(t, ivan, deal77)
			}
			must(t, j.SettleRemovals(t.Context()))
			if i, kept := j.kept(t); kept != c.working || !i.Doubted.IsZero() {
				t.Errorf("kept: %+v, %v", i, kept)
			}
		})
	}
}

// TestARemovalWhoseEventWasLostIsNoticed: the portal tells it once, and whoever
// still has a page open learns it from the portal's refusal.
func TestARemovalWhoseEventWasLostIsNoticed(t *testing.T) {
	j := installed(t)
	j.open(t, ivan, deal77)
	l := j.card(t, ivan, deal77)
	j.portal.Uninstall(j.keys.ClientID, true)
	_, _, err := j.Open(t.Context(), l)
	wantErr(t, err, app.ErrRemoved)
	must(t, j.SettleRemovals(t.Context()))
	if i, ok := j.kept(t); !ok || i.Removed.IsZero() || j.hasTokens(t, admin, ivan) {
		t.Errorf("kept: %+v, %v", i, ok)
	}
}

func TestAPortalThatOnlySaysSoIsNotRemoved(t *testing.T) {
	j := installed(t)
	j.portal.Fail(bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultAppRemoved})
	_, _, err := j.Open(t.Context(), j.card(t, ivan, deal77))
	wantErr(t, err, app.ErrRemoved)
	must(t, j.SettleRemovals(t.Context()))
	j.wantWorking(t, admin)
	if i, _ := j.kept(t); !i.Doubted.IsZero() {
		t.Errorf("kept: %+v", i)
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
	after, _ := j.kept(t)
	before.EventSeen = after.EventSeen
	if after != before || after.EventSeen.IsZero() {
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

// TestAnInstallationEventOfAnotherRegistrationIsAnInstallation: the application
// token of one registration must never stand beside the keys of another.
func TestAnInstallationEventOfAnotherRegistrationIsAnInstallation(t *testing.T) {
	j := installed(t)
	old := j.keys
	j.keys = j.portal.Register(bitrixtest.App{Name: "Joinline", HandlerURL: publicURL + "/app", Scopes: allScopes})
	must(t, j.store.SaveRegistration(t.Context(), app.Registration{ClientID: j.keys.ClientID, ClientSecret: bitrix.Secret(j.keys.ClientSecret), Added: time.Now()}))
	e := j.event("ONAPPINSTALL")
	e.Token = j.eventToken(t, admin)
	must(t, j.HandleEvent(t.Context(), e))
	i, ok := j.kept(t)
	if !ok || i.ClientID != j.keys.ClientID || i.ApplicationToken.Reveal() != j.keys.ApplicationToken {
		t.Errorf("kept: %+v, registered before as %s", i, old.ClientID)
	}
}
