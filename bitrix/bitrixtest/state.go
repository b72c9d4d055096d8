package bitrixtest

import (
	"maps"
	"slices"
	"time"
)

// State is everything a portal holds, for reading: what GET /_portal/state
// answers. Secrets and the values of tokens are not in it.
type State struct {
	MemberID      string             `json:"member_id"`
	URL           string             `json:"url"`
	Users         []*User            `json:"users"`
	Departments   []*Department      `json:"departments"`
	Workgroups    []*Workgroup       `json:"workgroups"`
	KnownTypes    map[int]string     `json:"known_types"` // dynamic CRM types
	Items         []*Item            `json:"items"`
	Lines         []*Line            `json:"lines"`
	Connectors    []*Connector       `json:"connectors"`
	Chats         []ChatState        `json:"chats"`
	Sessions      []*Session         `json:"sessions"`
	Activities    []*Activity        `json:"activities"`
	Notifications []*Notification    `json:"notifications"`
	Timeline      []*TimelineComment `json:"timeline"`
	Placements    []*Placement       `json:"placements"`
	EventHandlers []*EventHandler    `json:"event_handlers"`
	Applications  []ApplicationState `json:"applications"`
	Tokens        []TokenState       `json:"tokens"`
	Webhooks      []WebhookState     `json:"webhooks"`
	RequestCount  int                `json:"request_count"`
	Refreshes     int                `json:"refreshes"`
}

// ChatState is a chat with the ids of its participants, the customer included.
// Primary is its first CRM item, Bound the item of each type that it is linked
// with, OfferedTo are those in whose lists it waits for an operator.
type ChatState struct {
	ID           int            `json:"id"`
	Name         string         `json:"name"`
	Connector    string         `json:"connector"`
	Line         int            `json:"line"`
	Customer     int            `json:"customer"`
	Owner        int            `json:"owner"`
	Session      int            `json:"session"`
	Status       int            `json:"status"`
	Silent       bool           `json:"silent"`
	Primary      ItemKey        `json:"primary"`
	Bound        map[string]int `json:"bound"`
	Participants []int          `json:"participants"`
	Members      []Member       `json:"members"`
	OfferedTo    []int          `json:"offered_to"`
	Messages     []*Message     `json:"messages"`
}

// WebhookState says whose an inbound webhook is and what it may.
type WebhookState struct {
	User   int      `json:"user"`
	Scopes []string `json:"scopes"`
}

// ApplicationState is a registered application without its keys.
type ApplicationState struct {
	ID       int    `json:"id"`
	ClientID string `json:"client_id"`
	App
	Access    []string `json:"access"` // who may use it; empty: everybody
	Installed bool     `json:"installed"`
}

// TokenState says whose a pair of tokens is.
type TokenState struct {
	User     int       `json:"user"`
	ClientID string    `json:"client_id"`
	Expires  time.Time `json:"expires"`
	Spent    bool      `json:"spent"`
}

// State is a copy of what the portal holds now.
func (p *Portal) State() State {
	s := State{URL: p.URL(), Refreshes: p.Refreshes(), Tokens: p.auth.tokenStates(p.MemberID())}
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.world
	s.MemberID, s.RequestCount = p.options.MemberID, p.requestCount
	s.Users, s.Departments, s.Lines = copies(w.Users), copies(w.Departments), copies(w.Lines)
	s.Workgroups, s.KnownTypes = copies(w.Workgroups), maps.Clone(w.KnownTypes)
	s.Connectors, s.Sessions, s.Activities = copies(w.Connectors), copies(w.Sessions), copies(w.Activities)
	s.Items = w.itemList()
	s.Notifications, s.Timeline = slices.Clone(w.Notifications), slices.Clone(w.Timeline)
	s.Placements, s.EventHandlers = slices.Clone(p.placements), slices.Clone(p.handlers)
	for _, id := range sortedKeys(w.Chats) {
		s.Chats = append(s.Chats, w.stateOf(w.Chats[id]))
	}
	for _, id := range sortedKeys(p.apps) {
		a := p.apps[id]
		s.Applications = append(s.Applications, ApplicationState{a.ID, a.ClientID, a.App, a.Access, a.Installed})
	}
	for _, secret := range sortedKeys(p.webhooks) {
		hook := p.webhooks[secret]
		s.Webhooks = append(s.Webhooks, WebhookState{hook.User, slices.Clone(hook.Scopes)})
	}
	slices.SortStableFunc(s.Webhooks, func(a, b WebhookState) int { return a.User - b.User })
	return s
}

func (w *World) stateOf(c *Chat) ChatState {
	s := ChatState{
		ID: c.ID, Name: c.Name, Connector: c.Connector, Line: c.Line, Customer: c.Customer, Owner: c.Owner,
		Session: c.Session, Status: StatusClosed, Silent: c.Silent, Participants: c.participants(),
		Primary: c.Primary, Bound: maps.Clone(c.Bound),
	}
	if session := w.Sessions[c.Session]; session != nil {
		s.Status = session.Status
	}
	for _, m := range c.Members {
		s.Members = append(s.Members, *m)
	}
	for _, user := range sortedKeys(w.Recents) {
		if w.Recents[user][c.ID] {
			s.OfferedTo = append(s.OfferedTo, user)
		}
	}
	for _, m := range c.Messages {
		copied := *m
		s.Messages = append(s.Messages, &copied)
	}
	return s
}

// itemList are copies of all items, by type and id.
func (w *World) itemList() []*Item {
	items := make([]*Item, 0, len(w.Items))
	for _, i := range w.Items {
		copied := *i
		items = append(items, &copied)
	}
	slices.SortFunc(items, func(a, b *Item) int {
		if a.Type != b.Type {
			return slices.Index(CRMTypes, a.Type) - slices.Index(CRMTypes, b.Type)
		}
		return a.ID - b.ID
	})
	return items
}

// copies are copies of a table's rows in the order of their keys.
func copies[K int | string, V any](table map[K]*V) []*V {
	rows := make([]*V, 0, len(table))
	for _, key := range sortedKeys(table) {
		row := *table[key]
		rows = append(rows, &row)
	}
	return rows
}

func (a *AuthServer) tokenStates(memberID string) []TokenState {
	a.mu.Lock()
	defer a.mu.Unlock()
	states := []TokenState{}
	for _, t := range a.byAccess {
		if t.MemberID == memberID {
			states = append(states, TokenState{t.User, t.ClientID, t.Expires, t.Spent})
		}
	}
	slices.SortFunc(states, func(a, b TokenState) int {
		if a.User != b.User {
			return a.User - b.User
		}
		return a.Expires.Compare(b.Expires)
	})
	return states
}
