package commands

import (
	"bytes"
	"database/sql"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/joinline/joinline/app/sqlstore/pgtest"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// hazard is a portal beside which Joinline runs as a process that is killed at
// a request of its own.
type hazard struct {
	*bitrixtest.Portal
	keys     bitrixtest.Credentials
	url      string // origin of Joinline
	listen   string
	data     string
	database string // of PostgreSQL; empty for a file in data

	mu     sync.Mutex
	joined *exec.Cmd // guarded by mu; the process that runs
	fatal  int       // guarded by mu; the request at which it is killed, counted from 1; 0 for never
	when   moment    // guarded by mu; of that request
	asked  int       // guarded by mu; requests since the process was told when to die
}

// moment is when in the course of a request the process is killed.
type moment string

const (
	beforeIt moment = "before the portal did anything"
	unheard  moment = "before it heard the answer"
	// Only here may the kill meet the process at its own work, such as saving
	// what it heard; where, differs from one time to the next.
	answered moment = "when the answer had just come"
)

var moments = []moment{beforeIt, unheard, answered}

func newHazard(t *testing.T, database string) *hazard {
	t.Helper()
	h := &hazard{data: t.TempDir(), database: database}
	server := httptest.NewUnstartedServer(h)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String()) // always has a port
	// Names that the process finds without a browser's help.
	h.Portal = bitrixtest.New(bitrixtest.Options{URL: "http://127.0.0.1:" + port, AuthURL: "http://localhost:" + port})
	h.SetLimits(2, 0)
	server.Start()
	t.Cleanup(func() { h.Close(); server.CloseClientConnections(); server.Close() })

	reserved, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.listen = reserved.Addr().String()
	reserved.Close()
	_, port, _ = net.SplitHostPort(h.listen)
	h.url = "http://joinline.localhost:" + port
	h.keys = h.Register(bitrixtest.App{
		Name: "Joinline", HandlerURL: h.url + "/app", InstallURL: h.url + "/install", Scopes: demoScopes,
	})
	t.Cleanup(h.kill)
	return h
}

// ServeHTTP is the portal, with the process killed where the test wants it.
func (h *hazard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	h.asked++
	now, when, victim := h.asked == h.fatal, h.when, h.joined
	past := h.fatal > 0 && h.asked > h.fatal
	h.mu.Unlock()
	switch {
	case past: // it was quicker than the kill; the portal shall not have heard that
		h.kill()
		panic(http.ErrAbortHandler)
	case now && when == beforeIt:
		h.kill()
		panic(http.ErrAbortHandler)
	case now && when == unheard:
		h.Portal.ServeHTTP(httptest.NewRecorder(), r)
		h.kill()
		panic(http.ErrAbortHandler)
	case now:
		answer := httptest.NewRecorder()
		h.Portal.ServeHTTP(answer, r)
		maps.Copy(w.Header(), answer.Header())
		w.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len())) // so that it is whole before this returns
		w.WriteHeader(answer.Code)
		w.Write(answer.Body.Bytes())
		_ = http.NewResponseController(w).Flush()
		<-time.After(rand.N(4 * time.Millisecond))
		h.end(victim)
	default:
		h.Portal.ServeHTTP(w, r)
	}
}

// start runs `joinline serve` and waits until it is ready.
func (h *hazard) start(t *testing.T) {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(program, "serve")
	cmd.Stderr = &said
	cmd.Env = []string{
		"JOINLINE_CLIENT_ID=" + h.keys.ClientID, "JOINLINE_CLIENT_SECRET=" + h.keys.ClientSecret, "JOINLINE_PUBLIC_URL=" + h.url,
		"JOINLINE_LISTEN=" + h.listen, "JOINLINE_DATA=" + h.data, "JOINLINE_AUTH_SERVER=" + h.AuthURL(), "JOINLINE_DATABASE_URL=" + h.database,
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h.mu.Lock()
	h.joined, h.fatal, h.asked = cmd, 0, 0
	h.mu.Unlock()
	limit := time.Now().Add(30 * time.Second)
	for tick := time.Tick(5 * time.Millisecond); ; <-tick {
		if answer, err := http.Get("http://" + h.listen + "/readyz"); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(limit) {
			h.kill()
			t.Fatalf("it does not start:\n%s", said.String())
		}
	}
}

// kill ends the process at once, as SIGKILL does.
func (h *hazard) kill() {
	h.mu.Lock()
	victim := h.joined
	h.mu.Unlock()
	h.end(victim)
}

// end is kill, unless another process runs by now.
func (h *hazard) end(victim *exec.Cmd) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if victim != nil && victim == h.joined {
		_ = h.joined.Process.Kill()
		_ = h.joined.Wait() // says that it was killed
		h.joined = nil
	}
}

// diesAt has the process killed at a moment of its n-th request from now on, and
// reports by the function returned whether it got that far.
func (h *hazard) diesAt(n int, when moment) (died func() bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fatal, h.when, h.asked = n, when, 0
	return func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return h.asked >= n
	}
}

// post is a form that a page of an origin posts to Joinline; status 0 when that
// was killed meanwhile.
func (h *hazard) post(t *testing.T, origin, address string, form url.Values) (status int, page string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", origin)
	answer, err := bitrixtest.HTTPClient().Do(r)
	if err != nil {
		return 0, ""
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, ""
	}
	return answer.StatusCode, string(text)
}

// open is a page of Joinline opened by a person in the portal.
func (h *hazard) open(t *testing.T, user int, placement, options string) (status int, page string) {
	t.Helper()
	l := h.Launch(h.keys.ClientID, user, placement, options)
	return h.post(t, h.URL(), l.URL, l.Form)
}

func (h *hazard) openCard(t *testing.T) (status int) {
	t.Helper()
	status, _ = h.open(t, 15, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`)
	return status
}

var held = regexp.MustCompile(`name="launch" value="([^"]+)"`)

// press presses the one button of a page.
func (h *hazard) press(t *testing.T, page string) (status int, next string) {
	t.Helper()
	launch := held.FindStringSubmatch(page)
	if launch == nil {
		t.Fatalf("the page has no button:\n%s", page)
	}
	return h.post(t, h.url, h.url+"/install/again", url.Values{"launch": {launch[1]}, "AUTH_ID": {""}, "REFRESH_ID": {""}, "AUTH_EXPIRES": {""}})
}

// databases are both kinds, each with what opens it for the test itself.
func databases(t *testing.T, test func(t *testing.T, h *hazard)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, newHazard(t, ""))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, newHazard(t, pgtest.URL(t)))
	})
}

func TestAnInstallationThatIsKilledAnywhereIsRepairedByTheNextOne(t *testing.T) {
	databases(t, func(t *testing.T, h *hazard) {
		for step := 1; ; step++ {
			finished := false
			for _, when := range moments {
				h.start(t)
				died := h.diesAt(step, when)
				h.open(t, 1, "DEFAULT", "")
				finished = !died()
				h.kill()

				h.start(t)
				if status := h.openCard(t); status != http.StatusOK && status != http.StatusForbidden {
					t.Fatalf("killed at request %d %s: a card answers %d", step, when, status)
				}
				if status, page := h.open(t, 1, "DEFAULT", ""); status != http.StatusOK || !strings.Contains(page, "Joinline is installed") {
					t.Fatalf("killed at request %d %s: the next installation answers %d\n%s", step, when, status, page)
				}
				if err := h.FinishInstall(h.keys.ClientID); err != nil {
					t.Fatal(err)
				}
				if status := h.openCard(t); status != http.StatusOK {
					t.Fatalf("killed at request %d %s, installed again: a card answers %d", step, when, status)
				}
				if p, e := h.Placements(), h.EventHandlers(); len(p) != 4 || len(e) != 2 {
					t.Fatalf("killed at request %d %s, installed again: the portal holds %d tabs and %d events", step, when, len(p), len(e))
				}
				h.kill()
				h.forget(t)
			}
			if finished {
				if step < 10 {
					t.Errorf("an installation of %d requests: too few to be true", step-1)
				}
				return
			}
		}
	})
}

func TestARefreshThatIsKilledAnywhereLeavesAPairOrSaysThatAnAdministratorIsNeeded(t *testing.T) {
	databases(t, func(t *testing.T, h *hazard) {
		h.start(t)
		h.open(t, 1, "DEFAULT", "")
		if err := h.FinishInstall(h.keys.ClientID); err != nil {
			t.Fatal(err)
		}
		ready, needed := 0, map[moment][]int{}
		for step := 1; ; step++ {
			finished := false
			for _, when := range append(moments, answered, answered) { // many times where it differs
				h.kill()
				h.start(t)
				h.ExpireTokens(1)
				died := h.diesAt(step, when)
				h.open(t, 1, "DEFAULT", "") // checks the installation's token, which has expired
				finished = !died()
				h.kill()
				h.endLeases(t)

				h.start(t)
				if status := h.openCard(t); status != http.StatusOK {
					t.Fatalf("killed at request %d %s: a card answers %d", step, when, status)
				}
				status, page := h.open(t, 1, "DEFAULT", "")
				switch {
				case status == http.StatusOK && strings.Contains(page, "Joinline is ready"):
					ready++
				case status == http.StatusOK && strings.Contains(page, "Take over"):
					needed[when] = append(needed[when], step)
					if status, page := h.press(t, page); status != http.StatusOK {
						t.Fatalf("killed at request %d %s: taking over answers %d\n%s", step, when, status, page)
					}
					if _, page := h.open(t, 1, "DEFAULT", ""); !strings.Contains(page, "Joinline is ready") {
						t.Fatalf("killed at request %d %s, taken over:\n%s", step, when, page)
					}
				default:
					t.Fatalf("killed at request %d %s: the administrator's page answers %d\n%s", step, when, status, page)
				}
			}
			if finished {
				break
			}
		}
		// Only the answer that carried the new pair can be lost for good.
		lost := needed[unheard]
		if ready < 5 || len(lost) != 1 || len(needed[beforeIt]) > 0 || slices.ContainsFunc(needed[answered], func(step int) bool { return step != lost[0] }) {
			t.Errorf("%d times a pair was left, an administrator was needed at requests %v, want only where the answer was not heard", ready, needed)
		}
	})
}

// forget empties Joinline's memory of the portal and the portal's of Joinline.
func (h *hazard) forget(t *testing.T) {
	t.Helper()
	h.execute(t, `DELETE FROM tokens`)
	h.execute(t, `DELETE FROM portals`)
	h.Uninstall(h.keys.ClientID, true)
	h.keys = h.Register(bitrixtest.App{
		Name: "Joinline", HandlerURL: h.url + "/app", InstallURL: h.url + "/install", Scopes: demoScopes,
	})
}

// endLeases lets the time pass that a dead process keeps others waiting.
func (h *hazard) endLeases(t *testing.T) {
	t.Helper()
	h.execute(t, `UPDATE tokens SET lease_until = 1 WHERE lease_until > 0`)
}

// execute changes the database behind Joinline's back.
func (h *hazard) execute(t *testing.T, statement string) {
	t.Helper()
	db := h.behind(t)
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

var (
	sealedVisit  = regexp.MustCompile(`name="visit" value="([^"]+)"`)
	sealedChat   = regexp.MustCompile(`id="pick-1763" value="([^"]+)"`)
	sealedPerson = regexp.MustCompile(`data-user="24" data-value="([^"]+)"|data-value="([^"]+)"[^>]*data-user="24"`)
)

// first is what a pattern finds in a page.
func first(t *testing.T, pattern *regexp.Regexp, page string) string {
	t.Helper()
	found := pattern.FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("%v is not in\n%s", pattern, page)
	}
	return strings.Join(found[1:], "")
}

func TestAnAddThatIsKilledAnywhereIsInTheJournal(t *testing.T) {
	databases(t, func(t *testing.T, h *hazard) {
		h.start(t)
		h.open(t, 1, "DEFAULT", "")
		if err := h.FinishInstall(h.keys.ClientID); err != nil {
			t.Fatal(err)
		}
		for _, when := range moments {
			_, card := h.open(t, 1, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`)
			form := url.Values{"visit": {first(t, sealedVisit, card)}, "chat": {first(t, sealedChat, card)}, "q": {"morozova"}}
			_, found := h.post(t, h.url, h.url+"/card/find", form)
			form.Set("person", first(t, sealedPerson, found))
			form.Del("q")
			h.execute(t, `DELETE FROM journal WHERE kind = 'add'`)
			died := h.diesAt(1, when)
			h.post(t, h.url, h.url+"/card/add/one", form)
			if !died() {
				t.Fatalf("%s: the portal was not asked", when)
			}
			h.kill()
			// It cannot be known what came of it, only that it was tried.
			if got := h.count(t, `SELECT COUNT(*) FROM journal WHERE kind = 'add' AND asked_id = 1 AND whom_id = 24 AND chat_id = 1763 AND state = 'unknown' AND settled_at = 0`); got != 1 {
				t.Errorf("killed %s: the journal holds %d entries", when, got)
			}
			h.start(t)
		}
	})
}

// count reads a number behind Joinline's back.
func (h *hazard) count(t *testing.T, query string) (n int) {
	t.Helper()
	db := h.behind(t)
	defer db.Close()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// behind opens the database behind Joinline's back.
func (h *hazard) behind(t *testing.T) *sql.DB {
	t.Helper()
	driver, address := "pgx", h.database
	if address == "" {
		driver, address = "sqlite", filepath.Join(h.data, "joinline.db")
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	return db
}
