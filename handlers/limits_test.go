package handlers

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// limited is Joinline with limits of its own and a clock that the test turns.
func limited(t *testing.T, s *site, l Limits, proxies ...string) (tick func(time.Duration)) {
	t.Helper()
	now := time.Now()
	s.config.Limits, s.config.Now = l, func() time.Time { return now }
	for _, p := range proxies {
		s.config.TrustedProxies = append(s.config.TrustedProxies, netip.MustParsePrefix(p))
	}
	s.Handler = New(s.config)
	return func(d time.Duration) { now = now.Add(d) }
}

// nothing typed asks nothing of the portal.
func nothingTyped(t *testing.T, s *site, v app.Visit) request {
	t.Helper()
	return request{path: "/card/find", header: map[string]string{"X-Joinline": "1"}, form: url.Values{
		"visit": {s.sealVisit(t, v, "b", time.Now().Add(time.Hour))},
	}}
}

func TestAPersonWhoAsksTooMuchIsToldWhenToComeBack(t *testing.T) {
	s := alone(t)
	tick := limited(t, s, Limits{PerAddress: unlimited, PerPerson: Rate{PerSecond: 0.25, Burst: 2}})
	first, second, other := visit77, visit77, visit77
	second.ID, second.Language, other.Viewer = "in another tab", "ru", pavel
	s.do(t, nothingTyped(t, s, first)).wantStatus(t, 200)
	s.do(t, nothingTyped(t, s, second)).wantStatus(t, 200)

	for lang, v := range map[string]app.Visit{"en": first, "ru": second} {
		piece := s.do(t, nothingTyped(t, s, v))
		piece.wantStatus(t, 429)
		calmPiece(t, piece, lang)
		if got := piece.Header.Get("Retry-After"); got != "4" {
			t.Errorf("come back after %q seconds, want 4", got)
		}
	}
	r := nothingTyped(t, s, first)
	delete(r.header, "X-Joinline")
	page := s.do(t, r)
	page.wantStatus(t, 429)
	calm(t, page)
	p := page.page(t)
	p.says(t, "h1", "A short pause, please")
	p.says(t, "main", "Try again in 4 s.")
	if got := p.attr(t, "form", "action"); got != "/card/find" {
		t.Errorf("the button leads to %q", got)
	}
	if got := page.policy("frame-ancestors"); got != visit77.Portal {
		t.Errorf("framed by %q, so nobody reads it", got)
	}
	s.do(t, nothingTyped(t, s, other)).wantStatus(t, 200)

	tick(3 * time.Second)
	s.do(t, nothingTyped(t, s, first)).wantStatus(t, 429)
	tick(time.Second)
	s.do(t, nothingTyped(t, s, first)).wantStatus(t, 200)
}

func TestAnAddressThatAsksTooMuchIsToldWhenToComeBack(t *testing.T) {
	w := installed(t)
	tick := limited(t, w.site, Limits{PerAddress: Rate{PerSecond: 1, Burst: 1}, PerPerson: unlimited})
	w.open(t, ivan, "DEAL", "77").wantStatus(t, 200)
	w.portal.ResetRequests()
	a := w.open(t, ivan, "DEAL", "77")
	a.wantStatus(t, 429)
	calm(t, a)
	w.wantRequests(t, 0)
	if got := a.policy("frame-ancestors"); got != w.portal.URL() {
		t.Errorf("framed by %q, so nobody reads it", got)
	}
	for _, path := range []string{"/healthz", w.asset(t, "card.js")} {
		w.do(t, request{method: "GET", path: path}).wantStatus(t, 200)
	}
	tick(time.Second)
	w.open(t, ivan, "DEAL", "77").wantStatus(t, 200)
}

func TestWhoAsks(t *testing.T) {
	proxies := []string{"127.0.0.0/8", "10.0.0.0/8", "fd00::/8"}
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"nobody between":                         {"203.0.113.7:1234", nil, "203.0.113.7"},
		"a stranger who says to be somebody":     {"203.0.113.7:1234", []string{"198.51.100.1"}, "203.0.113.7"},
		"behind a proxy":                         {"10.0.0.1:1234", []string{"203.0.113.7"}, "203.0.113.7"},
		"behind two":                             {"10.0.0.1:1234", []string{"203.0.113.7, 10.0.0.2"}, "203.0.113.7"},
		"behind two that write lines":            {"10.0.0.1:1234", []string{"203.0.113.7", "10.0.0.2"}, "203.0.113.7"},
		"behind a proxy, saying to be another":   {"10.0.0.1:1234", []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		"from within":                            {"10.0.0.1:1234", []string{"10.0.0.9"}, "10.0.0.9"},
		"a proxy that says nothing":              {"127.0.0.1:1234", nil, ""},
		"a proxy that says nonsense":             {"10.0.0.1:1234", []string{"unknown"}, ""},
		"of IPv6":                                {"[2001:db8:1:2:3:4:5:6]:1234", nil, "2001:db8:1:2::"},
		"of IPv4 in the shape of IPv6":           {"[::ffff:203.0.113.7]:1234", nil, "203.0.113.7"},
		"a proxy of IPv4 in the shape of IPv6":   {"[::ffff:10.0.0.1]:1234", []string{"2001:db8::9"}, "2001:db8::"},
		"of IPv6 with a zone, behind a proxy":    {"[fd00::1]:1234", []string{"fe80::1%eth0"}, "fe80::"},
		"no address at all, as on a unix socket": {"@", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := &limits{}
			for _, p := range proxies {
				l.proxies = append(l.proxies, netip.MustParsePrefix(p))
			}
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			for _, line := range c.forwarded {
				r.Header.Add("X-Forwarded-For", line)
			}
			got, known := l.address(r)
			if known != (c.want != "") || known && got.String() != c.want {
				t.Errorf("got %v, %v; want %q", got, known, c.want)
			}
		})
	}
}

func TestForgersUseUpWhatTheirAddressMayAsk(t *testing.T) {
	w := installed(t)
	limited(t, w.site, Limits{PerAddress: Rate{PerSecond: 1, Burst: 2 * liePrice}}, "10.0.0.0/8")
	forged := w.form(ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`)
	forged.form.Set("AUTH_ID", madeUp)
	forged.form.Set("REFRESH_ID", madeUp)
	w.do(t, forged).wantStatus(t, 401)
	w.do(t, forged).wantStatus(t, 401)
	w.portal.ResetRequests()
	for range 50 {
		w.do(t, forged).wantStatus(t, 429)
	}
	w.wantRequests(t, 0)
}

func TestOneBucketForEachCallerAndNoMoreThanThereIsRoomFor(t *testing.T) {
	now := time.Now()
	b := newBuckets[int](Rate{PerSecond: 1, Burst: 2}, func() time.Time { return now })
	for key := range maxBuckets {
		b.take(key)
	}
	if b.take(0) > 0 || b.take(0) == 0 {
		t.Error("the first caller's bucket was not kept")
	}
	// Whoever comes now shares one bucket with others who find no room.
	if b.take(-1) > 0 || b.take(-2) > 0 || b.take(-3) == 0 {
		t.Error("those who find no room are not limited together")
	}
	if len(b.of) > maxBuckets {
		t.Errorf("%d buckets, want at most %d", len(b.of), maxBuckets)
	}
	now = now.Add(time.Minute)
	b.take(-1)
	if len(b.of) > 1 {
		t.Errorf("%d buckets are kept though all but one are full again", len(b.of))
	}
}

// TestASlowPortalKeepsNobodyElseWaiting has as many requests wait for one
// portal as may, and asks for another one meanwhile.
func TestASlowPortalKeepsNobodyElseWaiting(t *testing.T) {
	released := make(chan struct{})
	asked := make(chan string, 100)
	b := &bitrix.Application{ClientID: "local.66f0aa12bc34d5.48120937", ClientSecret: "secret", AuthServers: []string{"https://oauth.example.test"}}
	b.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		asked <- r.URL.Host
		if r.URL.Host == "slow.example.test" {
			select {
			case <-released:
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}
		return says(`{"result":{"result":{"employees":[],"external":[]},"result_error":[]}}`), nil
	})}
	s := newSite(t, b)
	limited(t, s, Limits{PerAddress: unlimited, PerPerson: unlimited, AtOnce: 3})
	visits := map[string]app.Visit{}
	for host, member := range map[string]bitrix.MemberID{"slow.example.test": nobody32, "quick.example.test": "fedcba9876543210fedcba9876543210"} {
		v := visit77
		v.Member, v.Portal = member, "https://"+host
		s.keep(t, v)
		visits[host] = v
	}
	find := func(host string) request {
		r := nothingTyped(t, s, visits[host])
		r.form.Set("q", "pavel")
		return r
	}
	waiting := make(chan answer, 3)
	for range 3 {
		go func() { waiting <- s.do(t, find("slow.example.test")) }()
		<-asked
	}
	refused := s.do(t, find("slow.example.test"))
	refused.wantStatus(t, 503)
	refused.page(t).says(t, "#trouble", "Too many requests reach it at once.")
	if refused.Header.Get("Retry-After") == "" {
		t.Error("nobody is told when to come back")
	}
	s.do(t, find("quick.example.test")).wantStatus(t, 200)
	s.do(t, request{method: "GET", path: "/"}).wantStatus(t, 200)
	close(released)
	for range 3 {
		if a := <-waiting; a.StatusCode != 200 {
			t.Errorf("who waited for the slow portal got %d: %s", a.StatusCode, a.text)
		}
	}
	s.do(t, find("slow.example.test")).wantStatus(t, 200)
}

// stuck is a client that reads nothing: whatever is written to it waits.
type stuck struct {
	*httptest.ResponseRecorder
	writing chan struct{}
	read    chan struct{}
}

func (s stuck) Write(b []byte) (int, error) {
	s.writing <- struct{}{}
	<-s.read
	return s.ResponseRecorder.Write(b)
}

// TestAClientThatDoesNotReadKeepsNobodysPlace: the work for the portal is done
// when its answer is made, however long that takes to be sent.
func TestAClientThatDoesNotReadKeepsNobodysPlace(t *testing.T) {
	w := installed(t)
	limited(t, w.site, Limits{PerAddress: unlimited, PerPerson: unlimited, AtOnce: 1})
	for name, r := range map[string]request{
		"a card":     goodLaunch(t, w, "en"),
		"a refusal":  w.form(ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"78"}`),
		"a renewal":  goodRenewal(t, w, "en"),
		"an install": goodInstallation(t, w, "en"),
	} {
		t.Run(name, func(t *testing.T) {
			slow := stuck{httptest.NewRecorder(), make(chan struct{}, 100), make(chan struct{})}
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				w.ServeHTTP(slow, r.http())
			}()
			<-slow.writing
			w.do(t, goodLaunch(t, w, "en")).wantStatus(t, 200)
			close(slow.read)
			<-sent
		})
	}
}
