package bitrixtest

import (
	"slices"
	"strconv"
	"time"
)

// onlineWindow is how long after the last activity a person counts as online:
// the server's session lifetime (portal source: modules/main/lib/user.php).
const onlineWindow = 1440 * time.Second

func (w *World) isOnline(u *User) bool {
	return u != nil && !u.LastActivity.IsZero() && w.now().Sub(u.LastActivity) < onlineWindow
}

// isIntranet tells employees from everybody else.
func isIntranet(u *User) bool { return u.Type == Employee && len(u.Departments) > 0 }

// isReal tells people from bots, customers and e-mail users.
func isReal(u *User) bool { return u.Type == Employee || u.Type == Extranet }

// colors are those of the initials of people without a picture.
var colors = []string{"#df532d", "#64a513", "#4ba984", "#4ba5c3", "#3e99ce", "#8474c8", "#1eb4aa", "#f76187", "#58cc47", "#ab7761"}

func userColor(u *User) string { return colors[u.ID%len(colors)] }

// userObject is a user as the im methods show it
// (https://apidocs.bitrix24.com/api-reference/chats/users/im-user-get.html).
func (c *call) userObject(u *User) map[string]any {
	return map[string]any{
		"id": u.ID, "active": u.Active, "name": u.FullName(), "first_name": u.Name, "last_name": u.LastName,
		"work_position": u.Position, "color": userColor(u), "avatar": c.photo(u), "avatar_hr": c.photoHR(u),
		"gender": gender(u), "birthday": "", "extranet": u.Type == Extranet || u.Type == Email, "network": false,
		"bot": u.Type == BotUser, "connector": u.Type == Customer, "external_auth_id": authID(u),
		"status": "online", "idle": false, "last_activity_date": dateOrFalse(u.LastActivity),
		"mobile_last_date": false, "desktop_last_date": false, "absent": c.absent(u),
		"departments": departmentsOf(u), "phones": false, "bot_data": botData(u), "type": messengerType(u),
		"website": "", "email": u.Email,
	}
}

func (c *call) photoHR(u *User) string {
	if u.Photo == "" {
		return "/bitrix/js/im/images/blank.gif"
	}
	return c.photo(u)
}

func (c *call) absent(u *User) any {
	if !u.AbsentUntil.After(c.world.now()) {
		return false
	}
	return isoDate(u.AbsentUntil)
}

func gender(u *User) string {
	if u.Gender == "F" {
		return "F"
	}
	return "M"
}

func authID(u *User) string {
	if u.ExternalAuthID != "" {
		return u.ExternalAuthID
	}
	return "default"
}

func departmentsOf(u *User) []int {
	if u.Type != Employee {
		return []int{}
	}
	return u.Departments
}

func botData(u *User) any {
	if u.Type != BotUser {
		return nil
	}
	return map[string]any{
		"code": "bot" + strconv.Itoa(u.ID), "type": "bot", "app_id": "", "is_hidden": false, "is_support_openline": false,
	}
}

func messengerType(u *User) string {
	switch u.Type {
	case BotUser:
		return "bot"
	case Extranet:
		return "extranet"
	}
	return "user"
}

// searchObject is the shorter user object of im.search.user.list, with its two
// activity dates swapped as in the portal.
func (c *call) searchObject(u *User) map[string]any {
	o := c.userObject(u)
	for _, key := range []string{"active", "avatar_hr", "type", "desktop_last_date", "email"} {
		delete(o, key)
	}
	o["last_activity_date"], o["mobile_last_date"] = o["mobile_last_date"], o["last_activity_date"]
	return o
}

// sees tells whether the messenger shows a user to the caller: extranet people
// see only those of their workgroups.
func (c *call) sees(u *User) bool {
	return c.user.Type != Extranet || u.ID == c.user.ID || c.world.shareWorkgroup(c.user.ID, u.ID)
}

func (w *World) shareWorkgroup(a, b int) bool {
	for _, g := range w.Workgroups {
		if slices.Contains(g.Members, a) && slices.Contains(g.Members, b) {
			return true
		}
	}
	return false
}
