package bitrixtest

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
)

// saved is what Save writes: the tables of the portal, its registrations and
// the tokens of its authorisation server, secrets included.
type saved struct {
	Version    int
	MemberID   string
	App        string // origin of the application that Mirror.App named
	World      savedWorld
	NextApp    int
	NextBind   int
	Apps       map[string]*application
	Webhooks   map[string]*webhook
	Placements []*Placement
	Handlers   []*EventHandler
	SignIns    map[string]int
	Switches   Switches
	Tokens     []*oauthToken
	Removed    map[string]removedClient
}

// savedWorld is a World in a form JSON can hold: items are keyed by a struct.
// Of the generated staff only those stand in it who were changed: the same
// number always gives the same people.
type savedWorld struct {
	World
	Items []*Item
	Staff int
	Users []*User
}

// saveVersion changes with the form of what Save writes, and with the staff
// that is generated.
const saveVersion = 3

// Save writes the state of the portal and of its tokens, so that another
// portal can Load it: not the log of requests, the faults and the switches of
// frames. Generated people are saved where a method of [World] changed them.
// What is written holds secrets of the simulation; without a change in between
// it is the same each time.
func (p *Portal) Save(w io.Writer) error {
	text, err := p.saved()
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func (p *Portal) saved() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := saved{
		Version: saveVersion, MemberID: p.options.MemberID, App: p.options.Mirror.App,
		World:   savedWorld{World: *p.world, Items: p.world.itemList(), Staff: p.world.staff},
		NextApp: p.nextApp, NextBind: p.nextBind, Apps: p.apps, Webhooks: p.webhooks,
		Placements: p.placements, Handlers: p.handlers, SignIns: p.signIns, Switches: p.switches,
	}
	for _, u := range p.world.people() {
		if !p.world.generated(u.ID) || p.world.changed[u.ID] {
			s.World.Users = append(s.World.Users, u)
		}
	}
	a := p.auth
	a.mu.Lock()
	defer a.mu.Unlock()
	s.Removed = a.removed
	for _, t := range a.byAccess {
		if t.MemberID == p.options.MemberID && t.RefreshExpires.After(a.now()) {
			s.Tokens = append(s.Tokens, t)
		}
	}
	slices.SortFunc(s.Tokens, func(a, b *oauthToken) int { return cmp.Compare(a.Access, b.Access) })
	return json.Marshal(s)
}

// Load replaces the state of the portal by what Save wrote. Call it before the
// portal serves anything. The portal keeps its own addresses; where Mirror.App
// named another origin when the state was saved, the addresses there that were
// registered and bound move to the present one. An error leaves the portal as
// it was.
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
	s.move(p.options.Mirror.App)
	world := s.World.restore(newWorld(p.options.Now, cmp.Or(s.Switches.Language, p.options.Language)))
	world.fire = p.fire
	p.mu.Lock()
	defer p.mu.Unlock()
	p.world, p.nextApp, p.nextBind = world, s.NextApp, s.NextBind
	p.apps, p.webhooks, p.placements, p.handlers, p.signIns = s.Apps, s.Webhooks, s.Placements, s.Handlers, s.SignIns
	p.options.MemberID, p.switches = s.MemberID, s.Switches
	a := p.auth
	a.mu.Lock()
	defer a.mu.Unlock()
	a.portals[s.MemberID] = p
	for _, t := range s.Tokens {
		a.byAccess[t.Access] = t
		a.byRefresh[t.Refresh] = t
	}
	for id, c := range s.Removed {
		a.removed[id] = c
	}
	return nil
}

// complete tells that no table is missing: a portal could not go on with it.
func (s *saved) complete() bool {
	w := &s.World
	return s.MemberID != "" && len(w.Users) > 0 && w.Departments != nil && w.Workgroups != nil && w.Items != nil && w.Lines != nil &&
		w.Connectors != nil && w.Chats != nil && w.Sessions != nil && w.Activities != nil && w.Recents != nil && w.KnownTypes != nil &&
		s.Apps != nil && s.Webhooks != nil && s.SignIns != nil && w.Staff >= 0
}

// restore is the saved world, with the staff generated in a fresh one.
func (s *savedWorld) restore(fresh *World) *World {
	generateStaff(fresh, s.Staff)
	world := s.World
	world.now, world.language, world.fire, world.staff = fresh.now, fresh.language, fresh.fire, fresh.staff
	world.Users, world.changed = fresh.Users, map[int]bool{}
	for _, u := range s.Users {
		world.AddUser(*u)
	}
	world.Items = map[ItemKey]*Item{}
	for _, i := range s.Items {
		world.Items[i.ItemKey] = i
	}
	return &world
}

// move gives everything that lies at the saved application's origin another one.
func (s *saved) move(origin string) {
	if s.App == "" || origin == "" {
		return
	}
	moved := func(address *string) {
		if path, ok := strings.CutPrefix(*address, s.App); ok && (path == "" || strings.ContainsAny(path[:1], "/?")) {
			*address = origin + path
		}
	}
	for _, a := range s.Apps {
		moved(&a.HandlerURL)
		moved(&a.InstallURL)
	}
	for _, b := range s.Placements {
		moved(&b.Handler)
	}
	for _, h := range s.Handlers {
		moved(&h.Handler)
	}
}
