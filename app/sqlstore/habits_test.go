package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

func wantHabits(t *testing.T, s app.Store, member bitrix.MemberID, user bitrix.UserID, want app.Habits) {
	t.Helper()
	got, err := s.Habits(t.Context(), member, user)
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("habits of user %d: %s", user, d)
	}
}

func habits(t *testing.T, ctx context.Context, s app.Store) {
	set := func(h app.Habits) func(*app.Habits) { return func(old *app.Habits) { *old = h } }
	mine := app.Habits{Ways: app.Ways{Notify: true}, Texts: []string{"“why”\n[b]", "Почему"}, Told: []string{"a", "b"}}
	if err := s.ChangeHabits(ctx, acme, 15, set(mine)); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("ChangeHabits of an unknown portal = %v", err)
	}
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveInstallation(ctx, installation(other), token(other, 1, 1)))
	wantHabits(t, s, acme, 15, app.Habits{})
	must(t, s.ChangeHabits(ctx, acme, 15, set(mine)))
	must(t, s.ChangeHabits(ctx, acme, 16, set(app.Habits{Texts: []string{"another's"}})))
	wantHabits(t, s, acme, 15, mine)
	wantHabits(t, s, other, 15, app.Habits{})
	must(t, s.ChangeHabits(ctx, acme, 15, func(h *app.Habits) { h.Line, h.Texts = true, h.Texts[:1] }))
	mine.Line, mine.Texts = true, mine.Texts[:1]
	wantHabits(t, s, acme, 15, mine)
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 2)))
	wantHabits(t, s, acme, 15, mine)

	must(t, s.Uninstall(ctx, acme, moment))
	wantHabits(t, s, acme, 15, app.Habits{})
	if err := s.ChangeHabits(ctx, acme, 15, set(mine)); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("ChangeHabits of a removed portal = %v", err)
	}
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 3)))
	must(t, s.ChangeHabits(ctx, acme, 15, set(mine)))
	must(t, s.Forget(ctx, acme))
	wantHabits(t, s, acme, 15, app.Habits{})
}

func habitsAtOnce(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	var group sync.WaitGroup
	for n := range 12 {
		group.Go(func() {
			if err := s.ChangeHabits(ctx, acme, 15, func(h *app.Habits) { h.Told = append(h.Told, fmt.Sprint(n)) }); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if h, err := s.Habits(ctx, acme, 15); err != nil || len(h.Told) != 12 {
		t.Errorf("kept %v, %v", h.Told, err)
	}
}

func TestHabitsMovedToAnotherPersonDoNotOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		s := open(t, address, sealer(t))
		must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
		must(t, s.SaveInstallation(t.Context(), installation(other), token(other, 1, 1)))
		must(t, s.ChangeHabits(t.Context(), acme, 15, func(h *app.Habits) { h.Texts = []string{"check the date"} }))
		raw(t, address, `UPDATE habits SET user_id = 16`)
		if h, err := s.Habits(t.Context(), acme, 16); !errors.Is(err, app.ErrWrongKey) {
			t.Errorf("another person reads %+v, %v", h, err)
		}
		raw(t, address, `UPDATE habits SET user_id = 15, member_id = '`+string(other)+`'`)
		if h, err := s.Habits(t.Context(), other, 15); !errors.Is(err, app.ErrWrongKey) {
			t.Errorf("another portal reads %+v, %v", h, err)
		}
	})
}
