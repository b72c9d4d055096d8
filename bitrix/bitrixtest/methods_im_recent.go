package bitrixtest

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// im.recent.list
// https://apidocs.bitrix24.com/api-reference/chats/im-recent-list.html
func imRecentList(c *call) (any, error) {
	p := c.params.upper()
	before, _ := time.Parse(time.RFC3339, p.string("LAST_MESSAGE_DATE"))
	var chats []*Chat
	for _, chat := range c.world.Chats {
		m := chat.member(c.user.ID)
		skip := p.string("SKIP_DIALOG") == "Y" && !chat.isLines() || p.string("SKIP_OPENLINES") == "Y" && chat.isLines() ||
			p.string("UNREAD_ONLY") == "Y" && m != nil && m.Counter == 0
		if m == nil || m.Hidden || skip || !before.IsZero() && !chat.lastDate().Before(before) {
			continue
		}
		chats = append(chats, chat)
	}
	slices.SortFunc(chats, func(a, b *Chat) int { return cmp.Compare(b.LastMessageID, a.LastMessageID) })
	offset, limit := c.window(p, 50, 200)
	cut, next := page(chats, offset, limit)
	items := []map[string]any{}
	for _, chat := range cut {
		items = append(items, c.recentItem(chat))
	}
	return map[string]any{"items": items, "hasMore": next > 0, "hasMorePages": next > 0}, nil
}

func (c *Chat) lastDate() time.Time {
	if len(c.Messages) == 0 {
		return c.Created
	}
	return c.Messages[len(c.Messages)-1].Date
}

func (c *call) recentItem(chat *Chat) map[string]any {
	m := chat.member(c.user.ID)
	item := map[string]any{
		"id": "chat" + strconv.Itoa(chat.ID), "chat_id": chat.ID, "type": "lines", "title": chat.Name,
		"avatar": map[string]any{"url": "", "color": chat.Color}, "message": lastMessage(chat),
		"counter": m.Counter, "last_id": m.LastReadID, "pinned": false, "unread": false, "has_reminder": false,
		"date_update": isoDate(chat.lastDate()), "date_last_activity": isoDate(chat.lastDate()),
		"chat": c.chatObject(chat), "options": []any{},
	}
	if s := c.world.newestSession(chat.ID); chat.isLines() && s != nil {
		item["lines"] = map[string]any{"id": s.ID, "status": s.Status, "date_create": isoDate(s.Created)}
	}
	if chat.isLines() {
		if operator := c.world.Users[chat.Owner]; operator != nil {
			item["user"] = c.userObject(operator)
		}
		return item
	}
	partner := chat.partner(c.user.ID)
	item["id"], item["type"] = partner, "user"
	if u := c.world.Users[partner]; u != nil {
		item["title"], item["user"] = u.FullName(), c.userObject(u)
		item["avatar"] = map[string]any{"url": c.photo(u), "color": userColor(u)}
	}
	return item
}

func lastMessage(chat *Chat) map[string]any {
	m := &Message{Date: chat.Created}
	if n := len(chat.Messages); n > 0 {
		m = chat.Messages[n-1]
	}
	return map[string]any{
		"id": m.ID, "text": m.Text, "file": false, "author_id": m.Author, "attach": false, "date": isoDate(m.Date), "status": "received",
	}
}

// im.user.status.get
// https://apidocs.bitrix24.com/api-reference/chats/users/status/im-user-status-get.html
func imUserStatusGet(*call) (any, error) { return "online", nil }
