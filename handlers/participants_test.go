package handlers

import (
	"slices"
	"strings"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// resultsIn are the results of adding to one chat of deal 77.
func resultsIn(w views.Words, people []person, added app.Added) (views.Results, []person) {
	return resultsOf(w, visit77, people, []told{{chatChoice{Ref: app.ChatRef{Owner: deal77, ID: 1763}}, added}}, openly)
}

func TestWhoIsMissingInOneOfTwoChatsStaysChosen(t *testing.T) {
	people := []person{{ID: 22, Name: "Olga"}, {ID: 23, Name: "Pavel"}}
	in := func(id bitrix.ChatID, olga app.OutcomeState) told {
		return told{chatChoice{Ref: app.ChatRef{Owner: deal77, ID: id}, Channel: "Telegram", Name: "Ann Lee"}, app.Added{Outcomes: []app.Outcome{
			{User: 22, State: olga}, {User: 23, State: app.OutcomeAdded},
		}}}
	}
	r, left := resultsOf(views.Speak("en"), visit77, people, []told{in(1, app.OutcomeAdded), in(2, app.OutcomeRefused)}, openly)
	if !slices.Equal(left, people[:1]) {
		t.Errorf("left %v", left)
	}
	if len(r.Groups) != 2 || r.Groups[1].Chat != "Telegram, Ann Lee" || r.Groups[0].Lines[0].Ref != "" || r.Groups[1].Lines[0].Ref != "person 22" {
		t.Errorf("got %+v", r.Groups)
	}
	if want := "2 of 2 are in the chat now. 1 of 2 are in the chat now."; r.Said != want {
		t.Errorf("said %q, want %q", r.Said, want)
	}
}

func TestEveryOutcomeHasALineAndKeepsTheRightPeopleChosen(t *testing.T) {
	for state, want := range map[app.OutcomeState]struct {
		kind, text string
		left       bool
	}{
		app.OutcomeAdded:         {"done", "Olga has been added.", false},
		app.OutcomeAlreadyIn:     {"same", "Olga was in the chat already.", false},
		app.OutcomeElsewhere:     {"unknown", "Olga was added to another chat of this customer.", false},
		app.OutcomeRefused:       {"refused", "Olga was not added.", true},
		app.OutcomeSkipped:       {"skipped", "Olga was left out by the portal.", true},
		app.OutcomeNotTried:      {"unknown", "Olga was not tried yet.", true},
		app.OutcomeUnknown:       {"unknown", "It is not known whether Olga was added.", true},
		"an outcome of tomorrow": {"unknown", "It is not known whether Olga was added.", true},
	} {
		r, left := resultsIn(views.Speak("en"), []person{{ID: 22, Name: "Olga"}}, app.Added{Outcomes: []app.Outcome{{User: 22, State: state}}})
		if lines := r.Groups[0].Lines; len(lines) != 1 || lines[0].Kind != want.kind || lines[0].Text != want.text || lines[0].UserID != "22" || (lines[0].Ref != "") != want.left {
			t.Errorf("%s: got %+v", state, lines)
		}
		if got := len(left) == 1 && left[0].ID == 22; got != want.left {
			t.Errorf("%s: stays chosen %v, want %v", state, got, want.left)
		}
	}
}

func TestEveryReasonSaysWhatHelps(t *testing.T) {
	for _, reason := range []app.Reason{
		app.ReasonCallerNoAccess, app.ReasonColleagueNoAccess, app.ReasonHistory, app.ReasonNotActive, app.ReasonChatClosed,
		app.ReasonNoChat, app.ReasonExternal, app.ReasonCustomer, app.ReasonLost, app.ReasonFailed, app.ReasonUnconfirmed, app.ReasonBusy,
		app.ReasonDown, app.ReasonCancelled, app.ReasonNoToken, app.ReasonNoAccess, app.ReasonRemoved, app.ReasonPlan, app.ReasonScope, app.ReasonOther,
	} {
		for _, lang := range []string{"en", "ru"} {
			r, _ := resultsIn(views.Speak(lang), nil, app.Added{Outcomes: []app.Outcome{{User: 22, State: app.OutcomeRefused, Reason: reason}}})
			if help := r.Groups[0].Lines[0].Help; help == "" || strings.HasPrefix(help, "reason.") {
				t.Errorf("%s in %s: got %q", reason, lang, help)
			}
		}
	}
}

func TestResultsCountWhoIsInTheChatAndKnowWhenTheChatsAreStale(t *testing.T) {
	people := []person{{ID: 22, Name: "Olga"}, {ID: 23, Name: "Pavel"}, {ID: 24, Name: "Elena"}}
	r, left := resultsIn(views.Speak("en"), people, app.Added{Outcomes: []app.Outcome{
		{User: 22, State: app.OutcomeAdded}, {User: 23, State: app.OutcomeAlreadyIn},
		{User: 24, State: app.OutcomeRefused, Reason: app.ReasonChatClosed},
	}})
	if want := "2 of 3 are in the chat now."; r.Said != want {
		t.Errorf("said %q, want %q", r.Said, want)
	}
	if !r.Stale {
		t.Error("a closed chat leaves the list as it was")
	}
	if !slices.Equal(left, people[2:]) {
		t.Errorf("left %v, want %v", left, people[2:])
	}
}

func TestAChatThatTakesNobodyAnyMoreIsDescribedAsItIsNow(t *testing.T) {
	refused := []app.Outcome{{User: 22, State: app.OutcomeRefused, Reason: app.ReasonChatClosed}}
	for state, want := range map[app.ChatState]string{
		app.ChatFinished: "The last dialog is finished. A new one begins when",
		app.ChatWaiting:  "No operator has accepted this dialog yet. As soon as",
		app.ChatClosing:  "This dialog is being closed. If the customer",
		app.ChatUnknown:  "This chat does not take people for this CRM item any more.",
		app.ChatOpen:     "This chat does not take people for this CRM item any more.",
		"":               "This chat does not take people for this CRM item any more.",
	} {
		r, _ := resultsIn(views.Speak("en"), nil, app.Added{Outcomes: refused, Chat: app.Chat{State: state}})
		if got := r.Groups[0].Lines[0].Help; !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %q, want %q", state, got, want)
		}
	}
}

func TestRolesOfParticipants(t *testing.T) {
	chat := app.Chat{Count: 4, Participants: []app.Person{
		{ID: 24, Name: "Elena Head", Operator: true, Viewer: true}, {ID: 15, Name: "Ivan"},
		{ID: 50, Bot: true}, {ID: 431, Name: "Ann Lee", Customer: true},
	}}
	faces, more := participants(views.Speak("en"), visit77, chat, "")
	var got []string
	for _, f := range faces {
		got = append(got, f.Name+"/"+f.Initials+"/"+f.Role)
	}
	want := []string{"Elena Head/EH/operator, you", "Ivan/I/", "User 50/?/bot", "Ann Lee/AL/customer"}
	if !slices.Equal(got, want) || more != "" {
		t.Errorf("got %q and %q, want %q", got, more, want)
	}
}

func TestALongListOfParticipantsIsCutAndCounted(t *testing.T) {
	var chat app.Chat
	for id := range 11 {
		chat.Participants = append(chat.Participants, app.Person{ID: bitrix.UserID(id + 1), Name: "Somebody"})
	}
	chat.Count = 12
	faces, more := participants(views.Speak("en"), visit77, chat, "")
	if len(faces) != maxFaces || more != "and 4 more" {
		t.Errorf("got %d faces and %q", len(faces), more)
	}
}

func TestPhotosComeOnlyFromWhereThePageMayLoadThem(t *testing.T) {
	w := views.Speak("en")
	for photo, shown := range map[string]bool{
		"https://cdn.example.test/p.png":         true,
		"http://portal.localhost:8090/p.png":     true,
		"http://elsewhere.test/p.png":            false,
		"http://portal.localhost:8090.evil.test": false,
		"javascript:alert(1)":                    false,
		"":                                       false,
	} {
		f := faceOf(w, app.Visit{Portal: "http://portal.localhost:8090"}, 1, "A", photo, "")
		if got := f.Photo != ""; got != shown {
			t.Errorf("%q: shown %v, want %v", photo, got, shown)
		}
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Ivan Petrov": "IP", "ольга сидорова-петрова": "ОС", "Ivan": "I", "": "?", "  ": "?",
		"Anna Maria Lee": "AM", "«Рога» и копыта": "ИК", "7 of 9": "O", "李 小龍": "李小",
	} {
		if got := initials(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestWhoWasFoundTellsBeforeTheClick(t *testing.T) {
	in := chosen{query: "o", people: []person{{ID: 22, Name: "Olga"}}, found: app.Found{People: []app.Colleague{
		{ID: 22, Name: "Olga", Position: "Logistics", Online: true}, {ID: 40, Name: "Partner", External: true},
		{ID: 23, Name: "Pavel"}, {ID: 15, Name: "Ivan", Position: "Manager", Viewer: true, Online: true},
	}}}
	list := foundList(views.Speak("en"), visit77, in, []bitrix.UserID{23}, openly)
	var got []string
	for _, o := range list.Options {
		got = append(got, strings.Join([]string{o.Name, o.Detail, o.Now, o.Barred, map[bool]string{true: "picked"}[o.Picked]}, "/"))
	}
	want := []string{
		"Olga/Logistics/active recently//picked", "Partner///External: cannot be added to customer chats/",
		"Pavel///Already in the chat/", "Ivan/You · Manager///",
	}
	if !slices.Equal(got, want) || list.Said != "4 colleagues found" {
		t.Errorf("got %q, said %q", got, list.Said)
	}
	nobody := foundList(views.Speak("ru"), visit77, chosen{query: "ъъ"}, nil, openly)
	if want := "По запросу «ъъ» никого не нашлось"; nobody.Said != want {
		t.Errorf("said %q, want %q", nobody.Said, want)
	}
}
