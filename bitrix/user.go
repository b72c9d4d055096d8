package bitrix

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// User is a person of the portal, as far as the token's permissions show them.
type User struct {
	ID                         UserID
	Name, LastName, SecondName string
	Position                   string
	Email                      string // empty where the application may not see it
	Photo                      string // absolute address, or empty
	Departments                []int64
	Online                     bool      // active in the last minutes; false also when not told
	LastActive, AbsentUntil    time.Time // told by the messenger only; zero also when not told
	Formatted                  string    // the full name as the portal writes names; told by the messenger only
	Active                     bool      // not dismissed; true unless the portal says otherwise
	Type                       string    // "employee", "extranet", "bot", "connector", …
	Bot, Connector             bool      // a connector user is a customer
}

// UserSearch says which colleagues to look for.
type UserSearch struct {
	Query string // beginnings of words of name, position or department; empty finds everybody
	Limit int    // at most 50, which is also what zero means
	// Emails finds, without a Query, whoever has one of them. An application that
	// may not see e-mails gets anybody.
	Emails []string
	// External looks among people from outside whom the portal shows the
	// caller, instead of among employees.
	External bool
}

// Profile is the person a token belongs to.
type Profile struct {
	ID             UserID
	Admin          bool // may manage applications
	Name, LastName string
}

// AppInfo is the application as the portal knows it.
type AppInfo struct {
	Code      string // the client id
	Installed bool   // false until the installation was finished
	Language  string // of the portal
	Status    string
	Version   string
}

// External reports whether u is a person from outside, whom Open Channel chats
// do not take. Customers are not meant: they are in the chats.
func (u User) External() bool {
	switch u.Type {
	case "extranet", "collaber", "email", "network", "replica":
		return true
	}
	return false
}

// FullName returns the name as the portal writes it or, where it does not tell,
// first and last name, or what there is of them.
func (u User) FullName() string {
	return cmp.Or(u.Formatted, strings.TrimSpace(u.Name+" "+u.LastName))
}

// wireEmployee is a person as user.* tells.
type wireEmployee struct {
	ID         number       `json:"ID"`
	Name       text         `json:"NAME"`
	LastName   text         `json:"LAST_NAME"`
	SecondName text         `json:"SECOND_NAME"`
	Position   text         `json:"WORK_POSITION"`
	Email      text         `json:"EMAIL"`
	Photo      text         `json:"PERSONAL_PHOTO"`
	Department list[number] `json:"UF_DEPARTMENT"`
	Online     flag         `json:"IS_ONLINE"`
	Active     *flag        `json:"ACTIVE"`
	Type       text         `json:"USER_TYPE"`
}

func (w wireEmployee) user() User {
	return User{
		ID:          UserID(w.ID),
		Name:        string(w.Name),
		LastName:    string(w.LastName),
		SecondName:  string(w.SecondName),
		Position:    string(w.Position),
		Email:       string(w.Email),
		Photo:       photo(w.Photo),
		Departments: int64s(w.Department),
		Online:      bool(w.Online),
		Active:      w.Active == nil || bool(*w.Active),
		Type:        string(w.Type),
	}
}

// wireContact is a person as the messenger tells.
type wireContact struct {
	ID         number       `json:"id"`
	FullName   text         `json:"name"`
	FirstName  text         `json:"first_name"`
	LastName   text         `json:"last_name"`
	Position   text         `json:"work_position"`
	Avatar     text         `json:"avatar"`
	Department list[number] `json:"departments"`
	Active     *flag        `json:"active"`
	Type       text         `json:"type"`
	Extranet   flag         `json:"extranet"`
	Network    flag         `json:"network"`
	Bot        flag         `json:"bot"`
	Connector  flag         `json:"connector"`
	LastActive isoTime      `json:"last_activity_date"`
	Absent     isoTime      `json:"absent"`
}

func (w wireContact) user() User {
	u := User{
		ID:          UserID(w.ID),
		Name:        string(w.FirstName),
		LastName:    string(w.LastName),
		Position:    string(w.Position),
		Photo:       photo(w.Avatar),
		Departments: int64s(w.Department),
		LastActive:  w.LastActive.Time,
		AbsentUntil: w.Absent.Time,
		Formatted:   strings.TrimSpace(string(w.FullName)),
		Active:      w.Active == nil || bool(*w.Active),
		Bot:         bool(w.Bot) || w.Type == "bot",
		Connector:   bool(w.Connector),
		Type:        string(w.Type),
	}
	if u.Name == "" && u.LastName == "" {
		u.Name = string(w.FullName)
	}
	plain := w.Type == "" || w.Type == "user"
	switch {
	case u.Connector:
		u.Type = "connector"
	case u.Bot:
		u.Type = "bot"
	case plain && bool(w.Network):
		u.Type = "network"
	case plain && bool(w.Extranet):
		u.Type = "extranet"
	case plain:
		u.Type = "employee"
	}
	return u
}

// UnmarshalJSON reads a person as user.* or im.* tells; null is nobody. The one
// calls the id ID, the other id.
func (u *User) UnmarshalJSON(data []byte) error {
	*u = User{}
	if isEmpty(data) {
		return nil
	}
	var which struct {
		Employee json.RawMessage `json:"ID"`
		Contact  json.RawMessage `json:"id"`
	}
	if err := json.Unmarshal(data, &which); err != nil {
		return err
	}
	if which.Contact != nil {
		var w wireContact
		err := json.Unmarshal(data, &w)
		*u = w.user()
		return err
	}
	var w wireEmployee
	err := json.Unmarshal(data, &w)
	*u = w.user()
	return err
}

// photo drops what is no picture: the messenger has a blank one for people
// without, and only absolute addresses can be shown elsewhere.
func photo(address text) string {
	s := string(address)
	if origin(s) == "" || strings.HasSuffix(s, "/blank.gif") {
		return ""
	}
	return s
}

func int64s(numbers []number) []int64 {
	var all []int64
	for _, n := range numbers {
		all = append(all, int64(n))
	}
	return all
}

// UnmarshalJSON reads the result of profile.
func (p *Profile) UnmarshalJSON(data []byte) error {
	var w struct {
		ID       number `json:"ID"`
		Admin    flag   `json:"ADMIN"`
		Name     text   `json:"NAME"`
		LastName text   `json:"LAST_NAME"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	if w.ID <= 0 {
		return errNobody
	}
	*p = Profile{ID: UserID(w.ID), Admin: bool(w.Admin), Name: string(w.Name), LastName: string(w.LastName)}
	return nil
}

// UnmarshalJSON reads the result of app.info.
func (a *AppInfo) UnmarshalJSON(data []byte) error {
	var w struct {
		Code      text `json:"CODE"`
		Installed flag `json:"INSTALLED"`
		Language  text `json:"LANGUAGE_ID"`
		Status    text `json:"STATUS"`
		Version   text `json:"VERSION"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*a = AppInfo{Code: string(w.Code), Installed: bool(w.Installed), Language: string(w.Language), Status: string(w.Status), Version: string(w.Version)}
	return nil
}

// SearchUsers finds active people by name, ordered by last name
// (user.search). The caller sees only whom the portal shows them.
// See https://apidocs.bitrix24.com/api-reference/user/user-search.html
func (v Viewer) SearchUsers(ctx context.Context, s UserSearch) ([]User, error) {
	var users []User
	if err := v.Read(ctx, "user.search", s.params(), &users); err != nil {
		return nil, fmt.Errorf("searching colleagues: %w", err)
	}
	return s.cut(users), nil
}

func (s UserSearch) params() Params {
	filter := Params{"ACTIVE": true, "USER_TYPE": "employee"}
	if s.External {
		filter["USER_TYPE"] = "extranet"
	}
	if query := strings.TrimSpace(s.Query); query != "" {
		filter["FIND"] = query
	} else if len(s.Emails) > 0 {
		filter["EMAIL"] = s.Emails
	}
	return Params{
		"FILTER": filter, "SORT": "LAST_NAME", "ORDER": "ASC", "start": -1,
		"SELECT": []string{"ID", "NAME", "LAST_NAME", "SECOND_NAME", "WORK_POSITION", "EMAIL", "PERSONAL_PHOTO", "UF_DEPARTMENT", "IS_ONLINE", "USER_TYPE", "ACTIVE"},
	}
}

// cut keeps as many people as were asked for.
func (s UserSearch) cut(users []User) []User {
	if s.Limit > 0 && len(users) > s.Limit {
		return users[:s.Limit]
	}
	return users
}

// Users returns people by id, dismissed ones, bots and customers included, in
// no particular order and without those the portal does not know
// (im.user.list.get).
// See https://apidocs.bitrix24.com/api-reference/chats/users/im-user-list-get.html
func (c *Client) Users(ctx context.Context, ids []UserID) ([]User, error) {
	var users []User
	if len(ids) == 0 {
		return nil, nil // the portal refuses an empty list
	}
	if err := c.Read(ctx, "im.user.list.get", Params{"ID": ids}, &users); err != nil {
		return nil, fmt.Errorf("reading %d users: %w", len(ids), err)
	}
	return users, nil
}

// Profile returns the person whose token is used (profile).
// See https://apidocs.bitrix24.com/api-reference/common/users/profile.html
func (c *Client) Profile(ctx context.Context) (Profile, error) {
	var p Profile
	if err := c.Read(ctx, "profile", nil, &p); err != nil {
		return Profile{}, fmt.Errorf("reading the profile: %w", err)
	}
	return p, nil
}

// AppInfo returns the application as the portal knows it (app.info). It proves
// nothing about the portal; see [Application.Inspect].
// See https://apidocs.bitrix24.com/api-reference/common/system/app-info.html
func (c *Client) AppInfo(ctx context.Context) (AppInfo, error) {
	var a AppInfo
	if err := c.Read(ctx, "app.info", nil, &a); err != nil {
		return AppInfo{}, fmt.Errorf("reading the application: %w", err)
	}
	return a, nil
}

// AccessNames returns what the portal calls the holders of access codes, without
// those that it does not know (access.name).
// See https://apidocs.bitrix24.com/api-reference/common/system/access-name.html
func (c *Client) AccessNames(ctx context.Context, codes []string) (map[string]string, error) {
	if len(codes) == 0 {
		return nil, nil // the portal refuses an empty list
	}
	var rows dict[struct {
		Name text `json:"name"`
	}]
	if err := c.Read(ctx, "access.name", Params{"ACCESS": codes}, &rows); err != nil {
		return nil, fmt.Errorf("naming %d access codes: %w", len(codes), err)
	}
	names := map[string]string{}
	for code, row := range rows {
		names[code] = strings.TrimSpace(string(row.Name))
	}
	return names, nil
}

// Access adds user.access, whether the caller holds any of some access codes;
// decode into a bool. Administrators hold every one.
// See https://apidocs.bitrix24.com/api-reference/common/users/user-access.html
func (b *Batch) Access(key string, codes ...string) {
	b.Add(key, "user.access", Params{"ACCESS": codes})
}

// Placed adds user.get of up to 50 people with their departments; decode into a
// []User. Whom the portal does not show the caller is missing.
// See https://apidocs.bitrix24.com/api-reference/user/user-get.html
func (b *Batch) Placed(key string, ids ...UserID) {
	b.Add(key, "user.get", Params{
		"FILTER": Params{"ID": ids}, "SORT": "ID", "ORDER": "ASC", "start": -1, "SELECT": []string{"ID", "UF_DEPARTMENT", "ACTIVE", "USER_TYPE"},
	})
}

// SearchUsers adds user.search; decode into a []User.
func (b *Batch) SearchUsers(key string, s UserSearch) { b.Add(key, "user.search", s.params()) }

// Users adds im.user.list.get; decode into a []User.
func (b *Batch) Users(key string, ids ...UserID) {
	b.Add(key, "im.user.list.get", Params{"ID": ids})
}

// UsersRef is [Batch.Users] of people that earlier commands name.
func (b *Batch) UsersRef(key string, ids ...Ref) {
	b.Add(key, "im.user.list.get", Params{"ID": ids})
}

// Colleagues adds im.department.colleagues.list of up to 50 people of the
// caller's departments and their heads; decode into a []User. [ErrAccessDenied]
// for callers from outside.
// See https://apidocs.bitrix24.com/api-reference/chats/departments/im-department-colleagues-list.html
func (b *Batch) Colleagues(key string) {
	b.Add(key, "im.department.colleagues.list", Params{"USER_DATA": "Y", "LIMIT": 50})
}

// Profile adds profile; decode into a [Profile].
func (b *Batch) Profile(key string) { b.Add(key, "profile", nil) }

// AppInfo adds app.info; decode into an [AppInfo].
func (b *Batch) AppInfo(key string) { b.Add(key, "app.info", nil) }
