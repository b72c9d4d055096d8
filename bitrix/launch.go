package bitrix

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
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
// larger than 64 KiB; a missing access token also matches [ErrNoToken], and then
// the rest of the launch is returned with the error.
// See https://apidocs.bitrix24.com/api-reference/widgets/index.html
func ParseLaunch(r *http.Request) (Launch, error) {
	form, err := readForm(r)
	if err != nil {
		return Launch{}, err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return Launch{}, bad("", "has an address that cannot be read")
	}
	for name, values := range query {
		if len(values) > 1 {
			return Launch{}, bad(fieldName(name), "is given twice")
		}
	}
	l := Launch{
		MemberID: MemberID(form.Get("member_id")), Domain: strings.ToLower(query.Get("DOMAIN")), Secure: query.Get("PROTOCOL") != "0",
		AppSID: query.Get("APP_SID"), Access: Secret(form.Get("AUTH_ID")), Refresh: Secret(form.Get("REFRESH_ID")),
		ApplicationToken: Secret(form.Get("APPLICATION_TOKEN")), Status: form.Get("status"), Placement: strings.ToUpper(form.Get("PLACEMENT")),
	}
	if language := query.Get("LANG"); twoLetters.MatchString(language) {
		l.Language = language
	}
	broken := l.check(form)
	if broken != nil && !errors.Is(broken, ErrNoToken) {
		return Launch{}, broken
	}
	if err := l.readOptions(form.Get("PLACEMENT_OPTIONS")); err != nil {
		return Launch{}, err
	}
	return l, broken
}

// maxForm is the largest form that is read.
const maxForm = 64 << 10

var (
	memberID   = regexp.MustCompile(`^[0-9a-f]{32}$`)
	domain     = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,252}[a-z0-9])?(:[0-9]{1,5})?$`)
	sid        = regexp.MustCompile(`^[0-9A-Za-z]{1,64}$`)
	place      = regexp.MustCompile(`^[A-Z0-9_]{1,100}$`)
	status     = regexp.MustCompile(`^[A-Z]?$`)
	twoLetters = regexp.MustCompile(`^[a-z]{2}$`)
)

// readForm reads a posted form. A field that is given twice is refused: two
// readers could see different values.
func readForm(r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		return nil, &FormError{Reason: "is no POST", Status: http.StatusMethodNotAllowed}
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, &FormError{Reason: "is no form", Status: http.StatusUnsupportedMediaType}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	var large *http.MaxBytesError
	switch {
	case len(body) > maxForm || errors.As(err, &large):
		return nil, &FormError{Reason: "is too large", Status: http.StatusRequestEntityTooLarge}
	case err != nil:
		return nil, bad("", "broke off")
	case !utf8.Valid(body):
		return nil, bad("", "is no text")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, bad("", "cannot be read")
	}
	for name, values := range form {
		if len(values) > 1 {
			return nil, bad(fieldName(name), "is given twice")
		}
		if !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0) {
			return nil, bad(fieldName(name), "is no text")
		}
	}
	return form, nil
}

// fieldName is a name fit for an error: those of strangers are not repeated.
func fieldName(name string) string {
	if len(name) > 60 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "a field"
	}
	return name
}

func bad(field, reason string) *FormError {
	return &FormError{Field: field, Reason: reason, Status: http.StatusBadRequest}
}

// Error names the field and what is wrong with it.
func (e *FormError) Error() string {
	if e.Field == "" {
		return "the request " + e.Reason
	}
	return e.Field + " " + e.Reason
}

// Unwrap returns [ErrNoToken] where the access token is what is missing.
func (e *FormError) Unwrap() error { return e.cause }

// check tells what is wrong with the fields that were read.
func (l *Launch) check(form url.Values) error {
	switch {
	case !memberID.MatchString(string(l.MemberID)):
		return bad("member_id", "is missing or no id of a portal")
	case !domain.MatchString(l.Domain):
		return bad("DOMAIN", "is missing or no host")
	case !place.MatchString(l.Placement):
		return bad("PLACEMENT", "is missing or no code of a place")
	case l.AppSID != "" && !sid.MatchString(l.AppSID):
		return bad("APP_SID", "is no id")
	case !status.MatchString(l.Status):
		return bad("status", "is no letter")
	}
	for name, secret := range map[string]Secret{"AUTH_ID": l.Access, "REFRESH_ID": l.Refresh, "APPLICATION_TOKEN": l.ApplicationToken} {
		if secret != "" && !secretText.MatchString(secret.Reveal()) {
			return bad(name, "is no token")
		}
	}
	if server := form.Get("SERVER_ENDPOINT"); server != "" {
		if l.Server = origin(server); l.Server == "" {
			return bad("SERVER_ENDPOINT", "is no address")
		}
	}
	if expires := form.Get("AUTH_EXPIRES"); expires != "" {
		seconds, err := strconv.Atoi(expires)
		if err != nil || seconds < 0 || seconds > 1<<31 {
			return bad("AUTH_EXPIRES", "is no number of seconds")
		}
		l.ExpiresIn = time.Duration(seconds) * time.Second
	}
	if l.Access == "" {
		return &FormError{Field: "AUTH_ID", Reason: "is missing", Status: http.StatusBadRequest, cause: ErrNoToken}
	}
	return nil
}

// readOptions reads PLACEMENT_OPTIONS. Portals say "no context" in many ways.
func (l *Launch) readOptions(raw string) error {
	l.Options = map[string]string{}
	if raw = strings.TrimSpace(raw); raw == "undefined" || isEmpty([]byte(raw)) {
		return nil
	}
	var options map[string]json.RawMessage
	if json.Unmarshal([]byte(raw), &options) != nil {
		return bad("PLACEMENT_OPTIONS", "is no JSON object")
	}
	for name, value := range options {
		var t text
		if t.UnmarshalJSON(value) == nil {
			l.Options[name] = string(t)
		}
	}
	kind, ok := l.CardType()
	id := l.Options["ID"]
	if !ok || id == "" || id == "0" {
		return nil
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || n <= 0 || strconv.FormatInt(n, 10) != id {
		return bad("PLACEMENT_OPTIONS", "names no CRM item")
	}
	l.Item = CRMItem{kind, n}
	return nil
}

// Origin returns the origin of the portal as the launch tells it.
func (l Launch) Origin() string {
	if l.Secure {
		return origin("https://" + l.Domain)
	}
	return origin("http://" + l.Domain)
}

// CardType returns the type of the CRM card that the placement belongs to, also
// when the card is not saved yet.
func (l Launch) CardType() (ItemType, bool) {
	name, ok := strings.CutPrefix(l.Placement, "CRM_")
	if !ok {
		return "", false
	}
	name, rest, _ := strings.Cut(name, "_")
	if !strings.HasPrefix(rest, "DETAIL_") {
		return "", false
	}
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
