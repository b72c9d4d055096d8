package bitrixtest

import "slices"

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
	w.fireSession("ONSESSIONSTART", c)
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
	w.fireSession("ONSESSIONFINISH", c)
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

// PostMessage writes a message of an author. In an Open Channel chat the
// customer's starts the next dialog after a finished one; an employee's goes
// out to the customer unless the chat is in silent mode, and takes a waiting
// dialog. Author 0 is the portal itself, whose line stays inside.
func (w *World) PostMessage(chat, author int, text string) *Message {
	c := w.Chats[chat]
	switch {
	case author == 0:
		return w.system(c, "", text)
	case !c.isLines():
		return w.post(c, &Message{Author: author, Text: text})
	}
	if author == c.Customer {
		if c.Session == 0 {
			w.StartSession(c, w.lastBindings(c), StatusNew, 0)
		}
		m := w.post(c, &Message{Author: author, Text: text})
		w.progress(c, customerWrote)
		w.fireMessage(c, m)
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
	w.fireMessage(c, m)
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

// openSession is the chat's session that is not closed; nil when there is none.
func (w *World) openSession(c *Chat) *Session {
	s := w.Sessions[c.Session]
	if s == nil || s.Status >= StatusClosed {
		return nil
	}
	return s
}

// newestSession is the latest session of a chat, closed or not.
func (w *World) newestSession(chat int) *Session {
	var newest *Session
	for _, s := range w.Sessions {
		if s.Chat == chat && (newest == nil || s.ID > newest.ID) {
			newest = s
		}
	}
	return newest
}
