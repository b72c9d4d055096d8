package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// SaveSquad keeps a squad; see app.Store.
func (s *Store) SaveSquad(ctx context.Context, q app.Squad) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := lockPortal(ctx, tx, q.Member); err != nil {
			return err
		}
		var kept int
		err := tx.QueryRowContext(ctx, `SELECT count(*) FROM squads WHERE member_id = $1 AND user_id = $2`,
			string(q.Member), int64(q.Owner)).Scan(&kept)
		if err != nil {
			return err
		}
		if kept >= app.MaxSquads {
			return app.ErrTooManySquads
		}
		sealed, err := s.sealSquad(q)
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `INSERT INTO squads (member_id, id, user_id, shared, squad)
			SELECT $1, $2, $3, $4, $5 FROM portals WHERE member_id = $1 AND removed_at = 0`,
			string(q.Member), q.ID, int64(q.Owner), flag(q.Shared), sealed)
		if err != nil {
			return err
		}
		return oneRow(r, app.ErrNotInstalled)
	})
	if err != nil {
		return fmt.Errorf("saving a squad of user %d on portal %s: %w", q.Owner, q.Member, err)
	}
	return nil
}

// ChangeSquad keeps what became of a squad; see app.Store.
func (s *Store) ChangeSquad(ctx context.Context, q app.Squad) error {
	sealed, err := s.sealSquad(q)
	if err == nil {
		var r sql.Result
		r, err = s.db.ExecContext(ctx, `UPDATE squads SET shared = $3, squad = $4 WHERE member_id = $1 AND id = $2`,
			string(q.Member), q.ID, flag(q.Shared), sealed)
		if err == nil {
			err = oneRow(r, app.ErrNoSquad)
		}
	}
	if err != nil {
		return fmt.Errorf("changing a squad of user %d on portal %s: %w", q.Owner, q.Member, err)
	}
	return nil
}

func (s *Store) sealSquad(q app.Squad) (string, error) {
	text, err := json.Marshal(q)
	return s.key.Seal(string(text), squadPlace(string(q.Member), q.ID)), err
}

// Squad returns a squad; see app.Store.
func (s *Store) Squad(ctx context.Context, member bitrix.MemberID, id string) (app.Squad, error) {
	found, err := s.squads(ctx, member, `id = $2`, id)
	if err == nil && len(found) == 0 {
		return app.Squad{}, app.ErrNoSquad
	}
	if err != nil {
		return app.Squad{}, err
	}
	return found[0], nil
}

// Squads returns those of a person and perhaps those that are shared; see app.Store.
func (s *Store) Squads(ctx context.Context, member bitrix.MemberID, user bitrix.UserID, shared bool) ([]app.Squad, error) {
	return s.squads(ctx, member, `(user_id = $2 OR shared > 0 AND shared = $3)
		ORDER BY CASE WHEN user_id = $2 THEN 0 ELSE 1 END, id LIMIT $4`, int64(user), flag(shared), app.MaxSquadsSeen)
}

func (s *Store) squads(ctx context.Context, member bitrix.MemberID, which string, args ...any) (found []app.Squad, err error) {
	err = s.query(ctx, `SELECT id, user_id, shared, squad FROM squads WHERE member_id = $1 AND `+which, func(rows *sql.Rows) error {
		q := app.Squad{Member: member}
		var (
			shared int
			sealed string
		)
		if err := rows.Scan(&q.ID, (*int64)(&q.Owner), &shared, &sealed); err != nil {
			return err
		}
		text, err := s.key.Open(sealed, squadPlace(string(member), q.ID))
		if err == nil {
			err = json.Unmarshal([]byte(text), &q)
		}
		q.Shared = shared > 0
		found = append(found, q)
		return err
	}, append([]any{string(member)}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("reading squads on portal %s: %w", member, err)
	}
	return found, nil
}

// DropSquad deletes a squad; see app.Store.
func (s *Store) DropSquad(ctx context.Context, member bitrix.MemberID, id string) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM squads WHERE member_id = $1 AND id = $2`, string(member), id); err != nil {
		return fmt.Errorf("deleting a squad on portal %s: %w", member, err)
	}
	return nil
}

func squadPlace(member, id string) string { return "portal:" + member + "/squad:" + id }
