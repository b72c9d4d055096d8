package bitrixtest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// im.user.get
// https://apidocs.bitrix24.com/api-reference/chats/users/im-user-get.html
func imUserGet(c *call) (any, error) {
	p := c.params.upper()
	id := c.user.ID
	if p.has("ID") {
		id = p.int("ID")
	}
	if id <= 0 {
		return nil, restErr(http.StatusBadRequest, "ID_EMPTY", "User ID can't be empty")
	}
	u := c.world.Users[id]
	if u == nil {
		return nil, restErr(http.StatusBadRequest, "USER_NOT_EXISTS", "User is not exists")
	}
	if !c.sees(u) {
		return nil, restErr(http.StatusBadRequest, "ACCESS_DENIED", "You don't have access to this user")
	}
	return c.userObject(u), nil
}

// im.user.list.get
// https://apidocs.bitrix24.com/api-reference/chats/users/im-user-list-get.html
func imUserListGet(c *call) (any, error) {
	p := c.params.upper()
	ids := idList(p["ID"])
	if len(ids) == 0 {
		return nil, errIDFormat()
	}
	found, rows := map[int]any{}, []any{}
	for _, id := range ids {
		switch u := c.world.Users[id]; {
		case u == nil && c.user.Type != Extranet:
			found[id] = nil
		case u != nil && c.sees(u):
			o := c.userObject(u)
			found[id] = o
			rows = append(rows, o)
		}
	}
	if strings.EqualFold(p.string("RESULT_TYPE"), "array") {
		return rows, nil
	}
	return found, nil
}

func errIDFormat() error {
	return restErr(http.StatusBadRequest, "INVALID_FORMAT", "A wrong format for the ID field is passed")
}

// idList are the positive ids of an array, which may come as JSON text, each once.
func idList(v any) []int {
	if s, ok := v.(string); ok {
		var decoded []any
		if json.Unmarshal([]byte(s), &decoded) != nil {
			return nil
		}
		v = decoded
	}
	if !isArray(v) {
		return nil
	}
	var ids []int
	for _, id := range toInts(v) {
		if id > 0 && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func errDialogAccess() error { return restErr(http.StatusForbidden, "ACCESS_ERROR", noDialog) }

// messengerChat is the chat of DIALOG_ID when the messenger shows it to the caller.
func (c *call) messengerChat(p params) (*Chat, error) {
	if p.empty("DIALOG_ID") {
		return nil, restErr(http.StatusBadRequest, "DIALOG_ID_EMPTY", "Dialog ID can't be empty")
	}
	chat := c.world.chatOfDialog(p.string("DIALOG_ID"))
	if id := p.int("DIALOG_ID"); chat == nil && id > 0 {
		chat = c.world.privateChat(c.user.ID, id)
	}
	if chat == nil || !c.messengerAccess(chat) {
		return nil, errDialogAccess()
	}
	return chat, nil
}

// im.dialog.get
// https://apidocs.bitrix24.com/api-reference/chats/im-dialog-get.html
func imDialogGet(c *call) (any, error) {
	chat, err := c.messengerChat(c.params.upper())
	if err != nil {
		return nil, err
	}
	return c.dialogObject(chat), nil
}

// im.dialog.users.list
// https://apidocs.bitrix24.com/api-reference/chats/chat-users/im-dialog-users-list.html
func imDialogUsersList(c *call) (any, error) {
	p := c.params.upper()
	chat, err := c.messengerChat(p)
	if err != nil {
		return nil, err
	}
	except := strings.Split(p.string("SKIP_EXTERNAL_EXCEPT_TYPES"), ",")
	var users []*User
	for _, m := range chat.Members {
		u := c.world.Users[m.User]
		if m.Hidden || u == nil || !u.Active {
			continue
		}
		external := u.ExternalAuthID != "" && !slices.Contains(except, u.ExternalAuthID)
		if p.string("SKIP_EXTERNAL") != "Y" || !external {
			users = append(users, u)
		}
	}
	offset, limit := c.window(p, 50, 200)
	if p.has("LAST_ID") {
		last := p.int("LAST_ID")
		users = slices.DeleteFunc(users, func(u *User) bool { return u.ID <= last })
		slices.SortFunc(users, func(a, b *User) int { return cmp.Compare(a.ID, b.ID) })
		cut, _ := page(users, 0, limit)
		return c.userObjects(cut), nil
	}
	cut, next := page(users, offset, limit)
	return list{rows: c.userObjects(cut), total: len(users), next: next}, nil
}

func (c *call) userObjects(users []*User) []map[string]any {
	objects := make([]map[string]any, len(users))
	for i, u := range users {
		objects[i] = c.userObject(u)
	}
	return objects
}

// im.chat.user.list
// https://apidocs.bitrix24.com/api-reference/chats/chat-users/im-chat-user-list.html
func imChatUserList(c *call) (any, error) {
	p := c.params.upper()
	chat := c.world.Chats[p.int("CHAT_ID")]
	if p.empty("CHAT_ID") {
		chat = c.world.chatOfDialog(p.string("DIALOG_ID"))
		if p.empty("DIALOG_ID") {
			return nil, errChatIDEmpty()
		}
	}
	members := []int{}
	if chat == nil || !c.messengerAccess(chat) {
		return members, nil
	}
	for _, m := range chat.Members {
		if !m.Hidden {
			members = append(members, m.User)
		}
	}
	return members, nil
}

// im.chat.get
// https://apidocs.bitrix24.com/api-reference/chats/im-chat-get.html
func imChatGet(c *call) (any, error) {
	p := c.params.upper()
	if p.string("ENTITY_TYPE") != "LINES" {
		return nil, nil
	}
	chat := c.world.chatByCode(p.string("ENTITY_ID"))
	if chat == nil {
		return nil, nil
	}
	return map[string]any{"ID": chat.ID}, nil
}

// im.chat.user.add
// https://apidocs.bitrix24.com/api-reference/chats/chat-users/im-chat-user-add.html
func imChatUserAdd(c *call) (any, error) {
	p := c.params.upper()
	if p.empty("CHAT_ID") {
		return nil, errChatIDEmpty()
	}
	chat := c.world.Chats[p.int("CHAT_ID")]
	if chat == nil || !chat.isMember(c.user.ID) || !chat.isLines() {
		return nil, c.innerErr("ACCESS_DENIED_EXTEND", c.world.text("no_extend"))
	}
	c.world.invite(chat, c.user, p.ints("USERS"))
	return true, nil
}

// invite adds people with one line that names who brought them.
func (w *World) invite(chat *Chat, by *User, ids []int) {
	var mentions []string
	var newcomers []int
	for _, id := range ids {
		u := w.Users[id]
		if u == nil || !canEnter(u) || chat.isMember(id) || slices.Contains(newcomers, id) {
			continue
		}
		newcomers = append(newcomers, id)
		mentions = append(mentions, mention(u))
	}
	if len(newcomers) == 0 {
		return
	}
	w.system(chat, "CHAT_JOIN", w.text(gendered("invited", by), mention(by), strings.Join(mentions, ", ")))
	for _, id := range newcomers {
		if m := chat.member(id); m != nil {
			m.Hidden = false
			continue
		}
		chat.Members = append(chat.Members, &Member{User: id, LastReadID: chat.LastMessageID})
	}
}

// im.chat.user.delete
// https://apidocs.bitrix24.com/api-reference/chats/chat-users/im-chat-user-delete.html
func imChatUserDelete(c *call) (any, error) {
	p := c.params.upper()
	if p.empty("CHAT_ID") {
		return nil, errChatIDEmpty()
	}
	if p.empty("USER_ID") {
		return nil, errUserIDEmpty()
	}
	chat, user := c.world.Chats[p.int("CHAT_ID")], p.int("USER_ID")
	switch {
	case chat == nil || !chat.isMember(c.user.ID):
		return nil, c.innerErr("ACCESS_DENIED_KICK", c.world.text("no_kick"))
	case user == c.user.ID:
		return c.leaveChat(chat)
	case chat.Owner != c.user.ID:
		return nil, c.innerErr("IM_ERROR_KICK", c.world.text("not_owner"))
	case !c.world.drop(chat, user, c.world.kick):
		return nil, c.innerErr("USER_NOT_FOUND", c.world.text("no_member"))
	}
	return true, nil
}

// im.chat.leave
// https://apidocs.bitrix24.com/api-reference/chats/chat-users/im-chat-leave.html
func imChatLeave(c *call) (any, error) {
	p := c.params.upper()
	if p.empty("CHAT_ID") {
		return nil, errChatIDEmpty()
	}
	chat := c.world.Chats[p.int("CHAT_ID")]
	if chat == nil || !chat.isMember(c.user.ID) {
		return nil, c.innerErr("USER_NOT_FOUND", c.world.text("no_member"))
	}
	return c.leaveChat(chat)
}

// leaveChat takes the caller out of a chat; the operator has to stay.
func (c *call) leaveChat(chat *Chat) (any, error) {
	if chat.Owner == c.user.ID {
		return nil, c.innerErr("ACCESS_DENIED", c.world.text("owner_stays"))
	}
	c.world.leave(chat, c.user.ID)
	return true, nil
}
