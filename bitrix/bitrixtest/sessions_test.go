package bitrixtest_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestAcceptingMakesAChatAddable(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	add := adding("DEAL", 78, 1780, 23)
	notInCRM.check(t, call(t, p, 1, userAdd, add))
	want{result: "true"}.check(t, call(t, p, 15, "imopenlines.operator.answer", args{"CHAT_ID": 1780}))
	want{result: "1780"}.check(t, call(t, p, 1, userAdd, add))
	field("owner", "15")(t, call(t, p, 1, dialogGet, args{"CHAT_ID": 1780}))
}

func TestOneStartsANewDialogInAFinishedChat(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	notInCRM.check(t, call(t, p, 15, userAdd, adding("DEAL", 77, 1701, 23)))
	want{result: "true"}.check(t, call(t, p, 15, "imopenlines.session.start", args{"CHAT_ID": 1701}))
	want{result: "1701"}.check(t, call(t, p, 15, userAdd, adding("DEAL", 77, 1701, 23)))
	if got, want := p.Participants(1701), []int{432, 15, 23}; !slices.Equal(got, want) {
		t.Errorf("the chat holds %v, want %v", got, want)
	}
	want{result: chatRows("1701 livechat Live Chat", "1763 telegrambot Telegram")}.check(t, call(t, p, 15, chatGet, item("DEAL", 77)))
}

// TestStartingWhereADialogIsUnderWayOnlyJoins: who hopes to take a waiting
// dialog that way is still one of the waiting.
func TestStartingWhereADialogIsUnderWayOnlyJoins(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	want{result: "true"}.check(t, call(t, p, 24, "imopenlines.session.start", args{"CHAT_ID": 1763}))
	field("owner", "15")(t, call(t, p, 24, dialogGet, args{"CHAT_ID": 1763}))
	field("role", `"member"`)(t, call(t, p, 24, dialogGet, args{"CHAT_ID": 1763}))
	want{result: "true"}.check(t, call(t, p, 24, "imopenlines.session.start", args{"CHAT_ID": 1780}))
	field("owner", "0")(t, call(t, p, 24, dialogGet, args{"CHAT_ID": 1780}))
	notInCRM.check(t, call(t, p, 24, userAdd, adding("DEAL", 78, 1780, 23)))
	for chat, code := range map[any]string{0: "CHAT_ID", "x": "CHAT_ID", 4: "CHAT_ID", 1780: "ACCESS_DENIED"} {
		want{status: 400, code: code}.check(t, call(t, p, 22, "imopenlines.session.start", args{"CHAT_ID": chat}))
	}
}

func TestOneJoinsByReadingTheItem(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	const join = "imopenlines.session.join"
	want{result: "true"}.check(t, call(t, p, 22, join, args{"CHAT_ID": 1763}))
	want{result: "true"}.check(t, call(t, p, 22, join, args{"CHAT_ID": 1763}))
	want{status: 400, code: "ACCESS_DENIED"}.check(t, call(t, p, 22, join, args{"CHAT_ID": 1780}))
	want{status: 400, code: "CHAT_ID"}.check(t, call(t, p, 22, join, args{"CHAT_ID": 4}))
	want{status: 400, code: "CHAT_ID"}.check(t, call(t, p, 22, join, args{"chat_id": 1763}))
	if got, want := p.Participants(1763), []int{431, 15, 22}; !slices.Equal(got, want) {
		t.Errorf("the chat holds %v, want %v", got, want)
	}
}

func TestClosingEmptiesTheChatAndAddedPeopleDoNotComeBack(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	call(t, p, 1, userAdd, adding("DEAL", 77, 1763, 22)).ok(t)
	want{status: 400, code: "ACCESS_DENIED"}.check(t, call(t, p, 22, "imopenlines.operator.finish", args{"CHAT_ID": 1763}))
	want{result: "true"}.check(t, call(t, p, 1, "imopenlines.operator.another.finish", args{"CHAT_ID": 1763}))
	if got, want := p.Participants(1763), []int{431}; !slices.Equal(got, want) {
		t.Errorf("the closed chat holds %v, want %v", got, want)
	}
	p.Do(func(w *bitrixtest.World) { w.PostMessage(1763, 431, "One more question") })
	want{result: "[]"}.check(t, call(t, p, 15, chatGet, item("DEAL", 77)))
	call(t, p, 15, "imopenlines.operator.answer", args{"CHAT_ID": 1763}).ok(t)
	if got, want := p.Participants(1763), []int{431, 15}; !slices.Equal(got, want) {
		t.Errorf("the next dialog holds %v, want %v", got, want)
	}
}

func TestRemovingTheOperatorPassesTheChatOn(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	call(t, p, 1, userAdd, adding("DEAL", 77, 1763, 23)).ok(t)
	added.check(t, call(t, p, 1, userDelete, adding("DEAL", 77, 1763, 15)))
	field("owner", "23")(t, call(t, p, 1, dialogGet, args{"CHAT_ID": 1763}))
	notActive.check(t, call(t, p, 1, userDelete, adding("DEAL", 77, 1763, 30)))
	want{status: 400, code: "CRM_CHAT_EMPTY_USER"}.check(t, call(t, p, 1, userDelete, args{}))
	want{status: 400, code: "CRM_CHAT_EMPTY_CRM_DATA"}.check(t, call(t, p, 1, userDelete, args{"USER_ID": 23}))
	denied("join user").check(t, call(t, p, 22, userDelete, adding("DEAL", 78, 1780, 23)))
	want{result: "0"}.check(t, call(t, p, 1, userDelete, item("DEAL", 80, "USER_ID", 23)))
	if got, want := p.Participants(1763), []int{431, 23}; !slices.Equal(got, want) {
		t.Errorf("the chat holds %v, want %v", got, want)
	}
}

func TestDialogsAreFoundInFourWays(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	session := 0
	p.Do(func(w *bitrixtest.World) { session = w.Chats[1763].Session })
	refused := want{status: 400, code: "ACCESS_ERROR"}
	for _, c := range []struct {
		name   string
		caller int
		params args
		found  bool
	}{
		{"by chat", 15, args{"CHAT_ID": 1763}, true},
		{"by chat in lower case", 15, args{"chat_id": "1763"}, true},
		{"by dialog", 15, args{"DIALOG_ID": "chat1763"}, true},
		{"by dialog in any case", 15, args{"DIALOG_ID": "CHAT1763"}, true},
		{"by dialog with more behind it", 15, args{"DIALOG_ID": "chat1763x"}, false},
		{"by a dialog that is a number", 15, args{"DIALOG_ID": "1763"}, false},
		{"by session", 15, args{"SESSION_ID": session}, true},
		{"by code", 15, args{"USER_CODE": "telegrambot|5|101763|431"}, true},
		{"by prefixed code", 15, args{"USER_CODE": "imol|telegrambot|5|101763|431"}, true},
		{"the first way present counts", 15, args{"CHAT_ID": 4, "DIALOG_ID": "chat1763"}, false},
		{"by nothing", 15, args{}, false},
		{"without any access", 22, args{"CHAT_ID": 1780}, false},
		{"as a dialog on offer", 15, args{"CHAT_ID": 1780}, true},
		{"by the right to join", 24, args{"CHAT_ID": 1780}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := call(t, p, c.caller, dialogGet, c.params)
			if !c.found {
				refused.check(t, a)
				return
			}
			if got := kind(at(t, a.ok(t), "id")); got != "int" {
				t.Errorf("the id is %s", got)
			}
		})
	}
}

func TestADialogTellsWhoseItIs(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	a := call(t, p, 15, dialogGet, args{"CHAT_ID": 1763})
	for path, value := range map[string]string{
		"role": `"owner"`, "entity_id": `"telegrambot|5|101763|431"`, "entity_type": `"LINES"`, "type": `"lines"`,
		"dialog_id": `"chat1763"`, "entity_data_2": `"LEAD|0|COMPANY|12|CONTACT|31|DEAL|77"`, "entity_data_3": `"N"`,
		"user_counter": "2", "manager_list": "[15]", "readed_list.0.user_id": "431",
	} {
		field(path, value)(t, a)
	}
	var dialog struct {
		Readers []struct {
			ID int `json:"user_id"`
		} `json:"readed_list"`
	}
	a.into(t, &dialog)
	if len(dialog.Readers) != 1 {
		t.Errorf("the caller is among the readers: %v", dialog.Readers)
	}
}

func TestLinesAreKnownOrFalse(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	const get = "imopenlines.config.get"
	want{result: "false"}.check(t, call(t, p, 22, get, args{"CONFIG_ID": 77}))
	for _, none := range []args{{"config_id": 5}, {"CONFIG_ID": "x"}, {"CONFIG_ID": -5}} {
		want{status: 400, code: "CONFIG_ID_EMPTY"}.check(t, call(t, p, 22, get, none))
	}
	for _, without := range []string{"N", "n", "y", ""} {
		var settings map[string]json.RawMessage
		call(t, p, 22, get, args{"CONFIG_ID": 5, "WITH_QUEUE": without}).into(t, &settings)
		if settings["QUEUE"] != nil || settings["LINE_NAME"] == nil {
			t.Errorf("WITH_QUEUE %q answered %d settings, or a queue", without, len(settings))
		}
	}
	p.Do(func(w *bitrixtest.World) { w.SetLastActivity(23, time.Now().AddDate(0, 0, -1)) })
	field("QUEUE", `["15"]`)(t, call(t, p, 22, get, args{"CONFIG_ID": 5, "SHOW_OFFLINE": "N"}))
	field("QUEUE", `["15","23"]`)(t, call(t, p, 22, get, args{"CONFIG_ID": 5}))
	field("LINE_NAME", `"Key accounts"`)(t, call(t, p, 22, get, args{"CONFIG_ID": 6}))
	const list = "imopenlines.config.list.get"
	want{status: 400, code: "INVALID_FORMAT", text: "'filter'"}.check(t, call(t, p, 1, list, args{"PARAMS": args{"filter": "x"}}))
	field("1.QUEUE", "[24]")(t, call(t, p, 1, list, args{"OPTIONS": args{"QUEUE": "Y"}}))
	want{result: `[{"ID":"6"}]`}.check(t, call(t, p, 1, list,
		args{"PARAMS": args{"select": []string{"ID"}, "order": args{"ID": "DESC"}, "limit": 1}}))
}

func TestPassingADialogOn(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	const transfer = "imopenlines.operator.transfer"
	for _, c := range []struct {
		name   string
		params args
		code   string
	}{
		{"no chat", args{"TRANSFER_ID": 23}, "CHAT_ID_EMPTY"},
		{"a chat that is no number", args{"CHAT_ID": "chat1763", "TRANSFER_ID": 23}, "CHAT_ID_EMPTY"},
		{"nobody", args{"CHAT_ID": 1763}, "TRANSFER_ID_EMPTY"},
		{"an empty name", args{"CHAT_ID": 1763, "TRANSFER_ID": ""}, "USER_ID_EMPTY"},
		{"a queue that is no number", args{"CHAT_ID": 1763, "TRANSFER_ID": "queue#5#"}, "QUEUE_ID_EMPTY"},
		{"a user that is no number", args{"CHAT_ID": 1763, "USER_ID": "x"}, "USER_ID_EMPTY"},
		{"oneself", args{"CHAT_ID": 1763, "TRANSFER_ID": 15}, "OPERATOR_WRONG"},
		{"a dismissed person", args{"CHAT_ID": 1763, "TRANSFER_ID": 30}, "OPERATOR_WRONG"},
	} {
		t.Run(c.name, func(t *testing.T) { want{status: 400, code: c.code}.check(t, call(t, p, 15, transfer, c.params)) })
	}
	want{result: "true"}.check(t, call(t, p, 15, transfer, args{"CHAT_ID": 1763, "TRANSFER_ID": "23"}))
	if got, want := p.Participants(1763), []int{431, 23}; !slices.Equal(got, want) {
		t.Errorf("the chat holds %v, want %v", got, want)
	}
	for _, none := range []args{nil, {"CHAT_ID": 0}, {"CHAT_ID": -1}, {"CHAT_ID": "chat1763"}} {
		want{status: 400, code: "CHAT_ID_EMPTY"}.check(t, call(t, p, 24, "imopenlines.session.intercept", none))
	}
	want{result: "true"}.check(t, call(t, p, 24, "imopenlines.session.intercept", args{"CHAT_ID": 1763}))
	field("owner", "24")(t, call(t, p, 1, dialogGet, args{"CHAT_ID": 1763}))
}

func TestHistoryOfADialog(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	const get = "imopenlines.session.history.get"
	want{status: 400, code: "MISSING_REQUIRED_PARAM"}.check(t, call(t, p, 15, get, nil))
	want{status: 400, code: "INVALID_SESSION_ID"}.check(t, call(t, p, 15, get, args{"CHAT_ID": 5}))
	want{status: 400, code: "ACCESS_DENIED"}.check(t, call(t, p, 22, get, args{"CHAT_ID": 1780}))
	a := call(t, p, 22, get, args{"CHAT_ID": 1763})
	field("userInChat.1763", "[431,15]")(t, a)
	field("chatId", "1763")(t, a)
	field("chat.1763.id", `"1763"`)(t, a)
	field("users.15.firstName", `"Ivan"`)(t, a)
	field("files", "[]")(t, a)
}
