package commands

import (
	"context"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// stop ends the process as an operator does, and waits for its end.
func (h *hazard) stop(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	must(t, h.joined.Process.Signal(syscall.SIGTERM))
	if err := h.joined.Wait(); err != nil {
		t.Errorf("the process ended with %v", err)
	}
	h.joined = nil
}

func TestAStopWaitsForARenewalThatNobodyWaitsForAnyMore(t *testing.T) {
	databases(t, func(t *testing.T, h *hazard) {
		h.start(t)
		h.open(t, 1, "DEFAULT", "")
		must(t, h.FinishInstall(h.keys.ClientID))
		h.ExpireTokens(1)
		h.Fail(bitrixtest.Fault{Method: "oauth/token", Kind: bitrixtest.FaultSlow, Applied: true, Delay: 700 * time.Millisecond})

		// The administrator opens the application, whose token has expired, and
		// closes the page as soon as the old pair is spent.
		ctx, leave := context.WithCancel(t.Context())
		l := h.Launch(h.keys.ClientID, 1, "DEFAULT", "")
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.URL, strings.NewReader(l.Form.Encode()))
		must(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", h.URL())
		left := make(chan error, 1)
		go func() {
			answer, err := bitrixtest.HTTPClient().Do(r)
			if err == nil {
				answer.Body.Close()
			}
			left <- err
		}()
		for begun, tick := time.Now(), time.Tick(time.Millisecond); h.Refreshes() == 0; <-tick {
			if time.Since(begun) > 20*time.Second {
				t.Fatal("the token is not renewed")
			}
		}
		leave()
		if err := <-left; err == nil {
			t.Fatal("the page was answered before anybody could leave: this shows nothing")
		}
		h.stop(t)

		h.start(t)
		if _, page := h.open(t, 1, "DEFAULT", ""); !strings.Contains(page, "Joinline is ready") {
			t.Errorf("the new pair was lost:\n%s", page)
		}
	})
}
