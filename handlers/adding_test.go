package handlers

import (
	"encoding/json"
	"net/url"
	"slices"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

const methodAdd = "imopenlines.crm.chat.user.add"

// said is what the script gets for one call.
type said struct{ Answer, Kind, Stop, Says string }

// askOne asks for one person as the page's script does.
func (w *world) askOne(t *testing.T, f url.Values, chat, person string) said {
	t.Helper()
	a := w.do(t, request{path: "/card/add/one", form: url.Values{"visit": f["visit"], "chat": {chat}, "person": {person}}, header: scripted})
	a.wantStatus(t, 200)
	var s said
	must(t, json.Unmarshal([]byte(a.text), &s))
	return s
}

// settle has the server say what became of people.
func (w *world) settle(t *testing.T, f url.Values, chat string, people []string, more url.Values) answer {
	t.Helper()
	form := url.Values{"visit": f["visit"], "chat": {chat}, "person": people}
	for name, values := range more {
		form[name] = values
	}
	a := w.do(t, request{path: "/card/add/settle", form: form, header: scripted})
	a.wantStatus(t, 200)
	return a
}

var scripted = map[string]string{"X-Joinline": "1"}

func TestSeveralPeopleAreAddedOneByOneAndSettledAtOnce(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	chat := f.Get("chat")
	people := []string{w.find(t, f, "pavel", "23"), w.find(t, f, "olga", "22"), w.find(t, f, "elena", "24")}
	w.portal.ResetRequests()
	added, refused := w.askOne(t, f, chat, people[0]), w.askOne(t, f, chat, people[1])
	if added.Kind != "agreed" || added.Says != "Pavel Orlov: the portal agreed, to be confirmed…" || refused.Kind != "refused" || refused.Stop != "" {
		t.Errorf("said %+v and %+v", added, refused)
	}
	// The person stopped before Elena's turn.
	p := w.settle(t, f, chat, people, url.Values{"answer": {added.Answer, refused.Answer}}).page(t)
	w.wantRequests(t, 3) // two calls, and the participants read back
	p.says(t, "#told-1763 [data-user=23]", "Pavel Orlov has been added.")
	p.says(t, "#told-1763 [data-user=22] .help", "The settings of the Open Channel do not let you add this colleague.")
	p.says(t, "#told-1763 [data-user=24]", "Elena Morozova was not tried yet.")
	p.says(t, "#told-1763 [data-user=24] .help", "You stopped before their turn.")
	p.says(t, "#chat-1763 .people", "Pavel Orlov")
	w.wantParticipants(t, chatAnn, ivan, pavel, ann)
}

func TestAnAnswerThatNeverReachedThePageIsReadBack(t *testing.T) {
	for name, arrived := range map[string]bool{"the call had reached the portal": true, "it had not": false} {
		t.Run(name, func(t *testing.T) {
			w := installed(t)
			f := w.open(t, ivan, "DEAL", "77").fields(t)
			person := w.find(t, f, "pavel", "23")
			state := "unknown"
			if arrived {
				w.askOne(t, f, f.Get("chat"), person)
				state = "done"
			}
			p := w.settle(t, f, f.Get("chat"), []string{person}, url.Values{"unsure": {person}}).page(t)
			if got := p.attr(t, "#told-1763 [data-user=23]", "data-state"); got != state {
				t.Errorf("told %q, want %q", got, state)
			}
		})
	}
}

func TestAPortalThatRefusesEverybodyIsNotAskedForTheNextChat(t *testing.T) {
	w := installed(t)
	a := w.open(t, admin, "DEAL", "77")
	f := a.fields(t)
	chats := w.do(t, request{path: "/card/chats", form: url.Values{"visit": f["visit"]}, header: scripted}).page(t)
	first, second := chats.attr(t, "#chat-1763 input", "value"), chats.attr(t, "#chat-1770 input", "value")
	person := w.find(t, f, "pavel", "23")
	w.portal.Fail(bitrixtest.Fault{Method: methodAdd, Kind: bitrixtest.FaultOverload, Times: -1})
	busy := w.askOne(t, f, first, person)
	if busy.Kind != "unheard" || busy.Stop != "all" {
		t.Fatalf("said %+v", busy)
	}
	w.portal.ResetRequests()
	p := w.settle(t, f, second, []string{person}, url.Values{"answer": {busy.Answer}}).page(t)
	p.says(t, "#told-1770 [data-user=23] .help", "The portal is receiving too many requests.")
	w.wantRequests(t, 0)

	// Without scripts the same.
	whole := w.do(t, request{path: "/card/add", form: url.Values{"visit": f["visit"], "chat": {first, second}, "person": {person}}, header: scripted})
	whole.wantStatus(t, 200)
	whole.page(t).says(t, "#told-1770 [data-user=23] .help", "The portal is receiving too many requests.")
	w.wantRequests(t, 1)
}

func TestPeopleAreAddedToSeveralChatsAtOnce(t *testing.T) {
	w := installed(t)
	f := w.open(t, admin, "DEAL", "77").fields(t)
	chats := w.do(t, request{path: "/card/chats", form: url.Values{"visit": f["visit"]}, header: scripted}).page(t)
	f["chat"] = []string{chats.attr(t, "#chat-1763 input", "value"), chats.attr(t, "#chat-1770 input", "value")}
	f["person"] = []string{w.find(t, f, "pavel", "23"), w.find(t, f, "olga", "22")}
	w.portal.ResetRequests()
	p := w.add(t, f).page(t)
	w.wantRequests(t, 6) // four calls, and one to read back each chat
	p.says(t, "#told-1763 h3", "Telegram, Ann Lee")
	p.says(t, "#told-1763 [data-user=22]", "Olga Sidorova has been added.")
	p.says(t, "#told-1770 [data-user=22]", "Olga Sidorova was not added.") // she cannot read the contact
	p.says(t, "#told-1770 [data-user=23]", "Pavel Orlov has been added.")
	p.says(t, "#chosen", "Olga Sidorova")
	p.one(t, "#chosen li")
	w.wantParticipants(t, chatAnn, ivan, ann, pavel, olga)
	if got := w.portal.Participants(1770); !slices.Contains(got, pavel) || slices.Contains(got, olga) {
		t.Errorf("chat 1770 holds %v", got)
	}
}

func TestTokensThatDiedStopAStepBeforeAnythingIsTried(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	person := w.find(t, f, "pavel", "23")
	w.portal.Fail(bitrixtest.Fault{Method: "*", Kind: bitrixtest.FaultNoAuth, Times: -1})
	form := url.Values{"visit": f["visit"], "chat": f["chat"], "person": {person}}
	w.do(t, request{path: "/card/add/one", form: form, header: scripted}).wantStatus(t, 401)
	w.portal.ClearFaults()
	w.wantParticipants(t, chatAnn, ivan, ann)
}
