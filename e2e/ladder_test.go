package e2e

import (
	"slices"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// rung is one way in which adding a person does not simply succeed, as
// somebody meets it who opened a card, chose a colleague and then pressed the
// button.
type rung struct {
	viewer    int                        // default: Ivan
	item      string                     // default: deal/77
	person    person                     // default: Pavel
	meanwhile func(t *testing.T, s seat) // after choosing, before the button is pressed

	state string
	says  []string
	chat  int // default: 1763
	in    []int
	quiet bool // the button left no line in the chat

	// cure is what the sentence advises; then the same button must add.
	cure  func(t *testing.T, s seat)
	cured []int
}

func TestEveryRefusalSaysWhyAndWhatHelps(t *testing.T) {
	t.Parallel()
	alone := []int{ivan, annLee}
	withPavel := []int{ivan, annLee, pavel.id}
	withOlga := []int{ivan, annLee, olga.id}
	do := func(change func(w *bitrixtest.World)) func(*testing.T, seat) {
		return func(_ *testing.T, s seat) { s.Do(change) }
	}
	switchTelegram := func(on bool) func(w *bitrixtest.World) {
		return func(w *bitrixtest.World) { w.Connectors["telegrambot"].Active = on }
	}
	observers := func(typ string, id int, people ...int) func(w *bitrixtest.World) {
		return func(w *bitrixtest.World) { w.Items[item(typ, id)].Observers = people }
	}
	for name, r := range map[string]rung{
		"the viewer lost access to the item": {
			viewer: olga.id, meanwhile: do(observers("DEAL", 77)),
			state: "refused", says: []string{"Pavel Orlov was not added.", "You have no access to Deal “Delivery of 40 chairs”.", "Ask the responsible person or an administrator."}, in: alone, quiet: true,
			cure: func(t *testing.T, s seat) { s.Do(observers("DEAL", 77, olga.id)) }, cured: withPavel,
		},
		"the colleague cannot read the item": {
			viewer: anna, item: "lead/55", person: olga, chat: chatLead,
			state: "refused", says: []string{"Olga Sidorova was not added.", "This colleague has no access to Lead “", "Make them an observer or the responsible person"}, in: []int{ivan, okafor}, quiet: true,
			cure: func(t *testing.T, s seat) { s.Do(observers("LEAD", 55, olga.id)) }, cured: []int{ivan, okafor, olga.id},
		},
		"the colleague is not in the queue and the viewer is no head": {
			person: olga,
			state:  "refused", says: []string{"Olga Sidorova was not added.", "The settings of the Open Channel do not let you add this colleague.", "put them into the channel’s queue"}, in: alone, quiet: true,
			cure: func(t *testing.T, s seat) {
				s.Do(func(w *bitrixtest.World) {
					w.Lines[5].Queue = append(w.Lines[5].Queue, bitrixtest.QueueEntry{Type: "user", ID: olga.id})
				})
			}, cured: withOlga,
		},
		"the colleague was dismissed": {
			meanwhile: func(t *testing.T, s seat) { s.post(t, "users/dismiss", `{"user":23}`) },
			state:     "refused", says: []string{"Pavel Orlov was not added.", "has been dismissed or does not exist"}, in: alone, quiet: true,
		},
		"the colleague became an external person": {
			meanwhile: do(func(w *bitrixtest.World) { w.Users[pavel.id].Type = bitrixtest.Extranet }),
			state:     "skipped", says: []string{"Pavel Orlov was left out by the portal.", "External people cannot be added to Open Channel chats."}, in: alone, quiet: true,
		},
		"the colleague is in the chat already": {
			meanwhile: func(t *testing.T, s seat) {
				s.addBeside(t, pavel)
				s.refresh(t)
			},
			state: "same", says: []string{"Pavel Orlov was in the chat already."}, in: withPavel, quiet: true,
		},
		"somebody else was faster": {
			meanwhile: func(t *testing.T, s seat) { s.addBeside(t, pavel) },
			state:     "done", says: []string{"Pavel Orlov has been added."}, in: withPavel, quiet: true,
		},
		"somebody with more rights added the colleague": {
			person: olga, meanwhile: func(t *testing.T, s seat) { s.addBeside(t, olga) },
			state: "same", says: []string{"Olga Sidorova was in the chat already."}, in: withOlga, quiet: true,
		},
		"the chat is no longer tied to the item": {
			meanwhile: do(func(w *bitrixtest.World) { untie(w, chatAnn, item("DEAL", 77)) }),
			state:     "refused", says: []string{"Pavel Orlov was not added.", "This chat does not take people for this CRM item any more.", "The list of chats shows which do."}, in: alone, quiet: true,
			cure: func(t *testing.T, s seat) {
				must(t, expect.Locator(s.chat(chatAnn)).ToContainText("Found at the contact “Ann Lee”"))
			}, cured: withPavel,
		},
		"the chat waits for an operator again": {
			meanwhile: func(t *testing.T, s seat) {
				s.post(t, "sessions/close", `{"chat":1763}`)
				s.post(t, "messages", `{"chat":1763,"author":431,"text":"One more thing"}`)
			},
			state: "refused", says: []string{"Pavel Orlov was not added.", "No operator has accepted this dialog yet.", "As soon as somebody accepts it"}, in: []int{annLee}, quiet: true,
			cure: func(t *testing.T, s seat) {
				s.post(t, "sessions/accept", `{"chat":1763,"operator":15}`)
				s.refresh(t)
				s.into(t, chatAnn)
			}, cured: withPavel,
		},
		"the chat is being closed": {
			meanwhile: do(func(w *bitrixtest.World) { w.Sessions[w.Chats[chatAnn].Session].Status = bitrixtest.StatusWaitClosing }),
			state:     "refused", says: []string{"Pavel Orlov was not added.", "This dialog is being closed."}, in: alone, quiet: true,
		},
		"the chat was finished": {
			meanwhile: func(t *testing.T, s seat) { s.post(t, "sessions/close", `{"chat":1763}`) },
			state:     "refused", says: []string{"Pavel Orlov was not added.", "The last dialog is finished.", "A new one begins when the customer writes or an operator starts it."}, in: []int{annLee}, quiet: true,
			cure: func(t *testing.T, s seat) {
				s.post(t, "sessions/reopen", `{"chat":1763,"operator":15}`)
				s.refresh(t)
				s.into(t, chatAnn)
			}, cured: withPavel,
		},
		"the channel was switched off": {
			meanwhile: do(switchTelegram(false)),
			state:     "refused", says: []string{"Pavel Orlov was not added.", "The channel of this chat is switched off.", "An administrator can connect it again in the Contact center."}, in: alone, quiet: true,
			cure: func(t *testing.T, s seat) {
				s.Do(switchTelegram(true))
				s.refresh(t)
				s.into(t, chatAnn)
			}, cured: withPavel,
		},
		"the chat was handed to another operator": {
			meanwhile: func(t *testing.T, s seat) {
				s.call(t, anna, "imopenlines.operator.transfer", map[string]any{"CHAT_ID": chatAnn, "USER_ID": elena.id})
			},
			state: "done", says: []string{"Pavel Orlov has been added."}, in: []int{elena.id, annLee, pavel.id},
		},
		"an old portal calls a participant an error": {
			meanwhile: func(t *testing.T, s seat) {
				s.addBeside(t, pavel)
				s.SetOld(true)
			},
			state: "same", says: []string{"Pavel Orlov was in the chat already."}, in: withPavel, quiet: true,
		},
		"an old portal says only that the request was wrong": {
			meanwhile: func(t *testing.T, s seat) {
				s.addBeside(t, pavel)
				s.Fail(bitrixtest.Fault{Method: methodAdd, Kind: bitrixtest.FaultError, Code: "WRONG_REQUEST"})
			},
			state: "same", says: []string{"Pavel Orlov was in the chat already."}, in: withPavel, quiet: true,
		},
		"an old portal has another word for a viewer without access": {
			meanwhile: func(t *testing.T, s seat) {
				s.Fail(bitrixtest.Fault{Method: methodAdd, Kind: bitrixtest.FaultError, Status: 403, Code: "CHAT_JOIN_PERMISSION_DENIED"})
			},
			state: "refused", says: []string{"Pavel Orlov was not added.", "You have no access to Deal “Delivery of 40 chairs”."}, in: alone, quiet: true,
		},
		"an old portal takes the latest chat instead": {
			meanwhile: func(t *testing.T, s seat) {
				s.Do(func(w *bitrixtest.World) {
					w.AddChat(bitrixtest.NewChat{ID: 1800, Name: "Ann Lee - Sales line", Connector: "livechat", Line: 5, Customer: 432,
						Items: []bitrixtest.ItemKey{item("DEAL", 77)}, Status: bitrixtest.StatusOperator, Operator: ivan})
				})
				s.SetOld(true)
			},
			state: "unknown", says: []string{"Pavel Orlov was added to another chat of this customer.", "This portal is older and adds people to the customer’s latest chat only."}, in: alone, quiet: true,
		},
		"an old portal finds no chat any more": {
			meanwhile: func(t *testing.T, s seat) {
				s.Do(func(w *bitrixtest.World) {
					untie(w, chatAnn, item("DEAL", 77))
					untie(w, 1701, item("DEAL", 77))
				})
				s.SetOld(true)
			},
			state: "refused", says: []string{"Pavel Orlov was not added.", "There was no chat any more, so nothing was done."}, in: alone, quiet: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.climb(t)
		})
	}
}

// climb goes up to the rung, and over it where there is a cure.
func (r rung) climb(t *testing.T) {
	if r.viewer == 0 {
		r.viewer = ivan
	}
	if r.item == "" {
		r.item = "deal/77"
	}
	if r.person.id == 0 {
		r.person = pavel
	}
	if r.chat == 0 {
		r.chat = chatAnn
	}
	w := newWorld(t)
	s := w.seat(t, r.viewer, r.item)
	s.choose(t, r.person)
	if r.meanwhile != nil {
		r.meanwhile(t, s)
	}
	lines := len(w.Messages(r.chat))
	s.add(t)
	s.wantResult(t, r.person, r.state, r.says...)
	w.wantIn(t, r.chat, r.in...)
	if added := len(w.Messages(r.chat)) - lines; r.quiet && added != 0 {
		t.Errorf("the chat has %d new lines", added)
	}
	s.wantTrouble(t, "")
	if r.state == "refused" || r.state == "skipped" {
		s.wantChosen(t, r.person)
	} else {
		s.wantChosen(t)
	}
	if r.cure == nil {
		return
	}
	r.cure(t, s)
	s.add(t)
	s.wantResult(t, r.person, "done")
	w.wantIn(t, r.chat, r.cured...)
	s.wantChosen(t)
}

// addBeside adds a person to chat 1763 as an administrator does elsewhere.
func (w *world) addBeside(t *testing.T, p person) {
	t.Helper()
	w.call(t, anna, methodAdd, map[string]any{"CRM_ENTITY_TYPE": "DEAL", "CRM_ENTITY": 77, "CHAT_ID": chatAnn, "USER_ID": p.id})
	if !slices.Contains(w.Participants(chatAnn), p.id) {
		t.Fatalf("user %d was not added", p.id)
	}
}

// untie takes a chat's activities off an item, as removing them from its
// timeline does.
func untie(w *bitrixtest.World, chat int, from bitrixtest.ItemKey) {
	for _, a := range w.Activities {
		if a.Chat == chat {
			a.Bindings = slices.DeleteFunc(slices.Clone(a.Bindings), func(i bitrixtest.ItemKey) bool { return i == from })
		}
	}
}
