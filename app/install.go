package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/joinline/joinline/bitrix"
)

// The addresses of Joinline that the portal is told, below the public URL.
const (
	AppPath    = "/app"
	EventsPath = "/events"
)

// The events that Joinline asks the portal for.
const (
	eventInstall   = "ONAPPINSTALL"
	eventUninstall = "ONAPPUNINSTALL"
)

// scopes are the permissions without which Joinline is of no use. One of each
// list is enough.
var scopes = [][]string{{"crm"}, {"imopenlines"}, {"placement"}, {"user", "user_basic", "user_brief"}}

// Install takes Joinline into service on a portal. It believes nothing that
// the launch says: the authorisation server tells whose token was presented,
// for which application and on which portal, and the portal tells whether that
// person is an administrator. Then the tabs of the four CRM cards and the
// events are bound, and last of all the portal is stored. When anything fails,
// nothing is stored, and another try repairs what is missing: a second
// installation changes nothing on the portal.
//
// The caller finishes the installation on the portal's page. Beside an error
// the Installation holds the Portal once it is proven.
func (a *App) Install(ctx context.Context, l bitrix.Launch) (Installation, error) {
	if l.Access == "" {
		return Installation{}, ErrNoToken
	}
	return a.install(ctx, claim{token: l.Token(), member: l.MemberID, host: l.Domain, applicationToken: l.ApplicationToken})
}

// Repair makes the tabs and events on an installed portal what they should be,
// and changes nothing where they are: Joinline may have another address by now,
// or somebody took a tab away. The portal opens the page of the installation
// only until that is finished, so this is for the page in its menu. The viewer
// must be an administrator.
func (a *App) Repair(ctx context.Context, v Visit) error {
	i, err := a.installation(ctx, v.Member)
	if err != nil {
		return err
	}
	k := &kept{app: a, bitrix: i.bitrix, key: TokenKey{v.Member, AsViewer, v.Viewer}}
	if _, err := k.read(ctx); err != nil {
		return err
	}
	client := i.bitrix.Installation(i.Endpoint, k)
	p, err := a.store.Policy(ctx, v.Member)
	if err != nil {
		return err
	}
	if err := a.bindPlacements(ctx, client, p); err != nil {
		return err
	}
	return a.bindEvents(ctx, client)
}

// claim is what somebody says about themselves: not proven.
type claim struct {
	token  bitrix.Token
	member bitrix.MemberID
	// host is the host of the portal; empty when not claimed.
	host             string
	applicationToken bitrix.Secret
}

func (a *App) install(ctx context.Context, c claim) (Installation, error) {
	grant, t, err := a.prove(ctx, c)
	if err != nil {
		return Installation{}, err
	}
	b, portal, err := a.application(ctx, grant.ClientID)
	if err != nil {
		return Installation{}, err
	}
	i := Installation{
		Member: grant.MemberID, Portal: originOf(grant.Endpoint), Endpoint: grant.Endpoint, Server: grant.Server,
		ClientID: grant.ClientID, Installer: grant.UserID, ApplicationToken: c.applicationToken, Updated: a.now(),
	}
	if portal != "" && hostOf(i.Portal) != bareHost(portal) {
		return Installation{}, fmt.Errorf("%w: this is %s", ErrWrongPortal, hostOf(i.Portal))
	}
	client := b.Installation(i.Endpoint, bitrix.StaticToken(t))
	if err := a.admit(ctx, client, grant); err != nil {
		return Installation{Portal: i.Portal}, err
	}
	p, err := a.store.Policy(ctx, i.Member)
	if err != nil {
		return Installation{Portal: i.Portal}, err
	}
	if err := a.bindPlacements(ctx, client, p); err != nil {
		return Installation{Portal: i.Portal}, err
	}
	if err := a.bindEvents(ctx, client); err != nil {
		return Installation{Portal: i.Portal}, err
	}
	if i.ApplicationToken == "" { // older portals do not send it with a launch
		if known, err := a.installation(ctx, i.Member); err == nil {
			i.ApplicationToken = known.ApplicationToken
		}
	}
	if err := a.store.SaveInstallation(ctx, i, t); err != nil {
		return Installation{Portal: i.Portal}, err
	}
	a.log.InfoContext(ctx, "installed", KeyMember, i.Member, KeyUser, i.Installer)
	return a.store.Installation(ctx, i.Member)
}

// prove asks the authorisation server what the token of a claim is, and
// compares. A token that has expired meanwhile is refreshed first.
func (a *App) prove(ctx context.Context, c claim) (bitrix.Grant, bitrix.Token, error) {
	t := c.token
	grant, err := a.whose(ctx, t)
	if errors.Is(err, bitrix.ErrExpiredToken) && t.Refresh != "" {
		var b *bitrix.Application
		if b, err = a.likely(ctx, c); err == nil {
			t, err = b.Refresh(ctx, t)
		}
		if err == nil {
			grant, err = a.whose(ctx, t)
		}
	}
	switch {
	case err != nil:
		return bitrix.Grant{}, bitrix.Token{}, refusal(err)
	case grant.MemberID != c.member:
		err = fmt.Errorf("%w: the token is of another portal", ErrForged)
	case c.host != "" && bareHost(c.host) != hostOf(originOf(grant.Endpoint)):
		err = fmt.Errorf("%w: the portal is %s", ErrForged, hostOf(originOf(grant.Endpoint)))
	}
	t.MemberID, t.UserID, t.Endpoint, t.Server = grant.MemberID, grant.UserID, grant.Endpoint, grant.Server
	return grant, t, err
}

// whose asks the authorisation server what a token of any application that is
// registered here is. A token of another one is bitrix.ErrForeignToken.
func (a *App) whose(ctx context.Context, t bitrix.Token) (bitrix.Grant, error) {
	grant, err := a.inspect(ctx, t, a.bitrix.Identify)
	if err != nil {
		return bitrix.Grant{}, err
	}
	if _, _, err := a.application(ctx, grant.ClientID); errors.Is(err, ErrUnregistered) {
		return bitrix.Grant{}, fmt.Errorf("%w: %w", bitrix.ErrForeignToken, err)
	} else if err != nil {
		return bitrix.Grant{}, err
	}
	return grant, nil
}

// inspect asks the server that the token names, or each one we trust when it
// names none, as launches of older portals do.
func (a *App) inspect(ctx context.Context, t bitrix.Token, ask func(context.Context, string, bitrix.Secret) (bitrix.Grant, error)) (grant bitrix.Grant, err error) {
	servers := []string{t.Server}
	if t.Server == "" && len(a.cfg.AuthServers) > 0 {
		servers = a.cfg.AuthServers
	}
	for _, server := range servers {
		grant, err = ask(ctx, server, t.Access)
		if !errors.Is(err, bitrix.ErrNoAuth) && !errors.Is(err, bitrix.ErrInvalidClient) {
			break
		}
	}
	return grant, err
}

// admit asks the portal whether the person may install and whether the
// application was registered with the permissions it needs.
func (a *App) admit(ctx context.Context, client bitrix.Installation, grant bitrix.Grant) error {
	b := proof()
	b.Add("scope", "scope", nil)
	r, err := client.Batch(ctx, b)
	if err != nil {
		return whole(err)
	}
	me, err := proven(r, grant.ClientID)
	switch {
	case err != nil:
		return err
	case me.ID != grant.UserID:
		return fmt.Errorf("%w: the portal names another person", ErrForged)
	case !me.Admin:
		return ErrNotAdmin
	}
	var granted []string
	if err := r.Decode("scope", &granted); err != nil {
		return refusal(err)
	}
	var missing []string
	for _, any := range scopes {
		if !slices.ContainsFunc(any, func(s string) bool { return slices.Contains(granted, s) }) {
			missing = append(missing, any[0])
		}
	}
	if missing != nil {
		return &ScopeError{Scopes: missing}
	}
	return nil
}

// bindPlacements makes the tabs of the cards ours that a policy shows: what lacks
// is bound, then what is bound elsewhere or under another address is unbound. A tab
// whose titles differ is bound anew, because the portal cannot change them.
// See https://apidocs.bitrix24.com/api-reference/widgets/placement-bind.html
func (a *App) bindPlacements(ctx context.Context, client bitrix.Installation, p Policy) error {
	bound, err := client.Placements(ctx)
	if err != nil {
		return bindRefusal("reading the placements", err)
	}
	var strays []bitrix.BoundPlacement
	right := map[string]bool{}
	wanted := a.placements(p)
	for _, b := range bound {
		w, ours := wanted[b.Placement]
		switch {
		case !ours || b.Handler != w.Handler || right[b.Placement]:
			strays = append(strays, b)
		case !titled(b, w):
			if err := client.UnbindPlacement(ctx, b.Placement, b.Handler); err != nil {
				return bindRefusal("unbinding "+b.Placement, err)
			}
		default:
			right[b.Placement] = true
		}
	}
	for _, code := range slices.Sorted(maps.Keys(wanted)) {
		if right[code] {
			continue
		}
		if err := client.BindPlacement(ctx, wanted[code]); err != nil {
			return bindRefusal("binding "+code, err)
		}
	}
	for _, s := range strays {
		if err := client.UnbindPlacement(ctx, s.Placement, s.Handler); err != nil {
			return bindRefusal("unbinding "+s.Placement, err)
		}
	}
	return nil
}

// placements are the tabs of the cards that a policy shows.
func (a *App) placements(p Policy) map[string]bitrix.PlacementBinding {
	wanted := map[string]bitrix.PlacementBinding{}
	for _, t := range bitrix.ItemTypes() {
		if !p.Shows(t) {
			continue
		}
		code := "CRM_" + string(t) + "_DETAIL_TAB"
		wanted[code] = bitrix.PlacementBinding{Placement: code, Handler: a.cfg.PublicURL + AppPath, Titles: a.cfg.Titles}
	}
	return wanted
}

// titled reports whether a bound tab has all titles wanted.
func titled(b bitrix.BoundPlacement, w bitrix.PlacementBinding) bool {
	for language, title := range w.Titles {
		if b.Titles[language] != title {
			return false
		}
	}
	return true
}

// bindEvents makes the portal tell us of installation and removal.
func (a *App) bindEvents(ctx context.Context, client bitrix.Installation) error {
	bound, err := client.Events(ctx)
	if err != nil {
		return bindRefusal("reading the events", err)
	}
	handler := a.cfg.PublicURL + EventsPath
	missing := []string{eventInstall, eventUninstall}
	var strays []bitrix.BoundEvent
	for _, b := range bound {
		if b.Handler == handler && slices.Contains(missing, b.Event) {
			missing = slices.DeleteFunc(missing, func(e string) bool { return e == b.Event })
			continue
		}
		strays = append(strays, b)
	}
	for _, event := range missing {
		if err := client.BindEvent(ctx, event, handler); err != nil {
			return bindRefusal("binding "+event, err)
		}
	}
	for _, s := range strays {
		if err := client.UnbindEvent(ctx, s.Event, s.Handler); err != nil {
			return bindRefusal("unbinding "+s.Event, err)
		}
	}
	return nil
}

// bindRefusal names why something could not be bound.
func bindRefusal(doing string, err error) error {
	var portal *bitrix.Error
	if errors.As(err, &portal) {
		switch strings.ToUpper(portal.Code) {
		case "ERROR_WRONG_HANDLER_URL", "ERROR_UNSUPPORTED_PROTOCOL":
			return fmt.Errorf("%w: %s: %w", ErrHandlerURL, doing, err)
		case "ERROR_PLACEMENT_NOT_FOUND": // unknown, or its scope is not granted
			return &ScopeError{Scopes: []string{"crm"}, cause: err}
		}
	}
	return fmt.Errorf("%s: %w", doing, refusal(err))
}

// originOf is the origin of a web address.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
