package handlers

import (
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestAColleagueIsAddedAndTakenBack(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	f.Set("person", w.find(t, f, "pavel", "23"))
	added := w.add(t, f).page(t)
	w.wantParticipants(t, chatAnn, ivan, pavel, ann)
	f.Del("person")
	f.Set("remove", added.attr(t, "#results [data-user=23] button", "value"))
	f.Set("line", "1")
	back := w.do(t, request{path: "/card/remove", form: f, header: scripted})
	back.wantStatus(t, 200)
	p := back.page(t)
	p.says(t, "#line-1763-23", "Pavel Orlov has been taken out of the chat.")
	p.lacks(t, "#line-1763-23 button")
	p.lacks(t, "#chat-1763 [value$=' 23']")
	w.wantParticipants(t, chatAnn, ivan, ann)
}

func TestOnlyColleaguesAreOfferedForRemoval(t *testing.T) {
	w := installed(t)
	w.portal.Do(func(world *bitrixtest.World) {
		for _, user := range []int{pavel, 50, elena} { // a colleague, a bot, and the viewer
			world.Chats[chatAnn].Members = append(world.Chats[chatAnn].Members, &bitrixtest.Member{User: user})
		}
	})
	p := w.open(t, elena, "DEAL", "77").page(t)
	var labels []string
	for _, b := range p.all("#chat-1763 .people button") {
		labels = append(labels, attr(b, "aria-label"))
	}
	if len(labels) != 2 || labels[0] != "Remove Pavel Orlov from the chat" || labels[1] != "Leave the chat" {
		t.Errorf("offered: %q", labels)
	}
}

func TestTheOperatorAndTheCustomerAreNeverRemoved(t *testing.T) {
	w := installed(t)
	f := w.open(t, admin, "DEAL", "77").fields(t)
	chat := w.do(t, request{path: "/card/chats", form: f, header: scripted}).page(t).attr(t, "#chat-1763 input", "value")
	for user, says := range map[string]string{
		"15":  "This is the operator, who leads the dialog.",
		"431": "This is the customer, who is in the chat anyway.",
	} {
		f.Set("remove", chat+" "+user)
		a := w.do(t, request{path: "/card/remove", form: f, header: scripted})
		a.wantStatus(t, 200)
		a.page(t).says(t, "#results [data-user="+user+"]", "was not taken out of the chat.")
		a.page(t).says(t, "#results [data-user="+user+"] .help", says)
	}
	w.wantParticipants(t, chatAnn, ivan, ann)
}

func TestAViewerJoinsByThemselves(t *testing.T) {
	w := installed(t)
	opened := w.open(t, olga, "DEAL", "77")
	f := opened.fields(t)
	f.Set("join", opened.page(t).attr(t, "#chat-1763 button[name=join]", "value"))
	a := w.do(t, request{path: "/card/join", form: f, header: scripted})
	a.wantStatus(t, 200)
	a.page(t).says(t, "#results [data-user=22]", "Olga Sidorova has been added.")
	a.page(t).lacks(t, "#chat-1763 button[name=join]")
	w.wantParticipants(t, chatAnn, ivan, ann, olga)
	// A page without scripts shows the whole card.
	whole := w.do(t, request{path: "/card/join", form: f})
	whole.wantStatus(t, 200)
	whole.page(t).says(t, "#results [data-user=22]", "Olga Sidorova has been added.")
	whole.page(t).one(t, "#chat-1763")
}

func TestAPageThatKnowsItsChatsCostsOneRequestToKeepTrue(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	all := w.do(t, request{path: "/card/chats", form: f, header: scripted}).page(t)
	for _, row := range all.all("#chats [data-known]") {
		f.Add("known", attr(row, "data-known"))
	}
	w.portal.Do(func(world *bitrixtest.World) {
		world.Chats[chatAnn].Members = append(world.Chats[chatAnn].Members, &bitrixtest.Member{User: pavel})
	})
	w.portal.ResetRequests()
	w.do(t, request{path: "/card/chats", form: f, header: scripted}).page(t).says(t, "#chat-1763 .people", "Pavel Orlov")
	w.wantRequests(t, 1)
}
