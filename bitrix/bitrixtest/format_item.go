package bitrixtest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// typeIDs are the ids of the CRM types that are not dynamic
// (https://apidocs.bitrix24.com/api-reference/crm/data-types.html).
var typeIDs = map[string]int{"LEAD": 1, "DEAL": 2, "CONTACT": 3, "COMPANY": 4, "QUOTE": 7, "SMART_INVOICE": 31}

// typeByID is the name of a CRM type by its id.
func (w *World) typeByID(id int) (string, bool) {
	for name, n := range typeIDs {
		if n == id {
			return name, true
		}
	}
	_, known := w.KnownTypes[id]
	return "DYNAMIC_" + strconv.Itoa(id), known
}

func (w *World) typeID(name string) int {
	if id, ok := typeIDs[name]; ok {
		return id
	}
	id, _ := dynamicTypeID(name)
	return id
}

// itemObject is an item as crm.item.get shows it: ids are numbers, absent links 0.
func (w *World) itemObject(i *Item) map[string]any {
	o := map[string]any{
		"id": i.ID, "title": i.Title, "createdBy": i.CreatedBy, "updatedBy": i.CreatedBy, "assignedById": i.AssignedBy,
		"createdTime": isoDate(i.Created), "updatedTime": isoDate(i.Created), "opened": yesNo(i.Opened),
		"observers": slices.Clone(i.Observers), "categoryId": i.Category, "entityTypeId": w.typeID(i.Type),
		"webformId": 0, "xmlId": nil,
	}
	switch i.Type {
	case "CONTACT":
		o["name"], o["secondName"], o["lastName"] = splitName(i.Title)
		o["companyId"], o["companyIds"], o["leadId"] = i.Company, slices.Clone(i.Companies), i.Lead
	case "COMPANY":
		o["contactIds"], o["leadId"], o["isMyCompany"] = slices.Clone(i.Contacts), i.Lead, yesNo(i.MyCompany)
	default:
		o["contactId"], o["contactIds"], o["companyId"] = first(i.Contacts), slices.Clone(i.Contacts), i.Company
		o["stageId"], o["opportunity"], o["currencyId"] = i.Stage, 0, "USD"
		if i.Type != "LEAD" {
			o["leadId"] = i.Lead
		}
	}
	if i.Type == "LEAD" || i.Type == "CONTACT" || i.Type == "COMPANY" {
		maps.Copy(o, w.addresses(i))
	}
	return o
}

// addresses are the phones, e-mails and messengers of an item.
func (w *World) addresses(i *Item) map[string]any {
	rows, imol, has := []map[string]any{}, "", map[string]bool{}
	for _, f := range i.Multi {
		rows = append(rows, map[string]any{"id": f.ID, "valueType": f.ValueType, "value": f.Value, "typeId": f.TypeID})
		has[f.TypeID] = true
		if strings.HasPrefix(f.Value, "imol|") {
			imol = f.Value
		}
	}
	for _, a := range w.boundActivities(i.ItemKey) {
		if slices.ContainsFunc(rows, func(r map[string]any) bool { return r["value"] == a.Communication }) {
			continue
		}
		rows = append(rows, map[string]any{"id": a.ID, "valueType": "IMOL", "value": a.Communication, "typeId": "IM"})
		imol = a.Communication
	}
	return map[string]any{
		"fm": rows, "imol": imol, "hasImol": yesNo(imol != ""), "hasPhone": yesNo(has["PHONE"]), "hasEmail": yesNo(has["EMAIL"]),
	}
}

// splitName reads the parts of a contact's name from its title.
func splitName(title string) (name, second, last string) {
	parts := strings.Fields(title)
	switch len(parts) {
	case 0:
		return "", "", ""
	case 1:
		return parts[0], "", ""
	}
	return parts[0], strings.Join(parts[1:len(parts)-1], " "), parts[len(parts)-1]
}

func first(ids []int) int {
	if len(ids) == 0 {
		return 0
	}
	return ids[0]
}

// oldItemObject is an item as crm.deal.get and its sisters show it: every value is a string or null.
func oldItemObject(i *Item) map[string]any {
	o := map[string]any{
		"ID": strconv.Itoa(i.ID), "ASSIGNED_BY_ID": strconv.Itoa(i.AssignedBy), "CREATED_BY_ID": strconv.Itoa(i.CreatedBy),
		"MODIFY_BY_ID": strconv.Itoa(i.CreatedBy), "DATE_CREATE": isoDate(i.Created), "DATE_MODIFY": isoDate(i.Created),
		"OPENED": yesNo(i.Opened), "LEAD_ID": idOrNull(i.Lead), "COMPANY_ID": idOrNull(i.Company), "COMMENTS": nil,
	}
	switch i.Type {
	case "CONTACT":
		o["NAME"], o["SECOND_NAME"], o["LAST_NAME"] = splitName(i.Title)
	case "COMPANY":
		o["TITLE"], o["IS_MY_COMPANY"] = i.Title, yesNo(i.MyCompany)
		delete(o, "COMPANY_ID")
	case "LEAD":
		o["TITLE"], o["STATUS_ID"], o["CONTACT_ID"] = i.Title, i.Stage, idOrNull(first(i.Contacts))
		delete(o, "LEAD_ID")
	default:
		o["TITLE"], o["STAGE_ID"], o["CONTACT_ID"] = i.Title, i.Stage, idOrNull(first(i.Contacts))
		o["CATEGORY_ID"], o["OPPORTUNITY"], o["CURRENCY_ID"] = strconv.Itoa(i.Category), "0.00", "USD"
	}
	for _, f := range i.Multi {
		values, _ := o[f.TypeID].([]any)
		o[f.TypeID] = append(values, map[string]string{
			"ID": strconv.Itoa(f.ID), "VALUE_TYPE": f.ValueType, "VALUE": f.Value, "TYPE_ID": f.TypeID,
		})
	}
	return o
}

func idOrNull(id int) any {
	if id == 0 {
		return nil
	}
	return strconv.Itoa(id)
}
