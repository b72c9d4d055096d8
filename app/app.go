// Package app is what Joinline does, in the words of a Bitrix24 administrator:
// it is installed on a portal, shows which Open Channel chats a CRM item has,
// and adds colleagues to them.
//
// No HTML, HTTP or SQL belongs here, and no sentence for people: results are
// values and errors, and the pages find the words. What stands on the wire is
// the business of package bitrix, what rests on disk that of a Store.
//
// A visit runs in this order. [App.Open] proves a launch with one request to
// the portal and gives a [Visit]: who is asking, where, about which CRM item.
// Everything after that takes the Visit, so it is always plain on whose behalf
// Joinline acts: with the token of that person, who can do through Joinline
// only what the portal lets them do anyway.
package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/joinline/joinline/bitrix"
)

// The keys of what this package logs. Names of people, texts of messages and
// tokens are never logged.
const (
	KeyMember    = "member_id"
	KeyUser      = "user_id"
	KeyColleague = "colleague_id"
	KeyChat      = "chat_id"
	KeyItem      = "item"
	KeyEvent     = "event"
	KeyError     = "error"
	KeyState     = "state"
	KeyReason    = "reason"
	KeyPeople    = "people"
)

// App is Joinline. It is safe for concurrent use.
type App struct {
	cfg    Config
	store  Store
	bitrix *bitrix.Application
	log    *slog.Logger
	now    func() time.Time

	renewals singleflight.Group  // of token pairs
	renewing *semaphore.Weighted // as many as run; all of it once Finish was called

	shelf *shelf             // of directories
	loads singleflight.Group // of directories from the store

	present    *noticed
	rulings    *rulings
	connectors *connectors

	mu           sync.Mutex
	applications map[string]*bitrix.Application // those of the store, by client id; guarded by mu
	unsettled    []Entry                        // outcomes that the journal lacks; guarded by mu
}

// New returns Joinline as configured, keeping what it must remember in s and
// speaking to portals through b, the application of the configuration. Those
// that are registered in the store speak as b does, with keys of their own.
func New(cfg Config, s Store, b *bitrix.Application, log *slog.Logger) *App {
	return &App{cfg: cfg, store: s, bitrix: b, log: log, now: time.Now, renewing: semaphore.NewWeighted(maxRenewals), shelf: newShelf(), present: newNoticed(), rulings: newRulings(), connectors: &connectors{}}
}

// maxRenewals is more than can run at once.
const maxRenewals = 1 << 30

// Finish waits for the renewals of tokens that go on when nobody waits for them
// any more, and lets no other begin: a process that ended before the new pair
// is stored would lose it. Call it once, when requests are not served any more
// and before the store is closed. It fails when ctx ends first.
func (a *App) Finish(ctx context.Context) error {
	if err := a.renewing.Acquire(ctx, maxRenewals); err != nil {
		return fmt.Errorf("waiting for renewals of tokens: %w", err)
	}
	return nil
}

// Ready fails when Joinline cannot work: its database does not answer.
func (a *App) Ready(ctx context.Context) error { return a.store.Ready(ctx) }
