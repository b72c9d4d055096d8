package bitrix

import "context"

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
}

// Participant is a person in a chat.
type Participant struct {
	ID   UserID
	Name string
}

// Members returns the ids of everybody in the chat, the caller included if they
// are in it.
func (d Dialog) Members(caller UserID) []UserID { return nil }

// Chats returns the chats of a CRM item, newest session first
// (imopenlines.crm.chat.get). With activeOnly these are the chats that people
// can be added to. [ErrAccessDenied] when the caller may not see the item.
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/chats/imopenlines-crm-chat-get.html
func (v Viewer) Chats(ctx context.Context, item CRMItem, activeOnly bool) ([]Chat, error) {
	return nil, errNotBuilt
}

// LastChat returns the chat of a CRM item that was written in last, finished or
// not (imopenlines.crm.chat.getLastId), or [ErrNoChat].
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/chats/imopenlines-crm-chat-get-last-id.html
func (v Viewer) LastChat(ctx context.Context, item CRMItem) (ChatID, error) { return 0, errNotBuilt }

// Dialog returns a chat with its participants (imopenlines.dialog.get), or
// [ErrDialogAccess].
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/sessions/imopenlines-dialog-get.html
func (v Viewer) Dialog(ctx context.Context, chat ChatID) (Dialog, error) {
	return Dialog{}, errNotBuilt
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
	return 0, errNotBuilt
}

// RemoveUser removes a colleague from an active chat of a CRM item
// (imopenlines.crm.chat.user.delete) and returns the chat's id. The portal would
// remove the operator and the customer too: never ask it to. [ErrNotMember] when
// the user is not in the chat; the other refusals are those of [Viewer.AddUser].
// See https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/chats/imopenlines-crm-chat-user-delete.html
func (v Viewer) RemoveUser(ctx context.Context, item CRMItem, chat ChatID, user UserID) (ChatID, error) {
	return 0, errNotBuilt
}

// Chats adds imopenlines.crm.chat.get; decode into a []Chat.
func (b *Batch) Chats(key string, item CRMItem, activeOnly bool) {}

// LastChat adds imopenlines.crm.chat.getLastId; decode into a [ChatID].
func (b *Batch) LastChat(key string, item CRMItem) {}

// Dialog adds imopenlines.dialog.get; decode into a [Dialog].
func (b *Batch) Dialog(key string, chat ChatID) {}

// DialogRef is [Batch.Dialog] of a chat that an earlier command names.
func (b *Batch) DialogRef(key string, chat Ref) {}
