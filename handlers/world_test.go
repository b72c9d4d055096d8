package handlers

import (
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// People and chats of the simulated portal.
const (
	admin   = 1
	ivan    = 15 // operator of chat 1763, responsible for deal 77
	olga    = 22 // observer of deal 77, not in the queue
	pavel   = 23 // in the queue, reads everything
	elena   = 24 // head
	fired   = 30
	partner = 40 // extranet
	ann     = 431
	chatAnn = 1763
)

// world is Joinline beside a simulated portal.
type world struct {
	*site
	portal *bitrixtest.Portal
	keys   bitrixtest.Credentials
	forms  map[string]url.Values // forms of pages that were opened, see once

	mu    sync.Mutex
	asked map[string]bool // guarded by mu; the hosts that were asked anything

	transport http.RoundTripper
	// others are further portals that are installed.
	others []string
}

// RoundTrip carries the requests of Joinline and remembers whom they went to.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.asked[r.URL.Host] = true
	w.mu.Unlock()
	return w.transport.RoundTrip(r)
}

// wantNobodyElseAsked checks that whatever happened in a test, only the portals
// that installed us and their authorisation server were ever asked anything.
func (w *world) wantNobodyElseAsked(t *testing.T, portals ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	known := []string{hostOf(w.portal.AuthURL()), hostOf(publicURL)} // we look at ourselves, too
	for _, p := range portals {
		known = append(known, hostOf(p))
	}
	for host := range w.asked {
		if !slices.Contains(known, host) {
			t.Errorf("%s was asked something", host)
		}
	}
}

func hostOf(origin string) string {
	_, host, _ := strings.Cut(origin, "://")
	return host
}

// registered is Joinline as an administrator has just typed it into the portal,
// perhaps with more permissions.
func registered(t *testing.T, more ...string) *world {
	t.Helper()
	p := bitrixtest.NewPortal(t)
	keys := p.Register(bitrixtest.App{
		Name: "Joinline", HandlerURL: publicURL + "/app", InstallURL: publicURL + "/install",
		Scopes: append([]string{"crm", "placement", "im", "imopenlines", "user"}, more...),
	})
	w := &world{portal: p, keys: keys, asked: map[string]bool{}, transport: bitrixtest.HTTPClient().Transport}
	w.site = newSite(t, &bitrix.Application{
		ClientID: keys.ClientID, ClientSecret: bitrix.Secret(keys.ClientSecret),
		AuthServers: []string{p.AuthURL()}, HTTPClient: &http.Client{Transport: w},
		Limit: bitrix.Limit{PerSecond: 1000, Burst: 1000}, // the portal has none, either
	})
	first := p.URL()
	t.Cleanup(func() { w.wantNobodyElseAsked(t, append(w.others, first, p.URL())...) })
	w.issued = p.Secrets
	return w
}

// installed is Joinline in service, with an empty log of requests.
func installed(t *testing.T, more ...string) *world {
	t.Helper()
	w := registered(t, more...)
	w.launch(t, admin, "DEFAULT", "").wantStatus(t, 200)
	must(t, w.portal.FinishInstall(w.keys.ClientID))
	w.portal.ResetRequests()
	return w
}

// form is what the portal posts when a person opens a page of Joinline.
func (w *world) form(user int, placement, options string) request {
	l := w.portal.Launch(w.keys.ClientID, user, placement, options)
	return w.posted(l.URL, l.Form)
}

// posted is a form as the portal's page posts it.
func (w *world) posted(address string, form url.Values) request {
	return request{path: strings.TrimPrefix(address, publicURL), form: form, header: map[string]string{
		"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "iframe", "Origin": w.portal.URL(),
	}}
}

func (w *world) launch(t *testing.T, user int, placement, options string) answer {
	t.Helper()
	return w.do(t, w.form(user, placement, options))
}

// open opens the card of a CRM item: "DEAL", "77".
func (w *world) open(t *testing.T, user int, kind, id string) answer {
	t.Helper()
	return w.launch(t, user, "CRM_"+kind+"_DETAIL_TAB", `{"ID":"`+id+`"}`)
}

// fields is what a browser would send with the form of a card, as it stands.
func (a answer) fields(t *testing.T) url.Values {
	t.Helper()
	f := url.Values{}
	p := a.page(t)
	f.Set("visit", p.attr(t, "#card input[name=visit]", "value"))
	for _, n := range p.all("#chats input[name=chat][checked]") {
		f.Set("chat", attr(n, "value"))
	}
	for _, n := range p.all("#chosen input[name=person]") {
		f.Add("person", attr(n, "value"))
	}
	return f
}

// find searches people as the page's script does, and returns the sealed
// reference to a person.
func (w *world) find(t *testing.T, f url.Values, query, user string, cookies ...*http.Cookie) string {
	t.Helper()
	form := url.Values{"visit": f["visit"], "chat": f["chat"], "q": {query}}
	a := w.do(t, request{path: "/card/find", form: form, header: map[string]string{"X-Joinline": "1"}, cookies: cookies})
	a.wantStatus(t, 200)
	return a.page(t).attr(t, "#options [data-user="+user+"]", "data-value")
}

// add posts the form to /card/add as the page's script does.
func (w *world) add(t *testing.T, f url.Values) answer {
	t.Helper()
	return w.do(t, request{path: "/card/add", form: f, header: map[string]string{"X-Joinline": "1"}})
}

func (w *world) wantParticipants(t *testing.T, chat int, want ...int) {
	t.Helper()
	got := slices.Sorted(slices.Values(w.portal.Participants(chat)))
	if !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("chat %d holds %v, want %v", chat, got, want)
	}
}

// wantRequests checks how many requests reached the portal since the last check.
func (w *world) wantRequests(t *testing.T, want int) {
	t.Helper()
	got := w.portal.Requests()
	w.portal.ResetRequests()
	if len(got) != want {
		var methods []string
		for _, r := range got {
			methods = append(methods, r.Method)
		}
		t.Errorf("%d requests %v, want %d", len(got), methods, want)
	}
}

// signedIn is a browser of its own, in which a person has signed in to the portal.
func (w *world) signedIn(t *testing.T, user int) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	browser := bitrixtest.HTTPClient()
	browser.Jar = jar
	body, _ := json.Marshal(map[string]int{"user": user})
	res, err := browser.Post(w.portal.URL()+"/_portal/sign-in", "application/json", strings.NewReader(string(body)))
	must(t, err)
	res.Body.Close()
	if res.StatusCode != 200 {
		t.Fatalf("signing in at the portal: %s", res.Status)
	}
	return browser
}
