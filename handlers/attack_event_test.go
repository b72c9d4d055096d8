package handlers

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

func (w *world) viewerKey(user bitrix.UserID) app.TokenKey {
	return app.TokenKey{Member: bitrix.MemberID(w.portal.MemberID()), Role: app.AsViewer, User: user}
}

// removal is the event that the application was deleted with all its data.
func removal(t *testing.T, w *world) request {
	t.Helper()
	r := goodEvent(t, w, "en")
	r.form.Set("event", "ONAPPUNINSTALL")
	r.form.Set("data[CLEAN]", "1")
	return r
}

func TestAttackAForgedRemoval(t *testing.T) {
	w := installed(t)
	w.open(t, ivan, "DEAL", "77")
	other := w.neighbour(t)
	before := w.held(t)
	for name, c := range map[string]struct {
		change func(*request)
		want   int
	}{
		"no application token":                                                {drop("auth[application_token]"), 400},
		"an empty application token":                                          {set("auth[application_token]", ""), 400},
		"a wrong application token":                                           {set("auth[application_token]", madeUp32), 403},
		"the application token of a neighbour":                                {set("auth[application_token]", madeUp), 403},
		"the right one, which every employee can see, while we are installed": {func(*request) {}, 403},
		"the right one in the name of a neighbour":                            {set("auth[member_id]", other.MemberID()), 403},
		"an access token for the application token":                           {set("auth[application_token]", w.portal.Token(w.keys.ClientID, ivan).Access), 403},
	} {
		t.Run(name, func(t *testing.T) {
			r := removal(t, w)
			c.change(&r)
			w.do(t, r).wantStatus(t, c.want)
			if diff := cmp.Diff(before, w.held(t)); diff != "" {
				t.Errorf("something was changed:\n%s", diff)
			}
		})
	}
}

// TestAttackAnEventWithAnOldApplicationToken: the application was registered
// anew, and somebody has kept what proved events before.
func TestAttackAnEventWithAnOldApplicationToken(t *testing.T) {
	w := installed(t)
	old := w.keys.ApplicationToken
	l := w.form(admin, "DEFAULT", "")
	l.form.Set("APPLICATION_TOKEN", madeUp32) // the portal has made a new one
	l.path = "/install?" + queryOf(l.path)
	w.do(t, l).wantStatus(t, 200)
	before := w.held(t)
	r := removal(t, w)
	r.form.Set("auth[application_token]", old)
	w.do(t, r).wantStatus(t, 403)
	r.form.Set("event", "ONAPPINSTALL")
	w.do(t, r).wantStatus(t, 403)
	if diff := cmp.Diff(before, w.held(t)); diff != "" {
		t.Errorf("something was changed:\n%s", diff)
	}
}

// TestAttackAFloodOfEvents: whoever cannot prove their events is soon not
// listened to any more, and the portal's server still is.
func TestAttackAFloodOfEvents(t *testing.T) {
	w := installed(t)
	limited(t, w.site, Limits{PerAddress: Rate{PerSecond: 1, Burst: 5 * liePrice}}, "10.0.0.0/8")
	flood := removal(t, w)
	flood.form.Set("auth[application_token]", madeUp32)
	heard := 0
	for range 200 {
		if a := w.do(t, flood); a.StatusCode != 429 {
			heard++
		}
	}
	if heard > 5 {
		t.Errorf("%d of 200 forged events were looked at, want at most 5", heard)
	}
	if got := len(w.portal.Requests()); got > 0 {
		t.Errorf("the portal was asked %d times", got)
	}
	genuine := goodEvent(t, w, "en")
	genuine.remote = "198.51.100.9:443"
	w.do(t, genuine).wantStatus(t, 204)
}

// TestAttackAnotherSitePostsAnEvent: an event comes from a server. A browser
// that brings one was sent by a page.
func TestAttackAnotherSitePostsAnEvent(t *testing.T) {
	w := installed(t)
	w.portal.Uninstall(w.keys.ClientID, true) // so that it would be true
	must(t, w.portal.DeliverEvents(t.Context()))
	before := w.held(t)
	r := removal(t, w)
	r.header = map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"}
	w.do(t, r).wantStatus(t, 403)
	if diff := cmp.Diff(before, w.held(t)); diff != "" {
		t.Errorf("something was changed:\n%s", diff)
	}
}
