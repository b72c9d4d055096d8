package bitrix

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Event is a message of the portal about something that happened there. Nothing
// in it is proven before ApplicationToken was compared with the stored one.
type Event struct {
	Name             string // upper case, "ONAPPUNINSTALL"
	HandlerID        string
	Time             time.Time
	MemberID         MemberID
	Domain           string
	ApplicationToken Secret
	Token            Token             // zero when no person stands behind the event
	Data             map[string]string // data[FIELDS][ID] is "FIELDS.ID"
	Clean            bool              // an uninstall that asks to delete all data
}

// ParseEvent reads an event from a POST that nobody has read the body of yet.
// It refuses with a *[FormError] whatever is malformed, given twice or larger
// than 64 KiB, and what lacks a name, a member id or an application token.
// See https://apidocs.bitrix24.com/api-reference/events/index.html
func ParseEvent(r *http.Request) (Event, error) {
	form, err := readForm(r)
	if err != nil {
		return Event{}, err
	}
	for _, f := range eventFields {
		switch value := form.Get(f.name); {
		case value == "" && f.required:
			return Event{}, bad(f.name, "is missing")
		case value != "" && !f.pattern.MatchString(value):
			return Event{}, bad(f.name, "is malformed")
		}
	}
	data, err := nested(form, "data")
	if err != nil {
		return Event{}, err
	}
	if _, err := nested(form, "auth"); err != nil {
		return Event{}, err
	}
	e := Event{
		Name:             strings.ToUpper(form.Get("event")),
		HandlerID:        form.Get("event_handler_id"),
		Time:             unix(form.Get("ts")),
		MemberID:         MemberID(form.Get("auth[member_id]")),
		Domain:           strings.ToLower(form.Get("auth[domain]")),
		ApplicationToken: Secret(form.Get("auth[application_token]")),
		Data:             data,
	}
	e.Clean = slices.Contains([]string{"1", "true", "Y"}, data["CLEAN"])
	e.Token, err = eventToken(form, e.MemberID)
	if err != nil {
		return Event{}, err
	}
	return e, nil
}

// eventFields are the fields of any event that have a known form. Documented
// examples misspell some names, so only what proves the event is required.
var eventFields = []struct {
	name     string
	pattern  *regexp.Regexp
	required bool
}{
	{"event", regexp.MustCompile(`^[A-Za-z0-9_:.\\]{1,100}$`), true},
	{"auth[member_id]", hexID, true},
	{"auth[application_token]", tokenText, true},
	{"event_handler_id", digits, false},
	{"ts", digits, false},
	{"auth[domain]", regexp.MustCompile(`(?i)` + hostName.String()), false},
	{"auth[access_token]", tokenText, false},
	{"auth[refresh_token]", tokenText, false},
	{"auth[user_id]", digits, false},
	{"auth[expires]", digits, false},
	{"auth[expires_in]", digits, false},
}

// eventToken reads the tokens of an event, where a person stands behind it.
func eventToken(form url.Values, member MemberID) (Token, error) {
	access := form.Get("auth[access_token]")
	if access == "" {
		return Token{}, nil
	}
	t := Token{
		Access:   Secret(access),
		Refresh:  Secret(form.Get("auth[refresh_token]")),
		MemberID: member,
		Scope:    splitScope(form.Get("auth[scope]")),
	}
	if address := form.Get("auth[client_endpoint]"); address != "" {
		endpoint, err := parseEndpoint(address)
		if err != nil {
			return Token{}, bad("auth[client_endpoint]", "is malformed")
		}
		t.Endpoint = endpoint.String()
	}
	if server := form.Get("auth[server_endpoint]"); server != "" {
		if t.Server = origin(server); t.Server == "" {
			return Token{}, bad("auth[server_endpoint]", "is malformed")
		}
	}
	user, _ := strconv.ParseInt(form.Get("auth[user_id]"), 10, 64) // zero when not told
	t.UserID = UserID(user)
	// An event may have waited in a queue for longer than expires_in tells.
	if t.Expiry = unix(form.Get("auth[expires]")); t.Expiry.IsZero() {
		in, _ := strconv.ParseInt(form.Get("auth[expires_in]"), 10, 32)
		t.Expiry = expiry(number(in), unixTime{})
	}
	return t, nil
}

// unix reads Unix seconds; zero when there are none.
func unix(s string) time.Time {
	seconds, err := strconv.ParseInt(s, 10, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}

// BoundEvent is a handler of the application that the portal calls.
type BoundEvent struct {
	Event   string
	Handler string
	UserID  UserID // whose token the event carries; zero: of whoever caused it
}

// Events returns the handlers bound by the application (event.get). An
// administrator sees all of them.
// See https://apidocs.bitrix24.com/api-reference/events/event-get.html
func (i Installation) Events(ctx context.Context) ([]BoundEvent, error) {
	var rows []BoundEvent
	if err := i.Read(ctx, "event.get", nil, &rows); err != nil {
		return nil, fmt.Errorf("reading the event handlers: %w", err)
	}
	return rows, nil
}

// UnmarshalJSON reads a row of event.get.
func (e *BoundEvent) UnmarshalJSON(data []byte) error {
	var row struct {
		Event    text   `json:"event"`
		Handler  text   `json:"handler"`
		AuthType number `json:"auth_type"`
	}
	if err := json.Unmarshal(data, &row); err != nil {
		return err
	}
	*e = BoundEvent{Event: strings.ToUpper(string(row.Event)), Handler: string(row.Handler), UserID: UserID(row.AuthType)}
	return nil
}

// BindEvent asks the portal to post the event to handler (event.bind). Binding
// again what is bound is no error.
// See https://apidocs.bitrix24.com/api-reference/events/event-bind.html
func (i Installation) BindEvent(ctx context.Context, event, handler string) error {
	err := i.Call(ctx, "event.bind", Params{"event": event, "handler": handler}, nil)
	if err != nil && !errors.Is(err, ErrAlreadyBound) {
		return fmt.Errorf("binding %s: %w", event, err)
	}
	return nil
}

// UnbindEvent undoes BindEvent (event.unbind). It is no error when nothing was
// bound.
// See https://apidocs.bitrix24.com/api-reference/events/event-unbind.html
func (i Installation) UnbindEvent(ctx context.Context, event, handler string) error {
	if err := i.Call(ctx, "event.unbind", Params{"event": event, "handler": handler}, nil); err != nil {
		return fmt.Errorf("unbinding %s: %w", event, err)
	}
	return nil
}

// Events adds event.get; decode into a slice of [BoundEvent].
func (b *Batch) Events(key string) { b.Add(key, "event.get", nil) }
