package app

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/joinline/joinline/bitrix"
)

// Config is what an operator decides about one Joinline. ParseConfig reads it
// from the environment; code that builds one itself sets at least ClientID,
// ClientSecret, PublicURL and Titles.
type Config struct {
	// ClientID and ClientSecret are the keys that the portal shows after the
	// local application was registered.
	ClientID     string
	ClientSecret bitrix.Secret
	// PublicURL is the origin under which browsers and the portal reach
	// Joinline, without a slash at its end: "https://joinline.example.com".
	PublicURL string
	// Listen is the address to serve on.
	Listen string
	// DataDir is the folder of the database and, without SecretKey, of the key.
	DataDir string
	// SecretKey encrypts what is stored. Zero: kept in DataDir, see LoadKey.
	SecretKey Key
	// AuthServers are the origins of the authorisation servers that may be
	// trusted to say what a token is.
	AuthServers []string
	// Portal is the host of the only portal that may install. Empty: the
	// portal that holds this ClientID, whichever it is.
	Portal string
	// LogLevel and LogFormat ("text" or "json") shape the log.
	LogLevel  slog.Level
	LogFormat string
	// Titles are the names of the card's tab by language, for example "en"
	// and "ru". They come from the message catalog, not from the environment.
	Titles map[string]string
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
		{Name: "JOINLINE_CLIENT_ID", Required: true, Meaning: "application id (client_id) that the portal shows after the local application is saved"},
		{Name: "JOINLINE_CLIENT_SECRET", Required: true, Secret: true, Meaning: "application key (client_secret) shown beside it"},
		{Name: "JOINLINE_PUBLIC_URL", Required: true, Meaning: "address under which browsers and the portal reach Joinline, such as https://joinline.example.com"},
		{Name: "JOINLINE_LISTEN", Default: "127.0.0.1:8080", Meaning: "address and port to serve on"},
		{Name: "JOINLINE_DATA", Default: "joinline-data", Meaning: "folder of the database, created when missing"},
		{Name: "JOINLINE_SECRET_KEY", Secret: true, Default: "kept in the data folder", Meaning: "32 random bytes in hexadecimal or base64 that encrypt what is stored"},
		{Name: "JOINLINE_PORTAL", Default: "the portal of the client id", Meaning: "host of the only portal that may install, such as acme.bitrix24.com"},
		{Name: "JOINLINE_AUTH_SERVER", Default: strings.Join(bitrix.DefaultAuthServers(), ","), Meaning: "authorisation servers to trust, separated by commas"},
		{Name: "JOINLINE_LOG_LEVEL", Default: "info", Meaning: "debug, info, warn or error"},
		{Name: "JOINLINE_LOG_FORMAT", Default: "text", Meaning: "text or json"},
	}
}

// Problem is one thing wrong with the configuration. It never holds the value
// of a secret.
type Problem struct{ Variable, Wrong, Hint string }

// ConfigError reports everything that is wrong with a configuration at once.
type ConfigError struct{ Problems []Problem }

// Error lists the problems, one a line, each with its hint.
func (e *ConfigError) Error() string {
	var b strings.Builder
	b.WriteString("the configuration is not complete:")
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "\n  %s %s\n    %s", p.Variable, p.Wrong, p.Hint)
	}
	return b.String()
}

// ParseConfig reads the variables that Variables lists. Its error is a
// *ConfigError with every problem found. The only files it reads are those
// named by …_FILE variables.
func ParseConfig(getenv func(string) string) (Config, error) {
	p := parser{getenv: getenv}
	c := Config{
		ClientID:     p.clientID(),
		ClientSecret: p.clientSecret(),
		PublicURL:    p.publicURL(),
		Listen:       p.listen(),
		DataDir:      p.or("JOINLINE_DATA", "joinline-data"),
		SecretKey:    p.secretKey(),
		Portal:       p.portal(),
		AuthServers:  p.authServers(),
		LogLevel:     p.logLevel(),
		LogFormat:    p.logFormat(),
	}
	if len(p.problems) > 0 {
		return Config{}, &ConfigError{p.problems}
	}
	return c, nil
}

type parser struct {
	getenv   func(string) string
	problems []Problem
}

func (p *parser) wrong(variable, wrong, hint string) {
	p.problems = append(p.problems, Problem{variable, wrong, hint})
}

func (p *parser) value(name string) string { return strings.TrimSpace(p.getenv(name)) }

func (p *parser) or(name, otherwise string) string {
	if v := p.value(name); v != "" {
		return v
	}
	return otherwise
}

// secret reads a variable or the file that its _FILE twin names.
func (p *parser) secret(name string) (value, from string) {
	value, file := p.value(name), p.value(name+"_FILE")
	switch {
	case file == "":
		return value, name
	case value != "":
		p.wrong(name, "is given twice, directly and through "+name+"_FILE", "Unset one of the two.")
		return "", ""
	}
	b, err := os.ReadFile(file)
	if err != nil {
		if cause, ok := errors.AsType[*os.PathError](err); ok {
			err = cause.Err
		}
		p.wrong(name+"_FILE", fmt.Sprintf("names a file that cannot be read: %v", err), "Check the path and that Joinline's user may read it.")
		return "", ""
	}
	if value = strings.TrimSpace(string(b)); value == "" {
		p.wrong(name+"_FILE", "names an empty file", "Write the value into the file, on one line.")
		return "", ""
	}
	return value, name + "_FILE"
}

const whereKeys = "Bitrix24 shows it under Applications > Developer resources > Integrations, after the local application was saved."

var clientID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

func (p *parser) clientID() string {
	v := p.value("JOINLINE_CLIENT_ID")
	switch {
	case v == "":
		p.wrong("JOINLINE_CLIENT_ID", "is missing", whereKeys)
	case !clientID.MatchString(v):
		p.wrong("JOINLINE_CLIENT_ID", "has characters that no application id has", "It looks like local.66f0aa12bc34d5.48120937. "+whereKeys)
	}
	return v
}

func (p *parser) clientSecret() bitrix.Secret {
	v, from := p.secret("JOINLINE_CLIENT_SECRET")
	switch {
	case from == "": // reported already
	case v == "":
		p.wrong("JOINLINE_CLIENT_SECRET", "is missing", whereKeys+" Or name a file with it in JOINLINE_CLIENT_SECRET_FILE.")
	case strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' }):
		p.wrong(from, "has characters that no application key has", "Copy the key again, letters and digits only.")
	}
	return bitrix.Secret(v)
}

func (p *parser) publicURL() string {
	const name = "JOINLINE_PUBLIC_URL"
	v := strings.TrimRight(p.value(name), "/")
	if v == "" {
		p.wrong(name, "is missing", "Give the address that you type into the local application as its handler path, without the path: https://joinline.example.com.")
		return ""
	}
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http"):
		p.wrong(name, "is not a web address", "Write it like https://joinline.example.com.")
	case u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		p.wrong(name, "has more than a scheme, a host and a port", "Leave out path, query and user: https://"+u.Host+".")
	case u.Scheme == "http" && !local(u.Hostname()):
		p.wrong(name, "begins with http://", "Bitrix24 opens applications over https only: https://"+u.Host+". Plain http is for this machine alone.")
	case !strings.ContainsAny(u.Hostname(), ".:"):
		// The portal refuses such handlers: https://apidocs.bitrix24.com/api-reference/events/event-bind.html
		p.wrong(name, "has a host without a dot", "Portals refuse such addresses; use a full name, or joinline.localhost on this machine.")
	case len(v) > 200:
		p.wrong(name, "is longer than 200 characters", "Portals keep at most 255 characters of a handler's address.")
	}
	if err != nil || u == nil {
		return ""
	}
	return strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Host)
}

// local reports whether a host name can only be this machine.
func local(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	host = strings.ToLower(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func (p *parser) listen() string {
	v := p.or("JOINLINE_LISTEN", "127.0.0.1:8080")
	if _, port, err := net.SplitHostPort(v); err != nil || port == "" {
		p.wrong("JOINLINE_LISTEN", "is not an address with a port", "Write it like 127.0.0.1:8080, or :8080 for every address of this machine.")
	}
	return v
}

func (p *parser) secretKey() Key {
	v, from := p.secret("JOINLINE_SECRET_KEY")
	if v == "" {
		return Key{}
	}
	k, err := ParseKey(v)
	if err != nil {
		p.wrong(from, err.Error(), "Make one with: openssl rand -hex 32. Or leave it out, and Joinline keeps one in its data folder.")
	}
	return k
}

func (p *parser) portal() string {
	v := p.value("JOINLINE_PORTAL")
	if v == "" {
		return ""
	}
	s := v
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(strings.TrimRight(s, "/"))
	if err != nil || u.Hostname() == "" || u.Path != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		p.wrong("JOINLINE_PORTAL", "is not the host of a portal", "Write it like acme.bitrix24.com.")
		return ""
	}
	return bareHost(u.Host)
}

func (p *parser) authServers() []string {
	v := p.value("JOINLINE_AUTH_SERVER")
	if v == "" {
		return bitrix.DefaultAuthServers()
	}
	var servers []string
	for s := range strings.SplitSeq(v, ",") {
		s = strings.TrimRight(strings.TrimSpace(s), "/")
		u, err := url.Parse(s)
		switch {
		case err != nil || u.Hostname() == "" || u.Path != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "https" && u.Scheme != "http"):
			p.wrong("JOINLINE_AUTH_SERVER", "is not an address, or a list of addresses", "Leave it out, or write it like https://oauth.bitrix.info.")
			return nil
		case u.Scheme == "http" && !local(u.Hostname()):
			p.wrong("JOINLINE_AUTH_SERVER", "begins with http://", "Keys and tokens go there: use https. Plain http is for this machine alone.")
			return nil
		}
		servers = append(servers, strings.ToLower(u.Scheme+"://"+u.Host))
	}
	return servers
}

func (p *parser) logLevel() slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(p.or("JOINLINE_LOG_LEVEL", "info"))); err != nil {
		p.wrong("JOINLINE_LOG_LEVEL", "is not a level", "Use debug, info, warn or error.")
	}
	return l
}

func (p *parser) logFormat() string {
	v := strings.ToLower(p.or("JOINLINE_LOG_FORMAT", "text"))
	if v != "text" && v != "json" {
		p.wrong("JOINLINE_LOG_FORMAT", "is not a format", "Use text or json.")
	}
	return v
}

// bareHost is a host in lower case without the port that its scheme implies.
// Portals and their documents write it both ways.
func bareHost(host string) string {
	host = strings.ToLower(strings.TrimSpace(host))
	for _, port := range []string{":443", ":80"} {
		if bare, ok := strings.CutSuffix(host, port); ok && !strings.HasSuffix(bare, ":") {
			return bare
		}
	}
	return host
}
