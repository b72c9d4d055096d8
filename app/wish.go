package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/joinline/joinline/bitrix"
)

const (
	// wishLife is how long a wish is kept at most.
	wishLife = 24 * time.Hour
	// MaxWishes is how many wishes of one person are kept: as many as one
	// request to the portal looks at.
	MaxWishes = 12
)

// What a Store answers about wishes.
var (
	// ErrNoWish: no wish is due.
	ErrNoWish = errors.New("no wish is due")
	// ErrWishTaken: the wish was taken back or made anew, or the lease is over.
	ErrWishTaken = errors.New("the wish is not held any more")
)

// WishKey names a wish: a person waits once for a chat.
type WishKey struct {
	Member bitrix.MemberID
	Viewer bitrix.UserID
	Chat   bitrix.ChatID
}

// Wish is that a person wants to be told when a chat takes people, and perhaps
// to have some added then. It ends by being carried out, or by its time.
type Wish struct {
	WishKey `json:"-"`
	// Item is the CRM item of the card, Owner the one under which the chat was found.
	Item  bitrix.CRMItem `json:"i"`
	Owner bitrix.CRMItem `json:"o"`
	// ItemName and ChatName are what sentences call them, Language the one that
	// the person reads.
	ItemName string `json:"t"`
	ChatName string `json:"c"`
	Language string `json:"l,omitempty"`
	// People are to be added; there may be none.
	People []Chosen `json:"p,omitempty"`
	// Made is when it was made last, Until ends it.
	Made  time.Time `json:"m"`
	Until time.Time `json:"-"`
	// Begun: some of the people may have been added already.
	Begun bool `json:"b,omitempty"`
	// End is what became of it, when that is known and not told yet.
	End *WishEnd `json:"e,omitempty"`
}

// ref is the chat of a wish, with those who are known to be in it.
func (w Wish) ref(members []bitrix.UserID) ChatRef {
	return ChatRef{Owner: w.Owner, ID: w.Chat, Members: members}
}

// WishEnd is what became of a wish.
type WishEnd struct {
	Kind WishKind `json:"k"`
	// Outcomes are those of its people, when it was granted.
	Outcomes []Outcome `json:"o,omitempty"`
}

// WishKind is how a wish ended.
type WishKind string

// The ways in which a wish ends.
const (
	// WishGranted: the chat takes people, and the Outcomes tell of each.
	WishGranted WishKind = "granted"
	// WishExpired: nobody accepted the dialog in time.
	WishExpired WishKind = "expired"
	// WishFinished: the dialog ended before the wish could be carried out.
	WishFinished WishKind = "finished"
	// WishBarred: Joinline may not look at the chat in this person's name any more.
	WishBarred WishKind = "barred"
	// WishUnsure: carrying it out broke off, and it cannot be learnt any more
	// whom it has added.
	WishUnsure WishKind = "unsure"
)

// WishReport is what the person is told in the end. What it holds are texts
// with BB codes, to be used as they are.
type WishReport struct {
	Kind WishKind
	// Chat and Item lead there.
	Chat, Item string
	// People are those who were to be added.
	People []WishPerson
}

// WishPerson is one of them.
type WishPerson struct {
	Name   string
	State  OutcomeState
	Reason Reason
}

// SayWish makes the text of a report in a language.
type SayWish func(language string, r WishReport) string

// WishLease is the right of one holder to carry out the wishes of one person.
type WishLease struct {
	Wishes []Wish
	// Until ends it: a holder that died keeps nobody waiting for ever.
	Until time.Time
	// Crowd is how many people of the portal have wishes.
	Crowd int
}

// Wish keeps that the viewer waits until a chat of the visit takes people, for a
// day at most. Made again for the same chat it takes the place of the one before,
// whose people stay. Of w the names, the language and the people count. It is
// carried out by GrantWishes.
//
// Errors to test for are those of Add, ErrPolicy and ErrTooManyWishes.
func (a *App) Wish(ctx context.Context, v Visit, c ChatRef, w Wish) error {
	client, err := a.adding(ctx, v, []ChatRef{c}, max(1, len(w.People)))
	if err != nil {
		return err
	}
	if len(w.People) > 0 {
		says, err := a.rule(ctx, client, v, nil)
		switch {
		case err != nil:
			return err
		case says.viewer != "":
			return cmp.Or(a.forbidden(ctx, v.entry(EntryWish, c), says.viewer, idsOf(w.People)...), ErrPolicy)
		case says.policy.NoteRequired: // nobody would be there to tell it
			return cmp.Or(a.forbidden(ctx, v.entry(EntryWish, c), ReasonPolicyNote, idsOf(w.People)...), ErrNoNote)
		}
	}
	kept, err := a.store.Wishes(ctx, v.Member, v.Viewer)
	if err != nil {
		return err
	}
	w.WishKey = WishKey{v.Member, v.Viewer, c.ID}
	w.Item, w.Owner, w.Begun, w.End = v.Item, c.Owner, false, nil
	if n := slices.IndexFunc(kept, func(k Wish) bool { return k.Chat == c.ID }); n >= 0 {
		for _, p := range kept[n].People {
			if !slices.ContainsFunc(w.People, func(q Chosen) bool { return q.ID == p.ID }) {
				w.People = append(w.People, p)
			}
		}
	} else if len(kept) >= MaxWishes {
		return ErrTooManyWishes
	}
	if len(w.People) > MaxPeople {
		return fmt.Errorf("%w: %d for one wish", ErrTooMany, len(w.People))
	}
	w.Made = a.now().UTC()
	w.Until = w.Made.Add(wishLife)
	return a.store.SaveWish(ctx, w)
}

// TakeBack ends the viewer's wish about a chat. It succeeds when there is none.
func (a *App) TakeBack(ctx context.Context, v Visit, chat bitrix.ChatID) error {
	return a.store.DropWish(ctx, WishKey{v.Member, v.Viewer, chat})
}

// Wished returns the viewer's wishes that are not carried out yet.
func (a *App) Wished(ctx context.Context, v Visit) ([]Wish, error) {
	kept, err := a.store.Wishes(ctx, v.Member, v.Viewer)
	return slices.DeleteFunc(kept, func(w Wish) bool { return w.End != nil || a.now().After(w.Until) }), err
}
