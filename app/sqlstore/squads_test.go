package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

func squad(member bitrix.MemberID, owner bitrix.UserID, id string) app.Squad {
	return app.Squad{
		ID: id, Member: member, Owner: owner, By: "Ivan Petrov", Name: "Delivery",
		People: []app.Chosen{{ID: 22, Name: "Olga Sidorova", Position: "Lawyer"}, {ID: 23, Name: "Pavel Orlov"}},
	}
}

func shared(q app.Squad) app.Squad {
	q.Shared = true
	return q
}

func wantSquad(t *testing.T, s app.Store, want app.Squad) {
	t.Helper()
	got, err := s.Squad(t.Context(), want.Member, want.ID)
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("squad %s: %s", want.ID, d)
	}
}

func wantNoSquad(t *testing.T, s app.Store, member bitrix.MemberID, id string) {
	t.Helper()
	if got, err := s.Squad(t.Context(), member, id); !errors.Is(err, app.ErrNoSquad) {
		t.Errorf("squad %s: %+v, %v; want ErrNoSquad", id, got, err)
	}
}

func squads(t *testing.T, ctx context.Context, s app.Store) {
	if err := s.SaveSquad(ctx, squad(acme, 15, "one")); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("SaveSquad of an unknown portal = %v", err)
	}
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveInstallation(ctx, installation(other), token(other, 1, 1)))
	must(t, s.SaveSquad(ctx, squad(acme, 15, "one")))
	wantSquad(t, s, squad(acme, 15, "one"))
	wantNoSquad(t, s, other, "one")
	changed := shared(squad(acme, 15, "one"))
	changed.Name = "Another"
	must(t, s.ChangeSquad(ctx, changed))
	wantSquad(t, s, changed)
	must(t, s.DropSquad(ctx, other, "one"))
	wantSquad(t, s, changed)
	must(t, s.DropSquad(ctx, acme, "one"))
	wantNoSquad(t, s, acme, "one")
	must(t, s.DropSquad(ctx, acme, "one"))
	if err := s.ChangeSquad(ctx, changed); !errors.Is(err, app.ErrNoSquad) {
		t.Errorf("ChangeSquad of a deleted squad = %v", err)
	}
	wantNoSquad(t, s, acme, "one") // a change does not bring it back

	must(t, s.SaveSquad(ctx, squad(acme, 15, "two")))
	must(t, s.Uninstall(ctx, acme, moment))
	wantNoSquad(t, s, acme, "two")
	if err := s.SaveSquad(ctx, squad(acme, 15, "two")); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("SaveSquad of a removed portal = %v", err)
	}
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 2)))
	must(t, s.SaveSquad(ctx, squad(acme, 15, "two")))
	must(t, s.Forget(ctx, acme))
	wantNoSquad(t, s, acme, "two")
}

func seenSquads(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveInstallation(ctx, installation(other), token(other, 1, 1)))
	for _, q := range []app.Squad{
		squad(acme, 15, "d-own"), shared(squad(acme, 15, "c-shared")), squad(acme, 22, "b-another's"), shared(squad(acme, 22, "a-another's")), shared(squad(other, 22, "elsewhere")),
	} {
		must(t, s.SaveSquad(ctx, q))
	}
	for _, c := range []struct {
		user   bitrix.UserID
		shared bool
		want   []string
	}{
		{15, true, []string{"c-shared", "d-own", "a-another's"}}, {15, false, []string{"c-shared", "d-own"}},
		{40, true, []string{"a-another's", "c-shared"}}, {40, false, nil},
	} {
		found, err := s.Squads(ctx, acme, c.user, c.shared)
		must(t, err)
		var ids []string
		for _, q := range found {
			ids = append(ids, q.ID)
		}
		if !slices.Equal(ids, c.want) {
			t.Errorf("user %d sees %q, want %q", c.user, ids, c.want)
		}
	}
	for n := range app.MaxSquads {
		must(t, s.SaveSquad(ctx, squad(acme, 16, fmt.Sprint(n))))
	}
	if err := s.SaveSquad(ctx, squad(acme, 16, "too many")); !errors.Is(err, app.ErrTooManySquads) {
		t.Errorf("one too many: %v", err)
	}
	must(t, s.ChangeSquad(ctx, shared(squad(acme, 16, "0"))))
	wantNoSquad(t, s, acme, "too many")
}

func TestASquadMovedElsewhereDoesNotOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		s := open(t, address, sealer(t))
		must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
		must(t, s.SaveInstallation(t.Context(), installation(other), token(other, 1, 1)))
		must(t, s.SaveSquad(t.Context(), squad(acme, 15, "one")))
		raw(t, address, `UPDATE squads SET member_id = '`+string(other)+`'`)
		if q, err := s.Squad(t.Context(), other, "one"); !errors.Is(err, app.ErrWrongKey) {
			t.Errorf("another portal reads %+v, %v", q, err)
		}
	})
}
