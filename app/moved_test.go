package app_test

import (
	"strings"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// movedTo gives the portal another name.
func (j *joinline) movedTo(t *testing.T, name string) string {
	t.Helper()
	at := strings.Replace(j.portal.URL(), "portal.localhost", name, 1)
	must(t, j.portal.SetURL(at))
	return at
}

func TestAPortalThatMovedIsFoundThroughTheAuthorisationServer(t *testing.T) {
	j := installed(t)
	before := j.open(t, ivan, deal77)
	at := j.movedTo(t, "acme.localhost")
	v, card, err := j.Open(t.Context(), j.card(t, ivan, deal77))
	must(t, err)
	if v.Portal != at || len(card.Chats) == 0 {
		t.Errorf("the visit is at %s with %d chats, want %s", v.Portal, len(card.Chats), at)
	}
	i, err := j.store.Installation(t.Context(), bitrix.MemberID(j.portal.MemberID()))
	must(t, err)
	if i.Portal != at || i.Endpoint != at+"/rest/" {
		t.Errorf("kept are %s and %s, want %s", i.Portal, i.Endpoint, at)
	}
	// A page that was open all the time goes on.
	_, err = j.Add(t.Context(), before, app.ChatRef{Owner: deal77, ID: chatAnn}, []bitrix.UserID{pavel})
	must(t, err)
	j.wantParticipants(t, chatAnn, ivan, pavel, ann)
}

func TestARedirectAloneMovesNothing(t *testing.T) {
	j := installed(t)
	member := bitrix.MemberID(j.portal.MemberID())
	at := j.portal.URL()
	j.movedTo(t, "acme.localhost")
	l := j.card(t, ivan, deal77)
	l.Access = "ffffffffffffffffffffffffffffffff" // nothing that the authorisation server knows
	_, _, err := j.Open(t.Context(), l)
	wantErr(t, err, app.ErrMoved)
	i, err := j.store.Installation(t.Context(), member)
	must(t, err)
	if i.Portal != at {
		t.Errorf("the address became %s", i.Portal)
	}
}

func TestALaunchFromAnotherAddressMovesNothingWhileThePortalAnswers(t *testing.T) {
	j := installed(t)
	at := j.portal.URL()
	l := j.card(t, ivan, deal77)
	l.Domain = "attacker.example"
	v, _, err := j.Open(t.Context(), l)
	must(t, err)
	if v.Portal != at {
		t.Errorf("the visit is at %s", v.Portal)
	}
	j.wantRequests(t, "batch")
}

func TestAPortalWhoseOldNameIsGoneIsFoundToo(t *testing.T) {
	j := installed(t)
	at := j.portal.URL()
	must(t, j.store.SetAddress(t.Context(), bitrix.MemberID(j.portal.MemberID()), "http://gone.localhost:1", "http://gone.localhost:1/rest/"))
	v, card, err := j.Open(t.Context(), j.card(t, ivan, deal77))
	must(t, err)
	if v.Portal != at || len(card.Chats) == 0 {
		t.Errorf("the visit is at %s with %d chats, want %s", v.Portal, len(card.Chats), at)
	}
}
