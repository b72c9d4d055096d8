package app_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestAfterATimeoutNothingIsClaimed(t *testing.T) {
	j := installed(t)
	v := j.open(t, admin, deal77)
	j.restart(bitrix.Timeouts{Write: 100 * time.Millisecond})
	j.portal.Fail(bitrixtest.Fault{Method: methodAdd, Kind: bitrixtest.FaultSlow, Delay: time.Minute})
	added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel, elena})
	must(t, err)
	want := outcomes(
		app.Outcome{User: pavel, State: app.OutcomeUnknown, Reason: app.ReasonLost},
		app.Outcome{User: elena, State: app.OutcomeNotTried, Reason: app.ReasonDown},
	)
	if d := cmp.Diff(want, added.Outcomes); d != "" {
		t.Error(d)
	}
	wantErr(t, added.Stopped, app.ErrPortalDown)
}
