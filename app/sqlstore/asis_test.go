package sqlstore_test

import (
	"errors"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
)

func TestADatabaseIsOpenedAsItIsOnlyOnceItIsPrepared(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		key := sealer(t)
		for range 2 { // the first try leaves nothing that the second could open
			if _, err := sqlstore.OpenAsIs(t.Context(), address, key); !errors.Is(err, sqlstore.ErrUnprepared) {
				t.Errorf("OpenAsIs = %v, want ErrUnprepared", err)
			}
		}
		must(t, open(t, address, key).SaveInstallation(t.Context(), installation(acme), token(acme, 1, 1)))
		s, err := sqlstore.OpenAsIs(t.Context(), address, key)
		must(t, err)
		t.Cleanup(func() { s.Close() })
		wantToken(t, s, installerKey, token(acme, 1, 1))
		if _, err := sqlstore.OpenAsIs(t.Context(), address, sealer(t)); !errors.Is(err, app.ErrWrongKey) {
			t.Errorf("with another key: %v", err)
		}
	})
}
