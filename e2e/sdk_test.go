package e2e

import (
	"slices"
	"testing"

	"github.com/playwright-community/playwright-go"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// These tests run the official JS SDK, unmodified, in a tab of the portal's
// card: what it is promised is what the simulated page has to keep.

// sdkTab is the tab with the SDK, opened by a person.
type sdkTab struct {
	*sdkWorld
	page  playwright.Page
	frame playwright.Frame
}

func openSDK(t *testing.T, person, query string) sdkTab {
	t.Helper()
	t.Parallel()
	w := newSDK(t, false)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	w.signIn(t, page, person)
	return sdkTab{w, page, w.open(t, page, query)}
}

// profile is a call of the REST API that yields the caller's id.
const profile = "within(b24.actions.v2.call.make({method: 'profile'})).then((answer) => answer.getData().result.ID)"

// TestTheOfficialSDKIsAnswered holds what each request of the SDK yields.
// Where the portal does not answer, the SDK gives up and yields isSafely.
func TestTheOfficialSDKIsAnswered(t *testing.T) {
	const silence = `{"isSafely":true}`
	for name, c := range map[string]struct {
		query string
		asked [][2]string // an expression and what it yields
	}{
		"about where it is": {asked: [][2]string{
			{"b24.placement.title", `"CRM_DEAL_DETAIL_TAB"`},
			{"b24.placement.options.ID", `"77"`},
			{"[b24.isFirstRun, b24.isInstallMode, b24.auth.isAdmin, b24.getLang()]", `[true,false,false,"en"]`},
		}},
		"by the REST API": {asked: [][2]string{
			{profile, `"15"`},
			{"within(b24.callMethod('profile')).then((answer) => answer.getData().result.NAME)", `"Ivan"`},
		}},
		"about the placement": {query: "?frame=events", asked: [][2]string{
			{"within(b24.placement.getInterface())", `{"command":["reloadData"],"event":["onSimulated"]}`},
			{"within(b24.placement.bindEvent('onUnknown', () => {}))", silence},
			{"within(b24.placement.call('openPath', {path: '/online/'}))", `{"result":"error","errorCode":"PATH_NOT_AVAILABLE"}`},
		}},
		"with silence where a tab may not": {asked: [][2]string{
			{"within(b24.parent.setTitle('Taken over'))", silence},
			{"within(b24.parent.scrollParentWindow(10))", silence},
			{"within(b24.parent.reloadWindow())", silence},
			{"within(b24.placement.call('noSuchCommand'))", silence},
		}},
		"with silence where nothing comes back": {asked: [][2]string{
			{"within(b24.parent.imOpenMessenger('chat1763'))", silence},
			{"within(b24.parent.imOpenHistory('chat1763'))", silence},
			{"within(b24.parent.imCallTo(22, true))", silence},
			{"within(b24.parent.imPhoneTo('+15550134'))", silence},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			tab := openSDK(t, "Ivan Petrov", c.query)
			for _, asked := range c.asked {
				check(t, tab.frame, asked[0], asked[1])
			}
		})
	}
}

func TestTheOfficialSDKStartsWithTheTokensOfItsLaunch(t *testing.T) {
	tab := openSDK(t, "Ivan Petrov", "")
	form, header := tab.launch()
	if got := header.Get("Sec-Fetch-Site") + " " + header.Get("Sec-Fetch-Dest") + " " + header.Get("Origin"); got != "cross-site iframe "+tab.URL() {
		t.Errorf("the launch came as %q", got)
	}
	var auth struct {
		Access    string `json:"access_token"`
		Refresh   string `json:"refresh_token"`
		ExpiresIn int    `json:"expires_in"`
		Domain    string
		MemberID  string `json:"member_id"`
	}
	eval(t, tab.frame, "b24.auth.getAuthData()", &auth)
	if auth.Access == "" || auth.Access != form.Get("AUTH_ID") || auth.Refresh != form.Get("REFRESH_ID") {
		t.Errorf("the SDK's tokens are not those of the launch")
	}
	if auth.ExpiresIn != 3600 || auth.Domain != tab.URL() || auth.MemberID != tab.MemberID() {
		t.Errorf("got the authorisation %+v", auth)
	}
	if got, want := tab.calls(t, tab.page), []string{"getInitData", "setInstall"}; !slices.Equal(got, want) {
		t.Errorf("the page got the commands %v, want %v", got, want)
	}
	check(t, tab.open(t, tab.page, ""), "b24.isFirstRun", "false")
}

func TestTheOfficialSDKRenewsItsTokens(t *testing.T) {
	tab := openSDK(t, "Ivan Petrov", "")
	before, _ := tab.launch()
	var renewed struct {
		Access string `json:"access_token"`
	}
	eval(t, tab.frame, "within(b24.auth.refreshAuth())", &renewed)
	if renewed.Access == "" || renewed.Access == before.Get("AUTH_ID") {
		t.Errorf("refreshAuth brought no new token")
	}
	check(t, tab.frame, profile, `"15"`)

	tab.ExpireTokens(15)
	check(t, tab.frame, profile, `"15"`)
	if n := count(tab.calls(t, tab.page), "refreshAuth"); n != 2 {
		t.Errorf("the frame asked %d times for new tokens, want 2", n)
	}
}

func TestTheOfficialSDKResizesItsFrame(t *testing.T) {
	tab := openSDK(t, "Ivan Petrov", "")
	box := tab.page.Locator(".appframe")
	before, err := box.BoundingBox()
	must(t, err)

	var size struct{ Width, Height float64 }
	eval(t, tab.frame, "within(b24.parent.resizeWindow(300, 700))", &size)
	after, err := box.BoundingBox()
	must(t, err)
	if after.Height != 700 || size.Height != 700 {
		t.Errorf("the frame is %v high, the SDK heard %v, want 700", after.Height, size.Height)
	}
	if after.Width != before.Width {
		t.Errorf("the tab's width went from %v to %v", before.Width, after.Width)
	}
	eval(t, tab.frame, "within(b24.parent.fitWindow())", &size)
	if size.Height < 700 {
		t.Errorf("fitting shrank the frame to %v", size.Height)
	}
}

// Each picker is called, some rows are chosen, and the SDK hears of them.
func TestTheOfficialSDKUsesThePortalsPickers(t *testing.T) {
	for name, c := range map[string]struct {
		call    string
		search  string
		choose  []string
		missing string // a row that must not be there
		pressed string // a row that is chosen from the start
		want    string
	}{
		"for one person": {
			call: "b24.dialog.selectUser()", search: "olg", choose: []string{"Olga Sidorova"},
			want: `{"id":"22","name":"Olga Sidorova","photo":"","position":"Logistics specialist","url":"/company/personal/user/22/","sub":false,"sup":false}`,
		},
		"for several people": {
			call: "b24.dialog.selectUsers().then((people) => people.map(({id}) => id))", choose: []string{"Pavel Orlov", "Ivan Petrov", "Select"}, want: `["23","15"]`,
		},
		"for rights": {
			call: "b24.dialog.selectAccess(['AU'])", choose: []string{"Partners", "Select"}, missing: "All employees", want: `[{"id":"SG3","name":"Partners"}]`,
		},
		"for CRM items": {
			call: `b24.dialog.selectCRM({entityType: ['deal', 'contact'], multiple: true, value: {deal: [80]}})
				.then(({deal, contact}) => [deal.map(({id}) => id), contact.map(({id}) => id)])`,
			choose: []string{"Delivery of 40 chairs", "Ann Lee", "Select"}, pressed: "Repeat order", want: `[["D_80","D_77"],["C_31"]]`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			tab := openSDK(t, "Elena Morozova", "?frame=keyed")
			picker := tab.page.GetByRole("dialog")
			row := func(name string) playwright.Locator {
				return picker.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: name})
			}
			eval(t, tab.frame, "void (window.choice = "+c.call+")", nil)
			if c.search != "" {
				must(t, picker.GetByRole("searchbox").Fill(c.search))
			}
			if c.pressed != "" {
				must(t, expect.Locator(row(c.pressed)).ToHaveAttribute("aria-pressed", "true"))
			}
			for _, name := range c.choose {
				if c.missing != "" {
					must(t, expect.Locator(row(name)).ToBeVisible())
					must(t, expect.Locator(row(c.missing)).ToHaveCount(0))
				}
				must(t, row(name).Click())
			}
			check(t, tab.frame, "within(choice)", c.want)
		})
	}
}

func TestTheOfficialSDKStoresOptions(t *testing.T) {
	tab := openSDK(t, "Anna Belova", "")
	eval(t, tab.frame, "within(b24.options.userSet('colour', 'green'))", nil)
	eval(t, tab.frame, "within(b24.options.appSet('mode', 'quiet'))", nil)
	check(t, tab.open(t, tab.page, ""), "[b24.options.userGet('colour'), b24.options.appGet('mode')]", `["green","quiet"]`)

	tab.signIn(t, tab.page, "Ivan Petrov")
	frame := tab.open(t, tab.page, "")
	eval(t, frame, "within(b24.options.appSet('mode', 'loud'))", nil)
	frame = tab.open(t, tab.page, "")
	check(t, frame, "[b24.options.appGet('mode'), b24.options.optionsUser ?? null]", `["quiet",null]`)
}

func TestTheOfficialSDKReloadsTheCard(t *testing.T) {
	tab := openSDK(t, "Ivan Petrov", "")
	tab.Do(func(w *bitrixtest.World) {
		w.Items[bitrixtest.ItemKey{Type: "DEAL", ID: 77}].Stage = "WON"
	})
	check(t, tab.frame, "within(b24.placement.call('reloadData'))", `""`)
	must(t, tab.page.GetByRole("tab", playwright.PageGetByRoleOptions{Name: "General"}).Click())
	must(t, expect.Locator(tab.page.Locator("dl.fields")).ToContainText("WON"))
}

func TestTheOfficialSDKHearsEventsOfThePlacement(t *testing.T) {
	tab := openSDK(t, "Ivan Petrov", "?frame=events")
	eval(t, tab.frame, "void (window.heard = new Promise((hear) => { window.bound = b24.placement.bindEvent('onSimulated', hear); }))", nil)
	check(t, tab.frame, "within(bound)", `{"isSafely":true}`)
	eval(t, tab.page, "portalFrames.all()[0].fire('onSimulated', {n: 7})", nil)
	check(t, tab.frame, "within(heard)", `{"n":7}`)
}

// One picker of a kind waits for an answer: closing it answers nothing, and a
// second call takes the place of the first.
func TestTheOfficialSDKHearsNothingOfAPickerThatWasClosed(t *testing.T) {
	tab := openSDK(t, "Ivan Petrov", "")
	picker := tab.page.GetByRole("dialog")
	row := func(name string) playwright.Locator {
		return picker.Last().GetByRole("button", playwright.LocatorGetByRoleOptions{Name: name})
	}
	eval(t, tab.frame, "void (window.choice = b24.dialog.selectUser())", nil)
	must(t, expect.Locator(row("Olga Sidorova")).ToBeVisible())
	must(t, tab.page.Keyboard().Press("Escape"))
	must(t, expect.Locator(picker).ToHaveCount(0))

	eval(t, tab.frame, "void (window.first = b24.dialog.selectUser())", nil)
	eval(t, tab.frame, "void (window.second = b24.dialog.selectUser())", nil)
	eval(t, tab.frame, "void (window.rights = b24.dialog.selectAccess([]))", nil)
	must(t, expect.Locator(picker).ToHaveCount(3))
	must(t, row("Partners").Click())
	must(t, row("Select").Click())
	check(t, tab.frame, "within(rights)", `[{"id":"SG3","name":"Partners"}]`)
	for _, name := range []string{"Pavel Orlov", "Igor Lebedev"} { // the later one lies above
		must(t, row(name).Click())
	}
	check(t, tab.frame, "within(second.then(({name}) => name))", `"Pavel Orlov"`)
	check(t, tab.frame, "Promise.race([choice, first, new Promise((done) => setTimeout(done, 300, 'silence'))])", `"silence"`)
}

// What the launch lacks, or has too old, the SDK meets as on a real portal.
func TestTheOfficialSDKMeetsLaunchesThatAreNotFresh(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		asked [][2]string
	}{
		"an expired token is replaced by the first call": {"?frame=expired", [][2]string{{profile, `"1"`}}},
		"no tokens": {"?frame=notoken", [][2]string{{"[b24.auth.getAuthData(), b24.auth.isAdmin]", `[false,false]`}}},
		"somebody who is no administrator any more": {"?frame=nonadmin", [][2]string{
			{"b24.auth.isAdmin", `false`}, {"within(b24.placement.call('setAppOption', {name: 'mode', value: 'loud'}))", `{"isSafely":true}`},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			tab := openSDK(t, "Anna Belova", c.query)
			for _, asked := range c.asked {
				check(t, tab.frame, asked[0], asked[1])
			}
		})
	}
}

func TestTheOfficialSDKOpensTheMessenger(t *testing.T) {
	tab := openSDK(t, "Ivan Petrov", "")
	eval(t, tab.frame, "within(b24.parent.imOpenMessenger('chat1763'))", nil)
	messenger := tab.page.GetByRole("dialog", playwright.PageGetByRoleOptions{Name: "Messenger"})
	must(t, expect.Locator(messenger).ToContainText("When will the chairs arrive?"))
	if got := tab.calls(t, tab.page); !slices.Contains(got, "imOpenMessenger") {
		t.Errorf("the page got the commands %v", got)
	}
}

func TestTheOfficialSDKFinishesAnInstallation(t *testing.T) {
	t.Parallel()
	w := newSDK(t, true)
	page := newPage(t, playwright.BrowserNewContextOptions{})
	menu := w.URL() + "/marketplace/app/1/"

	w.signIn(t, page, "Ivan Petrov")
	_, err := page.Goto(menu)
	must(t, err)
	must(t, expect.Locator(page.GetByRole("status")).ToContainText("is not finished"))
	if form, _ := w.launch(); form != nil {
		t.Errorf("the application heard of somebody who cannot install it")
	}

	w.signIn(t, page, "Anna Belova")
	_, err = page.Goto(menu)
	must(t, err)
	frame := w.frame(t, page.Locator(".appframe iframe"))
	eval(t, frame, "within(ready)", nil)
	check(t, frame, "[b24.isInstallMode, b24.auth.isAdmin, b24.placement.title]", `[true,true,"DEFAULT"]`)
	eval(t, frame, "void b24.installFinish()", nil)
	must(t, page.WaitForURL("**/marketplace/app/1/?install_finished=Y"))
	must(t, expect.Locator(page.FrameLocator(".appframe iframe").Locator("h1")).ToHaveText("Page app"))
	if !w.Installed(w.keys.ClientID) {
		t.Errorf("the application is not installed")
	}
	frame = w.frame(t, page.Locator(".appframe iframe"))
	eval(t, frame, "within(ready)", nil)
	check(t, frame, "b24.isInstallMode", "false")
	check(t, frame, "b24.installFinish().then(() => 'finished', () => 'refused')", `"refused"`)
}
