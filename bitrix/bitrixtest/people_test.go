package bitrixtest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// ids are the ID fields of a list of people, in its order.
func ids(t *testing.T, a answer) []string {
	t.Helper()
	var rows []struct{ ID string }
	a.into(t, &rows)
	got := []string{}
	for _, row := range rows {
		got = append(got, row.ID)
	}
	return got
}

func TestFindingPeople(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	p.SetLimits(0, 0)
	p.Do(func(w *bitrixtest.World) {
		w.AddUser(bitrixtest.User{ID: 60, Name: "Фёдор", LastName: "Петров", Active: true, Accepted: true, Departments: []int{7}})
		w.AddUser(bitrixtest.User{ID: 61, Name: "Jo", LastName: "Olsen", SecondName: "Maria", Active: true, Departments: []int{7}})
		w.AddUser(bitrixtest.User{ID: 62, Name: "Nobody", LastName: "Nowhere", Active: true, Accepted: true})
	})
	for _, c := range []struct {
		name   string
		caller int
		method string
		params args
		want   []string
	}{
		{"a word begins any name", 15, "user.search", args{"FIND": "ol"}, []string{"22", "61"}},
		{"all words have to match", 15, "user.search", args{"FIND": "ol si"}, []string{"22"}},
		{"the order of the words does not matter", 15, "user.search", args{"FIND": "SI OL"}, []string{"22"}},
		{"a word inside a name does not count", 15, "user.search", args{"FIND": "idorova"}, []string{}},
		{"the middle name is searched", 15, "user.search", args{"FIND": "mari"}, []string{"61"}},
		{"the position is searched", 15, "user.search", args{"FIND": "logistics spec"}, []string{"22"}},
		{"the department is searched", 15, "user.search", args{"FIND": "logistics"}, []string{"22", "23", "60", "61"}},
		{"a number is an id", 15, "user.search", args{"FIND": "23"}, []string{"23"}},
		{"ё is е and case is ignored", 15, "user.search", args{"FIND": "федор ПЕТ"}, []string{"60"}},
		{"a name key of a search is the beginning of a word", 15, "user.search", args{"LAST_NAME": "pet"}, []string{"15"}},
		{"a name key of user.get is the whole name", 15, "user.get", args{"LAST_NAME": "pet"}, []string{}},
		{"a name key ignores case", 15, "user.get", args{"FILTER": args{"last_name": "petrov"}}, []string{"15"}},
		{"NAME_SEARCH works in both", 15, "user.get", args{"NAME_SEARCH": "iv pe"}, []string{"15"}},
		{"a department is found by name", 15, "user.search", args{"UF_DEPARTMENT_NAME": "logis"}, []string{"22", "23", "60", "61"}},
		{"people are both active and dismissed", 15, "user.get", args{"UF_DEPARTMENT": 5}, []string{"15", "24", "30", "31"}},
		{"active ones", 15, "user.get", args{"FILTER": args{"UF_DEPARTMENT": 5, "ACTIVE": true}}, []string{"15", "24", "31"}},
		{"dismissed ones", 15, "user.get", args{"ACTIVE": "N"}, []string{"30"}},
		{"invited ones who accepted", 15, "user.search", args{"FILTER": args{"UF_DEPARTMENT": 5, "CONFIRM_CODE": "0"}}, []string{"15", "24", "30"}},
		{"FILTER replaces the keys beside it", 15, "user.get", args{"ID": 15, "FILTER": args{"ID": 22}}, []string{"22"}},
		{"a list of ids", 15, "user.get", args{"ID": []int{22, 15}}, []string{"15", "22"}},
		{"above an id", 15, "user.get", args{"FILTER": args{">ID": 31}}, []string{"40", "60", "61"}},
		{"not an id", 15, "user.get", args{"FILTER": args{"!ID": []int{15, 22}, "<=ID": 23}}, []string{"1", "23"}},
		{"a part of a name", 15, "user.get", args{"FILTER": args{"%LAST_NAME": "OROV"}}, []string{"22"}},
		{"a pattern", 15, "user.get", args{"FILTER": args{"=%LAST_NAME": "mo%va"}}, []string{"24"}},
		{"sorted down", 15, "user.get", args{"FILTER": args{"UF_DEPARTMENT": 7}, "SORT": "LAST_NAME", "ORDER": "DESC"}, []string{"60", "22", "23", "61"}},
		{"SORT without ORDER is no order", 15, "user.get", args{"FILTER": args{"UF_DEPARTMENT": 7}, "SORT": "LAST_NAME"}, []string{"22", "23", "60", "61"}},
		{"those with a department", 1, "user.get", args{"FILTER": args{"ID": []int{22, 40, 62}, "HAS_DEPARTAMENT": "Y"}}, []string{"22"}},
		{"any other answer than yes asks nothing", 1, "user.get", args{"FILTER": args{"ID": []int{22, 40, 62}, "HAS_DEPARTAMENT": "N"}}, []string{"22", "40", "62"}},
		{"an unknown key is dropped", 15, "user.get", args{"FILTER": args{"ID": 15, "PIGEON": 1}}, []string{"15"}},
		{"bots and customers are never found", 1, "user.get", args{"ID": []int{50, 431, 15}}, []string{"15"}},
		{"an extranet person of a shared group is seen", 15, "user.get", args{"USER_TYPE": "extranet"}, []string{"40"}},
		{"of no shared group is not", 22, "user.get", args{"USER_TYPE": "extranet"}, []string{}},
		{"an extranet caller sees the group", 40, "user.get", args{}, []string{"1", "15", "40"}},
		{"a person without department is not seen", 1, "user.search", args{"FIND": "nowhere"}, []string{}},
		{"but by an administrator asking for the id", 1, "user.get", args{"ID": 62}, []string{"62"}},
		{"or in administrator mode", 1, "user.search", args{"FIND": "nowhere", "ADMIN_MODE": 1}, []string{"62"}},
		{"which others do not have", 15, "user.search", args{"FIND": "nowhere", "ADMIN_MODE": 1}, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ids(t, call(t, p, c.caller, c.method, c.params)); !slices.Equal(got, c.want) {
				t.Errorf("found %v, want %v", got, c.want)
			}
		})
	}
}

func TestPagesOfPeople(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	p.Do(func(w *bitrixtest.World) {
		for i := range 120 {
			w.AddUser(bitrixtest.User{ID: 5000 + i, Name: "Zoe", LastName: fmt.Sprint("Person", i), Active: true, Departments: []int{7}})
		}
	})
	find := func(start int) answer {
		return call(t, p, 15, "user.search", args{"FIND": "zoe", "start": start})
	}
	total, next := 120, []int{50, 100, 0}
	for i, start := range []int{0, 50, 100} {
		a := find(start)
		if got, want := len(ids(t, a)), min(50, 120-start); got != want {
			t.Errorf("%d rows from %d, want %d", got, start, want)
		}
		if a.Total == nil || *a.Total != total {
			t.Errorf("the total is %v", a.Total)
		}
		if (a.Next == nil) != (next[i] == 0) || a.Next != nil && *a.Next != next[i] {
			t.Errorf("the next offset after %d is %v, want %d", start, a.Next, next[i])
		}
	}
	a := find(-1)
	if len(ids(t, a)) != 50 || a.Total == nil || *a.Total != 0 || a.Next != nil {
		t.Errorf("uncounted: %d rows, total %v, next %v", len(ids(t, a)), a.Total, a.Next)
	}
	a = call(t, p, 15, "user.search", args{"FIND": "nobody at all"})
	if compact(a.ok(t)) != "[]" || a.Total != nil || a.Next != nil {
		t.Errorf("nobody: %s, total %v, next %v", a, a.Total, a.Next)
	}
}

func TestTheScopeOfATokenCutsFields(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	for _, c := range []struct {
		scopes         []string
		email, lastLog bool
	}{
		{[]string{"user_brief"}, false, false},
		{[]string{"user_brief", "user_basic"}, true, false},
		{[]string{"user", "user_brief"}, true, true},
	} {
		t.Run(fmt.Sprint(c.scopes), func(t *testing.T) {
			keys := p.Register(bitrixtest.App{Name: "People", HandlerURL: "http://joinline.localhost:8080/app", Scopes: c.scopes})
			token := p.Token(keys.ClientID, 15).Access
			var rows []map[string]json.RawMessage
			callApp(t, p, token, "user.get", args{"ID": 22}).into(t, &rows)
			if _, got := rows[0]["EMAIL"]; got != c.email {
				t.Errorf("e-mail shown: %v, want %v", got, c.email)
			}
			if _, got := rows[0]["LAST_LOGIN"]; got != c.lastLog {
				t.Errorf("last login shown: %v, want %v", got, c.lastLog)
			}
			if _, got := rows[0]["PERSONAL_PHOTO"]; got {
				t.Error("a photo that does not exist is shown")
			}
			// A field outside the scope is dropped from filters too.
			found := len(ids(t, callApp(t, p, token, "user.get", args{"FILTER": args{"EMAIL": "olga@daisy.example"}})))
			if (found == 1) != c.email {
				t.Errorf("%d people found by e-mail", found)
			}
			var titles map[string]string
			callApp(t, p, token, "user.fields", nil).into(t, &titles)
			if _, got := titles["EMAIL"]; got != c.email {
				t.Errorf("e-mail among the fields: %v, want %v", got, c.email)
			}
		})
	}
}

func TestSelectedFields(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	var rows []map[string]json.RawMessage
	call(t, p, 15, "user.get", args{"ID": 22, "SELECT": []string{"ID", "UF_*"}}).into(t, &rows)
	for key := range rows[0] {
		if key != "ID" && key[:3] != "UF_" {
			t.Errorf("%s was not selected", key)
		}
	}
	if rows[0]["UF_DEPARTMENT"] == nil {
		t.Error("the departments are missing")
	}
	var all, none []map[string]json.RawMessage
	call(t, p, 15, "user.get", args{"ID": 22, "SELECT": []string{"*"}}).into(t, &all)
	call(t, p, 15, "user.get", args{"ID": 22}).into(t, &none)
	if all[0]["UF_DEPARTMENT"] == nil || len(all[0]) != len(none[0]) {
		t.Errorf("* selects %d fields of %d", len(all[0]), len(none[0]))
	}
}

func TestSearchInTheMessenger(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	const find = "im.search.user.list"
	want{status: 400, code: "FIND_SHORT"}.check(t, call(t, p, 15, find, nil))
	want{status: 400, code: "FIND_SHORT"}.check(t, call(t, p, 15, find, args{"FIND": "o"}))
	a := call(t, p, 15, find, args{"FIND": "helper"})
	field("50.bot", "true")(t, a)
	var found map[string]map[string]any
	call(t, p, 15, find, args{"find": "olga"}).into(t, &found)
	if _, has := found["22"]["active"]; has || found["22"]["id"] != 22.0 || found["22"]["last_activity_date"] != false {
		t.Errorf("got %v", found)
	}
	want{result: "[]"}.check(t, call(t, p, 15, find, args{"FIND": "lebedev"})) // invited, never logged in
	a = call(t, p, 15, find, args{"FIND": "stone"})
	if compact(a.ok(t)) != "[]" || a.Total == nil || *a.Total != 1 {
		t.Errorf("an extranet person is counted but not shown: got %s, total %v", a, a.Total)
	}
}

func TestPeopleOfTheMessenger(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	want{status: 400, code: "USER_NOT_EXISTS"}.check(t, call(t, p, 15, "im.user.get", args{"ID": 999}))
	want{status: 400, code: "ID_EMPTY"}.check(t, call(t, p, 15, "im.user.get", args{"ID": 0}))
	want{status: 400, code: "ACCESS_DENIED"}.check(t, call(t, p, 40, "im.user.get", args{"ID": 22}))
	field("id", "15")(t, call(t, p, 15, "im.user.get", nil))
	for _, list := range []any{"", "15", []int{}, []string{"x"}, nil} {
		want{status: 400, code: "INVALID_FORMAT"}.check(t, call(t, p, 15, "im.user.list.get", args{"ID": list}))
	}
	field("15.id", "15")(t, call(t, p, 22, "im.user.list.get", args{"ID": "[15,999]"}))
	a := call(t, p, 22, "im.user.list.get", args{"ID": []int{431, 999, 30}, "RESULT_TYPE": "array"})
	field("0.connector", "true")(t, a)
	field("1.active", "false")(t, a)
	a = call(t, p, 40, "im.user.list.get", args{"ID": []int{22, 15}, "RESULT_TYPE": "ARRAY"})
	field("0.id", "15")(t, a) // whom an extranet caller does not see is left out
	var seen map[string]json.RawMessage
	call(t, p, 40, "im.user.list.get", args{"ID": []int{22, 15}}).into(t, &seen)
	if _, named := seen["22"]; named || len(seen) != 1 {
		t.Errorf("an extranet caller got %v", seen)
	}
}

func TestMembersWithDetails(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	const users = "im.dialog.users.list"
	want{status: 400, code: "DIALOG_ID_EMPTY"}.check(t, call(t, p, 15, users, nil))
	want{status: 403, code: "ACCESS_ERROR"}.check(t, call(t, p, 22, users, args{"DIALOG_ID": "chat1763"}))
	a := call(t, p, 15, users, args{"DIALOG_ID": "chat1763"})
	field("0.id", "431")(t, a)
	field("1.id", "15")(t, a)
	if a.Total == nil || *a.Total != 2 {
		t.Errorf("the total is %v", a.Total)
	}
	field("0.id", "15")(t, call(t, p, 15, users, args{"DIALOG_ID": "chat1763", "SKIP_EXTERNAL": "Y"}))
	a = call(t, p, 15, users, args{"DIALOG_ID": "chat1763", "LAST_ID": 0, "LIMIT": 1})
	field("0.id", "15")(t, a)
	if a.Total != nil {
		t.Errorf("a list by last id has the total %d", *a.Total)
	}
}

func TestDepartments(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	a := call(t, p, 22, "department.get", nil)
	field("0.ID", `"1"`)(t, a)
	if *a.Total != 3 {
		t.Errorf("the total is %d", *a.Total)
	}
	want{result: `[{"ID":"7","NAME":"Logistics","PARENT":"1","SORT":300},{"ID":"5","NAME":"Sales","PARENT":"1","SORT":200,"UF_HEAD":"24"}]`}.
		check(t, call(t, p, 22, "department.get", args{"PARENT": 1, "sort": "NAME", "order": "ASC"}))
	want{result: `{"5":[15,24,31]}`}.check(t, call(t, p, 22, "im.department.employees.get", args{"ID": []int{5, 99}}))
	want{result: `{"5":[24]}`}.check(t, call(t, p, 22, "im.department.managers.get", args{"ID": []int{5}}))
	want{result: `[23]`}.check(t, call(t, p, 22, "im.department.colleagues.list", nil))
	want{status: 403, code: "ACCESS_ERROR"}.check(t, call(t, p, 40, "im.department.colleagues.list", nil))
	departments := args{"ID": []int{7, 99, 5}, "USER_DATA": "Y"}
	want{result: `[{"full_name":"Logistics / Daisy Trading","id":7,"manager_user_id":0,"name":"Logistics"},` +
		`{"full_name":"Sales / Daisy Trading","id":5,"manager_user_id":24,"name":"Sales"}]`}.
		check(t, call(t, p, 22, "im.department.get", args{"ID": "[7,99,5]"}))
	a = call(t, p, 22, "im.department.get", departments)
	field("0.manager_user_data", "null")(t, a)
	field("1.manager_user_data.id", "24")(t, a)
	a = call(t, p, 22, "im.department.employees.get", departments)
	field("7.0.id", "22")(t, a)
	field("5.2.id", "31")(t, a)
	want{result: `[]`}.check(t, call(t, p, 22, "im.department.employees.get", args{"ID": []int{99}}))
	for _, list := range []any{nil, "", "7", 7, []int{}, []string{"x"}} {
		want{status: 400, code: "INVALID_FORMAT"}.check(t, call(t, p, 22, "im.department.get", args{"ID": list}))
		want{status: 400, code: "ID_EMPTY"}.check(t, call(t, p, 22, "im.department.employees.get", args{"ID": list}))
	}
	for _, method := range []string{"im.department.get", "im.department.employees.get", "im.department.managers.get"} {
		want{status: 403, code: "ACCESS_ERROR", text: "Only intranet users have access to this method"}.check(t, call(t, p, 40, method, departments))
	}
}

func TestFindingDepartments(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	const find = "im.search.department.list"
	want{status: 400, code: "FIND_SHORT"}.check(t, call(t, p, 22, find, nil))
	for phrase, want := range map[string]string{
		"": "1,5,7", "s": "1,5,7", "sal": "5", "SALES": "5", "les": "", "daisy": "1,5,7", "daisy t": "1,5,7", "trading sales": "", "nothing": "",
	} {
		var found []struct {
			ID       int    `json:"id"`
			FullName string `json:"full_name"`
		}
		call(t, p, 22, find, args{"FIND": phrase}).into(t, &found)
		ids := []string{}
		for _, d := range found {
			ids = append(ids, strconv.Itoa(d.ID))
		}
		if got := strings.Join(ids, ","); got != want {
			t.Errorf("%q finds %s, want %s", phrase, got, want)
		}
	}
	a := call(t, p, 22, find, args{"FIND": "sales", "USER_DATA": "Y"})
	field("0.full_name", `"Sales / Daisy Trading"`)(t, a)
	field("0.manager_user_data.id", "24")(t, a)
	a = call(t, p, 22, find, args{"FIND": "daisy", "LIMIT": 2})
	if *a.Total != 3 || a.Next == nil || *a.Next != 2 {
		t.Errorf("the total is %v, the next %v", a.Total, a.Next)
	}
}
