package bitrixtest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// operators are the prefixes of filter keys, longer ones first.
var operators = []string{"!=%", "!%=", ">=", "<=", "!=", "=%", "%=", "!%", "!@", ">", "<", "=", "!", "%", "@"}

// splitOperator cuts the prefix off a filter key.
func splitOperator(key string) (operator, name string) {
	for _, o := range operators {
		if name, ok := strings.CutPrefix(key, o); ok {
			return o, name
		}
	}
	return "", key
}

// condition is one entry of a filter: a field's value is compared with one of
// the wanted values.
type condition struct {
	operator string
	wanted   []string // folded
	negated  bool
}

// newCondition reads a value of a filter. An array means any of its values.
func newCondition(operator string, v any) condition {
	c := condition{operator: operator}
	if c.operator, c.negated = strings.CutPrefix(operator, "!"); c.operator == "%=" {
		c.operator = "=%"
	}
	for _, s := range toStrings(v) {
		c.wanted = append(c.wanted, strings.ToLower(s))
	}
	if v == nil {
		c.wanted = []string{""}
	}
	return c
}

// matches tells whether a field's value meets the condition; of a list any
// element may.
func (c condition) matches(v any) bool {
	meets := false
	switch v := v.(type) {
	case string: // most fields are, and a large staff has many
		meets = c.meetsAny(strings.ToLower(v))
	default:
		meets = slices.ContainsFunc(fieldStrings(v), c.meetsAny)
	}
	return meets != c.negated
}

func (c condition) meetsAny(value string) bool {
	return slices.ContainsFunc(c.wanted, func(wanted string) bool { return c.meets(value, wanted) })
}

func (c condition) meets(value, wanted string) bool {
	switch c.operator {
	case ">":
		return compareText(value, wanted) > 0
	case ">=":
		return compareText(value, wanted) >= 0
	case "<":
		return compareText(value, wanted) < 0
	case "<=":
		return compareText(value, wanted) <= 0
	case "%":
		return strings.Contains(value, wanted)
	case "=%":
		return like(value, wanted)
	}
	return value == wanted
}

// like is SQL's LIKE with % alone.
func like(value, pattern string) bool {
	parts := strings.Split(pattern, "%")
	if len(parts) == 1 {
		return value == pattern
	}
	value, ok := strings.CutPrefix(value, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, rest, found := strings.Cut(value, part)
		if !found {
			return false
		}
		value = rest
	}
	return strings.HasSuffix(value, parts[last])
}

// fieldStrings are the folded values of a field; an empty list has the value "".
func fieldStrings(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{strings.ToLower(v)}
	case int:
		return []string{strconv.Itoa(v)}
	case []int:
		if len(v) > 0 {
			return idStrings(v)
		}
	}
	return []string{""}
}

// compareText orders numbers as numbers and everything else as text.
func compareText(a, b string) int {
	x, errA := strconv.ParseFloat(a, 64)
	y, errB := strconv.ParseFloat(b, 64)
	if errA == nil && errB == nil {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}

// compareValues orders the values of a field.
func compareValues(a, b any) int {
	if x, ok := a.(int); ok {
		if y, ok := b.(int); ok {
			return cmp.Compare(x, y)
		}
	}
	return compareText(fieldStrings(a)[0], fieldStrings(b)[0])
}
