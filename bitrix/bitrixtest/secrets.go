package bitrixtest

import (
	"net/url"
	"strings"
)

// Secrets are all secrets that the portal has handed out and still knows: keys
// of applications, tokens of people, codes, webhooks and sign-ins. None of them
// may turn up where an application writes or shows something; see [FindSecret].
func (p *Portal) Secrets() (all []string) {
	p.mu.Lock()
	for _, a := range p.apps {
		all = append(all, a.ClientSecret, a.ApplicationToken)
	}
	for secret := range p.webhooks {
		all = append(all, secret)
	}
	for secret := range p.signIns {
		all = append(all, secret)
	}
	p.mu.Unlock()
	p.auth.mu.Lock()
	defer p.auth.mu.Unlock()
	for _, t := range p.auth.byAccess {
		if t.MemberID == p.options.MemberID {
			all = append(all, t.Access, t.Refresh)
		}
	}
	for _, c := range p.auth.removed {
		if c.MemberID == p.options.MemberID {
			all = append(all, c.Secret)
		}
	}
	for code, c := range p.auth.codes {
		if c.memberID == p.options.MemberID {
			all = append(all, code)
		}
	}
	return all
}

// minSecret is how long a text must be to be looked for: shorter ones stand in
// a log by chance.
const minSecret = 12

// FindSecret returns what stands before the first secret that text holds, as it
// is or as an address would write it, and "" when it holds none. Secrets of
// less than twelve characters are not looked for.
func FindSecret(text string, secrets []string) string {
	// There are many of both, so the secrets are kept by their beginnings and
	// the text is read once.
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
