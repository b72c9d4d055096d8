package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/joinline/joinline/bitrix"
)

const (
	// settleEvery is how often removals in doubt are checked once more.
	settleEvery = 10 * time.Minute
	// portalMemory is how long a portal may go on accepting the tokens of an
	// application that was deleted: it keeps what it was told about them.
	portalMemory = time.Hour
	// doubtLimit is when a removal is believed that could never be checked,
	// while nobody proved by opening Joinline that it is still there.
	doubtLimit = 30 * 24 * time.Hour
)

// claimedRemoval deletes what is kept of a portal if the authorisation server
// says that the application is gone from it, and fails with ErrForged if it
// says the opposite. While it cannot tell, nothing is deleted but the doubt kept.
func (a *App) claimedRemoval(ctx context.Context, i home, clean bool) error {
	gone, err := a.gone(ctx, i)
	since, clean := i.Doubted, clean || i.DoubtedClean
	if since.IsZero() {
		since = a.now()
	}
	switch {
	case err != nil && a.now().Sub(since) < doubtLimit:
		a.log.WarnContext(ctx, "a removal cannot be checked yet", KeyMember, i.Member, KeyError, err)
		return a.store.Doubt(ctx, i.Member, since, clean)
	case err == nil && !gone:
		err = fmt.Errorf("%w: the application is still installed", ErrForged)
		if i.Doubted.IsZero() {
			return err
		}
		return errors.Join(err, a.store.Doubt(ctx, i.Member, time.Time{}, false))
	}
	// It may have been installed anew while we asked about what was there before.
	now, err := a.store.Installation(ctx, i.Member)
	if err != nil || !now.Updated.Equal(i.Updated) {
		return err
	}
	a.shelf.drop(i.Member)
	if clean {
		return a.store.Forget(ctx, i.Member)
	}
	return a.store.Uninstall(ctx, i.Member, a.now())
}

// gone asks the authorisation server whether the application was removed from
// the portal. The error means that it could not be learnt: a dead token alone
// says nothing, the person who installed may have left the company, and a
// refused key may be a mistyped one.
func (a *App) gone(ctx context.Context, i home) (bool, error) {
	key := TokenKey{i.Member, AsInstallation, i.Installer}
	t, err := a.store.Token(ctx, key)
	if err != nil {
		return false, err
	}
	grant, err := i.bitrix.Inspect(ctx, i.Server, t.Access)
	if errors.Is(err, bitrix.ErrExpiredToken) {
		_, err = a.renewed(ctx, i.bitrix, key, t)
		grant.MemberID = i.Member
	}
	switch answer, _ := errors.AsType[*bitrix.Error](err); {
	case err == nil:
		return grant.MemberID != i.Member, nil
	case errors.Is(err, bitrix.ErrAppRemoved), answer != nil && strings.EqualFold(answer.Code, "wrong_client"):
		return true, nil
	}
	return false, err
}

// weigh draws from what became of a launch what it says about a removal. The
// portal tells a removal once, and nobody may have heard: a portal that refuses
// the application raises a doubt. One that accepts it settles an older one.
func (a *App) weigh(ctx context.Context, i home, opened error) {
	var err error
	switch {
	case errors.Is(opened, ErrRemoved) && i.Doubted.IsZero():
		err = a.store.Doubt(ctx, i.Member, a.now(), false)
	case opened == nil && !i.Doubted.IsZero() && a.now().Sub(i.Doubted) > portalMemory:
		err = a.store.Doubt(ctx, i.Member, time.Time{}, false)
	}
	if err != nil {
		a.log.WarnContext(ctx, "a doubt about a removal was not kept", KeyMember, i.Member, KeyError, err)
	}
}

// SettleRemovals checks every removal that is in doubt once more. Doing that
// often, or in several processes at once, is harmless.
func (a *App) SettleRemovals(ctx context.Context) error {
	all, err := a.store.Installations(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, i := range all {
		if i.Doubted.IsZero() {
			continue
		}
		h, err := a.home(ctx, i)
		if err == nil {
			err = a.claimedRemoval(ctx, h, i.DoubtedClean)
		}
		if err != nil && !errors.Is(err, ErrForged) && !errors.Is(err, ErrNotInstalled) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// KeepSettling settles removals now and then until ctx ends.
func (a *App) KeepSettling(ctx context.Context) {
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	for {
		if err := a.SettleRemovals(ctx); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "removals in doubt were not settled", KeyError, err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
