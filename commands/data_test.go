package commands

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/app/sqlstore/pgtest"
	"github.com/joinline/joinline/bitrix"
)

// place is where one Joinline of a test keeps its data.
type place map[string]string

func newPlace(t *testing.T) place {
	return place{"JOINLINE_DATA": filepath.Join(t.TempDir(), "data")}
}

// onBoth runs a test in a place with each kind of database.
func onBoth(t *testing.T, test func(t *testing.T, here place)) {
	t.Run("SQLite", func(t *testing.T) { test(t, newPlace(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, onPostgreSQL(t)) })
}

func onPostgreSQL(t *testing.T) place {
	p := newPlace(t)
	p["JOINLINE_DATABASE_URL"] = pgtest.URL(t)
	return p
}

// joinline carries out a command there.
func (p place) joinline(args ...string) (output string, err error) {
	var out bytes.Buffer
	err = run(context.Background(), args, func(name string) string { return p[name] }, &out, io.Discard)
	return out.String(), err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// store opens what is kept there.
func (p place) store(t *testing.T) *sqlstore.Store {
	t.Helper()
	storage, err := app.ParseStorage(func(name string) string { return p[name] })
	must(t, err)
	s, err := openStore(t.Context(), storage)
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

const member bitrix.MemberID = "00000000000000000000000000000001"

// fill keeps something there.
func (p place) fill(t *testing.T) {
	t.Helper()
	i := app.Installation{Member: member, Portal: "https://acme.example", Endpoint: "https://acme.example/rest/", ClientID: "local.1", Installer: 1}
	must(t, p.store(t).SaveInstallation(t.Context(), i, bitrix.Token{Access: "access-1", Refresh: "refresh-1"}))
}

func (p place) wantFilled(t *testing.T) {
	t.Helper()
	got, err := p.store(t).Token(t.Context(), app.TokenKey{Member: member, Role: app.AsInstallation, User: 1})
	if err != nil || got.Access.Reveal() != "access-1" || got.Refresh.Reveal() != "refresh-1" {
		t.Errorf("the token is not kept: %v", err)
	}
}

func copyKey(t *testing.T, from, to place) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(from["JOINLINE_DATA"], app.KeyFile))
	must(t, err)
	must(t, os.MkdirAll(to["JOINLINE_DATA"], 0o700))
	must(t, os.WriteFile(filepath.Join(to["JOINLINE_DATA"], app.KeyFile), b, 0o600))
}

func TestWhatWasBackedUpIsRestoredElsewhere(t *testing.T) {
	onBoth(t, func(t *testing.T, here place) {
		there := newPlace(t)
		here.fill(t)
		file := filepath.Join(t.TempDir(), "joinline.backup")
		_, err := here.joinline("backup", file)
		must(t, err)
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the backup has mode %v, %v", info.Mode(), err)
		}
		content, err := os.ReadFile(file)
		must(t, err)
		if strings.Contains(string(content), "access-1") || !strings.Contains(string(content), string(member)) {
			t.Error("the backup shows a token, or lacks the portal")
		}
		if _, err := there.joinline("restore", file); !errors.Is(err, app.ErrWrongKey) {
			t.Errorf("without the key: %v", err)
		}
		copyKey(t, here, there)
		_, err = there.joinline("restore", file)
		must(t, err)
		there.wantFilled(t)
		if _, err := there.joinline("restore", file); !errors.Is(err, sqlstore.ErrNotEmpty) {
			t.Errorf("restored over something: %v", err)
		}
	})
}

func TestABackupOfARunningJoinlineTakesItsPlace(t *testing.T) {
	databases(t, func(t *testing.T, h *hazard) {
		h.start(t)
		h.open(t, 1, "DEFAULT", "")
		must(t, h.FinishInstall(h.keys.ClientID))
		here, there := place{"JOINLINE_DATA": h.data, "JOINLINE_DATABASE_URL": h.database}, newPlace(t)
		if h.database != "" {
			there = onPostgreSQL(t)
		}
		stop := make(chan struct{})
		var people sync.WaitGroup
		people.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if status := h.openCard(t); status != http.StatusOK {
					t.Errorf("card %d answers %d while a backup is made", n, status)
					return
				}
			}
		})
		file := filepath.Join(t.TempDir(), "joinline.backup")
		_, err := here.joinline("backup", file)
		close(stop)
		people.Wait()
		must(t, err)
		h.kill()
		copyKey(t, here, there)
		_, err = there.joinline("restore", file)
		must(t, err)

		h.data, h.database = there["JOINLINE_DATA"], there["JOINLINE_DATABASE_URL"]
		h.start(t)
		if status := h.openCard(t); status != http.StatusOK {
			t.Errorf("a card answers %d", status)
		}
		if _, page := h.open(t, 1, "DEFAULT", ""); !strings.Contains(page, "Joinline is ready") {
			t.Errorf("the administrator sees:\n%s", page)
		}
	})
}

func TestServeRefusesAWrongKeyAndSaysWhatHelps(t *testing.T) {
	onBoth(t, func(t *testing.T, here place) {
		here.fill(t)
		kept := keyOf(t, here)
		must(t, app.SaveKeys(here["JOINLINE_DATA"], []app.Key{app.NewKey()}))
		here["JOINLINE_CLIENT_ID"], here["JOINLINE_CLIENT_SECRET"] = "local.1", "Secret"
		here["JOINLINE_PUBLIC_URL"], here["JOINLINE_LISTEN"] = "https://joinline.example.com", "127.0.0.1:0"
		_, err := here.joinline("serve")
		if !errors.Is(err, app.ErrWrongKey) || !strings.Contains(err.Error(), "give the right key in JOINLINE_SECRET_KEY") {
			t.Errorf("serve = %v", err)
		}
		must(t, app.SaveKeys(here["JOINLINE_DATA"], kept))
		here.wantFilled(t)
	})
}

func TestABackupReplacesNoFile(t *testing.T) {
	here := newPlace(t)
	here.fill(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "yesterday")
	must(t, os.WriteFile(file, []byte("kept"), 0o600))
	if _, err := here.joinline("backup", file); err == nil || !strings.Contains(err.Error(), "choose another name") {
		t.Errorf("backup = %v", err)
	}
	if b, _ := os.ReadFile(file); string(b) != "kept" {
		t.Errorf("the file now holds %q", b)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("left over: %v", files)
	}
}

func keyOf(t *testing.T, p place) []app.Key {
	t.Helper()
	keys, err := app.LoadKeys(p["JOINLINE_DATA"])
	must(t, err)
	return keys
}

func TestTheKeyOfTheDataFolderIsChangedInOneCommand(t *testing.T) {
	onBoth(t, func(t *testing.T, here place) {
		here.fill(t)
		first := keyOf(t, here)[0]
		for range 3 {
			before := keyOf(t, here)[0]
			output, err := here.joinline("rotate-key")
			must(t, err)
			if !strings.Contains(output, "Sealed 4 values") || !strings.Contains(output, "Restart") {
				t.Errorf("it said %q", output)
			}
			if keys := keyOf(t, here); len(keys) != 2 || keys[0] == before || keys[1] != before {
				t.Errorf("the folder holds %d keys, want the new one and the one before", len(keys))
			}
			here.wantFilled(t)
		}
		must(t, app.SaveKeys(here["JOINLINE_DATA"], keyOf(t, here)[:1]))
		here.wantFilled(t) // with the newest key alone
		must(t, app.SaveKeys(here["JOINLINE_DATA"], []app.Key{first}))
		if _, err := here.joinline("backup", filepath.Join(t.TempDir(), "b")); !errors.Is(err, app.ErrWrongKey) {
			t.Errorf("with the first key: %v", err)
		}
	})
}

func TestAChangeOfTheKeyThatWasCutShortIsFinishedBeforeTheNext(t *testing.T) {
	onBoth(t, func(t *testing.T, here place) {
		here.fill(t)
		running := here.store(t) // and not restarted
		first := keyOf(t, here)[0]
		second := app.NewKey()
		must(t, app.SaveKeys(here["JOINLINE_DATA"], []app.Key{second, first})) // as far as the change got
		for range 2 {
			must(t, running.SaveToken(t.Context(), app.TokenKey{Member: member, Role: app.AsViewer, User: 15}, bitrix.Token{Access: "access-15"}))
			output, err := here.joinline("rotate-key")
			must(t, err)
			if !strings.Contains(output, "begun before") || !strings.Contains(output, "Restart") {
				t.Errorf("it said %q", output)
			}
		}
		if keys := keyOf(t, here); len(keys) != 2 || keys[0] != second || keys[1] != first {
			t.Errorf("the folder holds %d keys, want the same two", len(keys))
		}
		must(t, running.SaveToken(t.Context(), app.TokenKey{Member: member, Role: app.AsViewer, User: 15}, bitrix.Token{Access: "access-15"}))
		here.wantFilled(t)
	})
}

func TestAKeyOfTheEnvironmentIsChangedByGivingTwo(t *testing.T) {
	onBoth(t, func(t *testing.T, here place) {
		const older, newer = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
		here["JOINLINE_SECRET_KEY"] = older
		here.fill(t)
		if _, err := here.joinline("rotate-key"); err == nil || !strings.Contains(err.Error(), "before it") {
			t.Errorf("with one key: %v", err)
		}
		here["JOINLINE_SECRET_KEY"] = newer
		if _, err := here.joinline("backup", filepath.Join(t.TempDir(), "b")); err == nil || !strings.Contains(err.Error(), "give the right key") {
			t.Errorf("with the new key alone: %v", err)
		}
		here["JOINLINE_SECRET_KEY"] = newer + ",\n" + older
		output, err := here.joinline("rotate-key")
		must(t, err)
		if !strings.Contains(output, "Sealed 4 values") {
			t.Errorf("it said %q", output)
		}
		here["JOINLINE_SECRET_KEY"] = newer
		here.wantFilled(t)
		if _, err := os.Stat(filepath.Join(here["JOINLINE_DATA"], app.KeyFile)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a key was put into the folder: %v", err)
		}
	})
}

// TestServeSettlesRemovalsByItself: nobody asked about this portal for longer
// than a doubt about its removal lasts.
func TestServeSettlesRemovalsByItself(t *testing.T) {
	p := newPlace(t)
	p.fill(t)
	store := p.store(t)
	must(t, store.Doubt(t.Context(), member, time.Now().Add(-100*24*time.Hour), true))
	for name, value := range map[string]string{
		"JOINLINE_CLIENT_ID": "local.1", "JOINLINE_CLIENT_SECRET": "hush", "JOINLINE_PUBLIC_URL": "http://joinline.localhost:8080",
		"JOINLINE_LISTEN": "127.0.0.1:0", "JOINLINE_AUTH_SERVER": "http://127.0.0.1:1",
	} {
		p[name] = value
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() {
		served <- run(ctx, []string{"serve"}, func(name string) string { return p[name] }, io.Discard, io.Discard)
	}()
	patience := time.After(time.Minute)
	for tick := time.Tick(20 * time.Millisecond); ; <-tick {
		if _, err := store.Installation(t.Context(), member); errors.Is(err, app.ErrNotInstalled) {
			break
		}
		select {
		case err := <-served:
			t.Fatalf("serve ended: %v", err)
		case <-patience:
			t.Fatal("the portal is still kept")
		default:
		}
	}
	stop()
	must(t, <-served)
}
