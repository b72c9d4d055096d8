package bitrixtest

import (
	"slices"
	"strconv"
	"strings"
)

// The width of a token's user scope: how many fields of a person it shows.
const (
	scopeBrief = iota
	scopeBasic
	scopeUser
)

// userScope is the broadest user scope of the caller's token.
func (c *call) userScope() int {
	switch {
	case slices.Contains(c.scopes, "user"):
		return scopeUser
	case slices.Contains(c.scopes, "user_basic"):
		return scopeBasic
	}
	return scopeBrief
}

// userField is one field of user.get. A nil value is left out.
type userField struct {
	scope int
	title string
	value func(c *call, u *User) any
}

// noDate is how dates of two fields come out of lists: as an empty object.
type noDate struct{}

// userFields are the fields of user.get
// (https://apidocs.bitrix24.com/api-reference/user/user-scope.html).
var userFields = map[string]userField{
	"ID":                  {scopeBrief, "ID", func(_ *call, u *User) any { return strconv.Itoa(u.ID) }},
	"XML_ID":              {scopeBrief, "External code", nothing},
	"ACTIVE":              {scopeBrief, "Active", func(_ *call, u *User) any { return u.Active }},
	"NAME":                {scopeBrief, "First name", func(_ *call, u *User) any { return u.Name }},
	"LAST_NAME":           {scopeBrief, "Last name", func(_ *call, u *User) any { return u.LastName }},
	"SECOND_NAME":         {scopeBrief, "Second name", func(_ *call, u *User) any { return u.SecondName }},
	"TITLE":               {scopeBrief, "Salutation", nothing},
	"IS_ONLINE":           {scopeBrief, "Online", func(c *call, u *User) any { return yesNo(c.world.isOnline(u)) }},
	"TIME_ZONE":           {scopeBrief, "Time zone", empty},
	"TIMESTAMP_X":         {scopeBrief, "Last update", func(*call, *User) any { return noDate{} }},
	"DATE_REGISTER":       {scopeBrief, "Registration date", empty},
	"PERSONAL_PROFESSION": {scopeBrief, "Profession", empty},
	"PERSONAL_GENDER":     {scopeBrief, "Gender", func(_ *call, u *User) any { return u.Gender }},
	"PERSONAL_BIRTHDAY":   {scopeBrief, "Birthday", empty},
	"PERSONAL_PHOTO":      {scopeBrief, "Photo", picture},
	"PERSONAL_CITY":       {scopeBrief, "City", empty},
	"PERSONAL_STATE":      {scopeBrief, "Region", empty},
	"PERSONAL_COUNTRY":    {scopeBrief, "Country", nothing},
	"WORK_POSITION":       {scopeBrief, "Position", func(_ *call, u *User) any { return u.Position }},
	"WORK_CITY":           {scopeBrief, "Work city", empty},
	"WORK_STATE":          {scopeBrief, "Work region", empty},
	"WORK_COUNTRY":        {scopeBrief, "Work country", nothing},
	"LAST_ACTIVITY_DATE":  {scopeBrief, "Last activity", func(*call, *User) any { return noDate{} }},
	"UF_EMPLOYMENT_DATE":  {scopeBrief, "Employment date", empty},
	"UF_TIMEMAN":          {scopeBrief, "Work time", nothing},
	"UF_SKILLS":           {scopeBrief, "Skills", nothing},
	"UF_INTERESTS":        {scopeBrief, "Interests", nothing},
	"UF_DEPARTMENT":       {scopeBrief, "Departments", func(_ *call, u *User) any { return departmentsOf(u) }},
	"UF_PHONE_INNER":      {scopeBrief, "Extension", empty},
	"USER_TYPE":           {scopeBrief, "User type", func(_ *call, u *User) any { return string(u.Type) }},
	"EMAIL":               {scopeBasic, "E-mail", func(_ *call, u *User) any { return u.Email }},
	"PERSONAL_PHONE":      {scopeBasic, "Phone", empty},
	"PERSONAL_MOBILE":     {scopeBasic, "Mobile", empty},
	"PERSONAL_FAX":        {scopeBasic, "Fax", empty},
	"WORK_PHONE":          {scopeBasic, "Work phone", empty},
	"WORK_COMPANY":        {scopeBasic, "Company", empty},
	"WORK_DEPARTMENT":     {scopeBasic, "Department", empty},
	"UF_SKYPE":            {scopeBasic, "Skype", nothing},
	"UF_ZOOM":             {scopeBasic, "Zoom", nothing},
	"LAST_LOGIN":          {scopeUser, "Last login", lastLogin},
	"PERSONAL_WWW":        {scopeUser, "Web page", empty},
	"PERSONAL_ICQ":        {scopeUser, "ICQ", empty},
}

func nothing(*call, *User) any { return nil }

func empty(*call, *User) any { return "" }

func picture(c *call, u *User) any {
	if u.Photo == "" {
		return nil
	}
	return c.photo(u)
}

func lastLogin(_ *call, u *User) any {
	if u.LastActivity.IsZero() {
		return ""
	}
	return isoDate(u.LastActivity)
}

// inScope is a field when the caller's token shows it.
func (c *call) inScope(code string) (userField, bool) {
	f, ok := userFields[code]
	return f, ok && f.scope <= c.userScope()
}

// userRow is a person as user.get shows them, in the selected fields.
func (c *call) userRow(u *User, selected []string) map[string]any {
	row := map[string]any{}
	for code, f := range userFields {
		if f.scope > c.userScope() || !selects(selected, code) {
			continue
		}
		if v := f.value(c, u); v != nil {
			row[code] = v
		}
	}
	return row
}

// selects tells whether SELECT names a field; none selects all, and so does *.
func selects(selected []string, code string) bool {
	return len(selected) == 0 || slices.Contains(selected, "*") || slices.Contains(selected, code) ||
		strings.HasPrefix(code, "UF_") && slices.Contains(selected, "UF_*")
}
