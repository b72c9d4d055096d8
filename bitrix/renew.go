package bitrix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// refreshTimeout bounds a refresh, whoever still waits for it.
	refreshTimeout = 30 * time.Second

	// maxRemembered bounds what is kept of finished refreshes.
	maxRemembered = 1 << 12
)

// renewal is the pair that a refresh token was traded for. It is kept because
// sources that still hold the old pair need the new one, and because a pair
// that could not be saved must not be lost.
type renewal struct {
	token Token
	saved bool
	asked bool // just now, so there is nothing newer whatever our clock says
}

// fresh reports whether the portal can be expected to take the access token.
func (r renewal) fresh() bool {
	return r.asked || r.token.Expiry.IsZero() || time.Now().Before(r.token.Expiry)
}

// renewing is the source behind [Application.Renewing].
type renewing struct {
	app  *Application
	save Saver

	mu    sync.Mutex
	token func() Token // guarded by mu
}

// Format hides the pair.
func (r *renewing) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// Token returns the pair without asking the clock: the portal decides what has
// expired, and a wrong clock would refresh at every call.
func (r *renewing) Token(context.Context) (Token, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.token(), nil
}

// Renew trades the pair that stale belongs to, unless that has been done.
func (r *renewing) Renew(ctx context.Context, stale Token) (Token, error) {
	r.mu.Lock()
	held := r.token()
	r.mu.Unlock()
	if held.Access != stale.Access {
		return held, nil
	}
	if held.Refresh == "" {
		return Token{}, ErrExpiredToken
	}
	renewed, err := r.app.shareRenewal(ctx, held, r.save)
	if err != nil {
		return Token{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.token().Access == held.Access {
		r.token = sealed(renewed)
	}
	return renewed, nil
}

// shareRenewal lets everybody who holds the same pair wait for one renewal. It
// goes on when nobody waits any more: a rotated pair must be saved.
func (a *Application) shareRenewal(ctx context.Context, old Token, save Saver) (Token, error) {
	// One flight for those who save and one for those who do not, so that no
	// saver is left out. Both share the refresh itself.
	key := string(old.MemberID) + "/" + old.Refresh.Reveal()
	if save != nil {
		key = "save/" + key
	}
	flight := a.flights.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTimeout)
		defer cancel()
		return a.renew(ctx, old, save)
	})
	select {
	case <-ctx.Done():
		return Token{}, fmt.Errorf("%w: %w", ErrUnreachable, ctx.Err())
	case done := <-flight:
		if done.Err != nil {
			return Token{}, done.Err
		}
		return done.Val.(Token), nil
	}
}

// renew follows old to the newest pair, refreshing and saving what is not yet.
func (a *Application) renew(ctx context.Context, old Token, save Saver) (Token, error) {
	for {
		next, err := a.traded(ctx, old)
		if err != nil {
			return Token{}, err
		}
		if save != nil && !next.saved {
			if err := save(ctx, old, next.token); err != nil {
				return Token{}, fmt.Errorf("saving the renewed token: %w", err)
			}
			a.remember(old, renewal{token: next.token, saved: true})
		}
		if next.fresh() {
			return next.token, nil
		}
		old = next.token
	}
}

// traded returns what the refresh token of old was traded for, trading it if
// that has not happened.
func (a *Application) traded(ctx context.Context, old Token) (renewal, error) {
	// The inner flight has the outer one's time limit and cannot be abandoned.
	got, err, _ := a.flights.Do("refresh/"+string(old.MemberID)+"/"+old.Refresh.Reveal(), func() (any, error) {
		a.mu.Lock()
		refused, done := a.refused[old.Refresh], a.renewed[old.Refresh]
		a.mu.Unlock()
		if refused != nil || done.token.Access != "" {
			return done, refused
		}
		t, err := a.Refresh(ctx, old)
		if err != nil {
			a.rememberRefusal(old, err)
			return renewal{}, err
		}
		a.remember(old, renewal{token: t})
		return renewal{token: t, asked: true}, nil
	})
	if err != nil {
		return renewal{}, err
	}
	return got.(renewal), nil
}

// remember keeps what old was traded for. When there is too much to keep, pairs
// that are stored elsewhere go first.
func (a *Application) remember(old Token, next renewal) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.renewed == nil {
		a.renewed = map[Secret]renewal{}
	}
	if len(a.renewed) >= maxRemembered {
		for key, r := range a.renewed {
			if r.saved || !r.fresh() {
				delete(a.renewed, key)
			}
		}
	}
	a.renewed[old.Refresh] = next
}

// rememberRefusal keeps err if it means that the refresh token will never be
// good again.
func (a *Application) rememberRefusal(old Token, err error) {
	if !errors.Is(err, ErrInvalidGrant) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refused == nil || len(a.refused) >= maxRemembered {
		a.refused = map[Secret]error{}
	}
	a.refused[old.Refresh] = err
}
