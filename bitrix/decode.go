package bitrix

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// answer is a successful body of the portal.
type answer struct {
	result  json.RawMessage
	resetAt time.Time // when the method's working time is counted anew
}

// envelope is what every body of the portal looks like. A refusal has error and
// usually error_description; REST 3.0 puts both into an object.
type envelope struct {
	Result      json.RawMessage `json:"result"`
	Error       json.RawMessage `json:"error"`
	Description text            `json:"error_description"`
	Argument    text            `json:"argument"`
	ResetAt     unixTime        `json:"operating_reset_at"`
	Time        timing          `json:"time"`
}

// timing is the time section. A portal that leaves it out or empty sends [].
type timing struct {
	ResetAt unixTime `json:"operating_reset_at"`
}

func (t *timing) UnmarshalJSON(data []byte) error {
	type plain timing
	if data[0] != '{' || json.Unmarshal(data, (*plain)(t)) != nil {
		*t = timing{}
	}
	return nil
}

// decodeAnswer takes a body apart. The error is always an *Error, without the
// secrets that the server repeated in its own words.
func decodeAnswer(method string, status int, body []byte, secrets ...Secret) (answer, error) {
	e, refusal := open(method, status, body, secrets...)
	switch {
	case refusal != nil:
		return answer{}, refusal
	case e.Result == nil:
		return answer{}, &Error{Method: method, Status: status, Page: true}
	}
	return answer{result: e.Result, resetAt: e.resetAt()}, nil
}

// open reads the envelope.
func open(method string, status int, body []byte, secrets ...Secret) (envelope, *Error) {
	body = bytes.TrimSpace(body)
	var e envelope
	if len(body) == 0 || body[0] != '{' || json.Unmarshal(body, &e) != nil {
		return envelope{}, &Error{Method: method, Status: status, Page: true}
	}
	if !refused(status, e) {
		return e, nil
	}
	err := decodeError(e.Error, secrets...)
	err.Method, err.Status = method, status
	err.Description = cmp.Or(err.Description, oneLine(string(e.Description), secrets...))
	err.Argument = cmp.Or(err.Argument, oneLine(string(e.Argument), secrets...))
	if err.OperatingResetAt.IsZero() {
		err.OperatingResetAt = e.resetAt()
	}
	return envelope{}, err
}

func (e envelope) resetAt() time.Time {
	if e.ResetAt.IsZero() {
		return e.Time.ResetAt.Time
	}
	return e.ResetAt.Time
}

// refused reports whether the body is a refusal. Some come with status 200
// (placement.bind), some with an empty code (crm.deal.get).
func refused(status int, e envelope) bool {
	if status >= 400 {
		return true
	}
	switch string(e.Error) {
	case "", "null", "false":
		return false
	case `""`, "[]", "{}":
		return e.Result == nil
	}
	return true
}

// decodeError reads an error that is a code, an object that holds one, or an
// item of result_error.
func decodeError(raw json.RawMessage, secrets ...Secret) *Error {
	var item struct {
		Error       text     `json:"error"`
		Code        text     `json:"code"`
		Description text     `json:"error_description"`
		Message     text     `json:"message"`
		Argument    text     `json:"argument"`
		ResetAt     unixTime `json:"operating_reset_at"`
	}
	if len(raw) == 0 || raw[0] != '{' || json.Unmarshal(raw, &item) != nil {
		var code text
		if json.Unmarshal(raw, &code) != nil {
			code = ""
		}
		return &Error{Code: oneLine(string(code), secrets...)}
	}
	return &Error{
		Code:             oneLine(string(cmp.Or(item.Error, item.Code)), secrets...),
		Description:      oneLine(string(cmp.Or(item.Description, item.Message)), secrets...),
		Argument:         oneLine(string(item.Argument), secrets...),
		OperatingResetAt: item.ResetAt.Time,
	}
}

// oneLine makes text of a server fit for a log line. Secrets go before it is
// cut, so that none is left in part.
func oneLine(s string, secrets ...Secret) string {
	const limit = 300
	for _, secret := range secrets {
		if secret != "" {
			s = strings.ReplaceAll(s, secret.Reveal(), redacted)
		}
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}

// errNobody is a result that should name one thing and names none.
var errNobody = errors.New("the result has no id")

// decodeResult decodes a result into v. PHP knows one kind of array, so a list
// may arrive as an object and an empty map as []; both are set right here for v
// itself. Rows without an id are left out of chats and users.
func decodeResult(raw json.RawMessage, v any) error {
	if v == nil {
		return nil
	}
	raw, err := reshape(raw, v)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("decoding the result: %w", err)
	}
	switch v := v.(type) {
	case *[]Chat:
		*v = slices.DeleteFunc(*v, func(c Chat) bool { return c.ID == 0 })
	case *[]User:
		*v = slices.DeleteFunc(*v, func(u User) bool { return u.ID == 0 })
	}
	return nil
}

// reshape turns PHP's shapes into those that encoding/json expects for v.
func reshape(raw json.RawMessage, v any) (json.RawMessage, error) {
	if _, custom := v.(json.Unmarshaler); custom {
		return raw, nil
	}
	t := reflect.TypeOf(v)
	if t.Kind() != reflect.Pointer {
		return nil, errors.New("decoding the result: the target is no pointer")
	}
	switch t.Elem().Kind() {
	case reflect.Slice:
		if len(raw) == 0 || raw[0] == '[' || t.Elem().Elem().Kind() == reflect.Uint8 {
			return raw, nil
		}
		rows, err := elements(raw)
		if err != nil {
			return nil, err
		}
		return json.Marshal(append([]json.RawMessage{}, rows...))
	case reflect.Map, reflect.Struct:
		if isEmpty(raw) {
			return json.RawMessage("{}"), nil
		}
	}
	return raw, nil
}

// isEmpty reports whether raw is one of the forms in which PHP says nothing.
func isEmpty(raw []byte) bool {
	switch string(bytes.TrimSpace(raw)) {
	case "", "null", "false", "[]", "{}", `""`:
		return true
	}
	return false
}

// elements returns the values of an array, or of an object in its own order.
func elements(raw json.RawMessage) ([]json.RawMessage, error) {
	var rows []json.RawMessage
	if isEmpty(raw) {
		return nil, nil
	}
	if raw[0] == '[' {
		err := json.Unmarshal(raw, &rows)
		return rows, err
	}
	if raw[0] != '{' {
		return nil, errors.New("neither a list nor a map")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	for d.More() {
		var row json.RawMessage
		if _, err := d.Token(); err != nil {
			return nil, err
		}
		if err := d.Decode(&row); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// members returns the values of an object, or of an array by their positions.
func members(raw json.RawMessage) (map[string]json.RawMessage, error) {
	if isEmpty(raw) {
		return nil, nil
	}
	byKey := map[string]json.RawMessage{}
	if raw[0] != '[' {
		err := json.Unmarshal(raw, &byKey)
		return byKey, err
	}
	rows, err := elements(raw)
	for i, row := range rows {
		byKey[strconv.Itoa(i)] = row
	}
	return byKey, err
}

// list is a JSON array that PHP may have sent as an object.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(data []byte) error {
	rows, err := elements(data)
	if err != nil {
		return err
	}
	*l = make(list[T], len(rows))
	for i, row := range rows {
		if err := json.Unmarshal(row, &(*l)[i]); err != nil {
			return err
		}
	}
	return nil
}

// dict is a JSON object that PHP sends as [] when it is empty.
type dict[T any] map[string]T

func (d *dict[T]) UnmarshalJSON(data []byte) error {
	byKey, err := members(data)
	if err != nil {
		return err
	}
	*d = make(dict[T], len(byKey))
	for key, raw := range byKey {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		(*d)[key] = v
	}
	return nil
}

// text is a string, or a number where one was expected. PHP's empty values and
// dates that got lost as {} are the empty string.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	*t = ""
	switch c := data[0]; {
	case c == '"':
		return json.Unmarshal(data, (*string)(t))
	case c == '-' || c >= '0' && c <= '9':
		*t = text(data)
	}
	return nil
}

// number is an integer that may be sent as a string. PHP's empty values are 0.
type number int64

func (n *number) UnmarshalJSON(data []byte) error {
	*n = 0
	if isEmpty(data) {
		return nil
	}
	s := string(data)
	if s[0] == '"' {
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
	}
	i, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		f, ferr := strconv.ParseFloat(s, 64)
		if ferr != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return errors.New("not an integer")
		}
		i = int64(f)
	}
	*n = number(i)
	return nil
}

// flag is a boolean in any of the portal's spellings.
type flag bool

func (f *flag) UnmarshalJSON(data []byte) error {
	switch strings.ToLower(strings.Trim(string(data), `"`)) {
	case "true", "y", "1":
		*f = true
	default:
		*f = false
	}
	return nil
}

// isoTime is a moment as ISO 8601 has it; anything else is no moment.
type isoTime struct{ time.Time }

func (t *isoTime) UnmarshalJSON(data []byte) error {
	var s string
	t.Time = time.Time{}
	if json.Unmarshal(data, &s) == nil {
		t.Time, _ = time.Parse(time.RFC3339, s) // the zero time when it is none
	}
	return nil
}

// unixTime is a moment in Unix seconds; anything else is no moment.
type unixTime struct{ time.Time }

func (u *unixTime) UnmarshalJSON(data []byte) error {
	*u = unixTime{}
	f, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64)
	if err == nil && f > 0 && f < 1<<40 {
		u.Time = time.Unix(int64(f), 0)
	}
	return nil
}
