package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// connectSQLite opens a database in a file. Write-ahead logging lets readers
// and one writer work at once, in several processes of one machine.
func connectSQLite(path string) (*engine, error) {
	if err := touch(path); err != nil {
		return nil, fmt.Errorf("creating the database: %w", err)
	}
	// Without immediate transactions a read that turns into a write fails with
	// SQLITE_BUSY at once, whatever the timeout.
	db, err := sql.Open("sqlite", sqliteDSN(path, url.Values{
		"_pragma": {"journal_mode(wal)", "busy_timeout(5000)", "foreign_keys(1)", "synchronous(normal)"},
		"_txlock": {"immediate"},
	}))
	if err != nil {
		return nil, fmt.Errorf("opening the database %s: %w", path, err)
	}
	db.SetMaxOpenConns(8)
	lock := func(ctx context.Context) (func() error, error) { return lockSQLite(ctx, path) }
	return &engine{db: db, dialect: goose.DialectSQLite3, name: path, lock: lock, close: db.Close}, nil
}

func sqliteDSN(path string, query url.Values) string {
	dsn := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: query.Encode()}
	return dsn.String()
}

// lockSQLite takes the lock of an empty database beside the one to prepare.
// A lock on that one itself would stop the migrations too, which need
// transactions of their own. The lock ends with the process that holds it.
func lockSQLite(ctx context.Context, path string) (unlock func() error, err error) {
	path += ".lock"
	if err := touch(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", sqliteDSN(path, url.Values{"_pragma": {"busy_timeout(60000)"}, "_txlock": {"exclusive"}}))
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return func() error { return errors.Join(tx.Rollback(), db.Close()) }, nil
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
