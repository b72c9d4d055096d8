package bitrixtest

import (
	"net/http"
	"slices"
	"strings"
)

// itemType is the CRM type that a controller's entityTypeId names.
func (c *call) itemType() (string, error) {
	if !isIntranet(c.user) {
		return "", restErr(http.StatusForbidden, "allowed_only_intranet_user", c.world.text("intranet_only"))
	}
	if !c.params.has("entityTypeId") {
		return "", missingParameter("entityTypeId")
	}
	typ, ok := c.world.typeByID(c.params.int("entityTypeId"))
	if !ok {
		return "", restErr(http.StatusBadRequest, "NOT_FOUND", c.world.text("type_missing"))
	}
	return typ, nil
}

func missingParameter(name string) error {
	return restErr(http.StatusBadRequest, "100", "Could not find value for parameter {"+name+"}")
}

// fields is the parameter of that name of a controller, which has to be an array.
func (c *call) fields() (params, error) {
	switch {
	case !c.params.has("fields"):
		return nil, missingParameter("fields")
	case !c.params.isArray("fields"):
		return nil, restErr(http.StatusBadRequest, "100",
			"Invalid value {"+c.params.string("fields")+"} to match with parameter {fields}. Should be value of type array.")
	}
	return c.params.object("fields"), nil
}

// requestedItem is the item of entityTypeId and id. That it exists is asked
// before the right to read it.
func (c *call) requestedItem() (*Item, error) {
	typ, err := c.itemType()
	if err != nil {
		return nil, err
	}
	if !c.params.has("id") {
		return nil, missingParameter("id")
	}
	item := c.world.Items[ItemKey{typ, c.params.int("id")}]
	if item == nil {
		return nil, restErr(http.StatusBadRequest, "NOT_FOUND", c.world.text("item_missing"))
	}
	return item, nil
}

// crm.item.get
// https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-get.html
func crmItemGet(c *call) (any, error) {
	item, err := c.requestedItem()
	if err != nil {
		return nil, err
	}
	if !c.world.readItem(c.user, item.Type, item.ID) {
		return nil, restErr(http.StatusBadRequest, "ACCESS_DENIED", c.world.text("item_denied"))
	}
	return map[string]any{"item": c.world.itemObject(item)}, nil
}

// crm.item.list
// https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-list.html
func crmItemList(c *call) (any, error) {
	typ, err := c.itemType()
	if err != nil {
		return nil, err
	}
	conditions, unknown := itemConditions(c.params.object("filter"))
	if unknown != "" {
		return nil, restErr(http.StatusBadRequest, "INVALID_ARG_VALUE", "Invalid filter: field '"+unknown+"' is not allowed in filter")
	}
	var items []*Item
	for key, item := range c.world.Items {
		if key.Type == typ && c.world.readItem(c.user, typ, key.ID) && matchesItem(item, conditions) {
			items = append(items, item)
		}
	}
	c.sortItems(items, c.params.object("order"))
	cut, next := page(items, c.start, pageSize)
	rows := []map[string]any{}
	for _, item := range cut {
		rows = append(rows, selectKeys(c.world.itemObject(item), c.params.strings("select")))
	}
	total := len(items)
	if c.start < 0 {
		total, next = 0, 0
	}
	return list{rows: map[string]any{"items": rows}, total: total, next: next}, nil
}

// pageSize is how many rows the lists of the portal return at once.
const pageSize = 50

// itemField are the fields of an item that crm.item.list filters and sorts by.
var itemField = map[string]func(*Item) any{
	"id": func(i *Item) any { return i.ID }, "title": func(i *Item) any { return i.Title },
	"assignedById": func(i *Item) any { return i.AssignedBy }, "createdBy": func(i *Item) any { return i.CreatedBy },
	"companyId": func(i *Item) any { return i.Company }, "contactId": func(i *Item) any { return first(i.Contacts) },
	"leadId": func(i *Item) any { return i.Lead }, "stageId": func(i *Item) any { return i.Stage },
	"categoryId": func(i *Item) any { return i.Category }, "opened": func(i *Item) any { return yesNo(i.Opened) },
	"observers": func(i *Item) any { return i.Observers }, "contactIds": func(i *Item) any { return i.Contacts },
}

// itemConditions reads a filter; unknown is a field that cannot be filtered by.
func itemConditions(filter params) (conditions map[string][]condition, unknown string) {
	conditions = map[string][]condition{}
	for key, v := range filter {
		operator, name := splitOperator(key)
		if itemField[name] == nil {
			return nil, name
		}
		conditions[name] = append(conditions[name], newCondition(operator, v))
	}
	return conditions, ""
}

func matchesItem(i *Item, conditions map[string][]condition) bool {
	for name, all := range conditions {
		for _, condition := range all {
			if !condition.matches(itemField[name](i)) {
				return false
			}
		}
	}
	return true
}

func (c *call) sortItems(items []*Item, order params) {
	slices.SortFunc(items, func(a, b *Item) int { return a.ID - b.ID })
	keys := c.keys("order")
	if len(keys) != len(order) {
		keys = sortedKeys(order)
	}
	for _, key := range slices.Backward(keys) {
		field := itemField[key]
		if field == nil {
			continue
		}
		descending := strings.EqualFold(order.string(key), "DESC")
		slices.SortStableFunc(items, func(a, b *Item) int {
			return directed(compareValues(field(a), field(b)), descending)
		})
	}
}

func directed(order int, descending bool) int {
	if descending {
		return -order
	}
	return order
}

// selectKeys keeps the named keys of an object; all without names or with *.
func selectKeys(o map[string]any, names []string) map[string]any {
	if len(names) == 0 || slices.Contains(names, "*") {
		return o
	}
	selected := map[string]any{"id": o["id"]}
	for _, name := range names {
		if v, ok := o[name]; ok {
			selected[name] = v
		}
	}
	return selected
}

// crm.item.update
// https://apidocs.bitrix24.com/api-reference/crm/universal/crm-item-update.html
func crmItemUpdate(c *call) (any, error) {
	item, err := c.requestedItem()
	if err != nil {
		return nil, err
	}
	f, err := c.fields()
	if err != nil {
		return nil, err
	}
	if !c.world.updateItem(c.user, item) {
		return nil, restErr(http.StatusBadRequest, "ACCESS_DENIED", c.world.text("item_update"))
	}
	if f.has("observers") {
		item.Observers = c.existingUsers(f.ints("observers"))
	}
	if f.has("title") {
		item.Title = f.string("title")
	}
	if u := c.world.Users[f.int("assignedById")]; u != nil {
		item.AssignedBy = u.ID
	}
	if f.has("stageId") {
		item.Stage = f.string("stageId")
	}
	if f.has("opened") {
		item.Opened = f.string("opened") == "Y"
	}
	c.world.fireItem("UPDATE", item.ItemKey, c.user.ID)
	return map[string]any{"item": c.world.itemObject(item)}, nil
}

// existingUsers drops ids of nobody and repetitions.
func (c *call) existingUsers(ids []int) []int {
	var users []int
	for _, id := range ids {
		if c.world.Users[id] != nil && !slices.Contains(users, id) {
			users = append(users, id)
		}
	}
	return users
}
