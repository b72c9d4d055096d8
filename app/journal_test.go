package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// journal is what the journal holds, oldest first, in short.
func (j *joinline) journal(t *testing.T, f app.EntryFilter) (lines []string) {
	t.Helper()
	entries, err := j.store.Entries(t.Context(), bitrix.MemberID(j.portal.MemberID()), f, 0, 100)
	must(t, err)
	for _, e := range slices.Backward(entries) {
		line := fmt.Sprintf("%s %d by %d: %s", e.Kind, e.Whom.ID, e.By.ID, e.State)
		if e.Reason != "" {
			line += " " + string(e.Reason)
		}
		if e.Settled.IsZero() {
			line += ", open"
		}
		if e.Note {
			line += ", told"
		}
		lines = append(lines, line)
	}
	return lines
}

// wantJournal checks all entries about the chats.
func (j *joinline) wantJournal(t *testing.T, want ...string) {
	t.Helper()
	got := slices.DeleteFunc(j.journal(t, app.EntryFilter{}), func(line string) bool { return strings.HasPrefix(line, string(app.EntryInstall)) })
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("journal: %s", d)
	}
}

// opened writes what is begun and not known to have ended.
func (j *joinline) opened(t *testing.T, kind app.EntryKind, by, whom bitrix.UserID) {
	t.Helper()
	must(t, j.store.WriteEntries(t.Context(), []app.Entry{{
		Member: bitrix.MemberID(j.portal.MemberID()), Kind: kind, At: time.Now(), By: app.Party{ID: by}, Whom: app.Party{ID: whom}, Chat: chatAnn,
		State: app.OutcomeUnknown,
	}}))
}

func TestTheJournalTellsWhatEverybodyWasTold(t *testing.T) {
	withOlga := func(w *bitrixtest.World) {
		w.Chats[chatAnn].Members = append(w.Chats[chatAnn].Members, &bitrixtest.Member{User: olga})
	}
	for name, c := range map[string]struct {
		viewer int
		change func(w *bitrixtest.World)
		fault  *bitrixtest.Fault
		act    func(t *testing.T, j *joinline, v app.Visit)
		want   []string
	}{
		"an add to each": {viewer: admin, act: func(t *testing.T, j *joinline, v app.Visit) {
			_, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel, fired, ivan})
			must(t, err)
		}, want: []string{"add 23 by 1: added", "add 30 by 1: refused not_active", "add 15 by 1: already_in"}},
		"an answer that was lost": {viewer: admin, fault: &bitrixtest.Fault{Method: methodAdd, Kind: bitrixtest.FaultDrop}, act: func(t *testing.T, j *joinline, v app.Visit) {
			_, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel})
			must(t, err)
		}, want: []string{"add 23 by 1: unknown lost"}},
		"nobody whom the portal was not asked for": {viewer: admin, fault: &bitrixtest.Fault{Method: methodAdd, Kind: bitrixtest.FaultOverload, Times: -1}, act: func(t *testing.T, j *joinline, v app.Visit) {
			_, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel, elena})
			must(t, err)
		}, want: []string{"add 23 by 1: not_tried busy"}},
		"a page that asks and settles": {viewer: admin, act: func(t *testing.T, j *joinline, v app.Visit) {
			people := []bitrix.UserID{pavel, fired}
			var answers []app.Answer
			for n, who := range people {
				answer, err := j.Ask(t.Context(), v, inDeal77(), who)
				must(t, err)
				answers = append(answers, answer)
				if n == 0 {
					j.wantJournal(t, "add 23 by 1: unknown unconfirmed, open")
				}
			}
			j.wantJournal(t, "add 23 by 1: unknown unconfirmed, open", "add 30 by 1: refused not_active, open")
			_, err := j.Settle(t.Context(), v, inDeal77(), people, answers)
			must(t, err)
		}, want: []string{"add 23 by 1: added", "add 30 by 1: refused not_active"}},
		"an answer that never reached the page": {viewer: admin, fault: &bitrixtest.Fault{Method: methodAdd, Kind: bitrixtest.FaultDrop}, act: func(t *testing.T, j *joinline, v app.Visit) {
			_, err := j.Ask(t.Context(), v, inDeal77(), pavel)
			must(t, err)
			_, err = j.Settle(t.Context(), v, inDeal77(), []bitrix.UserID{pavel}, []app.Answer{{User: pavel, Kind: app.AnswerLost, Late: true}})
			must(t, err)
		}, want: []string{"add 23 by 1: unknown lost"}},
		"nothing of somebody who was never asked for": {viewer: admin, act: func(t *testing.T, j *joinline, v app.Visit) {
			_, err := j.Settle(t.Context(), v, inDeal77(), []bitrix.UserID{pavel}, []app.Answer{{User: pavel, Kind: app.AnswerLost, Late: true}})
			must(t, err)
		}},
		"an add that an old page calls one from before": {viewer: admin, act: func(t *testing.T, j *joinline, v app.Visit) {
			answer, err := j.Ask(t.Context(), v, inDeal77(), pavel)
			must(t, err)
			late := inDeal77()
			late.Members = append(late.Members, pavel) // as a page that was opened meanwhile has it
			_, err = j.Settle(t.Context(), v, late, []bitrix.UserID{pavel}, []app.Answer{answer})
			must(t, err)
		}, want: []string{"add 23 by 1: added"}},
		"what the policy refuses, as soon as it is told": {viewer: admin, act: func(t *testing.T, j *joinline, v app.Visit) {
			j.policy(t, app.Policy{Barred: holders("U23")})
			answer, err := j.Ask(t.Context(), v, inDeal77(), pavel)
			must(t, err)
			j.wantJournal(t, "add 23 by 1: refused policy_colleague")
			_, err = j.Settle(t.Context(), v, inDeal77(), []bitrix.UserID{pavel}, []app.Answer{answer})
			must(t, err)
		}, want: []string{"add 23 by 1: refused policy_colleague"}},
		"a real add beside what the policy refuses since": {viewer: admin, act: func(t *testing.T, j *joinline, v app.Visit) {
			_, err := j.Ask(t.Context(), v, inDeal77(), pavel) // and the page dies
			must(t, err)
			j.policy(t, app.Policy{Barred: holders("U23")})
			answer, err := j.Ask(t.Context(), v, inDeal77(), pavel)
			must(t, err)
			_, err = j.Settle(t.Context(), v, inDeal77(), []bitrix.UserID{pavel}, []app.Answer{answer})
			must(t, err)
		}, want: []string{"add 23 by 1: unknown unconfirmed, open", "add 23 by 1: refused policy_colleague"}},
		"a removal whose end is unknown beside one that the policy refuses": {viewer: ivan, change: withPavel, act: func(t *testing.T, j *joinline, v app.Visit) {
			j.opened(t, app.EntryRemove, ivan, pavel)
			j.policy(t, app.Policy{Adders: holders("U24")})
			_, err := j.Remove(t.Context(), v, inDeal77(), pavel)
			must(t, err)
		}, want: []string{"remove 23 by 15: unknown, open", "remove 23 by 15: refused policy_viewer"}},
		"a removal whose end is unknown beside one of somebody who is not there": {viewer: admin, act: func(t *testing.T, j *joinline, v app.Visit) {
			j.opened(t, app.EntryRemove, admin, pavel)
			_, err := j.Remove(t.Context(), v, inDeal77(), pavel)
			must(t, err)
		}, want: []string{"remove 23 by 1: unknown, open", "remove 23 by 1: not_in"}},
		"a dialog that runs already": {viewer: ivan, act: func(t *testing.T, j *joinline, v app.Visit) {
			_, err := j.StartDialog(t.Context(), v, inDeal77())
			must(t, err)
		}, want: []string{"dialog 15 by 15: refused dialog_runs"}},
		"a dialog that the viewer may not see": {viewer: ivan, fault: &bitrixtest.Fault{Method: "imopenlines.dialog.get", Kind: bitrixtest.FaultError, Status: 400, Code: "ACCESS_ERROR"}, act: func(t *testing.T, j *joinline, v app.Visit) {
			_, err := j.StartDialog(t.Context(), v, inDeal77())
			must(t, err)
		}, want: []string{"dialog 15 by 15: refused caller_no_access"}},
		"a wish that the policy refuses": {viewer: ivan, act: func(t *testing.T, j *joinline, v app.Visit) {
			j.policy(t, app.Policy{Adders: holders("U24")})
			wantErr(t, j.Wish(t.Context(), v, inDeal77(), app.Wish{People: []app.Chosen{{ID: pavel}}}), app.ErrPolicy)
		}, want: []string{"wish 23 by 15: refused policy_viewer"}},
		"a wish without the note that the policy asks for": {viewer: ivan, act: func(t *testing.T, j *joinline, v app.Visit) {
			j.policy(t, app.Policy{NoteRequired: true})
			wantErr(t, j.Wish(t.Context(), v, inDeal77(), app.Wish{People: []app.Chosen{{ID: pavel}}}), app.ErrNoNote)
		}, want: []string{"wish 23 by 15: refused policy_note"}},
		"an errand that the policy refuses": {viewer: ivan, act: func(t *testing.T, j *joinline, v app.Visit) {
			j.policy(t, app.Policy{Adders: holders("U24")})
			_, err := j.Entrust(t.Context(), v, inDeal77(), askedOlga)
			wantErr(t, err, app.ErrPolicy)
		}, want: []string{"add 22 by 15: refused policy_viewer"}},
		"a removal": {viewer: admin, change: withOlga, act: func(t *testing.T, j *joinline, v app.Visit) {
			for _, who := range []bitrix.UserID{olga, ivan, ann} {
				_, err := j.Remove(t.Context(), v, inDeal77(), who)
				must(t, err)
			}
		}, want: []string{"remove 22 by 1: removed", "remove 15 by 1: refused operator", "remove 431 by 1: refused customer"}},
		"an add that is taken back": {viewer: admin, act: func(t *testing.T, j *joinline, v app.Visit) {
			_, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel})
			must(t, err)
			_, err = j.Remove(t.Context(), v, inDeal77(), pavel)
			must(t, err)
		}, want: []string{"add 23 by 1: added", "undo 23 by 1: removed"}},
		"a viewer who joins": {viewer: admin, act: func(t *testing.T, j *joinline, v app.Visit) {
			_, err := j.Join(t.Context(), v, inDeal77())
			must(t, err)
		}, want: []string{"join 1 by 1: added"}},
		"an observer who is made and added": {viewer: admin, act: func(t *testing.T, j *joinline, v app.Visit) {
			_, err := j.Observe(t.Context(), v, inDeal77(), elena)
			must(t, err)
		}, want: []string{"observe 24 by 1: added", "add 24 by 1: added"}},
		"an observer who cannot be made": {viewer: admin, fault: &bitrixtest.Fault{Method: methodUpdate, Kind: bitrixtest.FaultError, Status: 400, Code: "ACCESS_DENIED"}, act: func(t *testing.T, j *joinline, v app.Visit) {
			_, err := j.Observe(t.Context(), v, inDeal77(), elena)
			must(t, err)
		}, want: []string{"observe 24 by 1: refused may_not_change"}},
		"a dialog that is started": {viewer: pavel, change: func(w *bitrixtest.World) { w.CloseSession(chatAnn) }, act: func(t *testing.T, j *joinline, v app.Visit) {
			_, err := j.StartDialog(t.Context(), v, inDeal77())
			must(t, err)
		}, want: []string{"dialog 23 by 23: added"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, c.viewer, deal77)
			if c.change != nil {
				j.portal.Do(c.change)
			}
			if c.fault != nil {
				j.portal.Fail(*c.fault)
			}
			c.act(t, j, v)
			j.wantJournal(t, c.want...)
		})
	}
}

func TestAnEntryKnowsWhatEverythingIsCalled(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, admin, deal77)
	_, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel})
	must(t, err)
	entries, err := j.store.Entries(t.Context(), v.Member, app.EntryFilter{Kind: app.EntryAdd}, 0, 9)
	must(t, err)
	if len(entries) != 1 {
		t.Fatalf("got %+v", entries)
	}
	e := entries[0]
	if e.By.Name != v.Name || e.Whom.Name != "Pavel Orlov" || e.ItemName != v.Title || e.Item != deal77 || e.Owner != deal77 ||
		e.Chat != chatAnn || e.ChatName == "" || e.Connector == "" || e.Channel == "" || e.Line == 0 || e.At.After(e.Settled) {
		t.Errorf("got %+v", e)
	}
}

func TestTheJournalNotesWhoWasTold(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, admin, deal77)
	_, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel, elena})
	must(t, err)
	_, err = j.Tell(t.Context(), v, app.Telling{
		Remark: app.Remark{Text: "a secret reason", Ways: app.Ways{Notify: true}}, Add: "one", By: "Anna", Item: "Deal",
		Newcomers: []app.Newcomers{{Chat: chatAnn, Name: "Ann", People: []app.Newcomer{{ID: elena, Name: "Elena"}}}},
		Say:       func(_ app.DeliveryKind, s app.Said) string { return s.Why },
	})
	must(t, err)
	j.wantJournal(t, "add 23 by 1: added", "add 24 by 1: added, told")
}

func TestAWishThatIsCarriedOutIsInTheJournal(t *testing.T) {
	t.Parallel()
	w := newWaiting(t, pavel)
	w.accept()
	w.step(t)
	w.wantJournal(t, "wish 23 by 15: added")
}

// broken is a store that does not take what is for the journal.
type broken struct {
	app.Store
	write, amend atomic.Bool // what fails
}

var errDisk = errors.New("the disk is full")

func (b *broken) WriteEntries(ctx context.Context, entries []app.Entry) error {
	if b.write.Load() {
		return errDisk
	}
	return b.Store.WriteEntries(ctx, entries)
}

func (b *broken) AmendEntries(ctx context.Context, entries []app.Entry, within time.Duration) error {
	if b.amend.Load() {
		return errDisk
	}
	return b.Store.AmendEntries(ctx, entries, within)
}

// breaking is Joinline on a store that can break.
func breaking(t *testing.T) (*joinline, *broken) {
	t.Helper()
	j := installed(t)
	b := &broken{Store: j.store}
	j.App = app.New(j.config, b, j.bitrix, discard)
	return j, b
}

func TestNothingIsAskedOfThePortalThatCannotBeWrittenDown(t *testing.T) {
	t.Parallel()
	j, b := breaking(t)
	v := j.open(t, admin, deal77)
	b.write.Store(true)
	added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel, elena})
	must(t, err)
	want := outcomes(
		app.Outcome{User: pavel, State: app.OutcomeNotTried, Reason: app.ReasonUnrecorded},
		app.Outcome{User: elena, State: app.OutcomeNotTried, Reason: app.ReasonUnrecorded},
	)
	if d := cmp.Diff(want, added.Outcomes); d != "" {
		t.Error(d)
	}
	answer, err := j.Ask(t.Context(), v, inDeal77(), pavel)
	if err != nil || answer.Kind != app.AnswerUnheard || answer.Reason != app.ReasonUnrecorded || answer.Stop != app.StopAll {
		t.Errorf("Ask = %+v, %v", answer, err)
	}
	for name, act := range map[string]func() error{
		"join":    func() error { _, err := j.Join(t.Context(), v, inDeal77()); return err },
		"observe": func() error { _, err := j.Observe(t.Context(), v, inDeal77(), elena); return err },
	} {
		if err := act(); !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", name, err)
		}
	}
	j.wantRequests(t)
	j.wantParticipants(t, chatAnn, ivan, ann)
	b.write.Store(false)
	j.wantJournal(t)
}

func TestNoRefusalIsToldThatCannotBeWrittenDown(t *testing.T) {
	t.Parallel()
	j, b := breaking(t)
	v := j.open(t, ivan, deal77)
	j.policy(t, app.Policy{Adders: holders("U24")})
	b.write.Store(true)
	answer, err := j.Ask(t.Context(), v, inDeal77(), pavel)
	if err != nil || answer.Kind != app.AnswerUnheard || answer.Reason != app.ReasonUnrecorded || answer.Stop != app.StopAll {
		t.Errorf("Ask = %+v, %v", answer, err)
	}
	for name, act := range map[string]func() error{
		"join":   func() error { _, err := j.Join(t.Context(), v, inDeal77()); return err },
		"remove": func() error { _, err := j.Remove(t.Context(), v, inDeal77(), ann); return err },
		"dialog": func() error { _, err := j.StartDialog(t.Context(), v, inDeal77()); return err },
	} {
		if err := act(); !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnOutcomeThatTheJournalDidNotTakeIsToldAndWrittenLater(t *testing.T) {
	t.Parallel()
	j, b := breaking(t)
	v := j.open(t, admin, deal77)
	b.amend.Store(true)
	added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel})
	must(t, err)
	if d := cmp.Diff(outcomes(app.Outcome{User: pavel, State: app.OutcomeAdded}), added.Outcomes); d != "" {
		t.Error(d)
	}
	j.wantJournal(t, "add 23 by 1: unknown, open")
	if err := j.TendJournals(t.Context()); !errors.Is(err, errDisk) {
		t.Errorf("while it is broken: %v", err)
	}
	b.amend.Store(false)
	must(t, j.TendJournals(t.Context()))
	j.wantJournal(t, "add 23 by 1: added")
	must(t, j.TendJournals(t.Context()))
	j.wantJournal(t, "add 23 by 1: added")
}

func TestEverybodyReadsTheirOwnEntriesAndAdministratorsAll(t *testing.T) {
	t.Parallel()
	j := installed(t)
	for viewer, who := range map[int]bitrix.UserID{admin: elena, ivan: pavel} {
		_, err := j.Add(t.Context(), j.open(t, viewer, deal77), inDeal77(), []bitrix.UserID{who})
		must(t, err)
	}
	of := func(viewer int) (app.Visit, app.EntryFilter) {
		v, _, err := j.Open(t.Context(), j.launch(t, viewer, "DEFAULT", ""))
		must(t, err)
		return v, app.EntryFilter{Kind: app.EntryAdd, Asker: 0}
	}
	read := func(v app.Visit, f app.EntryFilter) (all bool, askers []bitrix.UserID) {
		j.portal.ResetRequests()
		got, err := j.Journal(t.Context(), v, f, 0, time.Now().Add(-time.Hour))
		must(t, err)
		j.wantRequests(t, "batch")
		exported, sum := 0, 0
		must(t, j.ExportJournal(t.Context(), v, f, func(app.Entry) error { exported++; return nil }))
		for _, c := range got.Use {
			sum += c.Count
		}
		if exported != len(got.Entries) || sum != exported {
			t.Errorf("user %d is shown %d entries, exports %d and counts %d", v.Viewer, len(got.Entries), exported, sum)
		}
		for _, e := range got.Entries {
			askers = append(askers, e.Asker().ID)
		}
		slices.Sort(askers)
		return got.All, askers
	}
	if all, askers := read(of(admin)); !all || !slices.Equal(askers, []bitrix.UserID{admin, ivan}) {
		t.Errorf("an administrator reads those of %v, all: %v", askers, all)
	}
	if all, askers := read(of(ivan)); all || !slices.Equal(askers, []bitrix.UserID{ivan}) {
		t.Errorf("Ivan reads those of %v, all: %v", askers, all)
	}
	v, f := of(ivan)
	v.Admin = true // which a visit may say, and counts for nothing
	f.Asker = admin
	if all, askers := read(v, f); all || !slices.Equal(askers, []bitrix.UserID{ivan}) {
		t.Errorf("with another's filter Ivan reads those of %v, all: %v", askers, all)
	}
}

// asked is a store that counts how often names are looked through.
type asked struct {
	app.Store
	lookups atomic.Int32
}

func (s *asked) Called(ctx context.Context, member bitrix.MemberID, text string) ([]bitrix.UserID, error) {
	s.lookups.Add(1)
	return s.Store.Called(ctx, member, text)
}

func (s *asked) looks(f app.EntryFilter) {
	if f.Person != "" && f.People == nil {
		s.lookups.Add(1)
	}
}

func (s *asked) Entries(ctx context.Context, member bitrix.MemberID, f app.EntryFilter, before int64, limit int) ([]app.Entry, error) {
	s.looks(f)
	return s.Store.Entries(ctx, member, f, before, limit)
}

func (s *asked) CountEntries(ctx context.Context, member bitrix.MemberID, f app.EntryFilter) ([]app.EntryCount, error) {
	s.looks(f)
	return s.Store.CountEntries(ctx, member, f)
}

func TestANameIsLookedForOnceHoweverLongTheJournalIs(t *testing.T) {
	t.Parallel()
	j := installed(t)
	s := &asked{Store: j.store}
	j.App = app.New(j.config, s, j.bitrix, discard)
	v, _, err := j.Open(t.Context(), j.launch(t, admin, "DEFAULT", ""))
	must(t, err)
	var all []app.Entry
	for range 501 { // more than are read at once
		all = append(all, app.Entry{Member: v.Member, Kind: app.EntryAdd, At: time.Now(), Settled: time.Now(), By: app.Party{ID: ivan, Name: "Ivan Petrov"}, State: app.OutcomeAdded})
	}
	must(t, s.WriteEntries(t.Context(), all))
	f := app.EntryFilter{Person: "petrov"}
	got, err := j.Journal(t.Context(), v, f, 0, time.Now().Add(-time.Hour))
	must(t, err)
	if n := s.lookups.Swap(0); n != 1 || len(got.Entries) != app.JournalPage || len(got.Use) == 0 {
		t.Errorf("a page of %d entries took %d looks", len(got.Entries), n)
	}
	exported := 0
	must(t, j.ExportJournal(t.Context(), v, f, func(app.Entry) error { exported++; return nil }))
	if n := s.lookups.Load(); n != 1 || exported != len(all) {
		t.Errorf("a file of %d entries took %d looks", exported, n)
	}
}

func TestACardTellsOfChatsOfItsOwnOnly(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, admin, deal77)
	_, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel, fired})
	must(t, err)
	j.portal.ResetRequests()
	told, err := j.ChatJournal(t.Context(), j.open(t, ivan, deal77), inDeal77())
	must(t, err)
	if len(told) != 1 || told[0].Whom.ID != pavel || told[0].By.ID != admin {
		t.Errorf("Ivan is told %+v", told)
	}
	j.wantRequests(t)
	_, err = j.ChatJournal(t.Context(), j.open(t, ivan, lead55), inDeal77())
	wantErr(t, err, app.ErrNotInVisit)
}

func TestOldEntriesAreDeletedAndOthersStay(t *testing.T) {
	t.Parallel()
	j := installed(t)
	now := time.Now()
	j.SetNow(func() time.Time { return now })
	v := j.open(t, admin, deal77)
	_, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel})
	must(t, err)
	now = now.Add(364 * 24 * time.Hour)
	must(t, j.TendJournals(t.Context()))
	j.wantJournal(t, "add 23 by 1: added")
	must(t, j.store.WriteEntries(t.Context(), []app.Entry{{Member: v.Member, Kind: app.EntryJoin, At: now, Settled: now, By: app.Party{ID: admin}, State: app.OutcomeAdded}}))
	now = now.Add(2 * 24 * time.Hour)
	must(t, j.TendJournals(t.Context()))
	if got := j.journal(t, app.EntryFilter{}); !slices.Equal(got, []string{"join 0 by 1: added"}) {
		t.Errorf("left: %q", got)
	}
}
