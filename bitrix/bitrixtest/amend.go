package bitrixtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// amends is a control that adds a row of the world or changes one: its body
// holds the fields that the state shows, and those it does not name stay.
// find is the row the body is about, or a new one; store checks and keeps it.
func amends[V any](pattern, about string, find func(w *World, named V) V, store func(w *World, row V) (any, error)) control {
	return control{pattern, about, fieldNames(reflect.TypeFor[V]()), func(p *Portal, x controlRequest) (stored any, err error) {
		var named V
		if err := strict(x.body, &named); err != nil {
			return nil, err
		}
		p.Do(func(w *World) {
			var row V
			if row, err = amended(find(w, named), x.body); err == nil {
				stored, err = store(w, row)
			}
		})
		return stored, err
	}}
}

// amended is a deep copy of a row with the fields of a JSON object put over it.
func amended[V any](row V, body []byte) (fresh V, err error) {
	text, err := json.Marshal(row)
	if err != nil {
		return fresh, err
	}
	if err := json.Unmarshal(text, &fresh); err != nil {
		return fresh, err
	}
	return fresh, strict(body, &fresh)
}

func (w *World) userToAmend(named User) User {
	if u := w.Users[named.ID]; u != nil {
		return *u
	}
	return User{Active: true, Accepted: true, Type: Employee}
}

func (w *World) amendUser(u User) (any, error) {
	switch {
	case u.ID < 0:
		return nil, errors.New("an ID cannot be negative")
	case !slices.Contains([]UserType{Employee, Extranet, Email, BotUser, Customer}, u.Type):
		return nil, fmt.Errorf("there is no type of users %q", u.Type)
	}
	for _, d := range u.Departments {
		if w.Departments[d] == nil {
			return nil, fmt.Errorf("there is no department %d", d)
		}
	}
	return w.AddUser(u), nil
}

func (w *World) departmentToAmend(named Department) Department {
	if d := w.Departments[named.ID]; d != nil {
		return *d
	}
	return Department{}
}

func (w *World) amendDepartment(d Department) (any, error) {
	if d.Parent != 0 && w.Departments[d.Parent] == nil || d.Parent == d.ID && d.ID != 0 || d.ID < 0 {
		return nil, fmt.Errorf("there is no department %d above it", d.Parent)
	}
	if d.ID != 0 && w.subtree(d.ID)[d.Parent] {
		return nil, errors.New("a department cannot be below itself")
	}
	if d.ID == 0 {
		d.ID = w.id()
	}
	w.Departments[d.ID] = &d
	return d, nil
}

func (w *World) itemToAmend(named Item) Item {
	named.Type = strings.ToUpper(named.Type)
	if i := w.Items[named.ItemKey]; i != nil {
		return *i
	}
	return Item{}
}

func (w *World) amendItem(i Item) (any, error) {
	name, known := w.resolveType(i.Type)
	if !known || i.ID < 0 {
		return nil, fmt.Errorf("there are no items of the type %q, or ID %d is negative", i.Type, i.ID)
	}
	if w.Users[i.AssignedBy] == nil {
		return nil, fmt.Errorf("there is no person %d in AssignedBy", i.AssignedBy)
	}
	i.Type = name
	return w.AddItem(i), nil
}

func (w *World) lineToAmend(named Line) Line {
	if l := w.Lines[named.ID]; l != nil {
		return *l
	}
	return Line{Active: true}
}

func (w *World) amendLine(l Line) (any, error) {
	for _, e := range l.Queue {
		if e.Type == "user" && w.Users[e.ID] != nil || e.Type == "department" && w.Departments[e.ID] != nil {
			continue
		}
		return nil, fmt.Errorf("there is no %s %d for the queue", e.Type, e.ID)
	}
	if l.ID < 0 {
		return nil, errors.New("an ID cannot be negative")
	}
	return w.AddLine(l), nil
}

func (w *World) connectorToAmend(named Connector) Connector {
	if c := w.Connectors[named.ID]; c != nil {
		return *c
	}
	return Connector{Active: true}
}

func (w *World) amendConnector(c Connector) (any, error) {
	if c.ID == "" || c.Title == "" || strings.Contains(c.ID, "|") {
		return nil, fmt.Errorf("there is no connector %q; a new one needs a Title", c.ID)
	}
	w.Connectors[c.ID] = &c
	return c, nil
}

// checkChat tells what is wrong with a chat that AddChat is to add.
func (w *World) checkChat(n NewChat) error {
	accepted := n.Status >= StatusAnswered
	switch customer := w.Users[n.Customer]; {
	case w.Lines[n.Line] == nil:
		return fmt.Errorf("there is no line %d", n.Line)
	case w.Connectors[n.Connector] == nil:
		return fmt.Errorf("there is no connector %q", n.Connector)
	case customer == nil || customer.Type != Customer:
		return fmt.Errorf("there is no customer %d", n.Customer)
	case w.Chats[n.ID] != nil || n.ID < 0:
		return fmt.Errorf("there is a chat %d already", n.ID)
	case !slices.Contains(statuses, n.Status):
		return fmt.Errorf("there is no status %d", n.Status)
	case accepted && w.Users[n.Operator] == nil, !accepted && len(n.Texts) > 1:
		return errors.New("an operator is missing, or cannot have written yet")
	}
	for _, key := range n.Items {
		if w.Items[key] == nil {
			return fmt.Errorf("there is no item %s %d", key.Type, key.ID)
		}
	}
	return nil
}

// statuses are all states of a session.
var statuses = []int{
	StatusNew, StatusSkipped, StatusAnswered, StatusClient, StatusClientAfter, StatusOperator,
	StatusWaitClosing, StatusClosed, StatusSpam, StatusDuplicate, StatusSilentlyShut,
}
