package bitrixtest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (g *pages) routeChats() {
	g.signed("GET /online/{$}", (*visit).chatsPage)
	g.signed("GET /online/panel/{$}", (*visit).chatPanel)
	g.signed("POST /online/chat/{id}/{action}", (*visit).changeChat)
}

// chatView is a chat as pages print it: what the simulation holds, whoever looks.
type chatView struct {
	ID                int
	Name, Channel     string
	Line              string
	ChannelOn         bool
	State             string // key of the state's sentence
	Waiting, Finished bool   // no operator yet; no session
	People            []chatPerson
	Messages          []messageView
	Items             []itemView
	Authors           []chatPerson // who can write: the customer, the operator, the viewer
	Operators         []personView // who can accept it
	Stranger          bool         // the viewer is not in it
	Back              string
}

type chatPerson struct {
	personView
	Role string // key of what the person is in this chat, or ""
}

type messageView struct {
	Author string
	Kind   string // system, customer or staff
	Text   []textPart
	Hidden bool
	Date   time.Time
}

// chatState is the key of the sentence about a chat's session.
func (w *World) chatState(c *Chat) string {
	s := w.Sessions[c.Session]
	switch {
	case s == nil || s.Status >= StatusClosed:
		return "chat.state.closed"
	case s.Status >= StatusWaitClosing:
		return "chat.state.ending"
	case s.Status >= StatusAnswered:
		return "chat.state.open"
	}
	return "chat.state.new"
}

func (w *World) chatView(c *Chat, viewer int, back string) chatView {
	view := chatView{
		ID: c.ID, Name: cmp.Or(c.Name, fmt.Sprintf("chat%d", c.ID)), Channel: c.Connector, State: w.chatState(c),
		Stranger: c.member(viewer) == nil, Back: back,
	}
	view.Waiting, view.Finished = view.State == "chat.state.new", view.State == "chat.state.closed"
	if connector := w.Connectors[c.Connector]; connector != nil {
		view.Channel, view.ChannelOn = connector.Title, connector.Active
	}
	if line := w.Lines[c.Line]; line != nil {
		view.Line = line.Name
	}
	view.People = w.chatPeople(c, viewer)
	view.Messages = w.chatMessages(c)
	authors := []int{c.Customer, c.Owner, viewer}
	if !view.Stranger { // then the viewer is the first choice
		slices.Reverse(authors)
	}
	for i, author := range authors {
		if u := w.Users[author]; u != nil && !slices.Contains(authors[:i], author) {
			view.Authors = append(view.Authors, c.person(u, viewer))
		}
	}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(append(w.QueueUsers(c.Line), viewer)))) {
		if u := w.Users[id]; u != nil && works(u) && u.Type == Employee {
			view.Operators = append(view.Operators, newPersonView(u))
		}
	}
	for _, key := range w.chatItems(c) {
		if item := w.Items[key]; item != nil {
			view.Items = append(view.Items, w.itemView(item))
		}
	}
	return view
}

func (w *World) chatPeople(c *Chat, viewer int) []chatPerson {
	var people []chatPerson
	for _, m := range c.Members {
		u := w.Users[m.User]
		if u == nil || m.Hidden {
			continue
		}
		people = append(people, c.person(u, viewer))
	}
	return people
}

// person is a user with the part they have in the chat.
func (c *Chat) person(u *User, viewer int) chatPerson {
	person := chatPerson{personView: newPersonView(u)}
	switch u.ID {
	case c.Customer:
		person.Role = "chat.customer"
	case c.Owner:
		person.Role = "chat.operator"
	case viewer:
		person.Role = "chat.you"
	}
	return person
}

func (w *World) chatMessages(c *Chat) []messageView {
	var messages []messageView
	for _, m := range c.Messages {
		view := messageView{Kind: "staff", Text: w.richText(m.Text), Hidden: m.HiddenFromCustomer && !m.System, Date: m.Date}
		if u := w.Users[m.Author]; u != nil {
			view.Author = u.FullName()
		}
		switch {
		case m.System || m.Author == 0:
			view.Kind = "system"
		case m.Author == c.Customer:
			view.Kind = "customer"
		}
		messages = append(messages, view)
	}
	return messages
}

// chatItems are the CRM items the sessions of a chat are bound to.
func (w *World) chatItems(c *Chat) []ItemKey {
	var items []ItemKey
	for _, id := range sortedKeys(w.Activities) {
		for _, key := range w.Activities[id].Bindings {
			if w.Activities[id].Chat == c.ID && !slices.Contains(items, key) {
				items = append(items, key)
			}
		}
	}
	return items
}

// itemChatViews are all chats linked to an item, the newest session first.
func (w *World) itemChatViews(key ItemKey, viewer int, back string) []chatView {
	var views []chatView
	var seen []int
	for _, a := range slices.Backward(w.boundActivities(key)) {
		c := w.Chats[a.Chat]
		if c == nil || slices.Contains(seen, c.ID) {
			continue
		}
		seen = append(seen, c.ID)
		views = append(views, w.chatView(c, viewer, back))
	}
	return views
}

// dialogNumber is the number in a dialog id of one kind: 12 in "chat12",
// "sg12" or "imol|12"; 0 in an id of another kind.
func dialogNumber(dialog, kind string) int {
	number, ok := strings.CutPrefix(dialog, kind)
	id, err := strconv.Atoi(number)
	if !ok || err != nil {
		return 0
	}
	return id
}

// chatsView is the page of all chats, with the chosen one.
type chatsView struct {
	Live   string // where a script fetches the chosen chat again
	Chats  []chatView
	List   string // where it fetches the list
	Chosen *chatView
	Note   string // instead of a chat
}

func (v *visit) chats(dialog string) chatsView {
	data := chatsView{Live: "/online/panel/?dialog=" + url.QueryEscape(dialog), List: "/online/panel/?list=" + url.QueryEscape(dialog), Note: v.say("chat.choose")}
	v.world(func(w *World) {
		for _, id := range sortedKeys(w.Chats) {
			if c := w.Chats[id]; c.isLines() {
				data.Chats = append(data.Chats, w.chatView(c, v.viewer.ID, v.r.URL.RequestURI()))
			}
		}
		chat, person, group := w.Chats[dialogNumber(dialog, "chat")], w.Users[dialogNumber(dialog, "")], w.Workgroups[dialogNumber(dialog, "sg")]
		if s := w.Sessions[dialogNumber(dialog, "imol|")]; s != nil {
			chat = w.Chats[s.Chat]
		}
		switch {
		case dialog == "":
		case chat != nil && chat.isLines():
			view := w.chatView(chat, v.viewer.ID, "/online/?dialog="+url.QueryEscape(dialog))
			data.Chosen = &view
		case person != nil:
			data.Note = v.say("chat.person", person.FullName())
		case group != nil:
			data.Note = v.say("chat.group", group.Name)
		default:
			data.Note = v.say("chat.unknown")
		}
	})
	return data
}

func (v *visit) chatsPage() error {
	query := v.r.URL.Query()
	return v.show(http.StatusOK, "online", v.say("chat.online"), v.chats(cmp.Or(query.Get("IM_DIALOG"), query.Get("dialog"))))
}

// chatPanel is the messenger over another page.
func (v *visit) chatPanel() error {
	query := v.r.URL.Query()
	if dialog := query.Get("dialog"); dialog != "" {
		return v.fragment("messenger", v.chats(dialog))
	}
	return v.fragment("chatlist", v.chats(query.Get("list")))
}

// chatActions are what a person can do to a chat by hand. Each reports
// whether the chat's state allowed it.
var chatActions = map[string]func(w *World, c *Chat, form func(string) string) bool{
	"message": func(w *World, c *Chat, form func(string) string) bool {
		author, _ := strconv.Atoi(form("author"))
		text := strings.TrimSpace(form("text"))
		if w.Users[author] == nil || text == "" || c.Session == 0 && author != c.Customer {
			return false
		}
		w.PostMessage(c.ID, author, text)
		return true
	},
	"accept": func(w *World, c *Chat, form func(string) string) bool {
		operator, _ := strconv.Atoi(form("operator"))
		if u := w.Users[operator]; u == nil || !works(u) || c.Session == 0 {
			return false
		}
		w.Accept(c.ID, operator)
		return true
	},
	"close": func(w *World, c *Chat, form func(string) string) bool {
		open := c.Session != 0
		w.CloseSession(c.ID)
		return open
	},
	"reopen": func(w *World, c *Chat, form func(string) string) bool {
		operator, _ := strconv.Atoi(form("operator"))
		if c.Session != 0 || operator != 0 && (w.Users[operator] == nil || !works(w.Users[operator])) {
			return false
		}
		w.Reopen(c.ID, operator)
		return true
	},
	"channel": func(w *World, c *Chat, form func(string) string) bool {
		connector := w.Connectors[c.Connector]
		if connector == nil {
			return false
		}
		connector.Active = form("on") == "Y"
		return true
	},
}

func (v *visit) changeChat() error {
	id, _ := v.number("id")
	action := chatActions[v.r.PathValue("action")]
	if action == nil {
		return errNoPage
	}
	err := error(errNoPage)
	v.world(func(w *World) {
		c := w.Chats[id]
		if c == nil || !c.isLines() {
			return
		}
		err = nil
		if !action(w, c, v.r.PostFormValue) {
			err = &pageError{http.StatusConflict, "error.chat"}
		}
	})
	if err != nil {
		return err
	}
	return v.done(ownAddress(v.r.PostFormValue("back")))
}
