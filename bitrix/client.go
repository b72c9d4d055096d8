package bitrix

import "context"

// Params are the parameters of a method. Nested maps and slices are sent as
// JSON by a single call and in PHP's bracket notation inside a batch.
type Params = map[string]any

// Client makes calls to one portal with the tokens of one person. Use it as a
// [Viewer] or an [Installation]. It is safe for concurrent use.
type Client struct {
	app      *Application
	endpoint string
	tokens   TokenSource
}

// Viewer acts as the employee who opened the page.
type Viewer struct{ *Client }

// Installation acts as the administrator who installed the application.
type Installation struct{ *Client }

// Viewer returns a client that acts as the person whose tokens ts yields, on
// the portal with the REST address endpoint. That address must be a proven one:
// of [Application.Inspect], or stored after such a proof.
func (a *Application) Viewer(endpoint string, ts TokenSource) Viewer {
	return Viewer{&Client{app: a, endpoint: endpoint, tokens: ts}}
}

// Installation returns a client that acts for the installation; see
// [Application.Viewer] about endpoint.
func (a *Application) Installation(endpoint string, ts TokenSource) Installation {
	return Installation{&Client{app: a, endpoint: endpoint, tokens: ts}}
}

// Call makes one call that may change something and decodes what it returned
// into result, unless that is nil. It is repeated only when the portal said
// that it did not run: after QUERY_LIMIT_EXCEEDED with a pause, and once after
// expired_token with a renewed token. Errors to test for: *[Error] and its
// sentinels, [ErrOutcomeUnknown], [ErrUnreachable], [ErrMoved].
func (c *Client) Call(ctx context.Context, method string, params Params, result any) error {
	return errNotBuilt
}

// Read makes one call that changes nothing. It is repeated like [Client.Call],
// and also after network failures and 5xx answers without a code. It never
// fails with [ErrOutcomeUnknown].
func (c *Client) Read(ctx context.Context, method string, params Params, result any) error {
	return errNotBuilt
}
