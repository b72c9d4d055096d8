package bitrixtest

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

func (g *pages) routeApplications() {
	g.signed("GET /marketplace/{$}", (*visit).applicationsPage)
	g.signed("GET /marketplace/app/{id}/", (*visit).applicationPage)
	g.signed("GET /marketplace/view/{code}/{$}", (*visit).linkPage)
	g.signed("GET /devops/{$}", (*visit).developerPage)
	g.signed("GET /devops/{id}/", (*visit).applicationForm)
	g.signed("POST /devops/{id}/{action}", (*visit).changeApplication)
}

// appScopes are the access permissions the form offers.
// https://apidocs.bitrix24.com/api-reference/scopes/permissions.html
var appScopes = []string{
	"crm", "placement", "im", "imopenlines", "user", "user_basic", "user_brief", "department",
	"imconnector", "imbot", "bizproc", "task", "calendar", "disk", "entity", "userfieldconfig",
}

// menuLanguages are those in which the form asks for the menu item.
var menuLanguages = []string{"en", "ru", "de"}

// appView is an application as pages print it.
type appView struct {
	ID                 int
	Name, URL          string
	ClientID           string
	Installed, OnlyAPI bool
}

func (a *application) path() string { return fmt.Sprintf("/marketplace/app/%d/", a.ID) }

// applications are copies of those on the portal, oldest first.
func (v *visit) applications() []application {
	p := v.pages.portal
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []application
	for _, a := range p.apps {
		all = append(all, *a)
	}
	slices.SortFunc(all, func(a, b application) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// mayUse tells whether the access list of an application lets the viewer in.
func (v *visit) mayUse(a application) (may bool) {
	p := v.pages.portal
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mayUse(&a, &v.viewer)
}

// application is the one that the path names by number.
func (v *visit) application() (application, error) {
	id, _ := v.number("id")
	for _, a := range v.applications() {
		if a.ID == id {
			return a, nil
		}
	}
	return application{}, errNoPage
}

// appList is the list of applications, with the way to their settings for administrators.
type appList struct {
	Admin bool
	Apps  []appView
}

func (v *visit) appList() appList {
	list := appList{Admin: v.viewer.Admin}
	for _, a := range v.applications() {
		list.Apps = append(list.Apps, appView{a.ID, a.title(v.viewer.Language), a.path(), a.ClientID, a.Installed, a.OnlyAPI})
	}
	return list
}

func (v *visit) applicationsPage() error {
	return v.show(http.StatusOK, "apps", v.say("apps.title"), v.appList())
}

func (v *visit) applicationPage() error {
	a, err := v.application()
	if err != nil || a.OnlyAPI {
		return errNoPage
	}
	// The frame gets the page's own query, which a link can make say anything.
	options := map[string]string{"any": fmt.Sprintf("%d/", a.ID)}
	for name, values := range v.r.URL.Query() {
		if name != "_r" && name != "frame" {
			options[name] = values[0]
		}
	}
	query := url.Values{"app": {fmt.Sprint(a.ID)}, "placement": {"DEFAULT"}, "options": {phpJSON(options)}}
	if v.inSlider() {
		query.Set("slider", "1")
	}
	return v.show(http.StatusOK, "app", a.title(v.viewer.Language), query.Encode())
}

// linkPage is where links of an application lead: its REST_APP_URI, which gets
// the params of the link.
// https://apidocs.bitrix24.com/api-reference/widgets/universal/app-url.html
func (v *visit) linkPage() error {
	for _, b := range v.pages.portal.Placements() {
		if b.ClientID == v.r.PathValue("code") && b.Placement == "REST_APP_URI" {
			query := url.Values{"bind": {strconv.Itoa(b.ID)}, "slider": {"1"}, "options": {v.linkOptions()}}
			return v.show(http.StatusOK, "app", b.title(v.viewer.Language, v.pages.portal.options.Language), query.Encode())
		}
	}
	return errNoPage
}

// linkOptions are the params[…] of a link and, where it does not name one
// itself, the page of the portal that it was found on.
func (v *visit) linkOptions() string {
	options := map[string]string{}
	if from, err := url.Parse(v.r.Referer()); err == nil && from.Host == v.r.Host {
		options["URI"] = from.RequestURI()
	}
	for name, values := range v.r.URL.Query() {
		key, ok := strings.CutPrefix(name, "params[")
		if key, end := strings.CutSuffix(key, "]"); ok && end && key != "" && !strings.ContainsAny(key, "[]") {
			options[key] = values[0]
		}
	}
	if len(options) == 0 {
		return ""
	}
	return phpJSON(options)
}

func (v *visit) developerPage() error {
	if !v.viewer.Admin {
		return errAdminOnly
	}
	return v.show(http.StatusOK, "devops", v.say("dev.title"), v.appList())
}

// appForm is the form of a local application.
type appForm struct {
	App
	ID                     int // 0: not saved yet
	ClientID, ClientSecret string
	Installed              bool
	URL                    string // of its page
	Languages, AllScopes   []string
	Problems               []string
	Saved                  bool
}

// Has tells whether the form has a permission ticked.
func (f appForm) Has(scope string) bool { return slices.Contains(f.Scopes, scope) }

func newAppForm(a application) appForm {
	languages := slices.Clone(menuLanguages)
	for _, language := range sortedKeys(a.Names) {
		if !slices.Contains(languages, language) {
			languages = append(languages, language)
		}
	}
	scopes := slices.Clone(appScopes)
	for _, scope := range a.Scopes {
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	return appForm{
		App: a.App, ID: a.ID, ClientID: a.ClientID, ClientSecret: a.ClientSecret, Installed: a.Installed,
		URL: a.path(), Languages: languages, AllScopes: scopes,
	}
}

func (v *visit) applicationForm() error {
	if !v.viewer.Admin {
		return errAdminOnly
	}
	if v.r.PathValue("id") == "new" {
		form := newAppForm(application{App: App{Scopes: []string{"crm", "placement", "im", "imopenlines", "user"}}})
		return v.show(http.StatusOK, "devapp", v.say("dev.add"), form)
	}
	a, err := v.application()
	if err != nil {
		return err
	}
	form := newAppForm(a)
	form.Saved = v.r.URL.Query().Has("saved")
	return v.show(http.StatusOK, "devapp", v.say("dev.local"), form)
}

func (v *visit) changeApplication() error {
	if !v.viewer.Admin {
		return errAdminOnly
	}
	var a application
	if v.r.PathValue("id") != "new" {
		var err error
		if a, err = v.application(); err != nil {
			return err
		}
	}
	switch action := v.r.PathValue("action"); {
	case action == "save":
		return v.saveApplication(a)
	case action == "delete" && a.ID != 0:
		v.pages.portal.Uninstall(a.ClientID, true) // with a local application goes its data, always
		http.Redirect(v.w, v.r, "/devops/", http.StatusSeeOther)
		return nil
	}
	return errNoPage
}

func (v *visit) saveApplication(a application) error {
	a.App = v.typedApp(a.Names)
	if problems := v.problems(a.App); len(problems) > 0 {
		form := newAppForm(a)
		form.Problems = problems
		return v.show(http.StatusBadRequest, "devapp", v.say("dev.local"), form)
	}
	p := v.pages.portal
	if a.ID == 0 {
		a.ClientID = p.Register(a.App).ClientID
	} else {
		p.Edit(a.ClientID, a.App)
	}
	for _, saved := range v.applications() {
		if saved.ClientID == a.ClientID {
			http.Redirect(v.w, v.r, fmt.Sprintf("/devops/%d/?saved", saved.ID), http.StatusSeeOther)
			return nil
		}
	}
	return errNoPage
}

// typedApp reads the form.
func (v *visit) typedApp(names map[string]string) App {
	field := func(name string) string { return strings.TrimSpace(v.r.PostFormValue(name)) }
	app := App{
		HandlerURL: field("handler"), InstallURL: field("install"), OnlyAPI: field("only_api") == "Y",
		Mobile: field("mobile") == "Y",
		Scopes: v.r.PostForm["scope"], Names: map[string]string{},
	}
	for _, language := range slices.Concat(menuLanguages, slices.Collect(maps.Keys(names))) {
		if name := field("name_" + language); name != "" {
			app.Names[language] = name
		}
	}
	app.Name = v.say("dev.local")
	for _, language := range append([]string{v.viewer.Language}, sortedKeys(app.Names)...) {
		if name := app.Names[language]; name != "" {
			app.Name = name
			break
		}
	}
	return app
}

// problems are the sentences about what is wrong with an application.
func (v *visit) problems(app App) []string {
	var problems []string
	complain := func(wrong bool, key string, args ...any) {
		if wrong {
			problems = append(problems, v.say(key, args...))
		}
	}
	complain(app.HandlerURL == "", "dev.noHandler")
	complain(app.HandlerURL != "" && !pageAddress(app.HandlerURL), "dev.badHandler")
	complain(app.InstallURL != "" && !pageAddress(app.InstallURL), "dev.badInstall")
	complain(len(app.HandlerURL) > 1000 || len(app.InstallURL) > 1000, "dev.long")
	complain(!app.OnlyAPI && len(app.Names) == 0, "dev.noName")
	for _, name := range app.Names {
		complain(utf8.RuneCountInString(name) > 100, "dev.longName")
	}
	complain(len(app.Scopes) == 0, "dev.noScope")
	for _, scope := range app.Scopes {
		complain(!slices.Contains(appScopes, scope), "dev.badScope", scope)
	}
	return problems
}

// pageAddress tells whether an application can have its page there: https
// anywhere, plain http on this computer only.
func pageAddress(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	if u.Scheme == "https" {
		return true
	}
	host := u.Hostname()
	ip, err := netip.ParseAddr(host)
	return u.Scheme == "http" && (host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && ip.IsLoopback())
}
