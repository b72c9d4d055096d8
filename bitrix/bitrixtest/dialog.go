package bitrixtest

import (
	"fmt"
	"slices"
)

// StartSession opens a session in a chat, bound to the items by an activity.
// The first item becomes the primary one.
func (w *World) StartSession(c *Chat, items []ItemKey, status, operator int) *Session {
	now := w.now()
	s := &Session{ID: w.id(), Chat: c.ID, Line: c.Line, Operator: operator, Status: status, Created: now, Modified: now}
	w.Sessions[s.ID] = s
	c.Session, c.SessionStart = s.ID, now
	if len(items) > 0 {
		a := &Activity{
			ID: w.id(), Session: s.ID, Chat: c.ID, Connector: c.Connector, Communication: "imol|" + c.Code(),
			LastUpdated: now, Responsible: operator, Bindings: slices.Clone(items),
		}
		w.Activities[a.ID] = a
		c.CRMEnabled, c.Primary = true, items[0]
		for _, item := range items {
			c.Bound[item.Type] = item.ID
		}
	}
	if operator == 0 {
		w.offer(c)
	}
	w.fireSession("ONSESSIONSTART", c, s)
	return s
}

// Accept makes an operator take the dialog of a chat: the operator joins as
// its owner and the session becomes addable.
func (w *World) Accept(chat, operator int) {
	c := w.Chats[chat]
	s := w.Sessions[c.Session]
	if s == nil {
		return
	}
	s.Status, s.Operator = StatusAnswered, operator
	w.touch(s)
	if a := w.activityOf(s.ID); a != nil {
		a.Responsible = operator
	}
	w.join(c, operator)
	c.Owner = operator
	for _, m := range c.Members {
		m.Manager = m.User == operator
	}
	w.withdraw(chat)
}

// CloseSession finishes the dialog of a chat: everybody but the customer leaves.
func (w *World) CloseSession(chat int) { w.closeSession(chat, StatusClosed) }

func (w *World) closeSession(chat, status int) {
	c := w.Chats[chat]
	s := w.Sessions[c.Session]
	if s == nil {
		return
	}
	s.Status = status
	w.touch(s)
	s.Closed = s.Modified
	c.Members = slices.DeleteFunc(c.Members, func(m *Member) bool { return m.User != c.Customer })
	c.Owner, c.Session, c.Silent = 0, 0, false
	w.withdraw(chat)
	w.fireSession("ONSESSIONFINISH", c, s)
}

// Reopen starts the next dialog of a finished chat, bound to the same items,
// led by the operator; operator 0 leaves it waiting in the queue.
func (w *World) Reopen(chat, operator int) {
	c := w.Chats[chat]
	if c.Session != 0 {
		return
	}
	w.StartSession(c, w.lastBindings(c), StatusNew, 0)
	if operator != 0 {
		w.Accept(chat, operator)
	}
}

// lastBindings are the items of the newest session of a chat.
func (w *World) lastBindings(c *Chat) []ItemKey {
	var newest *Activity
	for _, a := range w.Activities {
		if a.Chat == c.ID && (newest == nil || a.ID > newest.ID) {
			newest = a
		}
	}
	if newest == nil {
		return nil
	}
	return newest.Bindings
}

func (w *World) activityOf(session int) *Activity {
	for _, a := range w.Activities {
		if a.Session == session {
			return a
		}
	}
	return nil
}

// touch dates a session and its activity.
func (w *World) touch(s *Session) {
	s.Modified = w.now()
	if a := w.activityOf(s.ID); a != nil {
		a.LastUpdated = s.Modified
	}
}

// offer puts a waiting dialog into the lists of the line's operators.
func (w *World) offer(c *Chat) {
	for _, user := range w.QueueUsers(c.Line) {
		if w.Recents[user] == nil {
			w.Recents[user] = map[int]bool{}
		}
		w.Recents[user][c.ID] = true
	}
}

// withdraw takes it out of all lists.
func (w *World) withdraw(chat int) {
	for _, recent := range w.Recents {
		delete(recent, chat)
	}
}

// PostMessage writes a message of an author. The customer's starts the next
// dialog in a finished chat; an employee's goes out to the customer unless the
// chat is in silent mode, and takes a waiting dialog. Author 0 is the portal
// itself, whose line stays inside.
func (w *World) PostMessage(chat, author int, text string) *Message {
	c := w.Chats[chat]
	if author == 0 {
		return w.system(c, "", text)
	}
	if author == c.Customer {
		if c.Session == 0 {
			w.StartSession(c, w.lastBindings(c), StatusNew, 0)
		}
		m := w.post(c, &Message{Author: author, Text: text})
		w.progress(c, customerWrote)
		return m
	}
	m := w.post(c, &Message{Author: author, Text: text, HiddenFromCustomer: c.Silent, SentToCustomer: !c.Silent})
	if c.Silent {
		return m
	}
	if s := w.Sessions[c.Session]; s == nil || s.Status < StatusAnswered {
		w.Reopen(chat, 0)
		w.Accept(chat, author)
	}
	w.progress(c, operatorWrote)
	return m
}

// customerWrote and operatorWrote are the steps of a session after a message.
var (
	customerWrote = map[int]int{
		StatusAnswered: StatusClient, StatusClient: StatusClient,
		StatusClientAfter: StatusClientAfter, StatusOperator: StatusClientAfter,
	}
	operatorWrote = map[int]int{
		StatusAnswered: StatusOperator, StatusClient: StatusOperator,
		StatusClientAfter: StatusOperator, StatusOperator: StatusOperator,
	}
)

func (w *World) progress(c *Chat, steps map[int]int) {
	s := w.Sessions[c.Session]
	if s == nil {
		return
	}
	if next, ok := steps[s.Status]; ok {
		s.Status = next
	}
	w.touch(s)
}

// post appends a message and counts it for every member but its author and
// the customer.
func (w *World) post(c *Chat, m *Message) *Message {
	m.ID, m.Date = w.id(), w.now()
	c.Messages = append(c.Messages, m)
	c.LastMessageID = m.ID
	for _, member := range c.Members {
		switch member.User {
		case m.Author:
			member.LastReadID, member.Counter = m.ID, 0
		case c.Customer:
		default:
			member.Counter++
		}
	}
	return m
}

// system writes a line of the portal itself, which the customer never gets.
func (w *World) system(c *Chat, code, text string) *Message {
	return w.post(c, &Message{Text: text, System: true, Code: code, HiddenFromCustomer: true})
}

// join makes a user a member of a chat, with the grey line and the counters.
// Someone who is in the chat already changes nothing, except that a hidden
// member becomes a visible one. It reports whether the user is new.
func (w *World) join(c *Chat, user int) bool {
	if m := c.member(user); m != nil {
		m.Hidden = false
		return false
	}
	w.system(c, "CHAT_JOIN", w.joinText(w.Users[user]))
	c.Members = append(c.Members, &Member{User: user, LastReadID: c.LastMessageID})
	return true
}

// leave takes a user out of a chat with the grey line of one who left.
func (w *World) leave(c *Chat, user int) bool {
	return w.remove(c, user, "CHAT_LEAVE", w.leaveText(w.Users[user]))
}

// kick takes a user out of a chat with the grey line of one who was removed.
func (w *World) kick(c *Chat, user int) bool {
	return w.remove(c, user, "CHAT_KICK", w.leaveText(w.Users[user]))
}

func (w *World) remove(c *Chat, user int, code, text string) bool {
	if c.member(user) == nil {
		return false
	}
	c.Members = slices.DeleteFunc(c.Members, func(m *Member) bool { return m.User == user })
	w.system(c, code, text)
	return true
}

func mention(u *User) string { return fmt.Sprintf("[USER=%d]%s[/USER]", u.ID, u.FullName()) }

// joinText is the line about a new member in the portal's language.
func (w *World) joinText(u *User) string {
	if w.language != "ru" {
		return mention(u) + " has joined the chat"
	}
	if u.Gender == "F" {
		return mention(u) + " присоединилась к чату"
	}
	return mention(u) + " присоединился к чату"
}

// leaveText is the line about somebody who is no longer a member.
func (w *World) leaveText(u *User) string {
	if w.language != "ru" {
		return mention(u) + " has left the chat"
	}
	if u.Gender == "F" {
		return mention(u) + " покинула чат"
	}
	return mention(u) + " покинул чат"
}

// fireSession fires an event about a session.
func (w *World) fireSession(event string, c *Chat, s *Session) {
	line := map[string]any{"id": c.Line}
	if l := w.Lines[c.Line]; l != nil {
		line["name"] = l.Name
	}
	w.fire(event, map[string]any{"DATA": map[string]any{
		"connector": map[string]any{"connector_id": c.Connector, "line_id": c.Line, "chat_id": c.ID, "user_id": c.Customer},
		"chat":      map[string]any{"chat_id": c.ID},
		"line":      line,
		"session":   map[string]any{"id": s.ID},
	}}, 0)
}
