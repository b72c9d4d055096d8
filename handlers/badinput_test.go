package handlers

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"
	"golang.org/x/net/html"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// badInput is what one address must refuse.
type badInput struct {
	// good makes a request that succeeds, in a language. What is refused
	// differs from it in one thing.
	good func(t *testing.T, w *world, lang string) request
	// pieces: a script asks here, too, and gets a piece of the page.
	pieces bool
	rows   []refusal
}

// refusal is one way in which a request is wrong.
type refusal struct {
	name   string
	change func(r *request)
	status int
	// asks: only the portal can tell that it is wrong.
	asks bool
}

// badInputs has an entry for every address there is.
var badInputs = map[string]badInput{
	"POST /app":                  {good: goodLaunch, rows: slices.Concat(noForm, launchFields, launchForgeries)},
	"POST /install":              {good: goodInstallation, rows: slices.Concat(noForm, launchFields, installForgeries)},
	"POST /events":               {good: goodEvent, rows: slices.Concat(noForm, eventFields, notFromHere)},
	"POST /app/again":            {good: goodAgain("/app/again"), rows: slices.Concat(noForm, againFields, notFromHere)},
	"POST /install/again":        {good: goodAgain("/install/again"), rows: slices.Concat(noForm, againFields, notFromHere)},
	"POST /card":                 {good: goodCard("/card"), pieces: true, rows: slices.Concat(noForm, visitFields, choiceFields, queryFields, notFromHere)},
	"POST /card/chats":           {good: goodCard("/card/chats"), pieces: true, rows: slices.Concat(noForm, visitFields, chatFields, knownFields, notFromHere)},
	"POST /card/suggest":         {good: goodCard("/card/suggest"), pieces: true, rows: slices.Concat(noForm, visitFields, choiceFields, notFromHere)},
	"POST /card/find":            {good: goodCard("/card/find"), pieces: true, rows: slices.Concat(noForm, visitFields, choiceFields, queryFields, notFromHere)},
	"POST /card/list":            {good: goodCard("/card/list"), pieces: true, rows: slices.Concat(noForm, visitFields, choiceFields, queryFields, notFromHere)},
	"POST /card/take":            {good: goodTake, pieces: true, rows: slices.Concat(noForm, visitFields, choiceFields, takeFields, notFromHere)},
	"POST /card/squads":          {good: goodSquads, pieces: true, rows: slices.Concat(noForm, visitFields, choiceFields, squadFields, notFromHere)},
	"POST /card/presence":        {good: goodCard("/card/presence"), pieces: true, rows: slices.Concat(noForm, visitFields, choiceFields, notFromHere)},
	"POST /card/add":             {good: goodCard("/card/add"), pieces: true, rows: slices.Concat(noForm, visitFields, choiceFields, addFields, remarkFields, notFromHere)},
	"POST /card/add/one":         {good: goodCard("/card/add/one"), pieces: true, rows: slices.Concat(noForm, visitFields, choiceFields, oneFields, notFromHere)},
	"POST /card/add/settle":      {good: goodSettle, pieces: true, rows: slices.Concat(noForm, visitFields, choiceFields, oneFields, answerFields, notFromHere)},
	"POST /card/add/tell":        {good: goodTell, pieces: true, rows: slices.Concat(noForm, visitFields, remarkFields, newcomerFields, notFromHere)},
	"POST /card/journal":         {good: goodPast, pieces: true, rows: slices.Concat(noForm, visitFields, buttonFields("past", false), notFromHere)},
	"POST /card/remove":          {good: goodRemoval, pieces: true, rows: slices.Concat(noForm, visitFields, chatFields, buttonFields("remove", true), notFromHere)},
	"POST /card/join":            {good: goodJoin, pieces: true, rows: slices.Concat(noForm, visitFields, chatFields, buttonFields("join", false), notFromHere)},
	"POST /card/observe":         {good: goodObserve, pieces: true, rows: slices.Concat(noForm, visitFields, choiceFields, buttonFields("observe", true), notFromHere)},
	"POST /card/dialog":          {good: goodDialog, pieces: true, rows: slices.Concat(noForm, visitFields, chatFields, buttonFields("dialog", false), notFromHere)},
	"POST /card/ask":             {good: goodAsk, pieces: true, rows: slices.Concat(noForm, visitFields, choiceFields, buttonFields("ask", false), askFields, notFromHere)},
	"POST /card/wish":            {good: goodWish, pieces: true, rows: slices.Concat(noForm, visitFields, choiceFields, buttonFields("wish", false), wishFields("wish"), notFromHere)},
	"POST /card/unwish":          {good: goodUnwish, pieces: true, rows: slices.Concat(noForm, visitFields, choiceFields, buttonFields("unwish", false), wishFields("unwish"), notFromHere)},
	"POST /home":                 {good: goodHome("/home", ivan), rows: slices.Concat(noForm, visitFields, notFromHere)},
	"POST /home/journal":         {good: goodJournal("/home/journal"), rows: slices.Concat(noForm, visitFields, journalRows, placeRows, notFromHere)},
	"POST /home/journal/export":  {good: goodJournal("/home/journal/export"), rows: slices.Concat(noForm, visitFields, journalRows, exportRows, notFromHere)},
	"POST /home/squads":          {good: goodHomeSquads, rows: slices.Concat(noForm, visitFields, homeSquadFields, notFromHere)},
	"POST /home/health":          {good: goodHome("/home/health", admin), rows: slices.Concat(noForm, visitFields, notFromHere)},
	"POST /home/health/check":    {good: goodGroup, pieces: true, rows: slices.Concat(noForm, visitFields, groupFields, notFromHere)},
	"POST /home/health/repair":   {good: goodHome("/home/health/repair", admin), pieces: true, rows: slices.Concat(noForm, visitFields, notFromHere)},
	"POST /home/health/takeover": {good: goodTakeover, pieces: true, rows: slices.Concat(noForm, visitFields, tokenFields, notFromHere)},
	"POST /home/policy":          {good: goodHome("/home/policy", admin), rows: slices.Concat(noForm, visitFields, notFromHere)},
	"POST /home/policy/save":     {good: goodPolicy, rows: slices.Concat(noForm, visitFields, policyFields, notFromHere)},
	"POST /home/settings":        {good: goodHome("/home/settings", ivan), rows: slices.Concat(noForm, visitFields, notFromHere)},
	"POST /home/settings/save":   {good: goodHome("/home/settings/save", ivan), rows: slices.Concat(noForm, visitFields, settingsFields, notFromHere)},
	"POST /visit":                {good: goodRenewal, pieces: true, rows: slices.Concat(noForm, visitFields, tokenFields, notFromHere)},
	"POST /oauth/start":          {good: goodSignIn, rows: slices.Concat(noForm, returnFields, notFromHere)},
	"GET /":                      {good: goodAddress("/"), rows: slices.Concat(noPost, signInFields)},
	"GET /app":                   {good: goodAddress("/app"), rows: signInFields},
	"GET /install":               {good: goodAddress("/install"), rows: signInFields},
	"GET /card/:type/:id":        {good: goodItem, rows: slices.Concat(noPost, itemAddresses)},
	"GET /static/:version/:file": {good: goodFile, rows: slices.Concat(noPost, fileAddresses)},
	"GET /healthz":               {good: goodAddress("/healthz"), rows: noPost},
	"GET /readyz":                {good: goodAddress("/readyz"), rows: noPost},
	"HEAD /":                     {good: goodHead("/"), rows: slices.Concat(noPost, signInFields)},
	"HEAD /healthz":              {good: goodHead("/healthz"), rows: noPost},
	"HEAD /readyz":               {good: goodHead("/readyz"), rows: noPost},
}

func TestEveryAddressHasATableOfBadInput(t *testing.T) {
	for _, route := range alone(t).Handler.(*echo.Echo).Routes() {
		if _, ok := badInputs[route.Method+" "+route.Path]; !ok {
			t.Errorf("badInputs does not tell what %s %s refuses", route.Method, route.Path)
		}
	}
}

func TestEveryAddressRefusesBadInputAndChangesNothing(t *testing.T) {
	for _, route := range slices.Sorted(maps.Keys(badInputs)) {
		t.Run(route, func(t *testing.T) {
			b, w := badInputs[route], installed(t)
			b.good(t, w, "en") // may open the card that the others start from
			b.good(t, w, "ru")
			before := w.held(t)
			for _, r := range b.rows {
				t.Run(r.name, func(t *testing.T) {
					var tries []request
					for _, lang := range []string{"en", "ru"} {
						page := b.good(t, w, lang)
						page.header = withHeader(page.header, "Accept-Language", lang)
						tries = append(tries, page)
						if b.pieces {
							piece := b.good(t, w, lang)
							piece.header = withHeader(page.header, "X-Joinline", "1")
							tries = append(tries, piece)
						}
					}
					w.portal.ResetRequests()
					w.refuses(t, tries, r)
					if n := len(w.portal.Requests()); n > 0 && !r.asks {
						t.Errorf("the portal was asked %d times", n)
					}
					after := w.held(t)
					if diff := cmp.Diff(before, after); diff != "" {
						t.Errorf("something was changed:\n%s", diff)
					}
					before = after
				})
			}
			for _, lang := range []string{"en", "ru"} {
				if a := w.do(t, b.good(t, w, lang)); a.StatusCode >= 400 {
					t.Errorf("what is good is refused too, with %d: %s", a.StatusCode, a.text)
				}
			}
		})
	}
}

// refuses spoils good requests and checks the answers.
func (w *world) refuses(t *testing.T, tries []request, row refusal) {
	t.Helper()
	for _, r := range tries {
		row.change(&r)
		a, lang := w.do(t, r), r.header["Accept-Language"]
		if a.StatusCode != row.status {
			t.Errorf("got status %d, want %d: %s", a.StatusCode, row.status, a.text)
		}
		if r.header["X-Joinline"] != "" {
			calmPiece(t, a, lang)
			continue
		}
		calm(t, a)
		p := a.page(t)
		if got := attr(p.one(t, "html"), "lang"); got != lang {
			t.Errorf("the page speaks %q, want %q", got, lang)
		}
		speaks(t, p.one(t, "h1"), lang)
	}
}

// calmPiece checks the piece that tells a script what went wrong.
func calmPiece(t *testing.T, a answer, lang string) {
	t.Helper()
	p := a.page(t)
	p.lacks(t, "h1")
	trouble := p.one(t, "#trouble")
	if text(trouble) == "" {
		t.Error("the piece says nothing")
	}
	speaks(t, trouble, lang)
	wantNoInnerWorkings(t, a)
}

// speaks checks the letters of what an element says.
func speaks(t *testing.T, n *html.Node, lang string) {
	t.Helper()
	said := text(n)
	if got := strings.ContainsFunc(said, func(r rune) bool { return unicode.Is(unicode.Cyrillic, r) }); got != (lang == "ru") {
		t.Errorf("it does not speak %s: %q", lang, said)
	}
}

func withHeader(header map[string]string, name, value string) map[string]string {
	header = maps.Clone(header)
	if header == nil {
		header = map[string]string{}
	}
	header[name] = value
	return header
}

// held is everything that a request could change: what the portal holds, and
// what is kept of it.
type held struct {
	Portal        string // its state, as JSON
	Installations []app.Installation
	Tokens        map[app.TokenKey]string
}

func (w *world) held(t *testing.T) held {
	t.Helper()
	state := w.portal.State()
	// Being asked is no change, nor that a launch brings new tokens.
	state.RequestCount, state.Tokens = 0, nil
	for _, u := range state.Users {
		u.LastActivity = time.Time{}
	}
	indented, err := json.MarshalIndent(state, "", " ")
	must(t, err)
	h := held{Portal: string(indented), Tokens: map[app.TokenKey]string{}}
	h.Installations, err = w.store.Installations(t.Context())
	must(t, err)
	for n := range h.Installations {
		h.Installations[n].EventSeen = time.Time{} // that a genuine event came is no change
	}
	member := bitrix.MemberID(w.portal.MemberID())
	for _, key := range []app.TokenKey{{Member: member, Role: app.AsInstallation, User: admin}, {Member: member, Role: app.AsViewer, User: admin}, {Member: member, Role: app.AsViewer, User: ivan}} {
		if pair, err := w.store.Token(t.Context(), key); err == nil {
			h.Tokens[key] = pair.Access.Reveal() + " " + pair.Refresh.Reveal()
		}
	}
	return h
}

// set, drop and twice change one field of the form.
func set(field, value string) func(*request) {
	return func(r *request) { r.form.Set(field, value) }
}

func drop(field string) func(*request) {
	return func(r *request) { r.form.Del(field) }
}

func twice(field string) func(*request) {
	return func(r *request) { r.form.Add(field, r.form.Get(field)) }
}

// header sets a header; empty takes it away.
func header(name, value string) func(*request) {
	return func(r *request) { r.header = withHeader(r.header, name, value) }
}

// body posts a text instead of the form.
func body(text string) func(*request) { return func(r *request) { r.body = text } }

// noForm are posts that hold no form that could be read.
var noForm = []refusal{
	{name: "JSON", status: 415, change: both(body(`{"visit":"x"}`), header("Content-Type", "application/json"))},
	{name: "a multipart form", status: 415, change: header("Content-Type", "multipart/form-data; boundary=x")},
	{name: "no content type", status: 415, change: header("Content-Type", "")},
	{name: "a content type of nonsense", status: 415, change: header("Content-Type", ";;")},
	{name: "a packed form", status: 415, change: header("Content-Encoding", "gzip")},
	{name: "a form that is too large", status: 413, change: set("x", strings.Repeat("x", maxForm))},
	{name: "broken escapes", status: 400, change: body("visit=%zz")},
	{name: "an unknown field twice", status: 400, change: func(r *request) { r.form["x"] = []string{"1", "1"} }},
	{name: "text that is no UTF-8", status: 400, change: set("x", "\xff")},
	{name: "text with a zero byte", status: 400, change: set("x", "a\x00b")},
	{name: "another method", status: 405, change: both(func(r *request) { r.method = http.MethodPut }, header("Sec-Fetch-Site", "same-origin"))},
}

// notFromHere are forms that pages of other sites post.
var notFromHere = []refusal{
	{name: "another site", status: 403, change: both(header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://evil.test"))},
	{name: "a neighbouring site", status: 403, change: both(header("Sec-Fetch-Site", "same-site"), header("Origin", "http://evil.localhost:8080"))},
	{name: "another site, an old browser", status: 403, change: both(header("Sec-Fetch-Site", ""), header("Origin", "https://evil.test"))},
	{name: "an origin of null", status: 403, change: both(header("Sec-Fetch-Site", ""), header("Origin", "null"))},
}

// noPost are requests to an address that is only read.
var noPost = []refusal{
	{name: "a post", status: 405, change: func(r *request) { r.method, r.form = http.MethodPost, url.Values{} }},
	{name: "a deletion", status: 405, change: both(func(r *request) { r.method = http.MethodDelete }, header("Sec-Fetch-Site", "same-origin"))},
}

func both(changes ...func(*request)) func(*request) {
	return func(r *request) {
		for _, change := range changes {
			change(r)
		}
	}
}
