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
		return nil, fmt.Errorf("%s is in use by another program: choose another address with %s", address, setting)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %q (set by %s): %w", address, setting, err)
	}
	return l, nil
}

// patience is how long a client may take for each step.
type patience struct{ header, request, answer, idle time.Duration }

// usualPatience lets an answer take its time: the slowest page waits for adds,
// which the portal may take a minute for each.
var usualPatience = patience{header: 10 * time.Second, request: 30 * time.Second, answer: 10 * time.Minute, idle: 2 * time.Minute}

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

// serveAll serves until ctx ends, then lets running requests finish.
func serveAll(ctx context.Context, log *slog.Logger, services ...service) error {
	failed := make(chan error, len(services))
	var servers []*http.Server
	for _, s := range services {
		server := newServer(s.handler, log, usualPatience)
		servers = append(servers, server)
		go func() { failed <- server.Serve(s.listener) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	for _, server := range servers {
		err = errors.Join(err, server.Shutdown(drain))
	}
	return err
}
