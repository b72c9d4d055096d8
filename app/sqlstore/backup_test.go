package sqlstore_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/bitrix"
)

// furnished is a store that holds something of everything.
func furnished(t *testing.T, address string, key *app.Sealer) *sqlstore.Store {
	t.Helper()
	return furnishedWith(t, address, key, []byte("a small staff"))
}

// furnishedWith is furnished with a directory that may take many pieces.
func furnishedWith(t *testing.T, address string, key *app.Sealer, staff []byte) *sqlstore.Store {
	t.Helper()
	s := open(t, address, key)
	must(t, s.SaveRegistration(t.Context(), registration("local.1")))
	must(t, s.SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
	must(t, s.SaveInstallation(t.Context(), installation(other), token(other, 1, 1)))
	must(t, s.SaveToken(t.Context(), viewerKey(15), token(acme, 15, 1)))
	lease(t, s, viewerKey(15), moment)
	must(t, s.ChangeHabits(t.Context(), acme, 15, func(h *app.Habits) { h.Texts = []string{"please check the date"} }))
	must(t, s.SaveErrand(t.Context(), errand(acme, 15, "one")))
	must(t, s.SaveSquad(t.Context(), squad(acme, 15, "one")))
	keepDirectory(t, s, acme, moment, staff)
	must(t, s.SaveWish(t.Context(), wish(acme, 15, 1)))
	must(t, s.WriteEntries(t.Context(), []app.Entry{settled(entry(acme, 22, 0), "Olga Sidorova")}))
	must(t, s.SavePolicy(t.Context(), acme, policy(0), nil))
	must(t, s.Uninstall(t.Context(), other, moment.Add(time.Hour)))
	return s
}

func backup(t *testing.T, s *sqlstore.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, s.Backup(t.Context(), &b))
	return b.Bytes()
}

// rows are the lines of a backup that do not differ from one to the next.
func rows(backup []byte) []string {
	lines := strings.Split(strings.TrimSpace(string(backup)), "\n")
	return slices.Sorted(slices.Values(lines[1 : len(lines)-1]))
}

func TestABackupBringsEverythingBackOnAnyDatabase(t *testing.T) {
	for from, source := range engines {
		for to, target := range engines {
			t.Run(from+" to "+to, func(t *testing.T) {
				key, address := sealer(t), target(t)
				kept := backup(t, furnishedWith(t, source(t), key, large(1)))
				must(t, sqlstore.Restore(t.Context(), address, key, bytes.NewReader(kept)))
				s := open(t, address, key)
				wantToken(t, s, installerKey, token(acme, 1, 1))
				wantToken(t, s, viewerKey(15), token(acme, 15, 1))
				keys, err := s.Registration(t.Context(), "local.1")
				must(t, err)
				wantRegistration(t, keys, registration("local.1"))
				wantLeased(t, s, viewerKey(15), moment)
				wantDirectory(t, s, acme, moment, large(1))
				wantHabits(t, s, acme, 15, app.Habits{Texts: []string{"please check the date"}})
				wantErrand(t, s, errand(acme, 15, "one"))
				wantSquad(t, s, squad(acme, 15, "one"))
				wantWishes(t, s, acme, 15, wish(acme, 15, 1))
				wantEntries(t, s, acme, add, settled(entry(acme, 22, 0), "Olga Sidorova"))
				wantPolicy(t, s, acme, policy(1))
				want := installation(acme)
				want.Installed = moment
				got, err := s.Installation(t.Context(), acme)
				must(t, err)
				if got.ApplicationToken.Reveal() != want.ApplicationToken.Reveal() {
					t.Error("the application token is another one")
				}
				got.ApplicationToken, want.ApplicationToken = "", ""
				if d := cmp.Diff(want, got, cmp.Comparer(func(a, b bitrix.Secret) bool { return a == b })); d != "" {
					t.Error(d)
				}
				if d := cmp.Diff(rows(kept), rows(backup(t, s))); d != "" {
					t.Errorf("a backup of what was restored is another one:\n%s", d)
				}
			})
		}
	}
}

func TestABackupIsOfOneMoment(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		key := sealer(t)
		s := open(t, address, key)
		save := func(n int) error { // one transaction: the same n in both tables
			i := installation(acme)
			i.ClientID = fmt.Sprintf("local.%d", n)
			return s.SaveInstallation(t.Context(), i, token(acme, 1, n))
		}
		must(t, save(0))
		stop := make(chan struct{})
		var group sync.WaitGroup
		group.Go(func() {
			for n := 1; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := save(n); err != nil {
					t.Error(err)
					return
				}
			}
		})
		for range 5 {
			kept := backup(t, s)
			elsewhere := filepath.Join(t.TempDir(), "restored.db")
			must(t, sqlstore.Restore(t.Context(), elsewhere, key, bytes.NewReader(kept)))
			restored := open(t, elsewhere, key)
			i, err := restored.Installation(t.Context(), acme)
			must(t, err)
			got, err := restored.Token(t.Context(), installerKey)
			must(t, err)
			if n := strings.TrimPrefix(i.ClientID, "local."); got.Access.Reveal() != "access-1-"+n {
				t.Errorf("the portal is of change %s, its token is %s", n, got.Access.Reveal())
			}
		}
		close(stop)
		group.Wait()
	})
}

func TestNothingButAWholeGenuineBackupIsRestored(t *testing.T) {
	key := sealer(t)
	kept := string(backup(t, furnished(t, filepath.Join(t.TempDir(), "joinline.db"), key)))
	lines := strings.SplitAfter(strings.TrimSpace(kept), "\n")
	last := len(lines) - 1
	join := func(lines ...string) string { return strings.Join(lines, "") }
	changed := map[string]struct {
		backup string
		want   error
	}{
		"nothing":                   {"", sqlstore.ErrBackup},
		"another file":              {"PGDMP\x00\x01", sqlstore.ErrBackup},
		"a header alone":            {lines[0], sqlstore.ErrBackup},
		"no trailer":                {join(lines[:last]...), sqlstore.ErrBackup},
		"half a trailer":            {kept[:len(kept)-20], sqlstore.ErrBackup},
		"a row less":                {join(lines[0], join(lines[2:]...)), sqlstore.ErrBackup},
		"a row twice":               {join(lines[0], lines[1], lines[1], join(lines[2:]...)), nil}, // whichever is noticed first
		"rows in another order":     {join(lines[0], lines[2], lines[1], join(lines[3:]...)), nil},
		"a changed value":           {strings.Replace(kept, "https://acme.example", "https://evil.example", 1), sqlstore.ErrBackup},
		"a changed header":          {strings.Replace(kept, `"made":"2`, `"made":"1`, 1), sqlstore.ErrBackup},
		"something behind its end":  {kept + lines[1], sqlstore.ErrBackup},
		"a table that is not there": {strings.Replace(kept, `"table":"tokens"`, `"table":"goose_db_version"`, 1), sqlstore.ErrBackup},
		"a statement for a column":  {strings.Replace(kept, `"role"`, `"role) SELECT 1; --"`, 1), sqlstore.ErrBackup},
		"a line without an end":     {lines[0] + strings.Repeat("x", 2<<20), sqlstore.ErrBackup},
		"a newer format":            {strings.Replace(kept, `"joinline_backup":1`, `"joinline_backup":2`, 1), sqlstore.ErrNewerSchema},
		"a newer schema":            {strings.Replace(kept, `"schema":`, `"schema":9`, 1), sqlstore.ErrNewerSchema},
	}
	onBoth(t, func(t *testing.T, address string) {
		for name, c := range changed {
			t.Run(name, func(t *testing.T) {
				err := sqlstore.Restore(t.Context(), address, key, strings.NewReader(c.backup))
				if err == nil || c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("Restore = %v, want %v", err, c.want)
				}
			})
		}
		if err := sqlstore.Restore(t.Context(), address, sealer(t), strings.NewReader(kept)); !errors.Is(err, app.ErrWrongKey) {
			t.Errorf("with another key: %v", err)
		}
		// All that left the database as empty as it was.
		must(t, sqlstore.Restore(t.Context(), address, key, strings.NewReader(kept)))
		wantToken(t, open(t, address, key), viewerKey(15), token(acme, 15, 1))
	})
}

func TestABackupIsRestoredIntoAnEmptyDatabaseOnly(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		key := sealer(t)
		kept := backup(t, furnished(t, filepath.Join(t.TempDir(), "joinline.db"), key))
		s := open(t, address, key) // opened before, and still empty
		must(t, sqlstore.Restore(t.Context(), address, key, bytes.NewReader(kept)))
		must(t, s.SaveToken(t.Context(), viewerKey(15), token(acme, 15, 9)))
		if err := sqlstore.Restore(t.Context(), address, key, bytes.NewReader(kept)); !errors.Is(err, sqlstore.ErrNotEmpty) {
			t.Errorf("Restore = %v, want ErrNotEmpty", err)
		}
		wantToken(t, s, viewerKey(15), token(acme, 15, 9))
	})
}

func TestABackupOfAnOlderVersionIsBroughtUpToDate(t *testing.T) {
	key := sealer(t)
	kept := rows(backup(t, furnished(t, filepath.Join(t.TempDir(), "joinline.db"), key)))
	text := `{"joinline_backup":1,"schema":1,"made":"2026-09-21T12:00:00Z"}` + "\n"
	count := 0
	for _, line := range kept { // what version 1 knew
		later := func(table string) bool { return strings.Contains(line, `"table":"`+table+`"`) }
		if slices.ContainsFunc([]string{"registrations", "habits", "errands", "squads", "wishes", "directories", "directory_pieces", "journal", "journal_names", "policies"}, later) {
			continue
		}
		line = strings.ReplaceAll(line, fmt.Sprintf(`"lease_until":%d,`, moment.Add(time.Minute).UnixMicro()), "")
		for _, later := range []string{`"lease_until":0,`, `"doubted_at":0,`, `"doubted_clean":0,`, `"event_seen_at":0,`} {
			line = strings.ReplaceAll(line, later, "")
		}
		text += line + "\n"
		count++
	}
	digest := sha256.Sum256([]byte(text))
	text += fmt.Sprintf(`{"rows":%d,"digest":"%s"}`+"\n", count, key.Seal(hex.EncodeToString(digest[:]), "backup"))
	onBoth(t, func(t *testing.T, address string) {
		must(t, sqlstore.Restore(t.Context(), address, key, strings.NewReader(text)))
		s := open(t, address, key)
		wantToken(t, s, viewerKey(15), token(acme, 15, 1))
		if l := lease(t, s, viewerKey(15), moment); l.Interrupted {
			t.Error("the new column does not have its default")
		}
		if i, err := s.Installation(t.Context(), acme); err != nil || !i.Doubted.IsZero() || i.DoubtedClean {
			t.Errorf("the new columns do not have their defaults: %+v, %v", i, err)
		}
	})
}

func TestABackupHoldsEveryTable(t *testing.T) {
	address := engines["SQLite"](t)
	must(t, open(t, address, sealer(t)).Close())
	for _, table := range column(t, address, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'`) {
		if !slices.Contains(sqlstore.Tables, table) {
			t.Errorf("table %s is not in backups", table)
		}
	}
}
