package app

import (
	"context"
	"errors"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// Installation is Joinline as installed on one portal. Every field was learnt
// from the authorisation server or from the portal itself, never from a form.
type Installation struct {
	Member bitrix.MemberID
	// Portal is the origin of the portal's pages: the only one that may frame
	// Joinline's pages for this portal.
	Portal string
	// Endpoint is the address of the portal's REST API, Server the
	// authorisation server that vouches for the portal's tokens.
	Endpoint, Server string
	// ClientID is the registration under which it was installed.
	ClientID string
	// Installer is the administrator whose token acts for the installation.
	Installer bitrix.UserID
	// ApplicationToken proves that an event comes from this portal. Empty:
	// not learnt yet, and no event is believed.
	ApplicationToken bitrix.Secret
	// Installed is when it was installed first, Updated when last.
	Installed, Updated time.Time
	// Removed is when the application was removed. Zero: it is installed.
	Removed time.Time
	// Doubted is since when a removal is claimed that could not be checked, and
	// DoubtedClean tells that it asked to delete everything. Until that is
	// settled the portal counts as installed. Zero: nothing is in doubt.
	Doubted      time.Time
	DoubtedClean bool
	// EventSeen is when a genuine event of the portal arrived last. Zero: never.
	EventSeen time.Time
}

// Database is what a Store keeps everything in.
type Database struct {
	// Kind is "SQLite" or "PostgreSQL", Version its own.
	Kind, Version string
	// Took is how long a question took.
	Took time.Duration
	// Writable: something could be written.
	Writable bool
}

// Role tells on whose behalf a stored token acts.
type Role string

// The roles of tokens. One person may have a token in each.
const (
	// AsViewer tokens act for an employee in the pages they opened.
	AsViewer Role = "viewer"
	// AsInstallation tokens act for the installation; each portal has one.
	AsInstallation Role = "installation"
)

// TokenKey names one stored token pair.
type TokenKey struct {
	Member bitrix.MemberID
	Role   Role
	User   bitrix.UserID
}

// A Store answers with these about the renewal of a token pair.
var (
	// ErrLeased: somebody else, here or in another process, holds the lease.
	ErrLeased = errors.New("somebody else holds the lease")
	// ErrReplaced: another pair is kept by now, or none.
	ErrReplaced = errors.New("the token pair was replaced meanwhile")
)

// Lease is the right of one holder to trade the refresh token of a stored
// pair, which is good only once. It ends with the pair, or at its time: a
// holder that died keeps nobody waiting for ever.
type Lease struct {
	Key TokenKey
	// Token is the pair as it was kept when the lease began.
	Token bitrix.Token
	Until time.Time
	// Interrupted: the holder before this one never said how it ended, so the
	// refresh token may have been traded and the new pair lost.
	Interrupted bool
}

// Directory is a portal's staff as it was read, for those who search it.
type Directory struct {
	// Read is when the reading began. Zero: there is none.
	Read time.Time
	// Staff is what staff.Index.Encode wrote.
	Staff []byte
}

// Reading tells how the reading of a portal's staff stands. To the one who
// reads it is the right to, until a time.
type Reading struct {
	Member bitrix.MemberID
	// Read is when the Directory that is kept was read. Zero: none is.
	Read time.Time
	// People are how many were met so far by the reading that goes on.
	People int
	// Until is when its time is over. Zero: nobody reads.
	Until time.Time
}

// Store keeps registrations, installations, policies, tokens, habits, errands, squads, wishes,
// directories and journals. Its methods are safe for concurrent use, from several processes too. What one method changes, it
// changes in one transaction. Secrets are encrypted at rest and bound to their
// place.
type Store interface {
	// Installation returns what is kept of a portal, removed or not.
	// It fails with ErrNotInstalled when nothing is.
	Installation(ctx context.Context, member bitrix.MemberID) (Installation, error)
	// Installations returns all portals that are installed now, oldest first.
	Installations(ctx context.Context) ([]Installation, error)
	// SaveInstallation stores the portal together with the token that acts for
	// the installation, in place of what was kept of both. Tokens of viewers
	// stay, unless they belong to another ClientID. The first installation's
	// time stays, and no doubt does. The journal tells of it.
	SaveInstallation(ctx context.Context, i Installation, t bitrix.Token) error
	// SetApplicationToken replaces the application token of a portal.
	SetApplicationToken(ctx context.Context, member bitrix.MemberID, token bitrix.Secret) error
	// SetAddress replaces the addresses of a portal's pages and REST API. It
	// fails with ErrNotInstalled when the portal is not installed.
	SetAddress(ctx context.Context, member bitrix.MemberID, portal, endpoint string) error
	// Uninstall marks the portal as removed and deletes its tokens, its
	// application token, the habits, errands, squads and wishes of its people, and
	// its directory. The policy and the journal stay: whoever installs Joinline anew
	// must not thereby undo what an administrator forbade. It succeeds when nothing
	// is kept.
	Uninstall(ctx context.Context, member bitrix.MemberID, at time.Time) error
	// Doubt keeps that a removal is claimed since a time and what it asked for.
	// The zero time takes that back. Nothing changes where nothing is installed.
	Doubt(ctx context.Context, member bitrix.MemberID, since time.Time, clean bool) error
	// Forget deletes everything that is kept of the portal.
	Forget(ctx context.Context, member bitrix.MemberID) error

	// Registration returns the keys of an application. It fails with
	// ErrUnregistered when none are kept.
	Registration(ctx context.Context, clientID string) (Registration, error)
	// Registrations returns the keys of all applications, oldest first.
	Registrations(ctx context.Context) ([]Registration, error)
	// SaveRegistration stores the keys of an application in place of those
	// under its client id. The time of the first ones stays.
	SaveRegistration(ctx context.Context, r Registration) error
	// RemoveRegistration deletes the keys of an application, and everything
	// that is kept of portals on which it is installed. It fails with
	// ErrUnregistered when no keys are kept.
	RemoveRegistration(ctx context.Context, clientID string) error

	// SawEvent keeps when a genuine event of an installed portal arrived.
	SawEvent(ctx context.Context, member bitrix.MemberID, at time.Time) error

	// Ready fails when the database cannot answer.
	Ready(ctx context.Context) error
	// Database tells what the database is. Beside an error it tells what was
	// learnt until then: one that answers and is not Writable takes no changes.
	Database(ctx context.Context) (Database, error)

	// Token returns a token pair with the portal's Endpoint and Server. One
	// without a refresh token is dead once its access token has expired.
	// It fails with ErrNoToken when none is kept.
	Token(ctx context.Context, key TokenKey) (bitrix.Token, error)
	// SaveToken stores a token pair in place of the one under its key.
	// It fails with ErrNotInstalled when the portal is not installed.
	SaveToken(ctx context.Context, key TokenKey, t bitrix.Token) error

	// Habits returns what is kept of a person's habits; zero when nothing is.
	Habits(ctx context.Context, member bitrix.MemberID, user bitrix.UserID) (Habits, error)
	// ChangeHabits stores what change makes of a person's habits. Of changes at
	// the same time each sees what the one before it made. It fails with
	// ErrNotInstalled when the portal is not installed.
	ChangeHabits(ctx context.Context, member bitrix.MemberID, user bitrix.UserID, change func(*Habits)) error

	// SaveErrand keeps an errand, in place of those of the same person that are
	// too many or over when it begins. It fails with ErrNotInstalled when the
	// portal is not installed.
	SaveErrand(ctx context.Context, e Errand) error
	// Errand returns an errand, over or not; ErrNoErrand when none is kept.
	Errand(ctx context.Context, member bitrix.MemberID, id string) (Errand, error)

	// Policy returns a portal's policy; zero when none was saved.
	Policy(ctx context.Context, member bitrix.MemberID) (Policy, error)
	// SavePolicy keeps a policy in place of the one that has its Version, which
	// grows by one, and writes what that changes into the journal. It fails with
	// ErrPolicyChanged when another one is kept, and with ErrNotInstalled when the
	// portal is not installed.
	SavePolicy(ctx context.Context, member bitrix.MemberID, p Policy, changes []Entry) error

	// SaveSquad keeps a new squad. It fails with ErrTooManySquads when its owner
	// keeps MaxSquads already, and with ErrNotInstalled when the portal is not
	// installed.
	SaveSquad(ctx context.Context, q Squad) error
	// ChangeSquad keeps a squad in place of the one under its ID; ErrNoSquad when
	// that is not kept any more.
	ChangeSquad(ctx context.Context, q Squad) error
	// Squad returns a squad, whosever it is; ErrNoSquad when none is kept.
	Squad(ctx context.Context, member bitrix.MemberID, id string) (Squad, error)
	// Squads returns a person's squads and, if shared, those that others share;
	// MaxSquadsSeen of them at most, their own first.
	Squads(ctx context.Context, member bitrix.MemberID, user bitrix.UserID, shared bool) ([]Squad, error)
	// DropSquad deletes a squad. It succeeds when there is none.
	DropSquad(ctx context.Context, member bitrix.MemberID, id string) error

	// Directory returns the staff that was read last; zero when none was.
	Directory(ctx context.Context, member bitrix.MemberID) (Directory, error)
	// Reading tells how the reading of a portal's staff stands.
	Reading(ctx context.Context, member bitrix.MemberID) (Reading, error)
	// LeaseReading gives the caller alone the right to read a portal's staff,
	// until a time. It fails with ErrLeased while somebody else has it, and
	// where the portal is not installed.
	LeaseReading(ctx context.Context, member bitrix.MemberID, now, until time.Time) (Reading, error)
	// HoldReading prolongs that right and keeps how many people were met. It
	// fails with ErrLeased when the right was lost meanwhile.
	HoldReading(ctx context.Context, r Reading, people int, until time.Time) (Reading, error)
	// EndReading gives the right back. It does nothing when it was lost.
	EndReading(ctx context.Context, r Reading) error
	// SaveDirectory keeps a portal's staff in place of what was read before, and
	// ends the right to read. It fails with ErrLeased when that was lost.
	SaveDirectory(ctx context.Context, r Reading, d Directory) error

	// SaveWish keeps a wish in place of the one under its key, due at once, and
	// ends the lease on that. It fails with ErrNotInstalled when the portal is
	// not installed.
	SaveWish(ctx context.Context, w Wish) error
	// DropWish deletes a wish, leased or not. It succeeds when there is none.
	DropWish(ctx context.Context, key WishKey) error
	// Wishes returns the wishes of a person, leased or not, by chat.
	Wishes(ctx context.Context, member bitrix.MemberID, viewer bitrix.UserID) ([]Wish, error)
	// LeaseWishes gives the caller alone the right to carry out the wishes of one
	// person of whom one is due, until a time. It fails with ErrNoWish when none
	// is due that nobody holds.
	LeaseWishes(ctx context.Context, now, until time.Time) (WishLease, error)
	// KeepWish stores a wish that is held under the lease that ends at lease, when
	// it is due, and until when it is held on; zero ends that. It fails with
	// ErrWishTaken when it is not held under that lease.
	KeepWish(ctx context.Context, w Wish, lease, due, until time.Time) error
	// EndWish deletes a wish, if it is held under the lease that ends at lease.
	EndWish(ctx context.Context, key WishKey, lease time.Time) error

	// WriteEntries writes into the journals of portals, and gives each entry its
	// ID. Names that are not empty take the place of those heard before. It fails
	// with ErrNotInstalled when nothing is kept of a portal.
	WriteEntries(ctx context.Context, entries []Entry) error
	// AmendEntries puts what became known into entries that were written and not
	// settled: in each case the newest of the same kind, asker, chat and person
	// that was begun within some time before At. Where there is none, nothing is
	// written. By changes only together with OnBehalf. Where the entry says that
	// the portal agreed to add somebody whom the page did not show as a member,
	// which is ReasonUnconfirmed, OutcomeAlreadyIn without a reason becomes
	// OutcomeAdded.
	AmendEntries(ctx context.Context, entries []Entry, within time.Duration) error
	// NoteEntries marks that people were told of their adds to a chat, which the
	// asker began at a time or after it.
	NoteEntries(ctx context.Context, member bitrix.MemberID, asker bitrix.UserID, chat bitrix.ChatID, people []bitrix.UserID, since time.Time) error
	// Entries returns up to limit entries of a portal, removed or not, the newest
	// first: those before an ID, or the newest of all for 0. It fails with
	// ErrManyNames when more than a thousand people have the name looked for.
	Entries(ctx context.Context, member bitrix.MemberID, f EntryFilter, before int64, limit int) ([]Entry, error)
	// CountEntries counts entries by quarters of an hour, oldest first.
	CountEntries(ctx context.Context, member bitrix.MemberID, f EntryFilter) ([]EntryCount, error)
	// Called returns the people whom EntryFilter.Person means, never nil. It fails
	// with ErrManyNames when there are more than a thousand.
	Called(ctx context.Context, member bitrix.MemberID, text string) ([]bitrix.UserID, error)
	// Connectors returns the codes of those that entries of a portal speak of, with their names.
	Connectors(ctx context.Context, member bitrix.MemberID) (map[string]string, error)
	// PruneEntries deletes up to limit entries of a portal that were begun before
	// a time, and reports how many it deleted; when there is none left also the
	// names that were not heard since.
	PruneEntries(ctx context.Context, member bitrix.MemberID, before time.Time, limit int) (int, error)
	// Journals returns the portals of which something is kept, removed or not.
	Journals(ctx context.Context) ([]bitrix.MemberID, error)

	// LeaseToken gives the caller alone the right to renew a pair, until a
	// time. It fails with ErrLeased while another lease holds, and with
	// ErrNoToken when no pair is kept.
	LeaseToken(ctx context.Context, key TokenKey, now, until time.Time) (Lease, error)
	// EndLease gives the right back before its time. It does nothing when the
	// lease has ended.
	EndLease(ctx context.Context, l Lease) error
	// ReplaceToken stores renewed in place of old, and ends the lease on it.
	// It needs no lease: a holder that was too slow must still be able to save
	// what it got. Where another pair than old is kept, told by its access
	// token, nothing changes and the error is ErrReplaced.
	ReplaceToken(ctx context.Context, key TokenKey, old, renewed bitrix.Token) error
}
