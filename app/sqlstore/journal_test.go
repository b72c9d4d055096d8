package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

func entry(member bitrix.MemberID, whom bitrix.UserID, after time.Duration) app.Entry {
	return app.Entry{
		Member: member, Kind: app.EntryAdd, At: moment.Add(after),
		By: app.Party{ID: 15, Name: "Ivan Petrov"}, Whom: app.Party{ID: whom},
		Item: bitrix.CRMItem{Type: bitrix.Deal, ID: 77}, ItemName: "Deal “Chairs”", Owner: bitrix.CRMItem{Type: bitrix.Contact, ID: 31},
		Chat: 1763, Line: 3, State: app.OutcomeUnknown,
	}
}

// settled is what became known of an entry.
func settled(e app.Entry, name string) app.Entry {
	e.Settled, e.State, e.Whom.Name = e.At.Add(time.Second), app.OutcomeAdded, name
	e.ChatName, e.Connector, e.Channel = "Ann Lee", "telegrambot", "Telegram"
	return e
}

func wantEntries(t *testing.T, s app.Store, member bitrix.MemberID, f app.EntryFilter, want ...app.Entry) {
	t.Helper()
	got, err := s.Entries(t.Context(), member, f, 0, 100)
	must(t, err)
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(app.Entry{}, "ID"), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("entries for %+v: %s", f, d)
	}
}

// add is a filter that leaves out what the installation wrote.
var add = app.EntryFilter{Kind: app.EntryAdd}

func entries(t *testing.T, ctx context.Context, s app.Store) {
	if err := s.WriteEntries(ctx, []app.Entry{entry(acme, 22, 0)}); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("WriteEntries of an unknown portal = %v", err)
	}
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveInstallation(ctx, installation(other), token(other, 1, 1)))
	must(t, s.WriteEntries(ctx, []app.Entry{entry(acme, 22, 0), entry(acme, 23, 0)}))
	must(t, s.WriteEntries(ctx, []app.Entry{entry(other, 22, 0)}))

	// One is known, the other stays as it was begun.
	known := settled(entry(acme, 22, 0), "Olga Sidorova")
	must(t, s.AmendEntries(ctx, []app.Entry{known}, time.Hour))
	begun := entry(acme, 23, 0)
	begun.ChatName = known.ChatName // names are those of the thing, whichever entry told them
	wantEntries(t, s, acme, app.EntryFilter{Person: "23", Kind: app.EntryAdd}, begun)
	wantEntries(t, s, acme, app.EntryFilter{Person: "22"}, known)
	if got, err := s.Entries(ctx, other, add, 0, 100); err != nil || len(got) != 1 || got[0].Whom.Name != "" {
		t.Errorf("on the other portal: %+v, %v", got, err)
	}

	// What is settled is not amended, nor is what was begun long before, and nothing is made up.
	later := settled(entry(acme, 22, time.Minute), "Somebody Else")
	later.State, later.Reason = app.OutcomeRefused, app.ReasonHistory
	must(t, s.AmendEntries(ctx, []app.Entry{later, settled(entry(acme, 23, 2*time.Hour), ""), settled(entry(acme, 24, 0), "")}, time.Hour))
	wantEntries(t, s, acme, app.EntryFilter{Person: "22"}, known)
	wantEntries(t, s, acme, app.EntryFilter{Person: "23"}, begun)
	wantEntries(t, s, acme, app.EntryFilter{Person: "24"})

	// Whom the portal has just agreed to add was added, whatever a page says that knows them from before.
	agreed := entry(acme, 24, time.Minute)
	agreed.Reason = app.ReasonUnconfirmed
	same := settled(entry(acme, 24, time.Minute), "Elena Morozova")
	must(t, s.WriteEntries(ctx, []app.Entry{agreed}))
	same.State = app.OutcomeAlreadyIn
	must(t, s.AmendEntries(ctx, []app.Entry{same}, time.Hour))
	same.State = app.OutcomeAdded
	wantEntries(t, s, acme, app.EntryFilter{Person: "24"}, same)

	// It stays when the portal is removed, and goes when it is forgotten.
	must(t, s.Uninstall(ctx, acme, moment.Add(3*time.Hour)))
	must(t, s.Uninstall(ctx, acme, moment.Add(4*time.Hour)))
	wantEntries(t, s, acme, app.EntryFilter{Kind: app.EntryUninstall},
		app.Entry{Member: acme, Kind: app.EntryUninstall, At: moment.Add(3 * time.Hour), Settled: moment.Add(3 * time.Hour)})
	wantEntries(t, s, acme, app.EntryFilter{Kind: app.EntryInstall},
		app.Entry{Member: acme, Kind: app.EntryInstall, At: moment, Settled: moment, By: app.Party{ID: 1}})
	must(t, s.Forget(ctx, acme))
	wantEntries(t, s, acme, app.EntryFilter{})
}

func filteredEntries(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	olga, pavel := settled(entry(acme, 22, time.Minute), "Olga Sidorova"), settled(entry(acme, 23, 2*time.Minute), "Pavel Orlov")
	pavel.Kind, pavel.State, pavel.Reason, pavel.Chat, pavel.ChatName = app.EntryWish, app.OutcomeRefused, app.ReasonHistory, 9, "Bob"
	pavel.By, pavel.OnBehalf = app.Party{ID: 1, Name: "Anna Admin"}, app.Party{ID: 24, Name: "Елена Ким"}
	pavel.Item, pavel.ItemName = bitrix.CRMItem{Type: bitrix.Lead, ID: 55}, "Lead"
	pavel.Connector, pavel.Channel = "whatsapp", "WhatsApp"
	policy := app.Entry{
		Member: acme, Kind: app.EntryPolicy, At: moment.Add(3 * time.Minute), Settled: moment.Add(3 * time.Minute), By: app.Party{ID: 1, Name: "Anna Admin"},
		Detail: "note:required",
	}
	must(t, s.WriteEntries(ctx, []app.Entry{olga, pavel, policy}))
	since := moment.Add(time.Second) // without the installation
	for name, c := range map[string]struct {
		filter app.EntryFilter
		want   []app.Entry
	}{
		"nothing asked for":             {app.EntryFilter{}, []app.Entry{policy, pavel, olga}},
		"who was added":                 {app.EntryFilter{Person: "22"}, []app.Entry{olga}},
		"several people":                {app.EntryFilter{People: []bitrix.UserID{22, 24}}, []app.Entry{pavel, olga}},
		"none of the people":            {app.EntryFilter{People: []bitrix.UserID{}}, nil},
		"a part of a name":              {app.EntryFilter{Person: "sidor"}, []app.Entry{olga}},
		"two parts of a name":           {app.EntryFilter{Person: "orl pav"}, []app.Entry{pavel}},
		"a name in another script":      {app.EntryFilter{Person: "ким"}, []app.Entry{pavel}},
		"parts of two names":            {app.EntryFilter{Person: "olga orlov"}, nil},
		"who did it":                    {app.EntryFilter{Person: "admin"}, []app.Entry{policy, pavel}},
		"an asker's own":                {app.EntryFilter{Asker: 24}, []app.Entry{pavel}},
		"not what others did for them":  {app.EntryFilter{Asker: 1}, []app.Entry{policy}},
		"done for somebody":             {app.EntryFilter{Delegated: true}, []app.Entry{pavel}},
		"the item of the card":          {app.EntryFilter{Item: bitrix.CRMItem{Type: bitrix.Deal, ID: 77}}, []app.Entry{olga}},
		"the item of the chat":          {app.EntryFilter{Item: bitrix.CRMItem{Type: bitrix.Contact, ID: 31}}, []app.Entry{pavel, olga}},
		"a chat":                        {app.EntryFilter{Chat: 9}, []app.Entry{pavel}},
		"a connector":                   {app.EntryFilter{Connector: "telegrambot"}, []app.Entry{olga}},
		"a kind":                        {app.EntryFilter{Kind: app.EntryPolicy}, []app.Entry{policy}},
		"an outcome":                    {app.EntryFilter{States: []app.OutcomeState{app.OutcomeRefused}}, []app.Entry{pavel}},
		"a reason":                      {app.EntryFilter{Reasons: []app.Reason{app.ReasonBusy, app.ReasonHistory}}, []app.Entry{pavel}},
		"from a time":                   {app.EntryFilter{From: pavel.At}, []app.Entry{policy, pavel}},
		"until a time":                  {app.EntryFilter{To: pavel.At}, []app.Entry{olga}},
		"everything at once":            {app.EntryFilter{Person: "pavel", Item: pavel.Item, Chat: 9, Kind: app.EntryWish, To: policy.At}, []app.Entry{pavel}},
		"somebody who is not there":     {app.EntryFilter{Person: "nobody"}, nil},
		"what would end the statement":  {app.EntryFilter{Person: "'; DROP TABLE journal; --", Connector: "' OR 1=1 --"}, nil},
		"a pattern is no pattern":       {app.EntryFilter{Person: "%"}, nil},
		"an unknown reason of an add":   {app.EntryFilter{Kind: app.EntryAdd, Reasons: []app.Reason{app.ReasonBusy}}, nil},
		"people of another portal none": {app.EntryFilter{Asker: 99}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if c.filter.From.IsZero() {
				c.filter.From = since
			}
			wantEntries(t, s, acme, c.filter, c.want...)
		})
	}
	for text, want := range map[string][]bitrix.UserID{"22": {22}, "sidor": {22}, "nobody": {}} {
		people, err := s.Called(ctx, acme, text)
		must(t, err)
		if d := cmp.Diff(want, people); d != "" {
			t.Errorf("called %q: %s", text, d)
		}
	}
	found, err := s.Connectors(ctx, acme)
	must(t, err)
	if d := cmp.Diff(map[string]string{"telegrambot": "Telegram", "whatsapp": "WhatsApp"}, found); d != "" {
		t.Errorf("connectors: %s", d)
	}
	counted, err := s.CountEntries(ctx, acme, app.EntryFilter{From: since})
	must(t, err)
	quarter := moment.Truncate(15 * time.Minute)
	if d := cmp.Diff([]app.EntryCount{
		{At: quarter, Kind: app.EntryAdd, State: app.OutcomeAdded, Count: 1},
		{At: quarter, Kind: app.EntryPolicy, Count: 1},
		{At: quarter, Kind: app.EntryWish, State: app.OutcomeRefused, Reason: app.ReasonHistory, Count: 1},
	}, counted); d != "" {
		t.Errorf("counted: %s", d)
	}
}

func pagedEntries(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	var group sync.WaitGroup
	for n := range 4 { // at the same moment
		group.Go(func() {
			for m := range 25 {
				if err := s.WriteEntries(ctx, []app.Entry{settled(entry(acme, bitrix.UserID(100*n+m+1), 0), fmt.Sprint("Person ", m))}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	var ids []int64
	for before, n := int64(0), 0; n < 20; n++ {
		page, err := s.Entries(ctx, acme, add, before, 7)
		must(t, err)
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			ids = append(ids, e.ID)
		}
		before = page[len(page)-1].ID
		// What is written meanwhile is newer, and moves nothing.
		must(t, s.WriteEntries(ctx, []app.Entry{entry(acme, 9, time.Hour)}))
	}
	if sorted := slices.Sorted(slices.Values(ids)); len(slices.Compact(sorted)) != 100 || len(ids) != 100 || !slices.IsSortedFunc(ids, func(a, b int64) int { return int(b - a) }) {
		t.Errorf("pages gave %d entries", len(ids))
	}
}

func prunedEntries(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveInstallation(ctx, installation(other), token(other, 1, 1)))
	for n := range 5 {
		must(t, s.WriteEntries(ctx, []app.Entry{settled(entry(acme, bitrix.UserID(21+n), time.Duration(n)*time.Hour), fmt.Sprint("Person ", n))}))
	}
	must(t, s.WriteEntries(ctx, []app.Entry{settled(entry(other, 21, 0), "Person 0")}))
	limit := moment.Add(3 * time.Hour)
	for n, want := range []int{2, 2, 0} { // with the installation
		if got, err := s.PruneEntries(ctx, acme, limit, 2); err != nil || got != want {
			t.Errorf("prune %d deleted %d, %v; want %d", n, got, err, want)
		}
	}
	four, five := settled(entry(acme, 24, 3*time.Hour), "Person 3"), settled(entry(acme, 25, 4*time.Hour), "Person 4")
	wantEntries(t, s, acme, app.EntryFilter{}, five, four)
	wantEntries(t, s, acme, app.EntryFilter{Person: "person"}, five, four) // the other names are gone
	wantEntries(t, s, other, add, settled(entry(other, 21, 0), "Person 0"))
	if all, err := s.Journals(ctx); err != nil || !slices.Equal(all, []bitrix.MemberID{acme, other}) {
		t.Errorf("Journals = %v, %v", all, err)
	}
}

func notedEntries(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	before, olga, pavel := settled(entry(acme, 22, 0), "Olga"), settled(entry(acme, 22, time.Minute), "Olga"), settled(entry(acme, 23, time.Minute), "Pavel")
	must(t, s.WriteEntries(ctx, []app.Entry{before, olga}))
	must(t, s.WriteEntries(ctx, []app.Entry{pavel}))
	must(t, s.NoteEntries(ctx, acme, 15, 1763, []bitrix.UserID{22}, olga.At))
	must(t, s.NoteEntries(ctx, acme, 16, 1763, []bitrix.UserID{23}, moment)) // another asker
	must(t, s.NoteEntries(ctx, acme, 15, 1763, nil, moment))
	olga.Note = true
	wantEntries(t, s, acme, app.EntryFilter{Kind: app.EntryAdd, Person: "22"}, olga, before)
	wantEntries(t, s, acme, app.EntryFilter{Kind: app.EntryAdd, Person: "23"}, pavel)
}

func manyNames(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	var all []app.Entry
	for n := range 1001 {
		all = append(all, settled(entry(acme, bitrix.UserID(1000+n), time.Duration(n)*time.Second), fmt.Sprintf("Maria %d", n)))
	}
	must(t, s.WriteEntries(ctx, all))
	if _, err := s.Entries(ctx, acme, app.EntryFilter{Person: "maria"}, 0, 1); !errors.Is(err, app.ErrManyNames) {
		t.Errorf("a name of 1001 people: %v", err)
	}
	if got, err := s.Entries(ctx, acme, app.EntryFilter{Person: "maria 77"}, 0, 100); err != nil || len(got) != 19 {
		t.Errorf("a name of nineteen people: %d, %v", len(got), err)
	}
}

func TestNoNameRestsInTheJournalInPlainText(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		s := open(t, address, sealer(t))
		must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
		must(t, s.WriteEntries(t.Context(), []app.Entry{settled(entry(acme, 22, 0), "Olga Sidorova")}))
		kept := string(backup(t, s))
		for _, name := range []string{"Ivan", "Olga", "Ann Lee", "Chairs", "Telegram\""} {
			if strings.Contains(kept, name) {
				t.Errorf("a backup holds %q", name)
			}
		}
		raw(t, address, `UPDATE journal_names SET about = 'user:99' WHERE about = 'user:22'`)
		if got, err := s.Entries(t.Context(), acme, app.EntryFilter{Person: "olga"}, 0, 1); !errors.Is(err, app.ErrWrongKey) {
			t.Errorf("a name moved to somebody else: %+v, %v", got, err)
		}
	})
}
