package bitrix

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// raw starts a server that answers every connection with what it likes, and
// returns a viewer on it.
func raw(t *testing.T, answer func(c net.Conn, r *http.Request, body string)) (v Viewer, asked *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	asked = new(atomic.Int64)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				r, err := http.ReadRequest(bufio.NewReader(c))
				if err != nil {
					return
				}
				body, _ := io.ReadAll(r.Body) // cut off is as good
				asked.Add(1)
				answer(c, r, string(body))
			}()
		}
	}()
	app := newApplication(nil)
	app.HTTPClient = nil
	app.Timeouts = Timeouts{Read: 100 * time.Millisecond, Write: 100 * time.Millisecond}
	return app.Viewer("http://"+l.Addr().String()+"/rest/", StaticToken(testToken())), asked
}

func TestAServerThatSpeaksNoHTTPIsNotBelievedAndNotQuoted(t *testing.T) {
	for name, answer := range map[string]func(c net.Conn, r *http.Request, body string){
		"the request comes back": func(c net.Conn, _ *http.Request, body string) { _, _ = io.WriteString(c, body+"\r\n\r\n") },
		"the request as a status": func(c net.Conn, _ *http.Request, body string) {
			_, _ = io.WriteString(c, "HTTP/1.1 "+body+"\r\n\r\n")
		},
		"the request as a header": func(c net.Conn, _ *http.Request, body string) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n"+body+" \r\n\r\n")
		},
		"the request as a length": func(c net.Conn, _ *http.Request, body string) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: "+body+"\r\n\r\n")
		},
		"a header without an end": func(c net.Conn, _ *http.Request, _ string) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 4<<20))
		},
		"a line without an end": func(c net.Conn, _ *http.Request, _ string) { _, _ = io.WriteString(c, strings.Repeat("x", 1<<20)) },
		"less than was promised": func(c net.Conn, _ *http.Request, _ string) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"result\":1}")
		},
		"a chunk that is cut": func(c net.Conn, _ *http.Request, _ string) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{\"result\":1}")
		},
		"nothing at all": func(net.Conn, *http.Request, string) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, asked := raw(t, answer)
			err := v.Call(t.Context(), "user.add", nil, nil)
			wantIs(t, err, ErrOutcomeUnknown)
			wantNoSecret(t, err)
			if err != nil && len(err.Error()) > 1000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			if n := asked.Load(); n != 1 {
				t.Errorf("the write was sent %d times, want once", n)
			}
		})
	}
}

func TestAnAnswerThatDripsIsCutOffInTime(t *testing.T) {
	v, asked := raw(t, func(c net.Conn, r *http.Request, _ string) {
		_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{\"result\":\"")
		for tick := time.NewTicker(time.Millisecond); err == nil; <-tick.C {
			_, err = io.WriteString(c, "a")
		}
	})
	err := v.Call(t.Context(), "user.add", nil, nil)
	wantIs(t, err, ErrOutcomeUnknown)
	wantIs(t, err, os.ErrDeadlineExceeded)
	if n := asked.Load(); n != 1 {
		t.Errorf("the write was sent %d times, want once", n)
	}
}

func TestAnAnswerPackedInAnUnknownWayIsNotRead(t *testing.T) {
	v := realViewer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "br")
		_, _ = io.WriteString(w, `{"result":1}`)
	})
	wantIs(t, v.Call(t.Context(), "user.add", nil, nil), ErrOutcomeUnknown)
}

func TestAnAuthorisationServerThatRepeatsSecretsIsNotQuoted(t *testing.T) {
	v, _ := raw(t, func(c net.Conn, _ *http.Request, body string) {
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\n%s\r\n\r\n", strings.ReplaceAll(body, "auth=", ""))
	})
	app := v.app
	app.AuthServers = []string{strings.TrimSuffix(v.endpoint.String(), "/rest/")}
	token := testToken()
	token.Server = ""
	_, err := app.Refresh(t.Context(), token)
	wantIs(t, err, ErrUnreachable)
	wantNoSecret(t, err)
	_, err = app.Inspect(t.Context(), "", testAccess)
	wantIs(t, err, ErrUnreachable)
	wantNoSecret(t, err)
}

func TestAnEndlessGreetingIsNoAnswer(t *testing.T) {
	v, _ := raw(t, func(c net.Conn, _ *http.Request, _ string) {
		var err error
		for err == nil {
			_, err = io.WriteString(c, "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n")
		}
	})
	wantIs(t, v.Call(t.Context(), "user.add", nil, nil), ErrOutcomeUnknown)
}
