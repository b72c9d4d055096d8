package bitrix

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The methods that add and remove people.
const (
	methodAddUser    = "imopenlines.crm.chat.user.add"
	methodRemoveUser = "imopenlines.crm.chat.user.delete"
	methodJoin       = "imopenlines.session.join"
)

// Chat is an Open Channel chat of a CRM item.
type Chat struct {
	ID             ChatID
	Connector      string // "telegrambot"
	ConnectorTitle string // in the portal's language
}

// Dialog is an Open Channel chat as its card shows it.
type Dialog struct {
	ID           ChatID
	Name         string
	Operator     UserID // zero before somebody accepted it and after it was closed
	Line         LineID
	Connector    string
	Customer     UserID
	SessionID    int64         // zero when no session is open
	Role         string        // the caller's: "guest" (not in the chat), "member", "manager", "owner"
	Participants []Participant // everybody in the chat but the caller, the customer included
	UserCount    int           // everybody, the caller and dismissed people included
	Primary      CRMItem       // the item the portal shows in the chat; zero when none
	Items        []CRMItem     // all items the chat is linked to
	Silent       bool          // what colleagues type does not reach the customer
	LastMessage  int64         // its id; ids grow over the whole portal, so chats can be ordered by it
}

// Participant is a person in a chat.
type Participant struct {
	ID   UserID
	Name string
}

// Line is an Open Channel with the people who answer in it.
type Line struct {
	ID   LineID
	Name string
	// Active: the channel is switched on.
	Active bool
	// Queue are the people of the queue, those of its departments included, in
	// their order.
	Queue []UserID
}

// UnmarshalJSON reads a result of imopenlines.config.get, where false is no line,
// or one row of imopenlines.config.list.get.
func (l *Line) UnmarshalJSON(data []byte) error {
	*l = Line{}
	if isEmpty(data) {
		return nil
	}
	var w struct {
		ID     number       `json:"ID"`
		Name   text         `json:"LINE_NAME"`
		Active flag         `json:"ACTIVE"`
		Queue  list[number] `json:"QUEUE"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	l.ID, l.Name, l.Active = LineID(w.ID), string(w.Name), bool(w.Active)
	for _, id := range w.Queue {
		l.Queue = append(l.Queue, UserID(id))
	}
	return nil
}

// Members returns the ids of everybody in the chat, the caller included if they
// are in it.
func (d Dialog) Members(caller UserID) []UserID {
	members := make([]UserID, 0, len(d.Participants)+1)
	for _, p := range d.Participants {
		members = append(members, p.ID)
	}
	if d.Role != "" && d.Role != "guest" && caller != 0 && !slices.Contains(members, caller) {
		members = append(members, caller)
	}
	return members
}

// UnmarshalJSON reads a row of imopenlines.crm.chat.get.
func (c *Chat) UnmarshalJSON(data []byte) error {
	var row struct {
		ID        number `json:"CHAT_ID"`
		Connector text   `json:"CONNECTOR_ID"`
		Title     text   `json:"CONNECTOR_TITLE"`
	}
	if err := json.Unmarshal(data, &row); err != nil {
		return err
	}
	*c = Chat{ID: ChatID(row.ID), Connector: string(row.Connector), ConnectorTitle: string(row.Title)}
	return nil
}

// wireDialog is the result of imopenlines.dialog.get.
type wireDialog struct {
	ID      number `json:"id"`
	Name    text   `json:"name"`
	Owner   number `json:"owner"`
	Role    text   `json:"role"`
	Count   number `json:"user_counter"`
	Last    number `json:"last_message_id"`
	Code    text   `json:"entity_id"`
	Data1   text   `json:"entity_data_1"`
	Data2   text   `json:"entity_data_2"`
	Data3   text   `json:"entity_data_3"`
	Readers list[struct {
		ID   number `json:"user_id"`
		Name text   `json:"user_name"`
	}] `json:"readed_list"`
}

// UnmarshalJSON reads the result of imopenlines.dialog.get.
func (d *Dialog) UnmarshalJSON(data []byte) error {
	var w wireDialog
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	if w.ID <= 0 {
		return errNobody
	}
	// connector | line | chat at the connector, which may hold bars itself | customer
	code := strings.Split(string(w.Code), "|")
	// CRM enabled | type | id | pause | wait | session | start | line | …
	state := strings.Split(string(w.Data1), "|")
	*d = Dialog{
		ID: ChatID(w.ID), Name: string(w.Name), Operator: UserID(w.Owner), Role: string(w.Role), UserCount: int(w.Count), LastMessage: int64(w.Last),
		Connector: code[0], Line: LineID(part(code, 1)), SessionID: part(state, 5), Silent: w.Data3 == "Y",
	}
	if len(code) >= 4 {
		d.Customer = UserID(part(code, len(code)-1))
	}
	if len(state) > 2 && state[0] == "Y" {
		d.Primary = crmItem(state[1], part(state, 2))
	}
	linked := strings.Split(string(w.Data2), "|")
	for i := 0; i+1 < len(linked); i += 2 {
		if item := crmItem(linked[i], part(linked, i+1)); !item.IsZero() {
			d.Items = append(d.Items, item)
		}
	}
	for _, r := range w.Readers {
		if r.ID > 0 {
			d.Participants = append(d.Participants, Participant{ID: UserID(r.ID), Name: string(r.Name)})
		}
	}
	return nil
}

// part is a number among parts; zero where there is none.
func part(parts []string, i int) int64 {
	if i >= len(parts) {
		return 0
	}
	n, _ := strconv.ParseInt(parts[i], 10, 64) // anything else is no number
	return n
}

// crmItem is zero for a type that has no chats or an id that names nothing.
func crmItem(name string, id int64) CRMItem {
	t, ok := ParseItemType(name)
	if !ok || id <= 0 {
		return CRMItem{}
	}
	return CRMItem{t, id}
}

func itemParams(item CRMItem) Params {
	return Params{"CRM_ENTITY_TYPE": string(item.Type), "CRM_ENTITY": item.ID}
}

func chatsParams(item CRMItem, activeOnly bool) Params {
	p := itemParams(item)
	p["ACTIVE_ONLY"] = "Y"
	if !activeOnly {
		p["ACTIVE_ONLY"] = "N"
	}
	return p
}

// member adds or removes a user. It always names the chat: without it the portal
// takes the one that was written in last, finished or not.
func (c *Client) member(ctx context.Context, method string, item CRMItem, chat ChatID, user UserID) (ChatID, error) {
	if item.Type.EntityTypeID() == 0 || item.ID <= 0 || chat <= 0 || user <= 0 {
		return 0, &Error{Method: method, Code: "ERROR_ARGUMENT", Description: "not sent: item, chat or user names nothing"}
	}
	p := itemParams(item)
	p["CHAT_ID"], p["USER_ID"] = chat, user
	var told ChatID
	err := c.Call(ctx, method, p, &told)
	return told, err
}

// Chats returns the chats of a CRM item, newest session first
// (imopenlines.crm.chat.get). With activeOnly these are the chats that people
// can be added to. [ErrAccessDenied] when the caller may not see the item.
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/chats/imopenlines-crm-chat-get.html
func (v Viewer) Chats(ctx context.Context, item CRMItem, activeOnly bool) ([]Chat, error) {
	var chats []Chat
	if err := v.Read(ctx, "imopenlines.crm.chat.get", chatsParams(item, activeOnly), &chats); err != nil {
		return nil, fmt.Errorf("reading the chats of %v: %w", item, err)
	}
	return chats, nil
}

// LastChat returns the chat of a CRM item that was written in last, finished or
// not (imopenlines.crm.chat.getLastId), or [ErrNoChat].
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/chats/imopenlines-crm-chat-get-last-id.html
func (v Viewer) LastChat(ctx context.Context, item CRMItem) (ChatID, error) {
	var id ChatID
	if err := v.Read(ctx, "imopenlines.crm.chat.getLastId", itemParams(item), &id); err != nil {
		return 0, fmt.Errorf("reading the last chat of %v: %w", item, err)
	}
	return id, nil
}

// Dialog returns a chat with its participants (imopenlines.dialog.get), or
// [ErrDialogAccess].
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/sessions/imopenlines-dialog-get.html
func (v Viewer) Dialog(ctx context.Context, chat ChatID) (Dialog, error) {
	var d Dialog
	if err := v.Read(ctx, "imopenlines.dialog.get", Params{"CHAT_ID": chat}, &d); err != nil {
		return Dialog{}, fmt.Errorf("reading chat %d: %w", chat, err)
	}
	return d, nil
}

// AddUser adds a colleague to an active chat of a CRM item
// (imopenlines.crm.chat.user.add) and returns the chat's id as the portal tells
// it. Success does not prove membership: external people are skipped silently,
// zero means that nothing was done, and old portals may choose another chat.
// Read [Viewer.Dialog] afterwards, above all after [ErrOutcomeUnknown] and
// [ErrAlreadyMember]. Refusals to test for: [ErrCallerDenied],
// [ErrColleagueDenied], [ErrHistoryDenied], [ErrChatNotInCRM],
// [ErrUserNotActive]. A repeat is harmless.
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/chats/imopenlines-crm-chat-user-add.html
func (v Viewer) AddUser(ctx context.Context, item CRMItem, chat ChatID, user UserID) (ChatID, error) {
	added, err := v.member(ctx, methodAddUser, item, chat, user)
	if err != nil {
		return 0, fmt.Errorf("adding user %d to chat %d of %v: %w", user, chat, item, err)
	}
	return added, nil
}

// AddUser is [Viewer.AddUser] as the administrator of the installation, whom no
// role of the Open Channel keeps from it: what another person may do must be
// proven before.
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/chats/imopenlines-crm-chat-user-add.html
func (i Installation) AddUser(ctx context.Context, item CRMItem, chat ChatID, user UserID) (ChatID, error) {
	added, err := i.member(ctx, methodAddUser, item, chat, user)
	if err != nil {
		return 0, fmt.Errorf("adding user %d to chat %d of %v for somebody else: %w", user, chat, item, err)
	}
	return added, nil
}

// RemoveUser removes a colleague from an active chat of a CRM item
// (imopenlines.crm.chat.user.delete) and returns the chat's id. The portal would
// remove the operator and the customer too: never ask it to. [ErrNotMember] when
// the user is not in the chat; the other refusals are those of [Viewer.AddUser].
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/chats/imopenlines-crm-chat-user-delete.html
func (v Viewer) RemoveUser(ctx context.Context, item CRMItem, chat ChatID, user UserID) (ChatID, error) {
	removed, err := v.member(ctx, methodRemoveUser, item, chat, user)
	if err != nil {
		return 0, fmt.Errorf("removing user %d from chat %d of %v: %w", user, chat, item, err)
	}
	return removed, nil
}

// Join puts the caller into a chat (imopenlines.session.join), whatever its
// session's status. It asks for access to the chat or its CRM item only, and
// whoever is in the chat may repeat it: [ErrAccessDenied].
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/sessions/imopenlines-session-join.html
func (v Viewer) Join(ctx context.Context, chat ChatID) error {
	if err := v.Call(ctx, methodJoin, Params{"CHAT_ID": chat}, nil); err != nil {
		return fmt.Errorf("joining chat %d: %w", chat, err)
	}
	return nil
}

// StartSession begins a new dialog in a chat whose last one is finished, with
// the caller as its operator (imopenlines.session.start). In a chat with a
// running dialog the caller only joins. [ErrAccessDenied].
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/sessions/imopenlines-session-start.html
func (v Viewer) StartSession(ctx context.Context, chat ChatID) error {
	if err := v.Call(ctx, "imopenlines.session.start", Params{"CHAT_ID": chat}, nil); err != nil {
		return fmt.Errorf("starting a dialog in chat %d: %w", chat, err)
	}
	return nil
}

// Chats adds imopenlines.crm.chat.get; decode into a []Chat.
func (b *Batch) Chats(key string, item CRMItem, activeOnly bool) {
	b.Add(key, "imopenlines.crm.chat.get", chatsParams(item, activeOnly))
}

// ChatsRef is [Batch.Chats] of the chats that people can be added to, of an item
// that an earlier command names.
func (b *Batch) ChatsRef(key string, t ItemType, id Ref) {
	b.Add(key, "imopenlines.crm.chat.get", Params{"CRM_ENTITY_TYPE": string(t), "CRM_ENTITY": id, "ACTIVE_ONLY": "Y"})
}

// LastChat adds imopenlines.crm.chat.getLastId; decode into a [ChatID].
func (b *Batch) LastChat(key string, item CRMItem) {
	b.Add(key, "imopenlines.crm.chat.getLastId", itemParams(item))
}

// Dialog adds imopenlines.dialog.get; decode into a [Dialog].
func (b *Batch) Dialog(key string, chat ChatID) {
	b.Add(key, "imopenlines.dialog.get", Params{"CHAT_ID": chat})
}

// DialogRef is [Batch.Dialog] of a chat that an earlier command names.
func (b *Batch) DialogRef(key string, chat Ref) {
	b.Add(key, "imopenlines.dialog.get", Params{"CHAT_ID": chat})
}

// Line adds imopenlines.config.get; decode into a [Line]. Anybody may ask.
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/imopenlines-config-get.html
func (b *Batch) Line(key string, line LineID) {
	b.Add(key, "imopenlines.config.get", Params{"CONFIG_ID": line, "WITH_QUEUE": "Y"})
}

// Lines adds imopenlines.config.list.get; decode into a slice of [Line]. Anybody
// may ask, and sees every channel with its queue.
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/imopenlines-config-list-get.html
func (b *Batch) Lines(key string) {
	b.Add(key, "imopenlines.config.list.get", Params{
		"PARAMS": Params{"select": []string{"ID", "LINE_NAME", "ACTIVE"}, "order": Params{"ID": "ASC"}}, "OPTIONS": Params{"QUEUE": "Y"},
	})
}
