package bitrixtest

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
	start  int     // list offset; -1 switches counting off
	memory *memory // shared by all commands of one HTTP request
}

// memory is what one PHP process of the portal remembers between the commands
// of a batch: right verdicts, and the last inner exception, which relabels
// later errors (portal source: rest/classes/general/rest.php,
// imopenlines/lib/config.php).
type memory struct {
	verdicts map[verdictKey]bool
	inner    *restError
}

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

// list is the result of a method that pages: its rows with the total and,
// while more rows exist, the next offset.
type list struct {
	rows  any
	total int // -1: absent
	next  int // 0: absent
}

// method is one entry of the table of REST methods.
type method struct {
	scope string // "" is the basic scope; alternatives are separated by |
	// appOnly refuses webhooks; admin refuses everybody but administrators.
	run func(c *call) (any, error)
}
