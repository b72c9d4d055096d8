package app

import (
	"context"

	"github.com/joinline/joinline/bitrix"
)

// Caretaker asks the portal, in one request, whether the person who installed
// Joinline can still act for the installation. It fails with ErrNoToken when
// their token is dead, with ErrNoAccess when they may no longer use the
// application, and with ErrNotAdmin when they lost their rights; whoever of the
// administrators opens Joinline next should then install it anew, which harms
// nothing. Any other error means that it could not be learnt. Cards do not
// depend on it: they use the viewer's own token.
func (a *App) Caretaker(ctx context.Context, member bitrix.MemberID) error {
	i, err := a.installation(ctx, member)
	if err != nil {
		return err
	}
	k := &kept{app: a, bitrix: i.bitrix, key: TokenKey{i.Member, AsInstallation, i.Installer}}
	if _, err := k.read(ctx); err != nil {
		return err
	}
	r, err := i.bitrix.Installation(i.Endpoint, k).Batch(ctx, proof())
	if err != nil {
		return whole(err)
	}
	me, err := proven(r, i.ClientID)
	if err == nil && !me.Admin {
		err = ErrNotAdmin
	}
	return err
}
