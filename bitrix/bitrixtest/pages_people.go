package bitrixtest

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (g *pages) routePeople() {
	g.open("GET /login/", (*visit).signInPage)
	g.open("POST /login/", (*visit).signIn)
	g.open("POST /logout/", (*visit).signOut)
	g.signed("GET /{$}", (*visit).startPage)
	g.signed("POST /language/", (*visit).setLanguage)
	g.signed("GET /company/{$}", (*visit).peoplePage)
	g.signed("GET /company/personal/user/{id}/", (*visit).profilePage)
	g.signed("POST /company/personal/user/{id}/{action}", (*visit).employ)
	g.signed("GET /workgroups/group/{id}/", (*visit).workgroupPage)
	g.signed("GET /notifications/{$}", (*visit).noticesPage)
	g.signed("GET /notifications/list/{$}", func(v *visit) error { return v.fragment("notices", v.notices()) })
}

// personView is one user as pages print them.
type personView struct {
	ID             int
	Name, Initials string
	Position       string
	Departments    string
	URL            string
	Mark           string // key of what is special about the person, or ""
	Active         bool
	Seen           time.Time
}

func newPersonView(u *User) personView {
	p := personView{
		ID: u.ID, Name: cmp.Or(u.FullName(), fmt.Sprintf("#%d", u.ID)), Position: u.Position, Active: u.Active,
		URL: fmt.Sprintf("/company/personal/user/%d/", u.ID), Seen: u.LastActivity,
	}
	for _, part := range []string{u.Name, u.LastName} {
		for _, letter := range part {
			p.Initials += string(letter)
			break
		}
	}
	switch {
	case !u.Active:
		p.Mark = "person.off"
	case u.Type == Customer:
		p.Mark = "person.client"
	case u.Type == BotUser:
		p.Mark = "person.bot"
	case u.Type == Extranet:
		p.Mark = "person.guest"
	case u.Type == Email:
		p.Mark = "person.email"
	case u.Admin:
		p.Mark = "person.admin"
	case !u.Accepted:
		p.Mark = "person.new"
	}
	return p
}

// personView is the view of a user with the names of the departments.
func (w *World) personView(u *User) personView {
	p := newPersonView(u)
	var names []string
	for _, id := range u.Departments {
		if d := w.Departments[id]; d != nil {
			names = append(names, d.Name)
		}
	}
	p.Departments = strings.Join(names, ", ")
	return p
}

// works tells whether a user is somebody who could sign in.
func works(u *User) bool {
	return u.Active && (u.Type == Employee || u.Type == Extranet)
}

// peoplePerPage is how many people or items a list shows at once.
const peoplePerPage = 50

// matches tells whether every word of a query begins a word of the texts.
func matches(query string, texts ...string) bool {
	return hasPrefixes(words(query), words(strings.Join(texts, " ")))
}

// findPeople are those who match, by id, at most one page of them from start
// on, and how many there are in all.
func (w *World) findPeople(query string, start int, fits func(u *User) bool) (found []personView, total int) {
	finder := w.finder(query)
	for _, u := range w.people() {
		if !fits(u) || !finder.finds(u) {
			continue
		}
		if total++; total > start && len(found) < peoplePerPage {
			found = append(found, w.personView(u))
		}
	}
	return found, total
}

// backQuery is the query that remembers a page to return to.
func backQuery(address string) string { return url.Values{"back": {address}}.Encode() }

// ownAddress is an address of this portal, whatever was asked for.
func ownAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(u.Path, "/") || strings.ContainsAny(address, "\\") {
		return "/"
	}
	return address
}

func (v *visit) signInPage() error {
	query := v.r.URL.Query()
	data := struct {
		Query, Back string
		People      []personView
		More        int
	}{Query: query.Get("q"), Back: ownAddress(query.Get("back"))}
	v.world(func(w *World) {
		var total int
		data.People, total = w.findPeople(data.Query, 0, works)
		data.More = total - len(data.People)
	})
	return v.show(http.StatusOK, "signin", v.say("signIn.title"), data)
}

func (v *visit) signIn() error {
	id, _ := strconv.Atoi(v.r.PostFormValue("user"))
	allowed := false
	v.world(func(w *World) {
		u := w.Users[id]
		allowed = u != nil && works(u)
	})
	if !allowed {
		return &pageError{http.StatusBadRequest, "error.person"}
	}
	v.pages.portal.signIn(v.w, v.r, id)
	http.Redirect(v.w, v.r, ownAddress(v.r.PostFormValue("back")), http.StatusSeeOther)
	return nil
}

func (v *visit) signOut() error {
	v.pages.portal.signOut(v.w, v.r)
	http.Redirect(v.w, v.r, "/login/", http.StatusSeeOther)
	return nil
}

func (v *visit) setLanguage() error {
	language := v.r.PostFormValue("language")
	if !slices.Contains(viewerLanguages, language) {
		return errBadForm
	}
	v.world(func(w *World) { w.SetLanguage(v.viewer.ID, language) })
	return v.done(ownAddress(v.r.PostFormValue("back")))
}

func (v *visit) startPage() error {
	var data struct {
		Cards []itemView
		Apps  appList
	}
	v.world(func(w *World) {
		for _, key := range sortedItems(w.Items) {
			if len(data.Cards) < 8 && len(w.boundActivities(key)) > 0 && w.readItem(w.Users[v.viewer.ID], key.Type, key.ID) {
				data.Cards = append(data.Cards, w.itemView(w.Items[key]))
			}
		}
	})
	data.Apps = v.appList()
	return v.show(http.StatusOK, "start", v.say("start.title", v.viewer.Name), data)
}

// pageStart reads the offset of a list from the query.
func (v *visit) pageStart() int {
	start, err := strconv.Atoi(v.r.URL.Query().Get("start"))
	if err != nil || start < 0 {
		return 0
	}
	return start
}

// nextPage is the address of the next page of a list, or "".
func (v *visit) nextPage(start, total int) string {
	if start+peoplePerPage >= total {
		return ""
	}
	query := v.r.URL.Query()
	query.Set("start", strconv.Itoa(start+peoplePerPage))
	return v.r.URL.Path + "?" + query.Encode()
}

func (v *visit) peoplePage() error {
	data := struct {
		Query, Next string
		People      []personView
	}{Query: v.r.URL.Query().Get("q")}
	start := v.pageStart()
	v.world(func(w *World) {
		var total int
		data.People, total = w.findPeople(data.Query, start, func(u *User) bool { return u.Type == Employee || u.Type == Extranet })
		data.Next = v.nextPage(start, total)
	})
	return v.show(http.StatusOK, "people", v.say("people.title"), data)
}

func (v *visit) profilePage() error {
	id, _ := v.number("id")
	var person *personView
	v.world(func(w *World) {
		if u := w.Users[id]; u != nil {
			p := w.personView(u)
			person = &p
		}
	})
	if person == nil {
		return errNoPage
	}
	return v.show(http.StatusOK, "profile", person.Name, person)
}

// employ dismisses or restores a person.
func (v *visit) employ() error {
	if !v.viewer.Admin {
		return errAdminOnly
	}
	id, _ := v.number("id")
	action := v.r.PathValue("action")
	if action != "dismiss" && action != "restore" {
		return errNoPage
	}
	err := error(errNoPage)
	v.world(func(w *World) {
		u := w.Users[id]
		if u == nil || u.Type != Employee && u.Type != Extranet || id == v.viewer.ID {
			return
		}
		err = nil
		if action == "dismiss" {
			w.Dismiss(id)
		} else {
			w.Restore(id)
		}
	})
	if err != nil {
		return err
	}
	return v.done(ownAddress(v.r.PostFormValue("back")))
}

func (v *visit) workgroupPage() error {
	id, _ := v.number("id")
	var data *struct {
		Name   string
		People []personView
	}
	v.world(func(w *World) {
		group := w.Workgroups[id]
		if group == nil {
			return
		}
		data = new(struct {
			Name   string
			People []personView
		})
		data.Name = group.Name
		for _, member := range group.Members {
			if u := w.Users[member]; u != nil {
				data.People = append(data.People, w.personView(u))
			}
		}
	})
	if data == nil {
		return errNoPage
	}
	return v.show(http.StatusOK, "group", data.Name, data)
}

// noticeView is one notification as the list prints it.
type noticeView struct {
	From string
	App  bool
	Text []textPart
	Date time.Time
}

func (v *visit) noticesPage() error {
	return v.show(http.StatusOK, "notices", v.say("notices.title"), v.notices())
}

// notices are the viewer's notifications, the newest first.
func (v *visit) notices() (notices []noticeView) {
	v.world(func(w *World) {
		for _, n := range slices.Backward(w.Notifications) {
			if n.User != v.viewer.ID {
				continue
			}
			view := noticeView{App: n.App != "", Text: w.richText(n.Text), Date: n.Date}
			if u := w.Users[n.Author]; u != nil {
				view.From = u.FullName()
			}
			notices = append(notices, view)
		}
	})
	return notices
}
