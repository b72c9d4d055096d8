package app_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestPresenceIsToldInOneRequestAndRememberedForAMinute(t *testing.T) {
	t.Parallel()
	j := installed(t)
	leave := time.Now().Add(48 * time.Hour).Truncate(time.Second)
	j.portal.Do(func(w *bitrixtest.World) {
		w.Users[pavel].LastActivity = time.Now().Add(-time.Minute)
		w.Users[olga].LastActivity = time.Now().Add(-time.Hour)
		w.Users[elena].AbsentUntil = leave
	})
	for viewer, doubtful := range map[int]bool{ivan: true, admin: false} {
		v := j.open(t, viewer, deal77)
		chat := inDeal77()
		chat.Line = 5
		told, err := j.Presence(t.Context(), v, []bitrix.UserID{pavel, olga, elena}, []app.ChatRef{chat})
		must(t, err)
		for id, p := range told {
			if !p.Absent.IsZero() && !p.Absent.Equal(leave) {
				t.Errorf("user %d is absent until %v", id, p.Absent)
			}
			p.Absent = p.Absent.UTC()
			told[id] = p
		}
		want := map[bitrix.UserID]app.Presence{pavel: {Online: true}, olga: {Doubtful: doubtful}, elena: {Absent: leave.UTC(), Doubtful: doubtful}}
		if d := cmp.Diff(want, told, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); d != "" {
			t.Errorf("to user %d: %s", viewer, d)
		}
	}
	j.portal.ResetRequests()
	v := j.open(t, ivan, deal77)
	chat := inDeal77()
	chat.Line = 5
	_, err := j.Presence(t.Context(), v, []bitrix.UserID{pavel, olga, elena}, []app.ChatRef{chat})
	must(t, err)
	j.wantRequests(t)
	_, err = j.Presence(t.Context(), v, []bitrix.UserID{pavel, invited}, nil)
	must(t, err)
	j.wantRequests(t, "batch") // about the one who is new
}

func TestPresenceWithoutTheMessengerTellsTheQueueAlone(t *testing.T) {
	t.Parallel()
	j := installed(t, "crm", "placement", "imopenlines", "user")
	v := j.open(t, ivan, deal77)
	told, err := j.Presence(t.Context(), v, []bitrix.UserID{olga}, []app.ChatRef{{Owner: deal77, ID: chatAnn, Line: 5}})
	must(t, err)
	if d := cmp.Diff(map[bitrix.UserID]app.Presence{olga: {Doubtful: true}}, told); d != "" {
		t.Error(d)
	}
}
