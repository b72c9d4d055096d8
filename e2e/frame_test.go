package e2e

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// These tests hold the switches by which the portal's page treats frames as a
// hostile or broken page would. What Joinline makes of them is told elsewhere.

func TestAMisbehavingPortalPageIsSimulated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ask, want string // in the frame, with the official SDK
	}{
		"late":   {"within(ready).then(() => within(b24.parent.resizeWindow(300, 600)))", `{"isSafely":true}`},
		"forged": {"within(ready).then(() => b24.getLang())", `"xx"`},
		"first":  {"within(ready).then(() => b24.isFirstRun)", `true`},
		"mobile": {"within(ready).then(() => b24.placement.call('openPath', {path: '/crm/deal/details/80/'}))", `{"result":"error","errorCode":"METHOD_NOT_SUPPORTED_ON_DEVICE"}`},
		"open":   {"within(ready).then(() => b24.parent.setTitle('Mine'))", `{"title":"Mine"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newSDK(t, false)
			page := newPage(t, playwright.BrowserNewContextOptions{})
			w.signIn(t, page, "Ivan Petrov")
			check(t, w.launchTab(t, page, "?frame="+name), c.ask, c.want)
		})
	}
}

func TestAPortalPageThatDoesNotAnswerIsSimulated(t *testing.T) {
	t.Parallel()
	for name, dropped := range map[string]string{"silent": "undefined", "sid": "sid"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newSDK(t, false)
			page := newPage(t, playwright.BrowserNewContextOptions{})
			w.signIn(t, page, "Ivan Petrov")
			frame := w.launchTab(t, page, "?frame="+name)
			eval(t, page, "new Promise((said) => setInterval(() => __frameCalls.length && said(true), 20))", nil)
			check(t, page, "[__frameCalls[0].command, String(__frameCalls[0].dropped)]", `["getInitData","`+dropped+`"]`)
			eval(t, frame, "void (window.last = new Promise((resolve) => addEventListener('message', ({data}) => resolve(data))))", nil)
			eval(t, page, "portalFrames.all()[0].iframe.contentWindow.postMessage('last', '*')", nil)
			check(t, frame, "within(last)", `"last"`)
			check(t, frame, "typeof b24", `"undefined"`)
		})
	}
}

func TestAPortalPageThatAnswersFromElsewhereIsSimulated(t *testing.T) {
	t.Parallel()
	w := newSDK(t, false)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	frame := w.launchTab(t, page, "?frame=origin")
	check(t, frame, `within(new Promise((resolve) => {
		addEventListener('message', ({origin, data}) => String(data).startsWith('k9:') && resolve(origin));
		parent.postMessage('getInterface::k9:' + name.split('|')[2], '`+w.URL()+`');
	}))`, `"`+strings.Replace(w.URL(), "portal.", "elsewhere.", 1)+`"`)
	check(t, frame, "typeof b24", `"undefined"`)
}

func TestThePortalPageIgnoresMessagesOfOthers(t *testing.T) {
	t.Parallel()
	w := newSDK(t, false)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	w.open(t, page, "")
	eval(t, page, `(() => {
		const {sid} = portalFrames.all()[0].data;
		for (const text of ['setAppOption:{"name":"a","value":1}:k:' + sid, 'a:b', '', 'resizeWindow:{:k:' + sid, 'x:y:z:' + sid]) postMessage(text, location.origin);
		postMessage({method: 7}, location.origin);
		postMessage(null, location.origin);
		return new Promise((resolve) => { addEventListener('message', ({data}) => data === 'last' && resolve()); postMessage('last', location.origin); });
	})()`, nil)
	check(t, page, "__frameCalls.filter(({command}) => command === 'setAppOption').map(({dropped}) => dropped)", `["origin"]`)
	w.open(t, page, "")
	check(t, page, "portalFrames.all()[0].data.init.APP_OPTIONS", `{}`)
}

func TestThePortalPageTakesCommandsWithoutParameters(t *testing.T) {
	t.Parallel()
	w := newSDK(t, false)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	frame := w.open(t, page, "")
	for _, form := range []string{"openPath:null:", "openPath::", "openPath:", `openPath:"/crm/deal/":`} {
		check(t, frame, `within(new Promise((resolve) => {
			addEventListener('message', ({data}) => data.startsWith('k9:') && resolve(JSON.parse(data.slice(3)).errorCode));
			parent.postMessage('`+form+`k9:' + name.split('|')[2], '`+w.URL()+`');
		}))`, `"PATH_NOT_AVAILABLE"`)
	}
	eval(t, frame, "void parent.postMessage({method: 'im:getImTextareaContent', params: '', callback: 'k8', appSid: name.split('|')[2], requestId: 'r1'}, '"+w.URL()+"')", nil)
	check(t, frame, "within(b24.parent.resizeWindow(300, 500).then(({height}) => height))", "500")
	if got := w.calls(t, page); !slices.Contains(got, "im:getImTextareaContent") {
		t.Errorf("the page got the commands %v", got)
	}
}

func TestThirdPartyCookiesCanBeBlocked(t *testing.T) {
	t.Parallel()
	w := newSDK(t, false)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	blockThirdPartyCookies(t, page)
	w.signIn(t, page, "Ivan Petrov")
	w.open(t, page, "")
	if _, header := w.launch(); header.Get("Sec-Fetch-Storage-Access") != "none" {
		t.Errorf("the launch says Sec-Fetch-Storage-Access: %s", header.Get("Sec-Fetch-Storage-Access"))
	}
}

func TestAnApplicationIsRegisteredByKeyboard(t *testing.T) {
	t.Parallel()
	w := &world{Portal: bitrixtest.NewPortal(t)}
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	_, err := page.Goto(w.URL() + "/devops/new/")
	must(t, err)
	must(t, page.GetByLabel("Your handler path").Focus())
	for _, key := range []string{"http://app.localhost:1/app", "\t", "http://app.localhost:1/install", "\t", "\t", "\t", "Helper"} {
		if key == "\t" {
			must(t, page.Keyboard().Press("Tab"))
		} else {
			must(t, page.Keyboard().InsertText(key))
		}
	}
	must(t, page.Keyboard().Press("Enter"))
	must(t, expect.Locator(page.Locator("#client_id")).ToContainText("local."))
	app := w.State().Applications[0]
	if app.HandlerURL != "http://app.localhost:1/app" || app.InstallURL != "http://app.localhost:1/install" || app.Name != "Helper" || !slices.Contains(app.Scopes, "imopenlines") {
		t.Errorf("the portal registered %+v", app)
	}
}

func TestTheChatPanelShowsWhatHappens(t *testing.T) {
	t.Parallel()
	w := &world{Portal: bitrixtest.NewPortal(t)}
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Anna Belova")
	_, err := page.Goto(w.URL() + "/crm/deal/details/77/")
	must(t, err)
	chat := page.Locator("#chat1763")
	must(t, chat.Locator("input[name=text]").Fill("Half a sentence"))
	w.Do(func(w *bitrixtest.World) { w.PostMessage(1763, 431, "Are you there?") })
	must(t, expect.Locator(chat).ToContainText("Are you there?"))
	must(t, expect.Locator(chat.Locator("input[name=text]")).ToHaveValue("Half a sentence"))
	must(t, chat.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Send"}).Click())
	must(t, expect.Locator(chat.Locator("input[name=text]")).ToHaveValue(""))
	must(t, expect.Locator(chat.Locator(".messages")).ToContainText("Half a sentence"))
	must(t, chat.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Finish the dialog"}).Click())
	must(t, expect.Locator(chat).ToContainText("finished"))
	if got, want := w.Participants(1763), []int{431}; !slices.Equal(got, want) {
		t.Errorf("the participants are %v, want %v", got, want)
	}
}

func TestANotificationComesByItselfAndItsLinksLeadOn(t *testing.T) {
	t.Parallel()
	w := newSDK(t, false)
	w.bind(t, w.keys, "REST_APP_URI", w.app+"/link", "SDK link")
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	_, err := page.Goto(w.URL() + "/notifications/")
	must(t, err)
	must(t, expect.Locator(page.Locator("main")).ToContainText("You have no notifications."))
	resp, err := bitrixtest.HTTPClient().PostForm(w.Webhook(1)+"im.notify.personal.add", url.Values{"USER_ID": {"15"}, "MESSAGE": {
		"Please look at [url=/crm/deal/details/77/]the deal[/url], or [url=/marketplace/view/" + w.keys.ClientID + "/?params[step]=two]help here[/url]"}})
	must(t, err)
	resp.Body.Close()
	link := func(name string) playwright.Locator {
		return page.GetByRole("link", playwright.PageGetByRoleOptions{Name: name})
	}
	must(t, link("help here").Click())
	slider := page.GetByRole("dialog", playwright.PageGetByRoleOptions{Name: "help here"})
	inner := w.frame(t, slider.FrameLocator("iframe.slider-page").Locator(".appframe iframe"))
	eval(t, inner, "within(ready)", nil)
	check(t, inner, "[b24.placement.title, b24.placement.options]", `["REST_APP_URI",{"URI":"/notifications/","step":"two"}]`)
	eval(t, inner, "void b24.slider.closeSliderAppPage()", nil)
	must(t, expect.Locator(slider).ToHaveCount(0))
	must(t, link("the deal").Click())
	must(t, expect.Locator(page.Locator("#pagetitle")).ToHaveText("Delivery of 40 chairs"))
}

func TestOperatorsAreChosenInTheChatPanel(t *testing.T) {
	t.Parallel()
	w := &world{Portal: bitrixtest.NewPortal(t)}
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, "Ivan Petrov")
	_, err := page.Goto(w.URL() + "/online/?dialog=chat1780")
	must(t, err)
	chat := page.Locator("#chat1780")
	press := func(name string) {
		t.Helper()
		must(t, chat.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: name}).Click())
	}
	write := func(as, text string) {
		t.Helper()
		_, err := chat.Locator("select[name=author]").SelectOption(playwright.SelectOptionValues{Labels: &[]string{as}})
		must(t, err)
		must(t, chat.GetByLabel("Message", playwright.LocatorGetByLabelOptions{Exact: playwright.Bool(true)}).Fill(text))
		press("Send")
		must(t, expect.Locator(chat.Locator(".messages")).ToContainText(text))
	}
	_, err = chat.GetByLabel("operator").SelectOption(playwright.SelectOptionValues{Labels: &[]string{"Pavel Orlov"}})
	must(t, err)
	press("Accept")
	must(t, expect.Locator(chat.GetByRole("list", playwright.LocatorGetByRoleOptions{Name: "Participants"})).ToContainText("Pavel Orlov (operator)"))
	must(t, expect.Locator(page.GetByRole("navigation", playwright.PageGetByRoleOptions{Name: "All chats"}).Locator("li", playwright.LocatorLocatorOptions{HasText: "Bruno Keller"})).ToContainText("open"))
	must(t, expect.Locator(chat.Locator("select[name=author] option").First()).ToHaveText("as Bruno Keller (customer)"))
	write("as Pavel Orlov (operator)", "Pavel is here.")
	write("as Bruno Keller (customer)", "At last!")
	press("Finish the dialog")
	must(t, expect.Locator(chat).ToContainText("finished"))
	press("Start a new dialog")
	must(t, expect.Locator(chat).ToContainText("waiting for an operator"))

	var said []string
	for _, m := range w.Messages(1780) {
		if !m.System {
			said = append(said, fmt.Sprint(m.Author, " ", m.Text))
		}
	}
	if want := []string{"433 Hi, is anybody there?", "23 Pavel is here.", "433 At last!"}; !slices.Equal(said, want) {
		t.Errorf("the chat holds %q, want %q", said, want)
	}
	if got := w.Participants(1780); !slices.Equal(got, []int{433}) {
		t.Errorf("the chat that waits holds %v", got)
	}
}

func TestThePortalsPagesAreAccessible(t *testing.T) {
	t.Parallel()
	w := &world{Portal: bitrixtest.NewPortal(t)}
	w.Register(bitrixtest.App{Name: "Helper", HandlerURL: "http://app.localhost:1/", InstallURL: "http://app.localhost:1/", Scopes: []string{"crm"}})
	w.bind(t, w.Register(bitrixtest.App{Name: "Tool", HandlerURL: "http://app.localhost:1/", Scopes: []string{"crm", "placement"}}), "CRM_DEAL_DETAIL_TOOLBAR", "http://app.localhost:1/",
		"A button with a rather long name, as some applications have it")
	for name, options := range map[string]playwright.BrowserNewContextOptions{
		"light":            {ColorScheme: playwright.ColorSchemeLight, Viewport: &playwright.Size{Width: 1280, Height: 800}},
		"dark, on a phone": {ColorScheme: playwright.ColorSchemeDark, Viewport: &playwright.Size{Width: 390, Height: 800}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := newPage(t, options)
			examine := func(path string) {
				t.Helper()
				_, err := page.Goto(w.URL() + path)
				must(t, err)
				wantAccessible(t, path, page)
			}
			examine("/login/")
			w.signIn(t, page, "Anna Belova")
			card := func() {
				t.Helper()
				_, err := page.Goto(w.URL() + "/crm/deal/details/77/")
				must(t, err)
			}
			card()
			must(t, page.GetByText("Applications ▾").Click())
			menu := page.Locator(".tools .drop")
			must(t, menu.WaitFor())
			box, err := menu.BoundingBox()
			must(t, err)
			if wide := float64(page.ViewportSize().Width); box.X < 0 || box.X+box.Width > wide {
				t.Errorf("the menu of applications goes from %v to %v on a page of %v", box.X, box.X+box.Width, wide)
			}
			wantAccessible(t, "the menu of applications", page)
			for name, open := range map[string]string{
				"the messenger": "import('/_pages/messenger.js').then(({openMessenger}) => openMessenger('chat1763'))",
				"a picker":      "import('/_pages/pickers.js').then(({pickUsers}) => { pickUsers(true); })",
			} {
				card()
				_, err := page.Evaluate(open)
				must(t, err)
				must(t, page.GetByRole("dialog").GetByText("Ivan Petrov").First().WaitFor())
				wantAccessible(t, name, page)
			}
			for _, path := range []string{"/", "/crm/deal/", "/crm/deal/details/77/", "/online/?dialog=chat1780", "/company/", "/notifications/", "/marketplace/", "/devops/1/", "/nowhere/"} {
				examine(path)
			}
		})
	}
}
