package sqlstore_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/bitrix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func sealer(t *testing.T) *app.Sealer {
	t.Helper()
	s, err := app.NewSealer(app.NewKey())
	must(t, err)
	return s
}

func open(t *testing.T, path string, key *app.Sealer) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), path, key)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSQLite(t *testing.T) {
	conformance(t, func(t *testing.T) app.Store {
		return open(t, filepath.Join(t.TempDir(), "joinline.db"), sealer(t))
	})
}

func TestTheDatabaseOutlivesTheProcess(t *testing.T) {
	// A name that must be escaped in the address of the database.
	path, key := filepath.Join(t.TempDir(), "new folder", "100% of?it#.db"), sealer(t)
	s := open(t, path, key)
	must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
	must(t, s.Close())
	wantToken(t, open(t, path, key), installerKey, token(acme, 1, 1))
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestTheFilesAreTheOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "joinline.db"), sealer(t))
	must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
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
	files, err := os.ReadDir(dir)
	must(t, err)
	var all []byte
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		must(t, err)
		all = append(all, b...)
	}
	for _, secret := range []string{"access-1-1", "refresh-1-1", "access-15-1", "refresh-15-1", "application-token"} {
		if bytes.Contains(all, []byte(secret)) {
			t.Errorf("%s stands in the files", secret)
		}
	}
	if !bytes.Contains(all, []byte(acme)) {
		t.Error("the files hold no data at all: this test looked in the wrong place")
	}
}

func TestAWrongKeyIsRefusedAtTheStartAndLosesNothing(t *testing.T) {
	path, key := filepath.Join(t.TempDir(), "joinline.db"), sealer(t)
	s := open(t, path, key)
	must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
	must(t, s.Close())
	if _, err := sqlstore.Open(t.Context(), path, sealer(t)); !errors.Is(err, app.ErrWrongKey) {
		t.Fatalf("Open = %v, want ErrWrongKey", err)
	}
	wantToken(t, open(t, path, key), installerKey, token(acme, 1, 1))
}

func TestARowMovedElsewhereDoesNotOpen(t *testing.T) {
	for name, change := range map[string]string{
		"to another portal": `UPDATE tokens SET member_id = '` + string(other) + `' WHERE role = 'viewer'`,
		"to another person": `UPDATE tokens SET user_id = 1 WHERE role = 'viewer'`,
		"to another role":   `UPDATE tokens SET role = 'installation' WHERE user_id = 15`,
		"to another column": `UPDATE tokens SET access_token = refresh_token WHERE role = 'viewer'`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "joinline.db")
			s := open(t, path, sealer(t))
			must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
			must(t, s.SaveInstallation(t.Context(), installation(other), token(other, 1, 1)))
			must(t, s.SaveToken(t.Context(), viewerKey(15), token(acme, 15, 1)))
			db, err := sql.Open("sqlite", path)
			must(t, err)
			defer db.Close()
			_, err = db.ExecContext(t.Context(), change)
			must(t, err)
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
		})
	}
}

func TestASchemaFromTheFutureIsRefused(t *testing.T) {
	path, key := filepath.Join(t.TempDir(), "joinline.db"), sealer(t)
	must(t, open(t, path, key).Close())
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (900, 1)`)
	must(t, err)
	must(t, db.Close())
	if _, err := sqlstore.Open(t.Context(), path, key); !errors.Is(err, sqlstore.ErrNewerSchema) {
		t.Errorf("Open = %v, want ErrNewerSchema", err)
	}
}

func TestADatabaseThatCannotBeOpenedIsAnErrorWithItsPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "joinline.db")
	must(t, os.WriteFile(path, bytes.Repeat([]byte("not a database "), 100), 0o600))
	if _, err := sqlstore.Open(t.Context(), path, sealer(t)); err == nil || !bytes.Contains([]byte(err.Error()), []byte(path)) {
		t.Errorf("Open = %v", err)
	}
}
