package bitrixtest

import (
	"net/http"
	"strings"
	"unicode"
)

// errOldCRM is an error of the older CRM methods, whose codes are empty.
func errOldCRM(text string) error { return restErr(http.StatusBadRequest, "", text) }

// oldItem is the item of a type that the parameter ID names.
func (c *call) oldItem(typ string) (*Item, error) {
	id := c.params.upper().int("ID")
	if id <= 0 {
		return nil, errOldCRM("ID is not defined or invalid")
	}
	item := c.world.Items[ItemKey{typ, id}]
	if item == nil {
		return nil, errOldCRM("Not found")
	}
	if c.world.readItem(c.user, typ, id) {
		return item, nil
	}
	if typ == "CONTACT" || typ == "COMPANY" {
		return nil, errOldCRM("Not found")
	}
	return nil, errOldCRM("Access denied")
}

// crmOldGet is crm.deal.get, crm.lead.get, crm.contact.get or crm.company.get
// https://apidocs.bitrix24.com/api-reference/crm/deals/crm-deal-get.html
func crmOldGet(typ string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		item, err := c.oldItem(typ)
		if err != nil {
			return nil, err
		}
		return oldItemObject(item), nil
	}
}

// crmLinks is crm.deal.contact.items.get or crm.contact.company.items.get
// https://apidocs.bitrix24.com/api-reference/crm/deals/contacts/crm-deal-contact-items-get.html
func crmLinks(typ, key string) func(c *call) (any, error) {
	return func(c *call) (any, error) {
		item, err := c.oldItem(typ)
		if err != nil {
			return nil, err
		}
		ids := item.Contacts
		if typ == "CONTACT" {
			ids = item.Companies
		}
		rows := []map[string]any{}
		for i, id := range ids {
			rows = append(rows, map[string]any{key: id, "SORT": 10 * (i + 1), "ROLE_ID": 0, "IS_PRIMARY": yesNo(i == 0)})
		}
		return rows, nil
	}
}

// crm.timeline.comment.add asks for the right to change the item (portal
// source: crm/lib/controller/timeline/comment.php).
// https://apidocs.bitrix24.com/api-reference/crm/timeline/comments/crm-timeline-comment-add.html
func crmTimelineCommentAdd(c *call) (any, error) {
	f, err := c.fields()
	if err != nil {
		return nil, err
	}
	typ, known := c.world.typeByID(f.int("ENTITY_TYPE_ID"))
	if f.int("ENTITY_TYPE_ID") == 0 {
		typ, known = c.world.resolveType(f.string("ENTITY_TYPE"))
	}
	key := ItemKey{typ, f.int("ENTITY_ID")}
	if key.ID <= 0 || !known {
		return nil, restErr(http.StatusBadRequest, "OWNER_NOT_FOUND", "Owner of the element not found")
	}
	item := c.world.Items[key]
	switch {
	case item == nil && c.user.Admin:
		return nil, restErr(http.StatusBadRequest, "NOT_FOUND", c.world.text("item_missing"))
	case item == nil || !c.world.updateItem(c.user, item):
		return nil, restErr(http.StatusBadRequest, "ACCESS_DENIED", c.world.text("item_update"))
	}
	text := strings.TrimFunc(f.string("COMMENT"), unicode.IsSpace)
	if text == "" {
		return nil, restErr(http.StatusBadRequest, "INVALID_ARG_VALUE", "Empty comment message")
	}
	comment := &TimelineComment{ID: c.world.id(), Author: c.user.ID, Item: key, Text: text, Date: c.world.now()}
	c.world.Timeline = append(c.world.Timeline, comment)
	return comment.ID, nil
}
