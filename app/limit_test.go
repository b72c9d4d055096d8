package app_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// bucket is a portal that counts the requests of one address as Bitrix24 does.
// See https://apidocs.bitrix24.com/limits.html
type bucket struct {
	mu      sync.Mutex
	level   float64   // guarded by mu
	last    time.Time // guarded by mu
	refused int       // guarded by mu
}

func (b *bucket) RoundTrip(r *http.Request) (*http.Response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.level = max(0, b.level-2*now.Sub(b.last).Seconds())
	b.last = now
	if b.level++; b.level > 50.001 { // sums of fractions are not exact
		b.refused++
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"result":true}`)), Request: r,
	}, nil
}

func TestReplicasTogetherKeepToThePortalsLimit(t *testing.T) {
	for name, c := range map[string]struct {
		said    string
		refused bool
	}{
		"that know how many they are": {"3", false},
		"that do not":                 {"1", true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				config, err := parse(map[string]string{
					"JOINLINE_CLIENT_ID": "local.1", "JOINLINE_CLIENT_SECRET": "Secret", "JOINLINE_PUBLIC_URL": "https://joinline.example.com",
					"JOINLINE_REPLICAS": c.said,
				})
				must(t, err)
				portal := &bucket{}
				var replicas sync.WaitGroup
				for range 3 {
					replica := &bitrix.Application{HTTPClient: &http.Client{Transport: portal}, Limit: config.Limit}
					viewer := replica.Viewer("https://acme.example/rest/", bitrix.StaticToken(bitrix.Token{Access: "access"}))
					replicas.Go(func() {
						for range 60 {
							if err := viewer.Call(t.Context(), "app.info", nil, nil); err != nil {
								t.Error(err)
							}
						}
					})
				}
				replicas.Wait()
				if (portal.refused > 0) != c.refused {
					t.Errorf("the portal refused %d of 180 requests", portal.refused)
				}
			})
		})
	}
}
