package app_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

const (
	methodRemove = "imopenlines.crm.chat.user.delete"
	methodJoin   = "imopenlines.session.join"
)

// withPavel puts Pavel into chat 1763.
func withPavel(w *bitrixtest.World) {
	w.Chats[chatAnn].Members = append(w.Chats[chatAnn].Members, &bitrixtest.Member{User: pavel})
}

func TestAColleagueIsRemovedAndNobodyElse(t *testing.T) {
	in := []int{ivan, ann, pavel}
	for name, c := range map[string]struct {
		viewer int
		change func(w *bitrixtest.World)
		who    bitrix.UserID
		want   app.Outcome
		in     []int
		calls  int
	}{
		"a colleague": {viewer: ivan, who: pavel, calls: 1,
			want: app.Outcome{State: app.OutcomeRemoved}, in: []int{ivan, ann}},
		"the viewer": {viewer: pavel, who: pavel, calls: 1,
			want: app.Outcome{State: app.OutcomeRemoved}, in: []int{ivan, ann}},
		"the operator": {viewer: admin, who: ivan,
			want: app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonOperator}, in: in},
		"the customer": {viewer: admin, who: ann,
			want: app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonCustomer}, in: in},
		"another customer who got into the chat": {viewer: admin, who: 433,
			change: func(w *bitrixtest.World) {
				w.Chats[chatAnn].Members = append(w.Chats[chatAnn].Members, &bitrixtest.Member{User: 433})
			},
			want: app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonCustomer}, in: append(in, 433)},
		"whoever became the operator meanwhile": {viewer: admin, who: pavel,
			change: func(w *bitrixtest.World) {
				w.Chats[chatAnn].Owner = pavel
				w.Sessions[w.Chats[chatAnn].Session].Operator = pavel
			},
			want: app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonOperator}, in: in},
		"somebody who is not there": {viewer: admin, who: olga,
			want: app.Outcome{State: app.OutcomeNotIn}, in: in},
		"somebody dismissed, whom the portal does not show": {viewer: admin, who: pavel,
			change: func(w *bitrixtest.World) { w.Users[pavel].Active = false },
			want:   app.Outcome{State: app.OutcomeNotIn}, in: in},
		"a chat that was closed": {viewer: admin, who: pavel,
			change: func(w *bitrixtest.World) { w.CloseSession(chatAnn) },
			want:   app.Outcome{State: app.OutcomeNotIn}, in: []int{ann}},
		"a chat that is being closed": {viewer: admin, who: pavel, calls: 1,
			change: func(w *bitrixtest.World) { w.Sessions[w.Chats[chatAnn].Session].Status = bitrixtest.StatusWaitClosing },
			want:   app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonChatClosed}, in: in},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, c.viewer, deal77)
			j.portal.Do(withPavel)
			if c.change != nil {
				j.portal.Do(c.change)
			}
			done, err := j.Remove(t.Context(), v, inDeal77(), c.who)
			must(t, err)
			c.want.User = c.who
			if d := cmp.Diff(c.want, done.Outcome); d != "" {
				t.Error(d)
			}
			j.wantParticipants(t, chatAnn, c.in...)
			if got := j.asked(methodRemove); got != c.calls {
				t.Errorf("the portal was asked to remove %d times, want %d", got, c.calls)
			}
		})
	}
}

// asked counts the requests for a method.
func (j *joinline) asked(method string) int {
	n := 0
	for _, r := range j.portal.Requests() {
		if r.Method == method {
			n++
		}
	}
	return n
}

func TestARemovalWhoseAnswerWasLostIsReadBack(t *testing.T) {
	for name, c := range map[string]struct {
		fault bitrixtest.Fault
		want  app.Outcome
	}{
		"done all the same":          {bitrixtest.Fault{Kind: bitrixtest.FaultDrop, Applied: true}, app.Outcome{State: app.OutcomeRemoved}},
		"a broken line, not done":    {bitrixtest.Fault{Kind: bitrixtest.FaultDrop}, app.Outcome{State: app.OutcomeUnknown, Reason: app.ReasonUnconfirmed}},
		"a fault page, not done":     {bitrixtest.Fault{Kind: bitrixtest.FaultHTML}, app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonFailed}},
		"limited before it was done": {bitrixtest.Fault{Kind: bitrixtest.FaultOverload}, app.Outcome{State: app.OutcomeNotTried, Reason: app.ReasonBusy}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, ivan, deal77)
			j.portal.Do(withPavel)
			c.fault.Method, c.want.User = methodRemove, pavel
			j.portal.Fail(c.fault)
			done, err := j.Remove(t.Context(), v, inDeal77(), pavel)
			must(t, err)
			if d := cmp.Diff(c.want, done.Outcome); d != "" {
				t.Error(d)
			}
			if got := j.asked(methodRemove); got != 1 {
				t.Errorf("the portal was asked %d times", got)
			}
		})
	}
}

func TestNobodyIsRemovedFromAChatThatCannotBeRead(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.portal.Do(withPavel)
	j.portal.Fail(bitrixtest.Fault{Method: "imopenlines.dialog.get", Kind: bitrixtest.FaultError, Status: 400, Code: "ACCESS_ERROR", Times: -1})
	done, err := j.Remove(t.Context(), v, inDeal77(), pavel)
	must(t, err)
	if done.State != app.OutcomeRefused || done.Reason != app.ReasonUnreadable {
		t.Errorf("done: %+v", done)
	}
	j.wantParticipants(t, chatAnn, ivan, ann, pavel)
}

func TestARemovalOutsideOfTheVisitAsksThePortalNothing(t *testing.T) {
	j := installed(t)
	v := j.open(t, admin, deal77)
	_, err := j.Remove(t.Context(), v, app.ChatRef{Owner: lead55, ID: 1755}, pavel)
	wantErr(t, err, app.ErrNotInVisit)
	_, err = j.Remove(t.Context(), v, inDeal77(), 0)
	wantErr(t, err, app.ErrNobody)
	_, err = j.Join(t.Context(), v, app.ChatRef{Owner: lead55, ID: 1755})
	wantErr(t, err, app.ErrNotInVisit)
	j.wantRequests(t)
}

func TestAViewerJoinsAChat(t *testing.T) {
	for name, c := range map[string]struct {
		viewer int
		item   bitrix.CRMItem
		ref    app.ChatRef
		fault  *bitrixtest.Fault
		want   app.Outcome
		in     []int
	}{
		"as an observer of the item, out of the queue": {viewer: olga, item: deal77, ref: inDeal77(),
			want: app.Outcome{User: olga, State: app.OutcomeAdded}, in: []int{ivan, ann, olga}},
		"where they are already": {viewer: ivan, item: deal77, ref: inDeal77(),
			want: app.Outcome{User: ivan, State: app.OutcomeAlreadyIn}, in: []int{ivan, ann}},
		"the answer was lost and it was done": {viewer: olga, item: deal77, ref: inDeal77(),
			fault: &bitrixtest.Fault{Kind: bitrixtest.FaultDrop, Applied: true},
			want:  app.Outcome{User: olga, State: app.OutcomeAdded}, in: []int{ivan, ann, olga}},
		"the answer was lost and it was not": {viewer: olga, item: deal77, ref: inDeal77(),
			fault: &bitrixtest.Fault{Kind: bitrixtest.FaultDrop},
			want:  app.Outcome{User: olga, State: app.OutcomeUnknown, Reason: app.ReasonLost}, in: []int{ivan, ann}},
		"refused": {viewer: olga, item: deal77, ref: inDeal77(),
			fault: &bitrixtest.Fault{Kind: bitrixtest.FaultError, Status: 400, Code: "ACCESS_DENIED"},
			want:  app.Outcome{User: olga, State: app.OutcomeRefused, Reason: app.ReasonCallerNoAccess}, in: []int{ivan, ann}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, c.viewer, c.item)
			if c.fault != nil {
				c.fault.Method = methodJoin
				j.portal.Fail(*c.fault)
			}
			done, err := j.Join(t.Context(), v, c.ref)
			must(t, err)
			if d := cmp.Diff(c.want, done.Outcome); d != "" {
				t.Error(d)
			}
			j.wantParticipants(t, int(c.ref.ID), c.in...)
		})
	}
}
