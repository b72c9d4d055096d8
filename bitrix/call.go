package bitrix

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	// maxBusy is how often a call is repeated because of QUERY_LIMIT_EXCEEDED,
	// maxLost how often a read is because its answer was lost.
	maxBusy = 4
	maxLost = 2

	readTimeout  = 15 * time.Second
	writeTimeout = 65 * time.Second // the portal cuts a request off after about 60 s
)

// call makes one call of a method with its parameters.
func (c *Client) call(ctx context.Context, method string, params Params, result any, read bool) error {
	if !methodName.MatchString(method) {
		return fmt.Errorf("%q is no REST method", method)
	}
	body, err := encodeBody(params)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	return c.do(ctx, method, body, result, read)
}

// do sends a request until it has run once, or must not be sent again. The
// question before every repetition is whether the call may have run.
func (c *Client) do(ctx context.Context, method string, body func(access Secret) []byte, result any, read bool) error {
	if c.err != nil {
		return fmt.Errorf("%s: %w", method, c.err)
	}
	token, err := c.tokens.Token(ctx)
	if err != nil {
		return fmt.Errorf("%s: the token: %w", method, err)
	}
	var renewed bool
	for busy, lost := 0, 0; ; {
		answer, err := c.attempt(ctx, method, body(token.Access), read)
		switch {
		case err == nil:
			if err := decodeResult(answer.result, result); err != nil {
				return undecoded(method, err, read)
			}
			return nil
		case errors.Is(err, ErrExpiredToken) && !renewed:
			renewed = true
			if token, err = c.tokens.Renew(ctx, token); err != nil {
				return fmt.Errorf("%s: renewing the token: %w", method, err)
			}
		case errors.Is(err, ErrTooManyRequests) && busy < maxBusy && told(err):
			c.app.gate(c.endpoint).pause(backoff(time.Second, busy))
			busy++
		case errors.Is(err, ErrConnection) && busy < maxBusy:
			// The portal could not ask its authorisation server: the call did not run.
			if sleep(ctx, backoff(time.Second, busy)) != nil {
				return err
			}
			busy++
		case read && errors.Is(err, ErrUnreachable) && lost < maxLost && ctx.Err() == nil:
			if sleep(ctx, backoff(250*time.Millisecond, lost)) != nil {
				return err
			}
			lost++
		default:
			return err
		}
	}
}

// undecoded is a result that makes no sense. A write has run all the same.
func undecoded(method string, err error, read bool) error {
	if read {
		return fmt.Errorf("%s: %w: %w", method, ErrUnreachable, err)
	}
	return fmt.Errorf("%s: %w: %w", method, ErrOutcomeUnknown, err)
}

// told reports whether the portal itself spoke, not our own limiter.
func told(err error) bool {
	var refusal *Error
	return errors.As(err, &refusal) && refusal.Status != 0
}

// attempt sends a request once.
func (c *Client) attempt(ctx context.Context, method string, body []byte, read bool) (answer, error) {
	gate := c.app.gate(c.endpoint)
	if err := gate.pass(ctx, method); err != nil {
		return answer{}, err
	}
	timeout := cmp.Or(c.app.Timeouts.Write, writeTimeout)
	if read {
		timeout = cmp.Or(c.app.Timeouts.Read, readTimeout)
	}
	r, err := c.app.send(ctx, post{
		target: c.endpoint.JoinPath(method + ".json"), contentType: "application/json", body: body, timeout: timeout,
	})
	if err != nil {
		return answer{}, lostOr(method, err, read)
	}
	a, err := decodeAnswer(method, r.status, r.body)
	if err == nil {
		gate.note(method, a.resetAt)
		return a, nil
	}
	var refusal *Error
	if errors.As(err, &refusal) && errors.Is(err, ErrOperationTimeLimit) {
		refusal.OperatingResetAt = gate.block(method, refusal.OperatingResetAt)
	}
	if refusal != nil && mayHaveRun(refusal) {
		if read {
			return answer{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		return answer{}, fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	return answer{}, err
}

// mayHaveRun reports whether a refusal leaves open what happened: a page
// instead of JSON, or trouble of the server without a code that rules it out.
func mayHaveRun(e *Error) bool {
	if e.Page {
		return true
	}
	if errors.Is(e, ErrTooManyRequests) || errors.Is(e, ErrOverloaded) || errors.Is(e, ErrAppRemoved) {
		return false
	}
	return e.Status >= http.StatusInternalServerError
}

// lostOr turns the error of a request without an answer into what it means.
func lostOr(method string, err error, read bool) error {
	var lost *lostReply
	if !errors.As(err, &lost) {
		return fmt.Errorf("%s: %w", method, err)
	}
	if lost.sent && !read {
		return fmt.Errorf("%s: %w: %w", method, ErrOutcomeUnknown, lost.err)
	}
	return fmt.Errorf("%s: %w: %w", method, ErrUnreachable, lost.err)
}
