package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/joinline/joinline/bitrix"
)

const (
	// wishEvery is how often the chats are looked at that one person waits for,
	// wishShare how long each person of a portal makes the others wait: so no
	// portal is asked more often, however many wait there.
	wishEvery = time.Minute
	wishShare = 6 * time.Second
	// wishPoll is how often a process looks for wishes that are due, grantors how
	// many people's it carries out at a time.
	wishPoll = 10 * time.Second
	grantors = 4
	// wishTime is how long the wishes of one person may take, wishLease how long
	// others then wait for a process that died.
	wishTime  = 10 * time.Minute
	wishLease = 15 * time.Minute
	// wishGrace is how long what has begun may go on when the program stops.
	wishGrace = 15 * time.Second
	// wishTries is for how long after its end a report is tried again.
	wishTries = time.Hour
)

// KeepGranting carries out wishes until ctx ends.
func (a *App) KeepGranting(ctx context.Context, say SayWish) {
	tick := time.NewTicker(wishPoll)
	defer tick.Stop()
	for {
		var group sync.WaitGroup
		for range grantors {
			group.Go(func() {
				if err := a.GrantWishes(ctx, say); err != nil && ctx.Err() == nil {
					a.log.ErrorContext(ctx, "wishes were not looked at", KeyError, err)
				}
			})
		}
		group.Wait()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// GrantWishes looks at the chats of all wishes that are due, with the token of
// whoever waits, one request a person. Where a chat takes people it adds those
// who were wished for, as Add does; where a wish is over it tells the person with
// one private notice what became of it. Doing that often, or in several processes
// at once, is harmless: each wish is carried out by one of them, and a report that
// is sent again takes the place of the one before.
func (a *App) GrantWishes(ctx context.Context, say SayWish) error {
	for ctx.Err() == nil {
		now := a.now()
		l, err := a.store.LeaseWishes(ctx, now, now.Add(wishLease))
		if errors.Is(err, ErrNoWish) {
			return nil
		}
		if err != nil {
			return err
		}
		a.grantAll(ctx, l, say)
	}
	return ctx.Err()
}

// grantor carries out the wishes of one person.
type grantor struct {
	*App
	say    SayWish
	visit  Visit
	lease  WishLease
	due    time.Time // when to look next
	home   home
	client bitrix.Viewer
	seen   map[bitrix.ChatID]wished
	// err is why the chats could not be read.
	err error
}

// wished is how the chat of a wish stands.
type wished struct {
	state   ChatState
	members []bitrix.UserID
	gone    bool  // it is not a chat of its item any more
	err     error // the item could not be read
}

func (a *App) grantAll(running context.Context, l WishLease, say SayWish) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(running), wishTime)
	defer cancel()
	defer context.AfterFunc(running, func() { time.AfterFunc(wishGrace, cancel) })()
	first := l.Wishes[0]
	g := grantor{App: a, say: say, lease: l, visit: Visit{Member: first.Member, Viewer: first.Viewer}}
	g.due = a.now().Add(max(wishEvery, time.Duration(l.Crowd)*wishShare))
	if g.home, g.err = a.installation(ctx, first.Member); g.err == nil {
		g.client, g.err = a.viewerAt(ctx, g.home, g.visit)
	}
	if open := slices.DeleteFunc(slices.Clone(l.Wishes), func(w Wish) bool { return w.End != nil }); g.err == nil && len(open) > 0 {
		g.seen, g.err = look(ctx, g.client, g.visit, open)
	}
	for _, w := range l.Wishes {
		attend := g.attend
		if running.Err() != nil {
			attend = g.leave
		}
		if err := attend(ctx, w); err != nil && !errors.Is(err, ErrWishTaken) {
			a.log.WarnContext(ctx, "a wish was not carried out", KeyMember, w.Member, KeyUser, w.Viewer, KeyChat, w.Chat, KeyError, err)
		}
	}
}

// leave lets another process carry a wish on at once.
func (g *grantor) leave(ctx context.Context, w Wish) error {
	return g.store.KeepWish(ctx, w, g.lease.Until, g.now(), time.Time{})
}

// look reads how the chats of some wishes stand, in one request.
func look(ctx context.Context, client bitrix.Viewer, v Visit, wishes []Wish) (map[bitrix.ChatID]wished, error) {
	b := bitrix.NewBatch()
	b.Reads = true
	for n, w := range wishes {
		if first := slices.IndexFunc(wishes, func(o Wish) bool { return o.Owner == w.Owner }); first == n {
			addLists(b, fmt.Sprint("i", n), w.Owner)
		}
		b.Dialog(dialogKey(n), w.Chat)
	}
	r, err := client.Batch(ctx, b)
	if err != nil {
		return nil, whole(err)
	}
	seen := map[bitrix.ChatID]wished{}
	for n, w := range wishes {
		first := slices.IndexFunc(wishes, func(o Wish) bool { return o.Owner == w.Owner })
		found, err := readLists(r, fmt.Sprint("i", first), w.Owner)
		if err != nil {
			seen[w.Chat] = wished{err: itemRefusal(w.Owner, err)}
			continue
		}
		at := slices.IndexFunc(found, func(f finding) bool { return f.id == w.Chat })
		if at < 0 {
			seen[w.Chat] = wished{gone: true}
			continue
		}
		var d bitrix.Dialog
		if r.Decode(dialogKey(n), &d) != nil {
			seen[w.Chat] = wished{state: unreadState(found[at])}
			continue
		}
		seen[w.Chat] = wished{state: state(found[at], d), members: d.Members(v.Viewer)}
	}
	return seen, nil
}

// attend carries a wish on as far as it goes now. What became of it is written
// down before it is told: whoever goes on after a crash tells the same.
func (g *grantor) attend(ctx context.Context, w Wish) error {
	if w.End == nil {
		var err error
		if w.End, err = g.end(ctx, &w); err != nil {
			return err
		}
		if w.End == nil {
			return g.store.KeepWish(ctx, w, g.lease.Until, g.due, time.Time{})
		}
		if err := g.store.KeepWish(ctx, w, g.lease.Until, g.due, g.lease.Until); err != nil {
			return err
		}
	}
	told, err := g.report(ctx, w)
	if err != nil && g.now().Before(w.Until.Add(wishTries)) {
		return errors.Join(err, g.store.KeepWish(ctx, w, g.lease.Until, g.due, time.Time{}))
	}
	g.log.InfoContext(ctx, "wish ended", KeyMember, w.Member, KeyUser, w.Viewer, KeyChat, w.Chat, KeyState, w.End.Kind, "told", told)
	return errors.Join(err, g.store.EndWish(ctx, w.WishKey, g.lease.Until))
}

// end says what became of a wish; nil while it has to wait. The error means that
// it is not ours any more.
func (g *grantor) end(ctx context.Context, w *Wish) (*WishEnd, error) {
	chat := g.seen[w.Chat]
	err := errors.Join(g.err, chat.err)
	kind := WishKind("")
	switch {
	case barred(err):
		kind = WishBarred
	case g.now().After(w.Until):
		kind = WishExpired
	case err != nil:
	case chat.state == ChatOpen:
		return g.grant(ctx, w, chat.members)
	case chat.gone, chat.state == ChatFinished:
		kind = WishFinished
	}
	if kind == "" {
		return nil, nil
	}
	if w.Begun {
		kind = WishUnsure
	}
	return &WishEnd{Kind: kind}, nil
}

// barred reports whether asking again would not help before the person has opened
// Joinline once more, or at all.
func barred(err error) bool {
	for _, cause := range []error{ErrNoToken, ErrNoAccess, ErrRemoved, ErrNotInstalled, ErrPlan, ErrScope, ErrNotAllowed, ErrItemNotFound, ErrExternal} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// grant adds the people of a wish who are not in the chat yet. It is nil while
// something is unsettled: repeated a little later, it adds nobody twice.
func (g *grantor) grant(ctx context.Context, w *Wish, members []bitrix.UserID) (*WishEnd, error) {
	var missing []bitrix.UserID
	for _, p := range w.People {
		if !slices.Contains(members, p.ID) {
			missing = append(missing, p.ID)
		}
	}
	outcomes := map[bitrix.UserID]Outcome{}
	if len(missing) > 0 {
		w.Begun = true
		if err := g.store.KeepWish(ctx, *w, g.lease.Until, g.due, g.lease.Until); err != nil {
			return nil, err
		}
		c, v := w.ref(members), g.visit
		v.Item, v.Title = w.Item, w.ItemName
		says, err := g.rule(ctx, g.client, v, missing)
		if err != nil {
			return nil, nil // who has no token any more is told at the next look
		}
		if says.policy.NoteRequired && says.viewer == "" {
			says.viewer = ReasonPolicyNote
		}
		e := v.entry(EntryWish, c)
		e.ChatName = w.ChatName
		answers, _ := adder{g.App, says, g.client, v}.askAll(ctx, e, c, missing)
		for _, o := range g.settle(ctx, g.client, g.visit, e, c, missing, answers).Outcomes {
			outcomes[o.User] = o
		}
	}
	end, closed := &WishEnd{Kind: WishGranted}, 0
	for _, p := range w.People {
		o, asked := outcomes[p.ID]
		switch {
		case !asked:
			o = Outcome{User: p.ID, State: OutcomeAlreadyIn}
		case o.State == OutcomeNotTried, o.State == OutcomeUnknown, o.Reason == ReasonFailed:
			return nil, nil
		case o.Reason == ReasonChatClosed, o.Reason == ReasonNoChat:
			closed++
		}
		end.Outcomes = append(end.Outcomes, o)
	}
	if closed > 0 && closed == len(w.People) { // between the look and the add; nobody was added
		w.Begun = false
		return nil, nil
	}
	return end, nil
}

// report tells the person what became of a wish: in their own name, or, where
// their token is worth nothing any more, in that of the application. Told is
// false when they switched notices off or nobody can tell them. The error means
// that it may be tried again.
func (g *grantor) report(ctx context.Context, w Wish) (told bool, err error) {
	notice := bitrix.Notice{To: w.Viewer, Tag: "joinline-wish-" + digest(w.Viewer, w.Chat, w.Made.UnixMicro()), Text: g.say(w.Language, w.report())}
	b := bitrix.NewBatch()
	b.Notify("notice", notice)
	var r *bitrix.BatchResult
	if err = g.err; !barred(err) {
		r, err = g.client.Batch(ctx, b)
		err = whole(err)
	}
	if barred(err) {
		b = bitrix.NewBatch()
		b.NotifyAsApplication("notice", notice)
		keeper := &kept{app: g.App, bitrix: g.home.bitrix, key: TokenKey{w.Member, AsInstallation, g.home.Installer}}
		if _, err = keeper.read(ctx); err == nil {
			r, err = g.home.bitrix.Installation(g.home.Endpoint, keeper).Batch(ctx, b)
			err = whole(err)
		}
	}
	if barred(err) {
		return false, nil // there is nobody left in whose name to tell
	}
	if err != nil {
		return false, err
	}
	state, reason := delivered(r, "notice", KindNotice)
	if state == DeliveryUnknown {
		return false, fmt.Errorf("reporting a wish: %w", errLost)
	}
	if state != Delivered {
		g.log.WarnContext(ctx, "a wish was not reported", KeyMember, w.Member, KeyUser, w.Viewer, KeyState, state, KeyReason, reason)
	}
	return state == Delivered, nil
}

// report is what the person is told of an ended wish.
func (w Wish) report() WishReport {
	r := WishReport{
		Kind: w.End.Kind,
		Chat: bitrix.Link("/online/?IM_DIALOG="+w.Chat.DialogID(), w.ChatName),
		Item: bitrix.Link(cardPath(w.Item), w.ItemName),
	}
	for _, p := range w.People {
		person := WishPerson{Name: bitrix.PlainText(p.Name)}
		if n := slices.IndexFunc(w.End.Outcomes, func(o Outcome) bool { return o.User == p.ID }); n >= 0 {
			person.State, person.Reason = w.End.Outcomes[n].State, w.End.Outcomes[n].Reason
		}
		r.People = append(r.People, person)
	}
	return r
}
