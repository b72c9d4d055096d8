package bitrix

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ItemType is a type of CRM item that can have Open Channel chats.
type ItemType string

// The four types.
const (
	Lead    ItemType = "LEAD"
	Deal    ItemType = "DEAL"
	Contact ItemType = "CONTACT"
	Company ItemType = "COMPANY"
)

// ItemTypes returns the four types in the order of their numbers.
func ItemTypes() []ItemType { return []ItemType{Lead, Deal, Contact, Company} }

// ParseItemType reads a type by its name in any case.
func ParseItemType(s string) (ItemType, bool) {
	t := ItemType(strings.ToUpper(s))
	return t, t.EntityTypeID() != 0
}

// EntityTypeID returns the number by which crm.item.* knows the type, or zero
// for anything but the four types.
func (t ItemType) EntityTypeID() int {
	for i, known := range ItemTypes() {
		if t == known {
			return i + 1
		}
	}
	return 0
}

// CRMItem names one lead, deal, contact or company.
type CRMItem struct {
	Type ItemType
	ID   int64
}

// IsZero reports whether c names nothing.
func (c CRMItem) IsZero() bool { return c == CRMItem{} }

// String returns the item as "DEAL:77".
func (c CRMItem) String() string { return string(c.Type) + ":" + strconv.FormatInt(c.ID, 10) }

// Item is what a CRM card says about itself.
type Item struct {
	CRMItem
	Title         string // of a contact: the name
	Responsible   UserID
	Observers     []UserID
	Contacts      []int64
	Company, Lead int64
	HasIMOL       *bool // whether an Open Channel dialog was ever linked; nil when not told
}

// Item reads a CRM item (crm.item.get). Errors to test for are [ErrNotFound]
// and [ErrAccessDenied].
// See https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-get.html
func (v Viewer) Item(ctx context.Context, item CRMItem) (Item, error) {
	var i Item
	if err := v.Read(ctx, "crm.item.get", crmParams(item), &i); err != nil {
		return Item{}, fmt.Errorf("reading %v: %w", item, err)
	}
	i.Type = item.Type // some portals leave it out
	return i, nil
}

// SetObservers replaces all observers of a CRM item (crm.item.update), who may
// read it whatever their role. [ErrAccessDenied] when the caller may not change
// the item. Some portals keep no observers of contacts and companies, and say
// nothing: read [Viewer.Item] afterwards, above all after [ErrOutcomeUnknown].
// See https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-update.html
func (v Viewer) SetObservers(ctx context.Context, item CRMItem, observers []UserID) error {
	p := crmParams(item)
	p["fields"] = Params{"observers": observers}
	if err := v.Call(ctx, "crm.item.update", p, nil); err != nil {
		return fmt.Errorf("setting the observers of %v: %w", item, err)
	}
	return nil
}

func crmParams(item CRMItem) Params {
	return Params{"entityTypeId": item.Type.EntityTypeID(), "id": item.ID}
}

// wireItem is an item in the results of crm.item.get and crm.item.list. People
// have a name instead of a title.
type wireItem struct {
	ID        number       `json:"id"`
	TypeID    number       `json:"entityTypeId"`
	Title     text         `json:"title"`
	Name      text         `json:"name"`
	LastName  text         `json:"lastName"`
	Assigned  number       `json:"assignedById"`
	Observers list[number] `json:"observers"`
	ContactID number       `json:"contactId"`
	Contacts  list[number] `json:"contactIds"`
	CompanyID number       `json:"companyId"`
	Companies list[number] `json:"companyIds"`
	LeadID    number       `json:"leadId"`
	HasIMOL   *flag        `json:"hasImol"`
}

// UnmarshalJSON reads the result of crm.item.get.
func (i *Item) UnmarshalJSON(data []byte) error {
	var w struct {
		Item wireItem `json:"item"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	return i.take(w.Item)
}

func (i *Item) take(row wireItem) error {
	if row.ID <= 0 {
		return errNobody
	}
	*i = Item{
		Title:       string(row.Title),
		Responsible: UserID(row.Assigned),
		Company:     int64(row.CompanyID),
		Lead:        int64(row.LeadID),
	}
	i.ID = int64(row.ID)
	if types := ItemTypes(); row.TypeID >= 1 && int(row.TypeID) <= len(types) {
		i.Type = types[row.TypeID-1]
	}
	if i.Title == "" {
		i.Title = strings.TrimSpace(string(row.Name) + " " + string(row.LastName))
	}
	if i.Company == 0 && len(row.Companies) > 0 {
		i.Company = int64(row.Companies[0])
	}
	for _, o := range row.Observers {
		i.Observers = append(i.Observers, UserID(o))
	}
	for _, c := range append(list[number]{row.ContactID}, row.Contacts...) {
		if c > 0 && !slices.Contains(i.Contacts, int64(c)) {
			i.Contacts = append(i.Contacts, int64(c))
		}
	}
	if row.HasIMOL != nil {
		has := bool(*row.HasIMOL)
		i.HasIMOL = &has
	}
	return nil
}

// Items is the result of crm.item.list.
type Items []Item

// UnmarshalJSON reads the result of crm.item.list.
func (l *Items) UnmarshalJSON(data []byte) error {
	var w struct {
		Items list[wireItem] `json:"items"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*l = make(Items, len(w.Items))
	for n, row := range w.Items {
		if err := (*l)[n].take(row); err != nil {
			return err
		}
	}
	return nil
}

// NewestItems adds crm.item.list for the first page of the items of a type that
// the caller may read, the newest first, with their ids and titles alone; decode
// into [Items]. See https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-list.html
func (b *Batch) NewestItems(key string, t ItemType) {
	b.Add(key, "crm.item.list", Params{
		"entityTypeId": t.EntityTypeID(), "select": []string{"id", "title", "name", "lastName"},
		"order": Params{"id": "DESC"}, "start": -1,
	})
}

// Item adds crm.item.get; decode into an [Item].
func (b *Batch) Item(key string, item CRMItem) {
	b.Add(key, "crm.item.get", crmParams(item))
}
