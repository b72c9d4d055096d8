package app

import (
	"cmp"
	"errors"
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// sight turns what the portal says about chats into what the viewer sees.
type sight struct {
	viewer bitrix.UserID
	faces  map[bitrix.UserID]bitrix.User
	titles map[bitrix.CRMItem]string
	// noFaces: the portal does not let us read people.
	noFaces bool
}

func newSight(viewer bitrix.UserID) *sight {
	return &sight{viewer: viewer, faces: map[bitrix.UserID]bitrix.User{}, titles: map[bitrix.CRMItem]string{}}
}

// readFaces takes in people read under a key of a batch. Without any person to
// ask about the portal refuses the question, which loses nothing.
func (s *sight) readFaces(r *bitrix.BatchResult, key string) {
	var users []bitrix.User
	if err := r.Decode(key, &users); err != nil {
		s.noFaces = s.noFaces || errors.Is(err, bitrix.ErrInsufficientScope) || errors.Is(err, bitrix.ErrMethodNotFound)
		return
	}
	for _, u := range users {
		s.faces[u.ID] = u
	}
}

// chat describes a found chat from the dialog read under a key of a batch.
func (s *sight) chat(r *bitrix.BatchResult, key string, f finding) Chat {
	c := Chat{ID: f.id, Channel: f.channel, Owner: f.owner, OwnerTitle: s.titles[f.owner]}
	var d bitrix.Dialog
	if err := r.Decode(key, &d); err != nil {
		c.State, c.Unreadable = unreadState(f), true
		return c
	}
	c.Name, c.Line, c.Count, c.LastMessage, c.State = d.Name, d.Line, d.UserCount, d.LastMessage, state(f, d)
	c.Connector, c.Silent = d.Connector, d.Silent
	s.people(&c, d)
	return c
}

// people fills in the participants of a chat.
func (s *sight) people(c *Chat, d bitrix.Dialog) {
	names := map[bitrix.UserID]string{}
	for _, p := range d.Participants {
		names[p.ID] = p.Name
	}
	for _, id := range d.Members(s.viewer) {
		face := s.faces[id]
		c.Participants = append(c.Participants, Person{
			ID: id, Name: cmp.Or(face.FullName(), names[id]), Photo: face.Photo, Position: face.Position,
			Customer: id == d.Customer || face.Connector, Bot: face.Bot,
			Operator: id == d.Operator, Viewer: id == s.viewer,
		})
	}
	slices.SortStableFunc(c.Participants, func(a, b Person) int { return place(a) - place(b) })
	c.Count = max(c.Count, len(c.Participants))
	for n := range c.Participants {
		p := &c.Participants[n]
		switch {
		case p.Operator:
			c.Operator = p
		case p.Customer:
			c.Customer = p
		}
		c.ViewerIn = c.ViewerIn || p.Viewer
	}
}

// place orders participants: operator, people, bots, customer.
func place(p Person) int {
	switch {
	case p.Operator:
		return 0
	case p.Customer:
		return 3
	case p.Bot:
		return 2
	}
	return 1
}

// state tells whether a chat takes people, and why not. The portal tells no
// status of a session: a chat outside the active list with a session is
// waiting while nobody leads it and closing while somebody does, unless that
// session belongs to another item altogether.
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/chats/imopenlines-crm-chat-get.html
func state(f finding, d bitrix.Dialog) ChatState {
	switch {
	case f.active:
		return ChatOpen
	case f.off:
		return ChatConnectorOff
	case d.SessionID == 0:
		return ChatFinished
	case d.Operator == 0:
		return ChatWaiting
	case d.Primary == f.owner || slices.Contains(d.Items, f.owner):
		return ChatClosing
	}
	return ChatUnknown
}

// unreadState is state without the dialog.
func unreadState(f finding) ChatState {
	switch {
	case f.active:
		return ChatOpen
	case f.off:
		return ChatConnectorOff
	}
	return ChatUnknown
}

// newestFirst orders chats for reading: those that take people first, then those
// that may soon, and in each group the one written in last. Chats that tell no
// last message keep the portal's order behind the others of their group.
func newestFirst(chats []Chat) {
	slices.SortStableFunc(chats, func(a, b Chat) int {
		return cmp.Or(stateRank(a.State)-stateRank(b.State), cmp.Compare(b.LastMessage, a.LastMessage))
	})
}

func stateRank(s ChatState) int {
	switch s {
	case ChatOpen:
		return 0
	case ChatWaiting:
		return 1
	case ChatClosing:
		return 2
	}
	return 3
}
