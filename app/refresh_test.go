package app_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func refs(card app.Card) (known []app.ChatRef) {
	for _, c := range card.Chats {
		known = append(known, c.Ref())
	}
	return known
}

func TestARefreshedCardIsTheCardInOneRequest(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *bitrixtest.World)
		most   int // requests
	}{
		"nothing happened":        {func(w *bitrixtest.World) {}, 1},
		"somebody joined":         {withPavel, 1},
		"a dialog was finished":   {func(w *bitrixtest.World) { w.CloseSession(chatAnn) }, 1},
		"a channel went off":      {func(w *bitrixtest.World) { w.Connectors["telegrambot"].Active = false }, 1},
		"the title was changed":   {func(w *bitrixtest.World) { w.Items[bitrixtest.ItemKey{Type: "CONTACT", ID: 31}].Title = "Anne" }, 1},
		"a new chat appeared":     {func(w *bitrixtest.World) { addChat(w, 1801, bitrixtest.ItemKey{Type: "DEAL", ID: 77}) }, 3},
		"a chat was taken away":   {func(w *bitrixtest.World) { delete(w.Chats, 1701) }, 3},
		"a linked item is shut":   {func(w *bitrixtest.World) { delete(w.Items, bitrixtest.ItemKey{Type: "CONTACT", ID: 31}) }, 3},
		"a new chat of a contact": {func(w *bitrixtest.World) { addChat(w, 1801, bitrixtest.ItemKey{Type: "CONTACT", ID: 31}) }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, elena, deal77)
			card, err := j.Chats(t.Context(), v)
			must(t, err)
			j.portal.Do(c.change)
			j.portal.ResetRequests()
			got, err := j.Refresh(t.Context(), v, refs(card))
			must(t, err)
			if n := len(j.portal.Requests()); n > c.most {
				t.Errorf("%d requests, want %d", n, c.most)
			}
			want, err := j.Chats(t.Context(), v)
			must(t, err)
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func addChat(w *bitrixtest.World, id int, item bitrixtest.ItemKey) {
	w.AddChat(bitrixtest.NewChat{ID: id, Name: "Ann Lee - Sales line", Connector: "livechat", Line: 5, Customer: 432,
		Items: []bitrixtest.ItemKey{item}, Status: bitrixtest.StatusOperator, Operator: ivan})
}

func TestARefreshNeverLeavesTheVisit(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	_, err := j.Refresh(t.Context(), v, []app.ChatRef{{Owner: lead55, ID: 1755}})
	wantErr(t, err, app.ErrNotInVisit)
	j.wantRequests(t)
	j.portal.Do(func(w *bitrixtest.World) { w.Items[bitrixtest.ItemKey{Type: "DEAL", ID: 77}].AssignedBy = admin })
	_, err = j.Refresh(t.Context(), v, []app.ChatRef{{Owner: deal77, ID: chatAnn}})
	wantErr(t, err, app.ErrNotAllowed)
	many := slices.Repeat([]app.ChatRef{{Owner: deal77, ID: bitrix.ChatID(chatAnn)}}, 13)
	_, err = j.Refresh(t.Context(), v, many)
	wantErr(t, err, app.ErrNotAllowed)
}
