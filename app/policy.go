package app

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// Policy is what an administrator of a portal decided about who may bring whom.
// The zero Policy leaves everything to the portal.
type Policy struct {
	// Version numbers it; zero: none was ever saved. Saving names the version
	// that it takes the place of.
	Version int64 `json:"-"`
	// Changed is when it was saved, By and ByName who saved it.
	Changed time.Time     `json:"t,omitzero"`
	By      bitrix.UserID `json:"u,omitempty"`
	ByName  string        `json:"m,omitempty"`
	// Hidden are the types of items whose cards do not show Joinline.
	Hidden []bitrix.ItemType `json:"h,omitempty"`
	// Adders are those who may add people; none: everybody who may use Joinline.
	// The portal counts its administrators among every one of them.
	Adders []Access `json:"a,omitempty"`
	// Barred are the people and departments that nobody may add.
	Barred []Access `json:"b,omitempty"`
	// ConfirmAbove is how many people may be added at once without saying so
	// twice; zero: any number.
	ConfirmAbove int `json:"c,omitempty"`
	// NoteRequired: nobody is added without being told why.
	NoteRequired bool `json:"n,omitempty"`
	// Ways are where a remark goes for those who never chose; nil: nowhere.
	Ways *Ways `json:"w,omitempty"`
	// JournalDays is how many days the journal is kept; zero: as long as usual.
	JournalDays int `json:"j,omitempty"`
	// Delegated: whom the Open Channel's settings alone keep a viewer from adding,
	// Joinline adds as the administrator who installed it.
	Delegated bool `json:"d,omitempty"`
}

// The limits of a policy.
const (
	// MaxAccess is how many may stand in Adders, and in Barred.
	MaxAccess = 100
	// MaxJournalDays is how long a journal may be kept.
	MaxJournalDays = 3650
)

// Access is somebody who holds a right, as the portal's access dialog names them.
type Access struct {
	// Code is U7 for a person, D4 for a department, DR4 for one with those
	// below it, SG4 for a group, AU for everybody.
	// See https://apidocs.bitrix24.com/api-reference/common/users/user-access.html
	Code string `json:"c"`
	// Name is what the portal calls them; it may be empty.
	Name string `json:"n,omitempty"`
}

// accessCode is what codes look like. The letters behind a group's tell owners,
// moderators and members apart.
var accessCode = regexp.MustCompile(`^(?:(U|IU|D|DR|SG|G)([1-9][0-9]{0,9})(?:_[AEK])?|AU)$`)

// person returns whom a code names; zero when it names no single person.
func (a Access) person() bitrix.UserID {
	if kind, id := a.parts(); kind == "U" || kind == "IU" {
		return bitrix.UserID(id)
	}
	return 0
}

// department returns the department that a code names, and whether those below
// it are meant too; zero when it names none.
func (a Access) department() (id int64, below bool) {
	switch kind, id := a.parts(); kind {
	case "D":
		return id, false
	case "DR":
		return id, true
	}
	return 0, false
}

func (a Access) parts() (kind string, id int64) {
	m := accessCode.FindStringSubmatch(a.Code)
	if m == nil || m[1] == "" {
		return "", 0
	}
	_, _ = fmt.Sscan(m[2], &id) // ten digits at most
	return m[1], id
}

func codes(all []Access) []string {
	var codes []string
	for _, a := range all {
		codes = append(codes, a.Code)
	}
	return codes
}

// Shows reports whether the cards of items of a type show Joinline.
func (p Policy) Shows(t bitrix.ItemType) bool { return !slices.Contains(p.Hidden, t) }

// Bars reports whether the policy names the very person as one nobody may add.
// Whether it means their department is not known here.
func (p Policy) Bars(user bitrix.UserID) bool {
	return slices.ContainsFunc(p.Barred, func(a Access) bool { return a.person() == user })
}

// AccessError tells which of the typed codes and names the portal does not know,
// or knows several of. It matches ErrAccessUnknown.
type AccessError struct{ Texts []string }

// Error counts them: they may be names of people.
func (e *AccessError) Error() string { return fmt.Sprintf("%v: %d", ErrAccessUnknown, len(e.Texts)) }

// Is matches ErrAccessUnknown.
func (e *AccessError) Is(target error) bool { return target == ErrAccessUnknown }

// Policy returns the policy of the visit's portal.
func (a *App) Policy(ctx context.Context, v Visit) (Policy, error) {
	return a.store.Policy(ctx, v.Member)
}

// SetPolicy saves the policy of the visit's portal, in place of the one with its
// Version, and then binds and unbinds the tabs of the cards accordingly, which
// is verified by reading them back. The viewer must be an administrator, which
// the portal is asked anew. Of Adders and Barred the codes count, or names where
// there is no code; the portal tells how they are called. Understood: the viewer
// confirmed what delegated adding opens.
//
// Errors to test for: ErrNotAdmin; ErrPolicyChanged, when somebody else changed
// it since; ErrUnsure, when delegated adding was to be switched on and not
// understood; an *AccessError; a *ScopeError, when departments are barred that
// Joinline may not look into; ErrPolicyInvalid. Beside ErrTabs the policy is saved.
func (a *App) SetPolicy(ctx context.Context, v Visit, p Policy, understood bool) (Policy, error) {
	if err := a.Administrator(ctx, v); err != nil {
		return Policy{}, err
	}
	before, err := a.store.Policy(ctx, v.Member)
	if err != nil {
		return Policy{}, err
	}
	switch {
	case before.Version != p.Version:
		return before, ErrPolicyChanged
	case p.Delegated && !before.Delegated && !understood:
		return before, ErrUnsure
	}
	client, err := a.viewer(ctx, v)
	if err != nil {
		return before, err
	}
	if p, err = resolved(ctx, client, p); err != nil {
		return before, err
	}
	// What has begun is brought to its end.
	ctx = context.WithoutCancel(ctx)
	p.Changed, p.By, p.ByName = a.now().UTC(), v.Viewer, v.Name
	if err := a.store.SavePolicy(ctx, v.Member, p, p.changes(v, before)); err != nil {
		return before, err
	}
	p.Version++
	a.log.InfoContext(ctx, "policy changed", KeyMember, v.Member, KeyUser, v.Viewer, "version", p.Version, "delegated", p.Delegated)
	if err := a.retab(ctx, v, p); err != nil {
		a.log.WarnContext(ctx, "the tabs are not as the policy wants them", KeyMember, v.Member, KeyError, err)
		return p, fmt.Errorf("%w: %v", ErrTabs, err)
	}
	return p, nil
}

// changes is what the journal says of a policy that takes the place of another:
// one entry for each setting that differs.
func (p Policy) changes(v Visit, before Policy) (all []Entry) {
	was := before.settings()
	for n, s := range p.settings() {
		if s != was[n] {
			all = append(all, Entry{
				Member: v.Member, Kind: EntryPolicy, At: p.Changed, Settled: p.Changed, By: Party{v.Viewer, v.Name}, Detail: s[0] + ":" + s[1],
			})
		}
	}
	return all
}

// settings are the codes of all settings with their values, as the journal names
// them.
func (p Policy) settings() [][2]string {
	var hidden []string
	for _, t := range p.Hidden {
		hidden = append(hidden, string(t))
	}
	slices.Sort(hidden)
	ways := ""
	if p.Ways != nil {
		ways = fmt.Sprintf("notice=%t line=%t comment=%t", p.Ways.Notify, p.Ways.Line, p.Ways.Comment)
	}
	return [][2]string{
		{"hidden_cards", strings.Join(hidden, " ")}, {"may_add", strings.Join(codes(p.Adders), " ")}, {"never_added", strings.Join(codes(p.Barred), " ")},
		{"confirm_above", fmt.Sprint(p.ConfirmAbove)}, {"note_required", fmt.Sprint(p.NoteRequired)}, {"note_goes", ways},
		{"journal_days", fmt.Sprint(p.JournalDays)}, {"delegated_adding", fmt.Sprint(p.Delegated)},
	}
}

// resolved checks a policy, and has the portal name everybody in it.
func resolved(ctx context.Context, client bitrix.Viewer, p Policy) (Policy, error) {
	if p.ConfirmAbove < 0 || p.ConfirmAbove > MaxPeople || p.JournalDays < 0 || p.JournalDays > MaxJournalDays ||
		len(p.Adders) > MaxAccess || len(p.Barred) > MaxAccess {
		return p, fmt.Errorf("%w: a number is out of bounds", ErrPolicyInvalid)
	}
	for _, t := range p.Hidden {
		if t.EntityTypeID() == 0 {
			return p, fmt.Errorf("%w: no type of cards: %.20q", ErrPolicyInvalid, t)
		}
	}
	n := namer{client: client}
	var err error
	if p.Adders, err = n.name(ctx, p.Adders, func(Access) bool { return true }); err != nil {
		return p, err
	}
	below := false
	p.Barred, err = n.name(ctx, p.Barred, func(a Access) bool {
		id, deep := a.department()
		below = below || deep
		return id > 0 || a.person() > 0
	})
	if err == nil && below {
		_, err = n.structure(ctx)
	}
	if err == nil && n.unknown != nil {
		err = &AccessError{n.unknown}
	}
	return p, err
}

// namer has the portal say who is meant by codes and names.
type namer struct {
	client  bitrix.Viewer
	units   []bitrix.Department
	read    bool
	unknown []string
}

// name resolves those without a code, and names all. What may not stand there,
// or is not known, joins the unknown.
func (n *namer) name(ctx context.Context, all []Access, may func(Access) bool) ([]Access, error) {
	var found []Access
	for _, a := range all {
		if a.Code = strings.ToUpper(strings.TrimSpace(a.Code)); a.Code == "" {
			named, err := n.find(ctx, strings.TrimSpace(a.Name))
			if err != nil {
				return nil, err
			}
			if len(named) != 1 {
				n.unknown = append(n.unknown, a.Name)
				continue
			}
			a = named[0]
		}
		switch {
		case !accessCode.MatchString(a.Code), !may(a):
			n.unknown = append(n.unknown, a.Code)
		case !slices.ContainsFunc(found, func(b Access) bool { return b.Code == a.Code }):
			found = append(found, a)
		}
	}
	if found == nil {
		return nil, nil
	}
	names, err := n.client.AccessNames(ctx, codes(found))
	if err != nil {
		return nil, refusal(err)
	}
	var named []Access
	for _, a := range found {
		if a.Name = names[a.Code]; a.Name == "" {
			n.unknown = append(n.unknown, a.Code)
			continue
		}
		named = append(named, a)
	}
	return named, nil
}

// find returns the people and departments that bear a name.
func (n *namer) find(ctx context.Context, name string) (found []Access, err error) {
	people, err := n.client.SearchUsers(ctx, bitrix.UserSearch{Query: name})
	if err != nil {
		return nil, refusal(err)
	}
	for _, u := range people {
		if strings.EqualFold(u.FullName(), name) || strings.EqualFold(strings.TrimSpace(u.LastName+" "+u.Name), name) {
			found = append(found, Access{Code: fmt.Sprint("U", u.ID)})
		}
	}
	units, err := n.structure(ctx)
	if errors.Is(err, ErrScope) { // then only people are found
		return found, nil
	}
	for _, d := range units {
		if strings.EqualFold(d.Name, name) {
			found = append(found, Access{Code: fmt.Sprint("DR", d.ID)})
		}
	}
	return found, err
}

func (n *namer) structure(ctx context.Context) ([]bitrix.Department, error) {
	if n.read {
		return n.units, nil
	}
	units, err := n.client.Departments(ctx)
	if err != nil {
		return nil, refusal(err)
	}
	n.units, n.read = units, true
	return units, nil
}

// retab makes the tabs of the cards what a policy wants, and reads them back.
// It acts for the installation, or, when whoever installed Joinline cannot any
// more, as the administrator who is there.
func (a *App) retab(ctx context.Context, v Visit, p Policy) error {
	i, err := a.installation(ctx, v.Member)
	if err != nil {
		return err
	}
	for _, key := range []TokenKey{{i.Member, AsInstallation, i.Installer}, {i.Member, AsViewer, v.Viewer}} {
		k := &kept{app: a, bitrix: i.bitrix, key: key}
		if _, err = k.read(ctx); err == nil {
			client := i.bitrix.Installation(i.Endpoint, k)
			if err = a.bindPlacements(ctx, client, p); err == nil {
				return a.tabbed(ctx, client, p)
			}
		}
		if !errors.Is(err, ErrNoToken) && !errors.Is(err, ErrNoAccess) && !errors.Is(err, ErrPortalRefused) {
			return err
		}
	}
	return err
}

// tabbed fails unless exactly the tabs are bound that a policy wants.
func (a *App) tabbed(ctx context.Context, client bitrix.Installation, p Policy) error {
	bound, err := client.Placements(ctx)
	if err != nil {
		return bindRefusal("reading the placements back", err)
	}
	wanted := a.placements(p)
	seen := map[string]bool{}
	for _, b := range bound {
		if w, ours := wanted[b.Placement]; !ours || b.Handler != w.Handler || seen[b.Placement] {
			return fmt.Errorf("%w: %s is still bound", ErrPortalRefused, b.Placement)
		}
		seen[b.Placement] = true
	}
	if len(seen) != len(wanted) {
		return fmt.Errorf("%w: %d tabs are bound of %d", ErrPortalRefused, len(seen), len(wanted))
	}
	return nil
}
