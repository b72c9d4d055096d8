package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// MaxPeople is how many people one Add takes.
const MaxPeople = 50

// Added is what became of an Add.
type Added struct {
	// Outcomes has one entry for every person asked for, in that order,
	// duplicates once.
	Outcomes []Outcome
	// Chat is the chat as read back afterwards, without OwnerTitle. Its ID is
	// zero when it was not read back or could not be.
	Chat Chat
	// Stopped is why the rest was not tried; nil when everybody was. It
	// matches the same errors as those of other methods: after ErrNoToken a
	// renewed visit can take up exactly the people not tried.
	Stopped error
}

// Add adds people to a chat of the visit's CRM item, as the viewer: one call
// for each person, then one request that reads the participants back, unless
// nobody can have been added, and says of every person what is true
// afterwards. Repeating it is harmless.
//
// The error is about the request itself, and then nothing was asked of the
// portal: ErrNobody, ErrTooMany, ErrNotInVisit, ErrNotInstalled, ErrNoToken.
// Whatever happens at the portal is told in Added.
func (a *App) Add(ctx context.Context, v Visit, c ChatRef, people []bitrix.UserID) (Added, error) {
	people = once(people)
	switch {
	case len(people) == 0:
		return Added{}, ErrNobody
	case len(people) > MaxPeople:
		return Added{}, fmt.Errorf("%w: %d", ErrTooMany, len(people))
	case c.ID <= 0 || !v.about(c.Owner):
		return Added{}, fmt.Errorf("%w: chat %d of %v", ErrNotInVisit, c.ID, c.Owner)
	}
	client, err := a.viewer(ctx, v)
	if err != nil {
		return Added{}, err
	}
	answers, stopped := askAll(ctx, client, c, people)
	added := Added{Stopped: stopped}
	var back readBack
	if slices.ContainsFunc(answers, answer.reached) {
		if back, err = a.readBack(ctx, client, v, c, people, answers); err != nil {
			a.log.WarnContext(ctx, "participants not read back", KeyMember, v.Member, KeyChat, c.ID, KeyError, err)
		}
	}
	added.Chat = back.chat
	for n, user := range people {
		o := judge(user, answers[n], c, back)
		if o.State == OutcomeNotTried {
			o.Reason = reasonOf(stopped)
		}
		added.Outcomes = append(added.Outcomes, o)
	}
	a.logAdded(ctx, v, c, added)
	return added, nil
}

// once drops repetitions and what is no user id.
func once(people []bitrix.UserID) []bitrix.UserID {
	var distinct []bitrix.UserID
	for _, u := range people {
		if u > 0 && !slices.Contains(distinct, u) {
			distinct = append(distinct, u)
		}
	}
	return distinct
}

// answer is what the portal said to one call.
type answer struct {
	tried bool
	chat  bitrix.ChatID // of a success; zero: nothing done
	err   error
}

// reached reports whether the call may have come to the portal's decision
// about the person, so that the participants are worth reading. Where the
// viewer is refused the person was not looked at.
func (a answer) reached() bool {
	return a.tried && !unheard(a.err) && !errors.Is(a.err, bitrix.ErrCallerDenied)
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

// askAll calls for one person after the other. Calls are single because the
// portal keeps its verdict about the first person of a batch for all others.
// It stops, and says why, when the next call would fail for the same reason
// whoever is next.
func askAll(ctx context.Context, client bitrix.Viewer, c ChatRef, people []bitrix.UserID) ([]answer, error) {
	answers := make([]answer, len(people))
	lost := 0
	for n, user := range people {
		chat, err := client.AddUser(ctx, c.Owner, c.ID, user)
		if err != nil {
			err = refusedAdd(err)
		}
		answers[n] = answer{tried: true, chat: chat, err: err}
		if lost++; !errors.Is(err, errLost) {
			lost = 0
		}
		switch {
		case unheard(err), errors.Is(err, bitrix.ErrCallerDenied), errors.Is(err, bitrix.ErrChatNotInCRM):
			return answers, err
		case timedOut(err), ctx.Err() != nil, lost == 2:
			return answers, fmt.Errorf("%w: %w", ErrPortalDown, err)
		case err == nil && chat == 0:
			return answers, errNoChat
		}
	}
	return answers, nil
}

var (
	errLost   = errors.New("the answer was lost")
	errNoChat = errors.New("the portal found no chat")
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

// readBack is who takes part after an Add.
type readBack struct {
	// members are the participants by chat; a chat that could not be read is missing.
	members map[bitrix.ChatID][]bitrix.UserID
	dialog  bitrix.Dialog // of the chat asked for
	chat    Chat
	faces   map[bitrix.UserID]bitrix.User // of those asked for, as far as the portal tells
}

// readBack reads the chat again, the chats that an old portal may have chosen
// instead, and who the people are, in one request.
func (a *App) readBack(ctx context.Context, client bitrix.Viewer, v Visit, c ChatRef, people []bitrix.UserID, answers []answer) (readBack, error) {
	back := readBack{members: map[bitrix.ChatID][]bitrix.UserID{}}
	b := bitrix.NewBatch()
	b.Reads = true
	chats := []bitrix.ChatID{c.ID}
	for _, x := range answers {
		if x.chat > 0 && !slices.Contains(chats, x.chat) && len(chats) < 10 {
			chats = append(chats, x.chat)
		}
	}
	for n, id := range chats {
		b.Dialog(dialogKey(n), id)
	}
	addLists(b, "i0", c.Owner)
	b.Users(keyViewerFaces, append([]bitrix.UserID{v.Viewer}, people...)...)
	b.UsersRef("f0", participantRefs(dialogKey(0), MaxPeople+facesPerChat)...)
	r, err := client.Batch(ctx, b)
	if err != nil {
		return back, whole(err)
	}
	for n, id := range chats {
		var d bitrix.Dialog
		if err := r.Decode(dialogKey(n), &d); err != nil {
			continue
		}
		back.members[id] = d.Members(v.Viewer)
		if id == c.ID {
			back.dialog = d
		}
	}
	s := newSight(v.Viewer)
	s.readFaces(r, keyViewerFaces)
	s.readFaces(r, "f0")
	back.faces = s.faces
	found, err := readLists(r, "i0", c.Owner)
	if err != nil {
		return back, itemRefusal(c.Owner, err)
	}
	if n := slices.IndexFunc(found, func(f finding) bool { return f.id == c.ID }); n >= 0 {
		back.chat = s.chat(r, dialogKey(0), found[n])
	}
	return back, nil
}

func (a *App) logAdded(ctx context.Context, v Visit, c ChatRef, added Added) {
	for _, o := range added.Outcomes {
		a.log.InfoContext(ctx, "add", KeyMember, v.Member, KeyUser, v.Viewer, KeyItem, c.Owner.String(), KeyChat, c.ID,
			KeyColleague, o.User, KeyState, o.State, KeyReason, o.Reason)
	}
	if added.Stopped != nil {
		a.log.LogAttrs(ctx, slog.LevelInfo, "add stopped", slog.Any(KeyMember, v.Member), slog.Any(KeyChat, c.ID), slog.Any(KeyError, added.Stopped))
	}
}
