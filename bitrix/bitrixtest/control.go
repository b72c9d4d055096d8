package bitrixtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
)

// control is one address under /_portal/.
type control struct {
	pattern string
	about   string
	fields  []string // of the JSON body
	serve   func(p *Portal, x controlRequest) (any, error)
}

type controlRequest struct {
	w    http.ResponseWriter
	r    *http.Request
	body []byte
}

// reads is a control without a body.
func reads(pattern, about string, serve func(p *Portal) (any, error)) control {
	return control{pattern, about, nil, func(p *Portal, _ controlRequest) (any, error) { return serve(p) }}
}

// takes is a control whose body is an O.
func takes[O any](pattern, about string, serve func(p *Portal, o O) (any, error)) control {
	return control{pattern, about, fieldNames(reflect.TypeFor[O]()), func(p *Portal, x controlRequest) (any, error) {
		var o O
		if err := strict(x.body, &o); err != nil {
			return nil, err
		}
		return serve(p, o)
	}}
}

// fieldNames are the names of a struct's fields in JSON.
func fieldNames(t reflect.Type) (names []string) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			names = append(names, fieldNames(f.Type)...)
		case f.IsExported() && name == "":
			names = append(names, f.Name)
		case f.IsExported() && name != "-":
			names = append(names, name)
		}
	}
	return names
}

// strict reads a JSON object that may only have fields that v has.
func strict(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("the body is no JSON object with the fields that GET /_portal/ names: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is something after the JSON object")
	}
	return nil
}

// serveControl serves /_portal/ for programs on the same machine.
func (p *Portal) serveControl(w http.ResponseWriter, r *http.Request) {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); !p.options.Control || err != nil || !net.ParseIP(host).IsLoopback() {
		http.NotFound(w, r)
		return
	}
	switch {
	case !loopbackName(r.Host):
		writeControl(w, http.StatusForbidden, controlError(errors.New("the controls answer under a name of this machine only: 127.0.0.1, localhost or *.localhost")))
	case r.Header.Get("Forwarded") != "" || r.Header.Get("X-Forwarded-For") != "":
		writeControl(w, http.StatusForbidden, controlError(errors.New("the controls do not answer through a proxy")))
	case r.Method != http.MethodGet && !ownOrigin(r):
		writeControl(w, http.StatusForbidden, controlError(errors.New("pages of other sites cannot steer the portal")))
	default:
		p.controls.ServeHTTP(w, r)
	}
}

// loopbackName tells names of this machine from those that somebody's name
// server may lead to it: a page of theirs would be of the same origin.
func loopbackName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host).IsLoopback()
}

// ownOrigin tells that a request comes from a program or from a page of the
// portal itself, not from another site in the person's browser.
func ownOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || hostOf(origin) == strings.ToLower(r.Host)
}

func newControls(p *Portal) http.Handler {
	mux := http.NewServeMux()
	all := controls()
	for _, c := range all {
		mux.HandleFunc(c.pattern, func(w http.ResponseWriter, r *http.Request) { p.runControl(w, r, c) })
	}
	mux.HandleFunc("GET /_portal/{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprint(w, "Controls of the simulated portal, for programs on this machine. Bodies are JSON objects.\n")
		for _, c := range all {
			fmt.Fprintf(w, "\n%s\n    %s\n", c.pattern, c.about)
			if len(c.fields) > 0 {
				fmt.Fprintf(w, "    fields: %s\n", strings.Join(c.fields, ", "))
			}
		}
	})
	return mux
}

func (p *Portal) runControl(w http.ResponseWriter, r *http.Request, c control) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		writeControl(w, http.StatusBadRequest, controlError(errors.New("the body is too large")))
		return
	}
	answer, err := c.serve(p, controlRequest{w, r, body})
	switch {
	case err != nil:
		writeControl(w, http.StatusBadRequest, controlError(err))
	case answer == nil:
		writeControl(w, http.StatusOK, map[string]any{"ok": true})
	default:
		writeControl(w, http.StatusOK, answer)
	}
}

func controlError(err error) any { return map[string]any{"error": err.Error()} }

func writeControl(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	_ = encoder.Encode(body) // an error means that the caller is gone
}
