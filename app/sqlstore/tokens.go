package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// tokenRow is a row of tokens with what is needed to change only this row, and
// only as it stands.
type tokenRow struct {
	bitrix.Token
	sealedAccess string // differs whenever the pair does
	leaseUntil   int64
}

// Token returns a token pair; see app.Store.
func (s *Store) Token(ctx context.Context, key app.TokenKey) (bitrix.Token, error) {
	row, err := s.tokenRow(ctx, key)
	return row.Token, err
}

func (s *Store) tokenRow(ctx context.Context, key app.TokenKey) (tokenRow, error) {
	row := s.db.QueryRowContext(ctx, `SELECT t.access_token, t.refresh_token, t.expires_at, t.scope, t.lease_until, p.endpoint, p.server
		FROM tokens t JOIN portals p ON p.member_id = t.member_id
		WHERE t.member_id = $1 AND t.role = $2 AND t.user_id = $3 AND p.removed_at = 0`,
		string(key.Member), string(key.Role), int64(key.User))
	t := tokenRow{Token: bitrix.Token{MemberID: key.Member, UserID: key.User}}
	var (
		refresh, scope string
		expires        int64
	)
	err := row.Scan(&t.sealedAccess, &refresh, &expires, &scope, &t.leaseUntil, &t.Endpoint, &t.Server)
	if errors.Is(err, sql.ErrNoRows) {
		return tokenRow{}, app.ErrNoToken
	}
	if err == nil {
		t.Access, err = s.openSecret(t.sealedAccess, tokenPlace(key, "access_token"))
	}
	if err == nil {
		t.Refresh, err = s.openSecret(refresh, tokenPlace(key, "refresh_token"))
	}
	if err != nil {
		return tokenRow{}, fmt.Errorf("reading the token of user %d on portal %s: %w", key.User, key.Member, err)
	}
	t.Expiry = moment(expires)
	if scope != "" {
		t.Scope = strings.Fields(scope)
	}
	return t, nil
}

// SaveToken stores a token pair; see app.Store.
func (s *Store) SaveToken(ctx context.Context, key app.TokenKey, t bitrix.Token) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := lockPortal(ctx, tx, key.Member); err != nil {
			return err
		}
		return s.putToken(ctx, tx, key, t)
	})
	if err != nil {
		return fmt.Errorf("saving the token of user %d on portal %s: %w", key.User, key.Member, err)
	}
	return nil
}

// putToken stores a pair only where the portal is installed: a refresh that
// ends after the application was removed leaves nothing.
func (s *Store) putToken(ctx context.Context, tx *sql.Tx, key app.TokenKey, t bitrix.Token) error {
	r, err := tx.ExecContext(ctx, `INSERT INTO tokens (member_id, role, user_id, access_token, refresh_token, expires_at, scope, saved_at)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM portals WHERE member_id = $1 AND removed_at = 0
		ON CONFLICT (member_id, role, user_id) DO UPDATE SET access_token = excluded.access_token,
		refresh_token = excluded.refresh_token, expires_at = excluded.expires_at, scope = excluded.scope, saved_at = excluded.saved_at,
		lease_until = 0`,
		string(key.Member), string(key.Role), int64(key.User),
		s.key.Seal(t.Access.Reveal(), tokenPlace(key, "access_token")),
		s.key.Seal(t.Refresh.Reveal(), tokenPlace(key, "refresh_token")),
		micros(t.Expiry), strings.Join(t.Scope, " "), micros(s.now()))
	if err != nil {
		return err
	}
	return oneRow(r, app.ErrNotInstalled)
}

// tokenPlace names the place a token is sealed for: a row copied to another
// portal, person or role does not open there.
func tokenPlace(key app.TokenKey, field string) string {
	return placeOfToken(string(key.Member), string(key.Role), strconv.FormatInt(int64(key.User), 10), field)
}

func placeOfToken(member, role, user, field string) string {
	return "portal:" + member + "/" + role + ":" + user + "/" + field
}

func (s *Store) openSecret(sealed, place string) (bitrix.Secret, error) {
	plain, err := s.key.Open(sealed, place)
	return bitrix.Secret(plain), err
}
