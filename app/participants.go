package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// MaxPeople is how many people one Add takes, MaxChats into how many chats.
const (
	MaxPeople = 50
	MaxChats  = 20
)

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
// portal: ErrNobody, ErrTooMany, ErrNotInVisit, ErrNotInstalled, ErrNoToken,
// ErrNoNote, ErrUnsure.
// Whatever happens at the portal is told in Added.
//
// Ask and Settle are its two halves, for a page that shows how far it is.
func (a *App) Add(ctx context.Context, v Visit, c ChatRef, people []bitrix.UserID) (Added, error) {
	all, err := a.AddToAll(ctx, v, []ChatRef{c}, people)
	if err != nil {
		return Added{}, err
	}
	return all[0], nil
}

// AddToAll is Add to several chats, one after the other; what came of each
// stands in their order. When the reason to stop is none of one chat, the
// chats behind it are not tried. ErrTooMany also for more than MaxChats.
func (a *App) AddToAll(ctx context.Context, v Visit, chats []ChatRef, people []bitrix.UserID) ([]Added, error) {
	people = once(people)
	w, err := a.adder(ctx, v, chats, people)
	if err != nil {
		return nil, err
	}
	var all []Added
	var stopped error
	var halted Answer
	for _, c := range chats {
		answers := []Answer{halted}
		if halted.Stop != StopAll {
			answers, stopped = w.askAll(ctx, v.entry(EntryAdd, c), c, people)
			if last := answers[len(answers)-1]; last.Stop == StopAll {
				halted = last.Halted()
			}
		}
		added := a.settle(ctx, w.client, v, v.entry(EntryAdd, c), c, people, answers)
		if added.Stopped = stopped; stopped != nil {
			a.log.LogAttrs(ctx, slog.LevelInfo, "add stopped", slog.Any(KeyMember, v.Member), slog.Any(KeyChat, c.ID), slog.Any(KeyError, stopped))
		}
		all = append(all, added)
	}
	return all, nil
}

// Ask makes the one call that adds a person to a chat, and returns what the
// portal said. That is not yet what is true: Settle is. A page asks for one
// person after the other, as Add does, until an answer says to stop, and then
// settles all of them, also when it has given up in between.
//
// The error means that the portal was not asked, or surely did not look:
// those of Add, and ErrNoToken when the portal refused the viewer's token. It
// may then be asked again.
func (a *App) Ask(ctx context.Context, v Visit, c ChatRef, user bitrix.UserID) (Answer, error) {
	people := once([]bitrix.UserID{user})
	w, err := a.adder(ctx, v, []ChatRef{c}, people)
	if err != nil {
		return Answer{}, err
	}
	// A call that has begun is awaited, whether or not the page still waits: a
	// lost answer is worth less than a late one.
	ctx = context.WithoutCancel(ctx)
	answer, err := w.ask(ctx, v.entry(EntryAdd, c), c, user)
	if errors.Is(err, ErrNoToken) {
		a.end(ctx, v.entry(EntryAdd, c).said(answer))
		return Answer{}, fmt.Errorf("adding to chat %d: %w", c.ID, err)
	}
	return answer, nil
}

// Settle reads back who takes part in a chat after Ask was called for some of
// the people, and says of every one of them what is true. Answers about others
// are passed over; whoever has none was not tried. Its errors are those of Add.
func (a *App) Settle(ctx context.Context, v Visit, c ChatRef, people []bitrix.UserID, answers []Answer) (Added, error) {
	people = once(people)
	client, err := a.adding(ctx, v, []ChatRef{c}, len(people))
	if err != nil {
		return Added{}, err
	}
	return a.settle(ctx, client, v, v.entry(EntryAdd, c), c, people, answers), nil
}

// adding checks a request to add so many people, and returns who is to ask.
func (a *App) adding(ctx context.Context, v Visit, chats []ChatRef, people int) (bitrix.Viewer, error) {
	switch {
	case people == 0:
		return bitrix.Viewer{}, ErrNobody
	case people > MaxPeople, len(chats) > MaxChats:
		return bitrix.Viewer{}, fmt.Errorf("%w: %d into %d chats", ErrTooMany, people, len(chats))
	case len(chats) == 0:
		return bitrix.Viewer{}, fmt.Errorf("%w: no chat", ErrNotInVisit)
	}
	for _, c := range chats {
		if c.ID <= 0 || !v.about(c.Owner) {
			return bitrix.Viewer{}, fmt.Errorf("%w: chat %d of %v", ErrNotInVisit, c.ID, c.Owner)
		}
	}
	return a.viewer(ctx, v)
}

// settle is Settle with a client, for people who are told apart. It ends their
// entries in the journal: whoever was not asked for has none, and that of whom
// the policy barred has ended.
func (a *App) settle(ctx context.Context, client bitrix.Viewer, v Visit, e Entry, c ChatRef, people []bitrix.UserID, answers []Answer) Added {
	var added Added
	var entries []Entry
	var back readBack
	if slices.ContainsFunc(answers, Answer.reached) {
		var err error
		if back, err = a.readBack(ctx, client, v, c, people, answers); err != nil {
			a.log.WarnContext(ctx, "participants not read back", KeyMember, v.Member, KeyChat, c.ID, KeyError, err)
		}
	}
	added.Chat = back.chat
	var gone []bitrix.UserID
	for _, user := range people {
		answer := untried(answers)
		if n := slices.IndexFunc(answers, func(a Answer) bool { return a.User == user && a.Kind != "" }); n >= 0 {
			answer = answers[n]
		}
		o := judge(user, answer, c, back)
		added.Outcomes = append(added.Outcomes, o)
		if answer.Kind != "" && answer.Kind != AnswerBarred && answer.Reason != ReasonUnrecorded {
			settled := e.as(answer.As).about(back, user)
			settled.State, settled.Reason = o.State, o.Reason
			entries = append(entries, settled)
		}
		if o.Reason == ReasonNotActive {
			gone = append(gone, user)
		}
		a.log.InfoContext(ctx, "add", KeyMember, v.Member, KeyUser, v.Viewer, KeyItem, c.Owner.String(), KeyChat, c.ID,
			KeyColleague, o.User, KeyState, o.State, KeyReason, o.Reason)
	}
	a.end(ctx, entries...)
	a.dismissed(v, gone)
	a.remember(ctx, v, added.Outcomes)
	return added
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

// readBack is who takes part after an Add.
type readBack struct {
	// members are the participants by chat; a chat that could not be read is missing.
	members map[bitrix.ChatID][]bitrix.UserID
	dialog  bitrix.Dialog // of the chat asked for
	chat    Chat
	faces   map[bitrix.UserID]bitrix.User // of those asked for, as far as the portal tells
}

// name is what a person is called, as far as the portal tells.
func (b readBack) name(user bitrix.UserID) string {
	if face, ok := b.faces[user]; ok && face.FullName() != "" {
		return face.FullName()
	}
	for _, p := range b.dialog.Participants {
		if p.ID == user {
			return p.Name
		}
	}
	return ""
}

// readBack reads the chat again, the chats that an old portal may have chosen
// instead, and who the people are, in one request.
func (a *App) readBack(ctx context.Context, client bitrix.Viewer, v Visit, c ChatRef, people []bitrix.UserID, answers []Answer) (readBack, error) {
	back := readBack{members: map[bitrix.ChatID][]bitrix.UserID{}}
	b := bitrix.NewBatch()
	b.Reads = true
	chats := []bitrix.ChatID{c.ID}
	for _, x := range answers {
		if x.Told > 0 && !slices.Contains(chats, x.Told) && len(chats) < 10 {
			chats = append(chats, x.Told)
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
