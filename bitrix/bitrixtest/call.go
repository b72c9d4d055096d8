package bitrixtest

import (
	"net/http"
	"strings"
)

// call is one REST method being carried out for one user: a request of its
// own, or one command of a batch. It exists only under the portal's lock.
type call struct {
	portal *Portal
	world  *World
	method string
	user   *User        // whose token or webhook it is
	app    *application // nil for a webhook
	scopes []string
	params params
	order  map[string][]string // the keys of every first-level map, as they were sent
	start  int                 // list offset; -1 switches counting off
	memory *memory             // shared by all commands of one HTTP request
	batch  bool                // a command of a batch
}

// memory is what one PHP process of the portal remembers between the commands
// of a batch: right verdicts, and the last inner exception, which relabels
// later errors (portal source: rest/classes/general/rest.php,
// imopenlines/lib/config.php).
type memory struct {
	verdicts map[verdictKey]bool
	inner    *restError
}

func newMemory() *memory { return &memory{verdicts: map[verdictKey]bool{}} }

type verdictKey struct {
	line           int
	entity, action string
}

// restError is an error answer. Extra holds the keys beside error and
// error_description ("argument").
type restError struct {
	Status            int
	Code, Description string
	Extra             map[string]any
	// Thrown marks a REST exception, which an earlier inner exception relabels.
	Thrown bool
}

func (e *restError) Error() string { return e.Code + ": " + e.Description }

// restErr is a REST exception with a status, a code and a text of its own.
func restErr(status int, code, description string) *restError {
	return &restError{Status: status, Code: code, Description: description, Thrown: true}
}

// argNull is the answer to an empty argument.
func argNull(name string) *restError {
	e := restErr(http.StatusBadRequest, "ERROR_ARGUMENT", "Argument '"+name+"' is null or empty")
	e.Extra = map[string]any{"argument": name}
	return e
}

// argType is the answer to an argument of the wrong type.
func argType(name string) *restError {
	e := restErr(http.StatusBadRequest, "ERROR_ARGUMENT", "The value of an argument '"+name+"' has an invalid type")
	e.Extra = map[string]any{"argument": name}
	return e
}

// accessDenied is the access exception; detail may be empty.
func accessDenied(detail string) *restError {
	return restErr(http.StatusForbidden, "ACCESS_DENIED", strings.TrimSpace("Access denied! "+detail))
}

// inner records an exception that inner portal code left behind; it relabels
// the REST exceptions of this and of all later commands of the request.
func (c *call) inner(code, description string) {
	c.memory.inner = &restError{Code: code, Description: description}
}

// innerErr records an inner exception and is the REST exception that carries
// its label.
func (c *call) innerErr(code, description string) *restError {
	c.inner(code, description)
	return restErr(http.StatusBadRequest, code, description)
}

// relabel gives a REST exception the label of the last inner exception.
func (m *memory) relabel(e *restError) *restError {
	if m.inner == nil || !e.Thrown {
		return e
	}
	relabelled := *e
	relabelled.Code, relabelled.Description = m.inner.Code, m.inner.Description
	if relabelled.Code == "" {
		relabelled.Code = "ERROR_CORE"
	}
	return &relabelled
}

// list is the result of a method that pages: its rows with the total and,
// while more rows exist, the next offset.
type list struct {
	rows  any
	total int // -1: absent
	next  int // 0: absent
}

// returned is the result of a method that answers a ready body beside the
// envelope: {error, error_description} with HTTP 200.
type returned map[string]any

// keys are the keys of a first-level map parameter in the order they were sent.
func (c *call) keys(name string) []string { return c.order[name] }
