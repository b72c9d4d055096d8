package app

import (
	"errors"
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// Outcome is what is true of one person after an Add.
type Outcome struct {
	User   bitrix.UserID
	State  OutcomeState
	Reason Reason
	// Chat is where the person was added instead, for OutcomeElsewhere.
	Chat bitrix.ChatID
	// As is in whose name the portal was asked to add the person; zero: in the
	// viewer's.
	As Actor `json:"as,omitzero"`
}

// OutcomeState is the kind of an outcome.
type OutcomeState string

// The outcomes. The first three were seen among the participants afterwards.
const (
	// OutcomeAdded: takes part now, and did not when the page was shown.
	OutcomeAdded OutcomeState = "added"
	// OutcomeAlreadyIn: takes part, and did when the page was shown.
	OutcomeAlreadyIn OutcomeState = "already_in"
	// OutcomeElsewhere: takes part in another chat, which an old portal chose
	// instead of the one asked for.
	OutcomeElsewhere OutcomeState = "elsewhere"
	// OutcomeRefused: does not take part; the reason tells what helps.
	OutcomeRefused OutcomeState = "refused"
	// OutcomeSkipped: the portal accepted the call and added nobody.
	OutcomeSkipped OutcomeState = "skipped"
	// OutcomeNotTried: nothing was asked of the portal for this person.
	OutcomeNotTried OutcomeState = "not_tried"
	// OutcomeUnknown: the portal may have added the person or not.
	OutcomeUnknown OutcomeState = "unknown"
	// OutcomeRemoved: took part, and does not any more.
	OutcomeRemoved OutcomeState = "removed"
	// OutcomeNotIn: was to be removed, and did not take part anyway.
	OutcomeNotIn OutcomeState = "not_in"
)

// Reason tells why an outcome is what it is, and so what helps.
type Reason string

// The reasons. OutcomeAdded and OutcomeAlreadyIn have none, except that the
// customer is ReasonCustomer.
const (
	// ReasonCallerNoAccess: the viewer has no access to the chat's CRM item.
	ReasonCallerNoAccess Reason = "caller_no_access"
	// ReasonColleagueNoAccess: the colleague cannot read the CRM item; making
	// them an observer or responsible helps.
	ReasonColleagueNoAccess Reason = "colleague_no_access"
	// ReasonHistory: the Open Channel's settings do not let this viewer add
	// this colleague; an administrator can, or the channel's queue helps.
	ReasonHistory Reason = "history"
	// ReasonNotActive: the colleague was dismissed or does not exist.
	ReasonNotActive Reason = "not_active"
	// ReasonChatClosed: the chat is not among the active chats of its CRM item
	// any more: closed, closing or waiting again.
	ReasonChatClosed Reason = "chat_closed"
	// ReasonNoChat: the portal found no chat and did nothing.
	ReasonNoChat Reason = "no_chat"
	// ReasonExternal: people from outside cannot take part in such chats.
	ReasonExternal Reason = "external"
	// ReasonUnlisted: the portal accepted the call, and the person is not among
	// the participants all the same; perhaps somebody removed them at once.
	ReasonUnlisted Reason = "unlisted"
	// ReasonCustomer: this is the customer.
	ReasonCustomer Reason = "customer"
	// ReasonMayNotChange: the viewer may not change the CRM item.
	ReasonMayNotChange Reason = "may_not_change"
	// ReasonNotObserved: the portal agreed to the observer and did not keep them.
	ReasonNotObserved Reason = "not_observed"
	// ReasonDialogRuns: a dialog is running, so none can be started.
	ReasonDialogRuns Reason = "dialog_runs"
	// ReasonOperator: this is the operator, who leads the chat.
	ReasonOperator Reason = "operator"
	// ReasonUnreadable: the portal does not tell who takes part in the chat.
	ReasonUnreadable Reason = "unreadable"
	// ReasonLost: the portal's answer was lost, and it may have added the person
	// or may still do so.
	ReasonLost Reason = "lost"
	// ReasonFailed: the portal failed at the call and did not add the person.
	ReasonFailed Reason = "failed"
	// ReasonUnconfirmed: the portal accepted the call, and its participants
	// could not be read.
	ReasonUnconfirmed Reason = "unconfirmed"
	// ReasonBusy: the portal limits requests.
	ReasonBusy Reason = "busy"
	// ReasonDown: the portal does not answer.
	ReasonDown Reason = "down"
	// ReasonCancelled: the viewer stopped before the person's turn.
	ReasonCancelled Reason = "cancelled"
	// ReasonNoToken: the viewer's authorisation is over; a reload renews it.
	ReasonNoToken Reason = "no_token"
	// ReasonNoAccess: the portal keeps the viewer from the application.
	ReasonNoAccess Reason = "no_access"
	// ReasonRemoved: the application was removed from the portal.
	ReasonRemoved Reason = "removed"
	// ReasonPlan: the portal's plan has no REST API.
	ReasonPlan Reason = "plan"
	// ReasonScope: the application lacks a permission.
	ReasonScope Reason = "scope"
	// ReasonUnrecorded: the journal could not be written, so nothing was asked of
	// the portal.
	ReasonUnrecorded Reason = "unrecorded"
	// ReasonPolicyViewer: the portal's policy does not let the viewer add people.
	ReasonPolicyViewer Reason = "policy_viewer"
	// ReasonPolicyColleague: the portal's policy lets nobody add the person.
	ReasonPolicyColleague Reason = "policy_colleague"
	// ReasonPolicyUnread: the portal did not tell what its policy depends on.
	ReasonPolicyUnread Reason = "policy_unread"
	// ReasonPolicyNote: the portal's policy lets nobody be added without a note,
	// and there was none.
	ReasonPolicyNote Reason = "policy_note"
	// ReasonOther: the portal refused for a reason Joinline does not know.
	ReasonOther Reason = "other"
)

// judge says what is true of one person. Being seen among the participants
// outweighs whatever the call answered.
func judge(user bitrix.UserID, a Answer, c ChatRef, back readBack) Outcome {
	o := Outcome{User: user, As: a.As}
	members, read := back.members[c.ID]
	in := slices.Contains(members, user)
	switch {
	case a.Kind == AnswerAgreed && a.Told > 0 && a.Told != c.ID:
		return elsewhere(o, a.Told, back)
	case in && user == back.dialog.Customer:
		o.State, o.Reason = OutcomeAlreadyIn, ReasonCustomer
	case in && (c.showed(user) || a.Kind == "" || a.isRefusal()):
		o.State = OutcomeAlreadyIn
	case in:
		o.State = OutcomeAdded
	case a.Kind == "", a.Kind == AnswerUnheard:
		o.State, o.Reason = OutcomeNotTried, a.Reason
	case a.Kind != AnswerAgreed:
		return failed(o, a, read)
	case a.Told == 0:
		o.State, o.Reason = OutcomeRefused, ReasonNoChat
	case !read:
		o.State, o.Reason = OutcomeUnknown, ReasonUnconfirmed
	case back.dialog.SessionID == 0:
		// When a dialog ends everybody but the customer leaves.
		o.State, o.Reason = OutcomeRefused, ReasonChatClosed
	default:
		o.State, o.Reason = OutcomeSkipped, back.whySkipped(user)
	}
	return o
}

// whySkipped tells why somebody is not in a chat into which the portal said it
// had put them.
func (b readBack) whySkipped(user bitrix.UserID) Reason {
	if b.faces[user].External() {
		return ReasonExternal
	}
	return ReasonUnlisted
}

// failed judges a call that was refused or lost, for a person who was not seen.
func failed(o Outcome, a Answer, read bool) Outcome {
	switch {
	case a.Kind == AnswerLost && (!read || a.Late):
		o.State, o.Reason = OutcomeUnknown, ReasonLost
	case a.Member && !read:
		o.State, o.Reason = OutcomeUnknown, ReasonUnconfirmed
	default:
		o.State, o.Reason = OutcomeRefused, a.Reason
	}
	return o
}

// elsewhere judges a success in another chat than the one asked for: portals
// of 2020 to 2023 ignore the chat asked for and take the latest one.
func elsewhere(o Outcome, chat bitrix.ChatID, back readBack) Outcome {
	members, read := back.members[chat]
	switch {
	case !read:
		o.State, o.Reason, o.Chat = OutcomeUnknown, ReasonUnconfirmed, chat
	case slices.Contains(members, o.User):
		o.State, o.Chat = OutcomeElsewhere, chat
	default:
		o.State, o.Reason = OutcomeSkipped, back.whySkipped(o.User)
	}
	return o
}

var reasons = []struct {
	cause  error
	reason Reason
}{
	{bitrix.ErrCallerDenied, ReasonCallerNoAccess},
	{bitrix.ErrColleagueDenied, ReasonColleagueNoAccess},
	{bitrix.ErrHistoryDenied, ReasonHistory},
	{bitrix.ErrUserNotActive, ReasonNotActive},
	{bitrix.ErrChatNotInCRM, ReasonChatClosed},
	{errNoChat, ReasonNoChat},
	{ErrPortalBusy, ReasonBusy},
	{ErrPortalDown, ReasonDown},
	{errLost, ReasonFailed},
	{ErrMoved, ReasonDown},
	{ErrNoToken, ReasonNoToken},
	{ErrNoAccess, ReasonNoAccess},
	{ErrRemoved, ReasonRemoved},
	{ErrPlan, ReasonPlan},
	{ErrScope, ReasonScope},
}

// reasonOf names the cause of an error; none for nil.
func reasonOf(err error) Reason {
	if err == nil {
		return ""
	}
	for _, r := range reasons {
		if errors.Is(err, r.cause) {
			return r.reason
		}
	}
	return ReasonOther
}
