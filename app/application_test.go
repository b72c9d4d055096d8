package app_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// register puts the keys of a portal's application into the store.
func (j *joinline) register(t *testing.T, host string) {
	t.Helper()
	must(t, j.store.SaveRegistration(t.Context(), app.Registration{
		ClientID: j.keys.ClientID, ClientSecret: bitrix.Secret(j.keys.ClientSecret), Portal: host, Added: time.Now(),
	}))
}

func (j *joinline) member() bitrix.MemberID { return bitrix.MemberID(j.portal.MemberID()) }

// neighbours are one Joinline on two portals, each with an application of its
// own in the store, and none in the configuration. Nothing is installed yet.
func neighbours(t *testing.T) (acme, globex *joinline) {
	t.Helper()
	acme = registered(t)
	p := bitrixtest.NewPortalWith(t, bitrixtest.Options{MemberID: "00000000000000000000000000000002"})
	acme.config.ClientID, acme.config.ClientSecret = "", ""
	acme.config.AuthServers = append(acme.config.AuthServers, p.AuthURL())
	acme.restart(bitrix.Timeouts{})
	other := *acme
	globex = &other
	globex.portal = p
	globex.keys = p.Register(bitrixtest.App{Name: "Joinline", HandlerURL: publicURL + "/app", InstallURL: publicURL + "/install", Scopes: allScopes})
	acme.register(t, "")
	globex.register(t, "")
	return acme, globex
}

func TestOneJoinlineServesSeveralPortalsWithKeysOfTheirOwn(t *testing.T) {
	acme, globex := neighbours(t)
	for _, j := range []*joinline{acme, globex} {
		j.install(t)
		i, err := j.store.Installation(t.Context(), j.member())
		must(t, err)
		if i.ClientID != j.keys.ClientID || i.Portal != j.portal.URL() {
			t.Errorf("installed is %s at %s, want %s at %s", i.ClientID, i.Portal, j.keys.ClientID, j.portal.URL())
		}
	}
	for _, j := range []*joinline{acme, globex} {
		v := j.open(t, ivan, deal77)
		j.portal.ExpireTokens(0) // to be refreshed with the right secret
		_, err := j.Add(t.Context(), v, app.ChatRef{Owner: deal77, ID: chatAnn}, []bitrix.UserID{pavel})
		must(t, err)
		j.wantParticipants(t, chatAnn, ivan, pavel, ann)
		must(t, j.Caretaker(t.Context(), j.member()))
		if j == acme {
			globex.wantParticipants(t, chatAnn, ivan, ann)
		}
	}
}

func TestPortalsOfOneJoinlineDoNotReachEachOther(t *testing.T) {
	acme, globex := neighbours(t)
	acme.install(t)
	globex.install(t)
	at := acme.open(t, ivan, deal77)
	globex.open(t, ivan, deal77)
	before := globex.portal.Participants(chatAnn)
	globex.portal.ResetRequests()

	t.Run("a launch with the other's member_id", func(t *testing.T) {
		l := acme.card(t, ivan, deal77)
		l.MemberID = globex.member()
		v, card, err := acme.Open(t.Context(), l)
		if err == nil || v.Viewer != 0 || len(card.Chats) != 0 {
			t.Errorf("a token of one portal opened a card of the other: %+v, %v", v, err)
		}
	})
	t.Run("an installation for the other's member_id", func(t *testing.T) {
		l := acme.launch(t, admin, "DEFAULT", "")
		l.MemberID = globex.member()
		_, err := acme.Install(t.Context(), l)
		wantErr(t, err, app.ErrForged)
	})
	t.Run("a visit with the other's member_id", func(t *testing.T) {
		// Nobody can make one; if they could, it would be the other portal's
		// person of that number, never this one's token over there.
		v := at
		v.Member, v.Viewer = globex.member(), pavel
		_, err := acme.Chats(t.Context(), v)
		wantErr(t, err, app.ErrNoToken)
	})
	t.Run("an event with this portal's application token", func(t *testing.T) {
		i, err := acme.store.Installation(t.Context(), acme.member())
		must(t, err)
		e := bitrix.Event{Name: "ONAPPUNINSTALL", MemberID: globex.member(), ApplicationToken: i.ApplicationToken}
		wantErr(t, acme.HandleEvent(t.Context(), e), app.ErrForged)
	})
	t.Run("tokens for a renewal", func(t *testing.T) {
		v := at
		v.Member = globex.member()
		l := acme.card(t, ivan, deal77)
		l.MemberID = globex.member()
		if _, err := acme.Renew(t.Context(), v, l); err == nil {
			t.Error("a token of one portal renewed a visit on the other")
		}
	})

	// What the other portal and the store hold of it is as it was.
	globex.wantParticipants(t, chatAnn, before...)
	_, err := globex.Chats(t.Context(), globex.open(t, ivan, deal77))
	must(t, err)
	must(t, globex.Caretaker(t.Context(), globex.member()))
}

func TestARemovedRegistrationTakesItsPortalWithItAndNoOther(t *testing.T) {
	acme, globex := neighbours(t)
	acme.install(t)
	globex.install(t)
	v := acme.open(t, ivan, deal77)
	kept := globex.open(t, ivan, deal77)
	must(t, acme.store.RemoveRegistration(t.Context(), acme.keys.ClientID))
	acme.portal.ResetRequests()
	_, err := acme.Chats(t.Context(), v)
	wantErr(t, err, app.ErrNotInstalled)
	_, _, err = acme.Open(t.Context(), acme.card(t, ivan, deal77))
	wantErr(t, err, app.ErrNotInstalled)
	acme.wantRequests(t) // its keys are gone: nothing is sent
	_, err = acme.Install(t.Context(), acme.launch(t, admin, "DEFAULT", ""))
	wantErr(t, err, app.ErrForged)
	acme.wantNothingKept(t)
	_, err = globex.Chats(t.Context(), kept)
	must(t, err)
}

func TestARegistrationMayBeLimitedToAPortal(t *testing.T) {
	acme, _ := neighbours(t)
	acme.register(t, "another.bitrix24.com")
	_, err := acme.Install(t.Context(), acme.launch(t, admin, "DEFAULT", ""))
	wantErr(t, err, app.ErrWrongPortal)
	acme.wantNothingKept(t)
	acme.register(t, strings.TrimPrefix(acme.portal.URL(), "http://"))
	acme.install(t)
}

func TestANewSecretCountsAtOnce(t *testing.T) {
	acme, _ := neighbours(t)
	right := acme.keys.ClientSecret
	acme.keys.ClientSecret = "not-the-secret"
	acme.register(t, "")
	acme.install(t) // needs no secret
	v := acme.open(t, ivan, deal77)
	acme.portal.ExpireTokens(ivan)
	_, err := acme.Chats(t.Context(), v)
	wantErr(t, err, app.ErrKeys)
	acme.keys.ClientSecret = right
	acme.register(t, "")
	_, err = acme.Chats(t.Context(), v)
	must(t, err)
}

func TestALaunchWhoseTokenHasExpiredFindsItsApplication(t *testing.T) {
	acme, globex := neighbours(t)
	acme.register(t, strings.TrimPrefix(acme.portal.URL(), "http://"))
	l := acme.launch(t, admin, "DEFAULT", "")
	acme.portal.ExpireTokens(0)
	_, err := acme.Install(t.Context(), l)
	must(t, err)
	l = acme.launch(t, admin, "DEFAULT", "") // known by now
	acme.register(t, "")
	acme.portal.ExpireTokens(0)
	_, err = acme.Install(t.Context(), l)
	must(t, err)
	l = globex.launch(t, admin, "DEFAULT", "") // nothing tells whose it is
	globex.portal.ExpireTokens(0)
	_, err = globex.Install(t.Context(), l)
	wantErr(t, err, app.ErrNoToken)
	globex.wantNothingKept(t)
}

func TestPeopleSignInFromOutsideWhereOnePortalIsInstalled(t *testing.T) {
	acme, globex := neighbours(t)
	acme.install(t)
	at, member, err := acme.AuthorizeURL(t.Context(), "", "state")
	must(t, err)
	if member != acme.member() || !strings.Contains(at, "client_id="+acme.keys.ClientID) || !strings.HasPrefix(at, acme.portal.URL()) {
		t.Errorf("people are sent to %s", at)
	}
	v, err := acme.SignIn(t.Context(), member, acme.portal.AuthURL(), acme.portal.Code(acme.keys.ClientID, ivan))
	must(t, err)
	if v.Member != acme.member() || v.Viewer != ivan {
		t.Errorf("signed in is %d on %s", v.Viewer, v.Member)
	}
	globex.install(t)
	_, _, err = acme.AuthorizeURL(t.Context(), "", "state")
	wantErr(t, err, app.ErrWhichPortal)
	at, member, err = acme.AuthorizeURL(t.Context(), " "+globex.portal.URL()+"/crm/ ", "state")
	must(t, err)
	if member != globex.member() || !strings.Contains(at, "client_id="+globex.keys.ClientID) || !strings.HasPrefix(at, globex.portal.URL()) {
		t.Errorf("people are sent to %s", at)
	}
}

// TestASignInIsForThePortalItBeganAt: what the redirect carries does not say
// which portal it comes from, or says what an attacker likes.
func TestASignInIsForThePortalItBeganAt(t *testing.T) {
	acme, globex := neighbours(t)
	acme.install(t)
	_, began, err := acme.AuthorizeURL(t.Context(), "", "state") // the only one then
	must(t, err)
	globex.install(t)
	for name, server := range map[string]string{"at its own server": globex.portal.AuthURL(), "at the other's": acme.portal.AuthURL(), "at none": ""} {
		if v, err := acme.SignIn(t.Context(), began, server, globex.portal.Code(globex.keys.ClientID, ivan)); err == nil || v.Viewer != 0 {
			t.Errorf("a code of another portal, traded %s: %+v, %v", name, v, err)
		}
	}
	if acme.hasTokens(t, ivan) || globex.hasTokens(t, ivan) {
		t.Error("a token was kept")
	}
	v, err := acme.SignIn(t.Context(), began, acme.portal.AuthURL(), acme.portal.Code(acme.keys.ClientID, ivan))
	must(t, err)
	if v.Member != acme.member() || v.Viewer != ivan {
		t.Errorf("signed in is %d on %s", v.Viewer, v.Member)
	}
	must(t, acme.store.Forget(t.Context(), began))
	_, err = acme.SignIn(t.Context(), began, acme.portal.AuthURL(), acme.portal.Code(acme.keys.ClientID, ivan))
	wantErr(t, err, app.ErrNotInstalled)
}

func TestATypedRegistrationIsChecked(t *testing.T) {
	good := app.Registration{ClientID: "local.66f0aa12bc34d5.48120937", ClientSecret: "Qm3Secret", Portal: "acme.bitrix24.com"}
	must(t, good.Check())
	for name, change := range map[string]func(r *app.Registration){
		"no id":              func(r *app.Registration) { r.ClientID = "" },
		"an id with markup":  func(r *app.Registration) { r.ClientID = "<b>" },
		"no secret":          func(r *app.Registration) { r.ClientSecret = "" },
		"a secret in two":    func(r *app.Registration) { r.ClientSecret = "hush hush" },
		"a portal's page":    func(r *app.Registration) { r.Portal = "https://acme.bitrix24.com/crm/" },
		"everything at once": func(r *app.Registration) { *r = app.Registration{Portal: "/"} },
	} {
		t.Run(name, func(t *testing.T) {
			r := good
			change(&r)
			err := r.Check()
			problems, ok := errors.AsType[*app.ConfigError](err)
			if want := map[bool]int{true: 3, false: 1}[name == "everything at once"]; !ok || len(problems.Problems) != want || strings.Contains(err.Error(), "hush") {
				t.Errorf("Check = %v, want %d problems", err, want)
			}
		})
	}
}
