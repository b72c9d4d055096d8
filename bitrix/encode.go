package bitrix

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// methodName is what the name of a REST method looks like; nothing else may
// become part of an address.
var methodName = regexp.MustCompile(`^[A-Za-z0-9]+(\.[A-Za-z0-9_]+)*$`)

// reference is what the portal replaces inside a batch.
// Portal source: rest/classes/general/rest_util.php.
var reference = regexp.MustCompile(`(?i)\$(result|error|total|next|time)\w*\[`)

// MarshalJSON refuses: only a batch resolves references.
func (r Ref) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a reference to another result works inside a batch only")
}

var errOwnParameter = errors.New("the parameter auth is the client's own")

// encodeBody returns params as a JSON object that also holds the access token.
// The token goes into the body because addresses end up in logs, and because
// some self-hosted web servers drop the Authorization header.
func encodeBody(params Params) (func(access Secret) []byte, error) {
	if _, taken := params["auth"]; taken {
		return nil, errOwnParameter
	}
	if params == nil {
		params = Params{}
	}
	object, err := json.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("encoding the parameters: %w", err)
	}
	return withAuth(object), nil
}

// withAuth returns a function that puts a token into a JSON object.
func withAuth(object []byte) func(access Secret) []byte {
	return func(access Secret) []byte {
		var b bytes.Buffer
		b.WriteString(`{"auth":`)
		token, _ := json.Marshal(access.Reveal()) // a string always marshals
		b.Write(token)
		if string(object) != "{}" {
			b.WriteByte(',')
		}
		b.Write(object[1:])
		return b.Bytes()
	}
}

// encodeQuery returns params in PHP's bracket notation, in a stable order.
func encodeQuery(params Params) (string, error) {
	if _, taken := params["auth"]; taken {
		return "", errOwnParameter
	}
	var q query
	if err := q.add("", reflect.ValueOf(params)); err != nil {
		return "", err
	}
	return q.String(), nil
}

type query struct{ strings.Builder }

// add appends v under name. Like PHP's http_build_query it leaves out nothing
// but nil and what is empty.
func (q *query) add(name string, v reflect.Value) error {
	if !v.IsValid() {
		return nil
	}
	if isNil(v) {
		return nil
	}
	switch x := v.Interface().(type) {
	case Ref:
		q.pair(name, string(x))
		return nil
	case encoding.TextMarshaler:
		s, err := x.MarshalText()
		if err != nil {
			return fmt.Errorf("encoding %s: %w", name, err)
		}
		return q.plain(name, string(s))
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return q.add(name, v.Elem())
	case reflect.String:
		return q.plain(name, v.String())
	case reflect.Bool:
		q.pair(name, map[bool]string{true: "1", false: "0"}[v.Bool()])
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		q.pair(name, strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		q.pair(name, strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		q.pair(name, strconv.FormatFloat(v.Float(), 'f', -1, 64))
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if err := q.add(sub(name, strconv.Itoa(i)), v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		return q.addMap(name, v)
	default:
		return fmt.Errorf("encoding %s: no way to send a %s", name, v.Type())
	}
	return nil
}

func (q *query) addMap(name string, v reflect.Value) error {
	byKey := make(map[string]reflect.Value, v.Len())
	for iter := v.MapRange(); iter.Next(); {
		byKey[fmt.Sprint(iter.Key().Interface())] = iter.Value()
	}
	keys := make([]string, 0, len(byKey))
	for key := range byKey {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if err := q.add(sub(name, key), byKey[key]); err != nil {
			return err
		}
	}
	return nil
}

// plain appends text that is no reference. There is no way to tell the portal
// so, hence text that looks like one cannot be sent in a batch at all.
func (q *query) plain(name, value string) error {
	if reference.MatchString(value) {
		return fmt.Errorf("encoding %s: the text looks like a reference to another result", name)
	}
	q.pair(name, value)
	return nil
}

func (q *query) pair(name, value string) {
	if q.Len() > 0 {
		q.WriteByte('&')
	}
	q.WriteString(url.QueryEscape(name))
	q.WriteByte('=')
	q.WriteString(url.QueryEscape(value))
}

// sub names the member key of the parameter name.
func sub(name, key string) string {
	if name == "" {
		return key
	}
	return name + "[" + key + "]"
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		return v.IsNil()
	}
	return false
}
