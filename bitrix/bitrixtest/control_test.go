package bitrixtest_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// control makes one request under /_portal/.
func control(t *testing.T, p *bitrixtest.Portal, method, path, body string) (int, []byte) {
	t.Helper()
	r, err := http.NewRequest(method, p.URL()+"/_portal/"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := bitrixtest.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, text
}

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
		"connectors":      {`{"id":"pigeon"}`},
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

func TestStateNeverShowsSecrets(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := p.Register(bitrixtest.App{Name: "A", HandlerURL: "http://app.localhost:1/app", Scopes: []string{"crm"}})
	pair, hook := p.Token(keys.ClientID, 15), p.Webhook(1)
	_, body := control(t, p, http.MethodGet, "state", "")
	for name, secret := range map[string]string{
		"client secret": keys.ClientSecret, "application token": keys.ApplicationToken,
		"access token": pair.Access, "refresh token": pair.Refresh, "webhook": strings.Split(hook, "/")[5],
	} {
		if bytes.Contains(body, []byte(secret)) {
			t.Errorf("the state shows the %s", name)
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

func TestAHundredThousandPeopleAreGeneratedAlike(t *testing.T) {
	a, b := bitrixtest.New(bitrixtest.Options{Staff: 100_000}), bitrixtest.New(bitrixtest.Options{Staff: 100_000})
	defer a.Close()
	defer b.Close()
	count := 0
	a.Do(func(wa *bitrixtest.World) {
		b.Do(func(wb *bitrixtest.World) {
			for id, u := range wa.Users {
				if other := wb.Users[id]; other == nil || other.FullName() != u.FullName() || u.FullName() == "" {
					t.Errorf("person %d is %q here and %+v there", id, u.FullName(), other)
				}
				if id >= 1000 {
					count++
				}
			}
		})
	})
	if count != 100_000 {
		t.Errorf("%d people were generated", count)
	}
}
