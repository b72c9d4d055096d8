package bitrixtest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// App is what an administrator types into the form of a local application.
type App struct {
	Name       string `json:"name"`
	HandlerURL string `json:"handler_url"`
	// InstallURL is the initial installation path; with it the application is
	// not installed until its page says so.
	InstallURL string   `json:"install_url"`
	Scopes     []string `json:"scopes"`
	// OnlyAPI: no menu item and no page.
	OnlyAPI bool `json:"only_api"`
	// Mobile: the application says that its page suits the mobile app.
	Mobile bool `json:"mobile"`
	// Names are the titles of the menu item by language.
	Names map[string]string `json:"names"`
}

// Credentials are what the portal shows after saving that form, and the
// application token, which only launches and events tell.
type Credentials struct {
	ClientID         string `json:"client_id"`
	ClientSecret     string `json:"client_secret"`
	ApplicationToken string `json:"application_token"`
}

// application is a registered local application.
type application struct {
	App
	ID                     int
	ClientID, ClientSecret string
	ApplicationToken       string
	Installed              bool
	Access                 []string // access codes; empty: everybody
	AppOptions             map[string]any
	UserOptions            map[int]map[string]any
	Opened                 map[int]bool // who has opened it before (FIRST_RUN)
	Created                time.Time
}

// title is the name of the menu item in a language.
func (a *application) title(language string) string {
	if name := a.Names[language]; name != "" {
		return name
	}
	if name := a.Names["en"]; name != "" {
		return name
	}
	return a.Name
}

// Placement is a bound placement.
type Placement struct {
	ID        int
	ClientID  string
	Placement string
	UserID    int
	Handler   string
	Options   map[string]any
	Titles    map[string]PlacementTitle // by language
}

// PlacementTitle is how a placement is called in one language.
type PlacementTitle struct {
	Title, Description, Group string
}

// EventHandler is a bound event handler.
type EventHandler struct {
	ID       int
	ClientID string
	Event    string
	Handler  string
	UserID   int // 0: whoever causes the event
	Offline  bool
}

// webhook is an inbound webhook of one person.
type webhook struct {
	User   int
	Secret string
	Scopes []string
}

// TokenPair is an access token with its refresh token.
type TokenPair struct {
	Access  string    `json:"access"`
	Refresh string    `json:"refresh"`
	Expires time.Time `json:"expires"`
}

// application is a copy of a registered application.
func (p *Portal) application(clientID string) (application, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.apps[clientID]; a != nil {
		return *a, true
	}
	return application{}, false
}

// Register registers a local application, as an administrator does in the
// form of the developer area. One with an install path is not installed until
// its page finishes; one that only uses the API gets ONAPPINSTALL there.
func (p *Portal) Register(app App) Credentials {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nextApp++
	now := p.options.Now()
	a := &application{
		App: app, ID: p.nextApp, Created: now,
		ClientID:         fmt.Sprintf("local.%s.%08d", randomHex(7), 10_000_000+now.UnixNano()%90_000_000),
		ClientSecret:     randomText(50),
		ApplicationToken: randomHex(16),
		Installed:        app.InstallURL == "" || app.OnlyAPI,
		AppOptions:       map[string]any{}, UserOptions: map[int]map[string]any{}, Opened: map[int]bool{},
	}
	p.apps[a.ClientID] = a
	if app.OnlyAPI && app.InstallURL != "" {
		p.bindEvent(a, "ONAPPINSTALL", app.InstallURL, 0, false)
		p.fireInstall(a, p.anyAdmin())
	}
	return a.credentials()
}

func (a *application) credentials() Credentials {
	return Credentials{ClientID: a.ClientID, ClientSecret: a.ClientSecret, ApplicationToken: a.ApplicationToken}
}

// anyAdmin is the id of an active administrator; 0 where there is none.
func (p *Portal) anyAdmin() int {
	for _, u := range p.world.people() {
		if u.Admin && u.Active {
			return u.ID
		}
	}
	return 0
}

// Registered is the latest application whose handler lies at an origin.
func (p *Portal) Registered(origin string) (c Credentials, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	latest := 0
	for _, a := range p.apps {
		if strings.HasPrefix(a.HandlerURL, origin+"/") && a.ID > latest {
			c, ok, latest = a.credentials(), true, a.ID
		}
	}
	return c, ok
}

// Edit changes what was typed into the form. Bound placements and event
// handlers keep their addresses; keys stay. An unknown client id is ignored.
func (p *Portal) Edit(clientID string, app App) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.apps[clientID]; a != nil {
		a.App = app
	}
}

// SetAccess limits an application to holders of access codes (U15, D7 …);
// none lets everybody in.
func (p *Portal) SetAccess(clientID string, codes ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if a := p.apps[clientID]; a != nil {
		a.Access = codes
	}
}

// Installed tells whether the installation of an application is finished.
func (p *Portal) Installed(clientID string) bool {
	a, ok := p.application(clientID)
	return ok && a.Installed
}

// FinishInstall is what the install page causes in an administrator's browser:
// the application counts as installed, and ONAPPINSTALL goes to its handlers.
func (p *Portal) FinishInstall(clientID string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.apps[clientID]
	if a == nil {
		return fmt.Errorf("there is no application %q", clientID)
	}
	p.finishInstall(a, p.anyAdmin())
	return nil
}

// finishInstall marks an application installed in a person's name. The lock is held.
func (p *Portal) finishInstall(a *application, user int) {
	if a.Installed {
		return
	}
	a.Installed = true
	p.fireInstall(a, user)
}

func (p *Portal) fireInstall(a *application, user int) {
	p.fireApp(a, "ONAPPINSTALL", map[string]any{"VERSION": "1", "ACTIVE": "Y", "INSTALLED": "Y", "LANGUAGE_ID": p.options.Language}, user, true)
}

// Uninstall deletes an application: ONAPPUNINSTALL goes to its handlers, its
// placements and handlers are gone, and its tokens answer APPLICATION_NOT_FOUND.
// Where the installation was never finished, nobody is told.
func (p *Portal) Uninstall(clientID string, clean bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.apps[clientID]
	if a == nil {
		return
	}
	flag := "0"
	if clean {
		flag = "1"
	}
	if a.Installed {
		p.fireApp(a, "ONAPPUNINSTALL", map[string]any{"LANGUAGE_ID": p.options.Language, "CLEAN": flag}, 0, false)
	}
	delete(p.apps, clientID)
	p.auth.remove(a, p.options.MemberID)
	p.placements = slices.DeleteFunc(p.placements, func(b *Placement) bool { return b.ClientID == clientID })
	p.handlers = slices.DeleteFunc(p.handlers, func(h *EventHandler) bool { return h.ClientID == clientID })
}

// Token gives a person a fresh pair of tokens for an application, as opening
// one of its pages does. Pairs handed out earlier stay good.
func (p *Portal) Token(clientID string, user int) TokenPair {
	a, _ := p.application(clientID)
	t := p.auth.issue(p.options.MemberID, clientID, user, a.Scopes)
	return TokenPair{Access: t.Access, Refresh: t.Refresh, Expires: t.Expires}
}

// ExpireToken makes one access token old.
func (p *Portal) ExpireToken(access string) {
	p.auth.expire(func(t *oauthToken) bool { return t.Access != access })
}

// ExpireTokens makes all access tokens of a person old; user 0 means everybody.
func (p *Portal) ExpireTokens(user int) {
	member := p.options.MemberID
	p.auth.expire(func(t *oauthToken) bool { return t.MemberID != member || user != 0 && t.User != user })
}

// Refreshes is how many refresh tokens the authorisation server traded.
func (p *Portal) Refreshes() int { return p.auth.Refreshes() }

// Webhook is the address of an inbound webhook of a person, with every scope
// and a slash at its end. The same person always gets the same one.
func (p *Portal) Webhook(user int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, hook := range p.webhooks {
		if hook.User == user {
			return p.webhookURL(hook)
		}
	}
	hook := &webhook{User: user, Secret: randomHex(8), Scopes: []string{
		"crm", "im", "imopenlines", "user", "user_basic", "user_brief", "department", "placement", "imbot", "bizproc"}}
	p.webhooks[hook.Secret] = hook
	return p.webhookURL(hook)
}

func (p *Portal) webhookURL(hook *webhook) string {
	return fmt.Sprintf("%s/rest/%d/%s/", p.url, hook.User, hook.Secret)
}

// Placements are the bound placements of all applications, oldest first.
func (p *Portal) Placements() []Placement {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Placement, len(p.placements))
	for i, b := range p.placements {
		all[i] = *b
	}
	return all
}

// Unbind takes an application out of a place, as somebody may without asking it,
// and tells how often it stood there. An empty place is all of them.
func (p *Portal) Unbind(clientID, placement string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := len(p.placements)
	p.placements = slices.DeleteFunc(p.placements, func(b *Placement) bool {
		return b.ClientID == clientID && (placement == "" || b.Placement == placement)
	})
	return before - len(p.placements)
}

// EventHandlers are the bound event handlers of all applications, oldest first.
func (p *Portal) EventHandlers() []EventHandler {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]EventHandler, len(p.handlers))
	for i, h := range p.handlers {
		all[i] = *h
	}
	return all
}
