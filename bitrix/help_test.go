package bitrix

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testMember   = "0123456789abcdef0123456789abcdef"
	testEndpoint = "https://acme.example/rest/"
	testServer   = "https://oauth.example"
	testAccess   = "access0123456789access0123456789"
	testRefresh  = "refresh0123456789refresh012345678"
)

// newApplication returns an application whose requests go to transport.
func newApplication(transport http.RoundTripper) *Application {
	return &Application{
		ClientID:     "local.0123456789abcd.12345678",
		ClientSecret: "client-secret-that-nobody-may-see",
		AuthServers:  []string{testServer},
		HTTPClient:   &http.Client{Transport: transport},
	}
}

func testToken() Token {
	return Token{Access: testAccess, Refresh: testRefresh, Endpoint: testEndpoint, Server: testServer, MemberID: testMember, UserID: 15}
}

// viewerOf returns a viewer on the portal behind transport.
func viewerOf(transport http.RoundTripper) Viewer {
	return newApplication(transport).Viewer(testEndpoint, StaticToken(testToken()))
}

// script is a portal that reacts in a fixed order, the last way for ever. It
// records what it was asked, and works inside a synctest bubble.
type script struct {
	mu        sync.Mutex
	reactions []reaction // guarded by mu
	asked     []request  // guarded by mu
}

// request is a request as the portal saw it.
type request struct {
	at     time.Time
	host   string
	method string
	raw    string
	params map[string]any
}

type reaction func(r *http.Request) (*http.Response, error)

func portal(reactions ...reaction) *script { return &script{reactions: reactions} }

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	q := request{at: time.Now(), host: r.URL.Host, method: path.Base(r.URL.Path), raw: string(body)}
	_ = json.Unmarshal(body, &q.params) // forms stay raw
	s.mu.Lock()
	s.asked = append(s.asked, q)
	react := s.reactions[0]
	if len(s.reactions) > 1 {
		s.reactions = s.reactions[1:]
	}
	s.mu.Unlock()
	return react(r)
}

// reacts replaces how the portal reacts from now on.
func (s *script) reacts(reactions ...reaction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reactions = reactions
}

// byHost sends requests to the portal of their host.
type byHost map[string]http.RoundTripper

func (b byHost) RoundTrip(r *http.Request) (*http.Response, error) { return b[r.URL.Host].RoundTrip(r) }

// questions returns what was asked so far.
func (s *script) questions() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func (s *script) wantAsked(t *testing.T, n int) []request {
	t.Helper()
	asked := s.questions()
	if len(asked) != n {
		t.Fatalf("the portal was asked %d times, want %d", len(asked), n)
	}
	return asked
}

// says answers with a status and a body.
func says(status int, body string) reaction {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
}

// result answers well.
func result(body string) reaction { return says(200, `{"result":`+body+`,"time":{}}`) }

// refuses answers with an error code.
func refuses(status int, code string) reaction {
	return says(status, `{"error":"`+code+`","error_description":"in the portal's words"}`)
}

// breaks loses the connection after the request was sent.
func breaks() reaction {
	return func(*http.Request) (*http.Response, error) { return nil, errors.New("connection reset by peer") }
}

// stays never answers.
func stays() reaction {
	return func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
}

// after waits before it reacts.
func after(d time.Duration, then reaction) reaction {
	return func(r *http.Request) (*http.Response, error) {
		time.Sleep(d)
		return then(r)
	}
}

// tokens answers as the token endpoint does.
func tokens(access, refresh string) reaction {
	return says(200, `{"access_token":"`+access+`","refresh_token":"`+refresh+`","client_endpoint":"`+testEndpoint+`",
		"domain":"oauth.example","expires":1,"expires_in":3600,"member_id":"`+testMember+`","scope":"crm,im","user_id":"15"}`)
}

// served starts a real server with the handler under a path of its own, so that
// a wrong address cannot pass, and returns the REST address.
func served(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/below/rest/", http.StripPrefix("/below/rest", h))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL + "/below/rest/"
}

func wantIs(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("got error %v, want %v", err, target)
	}
}

func wantIsNot(t *testing.T, err, target error) {
	t.Helper()
	if errors.Is(err, target) {
		t.Errorf("got error %v, which must not be %v", err, target)
	}
}

// wantNoSecret fails when the text of err shows what nobody may see.
func wantNoSecret(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, secret := range []string{testAccess, testRefresh, "client-secret", "http://", "https://", "auth="} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error shows %q: %v", secret, err)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
