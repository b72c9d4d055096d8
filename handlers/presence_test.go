package handlers

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestTheRowsOfPeopleFoundAreToldWhatIsTrueNow(t *testing.T) {
	w := installed(t)
	w.portal.Do(func(world *bitrixtest.World) {
		world.Users[olga].AbsentUntil = time.Now().Add(72 * time.Hour)
		world.Users[pavel].LastActivity = time.Now()
	})
	card := w.open(t, ivan, "DEAL", "77")
	f := card.fields(t)
	shown := []string{w.find(t, f, "olga", "22"), w.find(t, f, "pavel", "23")}
	w.portal.ResetRequests()
	form := url.Values{"visit": f["visit"], "chat": f["chat"], "person": shown}
	a := w.do(t, request{path: "/card/presence", form: form, header: map[string]string{"X-Joinline": "1"}})
	a.wantStatus(t, 200)
	w.wantRequests(t, 1)
	p := a.page(t)
	until := time.Now().Add(72 * time.Hour).UTC().Format(time.DateOnly)
	if got := p.attr(t, "#now-22", "data-until"); got < until[:8] {
		t.Errorf("absent until %q, want about %s", got, until)
	}
	p.says(t, "#now-22", "absent until")
	p.says(t, "#doubt-22", "may be refused: not in the queue")
	p.says(t, "#now-23", "active recently")
	if got := strings.TrimSpace(text(p.one(t, "#doubt-23"))); got != "" {
		t.Errorf("about one of the queue: %q", got)
	}
	form["visit"] = w.open(t, admin, "DEAL", "77").fields(t)["visit"]
	w.do(t, request{path: "/card/presence", form: form, header: map[string]string{"X-Joinline": "1"}}).wantStatus(t, 400) // the people are of another visit
}
