package bitrixtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// The limits of a request: of its body, and PHP's of nesting (max_input_nesting_level, json_decode).
const (
	maxBody      = 32 << 20
	maxFormDepth = 64
	maxJSONDepth = 512
)

// array is a PHP array: ordered, with string keys.
type array struct {
	keys   []string
	values map[string]any
	next   int // index of the next value without a key
}

func newArray() *array { return &array{values: map[string]any{}} }

func (a *array) set(key string, v any) {
	if n, err := strconv.Atoi(key); err == nil && n >= a.next {
		a.next = n + 1
	}
	if _, ok := a.values[key]; !ok {
		a.keys = append(a.keys, key)
	}
	a.values[key] = v
}

// plain is the array as params hold it: []any for a list, else a map.
func (a *array) plain() any {
	isList := true
	for i, k := range a.keys {
		isList = isList && k == strconv.Itoa(i)
	}
	if isList {
		list := make([]any, len(a.keys))
		for i, k := range a.keys {
			list[i] = plain(a.values[k])
		}
		return list
	}
	m := make(map[string]any, len(a.keys))
	for _, k := range a.keys {
		m[k] = plain(a.values[k])
	}
	return m
}

func plain(v any) any {
	if a, ok := v.(*array); ok {
		return a.plain()
	}
	return v
}

// params splits the array into parameters and the order of their keys.
func (a *array) params() (params, map[string][]string) {
	p, order := params{}, map[string][]string{}
	for _, k := range a.keys {
		v := a.values[k]
		if nested, ok := v.(*array); ok {
			order[k] = nested.keys
		}
		p[k] = plain(v)
	}
	return p, order
}

// merge puts the values of b over those of a.
func (a *array) merge(b *array) {
	for _, k := range b.keys {
		a.set(k, b.values[k])
	}
}

// parseForm reads a query string or form as PHP's parse_str does.
func parseForm(query string) *array {
	a := newArray()
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		a.addField(unescape(key), unescape(value))
	}
	return a
}

// unescape decodes what it can: PHP leaves a stray % as it is.
func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '+' {
			b.WriteByte(' ')
			continue
		}
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// addField sets a field whose name may be nested: a[b][]. In the first part of
// a name spaces and dots become underscores.
func (a *array) addField(name, value string) {
	name = strings.TrimLeft(name, " ")
	open := strings.IndexByte(name, '[')
	if open == 0 || name == "" {
		return
	}
	if open < 0 {
		a.set(phpName(name), value)
		return
	}
	path := []string{phpName(name[:open])}
	for rest := name[open:]; strings.HasPrefix(rest, "["); {
		end := strings.IndexByte(rest, ']')
		if end < 0 {
			if len(path) == 1 {
				path[0] += "_" + phpName(rest[1:])
			}
			break
		}
		path = append(path, rest[1:end])
		rest = rest[end+1:]
	}
	if len(path) > maxFormDepth {
		return
	}
	a.setPath(path, value)
}

func (a *array) setPath(path []string, value string) {
	key := path[0]
	if key == "" {
		key = strconv.Itoa(a.next)
	}
	if len(path) == 1 {
		a.set(key, value)
		return
	}
	nested, ok := a.values[key].(*array)
	if !ok {
		nested = newArray()
		a.set(key, nested)
	}
	nested.setPath(path[1:], value)
}

func phpName(name string) string {
	return strings.NewReplacer(" ", "_", ".", "_", "[", "_").Replace(name)
}

var errTooDeep = errors.New("nested too deep")

// parseJSON reads a JSON value as PHP's json_decode into arrays does.
func parseJSON(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	v, err := jsonValue(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("text after the value")
	}
	return v, nil
}

func jsonValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, errTooDeep
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return fromJSON(t), nil
	}
	a := newArray()
	for d.More() {
		key := strconv.Itoa(a.next)
		if delim == '{' {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			key = k.(string)
		}
		v, err := jsonValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		a.set(key, v)
	}
	_, err = d.Token()
	return a, err
}

// readParams collects the parameters of a request: the query, then the body
// over it. A body that cannot be read counts as empty, as it does in PHP.
func readParams(r *http.Request) (*array, error) {
	all := parseForm(r.URL.RawQuery)
	if r.Method != http.MethodPost || r.Body == nil {
		return all, nil
	}
	contentType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if contentType == "multipart/form-data" {
		if err := r.ParseMultipartForm(maxBody); err != nil {
			return all, nil
		}
		for _, k := range sortedKeys(r.MultipartForm.Value) {
			for _, v := range r.MultipartForm.Value[k] {
				all.addField(k, v)
			}
		}
		return all, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return nil, errors.New("reading the body")
	}
	if contentType == "application/json" {
		if v, err := parseJSON(bytes.TrimSpace(body)); err == nil {
			if a, ok := v.(*array); ok {
				all.merge(a)
			}
		}
		return all, nil
	}
	all.merge(parseForm(string(bytes.TrimSpace(body))))
	return all, nil
}
