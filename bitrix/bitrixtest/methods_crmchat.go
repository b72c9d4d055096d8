package bitrixtest

import (
	"net/http"
	"strconv"
)

// What the methods say when the Open Channel chat of an item is out of reach.
// The missing apostrophes are the portal's own (portal source: imopenlines/lib/rest.php).
const (
	noAction      = "You dont have access to this action"
	noJoin        = "You don't have access to join user to chat"
	noEntity      = "This user does not have access to the chat because he does not have access to this CRM entity"
	noHistory     = "This user does not have access to the chat because he does not have access to this view chat history"
	noUserEntity  = "User dont have access to this entity"
	emptyCRMData  = "Empty CRM data"
	userNotActive = "User not active"
)

// itemArguments reads CRM_ENTITY_TYPE and CRM_ENTITY, which every method of
// this family checks first.
func (c *call) itemArguments() (typ string, id int, err error) {
	if c.params.empty("CRM_ENTITY_TYPE") {
		return "", 0, argNull("CRM_ENTITY_TYPE")
	}
	if c.params.empty("CRM_ENTITY") {
		return "", 0, argNull("CRM_ENTITY")
	}
	if !positive(c.params["CRM_ENTITY"]) {
		return "", 0, argType("CRM_ENTITY")
	}
	return c.params.string("CRM_ENTITY_TYPE"), c.params.int("CRM_ENTITY"), nil
}

// oldItemArguments does the same with the codes of getLastId, user.delete and old portals.
func (c *call) oldItemArguments() (typ string, id int, err error) {
	if c.params.empty("CRM_ENTITY_TYPE") || c.params.empty("CRM_ENTITY") {
		return "", 0, restErr(http.StatusBadRequest, "CRM_CHAT_EMPTY_CRM_DATA", emptyCRMData)
	}
	return c.itemArguments()
}

// needMessenger refuses what a portal without the module im cannot do.
func (c *call) needMessenger() error {
	if c.portal.switches.Messenger {
		return nil
	}
	return restErr(http.StatusBadRequest, "IM_NOT_INSTALLED", "Messenger is not installed.")
}

func notInCRM() error {
	return restErr(http.StatusBadRequest, "CHAT_NOT_IN_CRM", "Chat does not belong to the CRM entity being checked")
}

// targetChat is CHAT_ID, or the item's last chat when it is empty. Numbers
// below 1 end the method with success and nothing done.
func (c *call) targetChat(typ string, id int) int {
	if !c.params.empty("CHAT_ID") {
		return c.params.int("CHAT_ID")
	}
	if chat := c.world.lastChat(c.user, typ, id); chat != nil {
		return chat.ID
	}
	return 0
}

// imopenlines.crm.chat.get
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/chats/imopenlines-crm-chat-get.html
func crmChatGet(c *call) (any, error) {
	typ, id, err := c.itemArguments()
	if err != nil {
		return nil, err
	}
	if !c.world.readItem(c.user, typ, id) {
		return nil, accessDenied(noAction)
	}
	rows := []map[string]any{}
	for _, ic := range c.world.itemChats(typ, id, c.params["ACTIVE_ONLY"] != "N") {
		row := map[string]any{"CHAT_ID": nil, "CONNECTOR_ID": ic.connector.ID, "CONNECTOR_TITLE": ic.connector.Title}
		if ic.chat != nil {
			row["CHAT_ID"] = strconv.Itoa(ic.chat.ID)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// imopenlines.crm.chat.getLastId
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/chats/imopenlines-crm-chat-get-last-id.html
func crmChatGetLastID(c *call) (any, error) {
	typ, id, err := c.oldItemArguments()
	if err != nil {
		return nil, err
	}
	chat := c.world.lastChat(c.user, typ, id)
	if chat == nil {
		return nil, restErr(http.StatusBadRequest, "CRM_CHAT_EMPTY_CRM_DATA", "Could not find CRM entity")
	}
	return chat.ID, nil
}

// imopenlines.crm.chat.user.add
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/chats/imopenlines-crm-chat-user-add.html
func crmChatUserAdd(c *call) (any, error) {
	if c.portal.switches.Old {
		return oldCRMChatUserAdd(c)
	}
	typ, id, err := c.itemArguments()
	if err == nil {
		err = c.needMessenger()
	}
	if err != nil {
		return nil, err
	}
	if !c.world.readItem(c.user, typ, id) {
		return nil, accessDenied(noJoin)
	}
	chatID := c.targetChat(typ, id)
	if chatID <= 0 {
		return chatID, nil
	}
	if !c.world.isActiveChat(typ, id, chatID) {
		return nil, notInCRM()
	}
	chat := c.world.Chats[chatID]
	if chat.Line == 0 || !c.canJoin(chat.Line, typ, id) {
		return nil, accessDenied(noJoin)
	}
	if c.params.int("USER_ID") <= 0 {
		return nil, argNull("Empty USER_ID")
	}
	user, err := c.activeUser()
	if err != nil {
		return nil, err
	}
	if !c.world.readItem(user, typ, id) {
		return nil, accessDenied(noEntity)
	}
	if !c.canViewHistory(chat.Line, user) {
		return nil, accessDenied(noHistory)
	}
	c.world.enter(chat, user)
	return chatID, nil
}

// activeUser is the person of USER_ID, who must not be dismissed.
func (c *call) activeUser() (*User, error) {
	u := c.world.Users[c.params.int("USER_ID")]
	if u == nil || !u.Active {
		return nil, restErr(http.StatusBadRequest, "CRM_CHAT_USER_NOT_ACTIVE", userNotActive)
	}
	return u, nil
}

// oldCRMChatUserAdd is imopenlines.crm.chat.user.add of portals of about 2020
// to 2023: CHAT_ID is ignored, the added person's rights are not asked for, and
// a person who is in the chat already is an error.
func oldCRMChatUserAdd(c *call) (any, error) {
	typ, id, err := c.oldItemArguments()
	if err == nil {
		err = c.needMessenger()
	}
	if err != nil {
		return nil, err
	}
	if !c.world.readItem(c.user, typ, id) {
		return nil, accessDenied(noJoin)
	}
	chat := c.world.lastChat(c.user, typ, id)
	if chat == nil {
		return 0, nil
	}
	if chat.Line == 0 || !c.canJoin(chat.Line, typ, id) {
		return nil, restErr(http.StatusForbidden, "CHAT_JOIN_PERMISSION_DENIED", noJoin)
	}
	if c.params.int("USER_ID") <= 0 {
		return nil, restErr(http.StatusBadRequest, "CRM_CHAT_EMPTY_USER", "Empty User ID")
	}
	user, err := c.activeUser()
	if err != nil {
		return nil, err
	}
	if !c.world.enter(chat, user) {
		return nil, c.innerErr("NOTHING_TO_ADD", c.world.text("all_members"))
	}
	return chat.ID, nil
}

// imopenlines.crm.chat.user.delete
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/chats/imopenlines-crm-chat-user-delete.html
func crmChatUserDelete(c *call) (any, error) {
	if c.params.int("USER_ID") <= 0 {
		return nil, restErr(http.StatusBadRequest, "CRM_CHAT_EMPTY_USER", "Empty User ID")
	}
	typ, id, err := c.oldItemArguments()
	if err == nil {
		err = c.needMessenger()
	}
	if err != nil {
		return nil, err
	}
	if !c.world.readItem(c.user, typ, id) {
		return nil, accessDenied(noJoin)
	}
	chatID := c.targetChat(typ, id)
	if chatID <= 0 {
		return chatID, nil
	}
	if !c.world.isActiveChat(typ, id, chatID) {
		return nil, notInCRM()
	}
	chat := c.world.Chats[chatID]
	if chat.Line == 0 || !c.canJoin(chat.Line, typ, id) {
		return nil, restErr(http.StatusForbidden, "CHAT_DELETE_USER_PERMISSION_DENIED",
			"You don't have access to delete a user from this chat")
	}
	user, err := c.activeUser()
	if err != nil {
		return nil, err
	}
	if !c.world.drop(chat, user.ID, c.world.leave) {
		return nil, c.innerErr("USER_NOT_FOUND", c.world.text("no_member"))
	}
	return chatID, nil
}

// imopenlines.crm.message.add
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/messages/imopenlines-crm-message-add.html
func crmMessageAdd(c *call) (any, error) {
	typ, id, err := c.itemArguments()
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"USER_ID", "CHAT_ID"} {
		if c.params.empty(name) {
			return nil, argNull(name)
		}
		if !positive(c.params[name]) {
			return nil, argType(name)
		}
	}
	if c.params.empty("MESSAGE") {
		return nil, argNull("MESSAGE")
	}
	if !c.world.readItem(c.user, typ, id) {
		return nil, accessDenied(noAction)
	}
	author := c.world.Users[c.params.int("USER_ID")]
	if !c.world.readItem(author, typ, id) {
		return nil, accessDenied(noUserEntity)
	}
	chatID := c.params.int("CHAT_ID")
	if !c.world.isActiveChat(typ, id, chatID) {
		return nil, notInCRM()
	}
	if !author.Active || !c.world.Chats[chatID].isMember(author.ID) {
		return nil, c.innerErr("CANCELED", c.world.text("no_send"))
	}
	return c.world.PostMessage(chatID, author.ID, c.params.string("MESSAGE")).ID, nil
}
