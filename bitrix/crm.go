package bitrix

import (
	"context"
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
func (v Viewer) Item(ctx context.Context, item CRMItem) (Item, error) { return Item{}, errNotBuilt }

// Item adds crm.item.get; decode into an [Item].
func (b *Batch) Item(key string, item CRMItem) {}
