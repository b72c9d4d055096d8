package handlers

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestFindingTellsBeforeTheClick(t *testing.T) {
	w := installed(t)
	a := w.open(t, ivan, "DEAL", "77")
	w.portal.ResetRequests()
	form := a.fields(t)
	form.Set("q", "pe")
	found := w.do(t, request{path: "/card/find", form: form, header: map[string]string{"X-Joinline": "1"}})
	found.wantStatus(t, 200)
	w.wantRequests(t, 1)
	found.page(t).says(t, "#options [data-user=15] small", "Already in the chat")
	form.Set("q", "nobody is called this")
	none := w.do(t, request{path: "/card/find", form: form, header: map[string]string{"X-Joinline": "1"}})
	none.page(t).says(t, ".nobody", "Nobody found for “nobody is called this”")
}

func TestAColleagueIsAdded(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	f.Set("person", w.find(t, f, "pavel", "23"))
	w.portal.ResetRequests()
	a := w.add(t, f)
	a.wantStatus(t, 200)
	w.wantRequests(t, 2) // the call, and the participants read back
	w.wantParticipants(t, chatAnn, ivan, pavel, ann)
	p := a.page(t)
	p.says(t, "#results [data-user=23]", "Pavel Orlov has been added.")
	p.says(t, "#chat-1763 .people", "Pavel Orlov")
	p.lacks(t, "#chosen li")
	if got := p.attr(t, "#results", "data-say"); got != "1 of 1 are in the chat now." {
		t.Errorf("said %q", got)
	}
	// The same again, with the page as it stands now.
	f.Set("chat", p.attr(t, "#chat-1763 input", "value"))
	w.add(t, f).page(t).says(t, "#results [data-user=23]", "Pavel Orlov was in the chat already.")
}

func TestWhoWasRefusedStaysChosen(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	f.Add("person", w.find(t, f, "olga", "22"))
	f.Add("person", w.find(t, f, "pavel", "23"))
	a := w.add(t, f)
	a.wantStatus(t, 200)
	w.wantParticipants(t, chatAnn, ivan, pavel, ann)
	p := a.page(t)
	p.says(t, "#results [data-user=22]", "Olga Sidorova was not added.")
	p.says(t, "#results [data-user=22] .help", "The settings of the Open Channel do not let you add this colleague.")
	p.says(t, "#chosen", "Olga Sidorova")
	p.one(t, "#chosen li")
}

func TestAChatClosedMeanwhileIsReadAnew(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	f.Set("person", w.find(t, f, "pavel", "23"))
	w.portal.Do(func(world *bitrixtest.World) { world.CloseSession(chatAnn) })
	a := w.add(t, f)
	a.wantStatus(t, 200)
	p := a.page(t)
	p.says(t, "#results [data-user=23] .help", "The last dialog is finished.")
	p.one(t, "#results[data-stale]")
	p.one(t, "#chosen [data-user=23]")
	w.wantParticipants(t, chatAnn, ann)
}

func TestAnAnswerThatWasLostIsReadBack(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	f.Set("person", w.find(t, f, "pavel", "23"))
	w.portal.Fail(bitrixtest.Fault{Method: "imopenlines.crm.chat.user.add", Kind: bitrixtest.FaultDrop, Applied: true})
	a := w.add(t, f)
	a.wantStatus(t, 200)
	a.page(t).says(t, "#results [data-user=23]", "Pavel Orlov has been added.")
	w.wantParticipants(t, chatAnn, ivan, pavel, ann)
}

func TestTwoTabsWithTwoItemsNeverMix(t *testing.T) {
	w := installed(t)
	deal := w.open(t, admin, "DEAL", "77")
	lead := w.open(t, admin, "LEAD", "55")
	inDeal, inLead := deal.fields(t), lead.fields(t)
	person := w.find(t, inDeal, "pavel", "23")
	mixed := url.Values{"visit": inLead["visit"], "chat": inDeal["chat"], "person": {w.find(t, inLead, "pavel", "23")}}
	w.add(t, mixed).wantStatus(t, 400)
	mixed = url.Values{"visit": inLead["visit"], "chat": inLead["chat"], "person": {person}}
	w.add(t, mixed).wantStatus(t, 400)
	w.wantParticipants(t, chatAnn, ivan, ann)
	w.wantParticipants(t, 1755, ivan, 435)
	inDeal.Set("person", person)
	w.add(t, inDeal).wantStatus(t, 200)
	w.wantParticipants(t, chatAnn, ivan, pavel, ann)
	w.wantParticipants(t, 1755, ivan, 435)
}

func TestThePageWorksWithoutScripts(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	f.Set("q", "o")
	f.Set("do", "find")
	found := w.do(t, request{path: "/card", form: f})
	found.wantStatus(t, 200)
	if !strings.Contains(found.text, "Olga Sidorova") || !strings.Contains(found.text, `type="checkbox" name="person"`) {
		t.Fatalf("nobody to tick in %s", found.text)
	}
	f = found.fields(t)
	f.Add("person", w.find(t, f, "pavel", "23"))
	f.Add("person", w.find(t, f, "olga", "22"))
	added := w.do(t, request{path: "/card/add", form: f})
	added.wantStatus(t, 200)
	w.wantParticipants(t, chatAnn, ivan, pavel, ann)
	p := added.page(t)
	p.says(t, "#results [data-user=23]", "Pavel Orlov has been added.")
	p.says(t, "#chosen", "Olga Sidorova")
	p.says(t, "#chat-1763 .people", "Pavel Orlov")

	nobody := added.fields(t)
	nobody.Del("person")
	again := w.do(t, request{path: "/card/add", form: nobody})
	again.wantStatus(t, 400)
	again.page(t).says(t, "#trouble", "Choose at least one colleague, then add.")
	again.page(t).one(t, "#chat-1763")

	// Enter in the field only looks for people.
	nobody.Set("q", "pavel")
	w.do(t, request{path: "/card/add", form: nobody}).wantStatus(t, 200)
}

func TestAPortalThatIsDownLosesNoSelection(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	person := w.find(t, f, "pavel", "23")
	f.Set("person", person)
	w.portal.Fail(bitrixtest.Fault{Method: "*", Kind: bitrixtest.FaultHTML, Times: -1})
	piece := w.do(t, request{path: "/card/chats", form: f, header: map[string]string{"X-Joinline": "1"}})
	piece.wantStatus(t, 502)
	piece.page(t).says(t, "#trouble", "Bitrix24 gave no usable answer in time.")
	page := w.do(t, request{path: "/card", form: f})
	page.wantStatus(t, 502)
	if got := page.page(t).attr(t, "form input[name=person]", "value"); got != person {
		t.Errorf("the button sends %q", got)
	}
	w.portal.ClearFaults()
}

func TestAVisitIsRenewedForTheSamePersonOnly(t *testing.T) {
	w := installed(t)
	a := w.open(t, ivan, "DEAL", "77")
	f := a.fields(t)
	s := &server{seals: newSeals(w.key)}
	var v pageVisit
	must(t, s.seals.visit.Decode("visit", f.Get("visit"), &v))
	ended := w.sealVisit(t, v.Visit, v.Browser, time.Now().Add(-time.Hour))
	w.do(t, request{path: "/card/chats", form: url.Values{"visit": {ended}}}).wantStatus(t, 401)

	renew := func(user int) answer {
		pair := w.portal.Token(w.keys.ClientID, user)
		return w.do(t, request{path: "/visit", form: url.Values{
			"visit": {ended}, "AUTH_ID": {pair.Access}, "REFRESH_ID": {pair.Refresh}, "AUTH_EXPIRES": {"3600"},
		}})
	}
	renew(pavel).wantStatus(t, 403)
	fresh := renew(ivan)
	fresh.wantStatus(t, 200)
	var got struct{ Visit string }
	must(t, json.Unmarshal([]byte(fresh.text), &got))
	// What was chosen before still counts.
	f.Set("visit", got.Visit)
	f.Set("person", w.find(t, f, "pavel", "23"))
	w.add(t, f).wantStatus(t, 200)
	w.wantParticipants(t, chatAnn, ivan, pavel, ann)
}

func TestTokensThatDiedAreAskedForAnewBeforeAnythingIsTried(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	f.Set("person", w.find(t, f, "pavel", "23"))
	w.portal.Fail(bitrixtest.Fault{Method: "*", Kind: bitrixtest.FaultNoAuth, Times: -1})
	w.add(t, f).wantStatus(t, 401)
	w.portal.ClearFaults()
	w.wantParticipants(t, chatAnn, ivan, ann)
}

func TestTooManyPeopleAtOnce(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	s := &server{seals: newSeals(w.key)}
	var v pageVisit
	must(t, s.seals.visit.Decode("visit", f.Get("visit"), &v))
	for id := range app.MaxPeople + 1 {
		f.Add("person", s.offers(v.Visit).person(bitrix.UserID(1000+id), "Somebody", ""))
	}
	w.portal.ResetRequests()
	a := w.add(t, f)
	a.wantStatus(t, 400)
	a.page(t).says(t, "#trouble", "Add at most 50 people at a time.")
	w.wantRequests(t, 0)
}
