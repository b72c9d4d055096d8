package bitrix

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Launch is the form by which the portal opens the application in its frame.
// Nothing in it is proven; see [Application.Inspect].
type Launch struct {
	MemberID         MemberID
	Domain           string // host of the portal, with a port if it is unusual
	Secure           bool   // the portal is served over https
	Language         string // two letters, "en"; empty when the portal sent anything else
	AppSID           string // names this rendering of the frame in window messages
	Access, Refresh  Secret
	ExpiresIn        time.Duration     // of the access token; zero when not told
	Server           string            // origin of the authorisation server; empty when absent
	ApplicationToken Secret            // empty on older portals
	Status           string            // "L" for a local application; may be empty
	Placement        string            // "CRM_DEAL_DETAIL_TAB", "DEFAULT"
	Item             CRMItem           // zero when there is none, or on a card not saved yet
	Options          map[string]string // what else the placement tells; nil when nothing
}

// ParseLaunch reads a launch from a POST that nobody has read the body of yet.
// It refuses with a *[FormError] whatever is malformed, missing, given twice or
// larger than 64 KiB; a missing access token also matches [ErrNoToken], and
// then the rest of the launch is returned, so that its language is known.
// See https://apidocs.bitrix24.com/api-reference/widgets/index.html
func ParseLaunch(r *http.Request) (Launch, error) {
	body, err := readForm(r)
	if err != nil {
		return Launch{}, err
	}
	if len(r.URL.RawQuery) > maxForm {
		return Launch{}, &FormError{Reason: "is too large", Status: http.StatusRequestEntityTooLarge}
	}
	query, err := parseFields(r.URL.RawQuery)
	if err != nil {
		return Launch{}, err
	}
	for _, field := range bodyFields {
		if query.Has(field.name) {
			return Launch{}, bad(field.name, "is part of the address")
		}
	}
	var l Launch
	for _, field := range queryFields {
		if err := field.read(&l, query); err != nil {
			return Launch{}, err
		}
	}
	for _, field := range bodyFields {
		if err := field.read(&l, body); err != nil {
			return Launch{}, err
		}
	}
	if l.Access == "" {
		return l, &FormError{Field: "AUTH_ID", Reason: "is missing", Status: http.StatusBadRequest, cause: ErrNoToken}
	}
	return l, nil
}

// launchField is a field of a launch and how it is read.
type launchField struct {
	name     string
	pattern  *regexp.Regexp
	required bool
	set      func(l *Launch, value string) error
}

// read stores the field in l. An empty field counts as a missing one.
func (f launchField) read(l *Launch, fields url.Values) error {
	value := fields.Get(f.name)
	switch {
	case value == "" && f.required:
		return bad(f.name, "is missing")
	case value == "":
		return nil
	case f.pattern != nil && !f.pattern.MatchString(value):
		return bad(f.name, "is malformed")
	}
	return f.set(l, value)
}

// queryFields come with the address, the rest with the body.
// See https://apidocs.bitrix24.com/api-reference/widgets/crm/detail-tab.html
var queryFields = []launchField{
	{"DOMAIN", regexp.MustCompile(`(?i)` + hostName.String()), true, func(l *Launch, v string) error {
		l.Domain = strings.ToLower(v)
		return nil
	}},
	{"PROTOCOL", regexp.MustCompile(`^[01]$`), true, func(l *Launch, v string) error { l.Secure = v == "1"; return nil }},
	{"APP_SID", hexID, true, func(l *Launch, v string) error { l.AppSID = v; return nil }},
	{"LANG", nil, false, func(l *Launch, v string) error {
		if twoLetters.MatchString(v) {
			l.Language = v
		}
		return nil
	}},
}

// bodyFields are read in this order: the options need the placement.
var bodyFields = []launchField{
	{"member_id", hexID, true, func(l *Launch, v string) error { l.MemberID = MemberID(v); return nil }},
	{"AUTH_ID", tokenText, false, func(l *Launch, v string) error { l.Access = Secret(v); return nil }},
	{"REFRESH_ID", tokenText, false, func(l *Launch, v string) error { l.Refresh = Secret(v); return nil }},
	{"APPLICATION_TOKEN", tokenText, false, func(l *Launch, v string) error { l.ApplicationToken = Secret(v); return nil }},
	{"AUTH_EXPIRES", digits, false, func(l *Launch, v string) error {
		seconds, err := strconv.ParseInt(v, 10, 32)
		if err != nil {
			return bad("AUTH_EXPIRES", "is malformed")
		}
		l.ExpiresIn = time.Duration(seconds) * time.Second
		return nil
	}},
	{"SERVER_ENDPOINT", nil, false, func(l *Launch, v string) error {
		if l.Server = origin(v); l.Server == "" {
			return bad("SERVER_ENDPOINT", "is malformed")
		}
		return nil
	}},
	{"status", oneLetter, false, func(l *Launch, v string) error { l.Status = v; return nil }},
	{"PLACEMENT", code, true, func(l *Launch, v string) error { l.Placement = v; return nil }},
	{"PLACEMENT_OPTIONS", nil, false, (*Launch).readOptions},
}

// readOptions reads PLACEMENT_OPTIONS. Portals have many ways to say that there
// are none, the text "undefined" among them.
func (l *Launch) readOptions(raw string) error {
	if raw = strings.TrimSpace(raw); raw == "undefined" || isEmpty([]byte(raw)) {
		return nil
	}
	options, err := flatObject([]byte(raw))
	if err != nil {
		return bad("PLACEMENT_OPTIONS", "is no JSON object with every key once")
	}
	l.Options = options
	kind, ok := l.CardType()
	if !ok {
		return nil
	}
	// Toolbars and timeline menus of some cards call it ENTITY_ID, the portal's
	// own form of an activity entityId, beside the number of its type.
	id := cmp.Or(options["ID"], options["ENTITY_ID"])
	if id == "" && options["entityTypeId"] == strconv.Itoa(kind.EntityTypeID()) {
		id = options["entityId"]
	}
	if id == "" || id == "0" {
		return nil
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || !positive.MatchString(id) {
		return bad("PLACEMENT_OPTIONS", "names no CRM item")
	}
	l.Item = CRMItem{kind, n}
	return nil
}

// flatObject reads a JSON object whose keys differ. Values that are no text and
// no number are kept as JSON.
func flatObject(data []byte) (map[string]string, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	if opening, err := d.Token(); err != nil || opening != json.Delim('{') {
		return nil, errors.New("no object")
	}
	object := map[string]string{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil, err
		}
		name, _ := key.(string)
		if _, taken := object[name]; taken {
			return nil, errors.New("a key is given twice")
		}
		object[name] = string(raw)
		if isEmpty(raw) {
			object[name] = ""
		}
		var s string
		if raw[0] == '"' && json.Unmarshal(raw, &s) == nil {
			object[name] = s
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more than an object")
	}
	return object, nil
}

// Origin returns the origin of the portal as the launch tells it.
func (l Launch) Origin() string {
	if l.Secure {
		return origin("https://" + l.Domain)
	}
	return origin("http://" + l.Domain)
}

// CardType returns the type of the CRM items that the placement is about, also
// on a card that is not saved yet.
func (l Launch) CardType() (ItemType, bool) {
	name, ok := strings.CutPrefix(l.Placement, "CRM_")
	if !ok {
		return "", false
	}
	name, _, _ = strings.Cut(name, "_")
	return ParseItemType(name)
}

// Token returns the tokens of the launch as a [Token], with the endpoint it
// claims. Replace that by the proven one.
func (l Launch) Token() Token {
	t := Token{Access: l.Access, Refresh: l.Refresh, Endpoint: l.Origin() + "/rest/", Server: l.Server, MemberID: l.MemberID}
	if l.ExpiresIn > 0 {
		t.Expiry = time.Now().Add(l.ExpiresIn)
	}
	return t
}
