package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// far is a moment that no test lives to see.
var far = moment.AddDate(100, 0, 0)

func errand(member bitrix.MemberID, by bitrix.UserID, id string) app.Errand {
	return app.Errand{
		ID: id, Member: member, By: by, Name: "Ivan Petrov", Until: far,
		Item: bitrix.CRMItem{Type: bitrix.Deal, ID: 77}, Owner: bitrix.CRMItem{Type: bitrix.Contact, ID: 31}, Chat: 1763,
		People: []app.Chosen{{ID: 22, Name: "Olga Sidorova", Position: "Lawyer"}},
	}
}

func wantErrand(t *testing.T, s app.Store, want app.Errand) {
	t.Helper()
	got, err := s.Errand(t.Context(), want.Member, want.ID)
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("errand %s: %s", want.ID, d)
	}
}

func wantNoErrand(t *testing.T, s app.Store, member bitrix.MemberID, id string) {
	t.Helper()
	if got, err := s.Errand(t.Context(), member, id); !errors.Is(err, app.ErrNoErrand) {
		t.Errorf("errand %s: %+v, %v; want ErrNoErrand", id, got, err)
	}
}

func errands(t *testing.T, ctx context.Context, s app.Store) {
	if err := s.SaveErrand(ctx, errand(acme, 15, "one")); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("SaveErrand of an unknown portal = %v", err)
	}
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveInstallation(ctx, installation(other), token(other, 1, 1)))
	must(t, s.SaveErrand(ctx, errand(acme, 15, "one")))
	wantErrand(t, s, errand(acme, 15, "one"))
	wantNoErrand(t, s, other, "one")
	wantNoErrand(t, s, acme, "two")
	must(t, s.Uninstall(ctx, acme, moment))
	wantNoErrand(t, s, acme, "one")
	if err := s.SaveErrand(ctx, errand(acme, 15, "one")); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("SaveErrand of a removed portal = %v", err)
	}
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 2)))
	must(t, s.SaveErrand(ctx, errand(acme, 15, "one")))
	must(t, s.Forget(ctx, acme))
	wantNoErrand(t, s, acme, "one")
}

func manyErrands(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	over := errand(acme, 16, "over")
	over.Until = moment // long ago
	must(t, s.SaveErrand(ctx, over))
	must(t, s.SaveErrand(ctx, errand(acme, 16, "another's")))
	wantNoErrand(t, s, acme, "over")
	for n := range app.MaxErrands + 2 {
		e := errand(acme, 15, fmt.Sprint(n))
		e.Until = far.Add(time.Duration(n) * time.Minute)
		must(t, s.SaveErrand(ctx, e))
	}
	for _, gone := range []string{"0", "1"} {
		wantNoErrand(t, s, acme, gone)
	}
	for n := 2; n < app.MaxErrands+2; n++ {
		if _, err := s.Errand(ctx, acme, fmt.Sprint(n)); err != nil {
			t.Errorf("errand %d: %v", n, err)
		}
	}
	wantErrand(t, s, errand(acme, 16, "another's"))
}

func TestAnErrandMovedElsewhereDoesNotOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		s := open(t, address, sealer(t))
		must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
		must(t, s.SaveInstallation(t.Context(), installation(other), token(other, 1, 1)))
		must(t, s.SaveErrand(t.Context(), errand(acme, 15, "one")))
		raw(t, address, `UPDATE errands SET member_id = '`+string(other)+`'`)
		if e, err := s.Errand(t.Context(), other, "one"); !errors.Is(err, app.ErrWrongKey) {
			t.Errorf("another portal reads %+v, %v", e, err)
		}
	})
}
