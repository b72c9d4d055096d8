package bitrixtest_test

import (
	"slices"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func deal(id int) args { return args{"entityTypeId": 2, "id": id} }

func TestReadingItems(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	const get = "crm.item.get"
	missing := want{status: 400, code: "NOT_FOUND", text: "Item not found"}
	for _, c := range []struct {
		name   string
		caller int
		params args
		want   want
	}{
		{"people from outside are refused first", 40, args{"entityTypeId": 99, "id": 1}, want{status: 403, code: "allowed_only_intranet_user"}},
		{"the type has to exist", 15, args{"entityTypeId": 99, "id": 1}, want{status: 400, code: "NOT_FOUND", text: "SPA not found"}},
		{"the item has to exist", 15, deal(99999), missing},
		{"for administrators too", 1, deal(99999), missing},
		{"existence is asked before the right", 22, deal(99999), missing},
		{"the right to read is a 400 here", 22, deal(78), want{status: 400, code: "ACCESS_DENIED", text: "permission to view"}},
	} {
		t.Run(c.name, func(t *testing.T) { c.want.check(t, call(t, p, c.caller, get, c.params)) })
	}
	a := call(t, p, 22, get, deal(77))
	for path, value := range map[string]string{
		"item.id": "77", "item.contactIds": "[31]", "item.companyId": "12", "item.leadId": "0", "item.observers": "[22]",
		"item.assignedById": "15", "item.entityTypeId": "2",
	} {
		field(path, value)(t, a)
	}
	a = call(t, p, 15, get, args{"entityTypeId": 3, "id": 31})
	field("item.companyIds", "[12]")(t, a)
	field("item.lastName", `"Lee"`)(t, a)
	chats := map[string]bool{}
	for _, row := range addresses(t, a) {
		if row.TypeID == "IM" {
			chats[row.Value] = true
		}
	}
	if !chats["imol|telegrambot|5|101763|431"] || !chats["imol|telegrambot|6|101770|431"] {
		t.Errorf("the contact's messengers are %v", chats)
	}
}

type address struct{ TypeID, Value string }

func addresses(t *testing.T, a answer) []address {
	t.Helper()
	var item struct{ Item struct{ FM []address } }
	a.into(t, &item)
	return item.Item.FM
}

func TestMakingSomebodyAnObserverIsTheCure(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	add := adding("DEAL", 77, 1763, 31)
	p.Do(func(w *bitrixtest.World) { w.SetCRMRights(31, "DEAL", bitrixtest.CRMNone) })
	denied("this CRM entity").check(t, call(t, p, 1, userAdd, add))
	observers := args{"entityTypeId": 2, "id": 77, "fields": args{"observers": []int{22, 31, 999}}}
	want{status: 400, code: "ACCESS_DENIED", text: "permission to edit"}.check(t, call(t, p, 22, "crm.item.update", observers))
	want{status: 400, code: "100"}.check(t, call(t, p, 15, "crm.item.update", deal(77)))
	want{status: 400, code: "100"}.check(t, call(t, p, 15, "crm.item.update", args{"entityTypeId": 2, "id": 77, "fields": "observers"}))
	want{status: 400, code: "NOT_FOUND"}.check(t, call(t, p, 15, "crm.item.update", args{"entityTypeId": 2, "id": 99999, "fields": args{}}))
	want{status: 403, code: "allowed_only_intranet_user"}.check(t, call(t, p, 40, "crm.item.update", observers))
	field("item.observers", "[22]")(t, call(t, p, 15, "crm.item.get", deal(77)))
	field("item.observers", "[22,31]")(t, call(t, p, 15, "crm.item.update", observers))
	field("item.observers", "[22,31]")(t, call(t, p, 31, "crm.item.get", deal(77)))
	added.check(t, call(t, p, 1, userAdd, add))
	if got, want := p.Participants(1763), []int{431, 15, 31}; !slices.Equal(got, want) {
		t.Errorf("the chat holds %v, want %v", got, want)
	}
	none := args{"entityTypeId": 2, "id": 77, "fields": args{"observers": []int{}}}
	field("item.observers", "[]")(t, call(t, p, 15, "crm.item.update", none))
	want{status: 400, code: "ACCESS_DENIED"}.check(t, call(t, p, 31, "crm.item.get", deal(77)))
}

func TestListsOfItems(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	list := func(caller int, more args) []int {
		t.Helper()
		params := args{"entityTypeId": 2}
		for k, v := range more {
			params[k] = v
		}
		var found struct{ Items []struct{ ID int } }
		call(t, p, caller, "crm.item.list", params).into(t, &found)
		ids := []int{}
		for _, i := range found.Items {
			ids = append(ids, i.ID)
		}
		return ids
	}
	for _, c := range []struct {
		name   string
		caller int
		more   args
		want   []int
	}{
		{"only readable items", 15, nil, []int{77, 80}},
		{"observed ones are readable", 22, nil, []int{77}},
		{"by id", 1, args{"filter": args{"id": []int{80, 78}}}, []int{78, 80}},
		{"by a part of the title", 1, args{"filter": args{"%title": "FURNITURE"}}, []int{78}},
		{"sorted down", 15, args{"order": args{"id": "DESC"}}, []int{80, 77}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := list(c.caller, c.more); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	want{status: 400, code: "INVALID_ARG_VALUE"}.check(t,
		call(t, p, 1, "crm.item.list", args{"entityTypeId": 2, "filter": args{"pigeon": 1}}))
	want{status: 400, code: "NOT_FOUND"}.check(t, call(t, p, 1, "crm.item.list", args{"entityTypeId": 99}))
	want{status: 403, code: "allowed_only_intranet_user"}.check(t, call(t, p, 40, "crm.item.list", deal(0)))
	p.Do(func(w *bitrixtest.World) {
		for range 60 {
			w.AddItem(bitrixtest.Item{ItemKey: bitrixtest.ItemKey{Type: "DEAL"}, Title: "One of many", AssignedBy: 23})
		}
	})
	for start, size := range map[int]int{0: 50, 50: 10, 60: 0} {
		a := call(t, p, 1, "crm.item.list", args{"entityTypeId": 2, "filter": args{"assignedById": 23}, "select": []string{"id", "title"}, "start": start})
		var page struct{ Items []map[string]any }
		a.into(t, &page)
		if len(page.Items) != size || a.Total == nil || *a.Total != 60 || (a.Next != nil) != (start == 0) {
			t.Errorf("from %d came %d items, total %v, next %v", start, len(page.Items), a.Total, a.Next)
		}
		if size > 0 && len(page.Items[0]) != 2 {
			t.Errorf("selected were %v", page.Items[0])
		}
	}
}

func TestOlderCRMMethodsHaveNoCodes(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	for _, c := range []struct {
		method string
		caller int
		params args
		want   want
	}{
		{"crm.deal.get", 15, nil, want{status: 400, text: "ID is not defined or invalid"}},
		{"crm.deal.get", 15, args{"ID": 99999}, want{status: 400, text: "Not found"}},
		{"crm.deal.get", 22, args{"ID": 78}, want{status: 400, text: "Access denied"}},
		{"crm.company.get", 22, args{"ID": 12}, want{status: 400, text: "Not found"}},
		{"crm.contact.company.items.get", 15, args{"id": 31}, want{result: `[{"COMPANY_ID":12,"IS_PRIMARY":"Y","ROLE_ID":0,"SORT":10}]`}},
	} {
		c.want.check(t, call(t, p, c.caller, c.method, c.params))
	}
	a := call(t, p, 15, "crm.lead.get", args{"id": "55"})
	field("ID", `"55"`)(t, a)
	field("PHONE.0.VALUE", `"+1 555 0177"`)(t, a)
}

func TestCommentsInTheTimeline(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	const add = "crm.timeline.comment.add"
	comment := func(typ any, id int, text string) args {
		return args{"fields": args{"ENTITY_TYPE": typ, "ENTITY_ID": id, "COMMENT": text}}
	}
	for _, c := range []struct {
		name   string
		caller int
		params args
		want   want
	}{
		{"no fields", 15, nil, want{status: 400, code: "100", text: "Could not find value"}},
		{"fields that are a text", 15, args{"fields": "x"}, want{status: 400, code: "100", text: "Should be value of type array"}},
		{"fields under another name", 15, args{"FIELDS": comment("deal", 77, "x")["fields"]}, want{status: 400, code: "100"}},
		{"names in lower case", 15, args{"fields": args{"entity_type": "deal", "entity_id": 77, "comment": "x"}}, want{status: 400, code: "OWNER_NOT_FOUND"}},
		{"an unknown type", 15, comment("pigeon", 77, "x"), want{status: 400, code: "OWNER_NOT_FOUND"}},
		{"no id", 15, comment("deal", 0, "x"), want{status: 400, code: "OWNER_NOT_FOUND"}},
		{"a missing item is out of reach", 15, comment("deal", 99999, "x"), want{status: 400, code: "ACCESS_DENIED"}},
		{"for an administrator it is missing", 1, comment("deal", 99999, "x"), want{status: 400, code: "NOT_FOUND"}},
		{"an item that one cannot read", 22, comment("deal", 78, "x"), want{status: 400, code: "ACCESS_DENIED"}},
		{"an item that one only reads", 22, comment("deal", 77, "x"), want{status: 400, code: "ACCESS_DENIED"}},
		{"no text", 15, comment("deal", 77, " \n"), want{status: 400, code: "INVALID_ARG_VALUE", text: "Empty comment message"}},
	} {
		t.Run(c.name, func(t *testing.T) { c.want.check(t, call(t, p, c.caller, add, c.params)) })
	}
	if a := call(t, p, 15, add, comment("DEAL", 77, " Olga was added\n")); kind(a.ok(t)) != "int" {
		t.Errorf("got %s", a)
	}
	call(t, p, 15, add, args{"fields": args{"ENTITY_TYPE_ID": 3, "ENTITY_ID": "31", "COMMENT": "Pavel was added", "AUTHOR_ID": 1}}).ok(t)
	p.Do(func(w *bitrixtest.World) {
		if len(w.Timeline) != 2 || w.Timeline[0].Text != "Olga was added" || w.Timeline[0].Author != 15 || w.Timeline[0].Item != dealKey(77) ||
			w.Timeline[1].Item != (bitrixtest.ItemKey{Type: "CONTACT", ID: 31}) || w.Timeline[1].Author != 15 {
			t.Errorf("the timeline holds %+v", w.Timeline)
		}
	})
}

func TestAChatOutlivesItsSessionInTheListOfAll(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	p.Do(func(w *bitrixtest.World) {
		for id, s := range w.Sessions {
			if s.Chat == 1701 {
				delete(w.Sessions, id)
			}
		}
	})
	want{result: `[{"CHAT_ID":"1763","CONNECTOR_ID":"telegrambot","CONNECTOR_TITLE":"Telegram"},` +
		`{"CHAT_ID":null,"CONNECTOR_ID":"livechat","CONNECTOR_TITLE":"Live Chat"}]`}.
		check(t, call(t, p, 15, chatGet, item("DEAL", 77, "ACTIVE_ONLY", "N")))
	for _, value := range []string{"n", "false", "0"} {
		want{result: chatRows("1763 telegrambot Telegram")}.check(t, call(t, p, 15, chatGet, item("DEAL", 77, "ACTIVE_ONLY", value)))
	}
}

func TestAnInnerErrorRelabelsLaterOnesOfTheBatch(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	const of = "?CRM_ENTITY_TYPE=DEAL&CRM_ENTITY=77&CHAT_ID=1763&USER_ID="
	a := call(t, p, 15, "batch", args{"cmd": args{
		"a": userAdd + of + "999",
		"b": userDelete + of + "22",
		"c": userAdd + of + "999",
	}})
	field("result_error.a.error", `"CRM_CHAT_USER_NOT_ACTIVE"`)(t, a)
	field("result_error.b.error", `"USER_NOT_FOUND"`)(t, a)
	field("result_error.c.error", `"USER_NOT_FOUND"`)(t, a)
	notActive.check(t, call(t, p, 15, userAdd, adding("DEAL", 77, 1763, 999)))
}

func TestCodesAreTheSameInEveryLanguage(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	p.Switch(func(s *bitrixtest.Switches) { s.Language = "ru" })
	want{status: 400, code: "USER_NOT_FOUND", text: "не состоит в чате"}.
		check(t, call(t, p, 1, userDelete, adding("DEAL", 77, 1763, 22)))
	want{status: 400, code: "ACCESS_DENIED", text: "нет прав на просмотр"}.check(t, call(t, p, 22, "crm.item.get", deal(78)))
	denied("You dont have access to this action").check(t, call(t, p, 22, chatGet, item("DEAL", 78)))
}

func TestPrivateMessagesStayApartFromOpenChannels(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	call(t, p, 15, "im.message.add", args{"DIALOG_ID": 22, "MESSAGE": "Please look at deal 77"}).ok(t)
	field("items.0.id", "15")(t, call(t, p, 22, "im.recent.list", nil))
	field("items.0.type", `"user"`)(t, call(t, p, 22, "im.recent.list", nil))
	field("DIALOG.15", "1")(t, call(t, p, 22, "im.counters.get", nil))
	field("items.0.id", `"chat1763"`)(t, call(t, p, 15, "im.recent.list", args{"SKIP_DIALOG": "Y"}))
	field("type", `"private"`)(t, call(t, p, 22, "im.dialog.get", args{"DIALOG_ID": "15"}))
	want{status: 400, code: "USER_NOT_FOUND"}.check(t, call(t, p, 15, "im.message.add", args{"DIALOG_ID": 999, "MESSAGE": "x"}))
	want{status: 400, code: "PARAMS_ERROR"}.check(t, call(t, p, 15, "im.message.add", args{"MESSAGE": "x"}))
	want{status: 400, code: "ERROR_NO_ACCESS"}.check(t, call(t, p, 40, "im.message.add", args{"DIALOG_ID": 22, "MESSAGE": "x"}))
	between := string(at(t, call(t, p, 22, "im.recent.list", nil).ok(t), "items.0.chat_id"))
	want{status: 400, code: "CANCELED"}.check(t, call(t, p, 23, "im.message.add", args{"CHAT_ID": between, "MESSAGE": "x"}))
	want{result: `{"ID":1763}`}.check(t, call(t, p, 15, "im.chat.get", args{"ENTITY_TYPE": "LINES", "ENTITY_ID": "telegrambot|5|101763|431"}))
	want{result: "null"}.check(t, call(t, p, 15, "im.chat.get", args{"ENTITY_TYPE": "LINES", "ENTITY_ID": "|0||0"}))
}

func TestOpeningByCodeTriesEveryItem(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	code := args{"USER_CODE": "telegrambot|5|101763|431"}
	const open = "imopenlines.session.open"
	want{result: `{"chatId":"1763"}`}.check(t, call(t, p, 22, open, code))
	p.Do(func(w *bitrixtest.World) { w.Items[dealKey(77)].Observers = nil })
	want{status: 400, code: "ACCESS_DENIED"}.check(t, call(t, p, 22, open, code))
	p.Do(func(w *bitrixtest.World) { w.SetCRMRights(22, "CONTACT", bitrixtest.CRMAll) })
	want{result: `{"chatId":"1763"}`}.check(t, call(t, p, 22, open, code))
	want{status: 400, code: "ACCESS_ERROR"}.check(t, call(t, p, 22, dialogGet, args{"CHAT_ID": 1763}))
	want{status: 400, code: ""}.check(t, call(t, p, 40, open, code))
}
