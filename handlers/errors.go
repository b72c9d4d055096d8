package handlers

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// What can be wrong with a request by itself.
var (
	errForm       = errors.New("malformed form")
	errVisitEnded = errors.New("the visit has ended")
	errNoChat     = errors.New("no chat was chosen")
	errLongList   = errors.New("a list that is too long")
	errCrossSite  = errors.New("a write from another site")
	// errWhichPortal: a sign-in that names no portal of ours.
	errWhichPortal = errors.New("no portal of ours was named")
	errSignIn      = errors.New("the sign-in does not belong to this browser")
	// errTooOften: this address or person asked too much in a short time.
	errTooOften = errors.New("too many requests of one caller")
	// errCrowded: as much is under way for one portal as may be.
	errCrowded = errors.New("too many requests for one portal at once")
	// errForeignKeys: what should be installed is not ours to install, most
	// often because Joinline was given the keys of another application.
	errForeignKeys = errors.New("not the application whose keys we have")
)

// problem is how people meet an error.
type problem struct {
	err    error
	status int
	// says begins the ids of its sentences: title, text and perhaps help.
	says string
	// kind is the picture: see views.Notice.
	kind string
	// again offers to repeat the request, where that can be offered.
	again bool
	// press is the id of what the button says; empty: "Try again".
	press string
	// leads is where the button must lead to be of help; empty: anywhere. Where
	// it does not, neither the button nor the help that speaks of it is shown.
	leads string
	// refresh has the page ask the portal for fresh tokens before it repeats.
	refresh bool
}

const (
	wait = "wait"
	stop = "stop"
	info = "info"
)

// problems is the one table of what people see when something stands in the
// way; the first match counts. What is not in it is a fault of ours.
var problems = []problem{
	{err: errForeignKeys, status: http.StatusForbidden, says: "error.foreign_keys", kind: stop, again: true},
	{err: app.ErrNoItem, status: http.StatusOK, says: "unsaved", kind: info},
	{err: errWhichPortal, status: http.StatusBadRequest, says: "signin.which", kind: info, again: true, press: "notice.signin", leads: "/oauth/start"},
	{err: app.ErrNotInstalled, status: http.StatusForbidden, says: "error.not_installed", kind: info, again: true, press: "error.not_installed.press", leads: "/install/again"},
	{err: app.ErrNotAdmin, status: http.StatusForbidden, says: "error.not_admin", kind: stop, again: true},
	{err: app.ErrWrongPortal, status: http.StatusForbidden, says: "error.wrong_portal", kind: stop, again: true},
	{err: app.ErrForged, status: http.StatusForbidden, says: "error.forged", kind: stop},
	{err: app.ErrNoToken, status: http.StatusUnauthorized, says: "error.no_token", kind: wait, again: true, refresh: true},
	{err: bitrix.ErrNoToken, status: http.StatusUnauthorized, says: "error.no_token", kind: wait, again: true, refresh: true},
	{err: app.ErrNoAccess, status: http.StatusForbidden, says: "error.no_access", kind: stop, again: true},
	{err: app.ErrRemoved, status: http.StatusForbidden, says: "error.removed", kind: stop, again: true},
	{err: app.ErrMoved, status: http.StatusBadGateway, says: "error.moved", kind: stop, again: true},
	{err: app.ErrScope, status: http.StatusForbidden, says: "error.scope", kind: stop, again: true},
	{err: app.ErrPlan, status: http.StatusForbidden, says: "error.plan", kind: stop, again: true},
	{err: app.ErrKeys, status: http.StatusBadGateway, says: "error.keys", kind: stop, again: true},
	{err: app.ErrPortalBusy, status: http.StatusServiceUnavailable, says: "error.busy", kind: wait, again: true},
	{err: app.ErrPortalDown, status: http.StatusBadGateway, says: "error.down", kind: wait, again: true},
	{err: app.ErrPortalRefused, status: http.StatusBadGateway, says: "error.refused", kind: stop, again: true},
	{err: app.ErrHandlerURL, status: http.StatusBadGateway, says: "error.handler", kind: stop, again: true},
	{err: app.ErrItemNotFound, status: http.StatusNotFound, says: "error.item_gone", kind: info},
	{err: app.ErrNotAllowed, status: http.StatusForbidden, says: "error.not_allowed", kind: stop},
	{err: app.ErrExternal, status: http.StatusForbidden, says: "error.external", kind: stop},
	{err: app.ErrNotInVisit, status: http.StatusBadRequest, says: "error.form", kind: stop},
	{err: app.ErrNobody, status: http.StatusBadRequest, says: "error.nobody", kind: info, again: true},
	{err: app.ErrTooMany, status: http.StatusBadRequest, says: "error.too_many", kind: info, again: true},
	{err: app.ErrTooManyWishes, status: http.StatusBadRequest, says: "error.too_many_wishes", kind: info},
	{err: app.ErrPolicy, status: http.StatusForbidden, says: "error.policy", kind: stop},
	{err: app.ErrNoNote, status: http.StatusBadRequest, says: "error.no_note", kind: info},
	{err: app.ErrUnsure, status: http.StatusBadRequest, says: "error.unsure", kind: info},
	{err: app.ErrHidden, status: http.StatusForbidden, says: "error.hidden", kind: info},
	{err: app.ErrPolicyInvalid, status: http.StatusBadRequest, says: "error.form", kind: stop},
	{err: app.ErrUnknownEvent, status: http.StatusBadRequest, says: "error.form", kind: stop},
	{err: errNoChat, status: http.StatusBadRequest, says: "error.no_chat", kind: info, again: true},
	{err: errLongList, status: http.StatusBadRequest, says: "error.long_list", kind: info},
	{err: errForm, status: http.StatusBadRequest, says: "error.form", kind: stop},
	{err: errVisitEnded, status: http.StatusUnauthorized, says: "error.visit", kind: wait},
	{err: errTooOften, status: http.StatusTooManyRequests, says: "error.too_often", kind: wait, again: true},
	{err: errCrowded, status: http.StatusServiceUnavailable, says: "error.busy", kind: wait, again: true},
	{err: errCrossSite, status: http.StatusForbidden, says: "error.cross_site", kind: stop},
	{err: errSignIn, status: http.StatusBadRequest, says: "signin.refused", kind: stop, again: true, press: "notice.signin", leads: "/oauth/start"},
}

// byStatus are the problems that the router and the form parsers know by status.
var byStatus = map[int]problem{
	http.StatusBadRequest:            {says: "error.form", kind: stop},
	http.StatusNotFound:              {says: "error.not_found", kind: info},
	http.StatusMethodNotAllowed:      {says: "error.method", kind: stop},
	http.StatusRequestEntityTooLarge: {says: "error.too_large", kind: stop},
	http.StatusUnsupportedMediaType:  {says: "error.media_type", kind: stop},
}

// problemOf finds what people are told about an error.
func problemOf(err error) problem {
	for _, p := range problems {
		if errors.Is(err, p.err) {
			return p
		}
	}
	status := 0
	if f, ok := errors.AsType[*bitrix.FormError](err); ok {
		status = f.Status
	} else if h, ok := errors.AsType[*echo.HTTPError](err); ok {
		status = h.Code
	}
	if p, ok := byStatus[status]; ok {
		p.status = status
		return p
	}
	return problem{status: http.StatusInternalServerError, says: "error.internal", kind: stop, again: true}
}

// fail answers a request that ended with an error, in the person's language:
// with a page, or with the one piece that the page's script puts in its place.
func (s *server) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	at, p := sceneOf(c), problemOf(err)
	if b, ok := errors.AsType[*app.BusyError](err); ok {
		if b.Blocked {
			p.says, p.again = "error.blocked", false
		} else if wait := time.Until(b.Until); wait > 0 {
			c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(int(wait.Seconds())+1))
		}
	}
	if later, ok := errors.AsType[*laterError](err); ok {
		c.Response().Header().Set(echo.HeaderRetryAfter, strconv.Itoa(later.seconds()))
	}
	n := notice(at, p, with(at.words, err))
	n.Page = s.page(at, n.Heading)
	var part templ.Component = views.NoticePage(n)
	if at.pieces {
		part = views.Trouble(strings.Join(append([]string{n.Text}, n.Help...), " "))
	}
	if err := s.show(c, p.status, part); err != nil {
		s.log.Error("error page", keyRequest, at.request, keyError, err.Error())
		_ = c.NoContent(http.StatusInternalServerError)
	}
}

// with are the variables of the sentences about an error.
func with(w views.Words, err error) views.With {
	with := views.With{"Max": app.MaxPeople, "MaxWishes": app.MaxWishes, "MaxChars": maxQuery, "Scopes": "?", "Tab": w.Say("placement.title")}
	if scope, ok := errors.AsType[*app.ScopeError](err); ok && len(scope.Scopes) > 0 {
		with["Scopes"] = w.List(scope.Scopes)
	}
	if later, ok := errors.AsType[*laterError](err); ok {
		with["Seconds"] = later.seconds()
	}
	return with
}

// notice says a problem.
func notice(at *scene, p problem, with views.With) views.Notice {
	n := views.Notice{
		Kind:    p.kind,
		Heading: at.words.Say(p.says+".title", with),
		Text:    at.words.Say(p.says+".text", with),
	}
	if p.status >= http.StatusBadRequest {
		n.Request = at.request
	}
	// Where fresh tokens are needed and cannot be had, repeating is no help.
	offered := p.again && at.again.URL != "" && (!p.refresh || at.again.Refresh != "") &&
		(p.leads == "" || p.leads == at.again.URL)
	if help := at.words.Optional(p.says+".help", with); help != "" && (offered || p.leads == "") {
		n.Help = []string{help}
	}
	if offered {
		n.Action = at.again
		n.Action.Label = at.words.Say(cmp.Or(p.press, "notice.again"))
		if !p.refresh {
			n.Action.Refresh = ""
		}
	}
	return n
}
