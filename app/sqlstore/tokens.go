package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// Token returns a token pair; see app.Store.
func (s *Store) Token(ctx context.Context, key app.TokenKey) (bitrix.Token, error) {
	row := s.db.QueryRowContext(ctx, `SELECT t.access_token, t.refresh_token, t.expires_at, t.scope, p.endpoint, p.server
		FROM tokens t JOIN portals p ON p.member_id = t.member_id
		WHERE t.member_id = $1 AND t.role = $2 AND t.user_id = $3 AND p.removed_at = 0`,
		string(key.Member), string(key.Role), int64(key.User))
	t := bitrix.Token{MemberID: key.Member, UserID: key.User}
	var (
		access, refresh, scope string
		expires                int64
	)
	err := row.Scan(&access, &refresh, &expires, &scope, &t.Endpoint, &t.Server)
	if errors.Is(err, sql.ErrNoRows) {
		return bitrix.Token{}, app.ErrNoToken
	}
	if err == nil {
		t.Access, err = s.openSecret(access, tokenPlace(key, "access_token"))
	}
	if err == nil {
		t.Refresh, err = s.openSecret(refresh, tokenPlace(key, "refresh_token"))
	}
	if err != nil {
		return bitrix.Token{}, fmt.Errorf("reading the token of user %d on portal %s: %w", key.User, key.Member, err)
	}
	t.Expiry = moment(expires)
	if scope != "" {
		t.Scope = strings.Fields(scope)
	}
	return t, nil
}

// SaveToken stores a token pair; see app.Store.
func (s *Store) SaveToken(ctx context.Context, key app.TokenKey, t bitrix.Token) error {
	if err := s.putToken(ctx, s.db, key, t); err != nil {
		return fmt.Errorf("saving the token of user %d on portal %s: %w", key.User, key.Member, err)
	}
	return nil
}

// execer is a database, or a transaction on it.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// putToken stores a pair only where the portal is installed in the same
// moment: a refresh that ends after the application was removed leaves nothing.
func (s *Store) putToken(ctx context.Context, db execer, key app.TokenKey, t bitrix.Token) error {
	r, err := db.ExecContext(ctx, `INSERT INTO tokens (member_id, role, user_id, access_token, refresh_token, expires_at, scope, saved_at)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM portals WHERE member_id = $1 AND removed_at = 0
		ON CONFLICT (member_id, role, user_id) DO UPDATE SET access_token = excluded.access_token,
		refresh_token = excluded.refresh_token, expires_at = excluded.expires_at, scope = excluded.scope, saved_at = excluded.saved_at`,
		string(key.Member), string(key.Role), int64(key.User),
		s.key.Seal(t.Access.Reveal(), tokenPlace(key, "access_token")),
		s.key.Seal(t.Refresh.Reveal(), tokenPlace(key, "refresh_token")),
		micros(t.Expiry), strings.Join(t.Scope, " "), micros(s.now()))
	if err != nil {
		return err
	}
	return oneRow(r)
}

// tokenPlace names the place a token is sealed for: a row copied to another
// portal, person or role does not open there.
func tokenPlace(key app.TokenKey, field string) string {
	return fmt.Sprintf("portal:%s/%s:%d/%s", key.Member, key.Role, key.User, field)
}

func (s *Store) openSecret(sealed, place string) (bitrix.Secret, error) {
	plain, err := s.key.Open(sealed, place)
	return bitrix.Secret(plain), err
}
