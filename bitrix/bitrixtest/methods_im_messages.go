package bitrixtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// attachLimit is how long an attachment may be.
const attachLimit = 60000

// im.message.add
// https://apidocs.bitrix24.com/api-reference/chats/messages/im-message-add.html
func imMessageAdd(c *call) (any, error) {
	p := c.params.upper()
	text, err := messageText(p)
	if err != nil {
		return nil, err
	}
	chat, partner, err := c.addressee(p)
	if err != nil {
		return nil, err
	}
	if err := checkExtras(p); err != nil {
		return nil, err
	}
	if err := c.checkReply(chat, p); err != nil {
		return nil, err
	}
	switch {
	case partner != nil:
		return c.writeToPerson(chat, partner, text)
	case chat == nil:
		return nil, c.innerErr("CHAT_ID", c.world.text("bad_chat"))
	}
	return c.writeToChat(chat, p, text)
}

// messageText is the trimmed MESSAGE, which only an attachment can replace.
func messageText(p params) (string, error) {
	text, isText := p["MESSAGE"].(string)
	if p.has("MESSAGE") && !isText {
		return "", restErr(http.StatusBadRequest, "MESSAGE_EMPTY", "Wrong message type")
	}
	if text = strings.TrimSpace(text); text == "" && p.empty("ATTACH") {
		return "", errMessageEmpty()
	}
	return text, nil
}

func errMessageEmpty() error {
	return restErr(http.StatusBadRequest, "MESSAGE_EMPTY", "Message can't be empty")
}

// writeToChat writes into a chat. An ordinary message in an Open Channel goes
// to the customer. SYSTEM=Y makes a line without author that stays inside, but
// only for employees with access to the chat; else it is ignored, all but the
// name of the application. SKIP_CONNECTOR=Y hides a member's message from the
// customer.
func (c *call) writeToChat(chat *Chat, p params, text string) (any, error) {
	system := p.string("SYSTEM") == "Y"
	if system && c.app != nil {
		text = "[b]" + c.appName() + "[/b]\n" + text
	}
	switch {
	case system && c.user.Type == Employee && c.messengerAccess(chat):
		return c.world.system(chat, "", text).ID, nil
	case !chat.isMember(c.user.ID):
		return nil, c.innerErr("CANCELED", c.world.text("no_send"))
	case chat.isLines() && strings.EqualFold(p.string("SKIP_CONNECTOR"), "Y"):
		return c.world.post(chat, &Message{Author: c.user.ID, Text: text, HiddenFromCustomer: true}).ID, nil
	}
	return c.world.PostMessage(chat.ID, c.user.ID, text).ID, nil
}

// addressee is the chat that a message goes to, or the person and, if they have
// one, the chat with them. A user id wins over a chat id. Both are nil for a
// chat that does not exist.
func (c *call) addressee(p params) (chat *Chat, partner *User, err error) {
	p = maps.Clone(p)
	if m := chatDialog.FindStringSubmatch(p.string("DIALOG_ID")); m != nil {
		p["CHAT_ID"] = m[1]
	} else if p.has("DIALOG_ID") {
		p["USER_ID"] = p.int("DIALOG_ID")
	}
	switch {
	case p.has("USER_ID"):
		id := p.int("USER_ID")
		if id <= 0 {
			return nil, nil, errUserIDEmpty()
		}
		if partner = c.world.Users[id]; partner == nil {
			return nil, nil, restErr(http.StatusBadRequest, "USER_NOT_FOUND", "User not found")
		}
		return c.world.privateChat(c.user.ID, id), partner, nil
	case p.has("CHAT_ID"):
		id := p.int("CHAT_ID")
		if id <= 0 {
			return nil, nil, errChatIDEmpty()
		}
		return c.world.Chats[id], nil, nil
	}
	return nil, nil, restErr(http.StatusBadRequest, "PARAMS_ERROR", "Incorrect params")
}

func errUserIDEmpty() error {
	return restErr(http.StatusBadRequest, "USER_ID_EMPTY", "User ID can't be empty")
}

// writeToPerson writes to one person, whose chat with the caller is nil until
// one of them wrote to the other.
func (c *call) writeToPerson(chat *Chat, partner *User, text string) (any, error) {
	if !c.sees(partner) {
		return nil, c.innerErr("ERROR_NO_ACCESS", c.world.text("no_message"))
	}
	if chat == nil {
		chat = &Chat{
			ID: c.world.id(), Name: partner.FullName(), Color: userColor(partner), Created: c.world.now(), Bound: map[string]int{},
			Members: []*Member{{User: c.user.ID}, {User: partner.ID}},
		}
		if partner.ID == c.user.ID {
			chat.Members = chat.Members[:1]
		}
		c.world.Chats[chat.ID] = chat
	}
	return c.world.post(chat, &Message{Author: c.user.ID, Text: text}).ID, nil
}

// privateChat is the chat between two people; nil until one wrote to the other.
func (w *World) privateChat(a, b int) *Chat {
	size := 2
	if a == b {
		size = 1
	}
	for _, chat := range w.Chats {
		if !chat.isLines() && len(chat.Members) == size && chat.member(a) != nil && chat.member(b) != nil {
			return chat
		}
	}
	return nil
}

// checkExtras refuses attachments, buttons and menus that cannot be read.
func checkExtras(p params) error {
	if err := checkAttach(p); err != nil {
		return err
	}
	for _, name := range []string{"KEYBOARD", "MENU"} {
		if text, ok := p[name].(string); ok && text != "" && !json.Valid([]byte(text)) {
			return restErr(http.StatusBadRequest, name+"_ERROR", "Incorrect "+strings.ToLower(name)+" params")
		}
	}
	return nil
}

// checkReply refuses an answer to a message that the caller does not see or
// that is not in the chat.
func (c *call) checkReply(chat *Chat, p params) error {
	id := p.int("REPLY_ID")
	if id <= 0 {
		return nil
	}
	for _, other := range c.world.Chats {
		if !slices.ContainsFunc(other.Messages, func(m *Message) bool { return m.ID == id }) || !c.messengerAccess(other) {
			continue
		}
		if other == chat {
			return nil
		}
		return restErr(http.StatusForbidden, "REPLY_FROM_OTHER_CHAT_ERROR", "You can only reply to a message within the same chat")
	}
	return restErr(http.StatusForbidden, "REPLY_ACCESS_ERROR", "Action unavailable")
}

func checkAttach(p params) error {
	if p.empty("ATTACH") {
		return nil
	}
	text, ok := p["ATTACH"].(string)
	if !ok {
		encoded, _ := json.Marshal(p["ATTACH"])
		text = string(encoded)
	}
	if ok && !json.Valid([]byte(text)) {
		return restErr(http.StatusBadRequest, "ATTACH_ERROR", "Incorrect attach params")
	}
	if len(text) > attachLimit {
		return restErr(http.StatusBadRequest, "ATTACH_OVERSIZE", "You have exceeded the maximum allowable size of attach")
	}
	return nil
}

// appName is what the portal calls the caller's application.
func (c *call) appName() string { return c.app.title(c.user.Language) }

// im.notify.personal.add
// https://apidocs.bitrix24.com/api-reference/chats/notifications/im-notify-personal-add.html
func imNotifyPersonalAdd(c *call) (any, error) {
	return c.notify(Notification{Author: c.user.ID}, "")
}

// im.notify.system.add
// https://apidocs.bitrix24.com/api-reference/chats/notifications/im-notify-system-add.html
func imNotifySystemAdd(c *call) (any, error) {
	if c.app == nil {
		return c.notify(Notification{}, "")
	}
	return c.notify(Notification{}, c.appName()+"\n")
}

// notify puts an entry into a person's notification centre, its text after the
// heading. The answer is false when the person switched notices off.
func (c *call) notify(n Notification, heading string) (any, error) {
	p := c.params.upper()
	if n.User = p.int("USER_ID"); p.has("TO") {
		n.User = p.int("TO")
	}
	if n.User <= 0 {
		return nil, errUserIDEmpty()
	}
	text, _ := p["MESSAGE"].(string)
	if text = strings.TrimSpace(text); text == "" {
		return nil, errMessageEmpty()
	}
	if err := checkAttach(p); err != nil {
		return nil, err
	}
	u := c.world.Users[n.User]
	if u == nil || !u.Active || u.NotifyOff {
		return false, nil
	}
	if n.App = p.string("CLIENT_ID"); c.app != nil {
		n.App = c.app.ClientID
	}
	if n.App != "" { // without an application there are no tags
		n.Tag, n.SubTag = p.string("TAG"), p.string("SUB_TAG")
	}
	n.ID, n.Date, n.Text = c.world.id(), c.world.now(), heading+text
	c.world.addNotification(&n)
	return n.ID, nil
}

// addNotification adds a notice. One of the same application with the same tag
// goes; the second tag is for finding notices only.
func (w *World) addNotification(n *Notification) {
	w.Notifications = slices.DeleteFunc(w.Notifications, func(old *Notification) bool {
		return n.Tag != "" && old.User == n.User && old.App == n.App && old.Tag == n.Tag
	})
	w.Notifications = append(w.Notifications, n)
}

// im.counters.get
// https://apidocs.bitrix24.com/api-reference/chats/im-counters-get.html
func imCountersGet(c *call) (any, error) {
	notices, lines, dialogs := 0, map[string]int{}, map[string]int{}
	for _, n := range c.world.Notifications {
		if n.User == c.user.ID {
			notices++
		}
	}
	sum := map[bool]int{}
	for id, chat := range c.world.Chats {
		m := chat.member(c.user.ID)
		if m == nil || m.Counter == 0 || m.Muted {
			continue
		}
		sum[chat.isLines()]++
		if chat.isLines() {
			lines[strconv.Itoa(id)] = m.Counter
		} else {
			dialogs[strconv.Itoa(chat.partner(c.user.ID))] = m.Counter
		}
	}
	return map[string]any{
		"TYPE": map[string]int{
			"ALL": notices + sum[true] + sum[false], "NOTIFY": notices, "CHAT": 0, "LINES": sum[true],
			"DIALOG": sum[false], "MESSENGER": sum[true] + sum[false],
		},
		"CHAT": []any{}, "CHAT_MUTED": []any{}, "CHAT_UNREAD": []any{}, "LINES": lines, "DIALOG": dialogs, "DIALOG_UNREAD": []any{},
	}, nil
}

// partner is the other person of a private chat.
func (c *Chat) partner(user int) int {
	for _, m := range c.Members {
		if m.User != user {
			return m.User
		}
	}
	return user
}
