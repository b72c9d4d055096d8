package bitrix

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxForm is the largest form that is read, maxDepth how deep PHP's brackets
// may nest in the name of a field.
const (
	maxForm  = 64 << 10
	maxDepth = 16
)

// What the fields of the portal look like. Nothing of them is proven by that.
var (
	hexID      = regexp.MustCompile(`^[0-9a-f]{32}$`)
	hostName   = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[1-9][0-9]{0,4})?$`)
	code       = regexp.MustCompile(`^[A-Z0-9_]{1,100}$`)
	oneLetter  = regexp.MustCompile(`^[A-Z]$`)
	twoLetters = regexp.MustCompile(`^[a-z]{2}$`)
	tokenText  = regexp.MustCompile(`^[0-9A-Za-z]{20,200}$`)
	digits     = regexp.MustCompile(`^[0-9]{1,10}$`)
	positive   = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)
)

// FormError tells which field of a posted form cannot be accepted. It never
// holds the value.
type FormError struct {
	Field  string // as posted, "PLACEMENT_OPTIONS"; empty for the request as a whole
	Reason string // "is missing", "is given twice", …
	Status int    // the HTTP status to answer with: 400, 405, 413 or 415

	cause error
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

func bad(field, reason string) *FormError {
	return &FormError{Field: field, Reason: reason, Status: http.StatusBadRequest}
}

// readForm reads a posted form. A field that is given twice is refused: two
// readers could see different values.
func readForm(r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		return nil, &FormError{Reason: "is no POST", Status: http.StatusMethodNotAllowed}
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, &FormError{Reason: "is no form", Status: http.StatusUnsupportedMediaType}
	}
	if r.Body == nil {
		return nil, bad("", "is empty")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	_, large := errors.AsType[*http.MaxBytesError](err)
	switch {
	case large, len(body) > maxForm:
		return nil, &FormError{Reason: "is too large", Status: http.StatusRequestEntityTooLarge}
	case err != nil:
		return nil, bad("", "broke off")
	}
	return parseFields(string(body))
}

// parseFields reads urlencoded fields, each of which may be given once.
func parseFields(encoded string) (url.Values, error) {
	fields, err := url.ParseQuery(encoded)
	if err != nil {
		return nil, bad("", "cannot be read")
	}
	for name, values := range fields {
		switch {
		case !isText(name):
			return nil, bad("", "has a field whose name is no text")
		case len(values) > 1:
			return nil, bad(shown(name), "is given twice")
		case !isText(values[0]):
			return nil, bad(shown(name), "is no text")
		}
	}
	return fields, nil
}

// isText reports whether s is UTF-8 without a zero byte.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// shown is a field's name if it is fit for an error.
func shown(name string) string {
	odd := func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) }
	if len(name) > 64 || strings.ContainsFunc(name, odd) {
		return "a field"
	}
	return name
}

// nested returns the fields below root by their paths: data[FIELDS][ID] of the
// root data is FIELDS.ID. Names that PHP could not have made are refused, and so
// are two that lead to the same place.
func nested(fields url.Values, root string) (map[string]string, error) {
	found := map[string]string{}
	for name, values := range fields {
		rest, ok := strings.CutPrefix(name, root)
		if !ok || rest != "" && rest[0] != '[' {
			continue
		}
		if rest == "" {
			if values[0] == "" {
				continue // how an empty map is posted
			}
			return nil, bad(root, "is no list of fields")
		}
		path, ok := bracketPath(rest)
		if !ok {
			return nil, bad(root, "has a field whose name cannot be read")
		}
		if _, taken := found[path]; taken {
			return nil, bad(root, "has a field that is given twice")
		}
		found[path] = values[0]
	}
	for path := range found {
		for i := range len(path) {
			if _, taken := found[path[:i]]; taken && path[i] == '.' {
				return nil, bad(root, "has a field that is both a value and a list")
			}
		}
	}
	return found, nil
}

// bracketPath turns [a][b] into a.b.
func bracketPath(s string) (string, bool) {
	var parts []string
	for s != "" {
		part, rest, ok := strings.Cut(s, "]")
		if !ok || len(part) < 2 || part[0] != '[' || strings.ContainsAny(part[1:], "[.") || len(parts) == maxDepth {
			return "", false
		}
		parts = append(parts, part[1:])
		s = rest
	}
	return strings.Join(parts, "."), true
}
