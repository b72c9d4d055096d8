package bitrix

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// realViewer returns a viewer on a real server with the handler.
func realViewer(t *testing.T, h http.HandlerFunc) Viewer {
	t.Helper()
	endpoint := served(t, h)
	app := newApplication(nil)
	app.HTTPClient = nil
	app.UserAgent = "joinline/test"
	return app.Viewer(endpoint, StaticToken(testToken()))
}

func TestTheWireFormatOfACall(t *testing.T) {
	var seen *http.Request
	var body map[string]any
	v := realViewer(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, "\xef\xbb\xbf"+`{"result":"1763","time":{"start":1.5}}`)
	})
	var id ChatID
	must(t, v.Call(t.Context(), "imopenlines.crm.chat.user.add", Params{"USER_ID": UserID(22), "LIST": []int{1}}, &id))
	if id != 1763 {
		t.Errorf("got chat %d, want 1763", id)
	}
	if seen.Method != "POST" || seen.URL.Path != "/imopenlines.crm.chat.user.add" || seen.URL.RawQuery != "" {
		t.Errorf("got %s %s, want a POST without a query", seen.Method, seen.URL)
	}
	for header, want := range map[string]string{"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "joinline/test", "Authorization": ""} {
		if got := seen.Header.Get(header); got != want {
			t.Errorf("%s: got %q, want %q", header, got, want)
		}
	}
	if body["auth"] != testAccess || body["USER_ID"] != 22.0 {
		t.Errorf("got body %v", body)
	}
}

func TestAPackedAnswerIsReadAndABombIsStopped(t *testing.T) {
	pack := func(plain []byte) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(plain)
		_ = z.Close()
		return b.Bytes()
	}
	bomb := pack(append([]byte(`{"result":"`), bytes.Repeat([]byte("a"), 64<<20)...))
	for name, c := range map[string]struct {
		body []byte
		want error
	}{
		"packed":          {pack([]byte(`{"result":1}`)), nil},
		"a bomb":          {bomb, errTooLarge},
		"not packed":      {[]byte(`{"result":1}`), gzip.ErrHeader},
		"packed, cut off": {pack([]byte(`{"result":1}`))[:20], io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			asked := 0
			v := realViewer(t, func(w http.ResponseWriter, r *http.Request) {
				asked++
				w.Header().Set("Content-Encoding", "gzip")
				_, _ = w.Write(c.body)
			})
			err := v.Call(t.Context(), "profile", nil, nil)
			wantIs(t, err, c.want)
			wantNoSecret(t, err)
			if c.want != nil {
				wantIs(t, err, ErrOutcomeUnknown)
			}
			if asked != 1 {
				t.Errorf("asked %d times, want once", asked)
			}
		})
	}
}

func TestAnAnswerThatIsTooLargeIsNotAskedForAgain(t *testing.T) {
	asked := 0
	v := realViewer(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		_, _ = w.Write(bytes.Repeat([]byte(" "), maxBody+1))
	})
	wantIs(t, v.Read(t.Context(), "profile", nil, nil), ErrUnreachable)
	if asked != 1 {
		t.Errorf("asked %d times, want once", asked)
	}
}

func TestARedirectIsReportedAndNotFollowed(t *testing.T) {
	followed := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed = true }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		v := realViewer(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", elsewhere.URL+"/rest/profile?auth="+testAccess)
			w.WriteHeader(status)
		})
		for _, err := range []error{v.Call(t.Context(), "profile", nil, nil), v.Read(t.Context(), "profile", nil, nil)} {
			wantIs(t, err, ErrMoved)
			wantIsNot(t, err, ErrOutcomeUnknown)
			wantNoSecret(t, err)
			moved, ok := errors.AsType[*MovedError](err)
			if !ok || "http://"+moved.Host != elsewhere.URL {
				t.Errorf("status %d: got %v, want the host of %s", status, err, elsewhere.URL)
			}
		}
	}
	if followed {
		t.Error("the redirect was followed")
	}
}

func TestTheCallersClientLendsItsTransportOnly(t *testing.T) {
	var cookies []string
	endpoint := served(t, func(w http.ResponseWriter, r *http.Request) {
		cookies = append(cookies, r.Header.Get("Cookie"))
		http.SetCookie(w, &http.Cookie{Name: "PHPSESSID", Value: "of-the-first-person", Path: "/"})
		_, _ = io.WriteString(w, `{"result":1}`)
	})
	jar, err := cookiejar.New(nil)
	must(t, err)
	app := newApplication(http.DefaultTransport)
	app.HTTPClient.Jar = jar
	v := app.Viewer(endpoint, StaticToken(testToken()))
	must(t, v.Call(t.Context(), "profile", nil, nil))
	must(t, v.Call(t.Context(), "profile", nil, nil))
	if got := strings.Join(cookies, ""); got != "" {
		t.Errorf("cookies were sent: %q", got)
	}
}

func TestAConnectionThatBreaksAfterSendingLeavesAWriteUnknown(t *testing.T) {
	var asked atomic.Int64
	v := realViewer(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	})
	err := v.Call(t.Context(), "user.add", nil, nil)
	wantIs(t, err, ErrOutcomeUnknown)
	wantNoSecret(t, err)
	if asked.Load() != 1 {
		t.Errorf("the write was sent %d times, want once", asked.Load())
	}
}

func TestAServerThatIsNotThereWasNotAsked(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	v := newApplication(http.DefaultTransport).Viewer(s.URL+"/rest/", StaticToken(testToken()))
	err := v.Call(t.Context(), "user.add", nil, nil)
	wantIs(t, err, ErrUnreachable)
	wantIsNot(t, err, ErrOutcomeUnknown)
	wantNoSecret(t, err)
}
