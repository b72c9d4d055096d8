package app_test

import (
	"errors"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

func complete() map[string]string {
	return map[string]string{
		"JOINLINE_CLIENT_ID":     "local.66f0aa12bc34d5.48120937",
		"JOINLINE_CLIENT_SECRET": "Qm3SecretOfTheApplication",
		"JOINLINE_PUBLIC_URL":    "https://Joinline.Example.com/",
	}
}

func parse(env map[string]string) (app.Config, error) {
	return app.ParseConfig(func(name string) string { return env[name] })
}

func TestThreeVariablesAreEnough(t *testing.T) {
	got, err := parse(complete())
	if err != nil {
		t.Fatal(err)
	}
	want := app.Config{
		ClientID: "local.66f0aa12bc34d5.48120937", ClientSecret: "Qm3SecretOfTheApplication", PublicURL: "https://joinline.example.com",
		Listen: "127.0.0.1:8080", Storage: app.Storage{DataDir: "joinline-data"}, AuthServers: bitrix.DefaultAuthServers(), LogFormat: "text",
		Limit:          bitrix.Limit{PerSecond: 2, Burst: 50},
		Replicas:       1,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
	}
	networks := cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })
	keys := cmp.Comparer(func(a, b app.Key) bool { return a == b })
	secrets := cmp.Comparer(func(a, b bitrix.Secret) bool { return a.Reveal() == b.Reveal() })
	if d := cmp.Diff(want, got, keys, secrets, networks); d != "" {
		t.Error(d)
	}
}

func TestEveryVariableIsRead(t *testing.T) {
	env := complete()
	maps.Copy(env, map[string]string{
		"JOINLINE_LISTEN": ":9000", "JOINLINE_DATA": "/var/lib/joinline", "JOINLINE_SECRET_KEY": hexKey,
		"JOINLINE_DATABASE_URL": "postgres://joinline:hush@db.example/joinline?sslmode=require",
		"JOINLINE_AUTH_SERVER":  "http://oauth.localhost:8090/, https://oauth.example", "JOINLINE_PORTAL": "https://Acme.bitrix24.com:443/",
		"JOINLINE_TRUSTED_PROXIES": "10.0.0.5, 192.168.1.9/16", "JOINLINE_PORTAL_LIMIT": "5/250", "JOINLINE_REPLICAS": "4", "JOINLINE_LOG_LEVEL": "debug", "JOINLINE_LOG_FORMAT": "JSON", "JOINLINE_PUBLIC_URL": "http://joinline.localhost:8080",
	})
	c, err := parse(env)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := app.ParseKey(hexKey)
	if c.DatabaseURL.Reveal() != env["JOINLINE_DATABASE_URL"] || c.Listen != ":9000" || c.DataDir != "/var/lib/joinline" || !slices.Equal(c.Keys, []app.Key{key}) || c.Portal != "acme.bitrix24.com" ||
		c.Limit != (bitrix.Limit{PerSecond: 1.25, Burst: 62}) || c.LogLevel != slog.LevelDebug || c.LogFormat != "json" || c.PublicURL != "http://joinline.localhost:8080" ||
		!slices.Equal(c.AuthServers, []string{"http://oauth.localhost:8090", "https://oauth.example"}) ||
		!slices.Equal(c.TrustedProxies, []netip.Prefix{netip.MustParsePrefix("10.0.0.5/32"), netip.MustParsePrefix("192.168.0.0/16")}) {
		t.Errorf("got %+v", c)
	}
}

func TestSecretsAreReadFromFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	env := complete()
	delete(env, "JOINLINE_CLIENT_SECRET")
	env["JOINLINE_CLIENT_SECRET_FILE"] = file("secret", "FromAFile\n")
	env["JOINLINE_SECRET_KEY_FILE"] = file("key", hexKey+"\n")
	c, err := parse(env)
	if err != nil {
		t.Fatal(err)
	}
	if key, _ := app.ParseKey(hexKey); c.ClientSecret.Reveal() != "FromAFile" || !slices.Equal(c.Keys, []app.Key{key}) {
		t.Error("the files were not read")
	}
}

func TestTheApplicationMayBeMissingAltogetherButNotInPart(t *testing.T) {
	env := complete()
	delete(env, "JOINLINE_CLIENT_ID")
	_, err := parse(env)
	problems, ok := errors.AsType[*app.ConfigError](err)
	if !ok || len(problems.Problems) != 1 || problems.Problems[0].Variable != "JOINLINE_CLIENT_ID" {
		t.Errorf("without the id: %v", err)
	}
	delete(env, "JOINLINE_CLIENT_SECRET")
	if c, err := parse(env); err != nil || c.ClientID != "" || c.ClientSecret != "" {
		t.Errorf("without both: %+v, %v", c, err)
	}
	env["JOINLINE_LISTEN"] = "8080"
	_, err = parse(env)
	if problems, ok = errors.AsType[*app.ConfigError](err); !ok || len(problems.Problems) != 3 {
		t.Errorf("without both and with another problem: %v, want all three", err)
	}
	if problems, ok = errors.AsType[*app.ConfigError](app.MissingApplication()); !ok || len(problems.Problems) != 2 {
		t.Errorf("MissingApplication = %v", err)
	}
}

func TestAllProblemsAreReportedTogether(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := parse(map[string]string{
		"JOINLINE_DATA":          file,
		"JOINLINE_CLIENT_SECRET": "has spaces hush", "JOINLINE_PUBLIC_URL": "http://joinline.example.com", "JOINLINE_LISTEN": "8080",
		"JOINLINE_SECRET_KEY": "hushhush", "JOINLINE_DATABASE_URL": "mysql://joinline:hush@db/joinline", "JOINLINE_AUTH_SERVER": "oauth.example", "JOINLINE_PORTAL": "https://acme.bitrix24.com/crm/",
		"JOINLINE_TRUSTED_PROXIES": "proxy.example", "JOINLINE_PORTAL_LIMIT": "fast", "JOINLINE_REPLICAS": "0", "JOINLINE_LOG_LEVEL": "loud", "JOINLINE_LOG_FORMAT": "xml",
	})
	problems, ok := errors.AsType[*app.ConfigError](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	var names []string
	for _, p := range problems.Problems {
		names = append(names, p.Variable)
		if p.Wrong == "" || !strings.HasSuffix(p.Hint, ".") || !strings.Contains(err.Error(), p.Hint) {
			t.Errorf("%s: %q, hint %q", p.Variable, p.Wrong, p.Hint)
		}
	}
	want := []string{
		"JOINLINE_CLIENT_ID", "JOINLINE_CLIENT_SECRET", "JOINLINE_PUBLIC_URL", "JOINLINE_LISTEN", "JOINLINE_DATA", "JOINLINE_DATABASE_URL", "JOINLINE_SECRET_KEY",
		"JOINLINE_PORTAL", "JOINLINE_AUTH_SERVER", "JOINLINE_TRUSTED_PROXIES", "JOINLINE_REPLICAS", "JOINLINE_PORTAL_LIMIT", "JOINLINE_LOG_LEVEL", "JOINLINE_LOG_FORMAT",
	}
	if d := cmp.Diff(want, names); d != "" {
		t.Error(d)
	}
	if strings.Contains(err.Error(), "hush") {
		t.Errorf("the report shows a secret: %v", err)
	}
}

func TestWrongValuesAreExplained(t *testing.T) {
	for name, c := range map[string]struct{ variable, value, wrong string }{
		"a port that cannot be":               {"JOINLINE_LISTEN", "127.0.0.1:99999", "not an address with a port"},
		"a folder inside of a file":           {"JOINLINE_DATA", "config_test.go/data", "names a file"},
		"a public address with a path":        {"JOINLINE_PUBLIC_URL", "https://example.com/joinline", "more than"},
		"a public address without a scheme":   {"JOINLINE_PUBLIC_URL", "joinline.example.com", "not a web address"},
		"a public address without a dot":      {"JOINLINE_PUBLIC_URL", "http://localhost:8080", "without a dot"},
		"a public address with a password":    {"JOINLINE_PUBLIC_URL", "https://a:b@example.com", "more than"},
		"a public address that is very long":  {"JOINLINE_PUBLIC_URL", "https://" + strings.Repeat("a.", 100) + "example", "200"},
		"a public address that is no address": {"JOINLINE_PUBLIC_URL", "https://[", "not a web address"},
		"a client id with markup":             {"JOINLINE_CLIENT_ID", "<b>", "characters"},
		"an authorisation server over http":   {"JOINLINE_AUTH_SERVER", "http://oauth.example", "http://"},
		"a key beside its file":               {"JOINLINE_CLIENT_SECRET_FILE", "/nowhere", "twice"},
		"a key beside something else":         {"JOINLINE_SECRET_KEY", hexKey + ",hush", "32 bytes"},
		"a database without a name":           {"JOINLINE_DATABASE_URL", "postgres://joinline:hush@db.example/", "names no database"},
		"a password that breaks the address":  {"JOINLINE_DATABASE_URL", "postgres://joinline:hu/sh@db.example/joinline", "not the address"},
		"a key file that is not there":        {"JOINLINE_SECRET_KEY_FILE", "/nowhere/at/all", "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			env := complete()
			env[c.variable] = c.value
			_, err := parse(env)
			problems, ok := errors.AsType[*app.ConfigError](err)
			if !ok || len(problems.Problems) != 1 || !strings.Contains(problems.Problems[0].Wrong, c.wrong) {
				t.Errorf("got %v, want one problem about %q", err, c.wrong)
			}
		})
	}
}

func TestTheTableOfVariablesIsWhatIsRead(t *testing.T) {
	var read []string
	_, _ = app.ParseConfig(func(name string) string { read = append(read, name); return "" })
	slices.Sort(read)
	var listed []string
	for _, v := range app.Variables() {
		listed = append(listed, v.Name)
		if v.Secret {
			listed = append(listed, v.Name+"_FILE")
		}
		if v.Meaning == "" || (v.Default == "") != v.Required {
			t.Errorf("%s: meaning %q, default %q, required %v", v.Name, v.Meaning, v.Default, v.Required)
		}
	}
	slices.Sort(listed)
	if d := cmp.Diff(slices.Compact(read), listed); d != "" {
		t.Error(d)
	}
}
