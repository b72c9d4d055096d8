package sqlstore_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

func wish(member bitrix.MemberID, viewer bitrix.UserID, chat bitrix.ChatID) app.Wish {
	return app.Wish{
		WishKey: app.WishKey{Member: member, Viewer: viewer, Chat: chat}, ItemName: "Deal “Chairs”", ChatName: "Ann Lee", Language: "ru",
		Item: bitrix.CRMItem{Type: bitrix.Deal, ID: 77}, Owner: bitrix.CRMItem{Type: bitrix.Contact, ID: 31},
		People: []app.Chosen{{ID: 22, Name: "Olga Sidorova"}}, Made: moment, Until: moment.Add(time.Hour),
	}
}

func wantWishes(t *testing.T, s app.Store, member bitrix.MemberID, viewer bitrix.UserID, want ...app.Wish) {
	t.Helper()
	got, err := s.Wishes(t.Context(), member, viewer)
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("wishes of user %d: %s", viewer, d)
	}
}

// leaseWishes takes the lease on what is due, and checks whose it is; nobody's for 0.
func leaseWishes(t *testing.T, s app.Store, now time.Time, viewer bitrix.UserID, chats ...bitrix.ChatID) app.WishLease {
	t.Helper()
	l, err := s.LeaseWishes(t.Context(), now, now.Add(time.Minute))
	if viewer == 0 && errors.Is(err, app.ErrNoWish) {
		return l
	}
	must(t, err)
	var got []bitrix.ChatID
	for _, w := range l.Wishes {
		if w.Viewer != viewer {
			t.Errorf("leased a wish of user %d, want %d", w.Viewer, viewer)
		}
		got = append(got, w.Chat)
	}
	if d := cmp.Diff(chats, got); d != "" {
		t.Errorf("leased chats: %s", d)
	}
	return l
}

func wishes(t *testing.T, ctx context.Context, s app.Store) {
	if err := s.SaveWish(ctx, wish(acme, 15, 1)); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("SaveWish of an unknown portal = %v", err)
	}
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveInstallation(ctx, installation(other), token(other, 1, 1)))
	must(t, s.SaveWish(ctx, wish(acme, 15, 1)))
	must(t, s.SaveWish(ctx, wish(acme, 15, 2)))
	must(t, s.SaveWish(ctx, wish(acme, 16, 1)))
	changed := wish(acme, 15, 1)
	changed.People = nil
	must(t, s.SaveWish(ctx, changed))
	wantWishes(t, s, acme, 15, changed, wish(acme, 15, 2))
	wantWishes(t, s, other, 15)
	must(t, s.DropWish(ctx, changed.WishKey))
	must(t, s.DropWish(ctx, changed.WishKey))
	wantWishes(t, s, acme, 15, wish(acme, 15, 2))
	wantWishes(t, s, acme, 16, wish(acme, 16, 1))
	must(t, s.Uninstall(ctx, acme, moment))
	wantWishes(t, s, acme, 15)
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 2)))
	must(t, s.SaveWish(ctx, wish(acme, 15, 1)))
	must(t, s.Forget(ctx, acme))
	wantWishes(t, s, acme, 15)
	leaseWishes(t, s, moment, 0)
}

func leasedWishes(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	leaseWishes(t, s, moment, 0)
	must(t, s.SaveWish(ctx, wish(acme, 15, 1)))
	must(t, s.SaveWish(ctx, wish(acme, 15, 2)))
	must(t, s.SaveWish(ctx, wish(acme, 16, 1)))
	l := leaseWishes(t, s, moment, 15, 1, 2)
	if l.Crowd != 2 {
		t.Errorf("%d people wait, want 2", l.Crowd)
	}
	leaseWishes(t, s, moment, 16, 1)
	leaseWishes(t, s, moment, 0) // both are held

	// One waits on, one is carried out, and one belongs to somebody else now.
	due := moment.Add(30 * time.Second)
	must(t, s.KeepWish(ctx, l.Wishes[0], l.Until, due, time.Time{}))
	must(t, s.EndWish(ctx, l.Wishes[1].WishKey, l.Until))
	wantWishes(t, s, acme, 15, wish(acme, 15, 1))
	if err := s.KeepWish(ctx, l.Wishes[0], l.Until, due, time.Time{}); !errors.Is(err, app.ErrWishTaken) {
		t.Errorf("KeepWish after the lease = %v", err)
	}
	leaseWishes(t, s, due.Add(-time.Microsecond), 0)
	l = leaseWishes(t, s, due, 15, 1)

	// Made anew while it is held: the holder has lost it.
	must(t, s.SaveWish(ctx, wish(acme, 15, 1)))
	if err := s.KeepWish(ctx, l.Wishes[0], l.Until, due, l.Until); !errors.Is(err, app.ErrWishTaken) {
		t.Errorf("KeepWish of a wish made anew = %v", err)
	}
	must(t, s.EndWish(ctx, l.Wishes[0].WishKey, l.Until))
	wantWishes(t, s, acme, 15, wish(acme, 15, 1))

	// A holder that died keeps nobody waiting for ever.
	leaseWishes(t, s, due, 15, 1)
	leaseWishes(t, s, due.Add(time.Hour), 15, 1)
	leaseWishes(t, s, due.Add(time.Hour), 16, 1)
}

func wishesAtOnce(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	for user := bitrix.UserID(10); user < 14; user++ {
		must(t, s.SaveWish(ctx, wish(acme, user, 1)))
		must(t, s.SaveWish(ctx, wish(acme, user, 2)))
	}
	var held atomic.Int64
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			for {
				l, err := s.LeaseWishes(ctx, moment, moment.Add(time.Minute+time.Duration(n)*time.Second))
				if errors.Is(err, app.ErrNoWish) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				held.Add(int64(len(l.Wishes)))
			}
		})
	}
	group.Wait()
	if held.Load() != 8 {
		t.Errorf("8 wishes were given out %d times", held.Load())
	}
}

func TestAWishMovedElsewhereDoesNotOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		s := open(t, address, sealer(t))
		must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
		must(t, s.SaveWish(t.Context(), wish(acme, 15, 1)))
		raw(t, address, `UPDATE wishes SET user_id = 1`) // to be carried out with another person's token
		if l, err := s.LeaseWishes(t.Context(), moment, moment.Add(time.Minute)); !errors.Is(err, app.ErrWrongKey) {
			t.Errorf("leased %+v, %v", l, err)
		}
		must(t, s.SaveWish(t.Context(), wish(acme, 15, 2))) // which does not wait for that one
		leaseWishes(t, s, moment, 15, 2)
	})
}
