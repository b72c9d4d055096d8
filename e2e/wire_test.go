package e2e

import (
	"context"
	"net"
	"net/http"
	"path"
	"sync"
	"testing"
	"time"

	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// wire is the way from Joinline to the portal. A test can hold requests up on
// it, or cut it.
type wire struct {
	next *http.Transport

	mu     sync.Mutex
	cut    bool             // guarded by mu
	closed string           // an address where nobody listens
	held   map[string]pause // guarded by mu; by method
}

// pause stops requests until it is released: before the portal gets them, or
// with the portal's answer on its way back.
type pause struct {
	back    bool
	arrived chan struct{} // gets one for every request that stands there
	release chan struct{}
}

// wiredWorld is a world whose wire the test has in hand, and whose client
// waits for an answer as long as told.
func wiredWorld(t *testing.T, patience time.Duration) (*world, *wire) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	l := &wire{closed: listener.Addr().String(), held: map[string]pause{}}
	must(t, listener.Close())
	w := newWorld(t, func(a *bitrix.Application) {
		a.Timeouts = bitrix.Timeouts{Read: patience, Write: patience}
		a.HTTPClient = bitrixtest.HTTPClient()
		l.next = a.HTTPClient.Transport.(*http.Transport)
		dial := l.next.DialContext
		l.next.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			l.mu.Lock()
			if l.cut {
				address = l.closed
			}
			l.mu.Unlock()
			return dial(ctx, network, address)
		}
		a.HTTPClient.Transport = l
	})
	return w, l
}

// setCut has the portal's machine refuse connections from now on, or no more.
func (l *wire) setCut(cut bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = cut
	l.next.CloseIdleConnections()
}

// hold holds up requests for a method.
func (l *wire) hold(method string, back bool) pause {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := pause{back: back, arrived: make(chan struct{}, 100), release: make(chan struct{})}
	l.held[method] = p
	return p
}

// RoundTrip carries a request.
func (l *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	p, held := l.held[path.Base(r.URL.Path)]
	l.mu.Unlock()
	if held && !p.back {
		if err := p.wait(r); err != nil {
			return nil, err
		}
	}
	resp, err := l.next.RoundTrip(r)
	if held && p.back && err == nil {
		if err := p.wait(r); err != nil {
			resp.Body.Close()
			return nil, err
		}
	}
	return resp, err
}

// reached waits until a request stands there.
func (p pause) reached(t *testing.T) {
	t.Helper()
	select {
	case <-p.arrived:
	case <-time.After(10 * time.Second):
		t.Fatal("no request came to where it was to be held up")
	}
}

func (p pause) wait(r *http.Request) error {
	p.arrived <- struct{}{}
	select {
	case <-p.release:
		return nil
	case <-r.Context().Done():
		return r.Context().Err()
	}
}
