package app_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestALostAnswerIsSettledByReadingBack(t *testing.T) {
	for name, c := range map[string]struct {
		fault bitrixtest.Fault
		want  app.Outcome // of a call that was not carried out
	}{
		"a page of the portal":           {bitrixtest.Fault{Kind: bitrixtest.FaultHTML}, app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonFailed}},
		"an error without a code":        {bitrixtest.Fault{Kind: bitrixtest.FaultInternal}, app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonFailed}},
		"half an answer":                 {bitrixtest.Fault{Kind: bitrixtest.FaultTruncated}, app.Outcome{State: app.OutcomeRefused, Reason: app.ReasonFailed}},
		"a broken connection":            {bitrixtest.Fault{Kind: bitrixtest.FaultDrop}, app.Outcome{State: app.OutcomeUnknown, Reason: app.ReasonLost}},
		"a gateway with a bad answer":    {bitrixtest.Fault{Kind: bitrixtest.FaultHTML, Status: 502}, app.Outcome{State: app.OutcomeUnknown, Reason: app.ReasonLost}},
		"a gateway that gave up waiting": {bitrixtest.Fault{Kind: bitrixtest.FaultHTML, Status: 504}, app.Outcome{State: app.OutcomeUnknown, Reason: app.ReasonLost}},
	} {
		for _, applied := range []bool{false, true} {
			t.Run(name+map[bool]string{false: ", not done", true: ", done all the same"}[applied], func(t *testing.T) {
				t.Parallel()
				j := installed(t)
				v := j.open(t, admin, deal77)
				fault, first, in := c.fault, c.want, []int{ivan, ann, elena}
				if applied {
					first = app.Outcome{State: app.OutcomeAdded}
					in = append(in, pavel)
				}
				fault.Method, fault.Applied, first.User = methodAdd, applied, pavel
				j.portal.Fail(fault)
				added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel, elena})
				must(t, err)
				if d := cmp.Diff(outcomes(first, app.Outcome{User: elena, State: app.OutcomeAdded}), added.Outcomes); d != "" {
					t.Error(d)
				}
				j.wantParticipants(t, chatAnn, in...)
				j.wantRequests(t, methodAdd, methodAdd, "batch")
			})
		}
	}
}

func TestWithoutReadingBackASuccessIsNotClaimed(t *testing.T) {
	j := installed(t)
	v := j.open(t, admin, deal77)
	j.portal.Fail(bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultOverload, Times: -1})
	added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel, fired})
	must(t, err)
	want := outcomes(
		app.Outcome{User: pavel, State: app.OutcomeUnknown, Reason: app.ReasonUnconfirmed},
		app.Outcome{User: fired, State: app.OutcomeRefused, Reason: app.ReasonNotActive},
	)
	if d := cmp.Diff(want, added.Outcomes); d != "" {
		t.Error(d)
	}
	j.wantParticipants(t, chatAnn, ivan, ann, pavel)
}

func TestWhatWouldFailForEverybodyStopsTheRest(t *testing.T) {
	for name, c := range map[string]struct {
		fault  bitrixtest.Fault
		want   error
		reason app.Reason
	}{
		"the token is dead":              {bitrixtest.Fault{Kind: bitrixtest.FaultNoAuth}, app.ErrNoToken, app.ReasonNoToken},
		"the application was closed":     {bitrixtest.Fault{Kind: bitrixtest.FaultUserAccess}, app.ErrNoAccess, app.ReasonNoAccess},
		"the application was deleted":    {bitrixtest.Fault{Kind: bitrixtest.FaultAppRemoved}, app.ErrRemoved, app.ReasonRemoved},
		"the portal is overloaded":       {bitrixtest.Fault{Kind: bitrixtest.FaultOverload}, app.ErrPortalBusy, app.ReasonBusy},
		"a permission is missing":        {bitrixtest.Fault{Kind: bitrixtest.FaultInsufficientScope}, app.ErrScope, app.ReasonScope},
		"the plan has ended":             {bitrixtest.Fault{Kind: bitrixtest.FaultPlan}, app.ErrPlan, app.ReasonPlan},
		"the method's time is used up":   {bitrixtest.Fault{Kind: bitrixtest.FaultOperationTime, Extra: map[string]any{"operating_reset_at": time.Now().Add(time.Hour).Unix()}}, app.ErrPortalBusy, app.ReasonBusy},
		"the portal moved while we used": {bitrixtest.Fault{Kind: bitrixtest.FaultRedirect, Location: "http://attacker.localhost"}, app.ErrMoved, app.ReasonDown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, admin, deal77)
			c.fault.Method, c.fault.Skip, c.fault.Times = methodAdd, 1, -1
			j.portal.Fail(c.fault)
			added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel, elena, invited})
			must(t, err)
			want := outcomes(
				app.Outcome{User: pavel, State: app.OutcomeAdded},
				app.Outcome{User: elena, State: app.OutcomeNotTried, Reason: c.reason},
				app.Outcome{User: invited, State: app.OutcomeNotTried, Reason: c.reason},
			)
			if d := cmp.Diff(want, added.Outcomes); d != "" {
				t.Error(d)
			}
			wantErr(t, added.Stopped, c.want)
			j.wantRequests(t, methodAdd, methodAdd, "batch")
			j.wantParticipants(t, chatAnn, ivan, ann, pavel)
		})
	}
}

func TestAPortalThatLosesEveryAnswerIsNotAskedFiftyTimes(t *testing.T) {
	j := installed(t)
	v := j.open(t, admin, deal77)
	j.portal.Fail(bitrixtest.Fault{Method: methodAdd, Kind: bitrixtest.FaultHTML, Times: -1})
	added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel, elena, invited, olga})
	must(t, err)
	want := outcomes(
		app.Outcome{User: pavel, State: app.OutcomeRefused, Reason: app.ReasonFailed},
		app.Outcome{User: elena, State: app.OutcomeRefused, Reason: app.ReasonFailed},
		app.Outcome{User: invited, State: app.OutcomeNotTried, Reason: app.ReasonDown},
		app.Outcome{User: olga, State: app.OutcomeNotTried, Reason: app.ReasonDown},
	)
	if d := cmp.Diff(want, added.Outcomes); d != "" {
		t.Error(d)
	}
}

func TestAnExpiredTokenDoesNotStopAnAdd(t *testing.T) {
	j := installed(t)
	v := j.open(t, admin, deal77)
	j.portal.ExpireTokens(admin)
	added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel, elena})
	must(t, err)
	if added.Outcomes[0].State != app.OutcomeAdded || added.Outcomes[1].State != app.OutcomeAdded {
		t.Errorf("outcomes: %+v", added.Outcomes)
	}
	j.wantRequests(t, methodAdd, "oauth/token", methodAdd, methodAdd, "batch")
}

func TestPeopleNotTriedAreTakenUpAfterTheVisitIsRenewed(t *testing.T) {
	j := installed(t)
	v := j.open(t, admin, deal77)
	j.portal.Fail(bitrixtest.Fault{Method: methodAdd, Kind: bitrixtest.FaultNoAuth})
	added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel})
	must(t, err)
	wantErr(t, added.Stopped, app.ErrNoToken)
	if added.Outcomes[0].State != app.OutcomeNotTried {
		t.Errorf("outcomes: %+v", added.Outcomes)
	}
	v, err = j.Renew(t.Context(), v, j.launch(t, admin, "DEFAULT", ""))
	must(t, err)
	added, err = j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel})
	must(t, err)
	if added.Stopped != nil || added.Outcomes[0].State != app.OutcomeAdded {
		t.Errorf("added: %+v", added)
	}
}
