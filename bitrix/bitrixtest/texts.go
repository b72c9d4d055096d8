package bitrixtest

import (
	"fmt"
	"strings"
)

// texts are the sentences that follow the portal's language. English stands in
// for every language but Russian. The keys with _F are the forms for a woman.
var texts = map[string][2]string{ // English, Russian
	"joined":     {"%s has joined the chat", "%s присоединился к чату"},
	"joined_F":   {"%s has joined the chat", "%s присоединилась к чату"},
	"left":       {"%s has left the chat", "%s покинул чат"},
	"left_F":     {"%s has left the chat", "%s покинула чат"},
	"invited":    {"%s has invited %s to the chat", "%s пригласил в чат %s"},
	"invited_F":  {"%s has invited %s to the chat", "%s пригласила в чат %s"},
	"silent_on":  {"Silent mode is on: messages do not reach the customer", "Включён тихий режим: сообщения не доходят до клиента"},
	"silent_off": {"Silent mode is off", "Тихий режим выключен"},

	"all_members":   {"All selected users are already in the chat", "Все выбранные пользователи уже состоят в чате"},
	"no_member":     {"The specified user is not in chat.", "Указанный пользователь не состоит в чате."},
	"no_send":       {"You cannot send messages to the specified chat", "Вы не можете отправлять сообщения в указанный чат"},
	"no_message":    {"You cannot send messages to this user", "Вы не можете отправлять сообщения этому пользователю"},
	"bad_chat":      {"Incorrect chat ID", "Некорректный идентификатор чата"},
	"bad_chat_type": {"This chat is not an Open Channel chat", "Этот чат не является чатом Открытой линии"},
	"no_access":     {"You do not have permission to access this conversation", "Недостаточно прав для доступа к диалогу"},
	"no_extend":     {"You do not have permission to add people to this chat", "Недостаточно прав для добавления участников в чат"},
	"no_kick":       {"You do not have permission to remove people from this chat", "Недостаточно прав для исключения участников из чата"},
	"not_owner":     {"Only the owner of the chat can remove participants", "Исключать участников может только владелец чата"},
	"owner_stays":   {"The operator cannot leave the conversation", "Оператор не может покинуть диалог"},
	"item_missing":  {"Item not found", "Элемент не найден"},
	"type_missing":  {"SPA not found", "Смарт-процесс не найден"},
	"item_denied":   {"You do not have permission to view this item", "У вас нет прав на просмотр этого элемента"},
	"item_update":   {"You do not have permission to edit this item", "У вас нет прав на изменение этого элемента"},
	"intranet_only": {"This action is available to intranet users only", "Действие доступно только пользователям интранета"},
}

// text is a sentence in the portal's language.
func (w *World) text(key string, args ...any) string {
	forms, ok := texts[key]
	if !ok {
		panic("bitrixtest: no text " + key)
	}
	form := forms[0]
	if strings.HasPrefix(w.language, "ru") {
		form = forms[1]
	}
	return fmt.Sprintf(form, args...)
}

// gendered is the key of a sentence about what a person did.
func gendered(key string, u *User) string {
	if u.Gender == "F" {
		return key + "_F"
	}
	return key
}
