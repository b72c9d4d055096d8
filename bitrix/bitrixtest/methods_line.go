package bitrixtest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// imopenlines.config.get
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/imopenlines-config-get.html
func configGet(c *call) (any, error) {
	id := c.params.int("CONFIG_ID")
	if id <= 0 {
		return nil, restErr(http.StatusBadRequest, "CONFIG_ID_EMPTY", "Config ID can't be empty")
	}
	l := c.world.Lines[id]
	if l == nil {
		return false, nil
	}
	settings := map[string]any{}
	for key, v := range lineFields(l) {
		settings[key] = v
	}
	if c.params.has("WITH_QUEUE") && c.params["WITH_QUEUE"] != "Y" {
		return settings, nil
	}
	queue := c.world.QueueUsers(id)
	online := slices.ContainsFunc(queue, c.online)
	if c.params.has("SHOW_OFFLINE") && c.params["SHOW_OFFLINE"] != "Y" {
		queue = slices.DeleteFunc(queue, func(id int) bool { return !c.online(id) })
	}
	full := map[int]any{}
	for i, user := range queue {
		full[user] = map[string]string{
			"ID": strconv.Itoa(i + 1), "SORT": strconv.Itoa(i), "CONFIG_ID": strconv.Itoa(id), "USER_ID": strconv.Itoa(user),
		}
	}
	settings["QUEUE"] = idStrings(queue)
	settings["QUEUE_FULL"] = full
	settings["QUEUE_USERS_FIELDS"] = queueFields(queue)
	settings["QUEUE_ONLINE"] = yesNo(online)
	return settings, nil
}

// online tells whether a person was active within the portal's online window.
func (c *call) online(user int) bool { return c.world.isOnline(c.world.Users[user]) }

// queueFields are the line's own names and pictures of its operators: none here.
func queueFields(queue []int) any {
	fields := map[int]any{}
	for _, user := range queue {
		fields[user] = map[string]any{"USER_NAME": nil, "USER_WORK_POSITION": nil, "USER_AVATAR": nil, "USER_AVATAR_ID": "0"}
	}
	return fields
}

// lineFields are the settings of a line; every value is a string.
func lineFields(l *Line) map[string]string {
	return map[string]string{
		"ID": strconv.Itoa(l.ID), "LINE_NAME": l.Name, "ACTIVE": yesNo(l.Active), "MODIFY_USER_ID": strconv.Itoa(l.ModifiedBy),
		"CRM": "Y", "CRM_CREATE": cmp.Or(l.CRMCreate, "none"), "QUEUE_TYPE": cmp.Or(l.QueueType, "evenly"),
		"QUEUE_TIME": "60", "NO_ANSWER_TIME": "60", "WELCOME_BOT_ENABLE": "N", "WELCOME_BOT_ID": "0",
		"WELCOME_MESSAGE": "Y", "CHECK_AVAILABLE": "N", "WORKTIME_ENABLE": "N", "LANGUAGE_ID": "en", "XML_ID": "",
	}
}

// imopenlines.config.list.get
// https://apidocs.bitrix24.com/api-reference/imopenlines/openlines/imopenlines-config-list-get.html
func configListGet(c *call) (any, error) {
	p, options := c.params.object("PARAMS"), c.params.object("OPTIONS")
	for _, key := range []string{"select", "order", "filter"} {
		if p.has(key) && !p.isArray(key) {
			return nil, restErr(http.StatusBadRequest, "INVALID_FORMAT",
				"A wrong format for the PARAMS field '"+key+"' is passed")
		}
	}
	filter := p.object("filter")
	lines := []map[string]string{}
	for _, id := range sortedKeys(c.world.Lines) {
		l := c.world.Lines[id]
		if fields := lineFields(l); matchesLine(fields, filter) && (options["CHECK_PERMISSION"] != "Y" || c.seesLine(l)) {
			lines = append(lines, fields)
		}
	}
	orderLines(lines, p.object("order"))
	limit := p.int("limit")
	if limit <= 0 {
		limit = len(lines)
	}
	lines, _ = page(lines, p.int("offset"), limit)
	rows := []map[string]any{}
	for _, fields := range lines {
		rows = append(rows, c.lineRow(fields, p.strings("select"), options))
	}
	return rows, nil
}

// seesLine tells whether the caller may view a line's settings.
func (c *call) seesLine(l *Line) bool {
	switch roleLevel(c.user, "LINES", "view") {
	case LevelAny:
		return true
	case LevelOwn, LevelDepartment:
		return l.ModifiedBy == c.user.ID
	}
	return false
}

func matchesLine(fields map[string]string, filter params) bool {
	for key := range filter {
		name := strings.TrimLeft(key, "=@")
		if !slices.ContainsFunc(filter.strings(key), func(v string) bool { return strings.EqualFold(v, fields[name]) }) {
			return false
		}
	}
	return true
}

func orderLines(lines []map[string]string, order params) {
	for key := range order {
		slices.SortStableFunc(lines, func(a, b map[string]string) int {
			by := cmp.Or(cmp.Compare(intval(a[key]), intval(b[key])), cmp.Compare(a[key], b[key]))
			if strings.EqualFold(order.string(key), "DESC") {
				return -by
			}
			return by
		})
	}
}

func (c *call) lineRow(fields map[string]string, selected []string, options params) map[string]any {
	row := map[string]any{}
	for key, v := range fields {
		if len(selected) == 0 || slices.Contains(selected, "*") || slices.Contains(selected, key) {
			row[key] = v
		}
	}
	id := intval(fields["ID"])
	if options["QUEUE"] == "Y" {
		queue := c.world.QueueUsers(id)
		row["QUEUE"] = queue
		row["QUEUE_USERS_FIELDS"] = queueFields(queue)
	}
	if options["CONFIG_QUEUE"] == "Y" {
		entries := []map[string]string{}
		for _, e := range c.world.Lines[id].Queue {
			entries = append(entries, map[string]string{"ENTITY_ID": strconv.Itoa(e.ID), "ENTITY_TYPE": e.Type})
		}
		row["CONFIG_QUEUE"] = entries
	}
	return row
}
