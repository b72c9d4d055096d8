package bitrix

import (
	"context"
	"errors"
	"fmt"
	"net/url"
)

// Params are the parameters of a method. Nested maps and slices are sent as
// JSON by a single call and in PHP's bracket notation inside a batch.
type Params = map[string]any

// Client makes calls to one portal with the tokens of one person. Use it as a
// [Viewer] or an [Installation]. It is safe for concurrent use.
type Client struct {
	app      *Application
	endpoint *url.URL
	tokens   TokenSource
	err      error // of the address; every call returns it
}

// Format writes the host of the portal only.
func (c Client) Format(f fmt.State, _ rune) {
	host := "no portal"
	if c.endpoint != nil {
		host = c.endpoint.Host
	}
	_, _ = fmt.Fprintf(f, "bitrix.Client(%s)", host)
}

// usable tells what is wrong with c itself.
func (c *Client) usable() error {
	switch {
	case c == nil || c.app == nil:
		return errors.New("the client was not made by an Application")
	case c.tokens == nil:
		return errors.New("the client has no token source")
	}
	return c.err
}

// newClient keeps what is wrong with the address for the first call.
func newClient(a *Application, endpoint string, ts TokenSource) *Client {
	u, err := parseEndpoint(endpoint)
	return &Client{app: a, endpoint: u, tokens: ts, err: err}
}

// Viewer acts as the employee who opened the page.
type Viewer struct{ *Client }

// Installation acts as the administrator who installed the application.
type Installation struct{ *Client }

// Viewer returns a client that acts as the person whose tokens ts yields, on
// the portal with the REST address endpoint. That address must be a proven one:
// of [Application.Inspect], or stored after such a proof.
func (a *Application) Viewer(endpoint string, ts TokenSource) Viewer {
	return Viewer{newClient(a, endpoint, ts)}
}

// Installation returns a client that acts for the installation; see
// [Application.Viewer] about endpoint.
func (a *Application) Installation(endpoint string, ts TokenSource) Installation {
	return Installation{newClient(a, endpoint, ts)}
}

// Call makes one call that may change something and decodes what it returned
// into result, unless that is nil. It is repeated only when the portal said
// that it did not run: after QUERY_LIMIT_EXCEEDED with a pause, and once after
// expired_token with a renewed token. Errors to test for: *[Error] and its
// sentinels, [ErrOutcomeUnknown], [ErrUnreachable], [ErrMoved].
func (c *Client) Call(ctx context.Context, method string, params Params, result any) error {
	return c.call(ctx, method, params, result, false)
}

// Read makes one call that changes nothing. It is repeated like [Client.Call],
// and also after network failures and 5xx answers without a code. It never
// fails with [ErrOutcomeUnknown].
func (c *Client) Read(ctx context.Context, method string, params Params, result any) error {
	return c.call(ctx, method, params, result, true)
}
