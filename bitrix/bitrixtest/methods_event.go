package bitrixtest

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// eventScopes are the events by the scope that grants them. Those of chat-bots
// are missing: an application cannot have a bot here.
var eventScopes = map[string][]string{
	"": {"ONAPPINSTALL", "ONAPPUNINSTALL", "ONAPPUPDATE", "ONAPPPAYMENT", "ONAPPTEST", "ONAPPMETHODCONFIRM", "ONOFFLINEEVENT"},
	"crm": {"ONCRMLEADADD", "ONCRMLEADUPDATE", "ONCRMLEADDELETE", "ONCRMDEALADD", "ONCRMDEALUPDATE", "ONCRMDEALDELETE",
		"ONCRMCONTACTADD", "ONCRMCONTACTUPDATE", "ONCRMCONTACTDELETE", "ONCRMCOMPANYADD", "ONCRMCOMPANYUPDATE", "ONCRMCOMPANYDELETE",
		"ONCRMDYNAMICITEMADD", "ONCRMDYNAMICITEMUPDATE", "ONCRMDYNAMICITEMDELETE"},
	"imopenlines": {"ONSESSIONSTART", "ONSESSIONFINISH", "ONOPENLINEMESSAGEADD", "ONOPENLINEMESSAGEUPDATE", "ONOPENLINEMESSAGEDELETE"},
	"user":        {"ONUSERADD"},
}

func grantedEvents(scopes []string) []string {
	granted := slices.Clone(eventScopes[""])
	for _, scope := range scopes {
		granted = append(granted, eventScopes[scope]...)
	}
	return granted
}

// eventOrder is what the methods read from their parameters.
type eventOrder struct {
	event, handler string
	user           int
	hasUser        bool
	offline        bool
}

func (c *call) eventOrder() (eventOrder, *restError) {
	p := c.params.upper()
	o := eventOrder{
		event: strings.ToUpper(p.string("EVENT")), handler: p.string("HANDLER"),
		user: p.int("AUTH_TYPE"), hasUser: p.has("AUTH_TYPE"), offline: strings.EqualFold(p.string("EVENT_TYPE"), "offline"),
	}
	kind := strings.ToLower(p.string("EVENT_TYPE"))
	switch {
	case !c.user.Admin && o.user != 0 && o.user != c.user.ID:
		return o, accessDenied("Event binding with AUTH_TYPE requires administrator access rights")
	case o.event == "":
		return o, argNull("EVENT")
	case kind != "" && kind != "online" && kind != "offline":
		e := restErr(400, "ERROR_ARGUMENT", "Value must be one of {online|offline}")
		e.Extra = map[string]any{"argument": "EVENT_TYPE"}
		return o, e
	case !c.user.Admin && o.offline:
		return o, accessDenied("Offline events binding requires administrator access rights")
	}
	if o.offline {
		o.handler = "" // offline events go to nobody's address
	}
	if !c.user.Admin {
		o.user, o.hasUser = c.user.ID, true
	}
	return o, nil
}

func eventBind(c *call) (any, error) {
	o, e := c.eventOrder()
	if e != nil {
		return nil, e
	}
	if !slices.Contains(grantedEvents(c.scopes), o.event) {
		return nil, restErr(400, "ERROR_EVENT_NOT_FOUND", "Event not found")
	}
	if !o.offline {
		if o.handler == "" {
			return nil, argNull("HANDLER")
		}
		if e := checkHandler(o.handler); e != nil {
			return nil, e
		}
	}
	if !c.portal.bindEvent(c.app, o.event, o.handler, o.user, o.offline) {
		return nil, restErr(400, "ERROR_CORE", "Unable to set event handler: Handler already binded")
	}
	return true, nil
}

// bindEvent adds a handler; false where it is bound already. The lock is held.
func (p *Portal) bindEvent(a *application, event, handler string, user int, offline bool) bool {
	for _, h := range p.handlers {
		if h.ClientID == a.ClientID && h.Event == event && h.Handler == handler && h.UserID == user && h.Offline == offline {
			return false
		}
	}
	p.nextBind++
	p.handlers = append(p.handlers, &EventHandler{ID: p.nextBind, ClientID: a.ClientID, Event: event, Handler: handler, UserID: user, Offline: offline})
	return true
}

func eventUnbind(c *call) (any, error) {
	o, e := c.eventOrder()
	if e != nil {
		return nil, e
	}
	before := len(c.portal.handlers)
	c.portal.handlers = slices.DeleteFunc(c.portal.handlers, func(h *EventHandler) bool {
		return h.ClientID == c.app.ClientID && h.Event == o.event && h.Offline == o.offline &&
			(o.handler == "" || h.Handler == o.handler) && (!o.hasUser || h.UserID == o.user)
	})
	return map[string]any{"count": before - len(c.portal.handlers)}, nil
}

func eventGet(c *call) (any, error) {
	rows := []any{}
	for _, h := range c.portal.handlers {
		if h.ClientID != c.app.ClientID || !c.user.Admin && h.UserID != c.user.ID {
			continue
		}
		row := map[string]any{"event": h.Event, "auth_type": strconv.Itoa(h.UserID), "offline": 0}
		if h.Offline {
			row["offline"], row["connector_id"] = 1, ""
		} else {
			row["handler"] = h.Handler
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func eventTest(c *call) (any, error) {
	c.portal.fireApp(c.app, "ONAPPTEST", map[string]any{"QUERY": map[string]any(c.params), "LANGUAGE_ID": c.portal.options.Language}, c.user.ID, true)
	return 1, nil
}

// checkHandler tells what the portal has against the address of a handler: its
// host must have a dot, and not as its first letter, so 127.0.0.1 passes and
// localhost does not; then it must be http or https (portal source:
// rest/lib/handlerhelper.php).
func checkHandler(address string) *restError {
	u, err := url.Parse(address)
	switch {
	case err != nil || strings.Index(u.Hostname(), ".") <= 0:
		return restErr(400, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return restErr(400, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported handler protocol")
	}
	return nil
}
