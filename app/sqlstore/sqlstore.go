// Package sqlstore keeps what Joinline must remember in an SQL database.
//
// All queries are portable: they use nothing that SQLite and PostgreSQL do not
// share. What differs between databases is how one is opened. The schema is
// embedded and brought up to date at every start.
package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// ErrNewerSchema means that a newer Joinline has already changed the database.
var ErrNewerSchema = errors.New("the database was made by a newer version of Joinline")

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an app.Store on an SQL database. It is safe for concurrent use.
type Store struct {
	db  *sql.DB
	key *app.Sealer
	now func() time.Time
}

var _ app.Store = (*Store)(nil)

// Open opens the SQLite database in the file path and brings its schema up to
// date. A missing file is created, readable for its owner only. Values are
// sealed with key; a key other than the one that sealed what is there already
// fails with app.ErrWrongKey, a schema from the future with ErrNewerSchema.
func Open(ctx context.Context, path string, key *app.Sealer) (*Store, error) {
	if err := touch(path); err != nil {
		return nil, fmt.Errorf("creating the database: %w", err)
	}
	// Without immediate transactions a read that turns into a write fails with
	// SQLITE_BUSY at once, whatever the timeout.
	query := url.Values{
		"_pragma": {"journal_mode(wal)", "busy_timeout(5000)", "foreign_keys(1)", "synchronous(normal)"},
		"_txlock": {"immediate"},
	}
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("opening the database %s: %w", path, err)
	}
	db.SetMaxOpenConns(8)
	s := &Store{db: db, key: key, now: time.Now}
	if err := s.prepare(ctx, goose.DialectSQLite3); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database %s: %w", path, err), db.Close())
	}
	return s, nil
}

// touch makes sure that the file exists and was created for its owner alone:
// SQLite would create it for everybody whom the umask lets in.
func touch(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

func (s *Store) prepare(ctx context.Context, dialect goose.Dialect) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, s.db, files)
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	have, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("reading the schema version: %w", err)
	}
	if sources := p.ListSources(); have > sources[len(sources)-1].Version {
		return fmt.Errorf("%w: its schema has version %d", ErrNewerSchema, have)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	return s.checkKey(ctx)
}

const keyCheckText = "joinline"

// checkKey seals a known text at the first start and opens it at every other.
func (s *Store) checkKey(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO key_check (id, sealed) VALUES (1, $1) ON CONFLICT (id) DO NOTHING`,
		s.key.Seal(keyCheckText, "key_check"))
	if err != nil {
		return fmt.Errorf("writing the key check: %w", err)
	}
	var sealed string
	if err := s.db.QueryRowContext(ctx, `SELECT sealed FROM key_check WHERE id = 1`).Scan(&sealed); err != nil {
		return fmt.Errorf("reading the key check: %w", err)
	}
	if _, err := s.key.Open(sealed, "key_check"); err != nil {
		return fmt.Errorf("the database was sealed with another secret key: %w", err)
	}
	return nil
}

// write runs change in one transaction.
func (s *Store) write(ctx context.Context, change func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := change(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}
