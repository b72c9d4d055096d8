package commands

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// served runs the server around a handler and returns its address.
func served(t *testing.T, h http.HandlerFunc, p patience) string {
	t.Helper()
	l, err := listen("127.0.0.1:0", "this test")
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(h, slog.New(slog.DiscardHandler), p)
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the server ended with %v", err)
		}
	})
	return l.Addr().String()
}

// client connects and sends a text, which may be half of a request.
func client(t *testing.T, address, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil { // no test hangs
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

// readForm answers once the whole form has come.
func readForm(w http.ResponseWriter, r *http.Request) {
	if _, err := io.ReadAll(r.Body); err != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
}

// The halves of requests at which a client may stop.
const (
	halfAHeader = "POST /card HTTP/1.1\r\nHost: joinline.localhost\r\nX-Slow: "
	halfABody   = "POST /card HTTP/1.1\r\nHost: joinline.localhost\r\nContent-Length: 1000\r\n\r\nvisit="
	whole       = "GET / HTTP/1.1\r\nHost: joinline.localhost\r\n\r\n"
)

func TestAttackManySlowClients(t *testing.T) {
	address := served(t, readForm, usualPatience)
	for range 100 {
		client(t, address, halfAHeader)
		client(t, address, halfABody)
	}
	answer, err := http.ReadResponse(bufio.NewReader(client(t, address, whole)), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("whoever is not slow got %s", answer.Status)
	}
}

func TestAttackAClientThatNeverEnds(t *testing.T) {
	short := 50 * time.Millisecond
	for name, c := range map[string]struct {
		sent string
		p    patience
	}{
		"its headers":      {halfAHeader, patience{header: short, request: time.Hour, answer: time.Hour, idle: time.Hour}},
		"its form":         {halfABody, patience{header: time.Hour, request: short, answer: time.Hour, idle: time.Hour}},
		"its next request": {whole, patience{header: time.Hour, request: time.Hour, answer: time.Hour, idle: short}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := client(t, served(t, readForm, c.p), c.sent)
			if _, err := io.Copy(io.Discard, conn); isTimeout(err) {
				t.Errorf("the connection is still open: %v", err)
			}
		})
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func TestAttackAClientThatDoesNotRead(t *testing.T) {
	gaveUp := make(chan error, 1)
	address := served(t, func(w http.ResponseWriter, _ *http.Request) {
		page := bytes.Repeat([]byte("x"), 1<<20)
		for {
			if _, err := w.Write(page); err != nil {
				gaveUp <- err
				return
			}
		}
	}, patience{header: time.Hour, request: time.Hour, answer: 100 * time.Millisecond, idle: time.Hour})
	client(t, address, whole)
	select {
	case <-gaveUp:
	case <-time.After(20 * time.Second):
		t.Fatal("the answer is still being written")
	}
}

func TestAttackHeadersWithoutEnd(t *testing.T) {
	address := served(t, readForm, usualPatience)
	conn := client(t, address, "GET / HTTP/1.1\r\nHost: joinline.localhost\r\nCookie: "+strings.Repeat("x", 2*maxHeader)+"\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %s", answer.Status)
	}
}

// TestNothingIsAnsweredPastTheHandlers: they alone guard their answers.
func TestNothingIsAnsweredPastTheHandlers(t *testing.T) {
	address := served(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Guarded", "yes") }, usualPatience)
	conn := client(t, address, "OPTIONS * HTTP/1.1\r\nHost: joinline.localhost\r\n\r\n")
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.Header.Get("X-Guarded") != "yes" {
		t.Errorf("answered by somebody else: %s %v", answer.Status, answer.Header)
	}
}

// stopping serves two handlers at once, as the demo does, until it is told to stop.
func stopping(t *testing.T, first, second http.HandlerFunc, p patience) (addresses [2]string, stop func(), ended chan error) {
	t.Helper()
	var services []service
	for i, h := range []http.HandlerFunc{first, second} {
		l, err := listen("127.0.0.1:0", "this test")
		if err != nil {
			t.Fatal(err)
		}
		services = append(services, service{l, h})
		addresses[i] = l.Addr().String()
	}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	ended = make(chan error, 1)
	go func() { ended <- serveAll(ctx, slog.New(slog.DiscardHandler), p, services...) }()
	return addresses, stop, ended
}

// refuses waits until nobody listens on an address any more.
func refuses(t *testing.T, address string) {
	t.Helper()
	for begun := time.Now(); ; {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return
		}
		c.Close()
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("%s still takes connections", address)
		}
	}
}

func TestAStopTakesNothingNewAndFinishesWhatRuns(t *testing.T) {
	t.Parallel()
	running, finish := make(chan struct{}), make(chan struct{})
	addresses, stop, ended := stopping(t, func(w http.ResponseWriter, r *http.Request) {
		close(running)
		<-finish
		if err := r.Context().Err(); err != nil {
			t.Errorf("the running request was told to end: %v", err)
		}
		io.WriteString(w, "done")
	}, http.NotFound, usualPatience)
	conn := client(t, addresses[0], whole)
	<-running
	stop()
	refuses(t, addresses[0])
	close(finish)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("the running request got no answer: %v", err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); string(body) != "done" {
		t.Errorf("the running request got %q, %v", body, err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the stop ended with %v", err)
	}
	refuses(t, addresses[1])
}

func TestAStopWaitsForARequestOnlySoLong(t *testing.T) {
	t.Parallel()
	running, left := make(chan struct{}), make(chan struct{})
	short := usualPatience
	short.stop = 50 * time.Millisecond
	addresses, stop, ended := stopping(t, func(_ http.ResponseWriter, r *http.Request) {
		close(running)
		<-r.Context().Done()
		close(left)
	}, http.NotFound, short)
	client(t, addresses[0], whole)
	<-running
	stop()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "still running 50ms after the stop") {
			t.Errorf("the stop ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the stop waits for ever")
	}
	select {
	case <-left:
	case <-time.After(20 * time.Second):
		t.Error("the request that was cut off still runs")
	}
}
