package bitrixtest

import (
	"cmp"
	"slices"
	"strings"
)

// userQuery is what user.get and user.search look for: all its conditions hold.
type userQuery struct {
	call   *call
	upper  params // the parameters, keys in upper case
	filter params
	search bool // user.search: some keys search by the beginnings of words
	tests  []func(*User) bool
}

// searchedFields are the filter keys that user.search without FIND searches in.
var searchedFields = map[string]func(*User) string{
	"NAME":          func(u *User) string { return u.Name },
	"LAST_NAME":     func(u *User) string { return u.LastName },
	"SECOND_NAME":   func(u *User) string { return u.SecondName },
	"WORK_POSITION": func(u *User) string { return u.Position },
}

func (c *call) userQuery(search bool) *userQuery {
	q := &userQuery{call: c, upper: c.params.upper(), search: search}
	q.filter = q.upper
	if q.upper.isArray("FILTER") {
		q.filter = q.upper.object("FILTER").upper()
	}
	q.visibility()
	for key, v := range q.filter {
		q.add(key, v)
	}
	return q
}

func (q *userQuery) test(t func(*User) bool) { q.tests = append(q.tests, t) }

// visibility cuts the result to the people whom the caller may see: always
// real ones, and for employees those with a department and the members of
// shared workgroups.
func (q *userQuery) visibility() {
	q.test(isReal)
	c := q.call
	if c.user.Admin && (q.upper.truthy("ADMIN_MODE") || q.exactID()) {
		return
	}
	mates := map[int]bool{c.user.ID: true}
	for _, g := range c.world.Workgroups {
		if slices.Contains(g.Members, c.user.ID) {
			for _, id := range g.Members {
				mates[id] = true
			}
		}
	}
	intranet := isIntranet(c.user)
	q.test(func(u *User) bool { return intranet && len(u.Departments) > 0 || mates[u.ID] })
}

func (q *userQuery) exactID() bool {
	for _, key := range []string{"ID", "=ID", "@ID"} {
		if !q.filter.empty(key) {
			return true
		}
	}
	return false
}

// add understands one key of the filter. Keys that are unknown or outside the
// token's scope are dropped in silence.
func (q *userQuery) add(key string, v any) {
	c := q.call
	switch operator, name := splitOperator(key); {
	case key == "NAME_SEARCH" || key == "FIND" && q.search:
		q.test(c.world.finder(toString(v)).finds)
	case key == "UF_DEPARTMENT_NAME" && q.search:
		q.test(q.inDepartmentNamed(words(toString(v))))
	case key == "HAS_DEPARTAMENT":
		q.test(func(u *User) bool { return v != "Y" || len(u.Departments) > 0 })
	case key == "CONFIRM_CODE" && q.search:
		q.test(func(u *User) bool { return u.Accepted == (toString(v) == "0") })
	case name == "EXTERNAL_AUTH_ID":
		condition := newCondition(operator, v)
		q.test(func(u *User) bool { return condition.matches(u.ExternalAuthID) })
	case name == "ACTIVE":
		active := isYes(v) != strings.HasPrefix(operator, "!")
		q.test(func(u *User) bool { return u.Active == active })
	case q.search && q.filter.empty("FIND") && searchedFields[key] != nil:
		query, field := words(toString(v)), searchedFields[key]
		q.test(func(u *User) bool { return hasPrefixes(query, words(field(u))) })
	default:
		if f, ok := c.inScope(name); ok {
			condition := newCondition(operator, v)
			q.test(func(u *User) bool { return condition.matches(filterValue(c, name, f, u)) })
		}
	}
}

// filterValue is the value of a field that filters compare.
func filterValue(c *call, name string, f userField, u *User) any {
	if name == "LAST_ACTIVITY_DATE" || name == "TIMESTAMP_X" {
		return lastLogin(c, u)
	}
	return f.value(c, u)
}

func isYes(v any) bool {
	if s, ok := v.(string); ok {
		return s != "N" && s != "false" && s != "0" && s != ""
	}
	return truthy(v)
}

func (q *userQuery) inDepartmentNamed(query []string) func(*User) bool {
	named := map[int]bool{}
	for id, d := range q.call.world.Departments {
		named[id] = hasPrefixes(query, words(d.Name))
	}
	return func(u *User) bool {
		return slices.ContainsFunc(u.Departments, func(d int) bool { return named[d] })
	}
}

// run finds the people in the order that SORT and ORDER ask for together, else
// by id. limit, when it is not 0, is how many are enough.
func (q *userQuery) run(limit int) []*User {
	order, name := strings.ToUpper(q.upper.string("ORDER")), strings.ToUpper(q.upper.string("SORT"))
	field, ok := q.call.inScope(name)
	sorted := ok && (order == "ASC" || order == "DESC")
	byID := !sorted || name == "ID" && order == "ASC"
	var found []*User
	for _, u := range q.candidates() {
		if byID && limit > 0 && len(found) == limit {
			break
		}
		if !slices.ContainsFunc(q.tests, func(t func(*User) bool) bool { return !t(u) }) {
			found = append(found, u)
		}
	}
	switch {
	case byID:
	case name == "ID":
		slices.Reverse(found)
	default:
		q.sort(found, func(u *User) string { return fieldStrings(filterValue(q.call, name, field, u))[0] }, order == "DESC")
	}
	return found
}

// sort orders people by a key and then by id.
func (q *userQuery) sort(people []*User, key func(*User) string, descending bool) {
	type entry struct {
		key  string
		user *User
	}
	entries := make([]entry, len(people))
	for i, u := range people {
		entries[i] = entry{key(u), u}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return directed(cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.user.ID, b.user.ID)), descending)
	})
	for i, e := range entries {
		people[i] = e.user
	}
}

// candidates are the people whom the filter's conditions on the id leave, by
// id: who reads a large staff page by page asks for those above the last one.
func (q *userQuery) candidates() []*User {
	people := q.call.world.people()
	above := func(id int) int {
		i, _ := slices.BinarySearchFunc(people, id, func(u *User, id int) int { return cmp.Compare(u.ID, id) })
		return i
	}
	from, to := 0, len(people)
	for key, v := range q.filter {
		if isArray(v) || !positive(v) {
			continue
		}
		switch id := toInt(v); key {
		case ">ID", ">=ID":
			from = max(from, above(id))
		case "<ID", "<=ID":
			to = min(to, above(id+1))
		case "ID", "=ID":
			from, to = max(from, above(id)), min(to, above(id+1))
		}
	}
	return people[min(from, to):to]
}
