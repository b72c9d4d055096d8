// Package sqlitetest gives tests SQLite databases as a first start leaves them.
//
// The schema is made once in a test binary, then copied: to copy a file takes a
// small part of the time that the migrations take.
package sqlitetest

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
)

// File returns the path of a database of the test's own, for sqlstore.Open. It
// is empty, its schema is up to date, and no key has sealed anything in it yet.
// The file is gone when the test ends.
func File(tb testing.TB) string {
	tb.Helper()
	content, err := blank()
	if err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "joinline.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// blank is the content of such a file.
var blank = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "sqlitetest-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "joinline.db")
	if err := makeBlank(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func makeBlank(path string) error {
	key, err := app.NewSealer(app.NewKey())
	if err != nil {
		return err
	}
	s, err := sqlstore.Open(context.Background(), path, key)
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	_, err = db.Exec(`DELETE FROM key_check`)
	return errors.Join(err, db.Close()) // the last one to close it empties the log into the file
}
