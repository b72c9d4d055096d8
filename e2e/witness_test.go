package e2e

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// witness keeps all that Joinline logs and answers during a test.
type witness struct {
	mu   sync.Mutex
	said bytes.Buffer // guarded by mu
}

// Write takes lines of the log.
func (w *witness) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said.Write(line)
}

// watch keeps the answers of a handler, but for files that everybody may read.
func (w *witness) watch(rw http.ResponseWriter, r *http.Request, h http.Handler) {
	if strings.HasPrefix(r.URL.Path, "/static/") {
		h.ServeHTTP(rw, r)
		return
	}
	kept := &keptAnswer{ResponseWriter: rw}
	h.ServeHTTP(kept, r)
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = rw.Header().Write(&w.said)
	var body io.Reader = &kept.body
	if rw.Header().Get("Content-Encoding") == "gzip" {
		if unpacked, err := gzip.NewReader(body); err == nil {
			body = unpacked
		}
	}
	_, _ = io.Copy(&w.said, body)
}

// keptAnswer is an answer that is kept while it is sent.
type keptAnswer struct {
	http.ResponseWriter
	body bytes.Buffer
}

func (k *keptAnswer) Write(b []byte) (int, error) {
	k.body.Write(b)
	return k.ResponseWriter.Write(b)
}

// Unwrap lets handlers reach what they may control.
func (k *keptAnswer) Unwrap() http.ResponseWriter { return k.ResponseWriter }

// wantNoSecrets checks that nothing of what a portal handed out was ever said.
func (w *witness) wantNoSecrets(t testing.TB, p *bitrixtest.Portal) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if hit := bitrixtest.FindSecret(w.said.String(), p.Secrets()); hit != "" {
		t.Errorf("a secret of %s stands in a log line or an answer: %s", p.URL(), hit)
	}
}

func TestTheWitnessFindsSecretsInLogsAndAnswers(t *testing.T) {
	p := bitrixtest.NewPortal(t)
	keys := p.Register(bitrixtest.App{Name: "Joinline", HandlerURL: "http://joinline.localhost/app", Scopes: scopes})
	secret := p.Token(keys.ClientID, 15).Access
	for name, say := range map[string]func(w *witness){
		"a line of the log": func(w *witness) { _, _ = io.WriteString(w, "level=INFO token="+secret+"\n") },
		"a page": func(w *witness) {
			w.watch(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { io.WriteString(rw, "<p>"+secret) }))
		},
		"a packed page": func(w *witness) {
			w.watch(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("Content-Encoding", "gzip")
				z := gzip.NewWriter(rw)
				io.WriteString(z, secret)
				z.Close()
			}))
		},
		"a header": func(w *witness) {
			w.watch(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("Location", "/?auth="+secret) }))
		},
	} {
		var w witness
		say(&w)
		if bitrixtest.FindSecret(w.said.String(), p.Secrets()) == "" {
			t.Errorf("nothing found in %s", name)
		}
	}
}
