package bitrixtest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// shortest is the length of the shortest word the messenger searches for.
const shortest = 3

func errFindShort() error {
	return restErr(http.StatusBadRequest, "FIND_SHORT", "Too short a search phrase.")
}

// im.search.user.list
// https://apidocs.bitrix24.com/api-reference/chats/search/im-search-user-list.html
func imSearchUserList(c *call) (any, error) {
	p := c.params.upper()
	f := c.world.finder(p.string("FIND"))
	if !slices.ContainsFunc(f, func(q queryWord) bool { return utf8.RuneCountInString(q.text) >= shortest }) {
		return nil, errFindShort()
	}
	var found []*User
	for _, u := range c.world.people() {
		if u.Active && u.Accepted && u.Type != Customer && u.Type != Email && f.finds(u) {
			found = append(found, u)
		}
	}
	offset, limit := c.window(p, 10, 50)
	cut, next := page(found, offset, limit)
	rows := map[int]any{}
	for _, u := range cut {
		// The portal drops people from outside after it counted them.
		if u.Type != Extranet && c.sees(u) {
			rows[u.ID] = c.searchObject(u)
		}
	}
	return list{rows: rows, total: len(found), next: next}, nil
}

// im.search.department.list
// https://apidocs.bitrix24.com/api-reference/chats/search/im-search-department-list.html
func imSearchDepartmentList(c *call) (any, error) {
	p := c.params.upper()
	if !p.has("FIND") {
		return nil, errFindShort()
	}
	query := strings.ToLower(p.string("FIND"))
	var found []*Department
	for _, d := range c.world.departmentTree() {
		if path := strings.ToLower(c.world.departmentPath(d)); beginsWord(path, query) {
			found = append(found, d)
		}
	}
	offset, limit := c.window(p, 10, 50)
	cut, next := page(found, offset, limit)
	return list{rows: c.departmentObjects(cut, p.string("USER_DATA") == "Y"), total: len(found), next: next}, nil
}

// beginsWord tells whether a department is found by a phrase: it stands at the
// beginning or after a space of the name with those above it. One letter finds
// everything (portal source: im/lib/department.php).
func beginsWord(path, phrase string) bool {
	return utf8.RuneCountInString(phrase) < 2 || strings.HasPrefix(path, phrase) || strings.Contains(path, " "+phrase)
}

func (c *call) departmentObjects(departments []*Department, withHeads bool) []map[string]any {
	rows := []map[string]any{}
	for _, d := range departments {
		row := map[string]any{"id": d.ID, "name": d.Name, "full_name": c.world.departmentPath(d), "manager_user_id": d.Head}
		if withHeads {
			row["manager_user_data"] = nil
			if head := c.world.Users[d.Head]; head != nil {
				row["manager_user_data"] = c.userObject(head)
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// departmentPath is a department's name with those above it.
func (w *World) departmentPath(d *Department) string {
	path := d.Name
	for parent := w.Departments[d.Parent]; parent != nil; parent = w.Departments[parent.Parent] {
		path += " / " + parent.Name
	}
	return path
}

// intranetOnly refuses everybody but employees.
func (c *call) intranetOnly() error {
	if !isIntranet(c.user) {
		return restErr(http.StatusForbidden, "ACCESS_ERROR", "Only intranet users have access to this method")
	}
	return nil
}

// im.department.get
// https://apidocs.bitrix24.com/api-reference/chats/departments/im-department-get.html
func imDepartmentGet(c *call) (any, error) {
	if err := c.intranetOnly(); err != nil {
		return nil, err
	}
	p := c.params.upper()
	ids := idList(p["ID"])
	if len(ids) == 0 {
		return nil, errIDFormat()
	}
	var found []*Department
	for _, id := range ids {
		if d := c.world.Departments[id]; d != nil {
			found = append(found, d)
		}
	}
	return c.departmentObjects(found, p.string("USER_DATA") == "Y"), nil
}

// im.department.employees.get
// https://apidocs.bitrix24.com/api-reference/chats/departments/im-department-employees-get.html
func imDepartmentEmployees(c *call) (any, error) {
	return c.departmentPeople(func(d *Department) []int {
		var people []int
		for _, u := range c.world.people() {
			if u.Active && slices.Contains(u.Departments, d.ID) {
				people = append(people, u.ID)
			}
		}
		return people
	})
}

// im.department.managers.get
// https://apidocs.bitrix24.com/api-reference/chats/departments/im-department-managers-get.html
func imDepartmentManagers(c *call) (any, error) {
	return c.departmentPeople(func(d *Department) []int {
		if head := c.world.Users[d.Head]; head != nil && head.Active {
			return []int{d.Head}
		}
		return nil
	})
}

// departmentPeople answers some people of each requested department.
func (c *call) departmentPeople(of func(*Department) []int) (any, error) {
	if err := c.intranetOnly(); err != nil {
		return nil, err
	}
	p := c.params.upper()
	ids := idList(p["ID"])
	if len(ids) == 0 {
		return nil, restErr(http.StatusBadRequest, "ID_EMPTY", "Department ID can't be empty")
	}
	rows := map[int]any{}
	for _, id := range ids {
		d := c.world.Departments[id]
		if d == nil {
			continue
		}
		if people := of(d); len(people) > 0 {
			rows[id] = c.people(people, p.string("USER_DATA") == "Y")
		}
	}
	return rows, nil
}

// people are ids, or user objects where they were asked for.
func (c *call) people(ids []int, withData bool) any {
	if !withData {
		return ids
	}
	var users []*User
	for _, id := range ids {
		users = append(users, c.world.Users[id])
	}
	return c.userObjects(users)
}

// im.department.colleagues.list
// https://apidocs.bitrix24.com/api-reference/chats/departments/im-department-colleagues-list.html
func imDepartmentColleagues(c *call) (any, error) {
	if err := c.intranetOnly(); err != nil {
		return nil, err
	}
	p := c.params.upper()
	own := departmentSet(c.user.Departments)
	heads := map[int]bool{}
	for id := range own {
		if d := c.world.Departments[id]; d != nil {
			heads[d.Head] = true
		}
	}
	var colleagues []int
	for _, u := range c.world.people() {
		if u.Active && u.Type == Employee && u.ID != c.user.ID && (heads[u.ID] || u.worksIn(own)) {
			colleagues = append(colleagues, u.ID)
		}
	}
	offset, limit := c.window(p, 10, 50)
	cut, next := page(colleagues, offset, limit)
	return list{rows: c.people(cut, p.string("USER_DATA") == "Y"), total: len(colleagues), next: next}, nil
}

// departmentTree lists the departments, parents first and then by sort.
func (w *World) departmentTree() []*Department {
	children := map[int][]*Department{}
	for _, d := range w.Departments {
		children[d.Parent] = append(children[d.Parent], d)
	}
	tree := make([]*Department, 0, len(w.Departments))
	var walk func(parent int)
	walk = func(parent int) {
		below := children[parent]
		delete(children, parent) // whatever the tables say, nobody is walked twice
		slices.SortFunc(below, func(a, b *Department) int {
			return cmp.Or(cmp.Compare(a.Sort, b.Sort), cmp.Compare(a.ID, b.ID))
		})
		for _, d := range below {
			tree = append(tree, d)
			walk(d.ID)
		}
	}
	walk(0)
	return tree
}

// departmentStrings are the fields of department.get; ids are strings there.
func departmentStrings(d *Department) map[string]any {
	row := map[string]any{"ID": strconv.Itoa(d.ID), "NAME": d.Name, "SORT": d.Sort}
	if d.Parent != 0 {
		row["PARENT"] = strconv.Itoa(d.Parent)
	}
	if d.Head != 0 {
		row["UF_HEAD"] = strconv.Itoa(d.Head)
	}
	return row
}
