package bitrixtest_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestASavedPortalGoesOnWhereItWas(t *testing.T) {
	first := bitrixtest.NewPortal(t)
	keys := first.Register(bitrixtest.App{Name: "A", HandlerURL: "http://app.localhost:1/app", Scopes: []string{"crm", "imopenlines"}})
	pair, hook := first.Token(keys.ClientID, 15), first.Webhook(1)
	call(t, first, 1, "imopenlines.crm.chat.user.add", args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": 77, "CHAT_ID": 1763, "USER_ID": 23}).ok(t)
	var file bytes.Buffer
	if err := first.Save(&file); err != nil {
		t.Fatal(err)
	}
	second := bitrixtest.NewPortal(t)
	if err := second.Load(bytes.NewReader(file.Bytes()[:file.Len()/2])); err == nil {
		t.Error("half a file was loaded")
	}
	if err := second.Load(&file); err != nil {
		t.Fatal(err)
	}
	if got, want := second.Participants(1763), first.Participants(1763); !slices.Equal(got, want) {
		t.Errorf("chat 1763 holds %v, want %v", got, want)
	}
	callApp(t, second, pair.Access, "profile", nil).ok(t)
	if got, want := strings.TrimPrefix(second.Webhook(1), second.URL()), strings.TrimPrefix(hook, first.URL()); got != want {
		t.Errorf("the webhook is %s, want %s", got, want)
	}
}

func TestASavedPortalIsTheSameWhereverItIsLoaded(t *testing.T) {
	const staff = 500
	here := bitrixtest.Mirror{Portal: "http://localhost:1", App: "http://app.localhost:1", AppMirror: "http://127.0.0.1:1"}
	there := bitrixtest.Mirror{Portal: "http://localhost:2", App: "http://app.localhost:2", AppMirror: "http://127.0.0.1:2"}
	first := bitrixtest.NewPortalWith(t, bitrixtest.Options{Staff: staff, Mirror: here})
	keys := first.Register(bitrixtest.App{Name: "A", HandlerURL: "http://app.localhost:1/app", InstallURL: "http://app.localhost:1/install", Scopes: []string{"crm", "placement"}})
	other := first.Register(bitrixtest.App{Name: "B", HandlerURL: "http://app.localhost:11/app", Scopes: []string{"crm"}})
	admin := first.Token(keys.ClientID, 1).Access
	callApp(t, first, admin, "event.bind", args{"event": "OnAppUninstall", "handler": "http://app.localhost:1/events?key=1"}).ok(t)
	bind(t, first, keys.ClientID, "CRM_DEAL_DETAIL_TAB", "http://app.localhost:1/tab")
	gone := first.Register(bitrixtest.App{Name: "C", HandlerURL: "http://gone.localhost:1/", Scopes: []string{"crm"}})
	left := first.Token(gone.ClientID, 15)
	first.Uninstall(gone.ClientID, true)
	first.Do(func(w *bitrixtest.World) {
		w.Dismiss(1001)
		w.SetLanguage(1002, "de")
		w.SetCRMRights(1003, "DEAL", bitrixtest.CRMNone)
		w.SetLevel(1004, "HISTORY:view", bitrixtest.LevelAny)
		renamed := *w.Users[1005]
		renamed.Name = "Renamed"
		w.AddUser(renamed)
		w.AddUser(bitrixtest.User{Name: "Newcomer", Active: true})
		w.Accept(1780, 1006)
	})
	save := func(p *bitrixtest.Portal) []byte {
		t.Helper()
		var file bytes.Buffer
		if err := p.Save(&file); err != nil {
			t.Fatal(err)
		}
		return file.Bytes()
	}
	file := save(first)
	if !bytes.Equal(file, save(first)) {
		t.Error("the same state was saved in two ways")
	}
	if len(file) > 100_000 {
		t.Errorf("the file has %d bytes: it holds people that nobody changed", len(file))
	}
	second := bitrixtest.NewPortalWith(t, bitrixtest.Options{Mirror: there})
	if err := second.Load(bytes.NewReader(file)); err != nil {
		t.Fatal(err)
	}

	a, b := first.State(), second.State()
	if len(a.Users) != len(b.Users) {
		t.Fatalf("%d people became %d", len(a.Users), len(b.Users))
	}
	for i, u := range a.Users {
		got := *b.Users[i]
		got.LastActivity = u.LastActivity // of those who were not changed it counts from now
		if was, is := asJSON(t, u), asJSON(t, got); was != is {
			t.Errorf("person %d was\n%s and is\n%s", u.ID, was, is)
		}
	}
	for _, c := range []struct {
		name     string
		was, got any
	}{
		{"departments", a.Departments, b.Departments}, {"items", a.Items, b.Items}, {"chats", a.Chats, b.Chats}, {"sessions", a.Sessions, b.Sessions},
		{"activities", a.Activities, b.Activities}, {"tokens", a.Tokens, b.Tokens}, {"lines", a.Lines, b.Lines}, {"connectors", a.Connectors, b.Connectors},
	} {
		if was, got := asJSON(t, c.was), asJSON(t, c.got); was != got {
			t.Errorf("the %s were\n%s and are\n%s", c.name, was, got)
		}
	}

	for _, app := range b.Applications {
		switch wrong := app.ClientID == keys.ClientID && (app.HandlerURL != "http://app.localhost:2/app" || app.InstallURL != "http://app.localhost:2/install"); {
		case wrong, app.ClientID == other.ClientID && app.HandlerURL != "http://app.localhost:11/app":
			t.Errorf("application %s is at %s, installed at %s", app.Name, app.HandlerURL, app.InstallURL)
		}
	}
	if got := second.Placements()[0].Handler; got != "http://app.localhost:2/tab" {
		t.Errorf("the tab is at %s", got)
	}
	if got := second.EventHandlers()[0].Handler; got != "http://app.localhost:2/events?key=1" {
		t.Errorf("the events go to %s", got)
	}
	if _, got := exchangeToken(t, "POST", second.AuthURL(), refreshing(gone, left.Refresh)); got["error"] != "NOT_INSTALLED" {
		t.Errorf("the application that was deleted hears %v", got)
	}
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLoadRefusesWhatIsIncomplete(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	for name, text := range map[string]string{
		"nothing": "", "another version": `{"Version":99}`, "no tables": `{"Version":3,"MemberID":"x","World":{"Users":[{"ID":1}]}}`,
	} {
		if err := p.Load(strings.NewReader(text)); err == nil {
			t.Errorf("%s was loaded", name)
		}
	}
	if !slices.Contains(p.Participants(1763), 15) {
		t.Error("a refused file changed the portal")
	}
	p.Switch(func(s *bitrixtest.Switches) { s.Old = true })
	var file bytes.Buffer
	if err := p.Save(&file); err != nil {
		t.Fatal(err)
	}
	other := bitrixtest.NewPortal(t)
	if err := other.Load(&file); err != nil {
		t.Fatal(err)
	}
	other.Switch(func(s *bitrixtest.Switches) {
		if !s.Old {
			t.Error("the switches were not kept")
		}
	})
}
