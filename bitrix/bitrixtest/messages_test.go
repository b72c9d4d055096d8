package bitrixtest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// lastLine is the newest message of chat 1763.
func lastLine(t *testing.T, p *bitrixtest.Portal) bitrixtest.Message {
	t.Helper()
	lines := p.Messages(1763)
	return lines[len(lines)-1]
}

func status(p *bitrixtest.Portal, chat int) (status int) {
	p.Do(func(w *bitrixtest.World) {
		for _, s := range w.Sessions {
			if s.Chat == chat {
				status = s.Status
			}
		}
	})
	return status
}

func TestWhatReachesTheCustomer(t *testing.T) {
	for _, c := range []struct {
		name         string
		caller       int
		silent       bool
		params       args
		want         want
		sent, hidden bool
		author       int
		text         string
	}{
		{name: "a member's message goes to the customer", caller: 15,
			params: args{"MESSAGE": "On Friday."}, sent: true, author: 15, text: "On Friday."},
		{name: "a system line stays inside", caller: 15,
			params: args{"MESSAGE": "Olga was added", "SYSTEM": "Y"}, hidden: true, author: 0, text: "Olga was added"},
		{name: "a system line needs access, not membership", caller: 24,
			params: args{"MESSAGE": "Olga was added", "SYSTEM": "Y"}, hidden: true, author: 0, text: "Olga was added"},
		{name: "both flags make a system line", caller: 15,
			params: args{"MESSAGE": "Olga was added", "SYSTEM": "Y", "SKIP_CONNECTOR": "Y"}, hidden: true, author: 0, text: "Olga was added"},
		{name: "the flag of a system line is the exact letter, or the customer gets the text", caller: 15,
			params: args{"MESSAGE": "Olga was added", "SYSTEM": "y"}, sent: true, author: 15, text: "Olga was added"},
		{name: "a message that skips the connector is hidden from the customer", caller: 15,
			params: args{"MESSAGE": "A remark", "SKIP_CONNECTOR": "Y"}, hidden: true, author: 15, text: "A remark"},
		{name: "in either case of the letter", caller: 15,
			params: args{"MESSAGE": " A remark\n", "SKIP_CONNECTOR": "y"}, hidden: true, author: 15, text: "A remark"},
		{name: "who is no member cannot hide one either", caller: 24,
			params: args{"MESSAGE": "A remark", "SKIP_CONNECTOR": "Y"}, want: want{status: 400, code: "CANCELED"}},
		{name: "in silent mode members talk among themselves", caller: 15, silent: true,
			params: args{"MESSAGE": "A remark"}, hidden: true, author: 15, text: "A remark"},
		{name: "who has access but is no member cannot write to the customer", caller: 24,
			params: args{"MESSAGE": "Hello"}, want: want{status: 400, code: "CANCELED"}},
		{name: "who has no access cannot leave a system line either", caller: 22,
			params: args{"MESSAGE": "Hello", "SYSTEM": "Y"}, want: want{status: 400, code: "CANCELED"}},
		{name: "a person wins over the chat, which gets nothing", caller: 15,
			params: args{"MESSAGE": "Hello", "USER_ID": 999}, want: want{status: 400, code: "USER_NOT_FOUND"}},
		{name: "spaces are no message", caller: 15,
			params: args{"MESSAGE": " \n "}, want: want{status: 400, code: "MESSAGE_EMPTY"}},
		{name: "a number is no message", caller: 15,
			params: args{"MESSAGE": 5}, want: want{status: 400, code: "MESSAGE_EMPTY"}},
		{name: "an empty message is refused", caller: 15,
			params: args{"MESSAGE": ""}, want: want{status: 400, code: "MESSAGE_EMPTY"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := bitrixtest.NewPortal(t)
			if c.silent {
				call(t, p, 15, "imopenlines.session.mode.silent", args{"CHAT_ID": 1763, "ACTIVATE": "Y"}).ok(t)
			}
			before := lastLine(t, p)
			c.params["DIALOG_ID"] = "chat1763"
			a := call(t, p, c.caller, "im.message.add", c.params)
			if c.want.code != "" {
				c.want.check(t, a)
				if got := lastLine(t, p); got.ID != before.ID {
					t.Errorf("the chat got %q all the same", got.Text)
				}
				return
			}
			if got := kind(a.ok(t)); got != "int" {
				t.Errorf("the message id is %s", got)
			}
			got := lastLine(t, p)
			if got.Author != c.author || got.Text != c.text || got.SentToCustomer != c.sent || got.HiddenFromCustomer != c.hidden {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTheOperatorsAnswerMovesTheSessionOn(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	p.Do(func(w *bitrixtest.World) { w.PostMessage(1763, 431, "Any news?") })
	if got := status(p, 1763); got != bitrixtest.StatusClient && got != bitrixtest.StatusClientAfter {
		t.Errorf("after the customer wrote the status is %d", got)
	}
	call(t, p, 15, "im.message.add", args{"DIALOG_ID": "chat1763", "MESSAGE": "Tomorrow."}).ok(t)
	if got := status(p, 1763); got != bitrixtest.StatusOperator {
		t.Errorf("after the operator wrote the status is %d", got)
	}
}

func TestWritingOnBehalfOfSomebody(t *testing.T) {
	const messageAdd = "imopenlines.crm.message.add"
	p := bitrixtest.NewPortal(t)
	write := func(user, chat int, text string) args {
		return item("DEAL", 77, "USER_ID", user, "CHAT_ID", chat, "MESSAGE", text)
	}
	for _, c := range []struct {
		name   string
		caller int
		params args
		want   want
	}{
		{"the author has to be in the chat", 1, write(23, 1763, "Hi"), want{status: 400, code: "CANCELED"}},
		{"the author has to read the item", 1, write(40, 1763, "Hi"), denied("User dont have access to this entity")},
		{"the caller has to read the item", 22, item("DEAL", 78, "USER_ID", 15, "CHAT_ID", 1780, "MESSAGE", "Hi"),
			denied("You dont have access to this action")},
		{"the chat has to belong to the item", 1, write(15, 1770, "Hi"), notInCRM},
		{"the author is required", 1, item("DEAL", 77, "CHAT_ID", 1763, "MESSAGE", "Hi"), want{status: 400, code: "ERROR_ARGUMENT", text: "'USER_ID' is null"}},
		{"the author is a number", 1, item("DEAL", 77, "USER_ID", "x", "CHAT_ID", 1763, "MESSAGE", "Hi"), want{status: 400, code: "ERROR_ARGUMENT", text: "'USER_ID' has an invalid type"}},
		{"the text is required", 1, write(15, 1763, ""), want{status: 400, code: "ERROR_ARGUMENT", text: "'MESSAGE' is null"}},
	} {
		t.Run(c.name, func(t *testing.T) { c.want.check(t, call(t, p, c.caller, messageAdd, c.params)) })
	}
	call(t, p, 1, messageAdd, write(15, 1763, "We deliver on Friday.")).ok(t)
	if got := lastLine(t, p); got.Author != 15 || !got.SentToCustomer || got.Text != "We deliver on Friday." {
		t.Errorf("got %+v", got)
	}
}

func TestJoiningLeavesOneGreyLine(t *testing.T) {
	for _, c := range []struct{ language, text string }{
		{"en", "has joined the chat"}, {"ru", "присоединилась к чату"},
	} {
		t.Run(c.language, func(t *testing.T) {
			p := bitrixtest.NewPortal(t)
			p.Switch(func(s *bitrixtest.Switches) { s.Language = c.language })
			call(t, p, 1, userAdd, adding("DEAL", 77, 1763, 22)).ok(t)
			got := lastLine(t, p)
			if got.Author != 0 || !got.System || got.Code != "CHAT_JOIN" || got.SentToCustomer {
				t.Errorf("got %+v", got)
			}
			if !strings.HasPrefix(got.Text, "[USER=22]") || !strings.HasSuffix(got.Text, c.text) {
				t.Errorf("the line says %q", got.Text)
			}
			if strings.Contains(got.Text, "USER=1]") {
				t.Errorf("the line tells who added: %q", got.Text)
			}
		})
	}
}

func TestTheNewcomerHasNothingUnread(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	call(t, p, 1, userAdd, adding("DEAL", 77, 1763, 22)).ok(t)
	field("counter", "0")(t, call(t, p, 22, dialogGet, args{"CHAT_ID": 1763}))
	field("LINES.1763", "1")(t, call(t, p, 15, "im.counters.get", nil))
}

// TestASystemLineNamesItsApplication in bold, also where the portal ignores the
// flag and hands the text to the customer.
func TestASystemLineNamesItsApplication(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := registered(t, p, "im")
	line := args{"DIALOG_ID": "chat1763", "MESSAGE": "Olga was added", "SYSTEM": "Y"}
	callApp(t, p, p.Token(keys.ClientID, 15).Access, "im.message.add", line).ok(t)
	if got := lastLine(t, p); got.Text != "[b]Test[/b]\nOlga was added" || got.Author != 0 || !got.HiddenFromCustomer {
		t.Errorf("got %+v", got)
	}
	p.Do(func(w *bitrixtest.World) {
		w.Chats[1763].Members = append(w.Chats[1763].Members, &bitrixtest.Member{User: 40})
	})
	callApp(t, p, p.Token(keys.ClientID, 40).Access, "im.message.add", line).ok(t)
	if got := lastLine(t, p); got.Text != "[b]Test[/b]\nOlga was added" || got.Author != 40 || !got.SentToCustomer {
		t.Errorf("of an extranet person got %+v", got)
	}
}

// notices are the texts of a person's notification centre.
func notices(p *bitrixtest.Portal, user int) []string {
	texts := []string{}
	for _, n := range p.Notifications(user) {
		texts = append(texts, n.Text)
	}
	return texts
}

func TestNotices(t *testing.T) {
	const add = "im.notify.personal.add"
	p := bitrixtest.NewPortal(t)
	keys, others := registered(t, p, "im"), registered(t, p, "im")
	ivan, olga := p.Token(keys.ClientID, 15).Access, p.Token(others.ClientID, 22).Access
	callApp(t, p, ivan, add, args{"USER_ID": 22, "MESSAGE": "first", "TAG": "a", "SUB_TAG": "s"}).ok(t)
	callApp(t, p, ivan, "im.notify.system.add", args{"USER_ID": 22, "MESSAGE": "second", "SUB_TAG": "s"}).ok(t)
	callApp(t, p, ivan, add, args{"TO": 22, "USER_ID": 23, "MESSAGE": " third ", "TAG": "a", "SUB_TAG": "s"}).ok(t)
	callApp(t, p, ivan, add, args{"USER_ID": 23, "MESSAGE": "to another person", "TAG": "a"}).ok(t)
	callApp(t, p, olga, add, args{"USER_ID": 22, "MESSAGE": "of another application", "TAG": "a"}).ok(t)
	want := []string{"Test\nsecond", "third", "of another application"}
	if got := notices(p, 22); !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	if got := p.Notifications(22); got[0].Author != 0 || got[1].Author != 15 || got[1].Tag != "a" || got[1].SubTag != "s" {
		t.Errorf("got %+v", got)
	}
	if got := notices(p, 23); !slices.Equal(got, []string{"to another person"}) {
		t.Errorf("person 23 got %q", got)
	}
}

// TestAWebhookHasNoTagsOfItsOwn: notices with the same one stand beside each
// other, unless it says whose they are.
func TestAWebhookHasNoTagsOfItsOwn(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	for _, text := range []string{"first", "second"} {
		call(t, p, 15, "im.notify.personal.add", args{"USER_ID": 22, "MESSAGE": text, "TAG": "a"}).ok(t)
		call(t, p, 15, "im.notify.personal.add", args{"USER_ID": 23, "MESSAGE": text, "TAG": "a", "CLIENT_ID": "mine"}).ok(t)
	}
	call(t, p, 15, "im.notify.system.add", args{"USER_ID": 22, "MESSAGE": "third"}).ok(t)
	if got, want := notices(p, 22), []string{"first", "second", "third"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := notices(p, 23), []string{"second"}; !slices.Equal(got, want) {
		t.Errorf("with a client id got %q, want %q", got, want)
	}
}

func TestNoticesThatAreNotGiven(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	p.Do(func(w *bitrixtest.World) { w.Users[22].NotifyOff = true })
	for _, c := range []struct {
		name   string
		params args
		want   want
	}{
		{"to who switched them off", args{"USER_ID": 22, "MESSAGE": "x"}, want{result: "false"}},
		{"to nobody", args{"MESSAGE": "x"}, want{status: 400, code: "USER_ID_EMPTY"}},
		{"to nobody by the older name", args{"USER_ID": 23, "TO": 0, "MESSAGE": "x"}, want{status: 400, code: "USER_ID_EMPTY"}},
		{"without text", args{"USER_ID": 23}, want{status: 400, code: "MESSAGE_EMPTY"}},
		{"of spaces", args{"USER_ID": 23, "MESSAGE": " "}, want{status: 400, code: "MESSAGE_EMPTY"}},
		{"of a list", args{"USER_ID": 23, "MESSAGE": []string{"x"}}, want{status: 400, code: "MESSAGE_EMPTY"}},
		{"with an attachment that is no JSON", args{"USER_ID": 23, "MESSAGE": "x", "ATTACH": "{"}, want{status: 400, code: "ATTACH_ERROR"}},
	} {
		t.Run(c.name, func(t *testing.T) { c.want.check(t, call(t, p, 15, "im.notify.personal.add", c.params)) })
	}
	for _, user := range []int{22, 23} {
		if got := notices(p, user); len(got) != 0 {
			t.Errorf("person %d got %q", user, got)
		}
	}
}

func TestMembersInviteAroundTheCRMRules(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	const invite = "im.chat.user.add"
	want{status: 400, code: "ACCESS_DENIED_EXTEND"}.check(t, call(t, p, 22, invite, args{"CHAT_ID": 1763, "USERS": []int{22}}))
	want{result: "true"}.check(t, call(t, p, 15, invite, args{"CHAT_ID": 1763, "USERS": []int{22, 24, 40, 15}}))
	if got, want := p.Participants(1763), []int{431, 15, 22, 24}; !slices.Equal(got, want) {
		t.Errorf("the chat holds %v, want %v", got, want)
	}
	if got := lastLine(t, p).Text; !strings.Contains(got, "USER=15]") || !strings.Contains(got, "USER=22]") {
		t.Errorf("the line says %q", got)
	}
	kick := func(caller, user int) answer {
		return call(t, p, caller, "im.chat.user.delete", args{"CHAT_ID": 1763, "USER_ID": user})
	}
	want{status: 400, code: "ACCESS_DENIED_KICK"}.check(t, kick(23, 22))
	want{status: 400, code: "IM_ERROR_KICK"}.check(t, kick(22, 24))
	want{status: 400, code: "USER_NOT_FOUND"}.check(t, kick(15, 23))
	want{result: "true"}.check(t, kick(15, 24))
	want{result: "true"}.check(t, call(t, p, 22, "im.chat.leave", args{"CHAT_ID": 1763}))
	if a := call(t, p, 15, "im.chat.leave", args{"CHAT_ID": 1763}); a.Error == nil {
		t.Error("the operator left")
	}
	if got, want := p.Participants(1763), []int{431, 15}; !slices.Equal(got, want) {
		t.Errorf("the chat holds %v, want %v", got, want)
	}
}
