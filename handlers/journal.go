package handlers

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // small images have none
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

const (
	// maxFilter is how many characters a text to filter by may have.
	maxFilter = 300
	// useDays is how many days the picture of the use shows.
	useDays = 31
	// fieldWho is the field of a person to look for.
	fieldWho = "who"
)

// What people can get wrong in the filter.
var errNoNumber = errors.New("neither a number nor the link of a card")

// journalFilter is a filter as a form holds it.
type journalFilter struct {
	app.EntryFilter
	form url.Values
	zone *time.Location
}

// journal answers the section of the journal.
func (s *server) journal(c echo.Context) error {
	v, f, err := s.homeForm(c)
	if err != nil {
		return err
	}
	before := int64(0)
	if text := f.Get("before"); text != "" {
		if before, err = strconv.ParseInt(text, 10, 64); err != nil || before <= 0 {
			return fmt.Errorf("%w: a place in the journal is %.20q", errForm, text)
		}
	}
	filter, err := readFilter(f)
	if err != nil {
		return s.amiss(c, v, http.StatusOK, filter, err)
	}
	since := midnight(s.now().In(filter.zone)).AddDate(0, 0, 1-useDays)
	found, err := s.app.Journal(c.Request().Context(), v.Visit, filter.EntryFilter, before, since)
	if err != nil {
		return s.amiss(c, v, http.StatusOK, filter, err)
	}
	return s.showJournal(c, v, http.StatusOK, filter, found, "")
}

// lapses are the sentences about what people get wrong in the filter.
var lapses = map[error]string{
	errNoNumber:      "journal.number.wrong",
	app.ErrManyNames: "journal.person.many",
}

// amiss shows the section to somebody who got something wrong in the filter, so
// that they can mend it. Any other error it returns.
func (s *server) amiss(c echo.Context, v pageVisit, status int, filter journalFilter, err error) error {
	for lapse, says := range lapses {
		if errors.Is(err, lapse) {
			found, err := s.app.EmptyJournal(c.Request().Context(), v.Visit)
			if err != nil {
				return err
			}
			return s.showJournal(c, v, status, filter, found, says)
		}
	}
	return err
}

// showJournal shows the section, perhaps with a sentence about what is wrong.
func (s *server) showJournal(c echo.Context, v pageVisit, status int, filter journalFilter, found app.Journal, wrong string) error {
	part := journalPart(sceneOf(c).words, v.Visit, filter, found, s.now())
	var err error
	if part.Visit, err = s.sealed(v); err != nil {
		return err
	}
	if wrong != "" {
		part.Trouble = part.Say(wrong)
	}
	return s.showHomeAs(c, v, status, "/home/journal", part.Say("home.nav.journal"), views.JournalPart(part))
}

// readFilter reads the filter of a form. Nothing of it is required.
func readFilter(f url.Values) (journalFilter, error) {
	j := journalFilter{form: f, zone: zone(f.Get("zone"))}
	for _, field := range []string{fieldWho, "number", "channel"} {
		if utf8.RuneCountInString(f.Get(field)) > maxFilter {
			return j, fmt.Errorf("%w: a filter of %d characters", errForm, utf8.RuneCountInString(f.Get(field)))
		}
	}
	j.Person, j.Connector, j.Kind = strings.TrimSpace(f.Get(fieldWho)), f.Get("channel"), app.EntryKind(f.Get("kind"))
	if j.Kind == delegated {
		j.Kind, j.Delegated = "", true
	} else if j.Kind != "" && !slices.Contains(app.EntryKinds(), j.Kind) {
		return j, fmt.Errorf("%w: an unknown kind", errForm)
	}
	if err := j.readOutcome(f.Get("outcome")); err != nil {
		return j, err
	}
	var err error
	if j.From, err = day(f.Get("from"), j.zone); err != nil {
		return j, err
	}
	if j.To, err = day(f.Get("to"), j.zone); err != nil {
		return j, err
	}
	if !j.To.IsZero() {
		j.To = j.To.AddDate(0, 0, 1) // that day is wanted, too
	}
	return j, j.readItem(f.Get("type"), strings.TrimSpace(f.Get("number")))
}

// delegated stands among the kinds, and is none.
const delegated app.EntryKind = "delegated"

// because marks those of the outcomes that are causes.
const because = "because:"

// readOutcome reads what outcomes are called, or a cause.
func (j *journalFilter) readOutcome(text string) error {
	cause, because := strings.CutPrefix(text, because)
	for reason, says := range causes {
		if because && says == "journal.because."+cause {
			j.Reasons = append(j.Reasons, reason)
		}
	}
	for state, says := range states {
		if says[0] == "journal.state."+text {
			j.States = append(j.States, state)
		}
	}
	if text != "" && j.States == nil && j.Reasons == nil {
		return fmt.Errorf("%w: an unknown outcome", errForm)
	}
	return nil
}

// cardLink is where the address of a CRM card tells which it is.
var cardLink = regexp.MustCompile(`/(lead|deal|contact|company)/(?:details|show)/(\d{1,18})`)

// readItem reads a number of an item, or the link of its card, which tells the type too.
func (j *journalFilter) readItem(kind, text string) error {
	item := bitrix.CRMItem{Type: bitrix.ItemType(cmp.Or(kind, string(bitrix.Deal)))}
	if !slices.Contains(bitrix.ItemTypes(), item.Type) {
		return fmt.Errorf("%w: an unknown type", errForm)
	}
	if text == "" {
		return nil
	}
	if link := cardLink.FindStringSubmatch(strings.ToLower(text)); link != nil {
		item.Type, text = bitrix.ItemType(strings.ToUpper(link[1])), link[2]
		j.form.Set("type", string(item.Type))
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return errNoNumber
	}
	item.ID, j.Item = id, bitrix.CRMItem{Type: item.Type, ID: id}
	return nil
}

// zone is the time zone that the page's script names; UTC where it names none.
func zone(name string) *time.Location {
	if at, err := time.LoadLocation(name); err == nil && name != "Local" && len(name) < 64 {
		return at
	}
	return time.UTC
}

// day is the beginning of a day; zero for none.
func day(text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil || at.Year() < 2000 || at.Year() > 2100 {
		return time.Time{}, fmt.Errorf("%w: %.20q is no day", errForm, text)
	}
	return at, nil
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// states tell how an outcome is called in the journal, and the class of its badge.
var states = map[app.OutcomeState][2]string{
	app.OutcomeAdded:     {"journal.state.done", "done"},
	app.OutcomeRemoved:   {"journal.state.done", "done"},
	app.OutcomeAlreadyIn: {"journal.state.already_in", "same"},
	app.OutcomeNotIn:     {"journal.state.not_in", "same"},
	app.OutcomeElsewhere: {"journal.state.elsewhere", "unknown"},
	app.OutcomeRefused:   {"journal.state.refused", "refused"},
	app.OutcomeSkipped:   {"journal.state.skipped", "refused"},
	app.OutcomeNotTried:  {"journal.state.not_tried", "unknown"},
	app.OutcomeUnknown:   {"journal.state.unknown", "unknown"},
}

// offeredStates are those to filter by, in their order; one for each word.
var offeredStates = []app.OutcomeState{
	app.OutcomeAdded, app.OutcomeAlreadyIn, app.OutcomeNotIn, app.OutcomeElsewhere, app.OutcomeRefused, app.OutcomeSkipped,
	app.OutcomeNotTried, app.OutcomeUnknown,
}

// causes call reasons in few words: what helps is told where people can do it.
var causes = map[app.Reason]string{
	app.ReasonHistory:           "journal.because.history",
	app.ReasonColleagueNoAccess: "journal.because.colleague",
	app.ReasonCallerNoAccess:    "journal.because.caller",
	app.ReasonMayNotChange:      "journal.because.caller",
	app.ReasonNotObserved:       "journal.because.colleague",
	app.ReasonNotActive:         "journal.because.dismissed",
	app.ReasonExternal:          "journal.because.external",
	app.ReasonPolicyViewer:      "journal.because.policy",
	app.ReasonPolicyColleague:   "journal.because.policy",
	app.ReasonPolicyNote:        "journal.because.policy",
	app.ReasonPolicyUnread:      "journal.because.policy",
	app.ReasonCustomer:          "journal.because.role",
	app.ReasonOperator:          "journal.because.role",
	app.ReasonChatClosed:        "journal.because.chat",
	app.ReasonNoChat:            "journal.because.chat",
	app.ReasonDialogRuns:        "journal.because.chat",
	app.ReasonBusy:              "journal.because.busy",
	app.ReasonDown:              "journal.because.down",
	app.ReasonFailed:            "journal.because.down",
	app.ReasonLost:              "journal.because.unsure",
	app.ReasonUnconfirmed:       "journal.because.unsure",
	app.ReasonUnlisted:          "journal.because.unsure",
	app.ReasonUnreadable:        "journal.because.unsure",
	app.ReasonCancelled:         "journal.because.other",
	app.ReasonUnrecorded:        "journal.because.other",
	app.ReasonNoToken:           "journal.because.application",
	app.ReasonNoAccess:          "journal.because.application",
	app.ReasonRemoved:           "journal.because.application",
	app.ReasonPlan:              "journal.because.application",
	app.ReasonScope:             "journal.because.application",
	app.ReasonOther:             "journal.because.other",
}

// causeOf calls a reason in few words; "" where there is none.
func causeOf(reason app.Reason) string {
	if reason == "" {
		return ""
	}
	return cmp.Or(causes[reason], causes[app.ReasonOther])
}

// entryKinds call what was done.
var entryKinds = map[app.EntryKind]string{
	app.EntryAdd:       "journal.kind.add",
	app.EntryWish:      "journal.kind.wish",
	app.EntryRemove:    "journal.kind.remove",
	app.EntryUndo:      "journal.kind.undo",
	app.EntryJoin:      "journal.kind.join",
	app.EntryObserve:   "journal.kind.observe",
	app.EntryDialog:    "journal.kind.dialog",
	app.EntryInstall:   "journal.kind.install",
	app.EntryUninstall: "journal.kind.uninstall",
	app.EntryPolicy:    "journal.kind.policy",
	delegated:          "journal.kind.delegated",
}

// journalPart builds the section of the journal.
func journalPart(w views.Words, v app.Visit, f journalFilter, found app.Journal, now time.Time) views.Journal {
	j := views.Journal{
		Words: w, Zone: f.zone.String(), Person: f.form.Get(fieldWho), Number: f.form.Get("number"), From: f.form.Get("from"), To: f.form.Get("to"),
		About: w.Say("journal.text.own"), ZoneSays: w.Say("journal.zone", views.With{"Zone": f.zone.String()}),
	}
	if found.All {
		j.About = w.Say("journal.text.all")
	}
	j.Types, j.Channels, j.Kinds, j.Outcomes = f.types(w), f.channels(w, found.Connectors), f.kinds(w), f.outcomes(w)
	for _, e := range found.Entries {
		j.Lines = append(j.Lines, entryLine(w, v, e, f.zone))
	}
	if found.More {
		j.Before = strconv.FormatInt(found.Entries[len(found.Entries)-1].ID, 10)
	}
	if len(found.Use) > 0 && f.form.Get("before") == "" {
		j.Days, j.Peak = useOf(found.Use, f.zone, now)
		j.Causes = causesOf(w, found.Use)
	}
	return j
}

// option is one of the values that a field offers.
func (f journalFilter) option(field, value, name string) views.FilterOption {
	return views.FilterOption{Value: value, Name: name, Chosen: f.form.Get(field) == value}
}

func (f journalFilter) types(w views.Words) (all []views.FilterOption) {
	for _, t := range []bitrix.ItemType{bitrix.Deal, bitrix.Lead, bitrix.Contact, bitrix.Company} {
		name := strings.TrimSpace(w.Say(itemNames[t][1], views.With{"ID": ""}))
		all = append(all, f.option("type", string(t), name))
	}
	return all
}

func (f journalFilter) channels(w views.Words, named map[string]string) []views.FilterOption {
	all := []views.FilterOption{f.option("channel", "", w.Say("journal.any"))}
	for _, code := range slices.SortedFunc(maps.Keys(named), func(a, b string) int { return strings.Compare(named[a]+a, named[b]+b) }) {
		all = append(all, f.option("channel", code, cmp.Or(named[code], code)))
	}
	return all
}

func (f journalFilter) kinds(w views.Words) []views.FilterOption {
	all := []views.FilterOption{f.option("kind", "", w.Say("journal.any"))}
	for _, k := range append(app.EntryKinds(), delegated) {
		all = append(all, f.option("kind", string(k), w.Say(entryKinds[k])))
	}
	return all
}

func (f journalFilter) outcomes(w views.Words) []views.FilterOption {
	all := []views.FilterOption{f.option("outcome", "", w.Say("journal.any"))}
	for _, s := range offeredStates {
		says := states[s][0]
		all = append(all, f.option("outcome", strings.TrimPrefix(says, "journal.state."), w.Say(says)))
	}
	for _, says := range slices.Compact(slices.Sorted(maps.Values(causes))) {
		all = append(all, f.option("outcome", because+strings.TrimPrefix(says, "journal.because."), "— "+w.Say(says)))
	}
	return all
}

// entryLine builds one line of the journal.
func entryLine(w views.Words, v app.Visit, e app.Entry, zone *time.Location) views.Entry {
	l := views.Entry{
		Words: w, At: e.At.UTC().Format(time.RFC3339), Time: e.At.In(zone).Format("2006-01-02 15:04"), Kind: w.Say(entryKinds[e.Kind]),
		By: party(w, v, e.Asker()), Detail: e.Detail,
	}
	if e.Kind == app.EntryPolicy {
		l.Setting, l.Detail = settingOf(w, e.Detail)
	}
	if l.By == "" {
		l.By = w.Say("journal.portal")
	}
	if e.OnBehalf.ID != 0 {
		l.Rights = w.Say("journal.rights", views.With{"Name": party(w, v, e.By)})
	}
	if e.Whom.ID != e.Asker().ID {
		l.Whom = party(w, v, e.Whom)
	}
	if !e.Item.IsZero() {
		l.Item = itemName(w, app.Card{Item: e.Item, Title: e.ItemName})
		l.URL = v.Portal + "/crm/" + strings.ToLower(string(e.Item.Type)) + "/details/" + number(e.Item.ID) + "/"
	}
	if e.Chat != 0 {
		l.Chat = called(w, e.Channel, nameOfChat(w, e.Chat, e.ChatName))
	}
	if state, ok := states[e.State]; ok {
		l.State, l.Class = w.Say(state[0]), state[1]
	}
	if cause := causeOf(e.Reason); cause != "" {
		l.Because = w.Say(cause)
	} else if e.Settled.IsZero() {
		l.Because = w.Say("journal.open")
	}
	if e.Note {
		l.Note = w.Say("journal.told")
	}
	return l
}

// party is what a person is called; "" for nobody.
func party(w views.Words, v app.Visit, p app.Party) string {
	if p.ID == 0 {
		return ""
	}
	if p.ID == v.Viewer {
		p.Name = cmp.Or(p.Name, v.Name)
	}
	return nameOf(w, p.ID, p.Name)
}

// useOf counts by day, up to today, and tells the most of a day.
func useOf(use []app.EntryCount, zone *time.Location, now time.Time) (days []views.UseDay, peak int) {
	today := midnight(now.In(zone))
	at := map[string]int{}
	for n := range useDays {
		date := today.AddDate(0, 0, n+1-useDays).Format(time.DateOnly)
		at[date] = n
		days = append(days, views.UseDay{Date: date})
	}
	for _, c := range use {
		n, ok := at[c.At.In(zone).Format(time.DateOnly)]
		if _, counts := states[c.State]; !ok || !counts {
			continue
		}
		if class := states[c.State][1]; class == "done" || class == "same" {
			days[n].Done += c.Count
		} else {
			days[n].Undone += c.Count
		}
		peak = max(peak, days[n].Done+days[n].Undone)
	}
	return days, peak
}

// causesOf counts what was not done by its cause, the most frequent first.
func causesOf(w views.Words, use []app.EntryCount) (all []views.Cause) {
	count := map[string]int{}
	for _, c := range use {
		if class := states[c.State][1]; c.Reason != "" && (class == "refused" || class == "unknown") {
			count[causeOf(c.Reason)] += c.Count
		}
	}
	most := 0
	for says, n := range count {
		all = append(all, views.Cause{Name: w.Say(says), Count: n})
		most = max(most, n)
	}
	for n := range all {
		all[n].Most = most
	}
	slices.SortFunc(all, func(a, b views.Cause) int { return cmp.Or(b.Count-a.Count, strings.Compare(a.Name, b.Name)) })
	return all
}
