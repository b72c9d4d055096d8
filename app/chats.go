package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// How much of a card one request looks at. The names of participants beyond
// faces come with the chat itself, only their photos do not.
const (
	maxChats       = 34 // chats that the second request of Chats reads
	maxTitles      = 6  // linked items whose names it reads
	chatsPerFaces  = 4  // chats that share one command for faces
	facesPerChat   = 20
	firstOpen      = 2 // open chats that Open reads
	firstAll       = 2 // chats that Open reads, whatever their state
	firstFaces     = 8
	keyViewerFaces = "viewer"
)

// Chats returns everything there is to know about the chats of the visit's
// item and of the items linked to it, in at most two requests however many
// chats there are. What the viewer may not read becomes a note.
func (a *App) Chats(ctx context.Context, v Visit) (Card, error) {
	if v.Item.IsZero() {
		return Card{}, ErrNoItem
	}
	c, err := a.viewer(ctx, v)
	if err != nil {
		return Card{}, err
	}
	items := append([]bitrix.CRMItem{v.Item}, v.Links...)
	items = items[:min(len(items), maxItems)]
	b := bitrix.NewBatch()
	b.Reads = true
	for n, item := range items {
		addLists(b, fmt.Sprint("i", n), item)
	}
	r, err := c.Batch(ctx, b)
	if err != nil {
		return Card{}, whole(err)
	}
	card := Card{Item: v.Item, Title: v.Title}
	var found []finding
	for n, item := range items {
		of, err := readLists(r, fmt.Sprint("i", n), item)
		switch {
		case err == nil:
			found = merge(found, of)
		case item == v.Item:
			return Card{}, itemRefusal(item, err)
		case errors.Is(err, bitrix.ErrAccessDenied):
			card.Notes = append(card.Notes, Note{Kind: NoteItemUnreadable, Item: item})
		default:
			card.Notes = append(card.Notes, Note{Kind: NoteItemFailed, Item: item})
		}
	}
	if v.MoreLinks > 0 {
		card.Notes = append(card.Notes, Note{Kind: NoteMoreItems, Count: v.MoreLinks})
	}
	sortFindings(found)
	if len(found) > maxChats {
		card.Notes = append(card.Notes, Note{Kind: NoteMoreChats, Count: len(found) - maxChats})
		found = found[:maxChats]
	}
	return a.details(ctx, c, v, card, found)
}

// details reads the chats found, with faces, in one request.
func (a *App) details(ctx context.Context, c bitrix.Viewer, v Visit, card Card, found []finding) (Card, error) {
	if len(found) == 0 {
		return card, nil
	}
	var ids []bitrix.ChatID
	for _, f := range found {
		ids = append(ids, f.id)
	}
	owners := foreignOwners(v.Item, found)
	b := bitrix.NewBatch()
	b.Reads = true
	addDetails(b, v, ids, owners)
	r, err := c.Batch(ctx, b)
	if err != nil {
		return Card{}, whole(err)
	}
	card = readDetails(r, v, card, ids, owners, found)
	a.connectors.note(v.Member, card.Chats, a.now())
	return card, nil
}

// addDetails asks for the dialogs of chats, who takes part in them, and the
// names of the items under which they were found.
func addDetails(b *bitrix.Batch, v Visit, ids []bitrix.ChatID, owners []bitrix.CRMItem) {
	for n, id := range ids {
		b.Dialog(dialogKey(n), id)
	}
	for n := 0; n < len(ids); n += chatsPerFaces {
		var people []bitrix.Ref
		for k := n; k < min(n+chatsPerFaces, len(ids)); k++ {
			people = append(people, participantRefs(dialogKey(k), facesPerChat)...)
		}
		b.UsersRef(fmt.Sprint("f", n), people...)
	}
	b.Users(keyViewerFaces, v.Viewer)
	for n, owner := range owners {
		b.Item(fmt.Sprint("t", n), owner)
	}
}

// readDetails reads the answers to addDetails about the chats found.
func readDetails(r *bitrix.BatchResult, v Visit, card Card, ids []bitrix.ChatID, owners []bitrix.CRMItem, found []finding) Card {
	s := newSight(v.Viewer)
	s.readFaces(r, keyViewerFaces)
	for n := 0; n < len(ids); n += chatsPerFaces {
		s.readFaces(r, fmt.Sprint("f", n))
	}
	for n, owner := range owners {
		var item bitrix.Item
		if r.Decode(fmt.Sprint("t", n), &item) == nil {
			s.titles[owner] = item.Title
		}
	}
	for _, f := range found {
		card.Chats = append(card.Chats, s.chat(r, dialogKey(slices.Index(ids, f.id)), f))
	}
	if s.noFaces {
		card.Notes = append(card.Notes, Note{Kind: NoteNoFaces})
	}
	newestFirst(card.Chats)
	return card
}

func dialogKey(n int) string { return fmt.Sprint("d", n) }

// foreignOwners are the first few items, other than the card's own, under
// which chats were found.
func foreignOwners(own bitrix.CRMItem, found []finding) []bitrix.CRMItem {
	var owners []bitrix.CRMItem
	for _, f := range found {
		if f.owner != own && !slices.Contains(owners, f.owner) && len(owners) < maxTitles {
			owners = append(owners, f.owner)
		}
	}
	return owners
}

// addCard adds the commands by which Open reads an item's card: the item, its
// chats, and by reference the first of these chats with their people.
func addCard(b *bitrix.Batch, item bitrix.CRMItem) {
	b.Item("item", item)
	addLists(b, "i0", item)
	people := []bitrix.Ref{"$result[me][ID]"}
	for key, chat := range firstChats() {
		b.DialogRef(key, chat)
		people = append(people, participantRefs(key, firstFaces)...)
	}
	b.UsersRef("f0", people...)
}

// firstChats yields the keys of the dialogs that Open reads, each with the
// reference to its chat. The open ones need not be among the newest, so some
// of both are asked for; the same chat may come twice.
func firstChats() iter.Seq2[string, bitrix.Ref] {
	return func(yield func(string, bitrix.Ref) bool) {
		for n := range firstOpen {
			if !yield(fmt.Sprint("do", n), bitrix.Ref(fmt.Sprintf("$result[i0open][%d][CHAT_ID]", n))) {
				return
			}
		}
		for n := range firstAll {
			if !yield(fmt.Sprint("da", n), bitrix.Ref(fmt.Sprintf("$result[i0all][%d][CHAT_ID]", n))) {
				return
			}
		}
		yield("dl", "$result[i0last]")
	}
}

// participantRefs refer to the people of a dialog read earlier in a batch.
func participantRefs(dialog string, most int) []bitrix.Ref {
	refs := []bitrix.Ref{bitrix.Ref("$result[" + dialog + "][owner]")}
	for n := range most {
		refs = append(refs, bitrix.Ref(fmt.Sprintf("$result[%s][readed_list][%d][user_id]", dialog, n)))
	}
	return refs
}

// readCard reads the answers to addCard into a partial card.
func readCard(r *bitrix.BatchResult, v Visit) (Card, error) {
	of, err := readLists(r, "i0", v.Item)
	if err != nil {
		return Card{}, itemRefusal(v.Item, err)
	}
	s := newSight(v.Viewer)
	s.readFaces(r, "f0")
	keys := map[bitrix.ChatID]string{}
	for key := range firstChats() {
		var d bitrix.Dialog
		if r.Decode(key, &d) == nil {
			keys[d.ID] = key
		}
	}
	sortFindings(of)
	card := Card{Item: v.Item, Title: v.Title, Partial: true}
	for _, f := range of {
		if key, ok := keys[f.id]; ok {
			card.Chats = append(card.Chats, s.chat(r, key, f))
		}
	}
	newestFirst(card.Chats)
	return card, nil
}

// finding is a chat found under an item.
type finding struct {
	id      bitrix.ChatID
	channel string
	owner   bitrix.CRMItem
	// active: the item's chat takes people now. off: only the latest activity
	// of the item names the chat, its connector is switched off.
	active, off bool
}

// addLists adds the three questions that tell an item's chats: those that take
// people, all of them, and the latest, which is named even when its connector
// is switched off.
func addLists(b *bitrix.Batch, key string, item bitrix.CRMItem) {
	b.Chats(key+"open", item, true)
	b.Chats(key+"all", item, false)
	b.LastChat(key+"last", item)
}

// readLists reads the answers to addLists. That there is no latest chat, or
// that the viewer may not see its activity, is no error.
func readLists(r *bitrix.BatchResult, key string, item bitrix.CRMItem) ([]finding, error) {
	var open, all []bitrix.Chat
	if err := r.Decode(key+"open", &open); err != nil {
		return nil, err
	}
	if err := r.Decode(key+"all", &all); err != nil {
		return nil, err
	}
	var found []finding
	for _, c := range open {
		found = merge(found, []finding{{id: c.ID, channel: c.ConnectorTitle, owner: item, active: true}})
	}
	for _, c := range all {
		found = merge(found, []finding{{id: c.ID, channel: c.ConnectorTitle, owner: item}})
	}
	var last bitrix.ChatID
	if r.Decode(key+"last", &last) == nil && last > 0 {
		found = merge(found, []finding{{id: last, owner: item, off: true}})
	}
	return found, nil
}

// merge adds findings so that each chat stays once: where it takes people
// rather than where it does not, and otherwise where it was found first.
func merge(found, more []finding) []finding {
	for _, f := range more {
		n := slices.IndexFunc(found, func(g finding) bool { return g.id == f.id })
		switch {
		case n < 0:
			found = append(found, f)
		case f.active && !found[n].active, found[n].off && !f.off:
			found[n] = f
		}
	}
	return found
}

// sortFindings puts chats that take people first and those of a switched-off
// connector last; within these the portal's order stays, newest first.
func sortFindings(found []finding) {
	rank := func(f finding) int {
		switch {
		case f.active:
			return 0
		case f.off:
			return 2
		}
		return 1
	}
	slices.SortStableFunc(found, func(a, b finding) int { return rank(a) - rank(b) })
}
