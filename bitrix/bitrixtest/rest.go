package bitrixtest

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// exchange is one HTTP request on the REST API.
type exchange struct {
	path   restPath
	params params
	order  map[string][]string
	bearer string // the token of the Authorization header
	ip     string
	https  bool
	start  time.Time
	log    *Request
}

// restPath is what the path of a REST request says.
type restPath struct {
	method       string
	user, secret string // of a webhook
	xml          bool
}

// answer is what goes back.
type answer struct {
	status   int
	body     any
	clientID string
}

// serveREST carries out one request on /rest/.
func (p *Portal) serveREST(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Allow-Headers", "origin, content-type, accept")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	switch r.Method {
	case http.MethodOptions:
		return
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		w.Header().Set("Allow", "GET, HEAD, OPTIONS, POST")
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	x, err := p.newExchange(r)
	if err != nil {
		http.Error(w, "Request Entity Too Large", http.StatusRequestEntityTooLarge)
		return
	}
	f, refused := p.admit(x)
	if refused != nil {
		writeAnswer(w, *refused)
		return
	}
	if f != nil && !p.before(w, r, f) {
		return
	}
	a, f := p.process(x)
	if f != nil && !p.after(w, r, f, a) {
		return
	}
	writeAnswer(w, a)
}

func (p *Portal) newExchange(r *http.Request) (*exchange, error) {
	all, err := readParams(r)
	if err != nil {
		return nil, err
	}
	x := &exchange{path: parsePath(r.URL.Path), https: r.TLS != nil, start: p.options.Now()}
	x.params, x.order = all.params()
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		x.bearer = strings.TrimLeft(token, " ")
	}
	x.ip, _, err = net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		x.ip = r.RemoteAddr
	}
	for name := range x.params {
		if strings.HasPrefix(name, "bx24_") {
			delete(x.params, name)
		}
	}
	return x, nil
}

// parsePath reads /rest/<method>[.json] and /rest/<user>/<secret>/<method>[.json];
// doubled slashes do not matter.
func parsePath(path string) restPath {
	parts := slices.DeleteFunc(strings.Split(path, "/"), func(s string) bool { return s == "" })[1:]
	var rp restPath
	if len(parts) >= 3 {
		rp.user, rp.secret, parts = parts[0], parts[1], parts[2:]
	}
	rp.method = strings.Join(parts, "/")
	if m, ok := strings.CutSuffix(rp.method, ".json"); ok {
		rp.method = m
	} else if m, ok := strings.CutSuffix(rp.method, ".xml"); ok {
		rp.method, rp.xml = m, true
	}
	return rp
}

// admit logs a request, counts it against the limit and takes the fault that
// is due for it.
func (p *Portal) admit(x *exchange) (*fault, *answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x.log = p.logRequest(x)
	if !p.fill(x.ip, x.start) {
		return nil, x.refuse(limitExceeded())
	}
	return p.takeRequestFault(x.log, false), nil
}

// refuse makes an answer of an error that stopped the whole request.
func (x *exchange) refuse(e *restError) *answer {
	x.log.Status, x.log.Error = e.Status, e.Code
	return &answer{status: e.Status, body: e.body()}
}

func (e *restError) body() map[string]any {
	body := map[string]any{"error": e.Code, "error_description": e.Description}
	for k, v := range e.Extra {
		body[k] = v
	}
	return body
}

// process carries out the call of a request under the portal's lock. The fault
// is one of the whole request that is due now that it was carried out.
func (p *Portal) process(x *exchange) (answer, *fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answer(x), p.takeRequestFault(x.log, true)
}

func (p *Portal) answer(x *exchange) answer {
	c, e := p.prepare(x)
	if e != nil {
		return *x.refuse(e)
	}
	a := answer{status: http.StatusOK}
	if c.app != nil {
		a.clientID = c.app.ClientID
	}
	body, e := c.execute(x.start)
	if e != nil {
		refused := x.refuse(e)
		refused.clientID = a.clientID
		return *refused
	}
	x.log.Status = a.status
	a.body = body
	return a
}

// prepare finds the method and who calls it, in the order of the portal's own
// checks (portal source: rest/classes/general/rest.php, rest/lib/oauth/auth.php).
func (p *Portal) prepare(x *exchange) (*call, *restError) {
	if x.path.xml {
		return nil, restErr(http.StatusInternalServerError, "INTERNAL_WRONG_TRANSPORT", "Wrong transport!")
	}
	name, m, ok := p.findMethod(x.path.method)
	if !ok {
		return nil, restErr(http.StatusNotFound, "ERROR_METHOD_NOT_FOUND", "Method not found!")
	}
	if p.switches.RequireHTTPS && !x.https {
		return nil, restErr(http.StatusBadRequest, "INVALID_REQUEST", "Https required")
	}
	c := &call{portal: p, world: p.world, method: name, params: x.params, order: x.order, memory: newMemory()}
	if e := p.authorise(x, c, m.scope); e != nil {
		return nil, e
	}
	for _, key := range []string{"auth", "access_token", "state"} {
		delete(c.params, key)
	}
	return c, nil
}

// findMethod looks a method up lower-cased, then as it was given.
func (p *Portal) findMethod(name string) (string, method, bool) {
	for _, n := range []string{strings.ToLower(name), name} {
		if m, ok := p.methods[n]; ok && (m.scope != "im" || p.switches.Messenger) {
			return n, m, true
		}
	}
	return "", method{}, false
}

// execute runs a call whose caller and scope are known, and wraps the result
// in the envelope.
func (c *call) execute(start time.Time) (map[string]any, *restError) {
	p := c.portal
	if e := p.takeCallFault(c, false); e != nil {
		return nil, e
	}
	counter := p.operatingCounter(c)
	if c.method != "batch" && counter.exceeded(p.switches.OperatingLimit, p.options.Now()) {
		return nil, restErr(http.StatusTooManyRequests, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.")
	}
	if c.params.has("start") {
		c.start = c.params.int("start")
		delete(c.params, "start")
	}
	began := p.options.Now()
	result, err := c.run()
	finished := p.options.Now()
	if e := p.takeCallFault(c, true); e != nil {
		return nil, e
	}
	if err != nil {
		return nil, c.failure(err)
	}
	if body, ok := result.(returned); ok {
		return body, nil
	}
	if c.method != "batch" {
		counter.add(finished.Sub(began), finished)
	}
	body := envelope(result)
	body["time"] = timeObject(start, began, finished, p.options.Now(), counter)
	return body, nil
}

// run checks what a method asks of its caller and runs it.
func (c *call) run() (any, error) {
	m := c.portal.methods[c.method]
	if m.appOnly && c.app == nil {
		return nil, restErr(http.StatusForbidden, "WRONG_AUTH_TYPE",
			"Current authorization type is denied for this method Application context required")
	}
	if m.admin && !c.user.Admin {
		return nil, accessDenied("")
	}
	return m.run(c)
}

// failure is the error answer of a method's error.
func (c *call) failure(err error) *restError {
	var e *restError
	if !errors.As(err, &e) {
		e = restErr(http.StatusBadRequest, "ERROR_CORE", err.Error())
	}
	return c.memory.relabel(e)
}

// envelope puts a result beside total and next.
func envelope(result any) map[string]any {
	l, ok := result.(list)
	if !ok {
		if p, isPtr := result.(*list); isPtr && p != nil {
			l, ok = *p, true
		}
	}
	if !ok {
		return map[string]any{"result": result}
	}
	body := map[string]any{"result": l.rows}
	if l.total >= 0 {
		body["total"] = l.total
	}
	if l.next > 0 {
		body["next"] = l.next
	}
	return body
}

// timeObject is the part of an answer about its cost.
func timeObject(start, began, finished, end time.Time, counter *operatingCounter) map[string]any {
	t := map[string]any{
		"start": seconds(start), "finish": seconds(end), "duration": end.Sub(start).Seconds(),
		"processing": finished.Sub(began).Seconds(), "date_start": isoDate(start), "date_finish": isoDate(end),
		"operating": counter.used(end).Seconds(),
	}
	if reset := counter.resetAt(end); !reset.IsZero() {
		t["operating_reset_at"] = reset.Unix()
	}
	return t
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

func writeAnswer(w http.ResponseWriter, a answer) {
	body, err := json.Marshal(phpValue(a.body))
	if err != nil {
		body = []byte(`{"error":"WRONG_ENCODING","error_description":"Wrong request encoding"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if a.clientID != "" {
		w.Header().Set("X-Bitrix-Rest-Application", a.clientID)
	}
	w.WriteHeader(a.status)
	w.Write(body)
}
