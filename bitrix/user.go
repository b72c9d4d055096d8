package bitrix

import "context"

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
func (u User) External() bool { return false }

// FullName returns first and last name, or what there is of them.
func (u User) FullName() string { return "" }

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
	return nil, errNotBuilt
}

// Users returns people by id, dismissed ones, bots and customers included, in
// no particular order and without those the portal does not know
// (im.user.list.get).
// See https://apidocs.bitrix24.com/api-reference/chats/users/im-user-list-get.html
func (c *Client) Users(ctx context.Context, ids []UserID) ([]User, error) { return nil, errNotBuilt }

// Profile returns the person whose token is used (profile).
// See https://apidocs.bitrix24.com/api-reference/common/users/profile.html
func (c *Client) Profile(ctx context.Context) (Profile, error) { return Profile{}, errNotBuilt }

// AppInfo returns the application as the portal knows it (app.info). It proves
// nothing about the portal; see [Application.Inspect].
// See https://apidocs.bitrix24.com/api-reference/common/system/app-info.html
func (c *Client) AppInfo(ctx context.Context) (AppInfo, error) { return AppInfo{}, errNotBuilt }

// SearchUsers adds user.search; decode into a []User.
func (b *Batch) SearchUsers(key string, s UserSearch) {}

// Users adds im.user.list.get; decode into a []User.
func (b *Batch) Users(key string, ids ...UserID) {}

// UsersRef is [Batch.Users] of people that earlier commands name.
func (b *Batch) UsersRef(key string, ids ...Ref) {}

// Profile adds profile; decode into a [Profile].
func (b *Batch) Profile(key string) {}

// AppInfo adds app.info; decode into an [AppInfo].
func (b *Batch) AppInfo(key string) {}
