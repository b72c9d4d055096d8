// Package sqlstore keeps what Joinline must remember in an SQL database.
//
// All queries are portable: they use nothing that SQLite and PostgreSQL do not
// share. What differs is how a database is opened, and how processes that start
// together wait for each other. The schema is embedded and brought up to date
// at every start.
package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/pressly/goose/v3"
)

// ErrNewerSchema means that a newer Joinline has already changed the database.
var ErrNewerSchema = errors.New("the database was made by a newer version of Joinline")

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an app.Store on an SQL database. It is safe for concurrent use.
type Store struct {
	*engine
	key *app.Sealer
	now func() time.Time
}

var _ app.Store = (*Store)(nil)

// engine is an open database with what its kind decides.
type engine struct {
	db      *sql.DB
	dialect goose.Dialect
	// name tells an operator which database this is; it holds no secret.
	name string
	// lock keeps every other process from preparing the database until unlock.
	lock func(ctx context.Context) (unlock func() error, err error)
	// snapshot makes a transaction see the database as it was at its beginning.
	snapshot sql.IsolationLevel
	close    func() error
}

// Open opens a database and brings its schema up to date: the PostgreSQL
// database that address names as a postgres:// URL, or else the SQLite
// database in the file of that name, which is created when missing, readable
// for its owner only. Processes may open the same database at the same time.
// Values are sealed with key; a key other than the one that sealed what is
// there already fails with app.ErrWrongKey, a schema from the future with
// ErrNewerSchema. No error holds the password of the address.
func Open(ctx context.Context, address string, key *app.Sealer) (*Store, error) {
	e, err := connect(address)
	if err != nil {
		return nil, err
	}
	s := newStore(e, key)
	if err := e.exclusively(ctx, func() error { return s.prepare(ctx) }); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database %s: %w", e.name, err), e.close())
	}
	return s, nil
}

// ErrUnprepared means that no Joinline of this version has opened the database.
var ErrUnprepared = errors.New("this version of Joinline has not opened the database yet")

// OpenAsIs opens a database as Open does, but makes none and changes no schema:
// where Open would, it fails with ErrUnprepared.
func OpenAsIs(ctx context.Context, address string, key *app.Sealer) (*Store, error) {
	if _, err := os.Stat(address); errors.Is(err, fs.ErrNotExist) && !isPostgres(address) {
		return nil, ErrUnprepared
	}
	e, err := connect(address)
	if err != nil {
		return nil, err
	}
	s := newStore(e, key)
	if err := s.asIs(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database %s: %w", e.name, err), e.close())
	}
	return s, nil
}

// asIs fails where the schema is another one than this program's, or the key is.
func (s *Store) asIs(ctx context.Context) error {
	if err := s.db.PingContext(ctx); err != nil {
		return err
	}
	var version int64
	if err := s.db.QueryRowContext(ctx, `SELECT MAX(version_id) FROM goose_db_version`).Scan(&version); err != nil {
		return fmt.Errorf("%w: %w", ErrUnprepared, err)
	}
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	newest, err := goose.NumericComponent(files[len(files)-1])
	switch {
	case err != nil:
		return err
	case version > newest:
		return fmt.Errorf("%w: its schema has version %d", ErrNewerSchema, version)
	case version < newest:
		return ErrUnprepared
	}
	if err := s.checkKey(ctx); errors.Is(err, app.ErrWrongKey) {
		return err
	}
	return nil
}

func newStore(e *engine, key *app.Sealer) *Store { return &Store{engine: e, key: key, now: time.Now} }

func connect(address string) (*engine, error) {
	if isPostgres(address) {
		return connectPostgres(address)
	}
	return connectSQLite(address)
}

func isPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// exclusively runs do while no other process prepares the database.
func (e *engine) exclusively(ctx context.Context, do func() error) error {
	unlock, err := e.lock(ctx)
	if err != nil {
		return fmt.Errorf("waiting for other processes that start: %w", err)
	}
	return errors.Join(do(), unlock())
}

// Close closes the database.
func (s *Store) Close() error { return s.close() }

func (s *Store) prepare(ctx context.Context) error {
	m, err := s.schema(ctx)
	if err != nil {
		return err
	}
	if _, err := m.Up(ctx); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	return s.checkKey(ctx)
}

// schema is what changes the database's schema. Version is what it is now,
// newest what this program makes of it.
type schema struct {
	*goose.Provider
	version, newest int64
}

// schema reads the state of the database's schema. It fails with
// ErrNewerSchema when that is from the future.
func (e *engine) schema(ctx context.Context) (schema, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return schema{}, err
	}
	p, err := goose.NewProvider(e.dialect, e.db, files)
	if err != nil {
		return schema{}, fmt.Errorf("reading the migrations: %w", err)
	}
	sources := p.ListSources()
	m := schema{Provider: p, newest: sources[len(sources)-1].Version}
	if m.version, err = p.GetDBVersion(ctx); err != nil {
		return schema{}, fmt.Errorf("reading the schema's version: %w", err)
	}
	if m.version > m.newest {
		return schema{}, fmt.Errorf("%w: its schema has version %d", ErrNewerSchema, m.version)
	}
	return m, nil
}

// Ready asks the database something; see app.Store.
func (s *Store) Ready(ctx context.Context) error {
	var id int
	if err := s.db.QueryRowContext(ctx, `SELECT id FROM key_check`).Scan(&id); err != nil {
		return fmt.Errorf("asking the database: %w", err)
	}
	return nil
}

// Database asks the database what it is, and writes nothing new; see app.Store.
func (s *Store) Database(ctx context.Context) (app.Database, error) {
	d := app.Database{Kind: "SQLite"}
	ask := `SELECT sqlite_version()`
	if s.dialect == goose.DialectPostgres {
		d.Kind, ask = "PostgreSQL", `SELECT current_setting('server_version')`
	}
	began := time.Now()
	if err := s.db.QueryRowContext(ctx, ask).Scan(&d.Version); err != nil {
		return d, fmt.Errorf("asking the database: %w", err)
	}
	d.Version, _, _ = strings.Cut(d.Version, " ") // the rest names a package
	d.Took = time.Since(began)
	if _, err := s.db.ExecContext(ctx, `UPDATE key_check SET id = id`); err != nil {
		return d, fmt.Errorf("writing to the database: %w", err)
	}
	d.Writable = true
	return d, nil
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
