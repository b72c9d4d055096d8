package bitrix

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const (
	secondAccess  = "second0access0123456789access01234"
	secondRefresh = "second0refresh0123456789refresh012"
	thirdAccess   = "third00access0123456789access01234"
	thirdRefresh  = "third00refresh0123456789refresh012"
)

// store is where renewed pairs are kept.
type store struct {
	mu    sync.Mutex
	saved []Token
	err   error
	wait  time.Duration
}

func (s *store) save(ctx context.Context, old, renewed Token) error {
	time.Sleep(s.wait)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if s.err != nil {
		return s.err
	}
	s.saved = append(s.saved, renewed)
	return nil
}

// refreshes counts the questions to the token endpoint.
func refreshes(p *script) int {
	n := 0
	for _, q := range p.questions() {
		if q.method == "token" {
			n++
		}
	}
	return n
}

func (s *store) held() []Token {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Token(nil), s.saved...)
}

func TestAnExpiredTokenIsRenewedSavedAndUsed(t *testing.T) {
	p := portal(refuses(401, "EXPIRED_TOKEN"), tokens(secondAccess, secondRefresh), result("1"))
	var s store
	app := newApplication(p)
	v := app.Viewer(testEndpoint, app.Renewing(testToken(), func(ctx context.Context, old, renewed Token) error {
		if n := len(p.questions()); n != 2 {
			t.Errorf("saved after %d requests, want it to be before the new token is used", n)
		}
		if old.Refresh != testRefresh {
			t.Error("the old pair is not the one that was traded")
		}
		return s.save(ctx, old, renewed)
	}))
	must(t, v.Call(t.Context(), "user.add", Params{"ID": 1}, nil))

	asked := p.wantAsked(t, 3)
	if asked[1].host != "oauth.example" {
		t.Errorf("refreshed at %s", asked[1].host)
	}
	form, err := url.ParseQuery(asked[1].raw)
	must(t, err)
	if form.Get("grant_type") != "refresh_token" || form.Get("refresh_token") != testRefresh || form.Get("client_id") == "" || form.Get("client_secret") == "" {
		t.Errorf("got form %v", form)
	}
	if asked[2].params["auth"] != secondAccess || asked[2].params["ID"] != 1.0 {
		t.Errorf("repeated with %v", asked[2].params)
	}
	saved := s.held()
	if len(saved) != 1 || saved[0].Access != secondAccess || saved[0].Refresh != secondRefresh {
		t.Fatalf("saved %d pairs", len(saved))
	}
	if saved[0].UserID != 15 || saved[0].MemberID != testMember || saved[0].Endpoint != testEndpoint || saved[0].Server != testServer {
		t.Errorf("the saved pair lacks whose it is: %+v", saved[0])
	}
	if left := time.Until(saved[0].Expiry); left < 59*time.Minute || left > time.Hour {
		t.Errorf("expires in %v, want an hour by our own clock", left)
	}

	must(t, v.Call(t.Context(), "user.add", nil, nil))
	p.wantAsked(t, 4)
}

func TestATokenIsRenewedOncePerCall(t *testing.T) {
	p := portal(refuses(401, "expired_token"), tokens(secondAccess, secondRefresh), refuses(401, "expired_token"))
	app := newApplication(p)
	err := app.Viewer(testEndpoint, app.Renewing(testToken(), nil)).Call(t.Context(), "user.add", nil, nil)
	wantIs(t, err, ErrExpiredToken)
	p.wantAsked(t, 3)
}

func TestManyWhoHoldTheSamePairShareOneRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal(after(time.Second, tokens(secondAccess, secondRefresh)))
		app, s := newApplication(p), &store{wait: time.Second}
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				got, err := app.Renewing(testToken(), s.save).Renew(t.Context(), testToken())
				if err != nil || got.Access != secondAccess {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		// One that comes later with the old pair, as read from a store before.
		got, err := app.Renewing(testToken(), s.save).Renew(t.Context(), testToken())
		must(t, err)
		if got.Access != secondAccess {
			t.Error("the late one got another pair")
		}
		p.wantAsked(t, 1)
		if n := len(s.held()); n != 1 {
			t.Errorf("saved %d times, want once", n)
		}
	})
}

func TestARefreshGoesOnWhenNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal(after(5*time.Second, tokens(secondAccess, secondRefresh)))
		app, s := newApplication(p), &store{}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := app.Renewing(testToken(), s.save).Renew(ctx, testToken())
		wantIs(t, err, context.DeadlineExceeded)
		wantIsNot(t, err, ErrOutcomeUnknown)
		if got := time.Since(start); got != time.Second {
			t.Errorf("left after %v, want after its own second", got)
		}
		time.Sleep(10 * time.Second)
		if saved := s.held(); len(saved) != 1 || saved[0].Access != secondAccess {
			t.Errorf("the rotated pair was not saved: %d", len(saved))
		}
		p.wantAsked(t, 1)
	})
}

func TestAPairThatCannotBeSavedIsNotUsedAndNotLost(t *testing.T) {
	p := portal(refuses(401, "expired_token"), tokens(secondAccess, secondRefresh), refuses(401, "expired_token"), result("1"))
	app := newApplication(p)
	full := errors.New("the disk is full")
	s := &store{err: full}
	source := app.Renewing(testToken(), s.save)
	v := app.Viewer(testEndpoint, source)
	wantIs(t, v.Call(t.Context(), "user.add", nil, nil), full)
	p.wantAsked(t, 2)

	s.err = nil
	must(t, v.Call(t.Context(), "user.add", nil, nil))
	if refreshes(p) != 1 {
		t.Errorf("refreshed %d times, want once: the old token is spent", refreshes(p))
	}
	if saved := s.held(); len(saved) != 1 || saved[0].Refresh != secondRefresh {
		t.Errorf("got %d saved pairs", len(saved))
	}
}

func TestASourceWithASaverSavesWhatOneWithoutRefreshed(t *testing.T) {
	p := portal(tokens(secondAccess, secondRefresh))
	app, s := newApplication(p), &store{}
	_, err := app.Renewing(testToken(), nil).Renew(t.Context(), testToken())
	must(t, err)
	for range 2 {
		_, err = app.Renewing(testToken(), s.save).Renew(t.Context(), testToken())
		must(t, err)
	}
	p.wantAsked(t, 1)
	if n := len(s.held()); n != 1 {
		t.Errorf("saved %d times, want once", n)
	}
}

func TestARefusedRefreshTokenIsNotPresentedAgain(t *testing.T) {
	p := portal(refuses(400, "invalid_grant"))
	app := newApplication(p)
	for range 3 {
		_, err := app.Renewing(testToken(), nil).Renew(t.Context(), testToken())
		wantIs(t, err, ErrInvalidGrant)
		wantNoSecret(t, err)
	}
	p.wantAsked(t, 1)

	other := testToken()
	other.Refresh = secondRefresh
	_, err := app.Renewing(other, nil).Renew(t.Context(), other)
	wantIs(t, err, ErrInvalidGrant)
	p.wantAsked(t, 2)
}

func TestTroubleOfTheServerIsNotRemembered(t *testing.T) {
	p := portal(says(502, "<html>"), breaks(), refuses(400, "invalid_client"), tokens(secondAccess, secondRefresh))
	app := newApplication(p)
	source := app.Renewing(testToken(), nil)
	for _, want := range []error{ErrUnreachable, ErrUnreachable, ErrInvalidClient} {
		_, err := source.Renew(t.Context(), testToken())
		wantIs(t, err, want)
		wantIsNot(t, err, ErrOutcomeUnknown)
		wantNoSecret(t, err)
	}
	_, err := source.Renew(t.Context(), testToken())
	must(t, err)
}

func TestAnOldPairLeadsToTheNewestOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal(tokens(secondAccess, secondRefresh), tokens(thirdAccess, thirdRefresh))
		app, s := newApplication(p), &store{}
		_, err := app.Renewing(testToken(), s.save).Renew(t.Context(), testToken())
		must(t, err)
		time.Sleep(2 * time.Hour)
		got, err := app.Renewing(testToken(), s.save).Renew(t.Context(), testToken())
		must(t, err)
		if got.Access != thirdAccess {
			t.Error("the expired second pair was handed out")
		}
		if saved := s.held(); len(saved) != 2 || saved[1].Refresh != thirdRefresh {
			t.Errorf("got %d saved pairs", len(saved))
		}
	})
}

func TestWithoutARefreshTokenAnExpiredOneStaysExpired(t *testing.T) {
	p := portal(result("1"))
	app, bare := newApplication(p), testToken()
	bare.Refresh = ""
	_, err := app.Renewing(bare, nil).Renew(t.Context(), bare)
	wantIs(t, err, ErrExpiredToken)
	p.wantAsked(t, 0)
}

func TestAPairOfSomebodyElseIsNotTaken(t *testing.T) {
	p := portal(tokens(secondAccess, secondRefresh))
	app, s := newApplication(p), &store{}
	other := testToken()
	other.MemberID = "ffffffffffffffffffffffffffffffff"
	_, err := app.Renewing(other, s.save).Renew(t.Context(), other)
	wantIs(t, err, ErrForeignToken)
	if n := len(s.held()); n != 0 {
		t.Errorf("saved %d foreign pairs", n)
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	app := newApplication(nil)
	for i := range 3 * maxRemembered {
		old := Token{Refresh: Secret(itoa(int64(i)))}
		app.remember(old, renewal{saved: true})
		app.rememberRefusal(old, ErrInvalidGrant)
	}
	if n := len(app.renewed) + len(app.refused); n > 2*maxRemembered {
		t.Errorf("%d are remembered, want at most %d", n, 2*maxRemembered)
	}
}
