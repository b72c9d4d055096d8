package bitrix

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

const redacted = "REDACTED"

// Secret is text that must not be seen: a token, a client secret. However it is
// printed, logged or marshalled it reads REDACTED. Two places are beyond its
// reach: fmt prints an unexported field as it is, and encoding/json the key of a
// map. The zero value is no secret.
type Secret string

// Reveal returns the text itself, to be sent or sealed, never to be shown.
func (s Secret) Reveal() string { return string(s) }

// Equal compares in constant time. An empty secret equals nothing.
func (s Secret) Equal(other Secret) bool {
	return s != "" && subtle.ConstantTimeCompare([]byte(s), []byte(other)) == 1
}

// String returns REDACTED.
func (s Secret) String() string { return redacted }

// Format writes REDACTED for every verb; String alone would leak under %#v.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns REDACTED.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns REDACTED, so JSON holds no secret by accident.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
