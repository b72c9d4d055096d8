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

// Policy returns a portal's policy; see app.Store.
func (s *Store) Policy(ctx context.Context, member bitrix.MemberID) (app.Policy, error) {
	p, err := s.readPolicy(ctx, member)
	if err != nil {
		return app.Policy{}, fmt.Errorf("reading the policy of portal %s: %w", member, err)
	}
	return p, nil
}

func (s *Store) readPolicy(ctx context.Context, member bitrix.MemberID) (p app.Policy, err error) {
	var sealed string
	err = s.db.QueryRowContext(ctx, `SELECT version, policy FROM policies WHERE member_id = $1`, string(member)).Scan(&p.Version, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return app.Policy{}, nil
	}
	if err != nil {
		return p, err
	}
	text, err := s.key.Open(sealed, policyPlace(string(member)))
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal([]byte(text), &p)
}

// SavePolicy stores a portal's policy; see app.Store.
func (s *Store) SavePolicy(ctx context.Context, member bitrix.MemberID, p app.Policy, changes []app.Entry) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := lockPortal(ctx, tx, member); err != nil {
			return err
		}
		var version int64
		err := tx.QueryRowContext(ctx, `SELECT COALESCE(q.version, 0) FROM portals p LEFT JOIN policies q ON q.member_id = p.member_id
			WHERE p.member_id = $1 AND p.removed_at = 0`, string(member)).Scan(&version)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return app.ErrNotInstalled
		case err != nil:
			return err
		case version != p.Version:
			return app.ErrPolicyChanged
		}
		text, err := json.Marshal(p)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO policies (member_id, version, policy) VALUES ($1, $2, $3)
			ON CONFLICT (member_id) DO UPDATE SET version = excluded.version, policy = excluded.policy`,
			string(member), version+1, s.key.Seal(string(text), policyPlace(string(member))))
		if err != nil {
			return err
		}
		return s.writeEntries(ctx, tx, changes)
	})
	if err != nil {
		return fmt.Errorf("saving the policy of portal %s: %w", member, err)
	}
	return nil
}

func policyPlace(member string) string { return "portal:" + member + "/policy" }
