package bitrixtest

import "strconv"

// user.get
// https://apidocs.bitrix24.com/api-reference/user/user-get.html
func userGet(c *call) (any, error) { return c.userPage(c.userQuery(false)) }

// user.search
// https://apidocs.bitrix24.com/api-reference/user/user-search.html
func userSearch(c *call) (any, error) { return c.userPage(c.userQuery(true)) }

// userPage is one page of a query. Without rows there is no total at all.
func (c *call) userPage(q *userQuery) (any, error) {
	enough := 0
	if c.start < 0 { // then nobody is counted
		enough = pageSize
	}
	found := q.run(enough)
	cut, next := page(found, c.start, pageSize)
	if len(cut) == 0 {
		return list{rows: []any{}, total: -1}, nil
	}
	selected := q.upper.strings("SELECT")
	rows := make([]map[string]any, len(cut))
	for i, u := range cut {
		rows[i] = c.userRow(u, selected)
	}
	if c.start < 0 {
		return list{rows: rows}, nil
	}
	return list{rows: rows, total: len(found), next: next}, nil
}

// user.current
// https://apidocs.bitrix24.com/api-reference/user/user-current.html
func userCurrent(c *call) (any, error) {
	row := c.userRow(c.user, nil)
	row["LAST_ACTIVITY_DATE"] = c.world.now().In(serverZone).Format("2006-01-02 15:04:05")
	if !c.user.LastActivity.IsZero() {
		row["LAST_ACTIVITY_DATE"] = c.user.LastActivity.In(serverZone).Format("2006-01-02 15:04:05")
	}
	return row, nil
}

// user.fields
// https://apidocs.bitrix24.com/api-reference/user/user-fields.html
func userFieldTitles(c *call) (any, error) {
	titles := map[string]string{}
	for code, f := range userFields {
		if f.scope <= c.userScope() && code != "USER_TYPE" {
			titles[code] = f.title
		}
	}
	return titles, nil
}

// user.online: the ids of everybody active now, of all kinds of users (portal
// source: rest/lib/api/user.php).
func userOnline(c *call) (any, error) {
	online := []string{}
	for _, u := range c.world.people() {
		if c.world.isOnline(u) {
			online = append(online, strconv.Itoa(u.ID))
		}
	}
	return online, nil
}
