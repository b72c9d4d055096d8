package bitrix

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAPortalThatDoesNotAnswerIsLeftAlone(t *testing.T) {
	for name, silence := range map[string]reaction{
		"broken connections": breaks(),
		"no answer in time":  stays(),
		"a proxy's page":     says(502, "<h1>bad gateway</h1>"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := portal(silence)
				v := viewerOf(p)
				for range maxSilent {
					_ = v.Call(t.Context(), "user.add", nil, nil)
				}
				p.wantAsked(t, maxSilent)
				begun := time.Now()
				for range 100 {
					err := v.Call(t.Context(), "user.add", nil, nil)
					wantIs(t, err, ErrUnreachable)
					wantIsNot(t, err, ErrOutcomeUnknown)
				}
				p.wantAsked(t, maxSilent)
				if took := time.Since(begun); took > 0 {
					t.Errorf("people waited %v to hear that", took)
				}
			})
		})
	}
}

func TestOneRequestFindsOutWhetherThePortalIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal(breaks())
		v := viewerOf(p)
		for range maxSilent {
			_ = v.Call(t.Context(), "user.add", nil, nil)
		}
		// Each rest is longer than the one before, up to a limit.
		for _, rest := range []time.Duration{1, 2, 4, 8, 10, 10} {
			before := len(p.questions())
			time.Sleep(rest*time.Second - time.Nanosecond)
			_ = v.Call(t.Context(), "user.add", nil, nil)
			p.wantAsked(t, before)
			time.Sleep(time.Nanosecond)
			_ = v.Call(t.Context(), "user.add", nil, nil)
			_ = v.Call(t.Context(), "user.add", nil, nil)
			p.wantAsked(t, before+1)
		}
		p.reacts(result("1"))
		time.Sleep(maxRest)
		for range 3 {
			must(t, v.Call(t.Context(), "user.add", nil, nil))
		}
	})
}

func TestARefusalIsAnAnswer(t *testing.T) {
	p := portal(refuses(403, "ACCESS_DENIED"))
	v := viewerOf(p)
	for range 3 * maxSilent {
		wantIs(t, v.Call(t.Context(), "user.add", nil, nil), ErrAccessDenied)
	}
	p.wantAsked(t, 3*maxSilent)
}

func TestPortalsDoNotShareTheirSilence(t *testing.T) {
	dead, alive := portal(breaks()), portal(result("1"))
	app := newApplication(byHost{"dead.example": dead, "alive.example": alive})
	for range 2 * maxSilent {
		_ = app.Viewer("https://dead.example/rest/", StaticToken(testToken())).Call(t.Context(), "user.add", nil, nil)
	}
	dead.wantAsked(t, maxSilent)
	must(t, app.Viewer("https://alive.example/rest/", StaticToken(testToken())).Call(t.Context(), "user.add", nil, nil))
}

func TestAnOverloadedPortalIsNotHammered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal(refuses(503, "OVERLOAD_LIMIT"))
		v := viewerOf(p)
		begun := time.Now()
		for range 10 * maxSilent {
			err := v.Read(t.Context(), "profile", nil, nil)
			wantIs(t, err, ErrOverloaded)
			wantIsNot(t, err, ErrUnreachable)
		}
		p.wantAsked(t, maxSilent)
		if took := time.Since(begun); took > 0 {
			t.Errorf("people waited %v to hear that", took)
		}
		p.reacts(result("1"))
		time.Sleep(maxRest)
		must(t, v.Read(t.Context(), "profile", nil, nil))
	})
}

func TestAnAuthorisationServerThatDoesNotAnswerIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := portal(says(502, "<h1>bad gateway</h1>"))
		app := newApplication(p)
		for range maxSilent {
			_, err := app.Refresh(t.Context(), testToken())
			wantIs(t, err, ErrUnreachable)
		}
		p.wantAsked(t, maxSilent)
		begun := time.Now()
		for range 100 {
			_, err := app.Renewing(testToken(), nil).Renew(t.Context(), testToken())
			wantIs(t, err, ErrUnreachable)
			_, err = app.Inspect(t.Context(), "", testAccess)
			wantIs(t, err, ErrUnreachable)
		}
		p.wantAsked(t, maxSilent)
		if took := time.Since(begun); took > 0 {
			t.Errorf("people waited %v to hear that", took)
		}
		p.reacts(tokens(secondAccess, secondRefresh))
		time.Sleep(maxRest)
		_, err := app.Renewing(testToken(), nil).Renew(t.Context(), testToken())
		must(t, err)
	})
}
