package bitrixtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// control is one address under /_portal/.
type control struct {
	pattern string
	fields  string // of the JSON body, for the help
	about   string
	serve   func(p *Portal, o controlOrder) (any, error)
}

// controlOrder is what the body of a control may say.
type controlOrder struct {
	User     int    `json:"user"`
	Chat     int    `json:"chat"`
	Operator int    `json:"operator"`
	Author   int    `json:"author"`
	Text     string `json:"text"`
	ID       string `json:"id"`
	Active   bool   `json:"active"`
	DelayMS  int    `json:"delay_ms"`
	Fault
	raw json.RawMessage
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

// controlSwitches is Switches with the address of the portal.
func (p *Portal) controlSwitches(o controlOrder) (any, error) {
	order := struct {
		Switches
		URL string `json:"url"`
	}{Switches: p.switchesNow()}
	if err := strict(o.raw, &order); err != nil {
		return nil, err
	}
	if order.Rate < 0 || order.Burst < 0 || order.OperatingLimit < 0 {
		return nil, errors.New("limits cannot be negative")
	}
	if order.URL != "" {
		if err := p.SetURL(order.URL); err != nil {
			return nil, fmt.Errorf("url %q: %w", order.URL, err)
		}
	}
	p.Switch(func(s *Switches) { *s = order.Switches })
	return p.switchesNow(), nil
}

func controls() []control {
	return []control{
		{"GET /_portal/state", "", "the whole world; of tokens only whose they are", func(p *Portal, o controlOrder) (any, error) { return p.State(), nil }},
		{"GET /_portal/requests", "", "the requests on REST and on the authorisation server", func(p *Portal, o controlOrder) (any, error) { return p.Requests(), nil }},
		{"DELETE /_portal/requests", "", "forget them", func(p *Portal, o controlOrder) (any, error) { p.ResetRequests(); return nil, nil }},
		{"GET /_portal/faults", "", "the faults at work", func(p *Portal, o controlOrder) (any, error) { return p.faultList(), nil }},
		{"POST /_portal/faults", "method, kind, applied, times, skip, every, user, delay_ms, status, code, description, location, chat", "make calls of a method fail; kinds are those of FaultKind", func(p *Portal, o controlOrder) (any, error) {
			f := o.Fault
			f.User, f.Chat, f.Delay = o.User, o.Chat, time.Duration(o.DelayMS)*time.Millisecond
			return nil, p.fail(f)
		}},
		{"DELETE /_portal/faults", "", "forget all faults", func(p *Portal, o controlOrder) (any, error) { p.ClearFaults(); return nil, nil }},
		{"POST /_portal/sessions/accept", "chat, operator", "an operator takes a dialog", (*Portal).controlAccept},
		{"POST /_portal/sessions/close", "chat", "the dialog is finished", (*Portal).controlClose},
		{"POST /_portal/sessions/reopen", "chat, operator", "the next dialog begins; without an operator it waits", (*Portal).controlReopen},
		{"POST /_portal/messages", "chat, author, text", "the operator, the customer or a participant writes", (*Portal).controlMessage},
		{"POST /_portal/users/dismiss", "user", "dismiss a person", (*Portal).controlDismiss},
		{"POST /_portal/users/restore", "user", "take a person back", (*Portal).controlRestore},
		{"POST /_portal/connectors", "id, active", "switch a channel on or off", (*Portal).controlConnector},
		{"POST /_portal/tokens/expire", "user", "make access tokens old; user 0 is everybody", func(p *Portal, o controlOrder) (any, error) { p.ExpireTokens(o.User); return nil, nil }},
		{"GET /_portal/switches", "", "how the portal behaves", func(p *Portal, o controlOrder) (any, error) { return p.switchesNow(), nil }},
		{"POST /_portal/switches", "old, language, omit_application_token, token_proxy, commercial, overloaded, require_https, auth_server_down, rate, burst, operating_limit (ns), url", "change that; what is not named stays. A new url is the portal's new address, the old one redirects there", (*Portal).controlSwitches},
	}
}

// serveControl serves /_portal/ for programs on the same machine.
func (p *Portal) serveControl(w http.ResponseWriter, r *http.Request) {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); !p.options.Control || err != nil || !net.ParseIP(host).IsLoopback() {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && !ownOrigin(r) {
		writeControl(w, http.StatusForbidden, map[string]any{"error": "pages of other sites cannot steer the portal"})
		return
	}
	p.controlMux().ServeHTTP(w, r)
}

// ownOrigin tells that a request comes from a program or from a page of the
// portal itself, not from another site in the person's browser.
func ownOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return origin == "" || hostOf(origin) == strings.ToLower(r.Host)
}

func (p *Portal) controlMux() *http.ServeMux {
	mux := http.NewServeMux()
	for _, c := range controls() {
		mux.HandleFunc(c.pattern, func(w http.ResponseWriter, r *http.Request) { p.runControl(w, r, c) })
	}
	mux.HandleFunc("POST /_portal/sign-in", func(w http.ResponseWriter, r *http.Request) {
		o, err := readOrder(w, r)
		if err == nil {
			err = p.person(o.User)
		}
		if err != nil {
			writeControl(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
			return
		}
		p.signIn(w, r, o.User)
		writeControl(w, http.StatusOK, map[string]any{"ok": true})
	})
	mux.HandleFunc("GET /_portal/{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(w, "Controls of the simulated portal, for programs on this machine. Bodies are JSON objects.\n\n")
		fmt.Fprintf(w, "POST /_portal/sign-in\n    user\n    sign this browser in as a person (sets a cookie)\n")
		for _, c := range controls() {
			fmt.Fprintln(w, c.pattern)
			if c.fields != "" {
				fmt.Fprintln(w, "    "+c.fields)
			}
			fmt.Fprintln(w, "    "+c.about)
		}
	})
	return mux
}

func (p *Portal) runControl(w http.ResponseWriter, r *http.Request, c control) {
	o, err := readOrder(w, r)
	var answer any
	if err == nil {
		answer, err = c.serve(p, o)
	}
	switch {
	case err != nil:
		writeControl(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
	case answer == nil:
		writeControl(w, http.StatusOK, map[string]any{"ok": true})
	default:
		writeControl(w, http.StatusOK, answer)
	}
}

func readOrder(w http.ResponseWriter, r *http.Request) (o controlOrder, err error) {
	if r.Method != http.MethodPost {
		return o, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		return o, errors.New("the body is too large")
	}
	o.raw = body
	if r.URL.Path == "/_portal/switches" {
		return o, nil // it reads the body itself
	}
	return o, strict(body, &o)
}

func writeControl(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", " ")
	encoder.Encode(body)
}

func (p *Portal) switchesNow() (now Switches) {
	p.Switch(func(s *Switches) { now = *s })
	return now
}

func (p *Portal) faultList() []Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := []Fault{}
	for _, f := range p.faults {
		list = append(list, f.Fault)
	}
	return list
}

// person tells what is wrong with an id of an active person.
func (p *Portal) person(id int) (err error) {
	p.Do(func(w *World) {
		if u := w.Users[id]; u == nil || !u.Active {
			err = fmt.Errorf("there is no active person %d", id)
		}
	})
	return err
}

// withChat runs do for a chat that exists.
func (p *Portal) withChat(id int, do func(w *World, c *Chat) error) (any, error) {
	var err error
	p.Do(func(w *World) {
		c := w.Chats[id]
		if c == nil {
			err = fmt.Errorf("there is no chat %d", id)
			return
		}
		err = do(w, c)
	})
	return nil, err
}

func employee(w *World, id int) error {
	if u := w.Users[id]; u == nil || !u.Active || u.Type != Employee {
		return fmt.Errorf("there is no active employee %d", id)
	}
	return nil
}

func (p *Portal) controlAccept(o controlOrder) (any, error) {
	return p.withChat(o.Chat, func(w *World, c *Chat) error {
		if err := employee(w, o.Operator); err != nil {
			return err
		}
		if c.Session == 0 {
			return fmt.Errorf("chat %d has no dialog to accept: reopen it", o.Chat)
		}
		w.Accept(o.Chat, o.Operator)
		return nil
	})
}

func (p *Portal) controlClose(o controlOrder) (any, error) {
	return p.withChat(o.Chat, func(w *World, c *Chat) error {
		if c.Session == 0 {
			return fmt.Errorf("the dialog of chat %d is finished already", o.Chat)
		}
		w.CloseSession(o.Chat)
		return nil
	})
}

func (p *Portal) controlReopen(o controlOrder) (any, error) {
	return p.withChat(o.Chat, func(w *World, c *Chat) error {
		if c.Session != 0 {
			return fmt.Errorf("the dialog of chat %d is not finished", o.Chat)
		}
		if o.Operator != 0 {
			if err := employee(w, o.Operator); err != nil {
				return err
			}
		}
		w.Reopen(o.Chat, o.Operator)
		return nil
	})
}

func (p *Portal) controlMessage(o controlOrder) (any, error) {
	return p.withChat(o.Chat, func(w *World, c *Chat) error {
		if strings.TrimSpace(o.Text) == "" {
			return errors.New("text is missing")
		}
		if o.Author != 0 && w.Users[o.Author] == nil {
			return fmt.Errorf("there is no person %d", o.Author)
		}
		w.PostMessage(o.Chat, o.Author, o.Text)
		return nil
	})
}

func (p *Portal) controlDismiss(o controlOrder) (any, error) {
	return nil, p.changePerson(o.User, (*World).Dismiss)
}

func (p *Portal) controlRestore(o controlOrder) (any, error) {
	return nil, p.changePerson(o.User, (*World).Restore)
}

func (p *Portal) changePerson(id int, change func(w *World, user int)) (err error) {
	p.Do(func(w *World) {
		if w.Users[id] == nil {
			err = fmt.Errorf("there is no person %d", id)
			return
		}
		change(w, id)
	})
	return err
}

func (p *Portal) controlConnector(o controlOrder) (any, error) {
	var err error
	p.Do(func(w *World) {
		if c := w.Connectors[o.ID]; c != nil {
			c.Active = o.Active
			return
		}
		err = fmt.Errorf("there is no connector %q", o.ID)
	})
	return nil, err
}
