package bitrixtest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// registration is what an administrator types into the form.
func registration(changes ...string) url.Values {
	form := url.Values{
		"handler": {"http://app.localhost:1/app?v=1"}, "install": {""}, "scope": {"crm", "placement", "im"},
		"name_en": {"Helper app"}, "name_ru": {"Помощник"},
	}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return form
}

var shownKey = regexp.MustCompile(`<code id="(client_id|client_secret)">([^<]+)</code>`)

// register registers an application in the developer area and reads its keys there.
func (p *person) register(changes ...string) (id, secret string) {
	p.t.Helper()
	saved := p.post("/devops/new/save", registration(changes...))
	if saved.Status != http.StatusSeeOther {
		p.t.Fatalf("saving answered %d:\n%s", saved.Status, saved.Body)
	}
	keys := map[string]string{}
	for _, m := range shownKey.FindAllStringSubmatch(p.get(saved.Header.Get("Location")).has(http.StatusOK, "Saved.").Body, -1) {
		keys[m[1]] = m[2]
	}
	return keys["client_id"], keys["client_secret"]
}

// bind binds a placement as the administrator.
func bind(t *testing.T, p *bitrixtest.Portal, clientID, placement, handler string) {
	t.Helper()
	callApp(t, p, p.Token(clientID, 1).Access, "placement.bind", args{
		"PLACEMENT": placement, "HANDLER": handler,
		"LANG_ALL": map[string]any{"en": map[string]string{"TITLE": "Helper tab"}, "ru": map[string]string{"TITLE": "Вкладка"}},
	}).ok(t)
}

func TestAnAdministratorRegistersAnApplication(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	admin := visitAs(t, p, 1)
	admin.get("/devops/new/").has(http.StatusOK, "Your handler path", "imopenlines")
	for _, c := range []struct{ field, value, says string }{
		{"handler", "", "Enter the handler path."},
		{"handler", "javascript:alert(1)", "The handler path must be"},
		{"handler", "http://shop.example/", "The handler path must be"},
		{"handler", "https://" + strings.Repeat("a", 1000) + ".example/", "at most 1000"},
		{"install", "ftp://shop.example/", "The installation path must be"},
		{"scope", "", "The portal has no access permission"},
		{"scope", "everything", "The portal has no access permission “everything”"},
		{"name_en", strings.Repeat("n", 101), "at most 100 characters"},
	} {
		admin.post("/devops/new/save", registration(c.field, c.value)).has(http.StatusBadRequest, "The application was not saved", c.says)
	}
	nameless := registration("name_en", "", "name_ru", "")
	admin.post("/devops/new/save", nameless).has(http.StatusBadRequest, "Give the menu item a name")
	delete(nameless, "scope")
	admin.post("/devops/new/save", nameless).has(http.StatusBadRequest, "Choose at least one access permission.")
	if n := len(p.State().Applications); n != 0 {
		t.Fatalf("%d applications were registered", n)
	}

	id, secret := admin.register()
	if !regexp.MustCompile(`^local\.[0-9a-f]{14}\.[0-9]{8}$`).MatchString(id) || !regexp.MustCompile(`^[0-9A-Za-z]{50}$`).MatchString(secret) ||
		!regexp.MustCompile(`[G-Z]`).MatchString(secret) || !regexp.MustCompile(`[g-z]`).MatchString(secret) {
		t.Errorf("the keys are %q and %q", id, secret)
	}
	admin.get("/").has(http.StatusOK, "Helper app")
	admin.get("/devops/1/").has(http.StatusOK, `name="mobile" value="Y">`)
	admin.post("/devops/1/save", registration("handler", "https://new.example/", "mobile", "Y")).redirect("/devops/1/?saved")
	admin.get("/devops/1/").has(http.StatusOK, `name="mobile" value="Y" checked>`)
	if app := p.State().Applications[0]; app.HandlerURL != "https://new.example/" || app.ClientID != id || !app.Mobile {
		t.Errorf("after editing the application is %+v", app)
	}
	admin.post("/devops/1/delete", nil).redirect("/devops/")
	if n := len(p.State().Applications); n != 0 {
		t.Errorf("%d applications are left", n)
	}
}

func TestACardOpensAFrameAsThePortalDoes(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	id, _ := visitAs(t, p, 1).register()
	bind(t, p, id, "CRM_DEAL_DETAIL_TAB", "http://app.localhost:1/tab")
	bind(t, p, id, "CRM_DEAL_DETAIL_TOOLBAR", "http://app.localhost:1/tool")
	ivan := visitAs(t, p, 15)
	ivan.post("/language/", url.Values{"language": {"ru"}})
	card := ivan.get("/crm/deal/details/77/?a=b").has(http.StatusOK, "Вкладка")
	queries := card.frameQueries()
	if len(queries) != 2 {
		t.Fatalf("the card offers the frames %v", queries)
	}
	tool, tab := ivan.get("/_frame/open?"+queries[0]).frame(), ivan.get("/_frame/open?"+queries[1]).frame()

	if want := p.Domain() + "|0|" + tab.Data.SID; tab.Name != want {
		t.Errorf("the frame is called %q, want %q", tab.Name, want)
	}
	want := "http://app.localhost:1/tab?DOMAIN=" + url.QueryEscape(p.Domain()) + "&PROTOCOL=0&LANG=ru&APP_SID=" + tab.Data.SID
	if tab.Action != want {
		t.Errorf("the form goes to %q, want %q", tab.Action, want)
	}
	for field, want := range map[string]string{
		"PLACEMENT": "CRM_DEAL_DETAIL_TAB", "member_id": p.MemberID(), "status": "L", "AUTH_EXPIRES": "3600", "APPLICATION_SCOPE": "crm,placement,im",
		"SERVER_ENDPOINT": p.AuthURL() + "/rest/", "PLACEMENT_OPTIONS": `{"ID":"77","URI":"\/crm\/deal\/details\/77\/?a=b"}`,
	} {
		if got := tab.Form.Get(field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	if got := compact(callApp(t, p, tab.Form.Get("AUTH_ID"), "profile", nil).ok(t)); !strings.Contains(got, `"ID":"15"`) {
		t.Errorf("the token belongs to %s", got)
	}
	if tab.Data.Origin != "http://app.localhost:1" || !tab.Data.HeightOnly || !slices.Equal(tab.Data.Interface.Command, []string{"reloadData"}) {
		t.Errorf("the tab is %+v", tab.Data)
	}
	if !slices.Equal(tool.Data.Denied, []string{"setTitle", "setScroll", "reloadWindow", "resizeWindow"}) || tool.Data.SID == tab.Data.SID {
		t.Errorf("the toolbar's frame is %+v", tool.Data)
	}
	if n := len(ivan.get("/crm/deal/details/0/").frameQueries()); n != 1 {
		t.Errorf("an unsaved card offers %d frames, want its tab", n)
	}
	visitAs(t, p, 22).ask("/_frame/"+tab.Data.SID+"/refresh", "{}").has(http.StatusNotFound)
}

func TestUntilAnInstallationIsFinishedOnlyAdministratorsGetIn(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	admin, ivan := visitAs(t, p, 1), visitAs(t, p, 15)
	id, _ := admin.register("install", "http://app.localhost:1/install")
	bind(t, p, id, "CRM_DEAL_DETAIL_TAB", "http://app.localhost:1/tab")
	if queries := admin.get("/crm/deal/details/77/").frameQueries(); len(queries) != 0 {
		t.Errorf("the card offers %v", queries)
	}
	for _, query := range []string{"app=1", "bind=1&item=77"} {
		ivan.get("/_frame/open?"+query).has(http.StatusOK, "is not finished").lacks("AUTH_ID")
	}
	tab := admin.get("/_frame/open?bind=1&item=77&from=%2Fcrm%2Fdeal%2Fdetails%2F77%2F").frame()
	if !strings.HasPrefix(tab.Action, "http://app.localhost:1/install?DOMAIN=") || tab.Form.Get("PLACEMENT") != "DEFAULT" || tab.Data.Init["INSTALL"] != true {
		t.Errorf("a placement opens %s, %v, %v", tab.Action, tab.Form, tab.Data.Init)
	}

	page := admin.get("/marketplace/app/1/?x=1").has(http.StatusOK)
	frame := admin.get("/_frame/open?" + page.frameQueries()[0]).frame()
	if !strings.HasPrefix(frame.Action, "http://app.localhost:1/install?DOMAIN=") || frame.Data.Init["INSTALL"] != true {
		t.Errorf("the administrator gets %s, %v", frame.Action, frame.Data.Init)
	}
	if got, want := frame.Form.Get("PLACEMENT_OPTIONS"), `{"any":"1\/","x":"1"}`; got != want {
		t.Errorf("the options are %s, want %s", got, want)
	}
	admin.ask("/_frame/"+frame.Data.SID+"/install", `{}`).has(http.StatusNoContent)
	if !p.Installed(id) {
		t.Error("the application is not installed")
	}
	main := ivan.get("/_frame/open?app=1").frame()
	if !strings.HasPrefix(main.Action, "http://app.localhost:1/app?v=1&DOMAIN=") || main.Data.Init["INSTALL"] != false {
		t.Errorf("after it Ivan gets %s, %v", main.Action, main.Data.Init)
	}
	ivan.ask("/_frame/"+main.Data.SID+"/install", `{"value":false}`).has(http.StatusNoContent)
	if !p.Installed(id) {
		t.Error("somebody who is no administrator undid the installation")
	}
	admin.ask("/_frame/"+admin.get("/_frame/open?app=1").frame().Data.SID+"/install", `{"value":false}`).has(http.StatusNoContent)
	if p.Installed(id) {
		t.Error("the installation was not undone")
	}
}

func TestAnApplicationsPageInASliderKnowsSoAndKeepsItsSize(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	admin := visitAs(t, p, 1)
	admin.register()
	open := func(query string) openedFrame {
		return admin.get("/_frame/open?" + admin.get("/marketplace/app/1/" + query).has(http.StatusOK).frameQueries()[0]).frame()
	}
	inside := open("?IFRAME=Y&IFRAME_TYPE=SIDE_SLIDER")
	if !slices.Equal(inside.Data.Denied, []string{"resizeWindow"}) {
		t.Errorf("in a slider the page asks in vain for %v", inside.Data.Denied)
	}
	if options := inside.Data.Init["PLACEMENT_OPTIONS"].(map[string]any); options["IFRAME"] != "Y" || options["IFRAME_TYPE"] != "SIDE_SLIDER" {
		t.Errorf("in a slider the options are %v", options)
	}
	if plain := open(""); len(plain.Data.Denied) != 0 {
		t.Errorf("on a page of its own the frame asks in vain for %v", plain.Data.Denied)
	}
}

func TestALinkOpensTheApplicationWithTheParametersItCarries(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	id, _ := visitAs(t, p, 1).register()
	ivan := visitAs(t, p, 15)
	link := "/marketplace/view/" + id + "/?params[item]=deal%2F77&params[who][]=22&params[]=x&a=b"
	ivan.get(link).has(http.StatusNotFound)
	bind(t, p, id, "REST_APP_URI", "http://app.localhost:1/link")
	ivan.get("/marketplace/view/local.unknown/").has(http.StatusNotFound)
	open := func(link, from string) openedFrame {
		t.Helper()
		page := ivan.do(http.MethodGet, link, "", "", "Referer", from).has(http.StatusOK, "Helper tab")
		return ivan.get("/_frame/open?" + page.frameQueries()[0]).frame()
	}
	frame := open(link, p.URL()+"/notifications/?x=1")
	if !strings.HasPrefix(frame.Action, "http://app.localhost:1/link?DOMAIN=") || frame.Form.Get("PLACEMENT") != "REST_APP_URI" {
		t.Errorf("the link opens %s, %v", frame.Action, frame.Form)
	}
	for options, asked := range map[string][2]string{
		`{"URI":"\/notifications\/?x=1","item":"deal\/77"}`: {link, p.URL() + "/notifications/?x=1"},
		`{"item":"deal\/77"}`:                               {link, "https://elsewhere.example/notifications/"},
		`{"URI":"mine"}`:                                    {"/marketplace/view/" + id + "/?params[URI]=mine", p.URL() + "/"},
		"":                                                  {"/marketplace/view/" + id + "/", ""},
	} {
		if got := open(asked[0], asked[1]).Form.Get("PLACEMENT_OPTIONS"); got != options {
			t.Errorf("%s from %s: the options are %s, want %s", asked[0], asked[1], got, options)
		}
	}
	if want := []string{"setTitle", "setScroll", "reloadWindow", "resizeWindow"}; !slices.Equal(frame.Data.Denied, want) {
		t.Errorf("the frame asks in vain for %v, want %v", frame.Data.Denied, want)
	}
}

func TestDeletingALocalApplicationAlwaysDeletesItsData(t *testing.T) {
	t.Parallel()
	p, l := bitrixtest.NewPortal(t), newListener(t)
	admin := visitAs(t, p, 1)
	id, _ := admin.register()
	callApp(t, p, p.Token(id, 1).Access, "event.bind", args{"event": "ONAPPUNINSTALL", "handler": l.URL}).ok(t)
	admin.get("/devops/1/").has(http.StatusOK, "Delete the application").lacks(`name="clean"`)
	admin.post("/devops/1/delete", nil).redirect("/devops/")
	events := l.got(t, p)
	if len(events) != 1 {
		t.Fatalf("deleting sent %d events", len(events))
	}
	fields(t, events[0], map[string]string{"event": "ONAPPUNINSTALL", "data[CLEAN]": "1"})
}

func TestFramesKeepOptionsAndCalls(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	admin, ivan := visitAs(t, p, 1), visitAs(t, p, 15)
	admin.register()
	mine, his := admin.get("/_frame/open?app=1").frame(), ivan.get("/_frame/open?app=1").frame()
	if mine.Data.Init["FIRST_RUN"] != true || mine.Data.Init["IS_ADMIN"] != true || his.Data.Init["IS_ADMIN"] != false {
		t.Errorf("the frames begin with %v and %v", mine.Data.Init, his.Data.Init)
	}
	admin.ask("/_frame/"+mine.Data.SID+"/first", `{}`).has(http.StatusNoContent)
	admin.ask("/_frame/"+mine.Data.SID+"/app-option", `{"name":"a","value":[1]}`).has(http.StatusOK, `{"a":[1]}`)
	ivan.ask("/_frame/"+his.Data.SID+"/app-option", `{"name":"a","value":2}`).has(http.StatusForbidden)
	ivan.ask("/_frame/"+his.Data.SID+"/user-option", `{"name":"b","value":true}`).has(http.StatusOK, `{"b":true}`)
	for _, nonsense := range []string{`{}`, `[`, `"x"`, `{"name":7}`} {
		ivan.ask("/_frame/"+his.Data.SID+"/user-option", nonsense).has(http.StatusBadRequest)
	}
	ivan.post("/_frame/"+his.Data.SID+"/user-option", url.Values{"name": {"c"}}).has(http.StatusBadRequest)
	ivan.ask("/_frame/"+his.Data.SID+"/explode", `{}`).has(http.StatusNotFound)
	ivan.ask("/_frame/0000/call", `{}`).has(http.StatusNotFound)

	mine, his = admin.get("/_frame/open?app=1").frame(), ivan.get("/_frame/open?app=1").frame()
	if mine.Data.Init["FIRST_RUN"] != false || his.Data.Init["FIRST_RUN"] != true {
		t.Errorf("the second frames begin with %v and %v", mine.Data.Init, his.Data.Init)
	}
	if got := his.Data.Init["APP_OPTIONS"].(map[string]any)["a"]; len(got.([]any)) != 1 {
		t.Errorf("the application's option is %v", got)
	}
	ivan.ask("/_frame/"+his.Data.SID+"/call", `{"command":"imOpenMessenger","params":{"dialogId":"chat1763"}}`).has(http.StatusNoContent)
	calls := p.FrameCalls()
	if len(calls) != 1 || calls[0].Command != "imOpenMessenger" || calls[0].User != 15 || string(calls[0].Params) != `{"dialogId":"chat1763"}` {
		t.Errorf("the portal recorded %+v", calls)
	}
}

func TestFramesMisbehaveOnRequest(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	admin := visitAs(t, p, 1)
	admin.register()
	open := func(switches string) openedFrame {
		t.Helper()
		return admin.get("/_frame/open?app=1&options=%7B%7D&frame=" + switches).frame()
	}
	if f := open("notoken"); f.Form.Has("AUTH_ID") || f.Data.Init["AUTH_ID"] != "" {
		t.Errorf("without tokens the form is %v", f.Form)
	}
	if f := open("old"); f.Form.Has("APPLICATION_TOKEN") || f.Form.Has("SERVER_ENDPOINT") || !f.Form.Has("AUTH_ID") {
		t.Errorf("on an old portal the form is %v", f.Form)
	}
	if f := open("undefined"); f.Form.Get("PLACEMENT_OPTIONS") != "undefined" {
		t.Errorf("the options are %q", f.Form.Get("PLACEMENT_OPTIONS"))
	}
	expired := open("expired")
	want{status: http.StatusUnauthorized, code: "expired_token"}.check(t, callApp(t, p, expired.Form.Get("AUTH_ID"), "profile", nil))
	if f := open("nonadmin"); f.Data.Init["IS_ADMIN"] != false {
		t.Error("the administrator is one")
	}
	p.SetFrames("silent", "first")
	if f := admin.get("/_frame/open?app=1").frame(); !slices.Equal(f.Data.Switches, []string{"silent", "first"}) {
		t.Errorf("the switches are %v", f.Data.Switches)
	}
	if f := open(""); slices.Contains(f.Data.Switches, "silent") {
		t.Error("the page's own address does not go first")
	}
}

func TestTheMirrorOpensFramesAtItsOwnAddress(t *testing.T) {
	t.Parallel()
	p := bitrixtest.New(bitrixtest.Options{Mirror: bitrixtest.Mirror{
		Portal: "http://127.0.0.1:8090", App: "http://app.localhost:8080", AppMirror: "http://127.0.0.1:8080",
	}})
	defer p.Close()
	p.Register(bitrixtest.App{Name: "A", HandlerURL: "http://app.localhost:8080/app", Scopes: []string{"crm"}})
	p.Register(bitrixtest.App{Name: "B", HandlerURL: "http://app.localhost:80801/app", Scopes: []string{"crm"}})
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		r.Host = "127.0.0.1:8090" // what a browser asks for there
		p.ServeHTTP(w, r)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	who := visitAs(t, p, 0)
	who.host = server.URL
	who.post("/login/", url.Values{"user": {"1"}}).redirect("/")
	frame := who.get("/_frame/open?app=1").frame()
	if !strings.HasPrefix(frame.Action, "http://127.0.0.1:8080/app?DOMAIN=127.0.0.1%3A8090&") || frame.Data.Origin != "http://127.0.0.1:8080" {
		t.Errorf("the mirror opens %s at %s", frame.Action, frame.Data.Origin)
	}
	if !strings.HasPrefix(frame.Name, "127.0.0.1:8090|0|") || frame.Data.Init["DOMAIN"] != "127.0.0.1:8090" {
		t.Errorf("the mirror's frame is %s, %v", frame.Name, frame.Data.Init)
	}
	if other := who.get("/_frame/open?app=2").frame(); !strings.HasPrefix(other.Action, "http://app.localhost:80801/app?") {
		t.Errorf("an application elsewhere opens at %s", other.Action)
	}
}

func TestAFormThatThePortalWouldDrawIsSaidNotToBeSimulated(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	admin := visitAs(t, p, 1)
	id, _ := admin.register()
	callApp(t, p, p.Token(id, 1).Access, "placement.bind", args{
		"PLACEMENT": "CRM_DEAL_DETAIL_ACTIVITY", "HANDLER": "http://app.localhost:1/form", "OPTIONS": args{"useBuiltInInterface": "Y"},
	}).ok(t)
	tools := admin.get("/crm/deal/details/77/").has(http.StatusOK, "Helper app").frameQueries()
	if len(tools) != 1 {
		t.Fatalf("the card offers %v", tools)
	}
	admin.get("/_frame/open?"+tools[0]).has(http.StatusOK, "is not simulated").lacks("AUTH_ID")
}

func TestTheCRMPickerDescribesItemsAsThePortalDoes(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	visitAs(t, p, 15).get("/_frame/crm?types=deal,contact&q=lee").has(http.StatusOK, `"id":"C_31"`, `"type":"contact"`, `"title":"Ann Lee"`, `"url":"/crm/contact/details/31/"`, `"image":""`).lacks("D_77")
	visitAs(t, p, 15).get("/_frame/crm?types=deal&q=chairs").has(http.StatusOK, `"id":"D_77"`).lacks("image")
}

func TestTheAccessListOfAnApplicationDecidesWhoGetsItsFrames(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	admin := visitAs(t, p, 1)
	id, _ := admin.register()
	bind(t, p, id, "CRM_DEAL_DETAIL_TAB", "http://app.localhost:1/tab")
	olga := visitAs(t, p, 22) // of department 7, which is below department 1
	for code, allowed := range map[string]bool{
		"U22": true, "IU22": true, "D7": true, "DR7": true, "DR1": true, "AU": true, "G2": true,
		"U15": false, "D1": false, "D5": false, "SG3": false, "G1": false, "ŉ1": false, "": false,
	} {
		p.SetAccess(id, code)
		tabs, wanted := len(olga.get("/crm/deal/details/77/").frameQueries()), 0
		if allowed {
			wanted = 1
		}
		if tabs != wanted {
			t.Errorf("%q: the card offers %d tabs, want %d", code, tabs, wanted)
		}
		opened := olga.get("/_frame/open?app=1")
		if got := strings.Contains(opened.Body, "AUTH_ID"); got != allowed {
			t.Errorf("%q: a frame opens: %t", code, got)
		}
		if got := strings.Contains(olga.get("/").Body, `<a href="/marketplace/app/1/">Helper app</a>`); got != allowed {
			t.Errorf("%q: the left menu has the application: %t", code, got)
		}
		admin.get("/_frame/open?app=1").frame()
	}
	p.SetAccess(id, "SG3")
	visitAs(t, p, 15).get("/_frame/open?app=1").frame()
}
