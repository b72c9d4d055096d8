package bitrixtest

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
)

// messengerAccess tells whether the messenger shows a chat to the caller: as a
// member, through the JOIN right on its line, or as a dialog on offer.
func (c *call) messengerAccess(chat *Chat) bool {
	if chat.isMember(c.user.ID) {
		return true
	}
	return chat.isLines() && (c.world.Recents[c.user.ID][chat.ID] || c.canJoinLine(chat.Line))
}

// dialogAccess is the wider right of the Open Channel methods: the messenger's,
// or reading the chat's primary CRM item (portal source: imopenlines/lib/chat.php).
func (c *call) dialogAccess(chat *Chat) bool {
	return c.messengerAccess(chat) ||
		chat.CRMEnabled && chat.Primary.ID != 0 && c.world.readItem(c.user, chat.Primary.Type, chat.Primary.ID)
}

// chatDialog is what the dialog id of a chat looks like.
var chatDialog = regexp.MustCompile(`(?i)^chat(\d+)$`)

// chatOfDialog is the chat of a dialog id "chat1763"; nil when there is none.
func (w *World) chatOfDialog(dialog string) *Chat {
	m := chatDialog.FindStringSubmatch(dialog)
	if m == nil {
		return nil
	}
	return w.Chats[intval(m[1])]
}

// imopenlines.dialog.get
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/sessions/imopenlines-dialog-get.html
func linesDialogGet(c *call) (any, error) {
	if err := c.needMessenger(); err != nil {
		return nil, err
	}
	chat := c.requestedChat(c.params.upper())
	if chat == nil || !chat.isLines() || !c.dialogAccess(chat) {
		return nil, restErr(http.StatusBadRequest, "ACCESS_ERROR", noDialog)
	}
	return c.dialogObject(chat), nil
}

const noDialog = "You do not have access to the specified dialog"

// requestedChat is the chat that a request names. The first way present
// counts, however useless its value.
func (c *call) requestedChat(p params) *Chat {
	switch {
	case p.has("CHAT_ID"):
		return c.world.Chats[p.int("CHAT_ID")]
	case p.has("DIALOG_ID"):
		return c.world.chatOfDialog(p.string("DIALOG_ID"))
	case p.has("SESSION_ID"):
		if s := c.world.Sessions[p.int("SESSION_ID")]; s != nil {
			return c.world.Chats[s.Chat]
		}
	case p.has("USER_CODE"):
		return c.world.chatByCode(p.string("USER_CODE"))
	}
	return nil
}

// imopenlines.session.history.get
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/sessions/imopenlines-session-history-get.html
func sessionHistoryGet(c *call) (any, error) {
	if c.params.empty("SESSION_ID") && c.params.empty("CHAT_ID") {
		return nil, restErr(http.StatusBadRequest, "MISSING_REQUIRED_PARAM", "Session ID or Chat ID must be provided")
	}
	s := c.world.Sessions[c.params.int("SESSION_ID")]
	if c.params.empty("SESSION_ID") {
		s = c.world.newestSession(c.params.int("CHAT_ID"))
	}
	if s == nil {
		return nil, restErr(http.StatusBadRequest, "INVALID_SESSION_ID", "Unable to determine session ID from provided parameters")
	}
	if !c.readsSession(s) {
		return nil, restErr(http.StatusBadRequest, "ACCESS_DENIED", c.world.text("no_access"))
	}
	return c.historyObject(s), nil
}

// readsSession tells whether the caller may read a session's history: as its
// operator, by role level over that operator, or through its CRM items.
func (c *call) readsSession(s *Session) bool {
	if s.Operator == c.user.ID {
		return true
	}
	switch roleLevel(c.user, "HISTORY", "view") {
	case LevelAny:
		return true
	case LevelDepartment:
		if c.world.belongs(s.Operator, c.world.subtrees(c.user.Departments)) {
			return true
		}
	}
	a := c.world.activityOf(s.ID)
	return a != nil && c.world.readActivity(c.user, a)
}

func (c *call) historyObject(s *Session) map[string]any {
	chat := c.world.Chats[s.Chat]
	dialog, id := "chat"+strconv.Itoa(chat.ID), strconv.Itoa(chat.ID)
	messages, order := map[string]any{}, []string{}
	people := map[string]any{}
	for _, m := range chat.Messages {
		messageID := strconv.Itoa(m.ID)
		order = append(order, messageID)
		messages[messageID] = map[string]any{
			"id": messageID, "chatid": id, "senderid": strconv.Itoa(m.Author), "recipientid": dialog,
			"date": isoDate(m.Date), "text": m.Text, "textlegacy": m.Text, "params": messageParams(m),
		}
		c.addHistoryUser(people, m.Author)
	}
	members := []int{}
	for _, m := range chat.Members {
		members = append(members, m.User)
		c.addHistoryUser(people, m.User)
	}
	slices.Reverse(order)
	userInChat, usersMessage := map[string]any{}, map[string]any{}
	if len(members) > 0 {
		userInChat[id] = members
	}
	if len(order) > 0 {
		usersMessage[dialog] = order
	}
	return map[string]any{
		"chatId": chat.ID, "canJoin": yesNo(c.dialogAccess(chat)), "canVoteHead": yesNo(c.user.Admin),
		"sessionId": s.ID, "sessionVoteHead": 0, "sessionCommentHead": nil, "userId": dialog,
		"message": messages, "usersMessage": usersMessage, "users": people,
		"openlines": map[string]any{"canvoteashead": map[string]any{id: c.user.Admin}}, "userInGroup": []any{}, "woUserInGroup": []any{},
		"chat": map[string]any{id: map[string]any{
			"id": id, "name": chat.Name, "owner": strconv.Itoa(chat.Owner), "entityType": "LINES", "entityId": chat.Code(),
			"entityData1": chat.data1(), "entityData2": chat.data2(), "entityData3": yesNo(chat.Silent),
			"managerList": managerList(chat), "dateCreate": isoDate(chat.Created), "type": "lines", "messageType": "L",
		}},
		"userBlockChat": []any{}, "userInChat": userInChat, "files": []any{},
	}
}

func messageParams(m *Message) any {
	p := map[string]string{}
	if m.Code != "" {
		p["CODE"], p["NOTIFY"] = m.Code, "Y"
	}
	if m.HiddenFromCustomer && !m.System {
		p["CLASS"] = "bx-messenger-content-item-system"
	}
	return p
}

// historyKeys are the keys that session.history.get spells in camelCase.
var historyKeys = map[string]string{
	"first_name": "firstName", "last_name": "lastName", "work_position": "workPosition",
	"external_auth_id": "externalAuthId", "last_activity_date": "lastActivityDate", "avatar_hr": "avatarHr",
	"mobile_last_date": "mobileLastDate", "desktop_last_date": "desktopLastDate", "bot_data": "botData",
}

func (c *call) addHistoryUser(people map[string]any, id int) {
	u := c.world.Users[id]
	if u == nil {
		return
	}
	key := strconv.Itoa(id)
	person := maps.Clone(c.userObject(u))
	for snake, camel := range historyKeys {
		person[camel] = person[snake]
		delete(person, snake)
	}
	person["id"] = key
	people[key] = person
}
