package bitrixtest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CRMTypes are the types of CRM items whose chats the portal knows.
var CRMTypes = []string{"LEAD", "DEAL", "CONTACT", "COMPANY"}

func newWorld(now func() time.Time, language string) *World {
	return &World{
		Users: map[int]*User{}, Departments: map[int]*Department{}, Workgroups: map[int]*Workgroup{},
		Items: map[ItemKey]*Item{}, Lines: map[int]*Line{}, Connectors: map[string]*Connector{},
		Chats: map[int]*Chat{}, Sessions: map[int]*Session{}, Activities: map[int]*Activity{},
		Recents: map[int]map[int]bool{}, KnownTypes: map[int]string{}, NextID: 200000,
		now: now, language: language, fire: func(string, map[string]any, int) {},
	}
}

// Now is the portal's clock.
func (w *World) Now() time.Time { return w.now() }

// id numbers the next thing.
func (w *World) id() int {
	w.NextID++
	return w.NextID
}

// AddUser adds a person and returns the stored one. Type defaults to Employee,
// Language to that of the portal; ID 0 gets the next number.
func (w *World) AddUser(u User) *User {
	if u.ID == 0 {
		u.ID = w.id()
	}
	if u.Type == "" {
		u.Type = Employee
	}
	if u.Language == "" {
		u.Language = w.language
	}
	w.Users[u.ID] = &u
	return &u
}

// Dismiss makes a person inactive: nothing can be done in their name, and
// they cannot be added to chats.
func (w *World) Dismiss(user int) { w.Users[user].Active = false }

// Restore undoes Dismiss.
func (w *World) Restore(user int) { w.Users[user].Active = true }

// SetCRMRights sets how far a person reads items of a type (and changes them,
// unless Update says otherwise).
func (w *World) SetCRMRights(user int, itemType string, level CRMLevel) {
	u := w.Users[user]
	u.Rights = with(u.Rights, strings.ToUpper(itemType), level)
}

// SetLevel sets a person's Open Channel level of "HISTORY:view",
// "JOIN:perform", "SESSION:view" or "LINES:view".
func (w *World) SetLevel(user int, action string, level Level) {
	u := w.Users[user]
	u.Levels = with(u.Levels, action, level)
}

// with is a changed copy: generated people share their maps.
func with[V any](m map[string]V, key string, v V) map[string]V {
	m = maps.Clone(m)
	if m == nil {
		m = map[string]V{}
	}
	m[key] = v
	return m
}

// AddItem adds a CRM item and returns the stored one.
func (w *World) AddItem(i Item) *Item {
	if i.ID == 0 {
		i.ID = w.id()
	}
	if i.Created.IsZero() {
		i.Created = w.now()
	}
	if i.CreatedBy == 0 {
		i.CreatedBy = i.AssignedBy
	}
	w.Items[i.ItemKey] = &i
	return &i
}

// AddLine adds an Open Channel and returns the stored one.
func (w *World) AddLine(l Line) *Line {
	if l.ID == 0 {
		l.ID = w.id()
	}
	w.Lines[l.ID] = &l
	return &l
}

// AddConnector adds a channel type that is switched on.
func (w *World) AddConnector(id, title string) *Connector {
	c := &Connector{ID: id, Title: title, Active: true}
	w.Connectors[id] = c
	return c
}

// NewChat describes a chat for [World.AddChat]. Line, Connector and Customer must exist.
type NewChat struct {
	ID        int
	Name      string
	Connector string
	Line      int
	Customer  int
	// Items are the CRM items its session is bound to; the first is the primary one.
	Items []ItemKey
	// Status is the state of the session, for example StatusOperator.
	Status int
	// Operator leads the chat while the session is accepted and open.
	Operator int
	// Texts are messages of the customer and the operator in turns.
	Texts []string
}

// AddChat adds a chat with one session and its CRM activity.
func (w *World) AddChat(n NewChat) *Chat {
	now := w.now()
	if n.ID == 0 {
		n.ID = w.id()
	}
	c := &Chat{
		ID: n.ID, Name: n.Name, Color: "#58cc47", Connector: n.Connector, Line: n.Line,
		ExternalChat: strconv.Itoa(100000 + n.ID), Customer: n.Customer, Created: now, Bound: map[string]int{},
	}
	w.Chats[c.ID] = c
	c.Members = []*Member{{User: n.Customer}}
	w.StartSession(c, n.Items, StatusNew, 0)
	s := w.Sessions[c.Session]
	if n.Status >= StatusAnswered {
		w.Accept(c.ID, n.Operator)
	}
	for i, text := range n.Texts {
		w.PostMessage(c.ID, []int{n.Customer, n.Operator}[i%2], text)
	}
	if n.Status >= StatusClosed {
		w.CloseSession(c.ID)
	}
	s.Status = n.Status
	return c
}

// QueueUsers are the active people in a line's queue, departments expanded.
func (w *World) QueueUsers(line int) []int {
	l := w.Lines[line]
	if l == nil {
		return nil
	}
	var users []int
	for _, entry := range l.Queue {
		if entry.Type == "user" {
			users = append(users, entry.ID)
			continue
		}
		for _, u := range w.departmentUsers(entry.ID) {
			users = append(users, u.ID)
		}
	}
	slices.Sort(users)
	return slices.Compact(users)
}

// departmentUsers are the active people of a department and of all below it.
func (w *World) departmentUsers(department int) []*User {
	tree := w.subtree(department)
	var users []*User
	for _, id := range sortedKeys(w.Users) {
		u := w.Users[id]
		if u.Active && slices.ContainsFunc(u.Departments, func(d int) bool { return tree[d] }) {
			users = append(users, u)
		}
	}
	return users
}

// subtree is the set of a department and all departments below it.
func (w *World) subtree(department int) map[int]bool {
	tree := map[int]bool{department: true}
	for grown := true; grown; {
		grown = false
		for id, d := range w.Departments {
			if tree[d.Parent] && !tree[id] {
				tree[id], grown = true, true
			}
		}
	}
	return tree
}

// FullName is the name of a user as the portal writes it.
func (u *User) FullName() string {
	return strings.TrimSpace(u.Name + " " + u.LastName)
}

// Code is the chat's address: connector|line|chat at the connector|customer.
func (c *Chat) Code() string {
	return fmt.Sprintf("%s|%d|%s|%d", c.Connector, c.Line, c.ExternalChat, c.Customer)
}

func (c *Chat) participants() []int {
	users := make([]int, len(c.Members))
	for i, m := range c.Members {
		users[i] = m.User
	}
	return users
}

// member is a user's place in the chat, or nil.
func (c *Chat) member(user int) *Member {
	for _, m := range c.Members {
		if m.User == user {
			return m
		}
	}
	return nil
}
