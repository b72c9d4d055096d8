package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// Welcome is what the application's own page tells somebody who has never used
// Joinline: where to try it, and what the portal lacks.
type Welcome struct {
	// Deal is the newest that the viewer may read and that has a chat to try, or
	// else the newest of all, and DealTitle its name; zero when there is none.
	Deal      bitrix.CRMItem
	DealTitle string
	// Lacks is what keeps Joinline from being of use, the gravest first.
	Lacks []Lack
}

// Lack is something that a portal or a person does not have.
type Lack string

// What may be missing.
const (
	// LackCRM: the portal does not show the viewer any deal.
	LackCRM Lack = "crm"
	// LackDeals: the viewer may read deals, and there are none.
	LackDeals Lack = "deals"
	// LackOpenLines: the portal has no Open Channels, or they are not installed.
	LackOpenLines Lack = "openlines"
	// LackLine: no channel is switched on.
	LackLine Lack = "line"
	// LackScope: the application was registered without a permission it needs.
	LackScope Lack = "scope"
)

// tried is in how many of the newest deals a chat is looked for.
const tried = 20

// Welcome asks the portal, in one request as the viewer, what a first try needs.
func (a *App) Welcome(ctx context.Context, v Visit) (Welcome, error) {
	c, err := a.viewer(ctx, v)
	if err != nil {
		return Welcome{}, err
	}
	b := bitrix.NewBatch()
	b.Reads = true
	b.NewestItems("deals", bitrix.Deal)
	b.Lines("lines")
	for n := range tried {
		b.ChatsRef(fmt.Sprint("chats", n), bitrix.Deal, bitrix.Ref(fmt.Sprintf("$result[deals][items][%d][id]", n)))
	}
	r, err := c.Batch(ctx, b)
	if err != nil {
		return Welcome{}, whole(err)
	}
	var w Welcome
	var deals bitrix.Items
	switch err := r.Decode("deals", &deals); {
	case err == nil && len(deals) > 0:
		deal := deals[0]
		for n := range min(tried, len(deals)) {
			var chats []bitrix.Chat
			if r.Decode(fmt.Sprint("chats", n), &chats) == nil && len(chats) > 0 {
				deal = deals[n]
				break
			}
		}
		w.Deal, w.DealTitle = bitrix.CRMItem{Type: bitrix.Deal, ID: deal.ID}, deal.Title
	case err == nil:
		w.Lacks = append(w.Lacks, LackDeals)
	default:
		w.Lacks = append(w.Lacks, lackOf(err, LackCRM))
	}
	var lines []bitrix.Line
	switch err := r.Decode("lines", &lines); {
	case err != nil:
		w.Lacks = append(w.Lacks, lackOf(err, LackOpenLines))
	case !slices.ContainsFunc(lines, func(l bitrix.Line) bool { return l.Active }):
		w.Lacks = append(w.Lacks, LackLine)
	}
	return w, nil
}

// lackOf is what is missing where a method was refused.
func lackOf(err error, otherwise Lack) Lack {
	if errors.Is(err, bitrix.ErrInsufficientScope) {
		return LackScope
	}
	return otherwise
}

// Settings are what a person sets for themselves; see [Habits].
type Settings struct {
	Language, Text string
	Ways           Ways
}

// SetSettings keeps the viewer's settings. The language must be one of the
// catalogs', and the text at most MaxRemark characters.
func (a *App) SetSettings(ctx context.Context, v Visit, s Settings) error {
	return a.store.ChangeHabits(ctx, v.Member, v.Viewer, func(h *Habits) {
		h.Language, h.Text, h.Ways, h.Chose = s.Language, s.Text, s.Ways, true
	})
}

// Administrator asks the portal, in one request with the viewer's own token,
// whether the viewer is an administrator now. It fails with ErrNotAdmin when
// not. A visit only tells what they were when it began.
func (a *App) Administrator(ctx context.Context, v Visit) error {
	i, err := a.installation(ctx, v.Member)
	if err != nil {
		return err
	}
	c, err := a.viewerAt(ctx, i, v)
	if err != nil {
		return err
	}
	r, err := c.Batch(ctx, proof())
	if err != nil {
		return whole(err)
	}
	me, err := proven(r, i.ClientID)
	switch {
	case err != nil:
		return err
	case me.ID != v.Viewer:
		return fmt.Errorf("%w: a token of another person", ErrForged)
	case !me.Admin:
		return ErrNotAdmin
	}
	return nil
}
