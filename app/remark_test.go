package app_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

var everyWay = app.Ways{Notify: true, Line: true, Comment: true}

// said writes down all that it is given.
func said(kind app.DeliveryKind, s app.Said) string {
	return fmt.Sprintf("%s by %s at %s in %v because %s", kind, s.By, s.Item, s.Chats, s.Why)
}

func telling(why string, ways app.Ways, of ...app.Newcomers) app.Telling {
	return app.Telling{
		Remark: app.Remark{Text: why, Ways: ways}, Add: "the first add", Newcomers: of, By: "Ivan Petrov", Item: "Deal Chairs", Say: said,
	}
}

func into(chat bitrix.ChatID, people ...bitrix.UserID) app.Newcomers {
	n := app.Newcomers{Chat: chat, Name: fmt.Sprint("Chat ", chat)}
	for _, p := range people {
		n.People = append(n.People, app.Newcomer{ID: p, Name: fmt.Sprint("User ", p)})
	}
	return n
}

// heard is what a remark left on the portal.
type heard struct {
	notices  map[int][]string
	lines    map[int][]string
	comments []string
}

func (j *joinline) heard(t *testing.T) heard {
	t.Helper()
	h := heard{notices: map[int][]string{}, lines: map[int][]string{}}
	j.portal.Do(func(w *bitrixtest.World) {
		for _, n := range w.Notifications {
			h.notices[n.User] = append(h.notices[n.User], n.Text)
		}
		for id, c := range w.Chats {
			for _, m := range c.Messages {
				if !strings.Contains(m.Text, "line by ") {
					continue
				}
				if m.SentToCustomer || !m.HiddenFromCustomer {
					t.Errorf("the customer of chat %d sees %q", id, m.Text)
				}
				h.lines[id] = append(h.lines[id], m.Text)
			}
		}
		for _, c := range w.Timeline {
			h.comments = append(h.comments, c.Text)
		}
	})
	return h
}

// wantHeard checks how often everybody and every place heard of the add.
func (j *joinline) wantHeard(t *testing.T, notices map[int]int, lines map[int]int, comments int) {
	t.Helper()
	got := j.heard(t)
	count := func(texts map[int][]string) map[int]int {
		counts := map[int]int{}
		for id, all := range texts {
			counts[id] = len(all)
		}
		return counts
	}
	if d := cmp.Diff(notices, count(got.notices)); d != "" {
		t.Errorf("notices: %s", d)
	}
	if d := cmp.Diff(lines, count(got.lines)); d != "" {
		t.Errorf("lines: %s", d)
	}
	if len(got.comments) != comments {
		t.Errorf("comments: %q, want %d", got.comments, comments)
	}
}

func TestARemarkReachesEverybodyItIsMeantForOnceInOneRequest(t *testing.T) {
	j := installed(t)
	v := j.open(t, elena, deal77)
	tell := telling("check [b]the[/b] date", everyWay, into(chatAnn, pavel, olga), into(1770, pavel, elena))
	done, err := j.Tell(t.Context(), v, tell)
	must(t, err)
	j.wantRequests(t, "batch")
	want := []app.Delivery{
		{Kind: app.KindNotice, User: pavel, State: app.Delivered},
		{Kind: app.KindNotice, User: olga, State: app.Delivered},
		{Kind: app.KindComment, State: app.Delivered},
		{Kind: app.KindLine, Chat: chatAnn, State: app.Delivered},
		{Kind: app.KindLine, Chat: 1770, State: app.Delivered},
	}
	if d := cmp.Diff(want, done); d != "" {
		t.Error(d)
	}
	// Elena, who did it, is told nothing.
	j.wantHeard(t, map[int]int{pavel: 1, olga: 1}, map[int]int{chatAnn: 1, 1770: 1}, 1)
	got := j.heard(t)
	notice := got.notices[pavel][0]
	for _, says := range []string{"[URL=/crm/deal/details/77/]Deal Chairs[/URL]", "[URL=/online/?IM_DIALOG=chat1763]", "[URL=/online/?IM_DIALOG=chat1770]", "check "} {
		if !strings.Contains(notice, says) {
			t.Errorf("the notice %q lacks %q", notice, says)
		}
	}
	if strings.Contains(notice, "[b]") {
		t.Errorf("the remark is markup in %q", notice)
	}
	if strings.Contains(got.notices[olga][0], "1770") {
		t.Errorf("Olga is told of a chat that she is not in: %q", got.notices[olga][0])
	}
}

func TestARemarkThatIsToldAgainDoublesNothing(t *testing.T) {
	j := installed(t)
	v := j.open(t, elena, deal77)
	first := telling("why", everyWay, into(chatAnn, pavel, olga))
	_, err := j.Tell(t.Context(), v, first)
	must(t, err)
	again, err := j.Tell(t.Context(), v, first)
	must(t, err)
	if d := cmp.Diff([]app.Delivery{{State: app.DeliveryRepeated}}, again); d != "" {
		t.Error(d)
	}
	j.wantHeard(t, map[int]int{pavel: 1, olga: 1}, map[int]int{chatAnn: 1}, 1)

	// The rest of the same add: whoever is new in another chat has one notice still.
	_, err = j.Tell(t.Context(), v, telling("why", everyWay, into(chatAnn, pavel, olga), into(1770, pavel)))
	must(t, err)
	j.wantHeard(t, map[int]int{pavel: 1, olga: 1}, map[int]int{chatAnn: 1, 1770: 1}, 2)
	if notice := j.heard(t).notices[pavel][0]; !strings.Contains(notice, "chat1763") || !strings.Contains(notice, "chat1770") {
		t.Errorf("the notice tells of %q, want both chats", notice)
	}

	// Another add is another matter.
	next := telling("why", app.Ways{Notify: true}, into(chatAnn, pavel))
	next.Add = "the second add"
	_, err = j.Tell(t.Context(), v, next)
	must(t, err)
	j.wantHeard(t, map[int]int{pavel: 2, olga: 1}, map[int]int{chatAnn: 1, 1770: 1}, 2)
}

func TestWhatBecameOfARemarkIsToldAsItIs(t *testing.T) {
	failed := func(reason app.Reason) []app.Delivery {
		return []app.Delivery{
			{Kind: app.KindNotice, User: pavel, State: app.DeliveryFailed, Reason: reason},
			{Kind: app.KindComment, State: app.DeliveryFailed, Reason: reason},
			{Kind: app.KindLine, Chat: chatAnn, State: app.DeliveryFailed, Reason: reason},
		}
	}
	unknown := failed(app.ReasonLost)
	for i := range unknown {
		unknown[i].State = app.DeliveryUnknown
	}
	mixed := func(notice, comment, line app.DeliveryState) []app.Delivery {
		of := failed("")
		of[0].State, of[1].State, of[2].State = notice, comment, line
		return of
	}
	denied := mixed(app.Delivered, app.DeliveryFailed, app.DeliveryFailed)
	denied[1].Reason, denied[2].Reason = app.ReasonCallerNoAccess, app.ReasonOther
	for name, c := range map[string]struct {
		viewer   int
		prepare  func(j *joinline)
		want     []app.Delivery
		notices  map[int]int
		lines    map[int]int
		comments int
	}{
		"somebody switched notices off": {viewer: ivan,
			prepare: func(j *joinline) { j.portal.Do(func(w *bitrixtest.World) { w.Users[pavel].NotifyOff = true }) },
			want:    mixed(app.DeliveryOff, app.Delivered, app.Delivered), notices: map[int]int{}, lines: map[int]int{chatAnn: 1}, comments: 1},
		"the viewer may neither write nor change the item": {viewer: olga,
			prepare: func(j *joinline) {},
			want:    denied, notices: map[int]int{pavel: 1}, lines: map[int]int{}},
		"the answer was lost after the portal had done it all": {viewer: ivan,
			prepare: func(j *joinline) {
				j.portal.Fail(bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultHTML, Applied: true})
			},
			want: unknown, notices: map[int]int{pavel: 1}, lines: map[int]int{chatAnn: 1}, comments: 1},
		"the answer was lost before it had done anything": {viewer: ivan,
			prepare: func(j *joinline) {
				j.portal.Fail(bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultHTML})
			},
			want: unknown, notices: map[int]int{}, lines: map[int]int{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, c.viewer, deal77)
			c.prepare(j)
			tell := telling("why", everyWay, into(chatAnn, pavel))
			done, err := j.Tell(t.Context(), v, tell)
			must(t, err)
			if d := cmp.Diff(c.want, done); d != "" {
				t.Error(d)
			}
			j.wantRequests(t, "batch")
			// It is never tried again.
			j.portal.ClearFaults()
			_, err = j.Tell(t.Context(), v, tell)
			must(t, err)
			j.wantHeard(t, c.notices, c.lines, c.comments)
		})
	}
}

func TestARemarkThatThePortalDidNotLookAtMayBeToldAgain(t *testing.T) {
	for name, c := range map[string]struct {
		kind   bitrixtest.FaultKind
		err    error
		reason app.Reason
	}{
		"the token is refused":   {kind: bitrixtest.FaultNoAuth, err: app.ErrNoToken},
		"the portal is overrun":  {kind: bitrixtest.FaultOverload, reason: app.ReasonBusy},
		"the portal was deleted": {kind: bitrixtest.FaultPortalDeleted, reason: app.ReasonRemoved},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, ivan, deal77)
			j.portal.Fail(bitrixtest.Fault{Method: "batch", Kind: c.kind, Times: -1})
			tell := telling("why", everyWay, into(chatAnn, pavel))
			done, err := j.Tell(t.Context(), v, tell)
			if c.err != nil {
				wantErr(t, err, c.err)
			} else if must(t, err); len(done) != 3 || slices.ContainsFunc(done, func(d app.Delivery) bool { return d.State != app.DeliveryFailed || d.Reason != c.reason }) {
				t.Errorf("got %+v, want failures because of %s", done, c.reason)
			}
			j.portal.ClearFaults()
			j.restart(bitrix.Timeouts{})
			done, err = j.Tell(t.Context(), v, tell)
			must(t, err)
			if len(done) != 3 || done[0].State != app.Delivered {
				t.Errorf("got %+v", done)
			}
			j.wantHeard(t, map[int]int{pavel: 1}, map[int]int{chatAnn: 1}, 1)
		})
	}
}

func TestAHundredMessagesTakeTwoRequests(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	var crowd []bitrix.UserID
	j.portal.Do(func(w *bitrixtest.World) {
		for n := range app.MaxPeople {
			crowd = append(crowd, bitrix.UserID(w.AddUser(bitrixtest.User{ID: 5000 + n, Name: "User", LastName: fmt.Sprint(n), Active: true}).ID))
		}
	})
	done, err := j.Tell(t.Context(), v, telling("why", everyWay, into(chatAnn, crowd...)))
	must(t, err)
	j.wantRequests(t, "batch", "batch")
	if len(done) != app.MaxPeople+2 || slices.ContainsFunc(done, func(d app.Delivery) bool { return d.State != app.Delivered }) {
		t.Errorf("got %+v", done)
	}
	if got := j.heard(t); len(got.notices) != app.MaxPeople || len(got.lines[chatAnn]) != 1 || len(got.comments) != 1 {
		t.Errorf("heard %d notices, %d lines, %d comments", len(got.notices), len(got.lines[chatAnn]), len(got.comments))
	}
}

func TestHowAViewerTellsIsKeptForTheNextTime(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	want := func(ways app.Ways, texts ...string) {
		t.Helper()
		j.restart(bitrix.Timeouts{})
		h, err := j.Habits(t.Context(), v)
		must(t, err)
		if h.Ways != ways || !slices.Equal(h.Texts, texts) {
			t.Errorf("kept %+v, want %+v and %q", h, ways, texts)
		}
	}
	tell := func(add, text string, ways app.Ways, of ...app.Newcomers) {
		t.Helper()
		told := telling(text, ways, of...)
		told.Add = add
		_, err := j.Tell(t.Context(), v, told)
		must(t, err)
	}
	want(app.Ways{})
	tell("1", "one", app.Ways{}, into(chatAnn, pavel))
	want(app.Ways{}) // nothing was ticked, nothing was told
	tell("2", "two", app.Ways{Notify: true})
	want(app.Ways{Notify: true}) // nobody was added, nothing was told
	for n, text := range []string{"one", "two", "three", "one", ""} {
		tell(fmt.Sprint("add ", n), text, app.Ways{Notify: true}, into(chatAnn, pavel))
	}
	want(app.Ways{Notify: true}, "one", "three", "two")
	tell("last", "four", app.Ways{Line: true}, into(chatAnn, pavel))
	want(app.Ways{Line: true}, "four", "one", "three")
	tell("none", "five", app.Ways{}, into(chatAnn, pavel))
	want(app.Ways{}, "four", "one", "three")

	other := j.open(t, elena, deal77)
	if h, err := j.Habits(t.Context(), other); err != nil || h.Any() || h.Texts != nil {
		t.Errorf("Elena has Ivan's habits: %+v, %v", h, err)
	}
	if log := j.log.String(); strings.Contains(log, "four") || !strings.Contains(log, "msg=told") {
		t.Error("the log holds a remark, or nothing of it")
	}
}

func TestAVisitKnowsWhetherTheMessengerIsThere(t *testing.T) {
	for name, scopes := range map[string][]string{"with it": allScopes, "without it": {"crm", "placement", "imopenlines", "user"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t, scopes...)
			if v := j.open(t, ivan, deal77); v.NoMessenger == slices.Contains(scopes, "im") {
				t.Errorf("the visit says %v", v.NoMessenger)
			}
		})
	}
}
