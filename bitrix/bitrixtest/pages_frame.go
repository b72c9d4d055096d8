package bitrixtest

import (
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// frameBook remembers the application frames that pages opened. The portal's
// lock guards it.
type frameBook struct {
	open  map[string]*frame // by sid
	calls []FrameCall
	// switches go for frames whose page asks for none of its own.
	switches []string
}

func newFrameBook() frameBook { return frameBook{open: map[string]*frame{}} }

// maxFrames limits the frames and calls that are remembered.
const maxFrames = 10_000

// frame is one opening of an application's page.
type frame struct {
	sid       string
	clientID  string
	user      int
	placement string
}

// FrameCall is one message of an application frame to the portal's page.
type FrameCall struct {
	SID       string          `json:"sid"`
	ClientID  string          `json:"client_id"`
	User      int             `json:"user"`
	Placement string          `json:"placement"`
	Command   string          `json:"command"`
	Params    json.RawMessage `json:"params"`
	// Dropped says why the page ignored it: "origin", or "".
	Dropped string `json:"dropped"`
}

// FrameCalls are the messages of all frames, in the order the pages reported them.
func (p *Portal) FrameCalls() []FrameCall {
	g := p.frameBook()
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(g.calls)
}

// SetFrames switches how pages treat application frames, unless their own
// address says ?frame=…. Without names everything is as on a real portal.
//
//	silent    never answers                    first      FIRST_RUN is always true
//	late      answers after 1.2 seconds        nonadmin   IS_ADMIN is always false
//	origin    answers from another origin      expired    the access token is already expired
//	sid       knows another sid                notoken    the launch carries no tokens
//	forged    another frame answers first      old        the launch lacks the fields newer portals added
//	open      allows title, scroll, reload     undefined  PLACEMENT_OPTIONS is the word "undefined"
//	mobile    opens no sliders                 keyed      CRM choices are keyed objects
//	events    offers the event onSimulated
//
// It panics when a name is none of these.
func (p *Portal) SetFrames(switches ...string) {
	if err := p.setFrames(switches); err != nil {
		panic("bitrixtest: " + err.Error())
	}
}

// frameSwitches are the names that SetFrames takes.
var frameSwitches = []string{
	"silent", "late", "origin", "sid", "forged", "open", "mobile", "events",
	"first", "nonadmin", "expired", "notoken", "old", "undefined", "keyed",
}

func (p *Portal) setFrames(switches []string) error {
	for _, name := range switches {
		if !slices.Contains(frameSwitches, name) {
			return fmt.Errorf("frames have no switch %q", name)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frameBook().switches = slices.Clone(switches)
	return nil
}

// ResetFrameCalls forgets what frames said.
func (p *Portal) ResetFrameCalls() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frameBook().calls = nil
}

func (p *Portal) frameBook() *frameBook { return &p.pages.frames }

func (g *pages) routeFrames() {
	g.signed("GET /_frame/open", (*visit).openFrame)
	g.signed("POST /_frame/{sid}/{what}", (*visit).askFrame)
	g.signed("GET /_frame/people", (*visit).pickPeople)
	g.signed("GET /_frame/access", (*visit).pickAccess)
	g.signed("GET /_frame/crm", (*visit).pickCRM)
	g.open("GET /_frame/relay", (*visit).relayToFrame)
}

// framePart is what the page needs to open a frame: the form it posts into
// the frame, and what its scripts answer.
type framePart struct {
	Launch
	Name, Title string
	Fields      []formField
	Data        frameData
}

type formField struct{ Name, Value string }

// frameData is what the scripts of the page know about a frame.
type frameData struct {
	SID        string         `json:"sid"`
	App        string         `json:"app"`
	Name       string         `json:"name"`
	ClientID   string         `json:"clientID"`
	Origin     string         `json:"origin"` // of the page that was opened
	Placement  string         `json:"placement"`
	HeightOnly bool           `json:"heightOnly"` // resizing leaves the width alone
	Denied     []string       `json:"denied"`
	Interface  frameInterface `json:"interface"`
	Switches   []string       `json:"switches"`
	Init       map[string]any `json:"init"`
}

type frameInterface struct {
	Command []string `json:"command"`
	Event   []string `json:"event"`
}

// frameOrder is what a page asks /_frame/open for.
type frameOrder struct {
	app       application
	handler   string
	placement string
	options   string // JSON text
	builtIn   bool   // the portal would draw the form itself
	slider    bool
	install   bool
	switches  []string
}

func (o *frameOrder) is(name string) bool { return slices.Contains(o.switches, name) }

// openFrame answers with a fresh frame of an application, or with the
// portal's notice.
func (v *visit) openFrame() error {
	order, notice := v.frameOrder()
	if notice != "" {
		return v.fragment("notice", notice)
	}
	part, err := v.launchFrame(order)
	if err != nil {
		return err
	}
	return v.fragment("frame", part)
}

// frameOrder works out what to open: until an installation is finished the
// install page takes the place of every other, for administrators only.
func (v *visit) frameOrder() (o frameOrder, notice string) {
	query := v.r.URL.Query()
	o = frameOrder{placement: "DEFAULT", options: query.Get("options"), slider: query.Get("slider") == "1"}
	p := v.pages.portal
	p.mu.Lock()
	defer p.mu.Unlock()
	o.switches = v.pages.frames.switches
	if query.Has("frame") {
		o.switches = strings.Split(query.Get("frame"), ",")
	}
	a := p.frameApp(query, &o)
	if a == nil {
		return o, v.say("frame.gone")
	}
	o.app = *a
	switch {
	case !p.mayUse(a, &v.viewer):
		return o, v.say("frame.noAccess", a.title(v.viewer.Language))
	case a.Installed && o.builtIn:
		return o, v.say("frame.builtIn", a.title(v.viewer.Language))
	case a.Installed || a.InstallURL == "":
		return o, ""
	case !v.viewer.Admin:
		return o, v.say("install.other", a.title(v.viewer.Language))
	}
	o.handler, o.placement, o.install = a.InstallURL, "DEFAULT", true
	return o, ""
}

// frameApp finds the application and its page: a bound placement, or the
// application's own page. The lock is held.
func (p *Portal) frameApp(query url.Values, o *frameOrder) *application {
	bind, _ := strconv.Atoi(query.Get("bind"))
	for _, b := range p.placements {
		if b.ID == bind {
			item, _ := strconv.Atoi(query.Get("item"))
			o.handler, o.placement = b.Handler, b.Placement
			if b.Placement != "REST_APP_URI" {
				o.options = cardOptions(item, ownAddress(query.Get("from")))
			}
			o.builtIn = b.Options["useBuiltInInterface"] == "Y"
			return p.apps[b.ClientID]
		}
	}
	for _, a := range p.apps {
		if bind == 0 && strconv.Itoa(a.ID) == query.Get("app") && !a.OnlyAPI {
			o.handler = a.HandlerURL
			return a
		}
	}
	return nil
}

func (v *visit) launchFrame(o frameOrder) (framePart, error) {
	handler := v.pages.portal.options.Mirror.rewrite(o.handler, v.r.Host)
	opened, err := url.Parse(handler)
	if err != nil {
		return framePart{}, fmt.Errorf("the handler of %s: %w", o.app.ClientID, err)
	}
	options := o.options
	if o.is("undefined") {
		options = "undefined"
	}
	secure, tokens := v.r.TLS != nil, v.frameTokens(o)
	part := framePart{Title: o.app.title(v.viewer.Language), Launch: v.pages.portal.launch(opening{
		app: o.app, handler: handler, placement: o.placement, options: options, tokens: tokens,
		language: v.viewer.Language, host: v.r.Host, secure: secure, old: o.is("old"),
	})}
	part.Name = v.r.Host + "|" + flag(secure) + "|" + part.SID
	for _, name := range sortedKeys(part.Form) {
		part.Fields = append(part.Fields, formField{name, part.Form.Get(name)})
	}
	f := &frame{sid: part.SID, clientID: o.app.ClientID, user: v.viewer.ID, placement: o.placement}
	part.Data = frameData{
		SID: f.sid, App: strconv.Itoa(o.app.ID), Name: part.Title, ClientID: o.app.ClientID,
		Origin: opened.Scheme + "://" + opened.Host, Placement: o.placement,
		HeightOnly: strings.HasSuffix(o.placement, "_DETAIL_TAB"), Denied: denied(o), Interface: interfaceOf(o),
		Switches: append([]string{}, o.switches...), Init: v.initData(o, tokens),
	}
	v.pages.portal.mu.Lock()
	defer v.pages.portal.mu.Unlock()
	book := &v.pages.frames
	if len(book.open) >= maxFrames {
		clear(book.open)
	}
	book.open[f.sid] = f
	return part, nil
}

// frameTokens are fresh tokens of the viewer for the application.
func (v *visit) frameTokens(o frameOrder) TokenPair {
	if o.is("notoken") {
		return TokenPair{}
	}
	pair := v.pages.portal.Token(o.app.ClientID, v.viewer.ID)
	if o.is("expired") {
		v.pages.portal.ExpireToken(pair.Access)
	}
	return pair
}

// denied are the commands this frame asks in vain.
func denied(o frameOrder) []string {
	denied := []string{}
	if o.placement != "DEFAULT" && !o.is("open") {
		denied = append(denied, "setTitle", "setScroll", "reloadWindow")
	}
	if o.slider {
		denied = append(denied, "resizeWindow")
	}
	return denied
}

// interfaceOf is what the placement adds to the commands every frame has.
func interfaceOf(o frameOrder) frameInterface {
	i := frameInterface{Command: []string{}, Event: []string{}}
	if strings.HasSuffix(o.placement, "_DETAIL_TAB") || strings.HasSuffix(o.placement, "_DETAIL_ACTIVITY") {
		i.Command = append(i.Command, "reloadData")
	}
	if o.is("events") {
		i.Event = append(i.Event, "onSimulated")
	}
	return i
}

// initData is the answer to getInitData.
func (v *visit) initData(o frameOrder, tokens TokenPair) map[string]any {
	protocol := 0
	if v.r.TLS != nil {
		protocol = 1
	}
	options := map[string]any{}
	_ = json.Unmarshal([]byte(o.options), &options) // anything but an object is no options
	if options == nil {
		options = map[string]any{}
	}
	expires := "3600"
	if tokens.Access == "" {
		expires = ""
	}
	p := v.pages.portal
	p.mu.Lock()
	defer p.mu.Unlock()
	first := o.is("first")
	var appOptions, userOptions map[string]any
	if a := p.apps[o.app.ClientID]; a != nil {
		first = first || !a.Opened[v.viewer.ID]
		appOptions, userOptions = a.AppOptions, a.UserOptions[v.viewer.ID]
	}
	return map[string]any{
		"LANG": v.viewer.Language, "DOMAIN": v.r.Host, "PROTOCOL": protocol, "PATH": "/rest",
		"AUTH_ID": tokens.Access, "REFRESH_ID": tokens.Refresh, "AUTH_EXPIRES": expires,
		"MEMBER_ID": p.options.MemberID, "FIRST_RUN": first, "IS_ADMIN": v.viewer.Admin && !o.is("nonadmin"),
		"INSTALL": o.install, "USER_OPTIONS": orEmpty(userOptions), "APP_OPTIONS": orEmpty(appOptions),
		"PLACEMENT": o.placement, "PLACEMENT_OPTIONS": options,
	}
}

// orEmpty is a copy of a map that is never nil: the frame must get an object.
func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return maps.Clone(m)
}

// relayPage sends what the page above it asks on to one of that page's
// frames, so that the message comes from another origin.
var relayPage = template.Must(template.New("relay").Parse(`<!doctype html><meta charset="utf-8"><title>relay</title>
<script>onmessage = ({data}) => parent.frames[data.index].postMessage(data.text, data.to)</script>
`))

func (v *visit) relayToFrame() error {
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return relayPage.Execute(v.w, nil)
}
