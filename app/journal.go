package app

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/joinline/joinline/bitrix"
)

const (
	// entryOpen is how long an entry may be settled after it was begun: as long
	// as a page may be at it.
	entryOpen = time.Hour
	// undoTime is until when a removal of somebody counts as taking back the add.
	undoTime = time.Hour
	// maxUnsettled is how many entries one process keeps in memory that the
	// store did not take.
	maxUnsettled = 10_000
)

// ErrManyNames: the name to look for is that of too many people.
var ErrManyNames = errors.New("too many people are called that")

// Entry is one line of a portal's journal: something that was done, or tried,
// through Joinline. It never holds the text of a message.
//
// It is written before the portal is asked, and nothing is asked of the portal
// without it. What came of it is written before anybody is told. Where Joinline
// dies in between, the entry stays as it was begun: OutcomeUnknown.
type Entry struct {
	// ID is its number on its portal. Numbers grow with time.
	ID     int64
	Member bitrix.MemberID
	Kind   EntryKind
	// At is when it was begun.
	At time.Time
	// Settled is when its outcome was known; zero: not yet, or never.
	Settled time.Time
	// By is with whose rights it was done; zero: nobody's, the portal tells.
	By Party
	// OnBehalf is who asked for it, where that is another person than By.
	OnBehalf Party
	// Whom it was about; zero: nobody.
	Whom Party
	// Item is the CRM item of the card, Owner the one under which the chat was
	// found.
	Item, Owner         bitrix.CRMItem
	ItemName, OwnerName string
	Chat                bitrix.ChatID
	ChatName            string
	// Line is the Open Channel, Connector the code of the way by which the
	// customer wrote, and Channel what the portal calls that.
	Line               bitrix.LineID
	Connector, Channel string
	// State and Reason are the outcome; both are empty for what has none.
	State  OutcomeState
	Reason Reason
	// Note: people were told of it, and perhaps why.
	Note bool
	// Detail tells what was changed, in codes: see EntryPolicy.
	Detail string
}

// Asker is who wanted it: whose own entry it is.
func (e Entry) Asker() Party {
	if e.OnBehalf.ID != 0 {
		return e.OnBehalf
	}
	return e.By
}

// Party is a person of whom an entry speaks. Those that a Store returns bear
// the name that was heard last; it is empty when none was.
type Party struct {
	ID   bitrix.UserID
	Name string
}

// EntryKind is the kind of an entry.
type EntryKind string

// The kinds of entries.
const (
	// EntryAdd: somebody was to be added to a chat.
	EntryAdd EntryKind = "add"
	// EntryWish: the same, when an operator had accepted the dialog.
	EntryWish EntryKind = "wish"
	// EntryRemove: somebody was to be removed from a chat, or left it.
	EntryRemove EntryKind = "remove"
	// EntryUndo: the same, by whoever had added them shortly before.
	EntryUndo EntryKind = "undo"
	// EntryJoin: somebody put themselves into a chat.
	EntryJoin EntryKind = "join"
	// EntryObserve: somebody was to be made an observer of a CRM item;
	// OutcomeAdded when they were.
	EntryObserve EntryKind = "observe"
	// EntryDialog: a new dialog was to be started in a chat.
	EntryDialog EntryKind = "dialog"
	// EntryInstall: Joinline was installed, or installed anew.
	EntryInstall EntryKind = "install"
	// EntryUninstall: Joinline was removed from the portal.
	EntryUninstall EntryKind = "uninstall"
	// EntryPolicy: a setting of the portal was changed. Detail is its code, a
	// colon, and its new value.
	EntryPolicy EntryKind = "policy"
)

// EntryKinds returns all kinds, in the order in which to offer them.
func EntryKinds() []EntryKind {
	return []EntryKind{
		EntryAdd, EntryWish, EntryRemove, EntryUndo, EntryJoin, EntryObserve, EntryDialog, EntryInstall, EntryUninstall, EntryPolicy,
	}
}

// EntryFilter tells which entries are wanted: those for which everything holds
// that is not zero.
type EntryFilter struct {
	// Asker wanted it.
	Asker bitrix.UserID
	// Person wanted it, did it or is whom it was about: the number of a user, or
	// words of which all are part of the name.
	Person string
	// People, where not nil, are those who are meant instead of Person, which
	// costs more each time: one of them wanted it, did it or is whom it was about.
	People []bitrix.UserID
	// Item is the item of the card or that of the chat.
	Item bitrix.CRMItem
	Chat bitrix.ChatID
	// Connector is the code of the way by which the customer wrote.
	Connector string
	Kind      EntryKind
	// Delegated: it was done with the rights of somebody else than the asker.
	Delegated bool
	// Changed: somebody was really added or removed, or may have been.
	Changed bool
	// States and Reasons: it has one of these.
	States  []OutcomeState
	Reasons []Reason
	// From and To bound when it was begun: not before From, and before To.
	From, To time.Time
}

// EntryCount is how many entries of one outcome were begun in a quarter of an
// hour.
type EntryCount struct {
	// At is when the quarter began.
	At     time.Time
	Kind   EntryKind
	State  OutcomeState
	Reason Reason
	Count  int
}

// record writes what has happened, or is about to, into the journal of its
// portal. Member, Kind and By are required; At and Settled are now when zero.
// The error means that it was not written: whoever calls this before acting
// should not act then.
func (a *App) record(ctx context.Context, e Entry) error {
	now := a.now()
	if e.At.IsZero() {
		e.At = now
	}
	if e.Settled.IsZero() {
		e.Settled = now
	}
	return a.store.WriteEntries(ctx, []Entry{e})
}

// begin writes that something is about to be done to some people, or to nobody
// in particular. Nothing should be done when it fails.
func (a *App) begin(ctx context.Context, e Entry, people ...bitrix.UserID) error {
	e.At, e.State = a.now(), OutcomeUnknown
	return a.write(ctx, e, people)
}

// forbidden writes that something was refused to the asker before it was begun:
// that is an entry of its own, whatever else is open. Nobody should be told of it
// when it fails.
func (a *App) forbidden(ctx context.Context, e Entry, why Reason, people ...bitrix.UserID) error {
	e.At = a.now()
	e.Settled, e.State, e.Reason = e.At, OutcomeRefused, why
	return a.write(context.WithoutCancel(ctx), e, people)
}

// write writes the same entry about each of some people, or about nobody in
// particular.
func (a *App) write(ctx context.Context, e Entry, people []bitrix.UserID) error {
	if people == nil {
		return a.store.WriteEntries(ctx, []Entry{e})
	}
	var entries []Entry
	for _, user := range people {
		e.Whom = Party{ID: user}
		entries = append(entries, e)
	}
	return a.store.WriteEntries(ctx, entries)
}

// heard writes down what is known so far of entries that were begun; a page or
// a process that dies now leaves that. They stay open.
func (a *App) heard(ctx context.Context, entries ...Entry) { a.amend(ctx, entries) }

// end writes what came of entries that were begun. It does not fail, since what
// has happened must be told: what the store does not take is kept in memory,
// and written later by KeepJournal.
func (a *App) end(ctx context.Context, entries ...Entry) {
	now := a.now()
	for n := range entries {
		entries[n].Settled = now
	}
	a.amend(ctx, entries)
}

func (a *App) amend(ctx context.Context, entries []Entry) {
	if len(entries) == 0 {
		return
	}
	for n := range entries {
		entries[n].At = a.now()
	}
	err := a.store.AmendEntries(context.WithoutCancel(ctx), entries, entryOpen)
	if err == nil {
		return
	}
	a.log.ErrorContext(ctx, "the journal was not written", KeyMember, entries[0].Member, KeyError, err)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range entries {
		if !e.Settled.IsZero() && len(a.unsettled) < maxUnsettled {
			a.unsettled = append(a.unsettled, e)
		}
	}
}

// catchUp writes the entries that the store did not take before.
func (a *App) catchUp(ctx context.Context) error {
	a.mu.Lock()
	left := a.unsettled
	a.unsettled = nil
	a.mu.Unlock()
	for n, e := range left {
		err := a.store.AmendEntries(ctx, []Entry{e}, entryOpen)
		if err != nil && !errors.Is(err, ErrNotInstalled) {
			a.mu.Lock()
			a.unsettled = append(left[n:], a.unsettled...)
			a.mu.Unlock()
			return err
		}
	}
	return nil
}

// unrecorded is the answer about somebody for whom the portal was not asked,
// because that could not be written into the journal.
func unrecorded(user bitrix.UserID) Answer {
	return Answer{User: user, Kind: AnswerUnheard, Reason: ReasonUnrecorded, Stop: StopAll}
}

// entry is what an entry about a chat says in any case.
func (v Visit) entry(kind EntryKind, c ChatRef) Entry {
	e := Entry{
		Member: v.Member, Kind: kind, By: Party{v.Viewer, v.Name}, Item: v.Item, ItemName: v.Title, Owner: c.Owner, Chat: c.ID, Line: c.Line,
	}
	return e
}

// about takes in what was read of a chat and the people.
func (e Entry) about(back readBack, user bitrix.UserID) Entry {
	e.Whom = Party{user, back.name(user)}
	if name := back.name(e.By.ID); name != "" {
		e.By.Name = name
	}
	if c := back.chat; c.ID == e.Chat {
		e.ChatName, e.Connector, e.Channel = c.Name, c.Connector, c.Channel
		if c.Line != 0 {
			e.Line = c.Line
		}
	}
	return e
}

// said is what the portal said of somebody, before it is known what is true.
func (e Entry) said(answer Answer) Entry {
	e.Whom.ID, e.State, e.Reason = answer.User, OutcomeUnknown, answer.Reason
	switch answer.Kind {
	case AnswerAgreed:
		e.Reason = ReasonUnconfirmed
	case AnswerRefused:
		e.State = OutcomeRefused
	case AnswerLost:
		e.Reason = ReasonLost
	case AnswerUnheard:
		e.State = OutcomeNotTried
	}
	return e
}

// as tells who acted for whoever asked; nobody for the zero Actor.
func (e Entry) as(who Actor) Entry {
	if who.ID != 0 {
		e.OnBehalf, e.By = e.By, Party(who)
	}
	return e
}

// removing is the kind of a removal: taking back what the viewer did shortly
// before has a name of its own.
func (a *App) removing(ctx context.Context, v Visit, c ChatRef, user bitrix.UserID) EntryKind {
	last, err := a.store.Entries(ctx, v.Member, EntryFilter{
		Asker: v.Viewer, People: []bitrix.UserID{user}, Chat: c.ID, States: []OutcomeState{OutcomeAdded}, From: a.now().Add(-undoTime),
	}, 0, 1)
	if err != nil || len(last) == 0 || last[0].Whom.ID != user || user == v.Viewer {
		return EntryRemove
	}
	return EntryUndo
}

// noted writes into the journal who was told of being added.
func (a *App) noted(ctx context.Context, v Visit, fresh []Newcomers, done []Delivery) {
	for _, n := range fresh {
		var told []bitrix.UserID
		for _, p := range n.People {
			if slices.ContainsFunc(done, func(d Delivery) bool {
				return d.State == Delivered && (d.Kind == KindComment || d.Kind == KindLine && d.Chat == n.Chat || d.Kind == KindNotice && d.User == p.ID)
			}) {
				told = append(told, p.ID)
			}
		}
		if err := a.store.NoteEntries(ctx, v.Member, v.Viewer, n.Chat, told, a.now().Add(-entryOpen)); err != nil {
			a.log.ErrorContext(ctx, "the journal was not written", KeyMember, v.Member, KeyError, err)
		}
	}
}
