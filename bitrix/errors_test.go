package bitrix

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

// everySentinel lists what an *Error can match.
var everySentinel = []error{
	ErrExpiredToken, ErrNoAuth, ErrUserAccess, ErrInsufficientScope, ErrTooManyRequests, ErrOverloaded, ErrOperationTimeLimit,
	ErrMethodNotFound, ErrAppRemoved, ErrPlan, ErrAccessDenied, ErrInvalidGrant, ErrInvalidClient, ErrArgument, ErrNotFound,
	ErrConnection, ErrAlreadyBound, ErrCallerDenied, ErrColleagueDenied, ErrHistoryDenied, ErrChatNotInCRM, ErrUserNotActive,
	ErrAlreadyMember, ErrNotMember, ErrDialogAccess, ErrNoChat, ErrOutcomeUnknown, ErrUnreachable, ErrMoved, ErrNotRun,
	ErrUntrustedServer, ErrForeignToken, ErrNoToken, ErrEmployeesOnly, io.EOF,
}

func TestARefusalMatchesItsSentinelsAndNoOther(t *testing.T) {
	const denied = "Access denied! This user does not have access to the chat because he does not have access to this "
	for name, c := range map[string]struct {
		refusal Error
		want    []error
	}{
		"expired":                {Error{Code: "expired_token"}, []error{ErrExpiredToken}},
		"expired, loud":          {Error{Code: "EXPIRED_TOKEN"}, []error{ErrExpiredToken}},
		"unknown token":          {Error{Code: "NO_AUTH_FOUND"}, []error{ErrNoAuth}},
		"invalid token":          {Error{Code: "invalid_token"}, []error{ErrNoAuth}},
		"app closed for them":    {Error{Code: "user_access_error"}, []error{ErrUserAccess}},
		"person disabled":        {Error{Code: "authorization_error"}, []error{ErrUserAccess}},
		"person dismissed":       {Error{Code: "ACCESS_DENIED", Description: "Current user can't be authorized in this context"}, []error{ErrUserAccess}},
		"scope":                  {Error{Code: "insufficient_scope"}, []error{ErrInsufficientScope}},
		"busy":                   {Error{Code: "QUERY_LIMIT_EXCEEDED"}, []error{ErrTooManyRequests}},
		"busy, a page":           {Error{Status: 429, Page: true}, []error{ErrTooManyRequests}},
		"overload":               {Error{Code: "OVERLOAD_LIMIT"}, []error{ErrOverloaded}},
		"operating":              {Error{Status: 429, Code: "OPERATION_TIME_LIMIT"}, []error{ErrOperationTimeLimit}},
		"method":                 {Error{Code: "ERROR_METHOD_NOT_FOUND"}, []error{ErrMethodNotFound}},
		"removed":                {Error{Code: "APPLICATION_NOT_FOUND"}, []error{ErrAppRemoved}},
		"removed, OAuth":         {Error{Code: "ERROR_OAUTH"}, []error{ErrAppRemoved}},
		"removed, server":        {Error{Code: "NOT_INSTALLED"}, []error{ErrAppRemoved}},
		"portal deleted":         {Error{Code: "PORTAL_DELETED"}, []error{ErrAppRemoved}},
		"plan":                   {Error{Code: "ACCESS_DENIED", Description: "REST API is available only on commercial plans"}, []error{ErrPlan}},
		"a right":                {Error{Code: "ACCESS_DENIED", Description: "Access denied!"}, []error{ErrAccessDenied}},
		"credentials":            {Error{Code: "INVALID_CREDENTIALS"}, []error{ErrAccessDenied}},
		"an old method":          {Error{Description: "Access denied"}, []error{ErrAccessDenied}},
		"grant":                  {Error{Code: "invalid_grant"}, []error{ErrInvalidGrant}},
		"code":                   {Error{Code: "bad_verification_code"}, []error{ErrInvalidGrant}},
		"client":                 {Error{Method: "token", Code: "invalid_client"}, []error{ErrInvalidClient}},
		"unknown client":         {Error{Method: "token", Code: "wrong_client"}, []error{ErrInvalidClient}},
		"client at app.info":     {Error{Method: "app.info", Code: "invalid_client"}, []error{ErrNoAuth}},
		"argument":               {Error{Code: "ERROR_ARGUMENT"}, []error{ErrArgument}},
		"argument, old portal":   {Error{Code: "CRM_CHAT_EMPTY_CRM_DATA", Description: "Empty CRM data"}, []error{ErrArgument}},
		"user, old portal":       {Error{Code: "CRM_CHAT_EMPTY_USER"}, []error{ErrArgument}},
		"no chat":                {Error{Code: "CRM_CHAT_EMPTY_CRM_DATA", Description: "Could not find CRM entity"}, []error{ErrNoChat}},
		"not found":              {Error{Code: "NOT_FOUND"}, []error{ErrNotFound}},
		"not found, old method":  {Error{Description: "Not found"}, []error{ErrNotFound}},
		"an external person":     {Error{Code: "allowed_only_intranet_user"}, []error{ErrAccessDenied, ErrEmployeesOnly}},
		"connection":             {Error{Code: "CONNECTION_ERROR"}, []error{ErrConnection}},
		"bound":                  {Error{Code: "ERROR_CORE", Description: "Unable to set placement handler: Handler already binded"}, []error{ErrAlreadyBound}},
		"caller":                 {Error{Code: "ACCESS_DENIED", Description: "Access denied! You don't have access to join user to chat"}, []error{ErrAccessDenied, ErrCallerDenied}},
		"caller, old portal":     {Error{Code: "CHAT_JOIN_PERMISSION_DENIED", Description: "You don't have access to join user to chat"}, []error{ErrAccessDenied, ErrCallerDenied}},
		"caller, removing":       {Error{Code: "CHAT_DELETE_USER_PERMISSION_DENIED"}, []error{ErrAccessDenied, ErrCallerDenied}},
		"colleague":              {Error{Code: "ACCESS_DENIED", Description: denied + "CRM entity"}, []error{ErrAccessDenied, ErrColleagueDenied}},
		"colleague, as in docs":  {Error{Code: "ACCESS_DENIED", Description: denied + "CRM object"}, []error{ErrAccessDenied, ErrColleagueDenied}},
		"history":                {Error{Code: "ACCESS_DENIED", Description: denied + "view chat history"}, []error{ErrAccessDenied, ErrHistoryDenied}},
		"another chat":           {Error{Code: "CHAT_NOT_IN_CRM"}, []error{ErrChatNotInCRM}},
		"dismissed":              {Error{Code: "CRM_CHAT_USER_NOT_ACTIVE"}, []error{ErrUserNotActive}},
		"already there":          {Error{Method: methodAddUser, Code: "WRONG_REQUEST"}, []error{ErrAlreadyMember}},
		"already there, old":     {Error{Method: methodAddUser, Code: "NOTHING_TO_ADD"}, []error{ErrAlreadyMember}},
		"not there":              {Error{Method: methodRemoveUser, Code: "USER_NOT_FOUND"}, []error{ErrNotMember}},
		"not there, docs":        {Error{Method: methodRemoveUser, Code: "WRONG_REQUEST"}, []error{ErrNotMember}},
		"dialog":                 {Error{Code: "ACCESS_ERROR"}, []error{ErrDialogAccess}},
		"a page in front":        {Error{Status: 403, Page: true}, []error{ErrUnreachable}},
		"a page of the portal":   {Error{Status: 500, Page: true}, nil},
		"something else":         {Error{Status: 400, Code: "METHOD_CONFIRM_WAITING"}, nil},
		"the same words in code": {Error{Status: 400, Code: "WRONG", Description: "join user to chat"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			err := fmt.Errorf("doing something: %w", &c.refusal)
			for _, sentinel := range everySentinel {
				want := false
				for _, w := range c.want {
					want = want || w == sentinel
				}
				if got := errors.Is(err, sentinel); got != want {
					t.Errorf("matches %q: %v, want %v", sentinel, got, want)
				}
			}
			if c.refusal.Error() == "" {
				t.Error("the error has no text")
			}
		})
	}
	if errors.Is(&Error{Code: "X"}, uncomparable{"x"}) {
		t.Error("an error of a strange kind is matched")
	}
}

// uncomparable is an error that cannot be the key of a map.
type uncomparable []string

func (uncomparable) Error() string { return "" }

func TestTheTextOfAnError(t *testing.T) {
	for want, err := range map[string]error{
		"m: status 403: ACCESS_DENIED: no":    &Error{Method: "m", Status: 403, Code: "ACCESS_DENIED", Description: "no"},
		"m: status 500: not a REST answer":    &Error{Method: "m", Status: 500, Page: true},
		"m: error without a code: Not found":  &Error{Method: "m", Description: "Not found"},
		"the portal has moved to new.example": &MovedError{Host: "new.example"},
		"PLACEMENT is missing":                bad("PLACEMENT", "is missing"),
		"the request is no POST":              bad("", "is no POST"),
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
