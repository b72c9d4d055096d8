package bitrix

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestASecretCannotBePrinted(t *testing.T) {
	const hidden = "hidden-0123456789"
	s := Secret(hidden)
	token := Token{Access: s, Refresh: s}
	launch := &Launch{Access: s, Refresh: s, ApplicationToken: s}
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, nil))
	logger.Info("m", "secret", s, "token", token, "launch", launch, "event", Event{Token: token, ApplicationToken: s})
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "secret", s, "token", token, "list", []Secret{s})
	shown := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%T"} {
		for _, v := range []any{s, &s, token, &token, launch, []Secret{s}, map[string]Secret{"k": s}, map[Secret]int{s: 1}, struct{ S Secret }{s}, Application{ClientSecret: s}.ClientSecret} {
			shown += fmt.Sprintf(verb, v)
		}
	}
	for _, v := range []any{s, token, launch, map[string]Secret{"k": s}} {
		b, err := json.Marshal(v)
		must(t, err)
		shown += string(b)
	}
	for _, form := range []string{hidden, fmt.Sprintf("%x", hidden), fmt.Sprintf("%X", hidden)} {
		if strings.Contains(shown, form) {
			t.Errorf("%s shows in %s", form, shown)
		}
	}
	if !strings.Contains(shown, "REDACTED") || s.Reveal() != hidden {
		t.Error("the secret is lost altogether")
	}
}

func TestAnEmptySecretEqualsNothing(t *testing.T) {
	for _, c := range []struct {
		a, b Secret
		want bool
	}{{"a", "a", true}, {"a", "b", false}, {"a", "aa", false}, {"", "", false}, {"", "a", false}, {"a", "", false}} {
		if got := c.a.Equal(c.b); got != c.want {
			t.Errorf("%q and %q: got %v", c.a.Reveal(), c.b.Reveal(), got)
		}
	}
}

func TestWhatHoldsTokensCannotBePrintedEither(t *testing.T) {
	p := portal(
		refuses(401, "expired_token"), tokens(secondAccess, secondRefresh),
		result(`{"result":{"a":1},"result_error":[]}`),
	)
	app := newApplication(p)
	source := app.Renewing(testToken(), nil)
	v := app.Viewer(testEndpoint, source)
	b := NewBatch()
	b.Add("a", "profile", nil)
	r, err := v.Batch(t.Context(), b)
	must(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{app, source, v, v.Client, *v.Client, r, *r, StaticToken(testToken()), struct{ source TokenSource }{source}, struct{ v Viewer }{v}} {
			shown := fmt.Sprintf(verb, value)
			for _, secret := range []string{testAccess, testRefresh, secondAccess, secondRefresh, app.ClientSecret.Reveal()} {
				if strings.Contains(shown, secret) {
					t.Errorf("%s of %T shows %s: %s", verb, value, secret, shown)
				}
			}
		}
	}
}
