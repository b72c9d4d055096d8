package handlers

import (
	"net/url"
	"strings"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

const chatNew = 1900

// awaiting is a portal with deal 90, whose chat nobody has accepted yet.
func awaiting(t *testing.T) *world {
	t.Helper()
	w := installed(t)
	w.portal.Do(func(world *bitrixtest.World) {
		world.AddItem(bitrixtest.Item{ItemKey: bitrixtest.ItemKey{Type: "DEAL", ID: 90}, Title: "Another order", AssignedBy: ivan})
		world.AddChat(bitrixtest.NewChat{ID: chatNew, Name: "Bruno Keller - Sales line", Connector: "livechat", Line: 5, Customer: 433,
			Items: []bitrixtest.ItemKey{{Type: "DEAL", ID: 90}}, Status: bitrixtest.StatusNew, Texts: []string{"Hello"}})
	})
	return w
}

// press sends the button of a page with a form, as the page's script does.
func (w *world) press(t *testing.T, f url.Values, p page, button string) page {
	t.Helper()
	form := url.Values{}
	for name, values := range f {
		form[name] = values
	}
	form.Set(p.attr(t, button, "name"), p.attr(t, button, "value"))
	a := w.do(t, request{path: p.attr(t, button, "formaction"), form: form, header: scripted})
	a.wantStatus(t, 200)
	return a.page(t)
}

func TestAViewerWaitsForAChatAndIsTold(t *testing.T) {
	w := awaiting(t)
	a := w.open(t, ivan, "DEAL", "90")
	f := a.fields(t)
	f.Set("person", w.find(t, f, "pavel", "23"))
	p := w.press(t, f, a.page(t), "#chat-1900 button[name=wish]")
	p.says(t, "#chat-1900", "When this chat takes people, these are added in your name: Pavel Orlov.")
	p.lacks(t, "#chat-1900 button[name=wish]")
	p.one(t, "#chat-1900 button[name=unwish]")
	// A page that is opened later shows it, too, and nobody else's does.
	w.open(t, ivan, "DEAL", "90").page(t).says(t, "#chat-1900", "these are added in your name: Pavel Orlov.")
	w.open(t, admin, "DEAL", "90").page(t).one(t, "#chat-1900 button[name=wish]")

	w.portal.Do(func(world *bitrixtest.World) { world.Accept(chatNew, elena) })
	must(t, w.app.GrantWishes(t.Context(), SayWish))
	w.wantParticipants(t, chatNew, elena, 433, pavel)
	notices := w.portal.Notifications(ivan)
	if len(notices) != 1 || !strings.HasPrefix(notices[0].Text, "An operator has accepted the chat [URL=/online/?IM_DIALOG=chat1900]") ||
		!strings.HasSuffix(notices[0].Text, "\nPavel Orlov has been added.") {
		t.Errorf("Ivan holds %+v", notices)
	}
	w.open(t, ivan, "DEAL", "90").page(t).lacks(t, "button[name=unwish]")
}

func TestAWishIsTakenBack(t *testing.T) {
	w := awaiting(t)
	a := w.open(t, ivan, "DEAL", "90")
	f := a.fields(t)
	p := w.press(t, f, a.page(t), "#chat-1900 button[name=wish]")
	p.says(t, "#chat-1900", "You will be told when this chat takes people")
	p = w.press(t, f, p, "#chat-1900 button[name=unwish]")
	p.one(t, "#chat-1900 button[name=wish]")
	if got := p.attr(t, "#chats", "data-say"); got != "You will not be told." {
		t.Errorf("said %q", got)
	}
	w.portal.Do(func(world *bitrixtest.World) { world.Accept(chatNew, elena) })
	must(t, w.app.GrantWishes(t.Context(), SayWish))
	if got := w.portal.Notifications(ivan); len(got) != 0 {
		t.Errorf("Ivan holds %+v", got)
	}
}

func TestWhoWasRefusedByAChatThatWaitsCanBeAddedLater(t *testing.T) {
	w := awaiting(t)
	w.portal.Do(func(world *bitrixtest.World) { world.Accept(chatNew, elena) })
	f := w.open(t, ivan, "DEAL", "90").fields(t)
	f.Set("person", w.find(t, f, "pavel", "23"))
	w.portal.Do(func(world *bitrixtest.World) { // the operator skips it meanwhile
		chat := world.Chats[chatNew]
		chat.Owner = 0
		s := world.Sessions[chat.Session]
		s.Status, s.Operator = bitrixtest.StatusSkipped, 0
	})
	p := w.add(t, f).page(t)
	p.says(t, "#results [data-user=23]", "Pavel Orlov was not added.")
	f.Del("person") // only those of the button count
	p = w.press(t, f, p, "#step-wish-1900 button")
	p.says(t, "#step-wish-1900", "these are added in your name: Pavel Orlov.")
	p.says(t, "#chat-1900", "these are added in your name: Pavel Orlov.")
	w.portal.Do(func(world *bitrixtest.World) { world.Accept(chatNew, elena) })
	must(t, w.app.GrantWishes(t.Context(), SayWish))
	if in := w.portal.Participants(chatNew); len(in) == 0 || in[len(in)-1] != pavel {
		t.Errorf("in the chat are %v", in)
	}
}

func TestAWishWorksWithoutScripts(t *testing.T) {
	w := awaiting(t)
	a := w.open(t, ivan, "DEAL", "90")
	f := a.fields(t)
	f.Set("wish", a.page(t).attr(t, "#chat-1900 button[name=wish]", "value"))
	whole := w.do(t, request{path: "/card/wish", form: f})
	whole.wantStatus(t, 200)
	whole.page(t).one(t, "#chat-1900 button[name=unwish]")
}

func TestWhatIsSaidWhenAWishEnds(t *testing.T) {
	people := []app.WishPerson{{Name: "Olga Sidorova", State: app.OutcomeRefused, Reason: app.ReasonHistory}, {Name: "Pavel Orlov", State: app.OutcomeAdded}}
	for kind, says := range map[app.WishKind][2]string{
		app.WishGranted:  {"An operator has accepted the chat [c]", "Olga Sidorova was not added. The settings of the Open Channel do not let you add this colleague."},
		app.WishExpired:  {"Nobody accepted the chat [c] within a day", "These were to be added and were not: Olga Sidorova, Pavel Orlov."},
		app.WishFinished: {"The dialog in the chat [c] ended before", "These were to be added and were not: Olga Sidorova, Pavel Orlov."},
		app.WishBarred:   {"Joinline could not wait for the chat [c]", "These were to be added and were not: Olga Sidorova, Pavel Orlov."},
		app.WishUnsure:   {"The dialog in the chat [c] ended while", "These were to be added: Olga Sidorova, Pavel Orlov."},
	} {
		got := SayWish("en", app.WishReport{Kind: kind, Chat: "[c]", Item: "[i]", People: people})
		if !strings.HasPrefix(got, says[0]) || !strings.Contains(got, "\n"+says[1]) || !strings.Contains(got, "[i]") {
			t.Errorf("%s: %q", kind, got)
		}
		if russian := SayWish("ru", app.WishReport{Kind: kind, Chat: "[c]", Item: "[i]"}); russian == SayWish("en", app.WishReport{Kind: kind, Chat: "[c]", Item: "[i]"}) {
			t.Errorf("%s: the same in Russian", kind)
		}
	}
}
