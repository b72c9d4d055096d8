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
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/joinline/joinline/bitrix"
)

// parser reads one setting after the other and keeps what is wrong with them.
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

// application reads the keys of the application. Both may be missing where
// applications are registered in the store; who has other things to mend
// learns of that at once.
func (p *parser) application() (string, bitrix.Secret) {
	before := len(p.problems)
	id := p.value("JOINLINE_CLIENT_ID")
	secret, from := p.secret("JOINLINE_CLIENT_SECRET")
	if id == "" && secret == "" && len(p.problems) == 0 {
		return "", ""
	}
	p.checkClientID("JOINLINE_CLIENT_ID", id)
	if from != "" { // otherwise reported already
		p.checkClientSecret(from, secret)
	}
	// They come first: without them nothing works.
	p.problems = append(slices.Clone(p.problems[before:]), p.problems[:before]...)
	return id, bitrix.Secret(secret)
}

// MissingApplication is what a configuration lacks when no application is
// registered anywhere, not in the store either.
func MissingApplication() error {
	var p parser
	p.checkClientID("JOINLINE_CLIENT_ID", "")
	p.checkClientSecret("JOINLINE_CLIENT_SECRET", "")
	return &ConfigError{p.problems}
}

var clientID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

func (p *parser) checkClientID(name, v string) {
	switch {
	case v == "":
		p.wrong(name, "is missing", whereKeys+" Or register it with: joinline portal add.")
	case !clientID.MatchString(v):
		p.wrong(name, "has characters that no application id has", "It looks like local.66f0aa12bc34d5.48120937. "+whereKeys)
	}
}

func (p *parser) checkClientSecret(name, v string) {
	switch {
	case v == "":
		p.wrong(name, "is missing", whereKeys+" Or name a file with it in JOINLINE_CLIENT_SECRET_FILE.")
	case strings.ContainsFunc(v, func(r rune) bool { return r <= ' ' || r > '~' }):
		p.wrong(name, "has characters that no application key has", "Copy the key again, letters and digits only.")
	}
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
	_, port, err := net.SplitHostPort(v)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil || port == "" {
		p.wrong("JOINLINE_LISTEN", "is not an address with a port", "Write it like 127.0.0.1:8080, or :8080 for every address of this machine.")
	}
	return v
}

func (p *parser) databaseURL() bitrix.Secret {
	v, from := p.secret("JOINLINE_DATABASE_URL")
	if v == "" {
		return ""
	}
	// What url.Parse complains of may hold the password.
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql":
		p.wrong(from, "is not the address of a PostgreSQL database", "Write it like postgres://user:password@host:5432/database, with %40 for an @ in the password. Leave it out to keep the data in a file.")
	case strings.Trim(u.Path, "/") == "":
		p.wrong(from, "names no database", "Write the name of the database after the host: postgres://user:password@host:5432/joinline.")
	}
	return bitrix.Secret(v)
}

func (p *parser) storage() Storage {
	return Storage{DataDir: p.dataDir(), DatabaseURL: p.databaseURL(), Keys: p.keys()}
}

// dataDir may be missing: whether it can be made is seen when it is made.
func (p *parser) dataDir() string {
	v := p.or("JOINLINE_DATA", "joinline-data")
	if at, err := os.Stat(v); errors.Is(err, syscall.ENOTDIR) || err == nil && !at.IsDir() {
		p.wrong("JOINLINE_DATA", "names a file, or a place inside of one", "Name a folder. It is made when it is missing.")
	}
	return v
}

func (p *parser) keys() []Key {
	v, from := p.secret("JOINLINE_SECRET_KEY")
	if v == "" {
		return nil
	}
	keys, err := ParseKeys(v)
	if err != nil {
		p.wrong(from, err.Error(), "Make one with: openssl rand -hex 32. Or leave it out, and Joinline keeps one in its data folder.")
	}
	return keys
}

func (p *parser) portal() string {
	v := p.value("JOINLINE_PORTAL")
	if v == "" {
		return ""
	}
	host := hostOfPortal(v)
	if host == "" {
		p.wrong("JOINLINE_PORTAL", "is not the host of a portal", "Write it like acme.bitrix24.com.")
	}
	return host
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

// thisMachine is where the proxy usually runs.
const thisMachine = "127.0.0.0/8,::1"

func (p *parser) trustedProxies() []netip.Prefix {
	v := p.or("JOINLINE_TRUSTED_PROXIES", thisMachine)
	if v == "none" {
		return nil
	}
	var proxies []netip.Prefix
	for s := range strings.SplitSeq(v, ",") {
		s = strings.TrimSpace(s)
		network, err := netip.ParsePrefix(s)
		if address, bareErr := netip.ParseAddr(s); err != nil && bareErr == nil && address.Zone() == "" {
			network, err = address.Prefix(address.BitLen())
		}
		if err != nil {
			p.wrong("JOINLINE_TRUSTED_PROXIES", "is not a list of addresses or networks", "Write it like 10.0.0.5,192.168.0.0/16, or none.")
			return nil
		}
		proxies = append(proxies, network.Masked())
	}
	return proxies
}

// limit is one process's share of what the portals allow, and how many share it.
// See https://apidocs.bitrix24.com/limits.html
func (p *parser) limit() (bitrix.Limit, int) {
	replicas, err := strconv.Atoi(p.or("JOINLINE_REPLICAS", "1"))
	if err != nil || replicas < 1 || replicas > 50 {
		p.wrong("JOINLINE_REPLICAS", "is not a number from 1 to 50", "Give how many Joinlines reach the portals from one address, or leave it out.")
		replicas = 1
	}
	perSecond, burst, _ := strings.Cut(p.or("JOINLINE_PORTAL_LIMIT", "2/50"), "/")
	rate, rateErr := strconv.ParseFloat(perSecond, 64)
	atOnce, burstErr := strconv.Atoi(burst)
	if rateErr != nil || burstErr != nil || !(rate > 0 && rate <= 1000) || atOnce < 1 || atOnce > 100_000 {
		p.wrong("JOINLINE_PORTAL_LIMIT", "is not a limit", "Write requests a second and at once like 2/50, or 5/250 on Enterprise plans.")
		return bitrix.Limit{}, replicas
	}
	return bitrix.Limit{PerSecond: rate / float64(replicas), Burst: max(1, atOnce/replicas)}, replicas
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
