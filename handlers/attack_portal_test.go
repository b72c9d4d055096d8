package handlers

import (
	"net/http"
	"strings"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// TestAPortalThatAnswersNonsenseIsOneThatDoesNotAnswer: what a portal says is
// outside input, too. A page says calmly that nothing usable came.
func TestAPortalThatAnswersNonsenseIsOneThatDoesNotAnswer(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":               ``,
		"no object":             `[]`,
		"null":                  `null`,
		"no result":             `{}`,
		"a result of null":      `{"result":null}`,
		"a result of words":     `{"result":"ok"}`,
		"a batch of nothing":    `{"result":{"result":[]}}`,
		"another batch":         `{"result":{"result":{"other":1}}}`,
		"people of wrong types": `{"result":{"result":{"employees":"<script>","external":7}}}`,
		"an endless list":       `{"result":{"result":{"employees":` + strings.Repeat("[", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each is asked again after a pause
			b := &bitrix.Application{ClientID: "local.66f0aa12bc34d5.48120937", ClientSecret: "secret", AuthServers: []string{"https://oauth.example.test"}}
			b.HTTPClient = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) { return says(body), nil })}
			s := newSite(t, b)
			v := visit77
			v.Member = nobody32
			s.keep(t, v)
			r := nothingTyped(t, s, v)
			r.form.Set("q", "pavel")
			a := s.do(t, r)
			a.wantStatus(t, 502)
			calmPiece(t, a, "en")
		})
	}
}

// keep stores what stands behind a visit: the portal and the person's tokens.
func (s *site) keep(t *testing.T, v app.Visit) {
	t.Helper()
	pair := bitrix.Token{Access: madeUp, Refresh: madeUp, MemberID: v.Member}
	must(t, s.store.SaveInstallation(t.Context(), app.Installation{
		Member: v.Member, Portal: v.Portal, Endpoint: v.Portal + "/rest/", Server: "https://oauth.example.test",
		ClientID: "local.66f0aa12bc34d5.48120937", Installer: admin,
	}, pair))
	must(t, s.store.SaveToken(t.Context(), app.TokenKey{Member: v.Member, Role: app.AsViewer, User: v.Viewer}, pair))
}
