package app_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

const chatNew = 1900

var deal90 = bitrix.CRMItem{Type: bitrix.Deal, ID: 90}

// waiting is Joinline on a portal where Ivan waits for somebody to accept chat
// 1900 of deal 90, with a clock that stands still.
type waiting struct {
	*joinline
	visit app.Visit
	time  time.Time
}

func newWaiting(t *testing.T, people ...bitrix.UserID) *waiting {
	t.Helper()
	w := &waiting{joinline: installed(t), time: time.Now()}
	w.portal.Do(func(world *bitrixtest.World) {
		world.AddItem(bitrixtest.Item{ItemKey: bitrixtest.ItemKey{Type: "DEAL", ID: 90}, Title: "Another order", AssignedBy: ivan})
		world.AddChat(bitrixtest.NewChat{ID: chatNew, Name: "Bruno Keller - Sales line", Connector: "livechat", Line: 5, Customer: 433,
			Items: []bitrixtest.ItemKey{{Type: "DEAL", ID: 90}}, Status: bitrixtest.StatusNew, Texts: []string{"Hello"}})
	})
	w.clock()
	w.visit = w.open(t, ivan, deal90)
	w.wish(t, people...)
	return w
}

func (w *waiting) clock() { w.SetNow(func() time.Time { return w.time }) }

func (w *waiting) wish(t *testing.T, people ...bitrix.UserID) {
	t.Helper()
	of := app.Wish{ItemName: "Deal “Another order”", ChatName: "Bruno [b]Keller"}
	for _, p := range people {
		of.People = append(of.People, app.Chosen{ID: p, Name: fmt.Sprint("User ", p)})
	}
	must(t, w.Wish(t.Context(), w.visit, app.ChatRef{Owner: deal90, ID: chatNew}, of))
}

// told writes down what there is to be told.
func told(_ string, r app.WishReport) string {
	said := string(r.Kind) + " " + r.Chat + " " + r.Item
	for _, p := range r.People {
		said += fmt.Sprintf(" {%s: %s %s}", p.Name, p.State, p.Reason)
	}
	return said
}

// step lets a minute pass and carries out what is due.
func (w *waiting) step(t *testing.T) {
	t.Helper()
	w.time = w.time.Add(time.Minute)
	must(t, w.GrantWishes(t.Context(), told))
}

// accept has an operator accept the dialog.
func (w *waiting) accept() {
	w.portal.Do(func(world *bitrixtest.World) { world.Accept(chatNew, elena) })
}

// wantTold checks that the viewer holds one notice, which begins so and says all that.
func (w *waiting) wantTold(t *testing.T, says ...string) {
	t.Helper()
	notices := w.portal.Notifications(ivan)
	if len(notices) != 1 {
		t.Fatalf("Ivan holds %+v", notices)
	}
	for n, text := range says {
		if got := notices[0].Text; n == 0 && !strings.Contains(got, text) || !strings.Contains(got, text) {
			t.Errorf("the notice says %q, want %q", got, text)
		}
	}
	w.wantKept(t, 0)
}

func (w *waiting) wantKept(t *testing.T, want int) {
	t.Helper()
	kept, err := w.store.Wishes(t.Context(), w.visit.Member, ivan)
	must(t, err)
	if len(kept) != want {
		t.Errorf("kept %+v", kept)
	}
}

func (w *waiting) wantNothingTold(t *testing.T) {
	t.Helper()
	if notices := w.portal.Notifications(ivan); len(notices) != 0 {
		t.Errorf("Ivan holds %+v", notices)
	}
	w.wantKept(t, 1)
}

func TestAWishIsCarriedOutWhenAnOperatorAccepts(t *testing.T) {
	t.Parallel()
	w := newWaiting(t, pavel, olga)
	w.step(t)
	w.step(t)
	w.wantNothingTold(t)
	if got := w.asked("batch"); got != 2 {
		t.Errorf("in two minutes the portal was asked %d times", got)
	}
	w.accept()
	w.step(t)
	w.wantParticipants(t, chatNew, elena, 433, pavel)
	w.wantTold(t, "granted [URL=/online/?IM_DIALOG=chat1900]", "[URL=/crm/deal/details/90/]Deal “Another order”[/URL]",
		"{User 23: added }", "{User 22: refused colleague_no_access}")
	if n := w.portal.Notifications(ivan)[0]; n.Author != ivan || strings.Contains(n.Text, "[b]") {
		t.Errorf("the notice is %+v", n)
	}
	w.portal.ResetRequests()
	w.step(t)
	w.wantRequests(t)
}

func TestAWishWithoutPeopleIsToldThatTheChatIsOpen(t *testing.T) {
	t.Parallel()
	w := newWaiting(t)
	w.accept()
	w.step(t)
	w.wantTold(t, "granted")
	w.wantParticipants(t, chatNew, elena, 433)
}

func TestHowAWishEndsOtherwise(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*waiting, *bitrixtest.World)
		pass   time.Duration
		want   string
		author int
	}{
		"its day is over":             {pass: 24 * time.Hour, want: "expired", author: ivan},
		"over before it was accepted": {pass: 25 * time.Hour, change: func(_ *waiting, w *bitrixtest.World) { w.Accept(chatNew, elena) }, want: "expired", author: ivan},
		"the dialog ended":            {change: func(_ *waiting, w *bitrixtest.World) { w.CloseSession(chatNew) }, want: "finished", author: ivan},
		"the person lost access to the item": {want: "barred", author: ivan,
			change: func(_ *waiting, w *bitrixtest.World) {
				w.Items[bitrixtest.ItemKey{Type: "DEAL", ID: 90}].AssignedBy = elena
			}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWaiting(t, pavel)
			if c.change != nil {
				w.portal.Do(func(world *bitrixtest.World) { c.change(w, world) })
			}
			w.time = w.time.Add(c.pass)
			w.step(t)
			w.wantTold(t, c.want)
			if got := w.portal.Notifications(ivan)[0].Author; got != c.author {
				t.Errorf("the notice is from %d, want %d", got, c.author)
			}
			if in := w.portal.Participants(chatNew); slices.Contains(in, pavel) {
				t.Errorf("in the chat are %v", in)
			}
		})
	}
}

func TestWhoseTokenDiedIsToldByTheApplication(t *testing.T) {
	t.Parallel()
	w := newWaiting(t, pavel)
	dead := w.viewerToken(t, ivan)
	dead.Refresh, dead.Access = "", "0123456789012345678901234567890123456789"
	must(t, w.store.SaveToken(t.Context(), app.TokenKey{Member: w.visit.Member, Role: app.AsViewer, User: ivan}, dead))
	w.accept()
	w.step(t)
	w.wantTold(t, "barred")
	if got := w.portal.Notifications(ivan)[0].Author; got != 0 {
		t.Errorf("the notice is from %d, want from the application", got)
	}
	w.wantParticipants(t, chatNew, elena, 433)
}

func TestAWishThatIsTakenBackIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	w := newWaiting(t, pavel)
	must(t, w.TakeBack(t.Context(), w.visit, chatNew))
	must(t, w.TakeBack(t.Context(), w.visit, chatNew))
	w.accept()
	w.portal.ResetRequests()
	w.step(t)
	w.wantRequests(t)
	w.wantParticipants(t, chatNew, elena, 433)
}

func TestAWishOutlastsAPortalThatDoesNotAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		fault bitrixtest.Fault
		want  string
	}{
		"at the look":                      {bitrixtest.Fault{Method: "batch", User: ivan, Kind: bitrixtest.FaultHTML, Times: 2}, "{User 23: added }"},
		"at the add, and it was not done":  {bitrixtest.Fault{Method: "imopenlines.crm.chat.user.add", Kind: bitrixtest.FaultDrop}, "{User 23: added }"},
		"at the add, and it was done":      {bitrixtest.Fault{Method: "imopenlines.crm.chat.user.add", Kind: bitrixtest.FaultDrop, Applied: true}, "{User 23: added }"},
		"at the add, limited":              {bitrixtest.Fault{Method: "imopenlines.crm.chat.user.add", Kind: bitrixtest.FaultOverload}, "{User 23: added }"},
		"at the report, and it was sent":   {bitrixtest.Fault{Method: "batch", User: ivan, Skip: 2, Kind: bitrixtest.FaultDrop, Applied: true}, "{User 23: added }"},
		"at the report, and it was not":    {bitrixtest.Fault{Method: "batch", User: ivan, Skip: 2, Kind: bitrixtest.FaultDrop}, "{User 23: added }"},
		"at the report, and was too busy":  {bitrixtest.Fault{Method: "batch", User: ivan, Skip: 2, Kind: bitrixtest.FaultOverload}, "{User 23: added }"},
		"at the reading back, for a while": {bitrixtest.Fault{Method: "batch", User: ivan, Skip: 1, Kind: bitrixtest.FaultHTML, Times: 4}, "{User 23: a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWaiting(t, pavel)
			w.accept()
			w.portal.Fail(c.fault)
			for range 5 {
				w.step(t)
			}
			w.wantTold(t, "granted", c.want)
			w.wantParticipants(t, chatNew, elena, 433, pavel)
		})
	}
}

// A crash is a process that held the lease and never said more: what it had done
// until then, the next one finds.
func TestACrashNeitherLosesAWishNorTellsItTwice(t *testing.T) {
	for name, at := range map[string]string{"before the add": "look", "between the add and the report": "add", "after the report": "report"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWaiting(t, pavel)
			w.accept()
			w.time = w.time.Add(time.Minute)
			l, err := w.store.LeaseWishes(t.Context(), w.time, w.time.Add(15*time.Minute))
			must(t, err)
			kept := l.Wishes[0]
			if at != "look" {
				kept.Begun = true
				must(t, w.store.KeepWish(t.Context(), kept, l.Until, w.time, l.Until))
				_, err := w.Add(t.Context(), w.visit, app.ChatRef{Owner: deal90, ID: chatNew}, []bitrix.UserID{pavel})
				must(t, err)
			}
			if at == "report" {
				kept.End = &app.WishEnd{Kind: app.WishGranted, Outcomes: []app.Outcome{{User: pavel, State: app.OutcomeAdded}}}
				must(t, w.store.KeepWish(t.Context(), kept, l.Until, w.time, l.Until))
				w.portal.Do(func(world *bitrixtest.World) { world.CloseSession(chatNew) }) // what was true then is told
			}
			w.step(t)
			w.wantNothingTold(t) // the lease still holds
			w.time = w.time.Add(15 * time.Minute)
			w.step(t)
			w.wantTold(t, "granted", "{User 23: a")
		})
	}
}

func TestADialogThatEndedInTheMiddleIsNotGuessedAt(t *testing.T) {
	t.Parallel()
	w := newWaiting(t, pavel)
	w.accept()
	w.portal.Fail(bitrixtest.Fault{Method: "imopenlines.crm.chat.user.add", Kind: bitrixtest.FaultDrop})
	w.step(t)
	w.portal.Do(func(world *bitrixtest.World) { world.CloseSession(chatNew) })
	w.step(t)
	w.wantTold(t, "unsure")
}

func TestManyProcessesCarryAWishOutOnce(t *testing.T) {
	t.Parallel()
	w := newWaiting(t, pavel)
	w.accept()
	w.time = w.time.Add(time.Minute)
	done := make(chan error, 4)
	for range cap(done) {
		process := app.New(w.config, w.store, w.bitrix, discard)
		process.SetNow(func() time.Time { return w.time })
		go func() { done <- process.GrantWishes(t.Context(), told) }()
	}
	for range cap(done) {
		must(t, <-done)
	}
	w.wantTold(t, "granted", "{User 23: added }")
	if got := w.joinline.asked("imopenlines.crm.chat.user.add"); got != 1 {
		t.Errorf("the portal was asked %d times", got)
	}
}

func TestOneRequestLooksAtAllThatAPersonWaitsFor(t *testing.T) {
	t.Parallel()
	w := newWaiting(t)
	w.portal.Do(func(world *bitrixtest.World) {
		for n := range app.MaxWishes {
			world.AddChat(bitrixtest.NewChat{ID: 1901 + n, Name: "Waiting", Connector: "livechat", Line: 5, Customer: 433,
				Items: []bitrixtest.ItemKey{{Type: "DEAL", ID: 90}}, Status: bitrixtest.StatusNew, Texts: []string{"Hello"}})
		}
	})
	for n := range app.MaxWishes - 1 {
		must(t, w.Wish(t.Context(), w.visit, app.ChatRef{Owner: deal90, ID: bitrix.ChatID(1901 + n)}, app.Wish{}))
	}
	wantErr(t, w.Wish(t.Context(), w.visit, app.ChatRef{Owner: deal90, ID: bitrix.ChatID(1901 + app.MaxWishes - 1)}, app.Wish{}), app.ErrTooManyWishes)
	wantErr(t, w.Wish(t.Context(), w.visit, app.ChatRef{Owner: lead55, ID: 1755}, app.Wish{}), app.ErrNotInVisit)
	w.portal.ResetRequests()
	w.step(t)
	w.wantRequests(t, "batch")
	kept, err := w.Wished(t.Context(), w.visit)
	must(t, err)
	if len(kept) != app.MaxWishes {
		t.Errorf("kept %d wishes", len(kept))
	}
}

func TestAWishMadeAgainKeepsItsPeople(t *testing.T) {
	t.Parallel()
	w := newWaiting(t, pavel)
	w.wish(t, ivan)
	kept, err := w.Wished(t.Context(), w.visit)
	must(t, err)
	if len(kept) != 1 || len(kept[0].People) != 2 {
		t.Errorf("kept %+v", kept)
	}
}

func TestAStoppedProcessLeavesItsWishesToOthers(t *testing.T) {
	t.Parallel()
	w := newWaiting(t, pavel)
	w.accept()
	ctx, stop := context.WithCancel(t.Context())
	w.portal.Fail(bitrixtest.Fault{Method: "batch", User: ivan, Applied: true, Do: func(*bitrixtest.World) { stop() }})
	w.time = w.time.Add(time.Minute)
	wantErr(t, w.GrantWishes(ctx, told), context.Canceled)
	w.wantNothingTold(t)
	must(t, w.GrantWishes(t.Context(), told)) // at once
	w.wantTold(t, "granted", "{User 23: added }")
}

func TestTheWorkerEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w := newWaiting(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.KeepGranting(ctx, told)
	}()
	cancel()
	<-ended
}
