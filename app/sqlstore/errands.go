package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// SaveErrand keeps an errand; see app.Store.
func (s *Store) SaveErrand(ctx context.Context, e app.Errand) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := lockPortal(ctx, tx, e.Member); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM errands WHERE member_id = $1 AND (until_at < $2 OR id IN
			(SELECT id FROM errands WHERE member_id = $1 AND user_id = $3 ORDER BY until_at DESC, id LIMIT $4 OFFSET $5))`,
			string(e.Member), micros(s.now()), int64(e.By), app.MaxErrands, app.MaxErrands-1)
		if err != nil {
			return err
		}
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `INSERT INTO errands (member_id, id, user_id, errand, until_at)
			SELECT $1, $2, $3, $4, $5 FROM portals WHERE member_id = $1 AND removed_at = 0`,
			string(e.Member), e.ID, int64(e.By), s.key.Seal(string(text), errandPlace(string(e.Member), e.ID)), micros(e.Until))
		if err != nil {
			return err
		}
		return oneRow(r, app.ErrNotInstalled)
	})
	if err != nil {
		return fmt.Errorf("saving an errand of user %d on portal %s: %w", e.By, e.Member, err)
	}
	return nil
}

// Errand returns an errand; see app.Store.
func (s *Store) Errand(ctx context.Context, member bitrix.MemberID, id string) (app.Errand, error) {
	e := app.Errand{ID: id, Member: member}
	var (
		sealed string
		until  int64
	)
	err := s.db.QueryRowContext(ctx, `SELECT user_id, errand, until_at FROM errands WHERE member_id = $1 AND id = $2`,
		string(member), id).Scan((*int64)(&e.By), &sealed, &until)
	if errors.Is(err, sql.ErrNoRows) {
		return app.Errand{}, app.ErrNoErrand
	}
	var text string
	if err == nil {
		text, err = s.key.Open(sealed, errandPlace(string(member), id))
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &e)
	}
	if err != nil {
		return app.Errand{}, fmt.Errorf("reading an errand on portal %s: %w", member, err)
	}
	e.Until = moment(until)
	return e, nil
}

func errandPlace(member, id string) string { return "portal:" + member + "/errand:" + id }
