package bitrixtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// methodScopes are the methods that the portal has, by the scope that opens
// them. Those of the empty scope are open to every token.
var methodScopes = map[string][]string{
	"": {
		"access.name", "app.info", "batch", "event.bind", "event.get", "event.test", "event.unbind", "events", "method.get", "methods",
		"profile", "scope", "server.time", "user.access", "user.admin",
	},
	"placement":  {"placement.bind", "placement.get", "placement.list", "placement.unbind"},
	"user_brief": {"user.current", "user.fields", "user.get", "user.online", "user.search"},
	"department": {"department.fields", "department.get"},
	"crm": {
		"crm.company.get", "crm.contact.company.items.get", "crm.contact.get", "crm.deal.contact.items.get", "crm.deal.get",
		"crm.item.get", "crm.item.list", "crm.item.update", "crm.lead.get", "crm.timeline.comment.add",
	},
	"imopenlines": {
		"imopenlines.config.get", "imopenlines.config.list.get", "imopenlines.crm.chat.get", "imopenlines.crm.chat.getLastId",
		"imopenlines.crm.chat.user.add", "imopenlines.crm.chat.user.delete", "imopenlines.crm.message.add", "imopenlines.dialog.get",
		"imopenlines.operator.another.finish", "imopenlines.operator.answer", "imopenlines.operator.finish", "imopenlines.operator.skip",
		"imopenlines.operator.spam", "imopenlines.operator.transfer", "imopenlines.session.history.get", "imopenlines.session.intercept",
		"imopenlines.session.join", "imopenlines.session.mode.silent", "imopenlines.session.open", "imopenlines.session.start",
	},
	"im": {
		"im.chat.get", "im.chat.leave", "im.chat.user.add", "im.chat.user.delete", "im.chat.user.list", "im.counters.get",
		"im.department.colleagues.list", "im.department.employees.get", "im.department.get", "im.department.managers.get",
		"im.dialog.get", "im.dialog.users.list", "im.message.add", "im.notify.personal.add", "im.notify.system.add", "im.recent.list",
		"im.search.department.list", "im.search.user.list", "im.user.get", "im.user.list.get", "im.user.status.get",
	},
}

func TestEveryMethodAsksForItsScope(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	bare, all := registered(t, p, "task"), registered(t, p, "crm", "im", "imopenlines", "placement", "user_brief", "department")
	without, with := p.Token(bare.ClientID, 1).Access, p.Token(all.ClientID, 1).Access
	total := 0
	for scope, methods := range methodScopes {
		total += len(methods)
		for _, method := range methods {
			a := callApp(t, p, without, method, nil)
			if refused := a.Error != nil && *a.Error == "insufficient_scope"; refused != (scope != "") {
				t.Errorf("%s without its scope answered %s", method, a)
			}
			for _, name := range []string{method, strings.ToUpper(method), method + ".json"} {
				if a := callApp(t, p, with, name, nil); a.Error != nil && (*a.Error == "insufficient_scope" || *a.Error == "ERROR_METHOD_NOT_FOUND") && name != strings.ToUpper("imopenlines.crm.chat.getLastId") {
					t.Errorf("%s with its scope answered %s", name, a)
				}
			}
		}
	}
	var named []string
	callApp(t, p, with, "methods", nil).into(t, &named)
	if len(named) != total {
		t.Errorf("the portal has %d methods, the table %d: %v", len(named), total, named)
	}
	callApp(t, p, without, "methods", nil).into(t, &named)
	if len(named) != len(methodScopes[""]) {
		t.Errorf("a token without scopes may call %v", named)
	}
}

func TestWhatEveryTokenMayAsk(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p, "crm", "im")
	admin, ivan := p.Token(keys.ClientID, 1).Access, p.Token(keys.ClientID, 15).Access
	for _, c := range []struct {
		name, token, method string
		params              args
		want                want
	}{
		{"who an employee is", ivan, "profile", nil, want{result: `{"ADMIN":false,"ID":"15","LAST_NAME":"Petrov","NAME":"Ivan","PERSONAL_GENDER":"M","TIME_ZONE":""}`}},
		{"that the administrator is one", admin, "user.admin", nil, want{result: `true`}},
		{"that an employee is none", ivan, "user.admin", nil, want{result: `false`}},
		{"the scopes of the token", ivan, "scope", nil, want{result: `["crm","im"]`}},
		{"about a method of the token", ivan, "method.get", args{"name": "crm.item.get"}, want{result: `{"isAvailable":true,"isExisting":true}`}},
		{"about a method of another scope", ivan, "method.get", args{"name": "imopenlines.dialog.get"}, want{result: `{"isAvailable":false,"isExisting":true}`}},
		{"about no method", ivan, "method.get", args{"name": "no.such"}, want{result: `{"isAvailable":false,"isExisting":false}`}},
		{"about the application", ivan, "app.info", nil, want{result: fmt.Sprintf(`{"CODE":%q,"DAYS":null,"ID":1,"INSTALLED":true,"LANGUAGE_ID":"en","LICENSE":"en_basic","LICENSE_FAMILY":"basic",`+
			`"LICENSE_TYPE":"basic","PAYMENT_EXPIRED":"N","STATUS":"L","VERSION":1}`, keys.ClientID)}},
		{"for an own right", ivan, "user.access", args{"ACCESS": "U15"}, want{result: `true`}},
		{"for one of several rights", ivan, "user.access", args{"ACCESS": []string{"U22", "D5"}}, want{result: `true`}},
		{"for the rights of a department above", ivan, "user.access", args{"ACCESS": "DR1"}, want{result: `true`}},
		{"for the rights of others", ivan, "user.access", args{"ACCESS": []string{"U22", "D7", "SG99", "G1", "ŉ1", ""}}, want{result: `false`}},
		{"for any right as the administrator", admin, "user.access", args{"ACCESS": "U22"}, want{result: `true`}},
		{"for no right", ivan, "user.access", nil, want{status: 400, code: "ERROR_ARGUMENT", text: "ACCESS"}},
		{"the names of rights", ivan, "access.name", args{"ACCESS": []string{"U22", "D7", "SG3", "AU", "X9", "ŉ1"}}, want{result: `{` +
			`"AU":{"name":"All authorized users","provider":"","provider_id":"au"},"D7":{"name":"Logistics","provider":"Departments","provider_id":"d"},` +
			`"SG3":{"name":"Partners","provider":"Workgroups","provider_id":"sg"},"U22":{"name":"Olga Sidorova","provider":"Users","provider_id":"u"}}`}},
		{"the names of unknown rights", ivan, "access.name", args{"ACCESS": []string{"X9"}}, want{result: `[]`}},
		{"the names of no rights", ivan, "access.name", args{"ACCESS": "U22"}, want{result: `false`}},
	} {
		t.Run(c.name, func(t *testing.T) { c.want.check(t, callApp(t, p, c.token, c.method, c.params)) })
	}
	var now time.Time
	callApp(t, p, ivan, "server.time", nil).into(t, &now)
	if _, offset := now.Zone(); time.Since(now).Abs() > time.Minute || offset != 3*60*60 {
		t.Errorf("the server's time is %v", now)
	}
}

func TestMessagesAreCheckedBeforeTheyAreSent(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	own := p.Messages(1763)[1].ID
	foreign, hidden := p.Messages(1755)[0].ID, p.Messages(1770)[0].ID
	before := len(p.Messages(1763))
	for _, c := range []struct {
		name   string
		params args
		want   want
	}{
		{"an empty one", args{"MESSAGE": ""}, want{status: 400, code: "MESSAGE_EMPTY"}},
		{"buttons that are no JSON", args{"KEYBOARD": "{"}, want{status: 400, code: "KEYBOARD_ERROR"}},
		{"a menu that is no JSON", args{"MENU": "{"}, want{status: 400, code: "MENU_ERROR"}},
		{"an attachment that is no JSON", args{"ATTACH": "{"}, want{status: 400, code: "ATTACH_ERROR"}},
		{"an attachment that is too large", args{"ATTACH": args{"MESSAGE": strings.Repeat("x", 60_000)}}, want{status: 400, code: "ATTACH_OVERSIZE"}},
		{"an answer to a message of another chat", args{"REPLY_ID": foreign}, want{status: 403, code: "REPLY_FROM_OTHER_CHAT_ERROR"}},
		{"an answer to no message", args{"REPLY_ID": 1}, want{status: 403, code: "REPLY_ACCESS_ERROR"}},
		{"an answer to a message out of reach", args{"REPLY_ID": hidden}, want{status: 403, code: "REPLY_ACCESS_ERROR"}},
		{"to a chat that is none", args{"DIALOG_ID": "chat99999"}, want{status: 400, code: "CHAT_ID"}},
		{"to the chat zero", args{"DIALOG_ID": "chat0"}, want{status: 400, code: "CHAT_ID_EMPTY"}},
		{"to a chat without a number", args{"DIALOG_ID": "chat"}, want{status: 400, code: "USER_ID_EMPTY"}},
		{"to nobody, before what is attached", args{"DIALOG_ID": "99999", "ATTACH": "{"}, want{status: 400, code: "USER_NOT_FOUND"}},
		{"to nobody", args{"DIALOG_ID": "99999"}, want{status: 400, code: "USER_NOT_FOUND"}},
		{"without an address", args{"DIALOG_ID": nil}, want{status: 400, code: "PARAMS_ERROR", text: "Incorrect params"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			message := args{"DIALOG_ID": "chat1763", "MESSAGE": "Hello"}
			for key, value := range c.params {
				message[key] = value
			}
			c.want.check(t, call(t, p, 15, "im.message.add", message))
		})
	}
	if got := len(p.Messages(1763)); got != before {
		t.Errorf("%d messages were written", got-before)
	}
	call(t, p, 15, "im.message.add", args{"DIALOG_ID": "chat1763", "MESSAGE": "Hello", "REPLY_ID": own, "KEYBOARD": args{"BUTTONS": []args{{"TEXT": "Yes"}}}}).ok(t)
}

func TestADialogTellsHowFarItsReaderHasRead(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	call(t, p, 1, userAdd, adding("DEAL", 77, 1763, 23)).ok(t)
	read := p.Messages(1763)[len(p.Messages(1763))-1].ID
	p.Do(func(w *bitrixtest.World) { w.PostMessage(1763, 431, "Hello?") })
	dialog := func(user int) answer { return call(t, p, user, dialogGet, args{"CHAT_ID": 1763}) }
	field("last_id", fmt.Sprint(read))(t, dialog(23))
	field("counter", "1")(t, dialog(23))
	field("counter", "0")(t, dialog(1))
}

func TestAPortalWithoutMessengerSaysSo(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	p.Switch(func(s *bitrixtest.Switches) { s.Messenger = false })
	missing := want{status: 400, code: "IM_NOT_INSTALLED", text: "Messenger is not installed."}
	missing.check(t, call(t, p, 15, userAdd, adding("DEAL", 77, 1763, 23)))
	missing.check(t, call(t, p, 15, userDelete, adding("DEAL", 77, 1763, 15)))
	missing.check(t, call(t, p, 15, dialogGet, args{"CHAT_ID": 1763}))
	want{status: 400, code: "ERROR_ARGUMENT"}.check(t, call(t, p, 15, userAdd, args{"CRM_ENTITY_TYPE": "DEAL"}))
	want{status: 404, code: "ERROR_METHOD_NOT_FOUND"}.check(t, call(t, p, 15, "im.user.get", nil))
	p.SetOld(true)
	missing.check(t, call(t, p, 15, userAdd, adding("DEAL", 77, 1763, 23)))
}
