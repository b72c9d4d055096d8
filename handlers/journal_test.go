package handlers

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
	"github.com/joinline/joinline/views"
)

// journalRows are ways in which a filter is wrong.
var journalRows = []refusal{
	{name: "a kind that there is not", status: 400, change: set("kind", "theft")},
	{name: "an outcome that there is not", status: 400, change: set("outcome", "glory")},
	{name: "a cause that there is not", status: 400, change: set("outcome", "because:love")},
	{name: "a type that there is not", status: 400, change: set("type", "INVOICE")},
	{name: "a day that there is not", status: 400, change: set("from", "2026-02-30")},
	{name: "a day that is none", status: 400, change: set("to", "tomorrow")},
	{name: "a day of no calendar of ours", status: 400, change: set("to", "9999-12-31")},
	{name: "a name without end", status: 400, change: set("who", strings.Repeat("x", maxFilter+1))},
	{name: "a channel without end", status: 400, change: set("channel", strings.Repeat("x", maxFilter+1))},
	{name: "the same field twice", status: 400, change: func(r *request) { r.form["who"] = []string{"a", "b"} }},
}

var placeRows = []refusal{
	{name: "a place that is no number", status: 400, change: set("before", "1 OR 1=1")},
	{name: "a place before the first", status: 400, change: set("before", "-1")},
}

var exportRows = []refusal{
	{name: "no format", status: 400, change: drop("format")},
	{name: "a format that there is not", status: 400, change: set("format", "exe")},
	{name: "a number that is none", status: 400, change: set("number", "seven"), asks: true},
}

// goodJournal asks for the journal, or a file of it.
func goodJournal(path string) func(*testing.T, *world, string) request {
	return func(t *testing.T, w *world, lang string) request {
		r := goodHome(path, ivan)(t, w, lang)
		r.form.Set("format", "csv")
		return r
	}
}

// wrote puts entries into the journal, an hour apart and the last one now.
func (w *world) wrote(t *testing.T, entries ...app.Entry) {
	t.Helper()
	for n := range entries {
		e := &entries[n]
		e.Member = bitrix.MemberID(w.portal.MemberID())
		if e.At.IsZero() {
			e.At = time.Now().Add(time.Duration(n-len(entries)) * time.Hour)
		}
		e.Settled = e.At
	}
	must(t, w.store.WriteEntries(t.Context(), entries))
}

// added is an entry about an add.
func added(by, whom int, state app.OutcomeState, reason app.Reason) app.Entry {
	return app.Entry{
		Kind: app.EntryAdd, By: app.Party{ID: bitrix.UserID(by), Name: fmt.Sprint("Asker ", by)}, Whom: app.Party{ID: bitrix.UserID(whom), Name: fmt.Sprint("Person ", whom)},
		Item: bitrix.CRMItem{Type: bitrix.Deal, ID: 77}, ItemName: "Chairs", Owner: bitrix.CRMItem{Type: bitrix.Deal, ID: 77},
		Chat: 1763, ChatName: "Ann Lee", Connector: "telegrambot", Channel: "Telegram", State: state, Reason: reason,
	}
}

// journal opens the section with a filter and returns the whom of its lines.
func (w *world) journal(t *testing.T, visit url.Values, filter ...string) (page, []string) {
	t.Helper()
	f := maps.Clone(visit)
	for n := 0; n+1 < len(filter); n += 2 {
		f.Set(filter[n], filter[n+1])
	}
	p := w.do(t, request{path: "/home/journal", form: f}).page(t)
	var whom []string
	for _, cell := range p.all(".journal .whom") {
		whom = append(whom, text(cell))
	}
	return p, whom
}

func TestTheJournalIsSearchedByWhatPeopleType(t *testing.T) {
	t.Parallel()
	w := installed(t)
	_, visit := w.home(t, admin)
	lead := added(ivan, 23, app.OutcomeRefused, app.ReasonHistory)
	lead.Item, lead.Owner, lead.Connector, lead.Channel = bitrix.CRMItem{Type: bitrix.Lead, ID: 55}, bitrix.CRMItem{Type: bitrix.Lead, ID: 55}, "whatsapp", "WhatsApp"
	old := added(admin, 22, app.OutcomeAdded, "")
	old.At = time.Date(2026, 3, 29, 22, 30, 0, 0, time.UTC) // the next day in Moscow
	w.wrote(t, old, lead, added(admin, 24, app.OutcomeAdded, ""))
	for name, c := range map[string]struct {
		filter []string
		want   []string
	}{
		"nothing":                  {nil, []string{"", "Person 24", "Person 23", "Person 22"}},
		"a name":                   {[]string{"who", "person 23"}, []string{"Person 23"}},
		"a number of a person":     {[]string{"who", "24"}, []string{"Person 24"}},
		"a number of a deal":       {[]string{"number", "77"}, []string{"Person 24", "Person 22"}},
		"a number of a lead":       {[]string{"type", "LEAD", "number", "55"}, []string{"Person 23"}},
		"the link of a card":       {[]string{"number", "https://acme.bitrix24.com/crm/lead/details/55/?IFRAME=Y"}, []string{"Person 23"}},
		"the link of an old card":  {[]string{"number", "/crm/deal/show/77/"}, []string{"Person 24", "Person 22"}},
		"a channel":                {[]string{"channel", "whatsapp"}, []string{"Person 23"}},
		"a kind":                   {[]string{"kind", "install"}, []string{""}},
		"an outcome":               {[]string{"outcome", "refused"}, []string{"Person 23"}},
		"a cause":                  {[]string{"outcome", "because:history"}, []string{"Person 23"}},
		"a day of the time zone":   {[]string{"zone", "Europe/Moscow", "from", "2026-03-30", "to", "2026-03-30"}, []string{"Person 22"}},
		"a day of another zone":    {[]string{"zone", "America/New_York", "from", "2026-03-30", "to", "2026-03-30"}, nil},
		"a zone that there is not": {[]string{"zone", "Mars/Olympus", "to", "2026-03-29"}, []string{"Person 22"}},
		"what is not there":        {[]string{"who", "nobody"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, got := w.journal(t, visit, c.filter...)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			for n := 0; n+1 < len(c.filter); n += 2 { // the filter stays as it was typed
				if field := p.all("#filter input[name=" + c.filter[n] + "]"); len(field) == 1 && c.filter[n] != "zone" && attr(field[0], "value") != c.filter[n+1] {
					t.Errorf("the field %s holds %q", c.filter[n], attr(field[0], "value"))
				}
			}
		})
	}
	file := maps.Clone(visit)
	file.Set("format", "csv")
	file.Set("number", "seven")
	refused := w.do(t, request{path: "/home/journal/export", form: file})
	refused.wantStatus(t, 400)
	p, _ := w.journal(t, visit, "number", "seven")
	for _, p := range []page{p, refused.page(t)} {
		p.says(t, ".lack", "neither a number nor the link")
		p.one(t, "#filter option[value=whatsapp]")
		if got := p.attr(t, "#filter input[name=number]", "value"); got != "seven" {
			t.Errorf("the number is %q now", got)
		}
	}
}

func TestANameOfTooManyPeopleIsSaidInTheJournal(t *testing.T) {
	t.Parallel()
	w := installed(t)
	_, visit := w.home(t, admin)
	var entries []app.Entry
	for n := range 1001 {
		entries = append(entries, added(admin, 2000+n, app.OutcomeAdded, ""))
	}
	w.wrote(t, entries...)
	visit.Set("format", "csv")
	visit.Set("who", "person")
	for path, status := range map[string]int{"/home/journal": 200, "/home/journal/export": 400} {
		a := w.do(t, request{path: path, form: visit})
		a.wantStatus(t, status)
		p := a.page(t)
		if lack := text(p.one(t, ".lack")); !strings.Contains(lack, "people") {
			t.Errorf("%s says %q", path, lack)
		}
		p.one(t, "#filter option[value=telegrambot]")
	}
}

func TestWhoSeesTheirOwnEntriesIsNotToldOfTheChannelsOfOthers(t *testing.T) {
	t.Parallel()
	w := installed(t)
	w.wrote(t, added(admin, 22, app.OutcomeAdded, ""))
	_, visit := w.home(t, ivan)
	p, _ := w.journal(t, visit)
	p.lacks(t, "#filter option[value=telegrambot]")
}

func TestAJournalIsReadPageByPage(t *testing.T) {
	t.Parallel()
	w := installed(t)
	_, visit := w.home(t, ivan)
	var entries []app.Entry
	for n := range 2*app.JournalPage + 1 {
		entries = append(entries, added(ivan, 100+n, app.OutcomeAdded, ""))
	}
	w.wrote(t, entries...)
	var all []string
	for before, pages := "", 0; pages < 5; pages++ {
		filter := []string{"kind", "add"}
		if before != "" {
			filter = append(filter, "before", before)
		}
		p, whom := w.journal(t, visit, filter...)
		all = append(all, whom...)
		more := p.all("button[name=before]")
		if len(more) == 0 {
			break
		}
		before = attr(more[0], "value")
	}
	if len(all) != len(entries) || all[0] != "Person 200" || !slices.IsSortedFunc(all, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("the pages hold %d entries: %v", len(all), all)
	}
}

func TestOnlyAdministratorsSeeWhatOthersDid(t *testing.T) {
	t.Parallel()
	w := installed(t)
	w.wrote(t, added(ivan, 22, app.OutcomeAdded, ""), added(admin, 23, app.OutcomeAdded, ""))
	visits := map[int]url.Values{}
	for user, want := range map[int][]string{admin: {"Person 23", "Person 22"}, ivan: {"Person 22"}} {
		_, visits[user] = w.home(t, user)
		for _, filter := range [][]string{{"kind", "add"}, {"kind", "add", "who", "person"}} {
			if _, got := w.journal(t, visits[user], filter...); !slices.Equal(got, want) {
				t.Errorf("user %d sees %v for %v", user, got, filter)
			}
		}
		file := maps.Clone(visits[user])
		file.Set("format", "csv")
		if a := w.do(t, request{path: "/home/journal/export", form: file}); strings.Contains(a.text, "Person 23") != (user == admin) {
			t.Errorf("the file of user %d: %s", user, a.text)
		}
	}
	w.portal.Do(func(w *bitrixtest.World) { w.Users[admin].Admin = false })
	if _, got := w.journal(t, visits[admin], "kind", "add"); !slices.Equal(got, []string{"Person 23"}) {
		t.Errorf("who is no administrator any more sees %v", got)
	}
}

func TestAFileOfTheJournalHoldsAllOfItAndNoFormula(t *testing.T) {
	t.Parallel()
	w := installed(t)
	_, visit := w.home(t, ivan)
	evil := added(ivan, 22, app.OutcomeRefused, app.ReasonHistory)
	evil.Chat, evil.Connector, evil.Item.ID = 9, "livechat", 90 // of which no other entry speaks
	evil.Whom.Name, evil.ItemName, evil.ChatName, evil.Channel = `=HYPERLINK("https://evil.test")`, " +1", "@SUM(A1)\n\"x\", y", "Олег"
	entries := []app.Entry{evil}
	for n := range 1200 {
		entries = append(entries, added(ivan, 2000+n, app.OutcomeAdded, ""))
	}
	w.wrote(t, entries...)
	visit.Set("kind", "add")
	visit.Set("format", "csv")
	a := w.do(t, request{path: "/home/journal/export", form: visit})
	bare, marked := strings.CutPrefix(a.text, byteOrderMark)
	rows, err := csv.NewReader(strings.NewReader(bare)).ReadAll()
	if err != nil || !marked || len(rows) != len(entries)+1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if got := a.Header.Get("Content-Disposition"); !strings.HasPrefix(got, `attachment; filename="joinline-journal-2`) || !strings.HasSuffix(got, `.csv"`) {
		t.Errorf("Content-Disposition: %s", got)
	}
	last := rows[len(rows)-1]
	for column, want := range map[string]string{"whom": `'=HYPERLINK("https://evil.test")`, "item": "' +1", "chat": "'@SUM(A1) \"x\", y", "channel": "Олег", "reason": "history"} {
		if got := last[slices.Index(rows[0], column)]; got != want {
			t.Errorf("column %s holds %q", column, got)
		}
	}

	visit.Set("format", "jsonl")
	a = w.do(t, request{path: "/home/journal/export", form: visit})
	count := 0
	var e exported
	for lines := bufio.NewScanner(strings.NewReader(a.text)); lines.Scan(); count++ {
		e = exported{}
		must(t, json.Unmarshal(lines.Bytes(), &e))
	}
	if count != len(entries) || e.Whom.Name != evil.Whom.Name || e.Chat.Name != evil.ChatName || e.Outcome != "refused" {
		t.Errorf("%d lines, the last is %+v", count, e)
	}
}

func TestCellsAreTextsInEverySpreadsheet(t *testing.T) {
	for text, want := range map[string]string{
		"":          "",
		"Ann = Lee": "Ann = Lee",
		"=1+1":      "'=1+1",
		"+7 495":    "'+7 495",
		"-1":        "'-1",
		"@x":        "'@x",
		"\t=1":      "' =1",
		"\rx":       " x",
		"  =1":      "'  =1",
		"\n=1":      "' =1",
		"x\r\n=1":   "x =1",
		// Where the end of a cell is a semicolon.
		`Ann;=HYPERLINK("http://x","y")`: `Ann;'=HYPERLINK("http://x","y")`,
		`Ann"; "=1`:                      `Ann";' "=1`,
		"Ann; Lee":                       "Ann; Lee",
		"＝1":                             "'＝1",
		"|calc":                          "'|calc",
		"Jean-Luc":                       "Jean-Luc",
	} {
		if got := cell(text); got != want {
			t.Errorf("cell(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestThePictureOfTheUseCountsByDaysOfTheTimeZone(t *testing.T) {
	w := views.Speak("en")
	moscow, err := time.LoadLocation("Europe/Moscow")
	must(t, err)
	now := time.Date(2026, 11, 25, 23, 0, 0, 0, time.UTC) // the 26th in Moscow
	at := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour, 0, 0, 0, time.UTC) }
	use := []app.EntryCount{
		{At: at(1, 12), State: app.OutcomeAdded, Count: 2},
		{At: at(24, 22), Kind: app.EntryAdd, State: app.OutcomeAdded, Count: 3}, // the 25th
		{At: at(25, 8), Kind: app.EntryAdd, State: app.OutcomeRefused, Reason: app.ReasonHistory, Count: 1},
		{At: at(25, 22), Kind: app.EntryAdd, State: app.OutcomeRefused, Reason: app.ReasonBusy, Count: 2},
		{At: at(25, 22), Kind: app.EntryInstall, Count: 9},
	}
	days, peak := useOf(use, moscow, now)
	if len(days) != useDays || peak != 4 {
		t.Fatalf("%d days, the most is %d", len(days), peak)
	}
	want := []views.UseDay{{Date: "2026-11-24"}, {Date: "2026-11-25", Done: 3, Undone: 1}, {Date: "2026-11-26", Undone: 2}}
	if d := cmp.Diff(want, days[useDays-3:]); d != "" {
		t.Error(d)
	}
	causes := causesOf(w, use)
	if d := cmp.Diff([]views.Cause{{Name: "Portal too busy", Count: 2, Most: 2}, {Name: "Settings of the channel", Count: 1, Most: 2}}, causes); d != "" {
		t.Error(d)
	}
}

func TestEveryKindOutcomeAndReasonHasAWordInTheJournal(t *testing.T) {
	for _, k := range app.EntryKinds() {
		if entryKinds[k] == "" {
			t.Errorf("no word for the kind %s", k)
		}
	}
	for state := range outcomes {
		if !slices.ContainsFunc(offeredStates, func(o app.OutcomeState) bool { return states[o][0] == states[state][0] }) {
			t.Errorf("no word for the outcome %s", state)
		}
	}
	for reason := range reasons {
		if causes[reason] == "" {
			t.Errorf("no word for the reason %s", reason)
		}
	}
}

// goodPast asks who was added to a chat.
func goodPast(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodCard("/card/journal")(t, w, lang)
	r.form.Set("past", r.form.Get("chat"))
	return r
}

func TestACardTellsWhoWasAddedAndWhen(t *testing.T) {
	t.Parallel()
	w := installed(t)
	r := goodPast(t, w, "en")
	w.do(t, r).page(t).says(t, "#past-1763", "Nobody was added to this chat")
	r.header = withHeader(r.header, "X-Joinline", "1")
	w.do(t, r).page(t).says(t, "#past-1763", "Nobody was added to this chat")
	gone := added(admin, 24, app.OutcomeRemoved, "")
	gone.Kind = app.EntryRemove
	elsewhere := added(admin, 25, app.OutcomeAdded, "")
	elsewhere.Chat = 9
	done := added(admin, 23, app.OutcomeAdded, "")
	done.At = time.Date(2026, 9, 1, 20, 30, 0, 0, time.UTC)
	w.wrote(t, done, gone, added(admin, 30, app.OutcomeRefused, app.ReasonNotActive), elsewhere)
	r.form.Set("zone", "Europe/Moscow")
	w.portal.ResetRequests()
	p := w.do(t, r).page(t)
	if n := len(w.portal.Requests()); n > 0 {
		t.Errorf("the portal was asked %d times", n)
	}
	if lines := p.all(".past li"); len(lines) != 2 {
		t.Fatalf("it tells %d lines: %s", len(lines), text(p.root))
	}
	got := text(p.all(".past li")[1])
	for _, want := range []string{"2026-09-01 23:30", "Person 23", "Who: Asker 1"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}
