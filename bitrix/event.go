package bitrix

import (
	"context"
	"net/http"
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
func ParseEvent(r *http.Request) (Event, error) { return Event{}, errNotBuilt }

// EventBinding is a handler of the application that the portal calls.
type EventBinding struct {
	Event   string
	Handler string
	UserID  UserID // whose token the event carries; zero: of whoever caused it
}

// Events returns the handlers bound by the application (event.get). An
// administrator sees all of them.
// See https://apidocs.bitrix24.com/api-reference/events/event-get.html
func (i Installation) Events(ctx context.Context) ([]EventBinding, error) { return nil, errNotBuilt }

// BindEvent asks the portal to post the event to handler (event.bind). Binding
// again what is bound is no error.
// See https://apidocs.bitrix24.com/api-reference/events/event-bind.html
func (i Installation) BindEvent(ctx context.Context, event, handler string) error { return errNotBuilt }

// UnbindEvent undoes BindEvent (event.unbind). It is no error when nothing was
// bound.
// See https://apidocs.bitrix24.com/api-reference/events/event-unbind.html
func (i Installation) UnbindEvent(ctx context.Context, event, handler string) error {
	return errNotBuilt
}
