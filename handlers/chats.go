package handlers

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// card makes the whole page anew, for browsers without scripts: to refresh the
// chats, and to find people.
func (s *server) card(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	return s.wholeCard(c, v, f, chosen{})
}

// chats answers the page's script with all chats of the customer.
func (s *server) chats(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	known, err := s.known(v.Visit, f)
	if err != nil {
		return err
	}
	if !sceneOf(c).pieces {
		return s.wholeCard(c, v, f, chosen{})
	}
	picked, err := s.chosenChats(v.Visit, f)
	if err != nil {
		return err
	}
	card, err := s.app.Refresh(c.Request().Context(), v.Visit, known)
	if err != nil {
		return err
	}
	list, target := chatList(sceneOf(c).words, v.Visit, card, chatIDs(picked), s.cardOffers(c.Request().Context(), v.Visit))
	list.Said = list.Summary
	return s.show(c, http.StatusOK, views.ChatList(list), views.TargetLine(target))
}

// known are the chats that the page shows already, of a page that only wants to
// know how they stand now.
func (s *server) known(v app.Visit, f url.Values) (refs []app.ChatRef, err error) {
	for _, text := range f[fieldKnown] {
		c, err := s.chosenChat(v, text)
		if err != nil {
			return nil, err
		}
		refs = append(refs, c.Ref)
	}
	return refs, nil
}

// visitForm reads the form of a request of the card, and the visit in it.
func (s *server) visitForm(c echo.Context) (pageVisit, url.Values, error) {
	v, f, err := s.pageForm(c)
	if err == nil && v.Item.IsZero() {
		err = errForm
	}
	ways := waysIn(v.Visit, f)
	v.Care = app.Care{Noted: ways.Any() && strings.TrimSpace(f.Get(fieldWhy)) != "", Sure: f.Get("sure") != ""}
	return v, f, err
}

// pageForm reads the form of a request of a page of ours, and the visit in it.
func (s *server) pageForm(c echo.Context) (pageVisit, url.Values, error) {
	f, err := form(c)
	if err != nil {
		return pageVisit{}, nil, err
	}
	// Should this fail, its page can send the very same once more.
	again := views.Action{URL: c.Request().URL.Path}
	for name, values := range f {
		for _, value := range values {
			again.Fields = append(again.Fields, views.Field{Name: name, Value: value})
		}
	}
	sceneOf(c).again = again
	v, err := s.visit(c, f)
	if err != nil {
		return pageVisit{}, nil, err
	}
	return v, f, nil
}

// chosen is what a person has put into the form, and what became of it.
type chosen struct {
	chats  []bitrix.ChatID
	all    bool // every chat that takes people is chosen
	people []person
	query  string
	found  app.Found
	// remark holds the fields of the remark as they were sent.
	remark   url.Values
	results  views.Results
	remarked views.Remarked
	trouble  string
	asked    string // who asks for all that
	// past are the entries of a chat that the person wants to see.
	past map[bitrix.ChatID][]views.Entry

	// gathered is what is left of a pasted list, taken what there is to say about
	// several people chosen at once.
	gathered views.Gathered
	taken    views.Taken
	// squads are the viewer's, where they were asked for.
	squads views.Squads
	// suggested are those suggested before anything is typed.
	suggested []views.SuggestedGroup
}

// wholeCard reads everything and shows the page with what the form holds.
func (s *server) wholeCard(c echo.Context, v pageVisit, f url.Values, in chosen) error {
	picked, err := s.chosenChats(v.Visit, f)
	if err != nil {
		return err
	}
	in.chats, in.all, in.remark = chatIDs(picked), f.Get("do") == "all", f
	if in.people == nil {
		if in.people, err = s.chosenPeople(v.Visit, f); err != nil {
			return err
		}
	}
	if err := s.gather(c, v.Visit, f, members(picked), &in); err != nil {
		return err
	}
	if in.query, err = query(f); err != nil {
		return err
	}
	card, err := s.app.Chats(c.Request().Context(), v.Visit)
	if err != nil {
		return err
	}
	if in.query != "" {
		if in.found, err = s.app.Find(c.Request().Context(), v.Visit, in.query); err != nil {
			return err
		}
	}
	if f.Get("do") == "suggest" {
		if in.suggested, err = s.suggested(c, v.Visit, picked, in.people); err != nil {
			return err
		}
	}
	return s.showCard(c, v, card, in)
}

// showCard shows the page of a card.
func (s *server) showCard(c echo.Context, v pageVisit, card app.Card, in chosen) error {
	at := sceneOf(c)
	sealed, err := s.sealed(v)
	if err != nil {
		return err
	}
	o := s.cardOffers(c.Request().Context(), v.Visit)
	o.past = in.past
	page := cardPage(at.words, v.Visit, card, in, o)
	page.Page = s.page(at, page.Item, "card.js")
	page.Visit = sealed
	page.Remark = remarkForm(at.words, v.Visit, s.habits(c, v.Visit), in.remark, o.policy.NoteRequired)
	status := http.StatusOK
	if in.trouble != "" {
		status = http.StatusBadRequest
	}
	return s.show(c, status, views.CardPage(page))
}

// offers seal what a page lets people choose.
type offers struct {
	chat   func(app.Chat) string
	person func(id bitrix.UserID, name, position string) string
	crowd  func(crowd) string
	wished []app.Wish // what the viewer waits for
	policy app.Policy
	past   map[bitrix.ChatID][]views.Entry
}

// cardPage builds the page, but for its frame and its visit.
func cardPage(w views.Words, v app.Visit, card app.Card, in chosen, o offers) views.Card {
	page := views.Card{
		Item:     itemName(w, card),
		Results:  in.results,
		Remarked: in.remarked,
		Trouble:  in.trouble,
		Asked:    in.asked,
		Picker:   picker(w, v, card, in, o),
	}
	page.Results.Words, page.Remarked.Words, page.Picker.Gathered.Words = w, w, w
	page.Picker.Squads.Words = w
	if v.Excluded {
		page.ReadOnly = w.Say("card.readonly", views.With{"Admin": nameOf(w, o.policy.By, o.policy.ByName)})
	}
	if n := o.policy.ConfirmAbove; n > 0 {
		page.SureAbove, page.Sure = strconv.Itoa(n), w.Say("picker.sure")
	}
	if in.all {
		in.chats = nil
		for _, chat := range card.Chats {
			if chat.Addable() {
				in.chats = append(in.chats, chat.ID)
			}
		}
	}
	page.Chats, page.Target = chatList(w, v, card, in.chats, o)
	return page
}

var itemNames = map[bitrix.ItemType][2]string{
	bitrix.Lead:    {"item.lead", "item.lead.bare"},
	bitrix.Deal:    {"item.deal", "item.deal.bare"},
	bitrix.Contact: {"item.contact", "item.contact.bare"},
	bitrix.Company: {"item.company", "item.company.bare"},
}

func itemName(w views.Words, card app.Card) string {
	names := itemNames[card.Item.Type]
	if strings.TrimSpace(card.Title) == "" {
		return w.Say(names[1], views.With{"ID": card.Item.ID})
	}
	return w.Say(names[0], views.With{"Title": card.Title})
}

func chatIDs(chosen []chatChoice) (ids []bitrix.ChatID) {
	for _, c := range chosen {
		ids = append(ids, c.Ref.ID)
	}
	return ids
}

// chatList builds the list of the chats and the line that names the chosen ones.
// Chats that were chosen before stay chosen while they take people, and no
// other ever takes their place. The only chat that takes people is chosen by
// itself where none was.
func chatList(w views.Words, v app.Visit, card app.Card, picked []bitrix.ChatID, o offers) (views.Chats, views.Target) {
	var able []app.Chat
	for _, chat := range card.Chats {
		if chat.Addable() {
			able = append(able, chat)
		}
	}
	target := views.Target{Words: w, Ready: len(able) > 0, None: len(able) == 0 && !card.Partial, Sees: w.Say(sees(false))}
	target.Into = w.Say(noTarget(card, len(able), len(picked)))
	if len(able) == 1 && len(picked) == 0 {
		picked = []bitrix.ChatID{able[0].ID}
	}
	list := views.Chats{Words: w, Summary: summary(w, card, len(able)), Notes: notes(w, v, card), Several: len(able) > 1 && !v.Excluded}
	var into []string
	silent := true
	for _, chat := range card.Chats {
		row := chatRow(w, v, chat, o)
		if row.Ref != "" && slices.Contains(picked, chat.ID) {
			row.Chosen = true
			into, silent = append(into, row.Called), silent && chat.Silent
		}
		list.Rows = append(list.Rows, row)
	}
	if into != nil {
		target.Into, target.Sees = w.Say("chat.into", views.With{"Chats": strings.Join(into, "; ")}), w.Say(sees(silent))
	}
	switch {
	case card.Partial:
		list.Reading = w.Say("chats.reading")
	case len(card.Chats) == 0:
		list.Empty, list.Help = w.Say("chats.empty"), w.Say("chats.empty.help")
	}
	return list, target
}

// noTarget is the id of what is said while no chat is chosen.
func noTarget(card app.Card, able, picked int) string {
	switch {
	case able > 0 && picked > 0:
		return "picker.gone"
	case able > 0:
		return "picker.choosechat"
	case card.Partial:
		return "picker.looking"
	case len(card.Chats) == 0:
		return "picker.empty"
	}
	return "picker.nochat"
}

func summary(w views.Words, card app.Card, able int) string {
	switch {
	case able > 0:
		return w.Count("chats.able", able)
	case card.Partial, len(card.Chats) == 0:
		return ""
	}
	return w.Say("chats.none_able")
}

var unreadable = map[bitrix.ItemType]string{
	bitrix.Lead:    "chats.note.no_lead",
	bitrix.Deal:    "chats.note.no_deal",
	bitrix.Contact: "chats.note.no_contact",
	bitrix.Company: "chats.note.no_company",
}

// sees is the id of what an added colleague will see, and who reads them.
func sees(silent bool) string {
	if silent {
		return "picker.sees.silent"
	}
	return "picker.sees"
}

// failed are the sentences about linked items that could not be asked.
var failed = map[bitrix.ItemType]string{
	bitrix.Lead:    "chats.note.failed_lead",
	bitrix.Deal:    "chats.note.failed_deal",
	bitrix.Contact: "chats.note.failed_contact",
	bitrix.Company: "chats.note.failed_company",
}

// notes tell what is missing, each once, and that linked items were looked
// through where nothing of them is.
func notes(w views.Words, v app.Visit, card app.Card) []string {
	if card.Partial {
		return nil
	}
	var said []string
	whole := len(v.Links) > 0
	seen := map[string]bool{}
	for _, n := range card.Notes {
		var text string
		switch n.Kind {
		case app.NoteMoreChats:
			text = w.Count("chats.note.more_chats", n.Count)
		case app.NoteMoreItems:
			text, whole = w.Count("chats.note.more_items", n.Count), false
		case app.NoteItemUnreadable:
			text, whole = w.Say(unreadable[n.Item.Type]), false
		case app.NoteItemFailed:
			text, whole = w.Say(failed[n.Item.Type]), false
		case app.NoteNoFaces:
			text = w.Say("chats.note.no_faces")
		}
		if text != "" && !seen[text] {
			seen[text] = true
			said = append(said, text)
		}
	}
	if whole {
		said = append([]string{w.Say("chats.looked")}, said...)
	}
	return said
}

// chatStates tell what a state is called, which class its badge has, and why
// people cannot be added.
var chatStates = map[app.ChatState]struct{ says, kind, why string }{
	app.ChatOpen:         {"state.open", "open-now", ""},
	app.ChatWaiting:      {"state.waiting", "waiting", "why.waiting"},
	app.ChatClosing:      {"state.closing", "closing", "why.closing"},
	app.ChatFinished:     {"state.finished", "finished", "why.finished"},
	app.ChatConnectorOff: {"state.off", "off", "why.off"},
	app.ChatUnknown:      {"state.unknown", "unknown", "why.unknown"},
}

// foundAt name the linked item under which a chat was found, without and with
// its title.
var foundAt = map[bitrix.ItemType][2]string{
	bitrix.Lead:    {"chat.found.lead", "chat.found.lead.named"},
	bitrix.Deal:    {"chat.found.deal", "chat.found.deal.named"},
	bitrix.Contact: {"chat.found.contact", "chat.found.contact.named"},
	bitrix.Company: {"chat.found.company", "chat.found.company.named"},
}

// brands name connectors whose title the portal does not tell, because they
// are switched off.
// See https://apidocs.bitrix24.com/api-reference/imopenlines/index.html
var brands = map[string]string{
	"avito": "Avito", "facebook": "Facebook", "facebookcomments": "Facebook", "fbinstagram": "Instagram", "fbinstagramdirect": "Instagram",
	"telegrambot": "Telegram", "viber": "Viber", "vkgroup": "VK", "vkgrouporder": "VK",
	"whatsappbyedna": "WhatsApp", "whatsappbytwilio": "WhatsApp", "wechat": "WeChat",
}

// channel is what people call the way on which the customer writes.
func channel(w views.Words, chat app.Chat) string {
	if chat.Connector == "livechat" {
		return cmp.Or(chat.Channel, w.Say("chat.live"))
	}
	return cmp.Or(chat.Channel, brands[chat.Connector], chat.Connector)
}

func nameOfChat(w views.Words, id bitrix.ChatID, name string) string {
	if name != "" {
		return name
	}
	return w.Say("chat.nameless", views.With{"ID": number(id)})
}

// called is how a sentence names a chat.
func called(w views.Words, channel, name string) string {
	if channel == "" {
		return name
	}
	return w.Say("chat.called", views.With{"Channel": channel, "Name": name})
}

// chatRow builds one chat of the list.
func chatRow(w views.Words, v app.Visit, chat app.Chat, o offers) views.Chat {
	row := views.Chat{
		Words: w, ID: number(chat.ID), Channel: channel(w, chat), Name: nameOfChat(w, chat.ID, chat.Name), Silent: chat.Silent,
		Dialog: chat.ID.DialogID(), URL: v.Portal + "/online/?IM_DIALOG=" + chat.ID.DialogID(),
	}
	row.Called = called(w, row.Channel, row.Name)
	state, ok := chatStates[chat.State]
	if !ok {
		state = chatStates[app.ChatUnknown]
	}
	row.State, row.Kind = w.Say(state.says), state.kind
	if chat.Addable() && !v.Excluded {
		row.Ref = o.chat(chat)
	} else if !chat.Addable() {
		row.Why, row.Help = w.Say(state.why), w.Say(state.why+".help")
	}
	if chat.Owner != v.Item && !chat.Owner.IsZero() {
		says := foundAt[chat.Owner.Type]
		row.Found = w.Say(says[0])
		if chat.OwnerTitle != "" {
			row.Found = w.Say(says[1], views.With{"Title": chat.OwnerTitle})
		}
	}
	if chat.State == app.ChatOpen || chat.State == app.ChatWaiting {
		if !chat.ViewerIn && !chat.Unreadable && !v.Excluded {
			row.Join = cmp.Or(row.Ref, o.chat(chat))
		}
	}
	row.Known = cmp.Or(row.Ref, row.Join, o.chat(chat))
	row.Past = pastPart(w, chat.ID, row.Known, row.Called, o.past)
	if chat.State == app.ChatFinished && !v.Excluded {
		row.Start = row.Known
	}
	waitRow(w, v, chat, o, &row)
	ref := ""
	if chat.Addable() {
		ref = row.Known
	}
	row.People, row.More = participants(w, v, chat, ref)
	if chat.Unreadable {
		row.More = w.Say("chat.unreadable")
	}
	return row
}
