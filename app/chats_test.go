package app_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// line is a chat in short.
type line struct {
	ID    bitrix.ChatID
	Owner string
	State app.ChatState
}

func lines(c app.Card) []line {
	var all []line
	for _, chat := range c.Chats {
		all = append(all, line{chat.ID, chat.Owner.String(), chat.State})
	}
	return all
}

func TestACardTellsWhichChatsTakePeopleAndWhyTheOthersDoNot(t *testing.T) {
	deal := func(id int64) bitrix.CRMItem { return bitrix.CRMItem{Type: bitrix.Deal, ID: id} }
	for name, c := range map[string]struct {
		viewer int
		item   bitrix.CRMItem
		change func(w *bitrixtest.World)
		want   []line
	}{
		"open, finished, and open with the contact": {viewer: ivan, item: deal77, want: []line{
			{1763, "DEAL:77", app.ChatOpen}, {1770, "CONTACT:31", app.ChatOpen}, {1701, "DEAL:77", app.ChatFinished},
		}},
		"only the contact's": {viewer: ivan, item: deal(80), want: []line{
			{1763, "CONTACT:31", app.ChatOpen}, {1770, "CONTACT:31", app.ChatOpen},
		}},
		"from the company's card": {viewer: ivan, item: company12, want: []line{
			{1763, "CONTACT:31", app.ChatOpen}, {1770, "CONTACT:31", app.ChatOpen},
		}},
		"a lead's": {viewer: ivan, item: lead55, want: []line{{1755, "LEAD:55", app.ChatOpen}}},
		"not accepted yet": {viewer: elena, item: deal(78), want: []line{
			{1780, "DEAL:78", app.ChatWaiting},
		}},
		"accepted meanwhile": {viewer: elena, item: deal(78), change: func(w *bitrixtest.World) { w.Accept(1780, pavel) }, want: []line{
			{1780, "DEAL:78", app.ChatOpen},
		}},
		"being closed": {viewer: ivan, item: lead55, change: func(w *bitrixtest.World) {
			w.Sessions[w.Chats[1755].Session].Status = bitrixtest.StatusWaitClosing
		}, want: []line{{1755, "LEAD:55", app.ChatClosing}}},
		"the connector is switched off": {viewer: admin, item: deal(79), want: []line{
			{1790, "DEAL:79", app.ChatConnectorOff},
		}},
		"finished here and going on with the contact": {viewer: ivan, item: deal77, change: func(w *bitrixtest.World) {
			w.CloseSession(1763)
			w.StartSession(w.Chats[1763], []bitrixtest.ItemKey{{Type: "CONTACT", ID: 31}}, bitrixtest.StatusNew, 0)
			w.Accept(1763, ivan)
		}, want: []line{
			{1763, "CONTACT:31", app.ChatOpen}, {1770, "CONTACT:31", app.ChatOpen}, {1701, "DEAL:77", app.ChatFinished},
		}},
		"none at all": {viewer: admin, item: deal(81), change: func(w *bitrixtest.World) {
			w.AddItem(bitrixtest.Item{ItemKey: bitrixtest.ItemKey{Type: "DEAL", ID: 81}, Title: "New", AssignedBy: 1})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			if c.change != nil {
				j.portal.Do(c.change)
			}
			v := j.open(t, c.viewer, c.item)
			card, err := j.Chats(t.Context(), v)
			must(t, err)
			if d := cmp.Diff(c.want, lines(card)); d != "" {
				t.Error(d)
			}
			if card.Partial || len(card.Notes) != 0 {
				t.Errorf("partial %v, notes %v", card.Partial, card.Notes)
			}
			if n := len(j.portal.Requests()); n > 2 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

func TestChatsThatTakePeopleComeFirstThenWaitingThenFinishedEachNewestFirst(t *testing.T) {
	deal, contact := bitrixtest.ItemKey{Type: "DEAL", ID: 77}, bitrixtest.ItemKey{Type: "CONTACT", ID: 31}
	j := installed(t)
	j.portal.Do(func(w *bitrixtest.World) {
		for _, c := range []bitrixtest.NewChat{
			{ID: 1801, Items: []bitrixtest.ItemKey{contact}, Status: bitrixtest.StatusNew},
			{ID: 1802, Items: []bitrixtest.ItemKey{deal}, Status: bitrixtest.StatusNew},
			{ID: 1803, Items: []bitrixtest.ItemKey{deal}, Status: bitrixtest.StatusWaitClosing, Operator: ivan},
			{ID: 1804, Items: []bitrixtest.ItemKey{contact}, Status: bitrixtest.StatusClosed, Operator: ivan},
		} {
			c.Name, c.Connector, c.Line, c.Customer, c.Texts = "Ann Lee", "telegrambot", 5, ann, []string{"Hello?"}
			w.AddChat(c)
		}
		w.PostMessage(1801, ann, "Is anybody there?")
		w.PostMessage(1770, ann, "And the contract?")
	})
	v, first, err := j.Open(t.Context(), j.card(t, ivan, deal77))
	must(t, err)
	if d := cmp.Diff([]line{{1763, "DEAL:77", app.ChatOpen}, {1802, "DEAL:77", app.ChatWaiting}, {1803, "DEAL:77", app.ChatClosing}}, lines(first)); d != "" {
		t.Error("at first: " + d)
	}
	card, err := j.Chats(t.Context(), v)
	must(t, err)
	want := []line{
		{1770, "CONTACT:31", app.ChatOpen}, {1763, "DEAL:77", app.ChatOpen},
		{1801, "CONTACT:31", app.ChatWaiting}, {1802, "DEAL:77", app.ChatWaiting},
		{1803, "DEAL:77", app.ChatClosing},
		{1804, "CONTACT:31", app.ChatFinished}, {1701, "DEAL:77", app.ChatFinished},
	}
	if d := cmp.Diff(want, lines(card)); d != "" {
		t.Error(d)
	}
}

func TestAChatShowsItsPeople(t *testing.T) {
	j := installed(t)
	j.portal.Do(func(w *bitrixtest.World) {
		w.Users[olga].Photo = "https://portal.example/olga.png"
	})
	v := j.open(t, admin, deal77)
	_, err := j.Add(t.Context(), v, app.ChatRef{Owner: deal77, ID: chatAnn}, []bitrix.UserID{olga})
	must(t, err)
	card, err := j.Chats(t.Context(), v)
	must(t, err)
	c := card.Chats[slices.IndexFunc(card.Chats, func(c app.Chat) bool { return c.ID == chatAnn })]
	want := []app.Person{
		{ID: ivan, Name: "Ivan Petrov", Position: "Sales manager", Operator: true},
		{ID: olga, Name: "Olga Sidorova", Position: "Logistics specialist", Photo: "https://portal.example/olga.png"},
		{ID: ann, Name: "Ann Lee", Customer: true},
	}
	if d := cmp.Diff(want, c.Participants); d != "" {
		t.Error(d)
	}
	if c.ViewerIn || c.Count != 3 || c.Operator.ID != ivan || c.Customer.ID != ann || c.Line != 5 || c.Name != "Ann Lee - Sales line" {
		t.Errorf("chat: %+v", c)
	}
	if !slices.Equal(c.Ref().Members, []bitrix.UserID{ivan, olga, ann}) || c.Ref().Owner != deal77 {
		t.Errorf("reference: %+v", c.Ref())
	}
	other := card.Chats[slices.IndexFunc(card.Chats, func(c app.Chat) bool { return c.ID == 1770 })]
	if other.OwnerTitle != "Ann Lee" {
		t.Errorf("chat 1770 was found with %q", other.OwnerTitle)
	}
}

func TestAViewerSeesOnlyWhatThePortalShowsThem(t *testing.T) {
	j := installed(t)
	v := j.open(t, olga, deal77) // an observer: reads the deal, not its contact and company
	card, err := j.Chats(t.Context(), v)
	must(t, err)
	if d := cmp.Diff([]line{{1763, "DEAL:77", app.ChatOpen}, {1701, "DEAL:77", app.ChatFinished}}, lines(card)); d != "" {
		t.Error(d)
	}
	want := []app.Note{{Kind: app.NoteItemUnreadable, Item: contact31}, {Kind: app.NoteItemUnreadable, Item: company12}}
	if d := cmp.Diff(want, card.Notes); d != "" {
		t.Error(d)
	}
	if c := card.Chats[0]; c.ViewerIn || len(c.Participants) != 2 || c.Unreadable {
		t.Errorf("chat: %+v", c)
	}
}

func TestAChatWhoseParticipantsAreHiddenStillTakesPeople(t *testing.T) {
	j := installed(t)
	j.portal.Fail(bitrixtest.Fault{Method: "imopenlines.dialog.get", Kind: bitrixtest.FaultError, Code: "ACCESS_ERROR", Times: -1})
	card, err := j.Chats(t.Context(), j.open(t, ivan, deal77))
	must(t, err)
	for _, c := range card.Chats {
		want := app.ChatOpen
		if c.ID == 1701 {
			want = app.ChatUnknown
		}
		if !c.Unreadable || c.State != want {
			t.Errorf("chat: %+v", c)
		}
	}
}

func TestWithoutTheMessengerPermissionNamesStayAndPhotosGo(t *testing.T) {
	j := installed(t, "crm", "placement", "imopenlines", "user")
	card, err := j.Chats(t.Context(), j.open(t, olga, deal77))
	must(t, err)
	if !slices.Contains(card.Notes, app.Note{Kind: app.NoteNoFaces}) {
		t.Errorf("notes: %v", card.Notes)
	}
	c := card.Chats[0]
	if len(c.Participants) != 2 || c.Operator == nil || c.Operator.Name != "Ivan Petrov" || c.Customer == nil || c.Customer.Name != "Ann Lee" {
		t.Errorf("chat: %+v", c)
	}
}

func TestAccessLostDuringTheVisitIsTold(t *testing.T) {
	j := installed(t)
	v := j.open(t, olga, deal77)
	j.portal.Do(func(w *bitrixtest.World) { w.Items[bitrixtest.ItemKey{Type: "DEAL", ID: 77}].Observers = nil })
	_, err := j.Chats(t.Context(), v)
	wantErr(t, err, app.ErrNotAllowed)
}

func TestALinkedItemThatFailsIsANote(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.portal.Fail(bitrixtest.Fault{Method: "imopenlines.crm.chat.get", Kind: bitrixtest.FaultInternal, Skip: 2, Times: -1})
	card, err := j.Chats(t.Context(), v)
	must(t, err)
	want := []app.Note{{Kind: app.NoteItemFailed, Item: contact31}, {Kind: app.NoteItemFailed, Item: company12}}
	if d := cmp.Diff(want, card.Notes); d != "" {
		t.Error(d)
	}
	if len(card.Chats) != 2 {
		t.Errorf("chats: %v", lines(card))
	}
}
