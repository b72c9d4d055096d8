package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// Registration is a local application as somebody registered it on a portal,
// and its keys with us. The configuration holds one at most, the store any
// number: every portal has its own.
type Registration struct {
	ClientID     string
	ClientSecret bitrix.Secret
	// Portal is the host of the only portal that may install it. Empty: the
	// portal that holds the ClientID, whichever it is.
	Portal string
	Added  time.Time
}

// ErrUnregistered: no application with this client id is registered with us.
var ErrUnregistered = errors.New("no such application is registered here")

// Check tells what is wrong with a registration that a person typed.
func (r Registration) Check() error {
	var p parser
	p.checkClientID("The client id", r.ClientID)
	p.checkClientSecret("The client secret", r.ClientSecret.Reveal())
	if r.Portal != "" && hostOfPortal(r.Portal) == "" {
		p.wrong("The portal", "is not the host of a portal", "Write it like acme.bitrix24.com.")
	}
	if len(p.problems) > 0 {
		return &ConfigError{p.problems}
	}
	return nil
}

// home is a portal on which Joinline is installed, with the application as
// which it is installed there.
type home struct {
	Installation
	bitrix *bitrix.Application
}

// installation returns a portal that is installed under keys that we still have.
func (a *App) installation(ctx context.Context, member bitrix.MemberID) (home, error) {
	i, err := a.store.Installation(ctx, member)
	if err != nil {
		return home{}, err
	}
	return a.home(ctx, i)
}

// home finds the application of an installation. Beside an error it tells the
// portal, for pages that say so.
func (a *App) home(ctx context.Context, i Installation) (home, error) {
	stranger := home{Installation: Installation{Portal: i.Portal}}
	if !i.Removed.IsZero() {
		return stranger, ErrNotInstalled
	}
	b, _, err := a.application(ctx, i.ClientID)
	if errors.Is(err, ErrUnregistered) {
		return stranger, fmt.Errorf("%w: %w", ErrNotInstalled, err)
	}
	if err != nil {
		return stranger, err
	}
	return home{i, b}, nil
}

// application returns the application with a client id, and the host of the
// portal it is limited to. The registrations of the store are read each time:
// one that was removed is gone at once. ErrUnregistered when there is none.
func (a *App) application(ctx context.Context, clientID string) (b *bitrix.Application, portal string, err error) {
	if clientID == a.cfg.ClientID && clientID != "" {
		return a.bitrix, a.cfg.Portal, nil
	}
	r, err := a.store.Registration(ctx, clientID)
	if err != nil {
		return nil, "", err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	b = a.applications[clientID]
	if b == nil || !b.ClientSecret.Equal(r.ClientSecret) {
		b = &bitrix.Application{
			ClientID: r.ClientID, ClientSecret: r.ClientSecret, AuthServers: a.bitrix.AuthServers, HTTPClient: a.bitrix.HTTPClient,
			UserAgent: a.bitrix.UserAgent, Limit: a.bitrix.Limit, Timeouts: a.bitrix.Timeouts,
		}
		if a.applications == nil {
			a.applications = map[string]*bitrix.Application{}
		}
		a.applications[clientID] = b
	}
	return b, r.Portal, nil
}

// likely is the application that a claim may be about, before anything is
// proven: a token that has expired must be refreshed to be asked about. It
// fails with ErrNoToken when nothing tells: a launch with a fresh one will.
func (a *App) likely(ctx context.Context, c claim) (*bitrix.Application, error) {
	if i, err := a.installation(ctx, c.member); err == nil {
		return i.bitrix, nil
	}
	all, err := a.store.Registrations(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		if r.Portal != "" && bareHost(r.Portal) == bareHost(c.host) {
			b, _, err := a.application(ctx, r.ClientID)
			return b, err
		}
	}
	b, _, err := a.application(ctx, a.cfg.ClientID)
	if errors.Is(err, ErrUnregistered) {
		err = fmt.Errorf("%w: it has expired, and nothing tells which application it is of", ErrNoToken)
	}
	return b, err
}

// Registered reports whether any application is registered, in the
// configuration or in the store. Without one no portal can install.
func (a *App) Registered(ctx context.Context) (bool, error) {
	if a.cfg.ClientID != "" {
		return true, nil
	}
	all, err := a.store.Registrations(ctx)
	return len(all) > 0, err
}

// hostOfPortal reads the host of a portal as a person types it. It is empty
// when that is none.
func hostOfPortal(s string) string {
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(strings.TrimRight(s, "/"))
	if err != nil || u.Hostname() == "" || u.Path != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return ""
	}
	return bareHost(u.Host)
}
