package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// Journal is what a person sees of their portal's journal.
type Journal struct {
	// All: the person is an administrator, and sees everybody's entries;
	// otherwise they see what they asked for themselves.
	All bool
	// Entries are some, the newest first; More tells that there are older ones.
	Entries []Entry
	More    bool
	// Use counts the entries begun since a time, oldest first.
	Use []EntryCount
	// Connectors are the names of those that entries speak of, by code; only for
	// those who see All.
	Connectors map[string]string
}

// JournalPage is how many entries a Journal has.
const JournalPage = 50

// Journal reads the entries for which a filter holds, before an ID or the newest
// for 0, and counts those begun since a time. Whether the viewer is an
// administrator is asked of the portal. It fails with ErrManyNames.
func (a *App) Journal(ctx context.Context, v Visit, f EntryFilter, before int64, since time.Time) (Journal, error) {
	j, err := a.EmptyJournal(ctx, v)
	if err != nil {
		return j, err
	}
	if f, err = a.limited(ctx, v, f, j.All); err != nil {
		return j, err
	}
	if j.Entries, err = a.store.Entries(ctx, v.Member, f, before, JournalPage+1); err != nil {
		return j, err
	}
	if j.More = len(j.Entries) > JournalPage; j.More {
		j.Entries = j.Entries[:JournalPage]
	}
	if f.From.Before(since) {
		f.From = since
	}
	j.Use, err = a.store.CountEntries(ctx, v.Member, f)
	return j, err
}

// EmptyJournal is a Journal without entries and use, for somebody whose filter
// cannot be followed.
func (a *App) EmptyJournal(ctx context.Context, v Visit) (j Journal, err error) {
	if j.All, err = a.readsAll(ctx, v); j.All {
		j.Connectors, err = a.store.Connectors(ctx, v.Member)
	}
	return j, err
}

// readsAll asks the portal whether the viewer may read what others did.
func (a *App) readsAll(ctx context.Context, v Visit) (bool, error) {
	err := a.Administrator(ctx, v)
	if errors.Is(err, ErrNotAdmin) {
		return false, nil
	}
	return err == nil, err
}

// limited is a filter with what the viewer may read, and with people for a name,
// so that they are looked up once.
func (a *App) limited(ctx context.Context, v Visit, f EntryFilter, all bool) (EntryFilter, error) {
	if !all {
		f.Asker = v.Viewer
	}
	if f.Person == "" {
		return f, nil
	}
	var err error
	f.People, err = a.store.Called(ctx, v.Member, f.Person)
	return f, err
}

// exportPage is how many entries are held in memory at a time.
const exportPage = 500

// ExportJournal calls each for all entries that Journal would give, the newest
// first; few are in memory at a time. The error is that of each, or why there
// are no more.
func (a *App) ExportJournal(ctx context.Context, v Visit, f EntryFilter, each func(Entry) error) error {
	all, err := a.readsAll(ctx, v)
	if err != nil {
		return err
	}
	if f, err = a.limited(ctx, v, f, all); err != nil {
		return err
	}
	for before := int64(0); ; {
		page, err := a.store.Entries(ctx, v.Member, f, before, exportPage)
		if err != nil {
			return err
		}
		for _, e := range page {
			if err := each(e); err != nil {
				return err
			}
			before = e.ID
		}
		if len(page) < exportPage {
			return nil
		}
	}
}

// chatEntries is how many entries a card tells of a chat.
const chatEntries = 10

// ChatJournal tells who was added to a chat that the page of the visit has
// shown, removed from it, or joined it: the newest first, whoever did it.
func (a *App) ChatJournal(ctx context.Context, v Visit, c ChatRef) ([]Entry, error) {
	if c.ID <= 0 || !v.about(c.Owner) {
		return nil, fmt.Errorf("%w: chat %d of %v", ErrNotInVisit, c.ID, c.Owner)
	}
	return a.store.Entries(ctx, v.Member, EntryFilter{Chat: c.ID, Changed: true}, 0, chatEntries)
}

// UsualJournalDays is how many days entries are kept where the policy sets nothing
// else.
const UsualJournalDays = 365

const (
	// journalLife is how long entries are kept where nothing else is set.
	journalLife = UsualJournalDays * 24 * time.Hour
	// journalEvery is how often old ones are deleted, and those written that the
	// store did not take.
	journalEvery = 10 * time.Minute
	// journalLast is how long the last try may take when the program stops.
	journalLast = 5 * time.Second
	// pruneBatch is how many are deleted at once, so that nobody waits for long.
	pruneBatch = 2000
)

// KeepJournal keeps the journals of all portals until ctx ends, and then writes
// once more what the store did not take before.
func (a *App) KeepJournal(ctx context.Context) {
	tick := time.NewTicker(journalEvery)
	defer tick.Stop()
	for {
		if err := a.TendJournals(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "the journals were not tended", KeyError, err)
		}
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), journalLast)
			defer cancel()
			if err := a.catchUp(last); err != nil {
				a.log.ErrorContext(last, "outcomes are missing from the journal", KeyError, err)
			}
			return
		case <-tick.C:
		}
	}
}

// TendJournals writes what the store did not take before, and deletes the
// entries of all portals that are older than each wants. Doing that often, or in
// several processes at once, is harmless.
func (a *App) TendJournals(ctx context.Context) error {
	failed := []error{a.catchUp(ctx)}
	all, err := a.store.Journals(ctx)
	failed = append(failed, err)
	for _, member := range all {
		life, err := a.journalLife(ctx, member)
		for n := pruneBatch; n == pruneBatch && err == nil; {
			n, err = a.store.PruneEntries(ctx, member, a.now().Add(-life), pruneBatch)
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// journalLife is how long a portal keeps its entries.
func (a *App) journalLife(ctx context.Context, member bitrix.MemberID) (time.Duration, error) {
	p, err := a.store.Policy(ctx, member)
	if p.JournalDays > 0 {
		return time.Duration(p.JournalDays) * 24 * time.Hour, err
	}
	return journalLife, err
}
