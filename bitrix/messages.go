package bitrix

import (
	"strings"
	"unicode"
)

// Notice is an entry in one person's notification centre, from the caller.
type Notice struct {
	To UserID
	// Text may hold BB codes, see [PlainText] and [Link].
	Text string
	// Tag names the notice: a later one to the same person with the same tag
	// takes its place, so that sending it again doubles nothing.
	Tag string
}

// NoticeID numbers a notice that was sent. Zero: the person gets none, because
// they switched notices off or were dismissed.
type NoticeID int64

// UnmarshalJSON reads the result of im.notify.personal.add.
func (n *NoticeID) UnmarshalJSON(data []byte) error { return (*number)(n).UnmarshalJSON(data) }

// Notify adds im.notify.personal.add; decode into a [NoticeID].
// See https://apidocs.bitrix24.com/api-reference/chats/notifications/im-notify-personal-add.html
func (b *Batch) Notify(key string, n Notice) {
	b.Add(key, "im.notify.personal.add", Params{"USER_ID": n.To, "MESSAGE": n.Text, "TAG": n.Tag})
}

// AddInternalLine adds im.message.add of a line in a chat that colleagues see
// and the customer does not. Its text may hold BB codes, and it has no author. It
// needs the caller's access to the chat.
// See https://apidocs.bitrix24.com/api-reference/chats/messages/im-message-add.html
func (b *Batch) AddInternalLine(key string, chat ChatID, text string) {
	// Either flag alone can be ignored, and then the customer would read it.
	b.Add(key, "im.message.add", Params{"DIALOG_ID": chat.DialogID(), "MESSAGE": text, "SYSTEM": "Y", "SKIP_CONNECTOR": "Y"})
}

// AddTimelineComment adds crm.timeline.comment.add of a comment in the timeline
// of a CRM item, from the caller. Its text may hold BB codes. [ErrAccessDenied]
// when the caller may not change the item.
// See https://apidocs.bitrix24.com/api-reference/crm/timeline/comments/crm-timeline-comment-add.html
func (b *Batch) AddTimelineComment(key string, item CRMItem, text string) {
	b.Add(key, "crm.timeline.comment.add", Params{"fields": Params{
		"ENTITY_TYPE": strings.ToLower(string(item.Type)), "ENTITY_ID": item.ID, "COMMENT": text,
	}})
}

// joiner is an invisible character that joins what stands beside it.
const joiner = "\u2060"

// PlainText returns text for a place where BB codes work, in which there are
// none: it shows as it is, in one line, and is no reference inside a [Batch]
// either. The portal knows no way to write a bracket that is only a bracket,
// so invisible characters stand around each.
func PlainText(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	return strings.NewReplacer("[", joiner+"["+joiner, "]", joiner+"]"+joiner, "#BR#", "#"+joiner+"BR#").Replace(text)
}

// Link returns the BB code of a link whose text is shown as it is. An address
// that begins with a slash is one of the portal itself.
func Link(address, text string) string {
	return "[URL=" + address + "]" + PlainText(text) + "[/URL]"
}
