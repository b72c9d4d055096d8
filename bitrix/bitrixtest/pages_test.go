package bitrixtest_test

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// person is somebody in a browser without scripts, signed in on the portal.
type person struct {
	t      *testing.T
	portal *bitrixtest.Portal
	host   string // origin of the pages
	client *http.Client
}

// visitAs signs a user in; 0 is a browser in which nobody is.
func visitAs(t *testing.T, p *bitrixtest.Portal, user int) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	who := &person{t: t, portal: p, host: p.URL(), client: bitrixtest.HTTPClient()}
	who.client.Jar = jar
	if user != 0 {
		who.post("/login/", url.Values{"user": {fmt.Sprint(user)}}).redirect("/")
	}
	return who
}

// pageAnswer is what came back for a page.
type pageAnswer struct {
	t      *testing.T
	Status int
	Header http.Header
	Body   string
}

func (p *person) get(path string) pageAnswer {
	p.t.Helper()
	return p.do(http.MethodGet, path, "", "")
}

func (p *person) post(path string, form url.Values) pageAnswer {
	p.t.Helper()
	return p.do(http.MethodPost, path, "application/x-www-form-urlencoded", form.Encode())
}

func (p *person) ask(path, body string) pageAnswer {
	p.t.Helper()
	return p.do(http.MethodPost, path, "application/json", body)
}

func (p *person) do(method, path, contentType, body string, headers ...string) pageAnswer {
	p.t.Helper()
	r, err := http.NewRequest(method, p.host+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return pageAnswer{p.t, resp.StatusCode, resp.Header, string(text)}
}

// has fails the test unless the page has the status and every text.
func (a pageAnswer) has(status int, texts ...string) pageAnswer {
	a.t.Helper()
	if a.Status != status {
		a.t.Errorf("got status %d, want %d:\n%s", a.Status, status, a.Body)
	}
	for _, text := range texts {
		if !strings.Contains(a.Body, text) {
			a.t.Errorf("the page lacks %q:\n%s", text, a.Body)
		}
	}
	return a
}

func (a pageAnswer) lacks(texts ...string) pageAnswer {
	a.t.Helper()
	for _, text := range texts {
		if strings.Contains(a.Body, text) {
			a.t.Errorf("the page has %q:\n%s", text, a.Body)
		}
	}
	return a
}

func (a pageAnswer) redirect(to string) {
	a.t.Helper()
	if got := a.Header.Get("Location"); a.Status != http.StatusSeeOther || got != to {
		a.t.Errorf("got status %d to %q, want 303 to %q", a.Status, got, to)
	}
}

// openedFrame is a frame as /_frame/open hands it to the page.
type openedFrame struct {
	Name, Action string
	Form         url.Values
	Data         struct {
		SID, Origin, Placement string
		HeightOnly             bool
		Denied, Switches       []string
		Interface              struct{ Command, Event []string }
		Init                   map[string]any
	}
}

var (
	frameName   = regexp.MustCompile(`<iframe id="appframe_[0-9a-f]{32}" name="([^"]*)"`)
	frameAction = regexp.MustCompile(`<form name="appform_[0-9a-f]{32}" action="([^"]*)" method="post" target="([^"]*)"`)
	frameField  = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
	frameJSON   = regexp.MustCompile(`(?s)<script type="application/json">(.*?)</script>`)
)

func (a pageAnswer) frame() (f openedFrame) {
	a.t.Helper()
	a.has(http.StatusOK)
	name, action, data := frameName.FindStringSubmatch(a.Body), frameAction.FindStringSubmatch(a.Body), frameJSON.FindStringSubmatch(a.Body)
	if name == nil || action == nil || data == nil {
		a.t.Fatalf("there is no frame in\n%s", a.Body)
	}
	f.Name, f.Action, f.Form = html.UnescapeString(name[1]), html.UnescapeString(action[1]), url.Values{}
	if target := html.UnescapeString(action[2]); target != f.Name {
		a.t.Errorf("the form goes to %q, the frame is %q", target, f.Name)
	}
	for _, field := range frameField.FindAllStringSubmatch(a.Body, -1) {
		f.Form.Set(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
	}
	if err := json.Unmarshal([]byte(data[1]), &f.Data); err != nil {
		a.t.Fatal(err)
	}
	return f
}

// frames says where the pages open which frames, as their scripts read it.
var frameQueries = regexp.MustCompile(`data-(?:frame|frame-now|slider-frame)="([^"]*)"`)

func (a pageAnswer) frameQueries() (queries []string) {
	for _, m := range frameQueries.FindAllStringSubmatch(a.Body, -1) {
		queries = append(queries, html.UnescapeString(m[1]))
	}
	return queries
}

func TestPagesSendStrangersToTheSignInPage(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	nobody := visitAs(t, p, 0)
	nobody.get("/crm/deal/details/77/?a=b").redirect("/login/?back=%2Fcrm%2Fdeal%2Fdetails%2F77%2F%3Fa%3Db")
	nobody.get("/login/").has(http.StatusOK, "Simulated portal", "Ivan Petrov").lacks("Dmitri Volkov", "Helper")
	nobody.get("/login/?q=olg").has(http.StatusOK, "Olga Sidorova").lacks("Ivan Petrov")
	nobody.post("/crm/deal/details/77/comment", url.Values{"text": {"x"}}).has(http.StatusForbidden)
	for _, user := range []string{"", "30", "50", "431", "999", "x"} {
		nobody.post("/login/", url.Values{"user": {user}}).has(http.StatusBadRequest)
	}
	nobody.post("/login/", url.Values{"user": {"15"}, "back": {"/crm/deal/"}}).redirect("/crm/deal/")
	for _, back := range []string{"https://elsewhere.example/", "//elsewhere.example/", `/\elsewhere.example`, ""} {
		visitAs(t, p, 0).post("/login/", url.Values{"user": {"15"}, "back": {back}}).redirect("/")
	}
}

func TestPagesAnswerNonsenseWithAPage(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	admin := visitAs(t, p, 1)
	for _, path := range []string{
		"/nowhere/", "/crm/deal/details/x/", "/crm/deal/details/-1/", "/crm/deal/details/999/", "/crm/quote/", "/marketplace/app/9/",
		"/marketplace/app/x/", "/devops/9/", "/company/personal/user/0/", "/workgroups/group/77/", "/crm/deal/details/77/nothing", "/_pages/layout.html",
	} {
		admin.get(path).has(http.StatusNotFound)
	}
	admin.post("/crm/deal/details/77/explode", nil).has(http.StatusNotFound)
	admin.post("/online/chat/1763/explode", nil).has(http.StatusNotFound)
	admin.post("/online/chat/9/close", nil).has(http.StatusNotFound)
	admin.post("/company/personal/user/431/dismiss", nil).has(http.StatusNotFound)
	admin.post("/language/", url.Values{"language": {"xx"}}).has(http.StatusBadRequest)
	admin.post("/crm/deal/details/0/save", nil).has(http.StatusBadRequest)
	admin.post("/crm/deal/details/77/observer", url.Values{"add": {"30"}}).has(http.StatusBadRequest)
	admin.post("/language/", url.Values{"language": {strings.Repeat("x", 70_000)}}).has(http.StatusBadRequest)
	admin.do(http.MethodPost, "/language/", "application/x-www-form-urlencoded", "language=%zz").has(http.StatusBadRequest)
	admin.get("/company/?start=-5&q=" + strings.Repeat("z", 2000)).has(http.StatusOK)
	admin.do(http.MethodPost, "/language/", "application/x-www-form-urlencoded", "language=ru",
		"Sec-Fetch-Site", "cross-site", "Origin", "http://elsewhere.example").has(http.StatusForbidden)
}

func TestPagesSpeakThePersonsLanguage(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	ivan := visitAs(t, p, 15)
	ivan.get("/").has(http.StatusOK, `<html lang="en">`, "Simulated portal", "Deals")
	ivan.post("/language/", url.Values{"language": {"ru"}, "back": {"/company/"}}).redirect("/company/")
	for _, path := range []string{"/", "/company/", "/online/", "/notifications/", "/marketplace/", "/crm/deal/", "/crm/deal/details/77/", "/company/personal/user/15/"} {
		ivan.get(path).has(http.StatusOK, `<html lang="ru">`, "Имитация портала", "Сделки")
	}
	ivan.post("/language/", url.Values{"language": {"de"}}).redirect("/")
	ivan.get("/").has(http.StatusOK, `<html lang="en">`)
}

func TestAPersonSeesOnlyTheirCRM(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	olga := visitAs(t, p, 22)
	olga.get("/crm/deal/details/77/").has(http.StatusOK, "Delivery of 40 chairs", "When will the chairs arrive?")
	olga.get("/crm/deal/details/78/").has(http.StatusForbidden).lacks("Office furniture")
	olga.get("/crm/deal/details/78/chats").has(http.StatusForbidden)
	olga.get("/crm/deal/").has(http.StatusOK, "Delivery of 40 chairs").lacks("Office furniture")
	olga.get("/company/").has(http.StatusOK).lacks("Dismiss")
	olga.post("/company/personal/user/15/dismiss", nil).has(http.StatusForbidden)
	olga.get("/devops/").has(http.StatusForbidden)
	olga.post("/devops/new/save", url.Values{"handler": {"https://a.example/"}}).has(http.StatusForbidden)
	if len(p.State().Applications) != 0 {
		t.Error("somebody who is no administrator registered an application")
	}
}

func TestACardIsChangedByHand(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	admin := visitAs(t, p, 1)
	admin.post("/crm/deal/details/78/observer", url.Values{"add": {"23"}}).redirect("/crm/deal/details/78/")
	admin.post("/crm/deal/details/78/comment", url.Values{"text": {"<b>Call back</b>"}}).redirect("/crm/deal/details/78/")
	admin.get("/crm/deal/details/78/").has(http.StatusOK, "Pavel Orlov", "&lt;b&gt;Call back&lt;/b&gt;")
	admin.post("/crm/deal/details/78/observer", url.Values{"remove": {"23"}}).redirect("/crm/deal/details/78/")
	p.Do(func(w *bitrixtest.World) {
		if item := w.Items[bitrixtest.ItemKey{Type: "DEAL", ID: 78}]; len(item.Observers) != 0 {
			t.Errorf("the observers are %v", item.Observers)
		}
	})
	to := admin.post("/crm/lead/details/0/save", url.Values{"title": {"New lead"}}).Header.Get("Location")
	admin.get(to).has(http.StatusOK, "New lead")
	admin.post("/company/personal/user/22/dismiss", nil).redirect("/")
	admin.get("/company/?q=olga").has(http.StatusOK, "dismissed", "Restore")
	admin.post("/company/personal/user/22/restore", nil).redirect("/")
	admin.post("/company/personal/user/1/dismiss", nil).has(http.StatusNotFound)
}

func TestAChatIsSteeredByHand(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	ivan := visitAs(t, p, 15)
	ivan.get("/online/?IM_DIALOG=chat1780").has(http.StatusOK, "waiting for an operator", "Hi, is anybody there?")
	ivan.post("/online/chat/1780/accept", url.Values{"operator": {"23"}}).redirect("/")
	if got, want := p.Participants(1780), []int{433, 23}; !slices.Equal(got, want) {
		t.Errorf("the participants are %v, want %v", got, want)
	}
	ivan.post("/online/chat/1780/message", url.Values{"author": {"433"}, "text": {"At last"}}).redirect("/")
	if m := p.Messages(1780); m[len(m)-1].Text != "At last" || m[len(m)-1].Author != 433 {
		t.Errorf("the last message is %+v", m[len(m)-1])
	}
	ivan.post("/online/chat/1780/close", nil).redirect("/")
	ivan.post("/online/chat/1780/close", nil).has(http.StatusConflict)
	ivan.post("/online/chat/1780/message", url.Values{"author": {"15"}, "text": {"Hello?"}}).has(http.StatusConflict)
	ivan.get("/online/?dialog=chat1780").has(http.StatusOK, "finished")
	ivan.post("/online/chat/1780/reopen", nil).redirect("/")
	ivan.get("/online/panel/?dialog=chat1780").has(http.StatusOK, "waiting for an operator").lacks("<html")
	ivan.post("/online/chat/1780/channel", url.Values{"on": {""}}).redirect("/")
	ivan.get("/online/?dialog=chat1780").has(http.StatusOK, "channel switched off")
	ivan.get("/online/?dialog=23").has(http.StatusOK, "Pavel Orlov")
	ivan.get("/online/?dialog=chat9").has(http.StatusOK, "There is no such chat.")
}

func TestTheMessengerOpensEveryKindOfDialog(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	ivan := visitAs(t, p, 15)
	var session, group int
	p.Do(func(w *bitrixtest.World) {
		session = w.Chats[1763].Session
		for id := range w.Workgroups {
			group = id
		}
	})
	for dialog, want := range map[string]string{
		"chat1763":                      "When will the chairs arrive?",
		fmt.Sprintf("imol|%d", session): "When will the chairs arrive?",
		"22":                            "A conversation with Olga Sidorova would open here.",
		fmt.Sprintf("sg%d", group):      "The chat of the workgroup “Partners” would open here.",
		"sg999":                         "There is no such chat.",
		fmt.Sprint(session):             "There is no such chat.",
		"imol|0":                        "There is no such chat.",
		"":                              "Ann Lee",
	} {
		ivan.get("/online/panel/?dialog="+url.QueryEscape(dialog)).has(http.StatusOK, want)
	}
}

func TestNotificationsCanBeFetchedAgain(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	ivan := visitAs(t, p, 15)
	ivan.get("/notifications/").has(http.StatusOK, `data-live="/notifications/list/"`, "You have no notifications.")
	call(t, p, 1, "im.notify.personal.add", args{"USER_ID": 15, "MESSAGE": "Please help"}).ok(t)
	ivan.get("/notifications/list/").has(http.StatusOK, "Please help", "Anna Belova").lacks("<html")
	visitAs(t, p, 22).get("/notifications/list/").has(http.StatusOK).lacks("Please help")
}

func TestTheChosenChatIsMarkedInTheList(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	ivan := visitAs(t, p, 15)
	const mark = `<a href="/online/?dialog=chat1770" aria-current="true">`
	page := ivan.get("/online/?dialog=chat1770").has(http.StatusOK, mark, `data-live="/online/panel/?list=chat1770"`)
	if n := strings.Count(page.Body, `aria-current="true"`); n != 1 {
		t.Errorf("%d chats are marked", n)
	}
	ivan.get("/online/panel/?list=chat1770").has(http.StatusOK, mark).lacks("<article")
	ivan.get("/online/").has(http.StatusOK).lacks(`aria-current="true"`)
}

func TestAConversationOfTwoIsNobodyElsesChat(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	call(t, p, 15, "im.message.add", args{"DIALOG_ID": 22, "MESSAGE": "Between ourselves"}).ok(t)
	var private int
	for _, c := range p.State().Chats {
		if c.Line == 0 {
			private = c.ID
		}
	}
	admin := visitAs(t, p, 1)
	admin.get("/online/").lacks(fmt.Sprintf("chat%d", private))
	admin.get(fmt.Sprintf("/online/?dialog=chat%d", private)).has(http.StatusOK, "There is no such chat.").lacks("Between ourselves")
	for _, action := range []string{"accept", "close", "reopen", "message"} {
		admin.post(fmt.Sprintf("/online/chat/%d/%s", private, action), url.Values{"author": {"15"}, "operator": {"1"}, "text": {"x"}}).has(http.StatusNotFound)
	}
	if n := len(p.Messages(private)); n != 1 {
		t.Errorf("the conversation holds %d messages", n)
	}
}

func TestATestSignsAPersonIn(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	r, err := http.NewRequest(http.MethodGet, p.URL()+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(p.SignIn(22))
	resp, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if page, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(page), "Good day, Olga") {
		t.Errorf("the page is %s, %v", page, err)
	}
}
