package bitrix

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// maxBusy is how often a call is repeated because the portal was busy,
	// maxLost how often a read is because its answer was lost.
	maxBusy = 3
	maxLost = 2

	readTimeout  = 15 * time.Second
	writeTimeout = 65 * time.Second // the portal cuts a request off after about 60 s
)

// outgoing is one call on its way, with what has been tried so far.
type outgoing struct {
	*Client
	method string
	body   func(access Secret) []byte
	read   bool

	token           Token
	busy, lost      int
	renewed, waited bool
}

// call makes one call of a method with its parameters.
func (c *Client) call(ctx context.Context, method string, params Params, result any, read bool) error {
	if !methodName.MatchString(method) {
		return fmt.Errorf("%q is no REST method", method)
	}
	body, err := encodeBody(params)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return c.do(ctx, &outgoing{Client: c, method: method, body: body, read: read}, result)
}

// do sends a request until it has run once, or must not be sent again.
func (c *Client) do(ctx context.Context, o *outgoing, result any) error {
	err := c.usable()
	if err != nil {
		return fmt.Errorf("%s: %w", o.method, err)
	}
	if o.token, err = c.tokens.Token(ctx); err != nil {
		return fmt.Errorf("%s: the token: %w", o.method, err)
	}
	for {
		answer, err := o.attempt(ctx)
		if err == nil {
			return o.decode(answer, result)
		}
		again, cause := o.again(ctx, err)
		if !again {
			return cmp.Or(cause, err)
		}
	}
}

// again prepares to send the request once more, after a pause where the portal
// needs one, and reports whether it may be sent. What decides is whether the
// call may have run. The second error, if any, is better than err.
func (o *outgoing) again(ctx context.Context, err error) (bool, error) {
	switch {
	case errors.Is(err, errNotSent):
		return false, nil
	case errors.Is(err, ErrExpiredToken) && !o.renewed:
		o.renewed = true
		token, err := o.tokens.Renew(ctx, o.token)
		if err != nil {
			return false, fmt.Errorf("%s: renewing the token: %w", o.method, err)
		}
		o.token = token
		return true, nil
	case errors.Is(err, ErrTooManyRequests) && o.busy < maxBusy:
		pause := backoff(time.Second, o.busy)
		o.busy++
		o.app.gate(o.endpoint).pause(pause)
		return sleep(ctx, pause) == nil, nil
	case errors.Is(err, ErrConnection) && o.busy < maxBusy:
		// The portal could not ask its authorisation server about the token.
		o.busy++
		return sleep(ctx, backoff(time.Second, o.busy-1)) == nil, nil
	case errors.Is(err, ErrOperationTimeLimit) && !o.waited:
		o.waited = true
		refusal, _ := errors.AsType[*Error](err)
		wait := time.Until(refusal.OperatingResetAt)
		return wait > 0 && wait <= maxOperatingWait && sleep(ctx, wait) == nil, nil
	case o.read && errors.Is(err, errLost) && o.lost < maxLost && ctx.Err() == nil:
		o.lost++
		return sleep(ctx, backoff(500*time.Millisecond, o.lost-1)) == nil, nil
	}
	return false, nil
}

// errLost marks what a read may be repeated after, errNotSent what the client
// itself held back. Neither is of use to callers.
var (
	errLost    = errors.New("the answer was lost")
	errNotSent = errors.New("not sent")
)

// attempt sends the request once.
func (o *outgoing) attempt(ctx context.Context) (answer, error) {
	gate := o.app.gate(o.endpoint)
	if err := gate.pass(ctx, o.method); err != nil {
		return answer{}, quiet{err, errNotSent}
	}
	timeout := cmp.Or(o.app.Timeouts.Write, writeTimeout)
	if o.read {
		timeout = cmp.Or(o.app.Timeouts.Read, readTimeout)
	}
	r, err := o.app.send(ctx, post{
		target:      o.endpoint.JoinPath(o.method),
		contentType: "application/json",
		body:        o.body(o.token.Access),
		timeout:     timeout,
		secrets:     o.token.secrets(),
	})
	if err != nil {
		if _, lost := errors.AsType[*lostReply](err); lost && ctx.Err() == nil {
			gate.circuit.failed(nil)
			gate.counts.note(func(t *Traffic) { t.Silent++ })
		}
		return answer{}, unanswered(o.method, err, o.read)
	}
	a, err := decodeAnswer(o.method, r.status, r.body, o.token.secrets()...)
	refusal, refused := errors.AsType[*Error](err)
	gate.circuit.heard(refusal)
	if refused {
		gate.counts.answered(err)
		if errors.Is(err, ErrOperationTimeLimit) {
			refusal.OperatingResetAt = gate.block(o.method, refusal.OperatingResetAt)
		}
		if refusal.mayHaveRun() {
			return answer{}, lost(err, o.read)
		}
		return answer{}, err
	}
	gate.note(o.method, a.resetAt)
	return a, nil
}

// decode decodes the result. A write whose result makes no sense did run, but
// nobody knows to what end.
func (o *outgoing) decode(a answer, result any) error {
	err := decodeResult(a.result, result)
	if err == nil {
		return nil
	}
	kind := ErrOutcomeUnknown
	if o.read {
		kind = ErrUnreachable
	}
	return fmt.Errorf("%s: %w: %w", o.method, kind, err)
}

// unanswered tells what it means that a request got no readable answer.
func unanswered(method string, err error, read bool) error {
	err = fmt.Errorf("%s: %w", method, err)
	reply, ok := errors.AsType[*lostReply](err)
	switch {
	case !ok:
		return err // it was redirected
	case read && errors.Is(err, errTooLarge):
		return fmt.Errorf("%w: %w", ErrUnreachable, err) // and would be again
	case reply.sent:
		return lost(err, read)
	}
	return quiet{fmt.Errorf("%w: %w", ErrUnreachable, err), errLost}
}

// lost is err of a call that may have run: of a write nobody knows, and a read
// has changed nothing.
func lost(err error, read bool) error {
	if read {
		return quiet{fmt.Errorf("%w: %w", ErrUnreachable, err), errLost}
	}
	return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
}

// quiet is an error with a mark that its text does not show.
type quiet struct{ err, mark error }

func (q quiet) Error() string        { return q.err.Error() }
func (q quiet) Unwrap() error        { return q.err }
func (q quiet) Is(target error) bool { return target == q.mark }
