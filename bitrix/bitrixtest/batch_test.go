package bitrixtest_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// sections is the result of a batch.
type sections struct {
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"result_error"`
	Total  json.RawMessage `json:"result_total"`
	Next   json.RawMessage `json:"result_next"`
	Time   json.RawMessage `json:"result_time"`
}

func runBatch(t *testing.T, p *bitrixtest.Portal, user int, params args) (s sections) {
	t.Helper()
	call(t, p, user, "batch", params).into(t, &s)
	return s
}

func TestEverySectionOfABatchIsAListWhenEmpty(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	s := runBatch(t, p, 1, args{"cmd": args{}})
	for name, section := range map[string]json.RawMessage{"result": s.Result, "error": s.Error, "total": s.Total, "next": s.Next, "time": s.Time} {
		if compact(section) != "[]" {
			t.Errorf("%s is %s", name, section)
		}
	}
	s = runBatch(t, p, 1, args{"cmd": []string{"server.time", "user.admin"}})
	if kind(s.Result) != "array" {
		t.Errorf("commands without names give %s, want a list", s.Result)
	}
	s = runBatch(t, p, 1, args{"cmd": []string{"server.time", "no.such", "user.admin"}})
	if kind(s.Result) != "object" || !strings.Contains(string(s.Error), `"1":{"error":"ERROR_METHOD_NOT_FOUND"`) {
		t.Errorf("with a gap they give %s and %s, want objects", s.Result, s.Error)
	}
}

func TestABatchKeepsTheErrorOfEachCommand(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p, "crm")
	access := p.Token(keys.ClientID, 15).Access
	var s sections
	callApp(t, p, access, "batch", args{"cmd": args{
		"good": "profile", "scope": "im.user.get", "batch": "Batch?cmd[x]=profile", "upload": "upload", "none": "",
		"argument": "crm.item.get?entityTypeId=2&id=78", "number": 5,
	}}).into(t, &s)
	var failed map[string]struct {
		Error       string  `json:"error"`
		Description *string `json:"error_description"`
	}
	if err := json.Unmarshal(s.Error, &failed); err != nil {
		t.Fatal(err)
	}
	if e := failed["scope"]; e.Error != "insufficient_scope" || e.Description == nil || *e.Description != "" {
		t.Errorf("the command without its scope answered %+v, want an empty text", e)
	}
	for _, name := range []string{"batch", "upload"} {
		if failed[name].Error != "ERROR_BATCH_METHOD_NOT_ALLOWED" {
			t.Errorf("%s inside a batch answered %+v", name, failed[name])
		}
	}
	if failed["argument"].Error == "" || failed["number"].Error != "" {
		t.Errorf("the errors are %s", s.Error)
	}
	if !strings.Contains(string(s.Result), `"good"`) || strings.Contains(string(s.Result), "number") {
		t.Errorf("the results are %s", s.Result)
	}
}

func TestABatchStopsAtTheFirstErrorWhenTold(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	for halt, stops := range map[any]bool{1: true, true: true, "false": true, 0: false, "0": false, "": false, false: false} {
		form := url.Values{"cmd[a]": {"no.such"}, "cmd[b]": {"user.admin"}}
		var s sections
		if text, ok := halt.(string); ok {
			form.Set("halt", text)
			resp, err := browser.PostForm(p.Webhook(1)+"batch", form)
			if err != nil {
				t.Fatal(err)
			}
			var a struct{ Result sections }
			if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			s = a.Result
		} else {
			call(t, p, 1, "batch", args{"halt": halt, "cmd": []string{"no.such", "user.admin"}}).into(t, &s)
		}
		if got := compact(s.Result) == "[]"; got != stops {
			t.Errorf("halt %#v: the results are %s", halt, s.Result)
		}
	}
}

func TestTheFiftyFirstCommandDoesNotRun(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	commands := slices.Repeat([]string{"user.admin"}, 52)
	s := runBatch(t, p, 1, args{"cmd": commands})
	var results []bool
	if err := json.Unmarshal(s.Result, &results); err != nil || len(results) != 50 {
		t.Errorf("%d results: %v", len(results), err)
	}
	for _, key := range []string{"50", "51"} {
		if got := string(at(t, s.Error, key+".error")); got != `"ERROR_BATCH_LENGTH_EXCEEDED"` {
			t.Errorf("command %s answered %s", key, got)
		}
	}
}

func TestReferencesToEarlierCommands(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	user := func(value string) string { return "user.get?ADMIN_MODE=1&ID=" + url.QueryEscape(value) }
	chats := "imopenlines.crm.chat.get?CRM_ENTITY_TYPE=DEAL&CRM_ENTITY="
	for _, c := range []struct {
		name     string
		commands []string
		want     string // the parameters the last command got, seen in its result
	}{
		{"a value", []string{"profile", user("$result[c0][ID]")}, `"ID":"1"`},
		{"a value inside a text", []string{chats + "77", "im.dialog.get?DIALOG_ID=" + url.QueryEscape("chat$result[c0][0][CHAT_ID]")}, `"id":1763`},
		{"a reference that is not escaped", []string{"profile", "user.get?ID=$result[c0][ID]"}, `"ID":"1"`},
		{"a whole list", []string{"imopenlines.config.list.get?OPTIONS[QUEUE]=Y", "im.user.list.get?ID=" + url.QueryEscape("$result[c0][0][QUEUE]")}, `"15":{`},
		{"an element of a list of the form", []string{"profile", "im.user.list.get?ID[]=" + url.QueryEscape("$result[c0][ID]") + "&ID[]=23"}, `"23":{`},
		{"a value of a map keyed by numbers", []string{"im.user.list.get?ID[]=22", "im.user.get?ID=" + url.QueryEscape("$result[c0][22][id]")}, `"id":22`},
		{"an element with a zero before its number is none", []string{chats + "77", "imopenlines.dialog.get?CHAT_ID=$result[c0][00][CHAT_ID]"}, `ACCESS_ERROR`},
		{"a total", []string{"user.get?ID=15", user("$total[c0]")}, `"ID":"1"`},
		{"a missing path is empty", []string{chats + "80", "imopenlines.dialog.get?CHAT_ID=$result[c0][0][CHAT_ID]"}, `ACCESS_ERROR`},
		{"an unknown command is empty", []string{"imopenlines.dialog.get?CHAT_ID=$result[nobody]"}, `ACCESS_ERROR`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var form strings.Builder
			for i, command := range c.commands {
				fmt.Fprintf(&form, "cmd[c%d]=%s&", i, url.QueryEscape(command))
			}
			resp, err := browser.Post(p.Webhook(1)+"batch", "application/x-www-form-urlencoded", strings.NewReader(form.String()))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			var a struct{ Result sections }
			if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
				t.Fatal(err)
			}
			last := fmt.Sprintf("c%d", len(c.commands)-1)
			var results, failures map[string]json.RawMessage
			_ = json.Unmarshal(a.Result.Result, &results) // [] when empty
			_ = json.Unmarshal(a.Result.Error, &failures)
			if got := string(results[last]) + string(failures[last]); !strings.Contains(got, c.want) {
				t.Errorf("the last command answered %s, want it to have %s", got, c.want)
			}
		})
	}
}

func TestErrorsCanBeReferredToAsWell(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	runBatch(t, p, 1, args{"cmd": []string{"no.such", "im.notify.personal.add?USER_ID=15&MESSAGE=It%20said%20$error[0][error]"}})
	if notices := p.Notifications(15); len(notices) != 1 || notices[0].Text != "It said ERROR_METHOD_NOT_FOUND" {
		t.Errorf("the notices are %+v", notices)
	}
}

func TestCommandsRunInTheOrderTheyWereSent(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	body := `{"cmd":{"z":"profile","a":"user.get?ID=$result[z][ID]","10":"server.time","9":"user.admin"}}`
	resp, err := browser.Post(p.Webhook(1)+"batch", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	log := p.Requests()
	if got := strings.Join(log[len(log)-1].Inner, " "); got != "profile user.get server.time user.admin" {
		t.Errorf("the commands ran as %s", got)
	}
}
