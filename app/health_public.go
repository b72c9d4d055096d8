package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// knockLimit bounds one request to ourselves.
	knockLimit = 8 * time.Second
	// certificateLeft is when a certificate that ends should have been renewed.
	certificateLeft = 14 * 24 * time.Hour
)

// public looks at our own public address as a browser would.
func (e *exam) public(ctx context.Context) []Finding {
	u, err := url.Parse(e.cfg.PublicURL)
	if err != nil || u.Host == "" {
		return unanswered()
	}
	var found []Finding
	if local(u.Hostname()) {
		found = append(found, Finding{ID: PublicLocal, Verdict: VerdictFine, URL: e.cfg.PublicURL})
	} else if _, err := net.DefaultResolver.LookupHost(ctx, u.Hostname()); err != nil {
		return []Finding{{ID: PublicUnresolved, Verdict: VerdictBroken, Name: u.Hostname()}}
	}
	reached := e.reached(ctx, u)
	found = append(found, reached...)
	if reached[0].ID != PublicReached {
		return found
	}
	found = append(found, e.framed(ctx)...)
	if u.Scheme == "https" && u.Port() == "" {
		found = append(found, e.plain(ctx, u)...)
	}
	return found
}

// reached asks whether we are alive, and looks at the certificate.
func (e *exam) reached(ctx context.Context, u *url.URL) []Finding {
	resp, body, err := e.knock(ctx, http.MethodGet, e.cfg.PublicURL+"/healthz", nil)
	if bad := (*tls.CertificateVerificationError)(nil); errors.As(err, &bad) {
		return []Finding{{ID: PublicCertificateBad, Verdict: VerdictBroken, Name: u.Hostname()}}
	}
	silent := Finding{ID: PublicSilent, Verdict: VerdictBroken, URL: e.cfg.PublicURL}
	if e.apart {
		silent.Verdict = VerdictAttention // it may not have been started yet
	}
	switch {
	case err != nil:
		return []Finding{silent}
	case resp.StatusCode != http.StatusOK || body != "ok\n":
		return []Finding{{ID: PublicStranger, Verdict: VerdictBroken, URL: e.cfg.PublicURL}}
	}
	found := []Finding{{ID: PublicReached, Verdict: VerdictFine, URL: e.cfg.PublicURL}}
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		f := Finding{ID: PublicCertificate, Verdict: VerdictFine, Time: resp.TLS.PeerCertificates[0].NotAfter}
		if f.Time.Sub(e.now()) < certificateLeft {
			f.ID, f.Verdict = PublicCertificateOld, VerdictAttention
		}
		found = append(found, f)
	}
	return found
}

// framed posts what the portal's page would post, without anything in it, and looks
// whether a browser would show the answer in the portal's frame. A proxy may
// have put headers of its own on it.
func (e *exam) framed(ctx context.Context) []Finding {
	portal := e.i.Portal
	if portal == "" {
		portal = "https://" + cmp.Or(e.cfg.Portal, "example.bitrix24.com")
	}
	secure := "0"
	if strings.HasPrefix(portal, "https:") {
		secure = "1"
	}
	query := url.Values{"DOMAIN": {hostOf(portal)}, "PROTOCOL": {secure}}
	resp, _, err := e.knock(ctx, http.MethodPost, e.cfg.PublicURL+AppPath+"?"+query.Encode(), http.Header{
		"Origin": {portal}, "Content-Type": {"application/x-www-form-urlencoded"},
	})
	if err != nil {
		return unanswered()
	}
	if resp.Header.Get("X-Frame-Options") != "" {
		return []Finding{{ID: PublicBarred, Verdict: VerdictBroken, Name: "X-Frame-Options"}}
	}
	// Of several policies a browser obeys all.
	policies := resp.Header.Values("Content-Security-Policy")
	for _, p := range policies {
		if !allowsFrame(p, portal) {
			return []Finding{{ID: PublicBarred, Verdict: VerdictBroken, Name: "Content-Security-Policy"}}
		}
	}
	if len(policies) == 0 {
		return []Finding{{ID: PublicStripped, Verdict: VerdictAttention, Name: "Content-Security-Policy"}}
	}
	return []Finding{{ID: PublicFramed, Verdict: VerdictFine, URL: portal}}
}

// allowsFrame reports whether a policy lets an origin frame the page.
func allowsFrame(policy, origin string) bool {
	for part := range strings.SplitSeq(policy, ";") {
		name, sources, _ := strings.Cut(strings.TrimSpace(part), " ")
		if strings.EqualFold(name, "frame-ancestors") {
			for source := range strings.FieldsSeq(sources) {
				if strings.EqualFold(source, origin) {
					return true
				}
			}
			return false
		}
	}
	return true
}

// plain looks whether the address without TLS leads to the one with it. That
// nothing answers there is as good.
func (e *exam) plain(ctx context.Context, u *url.URL) []Finding {
	address := "http://" + u.Host
	resp, _, err := e.knock(ctx, http.MethodGet, address+"/healthz", nil)
	if err != nil || strings.HasPrefix(resp.Header.Get("Location"), "https://") || resp.StatusCode >= http.StatusBadRequest {
		return nil
	}
	return []Finding{{ID: PublicPlain, Verdict: VerdictAttention, URL: address}}
}

// knock makes one request to an address of ours, which is all that it is for,
// and follows no redirect.
func (e *exam) knock(ctx context.Context, method, address string, header http.Header) (*http.Response, string, error) {
	ctx, cancel := context.WithTimeout(ctx, knockLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, "", err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if own := e.App.bitrix.HTTPClient; own != nil {
		client.Transport = own.Transport
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	return resp, string(body), err
}
