package bitrixtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestControlsSteerThePortal(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	for _, step := range []struct{ path, body string }{
		{"sessions/accept", `{"chat":1780,"operator":23}`},
		{"sessions/close", `{"chat":1763}`},
		{"messages", `{"chat":1780,"author":433,"text":"hello"}`},
		{"users/dismiss", `{"user":22}`},
		{"connectors", `{"id":"facebook","active":true}`},
		{"switches", `{"language":"ru"}`},
	} {
		if status, body := control(t, p, http.MethodPost, step.path, step.body); status != http.StatusOK {
			t.Fatalf("%s answered %d: %s", step.path, status, body)
		}
	}
	_, body := control(t, p, http.MethodGet, "state", "")
	var state bitrixtest.State
	if err := json.Unmarshal(body, &state); err != nil {
		t.Fatal(err)
	}
	for _, c := range state.Chats {
		switch {
		case c.ID == 1780 && (c.Owner != 23 || !slices.Contains(c.Participants, 23) || c.Messages[len(c.Messages)-1].Text != "hello"):
			t.Errorf("chat 1780 is %+v, want it led by 23 with the customer's message", c)
		case c.ID == 1763 && !slices.Equal(c.Participants, []int{431}):
			t.Errorf("the finished chat 1763 still holds %v", c.Participants)
		}
	}
	for _, u := range state.Users {
		if u.ID == 22 && u.Active {
			t.Error("person 22 is not dismissed")
		}
	}
	if got := call(t, p, 1, "imopenlines.crm.chat.get", args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": 79}); !strings.Contains(string(got.ok(t)), "1790") {
		t.Errorf("chat 1790 is not shown after its connector was switched on: %s", got.Result)
	}
}

func TestControlsRefuseWhatMakesNoSense(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	for path, bodies := range map[string][]string{
		"sign-in":         {`{"user":30}`, `{"user":"x"}`, ``},
		"faults":          {`{}`, `{"method":"profile","kind":"nothing"}`, `[1]`},
		"sessions/accept": {`{"chat":1}`, `{"chat":1780,"operator":431}`, `{"chat":1701,"operator":15}`},
		"sessions/close":  {`{"chat":1701}`},
		"sessions/reopen": {`{"chat":1763}`},
		"messages":        {`{"chat":1763}`, `{"chat":1763,"author":99999,"text":"x"}`},
		"users/dismiss":   {`{"user":99999}`},
		"connectors":      {`{"id":"pigeon"}`, `{"id":"a|b","title":"A"}`},
		"frames":          {`{"switches":["loud"]}`, `{"switches":"late"}`},
		"users":           {`{"ID":15,"Type":"robot"}`, `{"ID":15,"Departments":[99]}`, `{"ID":-1}`, `{"ID":15,"Nam":"x"}`, `{"ID":"15"}`},
		"departments":     {`{"ID":1,"Parent":7}`, `{"ID":7,"Parent":7}`, `{"Parent":99}`},
		"items":           {`{"Type":"BOAT","AssignedBy":15}`, `{"Type":"DEAL","ID":77,"AssignedBy":99999}`, `{"Type":"DEAL","ID":-1,"AssignedBy":15}`},
		"items/delete":    {`{"Type":"DEAL","ID":99999}`},
		"lines":           {`{"ID":5,"Queue":[{"Type":"user","ID":99999}]}`, `{"ID":5,"Queue":[{"Type":"dog","ID":1}]}`, `{"ID":-5}`},
		"chats": {
			`{}`, `{"Line":5,"Connector":"telegrambot","Customer":15}`, `{"ID":1763,"Line":5,"Connector":"telegrambot","Customer":431}`,
			`{"Line":5,"Connector":"telegrambot","Customer":431,"Status":40}`, `{"Line":5,"Connector":"telegrambot","Customer":431,"Status":7}`,
			`{"Line":5,"Connector":"telegrambot","Customer":431,"Items":[{"Type":"DEAL","ID":99999}]}`, `{"Line":5,"Connector":"telegrambot","Customer":431,"Texts":["a","b"]}`,
		},
		"applications":        {`{}`, `{"client_id":"local.none","name":"x"}`, `{"handler_url":"http://app.localhost:1/"}`},
		"applications/finish": {`{"client_id":"local.none"}`},
		"applications/delete": {`{"client_id":"local.none"}`},
		"placements/delete":   {`{"client_id":"local.none"}`},
		"tokens":              {`{"client_id":"local.none","user":15}`},
		"codes":               {`{"client_id":"local.none","user":15}`},
		"launches":            {`{"client_id":"local.none","user":15}`},
		"operating":           {`{"client_id":"local.none","method":"profile","ms":1}`},
		"webhooks":            {`{"user":99999}`},
	} {
		for _, body := range bodies {
			status, answer := control(t, p, http.MethodPost, path, body)
			var said struct{ Error string }
			if err := json.Unmarshal(answer, &said); status != http.StatusBadRequest || err != nil || said.Error == "" {
				t.Errorf("%s %s answered %d %s, want 400 with an error", path, body, status, answer)
			}
		}
	}
}

func TestFaultsSetOverHTTPStrike(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	if status, body := control(t, p, http.MethodPost, "faults", `{"method":"imopenlines.crm.chat.user.add","kind":"internal_error","applied":true}`); status != http.StatusOK {
		t.Fatalf("got %d %s", status, body)
	}
	add := args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": 77, "CHAT_ID": 1763, "USER_ID": 23}
	if got := call(t, p, 1, "imopenlines.crm.chat.user.add", add); got.Status != http.StatusInternalServerError {
		t.Errorf("got %s, want the fault", got)
	}
	if !slices.Contains(p.Participants(1763), 23) {
		t.Error("the applied fault kept the call from running")
	}
}

func TestTheControlsExplainThemselves(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	_, help := control(t, p, http.MethodGet, "", "")
	documented, err := os.ReadFile("../../docs/simulated-portal.md")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?m)^(GET|POST|DELETE) /_portal/(\S*)$`).FindAllStringSubmatch(string(help), -1)
	if len(named) < 30 {
		t.Errorf("the help names %d controls:\n%s", len(named), help)
	}
	for _, c := range named {
		if !bytes.Contains(documented, []byte("`"+c[1]+" /_portal/"+c[2]+"`")) {
			t.Errorf("docs/simulated-portal.md lacks %s", c[0])
		}
	}
}

func TestSwitchesAreNamedOneByOne(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	moved := strings.Replace(p.URL(), "portal.", "moved.", 1)
	if status, body := control(t, p, http.MethodPost, "switches", `{"omit_application_token":true,"url":"`+moved+`"}`); status != http.StatusOK {
		t.Fatalf("got %d %s", status, body)
	}
	if p.URL() != moved || p.Launch(keys.ClientID, 15, "DEFAULT", "").Form.Has("APPLICATION_TOKEN") {
		t.Errorf("the portal is at %s", p.URL())
	}
	for _, body := range []string{`{"olde":true}`, `{"url":"nowhere"}`, `{"burst":-1}`, `{"old":"yes"}`, `[]`, `{} {}`} {
		if status, answer := control(t, p, http.MethodPost, "switches", body); status != http.StatusBadRequest {
			t.Errorf("%s answered %d %s", body, status, answer)
		}
	}
	var now bitrixtest.Switches
	_, body := control(t, p, http.MethodGet, "switches", "")
	if err := json.Unmarshal(body, &now); err != nil || !now.OmitApplicationToken || now.Old || !now.Commercial {
		t.Errorf("the switches are %s", body)
	}
}

func TestMisspeltFieldsAreRefused(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	for path, body := range map[string]string{
		"tokens/expire": `{"usr":15}`, "sessions/close": `{"chat":1763,"x":1}`, "faults": `{"method":"profile","kind":"drop","tmes":3}`,
	} {
		if status, answer := control(t, p, http.MethodPost, path, body); status != http.StatusBadRequest {
			t.Errorf("%s %s answered %d %s", path, body, status, answer)
		}
	}
	if !slices.Contains(p.Participants(1763), 15) {
		t.Error("a refused control closed the session")
	}
}

func TestTheLogAndTheFaultsAreReadAndForgottenOverHTTP(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	access := p.Token(keys.ClientID, 15).Access
	callApp(t, p, access, "profile", nil).ok(t)
	var log []bitrixtest.Request
	if _, body := control(t, p, http.MethodGet, "requests", ""); json.Unmarshal(body, &log) != nil || len(log) != 1 || log[0].User != 15 || bytes.Contains(body, []byte(access)) {
		t.Errorf("the log is %s", body)
	}
	control(t, p, http.MethodPost, "faults", `{"method":"profile","kind":"drop","times":-1}`)
	if _, body := control(t, p, http.MethodGet, "faults", ""); !bytes.Contains(body, []byte(`"drop"`)) {
		t.Errorf("the faults are %s", body)
	}
	control(t, p, http.MethodDelete, "faults", "")
	control(t, p, http.MethodDelete, "requests", "")
	if len(p.Requests()) != 0 {
		t.Error("the log was not emptied")
	}
	callApp(t, p, access, "profile", nil).ok(t)
	control(t, p, http.MethodPost, "tokens/expire", `{"user":15}`)
	want{status: 401, code: "expired_token"}.check(t, callApp(t, p, access, "profile", nil))
}

// steer posts to a control that has to succeed, and reads its answer into v.
func steer(t *testing.T, p *bitrixtest.Portal, path, body string, v any) {
	t.Helper()
	status, answer := control(t, p, http.MethodPost, path, body)
	if status != http.StatusOK {
		t.Fatalf("%s %s answered %d %s", path, body, status, answer)
	}
	if v == nil {
		return
	}
	if err := json.Unmarshal(answer, v); err != nil {
		t.Fatalf("%s answered %s: %v", path, answer, err)
	}
}

func TestRowsOfTheWorldAreAddedAndChangedOverHTTP(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	var department, line, person, item struct{ ID int }
	steer(t, p, "departments", `{"Name":"Assembly","Parent":7}`, &department)
	steer(t, p, "users", fmt.Sprintf(`{"Name":"Nina","LastName":"Berg","Departments":[%d],"Rights":{"DEAL":"all"},"Levels":{"HISTORY:view":"X"}}`, department.ID), &person)
	steer(t, p, "users", `{"ID":22,"Position":"Head of logistics","Rights":{"DEAL":"all"},"Levels":{"HISTORY:view":"X"}}`, nil)
	steer(t, p, "items", fmt.Sprintf(`{"Type":"deal","Title":"Shelves","AssignedBy":%d}`, person.ID), &item)
	steer(t, p, "items", `{"Type":"DEAL","ID":77,"Observers":[23]}`, nil)
	steer(t, p, "lines", fmt.Sprintf(`{"Name":"Assembly line","Queue":[{"Type":"department","ID":%d}]}`, department.ID), &line)
	steer(t, p, "connectors", `{"id":"pigeon","title":"Pigeon post"}`, nil)
	steer(t, p, "users", `{"ID":499,"Type":"connector","Name":"Eve"}`, nil)
	var chat struct{ ID int }
	steer(t, p, "chats", fmt.Sprintf(`{"Connector":"pigeon","Line":%d,"Customer":499,"Items":[{"Type":"DEAL","ID":%d}],"Status":40,"Operator":%d,"Texts":["Coo","Yes?"]}`, line.ID, item.ID, person.ID), &chat)

	deal := args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": item.ID}
	want{result: fmt.Sprintf(`[{"CHAT_ID":"%d","CONNECTOR_ID":"pigeon","CONNECTOR_TITLE":"Pigeon post"}]`, chat.ID)}.check(t, call(t, p, person.ID, "imopenlines.crm.chat.get", deal))
	deal["CHAT_ID"], deal["USER_ID"] = chat.ID, 23
	want{result: fmt.Sprint(chat.ID)}.check(t, call(t, p, 22, "imopenlines.crm.chat.user.add", deal))
	if got, want := p.Participants(chat.ID), []int{499, person.ID, 23}; !slices.Equal(got, want) {
		t.Errorf("the new chat holds %v, want %v", got, want)
	}
	olga := call(t, p, 1, "user.get", args{"ID": 22}).ok(t)
	if got := string(at(t, olga, "0.WORK_POSITION")) + string(at(t, olga, "0.NAME")); got != `"Head of logistics""Olga"` {
		t.Errorf("Olga is now %s", got)
	}
	var deal77 struct {
		Item struct {
			Title     string
			Observers []int
		}
	}
	call(t, p, 1, "crm.item.get", args{"entityTypeId": 2, "id": 77}).into(t, &deal77)
	if deal77.Item.Title != "Delivery of 40 chairs" || !slices.Equal(deal77.Item.Observers, []int{23}) {
		t.Errorf("deal 77 is now %+v", deal77)
	}
	steer(t, p, "items/delete", `{"Type":"DEAL","ID":77}`, nil)
	want{status: 400, code: "NOT_FOUND"}.check(t, call(t, p, 1, "crm.item.get", args{"entityTypeId": 2, "id": 77}))
	want{result: `[]`}.check(t, call(t, p, 1, "imopenlines.crm.chat.get", args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": 77}))
	want{result: `1770`}.check(t, call(t, p, 24, "imopenlines.crm.chat.user.add", args{"CRM_ENTITY_TYPE": "CONTACT", "CRM_ENTITY": 31, "CHAT_ID": 1770, "USER_ID": 23}))
}

func TestChangingOneGeneratedPersonLeavesTheOthersAlone(t *testing.T) {
	p := bitrixtest.NewPortalWith(t, bitrixtest.Options{Staff: 3})
	steer(t, p, "users", `{"ID":1000,"Rights":{"DEAL":""}}`, nil)
	deal := args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": 78}
	want{status: 403, code: "ACCESS_DENIED"}.check(t, call(t, p, 1000, "imopenlines.crm.chat.get", deal))
	call(t, p, 1001, "imopenlines.crm.chat.get", deal).ok(t)
}

func TestApplicationsAreSteeredOverHTTP(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	var keys bitrixtest.Credentials
	steer(t, p, "applications", `{"name":"A","handler_url":"http://app.localhost:1/app","install_url":"http://app.localhost:1/install","scopes":["crm","user"]}`, &keys)
	client := func(more string) string { return `{"client_id":"` + keys.ClientID + `"` + more + `}` }
	var launch bitrixtest.Launch
	steer(t, p, "launches", client(`,"user":1,"placement":"CRM_DEAL_DETAIL_TAB","options":"{}"`), &launch)
	if !strings.HasPrefix(launch.URL, "http://app.localhost:1/install?DOMAIN=") || launch.Form.Get("PLACEMENT") != "DEFAULT" {
		t.Errorf("before its installation the launch is %+v", launch)
	}
	steer(t, p, "applications/finish", client(""), nil)
	if !p.Installed(keys.ClientID) {
		t.Error("it is not installed")
	}
	var again bitrixtest.Credentials
	steer(t, p, "applications", client(`,"scopes":["crm"],"access":["D5"]`), &again)
	if again != keys {
		t.Errorf("its keys went from %v to %v", keys, again)
	}
	for _, a := range p.State().Applications {
		if a.HandlerURL != "http://app.localhost:1/app" || !slices.Equal(a.Scopes, []string{"crm"}) || !slices.Equal(a.Access, []string{"D5"}) {
			t.Errorf("the application is %+v", a)
		}
	}
	var pair bitrixtest.TokenPair
	steer(t, p, "tokens", client(`,"user":22`), &pair)
	want{status: 403, code: "user_access_error"}.check(t, callApp(t, p, pair.Access, "profile", nil))
	steer(t, p, "tokens", client(`,"user":15`), &pair)
	callApp(t, p, pair.Access, "profile", nil).ok(t)
	steer(t, p, "operating", client(`,"method":"profile","ms":481000`), nil)
	want{status: 429, code: "OPERATION_TIME_LIMIT"}.check(t, callApp(t, p, pair.Access, "profile", nil))
	steer(t, p, "tokens/expire", `{"access":"`+pair.Access+`"}`, nil)
	want{status: 401, code: "expired_token"}.check(t, callApp(t, p, pair.Access, "server.time", nil))
	var code struct{ Code string }
	steer(t, p, "codes", client(`,"user":15`), &code)
	if status, got := exchangeToken(t, http.MethodPost, p.AuthURL(), url.Values{
		"grant_type": {"authorization_code"}, "client_id": {keys.ClientID}, "client_secret": {keys.ClientSecret}, "code": {code.Code},
	}); status != http.StatusOK || got["user_id"] != 15.0 {
		t.Errorf("the code was exchanged for %d %v", status, got)
	}
	var hook struct{ URL string }
	steer(t, p, "webhooks", `{"user":15}`, &hook)
	post(t, hook.URL+"profile", nil).ok(t)
	steer(t, p, "applications/delete", client(`,"clean":true`), nil)
	if n := len(p.State().Applications); n != 0 {
		t.Errorf("%d applications are left", n)
	}
}

func TestTabsAreTakenAwayOverHTTP(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p)
	access := p.Token(keys.ClientID, 1).Access
	for _, place := range []string{"CRM_DEAL_DETAIL_TAB", "CRM_LEAD_DETAIL_TAB", "CRM_CONTACT_DETAIL_TAB"} {
		callApp(t, p, access, "placement.bind", args{"PLACEMENT": place, "HANDLER": "http://app.localhost:1/app"}).ok(t)
	}
	unbind := func(place string) int {
		status, _ := control(t, p, http.MethodPost, "placements/delete", `{"client_id":"`+keys.ClientID+`","placement":"`+place+`"}`)
		return status
	}
	if got := unbind("CRM_DEAL_DETAIL_TAB"); got != http.StatusNoContent && got != http.StatusOK {
		t.Errorf("got %d", got)
	}
	if got := unbind("CRM_DEAL_DETAIL_TAB"); got != http.StatusBadRequest {
		t.Errorf("a second time: got %d", got)
	}
	if got := len(p.Placements()); got != 2 {
		t.Errorf("%d tabs are left", got)
	}
	unbind("")
	if got := len(p.Placements()); got != 0 {
		t.Errorf("in the end %d tabs are left", got)
	}
}

func TestFramesAreSwitchedOverHTTP(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	admin := visitAs(t, p, 1)
	admin.register()
	steer(t, p, "frames", `{"switches":["late","keyed"]}`, nil)
	frame := admin.get("/_frame/open?app=1").frame()
	if !slices.Equal(frame.Data.Switches, []string{"late", "keyed"}) {
		t.Errorf("the frame's switches are %v", frame.Data.Switches)
	}
	admin.ask("/_frame/"+frame.Data.SID+"/call", `{"command":"reloadWindow"}`).has(http.StatusNoContent)
	type frames struct {
		Switches []string
		Calls    []bitrixtest.FrameCall
	}
	read := func() (f frames) {
		_, body := control(t, p, http.MethodGet, "frames", "")
		if err := json.Unmarshal(body, &f); err != nil {
			t.Fatal(err)
		}
		return f
	}
	if f := read(); !slices.Equal(f.Switches, []string{"late", "keyed"}) || len(f.Calls) != 1 || f.Calls[0].Command != "reloadWindow" {
		t.Errorf("the frames are %+v", f)
	}
	control(t, p, http.MethodDelete, "frames", "")
	if f := read(); len(f.Switches) != 0 || len(f.Calls) != 0 {
		t.Errorf("after forgetting the frames are %+v", f)
	}
}
