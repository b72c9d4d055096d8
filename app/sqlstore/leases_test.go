package sqlstore_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/joinline/joinline/app"
)

// lease takes the lease on a pair for a minute from a moment on.
func lease(t *testing.T, s app.Store, key app.TokenKey, from time.Time) app.Lease {
	t.Helper()
	l, err := s.LeaseToken(t.Context(), key, from, from.Add(time.Minute))
	must(t, err)
	return l
}

func wantLeased(t *testing.T, s app.Store, key app.TokenKey, at time.Time) {
	t.Helper()
	if _, err := s.LeaseToken(t.Context(), key, at, at.Add(time.Minute)); !errors.Is(err, app.ErrLeased) {
		t.Errorf("LeaseToken = %v, want ErrLeased", err)
	}
}

func leases(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveToken(ctx, viewerKey(15), token(acme, 15, 1)))
	var got atomic.Int32
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			_, err := s.LeaseToken(ctx, viewerKey(15), moment, moment.Add(time.Duration(n+1)*time.Second))
			switch {
			case err == nil:
				got.Add(1)
			case !errors.Is(err, app.ErrLeased):
				t.Errorf("LeaseToken = %v", err)
			}
		})
	}
	group.Wait()
	if got.Load() != 1 {
		t.Errorf("%d got the lease, want one", got.Load())
	}
	must(t, s.SaveToken(ctx, viewerKey(15), token(acme, 15, 2))) // a new pair is nobody's
	l := lease(t, s, viewerKey(15), moment)
	if l.Key != viewerKey(15) || l.Token.Access.Reveal() != "access-15-2" || !l.Until.Equal(moment.Add(time.Minute)) || l.Interrupted {
		t.Errorf("got %+v", l)
	}
	wantLeased(t, s, viewerKey(15), moment)
	lease(t, s, installerKey, moment) // that is another pair
	must(t, s.EndLease(ctx, l))
	if l = lease(t, s, viewerKey(15), moment.Add(time.Second)); l.Interrupted {
		t.Error("a lease that was given back counts as left")
	}
	if _, err := s.LeaseToken(ctx, viewerKey(99), moment, moment); !errors.Is(err, app.ErrNoToken) {
		t.Errorf("LeaseToken = %v, want ErrNoToken", err)
	}
}

func leftLease(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	left := lease(t, s, installerKey, moment)
	wantLeased(t, s, installerKey, moment.Add(time.Minute))
	next := lease(t, s, installerKey, moment.Add(time.Minute+time.Second))
	if !next.Interrupted {
		t.Error("nobody learnt that the lease was left")
	}
	must(t, s.EndLease(ctx, left)) // too late: it is somebody else's
	wantLeased(t, s, installerKey, moment.Add(time.Minute+time.Second))
}

func replaced(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	l := lease(t, s, installerKey, moment)
	must(t, s.ReplaceToken(ctx, installerKey, token(acme, 1, 1), token(acme, 1, 2)))
	wantToken(t, s, installerKey, token(acme, 1, 2))
	if l = lease(t, s, installerKey, moment); l.Interrupted || l.Token.Access.Reveal() != "access-1-2" {
		t.Errorf("after a renewal: %+v", l)
	}
	for _, key := range []app.TokenKey{installerKey, viewerKey(15)} {
		if err := s.ReplaceToken(ctx, key, token(acme, key.User, 1), token(acme, key.User, 3)); !errors.Is(err, app.ErrReplaced) {
			t.Errorf("ReplaceToken = %v, want ErrReplaced", err)
		}
	}
	wantToken(t, s, installerKey, token(acme, 1, 2))
	wantNoToken(t, s, viewerKey(15))

	// Of two processes that renewed the same pair, both late, one is stored.
	var stored atomic.Int32
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			if err := s.ReplaceToken(ctx, installerKey, token(acme, 1, 2), token(acme, 1, 10+n)); err == nil {
				stored.Add(1)
			} else if !errors.Is(err, app.ErrReplaced) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if stored.Load() != 1 {
		t.Errorf("%d of eight took the place of one pair", stored.Load())
	}

	// A pair that is known to be dead can still be replaced by who renewed it.
	kept, err := s.Token(ctx, installerKey)
	must(t, err)
	dead := kept
	dead.Refresh = ""
	must(t, s.ReplaceToken(ctx, installerKey, kept, dead))
	must(t, s.ReplaceToken(ctx, installerKey, kept, token(acme, 1, 20)))
	wantToken(t, s, installerKey, token(acme, 1, 20))
	must(t, s.Uninstall(ctx, acme, moment))
	if err := s.ReplaceToken(ctx, installerKey, token(acme, 1, 20), token(acme, 1, 21)); !errors.Is(err, app.ErrReplaced) {
		t.Errorf("ReplaceToken on a removed portal = %v", err)
	}
	wantNoToken(t, s, installerKey)
}
