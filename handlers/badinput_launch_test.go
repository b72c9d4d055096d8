package handlers

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// in makes the portal's page speak a language.
func in(r request, lang string) request {
	r.path = strings.Replace(r.path, "LANG=en", "LANG="+lang, 1)
	return r
}

func goodLaunch(_ *testing.T, w *world, lang string) request {
	return in(w.form(ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`), lang)
}

func goodInstallation(_ *testing.T, w *world, lang string) request {
	r := in(w.form(admin, "DEFAULT", ""), lang)
	r.path = strings.Replace(r.path, "/app?", "/install?", 1)
	return r
}

// address changes the query of the address.
func address(change func(url.Values)) func(*request) {
	return func(r *request) {
		path, query, _ := strings.Cut(r.path, "?")
		q, _ := url.ParseQuery(query)
		change(q)
		r.path = path + "?" + q.Encode()
	}
}

func inAddress(field, value string) func(*request) {
	return address(func(q url.Values) { q.Set(field, value) })
}

// Tokens that no portal has made, and the name of a portal that nobody is.
const (
	madeUp   = "5a1cmadeupmadeupmadeupmadeupmadeupmadeup"
	madeUp32 = "fedcba98fedcba98fedcba98fedcba98"
	nobody32 = "0123456789abcdef0123456789abcdef"
)

// launchFields are what is malformed in the form of a launch.
var launchFields = []refusal{
	{name: "no DOMAIN", status: 400, change: address(func(q url.Values) { q.Del("DOMAIN") })},
	{name: "DOMAIN twice", status: 400, change: address(func(q url.Values) { q.Add("DOMAIN", "evil.test") })},
	{name: "DOMAIN with a path", status: 400, change: inAddress("DOMAIN", "acme.bitrix24.test/x")},
	{name: "DOMAIN with a user", status: 400, change: inAddress("DOMAIN", "acme.bitrix24.test@evil.test")},
	{name: "DOMAIN with a line break", status: 400, change: inAddress("DOMAIN", "acme.bitrix24.test\r\nX: y")},
	{name: "DOMAIN very long", status: 400, change: inAddress("DOMAIN", strings.Repeat("a", 300))},
	{name: "no PROTOCOL", status: 400, change: address(func(q url.Values) { q.Del("PROTOCOL") })},
	{name: "PROTOCOL of words", status: 400, change: inAddress("PROTOCOL", "https")},
	{name: "no APP_SID", status: 400, change: address(func(q url.Values) { q.Del("APP_SID") })},
	{name: "APP_SID of odd letters", status: 400, change: inAddress("APP_SID", strings.Repeat("g", 32))},
	{name: "LANG twice", status: 400, change: address(func(q url.Values) { q.Add("LANG", q.Get("LANG")) })},
	{name: "an address of 64 KiB", status: 413, change: inAddress("x", strings.Repeat("x", 64<<10))},
	{name: "the token in the address", status: 400, change: func(r *request) { inAddress("AUTH_ID", r.form.Get("AUTH_ID"))(r) }},
	{name: "the portal in the address", status: 400, change: func(r *request) { inAddress("member_id", r.form.Get("member_id"))(r) }},

	{name: "no member_id", status: 400, change: drop("member_id")},
	{name: "member_id twice", status: 400, change: twice("member_id")},
	{name: "member_id too short", status: 400, change: set("member_id", "c3f1")},
	{name: "member_id in capitals", status: 400, change: set("member_id", strings.Repeat("A", 32))},
	{name: "no AUTH_ID", status: 401, change: drop("AUTH_ID")},
	{name: "AUTH_ID twice", status: 400, change: twice("AUTH_ID")},
	{name: "AUTH_ID with a quote", status: 400, change: set("AUTH_ID", madeUp+"'")},
	{name: "AUTH_ID too short", status: 400, change: set("AUTH_ID", madeUp[:19])},
	{name: "AUTH_ID too long", status: 400, change: set("AUTH_ID", strings.Repeat("a", 201))},
	{name: "REFRESH_ID with markup", status: 400, change: set("REFRESH_ID", madeUp+"<b>")},
	{name: "REFRESH_ID twice", status: 400, change: twice("REFRESH_ID")},
	{name: "AUTH_EXPIRES of words", status: 400, change: set("AUTH_EXPIRES", "soon")},
	{name: "AUTH_EXPIRES below zero", status: 400, change: set("AUTH_EXPIRES", "-1")},
	{name: "AUTH_EXPIRES beyond all clocks", status: 400, change: set("AUTH_EXPIRES", "9999999999")},
	{name: "APPLICATION_TOKEN of odd letters", status: 400, change: set("APPLICATION_TOKEN", madeUp+"\n")},
	{name: "SERVER_ENDPOINT without a scheme", status: 400, change: set("SERVER_ENDPOINT", "oauth.bitrix.info/rest/")},
	{name: "SERVER_ENDPOINT of a script", status: 400, change: set("SERVER_ENDPOINT", "javascript:alert(1)")},
	{name: "SERVER_ENDPOINT with a password", status: 400, change: set("SERVER_ENDPOINT", "https://a:b@oauth.bitrix.info/rest/")},
	{name: "status of words", status: 400, change: set("status", "LL")},
	{name: "no PLACEMENT", status: 400, change: drop("PLACEMENT")},
	{name: "PLACEMENT twice", status: 400, change: twice("PLACEMENT")},
	{name: "PLACEMENT of odd letters", status: 400, change: set("PLACEMENT", "CRM_DEAL_DETAIL_TAB;")},
	{name: "PLACEMENT very long", status: 400, change: set("PLACEMENT", strings.Repeat("A", 101))},
	{name: "options that are no JSON", status: 400, change: set("PLACEMENT_OPTIONS", `{"ID":`)},
	{name: "options that are a list", status: 400, change: set("PLACEMENT_OPTIONS", `["77"]`)},
	{name: "options with a key twice", status: 400, change: set("PLACEMENT_OPTIONS", `{"ID":"77","ID":"78"}`)},
	{name: "options with more behind them", status: 400, change: set("PLACEMENT_OPTIONS", `{"ID":"77"}{}`)},
	{name: "options nested ten thousand deep", status: 400, change: set("PLACEMENT_OPTIONS", `{"a":`+strings.Repeat("[", 20_000))},
	{name: "an item of words", status: 400, change: card(`{"ID":"abc"}`)},
	{name: "an item below zero", status: 400, change: card(`{"ID":"-77"}`)},
	{name: "an item with a fraction", status: 400, change: card(`{"ID":7.5}`)},
	{name: "an item beyond all numbers", status: 400, change: card(`{"ID":"99999999999999999999"}`)},
	{name: "an item that is an object", status: 400, change: card(`{"ID":{"0":"77"}}`)},
}

// card opens the card of an item, whatever the launch was for.
func card(options string) func(*request) {
	return both(set("PLACEMENT", "CRM_DEAL_DETAIL_TAB"), set("PLACEMENT_OPTIONS", options))
}

// launchForgeries are well-formed launches that are not true.
var launchForgeries = []refusal{
	{name: "a portal that never installed", status: 403, change: set("member_id", nobody32)},
	{name: "a token nobody made", status: 401, asks: true, change: both(set("AUTH_ID", madeUp), set("REFRESH_ID", madeUp))},
}

// installForgeries are the same for the installation, where the portal's
// address and its authorisation server are looked at, too.
var installForgeries = []refusal{
	{name: "another portal", status: 403, asks: true, change: set("member_id", nobody32)},
	{name: "a token nobody made", status: 401, asks: true, change: both(set("AUTH_ID", madeUp), set("REFRESH_ID", madeUp))},
	{name: "another host", status: 403, asks: true, change: inAddress("DOMAIN", "evil.test")},
	{name: "another authorisation server", status: 403, change: set("SERVER_ENDPOINT", "https://oauth.evil.test/rest/")},
}

// goodEvent tells again that we are installed.
func goodEvent(_ *testing.T, w *world, _ string) request {
	return request{path: "/events", header: map[string]string{"Sec-Fetch-Site": "", "Origin": ""}, form: url.Values{
		"event": {"ONAPPINSTALL"}, "event_handler_id": {"11"}, "ts": {"1790000000"}, "data[VERSION]": {"1"},
		"auth[domain]": {w.portal.Domain()}, "auth[member_id]": {w.portal.MemberID()},
		"auth[client_endpoint]": {w.portal.RESTURL()}, "auth[server_endpoint]": {w.portal.AuthURL() + "/rest/"},
		"auth[application_token]": {w.keys.ApplicationToken},
	}}
}

var eventFields = []refusal{
	{name: "no event", status: 400, change: drop("event")},
	{name: "event twice", status: 400, change: twice("event")},
	{name: "event of odd letters", status: 400, change: set("event", "ONAPP INSTALL\n")},
	{name: "an event nobody asked for", status: 400, change: set("event", "ONCRMDEALADD")},
	{name: "ts of words", status: 400, change: set("ts", "now")},
	{name: "event_handler_id of words", status: 400, change: set("event_handler_id", "x")},
	{name: "data without keys", status: 400, change: set("data", "x")},
	{name: "data with broken brackets", status: 400, change: set("data[FIELDS", "x")},
	{name: "data nested too deep", status: 400, change: set("data"+strings.Repeat("[a]", 100), "x")},
	{name: "data as value and list", status: 400, change: set("data[VERSION][0]", "x")},
	{name: "no member_id", status: 400, change: drop("auth[member_id]")},
	{name: "member_id malformed", status: 400, change: set("auth[member_id]", "x")},
	{name: "a portal that never installed", status: 403, change: set("auth[member_id]", nobody32)},
	{name: "no application token", status: 400, change: drop("auth[application_token]")},
	{name: "application token twice", status: 400, change: twice("auth[application_token]")},
	{name: "a wrong application token", status: 403, change: set("auth[application_token]", madeUp32)},
	{name: "domain malformed", status: 400, change: set("auth[domain]", "a b")},
	{name: "access token malformed", status: 400, change: set("auth[access_token]", "<script>")},
	{name: "user of words", status: 400, change: set("auth[user_id]", "admin")},
	{name: "expiry of words", status: 400, change: set("auth[expires]", "never")},
	{name: "client endpoint malformed", status: 400, change: both(set("auth[access_token]", madeUp), set("auth[client_endpoint]", "ftp://evil.test/"))},
	{name: "server endpoint malformed", status: 400, change: both(set("auth[access_token]", madeUp), set("auth[server_endpoint]", "evil"))},
	{name: "a removal that did not happen", status: 403, asks: true, change: both(set("event", "ONAPPUNINSTALL"), set("data[CLEAN]", "1"))},
}

// goodAgain repeats a launch that an error page held.
func goodAgain(path string) func(*testing.T, *world, string) request {
	return func(t *testing.T, w *world, lang string) request {
		t.Helper()
		pair := w.portal.Token(w.keys.ClientID, admin)
		held, err := w.server().holdLaunch(w.heldLaunch(t, lang), w.portal.URL())
		must(t, err)
		return request{path: path, form: url.Values{
			"launch": {held}, "AUTH_ID": {pair.Access}, "REFRESH_ID": {pair.Refresh}, "AUTH_EXPIRES": {"3600"},
		}}
	}
}

var againFields = []refusal{
	{name: "no launch", status: 400, change: drop("launch")},
	{name: "a launch of nonsense", status: 400, change: set("launch", "nonsense")},
	{name: "launch twice", status: 400, change: twice("launch")},
	{name: "a launch cut short", status: 400, change: func(r *request) { r.form.Set("launch", r.form.Get("launch")[4:]) }},
	{name: "AUTH_ID twice", status: 400, change: twice("AUTH_ID")},
	{name: "AUTH_ID malformed", status: 400, change: set("AUTH_ID", madeUp+"'")},
	{name: "no REFRESH_ID", status: 400, change: drop("REFRESH_ID")},
	{name: "REFRESH_ID malformed", status: 400, change: set("REFRESH_ID", madeUp+" ")},
	{name: "no AUTH_EXPIRES", status: 400, change: drop("AUTH_EXPIRES")},
	{name: "AUTH_EXPIRES of words", status: 400, change: set("AUTH_EXPIRES", "soon")},
	{name: "AUTH_EXPIRES below zero", status: 400, change: set("AUTH_EXPIRES", "-1")},
}

func TestAHeldLaunchIsGoodForAShortTimeWithoutFreshTokens(t *testing.T) {
	w := installed(t)
	l := w.heldLaunch(t, "en")
	old, err := newSeals(w.key).launch.Encode("launch", heldLaunch{
		Launch: l, Access: l.Access.Reveal(), Refresh: l.Refresh.Reveal(), Parent: w.portal.URL(), Until: time.Now().Add(-time.Second),
	})
	must(t, err)
	a := w.do(t, request{path: "/app/again", form: url.Values{"launch": {old}}})
	a.wantStatus(t, 401)
	a.page(t).says(t, "h1", "Load the card again")
	w.wantRequests(t, 0)
}
