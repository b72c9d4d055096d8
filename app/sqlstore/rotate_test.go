package sqlstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/bitrix"
)

// twoKeys are sealers of an older key, of a newer one, and of both.
func twoKeys(t *testing.T) (older, newer, both *app.Sealer) {
	t.Helper()
	o, n := app.NewKey(), app.NewKey()
	sealers := [3]*app.Sealer{}
	for i, keys := range [][]app.Key{{o}, {n}, {n, o}} {
		s, err := app.NewSealer(keys...)
		must(t, err)
		sealers[i] = s
	}
	return sealers[0], sealers[1], sealers[2]
}

func TestRotationSealsEverythingWithTheNewKey(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		older, newer, both := twoKeys(t)
		must(t, furnishedWith(t, address, older, large(1)).Close())
		s := open(t, address, both)
		if n, err := s.Rotate(t.Context()); err != nil || n != 21 {
			t.Errorf("Rotate = %d, %v; want a client secret, 2 application tokens, 2 pairs, habits, an errand, a squad, a wish, a policy, 3 pieces of a directory, 5 names of a journal and the key check", n, err)
		}
		if n, err := s.Rotate(t.Context()); err != nil || n != 0 {
			t.Errorf("a second time it sealed %d values, %v", n, err)
		}
		must(t, s.Close())
		s = open(t, address, newer)
		wantToken(t, s, installerKey, token(acme, 1, 1))
		wantToken(t, s, viewerKey(15), token(acme, 15, 1))
		wantLeased(t, s, viewerKey(15), moment)
		wantDirectory(t, s, acme, moment, large(1))
		wantHabits(t, s, acme, 15, app.Habits{Texts: []string{"please check the date"}})
		wantErrand(t, s, errand(acme, 15, "one"))
		wantSquad(t, s, squad(acme, 15, "one"))
		wantWishes(t, s, acme, 15, wish(acme, 15, 1))
		wantPolicy(t, s, acme, policy(1))
		if i, err := s.Installation(t.Context(), acme); err != nil || i.ApplicationToken.Reveal() != "application-token" {
			t.Errorf("got %+v, %v", i, err)
		}
		if _, err := sqlstore.Open(t.Context(), address, older); !errors.Is(err, app.ErrWrongKey) {
			t.Errorf("with the older key alone: %v", err)
		}
		for _, text := range slices.Concat(rowsOf(backup(t, s), "tokens"), rowsOf(backup(t, s), "portals"), rowsOf(backup(t, s), "habits"), rowsOf(backup(t, s), "errands"), rowsOf(backup(t, s), "squads"), rowsOf(backup(t, s), "wishes"), rowsOf(backup(t, s), "directory_pieces"), rowsOf(backup(t, s), "policies")) {
			if strings.Contains(text, older.Seal("", "")[:9]) {
				t.Errorf("still sealed with the older key: %s", text)
			}
		}
	})
}

func TestARotationKnowsEveryColumnThatTheMigrationsCallSealed(t *testing.T) {
	files, err := filepath.Glob("migrations/*.sql")
	must(t, err)
	table, found := "", []string{"key_check.sealed"}
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(line)
			switch {
			case strings.HasPrefix(line, "CREATE TABLE "), strings.HasPrefix(line, "ALTER TABLE "):
				table = words[2]
			case strings.Contains(line, "-- sealed"):
				found = append(found, table+"."+words[0])
			}
		}
	}
	slices.Sort(found)
	if d := cmp.Diff(found, slices.Sorted(slices.Values(sqlstore.SealedColumns()))); d != "" || len(found) < 5 {
		t.Errorf("of %d sealed columns (-want +got):\n%s", len(found), d)
	}
}

// rowsOf are the lines of a backup about a table.
func rowsOf(backup []byte, table string) (found []string) {
	for _, line := range rows(backup) {
		if strings.Contains(line, `"table":"`+table+`"`) {
			found = append(found, line)
		}
	}
	return found
}

func TestAKeyThatSealedASingleValueIsMissedAtTheStart(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		older, newer, both := twoKeys(t)
		must(t, furnished(t, address, older).Close())
		s := open(t, address, both)
		must(t, s.SaveToken(t.Context(), viewerKey(16), token(acme, 16, 1))) // with the newer key
		must(t, s.Close())
		for name, key := range map[string]*app.Sealer{"older": older, "newer": newer} {
			if _, err := sqlstore.Open(t.Context(), address, key); !errors.Is(err, app.ErrWrongKey) {
				t.Errorf("with the %s key alone: %v, want ErrWrongKey", name, err)
			}
		}
		wantToken(t, open(t, address, both), viewerKey(16), token(acme, 16, 1))
	})
}

func TestARotationThatSomebodyUndoesEnds(t *testing.T) {
	address := engines["SQLite"](t)
	older, _, both := twoKeys(t)
	must(t, furnished(t, address, older).Close())
	s := open(t, address, both)
	// Like a process that goes on sealing with the older key.
	raw(t, address, `CREATE TRIGGER undo AFTER UPDATE OF access_token ON tokens BEGIN
		UPDATE tokens SET access_token = OLD.access_token WHERE user_id = 15 AND OLD.user_id = 15; END`)
	if _, err := s.Rotate(t.Context()); !errors.Is(err, sqlstore.ErrOldKey) {
		t.Errorf("Rotate = %v, want ErrOldKey", err)
	}
	raw(t, address, `DROP TRIGGER undo`)
	_, err := s.Rotate(t.Context())
	must(t, err)
}

func TestARotationThatIsCutShortNeedsBothKeysAndIsRunAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		older, newer, both := twoKeys(t)
		must(t, furnished(t, address, older).Close())
		s := open(t, address, both)
		raw(t, address, `ALTER TABLE registrations RENAME TO hidden`)
		if n, err := s.Rotate(t.Context()); err == nil || n == 0 {
			t.Fatalf("Rotate = %d, %v; want it to fail in the middle", n, err)
		}
		raw(t, address, `ALTER TABLE hidden RENAME TO registrations`)
		must(t, s.Close())
		for name, key := range map[string]*app.Sealer{"older": older, "newer": newer} {
			if _, err := sqlstore.Open(t.Context(), address, key); !errors.Is(err, app.ErrWrongKey) {
				t.Errorf("with the %s key alone: %v, want ErrWrongKey", name, err)
			}
		}
		s = open(t, address, both)
		wantToken(t, s, viewerKey(15), token(acme, 15, 1))
		_, err := s.Rotate(t.Context())
		must(t, err)
		must(t, s.Close())
		s = open(t, address, newer)
		wantToken(t, s, viewerKey(15), token(acme, 15, 1))
		keys, err := s.Registration(t.Context(), "local.1")
		must(t, err)
		wantRegistration(t, keys, registration("local.1"))
	})
}

func TestNothingIsLostThatIsSavedDuringARotation(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		older, newer, both := twoKeys(t)
		must(t, furnished(t, address, older).Close())
		s := open(t, address, both)
		var group sync.WaitGroup
		for user := bitrix.UserID(20); user < 24; user++ {
			group.Go(func() {
				must := func(err error) {
					if err != nil {
						t.Error(err)
					}
				}
				must(s.SaveToken(t.Context(), viewerKey(user), token(acme, user, 0)))
				for n := range 25 {
					must(s.ReplaceToken(t.Context(), viewerKey(user), token(acme, user, n), token(acme, user, n+1)))
				}
			})
		}
		_, err := s.Rotate(t.Context())
		must(t, err)
		group.Wait()
		_, err = s.Rotate(t.Context())
		must(t, err)
		must(t, s.Close())
		s = open(t, address, newer)
		for user := bitrix.UserID(20); user < 24; user++ {
			wantToken(t, s, viewerKey(user), token(acme, user, 25))
		}
	})
}
