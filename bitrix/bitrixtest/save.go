package bitrixtest

import (
	"encoding/json"
	"errors"
	"io"
)

// saved is what Save writes: the tables of the portal, its registrations and
// the tokens of its authorisation server, secrets included.
type saved struct {
	Version    int
	MemberID   string
	World      savedWorld
	NextApp    int
	NextBind   int
	Apps       map[string]*application
	Webhooks   map[string]*webhook
	Placements []*Placement
	Handlers   []*EventHandler
	SignIns    map[string]int
	Switches   *Switches
	Tokens     []*oauthToken
}

// savedWorld is a World in a form JSON can hold: items are keyed by a struct.
type savedWorld struct {
	World
	Items []*Item
}

// saveVersion changes with the form of what Save writes.
const saveVersion = 1

// Save writes the state of the portal and of its tokens, so that another
// portal can Load it. The file holds secrets of the simulation.
func (p *Portal) Save(w io.Writer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	world := *p.world
	s := saved{
		Version: saveVersion, MemberID: p.options.MemberID, World: savedWorld{world, p.world.itemList()},
		NextApp: p.nextApp, NextBind: p.nextBind, Apps: p.apps, Webhooks: p.webhooks,
		Placements: p.placements, Handlers: p.handlers, SignIns: p.signIns, Switches: &p.switches,
	}
	a := p.auth
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, t := range a.byAccess {
		if t.MemberID == p.options.MemberID && t.RefreshExpires.After(a.now()) {
			s.Tokens = append(s.Tokens, t)
		}
	}
	return json.NewEncoder(w).Encode(s)
}

// Load replaces the state of the portal by what Save wrote. An error leaves
// the portal as it was.
func (p *Portal) Load(r io.Reader) error {
	var s saved
	if err := json.NewDecoder(r).Decode(&s); err != nil {
		return err
	}
	if s.Version != saveVersion {
		return errors.New("it was saved by another version")
	}
	if !s.complete() {
		return errors.New("tables are missing in it")
	}
	fresh := newWorld(p.options.Now, p.options.Language)
	world := s.World.World
	world.now, world.language, world.fire = fresh.now, fresh.language, p.fire
	world.Items = map[ItemKey]*Item{}
	for _, i := range s.World.Items {
		world.Items[i.ItemKey] = i
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.world, p.nextApp, p.nextBind = &world, s.NextApp, s.NextBind
	p.apps, p.webhooks, p.placements, p.handlers, p.signIns = s.Apps, s.Webhooks, s.Placements, s.Handlers, s.SignIns
	p.options.MemberID, p.memberID = s.MemberID, s.MemberID
	if s.Switches != nil {
		p.switches = *s.Switches
		p.world.language = s.Switches.Language
	}
	a := p.auth
	a.mu.Lock()
	defer a.mu.Unlock()
	a.portals[s.MemberID] = p
	for _, t := range s.Tokens {
		a.byAccess[t.Access] = t
		a.byRefresh[t.Refresh] = t
	}
	return nil
}

// complete tells that no table is missing: a portal could not go on with it.
func (s *saved) complete() bool {
	w := &s.World
	return s.MemberID != "" && len(w.Users) > 0 && w.Departments != nil && w.Workgroups != nil && w.Items != nil && w.Lines != nil &&
		w.Connectors != nil && w.Chats != nil && w.Sessions != nil && w.Activities != nil && w.Recents != nil && w.KnownTypes != nil &&
		s.Apps != nil && s.Webhooks != nil && s.SignIns != nil
}
