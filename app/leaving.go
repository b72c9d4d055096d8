package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// Changed is what became of one person who was to leave or join a chat.
type Changed struct {
	Outcome
	// Name is the person's; empty when the portal does not tell.
	Name string
	// Chat is the chat as read back afterwards, without OwnerTitle. Its ID is
	// zero when it was not read back or could not be.
	Chat Chat
}

// Remove takes a colleague out of a chat of the visit's CRM item, as the
// viewer, and reads back what is true: OutcomeRemoved, OutcomeNotIn,
// OutcomeRefused or OutcomeUnknown. The portal would remove anybody; the
// operator and the customer are refused here, from who they are now:
// ReasonOperator and ReasonCustomer. So is whoever cannot be told from them
// because the chat cannot be read: ReasonUnreadable. Repeating it is harmless.
//
// It takes three requests: before, the call, and after. The error is about the
// request itself, and then nothing was changed.
func (a *App) Remove(ctx context.Context, v Visit, c ChatRef, user bitrix.UserID) (Changed, error) {
	client, err := a.adding(ctx, v, []ChatRef{c}, len(once([]bitrix.UserID{user})))
	if err != nil {
		return Changed{}, err
	}
	done := Changed{Outcome: Outcome{User: user}}
	if done.Reason, err = a.keepsOut(ctx, client, v, user); err != nil {
		return Changed{}, err
	} else if done.Reason != "" {
		done.State = OutcomeRefused
		return done, a.forbidden(ctx, v.entry(EntryRemove, c), done.Reason, user)
	}
	before, err := a.readBack(ctx, client, v, c, []bitrix.UserID{user}, nil)
	done.Name, done.Chat = before.name(user), before.chat
	members, read := before.members[c.ID]
	switch {
	case err != nil:
		return Changed{}, err
	case !read:
		done.State, done.Reason = OutcomeRefused, ReasonUnreadable
	case user == before.dialog.Operator:
		done.State, done.Reason = OutcomeRefused, ReasonOperator
	case user == before.dialog.Customer || before.faces[user].Connector:
		done.State, done.Reason = OutcomeRefused, ReasonCustomer
	case !slices.Contains(members, user):
		done.State = OutcomeNotIn
	}
	e := v.entry(a.removing(ctx, v, c, user), c).about(before, user)
	// Once begun it is seen through, whether or not the page still waits.
	ctx = context.WithoutCancel(ctx)
	if e.State, e.Reason = done.State, done.Reason; done.State != "" {
		err = a.record(ctx, e)
	} else if err = a.begin(ctx, e, user); err == nil {
		a.remove(ctx, client, v, c, &done)
		e.State, e.Reason = done.State, done.Reason
		a.end(ctx, e)
	}
	if err != nil {
		return Changed{}, err
	}
	a.log.InfoContext(ctx, "remove", KeyMember, v.Member, KeyUser, v.Viewer, KeyItem, c.Owner.String(), KeyChat, c.ID,
		KeyColleague, user, KeyState, done.State, KeyReason, done.Reason)
	return done, nil
}

// keepsOut is why the policy does not let the viewer take a person out of a chat:
// who may not add others may only leave themselves.
func (a *App) keepsOut(ctx context.Context, client bitrix.Viewer, v Visit, user bitrix.UserID) (Reason, error) {
	if user == v.Viewer {
		return "", nil
	}
	r, err := a.rule(ctx, client, v, nil)
	return r.viewer, err
}

// remove makes the call and judges it by who takes part afterwards.
func (a *App) remove(ctx context.Context, client bitrix.Viewer, v Visit, c ChatRef, done *Changed) {
	_, err := client.RemoveUser(ctx, c.Owner, c.ID, done.User)
	if err != nil {
		err = refusedAdd(err)
	}
	if done.Reason = reasonOf(err); unheard(err) {
		done.State = OutcomeNotTried
		return
	}
	after, readErr := a.readBack(ctx, client, v, c, []bitrix.UserID{done.User}, nil)
	if readErr != nil {
		a.log.WarnContext(ctx, "participants not read back", KeyMember, v.Member, KeyChat, c.ID, KeyError, readErr)
	}
	done.Chat = after.chat
	members, read := after.members[c.ID]
	in := slices.Contains(members, done.User)
	switch {
	case read && !in && (err == nil || errors.Is(err, errLost)):
		done.State, done.Reason = OutcomeRemoved, ""
	case read && !in:
		done.State, done.Reason = OutcomeNotIn, ""
	case err == nil, errors.Is(err, errLost) && (!read || mayStillRun(err)):
		done.State, done.Reason = OutcomeUnknown, ReasonUnconfirmed
	default:
		done.State = OutcomeRefused
	}
}

// Join puts the viewer into a chat of the visit's CRM item, also into one that
// nobody has accepted yet, and reads back what is true: OutcomeAdded,
// OutcomeAlreadyIn, OutcomeRefused or OutcomeUnknown. Unlike Add it does not
// ask for a place in the queue. Repeating it is harmless. The error is about
// the request itself, and then nothing was asked of the portal.
func (a *App) Join(ctx context.Context, v Visit, c ChatRef) (Changed, error) {
	client, err := a.adding(ctx, v, []ChatRef{c}, 1)
	if err != nil {
		return Changed{}, err
	}
	if why, err := a.excluded(ctx, client, v); err != nil {
		return Changed{}, err
	} else if why != "" {
		done := Changed{Outcome: Outcome{User: v.Viewer, State: OutcomeRefused, Reason: why}, Name: v.Name}
		return done, a.forbidden(ctx, v.entry(EntryJoin, c), why, v.Viewer)
	}
	answer, e := Answer{User: v.Viewer, Kind: AnswerAgreed, Told: c.ID}, v.entry(EntryJoin, c)
	if err := a.begin(ctx, e, v.Viewer); err != nil {
		return Changed{}, err
	}
	if err := client.Join(ctx, c.ID); err != nil {
		err = refusedJoin(err)
		if errors.Is(err, ErrNoToken) {
			a.end(ctx, e.said(Answer{User: v.Viewer, Kind: AnswerUnheard, Reason: ReasonNoToken}))
			return Changed{}, fmt.Errorf("joining chat %d: %w", c.ID, err)
		}
		answer.Kind, answer.Reason = AnswerRefused, reasonOf(err)
		switch {
		case unheard(err):
			answer.Kind = AnswerUnheard
		case errors.Is(err, errLost):
			answer.Kind, answer.Late = AnswerLost, mayStillRun(err)
		}
	}
	added := a.settle(context.WithoutCancel(ctx), client, v, e, c, []bitrix.UserID{v.Viewer}, []Answer{answer})
	return Changed{Outcome: added.Outcomes[0], Name: v.Name, Chat: added.Chat}, nil
}

// refusedJoin is refusedAdd, except that an access denied is about the chat.
func refusedJoin(err error) error {
	if errors.Is(err, bitrix.ErrAccessDenied) && !errors.Is(err, bitrix.ErrPlan) {
		return fmt.Errorf("%w: %w", bitrix.ErrCallerDenied, err)
	}
	return refusedAdd(err)
}
