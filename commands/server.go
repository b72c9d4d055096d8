package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

// service is a handler with the listener it answers on.
type service struct {
	listener net.Listener
	handler  http.Handler
}

// listen binds a TCP address; setting is how the person can change it.
func listen(address, setting string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use already: choose another address with %s", address, setting)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %q (set by %s): %w", address, setting, err)
	}
	return l, nil
}

// patience is how long a client may take for each step, and all of them once the
// program is to stop.
type patience struct{ header, request, answer, idle, stop time.Duration }

// usualPatience lets an answer take its time: the slowest page waits for adds,
// which the portal may take a minute for each.
var usualPatience = patience{header: 10 * time.Second, request: 30 * time.Second, answer: 10 * time.Minute, idle: 2 * time.Minute, stop: 20 * time.Second}

// maxHeader bounds the headers of a request; a visit and a cookie take a tenth.
const maxHeader = 32 << 10

// newServer makes the server around a handler.
func newServer(h http.Handler, log *slog.Logger, p patience) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: p.header,
		ReadTimeout:       p.request,
		WriteTimeout:      p.answer,
		IdleTimeout:       p.idle,
		MaxHeaderBytes:    maxHeader,
		// Otherwise net/http would answer "OPTIONS *" by itself, unguarded.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// serveAll serves until ctx ends, then takes no new requests, lets those that
// run finish, and cuts off those that take longer than p.stop.
func serveAll(ctx context.Context, log *slog.Logger, p patience, services ...service) error {
	failed := make(chan error, len(services))
	var servers []*http.Server
	for _, s := range services {
		server := newServer(s.handler, log, p)
		servers = append(servers, server)
		go func() { failed <- server.Serve(s.listener) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.stop)
	defer cancel()
	for _, server := range servers {
		stopped := server.Shutdown(drain)
		if errors.Is(stopped, context.DeadlineExceeded) {
			stopped = errors.Join(fmt.Errorf("requests were still running %v after the stop and were cut off", p.stop), server.Close())
		}
		err = errors.Join(err, stopped)
	}
	return err
}
