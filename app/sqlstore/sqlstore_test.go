package sqlstore_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/app/sqlstore/pgtest"
	"github.com/joinline/joinline/bitrix"
)

// startEnv tells a process of this test binary to open the database of that
// address with startKey, as a start of Joinline does, and to end.
const (
	startEnv = "JOINLINE_TEST_START"
	startKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(startEnv); address != "" {
		s, err := sqlstore.Open(context.Background(), address, keyedBy(startKey))
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(pgtest.Main(m))
}

// keyedBy is the sealer of a key that stands in this file.
func keyedBy(text string) *app.Sealer {
	key, err := app.ParseKey(text)
	if err != nil {
		panic(err)
	}
	s, err := app.NewSealer(key)
	if err != nil {
		panic(err)
	}
	return s
}

func sealer(t *testing.T) *app.Sealer {
	t.Helper()
	s, err := app.NewSealer(app.NewKey())
	must(t, err)
	return s
}

func open(t *testing.T, address string, key *app.Sealer) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), address, key)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// engines give the address of an empty database of each kind.
var engines = map[string]func(t *testing.T) string{
	"SQLite":     func(t *testing.T) string { return filepath.Join(t.TempDir(), "joinline.db") },
	"PostgreSQL": func(t *testing.T) string { return pgtest.URL(t) },
}

// onBoth runs a test on an empty database of each kind.
func onBoth(t *testing.T, test func(t *testing.T, address string)) {
	for name, address := range engines {
		t.Run(name, func(t *testing.T) { test(t, address(t)) })
	}
}

// behind opens the database behind the back of the store.
func behind(t *testing.T, address string) *sql.DB {
	t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(address, "postgres:") {
		driver = "pgx"
	}
	db, err := sql.Open(driver, address)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// raw carries out a statement behind the back of the store.
func raw(t *testing.T, address, statement string) {
	t.Helper()
	_, err := behind(t, address).ExecContext(t.Context(), statement)
	must(t, err)
}

// column reads texts behind the back of the store.
func column(t *testing.T, address, query string) (texts []string) {
	t.Helper()
	found, err := behind(t, address).QueryContext(t.Context(), query)
	must(t, err)
	defer found.Close()
	for found.Next() {
		var text string
		must(t, found.Scan(&text))
		texts = append(texts, text)
	}
	must(t, found.Err())
	return texts
}

func TestConformance(t *testing.T) {
	for name, address := range engines {
		t.Run(name, func(t *testing.T) {
			conformance(t, func(t *testing.T) app.Store { return open(t, address(t), sealer(t)) })
		})
	}
}

func TestTheDatabaseOutlivesTheProcess(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		key := sealer(t)
		s := open(t, address, key)
		must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
		must(t, s.Close())
		wantToken(t, open(t, address, key), installerKey, token(acme, 1, 1))
	})
}

func TestAnyNameMayBeTheDatabases(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new folder", "100% of?it#.db")
	must(t, open(t, path, sealer(t)).Close())
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestProcessesMayStartAtOnceOnAnEmptyDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				process := exec.CommandContext(t.Context(), os.Args[0])
				process.Env = append(os.Environ(), startEnv+"="+address)
				if output, err := process.CombinedOutput(); err != nil {
					t.Errorf("a process: %v\n%s", err, output)
				}
			})
		}
		group.Wait()
		s := open(t, address, keyedBy(startKey))
		must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
		if versions := column(t, address, `SELECT CAST(version_id AS TEXT) FROM goose_db_version ORDER BY id`); !slices.Equal(versions, migrated(t)) {
			t.Errorf("the migrations ran as %v, want each once and in order", versions)
		}
	})
}

// migrated are the versions of all migrations, in order, behind goose's own 0.
func migrated(t *testing.T) []string {
	t.Helper()
	versions := []string{"0"}
	files, err := os.ReadDir("migrations")
	must(t, err)
	for _, file := range files {
		number, _, _ := strings.Cut(file.Name(), "_")
		versions = append(versions, strings.TrimLeft(number, "0"))
	}
	return versions
}

func TestManyMayStartAtOnceOnAnEmptyDatabase(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		key := sealer(t)
		var group sync.WaitGroup
		for user := bitrix.UserID(10); user < 16; user++ {
			group.Go(func() {
				s, err := sqlstore.Open(t.Context(), address, key)
				if err != nil {
					t.Error(err)
					return
				}
				defer s.Close()
				if err := s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)); err != nil {
					t.Error(err)
				}
				if err := s.SaveToken(t.Context(), viewerKey(user), token(acme, user, 1)); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		s := open(t, address, key)
		for user := bitrix.UserID(10); user < 16; user++ {
			wantToken(t, s, viewerKey(user), token(acme, user, 1))
		}
	})
}

func TestTheFilesAreTheOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "joinline.db"), sealer(t))
	must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
	must(t, s.SaveErrand(t.Context(), errand(acme, 15, "one")))
	must(t, s.SaveWish(t.Context(), wish(acme, 15, 1)))
	files, err := os.ReadDir(dir)
	must(t, err)
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

func TestNoSecretRestsInPlainText(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "joinline.db"), sealer(t))
	must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
	must(t, s.SaveToken(t.Context(), viewerKey(15), token(acme, 15, 1)))
	must(t, s.SaveRegistration(t.Context(), registration("local.1")))
	must(t, s.ChangeHabits(t.Context(), acme, 15, func(h *app.Habits) { h.Texts = []string{"check the date"} }))
	keepDirectory(t, s, acme, moment, []byte("Olga Sidorova"))
	files, err := os.ReadDir(dir)
	must(t, err)
	var all []byte
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		must(t, err)
		all = append(all, b...)
	}
	for _, secret := range []string{"access-1-1", "refresh-1-1", "access-15-1", "refresh-15-1", "application-token", "secret of", "check the date", "Olga Sidorova", "Ann Lee"} {
		if bytes.Contains(all, []byte(secret)) {
			t.Errorf("%s stands in the files", secret)
		}
	}
	if !bytes.Contains(all, []byte(acme)) {
		t.Error("the files hold no data at all: this test looked in the wrong place")
	}
}

func TestAWrongKeyIsRefusedAtTheStartAndLosesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		key := sealer(t)
		s := open(t, address, key)
		must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
		must(t, s.Close())
		if _, err := sqlstore.Open(t.Context(), address, sealer(t)); !errors.Is(err, app.ErrWrongKey) {
			t.Fatalf("Open = %v, want ErrWrongKey", err)
		}
		wantToken(t, open(t, address, key), installerKey, token(acme, 1, 1))
	})
}

func TestARowMovedElsewhereDoesNotOpen(t *testing.T) {
	for name, change := range map[string]string{
		"to another portal": `UPDATE tokens SET member_id = '` + string(other) + `' WHERE role = 'viewer'`,
		"to another person": `UPDATE tokens SET user_id = 1 WHERE role = 'viewer'`,
		"to another role":   `UPDATE tokens SET role = 'installation' WHERE user_id = 15`,
		"to another column": `UPDATE tokens SET access_token = refresh_token WHERE role = 'viewer'`,
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, address string) { moved(t, address, change) })
		})
	}
}

func moved(t *testing.T, address, change string) {
	s := open(t, address, sealer(t))
	must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
	must(t, s.SaveInstallation(t.Context(), installation(other), token(other, 1, 1)))
	must(t, s.SaveToken(t.Context(), viewerKey(15), token(acme, 15, 1)))
	raw(t, address, change)
	opened := 0
	for n := range 8 {
		key := app.TokenKey{
			Member: []bitrix.MemberID{acme, other}[n%2], Role: []app.Role{app.AsViewer, app.AsInstallation}[n/2%2],
			User: []bitrix.UserID{1, 15}[n/4],
		}
		_, err := s.Token(t.Context(), key)
		switch {
		case err == nil:
			opened++
		case !errors.Is(err, app.ErrWrongKey) && !errors.Is(err, app.ErrNoToken):
			t.Errorf("%v: %v", key, err)
		}
	}
	if opened != 2 {
		t.Errorf("%d tokens open, want the two that were not touched", opened)
	}
}

func TestAClientSecretMovedToAnotherApplicationDoesNotOpen(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		s := open(t, address, sealer(t))
		must(t, s.SaveRegistration(t.Context(), registration("local.1")))
		raw(t, address, `UPDATE registrations SET client_id = 'local.2'`)
		if r, err := s.Registration(t.Context(), "local.2"); !errors.Is(err, app.ErrWrongKey) {
			t.Errorf("Registration = %+v, %v; want ErrWrongKey", r, err)
		}
	})
}

func TestASchemaFromTheFutureIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		key := sealer(t)
		must(t, open(t, address, key).Close())
		raw(t, address, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (900, TRUE)`)
		if _, err := sqlstore.Open(t.Context(), address, key); !errors.Is(err, sqlstore.ErrNewerSchema) {
			t.Errorf("Open = %v, want ErrNewerSchema", err)
		}
	})
}

func TestADatabaseThatCannotBeReachedIsAnErrorWithoutItsPassword(t *testing.T) {
	for name, address := range map[string]string{
		"a port that nobody listens on": "postgres://joinline:hush-hush@127.0.0.1:1/joinline?connect_timeout=2",
		"a setting that does not exist": "postgres://joinline:hush-hush@127.0.0.1/joinline?sslmode=perhaps",
		"an address that is none":       "postgres://joinline:hush-hush@[/joinline",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sqlstore.Open(t.Context(), address, sealer(t))
			if err == nil || strings.Contains(err.Error(), "hush") {
				t.Errorf("Open = %v", err)
			}
		})
	}
}

func TestADatabaseThatCannotBeOpenedIsAnErrorWithItsPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "joinline.db")
	must(t, os.WriteFile(path, bytes.Repeat([]byte("not a database "), 100), 0o600))
	if _, err := sqlstore.Open(t.Context(), path, sealer(t)); err == nil || !bytes.Contains([]byte(err.Error()), []byte(path)) {
		t.Errorf("Open = %v", err)
	}
}
