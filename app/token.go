package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// saveTimeout bounds the saving of a rotated pair, which goes on when the
// request that needed it is gone: the pair exists nowhere else.
const saveTimeout = 10 * time.Second

// kept is a bitrix.TokenSource over a token pair in the store. The store is
// asked before a refresh: another request or another process may have
// refreshed the same pair already, and a refresh token is good only once.
type kept struct {
	app *App
	key TokenKey

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
	k := &kept{app: a, key: TokenKey{v.Member, AsViewer, v.Viewer}}
	if _, err := k.read(ctx); err != nil {
		return bitrix.Viewer{}, err
	}
	return a.bitrix.Viewer(i.Endpoint, k), nil
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
	t, err := k.read(ctx)
	if err != nil || !t.Access.Equal(stale.Access) {
		return t, err
	}
	renewed, err := k.app.bitrix.Renewing(t, k.app.saver(k.key)).Renew(ctx, t)
	if errors.Is(err, bitrix.ErrInvalidGrant) {
		// Somebody was faster between our reading and our asking.
		if t, readErr := k.read(ctx); readErr == nil && !t.Access.Equal(stale.Access) {
			return t, nil
		}
	}
	if err != nil {
		return bitrix.Token{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.current = renewed
	return renewed, nil
}

// saver stores a rotated pair under key, and refuses one that the
// authorisation server made for somebody else. A zero user takes whom the
// server names; when it names nobody, nothing is stored yet.
func (a *App) saver(key TokenKey) bitrix.Saver {
	return func(ctx context.Context, _, renewed bitrix.Token) error {
		if renewed.MemberID != key.Member {
			return fmt.Errorf("%w: a refreshed token of another portal", ErrForged)
		}
		if key.User == 0 {
			key.User = renewed.UserID
		}
		if key.User == 0 {
			return nil
		}
		if renewed.UserID != 0 && renewed.UserID != key.User {
			return fmt.Errorf("%w: a refreshed token of another person", ErrForged)
		}
		return a.saveToken(ctx, key, renewed)
	}
}

func (a *App) saveToken(ctx context.Context, key TokenKey, t bitrix.Token) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	return a.store.SaveToken(ctx, key, t)
}
