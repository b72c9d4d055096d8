package app

import (
	"context"
	"errors"

	"github.com/joinline/joinline/bitrix"
)

// moved reports whether a failed launch may mean that the portal lives
// elsewhere now: its old address redirects, or is gone while the launch comes
// from another one.
// See https://apidocs.bitrix24.com/settings/how-to-call-rest-api/change-domen.html
func moved(err error, i home, l bitrix.Launch) bool {
	return errors.Is(err, ErrMoved) || errors.Is(err, ErrPortalDown) && l.Domain != "" && bareHost(l.Domain) != hostOf(i.Portal)
}

// relearn asks the authorisation server where the portal lives, and keeps the
// answer. Neither the redirect nor the launch is believed: both can be made by
// anybody who owns the old name or a browser.
func (a *App) relearn(ctx context.Context, i home, l bitrix.Launch) (home, bool) {
	grant, err := a.inspect(ctx, claimed(l, i), i.bitrix.Inspect)
	if err != nil || grant.MemberID != i.Member || grant.Endpoint == i.Endpoint {
		return i, false
	}
	i.Portal, i.Endpoint = originOf(grant.Endpoint), grant.Endpoint
	if err := a.store.SetAddress(ctx, i.Member, i.Portal, i.Endpoint); err != nil {
		a.log.ErrorContext(ctx, "the portal's new address was not kept", KeyMember, i.Member, KeyError, err)
		return i, false
	}
	a.log.InfoContext(ctx, "the portal has moved", KeyMember, i.Member, "portal", i.Portal)
	return i, true
}
