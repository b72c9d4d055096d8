package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// querier is a database or a transaction.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Habits returns a person's habits; see app.Store.
func (s *Store) Habits(ctx context.Context, member bitrix.MemberID, user bitrix.UserID) (app.Habits, error) {
	h, err := s.readHabits(ctx, s.db, member, user)
	if err != nil {
		return app.Habits{}, fmt.Errorf("reading the habits of user %d on portal %s: %w", user, member, err)
	}
	return h, nil
}

func (s *Store) readHabits(ctx context.Context, q querier, member bitrix.MemberID, user bitrix.UserID) (h app.Habits, err error) {
	var sealed string
	err = q.QueryRowContext(ctx, `SELECT habits FROM habits WHERE member_id = $1 AND user_id = $2`, string(member), int64(user)).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return app.Habits{}, nil
	}
	if err != nil {
		return app.Habits{}, err
	}
	text, err := s.key.Open(sealed, placeOfHabits(member, user))
	if err != nil {
		return app.Habits{}, err
	}
	return h, json.Unmarshal([]byte(text), &h)
}

// ChangeHabits stores a person's changed habits; see app.Store.
func (s *Store) ChangeHabits(ctx context.Context, member bitrix.MemberID, user bitrix.UserID, change func(*app.Habits)) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := lockPortal(ctx, tx, member); err != nil {
			return err
		}
		h, err := s.readHabits(ctx, tx, member, user)
		if err != nil {
			return err
		}
		change(&h)
		text, err := json.Marshal(h)
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `INSERT INTO habits (member_id, user_id, habits)
			SELECT $1, $2, $3 FROM portals WHERE member_id = $1 AND removed_at = 0
			ON CONFLICT (member_id, user_id) DO UPDATE SET habits = excluded.habits`,
			string(member), int64(user), s.key.Seal(string(text), placeOfHabits(member, user)))
		if err != nil {
			return err
		}
		return oneRow(r, app.ErrNotInstalled)
	})
	if err != nil {
		return fmt.Errorf("saving the habits of user %d on portal %s: %w", user, member, err)
	}
	return nil
}

func placeOfHabits(member bitrix.MemberID, user bitrix.UserID) string {
	return habitsPlace(string(member), strconv.FormatInt(int64(user), 10))
}

func habitsPlace(member, user string) string { return "portal:" + member + "/" + user + "/habits" }
