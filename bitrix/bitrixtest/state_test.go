package bitrixtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestTheStateIsWhole(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	secret := p.Webhook(15)
	p.Do(func(w *bitrixtest.World) {
		w.KnownTypes[177] = "Delivery"
		w.PostMessage(1763, 431, "Hello?")
	})
	status, body := control(t, p, http.MethodGet, "state", "")
	if status != http.StatusOK || strings.Contains(string(body), strings.Split(secret, "/")[5]) {
		t.Fatalf("got %d, or the secret of a webhook, in %s", status, body)
	}
	var chat json.RawMessage
	for i := 0; chat == nil; i++ {
		if c := at(t, body, fmt.Sprintf("chats.%d", i)); string(at(t, c, "id")) == "1763" {
			chat = c
		}
	}
	for path, want := range map[string]string{
		"primary": `{"Type":"DEAL","ID":77}`, "bound": `{"COMPANY":12,"CONTACT":31,"DEAL":77}`, "offered_to": `null`,
		"members.1.User": `15`, "members.1.Counter": `1`, "members.1.Manager": `true`, "members.0.Manager": `false`,
	} {
		if got := compact(at(t, chat, path)); got != want {
			t.Errorf("%s of chat 1763 is %s, want %s", path, got, want)
		}
	}
	for path, want := range map[string]string{
		"workgroups.0.Members": `[1,15,40]`, "known_types": `{"177":"Delivery"}`, "webhooks.0.user": `15`,
	} {
		if got := compact(at(t, body, path)); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

// TestPresenceIsSetInGoAndOverHTTP shows it in all the places it is told.
func TestPresenceIsSetInGoAndOverHTTP(t *testing.T) {
	p := bitrixtest.NewPortalWith(t, bitrixtest.Options{Staff: 3})
	until := time.Now().Add(48 * time.Hour).Truncate(time.Second)
	long := time.Now().Add(-time.Hour)
	p.Do(func(w *bitrixtest.World) {
		w.SetAbsence(22, until)
		w.SetLastActivity(22, long)
		w.SetAbsence(1001, long) // it is over
		w.SetLastActivity(1001, time.Now())
	})
	steer(t, p, "users", fmt.Sprintf(`{"ID":23,"AbsentUntil":%q,"LastActivity":%q}`, until.Format(time.RFC3339), long.Format(time.RFC3339)), nil)
	steer(t, p, "users", fmt.Sprintf(`{"ID":24,"LastActivity":%q}`, time.Now().Format(time.RFC3339)), nil)
	a := call(t, p, 15, "im.user.list.get", args{"ID": []int{22, 23, 24, 1001}})
	leave := `"` + until.In(time.FixedZone("", 3*60*60)).Format(time.RFC3339) + `"`
	for id, want := range map[string]string{"22": leave, "23": leave, "24": "false", "1001": "false"} {
		field(id+".absent", want)(t, a)
	}
	want := []string{"24", "1001"}
	if got := ids(t, call(t, p, 15, "user.get", args{"FILTER": args{"ID": []int{22, 23, 24, 1001}, "IS_ONLINE": "Y"}})); !slices.Equal(got, want) {
		t.Errorf("active are %v, want %v", got, want)
	}
	var online []string
	call(t, p, 15, "user.online", nil).into(t, &online)
	if slices.Contains(online, "22") || !slices.Contains(online, "1001") {
		t.Errorf("user.online names %v", online)
	}
	// What was changed of a generated person is kept.
	var file bytes.Buffer
	if err := p.Save(&file); err != nil {
		t.Fatal(err)
	}
	again := bitrixtest.NewPortal(t)
	if err := again.Load(&file); err != nil {
		t.Fatal(err)
	}
	again.Do(func(w *bitrixtest.World) {
		if u := w.Users[1001]; !u.AbsentUntil.Equal(long) {
			t.Errorf("after loading person 1001 is absent until %v", u.AbsentUntil)
		}
	})
	steer(t, p, "users", `{"ID":22,"AbsentUntil":"0001-01-01T00:00:00Z"}`, nil)
	field("22.absent", "false")(t, call(t, p, 15, "im.user.list.get", args{"ID": []int{22}}))
}

func TestTheStateIsReadInParts(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	_, body := control(t, p, http.MethodGet, "state?only=request_count,notifications", "")
	want{result: `{"notifications":null,"request_count":0}`}.check(t, answer{Status: 200, Result: body})
	if status, body := control(t, p, http.MethodGet, "state?only=users,pigeons", ""); status != http.StatusBadRequest || !bytes.Contains(body, []byte("pigeons")) {
		t.Errorf("got %d %s", status, body)
	}
}
