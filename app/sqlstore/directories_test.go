package sqlstore_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// keepDirectory stores a directory as whoever may read the staff does.
func keepDirectory(t *testing.T, s app.Store, member bitrix.MemberID, at time.Time, staff []byte) {
	t.Helper()
	r, err := s.LeaseReading(t.Context(), member, at, at.Add(time.Minute))
	must(t, err)
	must(t, s.SaveDirectory(t.Context(), r, app.Directory{Read: at, Staff: staff}))
}

func wantDirectory(t *testing.T, s app.Store, member bitrix.MemberID, at time.Time, staff []byte) {
	t.Helper()
	d, err := s.Directory(t.Context(), member)
	must(t, err)
	if !d.Read.Equal(at) || !bytes.Equal(d.Staff, staff) {
		t.Errorf("the directory of %s: %d bytes read at %v, want %d at %v", member, len(d.Staff), d.Read, len(staff), at)
	}
	r, err := s.Reading(t.Context(), member)
	must(t, err)
	if !r.Read.Equal(at) {
		t.Errorf("the reading of %s: %+v, want it read at %v", member, r, at)
	}
}

// large is more than one row keeps, and no text.
func large(seed uint64) []byte {
	staff := make([]byte, 1_500_000)
	rand.NewChaCha8([32]byte{byte(seed)}).Read(staff)
	return staff
}

func directories(t *testing.T, ctx context.Context, s app.Store) {
	if _, err := s.LeaseReading(ctx, acme, moment, moment.Add(time.Minute)); !errors.Is(err, app.ErrLeased) {
		t.Errorf("LeaseReading of an unknown portal = %v", err)
	}
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveInstallation(ctx, installation(other), token(other, 1, 1)))
	wantDirectory(t, s, acme, time.Time{}, nil)
	first, second := large(1), []byte("a smaller one")
	keepDirectory(t, s, acme, moment, first)
	wantDirectory(t, s, acme, moment, first)
	wantDirectory(t, s, other, time.Time{}, nil)
	keepDirectory(t, s, acme, moment.Add(time.Hour), second)
	wantDirectory(t, s, acme, moment.Add(time.Hour), second)
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 2)))
	wantDirectory(t, s, acme, moment.Add(time.Hour), second)
	keepDirectory(t, s, other, moment, first)
	must(t, s.Uninstall(ctx, acme, moment))
	wantDirectory(t, s, acme, time.Time{}, nil)
	must(t, s.Forget(ctx, other))
	wantDirectory(t, s, other, time.Time{}, nil)
	if _, err := s.LeaseReading(ctx, acme, moment, moment.Add(time.Minute)); !errors.Is(err, app.ErrLeased) {
		t.Errorf("LeaseReading of a removed portal = %v", err)
	}
}

func readings(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	var got atomic.Int32
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			_, err := s.LeaseReading(ctx, acme, moment, moment.Add(time.Duration(n+1)*time.Second))
			switch {
			case err == nil:
				got.Add(1)
			case !errors.Is(err, app.ErrLeased):
				t.Errorf("LeaseReading = %v", err)
			}
		})
	}
	group.Wait()
	if got.Load() != 1 {
		t.Errorf("%d may read, want one", got.Load())
	}
	slow, err := s.LeaseReading(ctx, acme, moment.Add(time.Minute), moment.Add(2*time.Minute))
	must(t, err)
	slow, err = s.HoldReading(ctx, slow, 2000, moment.Add(3*time.Minute))
	must(t, err)
	if r, err := s.Reading(ctx, acme); err != nil || r != slow || r.People != 2000 {
		t.Errorf("Reading = %+v, %v; want %+v", r, err, slow)
	}
	next, err := s.LeaseReading(ctx, acme, moment.Add(4*time.Minute), moment.Add(5*time.Minute))
	must(t, err)
	if _, err := s.HoldReading(ctx, slow, 4000, moment.Add(6*time.Minute)); !errors.Is(err, app.ErrLeased) {
		t.Errorf("HoldReading of a lost right = %v", err)
	}
	if err := s.SaveDirectory(ctx, slow, app.Directory{Read: moment, Staff: []byte("late")}); !errors.Is(err, app.ErrLeased) {
		t.Errorf("SaveDirectory of a lost right = %v", err)
	}
	must(t, s.EndReading(ctx, slow)) // which is not the one that holds now
	if _, err := s.LeaseReading(ctx, acme, moment.Add(4*time.Minute), moment.Add(7*time.Minute)); !errors.Is(err, app.ErrLeased) {
		t.Errorf("LeaseReading while somebody reads = %v", err)
	}
	must(t, s.EndReading(ctx, next))
	if r, err := s.Reading(ctx, acme); err != nil || r != (app.Reading{Member: acme}) {
		t.Errorf("after the end: %+v, %v", r, err)
	}
}

func TestPiecesOfADirectoryMovedElsewhereDoNotOpen(t *testing.T) {
	for name, move := range map[string]string{
		"to another portal":   `UPDATE directory_pieces SET member_id = '` + string(other) + `'`,
		"to another place":    `UPDATE directory_pieces SET number = number + 1`,
		"to another reading":  `UPDATE directory_pieces SET read_at = read_at + 1`,
		"with another's name": `UPDATE directory_pieces SET read_at = read_at + 1, member_id = '` + string(other) + `'`,
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, address string) {
				s := open(t, address, sealer(t))
				for _, member := range []bitrix.MemberID{acme, other} {
					must(t, s.SaveInstallation(t.Context(), installation(member), token(member, 1, 1)))
					keepDirectory(t, s, member, moment, []byte("of "+member))
				}
				raw(t, address, `DELETE FROM directory_pieces WHERE member_id = '`+string(other)+`'`)
				raw(t, address, move)
				raw(t, address, `UPDATE directories SET read_at = (SELECT MAX(read_at) FROM directory_pieces)`)
				for _, member := range []bitrix.MemberID{acme, other} {
					if d, err := s.Directory(t.Context(), member); len(d.Staff) > 0 || err != nil && !errors.Is(err, app.ErrWrongKey) {
						t.Errorf("%s reads %q, %v", member, d.Staff, err)
					}
				}
			})
		})
	}
}
