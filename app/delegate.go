package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// Actor is somebody in whose name the portal was asked, where that was not the
// viewer.
type Actor struct {
	ID   bitrix.UserID `json:"i,omitempty"`
	Name string        `json:"n,omitempty"`
}

// delegate adds a person whom the portal refused the viewer for the history rule
// of the Open Channel alone, as the administrator who installed Joinline. That
// rule asks for the rights of whoever adds, while everything else that the portal
// asks of an administrator is less than it asks of the viewer. So first the
// viewer's own token proves, afresh, that the viewer reads the card's item and
// the chat's, that the two belong together, and that the chat belongs there. That
// the colleague reads the item the portal goes on asking.
//
// Where anything is not proven, the portal's refusal stays what it was.
func (w adder) delegate(ctx context.Context, e Entry, c ChatRef, refused Answer, cause error) (Answer, error) {
	user := refused.User
	why, err := w.provenReader(ctx, c)
	if why != "" {
		refused.Reason = why
	}
	var client bitrix.Installation
	var as Actor
	if err == nil {
		client, as, err = w.caretaker(ctx)
	}
	if err == nil {
		err = w.stillDelegated(ctx)
	}
	if err == nil { // whoever reads the journal after a crash learns who acted
		open := e.as(as).said(Answer{User: user, Kind: AnswerLost, Reason: ReasonLost})
		open.At = w.now()
		err = w.store.AmendEntries(ctx, []Entry{open}, entryOpen)
	}
	if err != nil {
		w.log.InfoContext(ctx, "not added for the viewer", KeyMember, w.visit.Member, KeyUser, w.visit.Viewer, KeyChat, c.ID,
			KeyColleague, user, KeyError, err)
		return refused, cause
	}
	answer, err := call(ctx, client.AddUser, c, user)
	answer.As = as
	w.log.InfoContext(ctx, "asked for the viewer", KeyMember, w.visit.Member, KeyUser, w.visit.Viewer, KeyChat, c.ID,
		KeyColleague, user, "as", as.ID, KeyState, answer.Kind, KeyReason, answer.Reason)
	switch {
	case answer.Kind == AnswerAgreed, answer.Kind == AnswerLost, answer.Member:
		return answer, err
	case slices.Contains([]Reason{ReasonColleagueNoAccess, ReasonNotActive, ReasonChatClosed, ReasonNoChat}, answer.Reason):
		return answer, err
	}
	return refused, cause // what stands in the administrator's way is not the viewer's
}

// provenReader proves with the viewer's token that the viewer may read the item
// of the card and the one that owns a chat, and that they and the chat belong
// together. The reason is told where that tells more than the portal's refusal.
func (w adder) provenReader(ctx context.Context, c ChatRef) (Reason, error) {
	b := proof()
	b.Item("card", w.visit.Item)
	b.Item("owner", c.Owner)
	b.Chats("chats", c.Owner, true)
	r, err := w.client.Batch(ctx, b)
	if err != nil {
		return "", whole(err)
	}
	i, err := w.installation(ctx, w.visit.Member)
	if err != nil {
		return "", err
	}
	switch me, err := proven(r, i.ClientID); {
	case err != nil:
		return "", err
	case me.ID != w.visit.Viewer:
		return "", fmt.Errorf("%w: a token of another person", ErrForged)
	}
	var card, owner bitrix.Item
	for key, item := range map[string]*bitrix.Item{"card": &card, "owner": &owner} {
		if err := r.Decode(key, item); err != nil {
			if err = itemRefusal(c.Owner, err); errors.Is(err, ErrNotAllowed) || errors.Is(err, ErrItemNotFound) {
				return ReasonCallerNoAccess, err
			}
			return "", err
		}
	}
	linked, _ := links(w.visit.Item, card)
	if c.Owner != w.visit.Item && !slices.Contains(linked, c.Owner) {
		return "", fmt.Errorf("%w: %v is no link of %v any more", ErrNotInVisit, c.Owner, w.visit.Item)
	}
	var chats []bitrix.Chat
	if err := r.Decode("chats", &chats); err != nil {
		return "", itemRefusal(c.Owner, err)
	}
	if !slices.ContainsFunc(chats, func(chat bitrix.Chat) bool { return chat.ID == c.ID }) {
		return ReasonChatClosed, fmt.Errorf("%w: chat %d is not among those of %v", ErrNotInVisit, c.ID, c.Owner)
	}
	return "", nil
}

// caretaker is a client of the administrator who installed Joinline, whom the
// portal has just called one, and who that is.
func (w adder) caretaker(ctx context.Context) (bitrix.Installation, Actor, error) {
	i, err := w.installation(ctx, w.visit.Member)
	if err != nil {
		return bitrix.Installation{}, Actor{}, err
	}
	k := &kept{app: w.App, bitrix: i.bitrix, key: TokenKey{i.Member, AsInstallation, i.Installer}}
	if _, err := k.read(ctx); err != nil {
		return bitrix.Installation{}, Actor{}, err
	}
	client := i.bitrix.Installation(i.Endpoint, k)
	r, err := client.Batch(ctx, proof())
	if err != nil {
		return client, Actor{}, whole(err)
	}
	me, err := proven(r, i.ClientID)
	switch {
	case err != nil:
	case me.ID != i.Installer:
		err = fmt.Errorf("%w: the token of the installation is another person's", ErrForged)
	case !me.Admin:
		err = ErrNotAdmin
	}
	return client, Actor{me.ID, bitrix.User{Name: me.Name, LastName: me.LastName}.FullName()}, err
}

// stillDelegated fails when the policy was changed since this add began.
func (w adder) stillDelegated(ctx context.Context) error {
	p, err := w.store.Policy(ctx, w.visit.Member)
	if err == nil && (p.Version != w.says.policy.Version || !p.Delegated) {
		err = ErrPolicyChanged
	}
	return err
}
