package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/joinline/joinline/bitrix"
)

const (
	// errandLife is how long the link to an errand is good.
	errandLife = 7 * 24 * time.Hour
	// MaxErrands is how many errands of one person are kept, the newest ones.
	MaxErrands = 50
)

// ErrNoErrand: nothing is kept under this id on this portal, or not any more.
var ErrNoErrand = errors.New("no such errand")

// Errand is an add that one person prepared for another to make. It gives
// nobody any right: whoever opens it sees, and adds, what the portal lets them.
type Errand struct {
	// ID is random and stands in a link. It is no secret.
	ID     string          `json:"-"`
	Member bitrix.MemberID `json:"-"`
	// By prepared it, Name is what they are called; it may be empty.
	By   bitrix.UserID `json:"-"`
	Name string        `json:"n,omitempty"`
	// Item is the CRM item of the card, Owner the one under which the chat was found.
	Item   bitrix.CRMItem `json:"i"`
	Owner  bitrix.CRMItem `json:"o"`
	Chat   bitrix.ChatID  `json:"c"`
	People []Chosen       `json:"p"`
	// Until ends it.
	Until time.Time `json:"-"`
}

// Chosen is somebody chosen to be added, as the page showed them.
type Chosen struct {
	ID   bitrix.UserID `json:"i"`
	Name string        `json:"n,omitempty"`
	// Position tells namesakes apart; it may be empty.
	Position string `json:"p,omitempty"`
}

func idsOf(people []Chosen) (ids []bitrix.UserID) {
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	return ids
}

// Pleading is what an administrator is asked for, and the words for it.
type Pleading struct {
	People []Chosen
	// Item and Chat are what sentences call the card's item and the chat.
	Item, Chat string
	// Say makes the text of the notice. What it is given are texts with BB codes,
	// to be used as they are; link makes a link to the errand.
	Say func(s Said, link func(text string) string) string
}

// Plea is what became of asking an administrator.
type Plea struct {
	// State is Delivered, DeliveryOff, DeliveryFailed, DeliveryNobody, or
	// DeliveryUnknown: then it may be asked again, and no notice comes twice.
	State DeliveryState
	// Reason is why it failed, if known.
	Reason Reason
	// To is whom the notice is for, Name what they are called, if known.
	To   bitrix.UserID
	Name string
}

// DeliveryNobody: whoever installed Joinline is no administrator any more, or is
// the viewer, so there was nobody to be asked.
const DeliveryNobody DeliveryState = "nobody"

// Entrust asks the administrator who installed Joinline to add people whom the
// portal does not let the viewer add: with one private notice from the viewer
// that leads to the errand. It does not add anybody. Asked again about the same people and chat the notice takes
// the place of the one before.
//
// The error means that nothing was sent: those of Add, and ErrPolicy. What happened at the
// portal is told in the Plea.
func (a *App) Entrust(ctx context.Context, v Visit, c ChatRef, of Pleading) (Plea, error) {
	client, err := a.adding(ctx, v, []ChatRef{c}, len(of.People))
	if err != nil {
		return Plea{}, err
	}
	switch says, err := a.rule(ctx, client, v, nil); {
	case err != nil:
		return Plea{}, err
	case says.viewer != "":
		return Plea{}, cmp.Or(a.forbidden(ctx, v.entry(EntryAdd, c), says.viewer, idsOf(of.People)...), ErrPolicy)
	}
	i, err := a.installation(ctx, v.Member)
	if err != nil {
		return Plea{}, err
	}
	p := Plea{To: i.Installer}
	err = a.Caretaker(ctx, v.Member)
	if p.To == v.Viewer || errors.Is(err, ErrNotAdmin) || errors.Is(err, ErrNoAccess) {
		return Plea{State: DeliveryNobody}, nil
	} // with any other error they may be an administrator still
	e := Errand{
		ID: rand.Text(), Member: v.Member, By: v.Viewer, Name: v.Name, Item: v.Item, Owner: c.Owner, Chat: c.ID, People: of.People,
		Until: a.now().Add(errandLife),
	}
	if err := a.store.SaveErrand(ctx, e); err != nil {
		return Plea{}, err
	}
	b := bitrix.NewBatch()
	b.Notify("notice", bitrix.Notice{To: p.To, Tag: e.tag(), Text: a.plead(e, of)})
	b.Users("face", p.To)
	r, err := client.Batch(context.WithoutCancel(ctx), b)
	if err = refusedAdd(err); errors.Is(err, ErrNoToken) {
		return Plea{}, fmt.Errorf("asking an administrator: %w", err)
	}
	switch {
	case errors.Is(err, errLost):
		p.State, p.Reason = DeliveryUnknown, ReasonLost
	case err != nil:
		p.State, p.Reason = DeliveryFailed, reasonOf(err)
	default:
		p.State, p.Reason = delivered(r, "notice", KindNotice)
		var faces []bitrix.User
		if r.Decode("face", &faces) == nil && len(faces) == 1 {
			p.Name = faces[0].FullName()
		}
	}
	a.log.InfoContext(ctx, "asked an administrator", KeyMember, v.Member, KeyUser, v.Viewer, KeyItem, c.Owner.String(), KeyChat, c.ID,
		KeyState, p.State, KeyReason, p.Reason)
	return p, nil
}

// tag names the notice of an errand, the same for the same people and chat.
func (e Errand) tag() string {
	return "joinline-ask-" + digest(e.By, e.Item, e.Chat, idsOf(e.People))
}

// plead is the text of the notice. Its link leads out of the portal, to where
// the errand is opened.
func (a *App) plead(e Errand, of Pleading) string {
	said := Said{By: bitrix.PlainText(e.Name), Item: bitrix.PlainText(of.Item), Chats: []SaidChat{{Name: bitrix.PlainText(of.Chat)}}}
	for _, p := range of.People {
		said.Chats[0].People = append(said.Chats[0].People, bitrix.PlainText(p.Name))
	}
	address := fmt.Sprintf("%s/card/%s/%d?ask=%s", a.cfg.PublicURL, strings.ToLower(string(e.Item.Type)), e.Item.ID, e.ID)
	return of.Say(said, func(text string) string { return bitrix.Link(address, text) })
}

// Errand returns the errand with that id, if it is of the visit's portal and
// about its item; otherwise, and when its time is over, ErrNoErrand.
func (a *App) Errand(ctx context.Context, v Visit, id string) (Errand, error) {
	e, err := a.store.Errand(ctx, v.Member, id)
	if err == nil && (e.Item != v.Item || !v.about(e.Owner) || a.now().After(e.Until)) {
		return Errand{}, ErrNoErrand
	}
	return e, err
}
