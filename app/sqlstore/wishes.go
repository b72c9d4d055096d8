package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// SaveWish keeps a wish; see app.Store.
func (s *Store) SaveWish(ctx context.Context, w app.Wish) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := lockPortal(ctx, tx, w.Member); err != nil {
			return err
		}
		sealed, err := s.sealWish(w)
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `INSERT INTO wishes (member_id, user_id, chat_id, wish, until_at, due_at, lease_until)
			SELECT $1, $2, $3, $4, $5, 0, 0 FROM portals WHERE member_id = $1 AND removed_at = 0
			ON CONFLICT (member_id, user_id, chat_id) DO UPDATE SET wish = excluded.wish, until_at = excluded.until_at, due_at = 0, lease_until = 0`,
			string(w.Member), int64(w.Viewer), int64(w.Chat), sealed, micros(w.Until))
		if err != nil {
			return err
		}
		return oneRow(r, app.ErrNotInstalled)
	})
	return wishError("saving", w.WishKey, err)
}

// DropWish deletes a wish; see app.Store.
func (s *Store) DropWish(ctx context.Context, key app.WishKey) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM wishes WHERE member_id = $1 AND user_id = $2 AND chat_id = $3`,
		string(key.Member), int64(key.Viewer), int64(key.Chat))
	return wishError("dropping", key, err)
}

// Wishes returns the wishes of a person; see app.Store.
func (s *Store) Wishes(ctx context.Context, member bitrix.MemberID, viewer bitrix.UserID) ([]app.Wish, error) {
	all, err := s.readWishes(ctx, member, viewer, `lease_until >= $3`, 0)
	return all, wishError("reading", app.WishKey{Member: member, Viewer: viewer}, err)
}

// readWishes reads those wishes of a person for which a condition on $3 holds.
func (s *Store) readWishes(ctx context.Context, member bitrix.MemberID, viewer bitrix.UserID, condition string, value int64) (all []app.Wish, err error) {
	found, err := s.db.QueryContext(ctx, `SELECT chat_id, wish, until_at FROM wishes
		WHERE member_id = $1 AND user_id = $2 AND `+condition+` ORDER BY chat_id`, string(member), int64(viewer), value)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for found.Next() {
		w := app.Wish{WishKey: app.WishKey{Member: member, Viewer: viewer}}
		var (
			sealed string
			until  int64
		)
		if err := found.Scan((*int64)(&w.Chat), &sealed, &until); err != nil {
			return nil, err
		}
		text, err := s.key.Open(sealed, placeOfWish(w.WishKey))
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &w); err != nil {
			return nil, err
		}
		w.Until = moment(until)
		all = append(all, w)
	}
	return all, found.Err()
}

// LeaseWishes takes the lease on the wishes of one person; see app.Store.
func (s *Store) LeaseWishes(ctx context.Context, now, until time.Time) (l app.WishLease, err error) {
	for l.Until = until; len(l.Wishes) == 0 && err == nil; { // others may be faster than we are
		l.Wishes, l.Crowd, err = s.leaseWishes(ctx, now, until)
	}
	if err != nil && !errors.Is(err, app.ErrNoWish) {
		err = fmt.Errorf("leasing wishes: %w", err)
	}
	return l, err
}

func (s *Store) leaseWishes(ctx context.Context, now, until time.Time) (wishes []app.Wish, crowd int, err error) {
	var (
		member bitrix.MemberID
		viewer bitrix.UserID
	)
	err = s.db.QueryRowContext(ctx, `SELECT w.member_id, w.user_id FROM wishes w JOIN portals p ON p.member_id = w.member_id
		WHERE p.removed_at = 0 AND w.due_at <= $1 AND w.lease_until < $1 ORDER BY w.due_at, w.member_id, w.user_id LIMIT 1`,
		micros(now)).Scan((*string)(&member), (*int64)(&viewer))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, 0, app.ErrNoWish
	}
	if err != nil {
		return nil, 0, err
	}
	// All of this person's, due or not, so that one request looks at them. Of all
	// who try this, one changes the rows: that is the lock.
	r, err := s.db.ExecContext(ctx, `UPDATE wishes SET lease_until = $4 WHERE member_id = $1 AND user_id = $2 AND lease_until < $3`,
		string(member), int64(viewer), micros(now), micros(until))
	if err == nil {
		err = oneRow(r, app.ErrLeased)
	}
	if errors.Is(err, app.ErrLeased) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	// Should they not open, they are held all the same, and keep nobody's waiting.
	if wishes, err = s.readWishes(ctx, member, viewer, `lease_until = $3`, micros(until)); err != nil {
		return nil, 0, err
	}
	err = s.db.QueryRowContext(ctx, `SELECT COUNT(DISTINCT user_id) FROM wishes WHERE member_id = $1`, string(member)).Scan(&crowd)
	return wishes, crowd, err
}

// KeepWish changes a wish under a lease; see app.Store.
func (s *Store) KeepWish(ctx context.Context, w app.Wish, lease, due, until time.Time) error {
	sealed, err := s.sealWish(w)
	if err != nil {
		return err
	}
	r, err := s.db.ExecContext(ctx, `UPDATE wishes SET wish = $5, due_at = $6, lease_until = $7
		WHERE member_id = $1 AND user_id = $2 AND chat_id = $3 AND lease_until = $4`,
		string(w.Member), int64(w.Viewer), int64(w.Chat), micros(lease), sealed, micros(due), micros(until))
	if err == nil {
		err = oneRow(r, app.ErrWishTaken)
	}
	return wishError("keeping", w.WishKey, err)
}

// EndWish deletes a wish under a lease; see app.Store.
func (s *Store) EndWish(ctx context.Context, key app.WishKey, lease time.Time) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM wishes WHERE member_id = $1 AND user_id = $2 AND chat_id = $3 AND lease_until = $4`,
		string(key.Member), int64(key.Viewer), int64(key.Chat), micros(lease))
	return wishError("ending", key, err)
}

func (s *Store) sealWish(w app.Wish) (string, error) {
	text, err := json.Marshal(w)
	return s.key.Seal(string(text), placeOfWish(w.WishKey)), err
}

func wishError(doing string, key app.WishKey, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s a wish of user %d on portal %s: %w", doing, key.Viewer, key.Member, err)
}

func placeOfWish(key app.WishKey) string {
	return wishPlace(string(key.Member), strconv.FormatInt(int64(key.Viewer), 10), strconv.FormatInt(int64(key.Chat), 10))
}

func wishPlace(member, user, chat string) string {
	return "portal:" + member + "/" + user + "/wish:" + chat
}
