package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// Visit is one person at one CRM item, proven by the portal. Pages carry it
// sealed; whoever holds one acts as that person.
type Visit struct {
	// ID is random and names the visit.
	ID     string          `json:"id"`
	Member bitrix.MemberID `json:"m"`
	// Portal is the origin of the portal's pages.
	Portal string        `json:"p"`
	Viewer bitrix.UserID `json:"u"`
	// Name is the viewer's own; it may be empty.
	Name string `json:"n,omitempty"`
	// Admin: the viewer may manage applications.
	Admin    bool   `json:"a,omitempty"`
	Language string `json:"l,omitempty"`
	// Item is the CRM item of the card; zero outside a card.
	Item bitrix.CRMItem `json:"i"`
	// Title is the item's name.
	Title string `json:"t,omitempty"`
	// Links are the items whose chats belong here too: contacts, company and
	// lead. MoreLinks of them were left out.
	Links     []bitrix.CRMItem `json:"k,omitempty"`
	MoreLinks int              `json:"o,omitempty"`
	// NoMessenger: the application lacks the permission "im", without which it
	// sends neither notices nor messages.
	NoMessenger bool `json:"x,omitempty"`
	// Employee: the portal says that the viewer is one, who may look into the
	// directory of the staff. Departments are theirs.
	Employee    bool    `json:"w,omitempty"`
	Departments []int64 `json:"d,omitempty"`
	// Excluded: when the card was opened, the policy did not let the viewer add
	// people. What they may do is decided anew whenever they ask.
	Excluded bool `json:"r,omitempty"`
	// Care is what the request at hand tells of the viewer's care; no page
	// carries it.
	Care Care `json:"-"`
}

// about reports whether the visit may speak of chats under the item.
func (v Visit) about(item bitrix.CRMItem) bool {
	return !item.IsZero() && (item == v.Item || slices.Contains(v.Links, item))
}

// openLimit is how long a person looks at a blank page before being told that
// the portal does not answer.
const openLimit = 20 * time.Second

// Open proves a launch and reads the card, in one request to the portal. What
// the launch claims about the portal is not used: the request goes to the
// address that was proven at installation, and its answer must name our
// application and tell who the person is. The card is Partial: it has the
// item's own newest chats; Chats tells the rest. Outside a CRM card, that is
// with a visit without Item, the card is empty.
//
// Beside an error the Visit holds what was proven until then; its Portal is
// known whenever the error is not ErrNotInstalled of a stranger.
func (a *App) Open(ctx context.Context, l bitrix.Launch) (Visit, Card, error) {
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	v := Visit{ID: rand.Text(), Member: l.MemberID, Language: l.Language}
	i, err := a.installation(ctx, l.MemberID)
	v.Portal = i.Portal
	if err != nil {
		return v, Card{}, err
	}
	if l.Access == "" {
		return v, Card{}, ErrNoToken
	}
	v, card, err := a.openAt(ctx, i, v, l)
	if moved(err, i, l) {
		if at, ok := a.relearn(ctx, i, l); ok {
			v.Portal = at.Portal
			v, card, err = a.openAt(ctx, at, v, l)
		}
	}
	a.weigh(ctx, i, err)
	if _, onCard := l.CardType(); err == nil && onCard && l.Item.IsZero() {
		err = ErrNoItem
	}
	return v, card, err
}

// openAt is Open at one address of the portal. The launch's tokens are kept
// once the portal has said whose they are.
func (a *App) openAt(ctx context.Context, i home, v Visit, l bitrix.Launch) (Visit, Card, error) {
	key := TokenKey{Member: i.Member, Role: AsViewer}
	source := i.bitrix.Renewing(claimed(l, i), a.saver(key))
	v, card, err := a.open(ctx, i, i.bitrix.Viewer(i.Endpoint, source), v, l.Item)
	if v.Viewer == 0 {
		return v, card, err
	}
	t, _ := source.Token(ctx)
	key.User = v.Viewer
	if saveErr := a.saveToken(ctx, key, t); saveErr != nil {
		return v, Card{}, saveErr
	}
	return v, card, err
}

// claimed is the launch's token pair, to be used with the proven addresses.
func claimed(l bitrix.Launch, i home) bitrix.Token {
	t := l.Token()
	t.MemberID, t.Endpoint, t.Server, t.UserID = i.Member, i.Endpoint, i.Server, 0
	return t
}

// OpenItem turns a visit that is about no item, or about another one, to a
// CRM item, in one request like Open's.
func (a *App) OpenItem(ctx context.Context, v Visit, item bitrix.CRMItem) (Visit, Card, error) {
	if item.IsZero() {
		return v, Card{}, ErrNoItem
	}
	i, err := a.installation(ctx, v.Member)
	if err != nil {
		return v, Card{}, err
	}
	c, err := a.viewerAt(ctx, i, v)
	if err != nil {
		return v, Card{}, err
	}
	fresh := Visit{ID: rand.Text(), Member: v.Member, Portal: v.Portal, Language: v.Language}
	fresh, card, err := a.open(ctx, i, c, fresh, item)
	if err == nil && fresh.Viewer != v.Viewer {
		return v, Card{}, fmt.Errorf("%w: the token is another person's", ErrForged)
	}
	return fresh, card, err
}

// open asks the portal who the person is and what stands in the item's card.
func (a *App) open(ctx context.Context, i home, c bitrix.Viewer, v Visit, item bitrix.CRMItem) (Visit, Card, error) {
	p, err := a.store.Policy(ctx, v.Member)
	if err != nil {
		return v, Card{}, err
	}
	b := proof()
	b.Add("scope", "scope", nil)
	b.Self("self")
	if !item.IsZero() {
		if len(p.Adders) > 0 {
			b.Access("may", codes(p.Adders)...)
		}
		addCard(b, item)
	}
	r, err := c.Batch(ctx, b)
	if err != nil {
		return v, Card{}, whole(err)
	}
	me, err := proven(r, i.ClientID)
	if err != nil {
		return v, Card{}, err
	}
	v.Viewer, v.Admin, v.Name = me.ID, me.Admin, bitrix.User{Name: me.Name, LastName: me.LastName}.FullName()
	var granted []string
	v.takeSelf(r)
	v.NoMessenger = r.Decode("scope", &granted) == nil && !slices.Contains(granted, "im")
	if item.IsZero() {
		return v, Card{}, nil
	}
	if !p.Shows(item.Type) {
		return v, Card{}, ErrHidden
	}
	var may bool
	if len(p.Adders) > 0 && r.Decode("may", &may) == nil {
		a.rulings.may(v.Member, v.Viewer, p.Version, may, a.now())
		v.Excluded = !may
	}
	var found bitrix.Item
	if err := r.Decode("item", &found); err != nil {
		return v, Card{}, itemRefusal(item, err)
	}
	v.Item, v.Title = item, found.Title
	v.Links, v.MoreLinks = links(item, found)
	if v.Employee {
		a.shelf.want(wish{v, true}, a.now())
	}
	card, err := readCard(r, v)
	return v, card, err
}

// Renew takes new tokens of the same person into the visit: the page asked the
// portal for them when the old ones were refused. One request proves them.
func (a *App) Renew(ctx context.Context, v Visit, l bitrix.Launch) (Visit, error) {
	i, err := a.installation(ctx, v.Member)
	switch {
	case err != nil:
		return v, err
	case l.Access == "":
		return v, ErrNoToken
	case l.MemberID != "" && l.MemberID != v.Member:
		return v, fmt.Errorf("%w: tokens of another portal", ErrForged)
	}
	key := TokenKey{v.Member, AsViewer, v.Viewer}
	source := i.bitrix.Renewing(claimed(l, i), a.saver(key))
	b := proof()
	b.Self("self")
	r, err := i.bitrix.Viewer(i.Endpoint, source).Batch(ctx, b)
	if err != nil {
		return v, whole(err)
	}
	me, err := proven(r, i.ClientID)
	if err != nil {
		return v, err
	}
	if me.ID != v.Viewer {
		return v, fmt.Errorf("%w: tokens of another person", ErrForged)
	}
	t, err := source.Token(ctx)
	if err != nil {
		return v, err
	}
	v.Admin = me.Admin
	v.takeSelf(r)
	return v, a.saveToken(ctx, key, t)
}

// takeSelf reads what the portal says about the viewer. Where it does not tell,
// because the application may not ask, nobody counts as an employee.
func (v *Visit) takeSelf(r *bitrix.BatchResult) {
	var self bitrix.User
	known := r.Decode("self", &self) == nil && self.ID == v.Viewer
	v.Employee = known && self.Active && self.Type == "employee" && len(self.Departments) > 0
	v.Departments = nil
	if v.Employee {
		v.Departments = self.Departments
	}
}

// AuthorizeURL returns the portal's page on which a person signs in from
// outside the portal, and which portal that is, for SignIn. The portal is a
// host or origin as a person typed it; empty means the only one there is, and
// ErrWhichPortal when there are several. People are sent to installed portals
// only: every other is ErrNotInstalled.
func (a *App) AuthorizeURL(ctx context.Context, portal, state string) (string, bitrix.MemberID, error) {
	i, err := a.named(ctx, portal)
	if err != nil {
		return "", "", err
	}
	return i.bitrix.AuthorizeURL(i.Portal, state), i.Member, nil
}

// named is the installed portal with that host, or the only one there is.
func (a *App) named(ctx context.Context, portal string) (home, error) {
	all, err := a.store.Installations(ctx)
	if err != nil {
		return home{}, err
	}
	portal = strings.TrimSpace(portal)
	var found []home
	for _, i := range all {
		if portal != "" && hostOf(i.Portal) != hostOf(portal) {
			continue
		}
		switch h, err := a.home(ctx, i); {
		case err == nil:
			found = append(found, h)
		case !errors.Is(err, ErrNotInstalled):
			return home{}, err
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1 && portal == "":
		return home{}, ErrWhichPortal
	}
	return home{}, ErrNotInstalled
}

// SignIn ends the sign-in from outside the portal that began with AuthorizeURL,
// which told the member. Code and server are what the redirect carried as code
// and server_domain; the state must have been checked. A code of another portal
// is refused. The visit is about no item yet, see OpenItem.
func (a *App) SignIn(ctx context.Context, member bitrix.MemberID, server, code string) (Visit, error) {
	i, err := a.installation(ctx, member)
	if err != nil {
		return Visit{}, err
	}
	t, err := i.bitrix.Exchange(ctx, server, code)
	if err != nil {
		return Visit{}, refusal(err)
	}
	if t.MemberID != i.Member {
		return Visit{}, fmt.Errorf("%w: a code of another portal", ErrForged)
	}
	t.Endpoint, t.Server = i.Endpoint, i.Server
	r, err := i.bitrix.Viewer(i.Endpoint, bitrix.StaticToken(t)).Batch(ctx, proof())
	if err != nil {
		return Visit{Portal: i.Portal}, whole(err)
	}
	me, err := proven(r, i.ClientID)
	if err != nil {
		return Visit{Portal: i.Portal}, err
	}
	if t.UserID != 0 && t.UserID != me.ID {
		return Visit{Portal: i.Portal}, fmt.Errorf("%w: a token of another person", ErrForged)
	}
	if err := a.saveToken(ctx, TokenKey{i.Member, AsViewer, me.ID}, t); err != nil {
		return Visit{Portal: i.Portal}, err
	}
	return Visit{
		ID: rand.Text(), Member: i.Member, Portal: i.Portal, Viewer: me.ID, Admin: me.Admin,
		Name: bitrix.User{Name: me.Name, LastName: me.LastName}.FullName(),
	}, nil
}

// proof is a batch that asks which application and which person a token is for.
func proof() *bitrix.Batch {
	b := bitrix.NewBatch()
	b.Reads = true
	b.AppInfo("app")
	b.Profile("me")
	return b
}

// proven reads the answer to proof. A token of another application is a
// perfectly valid token of this portal, so anything but the client id that is
// installed there is refused.
func proven(r *bitrix.BatchResult, clientID string) (bitrix.Profile, error) {
	var info bitrix.AppInfo
	if err := r.Decode("app", &info); err != nil {
		if errors.Is(err, bitrix.ErrAccessDenied) {
			return bitrix.Profile{}, fmt.Errorf("%w: a token of no application: %w", ErrForged, err)
		}
		return bitrix.Profile{}, refusal(err)
	}
	if info.Code != clientID {
		return bitrix.Profile{}, fmt.Errorf("%w: a token of another application", ErrForged)
	}
	var me bitrix.Profile
	if err := r.Decode("me", &me); err != nil {
		return bitrix.Profile{}, refusal(err)
	}
	if me.ID <= 0 {
		return bitrix.Profile{}, fmt.Errorf("%w: the token is nobody's", ErrNoAccess)
	}
	return me, nil
}

// whole names the refusal of a whole batch. There an access denied is about
// the person: somebody dismissed holds tokens until they expire.
func whole(err error) error {
	if errors.Is(err, bitrix.ErrAccessDenied) {
		return fmt.Errorf("%w: %w", ErrNoAccess, err)
	}
	return refusal(err)
}

// itemRefusal names why the portal does not show an item.
func itemRefusal(item bitrix.CRMItem, err error) error {
	switch {
	case errors.Is(err, bitrix.ErrEmployeesOnly):
		return fmt.Errorf("%w: %w", ErrExternal, err)
	case errors.Is(err, bitrix.ErrNotFound):
		return fmt.Errorf("%w: %v: %w", ErrItemNotFound, item, err)
	case errors.Is(err, bitrix.ErrAccessDenied):
		return fmt.Errorf("%w: %v: %w", ErrNotAllowed, item, err)
	}
	return refusal(err)
}

// maxItems is how many items one request asks for chats: three commands each.
const maxItems = bitrix.MaxBatch / 3

// links are the items whose chats belong to the card too: contacts first,
// because a customer writes as a contact, then company and lead, which are
// never left out.
func links(own bitrix.CRMItem, item bitrix.Item) (linked []bitrix.CRMItem, left int) {
	var tail []bitrix.CRMItem
	for _, c := range []bitrix.CRMItem{{Type: bitrix.Company, ID: item.Company}, {Type: bitrix.Lead, ID: item.Lead}} {
		if c.ID > 0 && c != own {
			tail = append(tail, c)
		}
	}
	for _, id := range item.Contacts {
		c := bitrix.CRMItem{Type: bitrix.Contact, ID: id}
		switch {
		case id <= 0 || c == own || slices.Contains(linked, c):
		case len(linked)+len(tail)+1 < maxItems: // the card's own item is one
			linked = append(linked, c)
		default:
			left++
		}
	}
	return append(linked, tail...), left
}

// hostOf is the bare host of an origin, or of what a person typed as one.
func hostOf(origin string) string {
	if u, err := url.Parse(origin); err == nil && u.Host != "" {
		return bareHost(u.Host)
	}
	return bareHost(origin)
}
