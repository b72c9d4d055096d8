package handlers

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// add adds the chosen people to the chosen chats and tells what became of each.
// Whoever is not in all of them stays chosen.
func (s *server) add(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	people, err := s.chosenPeople(v.Visit, f)
	if err != nil {
		return err
	}
	if typed := f.Get("q"); !sceneOf(c).pieces && (len(people) == 0 && strings.TrimSpace(typed) != "" || app.Listed(typed)) {
		return s.wholeCard(c, v, f, chosen{}) // Enter in the field of a page without scripts
	}
	remark, err := telling(sceneOf(c).words, v.Visit, f)
	if err != nil {
		return err
	}
	told, err := s.addTo(c, v.Visit, f, people)
	switch {
	case incomplete(err) && !sceneOf(c).pieces:
		sentence := sceneOf(c).words.Say(problemOf(err).says+".text", with(sceneOf(c).words, err))
		return s.wholeCard(c, v, f, chosen{trouble: sentence})
	case err != nil:
		return err
	}
	w, o := sceneOf(c).words, s.offers(v.Visit)
	results, left := resultsOf(w, v.Visit, people, told, o)
	remarked := s.tellOf(c, v.Visit, remark, people, told)
	if !sceneOf(c).pieces {
		f.Del("q")
		if len(left) == 0 {
			f.Del(fieldAdd) // the next add is another one, and has another reason
		}
		return s.wholeCard(c, v, f, chosen{results: results, remarked: remarked, people: left})
	}
	results.Said, remarked.Said = strings.TrimSpace(results.Said+" "+remarked.Said), ""
	pieces := []templ.Component{views.ResultList(results), views.RemarkedList(remarked), views.ChosenList(choices(w, left, o), w)}
	for _, t := range told {
		pieces = append(pieces, t.row(w, v.Visit, o, []chatChoice{t.chat})...)
	}
	return s.show(c, http.StatusOK, pieces...)
}

// told is what became of people in one chat.
type told struct {
	chat  chatChoice
	added app.Added
}

// row is the chat as it was read back, if that tells how it stands now: chosen
// when it is among those picked.
func (t told) row(w views.Words, v app.Visit, o offers, picked []chatChoice) []templ.Component {
	read := t.added.Chat
	if read.ID != t.chat.Ref.ID || !read.Addable() {
		return nil
	}
	read.OwnerTitle, read.Channel = t.chat.Title, cmp.Or(read.Channel, t.chat.Channel)
	row := chatRow(w, v, read, o)
	row.Chosen = slices.Contains(chatIDs(picked), read.ID)
	return []templ.Component{views.ChatRow(row)}
}

// addTo adds people to the chats that the form names.
func (s *server) addTo(c echo.Context, v app.Visit, f url.Values, people []person) ([]told, error) {
	chats, err := s.chosenChats(v, f)
	switch {
	case err != nil:
		return nil, err
	case len(people) == 0:
		return nil, app.ErrNobody
	case len(chats) == 0:
		return nil, errNoChat
	}
	var refs []app.ChatRef
	for _, chat := range chats {
		refs = append(refs, chat.Ref)
	}
	all, err := s.app.AddToAll(c.Request().Context(), v, refs, idsOf(people))
	if err != nil {
		return nil, err
	}
	if first := all[0]; errors.Is(first.Stopped, app.ErrNoToken) && !slices.ContainsFunc(first.Outcomes, tried) {
		// The page renews the visit and sends the same again.
		return nil, fmt.Errorf("adding to chat %d: %w", chats[0].Ref.ID, first.Stopped)
	}
	var of []told
	for n, added := range all {
		of = append(of, told{chats[n], added})
	}
	return of, nil
}

func idsOf(people []person) []bitrix.UserID {
	ids := make([]bitrix.UserID, len(people))
	for i, p := range people {
		ids[i] = p.ID
	}
	return ids
}

func tried(o app.Outcome) bool { return o.State != app.OutcomeNotTried }

// incomplete reports whether only the person's choice is at fault.
func incomplete(err error) bool {
	for _, cause := range []error{app.ErrNobody, app.ErrTooMany, errNoChat, app.ErrNoNote, app.ErrUnsure} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// outcomes tell how each outcome is said and shown, and whether the person is
// in the chat now.
var outcomes = map[app.OutcomeState]struct {
	says, kind string
	in         bool
}{
	app.OutcomeAdded:     {"result.added", "done", true},
	app.OutcomeAlreadyIn: {"result.already", "same", true},
	app.OutcomeElsewhere: {"result.elsewhere", "unknown", false},
	app.OutcomeRefused:   {"result.refused", "refused", false},
	app.OutcomeSkipped:   {"result.skipped", "skipped", false},
	app.OutcomeNotTried:  {"result.not_tried", "unknown", false},
	app.OutcomeUnknown:   {"result.unknown", "unknown", false},
	app.OutcomeRemoved:   {"result.removed", "done", false},
	app.OutcomeNotIn:     {"result.not_in", "same", false},
}

// reasons say why, and what helps.
var reasons = map[app.Reason]string{
	app.ReasonCallerNoAccess:    "reason.caller",
	app.ReasonColleagueNoAccess: "reason.colleague",
	app.ReasonHistory:           "reason.history",
	app.ReasonNotActive:         "reason.inactive",
	app.ReasonChatClosed:        "reason.closed",
	app.ReasonNoChat:            "reason.nochat",
	app.ReasonExternal:          "reason.external",
	app.ReasonUnlisted:          "reason.unlisted",
	app.ReasonCustomer:          "reason.customer",
	app.ReasonOperator:          "reason.operator",
	app.ReasonMayNotChange:      "reason.may_not_change",
	app.ReasonNotObserved:       "reason.not_observed",
	app.ReasonDialogRuns:        "reason.dialog_runs",
	app.ReasonUnreadable:        "chat.unreadable",
	app.ReasonLost:              "reason.lost",
	app.ReasonFailed:            "reason.failed",
	app.ReasonUnconfirmed:       "reason.unconfirmed",
	app.ReasonUnrecorded:        "reason.unrecorded",
	app.ReasonBusy:              "reason.limit",
	app.ReasonDown:              "reason.down",
	app.ReasonCancelled:         "reason.cancelled",
	app.ReasonNoToken:           "reason.no_token",
	app.ReasonNoAccess:          "reason.no_access",
	app.ReasonRemoved:           "reason.removed",
	app.ReasonPlan:              "reason.plan",
	app.ReasonScope:             "reason.scope",
	app.ReasonPolicyViewer:      "reason.policy_viewer",
	app.ReasonPolicyColleague:   "reason.policy_colleague",
	app.ReasonPolicyUnread:      "reason.policy_unread",
	app.ReasonPolicyNote:        "reason.policy_note",
	app.ReasonOther:             "reason.other",
}

// owner names the CRM item under which a chat was found: that is what everybody
// needs access to.
func owner(w views.Words, v app.Visit, chat chatChoice) string {
	card := app.Card{Item: chat.Ref.Owner, Title: chat.Title}
	if card.Item == v.Item {
		card.Title = v.Title
	}
	return itemName(w, card)
}

// resultsOf builds the lines about everybody added to some chats, and returns
// those who are left to be chosen: everybody who is not in all of them now.
func resultsOf(w views.Words, v app.Visit, people []person, of []told, o offers) (views.Results, []person) {
	r := views.Results{Words: w}
	var said []string
	missing := map[bitrix.UserID]bool{}
	for _, t := range of {
		group := resultGroup(w, v, people, t, o)
		if len(of) == 1 {
			group.Chat = "" // there is no other to tell it from
		}
		r.Groups, said, r.Stale = append(r.Groups, group), append(said, group.Said), r.Stale || group.Stale
		for _, outcome := range t.added.Outcomes {
			missing[outcome.User] = missing[outcome.User] || !stays(outcome)
		}
	}
	r.Said = strings.Join(said, " ")
	return r, slices.DeleteFunc(slices.Clone(people), func(p person) bool { return !missing[p.ID] })
}

// stays reports whether nothing is left to do for a person in a chat.
func stays(o app.Outcome) bool { return outcomes[o.State].in || o.State == app.OutcomeElsewhere }

// resultGroup builds the lines about the people added to one chat.
func resultGroup(w views.Words, v app.Visit, people []person, t told, o offers) views.ResultGroup {
	name := nameOfChat(w, t.chat.Ref.ID, cmp.Or(t.added.Chat.Name, t.chat.Name))
	g := views.ResultGroup{ID: number(t.chat.Ref.ID), Chat: called(w, t.chat.Channel, name), Ref: t.chat.sealed}
	item, in := owner(w, v, t.chat), 0
	for _, outcome := range t.added.Outcomes {
		who := person{ID: outcome.User}
		if i := slices.IndexFunc(people, func(p person) bool { return p.ID == outcome.User }); i >= 0 {
			who = people[i]
		}
		line := resultLine(w, who, outcome, t.added.Chat, item)
		line.ID = g.ID + "-" + line.UserID
		switch {
		case outcome.State == app.OutcomeAdded:
			line.Undo = t.chat.sealed + " " + line.UserID
		case !stays(outcome):
			line.Ref = o.person(who.ID, who.Name, who.Position)
		}
		if outcome.Reason == app.ReasonColleagueNoAccess {
			line.Observe = t.chat.sealed + " " + line.UserID
		}
		g.Lines = append(g.Lines, line)
		g.Stale = g.Stale || outcome.Reason == app.ReasonChatClosed || outcome.Reason == app.ReasonNoChat
		if outcomes[outcome.State].in {
			in++
		}
	}
	askSteps(w, v, t, &g)
	waitSteps(w, v, t, &g)
	g.Said = w.Say("results.said", views.With{"Done": in, "All": len(t.added.Outcomes)})
	return g
}

// resultLine builds the line about one person.
func resultLine(w views.Words, who person, outcome app.Outcome, now app.Chat, item string) views.Result {
	o, ok := outcomes[outcome.State]
	if !ok {
		o = outcomes[app.OutcomeUnknown]
	}
	name := nameOf(w, who.ID, who.Name)
	line := views.Result{
		Words: w, UserID: number(who.ID), Name: name, Kind: o.kind, Position: who.Position, Text: w.Say(o.says, views.With{"Name": name}),
	}
	if outcome.Reason == app.ReasonChatClosed {
		line.Help = whyNobody(w, now)
	} else if says, ok := reasons[outcome.Reason]; ok {
		line.Help = w.Say(says, views.With{"Item": item})
	} else if outcome.State == app.OutcomeElsewhere {
		line.Help = w.Say("reason.elsewhere")
	} else if outcome.State == app.OutcomeAdded && outcome.As.ID != 0 {
		line.Help = w.Say("result.delegated", views.With{"Admin": nameOf(w, outcome.As.ID, outcome.As.Name)})
	}
	return line
}

// whyNobody says why a chat that took people when it was shown does not any
// more, from what was read of it since. It may have been read as open again, or
// not at all.
func whyNobody(w views.Words, now app.Chat) string {
	if why := chatStates[now.State].why; why != "" && now.State != app.ChatUnknown {
		return w.Say(why) + " " + w.Say(why+".help")
	}
	return w.Say(reasons[app.ReasonChatClosed])
}

// maxFaces is how many participants a chat shows.
const maxFaces = 8

// participants builds the people of a chat, and the count of those not shown.
func participants(w views.Words, v app.Visit, chat app.Chat, ref string) (faces []views.Face, more string) {
	for _, p := range chat.Participants[:min(maxFaces, len(chat.Participants))] {
		face := faceOf(w, v, p.ID, p.Name, p.Photo, roles(w, p))
		if ref != "" && !p.Operator && !p.Customer && !p.Bot && (p.Viewer || !v.Excluded) {
			face.Remove = ref + " " + number(p.ID)
			face.Removes = w.Say("chat.remove", views.With{"Name": face.Name})
			if p.Viewer {
				face.Removes = w.Say("chat.leave")
			}
		}
		faces = append(faces, face)
	}
	if rest := max(chat.Count, len(chat.Participants)) - len(faces); rest > 0 && len(faces) > 0 {
		more = w.Count("chat.more", rest)
	}
	return faces, more
}

// roles say what a person is in a chat.
func roles(w views.Words, p app.Person) string {
	var all []string
	if p.Customer {
		all = append(all, w.Say("role.customer"))
	}
	if p.Operator {
		all = append(all, w.Say("role.operator"))
	}
	if p.Bot {
		all = append(all, w.Say("role.bot"))
	}
	if p.Viewer {
		all = append(all, w.Say("role.viewer"))
	}
	return w.List(all)
}

// faceOf builds a face. A photo is shown only from where the page's policy
// lets it come.
func faceOf(w views.Words, v app.Visit, id bitrix.UserID, name, photo, role string) views.Face {
	f := views.Face{
		Name: nameOf(w, id, name), Initials: initials(name), Role: role,
		Hue: hue(id),
	}
	if strings.HasPrefix(photo, "https://") || v.Portal != "" && strings.HasPrefix(photo, v.Portal+"/") {
		f.Photo = photo
	}
	return f
}

// hue spreads people over the eight colours of the style sheet: those with
// neighbouring numbers, who often meet in a chat, get different ones.
func hue(id bitrix.UserID) string {
	return "hue-" + strconv.Itoa(int(uint32(id)*2654435761>>29))
}

// nameOf is a person's name, or their number where the portal tells none.
func nameOf(w views.Words, id bitrix.UserID, name string) string {
	if strings.TrimSpace(name) != "" {
		return name
	}
	return w.Say("person.nameless", views.With{"ID": number(id)})
}

// initials are the first letters of the first two words of a name.
func initials(name string) string {
	var b strings.Builder
	for _, word := range strings.Fields(name) {
		if r, _ := utf8.DecodeRuneInString(word); unicode.IsLetter(r) && b.Len() < 2*utf8.UTFMax {
			b.WriteRune(unicode.ToUpper(r))
		}
		if utf8.RuneCountInString(b.String()) == 2 {
			break
		}
	}
	if b.Len() == 0 {
		return "?"
	}
	return b.String()
}

func number[ID ~int64](id ID) string { return strconv.FormatInt(int64(id), 10) }
