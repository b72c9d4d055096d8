package app_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

var (
	delegated = app.Policy{Delegated: true}
	anna      = app.Actor{ID: admin, Name: "Anna Belova"}
)

func TestWhomTheChannelAloneKeepsOutIsAddedForTheViewer(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.policy(t, delegated)
	added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{olga, pavel, elena})
	must(t, err)
	want := outcomes(
		app.Outcome{User: olga, State: app.OutcomeAdded, As: anna},
		app.Outcome{User: pavel, State: app.OutcomeAdded}, // the portal lets Ivan himself
		app.Outcome{User: elena, State: app.OutcomeAdded, As: anna},
	)
	if d := cmp.Diff(want, added.Outcomes); d != "" {
		t.Error(d)
	}
	j.wantParticipants(t, chatAnn, ivan, ann, olga, pavel, elena)
	// Refused to Ivan; he reads it; Anna is an administrator; added by her.
	j.wantRequests(t, methodAdd, "batch", "batch", methodAdd, methodAdd, methodAdd, "batch", "batch", methodAdd, "batch")
	var by []int
	for _, r := range j.portal.Requests() {
		by = append(by, r.User)
	}
	if d := cmp.Diff([]int{ivan, ivan, admin, admin, ivan, ivan, ivan, admin, admin, ivan}, by); d != "" {
		t.Errorf("who asked: %s", d)
	}
}

func TestTheChatOfALinkIsOneOfTheCard(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.policy(t, delegated)
	ref := app.ChatRef{Owner: contact31, ID: 1770}
	j.portal.Do(func(w *bitrixtest.World) {
		w.Items[bitrixtest.ItemKey{Type: "CONTACT", ID: 31}].Observers = []int{olga}
	})
	added, err := j.Add(t.Context(), v, ref, []bitrix.UserID{olga})
	must(t, err)
	if d := cmp.Diff(outcomes(app.Outcome{User: olga, State: app.OutcomeAdded, As: anna}), added.Outcomes); d != "" {
		t.Error(d)
	}
}

// At which request of an add for the viewer something happens.
const (
	atTheirOwnCall = iota // refused to the viewer
	atTheirProof          // the viewer reads the item
	atHerProof            // who installed it is an administrator
	atHerCall
)

func TestDelegatedAddingOpensNothingElse(t *testing.T) {
	item := func(change func(*bitrixtest.Item)) func(*bitrixtest.World) {
		return func(w *bitrixtest.World) { change(w.Items[bitrixtest.ItemKey{Type: "DEAL", ID: 77}]) }
	}
	notIvans := item(func(i *bitrixtest.Item) { i.AssignedBy = elena })
	refused := func(why app.Reason) app.Outcome { return app.Outcome{State: app.OutcomeRefused, Reason: why} }
	for name, c := range map[string]struct {
		policy app.Policy
		viewer int
		ref    app.ChatRef
		person bitrix.UserID
		before func(t *testing.T, j *joinline)
		at     int                       // the request after which…
		change func(w *bitrixtest.World) // …this happens
		want   app.Outcome
	}{
		"it is switched off": {policy: app.Policy{}, want: refused(app.ReasonHistory)},
		"the viewer lost the item between page and click": {
			before: func(_ *testing.T, j *joinline) { j.portal.Do(notIvans) }, want: refused(app.ReasonCallerNoAccess)},
		"the viewer loses the item right after the portal's refusal": {at: atTheirOwnCall, change: notIvans, want: refused(app.ReasonCallerNoAccess)},
		"the item is deleted right after the portal's refusal": {at: atTheirOwnCall,
			change: func(w *bitrixtest.World) { delete(w.Items, bitrixtest.ItemKey{Type: "DEAL", ID: 77}) }, want: refused(app.ReasonCallerNoAccess)},
		"the viewer is kept from the application right after the portal's refusal": {
			before: func(_ *testing.T, j *joinline) {
				j.portal.Fail(bitrixtest.Fault{Method: "batch", User: ivan, Kind: bitrixtest.FaultUserAccess, Times: -1})
			}, want: refused(app.ReasonHistory)},
		"the chat of another item":               {ref: app.ChatRef{Owner: deal77, ID: 1755}, want: refused(app.ReasonChatClosed)},
		"a chat of another item that Ivan reads": {ref: app.ChatRef{Owner: deal77, ID: 1770}, want: refused(app.ReasonChatClosed)},
		"the contact is not of this deal any more": {ref: app.ChatRef{Owner: contact31, ID: chatAnn},
			before: func(_ *testing.T, j *joinline) {
				j.portal.Do(func(w *bitrixtest.World) {
					item(func(i *bitrixtest.Item) { i.Contacts = nil })(w)
					w.Items[bitrixtest.ItemKey{Type: "CONTACT", ID: 31}].Observers = []int{olga}
				})
			}, want: refused(app.ReasonHistory)},
		"the chat is closed right after the portal's refusal": {at: atTheirOwnCall,
			change: func(w *bitrixtest.World) { w.CloseSession(chatAnn) }, want: refused(app.ReasonChatClosed)},
		"the chat is closed right before the administrator's call": {at: atHerProof,
			change: func(w *bitrixtest.World) { w.CloseSession(chatAnn) }, want: app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonChatClosed, As: anna}},
		"a viewer whom the policy excludes":    {policy: app.Policy{Delegated: true, Adders: holders("U24")}, want: refused(app.ReasonPolicyViewer)},
		"a colleague whom the policy bars":     {policy: app.Policy{Delegated: true, Barred: holders("U22")}, want: refused(app.ReasonPolicyColleague)},
		"a colleague of a barred department":   {policy: app.Policy{Delegated: true, Barred: holders("D7")}, want: refused(app.ReasonPolicyColleague)},
		"a colleague who cannot read the item": {person: partner, want: refused(app.ReasonColleagueNoAccess)},
		"a colleague who was dismissed":        {person: fired, want: refused(app.ReasonNotActive)},
		"a colleague who loses the item meanwhile": {at: atHerProof, change: item(func(i *bitrixtest.Item) { i.Observers = nil }),
			want: app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonColleagueNoAccess, As: anna}},
		"whoever installed it is no administrator any more": {
			before: func(_ *testing.T, j *joinline) {
				j.portal.Do(func(w *bitrixtest.World) { w.Users[admin].Admin = false })
			},
			want: refused(app.ReasonHistory)},
		"whoever installed it is a head, and no administrator": {
			before: func(_ *testing.T, j *joinline) {
				j.portal.Do(func(w *bitrixtest.World) {
					w.Users[admin].Admin, w.Users[admin].Rights, w.Users[admin].Levels = false, w.Users[elena].Rights, w.Users[elena].Levels
				})
			}, want: refused(app.ReasonHistory)},
		"whoever installed it was dismissed": {
			before: func(_ *testing.T, j *joinline) { j.portal.Do(func(w *bitrixtest.World) { w.Dismiss(admin) }) }, want: refused(app.ReasonHistory)},
		"the token of the installation is dead": {
			before: func(t *testing.T, j *joinline) { j.refreshElsewhere(t); j.portal.ExpireTokens(admin) }, want: refused(app.ReasonHistory)},
		"whoever installed it loses their rights right before the call": {at: atHerProof,
			change: func(w *bitrixtest.World) { w.Users[admin].Admin = false }, want: refused(app.ReasonHistory)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, ivan, deal77)
			if c.policy.Delegated == false && name != "it is switched off" {
				c.policy = delegated
			}
			j.policy(t, c.policy)
			if c.before != nil {
				c.before(t, j)
			}
			if c.change != nil {
				// What happens before the next request, after the viewer's call or the
				// administrator's proof, happens between the two.
				next := bitrixtest.Fault{Method: "batch", User: ivan, Do: c.change}
				if c.at == atHerProof {
					next = bitrixtest.Fault{Method: methodAdd, User: admin, Do: c.change}
				}
				j.portal.Fail(next)
			}
			ref, person := c.ref, c.person
			if ref.ID == 0 {
				ref = inDeal77()
			}
			if person == 0 {
				person = olga
			}
			c.want.User = person
			added, err := j.Add(t.Context(), v, ref, []bitrix.UserID{person})
			must(t, err)
			if d := cmp.Diff(outcomes(c.want), added.Outcomes); d != "" {
				t.Error(d)
			}
			for _, chat := range []int{chatAnn, 1755, 1770} {
				for _, user := range j.portal.Participants(chat) {
					if user == int(person) {
						t.Errorf("user %d is in chat %d", person, chat)
					}
				}
			}
		})
	}
}

func TestADelegatedAddWhoseAnswerIsLostIsReadBack(t *testing.T) {
	for name, applied := range map[string]bool{"and it was done": true, "and it was not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, ivan, deal77)
			j.policy(t, delegated)
			j.portal.Fail(bitrixtest.Fault{Method: methodAdd, User: admin, Kind: bitrixtest.FaultDrop, Applied: applied})
			answer, err := j.Ask(t.Context(), v, inDeal77(), olga)
			must(t, err)
			if answer.Kind != app.AnswerLost || answer.As != anna {
				t.Errorf("answer %+v", answer)
			}
			added, err := j.Settle(t.Context(), v, inDeal77(), []bitrix.UserID{olga}, []app.Answer{answer})
			must(t, err)
			want, in := app.Outcome{User: olga, State: app.OutcomeUnknown, Reason: app.ReasonLost, As: anna}, []int{ivan, ann}
			if applied {
				want, in = app.Outcome{User: olga, State: app.OutcomeAdded, As: anna}, append(in, olga)
			}
			if d := cmp.Diff(outcomes(want), added.Outcomes); d != "" {
				t.Error(d)
			}
			j.wantParticipants(t, chatAnn, in...)
		})
	}
}

func TestAPolicyThatChangesDuringAnAddIsNotActedOn(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.policy(t, delegated)
	j.portal.Fail(bitrixtest.Fault{Method: "batch", User: admin, Do: func(*bitrixtest.World) {
		must(t, j.store.SavePolicy(t.Context(), v.Member, app.Policy{Version: 1, Delegated: true, Barred: holders("U22")}, nil))
	}})
	added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{olga})
	must(t, err)
	if d := cmp.Diff(outcomes(app.Outcome{User: olga, State: app.OutcomeRefused, Reason: app.ReasonHistory}), added.Outcomes); d != "" {
		t.Error(d)
	}
	j.wantParticipants(t, chatAnn, ivan, ann)
}

func TestAWishIsCarriedOutForTheViewer(t *testing.T) {
	t.Parallel()
	w := newWaiting(t, elena)
	w.policy(t, delegated)
	w.portal.Do(func(world *bitrixtest.World) { world.Accept(chatNew, ivan) })
	w.step(t)
	w.wantTold(t, "granted", "{User 24: added }")
	w.wantParticipants(t, chatNew, ivan, 433, elena)
}
