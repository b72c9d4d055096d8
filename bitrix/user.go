package bitrix

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
)

// User is a person of the portal, as far as the token's permissions show them.
type User struct {
	ID                         UserID
	Name, LastName, SecondName string
	Position                   string
	Photo                      string // absolute address, or empty
	Departments                []int64
	Online                     bool   // active in the last minutes; false also when not told
	Active                     bool   // not dismissed; true unless the portal says otherwise
	Type                       string // "employee", "extranet", "bot", "connector", …
	Bot, Connector             bool   // a connector user is a customer
}

// External reports whether u is a person from outside, whom Open Channel chats
// do not take.
func (u User) External() bool {
	switch u.Type {
	case "extranet", "collaber", "email":
		return true
	}
	return false
}

// FullName returns first and last name, or what there is of them.
func (u User) FullName() string { return strings.TrimSpace(u.Name + " " + u.LastName) }

// wireUser is a person as user.* (upper case) or im.* (lower case) tells. The
// decoder matches keys without case, so name and NAME are one field, which the
// messenger fills with the full name.
type wireUser struct {
	ID         number          `json:"id"`
	Name       text            `json:"name"`
	LastName   text            `json:"last_name"`
	FirstName  text            `json:"first_name"`
	SecondName text            `json:"second_name"`
	Position   text            `json:"work_position"`
	Photo      text            `json:"personal_photo"`
	Avatar     text            `json:"avatar"`
	UF         list[number]    `json:"uf_department"`
	In         list[number]    `json:"departments"`
	Online     flag            `json:"is_online"`
	Active     json.RawMessage `json:"active"`
	UserType   text            `json:"user_type"`
	Type       text            `json:"type"`
	Extranet   flag            `json:"extranet"`
	Bot        flag            `json:"bot"`
	Connector  flag            `json:"connector"`
}

// UnmarshalJSON reads a person of user.* or im.*; null is nobody.
func (u *User) UnmarshalJSON(data []byte) error {
	var w wireUser
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*u = User{
		ID: UserID(w.ID), Name: string(cmp.Or(w.FirstName, w.Name)), LastName: string(w.LastName), SecondName: string(w.SecondName),
		Position: string(w.Position), Photo: string(cmp.Or(w.Photo, w.Avatar)), Online: bool(w.Online), Active: true,
		Type: string(cmp.Or(w.UserType, w.Type)), Bot: bool(w.Bot), Connector: bool(w.Connector),
	}
	if len(w.Active) > 0 {
		var active flag
		_ = active.UnmarshalJSON(w.Active) // never fails
		u.Active = bool(active)
	}
	if w.Extranet && u.Type == "" {
		u.Type = "extranet"
	}
	for _, d := range append(w.UF, w.In...) {
		u.Departments = append(u.Departments, int64(d))
	}
	return nil
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

func (s UserSearch) params() Params {
	filter := Params{"ACTIVE": true, "USER_TYPE": "employee"}
	if query := strings.TrimSpace(s.Query); query != "" {
		filter["FIND"] = query
	}
	return Params{
		"FILTER": filter, "SORT": "LAST_NAME", "ORDER": "ASC", "start": -1,
		"SELECT": []string{"ID", "NAME", "LAST_NAME", "SECOND_NAME", "WORK_POSITION", "PERSONAL_PHOTO", "UF_DEPARTMENT", "IS_ONLINE", "USER_TYPE", "ACTIVE"},
	}
}

// cut keeps as many people as were asked for.
func (s UserSearch) cut(users []User) []User {
	if s.Limit > 0 && len(users) > s.Limit {
		return users[:s.Limit]
	}
	return users
}

// UserSearch says which colleagues to look for.
type UserSearch struct {
	Query string // beginnings of words of name, position or department; empty finds everybody
	Limit int    // at most 50, which is also what zero means
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

// SearchUsers finds active employees by name, ordered by last name
// (user.search). The caller sees only whom the portal shows them.
// See https://apidocs.bitrix24.com/api-reference/user/user-search.html
func (v Viewer) SearchUsers(ctx context.Context, s UserSearch) ([]User, error) {
	var users []User
	if err := v.Read(ctx, "user.search", s.params(), &users); err != nil {
		return nil, err
	}
	return s.cut(users), nil
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
	err := c.Read(ctx, "im.user.list.get", Params{"ID": ids}, &users)
	return users, err
}

// Profile returns the person whose token is used (profile).
// See https://apidocs.bitrix24.com/api-reference/common/users/profile.html
func (c *Client) Profile(ctx context.Context) (Profile, error) {
	var p Profile
	err := c.Read(ctx, "profile", nil, &p)
	return p, err
}

// AppInfo returns the application as the portal knows it (app.info). It proves
// nothing about the portal; see [Application.Inspect].
// See https://apidocs.bitrix24.com/api-reference/common/system/app-info.html
func (c *Client) AppInfo(ctx context.Context) (AppInfo, error) {
	var a AppInfo
	err := c.Read(ctx, "app.info", nil, &a)
	return a, err
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

// Profile adds profile; decode into a [Profile].
func (b *Batch) Profile(key string) { b.Add(key, "profile", nil) }

// AppInfo adds app.info; decode into an [AppInfo].
func (b *Batch) AppInfo(key string) { b.Add(key, "app.info", nil) }
