package bitrixtest

import (
	"slices"
	"strconv"
)

// isLines tells an Open Channel chat from a private one between two people.
func (c *Chat) isLines() bool { return c.Line != 0 }

// dialogObject is the chat as imopenlines.dialog.get and im.dialog.get show it
// (https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/sessions/imopenlines-dialog-get.html).
func (c *call) dialogObject(chat *Chat) map[string]any {
	o := c.chatObject(chat)
	own := chat.member(c.user.ID)
	unread, read := 0, chat.LastMessageID
	if own != nil {
		unread, read = own.Counter, own.LastReadID
	}
	for key, v := range map[string]any{
		"counter": unread, "message_count": len(chat.Messages), "unread_id": 0,
		"last_message_id": chat.LastMessageID, "last_id": read, "marked_id": 0, "disk_folder_id": 0,
		"description": nil, "is_new": false, "dialog_id": "chat" + strconv.Itoa(chat.ID),
		"readed_list": c.readList(chat), "last_message_views": map[string]any{
			"message_id": chat.LastMessageID, "first_viewers": []any{}, "count_of_viewers": 0,
		},
	} {
		o[key] = v
	}
	return o
}

// chatObject is the short form of a chat, which lists of dialogs use.
func (c *call) chatObject(chat *Chat) map[string]any {
	o := map[string]any{
		"id": chat.ID, "parent_chat_id": 0, "parent_message_id": 0, "name": chat.Name, "owner": chat.Owner,
		"extranet": c.hasExtranet(chat), "avatar": "", "color": chat.Color, "type": "lines",
		"entity_type": "LINES", "entity_id": chat.Code(),
		"entity_data_1": chat.data1(), "entity_data_2": chat.data2(), "entity_data_3": yesNo(chat.Silent),
		"mute_list": muteList(chat), "manager_list": managerList(chat), "date_create": isoDate(chat.Created),
		"message_type": "L", "user_counter": visibleCount(chat), "public": "", "role": chat.role(c.user.ID),
		"restrictions": restrictions(), "permissions": permissions(),
		"entity_link":        map[string]any{"type": "LINES", "url": "", "id": chat.Code()},
		"text_field_enabled": true, "background_id": nil,
	}
	if !chat.isLines() {
		for key, v := range map[string]any{
			"type": "private", "message_type": "P", "entity_type": "", "entity_id": "",
			"entity_data_1": "", "entity_data_2": "", "entity_data_3": "",
			"entity_link": map[string]any{"type": "", "url": "", "id": ""},
		} {
			o[key] = v
		}
	}
	return o
}

// role is what a user is in the chat.
func (c *Chat) role(user int) string {
	switch {
	case !c.isMember(user):
		return "guest"
	case c.Owner == user:
		return "owner"
	case c.member(user).Manager:
		return "manager"
	}
	return "member"
}

// readList names every active member but the caller and how far each has read.
func (c *call) readList(chat *Chat) []map[string]any {
	list := []map[string]any{}
	for _, m := range chat.Members {
		u := c.world.Users[m.User]
		if m.Hidden || u == nil || !u.Active || u.ID == c.user.ID {
			continue
		}
		var date any
		if u.Type != Customer {
			date = readDate(chat, m)
		}
		list = append(list, map[string]any{
			"user_id": u.ID, "user_name": u.FullName(), "message_id": m.LastReadID, "date": date,
		})
	}
	return list
}

func readDate(chat *Chat, m *Member) any {
	for _, message := range slices.Backward(chat.Messages) {
		if message.ID == m.LastReadID {
			return isoDate(message.Date)
		}
	}
	return nil
}

func visibleCount(chat *Chat) int {
	n := 0
	for _, m := range chat.Members {
		if !m.Hidden {
			n++
		}
	}
	return n
}

func muteList(chat *Chat) any {
	muted := map[int]bool{}
	for _, m := range chat.Members {
		if m.Muted {
			muted[m.User] = true
		}
	}
	return muted
}

func managerList(chat *Chat) []int {
	managers := []int{}
	for _, m := range chat.Members {
		if m.Manager {
			managers = append(managers, m.User)
		}
	}
	return managers
}

func (c *call) hasExtranet(chat *Chat) bool {
	return slices.ContainsFunc(chat.Members, func(m *Member) bool {
		u := c.world.Users[m.User]
		return u != nil && u.Type == Extranet
	})
}

func restrictions() map[string]bool {
	return map[string]bool{
		"avatar": true, "rename": true, "extend": true, "call": true, "mute": true, "leave": true,
		"leave_owner": true, "send": true, "user_list": true,
	}
}

func permissions() map[string]string {
	return map[string]string{
		"manage_users_add": "member", "manage_users_delete": "manager", "manage_ui": "member",
		"manage_settings": "owner", "manage_messages": "member", "can_post": "member",
	}
}
