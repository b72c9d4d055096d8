package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// Observe makes a colleague an observer of the CRM item that owns a chat, so
// that they may read it, as the viewer, who must be allowed to change the item;
// then it adds them to the chat like Add, and tells what became of that. When
// the colleague cannot be made an observer nothing is added: OutcomeRefused
// with ReasonMayNotChange, ReasonNotObserved, or what else stood in the way.
// Whoever reads the item already as its observer or responsible person is only
// added.
//
// The portal replaces the whole list of observers: one who was put on it by
// somebody else in the very same moment may be lost. The error is about the
// request itself, and then nothing was changed.
func (a *App) Observe(ctx context.Context, v Visit, c ChatRef, user bitrix.UserID) (Changed, error) {
	w, err := a.adder(ctx, v, []ChatRef{c}, once([]bitrix.UserID{user}))
	if err != nil {
		return Changed{}, err
	}
	// Once begun it is seen through, whether or not the page still waits.
	ctx = context.WithoutCancel(ctx)
	done := Changed{Outcome: Outcome{User: user}}
	if done.Reason = w.says.bars(user); done.Reason != "" {
		done.State = OutcomeRefused
		return done, a.forbidden(ctx, v.entry(EntryObserve, c), done.Reason, user)
	}
	e := v.entry(EntryObserve, c)
	if err := a.begin(ctx, e, user); err != nil {
		return Changed{}, err
	}
	done.State, done.Reason, err = observe(ctx, w.client, c.Owner, user)
	e.Whom.ID, e.State, e.Reason = user, done.State, done.Reason
	if err != nil {
		e.State, e.Reason = OutcomeNotTried, reasonOf(err)
	}
	if a.end(ctx, e); err != nil {
		return Changed{}, err
	}
	if done.State == OutcomeAdded || done.State == OutcomeAlreadyIn {
		e := v.entry(EntryAdd, c)
		answers, _ := w.askAll(ctx, e, c, []bitrix.UserID{user})
		added := a.settle(ctx, w.client, v, e, c, []bitrix.UserID{user}, answers)
		done.Outcome, done.Chat = added.Outcomes[0], added.Chat
	}
	a.log.InfoContext(ctx, "observe", KeyMember, v.Member, KeyUser, v.Viewer, KeyItem, c.Owner.String(), KeyColleague, user,
		KeyState, done.State, KeyReason, done.Reason)
	return done, nil
}

// observe puts a user on an item's list of observers. They may read the item now
// with OutcomeAdded, and could before with OutcomeAlreadyIn.
func observe(ctx context.Context, client bitrix.Viewer, item bitrix.CRMItem, user bitrix.UserID) (OutcomeState, Reason, error) {
	before, err := client.Item(ctx, item)
	if err != nil {
		return "", "", itemRefusal(item, err)
	}
	if before.Responsible == user || slices.Contains(before.Observers, user) {
		return OutcomeAlreadyIn, "", nil
	}
	err = client.SetObservers(ctx, item, append(before.Observers, user))
	switch {
	case errors.Is(err, bitrix.ErrAccessDenied) && !errors.Is(err, bitrix.ErrPlan):
		return OutcomeRefused, ReasonMayNotChange, nil
	case err != nil && !errors.Is(err, bitrix.ErrOutcomeUnknown):
		err = refusal(err)
		if errors.Is(err, ErrNoToken) {
			return "", "", err
		}
		return OutcomeRefused, reasonOf(err), nil
	}
	// Some portals keep no observers of contacts and companies, and say nothing.
	after, readErr := client.Item(ctx, item)
	switch {
	case readErr != nil:
		return OutcomeUnknown, ReasonUnconfirmed, nil
	case slices.Contains(after.Observers, user):
		return OutcomeAdded, "", nil
	case err != nil && mayStillRun(err):
		return OutcomeUnknown, ReasonLost, nil
	}
	return OutcomeRefused, ReasonNotObserved, nil
}

// StartDialog begins a new dialog in a chat whose last one is finished, with
// the viewer as its operator, and reads back what is true: OutcomeAdded,
// OutcomeRefused with ReasonDialogRuns when one was running already or what
// else stood in the way, or OutcomeUnknown. It changes the portal's statistics
// and its CRM, where a new activity and perhaps a new lead appear, so people
// must have asked for it. It never happens twice: a running dialog stays as it
// is.
//
// The error is about the request itself, and then nothing was changed.
func (a *App) StartDialog(ctx context.Context, v Visit, c ChatRef) (Changed, error) {
	client, err := a.adding(ctx, v, []ChatRef{c}, 1)
	if err != nil {
		return Changed{}, err
	}
	done := Changed{Outcome: Outcome{User: v.Viewer}, Name: v.Name}
	if done.Reason, err = a.noDialog(ctx, client, v, c); err != nil {
		return Changed{}, err
	}
	e := v.entry(EntryDialog, c)
	if done.Reason != "" {
		done.State = OutcomeRefused
		return done, a.forbidden(ctx, e, done.Reason, v.Viewer)
	}
	// Once begun it is seen through, whether or not the page still waits.
	ctx = context.WithoutCancel(ctx)
	if err := a.begin(ctx, e, v.Viewer); err != nil {
		return Changed{}, err
	}
	if err = client.StartSession(ctx, c.ID); err != nil {
		err = refusedJoin(err)
	}
	if errors.Is(err, ErrNoToken) {
		a.end(ctx, e.said(Answer{User: v.Viewer, Kind: AnswerUnheard, Reason: ReasonNoToken}))
		return Changed{}, fmt.Errorf("starting a dialog in chat %d: %w", c.ID, err)
	}
	after, readErr := a.readBack(ctx, client, v, c, []bitrix.UserID{v.Viewer}, nil)
	done.Chat = after.chat
	_, read := after.members[c.ID]
	switch {
	case read && after.dialog.SessionID != 0 && after.dialog.Operator == v.Viewer:
		done.State = OutcomeAdded
	case !read && !isRefusal(err), err != nil && errors.Is(err, errLost) && mayStillRun(err):
		done.State, done.Reason = OutcomeUnknown, ReasonUnconfirmed
	case err == nil:
		done.State, done.Reason = OutcomeRefused, ReasonUnlisted
	default:
		done.State, done.Reason = OutcomeRefused, reasonOf(err)
	}
	e = e.about(after, v.Viewer)
	e.State, e.Reason = done.State, done.Reason
	a.end(ctx, e)
	if readErr != nil {
		a.log.WarnContext(ctx, "a new dialog was not read back", KeyMember, v.Member, KeyChat, c.ID, KeyError, readErr)
	}
	a.log.InfoContext(ctx, "start dialog", KeyMember, v.Member, KeyUser, v.Viewer, KeyItem, c.Owner.String(), KeyChat, c.ID,
		KeyState, done.State, KeyReason, done.Reason)
	return done, nil
}

// noDialog is why the viewer cannot start a dialog in a chat, as far as that is
// known before.
func (a *App) noDialog(ctx context.Context, client bitrix.Viewer, v Visit, c ChatRef) (Reason, error) {
	if why, err := a.excluded(ctx, client, v); err != nil || why != "" {
		return why, err
	}
	switch before, err := client.Dialog(ctx, c.ID); {
	case errors.Is(err, bitrix.ErrDialogAccess):
		return ReasonCallerNoAccess, nil
	case err != nil:
		return "", whole(err)
	case before.SessionID != 0:
		return ReasonDialogRuns, nil
	}
	return "", nil
}

// isRefusal reports whether a call surely changed nothing.
func isRefusal(err error) bool { return err != nil && !errors.Is(err, errLost) }
