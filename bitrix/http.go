package bitrix

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// maxBody is the largest answer that is read, after decompression.
const maxBody = 8 << 20

var errTooLarge = errors.New("the answer is larger than 8 MiB")

// post is one HTTP request.
type post struct {
	target      *url.URL
	contentType string
	body        []byte
	timeout     time.Duration
	secrets     []Secret // to be kept out of errors
}

// reply is an HTTP answer other than a redirect, read to its end.
type reply struct {
	status int
	body   []byte
}

// lostReply is a request that got no readable answer. Its text holds no address
// and no secret, though net/http quotes what it cannot read.
type lostReply struct {
	sent bool // the request may have reached the server
	text string
	err  error
}

func (l *lostReply) Error() string { return l.text }
func (l *lostReply) Unwrap() error { return l.err }

// lostTo tells why p got no readable answer.
func (p post) lostTo(ctx context.Context, err error, sent bool) *lostReply {
	err = plainCause(ctx, err, p.timeout)
	return &lostReply{sent: sent, text: oneLine(err.Error(), p.secrets...), err: err}
}

// send makes one attempt. The error is a *lostReply or a *MovedError.
func (a *Application) send(ctx context.Context, p post) (reply, error) {
	var traced, written atomic.Bool
	attempt, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	attempt = httptrace.WithClientTrace(attempt, &httptrace.ClientTrace{
		GetConn:      func(string) { traced.Store(true) },
		WroteHeaders: func() { written.Store(true) },
	})
	req, err := http.NewRequestWithContext(attempt, http.MethodPost, p.target.String(), bytes.NewReader(p.body))
	if err != nil {
		return reply{}, p.lostTo(ctx, errors.New("the address cannot be used"), false)
	}
	req.Header.Set("Content-Type", p.contentType)
	req.Header.Set("Accept", "application/json")
	// Named here, so that the transport leaves it to us to unpack the answer
	// and to stop in time.
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", cmp.Or(a.UserAgent, "joinline-bitrix/1"))

	resp, err := a.client().Do(req)
	if err != nil {
		// A transport without traces may have sent it for all we know.
		sent := (written.Load() || !traced.Load()) && !isDial(err)
		return reply{}, p.lostTo(ctx, err, sent)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return reply{}, &MovedError{Host: redirectHost(p.target, resp.Header.Get("Location"))}
	}
	body, err := readBody(resp)
	if err != nil {
		return reply{}, p.lostTo(ctx, err, true)
	}
	return reply{status: resp.StatusCode, body: body}, nil
}

func readBody(resp *http.Response) ([]byte, error) {
	var r io.Reader = resp.Body
	switch strings.ToLower(resp.Header.Get("Content-Encoding")) {
	case "", "identity":
	case "gzip":
		unpacked, err := gzip.NewReader(resp.Body)
		if err != nil {
			return nil, fmt.Errorf("unpacking the answer: %w", err)
		}
		r = unpacked
	default:
		return nil, errors.New("the answer is packed in an unknown way")
	}
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if len(body) > maxBody {
		return nil, errTooLarge
	}
	// Self-hosted portals with a stray byte order mark in a PHP file send it along.
	return bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), nil
}

// client returns the HTTP client to use: the caller's, without its cookies,
// which would mix up people, and without redirects, which would carry tokens
// to strangers.
func (a *Application) client() *http.Client {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.http == nil {
		a.http = &http.Client{
			Transport:     a.transport(),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		if a.HTTPClient != nil {
			a.http.Timeout = a.HTTPClient.Timeout
		}
	}
	return a.http
}

// transport is called with mu held.
func (a *Application) transport() http.RoundTripper {
	if a.HTTPClient != nil && a.HTTPClient.Transport != nil {
		return a.HTTPClient.Transport
	}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       30 * time.Second, // below that of common servers
		ExpectContinueTimeout: time.Second,

		MaxResponseHeaderBytes: 64 << 10,
	}
}

// isDial reports whether the connection was never made.
func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// plainCause strips the address from err, and tells our own time limit, which is
// os.ErrDeadlineExceeded, from the caller's.
func plainCause(ctx context.Context, err error, limit time.Duration) error {
	for {
		var withURL *url.Error
		if !errors.As(err, &withURL) {
			break
		}
		err = withURL.Err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %v: %w", limit, os.ErrDeadlineExceeded)
	}
	return err
}

// redirectHost returns the host that location names, and nothing else of it.
func redirectHost(from *url.URL, location string) string {
	to, err := from.Parse(location)
	if err != nil || location == "" {
		return ""
	}
	return strings.ToLower(to.Host)
}

// parseEndpoint checks a REST address and gives it its final slash.
func parseEndpoint(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("the REST address is no absolute http or https address")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return nil, errors.New("the REST address holds more than a host and a path")
	}
	if !strings.HasSuffix(u.Path, "/") {
		u.Path += "/"
	}
	return u, nil
}

// origin returns scheme and host of an address, in lower case, or nothing.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return ""
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}
