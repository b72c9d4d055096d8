package bitrixtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// frameAnswers are what the scripts of a page ask the portal's server about
// one of its frames. Each runs under the portal's lock; a nil answer is none.
var frameAnswers = map[string]func(v *visit, f *frame, a *application, body []byte) (any, error){
	"call":        (*visit).recordCall,
	"first":       (*visit).markOpened,
	"install":     (*visit).finishInstall,
	"user-option": (*visit).setUserOption,
	"app-option":  (*visit).setAppOption,
}

// askFrame answers the scripts of the page about one of the viewer's frames.
func (v *visit) askFrame() error {
	if !isJSON(v.r) {
		return errBadForm
	}
	var body json.RawMessage
	if err := json.NewDecoder(http.MaxBytesReader(v.w, v.r.Body, maxPageForm)).Decode(&body); err != nil {
		return errBadForm
	}
	what := v.r.PathValue("what")
	if what == "refresh" {
		return v.refreshFrame()
	}
	answer := frameAnswers[what]
	if answer == nil {
		return errNoPage
	}
	var value any
	err := v.withFrame(func(f *frame, a *application) (err error) {
		value, err = answer(v, f, a, body)
		return err
	})
	if err != nil {
		return err
	}
	if value == nil {
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return v.reply(value)
}

// withFrame runs do, under the portal's lock, for the frame in the path.
func (v *visit) withFrame(do func(f *frame, a *application) error) error {
	p := v.pages.portal
	p.mu.Lock()
	defer p.mu.Unlock()
	f := v.pages.frames.open[v.r.PathValue("sid")]
	if f == nil || f.user != v.viewer.ID || p.apps[f.clientID] == nil {
		return errNoPage
	}
	return do(f, p.apps[f.clientID])
}

// refreshFrame gives the frame a new pair of tokens of the same person.
func (v *visit) refreshFrame() error {
	var clientID string
	err := v.withFrame(func(f *frame, a *application) error {
		clientID = f.clientID
		return nil
	})
	if err != nil {
		return err
	}
	pair := v.pages.portal.Token(clientID, v.viewer.ID)
	return v.reply(map[string]string{"AUTH_ID": pair.Access, "AUTH_EXPIRES": "3600", "REFRESH_ID": pair.Refresh})
}

func (v *visit) recordCall(f *frame, a *application, body []byte) (any, error) {
	var said struct {
		Command string          `json:"command"`
		Params  json.RawMessage `json:"params"`
		Dropped string          `json:"dropped"`
	}
	if json.Unmarshal(body, &said) != nil || said.Command == "" {
		return nil, errBadForm
	}
	book := &v.pages.frames
	if len(book.calls) >= maxFrames {
		book.calls = nil
	}
	book.calls = append(book.calls, FrameCall{
		SID: f.sid, ClientID: f.clientID, User: f.user, Placement: f.placement,
		Command: said.Command, Params: tokenText.ReplaceAll(said.Params, []byte("(token)")), Dropped: said.Dropped,
	})
	return nil, nil
}

// markOpened stores that the person has opened the application before.
func (v *visit) markOpened(f *frame, a *application, body []byte) (any, error) {
	a.Opened = withPerson(a.Opened, v.viewer.ID, true)
	return nil, nil
}

// withPerson is a changed copy.
func withPerson[V any](m map[int]V, person int, value V) map[int]V {
	changed := make(map[int]V, len(m)+1)
	for id, v := range m {
		changed[id] = v
	}
	changed[person] = value
	return changed
}

// setUserOption stores an option of the person, and answers all of them.
func (v *visit) setUserOption(f *frame, a *application, body []byte) (any, error) {
	name, value, err := option(body)
	if err != nil {
		return nil, err
	}
	a.UserOptions = withPerson(a.UserOptions, v.viewer.ID, with(a.UserOptions[v.viewer.ID], name, value))
	return a.UserOptions[v.viewer.ID], nil
}

// setAppOption stores an option of the application; for administrators only.
func (v *visit) setAppOption(f *frame, a *application, body []byte) (any, error) {
	if !v.viewer.Admin {
		return nil, errAdminOnly
	}
	name, value, err := option(body)
	if err != nil {
		return nil, err
	}
	a.AppOptions = with(a.AppOptions, name, value)
	return a.AppOptions, nil
}

func option(body []byte) (name string, value any, err error) {
	var typed struct {
		Name  string `json:"name"`
		Value any    `json:"value"`
	}
	if json.Unmarshal(body, &typed) != nil || typed.Name == "" {
		return "", nil, errBadForm
	}
	return typed.Name, typed.Value, nil
}

// pickerRow is one row of a picker on the page.
type pickerRow struct {
	ID       any    `json:"id"`
	Name     string `json:"name"`
	Note     string `json:"note"`
	Photo    string `json:"photo"`
	Position string `json:"position"`
	URL      string `json:"url"`
	Type     string `json:"type,omitempty"`
	Title    string `json:"title,omitempty"`
	Desc     string `json:"desc"`
	Image    any    `json:"image,omitempty"` // of contacts and companies, empty where they have none
}

// pickPeople offers employees to the picker.
func (v *visit) pickPeople() error {
	rows := []pickerRow{}
	v.world(func(w *World) {
		people, _ := w.findPeople(v.r.URL.Query().Get("q"), 0, func(u *User) bool { return u.Active && u.Type == Employee })
		for _, p := range people {
			rows = append(rows, pickerRow{
				ID: fmt.Sprint(p.ID), Name: p.Name, Note: p.Position, Photo: w.Users[p.ID].Photo, Position: p.Position, URL: p.URL,
			})
		}
	})
	return v.reply(rows)
}

// pickAccess offers holders of rights: everybody, departments, workgroups, people.
func (v *visit) pickAccess() error {
	query := v.r.URL.Query().Get("q")
	rows := []pickerRow{}
	add := func(id, name string) {
		if matches(query, name) {
			rows = append(rows, pickerRow{ID: id, Name: name})
		}
	}
	v.world(func(w *World) {
		add("AU", v.say("access.everybody"))
		for _, id := range sortedKeys(w.Departments) {
			add(fmt.Sprintf("DR%d", id), w.Departments[id].Name)
		}
		for _, id := range sortedKeys(w.Workgroups) {
			add(fmt.Sprintf("SG%d", id), w.Workgroups[id].Name)
		}
		people, _ := w.findPeople(query, 0, works)
		for _, p := range people {
			rows = append(rows, pickerRow{ID: fmt.Sprintf("U%d", p.ID), Name: p.Name, Note: p.Position})
		}
	})
	return v.reply(rows)
}

// pickCRM offers the CRM items the person reads.
func (v *visit) pickCRM() error {
	query := v.r.URL.Query()
	wanted := strings.Split(query.Get("types"), ",")
	rows := []pickerRow{}
	v.world(func(w *World) {
		for _, t := range cardTypes {
			if !slices.Contains(wanted, t.path) {
				continue
			}
			items, _ := w.findItems(w.Users[v.viewer.ID], query.Get("q"), 0, t.name)
			for _, i := range items {
				row := pickerRow{
					ID: fmt.Sprintf("%s_%d", t.prefix, i.ID), Name: i.Title, Note: v.say("menu." + t.path),
					Type: t.path, Title: i.Title, Desc: i.Responsible, URL: i.URL,
				}
				if t.path == "contact" || t.path == "company" {
					row.Image = ""
				}
				rows = append(rows, row)
			}
		}
	})
	return v.reply(rows)
}

// finishInstall is the install page's word that it is done. Only an
// administrator's counts; "value": false undoes it.
func (v *visit) finishInstall(f *frame, a *application, body []byte) (any, error) {
	var said struct {
		Value *bool `json:"value"`
	}
	_ = json.Unmarshal(body, &said) // no value means true
	switch {
	case !v.viewer.Admin:
	case said.Value != nil && !*said.Value:
		a.Installed = false
	default:
		v.pages.portal.finishInstall(a, v.viewer.ID)
	}
	return nil, nil
}
