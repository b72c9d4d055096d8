package app_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// fullDisk is a store that cannot save tokens until it has room again.
type fullDisk struct {
	app.Store
	full bool
}

var errFull = errors.New("no space left")

func (f *fullDisk) ReplaceToken(ctx context.Context, key app.TokenKey, old, renewed bitrix.Token) error {
	if f.full {
		return errFull
	}
	return f.Store.ReplaceToken(ctx, key, old, renewed)
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

// slowWinner is a store into which another process, whose lease has ended, saves
// the pair that it got just before the loser marks the old one as dead.
type slowWinner struct {
	app.Store
	pair bitrix.Token
}

func (w *slowWinner) ReplaceToken(ctx context.Context, key app.TokenKey, old, renewed bitrix.Token) error {
	if err := w.Store.ReplaceToken(ctx, key, old, w.pair); err != nil && !errors.Is(err, app.ErrReplaced) {
		return err
	}
	return w.Store.ReplaceToken(ctx, key, old, renewed)
}

func TestWhoIsRefusedTakesThePairOfTheWinner(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.portal.ExpireTokens(ivan)
	pair, err := j.bitrix.Refresh(t.Context(), j.viewerToken(t, ivan)) // the winner got this far
	must(t, err)
	loser := app.New(j.config, &slowWinner{j.store, pair}, j.bitrix, discard)
	_, err = loser.Chats(t.Context(), v)
	must(t, err)
	if kept := j.viewerToken(t, ivan); !kept.Refresh.Equal(pair.Refresh) {
		t.Error("the winner's pair is not kept")
	}
	if n := j.portal.Refreshes(); n != 1 {
		t.Errorf("%d refreshes, want the winner's alone", n)
	}
}

// leave is a lease that a process took before it died.
func (j *joinline) leave(t *testing.T, user bitrix.UserID, until time.Time) {
	t.Helper()
	key := app.TokenKey{Member: bitrix.MemberID(j.portal.MemberID()), Role: app.AsViewer, User: user}
	_, err := j.store.LeaseToken(t.Context(), key, until.Add(-time.Second), until)
	must(t, err)
}

func TestTheLeaseOfADeadProcessEndsAndItsPairIsStillGood(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.leave(t, ivan, time.Now().Add(200*time.Millisecond))
	j.portal.ExpireTokens(ivan)
	_, err := j.Chats(t.Context(), v)
	must(t, err)
	if n := j.portal.Refreshes(); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
	if !strings.Contains(j.log.String(), "a process ended while it renewed a token") {
		t.Error("the log does not tell that a process ended in the middle")
	}
}

func TestAPairThatDiedWithItsProcessIsMarkedForEveryProcess(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	before := j.viewerToken(t, ivan)
	j.leave(t, ivan, time.Now().Add(-time.Minute))
	_, err := j.bitrix.Refresh(t.Context(), before) // the process got this far
	must(t, err)
	j.portal.ExpireTokens(ivan)
	_, err = j.Chats(t.Context(), v)
	wantErr(t, err, app.ErrNoToken)
	if kept := j.viewerToken(t, ivan); kept.Refresh != "" || !kept.Access.Equal(before.Access) {
		t.Error("the pair is not marked as dead")
	}
	j.restart(bitrix.Timeouts{})
	j.portal.ResetRequests()
	_, err = j.Chats(t.Context(), v)
	wantErr(t, err, app.ErrNoToken)
	j.wantRequests(t, "batch")

	// Opening the card once brings a new one.
	_, err = j.Chats(t.Context(), j.open(t, ivan, deal77))
	must(t, err)
}

func TestWhoWaitsForALeaseMayLeave(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.leave(t, ivan, time.Now().Add(time.Hour))
	j.portal.ExpireTokens(ivan)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := j.Chats(ctx, v)
	wantErr(t, err, app.ErrPortalDown)
	if n := j.portal.Refreshes(); n != 0 {
		t.Errorf("%d refreshes beside somebody else's lease", n)
	}
}
