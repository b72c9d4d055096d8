package bitrixtest

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// cardTypes are the CRM types that have cards on the pages.
var cardTypes = []cardType{{"lead", "LEAD", "L"}, {"deal", "DEAL", "D"}, {"contact", "CONTACT", "C"}, {"company", "COMPANY", "CO"}}

type cardType struct {
	path   string // in addresses: "deal"
	name   string // in placements: "DEAL"
	prefix string // of its ids in pickers: "D"
}

func (g *pages) routeCRM() {
	for _, t := range cardTypes {
		g.signed("GET /crm/"+t.path+"/{$}", func(v *visit) error { return v.listPage(t) })
		g.signed("GET /crm/"+t.path+"/list/{$}", func(v *visit) error { return v.listPage(t) })
		g.signed("GET /crm/"+t.path+"/details/{id}/{$}", func(v *visit) error { return v.cardPage(t) })
		g.signed("POST /crm/"+t.path+"/details/{id}/{action}", func(v *visit) error { return v.changeCard(t) })
		g.signed("GET /crm/"+t.path+"/details/{id}/{part}", func(v *visit) error { return v.cardPart(t) })
	}
}

// itemView is a CRM item in a list or a link.
type itemView struct {
	Type, Title, URL string
	ID               int
	Responsible      string
	Chats            int
}

func (w *World) itemView(i *Item) itemView {
	view := itemView{
		Type: i.Type, ID: i.ID, Title: cmp.Or(i.Title, fmt.Sprintf("%s %d", i.Type, i.ID)),
		URL: fmt.Sprintf("/crm/%s/details/%d/", strings.ToLower(i.Type), i.ID), Chats: len(w.boundActivities(i.ItemKey)),
	}
	if u := w.Users[i.AssignedBy]; u != nil {
		view.Responsible = u.FullName()
	}
	return view
}

// sortedItems are the keys of items by type, then number.
func sortedItems(items map[ItemKey]*Item) []ItemKey {
	return slices.SortedFunc(maps.Keys(items), func(a, b ItemKey) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
	})
}

// findItems are the items of the types that the person reads and that match.
func (w *World) findItems(viewer *User, query string, start int, types ...string) (found []itemView, total int) {
	for _, key := range sortedItems(w.Items) {
		item := w.Items[key]
		if !slices.Contains(types, key.Type) || !matches(query, item.Title, strconv.Itoa(key.ID)) || !w.readItem(viewer, key.Type, key.ID) {
			continue
		}
		if total++; total > start && len(found) < peoplePerPage {
			found = append(found, w.itemView(item))
		}
	}
	return found, total
}

func (v *visit) listPage(t cardType) error {
	data := struct {
		Path, Query, Next string
		Items             []itemView
	}{Path: t.path, Query: v.r.URL.Query().Get("q")}
	start := v.pageStart()
	v.world(func(w *World) {
		var total int
		data.Items, total = w.findItems(&v.viewer, data.Query, start, t.name)
		data.Next = v.nextPage(start, total)
	})
	return v.show(http.StatusOK, "list", v.say("menu."+t.path), data)
}
