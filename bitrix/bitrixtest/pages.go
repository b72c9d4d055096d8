package bitrixtest

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed pages
var pageFiles embed.FS

// pages serves what people see of the portal: sign-in, CRM cards with
// application frames, chats, applications and the developer area.
type pages struct {
	portal    *Portal
	mux       *http.ServeMux
	templates map[string]*template.Template // by language and page: "en/card"
	frames    frameBook
}

func newPages(p *Portal) *pages {
	g := &pages{portal: p, mux: http.NewServeMux(), templates: parsePages(), frames: newFrameBook()}
	g.mux.HandleFunc("GET /_pages/{file}", serveAsset)
	g.routePeople()
	g.routeCRM()
	g.routeChats()
	g.routeApplications()
	g.routeFrames()
	g.routeOAuth()
	g.open("/", func(v *visit) error { return errNoPage })
	return g
}

// parsePages parses every page once per language, with its sentences bound. All
// portals share them: nothing in them is of one portal.
var parsePages = sync.OnceValue(func() map[string]*template.Template {
	all := map[string]*template.Template{}
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		panic("bitrixtest: the embedded pages: " + err.Error())
	}
	for _, lang := range pageLanguages {
		say := func(key string, args ...any) string { return sentence(lang, key, args...) }
		shared := template.New("").Funcs(template.FuncMap{
			"t":    say,
			"when": func(t time.Time) string { return t.Format("02.01.2006 15:04") },
			"json": func(v any) (string, error) { text, err := json.Marshal(v); return string(text), err },
		})
		shared = template.Must(shared.ParseFS(pageFiles, "pages/layout.html", "pages/parts.html"))
		for _, name := range names {
			page := strings.TrimSuffix(strings.TrimPrefix(name, "pages/"), ".html")
			all[lang+"/"+page] = template.Must(template.Must(shared.Clone()).ParseFS(pageFiles, name))
		}
	}
	return all
})

// ServeHTTP serves the pages. Forms of other sites are refused.
func (g *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.NewCrossOriginProtection().Handler(g.mux).ServeHTTP(w, r)
}

// serveAsset serves the styles and scripts of the pages.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	file, err := pageFiles.ReadFile("pages/" + name)
	if err != nil || strings.HasSuffix(name, ".html") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(file)))
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(file))
}

// visit is one request for a page by a person who is signed in, or by nobody.
type visit struct {
	pages  *pages
	w      http.ResponseWriter
	r      *http.Request
	viewer User   // a copy; ID 0 is nobody
	lang   string // of the page: one of pageLanguages
}

// What can be wrong with a visit, each with the page that says so.
var (
	errNoPage    = &pageError{http.StatusNotFound, "error.notFound"}
	errBadForm   = &pageError{http.StatusBadRequest, "error.badForm"}
	errForbidden = &pageError{http.StatusForbidden, "error.forbidden"}
	errAdminOnly = &pageError{http.StatusForbidden, "error.adminOnly"}
	errNoAccess  = &pageError{http.StatusForbidden, "error.noAccess"}
)

type pageError struct {
	status int
	key    string
}

func (e *pageError) Error() string { return e.key }

// maxPageForm limits the forms of the pages.
const maxPageForm = 64 << 10

// open serves a pattern to everybody.
func (g *pages) open(pattern string, serve func(v *visit) error) {
	g.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		v := g.visit(w, r)
		if r.Method == http.MethodPost && !isJSON(r) {
			r.Body = http.MaxBytesReader(w, r.Body, maxPageForm)
			if err := r.ParseForm(); err != nil {
				v.fail(errBadForm)
				return
			}
		}
		if err := serve(v); err != nil {
			v.fail(err)
		}
	})
}

// signed serves a pattern to people who are signed in; others are sent to the sign-in page.
func (g *pages) signed(pattern string, serve func(v *visit) error) {
	g.open(pattern, func(v *visit) error {
		if v.viewer.ID != 0 {
			return serve(v)
		}
		if v.r.Method != http.MethodGet || v.isFetch() {
			return errForbidden
		}
		http.Redirect(v.w, v.r, "/login/?"+backQuery(v.r.URL.RequestURI()), http.StatusSeeOther)
		return nil
	})
}

func (g *pages) visit(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{pages: g, w: w, r: r, lang: pageLanguage(g.portal.options.Language)}
	if u := g.portal.signedIn(r); u != nil {
		g.portal.Do(func(*World) { v.viewer = *u })
		v.lang = pageLanguage(u.Language)
	}
	return v
}

func isJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}

// isFetch tells whether a script of the page asked.
func (v *visit) isFetch() bool {
	return v.r.Header.Get("X-Requested-With") == "fetch" || v.r.Header.Get("Sec-Fetch-Dest") == "empty"
}

// fail answers with the page of an error.
func (v *visit) fail(err error) {
	shown := &pageError{http.StatusInternalServerError, "error.internal"}
	if !errors.As(err, &shown) {
		v.pages.portal.options.Log.Error("portal page", "path", v.r.URL.Path, "error", err)
	}
	if v.isFetch() {
		http.Error(v.w, v.say(shown.key), shown.status)
		return
	}
	v.show(shown.status, "error", http.StatusText(shown.status), v.say(shown.key))
}

// done ends a form: back to where it came from, or nothing for a script.
func (v *visit) done(back string) error {
	if v.isFetch() {
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(v.w, v.r, back, http.StatusSeeOther)
	return nil
}

func (v *visit) say(key string, args ...any) string { return sentence(v.lang, key, args...) }

// world runs a change, or a reading, under the portal's lock.
func (v *visit) world(change func(w *World)) { v.pages.portal.Do(change) }

// number reads a positive number from the path.
func (v *visit) number(name string) (int, bool) {
	n, err := strconv.Atoi(v.r.PathValue(name))
	return n, err == nil && n > 0
}

// pageView is what every page prints, whatever it is about.
type pageView struct {
	Title     string
	Lang      string
	Portal    string
	Viewer    *personView
	Admin     bool
	Language  string
	Languages []string
	Menu      []menuGroup
	Here      string // this page, for the way back
	Slider    bool   // shown inside a side slider, without the portal around it
	Texts     map[string]string
	Data      any
}

type menuGroup struct {
	Title string
	Links []menuLink
}

type menuLink struct {
	Title, URL string
	Current    bool
}

// show renders a page into a buffer and sends it.
func (v *visit) show(status int, page, title string, data any) error {
	view := pageView{
		Title: title, Lang: v.lang, Portal: v.r.Host, Here: v.r.URL.RequestURI(), Languages: viewerLanguages,
		Slider: v.inSlider(), Texts: scriptTexts(v.lang), Data: data,
	}
	if v.viewer.ID != 0 {
		person := newPersonView(&v.viewer)
		view.Viewer, view.Admin, view.Language = &person, v.viewer.Admin, v.viewer.Language
		view.Menu = v.menu()
	}
	return v.render(status, page, "layout", view)
}

// inSlider tells whether the page stands in a side slider, without the portal around it.
func (v *visit) inSlider() bool { return v.r.URL.Query().Get("IFRAME") == "Y" }

// fragment renders one part of a page, without the page around it.
func (v *visit) fragment(part string, data any) error {
	return v.render(http.StatusOK, "parts", part, data)
}

func (v *visit) render(status int, page, part string, data any) error {
	var out bytes.Buffer
	if err := v.pages.templates[v.lang+"/"+page].ExecuteTemplate(&out, part, data); err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	v.w.WriteHeader(status)
	_, _ = out.WriteTo(v.w) // an error means that the browser is gone: nobody is left to tell
	return nil
}

// reply answers a script with JSON.
func (v *visit) reply(value any) error {
	v.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	v.w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(v.w).Encode(value)
}

// menu is the left menu with the items of the installed applications.
func (v *visit) menu() []menuGroup {
	link := func(key, url string) menuLink {
		return menuLink{v.say(key), url, url != "/" && strings.HasPrefix(v.r.URL.Path, url) || url == v.r.URL.Path}
	}
	crm := menuGroup{Title: v.say("menu.crm")}
	for _, t := range cardTypes {
		crm.Links = append(crm.Links, link("menu."+t.path, "/crm/"+t.path+"/"))
	}
	apps := menuGroup{Title: v.say("menu.apps"), Links: []menuLink{link("menu.market", "/marketplace/")}}
	for _, a := range v.applications() {
		if a.Installed && !a.OnlyAPI && v.mayUse(a) {
			apps.Links = append(apps.Links, menuLink{a.title(v.viewer.Language), a.path(), v.r.URL.Path == a.path()})
		}
	}
	apps.Links[0].Current = v.r.URL.Path == "/marketplace/"
	if v.viewer.Admin {
		apps.Links = append(apps.Links, link("menu.devops", "/devops/"))
	}
	return []menuGroup{
		{Links: []menuLink{link("menu.start", "/"), link("menu.online", "/online/"), link("menu.people", "/company/"), link("menu.notices", "/notifications/")}},
		crm, apps,
	}
}

func scriptTexts(lang string) map[string]string {
	texts := map[string]string{}
	for key := range maps.Keys(sentences) {
		if name, ok := strings.CutPrefix(key, "js."); ok {
			texts[name] = sentence(lang, key)
		}
	}
	return texts
}
