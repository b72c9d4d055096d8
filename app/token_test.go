package app_test

import (
	"context"
	"errors"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// fullDisk is a store that cannot save tokens until it has room again.
type fullDisk struct {
	app.Store
	full bool
}

var errFull = errors.New("no space left")

func (f *fullDisk) SaveToken(ctx context.Context, key app.TokenKey, t bitrix.Token) error {
	if f.full {
		return errFull
	}
	return f.Store.SaveToken(ctx, key, t)
}

func TestAPairThatCannotBeSavedIsNotUsedAndNotLost(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	before := j.viewerToken(t, ivan)
	disk := &fullDisk{Store: j.store, full: true}
	limited := app.New(j.config, disk, j.bitrix, discard)
	j.portal.ExpireTokens(ivan)
	if _, err := limited.Chats(t.Context(), v); !errors.Is(err, errFull) {
		t.Fatalf("Chats = %v", err)
	}
	j.wantRequests(t, "batch", "oauth/token")
	disk.full = false
	_, err := limited.Chats(t.Context(), v)
	must(t, err)
	if kept := j.viewerToken(t, ivan); kept.Refresh.Equal(before.Refresh) {
		t.Error("the rotated pair is not kept")
	}
	if n := j.portal.Refreshes(); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
}

func TestAPairThatAnotherProcessRefreshedIsTakenFromTheStore(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	first := j.App
	j.restart(bitrix.Timeouts{})
	second := j.App
	for range 3 {
		j.portal.ExpireTokens(ivan)
		for _, process := range []*app.App{second, first} {
			if _, err := process.Chats(t.Context(), v); err != nil {
				t.Error(err)
			}
		}
	}
	if n := j.portal.Refreshes(); n != 3 {
		t.Errorf("%d refreshes, want one for each time the token expired", n)
	}
}

func TestADeadRefreshTokenIsPresentedOnce(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	_, err := j.bitrix.Refresh(t.Context(), j.viewerToken(t, ivan)) // behind our own back
	must(t, err)
	j.portal.ExpireTokens(ivan)
	j.portal.ResetRequests()
	for range 3 {
		_, err := j.Chats(t.Context(), v)
		wantErr(t, err, app.ErrNoToken)
	}
	j.wantRequests(t, "batch", "oauth/token", "batch", "batch")
}
