package bitrix

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// callAndRead are the two ways to make a call.
var callAndRead = map[string]func(Viewer, context.Context) error{
	"call": func(v Viewer, ctx context.Context) error { return v.Call(ctx, "user.add", nil, nil) },
	"read": func(v Viewer, ctx context.Context) error { return v.Read(ctx, "user.add", nil, nil) },
}

func TestACallIsRepeatedOnlyWhereItDidNotRun(t *testing.T) {
	for name, c := range map[string]struct {
		reactions    []reaction
		calls, reads int   // requests made by Call and by Read
		call, read   error // nil: it succeeds in the end
	}{
		"too many requests, then well": {
			reactions: []reaction{refuses(503, "QUERY_LIMIT_EXCEEDED"), refuses(503, "query_limit_exceeded"), result("1")},
			calls:     3, reads: 3,
		},
		"too many requests for ever": {
			reactions: []reaction{refuses(503, "QUERY_LIMIT_EXCEEDED")},
			calls:     4, reads: 4, call: ErrTooManyRequests, read: ErrTooManyRequests,
		},
		"429 without a code, then well": {
			reactions: []reaction{says(429, "<h1>slow down</h1>"), result("1")},
			calls:     2, reads: 2,
		},
		"the portal cannot ask its authorisation server, then well": {
			reactions: []reaction{refuses(401, "CONNECTION_ERROR"), result("1")},
			calls:     2, reads: 2,
		},
		"the connection breaks, then well": {
			reactions: []reaction{breaks(), breaks(), result("1")},
			calls:     1, reads: 3, call: ErrOutcomeUnknown,
		},
		"the connection breaks for ever": {
			reactions: []reaction{breaks()},
			calls:     1, reads: 3, call: ErrOutcomeUnknown, read: ErrUnreachable,
		},
		"no answer in time, then well": {
			reactions: []reaction{stays(), result("1")},
			calls:     1, reads: 2, call: ErrOutcomeUnknown,
		},
		"an HTML page with status 500, then well": {
			reactions: []reaction{says(500, "<html>oops</html>"), result("1")},
			calls:     1, reads: 2, call: ErrOutcomeUnknown,
		},
		"a proxy that lost patience": {
			reactions: []reaction{says(408, "<h1>Request Timeout</h1>")},
			calls:     1, reads: 3, call: ErrOutcomeUnknown, read: ErrUnreachable,
		},
		"502 without a body for ever": {
			reactions: []reaction{says(502, "")},
			calls:     1, reads: 3, call: ErrOutcomeUnknown, read: ErrUnreachable,
		},
		"an internal error with a code, then well": {
			reactions: []reaction{refuses(500, "INTERNAL_SERVER_ERROR"), result("1")},
			calls:     1, reads: 2, call: ErrOutcomeUnknown,
		},
		"truncated JSON, then well": {
			reactions: []reaction{says(200, `{"result":{"id":`), result("1")},
			calls:     1, reads: 2, call: ErrOutcomeUnknown,
		},
		"an HTML page with status 200, then well": {
			reactions: []reaction{says(200, "<html>sign in</html>"), result("1")},
			calls:     1, reads: 2, call: ErrOutcomeUnknown,
		},
		"JSON without a result, then well": {
			reactions: []reaction{says(200, `{"time":{}}`), result("1")},
			calls:     1, reads: 2, call: ErrOutcomeUnknown,
		},
		"a page of something in front of the portal": {
			reactions: []reaction{says(403, "<html>blocked</html>")},
			calls:     1, reads: 1, call: ErrUnreachable, read: ErrUnreachable,
		},
		"blocked because of overload": {
			reactions: []reaction{refuses(503, "OVERLOAD_LIMIT")},
			calls:     1, reads: 1, call: ErrOverloaded, read: ErrOverloaded,
		},
		"the portal was deleted, with status 500": {
			reactions: []reaction{refuses(500, "PORTAL_DELETED")},
			calls:     1, reads: 1, call: ErrAppRemoved, read: ErrAppRemoved,
		},
		"a refusal": {
			reactions: []reaction{refuses(400, "ERROR_ARGUMENT")},
			calls:     1, reads: 1, call: ErrArgument, read: ErrArgument,
		},
		"a refusal with status 200": {
			reactions: []reaction{refuses(200, "ACCESS_DENIED")},
			calls:     1, reads: 1, call: ErrAccessDenied, read: ErrAccessDenied,
		},
		"JSON of a proxy that lost patience": {
			reactions: []reaction{says(408, `{"message":"Request Timeout"}`)},
			calls:     1, reads: 3, call: ErrOutcomeUnknown, read: ErrUnreachable,
		},
		"an expired token that cannot be renewed": {
			reactions: []reaction{refuses(401, "expired_token")},
			calls:     1, reads: 1, call: ErrExpiredToken, read: ErrExpiredToken,
		},
	} {
		for way, make := range callAndRead {
			t.Run(name+", "+way, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := portal(c.reactions...)
					err := make(viewerOf(p), t.Context())
					times, want := c.calls, c.call
					if way == "read" {
						times, want = c.reads, c.read
					}
					p.wantAsked(t, times)
					if !errors.Is(err, want) {
						t.Errorf("got error %v, want %v", err, want)
					}
					if way == "read" || want != ErrOutcomeUnknown {
						wantIsNot(t, err, ErrOutcomeUnknown)
					}
					if want == ErrOutcomeUnknown {
						wantIsNot(t, err, ErrUnreachable)
					}
					wantNoSecret(t, err)
				})
			})
		}
	}
}

func TestAWriteThatWasNeverSentIsNotUnknown(t *testing.T) {
	refused := func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	}
	err := viewerOf(portal(refused)).Call(t.Context(), "user.add", nil, nil)
	wantIs(t, err, ErrUnreachable)
	wantIsNot(t, err, ErrOutcomeUnknown)
}

func TestThePausesGrowAndTheWholePortalWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := refuses(503, "QUERY_LIMIT_EXCEEDED")
		p := portal(busy, busy, busy, result("1"))
		app := newApplication(p)
		v := app.Viewer(testEndpoint, StaticToken(testToken()))
		must(t, v.Call(t.Context(), "user.add", nil, nil))
		asked := p.wantAsked(t, 4)
		for i, least := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			if got := asked[i+1].at.Sub(asked[i].at); got < least || got > 2*least {
				t.Errorf("pause %d took %v, want at least %v", i, got, least)
			}
		}

		// Somebody else on the same portal finds the bucket empty.
		start := time.Now()
		app.gate(v.endpoint).pause(3 * time.Second)
		i := app.Installation(testEndpoint, StaticToken(testToken()))
		must(t, i.Read(t.Context(), "profile", nil, nil))
		must(t, i.Read(t.Context(), "profile", nil, nil))
		if got := time.Since(start); got < 3*time.Second || got > 5*time.Second {
			t.Errorf("two reads took %v, want them to wait for the pause", got)
		}
	})
}

func TestWaitingStopsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		p := portal(refuses(503, "QUERY_LIMIT_EXCEEDED"))
		err := viewerOf(p).Call(ctx, "user.add", nil, nil)
		wantIs(t, err, ErrTooManyRequests)
		p.wantAsked(t, 1)
		if time.Since(start) != 0 {
			t.Errorf("it waited %v although the deadline is too near", time.Since(start))
		}

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		err = viewerOf(portal(stays())).Call(ctx, "user.add", nil, nil)
		wantIs(t, err, ErrOutcomeUnknown)
		wantIs(t, err, context.Canceled)
	})
}

func TestTheOperatingLimit(t *testing.T) {
	limited := func(in time.Duration) reaction {
		return func(r *http.Request) (*http.Response, error) {
			at := time.Now().Add(in).Unix()
			return says(429, `{"error":"OPERATION_TIME_LIMIT","error_description":"Method is blocked due to operation time limit.",
				"time":{"operating_reset_at":`+itoa(at)+`}}`)(r)
		}
	}
	t.Run("a short wait is waited", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := portal(limited(5*time.Second), result("1"))
			must(t, viewerOf(p).Call(t.Context(), "user.add", nil, nil))
			asked := p.wantAsked(t, 2)
			if got := asked[1].at.Sub(asked[0].at); got < 4*time.Second || got > 5*time.Second {
				t.Errorf("waited %v, want until the reset", got)
			}
		})
	})
	t.Run("a short one is waited by everybody", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := portal(limited(15*time.Second), result("1"))
			v := viewerOf(p)
			wantIs(t, v.Call(t.Context(), "user.add", nil, nil), ErrOperationTimeLimit)
			time.Sleep(10 * time.Second)
			begun := time.Now()
			must(t, v.Call(t.Context(), "user.add", nil, nil))
			if waited := time.Since(begun); waited < 4*time.Second || waited > 5*time.Second {
				t.Errorf("waited %v, want until the reset", waited)
			}
			p.wantAsked(t, 2)
		})
	})
	t.Run("a wait beyond the deadline is not", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			p := portal(limited(5*time.Second), result("1"))
			wantIs(t, viewerOf(p).Call(ctx, "user.add", nil, nil), ErrOperationTimeLimit)
			p.wantAsked(t, 1)
		})
	})
	t.Run("after a long one the method is left alone until then, and no other", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := portal(limited(2*time.Minute), result("1"))
			v := viewerOf(p)
			err := v.Call(t.Context(), "user.add", nil, nil)
			refusal, ok := errors.AsType[*Error](err)
			if !ok || time.Until(refusal.OperatingResetAt).Round(time.Minute) != 2*time.Minute {
				t.Fatalf("got %v, want an error that tells when the limit ends", err)
			}
			again := v.Call(t.Context(), "User.Add", nil, nil)
			wantIs(t, again, ErrOperationTimeLimit)
			p.wantAsked(t, 1)
			must(t, v.Call(t.Context(), "user.delete", nil, nil))
			time.Sleep(2 * time.Minute)
			must(t, v.Call(t.Context(), "user.add", nil, nil))
			p.wantAsked(t, 3)
		})
	})
	t.Run("without a time the last one told counts", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			at := time.Now().Add(time.Minute).Unix()
			p := portal(
				says(200, `{"result":1,"time":{"operating_reset_at":`+itoa(at)+`}}`),
				refuses(429, "OPERATION_TIME_LIMIT"), result("1"),
			)
			v := viewerOf(p)
			must(t, v.Call(t.Context(), "user.add", nil, nil))
			wantIs(t, v.Call(t.Context(), "user.add", nil, nil), ErrOperationTimeLimit)
			wantIs(t, v.Call(t.Context(), "user.add", nil, nil), ErrOperationTimeLimit)
			p.wantAsked(t, 2)
		})
	})
	t.Run("a clock far ahead does not block for ever", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := portal(limited(1000*time.Hour), result("1"))
			v := viewerOf(p)
			wantIs(t, v.Call(t.Context(), "user.add", nil, nil), ErrOperationTimeLimit)
			time.Sleep(11 * time.Minute)
			must(t, v.Call(t.Context(), "user.add", nil, nil))
		})
	})
}

func TestAClientThatNobodyMadeSaysSo(t *testing.T) {
	for name, v := range map[string]Viewer{
		"zero": {}, "of a zero client": {&Client{}}, "without tokens": newApplication(portal(result("1"))).Viewer(testEndpoint, nil),
	} {
		if err := v.Call(t.Context(), "user.add", nil, nil); err == nil {
			t.Errorf("%s: called", name)
		}
		if _, err := v.Batch(t.Context(), reads("profile")); err == nil {
			t.Errorf("%s: ran a batch", name)
		}
	}
}

// reads is a batch of one command that reads.
func reads(method string) *Batch {
	b := &Batch{Reads: true}
	b.Add("one", method, nil)
	return b
}

func TestWhatCannotBeSentIsNotSent(t *testing.T) {
	p := portal(result("1"))
	v := viewerOf(p)
	for name, err := range map[string]error{
		"a method that leaves the path":    v.Call(t.Context(), "../../admin", nil, nil),
		"a method with a query":            v.Call(t.Context(), "profile?x=1", nil, nil),
		"no method":                        v.Call(t.Context(), "", nil, nil),
		"a parameter of the client's own":  v.Call(t.Context(), "profile", Params{"auth": "x"}, nil),
		"a reference outside of a batch":   v.Call(t.Context(), "profile", Params{"ID": Ref("$result[a]")}, nil),
		"a parameter without a JSON form":  v.Call(t.Context(), "profile", Params{"ID": make(chan int)}, nil),
		"an address that is no address":    newApplication(p).Viewer("acme.example", StaticToken(testToken())).Call(t.Context(), "profile", nil, nil),
		"an address with a query":          newApplication(p).Viewer("https://acme.example/rest/?x=1", StaticToken(testToken())).Call(t.Context(), "profile", nil, nil),
		"an address with a password in it": newApplication(p).Viewer("https://a:b@acme.example/", StaticToken(testToken())).Call(t.Context(), "profile", nil, nil),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	p.wantAsked(t, 0)
}

func TestAResultThatMakesNoSenseLeavesAWriteUnknown(t *testing.T) {
	var id ChatID
	p := portal(result(`"chat"`))
	wantIs(t, viewerOf(p).Call(t.Context(), "user.add", nil, &id), ErrOutcomeUnknown)
	wantIs(t, viewerOf(p).Read(t.Context(), "user.get", nil, &id), ErrUnreachable)
}

func TestATokenInThePortalsWordsIsHidden(t *testing.T) {
	p := portal(says(400, `{"error":"BAD_`+testAccess+`","error_description":"token `+testAccess+` is\nbad","argument":"`+testAccess+`"}`))
	err := viewerOf(p).Call(t.Context(), "user.add", nil, nil)
	wantNoSecret(t, err)
	if strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("the error has lines: %q", err)
	}
}

// A new token would start the administrator's approval anew.
// See https://apidocs.bitrix24.com/api-reference/scopes/confirmation.html
func TestATokenThatWaitsForApprovalIsNotRenewed(t *testing.T) {
	for status, code := range map[int]string{401: "METHOD_CONFIRM_WAITING", 403: "METHOD_CONFIRM_DENIED"} {
		p := portal(refuses(status, code))
		app := newApplication(p)
		err := app.Viewer(testEndpoint, app.Renewing(testToken(), nil)).Call(t.Context(), "user.add", nil, nil)
		if refusal, ok := errors.AsType[*Error](err); !ok || refusal.Code != code || refusal.Status != status {
			t.Errorf("got %v, want the portal's own code", err)
		}
		p.wantAsked(t, 1)
	}
}

func TestATokenThatIsCutOffInTheMiddleIsHidden(t *testing.T) {
	long := strings.Repeat("x", 290) + testAccess
	p := portal(
		says(400, `{"error":"A","error_description":"`+long+`"}`),
		says(400, `{"error":{"code":"`+long+`","message":"`+long+`"}}`),
		result(`{"result":[],"result_error":{"one":{"error":"A","error_description":"`+long+`"}}}`),
	)
	v := viewerOf(p)
	batch := func() error {
		r, err := v.Batch(t.Context(), reads("profile"))
		must(t, err)
		return r.Err("one")
	}
	for _, err := range []error{v.Call(t.Context(), "user.add", nil, nil), v.Call(t.Context(), "user.add", nil, nil), batch()} {
		if err == nil || strings.Contains(err.Error(), testAccess[:6]) {
			t.Errorf("the error shows the beginning of the token: %v", err)
		}
	}
}
