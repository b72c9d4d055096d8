package bitrixtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// cardView is the card of one CRM item.
type cardView struct {
	Path        string // of the card: /crm/deal/details/77/
	ID          int    // 0: not saved yet
	Title       string
	Stage       string
	Responsible *personView
	Observers   []personView
	Contacts    []itemView
	Companies   []itemView
	Leads       []itemView
	Multi       []MultiField
	Created     time.Time
	CanEdit     bool
	Comments    []commentView
	Chats       []chatView
	Tabs, Tools []frameLink
	Notice      string
}

type commentView struct {
	Author string
	Text   []textPart
	Date   time.Time
}

// frameLink opens an application on a card: as a tab or over it.
type frameLink struct {
	ID    string // of the tab's element
	Title string
	Query string // of /_frame/open
}

// cardNumber is the item's number in the path; 0 is a new, unsaved card.
func (v *visit) cardNumber() (int, error) {
	n, err := strconv.Atoi(v.r.PathValue("id"))
	if err != nil || n < 0 {
		return 0, errNoPage
	}
	return n, nil
}

// card reads the card of an item, if the viewer may see it.
func (v *visit) card(t cardType) (cardView, error) {
	id, err := v.cardNumber()
	card := cardView{ID: id, Path: fmt.Sprintf("/crm/%s/details/%d/", t.path, id), Title: v.say("card.new")}
	if id == 0 || err != nil {
		card.CanEdit = true
		return card, err
	}
	v.world(func(w *World) {
		item := w.Items[ItemKey{t.name, id}]
		switch {
		case item == nil:
			err = errNoPage
		case !w.readItem(w.Users[v.viewer.ID], t.name, id):
			err = errNoAccess
		default:
			w.fillCard(&card, item, &v.viewer)
		}
	})
	return card, err
}

func (w *World) fillCard(card *cardView, item *Item, viewer *User) {
	view := w.itemView(item)
	card.Title, card.Stage, card.Multi, card.Created = view.Title, item.Stage, item.Multi, item.Created
	card.CanEdit = w.updateItem(viewer, item)
	card.Responsible = w.personLink(item.AssignedBy)
	for _, id := range item.Observers {
		if p := w.personLink(id); p != nil {
			card.Observers = append(card.Observers, *p)
		}
	}
	card.Contacts = w.itemLinks("CONTACT", item.Contacts...)
	card.Companies = w.itemLinks("COMPANY", append([]int{item.Company}, item.Companies...)...)
	card.Leads = w.itemLinks("LEAD", item.Lead)
	card.Chats = w.itemChatViews(item.ItemKey, viewer.ID, card.Path)
	for _, c := range slices.Backward(w.Timeline) {
		if c.Item != item.ItemKey {
			continue
		}
		comment := commentView{Text: w.richText(c.Text), Date: c.Date}
		if p := w.personLink(c.Author); p != nil {
			comment.Author = p.Name
		}
		card.Comments = append(card.Comments, comment)
	}
}

func (w *World) personLink(id int) *personView {
	u := w.Users[id]
	if u == nil {
		return nil
	}
	p := newPersonView(u)
	return &p
}

func (w *World) itemLinks(typ string, ids ...int) []itemView {
	var links []itemView
	for i, id := range ids {
		if item := w.Items[ItemKey{typ, id}]; item != nil && !slices.Contains(ids[:i], id) {
			links = append(links, w.itemView(item))
		}
	}
	return links
}

func (v *visit) cardPage(t cardType) error {
	card, err := v.card(t)
	if err != nil {
		return err
	}
	card.Tabs = v.frameLinks(t, card.ID, "CRM_"+t.name+"_DETAIL_TAB", "app")
	if card.ID != 0 {
		card.Tools = append(v.frameLinks(t, card.ID, "CRM_"+t.name+"_DETAIL_TOOLBAR", "tool"),
			v.frameLinks(t, card.ID, "CRM_"+t.name+"_DETAIL_ACTIVITY", "activity")...)
	}
	return v.show(http.StatusOK, "card", card.Title, card)
}

// frameLinks are the applications bound to a place of the card. Those whose
// installation is not finished are hidden, from administrators too.
func (v *visit) frameLinks(t cardType, id int, place, kind string) []frameLink {
	p := v.pages.portal
	p.mu.Lock()
	defer p.mu.Unlock()
	var links []frameLink
	for _, b := range p.placements {
		a := p.apps[b.ClientID]
		if b.Placement != place || a == nil || !a.Installed || !p.mayUse(a, &v.viewer) {
			continue
		}
		query := url.Values{"bind": {strconv.Itoa(b.ID)}, "item": {strconv.Itoa(id)}, "from": {v.r.URL.RequestURI()}}
		if kind != "app" {
			query.Set("slider", "1")
		}
		links = append(links, frameLink{
			ID: fmt.Sprintf("%s_%d", kind, b.ID), Title: cmp.Or(b.title(v.viewer.Language, p.options.Language), a.title(v.viewer.Language)),
			Query: query.Encode(),
		})
	}
	return links
}

// title is how a placement is called in the person's language, or else in the
// portal's, in English, in any.
func (b *Placement) title(languages ...string) string {
	for _, language := range append(languages, "en") {
		if title := b.Titles[language].Title; title != "" {
			return title
		}
	}
	for _, language := range sortedKeys(b.Titles) {
		if title := b.Titles[language].Title; title != "" {
			return title
		}
	}
	return ""
}

// cardPart is a part of a card that scripts fetch again.
func (v *visit) cardPart(t cardType) error {
	part := v.r.PathValue("part")
	if part != "fields" && part != "chats" {
		return errNoPage
	}
	card, err := v.card(t)
	if err != nil {
		return err
	}
	return v.fragment(part, card)
}

func (v *visit) changeCard(t cardType) error {
	card, err := v.card(t)
	if err != nil {
		return err
	}
	key := ItemKey{t.name, card.ID}
	action := v.r.PathValue("action")
	switch {
	case action == "save" && card.ID == 0:
		return v.createItem(t)
	case card.ID == 0:
		return errNoPage
	case action == "comment":
		return v.comment(key, card.Path)
	case action == "observer":
		if !card.CanEdit {
			return errNoAccess
		}
		return v.observe(key, card.Path)
	}
	return errNoPage
}

func (v *visit) createItem(t cardType) error {
	title := strings.TrimSpace(v.r.PostFormValue("title"))
	if title == "" || len(title) > 255 {
		return errBadForm
	}
	var view itemView
	v.world(func(w *World) {
		view = w.itemView(w.AddItem(Item{ItemKey: ItemKey{Type: t.name}, Title: title, AssignedBy: v.viewer.ID, Stage: "NEW"}))
	})
	http.Redirect(v.w, v.r, view.URL, http.StatusSeeOther)
	return nil
}

func (v *visit) comment(key ItemKey, back string) error {
	text := strings.TrimSpace(v.r.PostFormValue("text"))
	if text == "" {
		return errBadForm
	}
	v.world(func(w *World) {
		w.Timeline = append(w.Timeline, &TimelineComment{ID: w.id(), Author: v.viewer.ID, Item: key, Text: text, Date: w.now()})
	})
	return v.done(back)
}

// observe adds or removes an observer of an item.
func (v *visit) observe(key ItemKey, back string) error {
	add, _ := strconv.Atoi(v.r.PostFormValue("add"))
	remove, _ := strconv.Atoi(v.r.PostFormValue("remove"))
	err := error(errBadForm)
	v.world(func(w *World) {
		item := w.Items[key]
		switch u := w.Users[add]; {
		case remove != 0:
			item.Observers = slices.DeleteFunc(item.Observers, func(id int) bool { return id == remove })
			err = nil
		case u != nil && works(u):
			if !slices.Contains(item.Observers, add) {
				item.Observers = append(item.Observers, add)
			}
			err = nil
		}
		if err == nil {
			w.fireItem("UPDATE", key, v.viewer.ID)
		}
	})
	if err != nil {
		return err
	}
	return v.done(back)
}

// cardOptions are the PLACEMENT_OPTIONS of a place on a card, as the portal
// writes them: the id is a string and slashes are escaped.
// https://apidocs.bitrix24.com/api-reference/widgets/crm/detail-tab.html
func cardOptions(item int, uri string) string {
	options := struct {
		ID  string
		URI string `json:"URI,omitempty"`
	}{strconv.Itoa(item), uri}
	return phpJSON(options)
}

// phpJSON writes JSON as PHP does: slashes escaped, & < > not.
func phpJSON(value any) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "{}"
	}
	return strings.ReplaceAll(strings.TrimSuffix(out.String(), "\n"), "/", `\/`)
}
