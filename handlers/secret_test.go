package handlers

import (
	"bytes"
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

// wantNoSecrets checks everything that the site has logged and answered.
func (s *site) wantNoSecrets(t testing.TB) {
	t.Helper()
	var issued []string
	if s.issued != nil {
		issued = s.issued()
	}
	s.traffic.mu.Lock()
	defer s.traffic.mu.Unlock()
	foreign := append(slices.Clone(issued), s.traffic.foreign...)
	if hit := bitrixtest.FindSecret(s.log.String(), append(foreign, s.traffic.own...)); hit != "" {
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
		if hit := bitrixtest.FindSecret(rest, foreign); hit != "" {
			t.Errorf("the answer of %s holds a secret: %s", path, hit)
		}
	}
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
		if bitrixtest.FindSecret(c.log+c.answer, secret) == "" {
			t.Errorf("nothing found in %+v", c)
		}
	}
	if hit := bitrixtest.FindSecret("short of secrets", []string{"short", "5a1caaaaaaaaaaaaaaaaaaaaaaaa"}); hit != "" {
		t.Errorf("found %q", hit)
	}
	w := installed(t)
	form := w.form(ivan, "DEFAULT", "").form
	pair := w.portal.Token(w.keys.ClientID, ivan)
	all := w.portal.Secrets()
	for _, want := range []string{form.Get("AUTH_ID"), form.Get("REFRESH_ID"), pair.Access, w.keys.ClientSecret, w.keys.ApplicationToken} {
		if want == "" || !slices.Contains(all, want) {
			t.Errorf("a secret of the portal is not looked for: %d secrets", len(all))
		}
	}
}
