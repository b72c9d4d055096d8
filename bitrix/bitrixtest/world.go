package bitrixtest

import (
	"cmp"
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
		Recents: map[int]map[int]bool{}, KnownTypes: map[int]string{}, NextID: 200000, changed: map[int]bool{},
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

// AddUser adds a person, or puts them in the place of the one with their id,
// and returns the stored one. Type defaults to Employee, Language to that of
// the portal; ID 0 gets the next number.
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
	added := w.Users[u.ID] == nil
	w.Users[u.ID], w.sorted = &u, nil
	w.change(u.ID)
	if added && isReal(&u) {
		w.fire("ONUSERADD", map[string]any{
			"ID": strconv.Itoa(u.ID), "ACTIVE": yesNo(u.Active), "NAME": u.Name, "LAST_NAME": u.LastName, "EMAIL": u.Email,
			"WORK_POSITION": u.Position, "UF_DEPARTMENT": u.Departments,
		}, 0)
	}
	return &u
}

// people are all users by id: a large staff is gone through often.
func (w *World) people() []*User {
	if len(w.sorted) != len(w.Users) {
		w.sorted = slices.SortedFunc(maps.Values(w.Users), func(a, b *User) int { return cmp.Compare(a.ID, b.ID) })
	}
	return w.sorted
}

// Dismiss makes a person inactive: nothing can be done in their name, and
// they cannot be added to chats.
func (w *World) Dismiss(user int) { w.change(user).Active = false }

// Restore undoes Dismiss.
func (w *World) Restore(user int) { w.change(user).Active = true }

// SetLanguage sets the language of the portal's interface for a person.
func (w *World) SetLanguage(user int, language string) { w.change(user).Language = language }

// SetAbsence puts a person on leave until a time; one that has passed ends it.
func (w *World) SetAbsence(user int, until time.Time) { w.change(user).AbsentUntil = until }

// SetLastActivity dates what a person last did on the portal; a call in their
// name dates it anew.
func (w *World) SetLastActivity(user int, at time.Time) { w.change(user).LastActivity = at }

// change is the person of an id, who is about to be changed.
func (w *World) change(user int) *User {
	if w.generated(user) {
		w.changed[user] = true
	}
	return w.Users[user]
}

// generated tells the generated staff from everybody else.
func (w *World) generated(user int) bool { return user >= firstStaffID && user < firstStaffID+w.staff }

// SetCRMRights sets how far a person reads items of a type (and changes them,
// unless Update says otherwise).
func (w *World) SetCRMRights(user int, itemType string, level CRMLevel) {
	u := w.change(user)
	u.Rights = with(u.Rights, strings.ToUpper(itemType), level)
}

// SetLevel sets a person's Open Channel level of "HISTORY:view",
// "JOIN:perform", "SESSION:view" or "LINES:view".
func (w *World) SetLevel(user int, action string, level Level) {
	u := w.change(user)
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

// AddItem adds a CRM item, or puts it in the place of the one with its id, and
// returns the stored one.
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
	verb, user := "UPDATE", 0
	if w.Items[i.ItemKey] == nil {
		verb, user = "ADD", i.CreatedBy
	}
	w.Items[i.ItemKey] = &i
	w.fireItem(verb, i.ItemKey, user)
	return &i
}

// RemoveItem deletes a CRM item; its chats are no longer bound to it. It
// reports whether there was one.
func (w *World) RemoveItem(key ItemKey) bool {
	if w.Items[key] == nil {
		return false
	}
	delete(w.Items, key)
	for _, a := range w.Activities {
		a.Bindings = slices.DeleteFunc(slices.Clone(a.Bindings), func(k ItemKey) bool { return k == key })
	}
	for _, c := range w.Chats {
		if c.Primary == key {
			c.Primary = ItemKey{}
		}
		if c.Bound[key.Type] == key.ID {
			delete(c.Bound, key.Type)
		}
	}
	w.fireItem("DELETE", key, 0)
	return true
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
	for _, u := range w.people() {
		if u.Active && u.worksIn(tree) {
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
