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

// sealedTable is a table with sealed columns. The key check comes last: until
// everything else is sealed anew, a start with the new key alone is refused.
type sealedTable struct {
	name string
	key  []string // columns that name a row
	// sealed are the sealed columns, place what the value of a row is sealed for.
	sealed []string
	place  func(key []string, column string) string
}

var sealedTables = []sealedTable{
	{"portals", []string{"member_id"}, []string{"application_token"},
		func(key []string, _ string) string { return portalPlace(bitrix.MemberID(key[0])) }},
	{"tokens", []string{"member_id", "role", "user_id"}, []string{"access_token", "refresh_token"},
		func(key []string, column string) string { return placeOfToken(key[0], key[1], key[2], column) }},
	{"habits", []string{"member_id", "user_id"}, []string{"habits"},
		func(key []string, _ string) string { return habitsPlace(key[0], key[1]) }},
	{"errands", []string{"member_id", "id"}, []string{"errand"},
		func(key []string, _ string) string { return errandPlace(key[0], key[1]) }},
	{"squads", []string{"member_id", "id"}, []string{"squad"},
		func(key []string, _ string) string { return squadPlace(key[0], key[1]) }},
	{"directory_pieces", []string{"member_id", "read_at", "number"}, []string{"piece"},
		func(key []string, _ string) string { return piecePlace(key[0], key[1], key[2]) }},
	{"wishes", []string{"member_id", "user_id", "chat_id"}, []string{"wish"},
		func(key []string, _ string) string { return wishPlace(key[0], key[1], key[2]) }},
	{"journal_names", []string{"member_id", "about"}, []string{"name"},
		func(key []string, _ string) string { return namePlace(key[0], key[1]) }},
	{"policies", []string{"member_id"}, []string{"policy"},
		func(key []string, _ string) string { return policyPlace(key[0]) }},
	{"registrations", []string{"client_id"}, []string{"client_secret"},
		func(key []string, _ string) string { return registrationPlace(key[0]) }},
	{"key_check", []string{"id"}, []string{"sealed"},
		func([]string, string) string { return keyCheckPlace }},
}

// ErrOldKey means that another process still seals with an older key.
var ErrOldKey = errors.New("a running Joinline still seals with an older key: restart it with the new key first, and rotate again")

// Rotate seals anew, with the first of the keys, everything that was sealed
// with another one, and returns how many values that were. Others may read and
// write meanwhile, if they have both keys; ErrOldKey means that one of them
// keeps sealing with an older one. Cut short, it can be run again.
func (s *Store) Rotate(ctx context.Context) (int, error) {
	total := 0
	for range 5 { // what others seal meanwhile is found by the next round
		changed := 0
		for _, t := range sealedTables {
			n, err := s.rotateTable(ctx, t)
			total, changed = total+n, changed+n
			if err != nil {
				return total, fmt.Errorf("sealing table %s anew: %w", t.name, err)
			}
		}
		if changed == 0 {
			return total, nil
		}
	}
	return total, ErrOldKey
}

func (s *Store) rotateTable(ctx context.Context, t sealedTable) (changed int, err error) {
	for _, column := range t.sealed {
		rows, err := s.olderRows(ctx, t, column)
		if err != nil {
			return changed, err
		}
		for _, key := range rows {
			n, err := s.sealAnew(ctx, t, column, key)
			changed += n
			if err != nil {
				return changed, err
			}
		}
	}
	return changed, nil
}

// olderRows returns the keys of the rows in which a column was sealed with
// another key than the newest. The values are left where they are: together
// they may be large.
func (s *Store) olderRows(ctx context.Context, t sealedTable, column string) (all [][]any, err error) {
	err = s.query(ctx, `SELECT substr(`+column+`, 1, 9), `+strings.Join(t.key, ", ")+` FROM `+t.name, func(rows *sql.Rows) error {
		var number string
		key, targets := make([]any, len(t.key)), []any{&number}
		for i := range key {
			targets = append(targets, &key[i])
		}
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		if !s.key.Newest(number) {
			all = append(all, key)
		}
		return nil
	})
	return all, err
}

// sealAnew seals one value with the newest key. What was replaced meanwhile is
// left to the next round.
func (s *Store) sealAnew(ctx context.Context, t sealedTable, column string, key []any) (changed int, err error) {
	var where, names []string
	for i, name := range t.key {
		where = append(where, fmt.Sprintf("%s = $%d", name, i+1))
		names = append(names, fmt.Sprint(key[i]))
	}
	row := ` WHERE ` + strings.Join(where, " AND ")
	var sealed string
	err = s.db.QueryRowContext(ctx, `SELECT `+column+` FROM `+t.name+row, key...).Scan(&sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	plain, err := s.key.Open(sealed, t.place(names, column))
	if err != nil {
		return 0, err
	}
	n := len(key)
	_, err = s.db.ExecContext(ctx, fmt.Sprintf(`UPDATE %s SET %s = $%d%s AND %s = $%d`, t.name, column, n+1, row, column, n+2),
		append(key, s.key.Seal(plain, t.place(names, column)), sealed)...)
	if err != nil {
		return 0, err
	}
	return 1, nil
}

// query calls each for every row of an answer.
func (s *Store) query(ctx context.Context, query string, each func(rows *sql.Rows) error, args ...any) error {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

const (
	keyCheckText  = "joinline"
	keyCheckPlace = "key_check"
)

// checkKey seals a known text at the first start. At every start it makes sure
// that the keys open everything: a key that is missing shall be noticed now,
// not when the token that it sealed is needed.
func (s *Store) checkKey(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO key_check (id, sealed) VALUES (1, $1) ON CONFLICT (id) DO NOTHING`,
		s.key.Seal(keyCheckText, keyCheckPlace))
	if err != nil {
		return fmt.Errorf("writing the key check: %w", err)
	}
	var sealed string
	if err := s.db.QueryRowContext(ctx, `SELECT sealed FROM key_check WHERE id = 1`).Scan(&sealed); err != nil {
		return fmt.Errorf("reading the key check: %w", err)
	}
	if _, err := s.key.Open(sealed, keyCheckPlace); err != nil {
		return fmt.Errorf("the database was sealed with another secret key, which must be among those given: %w", err)
	}
	for _, t := range sealedTables {
		for _, column := range t.sealed {
			if err := s.checkColumn(ctx, t.name, column); err != nil {
				return fmt.Errorf("table %s: %w", t.name, err)
			}
		}
	}
	return nil
}

// checkColumn compares the numbers of the keys that a column was sealed with.
func (s *Store) checkColumn(ctx context.Context, table, column string) error {
	return s.query(ctx, `SELECT DISTINCT substr(`+column+`, 1, 9) FROM `+table, func(rows *sql.Rows) error {
		var number string
		if err := rows.Scan(&number); err != nil {
			return err
		}
		if !s.key.Knows(number) {
			return fmt.Errorf("%w: some were sealed with key %.8q, which must be among those given", app.ErrWrongKey, number)
		}
		return nil
	})
}
