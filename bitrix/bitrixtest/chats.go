package bitrixtest

import (
	"fmt"
	"strconv"
	"strings"
)

// isMember tells whether a user is in the chat for everybody to see.
func (c *Chat) isMember(user int) bool {
	m := c.member(user)
	return m != nil && !m.Hidden
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
