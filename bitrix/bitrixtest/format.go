package bitrixtest

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// serverZone is the time zone of the portal's server, in which it writes dates.
var serverZone = time.FixedZone("", 3*60*60)

// isoDate is a date as the portal writes it: ISO 8601 in the server's zone.
func isoDate(t time.Time) string { return t.In(serverZone).Format("2006-01-02T15:04:05-07:00") }

// dateOrFalse is how the messenger writes a date that may be unknown.
func dateOrFalse(t time.Time) any {
	if t.IsZero() {
		return false
	}
	return isoDate(t)
}

// idStrings writes ids as strings.
func idStrings(ids []int) []string {
	s := make([]string, len(ids))
	for i, id := range ids {
		s[i] = strconv.Itoa(id)
	}
	return s
}

// numeric is PHP's is_numeric for strings.
var numeric = regexp.MustCompile(`^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$`)

// positive tells whether a parameter is a number, as PHP reads it, whose whole
// part is above zero.
func positive(v any) bool {
	switch v := v.(type) {
	case int, float64:
		return toInt(v) > 0
	case string:
		return numeric.MatchString(v) && toInt(v) > 0
	}
	return false
}

// photo is the absolute address of a person's picture; "" without one.
func (c *call) photo(u *User) string {
	if strings.HasPrefix(u.Photo, "/") {
		return c.portal.url.String() + u.Photo
	}
	return u.Photo
}

// page cuts one page out of rows for a method with LIMIT and OFFSET.
func page[V any](rows []V, offset, limit int) (cut []V, next int) {
	offset = min(max(offset, 0), len(rows))
	end := min(offset+limit, len(rows))
	if end < len(rows) {
		next = end
	}
	return rows[offset:end], next
}

// window reads LIMIT, OFFSET and start of the messenger's lists.
func (c *call) window(p params, limit, most int) (offset, size int) {
	size = limit
	if n := p.int("LIMIT"); n > 0 {
		size = min(n, most)
	}
	if n := p.int("OFFSET"); n > 0 {
		return n, size
	}
	return max(c.start, 0), size
}
