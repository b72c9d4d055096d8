package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/joinline/joinline/bitrix"
)

const (
	// saveTimeout bounds the saving of a rotated pair, which goes on when the
	// request that needed it is gone: the pair exists nowhere else.
	saveTimeout = 10 * time.Second
	// leaseTime is how long others wait for a process that died while it
	// renewed a pair. It is more than a renewal may take, its saving included.
	leaseTime = 45 * time.Second
	// renewTimeout bounds waiting for the lease and renewing.
	renewTimeout = 2 * leaseTime
)

// kept is a bitrix.TokenSource over a token pair in the store. A refresh token
// is good only once, so whoever needs a new pair first looks into the store,
// then takes the lease that it keeps for the pair, renews, and saves. Everybody
// else, in this process or another, waits and takes what was saved.
type kept struct {
	app    *App
	bitrix *bitrix.Application // that the pair belongs to
	key    TokenKey

	mu      sync.Mutex
	current bitrix.Token // guarded by mu
}

// viewer returns a client that acts as the person of the visit. It fails with
// ErrNotInstalled or ErrNoToken.
func (a *App) viewer(ctx context.Context, v Visit) (bitrix.Viewer, error) {
	i, err := a.installation(ctx, v.Member)
	if err != nil {
		return bitrix.Viewer{}, err
	}
	return a.viewerAt(ctx, i, v)
}

// viewerAt is viewer on a portal that was looked up already.
func (a *App) viewerAt(ctx context.Context, i home, v Visit) (bitrix.Viewer, error) {
	k := &kept{app: a, bitrix: i.bitrix, key: TokenKey{v.Member, AsViewer, v.Viewer}}
	if _, err := k.read(ctx); err != nil {
		return bitrix.Viewer{}, err
	}
	return i.bitrix.Viewer(i.Endpoint, k), nil
}

func (k *kept) read(ctx context.Context) (bitrix.Token, error) {
	t, err := k.app.store.Token(ctx, k.key)
	if err != nil {
		return bitrix.Token{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.current = t
	return t, nil
}

// Token returns the pair as last read.
func (k *kept) Token(context.Context) (bitrix.Token, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current, nil
}

// Renew returns the pair that stands in the store when it is not the stale
// one any more, and refreshes the stale one otherwise.
func (k *kept) Renew(ctx context.Context, stale bitrix.Token) (bitrix.Token, error) {
	t, err := k.app.renewed(ctx, k.bitrix, k.key, stale)
	if err != nil {
		return bitrix.Token{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.current = t
	return t, nil
}

// renewed returns the pair that follows the stale one. Everybody in this
// process who holds the same stale pair waits for one renewal, which goes on
// when nobody waits any more.
func (a *App) renewed(ctx context.Context, b *bitrix.Application, key TokenKey, stale bitrix.Token) (bitrix.Token, error) {
	name := fmt.Sprintf("%s/%s/%d/%s", key.Member, key.Role, key.User, stale.Access.Reveal())
	flight := a.renewals.DoChan(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewTimeout)
		defer cancel()
		return a.renew(ctx, b, key, stale)
	})
	select {
	case <-ctx.Done():
		return bitrix.Token{}, fmt.Errorf("renewing a token: %w", ctx.Err())
	case done := <-flight:
		return done.Val.(bitrix.Token), done.Err
	}
}

// renew waits until the stale pair was replaced or may be renewed here. Other
// processes renew too, so that what counts is only what the store holds.
func (a *App) renew(ctx context.Context, b *bitrix.Application, key TokenKey, stale bitrix.Token) (bitrix.Token, error) {
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 300*time.Millisecond) {
		t, err := a.store.Token(ctx, key)
		if err != nil || !t.Access.Equal(stale.Access) {
			return t, err
		}
		if t.Refresh == "" {
			return bitrix.Token{}, fmt.Errorf("%w: its refresh token was refused before", ErrNoToken)
		}
		if t, err = a.tryRenew(ctx, b, key, stale); !errors.Is(err, ErrLeased) {
			return t, err
		}
		select {
		case <-ctx.Done():
			return bitrix.Token{}, fmt.Errorf("%w: %w", err, ctx.Err())
		case <-time.After(wait/2 + rand.N(wait)):
		}
	}
}

// tryRenew renews the stale pair, unless somebody else holds the lease on it.
func (a *App) tryRenew(ctx context.Context, b *bitrix.Application, key TokenKey, stale bitrix.Token) (bitrix.Token, error) {
	if err := a.renewing.Acquire(ctx, 1); err != nil {
		return bitrix.Token{}, fmt.Errorf("renewing a token: %w", err)
	}
	defer a.renewing.Release(1)
	now := a.now()
	l, err := a.store.LeaseToken(ctx, key, now, now.Add(leaseTime))
	if err != nil {
		return bitrix.Token{}, err
	}
	return a.renewLeased(ctx, b, l, stale)
}

// renewLeased refreshes the pair of a lease, unless it is not the stale one
// any more, and ends the lease.
func (a *App) renewLeased(ctx context.Context, b *bitrix.Application, l Lease, stale bitrix.Token) (bitrix.Token, error) {
	defer a.endLease(ctx, l)
	if !l.Token.Access.Equal(stale.Access) {
		return l.Token, nil
	}
	if l.Interrupted {
		a.log.WarnContext(ctx, "a process ended while it renewed a token", KeyMember, l.Key.Member, KeyUser, l.Key.User)
	}
	_, err := b.Renewing(l.Token, a.replacer(l.Key)).Renew(ctx, l.Token)
	switch {
	case errors.Is(err, bitrix.ErrInvalidGrant):
		return a.bury(ctx, l, err)
	case err != nil:
		return bitrix.Token{}, err
	}
	return a.store.Token(ctx, l.Key)
}

// bury takes the refused refresh token out of the store: so every process knows
// that only the owner of the pair can bring a new one. It fails with the
// refusal, unless a process that was too slow for its lease has saved the pair
// it got for that refresh token: then that one is returned.
func (a *App) bury(ctx context.Context, l Lease, refusal error) (bitrix.Token, error) {
	dead := l.Token
	dead.Refresh = ""
	if err := a.replace(ctx, l.Key, l.Token, dead); err != nil {
		return bitrix.Token{}, errors.Join(refusal, err)
	}
	kept, err := a.store.Token(ctx, l.Key)
	if err == nil && !kept.Access.Equal(l.Token.Access) {
		return kept, nil
	}
	a.log.WarnContext(ctx, "a refresh token is dead", KeyMember, l.Key.Member, KeyUser, l.Key.User, "interrupted", l.Interrupted)
	return bitrix.Token{}, refusal
}

// endLease lets others renew at once. Where that fails they wait for its time.
func (a *App) endLease(ctx context.Context, l Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	if err := a.store.EndLease(ctx, l); err != nil {
		a.log.WarnContext(ctx, "a lease ends later than it could", KeyMember, l.Key.Member, KeyUser, l.Key.User, KeyError, err)
	}
}

// replacer stores a pair that was renewed under a lease.
func (a *App) replacer(key TokenKey) bitrix.Saver {
	return func(ctx context.Context, old, renewed bitrix.Token) error {
		if err := belongs(renewed, key); err != nil {
			return err
		}
		return a.replace(ctx, key, old, renewed)
	}
}

// replace leaves a pair alone that was saved meanwhile: that one is as good.
func (a *App) replace(ctx context.Context, key TokenKey, old, renewed bitrix.Token) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	if err := a.store.ReplaceToken(ctx, key, old, renewed); !errors.Is(err, ErrReplaced) {
		return err
	}
	return nil
}

// belongs refuses a pair that the authorisation server made for somebody else.
func belongs(t bitrix.Token, key TokenKey) error {
	switch {
	case t.MemberID != key.Member:
		return fmt.Errorf("%w: a refreshed token of another portal", ErrForged)
	case t.UserID != 0 && key.User != 0 && t.UserID != key.User:
		return fmt.Errorf("%w: a refreshed token of another person", ErrForged)
	}
	return nil
}

// saver stores the pair of a launch, which only this request holds, when it is
// rotated. A zero user of the key takes whom the server names; when it names
// nobody, nothing is stored yet.
func (a *App) saver(key TokenKey) bitrix.Saver {
	return func(ctx context.Context, _, renewed bitrix.Token) error {
		if err := belongs(renewed, key); err != nil {
			return err
		}
		key := key
		key.User = cmp.Or(key.User, renewed.UserID)
		if key.User == 0 {
			return nil
		}
		return a.saveToken(ctx, key, renewed)
	}
}

func (a *App) saveToken(ctx context.Context, key TokenKey, t bitrix.Token) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	return a.store.SaveToken(ctx, key, t)
}
