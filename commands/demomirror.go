package commands

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
)

// addresses are the origins of the demo's two halves.
type addresses struct{ portal, app string }

// origin is the origin of a server on a port, as browsers write it.
func origin(host, port string) string {
	if port == "80" {
		return "http://" + host
	}
	return "http://" + host + ":" + port
}

// mirror serves Joinline at a second pair of addresses, for browsers that do
// not resolve *.localhost. Joinline knows only its true addresses and checks
// everything against them. So what a mirrored browser sends is told to it with
// the true ones, and what it answers to the browser with the mirrored ones.
type mirror struct {
	next           http.Handler
	true, mirrored addresses
}

// ServeHTTP passes requests for the true address on as they are.
func (m mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Host != hostOf(m.mirrored.app) {
		m.next.ServeHTTP(w, r)
		return
	}
	answer := &buffer{header: http.Header{}, status: http.StatusOK}
	m.next.ServeHTTP(answer, m.request(r))
	m.send(w, answer)
}

// request is the request as a browser at the true addresses would make it.
func (m mirror) request(r *http.Request) *http.Request {
	told := r.Clone(r.Context())
	told.Host = hostOf(m.true.app)
	told.Header.Del("Accept-Encoding") // what is compressed could not be told anew
	origins := strings.NewReplacer(m.mirrored.portal, m.true.portal, m.mirrored.app, m.true.app)
	for _, name := range []string{"Origin", "Referer"} {
		if value := r.Header.Get(name); value != "" {
			told.Header.Set(name, origins.Replace(value))
		}
	}
	told.URL.RawQuery = strings.Replace(r.URL.RawQuery,
		"DOMAIN="+url.QueryEscape(hostOf(m.mirrored.portal)), "DOMAIN="+url.QueryEscape(hostOf(m.true.portal)), 1)
	return told
}

// send sends the answer with the addresses that the browser can open.
func (m mirror) send(w http.ResponseWriter, answer *buffer) {
	origins := strings.NewReplacer(m.true.portal, m.mirrored.portal, m.true.app, m.mirrored.app)
	for name, values := range answer.header {
		for _, value := range values {
			w.Header().Add(name, origins.Replace(value))
		}
	}
	body := answer.body.String()
	if strings.HasPrefix(answer.header.Get("Content-Type"), "text/") {
		body = origins.Replace(body)
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(answer.status)
	_, _ = w.Write([]byte(body)) // a browser that has left misses nothing
}

// buffer is an http.ResponseWriter that keeps the answer.
type buffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffer) Header() http.Header         { return b.header }
func (b *buffer) WriteHeader(status int)      { b.status = status }
func (b *buffer) Write(p []byte) (int, error) { return b.body.Write(p) }

func hostOf(origin string) string {
	_, host, _ := strings.Cut(origin, "://")
	return host
}
