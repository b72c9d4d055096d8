package bitrixtest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// typeNames maps names and short codes of CRM types to their names
// (https://apidocs.bitrix24.com/api-reference/crm/data-types.html).
var typeNames = map[string]string{
	"LEAD": "LEAD", "L": "LEAD",
	"DEAL": "DEAL", "D": "DEAL",
	"CONTACT": "CONTACT", "C": "CONTACT",
	"COMPANY": "COMPANY", "CO": "COMPANY",
	"QUOTE": "QUOTE", "Q": "QUOTE",
	"INVOICE": "INVOICE", "I": "INVOICE",
	"SMART_INVOICE": "SMART_INVOICE", "SI": "SMART_INVOICE",
	"ORDER": "ORDER", "O": "ORDER",
}

// resolveType finds the CRM type that a caller named by its name or short code,
// in any case and with spaces around it.
func (w *World) resolveType(name string) (string, bool) {
	name = strings.ToUpper(strings.TrimSpace(name))
	if t, ok := typeNames[name]; ok {
		return t, true
	}
	id, ok := dynamicTypeID(name)
	if !ok {
		return "", false
	}
	if _, known := w.KnownTypes[id]; !known {
		return "", false
	}
	return "DYNAMIC_" + strconv.Itoa(id), true
}

// dynamicTypeID reads the type id out of DYNAMIC_177 or its short code TB1.
func dynamicTypeID(name string) (int, bool) {
	if s, ok := strings.CutPrefix(name, "DYNAMIC_"); ok {
		id, err := strconv.Atoi(s)
		return id, err == nil
	}
	if s, ok := strings.CutPrefix(name, "T"); ok {
		id, err := strconv.ParseInt(s, 16, 32)
		return int(id), err == nil
	}
	return 0, false
}

// readItem tells whether a person may read an item, as the CRM checks of the
// Open Channel methods ask it (portal source: imopenlines/lib/crm/common.php).
// An administrator reads every id, missing ones included.
func (w *World) readItem(u *User, typ string, id int) bool {
	if strings.ToUpper(strings.TrimSpace(typ)) == "NONE" {
		return true
	}
	name, ok := w.resolveType(typ)
	if !ok || u == nil {
		return false
	}
	if u.Admin {
		return true
	}
	item := w.Items[ItemKey{name, id}]
	if item == nil {
		return false
	}
	if item.MyCompany && len(u.Rights) > 0 {
		return true
	}
	level, hasRole := u.Rights[name]
	if !hasRole {
		return false
	}
	return slices.Contains(item.Observers, u.ID) || w.levelCovers(level, u, item)
}

// updateItem tells whether a person may change an item: with the reading level
// where no level of its own is set. Observers only read.
func (w *World) updateItem(u *User, item *Item) bool {
	level, ok := u.Update[item.Type]
	if !ok {
		level = u.Rights[item.Type]
	}
	return u.Admin || w.levelCovers(level, u, item)
}

// levelCovers tells whether a role level reaches an item.
func (w *World) levelCovers(level CRMLevel, u *User, item *Item) bool {
	switch level {
	case CRMAll:
		return true
	case CRMOwn:
		return item.AssignedBy == u.ID
	case CRMDepartment:
		return item.AssignedBy == u.ID || w.belongs(item.AssignedBy, departmentSet(u.Departments))
	case CRMSubdepartments:
		return item.AssignedBy == u.ID || w.belongs(item.AssignedBy, w.subtrees(u.Departments))
	case CRMOpened:
		return item.AssignedBy == u.ID || item.Opened || w.belongs(item.AssignedBy, w.subtrees(u.Departments))
	}
	return false
}

// belongs tells whether a user works in one of the departments.
func (w *World) belongs(user int, departments map[int]bool) bool {
	u := w.Users[user]
	return u != nil && u.worksIn(departments)
}

func (u *User) worksIn(departments map[int]bool) bool {
	return slices.ContainsFunc(u.Departments, func(d int) bool { return departments[d] })
}

// departmentSet is the departments without those below them.
func departmentSet(departments []int) map[int]bool {
	set := map[int]bool{}
	for _, d := range departments {
		set[d] = true
	}
	return set
}

// subtrees is the set of the departments and all below them.
func (w *World) subtrees(departments []int) map[int]bool {
	set := map[int]bool{}
	for _, d := range departments {
		maps.Copy(set, w.subtree(d))
	}
	return set
}

// roleLevel is the level a person's Open Channel roles give for an action.
func roleLevel(u *User, entity, action string) Level {
	if u.Admin {
		return LevelAny
	}
	return u.Levels[entity+":"+action]
}

// canJoin is the JOIN check: the role level of the caller on the line, or the
// right to read the CRM item.
func (c *call) canJoin(line int, typ string, id int) bool {
	return c.verdict(line, "JOIN", "perform", c.user) || c.world.readItem(c.user, typ, id)
}

// canJoinLine is the role half of the JOIN check.
func (c *call) canJoinLine(line int) bool {
	return c.verdict(line, "JOIN", "perform", c.user)
}

// canViewHistory is the HISTORY check of imopenlines.crm.chat.user.add. It
// mixes the level of the caller with the place of the added person.
func (c *call) canViewHistory(line int, added *User) bool {
	return c.verdict(line, "HISTORY", "view", added)
}

// verdict answers a role check on a line and remembers the answer for the rest
// of the HTTP request without remembering for whom it was given: in a batch
// the first person's verdict decides for all (portal source:
// imopenlines/lib/config.php).
func (c *call) verdict(line int, entity, action string, person *User) bool {
	key := verdictKey{line, entity, action}
	if v, ok := c.memory.verdicts[key]; ok {
		return v
	}
	v := c.judge(line, roleLevel(c.user, entity, action), person)
	if c.memory.verdicts == nil {
		c.memory.verdicts = map[verdictKey]bool{}
	}
	c.memory.verdicts[key] = v
	return v
}

func (c *call) judge(line int, level Level, person *User) bool {
	l := c.world.Lines[line]
	if l == nil || level == LevelNone {
		return false
	}
	if level == LevelAny {
		return true
	}
	queue := c.world.QueueUsers(line)
	if slices.Contains(queue, person.ID) || l.ModifiedBy == person.ID {
		return true
	}
	if level != LevelDepartment {
		return false
	}
	mates := c.world.subtrees(person.Departments)
	return slices.ContainsFunc(queue, func(id int) bool { return c.world.belongs(id, mates) })
}
