package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// What can stand between a person and what they wanted. Errors of this package
// match exactly one of these with errors.Is, beside their cause; an error that
// matches none is a fault of Joinline or of its machine.
var (
	// ErrNotInstalled: no administrator of this portal has installed Joinline,
	// or it was installed under other keys. An administrator opens it once.
	ErrNotInstalled = errors.New("not installed on this portal")
	// ErrWhichPortal: several portals are installed, and none was named.
	ErrWhichPortal = errors.New("several portals are installed, and none was named")
	// ErrNotAdmin: only administrators of the portal may install.
	ErrNotAdmin = errors.New("not an administrator of the portal")
	// ErrWrongPortal: this Joinline is meant for another portal.
	ErrWrongPortal = errors.New("meant for another portal")
	// ErrForged: what was posted is not what the authorisation server or the
	// portal says, or not meant for this application. Nothing was changed.
	ErrForged = errors.New("not genuine")
	// ErrNoToken: there is no usable token of this person. Reloading the card,
	// or refreshing the authorisation in the page, brings a new one.
	ErrNoToken = errors.New("no usable token of this person")
	// ErrNoAccess: the portal does not let this person use the application:
	// an administrator limited it to certain people, or the person is barred.
	ErrNoAccess = errors.New("the portal keeps this person from the application")
	// ErrRemoved: the application was deleted on the portal, or the portal itself.
	ErrRemoved = errors.New("removed from the portal")
	// ErrMoved: the portal answers under a new address. An administrator opens
	// the application once, and Joinline learns it.
	ErrMoved = errors.New("the portal has a new address")
	// ErrScope: the application was registered without a permission it needs.
	// The error is a *ScopeError.
	ErrScope = errors.New("a permission of the application is missing")
	// ErrPlan: the portal's plan does not include the REST API.
	ErrPlan = errors.New("the plan of the portal has no REST API")
	// ErrKeys: the authorisation server does not know our client id and secret.
	ErrKeys = errors.New("the authorisation server refuses the application's keys")
	// ErrPortalBusy: the portal limits requests now; nothing was done. The
	// error is a *BusyError.
	ErrPortalBusy = errors.New("the portal limits requests")
	// ErrPortalDown: no usable answer from the portal or its authorisation server.
	ErrPortalDown = errors.New("the portal does not answer")
	// ErrPortalRefused: the portal refused for a reason that is none of these;
	// the bitrix.Error beneath tells.
	ErrPortalRefused = errors.New("the portal refused")
	// ErrHandlerURL: the portal refuses JOINLINE_PUBLIC_URL as an address to call.
	ErrHandlerURL = errors.New("the portal refuses the public address")
	// ErrNoItem: the card is new and not saved yet, or no card was opened.
	ErrNoItem = errors.New("no saved CRM item")
	// ErrItemNotFound: the CRM item does not exist any more.
	ErrItemNotFound = errors.New("the CRM item does not exist")
	// ErrNotAllowed: this person may not read the CRM item.
	ErrNotAllowed = errors.New("no access to the CRM item")
	// ErrExternal: this person is from outside of the company, to whom the
	// portal's CRM does not open through applications.
	ErrExternal = errors.New("external people have no access to the CRM")
	// ErrNotInVisit: a chat was named under a CRM item that this visit is not about.
	ErrNotInVisit = errors.New("not part of this visit")
	// ErrNobody: nobody was chosen.
	ErrNobody = errors.New("nobody was chosen")
	// ErrTooMany: more than MaxPeople were chosen at once.
	ErrTooMany = errors.New("too many people at once")
	// ErrTooManyWishes: the person has MaxWishes wishes already.
	ErrTooManyWishes = errors.New("too many wishes")
	// ErrPolicy: the portal's policy does not let this person add people.
	ErrPolicy = errors.New("the policy of the portal excludes this person")
	// ErrNoNote: the portal's policy lets nobody be added without a note.
	ErrNoNote = errors.New("a note is required")
	// ErrUnsure: what was asked for must be confirmed first.
	ErrUnsure = errors.New("not confirmed")
	// ErrHidden: the portal's policy does not show Joinline in cards of this type.
	ErrHidden = errors.New("not shown in cards of this type")
	// ErrPolicyChanged: somebody else changed the policy meanwhile.
	ErrPolicyChanged = errors.New("the policy was changed meanwhile")
	// ErrPolicyInvalid: there cannot be such a policy.
	ErrPolicyInvalid = errors.New("no such policy can be")
	// ErrAccessUnknown: codes or names that the portal does not know. The error
	// is an *AccessError.
	ErrAccessUnknown = errors.New("the portal does not know all of them")
	// ErrTabs: the policy is saved, and the tabs of the cards are not as it wants.
	ErrTabs = errors.New("the tabs of the cards are not as the policy wants")
	// ErrUnknownEvent: an event that Joinline has no business with.
	ErrUnknownEvent = errors.New("unknown event")
)

// ScopeError tells which permissions (scopes) the application lacks.
// It matches ErrScope.
type ScopeError struct {
	// Scopes may be empty when the portal did not tell.
	Scopes []string
	cause  error
}

// Error names the scopes.
func (e *ScopeError) Error() string {
	return ErrScope.Error() + ": " + strings.Join(e.Scopes, ", ")
}

// Is matches ErrScope.
func (e *ScopeError) Is(target error) bool { return target == ErrScope }

// Unwrap returns the portal's own error, if there was one.
func (e *ScopeError) Unwrap() error { return e.cause }

// BusyError tells when a limiting portal will listen again. It matches
// ErrPortalBusy.
type BusyError struct {
	// Until is zero when the portal did not say.
	Until time.Time
	// Blocked: the portal was blocked by hand for overload; waiting does not
	// help, its support does.
	Blocked bool
	cause   error
}

// Error says what the portal said.
func (e *BusyError) Error() string { return fmt.Sprintf("%v: %v", ErrPortalBusy, e.cause) }

// Is matches ErrPortalBusy.
func (e *BusyError) Is(target error) bool { return target == ErrPortalBusy }

// Unwrap returns the portal's own error.
func (e *BusyError) Unwrap() error { return e.cause }

// refusal names what err means for the person: one of the sentinels above,
// with err as its cause.
func refusal(err error) error {
	if err == nil || known(err) {
		return err
	}
	for _, r := range refusals {
		for _, cause := range r.causes {
			if errors.Is(err, cause) {
				return fmt.Errorf("%w: %w", r.means, err)
			}
		}
	}
	portal, answered := errors.AsType[*bitrix.Error](err)
	switch {
	case errors.Is(err, bitrix.ErrInsufficientScope):
		return &ScopeError{scopesOf(portal), err}
	case errors.Is(err, bitrix.ErrTooManyRequests), errors.Is(err, bitrix.ErrOperationTimeLimit), errors.Is(err, bitrix.ErrOverloaded):
		busy := &BusyError{Blocked: errors.Is(err, bitrix.ErrOverloaded), cause: err}
		if answered {
			busy.Until = portal.OperatingResetAt
		}
		return busy
	case answered && (portal.Page || portal.Status >= 500):
		return fmt.Errorf("%w: %w", ErrPortalDown, err)
	case answered:
		return fmt.Errorf("%w: %w", ErrPortalRefused, err)
	}
	return err
}

var refusals = []struct {
	means  error
	causes []error
}{
	{ErrNoToken, []error{bitrix.ErrExpiredToken, bitrix.ErrNoAuth, bitrix.ErrInvalidGrant, bitrix.ErrNoToken}},
	{ErrNoAccess, []error{bitrix.ErrUserAccess}},
	{ErrRemoved, []error{bitrix.ErrAppRemoved}},
	{ErrPlan, []error{bitrix.ErrPlan}},
	{ErrKeys, []error{bitrix.ErrInvalidClient}},
	{ErrMoved, []error{bitrix.ErrMoved}},
	{ErrForged, []error{bitrix.ErrForeignToken, bitrix.ErrUntrustedServer}},
	{ErrPortalDown, []error{bitrix.ErrUnreachable, bitrix.ErrOutcomeUnknown, bitrix.ErrNotRun, bitrix.ErrConnection, context.DeadlineExceeded, context.Canceled}},
}

// known reports whether err already matches a sentinel of this package.
func known(err error) bool {
	for _, s := range []error{
		ErrNotInstalled, ErrWhichPortal, ErrNotAdmin, ErrWrongPortal, ErrForged, ErrNoToken, ErrNoAccess, ErrRemoved, ErrMoved, ErrScope, ErrPlan,
		ErrKeys, ErrPortalBusy, ErrPortalDown, ErrPortalRefused, ErrHandlerURL, ErrNoItem, ErrItemNotFound, ErrNotAllowed, ErrExternal,
		ErrNotInVisit, ErrNobody, ErrTooMany, ErrTooManyWishes, ErrPolicy, ErrNoNote, ErrUnsure, ErrHidden, ErrPolicyChanged,
		ErrPolicyInvalid, ErrAccessUnknown, ErrTabs, ErrUnknownEvent,
	} {
		if errors.Is(err, s) {
			return true
		}
	}
	return false
}

// scopesOf names the permission that a refused method belongs to, which is
// the first part of its name.
func scopesOf(e *bitrix.Error) []string {
	if e == nil {
		return nil
	}
	scope, _, dotted := strings.Cut(e.Method, ".")
	if !dotted {
		return nil
	}
	return []string{scope}
}
