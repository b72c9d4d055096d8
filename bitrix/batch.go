package bitrix

import "context"

// MaxBatch is how many commands the portal runs in one batch.
const MaxBatch = 50

// Ref is a parameter inside a batch that the portal replaces with a value of an
// earlier command's result: Ref("$result[own][0][CHAT_ID]"). What is missing
// there becomes the empty string.
type Ref string

// Batch collects up to [MaxBatch] calls for one request. The portal runs them
// in the order they were added, with one token and in one process.
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
func (b *Batch) Add(key, method string, params Params) {}

// Len returns the number of commands.
func (b *Batch) Len() int { return len(b.commands) }

// BatchResult holds the answers to the commands of a batch.
type BatchResult struct{}

// Decode decodes what the command added under key returned into v. It returns
// the command's *[Error] when that failed and [ErrNotRun] when it was not run.
func (r *BatchResult) Decode(key string, v any) error { return errNotBuilt }

// Err returns what [BatchResult.Decode] would return before decoding.
func (r *BatchResult) Err(key string) error { return errNotBuilt }

// Batch runs b. The error concerns the request as a whole; those of single
// commands are in the result. Unless b.Reads is set the batch counts as a
// write, see [Client.Call].
// See https://apidocs.bitrix24.com/settings/how-to-call-rest-api/batch.html
func (c *Client) Batch(ctx context.Context, b *Batch) (*BatchResult, error) {
	return nil, errNotBuilt
}
