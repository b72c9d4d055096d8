package app

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/joinline/joinline/bitrix"
)

const (
	// MaxRemark is how many characters the text of a remark may have.
	MaxRemark = 500
	// maxTexts is how many remarks are offered again.
	maxTexts = 3
	// maxTold is of how many adds it is known that they were told already.
	maxTold = 64
)

// Remark tells others of an add and why it was made.
type Remark struct {
	// Text may be empty.
	Text string
	Ways
}

// Ways are where a remark goes.
type Ways struct {
	// Notify: each colleague who was added gets a notice of their own.
	Notify bool `json:"n,omitempty"`
	// Line: each chat gets a line that the customer does not see.
	Line bool `json:"l,omitempty"`
	// Comment: the timeline of the card's item gets a comment.
	Comment bool `json:"c,omitempty"`
}

// Any reports whether a remark goes anywhere.
func (w Ways) Any() bool { return w != Ways{} }

// Habits are what a person is used to, kept between visits.
type Habits struct {
	// Ways are those chosen last; where nothing ever was, what the portal's policy
	// wants.
	Ways
	// Language is the catalog's in which they want to be spoken to, as a BCP 47
	// tag; "" is the portal's.
	Language string `json:"g,omitempty"`
	// Text stands in a new remark from the start.
	Text string `json:"x,omitempty"`
	// Chose: the Ways are the person's own choice.
	Chose bool `json:"w,omitempty"`
	// Texts are the latest remarks, the newest first.
	Texts []string `json:"t,omitempty"`
	// Told names what was told lately, the newest last: so nothing is told twice.
	Told []string `json:"d,omitempty"`
	// Added are the latest adds, the latest first.
	Added []PastAdd `json:"a,omitempty"`
}

// Newcomers are the people who were seen to be new in a chat after an add. A
// page may carry them, sealed.
type Newcomers struct {
	Chat bitrix.ChatID
	// Name is what sentences call the chat.
	Name   string
	People []Newcomer
}

// Newcomer is one of them.
type Newcomer struct {
	ID   bitrix.UserID
	Name string
}

// Telling is a remark with what it is about and the words for it.
type Telling struct {
	Remark
	// Add is a random name of the add. Told again under the same name, nothing
	// is delivered twice.
	Add       string
	Newcomers []Newcomers
	// By and Item are what sentences call the viewer and the card's item.
	By, Item string
	// Say makes the text of a message. What it is given are texts with BB
	// codes, to be used as they are.
	Say func(DeliveryKind, Said) string
}

// Said is what the text of a message speaks of.
type Said struct {
	By, Item string
	// Why is the remark; it may be empty.
	Why   string
	Chats []SaidChat
}

// SaidChat is a chat and who was added to it.
type SaidChat struct {
	Name   string
	People []string
}

// Delivery is what became of one message.
type Delivery struct {
	Kind DeliveryKind
	// User is whom a notice is for, Chat where a line goes.
	User  bitrix.UserID
	Chat  bitrix.ChatID
	State DeliveryState
	// Reason is why it failed, if known.
	Reason Reason
}

// DeliveryKind is the kind of a message.
type DeliveryKind string

// The kinds of messages; see Ways.
const (
	KindNotice  DeliveryKind = "notice"
	KindLine    DeliveryKind = "line"
	KindComment DeliveryKind = "comment"
)

// DeliveryState is what became of a message.
type DeliveryState string

// The states of a delivery.
const (
	// Delivered: the portal has it.
	Delivered DeliveryState = "delivered"
	// DeliveryOff: the person switched notices off, or was dismissed.
	DeliveryOff DeliveryState = "off"
	// DeliveryFailed: the portal does not have it.
	DeliveryFailed DeliveryState = "failed"
	// DeliveryUnknown: the answer was lost. It is not tried again.
	DeliveryUnknown DeliveryState = "unknown"
	// DeliveryRepeated: it was told before, and nothing was sent now.
	DeliveryRepeated DeliveryState = "repeated"
)

// Habits returns what the viewer is used to.
func (a *App) Habits(ctx context.Context, v Visit) (Habits, error) {
	h, err := a.store.Habits(ctx, v.Member, v.Viewer)
	if err != nil || h.Chose || h.Any() {
		return h, err
	}
	p, err := a.store.Policy(ctx, v.Member)
	if p.Ways != nil {
		h.Ways = *p.Ways
	}
	return h, err
}

// Tell delivers a remark about people who were added, as the viewer, and keeps
// how it was told for the next time. Each of them gets one notice, however many
// chats they are new in; each chat gets one line and the item one comment. That
// is one request for up to bitrix.MaxBatch messages.
//
// No message is sent twice, whatever happens: what is told is written down
// before, and taken back only when the portal surely did not look. Notices also
// have a tag by which the portal replaces one that it has already.
//
// The error means that nothing was sent; after ErrNoToken it may be told again
// with a renewed visit. What happens at the portal is told in the deliveries,
// and changes no Outcome.
func (a *App) Tell(ctx context.Context, v Visit, t Telling) ([]Delivery, error) {
	t.Newcomers = slices.DeleteFunc(slices.Clone(t.Newcomers), func(n Newcomers) bool { return len(n.People) == 0 })
	habits, err := a.Habits(ctx, v)
	if err != nil {
		return nil, err
	}
	if habits.Ways == t.Ways && (!t.Any() || len(t.Newcomers) == 0) {
		return nil, nil
	}
	client, err := a.viewer(ctx, v)
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // what has begun is brought to its end
	fresh, err := a.claim(ctx, v, t)
	switch {
	case err != nil:
		return nil, err
	case !t.Any() || len(t.Newcomers) == 0:
		return nil, nil
	case len(fresh) == 0:
		return []Delivery{{State: DeliveryRepeated}}, nil
	}
	done, err := deliver(ctx, client, t.messages(v, fresh))
	if err != nil {
		err = errors.Join(err, a.unclaim(ctx, v, t.Add, fresh))
	}
	if errors.Is(err, ErrNoToken) {
		return nil, err
	}
	a.noted(ctx, v, fresh, done)
	failed := 0
	for _, d := range done {
		if d.State != Delivered {
			failed++
		}
	}
	a.log.InfoContext(ctx, "told", KeyMember, v.Member, KeyUser, v.Viewer, KeyItem, v.Item.String(),
		slog.Int("messages", len(done)), slog.Int("undelivered", failed))
	return done, nil
}

// claim writes down what is about to be told, and returns what was not before.
func (a *App) claim(ctx context.Context, v Visit, t Telling) (fresh []Newcomers, err error) {
	err = a.store.ChangeHabits(ctx, v.Member, v.Viewer, func(h *Habits) {
		h.Ways, h.Chose = t.Ways, true
		if !t.Any() {
			return
		}
		for _, n := range t.Newcomers {
			if name := n.told(t.Add); !slices.Contains(h.Told, name) {
				fresh, h.Told = append(fresh, n), append(h.Told, name)
			}
		}
		h.Told = h.Told[max(0, len(h.Told)-maxTold):]
		if t.Text != "" && len(fresh) > 0 {
			others := slices.DeleteFunc(h.Texts, func(text string) bool { return text == t.Text })
			h.Texts = append([]string{t.Text}, others...)
			h.Texts = h.Texts[:min(maxTexts, len(h.Texts))]
		}
	})
	return fresh, err
}

// unclaim takes back what the portal did not look at.
func (a *App) unclaim(ctx context.Context, v Visit, add string, fresh []Newcomers) error {
	return a.store.ChangeHabits(ctx, v.Member, v.Viewer, func(h *Habits) {
		for _, n := range fresh {
			h.Told = slices.DeleteFunc(h.Told, func(name string) bool { return name == n.told(add) })
		}
	})
}

// told names the newcomers of an add.
func (n Newcomers) told(add string) string {
	var ids []bitrix.UserID
	for _, p := range n.People {
		ids = append(ids, p.ID)
	}
	slices.Sort(ids)
	return digest(add, n.Chat, ids)
}

// digest is a short name for some values.
func digest(values ...any) string {
	sum := sha256.Sum256([]byte(fmt.Sprintf("%q", values)))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// message is a delivery to be made.
type message struct {
	Delivery
	add func(b *bitrix.Batch, key string)
}

// messages are all messages about newcomers who were not told of yet. The lines
// come last: once one of them fails, the portal gives its reason for whatever
// fails behind it in the same request.
func (t Telling) messages(v Visit, fresh []Newcomers) (all []message) {
	said := Said{By: bitrix.PlainText(t.By), Item: bitrix.Link(cardPath(v.Item), t.Item), Why: bitrix.PlainText(t.Text)}
	if t.Notify {
		all = t.notices(v, fresh, said)
	}
	said.Item = bitrix.PlainText(t.Item)
	for _, n := range fresh {
		chat := SaidChat{Name: bitrix.PlainText(n.Name)}
		for _, p := range n.People {
			chat.People = append(chat.People, bitrix.PlainText(p.Name))
		}
		said.Chats = append(said.Chats, chat)
	}
	if t.Comment {
		text := t.Say(KindComment, said)
		all = append(all, message{Delivery{Kind: KindComment}, func(b *bitrix.Batch, key string) { b.AddTimelineComment(key, v.Item, text) }})
	}
	if t.Line {
		for i, n := range fresh {
			of := said
			of.Chats = said.Chats[i : i+1]
			text := t.Say(KindLine, of)
			all = append(all, message{Delivery{Kind: KindLine, Chat: n.Chat}, func(b *bitrix.Batch, key string) { b.AddInternalLine(key, n.Chat, text) }})
		}
	}
	return all
}

// notices are the messages to those who were not told yet, each about all chats
// of the add. Nobody is told what they did themselves.
func (t Telling) notices(v Visit, fresh []Newcomers, said Said) (all []message) {
	told := []bitrix.UserID{v.Viewer}
	for _, n := range fresh {
		for _, p := range n.People {
			if slices.Contains(told, p.ID) {
				continue
			}
			told = append(told, p.ID)
			said.Chats = nil
			for _, in := range t.Newcomers {
				if in.has(p.ID) {
					said.Chats = append(said.Chats, SaidChat{Name: bitrix.Link("/online/?IM_DIALOG="+in.Chat.DialogID(), in.Name)})
				}
			}
			notice := bitrix.Notice{To: p.ID, Tag: "joinline-" + digest(t.Add, v.Viewer, p.ID), Text: t.Say(KindNotice, said)}
			all = append(all, message{Delivery{Kind: KindNotice, User: p.ID}, func(b *bitrix.Batch, key string) { b.Notify(key, notice) }})
		}
	}
	return all
}

func (n Newcomers) has(user bitrix.UserID) bool {
	return slices.ContainsFunc(n.People, func(p Newcomer) bool { return p.ID == user })
}

// cardPath is the address of an item's card on its portal.
func cardPath(item bitrix.CRMItem) string {
	return fmt.Sprintf("/crm/%s/details/%d/", strings.ToLower(string(item.Type)), item.ID)
}

// deliver sends messages, as many in one request as it takes. The error means
// that the portal surely did not look at any of them.
func deliver(ctx context.Context, client bitrix.Viewer, all []message) (done []Delivery, err error) {
	heard := false
	for batch := range slices.Chunk(all, bitrix.MaxBatch) {
		of, failed := send(ctx, client, batch)
		heard, err = heard || failed == nil, failed
		for i := range of {
			if failed != nil {
				of[i].State, of[i].Reason = DeliveryFailed, reasonOf(failed)
			}
		}
		done = append(done, of...)
	}
	if heard {
		return done, nil
	}
	return done, err
}

// send sends messages in one request. The error means that the portal surely
// did not look at it.
func send(ctx context.Context, client bitrix.Viewer, all []message) ([]Delivery, error) {
	var done []Delivery
	b := bitrix.NewBatch()
	for n, m := range all {
		m.add(b, fmt.Sprint("m", n))
		done = append(done, m.Delivery)
	}
	r, err := client.Batch(ctx, b)
	if err = refusedAdd(err); err != nil && !errors.Is(err, errLost) {
		return done, err
	}
	for n := range done {
		done[n].State, done[n].Reason = DeliveryUnknown, ReasonLost
		if err == nil {
			done[n].State, done[n].Reason = delivered(r, fmt.Sprint("m", n), done[n].Kind)
		}
	}
	return done, nil
}

// delivered tells what became of one message of a batch that was answered.
func delivered(r *bitrix.BatchResult, key string, kind DeliveryKind) (DeliveryState, Reason) {
	var err error
	notice := bitrix.NoticeID(1)
	if kind == KindNotice {
		err = r.Decode(key, &notice)
	} else {
		err = r.Err(key)
	}
	switch {
	case err == nil && notice == 0:
		return DeliveryOff, ""
	case err == nil:
		return Delivered, ""
	case errors.Is(err, bitrix.ErrOutcomeUnknown):
		return DeliveryUnknown, ReasonLost
	case errors.Is(err, bitrix.ErrAccessDenied):
		return DeliveryFailed, ReasonCallerNoAccess
	}
	return DeliveryFailed, reasonOf(refusal(err))
}
