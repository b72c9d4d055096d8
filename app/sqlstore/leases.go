package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// LeaseToken takes the lease on a pair; see app.Store.
func (s *Store) LeaseToken(ctx context.Context, key app.TokenKey, now, until time.Time) (app.Lease, error) {
	t, err := s.tokenRow(ctx, key)
	if err != nil {
		return app.Lease{}, err
	}
	if t.leaseUntil >= micros(now) {
		return app.Lease{}, app.ErrLeased
	}
	// Of all who read the same row, one changes it: that is the lock.
	r, err := s.db.ExecContext(ctx, `UPDATE tokens SET lease_until = $6
		WHERE member_id = $1 AND role = $2 AND user_id = $3 AND access_token = $4 AND lease_until = $5`,
		string(key.Member), string(key.Role), int64(key.User), t.sealedAccess, t.leaseUntil, micros(until))
	if err == nil {
		err = oneRow(r, app.ErrLeased)
	}
	if err != nil && !errors.Is(err, app.ErrLeased) {
		err = fmt.Errorf("leasing the token of user %d on portal %s: %w", key.User, key.Member, err)
	}
	return app.Lease{Key: key, Token: t.Token, Until: until, Interrupted: t.leaseUntil != 0}, err
}

// EndLease gives a lease back; see app.Store.
func (s *Store) EndLease(ctx context.Context, l app.Lease) error {
	// No two leases on a pair end at the same time: each begins after the end
	// of the one before it.
	_, err := s.db.ExecContext(ctx, `UPDATE tokens SET lease_until = 0
		WHERE member_id = $1 AND role = $2 AND user_id = $3 AND lease_until = $4`,
		string(l.Key.Member), string(l.Key.Role), int64(l.Key.User), micros(l.Until))
	if err != nil {
		return fmt.Errorf("ending the lease on the token of user %d on portal %s: %w", l.Key.User, l.Key.Member, err)
	}
	return nil
}

// ReplaceToken stores a renewed pair; see app.Store.
func (s *Store) ReplaceToken(ctx context.Context, key app.TokenKey, old, renewed bitrix.Token) error {
	err := s.replaceToken(ctx, key, old, renewed)
	if err != nil && !errors.Is(err, app.ErrReplaced) {
		err = fmt.Errorf("saving the renewed token of user %d on portal %s: %w", key.User, key.Member, err)
	}
	return err
}

func (s *Store) replaceToken(ctx context.Context, key app.TokenKey, old, renewed bitrix.Token) error {
	for {
		kept, err := s.tokenRow(ctx, key)
		if errors.Is(err, app.ErrNoToken) || err == nil && !kept.Access.Equal(old.Access) {
			return app.ErrReplaced
		}
		if err != nil {
			return err
		}
		r, err := s.db.ExecContext(ctx, `UPDATE tokens SET access_token = $5, refresh_token = $6, expires_at = $7, scope = $8,
			saved_at = $9, lease_until = 0 WHERE member_id = $1 AND role = $2 AND user_id = $3 AND access_token = $4`,
			string(key.Member), string(key.Role), int64(key.User), kept.sealedAccess,
			s.key.Seal(renewed.Access.Reveal(), tokenPlace(key, "access_token")),
			s.key.Seal(renewed.Refresh.Reveal(), tokenPlace(key, "refresh_token")),
			micros(renewed.Expiry), strings.Join(renewed.Scope, " "), micros(s.now()))
		if err != nil {
			return err
		}
		if oneRow(r, app.ErrReplaced) == nil {
			return nil
		} // the row has changed since it was read, or was sealed anew: look again
	}
}
