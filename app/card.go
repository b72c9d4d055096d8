package app

import (
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// Card is what a person sees of one CRM item: its chats.
type Card struct {
	Item bitrix.CRMItem
	// Title is the item's own name; empty when the portal gave none.
	Title string
	// Chats are the chats found, each once: open ones first, then waiting,
	// closing and all others; in each group the one written in last is first.
	Chats []Chat
	// Partial: only the first request's worth. App.Chats tells the rest.
	Partial bool
	// Notes tell what is missing from a card that otherwise stands.
	Notes []Note
}

// Chat is one Open Channel chat of the customer.
type Chat struct {
	ID bitrix.ChatID
	// Channel is the title of the connector, in the portal's language. It may be empty.
	Channel string
	// Connector is the code of the connector, "telegrambot". It is empty when unreadable.
	Connector string
	// Name is how the messenger calls the chat. It is empty when unreadable.
	Name string
	// Owner is the CRM item under which the chat was found: colleagues are
	// added under it, and the portal asks everybody's access to it.
	Owner bitrix.CRMItem
	// OwnerTitle is the owner's name where it is another item than the card's;
	// it may be empty.
	OwnerTitle string
	// Line is the Open Channel that leads the chat; zero when unreadable.
	Line  bitrix.LineID
	State ChatState
	// LastMessage numbers the newest message. The numbers grow over the whole
	// portal, so they tell which of two chats was written in last; zero when
	// unreadable.
	LastMessage int64
	// Participants are all people in the chat, flagged; the operator first,
	// the customer last. Empty and Unreadable: the portal does not tell.
	Participants []Person
	// Operator and Customer point at them among the participants; nil: none or unknown.
	Operator, Customer *Person
	// Silent: what colleagues write does not reach the customer.
	Silent bool
	// ViewerIn: the viewer takes part.
	ViewerIn bool
	// Count is how many take part, the customer included.
	Count int
	// Unreadable: the portal does not show this person the chat's participants.
	Unreadable bool
}

// Addable reports whether the chat takes people now.
func (c Chat) Addable() bool { return c.State == ChatOpen }

// Ref is what Add needs to know of the chat.
func (c Chat) Ref() ChatRef {
	r := ChatRef{Owner: c.Owner, ID: c.ID, Line: c.Line}
	for _, p := range c.Participants {
		r.Members = append(r.Members, p.ID)
	}
	return r
}

// ChatState tells whether a chat can take people now, and why not.
type ChatState string

// The states of a chat. Only a ChatOpen takes people.
const (
	// ChatOpen: an operator accepted the dialog and it is not being closed.
	ChatOpen ChatState = "open"
	// ChatWaiting: no operator has accepted the customer's dialog yet.
	ChatWaiting ChatState = "waiting"
	// ChatClosing: the dialog is being closed.
	ChatClosing ChatState = "closing"
	// ChatFinished: the last dialog is over; the next begins when the customer
	// writes or an operator starts it.
	ChatFinished ChatState = "finished"
	// ChatConnectorOff: the channel through which the customer wrote is switched off.
	ChatConnectorOff ChatState = "connector_off"
	// ChatUnknown: the chat takes nobody now, and the portal does not tell why.
	ChatUnknown ChatState = "unknown"
)

// Person is a participant.
type Person struct {
	ID bitrix.UserID
	// Name may be empty; Photo is an absolute URL or empty.
	Name, Photo string
	// Position is the person's job title, if told.
	Position string
	// Customer is the person outside who wrote in, Bot a program.
	Customer, Bot bool
	// Operator leads the chat. Viewer is the person who looks.
	Operator, Viewer bool
}

// ChatRef names a chat in a form that a page can send back.
type ChatRef struct {
	Owner bitrix.CRMItem
	ID    bitrix.ChatID
	// Line is the Open Channel that leads the chat; zero when unknown. It only
	// decides who is suggested and what is foretold.
	Line bitrix.LineID
	// Members are the participants as the page showed them. They only decide
	// whether somebody is called added or found already there.
	Members []bitrix.UserID
}

func (r ChatRef) showed(u bitrix.UserID) bool { return slices.Contains(r.Members, u) }

// Note tells what is missing from a card.
type Note struct {
	Kind NoteKind
	// Count is how many, for the kinds that count.
	Count int
	// Item is the CRM item that the note is about, if any.
	Item bitrix.CRMItem
}

// NoteKind is the kind of a note.
type NoteKind string

// The kinds of notes.
const (
	// NoteMoreChats: Count further chats were found and not looked at.
	NoteMoreChats NoteKind = "more_chats"
	// NoteMoreItems: Count further linked contacts were not asked for chats.
	NoteMoreItems NoteKind = "more_items"
	// NoteItemUnreadable: the viewer may not read the linked Item, so its chats are unknown.
	NoteItemUnreadable NoteKind = "item_unreadable"
	// NoteItemFailed: the portal did not tell the chats of the linked Item this time.
	NoteItemFailed NoteKind = "item_failed"
	// NoteNoFaces: the application lacks the permission "im", so photos and
	// some names are missing.
	NoteNoFaces NoteKind = "no_faces"
)
