package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/joinline/joinline/app"
)

// ErrNotEmpty means that a database to restore into holds something already.
var ErrNotEmpty = errors.New("the database is not empty")

// Restore reads what Backup wrote into the database that Open would open at
// address, whichever kind of database it came from. The database must be new
// or empty (ErrNotEmpty); nothing is left in it when the backup is cut short or
// changed (ErrBackup), sealed with other keys (app.ErrWrongKey), or made by a
// newer Joinline (ErrNewerSchema). A backup of an older one is brought up to
// date.
func Restore(ctx context.Context, address string, key *app.Sealer, r io.Reader) error {
	e, err := connect(address)
	if err != nil {
		return err
	}
	s := newStore(e, key)
	err = e.exclusively(ctx, func() error { return s.restore(ctx, newBackupReader(r)) })
	if err := errors.Join(err, e.close()); err != nil {
		return fmt.Errorf("restoring into the database %s: %w", e.name, err)
	}
	return nil
}

func (s *Store) restore(ctx context.Context, b *backupReader) error {
	m, err := s.schema(ctx)
	if err != nil {
		return err
	}
	header, err := b.header()
	switch {
	case err != nil:
		return err
	case header.Schema > m.newest:
		return fmt.Errorf("%w: the backup's schema has version %d", ErrNewerSchema, header.Schema)
	}
	if _, err := m.Up(ctx); err != nil {
		return err
	}
	if err := s.empty(ctx); err != nil {
		return err
	}
	// The rows fit the schema that they were read from.
	if _, err = m.DownTo(ctx, header.Schema); err == nil {
		err = s.write(ctx, func(tx *sql.Tx) error { return insertAll(ctx, tx, b, s.key) })
	}
	if _, upErr := m.Up(ctx); err != nil || upErr != nil {
		return errors.Join(err, upErr)
	}
	return s.checkKey(ctx)
}

// empty fails when any portal is kept.
func (s *Store) empty(ctx context.Context) error {
	for _, table := range tables {
		if table == "key_check" { // written at the first start
			continue
		}
		var rows int
		if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM `+table).Scan(&rows); err != nil {
			return err
		}
		if rows > 0 {
			return fmt.Errorf("%w: there are %d rows in its table %s", ErrNotEmpty, rows, table)
		}
	}
	return nil
}

// insertAll inserts all rows of a backup, and fails when it is not genuine.
func insertAll(ctx context.Context, tx *sql.Tx, b *backupReader, key *app.Sealer) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM key_check`); err != nil {
		return err
	}
	for {
		row, err := b.next(key)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = insert(ctx, tx, row)
		}
		if err != nil {
			return err
		}
	}
}

func insert(ctx context.Context, tx *sql.Tx, row backupRow) error {
	columns := slices.Sorted(maps.Keys(row.Row))
	var marks []string
	var values []any
	for i, column := range columns {
		marks = append(marks, fmt.Sprintf("$%d", i+1))
		value := row.Row[column]
		if n, ok := value.(json.Number); ok {
			value, _ = n.Int64() // checked when it was read
		}
		values = append(values, value)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO `+row.Table+` (`+strings.Join(columns, ", ")+`) VALUES (`+strings.Join(marks, ", ")+`)`, values...)
	if err != nil {
		return fmt.Errorf("a row of table %s: %w", row.Table, err)
	}
	return nil
}
