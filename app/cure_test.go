package app_test

import (
	"cmp"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

const methodUpdate = "crm.item.update"

func TestAnObserverIsMadeAndThenAdded(t *testing.T) {
	key := bitrixtest.ItemKey{Type: "LEAD", ID: 55}
	in := []int{ivan, 435}
	for name, c := range map[string]struct {
		viewer    int
		change    func(w *bitrixtest.World)
		fault     *bitrixtest.Fault
		want      app.Outcome
		observers []int
		in        []int
		calls     int
	}{
		"by somebody who may change the item": {viewer: admin, calls: 1,
			want: app.Outcome{State: app.OutcomeAdded}, observers: []int{olga}, in: append(in, olga)},
		"the other observers stay": {viewer: admin, calls: 1,
			change: func(w *bitrixtest.World) { w.Items[key].Observers = []int{pavel} },
			want:   app.Outcome{State: app.OutcomeAdded}, observers: []int{pavel, olga}, in: append(in, olga)},
		"an observer already": {viewer: admin,
			change: func(w *bitrixtest.World) { w.Items[key].Observers = []int{olga} },
			want:   app.Outcome{State: app.OutcomeAdded}, observers: []int{olga}, in: append(in, olga)},
		"refused by the channel all the same": {viewer: ivan, calls: 1,
			want: app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonHistory}, observers: []int{olga}, in: in},
		"by somebody who may only read": {viewer: elena, calls: 1,
			fault: &bitrixtest.Fault{Kind: bitrixtest.FaultError, Status: 400, Code: "ACCESS_DENIED"},
			want:  app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonMayNotChange}, in: in},
		"the answer was lost and it was done": {viewer: admin, calls: 1,
			fault: &bitrixtest.Fault{Kind: bitrixtest.FaultDrop, Applied: true},
			want:  app.Outcome{State: app.OutcomeAdded}, observers: []int{olga}, in: append(in, olga)},
		"the answer was lost and it was not": {viewer: admin, calls: 1,
			fault: &bitrixtest.Fault{Kind: bitrixtest.FaultDrop},
			want:  app.Outcome{State: app.OutcomeUnknown, Reason: app.ReasonLost}, in: in},
		"a portal that is too busy": {viewer: admin, calls: 1,
			fault: &bitrixtest.Fault{Kind: bitrixtest.FaultOverload},
			want:  app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonBusy}, in: in},
		"a portal that keeps no observers": {viewer: admin, calls: 1,
			fault: &bitrixtest.Fault{Method: "crm.item.get", Skip: 1, Do: func(w *bitrixtest.World) { w.Items[key].Observers = nil }},
			want:  app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonNotObserved}, in: in},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, c.viewer, lead55)
			if c.change != nil {
				j.portal.Do(c.change)
			}
			if c.fault != nil {
				c.fault.Method = cmp.Or(c.fault.Method, methodUpdate)
				j.portal.Fail(*c.fault)
			}
			done, err := j.Observe(t.Context(), v, app.ChatRef{Owner: lead55, ID: 1755}, olga)
			must(t, err)
			c.want.User = olga
			if d := gocmp.Diff(c.want, done.Outcome); d != "" {
				t.Error(d)
			}
			j.wantParticipants(t, 1755, c.in...)
			j.portal.Do(func(w *bitrixtest.World) {
				if got := w.Items[key].Observers; !slices.Equal(got, c.observers) {
					t.Errorf("observers %v, want %v", got, c.observers)
				}
			})
			if got := j.asked(methodUpdate); got != c.calls {
				t.Errorf("the item was changed %d times, want %d", got, c.calls)
			}
		})
	}
}

func TestADialogIsStartedOnlyWhereNoneRuns(t *testing.T) {
	for name, c := range map[string]struct {
		viewer int
		fault  *bitrixtest.Fault
		ref    app.ChatRef
		want   app.Outcome
		state  app.ChatState
		calls  int
	}{
		"finished": {viewer: ivan, ref: app.ChatRef{Owner: deal77, ID: 1701}, calls: 1,
			want: app.Outcome{State: app.OutcomeAdded}, state: app.ChatOpen},
		"running": {viewer: ivan, ref: inDeal77(),
			want: app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonDialogRuns}},
		"finished, and the answer was lost": {viewer: ivan, ref: app.ChatRef{Owner: deal77, ID: 1701}, calls: 1,
			fault: &bitrixtest.Fault{Kind: bitrixtest.FaultDrop, Applied: true},
			want:  app.Outcome{State: app.OutcomeAdded}, state: app.ChatOpen},
		"lost and not done": {viewer: ivan, ref: app.ChatRef{Owner: deal77, ID: 1701}, calls: 1,
			fault: &bitrixtest.Fault{Kind: bitrixtest.FaultDrop},
			want:  app.Outcome{State: app.OutcomeUnknown, Reason: app.ReasonUnconfirmed}, state: app.ChatFinished},
		"refused": {viewer: ivan, ref: app.ChatRef{Owner: deal77, ID: 1701}, calls: 1,
			fault: &bitrixtest.Fault{Kind: bitrixtest.FaultError, Status: 400, Code: "ACCESS_DENIED"},
			want:  app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonCallerNoAccess}, state: app.ChatFinished},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, c.viewer, deal77)
			if c.fault != nil {
				c.fault.Method = "imopenlines.session.start"
				j.portal.Fail(*c.fault)
			}
			done, err := j.StartDialog(t.Context(), v, c.ref)
			must(t, err)
			c.want.User = bitrix.UserID(c.viewer)
			if d := gocmp.Diff(c.want, done.Outcome); d != "" {
				t.Error(d)
			}
			if c.state != "" && done.Chat.State != c.state {
				t.Errorf("the chat is %q, want %q", done.Chat.State, c.state)
			}
			if got := j.asked("imopenlines.session.start"); got != c.calls {
				t.Errorf("the portal was asked %d times, want %d", got, c.calls)
			}
		})
	}
}

func TestACureOutsideOfTheVisitAsksThePortalNothing(t *testing.T) {
	j := installed(t)
	v := j.open(t, admin, deal77)
	foreign := app.ChatRef{Owner: lead55, ID: 1755}
	_, err := j.Observe(t.Context(), v, foreign, olga)
	wantErr(t, err, app.ErrNotInVisit)
	_, err = j.StartDialog(t.Context(), v, foreign)
	wantErr(t, err, app.ErrNotInVisit)
	j.wantRequests(t)
}
