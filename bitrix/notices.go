package bitrix

// NotifyAsApplication adds im.notify.system.add: a notice whose author is the
// application, not the caller; decode into a [NoticeID].
// See https://apidocs.bitrix24.com/api-reference/chats/notifications/im-notify-system-add.html
func (b *Batch) NotifyAsApplication(key string, n Notice) {
	b.Add(key, "im.notify.system.add", Params{"USER_ID": n.To, "MESSAGE": n.Text, "TAG": n.Tag})
}
