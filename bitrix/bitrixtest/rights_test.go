package bitrixtest_test

import (
	"slices"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// TestWhoReadsAnItem climbs the levels of CRM roles with user 24, who is
// neither responsible for deal 77 nor its observer.
func TestWhoReadsAnItem(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	reads := want{result: "[]"}
	refused := denied("You dont have access to this action")
	for _, c := range []struct {
		name  string
		world func(w *bitrixtest.World)
		want  want
	}{
		{"without a role nobody reads", func(w *bitrixtest.World) { w.Users[24].Rights = nil }, refused},
		{"without a role not even an observer reads", func(w *bitrixtest.World) {
			w.Users[24].Rights = nil
			w.Items[dealKey(80)].Observers = []int{24}
		}, refused},
		{"an observer with any role reads", func(w *bitrixtest.World) {
			w.SetCRMRights(24, "DEAL", bitrixtest.CRMNone)
			w.Items[dealKey(80)].Observers = []int{24}
		}, reads},
		{"own items are those one is responsible for", func(w *bitrixtest.World) {
			w.SetCRMRights(24, "DEAL", bitrixtest.CRMOwn)
		}, refused},
		{"the responsible reads their own", func(w *bitrixtest.World) {
			w.SetCRMRights(24, "DEAL", bitrixtest.CRMOwn)
			w.Items[dealKey(80)].AssignedBy = 24
		}, reads},
		{"a colleague of the department reads at department level", func(w *bitrixtest.World) {
			w.SetCRMRights(24, "DEAL", bitrixtest.CRMDepartment)
		}, reads},
		{"other departments do not count at department level", func(w *bitrixtest.World) {
			w.SetCRMRights(24, "DEAL", bitrixtest.CRMDepartment)
			w.Items[dealKey(80)].AssignedBy = 23
		}, refused},
		{"departments below do not count at department level", func(w *bitrixtest.World) {
			w.SetCRMRights(24, "DEAL", bitrixtest.CRMDepartment)
			w.Users[24].Departments = []int{1}
		}, refused},
		{"departments below count at the next level", func(w *bitrixtest.World) {
			w.SetCRMRights(24, "DEAL", bitrixtest.CRMSubdepartments)
			w.Users[24].Departments = []int{1}
		}, reads},
		{"items opened to everyone need their own level", func(w *bitrixtest.World) {
			w.SetCRMRights(24, "DEAL", bitrixtest.CRMOwn)
			w.Items[dealKey(80)].Opened = true
		}, refused},
		{"items opened to everyone are read at that level", func(w *bitrixtest.World) {
			w.SetCRMRights(24, "DEAL", bitrixtest.CRMOpened)
			w.Users[24].Departments = []int{7}
			w.Items[dealKey(80)].Opened = true
		}, reads},
		{"closed items of others are not read at that level", func(w *bitrixtest.World) {
			w.SetCRMRights(24, "DEAL", bitrixtest.CRMOpened)
			w.Users[24].Departments = []int{7}
		}, refused},
		{"rights on one type say nothing about another", func(w *bitrixtest.World) {
			w.Users[24].Rights = map[string]bitrixtest.CRMLevel{"LEAD": bitrixtest.CRMAll}
		}, refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.Do(func(w *bitrixtest.World) {
				w.Users[24].Departments, w.Users[24].Rights = []int{5}, map[string]bitrixtest.CRMLevel{}
				deal := w.Items[dealKey(80)]
				deal.AssignedBy, deal.Observers, deal.Opened = 15, nil, false
				c.world(w)
			})
			c.want.check(t, call(t, p, 24, chatGet, item("DEAL", 80)))
		})
	}
}

func dealKey(id int) bitrixtest.ItemKey { return bitrixtest.ItemKey{Type: "DEAL", ID: id} }

// TestWhomTheHistoryLevelLetsIn is the table of the caller's level against the
// added person's place in the queue.
func TestWhomTheHistoryLevelLetsIn(t *testing.T) {
	const (
		queued   = 23 // in the queue
		mate     = 22 // shares the department of 23
		stranger = 31 // shares a department with nobody
	)
	for _, c := range []struct {
		name  string
		level bitrixtest.Level
		added int
		world func(w *bitrixtest.World)
		want  want
	}{
		{"any level adds a stranger", bitrixtest.LevelAny, stranger, nil, added},
		{"the department level adds one from the queue", bitrixtest.LevelDepartment, queued, nil, added},
		{"the department level adds a department mate of the queue", bitrixtest.LevelDepartment, mate, nil, added},
		{"the department level refuses a stranger", bitrixtest.LevelDepartment, stranger, nil, denied("view chat history")},
		{"the department level looks into the departments below", bitrixtest.LevelDepartment, stranger,
			func(w *bitrixtest.World) { w.Departments[7].Parent = 9 }, added},
		{"the own level adds one from the queue", bitrixtest.LevelOwn, queued, nil, added},
		{"the own level refuses a department mate of the queue", bitrixtest.LevelOwn, mate, nil, denied("view chat history")},
		{"the own level adds who last edited the line", bitrixtest.LevelOwn, mate,
			func(w *bitrixtest.World) { w.Lines[5].ModifiedBy = mate }, added},
		{"no level refuses even one from the queue", bitrixtest.LevelNone, queued, nil, denied("view chat history")},
		{"no level refuses even who last edited the line", bitrixtest.LevelNone, queued,
			func(w *bitrixtest.World) { w.Lines[5].ModifiedBy = queued }, denied("view chat history")},
		{"a department in the queue stands for its people", bitrixtest.LevelOwn, mate,
			func(w *bitrixtest.World) { w.Lines[5].Queue = []bitrixtest.QueueEntry{{Type: "department", ID: 7}} }, added},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := bitrixtest.NewPortal(t)
			p.Do(func(w *bitrixtest.World) {
				w.SetLevel(15, "HISTORY:view", c.level)
				w.SetLevel(23, "HISTORY:view", bitrixtest.LevelAny) // of the added person: never asked
				w.Departments[9] = &bitrixtest.Department{ID: 9, Parent: 1, Name: "Legal"}
				w.Users[stranger].Departments = []int{9}
				w.SetCRMRights(stranger, "DEAL", bitrixtest.CRMAll)
				if c.world != nil {
					c.world(w)
				}
			})
			c.want.check(t, call(t, p, 15, userAdd, adding("DEAL", 77, 1763, c.added)))
			if got, want := slices.Contains(p.Participants(1763), c.added), c.want.code == ""; got != want {
				t.Errorf("member afterwards: %v, want %v", got, want)
			}
		})
	}
}

// TestArgumentsAreCheckedInOrder walks the checks of adding, each with
// everything after it wrong too.
func TestArgumentsAreCheckedInOrder(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	invalid := func(t *testing.T, a answer) {
		t.Helper()
		want{status: 400, code: "ERROR_ARGUMENT", text: "The value of an argument 'CRM_ENTITY' has an invalid type"}.check(t, a)
		if a.Argument != "CRM_ENTITY" {
			t.Errorf("got the argument %q", a.Argument)
		}
	}
	is := func(w want) func(*testing.T, answer) {
		return func(t *testing.T, a answer) { t.Helper(); w.check(t, a) }
	}
	for _, c := range []struct {
		name   string
		caller int
		params args
		check  func(*testing.T, answer)
	}{
		{"no type", 22, args{}, nullArgument("CRM_ENTITY_TYPE")},
		{"type zero", 22, args{"CRM_ENTITY_TYPE": "0"}, nullArgument("CRM_ENTITY_TYPE")},
		{"no id", 22, args{"CRM_ENTITY_TYPE": "DEAL"}, nullArgument("CRM_ENTITY")},
		{"id zero", 22, args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": "0"}, nullArgument("CRM_ENTITY")},
		{"the third-party name of the id", 22, args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY_ID": 77}, nullArgument("CRM_ENTITY")},
		{"id is text", 22, args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": "abc"}, invalid},
		{"id is negative", 22, args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": "-5"}, invalid},
		{"a fraction below one is no id", 22, args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": "0.5"}, invalid},
		{"nor is it as a number", 22, args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": 0.5}, invalid},
		{"a flag is no id", 22, args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": true}, invalid},
		{"id is a list", 22, args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": []int{77}}, invalid},
		{"a fraction counts as its whole part", 15, args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": "77.9", "CHAT_ID": "1763", "USER_ID": "23"}, is(added)},
		{"no access", 22, item("DEAL", 78, "CHAT_ID", 1), is(denied("You don't have access to join user to chat"))},
		{"an item that does not exist is no access", 15, item("DEAL", 99999), is(denied("join user"))},
		{"a chat id below zero comes back", 15, item("DEAL", 77, "CHAT_ID", -5), is(want{result: "-5"})},
		{"a chat id that is no number is zero", 15, item("DEAL", 77, "CHAT_ID", "chat1763"), is(want{result: "0"})},
		{"a chat of another item", 15, item("DEAL", 77, "CHAT_ID", 1770), is(notInCRM)},
		{"the type NONE is open to all and has no chat", 22, item("NONE", 5, "USER_ID", 23), is(want{result: "0"})},
		{"without a chat id the last chat is taken, though it is finished", 1, item("DEAL", 77, "USER_ID", 23), is(notInCRM)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "without a chat id the last chat is taken, though it is finished" {
				p.Do(func(w *bitrixtest.World) {
					for _, a := range w.Activities {
						if a.Chat == 1701 {
							a.LastUpdated = w.Now().AddDate(0, 0, 1)
						}
					}
				})
			}
			c.check(t, call(t, p, c.caller, userAdd, c.params))
		})
	}
}

func TestLastChatOfAnItem(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	const last = "imopenlines.crm.chat.getLastId"
	empty := want{status: 400, code: "CRM_CHAT_EMPTY_CRM_DATA", text: "Empty CRM data"}
	none := want{status: 400, code: "CRM_CHAT_EMPTY_CRM_DATA", text: "Could not find CRM entity"}
	for _, c := range []struct {
		name   string
		caller int
		params args
		want   want
	}{
		{"the newest activity names it", 15, item("DEAL", 77), added},
		{"it may wait for an operator", 24, item("DEAL", 78), want{result: "1780"}},
		{"its connector may be off", 1, item("DEAL", 79), want{result: "1790"}},
		{"it is not found for who cannot see the activity", 22, item("DEAL", 78), none},
		{"a deal without chats has none", 15, item("DEAL", 80), none},
		{"an unknown type has none", 15, item("PIGEON", 80), none},
		{"the type is required", 15, args{"CRM_ENTITY": 77}, empty},
		{"the id is required", 15, args{"CRM_ENTITY_TYPE": "DEAL"}, empty},
		{"the id is a number", 15, args{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": "x"}, want{status: 400, code: "ERROR_ARGUMENT"}},
	} {
		t.Run(c.name, func(t *testing.T) { c.want.check(t, call(t, p, c.caller, last, c.params)) })
	}
}
