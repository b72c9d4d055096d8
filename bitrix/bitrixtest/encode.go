package bitrixtest

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strconv"
	"strings"
)

// phpValue is v as PHP's json_encode writes it: every array without values is
// [], and so is a map whose keys are 0, 1, 2 ….
func phpValue(v any) any {
	switch v.(type) {
	case nil, string, bool, int, float64: // most are, and a page of people has thousands
		return v
	}
	rv := reflect.ValueOf(v)
	switch rv.Kind() {
	case reflect.Map:
		return encodeMap(rv)
	case reflect.Slice:
		list := make([]any, rv.Len())
		for i := range list {
			list[i] = phpValue(rv.Index(i).Interface())
		}
		return list
	}
	return v
}

func encodeMap(rv reflect.Value) any {
	m := make(map[string]any, rv.Len())
	for it := rv.MapRange(); it.Next(); {
		k := it.Key()
		key := k.String()
		if k.CanInt() {
			key = strconv.FormatInt(k.Int(), 10)
		}
		m[key] = phpValue(it.Value().Interface())
	}
	list := make([]any, len(m))
	for i := range list {
		v, ok := m[strconv.Itoa(i)]
		if !ok {
			return m
		}
		list[i] = v
	}
	return list
}

// element is a value of a map or a list under a key; nil where there is none.
func element(v any, key string) any {
	rv := reflect.ValueOf(v)
	n, err := strconv.Atoi(key)
	isNumber := err == nil && strconv.Itoa(n) == key
	var found reflect.Value
	switch {
	case rv.Kind() == reflect.Slice && isNumber && n >= 0 && n < rv.Len():
		found = rv.Index(n)
	case rv.Kind() == reflect.Map && rv.Type().Key().Kind() == reflect.String:
		found = rv.MapIndex(reflect.ValueOf(key))
	case rv.Kind() == reflect.Map && rv.Type().Key().Kind() == reflect.Int && isNumber:
		found = rv.MapIndex(reflect.ValueOf(n))
	}
	if !found.IsValid() {
		return nil
	}
	return found.Interface()
}

// phpForm writes fields as PHP's http_build_query does.
func phpForm(fields []field) string {
	var b strings.Builder
	for _, f := range fields {
		writeForm(&b, f.name, f.value)
	}
	return b.String()
}

// field is one named value of a form.
type field struct {
	name  string
	value any
}

func writeForm(b *strings.Builder, name string, v any) {
	rv := reflect.ValueOf(v)
	switch rv.Kind() {
	case reflect.Invalid:
		return
	case reflect.Map:
		m := map[string]any{}
		for it := rv.MapRange(); it.Next(); {
			m[toString(fromKey(it.Key()))] = it.Value().Interface()
		}
		for _, k := range sortedKeys(m) {
			writeForm(b, name+"["+k+"]", m[k])
		}
		return
	case reflect.Slice:
		for i := range rv.Len() {
			writeForm(b, name+"["+strconv.Itoa(i)+"]", rv.Index(i).Interface())
		}
		return
	}
	if b.Len() > 0 {
		b.WriteByte('&')
	}
	text := toString(v)
	switch {
	case v == false:
		text = "0"
	case rv.CanInt():
		text = strconv.FormatInt(rv.Int(), 10)
	}
	b.WriteString(url.QueryEscape(name) + "=" + url.QueryEscape(text))
}

func fromKey(k reflect.Value) any {
	if k.CanInt() {
		return int(k.Int())
	}
	return k.String()
}

// phpDecoded is a result of a method as the values of params.
func phpDecoded(v any) any {
	switch v.(type) {
	case nil, string, bool, int, float64, []any, map[string]any:
		return v
	}
	text, err := json.Marshal(phpValue(v))
	if err != nil {
		return nil
	}
	decoded, err := parseJSON(text)
	if err != nil {
		return nil
	}
	return plain(decoded)
}
