package bitrixtest

import (
	"cmp"
	"slices"
	"strings"
)

// itemChat is one row of an item's chats: a chat over a connector.
type itemChat struct {
	chat      *Chat // nil when the session is gone
	connector *Connector
}

// itemChats are the Open Channel chats bound to a CRM item, newest session
// first (portal source: imopenlines/lib/crm/common.php). The type must be
// one of the four exactly, only its case is ignored. Active ones are those of
// sessions that an operator accepted and that are not being closed.
func (w *World) itemChats(typ string, id int, activeOnly bool) []itemChat {
	typ = strings.ToUpper(typ)
	if !slices.Contains(CRMTypes, typ) {
		return nil
	}
	type row struct {
		activity *Activity
		session  *Session
	}
	var rows []row
	for _, a := range w.boundActivities(ItemKey{typ, id}) {
		s := w.Sessions[a.Session]
		if activeOnly && (s == nil || s.Status < StatusAnswered || s.Status >= StatusWaitClosing) {
			continue
		}
		rows = append(rows, row{a, s})
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		if a.session == nil || b.session == nil {
			return cmp.Compare(absent(a.session), absent(b.session))
		}
		return cmp.Or(b.session.Modified.Compare(a.session.Modified), cmp.Compare(b.session.ID, a.session.ID))
	})
	var chats []itemChat
	for _, r := range rows {
		connector := w.Connectors[r.activity.Connector]
		if connector == nil || !connector.Active {
			continue
		}
		c := itemChat{connector: connector}
		if r.session != nil {
			c.chat = w.Chats[r.session.Chat]
		}
		if !slices.Contains(chats, c) {
			chats = append(chats, c)
		}
	}
	return chats
}

func absent(s *Session) int {
	if s == nil {
		return 1
	}
	return 0
}

// boundActivities are the Open Channel activities of an item, by id.
func (w *World) boundActivities(key ItemKey) []*Activity {
	var bound []*Activity
	for _, a := range w.Activities {
		if slices.Contains(a.Bindings, key) {
			bound = append(bound, a)
		}
	}
	slices.SortFunc(bound, func(a, b *Activity) int { return cmp.Compare(a.ID, b.ID) })
	return bound
}

// isActiveChat tells whether colleagues can be added to a chat through an item.
func (w *World) isActiveChat(typ string, id, chat int) bool {
	return slices.ContainsFunc(w.itemChats(typ, id, true), func(c itemChat) bool {
		return c.chat != nil && c.chat.ID == chat
	})
}

// lastChat is the chat of the item's newest activity that the caller sees,
// whatever the state of its session; nil when there is none.
func (w *World) lastChat(caller *User, typ string, id int) *Chat {
	name, ok := w.resolveType(typ)
	if !ok {
		return nil
	}
	var last *Activity
	for _, a := range w.boundActivities(ItemKey{name, id}) {
		if !w.readActivity(caller, a) {
			continue
		}
		if last == nil || !a.LastUpdated.Before(last.LastUpdated) {
			last = a
		}
	}
	if last == nil {
		return nil
	}
	return w.chatByCode(last.Communication)
}

// readActivity tells whether a person sees an activity: as its responsible or
// by reading one of its items.
func (w *World) readActivity(u *User, a *Activity) bool {
	return u.Admin || a.Responsible == u.ID || slices.ContainsFunc(a.Bindings, func(k ItemKey) bool {
		return w.readItem(u, k.Type, k.ID)
	})
}
