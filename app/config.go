package app

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"

	"github.com/joinline/joinline/bitrix"
)

// Config is what an operator decides about one Joinline. ParseConfig reads it
// from the environment; code that builds one itself sets at least PublicURL
// and Titles.
type Config struct {
	// ClientID and ClientSecret are the keys that the portal shows after the
	// local application was registered. Both are empty where applications are
	// registered in the store alone.
	ClientID     string
	ClientSecret bitrix.Secret
	// PublicURL is the origin under which browsers and the portal reach
	// Joinline, without a slash at its end: "https://joinline.example.com".
	PublicURL string
	// Listen is the address to serve on.
	Listen string
	Storage
	// AuthServers are the origins of the authorisation servers that may be
	// trusted to say what a token is.
	AuthServers []string
	// Portal is the host of the only portal that may install. Empty: the
	// portal that holds this ClientID, whichever it is.
	Portal string
	// Limit is this process's share of the requests that a portal allows.
	Limit bitrix.Limit
	// Replicas is how many processes are said to share what a portal allows.
	Replicas int
	// Version is the program's, as people are told. It comes from the program,
	// not from the environment.
	Version string
	// LogLevel and LogFormat ("text" or "json") shape the log.
	LogLevel  slog.Level
	LogFormat string
	// TrustedProxies stand before Joinline; what they say in X-Forwarded-For is
	// believed.
	TrustedProxies []netip.Prefix
	// Titles are the names of the card's tab by language, for example "en"
	// and "ru". They come from the message catalog, not from the environment.
	Titles map[string]string
}

// Storage is where Joinline keeps what it must remember, and what seals it.
type Storage struct {
	// DataDir is the folder of the database, unless DatabaseURL names one, and
	// of the keys, unless Keys are given.
	DataDir string
	// DatabaseURL is the postgres:// address of the database. Empty: a file in
	// DataDir. It may hold a password.
	DatabaseURL bitrix.Secret
	// Keys encrypt what is stored: the first one seals, every one opens. Empty:
	// kept in DataDir, see LoadKeys.
	Keys []Key
}

// Database is the address of the database, as sqlstore.Open takes it.
func (s Storage) Database() string {
	return cmp.Or(s.DatabaseURL.Reveal(), filepath.Join(s.DataDir, "joinline.db"))
}

// OpenKeys returns the keys: those given, or else those of the data folder,
// which is created with a key in it when missing.
func (s Storage) OpenKeys() ([]Key, error) {
	if len(s.Keys) > 0 {
		return s.Keys, nil
	}
	return LoadKeys(s.DataDir)
}

// Variable describes one environment variable, for help texts.
type Variable struct {
	Name, Meaning, Default string
	// Required: Joinline does not start without it.
	Required bool
	// Secret: the variable with _FILE after its name gives a file to read the
	// value from instead.
	Secret bool
}

// Variables lists what ParseConfig reads, in the order in which to explain it.
func Variables() []Variable {
	return []Variable{
		{Name: "JOINLINE_CLIENT_ID", Default: "those that joinline portal add registered", Meaning: "application id (client_id) that the portal shows after the local application is saved"},
		{Name: "JOINLINE_CLIENT_SECRET", Secret: true, Default: "as above", Meaning: "application key (client_secret) shown beside it"},
		{Name: "JOINLINE_PUBLIC_URL", Required: true, Meaning: "address under which browsers and the portal reach Joinline, such as https://joinline.example.com"},
		{Name: "JOINLINE_LISTEN", Default: "127.0.0.1:8080", Meaning: "address and port to serve on"},
		{Name: "JOINLINE_DATA", Default: "joinline-data", Meaning: "folder of the database and the key, created when missing"},
		{Name: "JOINLINE_DATABASE_URL", Secret: true, Default: "a file in the data folder", Meaning: "PostgreSQL database to use instead, such as postgres://joinline:password@db.example.com/joinline"},
		{Name: "JOINLINE_SECRET_KEY", Secret: true, Default: "kept in the data folder", Meaning: "32 random bytes in hexadecimal or base64 that encrypt what is stored; older keys may follow, separated by commas"},
		{Name: "JOINLINE_PORTAL", Default: "the portal of the client id", Meaning: "host of the only portal that may install, such as acme.bitrix24.com"},
		{Name: "JOINLINE_AUTH_SERVER", Default: strings.Join(bitrix.DefaultAuthServers(), ","), Meaning: "authorisation servers to trust, separated by commas"},
		{Name: "JOINLINE_TRUSTED_PROXIES", Default: thisMachine, Meaning: "addresses or networks of the proxies whose X-Forwarded-For is believed, separated by commas, or none"},
		{Name: "JOINLINE_PORTAL_LIMIT", Default: "2/50", Meaning: "requests a second, and at once, that the portals allow one address; 5/250 on Enterprise plans"},
		{Name: "JOINLINE_REPLICAS", Default: "1", Meaning: "how many processes share that limit"},
		{Name: "JOINLINE_LOG_LEVEL", Default: "info", Meaning: "debug, info, warn or error"},
		{Name: "JOINLINE_LOG_FORMAT", Default: "text", Meaning: "text or json"},
	}
}

// Setting is a variable as it stands in an environment.
type Setting struct {
	Variable
	// Value is what was given; that of a secret is never told, nor is a value
	// that has a problem. Empty: the default counts.
	Value string
	// Given: there is one. File is the file that holds it, "" when none does.
	Given bool
	File  string
	// Problems are what is wrong with it.
	Problems []Problem
}

// Explain tells of all variables how they stand, in the order of Variables.
// Problems are those that ParseConfig found beside what more is known.
func Explain(getenv func(string) string, problems []Problem) []Setting {
	var all []Setting
	for _, v := range Variables() {
		s := Setting{Variable: v, Value: strings.TrimSpace(getenv(v.Name))}
		if v.Secret {
			s.File = strings.TrimSpace(getenv(v.Name + "_FILE"))
		}
		s.Given = s.Value != "" || s.File != ""
		for _, p := range problems {
			if p.Variable == v.Name || p.Variable == v.Name+"_FILE" {
				s.Problems = append(s.Problems, p)
			}
		}
		if v.Secret || s.Problems != nil {
			s.Value = ""
		}
		all = append(all, s)
	}
	return all
}

// Problem is one thing wrong with the configuration. It never holds the value
// of a secret.
type Problem struct{ Variable, Wrong, Hint string }

// ConfigError reports everything that is wrong with a configuration at once.
type ConfigError struct{ Problems []Problem }

// Error lists the problems, one a line, each with its hint.
func (e *ConfigError) Error() string {
	var b strings.Builder
	b.WriteString("the settings have problems:")
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "\n  %s %s\n    %s", p.Variable, p.Wrong, p.Hint)
	}
	return b.String()
}

// ParseConfig reads the variables that Variables lists. Its error is a
// *ConfigError with every problem found. The only files it reads are those
// named by …_FILE variables; it changes none.
func ParseConfig(getenv func(string) string) (Config, error) {
	p := parser{getenv: getenv}
	c := Config{
		PublicURL:      p.publicURL(),
		Listen:         p.listen(),
		Storage:        p.storage(),
		Portal:         p.portal(),
		AuthServers:    p.authServers(),
		TrustedProxies: p.trustedProxies(),
	}
	c.Limit, c.Replicas = p.limit()
	c.LogLevel, c.LogFormat = p.logLevel(), p.logFormat()
	c.ClientID, c.ClientSecret = p.application()
	if len(p.problems) > 0 {
		return Config{}, &ConfigError{p.problems}
	}
	return c, nil
}

// ParseStorage is ParseConfig for commands that only deal with what is stored.
func ParseStorage(getenv func(string) string) (Storage, error) {
	p := parser{getenv: getenv}
	s := p.storage()
	if len(p.problems) > 0 {
		return Storage{}, &ConfigError{p.problems}
	}
	return s, nil
}
