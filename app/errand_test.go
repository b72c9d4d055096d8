package app_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

var askedOlga = app.Pleading{
	People: []app.Chosen{{ID: olga, Name: "Olga [b]Sidorova"}}, Item: "Deal Chairs", Chat: "Ann Lee",
	Say: func(s app.Said, link func(string) string) string { return fmt.Sprint(s, link("here")) },
}

// errandIn is the id of the errand to which a notice leads.
func errandIn(t *testing.T, text string) string {
	t.Helper()
	said, rest, ok := strings.Cut(text, "[URL="+publicURL+"/card/deal/77?ask=")
	id, _, closed := strings.Cut(rest, "]here[/URL]")
	if !ok || !closed || strings.Contains(said, "[b]") {
		t.Fatalf("the notice says %q", text)
	}
	return id
}

func TestAnAdministratorIsAskedWithOneNotice(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	var ids []string
	for range 2 { // the second notice takes the place of the first
		plea, err := j.Entrust(t.Context(), v, inDeal77(), askedOlga)
		must(t, err)
		if want := (app.Plea{State: app.Delivered, To: admin, Name: "Anna Belova"}); plea != want {
			t.Errorf("got %+v, want %+v", plea, want)
		}
		notices := j.portal.Notifications(admin)
		if len(notices) != 1 || notices[0].Author != ivan {
			t.Fatalf("the administrator holds %+v", notices)
		}
		ids = append(ids, errandIn(t, notices[0].Text))
	}
	j.wantParticipants(t, chatAnn, ivan, ann)
	for _, viewer := range []int{admin, olga} { // for whoever opens it
		e, err := j.Errand(t.Context(), j.open(t, viewer, deal77), ids[1])
		must(t, err)
		want := app.Errand{
			ID: ids[1], Member: v.Member, By: ivan, Name: "Ivan Petrov", Item: deal77, Owner: deal77, Chat: chatAnn, People: askedOlga.People, Until: e.Until,
		}
		if d := cmp.Diff(want, e); d != "" {
			t.Error(d)
		}
	}
}

func TestAnErrandEnds(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	_, err := j.Entrust(t.Context(), v, inDeal77(), askedOlga)
	must(t, err)
	id := errandIn(t, j.portal.Notifications(admin)[0].Text)
	for name, c := range map[string]struct {
		visit app.Visit
		id    string
		after time.Duration
		want  error
	}{
		"within a week":            {v, id, 7*24*time.Hour - time.Minute, nil},
		"after a week":             {v, id, 7*24*time.Hour + time.Minute, app.ErrNoErrand},
		"at another item":          {app.Visit{Member: v.Member, Item: lead55}, id, 0, app.ErrNoErrand},
		"on another portal":        {app.Visit{Member: "another", Item: deal77}, id, 0, app.ErrNoErrand},
		"under an id nobody knows": {v, "UNKNOWN", 0, app.ErrNoErrand},
	} {
		j.SetNow(func() time.Time { return time.Now().Add(c.after) })
		if _, err := j.Errand(t.Context(), c.visit, c.id); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestWhatBecameOfAPleaIsToldAsItIs(t *testing.T) {
	for name, c := range map[string]struct {
		viewer int
		change func(*bitrixtest.World)
		fault  *bitrixtest.Fault
		want   app.DeliveryState
		reason app.Reason
		holds  int
	}{
		"notices are switched off": {viewer: ivan, change: func(w *bitrixtest.World) { w.Users[admin].NotifyOff = true }, want: app.DeliveryOff},
		"the person who installed is no administrator any more": {viewer: ivan,
			change: func(w *bitrixtest.World) { w.Users[admin].Admin = false }, want: app.DeliveryNobody},
		"the viewer is that person": {viewer: admin, want: app.DeliveryNobody},
		"the answer was lost and it was sent": {viewer: ivan, fault: &bitrixtest.Fault{Kind: bitrixtest.FaultDrop, Applied: true},
			want: app.DeliveryUnknown, reason: app.ReasonLost, holds: 1},
		"the answer was lost and it was not": {viewer: ivan, fault: &bitrixtest.Fault{Kind: bitrixtest.FaultDrop},
			want: app.DeliveryUnknown, reason: app.ReasonLost},
		"the portal is busy": {viewer: ivan, fault: &bitrixtest.Fault{Kind: bitrixtest.FaultOverload},
			want: app.DeliveryFailed, reason: app.ReasonBusy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, c.viewer, deal77)
			if c.change != nil {
				j.portal.Do(c.change)
			}
			if c.fault != nil {
				c.fault.Method, c.fault.User = "batch", c.viewer
				j.portal.Fail(*c.fault)
			}
			plea, err := j.Entrust(t.Context(), v, inDeal77(), askedOlga)
			must(t, err)
			if plea.State != c.want || plea.Reason != c.reason {
				t.Errorf("got %+v", plea)
			}
			if got := j.portal.Notifications(admin); len(got) != c.holds {
				t.Errorf("the administrator holds %+v", got)
			}
		})
	}
}

func TestAPleaOutsideOfTheVisitAsksNobody(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	_, err := j.Entrust(t.Context(), v, app.ChatRef{Owner: lead55, ID: 1755}, askedOlga)
	wantErr(t, err, app.ErrNotInVisit)
	_, err = j.Entrust(t.Context(), v, inDeal77(), app.Pleading{})
	wantErr(t, err, app.ErrNobody)
	j.wantRequests(t)
}
