package bitrix

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// MaxBatch is how many commands the portal runs in one batch.
const MaxBatch = 50

// Ref is a parameter inside a batch that the portal replaces with a value of an
// earlier command's result: Ref("$result[own][0][CHAT_ID]"). What is missing
// there becomes the empty string.
type Ref string

// Batch collects up to [MaxBatch] calls for one request. The portal runs them
// in the order they were added, with one token and in one process. The zero
// value is an empty batch. It may be run several times, but is not safe for
// concurrent use while commands are added.
type Batch struct {
	Halt  bool // stop at the first command that fails
	Reads bool // every command only reads, so the batch may be repeated

	commands []command
	err      error
}

type command struct {
	key, method, query string
}

// NewBatch returns an empty batch.
func NewBatch() *Batch { return &Batch{} }

// Add appends a call under a key of letters, digits and underscores. Parameters
// refer to earlier results with [Ref]; plain text that looks like a reference is
// refused, because the portal would replace it. What is wrong with a command,
// or with their number, is reported by [Client.Batch], which then sends nothing.
func (b *Batch) Add(key, method string, params Params) {
	query, err := encodeQuery(params)
	switch {
	case b.err != nil:
		return
	case err != nil:
		b.err = fmt.Errorf("command %s: %w", key, err)
	case !commandKey.MatchString(key):
		b.err = fmt.Errorf("command %q: the key may hold letters, digits and underscores only, and begins with a letter", key)
	case !methodName.MatchString(method) || strings.EqualFold(method, "batch"):
		b.err = fmt.Errorf("command %s: %q cannot be run in a batch", key, method)
	case slices.ContainsFunc(b.commands, func(c command) bool { return c.key == key }):
		b.err = fmt.Errorf("command %s: the key is taken", key)
	case len(b.commands) == MaxBatch:
		b.err = fmt.Errorf("command %s: a batch takes %d commands", key, MaxBatch)
	default:
		b.commands = append(b.commands, command{key, method, query})
	}
}

// commandKey keeps keys from becoming PHP's list positions, and references readable.
var commandKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// body returns the JSON of the request without the token. The order of the
// commands is the order they run in, so it is written by hand: a Go map has none.
func (b *Batch) body() []byte {
	var out bytes.Buffer
	out.WriteString(`{"halt":`)
	out.WriteString(map[bool]string{true: "1", false: "0"}[b.Halt])
	out.WriteString(`,"cmd":{`)
	for i, c := range b.commands {
		if i > 0 {
			out.WriteByte(',')
		}
		text := c.method
		if c.query != "" {
			text += "?" + c.query
		}
		key, _ := json.Marshal(c.key) // strings always marshal
		value, _ := json.Marshal(text)
		out.Write(key)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteString("}}")
	return out.Bytes()
}

// Len returns the number of commands.
func (b *Batch) Len() int { return len(b.commands) }

// BatchResult holds the answers to the commands of a batch. It is safe for
// concurrent use.
type BatchResult struct {
	methods map[string]string // by key
	wire    wireBatch
	read    bool
	token   func() Token // as used, to be kept out of errors; nil when nothing was sent
}

// wireBatch is the result of batch. Every section is a map that may arrive as a
// list; a command that failed is missing from the first.
type wireBatch struct {
	Result dict[json.RawMessage] `json:"result"`
	Error  dict[json.RawMessage] `json:"result_error"`
	Total  dict[number]          `json:"result_total"`
	Next   dict[number]          `json:"result_next"`
	Time   dict[timing]          `json:"result_time"`
}

// Decode decodes what the command added under key returned into v, unless v is
// nil. It returns the command's *[Error] when that failed and [ErrNotRun] when
// it was not run.
func (r *BatchResult) Decode(key string, v any) error {
	if err := r.Err(key); err != nil {
		return err
	}
	if err := decodeResult(r.wire.Result[key], v); err != nil {
		kind := ErrOutcomeUnknown
		if r.read {
			kind = ErrUnreachable
		}
		return fmt.Errorf("%s: %w: %w", r.methods[key], kind, err)
	}
	return nil
}

// Err returns what [BatchResult.Decode] would return before decoding.
func (r *BatchResult) Err(key string) error {
	method, known := r.methods[key]
	if !known {
		return fmt.Errorf("the batch has no command %q", key)
	}
	if err := r.refusal(key); err != nil {
		if err.mayHaveRun() {
			return lost(err, r.read)
		}
		return err
	}
	if _, ran := r.wire.Result[key]; !ran {
		return fmt.Errorf("%s: %w", method, ErrNotRun)
	}
	return nil
}

// Total returns how many rows a list command could return over all its pages,
// zero when the portal does not say.
func (r *BatchResult) Total(key string) int { return int(r.wire.Total[key]) }

// Next returns the start of a list command's next page, zero on the last one.
func (r *BatchResult) Next(key string) int { return int(r.wire.Next[key]) }

// refusal returns the error of a command, or nil.
func (r *BatchResult) refusal(key string) *Error {
	raw, failed := r.wire.Error[key]
	if !failed {
		return nil
	}
	err := decodeError(raw, r.token().secrets()...)
	err.Method = r.methods[key]
	if err.OperatingResetAt.IsZero() && errors.Is(err, ErrOperationTimeLimit) {
		err.OperatingResetAt = r.wire.Time[key].ResetAt.Time
	}
	return err
}

// Batch runs b. The error concerns the request as a whole; those of single
// commands are in the result. Unless b.Reads is set the batch counts as a
// write, see [Client.Call]. An empty batch is not sent.
// See https://apidocs.bitrix24.com/settings/how-to-call-rest-api/batch.html
func (c *Client) Batch(ctx context.Context, b *Batch) (*BatchResult, error) {
	if b.err != nil {
		return nil, fmt.Errorf("batch: %w", b.err)
	}
	r := &BatchResult{methods: make(map[string]string, len(b.commands)), read: b.Reads}
	if len(b.commands) == 0 {
		return r, nil
	}
	for _, command := range b.commands {
		r.methods[command.key] = command.method
	}
	o := &outgoing{Client: c, method: "batch", body: withAuth(b.body()), read: b.Reads}
	if err := c.do(ctx, o, &r.wire); err != nil {
		return nil, err
	}
	if r.wire.Result == nil && r.wire.Error == nil {
		return nil, lost(&Error{Method: "batch", Status: http.StatusOK, Page: true}, b.Reads)
	}
	r.token = sealed(o.token)
	gate := c.app.gate(c.endpoint)
	for key, method := range r.methods {
		if err := r.refusal(key); err != nil && errors.Is(err, ErrOperationTimeLimit) {
			gate.block(method, err.OperatingResetAt)
		} else {
			gate.note(method, r.wire.Time[key].ResetAt.Time)
		}
	}
	return r, nil
}
