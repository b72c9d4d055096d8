package bitrixtest

import (
	"context"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// outbox delivers events one after the other, as the vendor's queue does:
// late, from its own address, and never twice
// (https://apidocs.bitrix24.com/api-reference/events/index.html).
type outbox struct {
	mu      sync.Mutex // guards everything below
	waiting []delivery
	running bool
	closed  bool
	idle    chan struct{} // closed while nothing waits or runs; nil until first used
}

// delivery is one event for one handler.
type delivery struct {
	handler string
	form    string
}

// eventTimeout is how long a handler may take to answer.
const eventTimeout = 5 * time.Second

func (p *Portal) send(d delivery) {
	o := &p.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.waiting = append(o.waiting, d)
	if !o.running {
		o.running, o.idle = true, make(chan struct{})
		go p.deliver()
	}
}

func (p *Portal) deliver() {
	o, client := &p.outbox, HTTPClient()
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-p.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	for {
		o.mu.Lock()
		if len(o.waiting) == 0 || o.closed {
			o.running = false
			close(o.idle)
			o.mu.Unlock()
			return
		}
		d := o.waiting[0]
		o.waiting = o.waiting[1:]
		o.mu.Unlock()
		p.post(ctx, client, d)
	}
}

// post delivers one event; an error or silence of the handler loses it.
func (p *Portal) post(ctx context.Context, client *http.Client, d delivery) {
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.handler, strings.NewReader(d.form))
	if err != nil {
		return
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "Bitrix24 Webhook Engine (simulated)")
	resp, err := client.Do(r)
	if err != nil {
		p.options.Log.Info("an event was lost", "handler", d.handler, "error", err)
		return
	}
	resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		p.options.Log.Info("an event was refused", "handler", d.handler, "status", resp.StatusCode)
	}
}

// close drops what waits and ends with the delivery under way, which the
// closing of the portal breaks off.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed, o.waiting = true, nil
	idle, running := o.idle, o.running
	o.mu.Unlock()
	if running {
		<-idle
	}
}

// DeliverEvents waits until every event so far has been delivered or lost.
func (p *Portal) DeliverEvents(ctx context.Context) error {
	o := &p.outbox
	o.mu.Lock()
	idle, running := o.idle, o.running
	o.mu.Unlock()
	if !running {
		return nil
	}
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fire sends an event of the portal to every application that bound it. user
// is who caused it; 0 is nobody. The lock is held.
func (p *Portal) fire(event string, data map[string]any, user int) {
	for _, id := range sortedKeys(p.apps) {
		if a := p.apps[id]; a.Installed {
			p.fireApp(a, event, data, user, false)
		}
	}
}

// fireApp sends an event to the handlers of one application.
func (p *Portal) fireApp(a *application, event string, data map[string]any, user int, withRefresh bool) {
	for _, h := range p.handlers {
		if h.ClientID != a.ClientID || !strings.EqualFold(h.Event, event) || h.Offline {
			continue
		}
		person := user
		if h.UserID != 0 && event != "ONAPPUNINSTALL" { // then nobody can be named any more
			person = h.UserID
		}
		p.send(delivery{handler: h.Handler, form: phpForm([]field{
			{"event", strings.ToUpper(event)},
			{"event_handler_id", h.ID},
			{"data", maps.Clone(data)},
			{"ts", p.options.Now().Unix()},
			{"auth", p.eventAuth(a, person, withRefresh)},
		})})
	}
}

// eventAuth is the part of an event that says whence it comes. Tokens are in
// it only where a person can be named.
func (p *Portal) eventAuth(a *application, user int, withRefresh bool) map[string]any {
	auth := map[string]any{
		"domain": p.url.Host, "member_id": p.options.MemberID, "application_token": a.ApplicationToken,
		"client_endpoint": p.url.String() + "/rest/", "server_endpoint": p.auth.url + "/rest/",
	}
	if user == 0 {
		return auth
	}
	t := p.auth.issue(p.options.MemberID, a.ClientID, user, a.Scopes)
	maps.Copy(auth, map[string]any{
		"access_token": t.Access, "expires": t.Expires.Unix(), "expires_in": 3600,
		"scope": strings.Join(a.Scopes, ","), "status": "L", "user_id": strconv.Itoa(user),
	})
	if withRefresh {
		auth["refresh_token"] = t.Refresh
	}
	return auth
}

// fireSession fires an event about a session.
func (w *World) fireSession(event string, c *Chat) {
	line := map[string]any{"id": c.Line}
	if l := w.Lines[c.Line]; l != nil {
		line["name"] = l.Name
	}
	w.fire(event, map[string]any{"DATA": map[string]any{
		"connector": c.connectorData(), "chat": map[string]any{"chat_id": c.ID}, "line": line,
	}}, 0)
}

// fireMessage fires the event about a message that came from the customer or
// went out to them (portal source: imopenlines/lib/connector.php).
func (w *World) fireMessage(c *Chat, m *Message) {
	data, user := map[string]any{"DATA": map[string]any{
		"connector": c.connectorData(), "chat": map[string]any{"id": c.ID},
		"message": map[string]any{"id": m.ID, "date": isoDate(m.Date), "text": m.Text, "system": "N", "user_id": m.Author},
	}}, 0
	if m.Author != c.Customer {
		data["CONNECTOR"], data["LINE"], user = c.Connector, c.Line, m.Author
	}
	w.fire("ONOPENLINEMESSAGEADD", data, user)
}

func (c *Chat) connectorData() map[string]any {
	return map[string]any{"connector_id": c.Connector, "line_id": c.Line, "chat_id": c.ID, "user_id": c.Customer}
}

// fireItem fires the event about an item that user added, updated or deleted.
func (w *World) fireItem(verb string, key ItemKey, user int) {
	fields := map[string]any{"ID": key.ID}
	event := "ONCRM" + key.Type + verb
	if id, dynamic := dynamicTypeID(key.Type); dynamic {
		event, fields["ENTITY_TYPE_ID"] = "ONCRMDYNAMICITEM"+verb, id
	}
	w.fire(event, map[string]any{"FIELDS": fields}, user)
}
