package bitrixtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// isMember tells whether a user is in the chat for everybody to see.
func (c *Chat) isMember(user int) bool {
	m := c.member(user)
	return m != nil && !m.Hidden
}

// canEnter tells whom the messenger lets into an Open Channel chat: active
// people and customers, nobody else from outside. Others are skipped in
// silence (portal source: im/lib/V2/Chat/OpenLineChat.php).
func canEnter(u *User) bool { return u.Active && u.Type != Extranet && u.Type != Email }

// enter lets a user into a chat and reports whether that made a new member.
func (w *World) enter(c *Chat, u *User) bool { return canEnter(u) && w.join(c, u.ID) }

// lead makes a member of the chat its operator; user 0 leaves it without one.
func (w *World) lead(c *Chat, user int) {
	for _, m := range c.Members {
		m.Manager = m.User == user
	}
	c.Owner = user
	if s := w.openSession(c); s != nil {
		s.Operator = user
	}
}

// drop takes a member out of the chat. When the operator goes, the next
// employee in the chat leads it.
func (w *World) drop(c *Chat, user int, take func(*Chat, int) bool) bool {
	if !take(c, user) {
		return false
	}
	if c.Owner != user {
		return true
	}
	next := 0
	for _, m := range c.Members {
		if u := w.Users[m.User]; next == 0 && u != nil && u.Type == Employee {
			next = m.User
		}
	}
	w.lead(c, next)
	return true
}

// chatByCode finds a chat by "connector|line|chat|user", with or without "imol|" before it.
func (w *World) chatByCode(code string) *Chat {
	code = strings.TrimPrefix(code, "imol|")
	for _, c := range w.Chats {
		if c.isLines() && c.Code() == code {
			return c
		}
	}
	return nil
}

// data1 is the chat's entity_data_1: CRM link, pause, wait, session, its start, line, block.
func (c *Chat) data1() string {
	typ, start := "NONE", int64(0)
	if c.Primary.ID != 0 {
		typ = c.Primary.Type
	}
	if c.Session != 0 {
		start = c.SessionStart.Unix()
	}
	return fmt.Sprintf("%s|%s|%d|N|N|%d|%d|%d|0|0", yesNo(c.CRMEnabled), typ, c.Primary.ID, c.Session, start, c.Line)
}

// data2 is the chat's entity_data_2: the items it is linked with.
func (c *Chat) data2() string {
	var parts []string
	for _, typ := range []string{"LEAD", "COMPANY", "CONTACT", "DEAL"} {
		parts = append(parts, typ, strconv.Itoa(c.Bound[typ]))
	}
	return strings.Join(parts, "|")
}

// yesNo is the portal's flag "Y" or "N".
func yesNo(b bool) string {
	if b {
		return "Y"
	}
	return "N"
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
	w.system(c, "CHAT_JOIN", w.aboutText("joined", w.Users[user]))
	c.Members = append(c.Members, &Member{User: user, LastReadID: c.LastMessageID})
	return true
}

// leave takes a user out of a chat with the grey line of one who left.
func (w *World) leave(c *Chat, user int) bool {
	return w.remove(c, user, "CHAT_LEAVE", w.aboutText("left", w.Users[user]))
}

// kick takes a user out of a chat with the grey line of one who was removed.
func (w *World) kick(c *Chat, user int) bool {
	return w.remove(c, user, "CHAT_KICK", w.aboutText("left", w.Users[user]))
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

// aboutText is the line about what a person did.
func (w *World) aboutText(key string, u *User) string { return w.text(gendered(key, u), mention(u)) }
