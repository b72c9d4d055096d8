package bitrixtest

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// HTTPClient is a client for portals and applications on *.localhost, names
// that browsers resolve and Go does not. It follows no redirects.
func HTTPClient() *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Client{
		Timeout: 70 * time.Second,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if host, port, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(strings.ToLower(host), ".localhost") {
					address = net.JoinHostPort("127.0.0.1", port)
				}
				return dialer.DialContext(ctx, network, address)
			},
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     30 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// NewPortal starts a portal on loopback for a test and stops it when the test
// ends. Its controls are on, its request limit is off.
func NewPortal(tb testing.TB) *Portal {
	tb.Helper()
	return NewPortalWith(tb, Options{})
}

// NewPortalWith is NewPortal with options; URL and, without Auth, AuthURL are
// set by it.
func NewPortalWith(tb testing.TB, o Options) *Portal {
	tb.Helper()
	server := httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	o.URL = "http://portal.localhost:" + port
	o.Control = true
	if o.Auth == nil {
		o.AuthURL = "http://oauth.localhost:" + port
	}
	p := New(o)
	p.SetLimits(2, 0)
	server.Config.Handler = p
	server.Start()
	tb.Cleanup(func() {
		p.Close()
		server.CloseClientConnections()
		server.Close()
	})
	return p
}
