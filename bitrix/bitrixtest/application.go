package bitrixtest

import (
	"net/url"
	"time"
)

// App is what an administrator types into the form of a local application.
type App struct {
	Name       string
	HandlerURL string
	// InstallURL is the initial installation path; with it the application is
	// not installed until its page says so.
	InstallURL string
	Scopes     []string
	// OnlyAPI: no menu item and no page.
	OnlyAPI bool
	// Names are the titles of the menu item by language.
	Names map[string]string
}

// Credentials are what the portal shows after saving that form, and the
// application token, which only launches and events tell.
type Credentials struct {
	ClientID, ClientSecret, ApplicationToken string
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
	Access, Refresh string
	Expires         time.Time
}

// Launch is the form POST by which the portal opens a page of an application.
type Launch struct {
	URL  string // handler with DOMAIN, PROTOCOL, LANG and APP_SID
	Form url.Values
	SID  string
}
