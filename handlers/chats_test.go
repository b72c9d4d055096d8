package handlers

import (
	"fmt"
	"slices"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

var (
	deal77    = bitrix.CRMItem{Type: bitrix.Deal, ID: 77}
	contact31 = bitrix.CRMItem{Type: bitrix.Contact, ID: 31}
	company12 = bitrix.CRMItem{Type: bitrix.Company, ID: 12}
)

// openly offers without sealing.
var openly = offers{
	chat:   func(c app.Chat) string { return fmt.Sprint("chat ", c.ID) },
	person: func(id bitrix.UserID, name, position string) string { return fmt.Sprint("person ", id) },
	crowd:  func(of crowd) string { return fmt.Sprint("crowd ", of.Department, of.Deep, of.Squad) },
}

var visit77 = app.Visit{ID: "v", Portal: "https://acme.bitrix24.test", Viewer: 15, Item: deal77, Links: []bitrix.CRMItem{contact31}}

func chatIn(id bitrix.ChatID, state app.ChatState) app.Chat {
	return app.Chat{ID: id, Channel: "Telegram", Name: "Ann Lee", Owner: deal77, State: state}
}

func chosenRows(list views.Chats) (ids []string) {
	for _, row := range list.Rows {
		if row.Chosen {
			ids = append(ids, row.ID)
		}
	}
	return ids
}

func TestWhichChatIsChosen(t *testing.T) {
	open, second, finished := chatIn(1, app.ChatOpen), chatIn(2, app.ChatOpen), chatIn(3, app.ChatFinished)
	for name, c := range map[string]struct {
		card   app.Card
		picked bitrix.ChatID
		want   []string
		into   string
		ready  bool
	}{
		"the only one that takes people":            {app.Card{Chats: []app.Chat{finished, open}}, 0, []string{"1"}, "Into: Telegram, Ann Lee", true},
		"none of two before the person chooses":     {app.Card{Chats: []app.Chat{open, second}}, 0, nil, "Choose the chat first.", true},
		"the one chosen before":                     {app.Card{Chats: []app.Chat{open, second}}, 2, []string{"2"}, "Into: Telegram, Ann Lee", true},
		"not one that was chosen and closed since":  {app.Card{Chats: []app.Chat{open, second, finished}}, 3, nil, "The chat you chose takes nobody any more. Choose another one.", true},
		"nor the only other one in its place":       {app.Card{Chats: []app.Chat{open, finished}}, 3, nil, "The chat you chose takes nobody any more. Choose another one.", true},
		"nor one in place of a chat that is gone":   {app.Card{Chats: []app.Chat{open}}, 9, nil, "The chat you chose takes nobody any more. Choose another one.", true},
		"none when none takes people":               {app.Card{Chats: []app.Chat{finished}}, 3, nil, "No chat can take people now. Each chat says why and what helps.", false},
		"none yet while linked items are looked at": {app.Card{Partial: true, Chats: []app.Chat{finished}}, 0, nil, "Looking for a chat that can take people…", false},
		"none when there is no chat":                {app.Card{}, 0, nil, "There is no chat yet that people could be added to.", false},
	} {
		t.Run(name, func(t *testing.T) {
			var picked []bitrix.ChatID
			if c.picked != 0 {
				picked = append(picked, c.picked)
			}
			list, target := chatList(views.Speak("en"), visit77, c.card, picked, openly)
			if got := chosenRows(list); !slices.Equal(got, c.want) {
				t.Errorf("chosen %v, want %v", got, c.want)
			}
			if target.Into != c.into || target.Ready != c.ready {
				t.Errorf("target %q, ready %v; want %q, %v", target.Into, target.Ready, c.into, c.ready)
			}
		})
	}
}

func TestSeveralChatsStayChosenAsFarAsTheyTakePeople(t *testing.T) {
	open, silent, closed := chatIn(1, app.ChatOpen), chatIn(2, app.ChatOpen), chatIn(3, app.ChatFinished)
	silent.Name, silent.Silent = "Bo Lund", true
	for name, c := range map[string]struct {
		picked []bitrix.ChatID
		want   []string
		into   string
		sees   string
	}{
		"both":                {[]bitrix.ChatID{2, 1}, []string{"1", "2"}, "Into: Telegram, Ann Lee; Telegram, Bo Lund", "picker.sees"},
		"the silent one":      {[]bitrix.ChatID{2}, []string{"2"}, "Into: Telegram, Bo Lund", "picker.sees.silent"},
		"one, the other shut": {[]bitrix.ChatID{1, 3}, []string{"1"}, "Into: Telegram, Ann Lee", "picker.sees"},
	} {
		list, target := chatList(views.Speak("en"), visit77, app.Card{Chats: []app.Chat{open, silent, closed}}, c.picked, openly)
		if got := chosenRows(list); !slices.Equal(got, c.want) || target.Into != c.into || target.Sees != views.Speak("en").Say(c.sees) {
			t.Errorf("%s: chosen %v, %q, %q", name, got, target.Into, target.Sees)
		}
	}
}

func TestAChatThatTakesNobodySaysWhyAndWhatHelps(t *testing.T) {
	for state, want := range map[app.ChatState]struct{ badge, why string }{
		app.ChatWaiting:       {"Not accepted yet", "No operator has accepted this dialog yet."},
		app.ChatClosing:       {"Closing", "This dialog is being closed."},
		app.ChatFinished:      {"Finished", "The last dialog is finished."},
		app.ChatConnectorOff:  {"Channel off", "The channel of this chat is switched off."},
		app.ChatUnknown:       {"State unknown", "The portal did not say whether this chat can take people."},
		"a state of tomorrow": {"State unknown", "The portal did not say whether this chat can take people."},
	} {
		row := chatRow(views.Speak("en"), visit77, chatIn(1, state), openly)
		if row.Ref != "" {
			t.Errorf("%s: can be chosen", state)
		}
		if row.State != want.badge || row.Why != want.why || row.Help == "" {
			t.Errorf("%s: got %q, %q, %q", state, row.State, row.Why, row.Help)
		}
	}
}

func TestAnOpenChatCanBeChosenAndOpened(t *testing.T) {
	row := chatRow(views.Speak("en"), visit77, chatIn(1763, app.ChatOpen), openly)
	if row.Ref != "chat 1763" || row.Why != "" || row.State != "Open" {
		t.Errorf("got %+v", row)
	}
	if row.Dialog != "chat1763" || row.URL != "https://acme.bitrix24.test/online/?IM_DIALOG=chat1763" {
		t.Errorf("opens by %q and %q", row.Dialog, row.URL)
	}
}

func TestWhereAChatWasFound(t *testing.T) {
	for want, owner := range map[string]bitrix.CRMItem{"": deal77, "Found at the contact": contact31, "Found at the company": company12} {
		chat := chatIn(1, app.ChatOpen)
		chat.Owner = owner
		if got := chatRow(views.Speak("en"), visit77, chat, openly).Found; got != want {
			t.Errorf("%v: got %q, want %q", owner, got, want)
		}
	}
	chat := chatIn(1, app.ChatOpen)
	chat.Owner, chat.OwnerTitle = contact31, "Ann Lee"
	if got, want := chatRow(views.Speak("en"), visit77, chat, openly).Found, "Found at the contact “Ann Lee”"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhatTheListSaysAboutItself(t *testing.T) {
	open, finished := chatIn(1, app.ChatOpen), chatIn(2, app.ChatFinished)
	for name, c := range map[string]struct {
		card                    app.Card
		summary, reading, empty string
		notes                   []string
	}{
		"chats that take people":     {app.Card{Chats: []app.Chat{open, finished}}, "1 chat can take people now.", "", "", []string{"The linked contacts, company and lead were looked through, too."}},
		"only chats that do not":     {app.Card{Chats: []app.Chat{finished}}, "None of these chats can take people now.", "", "", []string{"The linked contacts, company and lead were looked through, too."}},
		"the first paint":            {app.Card{Partial: true, Chats: []app.Chat{finished}}, "", "Looking in the linked contacts, company and lead, too…", "", nil},
		"the first paint, no chats":  {app.Card{Partial: true}, "", "Looking in the linked contacts, company and lead, too…", "", nil},
		"no chats at all":            {app.Card{}, "", "", "No Open Channel chat is linked here yet.", []string{"The linked contacts, company and lead were looked through, too."}},
		"what is missing, each once": {app.Card{Chats: []app.Chat{open}, Notes: []app.Note{{Kind: app.NoteItemUnreadable, Item: contact31}, {Kind: app.NoteItemUnreadable, Item: contact31}, {Kind: app.NoteMoreChats, Count: 2}, {Kind: app.NoteMoreItems, Count: 1}, {Kind: app.NoteNoFaces}}}, "1 chat can take people now.", "", "", []string{"You have no access to a linked contact, so its chats are not shown.", "2 older chats are not shown.", "1 more linked contact was not looked through.", "Some names and photos are missing, because the portal did not give them."}},
	} {
		t.Run(name, func(t *testing.T) {
			list, _ := chatList(views.Speak("en"), visit77, c.card, nil, openly)
			if list.Summary != c.summary || list.Reading != c.reading || list.Empty != c.empty {
				t.Errorf("got %q, %q, %q", list.Summary, list.Reading, list.Empty)
			}
			if !slices.Equal(list.Notes, c.notes) {
				t.Errorf("notes %q, want %q", list.Notes, c.notes)
			}
		})
	}
}

func TestEveryNoteIsSaidAndWholenessOnlyWhereItIsTrue(t *testing.T) {
	looked := views.Speak("en").Say("chats.looked")
	for kind, whole := range map[app.NoteKind]bool{
		app.NoteMoreChats: true, app.NoteNoFaces: true, app.NoteMoreItems: false, app.NoteItemUnreadable: false, app.NoteItemFailed: false,
	} {
		for _, item := range bitrix.ItemTypes() {
			said := notes(views.Speak("en"), visit77, app.Card{Notes: []app.Note{{Kind: kind, Count: 2, Item: bitrix.CRMItem{Type: item, ID: 1}}}})
			own := slices.DeleteFunc(slices.Clone(said), func(s string) bool { return s == looked })
			if len(own) != 1 || own[0] == "" || slices.Contains(said, looked) != whole {
				t.Errorf("%s of a %s: said %q", kind, item, said)
			}
		}
	}
}

func TestAChannelThatIsSwitchedOffHasAName(t *testing.T) {
	for want, chat := range map[string]app.Chat{
		"Telegram":  {Channel: "Telegram", Connector: "facebook"},
		"Facebook":  {Connector: "facebook"},
		"Live chat": {Connector: "livechat"},
		"our.pager": {Connector: "our.pager"},
		"":          {},
	} {
		if got := channel(views.Speak("en"), chat); got != want {
			t.Errorf("got %q for %+v, want %q", got, chat, want)
		}
	}
}

func TestTheItemIsNamedAndNumberedWithoutATitle(t *testing.T) {
	for want, card := range map[string]app.Card{
		"Сделка «Поставка»": {Item: deal77, Title: "Поставка"},
		"Сделка 77":         {Item: deal77, Title: " "},
		"Контакт 31":        {Item: contact31},
	} {
		if got := itemName(views.Speak("ru"), card); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
