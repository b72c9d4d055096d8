package bitrix

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
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
	e := Event{
		Name:             strings.ToUpper(form.Get("event")),
		HandlerID:        form.Get("event_handler_id"),
		MemberID:         MemberID(form.Get("auth[member_id]")),
		Domain:           strings.ToLower(form.Get("auth[domain]")),
		ApplicationToken: Secret(form.Get("auth[application_token]")),
		Data:             map[string]string{},
	}
	switch {
	case !eventName.MatchString(e.Name):
		return Event{}, bad("event", "is missing or no name of an event")
	case !memberID.MatchString(string(e.MemberID)):
		return Event{}, bad("auth[member_id]", "is missing or no id of a portal")
	case !secretText.MatchString(e.ApplicationToken.Reveal()):
		return Event{}, bad("auth[application_token]", "is missing or no token")
	case e.Domain != "" && !domain.MatchString(e.Domain):
		return Event{}, bad("auth[domain]", "is no host")
	}
	if seconds, err := strconv.ParseInt(form.Get("ts"), 10, 64); err == nil && seconds > 0 {
		e.Time = time.Unix(seconds, 0)
	}
	for name, values := range form {
		if path, ok := strings.CutPrefix(name, "data["); ok && strings.HasSuffix(path, "]") {
			e.Data[strings.ReplaceAll(strings.TrimSuffix(path, "]"), "][", ".")] = values[0]
		}
	}
	clean := e.Data["CLEAN"]
	e.Clean = clean == "1" || clean == "true" || clean == "Y"
	e.Token, err = eventToken(form, e.MemberID)
	return e, err
}

var (
	eventName  = regexp.MustCompile(`^[A-Z0-9_:.\\]{1,100}$`)
	secretText = regexp.MustCompile(`^[0-9A-Za-z._-]{16,256}$`)
)

// eventToken reads the tokens of an event, where a person stands behind it.
func eventToken(form url.Values, member MemberID) (Token, error) {
	access := form.Get("auth[access_token]")
	if access == "" {
		return Token{}, nil
	}
	refresh := form.Get("auth[refresh_token]")
	if !secretText.MatchString(access) {
		return Token{}, bad("auth[access_token]", "is no token")
	}
	if refresh != "" && !secretText.MatchString(refresh) {
		return Token{}, bad("auth[refresh_token]", "is no token")
	}
	user, _ := strconv.ParseInt(form.Get("auth[user_id]"), 10, 64) // zero when not told
	t := Token{
		Access: Secret(access), Refresh: Secret(refresh), Endpoint: form.Get("auth[client_endpoint]"),
		Server: origin(form.Get("auth[server_endpoint]")), MemberID: member, UserID: UserID(user), Scope: splitScope(form.Get("auth[scope]")),
	}
	if seconds, err := strconv.ParseInt(form.Get("auth[expires]"), 10, 64); err == nil && seconds > 0 {
		t.Expiry = time.Unix(seconds, 0)
	}
	return t, nil
}

// EventBinding is a handler of the application that the portal calls.
type EventBinding struct {
	Event   string
	Handler string
	UserID  UserID // whose token the event carries; zero: of whoever caused it
}

// Events returns the handlers bound by the application (event.get). An
// administrator sees all of them.
// See https://apidocs.bitrix24.com/api-reference/events/event-get.html
func (i Installation) Events(ctx context.Context) ([]EventBinding, error) {
	var rows []EventBinding
	err := i.Read(ctx, "event.get", nil, &rows)
	return rows, err
}

// UnmarshalJSON reads a row of event.get.
func (e *EventBinding) UnmarshalJSON(data []byte) error {
	var row struct {
		Event    text   `json:"event"`
		Handler  text   `json:"handler"`
		AuthType number `json:"auth_type"`
	}
	if err := json.Unmarshal(data, &row); err != nil {
		return err
	}
	*e = EventBinding{Event: strings.ToUpper(string(row.Event)), Handler: string(row.Handler), UserID: UserID(row.AuthType)}
	return nil
}

// BindEvent asks the portal to post the event to handler (event.bind). Binding
// again what is bound is no error.
// See https://apidocs.bitrix24.com/api-reference/events/event-bind.html
func (i Installation) BindEvent(ctx context.Context, event, handler string) error {
	err := i.Call(ctx, "event.bind", Params{"event": event, "handler": handler}, nil)
	if errors.Is(err, ErrAlreadyBound) {
		return nil
	}
	return err
}

// UnbindEvent undoes BindEvent (event.unbind). It is no error when nothing was
// bound.
// See https://apidocs.bitrix24.com/api-reference/events/event-unbind.html
func (i Installation) UnbindEvent(ctx context.Context, event, handler string) error {
	return i.Call(ctx, "event.unbind", Params{"event": event, "handler": handler}, nil)
}
