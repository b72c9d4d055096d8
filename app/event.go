package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// eventLimit bounds the handling of one event.
const eventLimit = time.Minute

// HandleEvent acts on what a portal tells by itself. An event counts only with
// the application token that the installation learnt; every other is
// ErrForged, and of a portal that is not installed ErrNotInstalled. Handling
// an event twice is harmless.
//
// That token passes through the browser of every employee, so it does not
// prove more than "somebody of this portal". A removal is therefore checked
// with the authorisation server: when the application is still there the event
// was forged, and everything stays; when it is gone its tokens are deleted, and
// everything else too if the person asked for that. While the server cannot
// tell, everything stays and is in doubt: see [App.SettleRemovals] and
// https://apidocs.bitrix24.com/api-reference/events/safe-event-handlers.html
//
// The portal tells everything once and does not wait for long, so it is
// handled to its end whether ctx is cancelled or not.
func (a *App) HandleEvent(ctx context.Context, e bitrix.Event) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), eventLimit)
	defer cancel()
	err := a.handleEvent(ctx, e)
	if err == nil {
		if err := a.store.SawEvent(ctx, e.MemberID, a.now()); err != nil {
			a.log.WarnContext(ctx, "when the event came was not kept", KeyMember, e.MemberID, KeyError, err)
		}
		a.log.InfoContext(ctx, "event", KeyEvent, e.Name, KeyMember, e.MemberID)
	}
	return err
}

func (a *App) handleEvent(ctx context.Context, e bitrix.Event) error {
	i, err := a.installation(ctx, e.MemberID)
	if err != nil && !errors.Is(err, ErrNotInstalled) {
		return err
	}
	installed := err == nil
	genuine := installed && i.ApplicationToken.Equal(e.ApplicationToken)
	switch {
	case e.Name == eventInstall && !genuine:
		return a.installedEvent(ctx, e, i, installed)
	case !installed:
		return ErrNotInstalled
	case !genuine:
		return fmt.Errorf("%w: not the application token of the portal", ErrForged)
	case e.Name == eventInstall:
		return nil // it says what we know
	case e.Name == eventUninstall && !i.Doubted.IsZero():
		return a.store.Doubt(ctx, i.Member, i.Doubted, e.Clean || i.DoubtedClean) // asked about already, now and then
	case e.Name == eventUninstall:
		return a.claimedRemoval(ctx, i, e.Clean)
	}
	return ErrUnknownEvent
}

// installedEvent handles an ONAPPINSTALL whose application token we do not
// know. It counts only with an administrator's access token that the
// authorisation server knows: then it is the installation itself, of an
// application without pages, or tells the token that older portals do not send
// with a launch.
func (a *App) installedEvent(ctx context.Context, e bitrix.Event, i home, installed bool) error {
	if e.Token.Access == "" {
		if installed {
			return fmt.Errorf("%w: not the application token of the portal", ErrForged)
		}
		return ErrNotInstalled
	}
	c := claim{token: e.Token, member: e.MemberID, applicationToken: e.ApplicationToken}
	if !installed {
		_, err := a.install(ctx, c)
		return err
	}
	grant, t, err := a.prove(ctx, c)
	if err != nil {
		return err
	}
	if grant.ClientID != i.ClientID { // registered anew: its application token goes with its own keys
		_, err := a.install(ctx, c)
		return err
	}
	if err := a.admit(ctx, i.bitrix.Installation(grant.Endpoint, bitrix.StaticToken(t)), grant); err != nil {
		return err
	}
	return a.store.SetApplicationToken(ctx, e.MemberID, e.ApplicationToken)
}
