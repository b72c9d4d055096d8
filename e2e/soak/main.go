// Command soak drives Joinline beside a simulated portal for a while: many
// people open cards, search and add, while requests to the portal are refused,
// cut off, answered late or lost, before they were carried out and after. At
// the end it compares, for every single person added, what was told with what
// the portal holds. It prints its figures and ends with status 1 when somebody
// was told what is not true.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
	"github.com/joinline/joinline/handlers"
	"github.com/joinline/joinline/views"
)

func main() {
	length := flag.Duration("for", 2*time.Minute, "how long people work")
	people := flag.Int("people", 16, "how many people work at once, each in a card of their own")
	faults := flag.Duration("faults", 150*time.Millisecond, "how often something goes wrong; 0 for never")
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano()), "makes the same choices again")
	flag.Parse()
	lies, err := soak(*length, *people, *faults, *seed)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if lies > 0 {
		os.Exit(1)
	}
}

// soak returns how many people were told what is not true.
func soak(length time.Duration, people int, faults time.Duration, seed uint64) (int, error) {
	dir, err := os.MkdirTemp("", "joinline-soak-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	s, err := start(dir)
	if err != nil {
		return 0, err
	}
	defer s.close()
	ctx, stop := context.WithTimeout(context.Background(), length)
	defer stop()
	log := &journal{portal: s.portal, before: map[int]chat{}, told: map[pair][]told{}, answers: map[string]int{}}
	for n := range people {
		s.furnish(n)
		log.before[chatOf(n)] = read(s.portal, chatOf(n))
	}
	var working sync.WaitGroup
	for n := range people {
		working.Go(func() { s.work(ctx, n, seed, log) })
	}
	expired, struck := 0, &blows{counts: map[bitrixtest.FaultKind][2]int{}}
	if faults > 0 {
		expired = s.trouble(ctx, faults, seed, struck)
	}
	working.Wait()
	s.portal.ClearFaults()
	// What the portal still does for callers who have gone away comes to its end.
	time.Sleep(slow + time.Second)
	fmt.Printf("seed %d, %v, %d people, every token expired %d times, faults:\n", seed, length, people, expired)
	struck.print(os.Stdout)
	return log.reconcile(os.Stdout), nil
}

// stage is Joinline beside a portal, both on loopback.
type stage struct {
	portal *bitrixtest.Portal
	keys   bitrixtest.Credentials
	close  func()
}

// The time limits are a twentieth of those of real life, as are the delays.
const (
	readLimit  = 700 * time.Millisecond
	writeLimit = 1500 * time.Millisecond
	slow       = 2 * time.Second
)

func start(dir string) (*stage, error) {
	portalAt, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	appAt, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, portalPort, _ := net.SplitHostPort(portalAt.Addr().String()) // always has a port
	_, appPort, _ := net.SplitHostPort(appAt.Addr().String())
	s := &stage{portal: bitrixtest.New(bitrixtest.Options{
		URL: "http://portal.localhost:" + portalPort, AuthURL: "http://oauth.localhost:" + portalPort, Staff: 300,
	})}
	s.portal.SetLimits(40, 100)
	public := "http://joinline.localhost:" + appPort
	s.keys = s.portal.Register(bitrixtest.App{
		Name: "Joinline", HandlerURL: public + "/app", InstallURL: public + "/install",
		Scopes: []string{"crm", "imopenlines", "im", "user_brief", "placement"},
	})
	key := app.NewKey()
	sealer, err := app.NewSealer(key)
	if err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(context.Background(), filepath.Join(dir, "joinline.db"), sealer)
	if err != nil {
		return nil, err
	}
	client := &bitrix.Application{
		ClientID: s.keys.ClientID, ClientSecret: bitrix.Secret(s.keys.ClientSecret), AuthServers: []string{s.portal.AuthURL()},
		HTTPClient: bitrixtest.HTTPClient(), Limit: bitrix.Limit{PerSecond: 40, Burst: 100},
		Timeouts: bitrix.Timeouts{Read: readLimit, Write: writeLimit},
	}
	log := slog.New(slog.DiscardHandler)
	joinline := app.New(app.Config{
		ClientID: client.ClientID, ClientSecret: client.ClientSecret, PublicURL: public, AuthServers: client.AuthServers,
		Titles: views.PlacementTitles(),
	}, store, client, log)
	servers := []*http.Server{{Handler: s.portal}, {Handler: handlers.New(handlers.Config{
		App: joinline, PublicURL: public, Key: key, Static: os.DirFS("static"), Log: log,
		// Everybody here types faster than people do, and on one machine.
		Limits: handlers.Limits{PerAddress: handlers.Rate{PerSecond: 1e6, Burst: 1e6}, PerPerson: handlers.Rate{PerSecond: 1e6, Burst: 1e6}},
	})}}
	for n, at := range []net.Listener{portalAt, appAt} {
		go func() { _ = servers[n].Serve(at) }() // ends when the server is closed
	}
	s.close = func() {
		for _, server := range servers {
			server.Close()
		}
		s.portal.Close()
		store.Close()
	}
	launch := s.portal.Launch(s.keys.ClientID, 1, "DEFAULT", "")
	answer, err := bitrixtest.HTTPClient().PostForm(launch.URL, launch.Form)
	if err != nil {
		return nil, err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the installation answered %s", answer.Status)
	}
	return s, s.portal.FinishInstall(s.keys.ClientID)
}

// Each person has a deal and a chat of their own, so that nobody else changes
// who takes part.
func dealOf(n int) int { return 10_000 + n }
func chatOf(n int) int { return 20_000 + n }

// whoWorks are an administrator, an operator, a head and somebody in the queue:
// the portal refuses them different things.
func whoWorks(n int) int { return []int{1, 15, 24, 23}[n%4] }

// furnish puts a deal with an open chat before person n.
func (s *stage) furnish(n int) {
	s.portal.Do(func(w *bitrixtest.World) {
		customer := w.AddUser(bitrixtest.User{ID: 30_000 + n, Type: bitrixtest.Customer, Name: "Customer", LastName: fmt.Sprint(n), Active: true})
		deal := bitrixtest.ItemKey{Type: "DEAL", ID: dealOf(n)}
		w.AddItem(bitrixtest.Item{ItemKey: deal, Title: fmt.Sprint("Deal ", n), AssignedBy: whoWorks(n)})
		w.AddChat(bitrixtest.NewChat{
			ID: chatOf(n), Name: customer.Name, Connector: "telegrambot", Line: 5, Customer: customer.ID,
			Items: []bitrixtest.ItemKey{deal}, Status: bitrixtest.StatusOperator, Operator: 15,
		})
	})
}
