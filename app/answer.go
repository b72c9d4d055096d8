package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"github.com/joinline/joinline/bitrix"
)

// Answer is what the portal said to one call that adds a person to a chat. It
// is not yet what is true: see App.Settle. A page may carry it, sealed.
type Answer struct {
	User bitrix.UserID `json:"u"`
	Kind AnswerKind    `json:"k,omitempty"`
	// Told is the chat that the portal named when it agreed; zero: it did nothing.
	Told bitrix.ChatID `json:"c,omitempty"`
	// Reason is why the portal did not agree.
	Reason Reason `json:"r,omitempty"`
	// Member: the portal refused because the person is there already.
	Member bool `json:"m,omitempty"`
	// Late: the answer was lost while the portal may still be at the call.
	Late bool `json:"l,omitempty"`
	// Stop tells whose calls would fail for the same reason.
	Stop Stop `json:"s,omitempty"`
	// As is in whose name the portal was asked; zero: in the viewer's.
	As Actor `json:"a,omitzero"`
}

// AnswerKind is the kind of an answer; empty: nothing was asked.
type AnswerKind string

// The kinds of answers.
const (
	// AnswerAgreed: the portal says that it is done.
	AnswerAgreed AnswerKind = "agreed"
	// AnswerRefused: the portal looked at the person and refused.
	AnswerRefused AnswerKind = "refused"
	// AnswerLost: there is no usable answer. After two in a row nobody else
	// should be asked for.
	AnswerLost AnswerKind = "lost"
	// AnswerUnheard: the portal surely did not look at the call.
	AnswerUnheard AnswerKind = "unheard"
	// AnswerBarred: the portal was not asked, because of the policy.
	AnswerBarred AnswerKind = "barred"
)

// Stop tells how much a reason for not adding one person concerns others.
type Stop string

// What is to be stopped; the empty Stop stops nothing.
const (
	// StopChat: nobody else can be added to this chat.
	StopChat Stop = "chat"
	// StopAll: nobody can be added to any chat now.
	StopAll Stop = "all"
)

// reached reports whether the call may have come to the portal's decision
// about the person, so that the participants are worth reading. Where the
// viewer is refused the person was not looked at.
func (a Answer) reached() bool {
	return a.Kind != "" && a.Kind != AnswerUnheard && a.Kind != AnswerBarred && a.Reason != ReasonCallerNoAccess
}

// isRefusal reports whether the call surely changed nothing: a person seen
// afterwards was there before.
func (a Answer) isRefusal() bool {
	return a.Kind == AnswerRefused || a.Kind == AnswerUnheard || a.Kind == AnswerBarred
}

// Halted is what an answer means for people in other chats: nobody is tried.
func (a Answer) Halted() Answer { return Answer{Reason: a.why(), Stop: StopAll} }

// why is the reason for which others are not tried.
func (a Answer) why() Reason {
	if a.Kind == AnswerLost {
		return ReasonDown
	}
	return a.Reason
}

// untried is the answer for those who were not asked for, behind answers.
func untried(answers []Answer) Answer {
	for _, a := range answers {
		if a.Stop != "" {
			return Answer{Reason: a.why()}
		}
	}
	if n := len(answers); n >= 2 && answers[n-1].Kind == AnswerLost && answers[n-2].Kind == AnswerLost {
		return Answer{Reason: ReasonDown}
	}
	return Answer{Reason: ReasonCancelled}
}

// unheard reports whether the portal surely did not look at a call.
func unheard(err error) bool {
	for _, cause := range []error{ErrNoToken, ErrNoAccess, ErrRemoved, ErrMoved, ErrScope, ErrPlan, ErrKeys, ErrPortalBusy, ErrPortalDown} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// askAll asks for one person after the other. Calls are single because the
// portal keeps its verdict about the first person of a batch for all others.
// It stops, and says why, when the next call would fail for the same reason
// whoever is next. The entry is what the journal says of each.
func (w adder) askAll(ctx context.Context, e Entry, c ChatRef, people []bitrix.UserID) (answers []Answer, stopped error) {
	lost := 0
	for _, user := range people {
		answer, err := w.ask(ctx, e, c, user)
		if lost++; answer.Kind != AnswerLost {
			lost = 0
		}
		if lost == 2 || ctx.Err() != nil {
			answer.Stop = StopAll
		}
		answers = append(answers, answer)
		if answer.Stop == "" {
			continue
		}
		if answer.Kind == AnswerLost {
			err = fmt.Errorf("%w: %w", ErrPortalDown, err)
		}
		return answers, err
	}
	return answers, nil
}

// ask makes the call for one person, if the policy allows it and once the journal
// says so. The error is the cause of an answer that is no agreement.
func (w adder) ask(ctx context.Context, e Entry, c ChatRef, user bitrix.UserID) (Answer, error) {
	if why := w.says.bars(user); why != "" {
		if err := w.forbidden(ctx, e, why, user); err != nil {
			return unrecorded(user), err
		}
		return Answer{User: user, Kind: AnswerBarred, Reason: why}, errBarred
	}
	if err := w.begin(ctx, e, user); err != nil {
		return unrecorded(user), err
	}
	answer, err := call(ctx, w.client.AddUser, c, user)
	if answer.Reason == ReasonHistory && w.says.policy.Delegated {
		answer, err = w.delegate(ctx, e, c, answer, err)
	}
	said := e.as(answer.As).said(answer)
	if answer.Kind == AnswerAgreed && c.showed(user) {
		said.Reason = "" // the portal also agrees to what is so already
	}
	w.heard(ctx, said)
	return answer, err
}

// addUser is the call that adds a person, in somebody's name.
type addUser func(ctx context.Context, item bitrix.CRMItem, chat bitrix.ChatID, user bitrix.UserID) (bitrix.ChatID, error)

// call is ask without policy and journal.
func call(ctx context.Context, add addUser, c ChatRef, user bitrix.UserID) (Answer, error) {
	a := Answer{User: user, Kind: AnswerAgreed}
	var err error
	a.Told, err = add(ctx, c.Owner, c.ID, user)
	if err == nil && a.Told != 0 {
		return a, nil
	}
	if err == nil {
		a.Reason, a.Stop = ReasonNoChat, StopChat
		return a, errNoChat
	}
	err = refusedAdd(err)
	a.Reason = reasonOf(err)
	switch {
	case unheard(err):
		a.Kind, a.Stop = AnswerUnheard, StopAll
	case errors.Is(err, errLost):
		a.Kind, a.Late = AnswerLost, mayStillRun(err)
		if timedOut(err) {
			a.Stop = StopAll
		}
	default:
		a.Kind, a.Member = AnswerRefused, errors.Is(err, bitrix.ErrAlreadyMember)
		if errors.Is(err, bitrix.ErrCallerDenied) || errors.Is(err, bitrix.ErrChatNotInCRM) {
			a.Stop = StopChat
		}
	}
	return a, err
}

var (
	errLost   = errors.New("the answer was lost")
	errNoChat = errors.New("the portal found no chat")
	errBarred = errors.New("the policy forbids it")
)

// mayStillRun reports whether the portal may still be at a lost call, so that
// what is read now is not the last word: no answer came, or it came from a
// gateway that gave up waiting.
func mayStillRun(err error) bool {
	portal, answered := errors.AsType[*bitrix.Error](err)
	return !answered || portal.Status == http.StatusBadGateway || portal.Status == http.StatusGatewayTimeout
}

// timedOut reports whether a time limit ended a call.
func timedOut(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// refusedAdd is refusal, except that a lost answer is not yet a failure, and
// that an access denied without one of the three causes is about the viewer.
func refusedAdd(err error) error {
	switch {
	case errors.Is(err, bitrix.ErrOutcomeUnknown):
		return fmt.Errorf("%w: %w", errLost, err)
	case errors.Is(err, bitrix.ErrCallerDenied), errors.Is(err, bitrix.ErrColleagueDenied), errors.Is(err, bitrix.ErrHistoryDenied):
		return refusal(err)
	}
	return whole(err)
}
