package app_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

const methodAdd = "imopenlines.crm.chat.user.add"

// inDeal77 is chat 1763 as the card of deal 77 shows it.
func inDeal77() app.ChatRef {
	return app.ChatRef{Owner: deal77, ID: chatAnn, Members: []bitrix.UserID{ivan, ann}}
}

func outcomes(list ...app.Outcome) []app.Outcome { return list }

func TestEveryPersonGetsATruthfulOutcome(t *testing.T) {
	in := []int{ivan, ann}
	for name, c := range map[string]struct {
		viewer int
		change func(w *bitrixtest.World)
		people []bitrix.UserID
		want   []app.Outcome
		in     []int
		calls  int
		unread bool // nothing was worth reading back
	}{
		"a colleague of the queue, by an employee": {viewer: ivan, people: []bitrix.UserID{pavel}, calls: 1,
			want: outcomes(app.Outcome{User: pavel, State: app.OutcomeAdded}), in: append(in, pavel)},
		"outside the queue, by an employee": {viewer: ivan, people: []bitrix.UserID{olga}, calls: 1,
			want: outcomes(app.Outcome{User: olga, State: app.OutcomeRefused, Reason: app.ReasonHistory}), in: in},
		"outside the queue, by an administrator": {viewer: admin, people: []bitrix.UserID{olga}, calls: 1,
			want: outcomes(app.Outcome{User: olga, State: app.OutcomeAdded}), in: append(in, olga)},
		"three, of whom one is refused": {viewer: admin, people: []bitrix.UserID{pavel, fired, elena}, calls: 3,
			want: outcomes(
				app.Outcome{User: pavel, State: app.OutcomeAdded},
				app.Outcome{User: fired, State: app.OutcomeRefused, Reason: app.ReasonNotActive},
				app.Outcome{User: elena, State: app.OutcomeAdded},
			), in: append(in, pavel, elena)},
		"refused first, and the queue member still gets in": {viewer: ivan, people: []bitrix.UserID{olga, pavel}, calls: 2,
			want: outcomes(
				app.Outcome{User: olga, State: app.OutcomeRefused, Reason: app.ReasonHistory},
				app.Outcome{User: pavel, State: app.OutcomeAdded},
			), in: append(in, pavel)},
		"somebody who cannot read the item": {viewer: admin, people: []bitrix.UserID{partner}, calls: 1,
			want: outcomes(app.Outcome{User: partner, State: app.OutcomeRefused, Reason: app.ReasonColleagueNoAccess}), in: in},
		"somebody from outside": {viewer: admin, people: []bitrix.UserID{partner, pavel}, calls: 2,
			change: func(w *bitrixtest.World) { w.SetCRMRights(partner, "DEAL", bitrixtest.CRMAll) },
			want: outcomes(
				app.Outcome{User: partner, State: app.OutcomeSkipped, Reason: app.ReasonExternal},
				app.Outcome{User: pavel, State: app.OutcomeAdded},
			), in: append(in, pavel)},
		"somebody who does not exist": {viewer: admin, people: []bitrix.UserID{999}, calls: 1,
			want: outcomes(app.Outcome{User: 999, State: app.OutcomeRefused, Reason: app.ReasonNotActive}), in: in},
		"somebody invited who never came": {viewer: admin, people: []bitrix.UserID{invited}, calls: 1,
			want: outcomes(app.Outcome{User: invited, State: app.OutcomeAdded}), in: append(in, invited)},
		"the operator and the customer": {viewer: admin, people: []bitrix.UserID{ivan, ann}, calls: 2,
			want: outcomes(
				app.Outcome{User: ivan, State: app.OutcomeAlreadyIn},
				app.Outcome{User: ann, State: app.OutcomeAlreadyIn, Reason: app.ReasonCustomer},
			), in: in},
		"the viewer": {viewer: admin, people: []bitrix.UserID{admin}, calls: 1,
			want: outcomes(app.Outcome{User: admin, State: app.OutcomeAdded}), in: append(in, admin)},
		"the same person three times, and nobody": {viewer: admin, people: []bitrix.UserID{pavel, 0, pavel, -5, pavel}, calls: 1,
			want: outcomes(app.Outcome{User: pavel, State: app.OutcomeAdded}), in: append(in, pavel)},
		"a viewer who lost access meanwhile": {viewer: olga, people: []bitrix.UserID{pavel, elena}, calls: 1, unread: true,
			change: func(w *bitrixtest.World) { w.Items[bitrixtest.ItemKey{Type: "DEAL", ID: 77}].Observers = nil },
			want: outcomes(
				app.Outcome{User: pavel, State: app.OutcomeRefused, Reason: app.ReasonCallerNoAccess},
				app.Outcome{User: elena, State: app.OutcomeNotTried, Reason: app.ReasonCallerNoAccess},
			), in: in},
		"a chat closed since it was shown": {viewer: ivan, people: []bitrix.UserID{pavel, olga}, calls: 1,
			change: func(w *bitrixtest.World) { w.CloseSession(chatAnn) },
			want: outcomes(
				app.Outcome{User: pavel, State: app.OutcomeRefused, Reason: app.ReasonChatClosed},
				app.Outcome{User: olga, State: app.OutcomeNotTried, Reason: app.ReasonChatClosed},
			), in: []int{ann}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, c.viewer, deal77)
			if c.change != nil {
				j.portal.Do(c.change)
			}
			added, err := j.Add(t.Context(), v, inDeal77(), c.people)
			must(t, err)
			if d := cmp.Diff(c.want, added.Outcomes); d != "" {
				t.Error(d)
			}
			j.wantParticipants(t, chatAnn, c.in...)
			requests := slices.Repeat([]string{methodAdd}, c.calls)
			if !c.unread {
				requests = append(requests, "batch")
			}
			j.wantRequests(t, requests...)
			if c.unread != (added.Chat.ID == 0) {
				t.Errorf("read back: %+v", added.Chat)
			}
			wantShown(t, added.Chat, c.in)
		})
	}
}

// wantShown checks that the chat read back shows those who are in it.
func wantShown(t *testing.T, c app.Chat, want []int) {
	t.Helper()
	var got []int
	for _, p := range c.Participants {
		got = append(got, int(p.ID))
		if p.Name == "" {
			t.Errorf("participant %d has no name", p.ID)
		}
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if c.ID == 0 || c.Unreadable { // the portal hides it from the viewer
		return
	}
	if !slices.Equal(got, want) {
		t.Errorf("read back: %v, want %v", got, want)
	}
}

func TestWhoeverIsRemovedAtOnceIsNotCalledExternal(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.portal.Fail(bitrixtest.Fault{Method: "batch", Do: func(w *bitrixtest.World) {
		c := w.Chats[chatAnn]
		c.Members = slices.DeleteFunc(c.Members, func(m *bitrixtest.Member) bool { return m.User == pavel })
	}})
	added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel})
	must(t, err)
	if d := cmp.Diff(outcomes(app.Outcome{User: pavel, State: app.OutcomeSkipped, Reason: app.ReasonUnlisted}), added.Outcomes); d != "" {
		t.Error(d)
	}
	j.wantParticipants(t, chatAnn, ivan, ann)
}

func TestAddingIsRepeatable(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	first, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel})
	must(t, err)
	lines := len(j.portal.Messages(chatAnn))
	again, err := j.Add(t.Context(), v, first.Chat.Ref(), []bitrix.UserID{pavel})
	must(t, err)
	if d := cmp.Diff(outcomes(app.Outcome{User: pavel, State: app.OutcomeAlreadyIn}), again.Outcomes); d != "" {
		t.Error(d)
	}
	if n := len(j.portal.Messages(chatAnn)); n != lines {
		t.Errorf("the second time left %d more lines in the chat", n-lines)
	}
}

func TestPeopleAreAddedUnderTheItemThatOwnsTheChat(t *testing.T) {
	j := installed(t)
	v := j.open(t, elena, deal77)
	card, err := j.Chats(t.Context(), v)
	must(t, err)
	c := card.Chats[slices.IndexFunc(card.Chats, func(c app.Chat) bool { return c.ID == 1770 })]
	added, err := j.Add(t.Context(), v, c.Ref(), []bitrix.UserID{pavel})
	must(t, err)
	if added.Outcomes[0].State != app.OutcomeAdded || added.Chat.Owner != contact31 || added.Chat.State != app.ChatOpen {
		t.Errorf("added: %+v", added)
	}
	j.wantParticipants(t, 1770, elena, ann, pavel)
}

func TestAnOldPortalMayChooseAnotherChat(t *testing.T) {
	j := installed(t)
	j.portal.Do(func(w *bitrixtest.World) {
		w.AddChat(bitrixtest.NewChat{ID: 1800, Name: "Ann Lee - Sales line", Connector: "livechat", Line: 5, Customer: 432,
			Items: []bitrixtest.ItemKey{{Type: "DEAL", ID: 77}}, Status: bitrixtest.StatusOperator, Operator: ivan})
	})
	j.portal.SetOld(true)
	v := j.open(t, ivan, deal77)
	added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel})
	must(t, err)
	if d := cmp.Diff(outcomes(app.Outcome{User: pavel, State: app.OutcomeElsewhere, Chat: 1800}), added.Outcomes); d != "" {
		t.Error(d)
	}
	j.wantParticipants(t, chatAnn, ivan, ann)
	j.wantParticipants(t, 1800, ivan, 432, pavel)
	j.wantRequests(t, methodAdd, "batch")
}

func TestAnOldPortalCallsAMemberAnError(t *testing.T) {
	j := installed(t)
	j.portal.SetOld(true)
	v := j.open(t, ivan, deal77)
	added, err := j.Add(t.Context(), v, app.ChatRef{Owner: deal77, ID: chatAnn}, []bitrix.UserID{ivan})
	must(t, err)
	if d := cmp.Diff(outcomes(app.Outcome{User: ivan, State: app.OutcomeAlreadyIn}), added.Outcomes); d != "" {
		t.Error(d)
	}
}

func TestASuccessThatDidNothingIsNoSuccess(t *testing.T) {
	j := installed(t)
	v := j.open(t, admin, deal77)
	j.portal.Do(func(w *bitrixtest.World) {
		w.Items[bitrixtest.ItemKey{Type: "DEAL", ID: 80}].AssignedBy = admin
	})
	j.portal.SetOld(true) // takes the item's latest chat, and deal 80 has none
	v.Links = append(v.Links, bitrix.CRMItem{Type: bitrix.Deal, ID: 80})
	added, err := j.Add(t.Context(), v, app.ChatRef{Owner: bitrix.CRMItem{Type: bitrix.Deal, ID: 80}, ID: chatAnn}, []bitrix.UserID{pavel, elena})
	must(t, err)
	want := outcomes(
		app.Outcome{User: pavel, State: app.OutcomeRefused, Reason: app.ReasonNoChat},
		app.Outcome{User: elena, State: app.OutcomeNotTried, Reason: app.ReasonNoChat},
	)
	if d := cmp.Diff(want, added.Outcomes); d != "" {
		t.Error(d)
	}
	j.wantParticipants(t, chatAnn, ivan, ann)
}

func TestAnAddThatMakesNoSenseAsksThePortalNothing(t *testing.T) {
	many := make([]bitrix.UserID, app.MaxPeople+1)
	for n := range many {
		many[n] = bitrix.UserID(n + 1)
	}
	for name, c := range map[string]struct {
		ref    app.ChatRef
		people []bitrix.UserID
		want   error
	}{
		"nobody":                     {inDeal77(), nil, app.ErrNobody},
		"only what is no user":       {inDeal77(), []bitrix.UserID{0, -1}, app.ErrNobody},
		"too many":                   {inDeal77(), many, app.ErrTooMany},
		"no chat":                    {app.ChatRef{Owner: deal77}, []bitrix.UserID{pavel}, app.ErrNotInVisit},
		"an item of another visit":   {app.ChatRef{Owner: lead55, ID: 1755}, []bitrix.UserID{pavel}, app.ErrNotInVisit},
		"no item":                    {app.ChatRef{ID: chatAnn}, []bitrix.UserID{pavel}, app.ErrNotInVisit},
		"a person without any token": {inDeal77(), []bitrix.UserID{pavel}, app.ErrNoToken},
	} {
		t.Run(name, func(t *testing.T) {
			j := installed(t)
			v := j.open(t, admin, deal77)
			if errors.Is(c.want, app.ErrNoToken) {
				v.Viewer = olga
			}
			added, err := j.Add(t.Context(), v, c.ref, c.people)
			wantErr(t, err, c.want)
			if added.Outcomes != nil {
				t.Errorf("outcomes: %+v", added.Outcomes)
			}
			j.wantRequests(t)
		})
	}
}

func TestTheLogHoldsNoNamesTextsOrTokens(t *testing.T) {
	j := installed(t)
	l := j.card(t, ivan, deal77)
	j.portal.ExpireTokens(ivan)
	v, _, err := j.Open(t.Context(), l)
	must(t, err)
	j.portal.Fail(bitrixtest.Fault{Method: methodAdd, Kind: bitrixtest.FaultHTML})
	_, err = j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel, olga})
	must(t, err)
	log := j.log.String()
	if !strings.Contains(log, "member_id="+j.portal.MemberID()) || !strings.Contains(log, "colleague_id=22 state=refused reason=history") {
		t.Errorf("the log tells nothing: %s", log)
	}
	kept := j.viewerToken(t, ivan)
	for _, secret := range []string{
		"Petrov", "Ann Lee", "chairs", l.Access.Reveal(), l.Refresh.Reveal(), kept.Access.Reveal(), kept.Refresh.Reveal(),
		j.keys.ClientSecret, j.keys.ApplicationToken,
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}
