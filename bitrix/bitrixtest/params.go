package bitrixtest

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// params are the parameters of one call as PHP sees them: string, int, float64,
// bool, nil, []any and map[string]any, whatever mix of query, form and JSON they
// came in. Nested form keys (FILTER[ID][0]) are already unfolded. A map whose
// keys are 0, 1, 2 … is a []any, as in PHP both are the same array.
type params map[string]any

// upper is a copy whose first-level keys are upper-cased.
func (p params) upper() params {
	q := make(params, len(p))
	for k, v := range p {
		q[strings.ToUpper(k)] = v
	}
	return q
}

// has tells whether the parameter was sent and is not null, like PHP's isset.
func (p params) has(name string) bool { return p[name] != nil }

// empty is PHP's empty(): absent, null, false, 0, "", "0" or an empty array.
func (p params) empty(name string) bool { return !truthy(p[name]) }

// truthy is PHP's cast to bool.
func (p params) truthy(name string) bool { return truthy(p[name]) }

// string is PHP's cast to string; an array becomes "Array".
func (p params) string(name string) string { return toString(p[name]) }

// int is PHP's intval: leading digits of a string, 1 for a non-empty array.
func (p params) int(name string) int { return toInt(p[name]) }

// isString tells whether the parameter came as a string.
func (p params) isString(name string) bool { _, ok := p[name].(string); return ok }

// isArray tells whether the parameter is an array, list or map.
func (p params) isArray(name string) bool { return isArray(p[name]) }

// ints casts the values of an array parameter to integers. A single value
// counts as an array of one; absent gives nil.
func (p params) ints(name string) []int { return toInts(p[name]) }

// strings does the same with strings.
func (p params) strings(name string) []string { return toStrings(p[name]) }

// object is a map parameter; a list becomes a map with the keys 0, 1, 2 ….
// It is nil when the parameter is no array.
func (p params) object(name string) params { return toObject(p[name]) }

func truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != "" && v != "0"
	case int:
		return v != 0
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	}
	return true
}

func isArray(v any) bool {
	switch v.(type) {
	case []any, map[string]any:
		return true
	}
	return false
}

func toString(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		if v {
			return "1"
		}
		return ""
	case int:
		return strconv.Itoa(v)
	case float64:
		return strconv.FormatFloat(v, 'G', -1, 64)
	case []any, map[string]any:
		return "Array"
	}
	return ""
}

func toInt(v any) int {
	switch v := v.(type) {
	case bool:
		if v {
			return 1
		}
	case int:
		return v
	case float64:
		return floatInt(v)
	case string:
		return intval(v)
	case []any, map[string]any:
		if truthy(v) {
			return 1
		}
	}
	return 0
}

func floatInt(f float64) int {
	if math.IsNaN(f) || math.Abs(f) >= 1<<62 {
		return 0
	}
	return int(f)
}

// intval reads the number a string begins with; 0 when it begins with none.
func intval(s string) int {
	s = strings.TrimLeft(s, " \t\n\r\v\f")
	end := 0
	if end < len(s) && (s[end] == '+' || s[end] == '-') {
		end++
	}
	for end < len(s) && (s[end] >= '0' && s[end] <= '9') {
		end++
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil && n == 0 {
		return 0
	}
	if f, err := strconv.ParseFloat(exponent(s, end), 64); err == nil {
		return floatInt(f)
	}
	return int(n)
}

// exponent is the leading 1e3 or 1.5e3 of s, which intval understands too.
func exponent(s string, end int) string {
	i := end
	if i < len(s) && s[i] == '.' {
		i++
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
	}
	if i >= len(s) || s[i] != 'e' && s[i] != 'E' {
		return ""
	}
	i++
	digits := i
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || i == digits && (s[i] == '-' || s[i] == '+')) {
		i++
	}
	return s[:i]
}

func toList(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case map[string]any:
		values := make([]any, 0, len(v))
		for _, k := range sortedKeys(v) {
			values = append(values, v[k])
		}
		return values
	}
	return nil
}

func toInts(v any) []int {
	if v == nil {
		return nil
	}
	if !isArray(v) {
		return []int{toInt(v)}
	}
	ints := []int{}
	for _, e := range toList(v) {
		ints = append(ints, toInt(e))
	}
	return ints
}

func toStrings(v any) []string {
	if v == nil {
		return nil
	}
	if !isArray(v) {
		return []string{toString(v)}
	}
	strs := []string{}
	for _, e := range toList(v) {
		strs = append(strs, toString(e))
	}
	return strs
}

func toObject(v any) params {
	switch v := v.(type) {
	case map[string]any:
		return v
	case []any:
		m := make(params, len(v))
		for i, e := range v {
			m[strconv.Itoa(i)] = e
		}
		return m
	}
	return nil
}

// fromJSON turns decoded JSON (with json.Number) into the values of params.
func fromJSON(v any) any {
	if n, ok := v.(json.Number); ok {
		if i, err := strconv.Atoi(n.String()); err == nil {
			return i
		}
		f, _ := n.Float64()
		return f
	}
	return v
}
