package handlers

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// Fields that carry what gives power to whoever holds it. The first are the
// portal's own and may stand neither in a log nor in an answer; the others are
// what we make, which our pages carry and the log does not.
var (
	portalsSecrets = []string{
		"AUTH_ID", "REFRESH_ID", "APPLICATION_TOKEN", "code",
		"auth[access_token]", "auth[refresh_token]", "auth[application_token]",
	}
	ourSecrets = []string{"visit", "launch", "chat", "person", "state"}
)

// minSecret is how long a text must be to be looked for: shorter ones stand in
// a log by chance.
const minSecret = 12

// traffic is what went in and out of a site during a test.
type traffic struct {
	mu      sync.Mutex
	foreign []string // the portal's secrets, as they were presented
	own     []string // ours
	answers []string // with their headers
}

// note remembers a request and its answer.
func (tr *traffic) note(r request, a answer) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	for _, text := range []string{r.form.Encode(), r.body, queryOf(r.path)} {
		v, _ := url.ParseQuery(text) // what can be read of it
		tr.foreign = append(tr.foreign, values(v, portalsSecrets)...)
		tr.own = append(tr.own, values(v, ourSecrets)...)
	}
	for _, c := range r.cookies {
		tr.own = append(tr.own, c.Value)
	}
	var b bytes.Buffer
	_ = a.Header.Write(&b)
	tr.answers = append(tr.answers, r.path+"\n"+b.String()+a.text)
}

func queryOf(path string) string {
	_, q, _ := strings.Cut(path, "?")
	return q
}

func values(v url.Values, names []string) (found []string) {
	for _, name := range names {
		found = append(found, v[name]...)
	}
	return found
}

// issued are all secrets that a portal has ever handed out.
func issued(t testing.TB, p *bitrixtest.Portal) (all []string) {
	t.Helper()
	var b bytes.Buffer
	must(t, p.Save(&b))
	var saved struct {
		Apps     map[string]struct{ ClientSecret, ApplicationToken string }
		Webhooks map[string]any
		SignIns  map[string]any
		Tokens   []struct{ Access, Refresh string }
	}
	must(t, json.Unmarshal(b.Bytes(), &saved))
	for _, a := range saved.Apps {
		all = append(all, a.ClientSecret, a.ApplicationToken)
	}
	for _, secrets := range []map[string]any{saved.Webhooks, saved.SignIns} {
		for secret := range secrets {
			all = append(all, secret)
		}
	}
	for _, pair := range saved.Tokens {
		all = append(all, pair.Access, pair.Refresh)
	}
	return all
}

// wantNoSecrets checks everything that the site has logged and answered.
func (s *site) wantNoSecrets(t testing.TB) {
	t.Helper()
	var issued []string
	if s.issued != nil {
		issued = s.issued(t)
	}
	s.traffic.mu.Lock()
	defer s.traffic.mu.Unlock()
	foreign := append(slices.Clone(issued), s.traffic.foreign...)
	if hit := holds(s.log.String(), append(foreign, s.traffic.own...)); hit != "" {
		t.Errorf("the log holds a secret: %s", hit)
	}
	for _, name := range []string{"Ann Lee", "Delivery of 40 chairs"} {
		if strings.Contains(s.log.String(), name) {
			t.Errorf("the log holds %q", name)
		}
	}
	for _, a := range s.traffic.answers {
		// The address begins it: a code in there is the caller's own.
		path, rest, _ := strings.Cut(a, "\n")
		if hit := holds(rest, foreign); hit != "" {
			t.Errorf("the answer of %s holds a secret: %s", path, hit)
		}
	}
}

// holds returns what stands before the first secret that text holds, as it is
// or as an address would write it. There are many of both, so the secrets are
// kept by their beginnings and the text is read once.
func holds(text string, secrets []string) string {
	beginnings := map[string][]string{}
	for _, secret := range secrets {
		if len(secret) >= minSecret {
			beginnings[secret[:minSecret]] = append(beginnings[secret[:minSecret]], secret)
			escaped := url.QueryEscape(secret)
			beginnings[escaped[:minSecret]] = append(beginnings[escaped[:minSecret]], escaped)
		}
	}
	for at := range max(0, len(text)-minSecret+1) {
		for _, secret := range beginnings[text[at:at+minSecret]] {
			if strings.HasPrefix(text[at:], secret) {
				return text[max(0, at-60):at] + "[HERE]"
			}
		}
	}
	return ""
}

func TestTheSearchForSecretsFindsThem(t *testing.T) {
	for _, c := range []struct {
		log, answer string
	}{
		{log: `{"error":"AUTH_ID=5a1caaaaaaaaaaaaaaaaaaaaaaaa"}`},
		{log: `5a1caaaaaaaaaaaaaaaaaaaaaaaa`},
		{answer: `<input value="5a1caaaaaaaaaaaaaaaaaaaaaaaa">`},
	} {
		secret := []string{"short", "5a1caaaaaaaaaaaaaaaaaaaaaaaa"}
		if holds(c.log+c.answer, secret) == "" {
			t.Errorf("nothing found in %+v", c)
		}
	}
	if hit := holds("short of secrets", []string{"short", "5a1caaaaaaaaaaaaaaaaaaaaaaaa"}); hit != "" {
		t.Errorf("found %q", hit)
	}
	w := installed(t)
	form := w.form(ivan, "DEFAULT", "").form
	pair := w.portal.Token(w.keys.ClientID, ivan)
	all := issued(t, w.portal)
	for _, want := range []string{form.Get("AUTH_ID"), form.Get("REFRESH_ID"), pair.Access, w.keys.ClientSecret, w.keys.ApplicationToken} {
		if want == "" || !slices.Contains(all, want) {
			t.Errorf("a secret of the portal is not looked for: %d secrets", len(all))
		}
	}
}
