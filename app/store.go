package app

import (
	"context"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// Installation is Joinline as installed on one portal. Every field was learnt
// from the authorisation server or from the portal itself, never from a form.
type Installation struct {
	Member bitrix.MemberID
	// Portal is the origin of the portal's pages: the only one that may frame
	// Joinline's pages for this portal.
	Portal string
	// Endpoint is the address of the portal's REST API, Server the
	// authorisation server that vouches for the portal's tokens.
	Endpoint, Server string
	// ClientID is the registration under which it was installed.
	ClientID string
	// Installer is the administrator whose token acts for the installation.
	Installer bitrix.UserID
	// ApplicationToken proves that an event comes from this portal. Empty:
	// not learnt yet, and no event is believed.
	ApplicationToken bitrix.Secret
	// Installed is when it was installed first, Updated when last.
	Installed, Updated time.Time
	// Removed is when the application was removed. Zero: it is installed.
	Removed time.Time
}

// Role tells on whose behalf a stored token acts.
type Role string

// The roles of tokens. One person may have a token in each.
const (
	// AsViewer tokens act for an employee in the pages they opened.
	AsViewer Role = "viewer"
	// AsInstallation tokens act for the installation; each portal has one.
	AsInstallation Role = "installation"
)

// TokenKey names one stored token pair.
type TokenKey struct {
	Member bitrix.MemberID
	Role   Role
	User   bitrix.UserID
}

// Store keeps installations and tokens. Its methods are safe for concurrent
// use, from several processes too. What one method changes, it changes in one
// transaction. Tokens are encrypted at rest and bound to their key.
type Store interface {
	// Installation returns what is kept of a portal, removed or not.
	// It fails with ErrNotInstalled when nothing is.
	Installation(ctx context.Context, member bitrix.MemberID) (Installation, error)
	// Installations returns all portals that are installed now, oldest first.
	Installations(ctx context.Context) ([]Installation, error)
	// SaveInstallation stores the portal together with the token that acts for
	// the installation, in place of what was kept of both. Tokens of viewers
	// stay, unless they belong to another ClientID. The first installation's
	// time stays.
	SaveInstallation(ctx context.Context, i Installation, t bitrix.Token) error
	// SetApplicationToken replaces the application token of a portal.
	SetApplicationToken(ctx context.Context, member bitrix.MemberID, token bitrix.Secret) error
	// Uninstall marks the portal as removed and deletes its tokens and its
	// application token. It succeeds when nothing is kept.
	Uninstall(ctx context.Context, member bitrix.MemberID, at time.Time) error
	// Forget deletes everything that is kept of the portal.
	Forget(ctx context.Context, member bitrix.MemberID) error

	// Token returns a token pair with the portal's Endpoint and Server.
	// It fails with ErrNoToken when none is kept.
	Token(ctx context.Context, key TokenKey) (bitrix.Token, error)
	// SaveToken stores a token pair in place of the one under its key.
	// It fails with ErrNotInstalled when the portal is not installed.
	SaveToken(ctx context.Context, key TokenKey, t bitrix.Token) error
}
