package bitrixtest_test

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

const (
	chatGet    = "imopenlines.crm.chat.get"
	userAdd    = "imopenlines.crm.chat.user.add"
	userDelete = "imopenlines.crm.chat.user.delete"
	dialogGet  = "imopenlines.dialog.get"
)

// step is one call of a case and what it has to answer.
type step struct {
	caller int
	method string
	params args
	want   want
	// check looks at the answer instead of want.
	check func(t *testing.T, a answer)
}

// item names a CRM item and adds more parameters to it.
func item(typ string, id int, more ...any) args {
	a := args{"CRM_ENTITY_TYPE": typ, "CRM_ENTITY": id}
	for i := 0; i < len(more); i += 2 {
		a[more[i].(string)] = more[i+1]
	}
	return a
}

// adding is the parameters that add a user to a chat of an item.
func adding(typ string, id, chat, user int) args {
	return item(typ, id, "CHAT_ID", chat, "USER_ID", user)
}

func denied(text string) want { return want{status: 403, code: "ACCESS_DENIED", text: text} }

var (
	notInCRM  = want{status: 400, code: "CHAT_NOT_IN_CRM"}
	notActive = want{status: 400, code: "CRM_CHAT_USER_NOT_ACTIVE"}
	added     = want{result: "1763"}
)

// rule is a case of the portal's rules about the chats of CRM items.
type rule struct {
	name    string
	world   func(w *bitrixtest.World)
	old     bool
	steps   []step
	members []int // of chat 1763 afterwards; 431 and 15 when nil
	lines   int   // new messages in chat 1763
}

var chatRules = []rule{
	{name: "the operator sees the active chat of the deal",
		steps: []step{{15, chatGet, item("DEAL", 77), want{result: chatRows("1763 telegrambot Telegram")}, nil}}},
	{name: "finished chats show when all are asked for",
		steps: []step{{15, chatGet, item("DEAL", 77, "ACTIVE_ONLY", "N"),
			want{result: chatRows("1763 telegrambot Telegram", "1701 livechat Live Chat")}, nil}}},
	{name: "a deal without chats has an empty list",
		steps: []step{{15, chatGet, item("DEAL", 80), want{result: "[]"}, nil}}},
	{name: "who cannot read the deal gets no list",
		steps: []step{{22, chatGet, item("DEAL", 78), denied("You dont have access to this action"), nil}}},
	{name: "an administrator reads even a deal that does not exist",
		steps: []step{{1, chatGet, item("DEAL", 99999), want{result: "[]"}, nil}}},
	{name: "the operator adds a colleague from the line's queue",
		steps:   []step{{15, userAdd, adding("DEAL", 77, 1763, 23), added, nil}},
		members: []int{431, 15, 23}, lines: 1},
	{name: "the operator cannot add an observer who is outside the queue",
		steps: []step{{15, userAdd, adding("DEAL", 77, 1763, 22), denied("view chat history"), nil}}},
	{name: "an administrator adds an observer who is outside the queue",
		steps:   []step{{1, userAdd, adding("DEAL", 77, 1763, 22), added, nil}},
		members: []int{431, 15, 22}, lines: 1},
	{name: "a head adds an invited person who never logged in",
		steps:   []step{{24, userAdd, adding("DEAL", 77, 1763, 31), added, nil}},
		members: []int{431, 15, 31}, lines: 1},
	{name: "the level of the operator decides, not that of the head being added",
		steps: []step{{15, userAdd, adding("DEAL", 77, 1763, 24), denied("view chat history"), nil}}},
	{name: "a dismissed person cannot be added",
		steps: []step{{1, userAdd, adding("DEAL", 77, 1763, 30), notActive, nil}}},
	{name: "a user who does not exist cannot be added",
		steps: []step{{1, userAdd, adding("DEAL", 77, 1763, 999), notActive, nil}}},
	{name: "an extranet person without CRM rights is refused",
		steps: []step{{1, userAdd, adding("DEAL", 77, 1763, 40), denied("this CRM entity"), nil}}},
	{name: "an extranet person with CRM rights is skipped in silence",
		world: func(w *bitrixtest.World) { w.SetCRMRights(40, "DEAL", bitrixtest.CRMAll) },
		steps: []step{{1, userAdd, adding("DEAL", 77, 1763, 40), added, nil}}},
	{name: "nobody can be added to a finished chat",
		steps: []step{{1, userAdd, adding("DEAL", 77, 1701, 23), notInCRM, nil}}},
	{name: "nobody can be added before an operator accepted",
		steps: []step{{1, userAdd, adding("DEAL", 78, 1780, 23), notInCRM, nil}}},
	{name: "nobody can be added while the connector is off",
		steps: []step{{1, userAdd, adding("DEAL", 79, 1790, 23), notInCRM, nil}}},
	{name: "a chat belongs to the item it is bound to and to no other",
		steps: []step{
			{1, userAdd, adding("DEAL", 77, 1770, 23), notInCRM, nil},
			{1, userAdd, adding("CONTACT", 31, 1770, 23), want{result: "1770"}, nil},
		}},
	{name: "without any chat nothing is done and nothing else is looked at",
		steps: []step{{1, userAdd, item("DEAL", 80), want{result: "0"}, nil}}},
	{name: "a missing user is noticed after the chat",
		steps: []step{{1, userAdd, item("DEAL", 77, "CHAT_ID", 1763), want{}, nullArgument("Empty USER_ID")}}},
	{name: "adding twice succeeds twice and says so once",
		steps: []step{
			{15, userAdd, adding("DEAL", 77, 1763, 23), added, nil},
			{15, userAdd, adding("DEAL", 77, 1763, 23), added, nil},
		}, members: []int{431, 15, 23}, lines: 1},
	{name: "in a batch the good verdict of the first passes the second",
		steps:   []step{{15, "batch", addBatch(23, 22), want{}, batchOf("1763", "1763")}},
		members: []int{431, 15, 23, 22}, lines: 2},
	{name: "in a batch the bad verdict of the first fails the second",
		steps: []step{{15, "batch", addBatch(22, 23), want{}, batchOf("ACCESS_DENIED", "ACCESS_DENIED")}}},
	{name: "parameter names in lower case count as missing",
		steps: []step{
			{15, userAdd, args{"crm_entity_type": "DEAL", "CRM_ENTITY": 77}, want{}, nullArgument("CRM_ENTITY_TYPE")},
			{15, userAdd, args{"CRM_ENTITY_TYPE": "DEAL", "crm_entity": 77}, want{}, nullArgument("CRM_ENTITY")},
		}},
	{name: "the case of the type does not matter but a space does, after the access check",
		steps: []step{
			{15, userAdd, adding("deal", 77, 1763, 23), added, nil},
			{15, userAdd, adding("Deal ", 77, 1763, 23), notInCRM, nil},
		}, members: []int{431, 15, 23}, lines: 1},
	{name: "a short type code passes the access check and has no chats",
		steps: []step{
			{15, userAdd, adding("D", 77, 1763, 23), notInCRM, nil},
			{15, chatGet, item("D", 77), want{result: "[]"}, nil},
		}},
	{name: "an unknown smart process is no access",
		steps: []step{{15, userAdd, adding("DYNAMIC_177", 9, 1763, 23), denied("join user"), nil}}},
	{name: "a known smart process has no chats",
		world: smartProcess,
		steps: []step{{15, userAdd, adding("DYNAMIC_177", 9, 1763, 23), notInCRM, nil}}},
	{name: "who is not in the chat cannot be removed",
		steps: []step{{1, userDelete, adding("DEAL", 77, 1763, 22), want{status: 400, code: "USER_NOT_FOUND"}, nil}}},
	{name: "an observer outside the chat sees the dialog as a guest",
		steps: []step{{22, dialogGet, args{"CHAT_ID": 1763}, want{}, field("role", `"guest"`)}}},
	{name: "the messenger refuses the same observer",
		steps: []step{{22, "im.dialog.get", args{"DIALOG_ID": "chat1763"}, want{status: 403, code: "ACCESS_ERROR"}, nil}}},
	{name: "the messenger shows an outsider an empty list of members",
		steps: []step{{22, "im.chat.user.list", args{"CHAT_ID": 1763}, want{result: "[]"}, nil}}},
	{name: "the customer cannot be added",
		steps: []step{{1, userAdd, adding("DEAL", 77, 1763, 431), denied("this CRM entity"), nil}}},
	{name: "a bot needs CRM rights of its own",
		steps: []step{{1, userAdd, adding("DEAL", 77, 1763, 50), denied("this CRM entity"), nil}}},
	{name: "a bot with CRM rights joins",
		world:   func(w *bitrixtest.World) { w.SetCRMRights(50, "DEAL", bitrixtest.CRMAll) },
		steps:   []step{{1, userAdd, adding("DEAL", 77, 1763, 50), added, nil}},
		members: []int{431, 15, 50}, lines: 1},
	{name: "closing leaves only the customer, and the former operator sees the chat through the deal",
		steps: []step{
			{15, "imopenlines.operator.finish", args{"CHAT_ID": 1763}, want{result: "true"}, nil},
			{15, dialogGet, args{"CHAT_ID": 1763}, want{}, field("owner", "0")},
			{15, dialogGet, args{"CHAT_ID": 1763}, want{}, field("role", `"guest"`)},
			{15, dialogGet, args{"CHAT_ID": 1763}, want{}, field("user_counter", "1")},
		}, members: []int{431}},
	{name: "an old portal ignores the chat and calls a repetition an error",
		old: true,
		steps: []step{
			{15, userAdd, adding("DEAL", 77, 1701, 22), added, nil},
			{15, userAdd, adding("DEAL", 77, 1701, 22), want{status: 400, code: "NOTHING_TO_ADD"}, nil},
			{15, userAdd, args{"CRM_ENTITY_TYPE": "DEAL"}, want{status: 400, code: "CRM_CHAT_EMPTY_CRM_DATA", text: "Empty CRM data"}, nil},
			{15, userAdd, item("DEAL", 77), want{status: 400, code: "CRM_CHAT_EMPTY_USER", text: "Empty User ID"}, nil},
		}, members: []int{431, 15, 22}, lines: 1},
}

func TestChatsOfCRMItems(t *testing.T) {
	for _, c := range chatRules {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := bitrixtest.NewPortal(t)
			p.SetOld(c.old)
			if c.world != nil {
				p.Do(c.world)
			}
			lines := len(p.Messages(1763))
			for _, s := range c.steps {
				a := call(t, p, s.caller, s.method, s.params)
				if s.check != nil {
					s.check(t, a)
					continue
				}
				s.want.check(t, a)
			}
			if c.members == nil {
				c.members = []int{431, 15}
			}
			if got := p.Participants(1763); !slices.Equal(got, c.members) {
				t.Errorf("chat 1763 holds %v, want %v", got, c.members)
			}
			if got := len(p.Messages(1763)) - lines; got != c.lines {
				t.Errorf("chat 1763 got %d lines, want %d", got, c.lines)
			}
		})
	}
}

// chatRows is the answer of imopenlines.crm.chat.get: "id connector title" each.
func chatRows(rows ...string) string {
	list := []map[string]string{}
	for _, row := range rows {
		id, rest, _ := strings.Cut(row, " ")
		connector, title, _ := strings.Cut(rest, " ")
		list = append(list, map[string]string{"CHAT_ID": id, "CONNECTOR_ID": connector, "CONNECTOR_TITLE": title})
	}
	text, _ := json.Marshal(list)
	return string(text)
}

func smartProcess(w *bitrixtest.World) {
	w.KnownTypes[177] = "Delivery"
	w.AddItem(bitrixtest.Item{ItemKey: bitrixtest.ItemKey{Type: "DYNAMIC_177", ID: 9}, Title: "Van 3", AssignedBy: 15})
	w.SetCRMRights(15, "DYNAMIC_177", bitrixtest.CRMOwn)
}

// nullArgument expects the answer to an empty argument.
func nullArgument(name string) func(t *testing.T, a answer) {
	return func(t *testing.T, a answer) {
		t.Helper()
		want{status: 400, code: "ERROR_ARGUMENT", text: "Argument '" + name + "' is null or empty"}.check(t, a)
		if a.Argument != name {
			t.Errorf("got the argument %q, want %q", a.Argument, name)
		}
	}
}

// field expects a part of the result.
func field(path, value string) func(t *testing.T, a answer) {
	return func(t *testing.T, a answer) {
		t.Helper()
		if got := compact(at(t, a.ok(t), path)); got != value {
			t.Errorf("got %s = %s, want %s", path, got, value)
		}
	}
}

func addBatch(users ...int) args {
	cmd := map[string]string{}
	for i, user := range users {
		cmd[string(rune('a'+i))] = userAdd + "?CRM_ENTITY_TYPE=DEAL&CRM_ENTITY=77&CHAT_ID=1763&USER_ID=" + strconv.Itoa(user)
	}
	return args{"cmd": cmd}
}

// batchOf expects of the commands a, b … a result or an error code each.
func batchOf(answers ...string) func(t *testing.T, a answer) {
	return func(t *testing.T, a answer) {
		t.Helper()
		for i, want := range answers {
			key, section := string(rune('a'+i)), "result"
			if want[0] >= 'A' {
				section, want = "result_error", `"`+want+`"`
				key += ".error"
			}
			if got := compact(at(t, a.ok(t), section+"."+key)); got != want {
				t.Errorf("got %s of %s %s, want %s", section, key, got, want)
			}
		}
	}
}
