package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/app/sqlstore/pgtest"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// replicaEnv tells a process of this test binary to be a replica: its value is
// a replicaOrder.
const replicaEnv = "JOINLINE_TEST_REPLICA"

func TestMain(m *testing.M) {
	if order := os.Getenv(replicaEnv); order != "" {
		if err := replica(order); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(pgtest.Main(m).Run())
}

// replicaOrder is what a replica does: so many calls, from so many goroutines,
// in turns for each of the visits.
type replicaOrder struct {
	Database, Key, ClientID, ClientSecret, AuthServer string
	Visits                                            []app.Visit
	Goroutines, Calls                                 int
}

// replica is one process of several that share a database.
func replica(text string) error {
	var o replicaOrder
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return err
	}
	key, err := app.ParseKey(o.Key)
	if err != nil {
		return err
	}
	sealer, err := app.NewSealer(key)
	if err != nil {
		return err
	}
	store, err := sqlstore.Open(context.Background(), o.Database, sealer)
	if err != nil {
		return err
	}
	defer store.Close()
	a := app.New(app.Config{ClientID: o.ClientID}, store, &bitrix.Application{
		ClientID: o.ClientID, ClientSecret: bitrix.Secret(o.ClientSecret), AuthServers: []string{o.AuthServer}, HTTPClient: bitrixtest.HTTPClient(),
		Limit: bitrix.Limit{PerSecond: 1e6, Burst: 1e6},
	}, discard)
	failures := make(chan error, o.Goroutines)
	var group sync.WaitGroup
	for g := range o.Goroutines {
		group.Go(func() {
			for n := g; n < o.Calls; n += o.Goroutines {
				v := o.Visits[n%len(o.Visits)]
				_, err := a.Find(context.Background(), v, "nobody")
				for errors.Is(err, bitrix.ErrExpiredToken) {
					// The new token was worn out before this call's turn came;
					// in life that takes an hour.
					_, err = a.Find(context.Background(), v, "nobody")
				}
				if err != nil {
					failures <- fmt.Errorf("call %d, as %d: %w", n, v.Viewer, err)
					return
				}
			}
		})
	}
	group.Wait()
	close(failures)
	var all []error
	for err := range failures {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// wearing is a portal on which an access token is good for a number of calls.
type wearing struct {
	http.Handler
	portal *bitrixtest.Portal
	good   int

	mu      sync.Mutex
	used    map[string]int // calls by access token, guarded by mu
	expired int            // tokens that were made old, guarded by mu
	refused []string       // by the authorisation server, guarded by mu
}

func (w *wearing) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/oauth/token") {
		answer := httptest.NewRecorder()
		w.Handler.ServeHTTP(answer, r)
		if answer.Code != http.StatusOK {
			w.mu.Lock()
			w.refused = append(w.refused, answer.Body.String())
			w.mu.Unlock()
		}
		out.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
		out.WriteHeader(answer.Code)
		out.Write(answer.Body.Bytes())
		return
	}
	body := new(bytes.Buffer)
	_, _ = body.ReadFrom(r.Body)
	r.Body = http.NoBody
	if body.Len() > 0 {
		r.Body = readCloser{bytes.NewReader(body.Bytes())}
	}
	w.Handler.ServeHTTP(out, r)
	var auth struct{ Auth string }
	if json.Unmarshal(body.Bytes(), &auth) == nil && auth.Auth != "" {
		w.use(auth.Auth)
	}
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }

func (w *wearing) use(access string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.used[access]++; w.used[access] == w.good {
		w.portal.ExpireToken(access)
		w.expired++
	}
}

// stop lets tokens live.
func (w *wearing) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.used = map[string]int{}
}

// wearOut starts such a portal with Joinline installed on it.
func wearOut(t *testing.T, database string) (*joinline, *wearing) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	must(t, err)
	p := bitrixtest.New(bitrixtest.Options{URL: "http://portal.localhost:" + port, AuthURL: "http://oauth.localhost:" + port})
	p.SetLimits(2, 0)
	w := &wearing{Handler: p, portal: p, good: 30, used: map[string]int{}}
	server.Config.Handler = w
	server.Start()
	t.Cleanup(func() {
		p.Close()
		server.CloseClientConnections()
		server.Close()
	})
	key, err := app.ParseKey(hexKey)
	must(t, err)
	return registeredOn(t, p, database, sealer(t, key)).install(t), w
}

func TestManyProcessesRenewEachPairOnce(t *testing.T) {
	t.Run("on one SQLite file", func(t *testing.T) {
		t.Parallel()
		renewEachPairOnce(t, filepath.Join(t.TempDir(), "joinline.db"), 600)
	})
	t.Run("on one PostgreSQL database", func(t *testing.T) {
		t.Parallel()
		renewEachPairOnce(t, pgtest.URL(t), 3_400)
	})
}

// renewEachPairOnce makes so many calls in each of three processes.
func renewEachPairOnce(t *testing.T, database string, calls int) {
	const processes, goroutines = 3, 8
	j, w := wearOut(t, database)
	order := replicaOrder{
		Database: database, Key: hexKey, ClientID: j.keys.ClientID, ClientSecret: j.keys.ClientSecret,
		AuthServer: j.portal.AuthURL(), Goroutines: goroutines, Calls: calls,
	}
	for _, user := range []int{ivan, olga, pavel} {
		order.Visits = append(order.Visits, j.open(t, user, deal77))
	}
	text, err := json.Marshal(order)
	must(t, err)
	var group sync.WaitGroup
	for range processes {
		group.Go(func() {
			replica := exec.CommandContext(t.Context(), os.Args[0])
			replica.Env = append(os.Environ(), replicaEnv+"="+string(text), "GOGC=400") // collecting garbage shows nothing here
			if output, err := replica.CombinedOutput(); err != nil {
				t.Errorf("a process: %v\n%s", err, output)
			}
		})
	}
	group.Wait()
	w.stop()
	for _, v := range order.Visits { // whatever expired last is renewed now
		_, err := j.Find(t.Context(), v, "nobody")
		must(t, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.refused) > 0 {
		t.Errorf("the authorisation server refused: %q", w.refused)
	}
	if n := j.portal.Refreshes(); n != w.expired || n < processes*calls/w.good/2 {
		t.Errorf("%d refreshes of %d expired tokens", n, w.expired)
	}
}
