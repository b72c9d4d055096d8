package bitrixtest_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// TestTypesOnTheWire holds the portal to the JSON types of the real one, which
// writes the same id as a number here and as a string there.
func TestTypesOnTheWire(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	for _, c := range []struct {
		name   string
		method string
		params args
		types  map[string]string
	}{
		{"chat ids of an item are strings", chatGet, item("DEAL", 77),
			map[string]string{"0.CHAT_ID": "string"}},
		{"the last chat is a number", "imopenlines.crm.chat.getLastId", item("DEAL", 77),
			map[string]string{"": "int"}},
		{"adding answers a number", userAdd, adding("DEAL", 77, 1763, 23),
			map[string]string{"": "int"}},
		{"removing answers a number", userDelete, adding("DEAL", 77, 1763, 23),
			map[string]string{"": "int"}},
		{"an opened session names its chat as a string", "imopenlines.session.open", args{"USER_CODE": "telegrambot|5|101763|431"},
			map[string]string{"chatId": "string"}},
		{"a dialog is numbers", dialogGet, args{"CHAT_ID": 1763},
			map[string]string{"id": "int", "owner": "int", "readed_list.0.user_id": "int", "manager_list.0": "int",
				"user_counter": "int", "mute_list": "array", "entity_data_1": "string", "description": "null",
				"readed_list.0.date": "null", "restrictions.send": "bool", "last_message_views.first_viewers": "array"}},
		{"line settings are strings, their queue too", "imopenlines.config.get", args{"CONFIG_ID": 5},
			map[string]string{"ID": "string", "ACTIVE": "string", "WELCOME_BOT_ID": "string", "QUEUE.0": "string",
				"QUEUE_FULL.15": "object", "QUEUE_USERS_FIELDS.15.USER_NAME": "null", "QUEUE_USERS_FIELDS.15.USER_AVATAR_ID": "string"}},
		{"listed lines have their queue as numbers", "imopenlines.config.list.get", args{"OPTIONS": args{"QUEUE": "Y", "CONFIG_QUEUE": "Y"}},
			map[string]string{"0.ID": "string", "0.QUEUE.0": "int", "0.CONFIG_QUEUE.0.ENTITY_ID": "string"}},
		{"people have string ids and numbered departments", "user.get", args{"ID": 15},
			map[string]string{"0.ID": "string", "0.ACTIVE": "bool", "0.IS_ONLINE": "string", "0.UF_DEPARTMENT.0": "int",
				"0.TIMESTAMP_X": "object", "0.LAST_ACTIVITY_DATE": "object"}},
		{"messenger users have numbers", "im.user.get", args{"ID": 15},
			map[string]string{"id": "int", "active": "bool", "departments.0": "int", "connector": "bool", "phones": "bool",
				"bot_data": "null", "last_activity_date": "string", "absent": "bool"}},
		{"a list of messenger users is keyed by id and knows nobody as null", "im.user.list.get", args{"ID": []int{15, 999}},
			map[string]string{"15.id": "int", "999": "null"}},
		{"CRM items are numbers", "crm.item.get", args{"entityTypeId": 2, "id": 77},
			map[string]string{"item.id": "int", "item.assignedById": "int", "item.contactIds.0": "int", "item.companyId": "int",
				"item.leadId": "int", "item.observers.0": "int", "item.opened": "string"}},
		{"older CRM methods write strings", "crm.deal.get", args{"ID": 77},
			map[string]string{"ID": "string", "ASSIGNED_BY_ID": "string", "CONTACT_ID": "string", "LEAD_ID": "null"}},
		{"the contacts of a deal are numbers", "crm.deal.contact.items.get", args{"id": 77},
			map[string]string{"0.CONTACT_ID": "int", "0.IS_PRIMARY": "string"}},
		{"departments are strings with a number to sort by", "department.get", args{"ID": 7},
			map[string]string{"0.ID": "string", "0.PARENT": "string", "0.SORT": "int"}},
		{"members of a chat are numbers", "im.chat.user.list", args{"CHAT_ID": 1763},
			map[string]string{"0": "int"}},
		{"a silent mode call answers true", "imopenlines.session.mode.silent", args{"CHAT_ID": 1763, "ACTIVATE": "N"},
			map[string]string{"": "bool"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			result := call(t, p, 1, c.method, c.params).ok(t)
			for path, want := range c.types {
				if got := kind(at(t, result, path)); got != want {
					t.Errorf("%s of %s is %s, want %s", path, compact(result), got, want)
				}
			}
		})
	}
}

func TestEmptyMapsAreEmptyLists(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	for _, c := range []struct {
		method string
		params args
		path   string
	}{
		{chatGet, item("DEAL", 80), ""},
		{"im.search.user.list", args{"FIND": "nobody"}, ""},
		{"im.counters.get", nil, "LINES"},
		{"im.counters.get", nil, "CHAT_MUTED"},
		{"batch", args{"cmd": args{"a": "server.time"}}, "result_error"},
		{"batch", args{"cmd": args{"a": "no.such.method"}}, "result"},
		{"access.name", args{"ACCESS": []string{"none"}}, ""},
		{"im.department.managers.get", args{"ID": []int{7}}, ""},
		{dialogGet, args{"CHAT_ID": 1763}, "mute_list"},
		{"user.search", args{"FIND": "nobody"}, ""},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			p.Do(func(w *bitrixtest.World) { w.Departments[7].Head = 0 })
			if got := compact(at(t, call(t, p, 1, c.method, c.params).ok(t), c.path)); got != "[]" {
				t.Errorf("got %s, want []", got)
			}
		})
	}
}

func TestFlagsAreBooleansInTheMessengerAndLettersElsewhere(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	for _, c := range []struct {
		method string
		params args
		path   string
		value  string
	}{
		{"im.user.get", args{"ID": 30}, "active", "false"},
		{"im.user.get", args{"ID": 431}, "connector", "true"},
		{"im.user.get", args{"ID": 40}, "extranet", "true"},
		{"im.user.get", args{"ID": 50}, "bot", "true"},
		{"user.get", args{"ID": 30}, "0.ACTIVE", "false"},
		{"user.get", args{"ID": 30}, "0.IS_ONLINE", `"N"`},
		{"user.current", nil, "IS_ONLINE", `"Y"`},
		{"imopenlines.config.get", args{"CONFIG_ID": 5}, "ACTIVE", `"Y"`},
		{"crm.item.get", args{"entityTypeId": 3, "id": 31}, "item.hasImol", `"Y"`},
		{"crm.item.get", args{"entityTypeId": 4, "id": 12}, "item.hasImol", `"N"`},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			if got := compact(at(t, call(t, p, 1, c.method, c.params).ok(t), c.path)); got != c.value {
				t.Errorf("got %s, want %s", got, c.value)
			}
		})
	}
}

func TestDatesAreInTheZoneOfTheServer(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	iso := regexp.MustCompile(`^"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+03:00"$`)
	plain := regexp.MustCompile(`^"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"$`)
	for _, c := range []struct {
		method string
		params args
		path   string
		form   *regexp.Regexp
	}{
		{"im.user.get", args{"ID": 15}, "last_activity_date", iso},
		{dialogGet, args{"CHAT_ID": 1763}, "date_create", iso},
		{dialogGet, args{"CHAT_ID": 1763}, "readed_list.1.date", iso},
		{"crm.item.get", args{"entityTypeId": 2, "id": 77}, "item.createdTime", iso},
		{"user.get", args{"ID": 15, "SELECT": []string{"LAST_LOGIN"}}, "0.LAST_LOGIN", iso},
		{"user.current", nil, "LAST_ACTIVITY_DATE", plain},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			if got := compact(at(t, call(t, p, 1, c.method, c.params).ok(t), c.path)); !c.form.MatchString(got) {
				t.Errorf("got %s", got)
			}
		})
	}
	a := call(t, p, 1, "user.get", args{"ID": 15})
	for _, key := range []string{"TIMESTAMP_X", "LAST_ACTIVITY_DATE"} {
		if got := compact(at(t, a.ok(t), "0."+key)); got != "{}" {
			t.Errorf("%s of a list is %s, want {}", key, got)
		}
	}
}

func TestEveryAnswerIsJSONForBrowsersToo(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	for _, a := range []answer{
		call(t, p, 15, chatGet, item("DEAL", 77)),
		call(t, p, 22, chatGet, item("DEAL", 78)),
		call(t, p, 22, "no.such.method", nil),
	} {
		if got := a.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
			t.Errorf("%s has the content type %q", a, got)
		}
		if got := a.Header.Get("Access-Control-Allow-Origin"); got != "*" {
			t.Errorf("%s allows the origin %q", a, got)
		}
	}
}

// TestFormsMeanTheSameAsJSON asks one question in both encodings.
func TestFormsMeanTheSameAsJSON(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	form := "FILTER[FIND]=pe&FILTER[ACTIVE]=1&FILTER[USER_TYPE]=employee&SELECT[]=ID&SELECT[]=NAME&SORT=LAST_NAME&ORDER=ASC"
	resp, err := browser.Post(p.Webhook(1)+"user.search", "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var fromForm answer
	if err := json.NewDecoder(resp.Body).Decode(&fromForm); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, err)
	}
	fromJSON := call(t, p, 1, "user.search", args{
		"FILTER": args{"FIND": "pe", "ACTIVE": true, "USER_TYPE": "employee"}, "SELECT": []string{"ID", "NAME"}, "SORT": "LAST_NAME", "ORDER": "ASC",
	})
	want := `[{"ID":"15","NAME":"Ivan"}]`
	if a, b := compact(fromForm.Result), compact(fromJSON.ok(t)); a != want || b != want {
		t.Errorf("got %s from the form and %s from JSON, want %s", a, b, want)
	}
}
