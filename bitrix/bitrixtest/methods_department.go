package bitrixtest

import (
	"slices"
	"strings"
)

// departmentKeys are the fields of department.get with their titles.
var departmentKeys = map[string]string{
	"ID": "ID", "NAME": "Department name", "SORT": "Sorting", "PARENT": "Parent department", "UF_HEAD": "Supervisor",
}

// department.get
// https://apidocs.bitrix24.com/api-reference/departments/department-get.html
func departmentGet(c *call) (any, error) {
	conditions := map[string]condition{}
	for key, v := range c.params {
		name := strings.ToUpper(key)
		if departmentKeys[name] != "" && key != "sort" {
			conditions[name] = newCondition("", v)
		}
	}
	rows := []map[string]any{}
	for _, d := range c.world.departmentTree() {
		if row := departmentStrings(d); matchesDepartment(row, conditions) {
			rows = append(rows, row)
		}
	}
	if name := strings.ToUpper(c.params.string("sort")); departmentKeys[name] != "" {
		descending := strings.EqualFold(c.params.string("order"), "DESC")
		slices.SortStableFunc(rows, func(a, b map[string]any) int {
			return directed(compareValues(a[name], b[name]), descending)
		})
	}
	cut, next := page(rows, c.start, pageSize)
	total := len(rows)
	if c.start < 0 {
		total, next = 0, 0
	}
	return list{rows: cut, total: total, next: next}, nil
}

func matchesDepartment(row map[string]any, conditions map[string]condition) bool {
	for name, condition := range conditions {
		if !condition.matches(row[name]) {
			return false
		}
	}
	return true
}

// department.fields
// https://apidocs.bitrix24.com/api-reference/departments/department-fields.html
func departmentFields(*call) (any, error) { return departmentKeys, nil }
