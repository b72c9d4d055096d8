package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// How many chats, and other items that own some, one request of Refresh reads.
const (
	maxKnown  = 12
	maxOwners = 5
)

// Refresh is Chats for a page that shows some chats already and only wants to
// know how they stand now: one request, unless there is a chat that the page
// does not know, or more than a few. Items that own none of them are not asked.
func (a *App) Refresh(ctx context.Context, v Visit, known []ChatRef) (Card, error) {
	items := []bitrix.CRMItem{v.Item}
	var ids []bitrix.ChatID
	for _, c := range known {
		if c.ID <= 0 || !v.about(c.Owner) {
			return Card{}, fmt.Errorf("%w: chat %d of %v", ErrNotInVisit, c.ID, c.Owner)
		}
		ids = append(ids, c.ID)
		if !slices.Contains(items, c.Owner) {
			items = append(items, c.Owner)
		}
	}
	if len(ids) == 0 || len(ids) > maxKnown || len(items) > 1+maxOwners {
		return a.Chats(ctx, v)
	}
	client, err := a.viewer(ctx, v)
	if err != nil {
		return Card{}, err
	}
	b := bitrix.NewBatch()
	b.Reads = true
	for n, item := range items {
		addLists(b, fmt.Sprint("i", n), item)
	}
	addDetails(b, v, ids, items[1:])
	r, err := client.Batch(ctx, b)
	if err != nil {
		return Card{}, whole(err)
	}
	var found []finding
	for n, item := range items {
		of, err := readLists(r, fmt.Sprint("i", n), item)
		switch {
		case err == nil:
			found = merge(found, of)
		case item == v.Item:
			return Card{}, itemRefusal(item, err)
		default: // what became of an item, Chats tells
			return a.Chats(ctx, v)
		}
	}
	if slices.ContainsFunc(found, func(f finding) bool { return !slices.Contains(ids, f.id) }) {
		return a.Chats(ctx, v)
	}
	return readDetails(r, v, Card{Item: v.Item, Title: v.Title}, ids, items[1:], found), nil
}
