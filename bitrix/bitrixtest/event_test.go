package bitrixtest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// listener keeps the events it gets.
type listener struct {
	*httptest.Server
	mu     sync.Mutex // guards events
	events []url.Values
	status int
}

func newListener(t *testing.T) *listener {
	t.Helper()
	l := &listener{status: http.StatusOK}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		l.mu.Lock()
		defer l.mu.Unlock()
		l.events = append(l.events, r.PostForm)
		w.WriteHeader(l.status)
	}))
	t.Cleanup(l.Close)
	return l
}

// got waits for the portal to deliver, and takes what arrived.
func (l *listener) got(t *testing.T, p *bitrixtest.Portal) []url.Values {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := p.DeliverEvents(ctx); err != nil {
		t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	events := l.events
	l.events = nil
	return events
}

func fields(t *testing.T, event url.Values, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got := event.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
}

func TestBindingEvents(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p, "crm")
	admin, ivan := p.Token(keys.ClientID, 1).Access, p.Token(keys.ClientID, 15).Access
	bind := func(more ...any) args {
		a := args{"event": "OnAppUninstall", "handler": handler}
		for i := 0; i < len(more); i += 2 {
			a[more[i].(string)] = more[i+1]
		}
		return a
	}
	for _, c := range []struct {
		name   string
		token  string
		params args
		want   want
	}{
		{"an administrator binds for everybody", admin, bind(), want{result: "true"}},
		{"the same again", admin, bind(), want{status: 400, code: "ERROR_CORE", text: "Unable to set event handler: Handler already binded"}},
		{"names in any case", admin, args{"Event": "onappinstall", "HANDLER": handler}, want{result: "true"}},
		{"an employee binds for himself", ivan, bind("event", "ONCRMDEALUPDATE"), want{result: "true"}},
		{"an employee binds for somebody else", ivan, bind("auth_type", 22), want{status: 403, code: "ACCESS_DENIED", text: "AUTH_TYPE requires administrator access rights"}},
		{"an employee binds offline events", ivan, bind("event_type", "offline"), want{status: 403, code: "ACCESS_DENIED", text: "Offline events binding requires administrator"}},
		{"an administrator binds offline events", admin, args{"event": "ONCRMDEALUPDATE", "event_type": "offline"}, want{result: "true"}},
		{"another kind", admin, bind("event_type", "sometimes"), want{status: 400, code: "ERROR_ARGUMENT"}},
		{"without an event", admin, args{"handler": handler}, want{status: 400, code: "ERROR_ARGUMENT", text: "'EVENT'"}},
		{"without a handler", admin, args{"event": "ONAPPTEST"}, want{status: 400, code: "ERROR_ARGUMENT", text: "'HANDLER'"}},
		{"an unknown event", admin, bind("event", "ONMOONRISE"), want{status: 400, code: "ERROR_EVENT_NOT_FOUND", text: "Event not found"}},
		{"an event without its scope", admin, bind("event", "ONSESSIONSTART"), want{status: 400, code: "ERROR_EVENT_NOT_FOUND"}},
		{"a host without a dot", admin, bind("handler", "http://localhost:8080/events"), want{status: 400, code: "ERROR_WRONG_HANDLER_URL"}},
		{"another protocol", admin, bind("handler", "gopher://app.example/"), want{status: 400, code: "ERROR_UNSUPPORTED_PROTOCOL"}},
	} {
		t.Run(c.name, func(t *testing.T) { c.want.check(t, callApp(t, p, c.token, "event.bind", c.params)) })
	}
	want{status: 403, code: "WRONG_AUTH_TYPE"}.check(t, call(t, p, 1, "event.bind", bind()))
	want{result: `[{"auth_type":"15","event":"ONCRMDEALUPDATE","handler":"` + handler + `","offline":0}]`}.check(t, callApp(t, p, ivan, "event.get", nil))
	want{result: `[{"auth_type":"0","event":"ONAPPUNINSTALL","handler":"` + handler + `","offline":0},` +
		`{"auth_type":"0","event":"ONAPPINSTALL","handler":"` + handler + `","offline":0},` +
		`{"auth_type":"15","event":"ONCRMDEALUPDATE","handler":"` + handler + `","offline":0},` +
		`{"auth_type":"0","connector_id":"","event":"ONCRMDEALUPDATE","offline":1}]`}.check(t, callApp(t, p, admin, "event.get", nil))
	unbind := func(params args) answer { return callApp(t, p, admin, "event.unbind", params) }
	want{result: `{"count":0}`}.check(t, unbind(bind("handler", handler+"2")))
	want{result: `{"count":1}`}.check(t, unbind(bind()))
	want{result: `{"count":1}`}.check(t, unbind(args{"event": "oncrmdealupdate"}))
	want{status: 400, code: "ERROR_ARGUMENT"}.check(t, unbind(nil))
	if left := p.EventHandlers(); len(left) != 2 {
		t.Errorf("the portal still holds %+v", left)
	}
}

func TestTheLifeOfAnApplicationIsToldInEvents(t *testing.T) {
	p, l := bitrixtest.NewPortal(t), newListener(t)
	keys := p.Register(bitrixtest.App{Name: "Test", HandlerURL: "http://app.localhost:1/app", InstallURL: "http://app.localhost:1/install", Scopes: []string{"crm", "im"}})
	access := p.Token(keys.ClientID, 1).Access
	for _, event := range []string{"ONAPPINSTALL", "ONAPPUNINSTALL"} {
		callApp(t, p, access, "event.bind", args{"event": event, "handler": l.URL + "/events", "auth_type": 1}).ok(t)
	}
	if p.Installed(keys.ClientID) || len(l.got(t, p)) != 0 {
		t.Fatal("an application with an install page was installed by itself")
	}
	if err := p.FinishInstall(keys.ClientID); err != nil {
		t.Fatal(err)
	}
	if err := p.FinishInstall(keys.ClientID); err != nil {
		t.Fatal(err)
	}
	events := l.got(t, p)
	if len(events) != 1 || !p.Installed(keys.ClientID) {
		t.Fatalf("installing sent %d events", len(events))
	}
	common := map[string]string{
		"auth[domain]": p.Domain(), "auth[client_endpoint]": p.RESTURL(), "auth[server_endpoint]": p.AuthURL() + "/rest/",
		"auth[member_id]": p.MemberID(), "auth[application_token]": keys.ApplicationToken,
	}
	fields(t, events[0], common)
	fields(t, events[0], map[string]string{
		"event": "ONAPPINSTALL", "data[VERSION]": "1", "data[ACTIVE]": "Y", "data[INSTALLED]": "Y", "data[LANGUAGE_ID]": "en",
		"auth[expires_in]": "3600", "auth[scope]": "crm,im", "auth[status]": "L", "auth[user_id]": "1",
	})
	callApp(t, p, events[0].Get("auth[access_token]"), "profile", nil).ok(t)
	if status, _ := exchangeToken(t, http.MethodPost, p.AuthURL(), refreshing(keys, events[0].Get("auth[refresh_token]"))); status != http.StatusOK {
		t.Errorf("the refresh token of the event answered %d", status)
	}
	for name, want := range map[string]time.Time{"ts": time.Now(), "auth[expires]": time.Now().Add(time.Hour)} {
		if at, err := strconv.ParseInt(events[0].Get(name), 10, 64); err != nil || want.Sub(time.Unix(at, 0)).Abs() > time.Minute {
			t.Errorf("%s is %q, want about %d", name, events[0].Get(name), want.Unix())
		}
	}
	p.Uninstall(keys.ClientID, true)
	if events = l.got(t, p); len(events) != 1 {
		t.Fatalf("deleting sent %d events", len(events))
	}
	fields(t, events[0], common)
	fields(t, events[0], map[string]string{"event": "ONAPPUNINSTALL", "data[CLEAN]": "1", "data[LANGUAGE_ID]": "en", "auth[access_token]": "", "auth[user_id]": "", "auth[refresh_token]": ""})
	if len(p.EventHandlers()) != 0 || p.Installed(keys.ClientID) {
		t.Error("something of the application is left")
	}
	want{status: 401, code: "APPLICATION_NOT_FOUND"}.check(t, callApp(t, p, access, "profile", nil))
}

func TestAnApplicationThatOnlyUsesTheAPIIsInstalledAtOnce(t *testing.T) {
	p, l := bitrixtest.NewPortal(t), newListener(t)
	keys := p.Register(bitrixtest.App{Name: "Robot", HandlerURL: l.URL, InstallURL: l.URL + "/install", Scopes: []string{"crm"}, OnlyAPI: true})
	events := l.got(t, p)
	if len(events) != 1 || events[0].Get("event") != "ONAPPINSTALL" || events[0].Get("auth[application_token]") != keys.ApplicationToken {
		t.Errorf("registering sent %v", events)
	}
	if !p.Installed(keys.ClientID) {
		t.Error("it is not installed")
	}
}

func TestSessionsAreToldToThoseWhoBoundThem(t *testing.T) {
	p, l := bitrixtest.NewPortal(t), newListener(t)
	keys := registered(t, p)
	callApp(t, p, p.Token(keys.ClientID, 1).Access, "event.bind", args{"event": "OnSessionFinish", "handler": l.URL}).ok(t)
	callApp(t, p, p.Token(keys.ClientID, 15).Access, "event.bind", args{"event": "OnSessionFinish", "handler": l.URL}).ok(t)
	p.Do(func(w *bitrixtest.World) { w.CloseSession(1763) })
	events := l.got(t, p)
	if len(events) != 2 {
		t.Fatalf("%d events came", len(events))
	}
	fields(t, events[0], map[string]string{"event": "ONSESSIONFINISH", "data[DATA][chat][chat_id]": "1763", "data[DATA][connector][user_id]": "431", "auth[access_token]": ""})
	fields(t, events[1], map[string]string{"auth[user_id]": "15", "auth[refresh_token]": ""})
	callApp(t, p, events[1].Get("auth[access_token]"), "profile", nil).ok(t)
}

func TestMessagesOfAnOpenChannelAreToldInBothDirections(t *testing.T) {
	p, l := bitrixtest.NewPortal(t), newListener(t)
	keys := registered(t, p, "imopenlines", "im")
	admin := p.Token(keys.ClientID, 1).Access
	callApp(t, p, admin, "event.bind", args{"event": "OnOpenLineMessageAdd", "handler": l.URL}).ok(t)
	p.Do(func(w *bitrixtest.World) { w.PostMessage(1763, 431, "Are the chairs here?") })
	ivan := p.Token(keys.ClientID, 15).Access
	written := callApp(t, p, ivan, "im.message.add", args{"DIALOG_ID": "chat1763", "MESSAGE": "They are"}).ok(t)
	for _, inside := range []args{{"SYSTEM": "Y"}, {"SKIP_CONNECTOR": "Y"}, {"DIALOG_ID": "22"}} {
		message := args{"DIALOG_ID": "chat1763", "MESSAGE": "Between ourselves"}
		for key, value := range inside {
			message[key] = value
		}
		callApp(t, p, ivan, "im.message.add", message).ok(t)
	}
	events := l.got(t, p)
	if len(events) != 2 {
		t.Fatalf("%d events came, want those of the messages that the customer wrote and got: %v", len(events), events)
	}
	common := map[string]string{
		"event": "ONOPENLINEMESSAGEADD", "data[DATA][connector][connector_id]": "telegrambot", "data[DATA][connector][line_id]": "5",
		"data[DATA][connector][user_id]": "431", "data[DATA][chat][id]": "1763", "data[DATA][message][system]": "N",
		"auth[application_token]": keys.ApplicationToken, "auth[member_id]": p.MemberID(), "auth[client_endpoint]": p.RESTURL(), "auth[refresh_token]": "",
	}
	for _, event := range events {
		fields(t, event, common)
	}
	fields(t, events[0], map[string]string{"data[DATA][message][text]": "Are the chairs here?", "data[DATA][message][user_id]": "431", "data[CONNECTOR]": "", "auth[access_token]": ""})
	fields(t, events[1], map[string]string{"data[DATA][message][id]": string(written), "data[DATA][message][user_id]": "15", "data[CONNECTOR]": "telegrambot", "data[LINE]": "5", "auth[user_id]": "15"})
	callApp(t, p, events[1].Get("auth[access_token]"), "profile", nil).ok(t)
}

func TestChangesOfItemsAreToldHoweverTheyAreMade(t *testing.T) {
	p, l := bitrixtest.NewPortal(t), newListener(t)
	keys := registered(t, p)
	admin := p.Token(keys.ClientID, 1).Access
	for _, event := range []string{"OnCrmDealAdd", "OnCrmDealUpdate", "OnCrmDealDelete", "OnCrmDynamicItemUpdate", "OnUserAdd"} {
		callApp(t, p, admin, "event.bind", args{"event": event, "handler": l.URL}).ok(t)
	}
	callApp(t, p, admin, "crm.item.update", args{"entityTypeId": 2, "id": 77, "fields": args{"title": "Chairs"}}).ok(t)
	ivan := visitAs(t, p, 15)
	ivan.post("/crm/deal/details/77/observer", url.Values{"add": {"23"}}).redirect("/crm/deal/details/77/")
	created := ivan.post("/crm/deal/details/0/save", url.Values{"title": {"Tables"}})
	p.Do(func(w *bitrixtest.World) {
		w.RemoveItem(bitrixtest.ItemKey{Type: "DEAL", ID: 80})
		w.AddItem(bitrixtest.Item{ItemKey: bitrixtest.ItemKey{Type: "CONTACT", ID: 99}, Title: "Nobody asked", AssignedBy: 1})
		w.KnownTypes[177] = "Repairs"
		repair := bitrixtest.Item{ItemKey: bitrixtest.ItemKey{Type: "DYNAMIC_177", ID: 4}, Title: "Repair", AssignedBy: 1}
		w.AddItem(repair)
		w.AddItem(repair)
		w.AddUser(bitrixtest.User{ID: 600, Name: "Nina", Active: true})
		w.AddUser(bitrixtest.User{ID: 601, Type: bitrixtest.Customer, Active: true})
	})
	id := strings.Trim(strings.TrimPrefix(created.Header.Get("Location"), "/crm/deal/details/"), "/")
	events := l.got(t, p)
	for i, want := range []map[string]string{
		{"event": "ONCRMDEALUPDATE", "data[FIELDS][ID]": "77", "auth[user_id]": "1"},
		{"event": "ONCRMDEALUPDATE", "data[FIELDS][ID]": "77", "auth[user_id]": "15"},
		{"event": "ONCRMDEALADD", "data[FIELDS][ID]": id, "auth[user_id]": "15"},
		{"event": "ONCRMDEALDELETE", "data[FIELDS][ID]": "80", "auth[access_token]": ""},
		{"event": "ONCRMDYNAMICITEMUPDATE", "data[FIELDS][ID]": "4", "data[FIELDS][ENTITY_TYPE_ID]": "177"},
		{"event": "ONUSERADD", "data[ID]": "600", "data[NAME]": "Nina"},
	} {
		if i >= len(events) {
			t.Fatalf("%d events came: %v", len(events), events)
		}
		fields(t, events[i], want)
		fields(t, events[i], map[string]string{"auth[application_token]": keys.ApplicationToken})
	}
	if len(events) != 6 {
		t.Errorf("%d events came, want 6: %v", len(events), events)
	}
	want{status: 400, code: "ERROR_EVENT_NOT_FOUND"}.check(t, callApp(t, p, admin, "event.bind", args{"event": "OnImBotJoinChat", "handler": l.URL}))
}

func TestATestEventEchoesItsParameters(t *testing.T) {
	p, l := bitrixtest.NewPortal(t), newListener(t)
	keys := registered(t, p)
	access := p.Token(keys.ClientID, 1).Access
	callApp(t, p, access, "event.bind", args{"event": "OnAppTest", "handler": l.URL}).ok(t)
	l.status = http.StatusInternalServerError
	want{result: "1"}.check(t, callApp(t, p, access, "event.test", args{"say": "hello", "list": []int{1, 2}}))
	events := l.got(t, p)
	if len(events) != 1 {
		t.Fatalf("%d events came, want one although it was refused", len(events))
	}
	fields(t, events[0], map[string]string{"data[QUERY][say]": "hello", "data[QUERY][list][1]": "2", "data[QUERY][auth]": ""})
}

func TestClosingThePortalBreaksADeliveryOff(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-release
	}))
	defer slow.Close()
	defer close(release)
	keys := registered(t, p)
	access := p.Token(keys.ClientID, 1).Access
	callApp(t, p, access, "event.bind", args{"event": "OnAppTest", "handler": slow.URL}).ok(t)
	callApp(t, p, access, "event.test", nil).ok(t)
	<-arrived
	closed := make(chan struct{})
	go func() {
		p.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(4 * time.Second):
		t.Error("the portal waits for a handler that does not answer")
	}
}
