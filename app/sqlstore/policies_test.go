package sqlstore_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// policy is one that uses every field.
func policy(version int64) app.Policy {
	return app.Policy{
		Version: version, Changed: moment, By: 1, ByName: "Anna Belova",
		Hidden:       []bitrix.ItemType{bitrix.Lead},
		Adders:       []app.Access{{Code: "DR4", Name: "Sales “[b]"}, {Code: "U7"}},
		Barred:       []app.Access{{Code: "D9", Name: "Склад"}},
		ConfirmAbove: 5, NoteRequired: true, Ways: &app.Ways{Notify: true}, JournalDays: 90, Delegated: true,
	}
}

func wantPolicy(t *testing.T, s app.Store, member bitrix.MemberID, want app.Policy) {
	t.Helper()
	got, err := s.Policy(t.Context(), member)
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("policy of portal %s: %s", member, d)
	}
}

func policies(t *testing.T, ctx context.Context, s app.Store) {
	if err := s.SavePolicy(ctx, acme, policy(0), nil); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("SavePolicy of an unknown portal = %v", err)
	}
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveInstallation(ctx, installation(other), token(other, 1, 1)))
	wantPolicy(t, s, acme, app.Policy{})
	must(t, s.SavePolicy(ctx, acme, policy(0), nil))
	wantPolicy(t, s, acme, policy(1))
	wantPolicy(t, s, other, app.Policy{})
	for _, version := range []int64{0, 2, -1} {
		if err := s.SavePolicy(ctx, acme, app.Policy{Version: version}, nil); !errors.Is(err, app.ErrPolicyChanged) {
			t.Errorf("SavePolicy in place of version %d = %v", version, err)
		}
	}
	wantPolicy(t, s, acme, policy(1))
	must(t, s.SavePolicy(ctx, acme, app.Policy{Version: 1}, nil))
	wantPolicy(t, s, acme, app.Policy{Version: 2})
	must(t, s.SavePolicy(ctx, acme, policy(2), nil))
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 2)))
	wantPolicy(t, s, acme, policy(3))

	must(t, s.Uninstall(ctx, acme, moment))
	if err := s.SavePolicy(ctx, acme, policy(3), nil); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("SavePolicy of a removed portal = %v", err)
	}
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 3)))
	wantPolicy(t, s, acme, policy(3)) // to install anew undoes nothing
	must(t, s.SavePolicy(ctx, acme, policy(3), nil))
	must(t, s.Forget(ctx, acme))
	wantPolicy(t, s, acme, app.Policy{})
}

func policiesAtOnce(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	var group sync.WaitGroup
	var saved atomic.Int32
	for n := range 12 {
		group.Go(func() {
			switch err := s.SavePolicy(ctx, acme, app.Policy{ConfirmAbove: n + 1}, nil); {
			case err == nil:
				saved.Add(1)
			case !errors.Is(err, app.ErrPolicyChanged):
				t.Error(err)
			}
		})
	}
	group.Wait()
	if p, err := s.Policy(ctx, acme); err != nil || saved.Load() != 1 || p.Version != 1 {
		t.Errorf("%d were saved in place of the same version; kept %+v, %v", saved.Load(), p, err)
	}
}

func TestAPolicyMovedToAnotherPortalDoesNotOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		s := open(t, address, sealer(t))
		must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
		must(t, s.SaveInstallation(t.Context(), installation(other), token(other, 1, 1)))
		must(t, s.SavePolicy(t.Context(), acme, policy(0), nil))
		raw(t, address, `UPDATE policies SET member_id = '`+string(other)+`'`)
		if p, err := s.Policy(t.Context(), other); !errors.Is(err, app.ErrWrongKey) {
			t.Errorf("another portal reads %+v, %v", p, err)
		}
	})
}
