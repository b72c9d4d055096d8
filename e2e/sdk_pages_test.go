package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
)

// These tests hold what the official SDK can do to the portal's pages: the one
// around its frame, and those in sliders.

func TestTheOfficialSDKLeavesThePageOfATabAlone(t *testing.T) {
	tab := openSDK(t, "Ivan Petrov", "")
	title, err := tab.page.Title()
	must(t, err)
	eval(t, tab.page, "void (window.here = true)", nil)
	eval(t, tab.frame, "within(Promise.all([b24.parent.setTitle('Taken over'), b24.parent.reloadWindow()]))", nil)
	must(t, expect.Page(tab.page).ToHaveTitle(title))
	must(t, expect.Locator(tab.page.Locator("#pagetitle")).ToHaveText("Delivery of 40 chairs"))
	check(t, tab.page, "window.here", "true")
}

func TestTheOfficialSDKOpensPagesOfThePortalInASlider(t *testing.T) {
	tab := openSDK(t, "Ivan Petrov", "")
	slider := tab.page.GetByRole("dialog")
	for _, width := range []int{1640, 900} {
		eval(t, tab.frame, fmt.Sprintf("void (window.gone = b24.slider.openPath(b24.slider.getUrl('/crm/deal/details/80/'), %d))", width), nil)
		must(t, expect.Locator(slider.Locator("iframe").ContentFrame().Locator("h1")).ToHaveText("Repeat order"))
		must(t, slider.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Close"}).Click())
		check(t, tab.frame, "within(gone)", `{"isOpenAtNewWindow":false,"isClose":true}`)
	}
}

func TestTheOfficialSDKOpensItsApplicationInASlider(t *testing.T) {
	tab := openSDK(t, "Ivan Petrov", "")
	slider := tab.page.GetByRole("dialog")
	eval(t, tab.frame, "void (window.gone = b24.slider.openSliderAppPage({bx24_width: 600, bx24_title: 'Beside', step: 'two'}))", nil)
	must(t, expect.Locator(slider.GetByRole("heading", playwright.LocatorGetByRoleOptions{Name: "Beside"})).ToBeVisible())
	inner := tab.sdkWorld.frame(t, slider.Locator("iframe"))
	eval(t, inner, "within(ready)", nil)
	check(t, inner, "[b24.placement.title, b24.placement.options]", `["DEFAULT",{"step":"two"}]`)
	check(t, inner, "within(b24.parent.resizeWindow(300, 300))", `{"isSafely":true}`)
	eval(t, inner, "void b24.slider.closeSliderAppPage()", nil)
	check(t, tab.frame, "within(gone)", `""`)
	must(t, expect.Locator(slider).ToHaveCount(0))
}

// A page of the application, opened from the menu, owns the page around it; in
// a slider it owns the slider, and the card below stays as it is.
func TestTheOfficialSDKChangesThePageThatIsItsOwn(t *testing.T) {
	tab := openSDK(t, "Ivan Petrov", "")
	_, err := tab.page.Goto(tab.URL() + "/marketplace/app/1/")
	must(t, err)
	heading, around := tab.page.Locator("#pagetitle"), tab.page.Locator(".appframe")
	frame := tab.sdkWorld.frame(t, around.Locator("iframe"))
	eval(t, frame, "within(ready)", nil)
	check(t, frame, "within(b24.parent.setTitle('Cost: $& <i>'))", `{"title":"Cost: $& <i>"}`)
	must(t, expect.Locator(heading).ToHaveText("Cost: $& <i>"))
	must(t, expect.Page(tab.page).ToHaveTitle("Cost: $& <i> · Simulated portal"))
	check(t, frame, "within(b24.parent.resizeWindow(300, 2500))", `{"width":300,"height":2500}`)
	check(t, frame, "within(b24.parent.scrollParentWindow(120))", `{"scroll":120}`)
	check(t, tab.page, "window.scrollY", "120")
	check(t, frame, "within(b24.placement.call('resizeWindow', {width: 'wide', height: 0}))", `{"width":100,"height":2500}`)
	eval(t, tab.page, "void (window.here = true)", nil)
	eval(t, frame, "void b24.parent.reloadWindow()", nil)
	must(t, expect.Locator(heading).ToHaveText("SDK page"))
	check(t, tab.page, "window.here ?? null", "null")
}

func TestTheOfficialSDKInASliderLeavesTheCardAlone(t *testing.T) {
	tab := openSDK(t, "Ivan Petrov", "")
	slider := tab.page.GetByRole("dialog")
	eval(t, tab.frame, "void (window.gone = b24.slider.openSliderAppPage({bx24_title: 'Beside', step: 'two'}))", nil)
	open := func() playwright.Frame {
		frame := tab.sdkWorld.frame(t, slider.Locator("iframe"))
		eval(t, frame, "within(ready)", nil)
		return frame
	}
	inner := open()
	check(t, inner, "within(b24.parent.setTitle('Taken'))", `{"title":"Taken"}`)
	must(t, expect.Locator(slider.GetByRole("heading", playwright.LocatorGetByRoleOptions{Name: "Taken"})).ToBeVisible())
	must(t, expect.Locator(tab.page.Locator("#pagetitle")).ToHaveText("Delivery of 40 chairs"))
	eval(t, inner, "within(b24.parent.imOpenMessenger('chat1763'))", nil)
	messenger := tab.page.GetByRole("dialog", playwright.PageGetByRoleOptions{Name: "Messenger"})
	must(t, messenger.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Close"}).Click())
	must(t, expect.Locator(messenger).ToHaveCount(0))
	eval(t, tab.page, "void (window.here = true)", nil)
	first, err := slider.Locator("iframe").GetAttribute("name")
	must(t, err)
	eval(t, inner, "void b24.parent.reloadWindow()", nil)
	must(t, expect.Locator(slider.Locator("iframe")).Not().ToHaveAttribute("name", first))
	check(t, open(), "[b24.placement.title, b24.placement.options]", `["DEFAULT",{"step":"two"}]`)
	check(t, tab.page, "window.here", "true")
	must(t, tab.page.Keyboard().Press("Escape"))
	check(t, tab.frame, "within(gone)", `""`)
}

// An application can be shown in a slider as a page of the portal, too. It
// closes the slider around it; where there is none, nothing comes back.
func TestTheOfficialSDKClosesTheSliderItIsShownIn(t *testing.T) {
	tab := openSDK(t, "Ivan Petrov", "")
	slider := tab.page.GetByRole("dialog")
	check(t, tab.frame, "within(b24.slider.closeSliderAppPage(), 500).catch(() => 'pending')", `"pending"`)
	eval(t, tab.frame, "void (window.gone = b24.slider.openPath(b24.slider.getUrl('/marketplace/app/1/'), 900))", nil)
	page := slider.Locator("iframe.slider-page").ContentFrame()
	inner := tab.sdkWorld.frame(t, page.Locator(".appframe iframe"))
	eval(t, inner, "within(ready)", nil)
	check(t, inner, "[b24.slider.getTargetOrigin() === '"+tab.URL()+"', b24.placement.isSliderMode, b24.placement.options.from]", `[true,true,"rest_placement"]`)
	check(t, inner, "within(b24.parent.resizeWindow(300, 300))", `{"isSafely":true}`)
	eval(t, inner, "void b24.slider.closeSliderAppPage()", nil)
	check(t, tab.frame, "within(gone)", `{"isOpenAtNewWindow":false,"isClose":true}`)
	must(t, expect.Locator(slider).ToHaveCount(0))
}

// The list of pages that may be opened looks at the text as it came; where its
// dots lead afterwards is still the portal.
func TestOnlyListedPathsOpenAndTheyStayOnThePortal(t *testing.T) {
	tab := openSDK(t, "Ivan Petrov", "")
	slider := tab.page.GetByRole("dialog")
	for _, path := range []string{
		"/online/", "crm/deal/details/80/", "//portal.example/crm/deal/", "https://portal.example/crm/deal/", "/crm/quote/details/1/", "/crm/type/details/1/",
		"/crm/dealer/", "/company/personal/user/me/", "/company/", "/workgroups/group/", "/workgroups/", "/online/../crm/deal/details/80/", "",
	} {
		check(t, tab.frame, "within(b24.placement.call('openPath', {path: '"+path+"'}))", `{"result":"error","errorCode":"PATH_NOT_AVAILABLE"}`)
	}
	for path, want := range map[string]string{
		"/crm/deal/details/80/?a=b&from=me":         "/crm/deal/details/80/?a=b&from=rest_placement",
		"/crm/type/0/details/0/../../../../online/": "/crm/online/?from=rest_placement",
		"/crm/deal/../..//elsewhere.localhost:1/":   "//elsewhere.localhost:1/?from=rest_placement",
		"/company/personal/user/22/":                "/company/personal/user/22/?from=rest_placement",
		"/workgroups/group/3/":                      "/workgroups/group/3/?from=rest_placement",
	} {
		// By hand: the SDK waits without a limit only for paths that it wrapped itself.
		eval(t, tab.frame, `void (window.gone = new Promise((resolve) => {
			addEventListener('message', ({data}) => data.startsWith('k9:') && resolve(JSON.parse(data.slice(3))));
			parent.postMessage('openPath:{"path":"`+path+`"}:k9:' + name.split('|')[2], '`+tab.URL()+`');
		}))`, nil)
		src, err := slider.Locator("iframe").GetAttribute("src")
		must(t, err)
		wanted := tab.URL() + want + "&from_app=" + tab.keys.ClientID
		if !strings.HasPrefix(src, wanted) {
			t.Errorf("%s opens %s, want %s", path, src, wanted)
		}
		must(t, slider.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Close"}).Click())
		check(t, tab.frame, "within(gone)", `{"result":"close"}`)
	}
}
