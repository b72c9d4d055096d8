package bitrixtest

import (
	"encoding/json"
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
	if err := checkMessage(p); err != nil {
		return nil, err
	}
	chat, err := c.addressee(p)
	if err != nil {
		return nil, err
	}
	if err := c.checkReply(chat, p); err != nil {
		return nil, err
	}
	if !chat.isLines() {
		return c.world.post(chat, &Message{Author: c.user.ID, Text: p.string("MESSAGE")}).ID, nil
	}
	return c.writeToChat(chat, p)
}

// writeToChat writes into an Open Channel chat. An ordinary message goes to the
// customer. SYSTEM=Y makes a line without author that stays inside, but only
// for employees with access to the chat; else it is ignored. SKIP_CONNECTOR=Y
// hides a member's message from the customer.
func (c *call) writeToChat(chat *Chat, p params) (any, error) {
	if !c.messengerAccess(chat) {
		return nil, errDialogAccess()
	}
	if p.string("SYSTEM") == "Y" && c.user.Type == Employee {
		text := "[b]" + c.appName() + "[/b]\n" + p.string("MESSAGE")
		return c.world.system(chat, "", text).ID, nil
	}
	if !chat.isMember(c.user.ID) {
		return nil, c.innerErr("CANCELED", c.world.text("no_send"))
	}
	if p.string("SKIP_CONNECTOR") == "Y" {
		m := &Message{Author: c.user.ID, Text: p.string("MESSAGE"), HiddenFromCustomer: true}
		return c.world.post(chat, m).ID, nil
	}
	return c.world.PostMessage(chat.ID, c.user.ID, p.string("MESSAGE")).ID, nil
}

// addressee is the chat that a message goes to.
func (c *call) addressee(p params) (*Chat, error) {
	chatID, userID := 0, 0
	switch dialog := p.string("DIALOG_ID"); {
	case strings.HasPrefix(dialog, "chat"):
		chatID = intval(strings.TrimPrefix(dialog, "chat"))
		if chatID <= 0 {
			return nil, errChatIDEmpty()
		}
	case p.has("DIALOG_ID"):
		if userID = p.int("DIALOG_ID"); userID <= 0 {
			return nil, errUserIDEmpty()
		}
	case p.has("CHAT_ID"):
		if chatID = p.int("CHAT_ID"); chatID <= 0 {
			return nil, errChatIDEmpty()
		}
	case p.has("USER_ID") || p.has("TO"):
		if userID = max(p.int("USER_ID"), p.int("TO")); userID <= 0 {
			return nil, errUserIDEmpty()
		}
	default:
		return nil, restErr(http.StatusBadRequest, "PARAMS_ERROR", "Incorrect params")
	}
	if chatID != 0 {
		if chat := c.world.Chats[chatID]; chat != nil {
			return chat, nil
		}
		return nil, errDialogAccess()
	}
	return c.privateAddressee(userID)
}

func errUserIDEmpty() error {
	return restErr(http.StatusBadRequest, "USER_ID_EMPTY", "User ID can't be empty")
}

func (c *call) privateAddressee(id int) (*Chat, error) {
	u := c.world.Users[id]
	if u == nil {
		return nil, restErr(http.StatusBadRequest, "USER_NOT_FOUND", "User not found")
	}
	if !c.sees(u) {
		return nil, errDialogAccess()
	}
	if chat := c.world.privateChat(c.user.ID, id); chat != nil {
		return chat, nil
	}
	chat := &Chat{
		ID: c.world.id(), Name: u.FullName(), Color: userColor(u), Created: c.world.now(), Bound: map[string]int{},
		Members: []*Member{{User: c.user.ID}, {User: id}},
	}
	if id == c.user.ID {
		chat.Members = chat.Members[:1]
	}
	c.world.Chats[chat.ID] = chat
	return chat, nil
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

// checkMessage refuses what cannot be sent to anybody.
func checkMessage(p params) error {
	if err := checkAttach(p); err != nil {
		return err
	}
	for _, name := range []string{"KEYBOARD", "MENU"} {
		if text, ok := p[name].(string); ok && text != "" && !json.Valid([]byte(text)) {
			return restErr(http.StatusBadRequest, name+"_ERROR", "Incorrect "+strings.ToLower(name)+" params")
		}
	}
	if p.empty("MESSAGE") && p.empty("ATTACH") {
		return restErr(http.StatusBadRequest, "MESSAGE_EMPTY", "Message can't be empty")
	}
	return nil
}

// checkReply refuses an answer to a message that is not in the chat.
func (c *call) checkReply(chat *Chat, p params) error {
	if p.empty("REPLY_ID") {
		return nil
	}
	for _, other := range c.world.Chats {
		if !slices.ContainsFunc(other.Messages, func(m *Message) bool { return m.ID == p.int("REPLY_ID") }) {
			continue
		}
		if other == chat {
			return nil
		}
		return restErr(http.StatusForbidden, "REPLY_FROM_OTHER_CHAT_ERROR", "You can only reply to messages of the same chat")
	}
	return restErr(http.StatusForbidden, "REPLY_ACCESS_ERROR", "You do not have access to the message")
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

// appName is what the portal calls the caller's application or webhook.
func (c *call) appName() string {
	if c.app == nil {
		return "Inbound webhook"
	}
	return c.app.title(c.user.Language)
}

// im.notify.personal.add
// https://apidocs.bitrix24.com/api-reference/chats/notifications/im-notify-personal-add.html
func imNotifyPersonalAdd(c *call) (any, error) {
	p := c.params.upper()
	return c.notify(p, Notification{Author: c.user.ID, Text: p.string("MESSAGE")})
}

// im.notify.system.add
// https://apidocs.bitrix24.com/api-reference/chats/notifications/im-notify-system-add.html
func imNotifySystemAdd(c *call) (any, error) {
	p := c.params.upper()
	return c.notify(p, Notification{Text: c.appName() + "\n" + p.string("MESSAGE")})
}

// notify puts an entry into a person's notification centre. One with the same
// tag is replaced. The answer is false when the person switched notices off.
func (c *call) notify(p params, n Notification) (any, error) {
	if n.User = p.int("USER_ID"); p.empty("USER_ID") {
		n.User = p.int("TO")
	}
	if n.User <= 0 {
		return nil, errUserIDEmpty()
	}
	if p.empty("MESSAGE") {
		return nil, restErr(http.StatusBadRequest, "MESSAGE_EMPTY", "Message can't be empty")
	}
	if err := checkAttach(p); err != nil {
		return nil, err
	}
	u := c.world.Users[n.User]
	if u == nil || !u.Active || u.NotifyOff {
		return false, nil
	}
	if c.app != nil {
		n.App = c.app.ClientID
	}
	n.ID, n.Date, n.Tag = c.world.id(), c.world.now(), p.string("TAG")
	c.world.addNotification(&n)
	return n.ID, nil
}

func (w *World) addNotification(n *Notification) {
	for i, old := range w.Notifications {
		if n.Tag != "" && old.User == n.User && old.Tag == n.Tag {
			w.Notifications[i] = n
			return
		}
	}
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
