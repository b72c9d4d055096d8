package bitrix

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Sentinels for what a portal or an authorisation server refuses. A returned
// *[Error] matches them with errors.Is; codes are compared without case.
var (
	ErrExpiredToken       = errors.New("the access token has expired")                                 // expired_token
	ErrNoAuth             = errors.New("the portal does not know the access token")                    // NO_AUTH_FOUND, invalid_token
	ErrUserAccess         = errors.New("the person may not use the application")                       // user_access_error, authorization_error
	ErrInsufficientScope  = errors.New("the application lacks a permission")                           // insufficient_scope, invalid_scope
	ErrTooManyRequests    = errors.New("too many requests")                                            // QUERY_LIMIT_EXCEEDED
	ErrOverloaded         = errors.New("the portal has blocked REST because of overload")              // OVERLOAD_LIMIT
	ErrOperationTimeLimit = errors.New("the method has used up its working time")                      // OPERATION_TIME_LIMIT
	ErrMethodNotFound     = errors.New("the portal does not have the method")                          // ERROR_METHOD_NOT_FOUND
	ErrAppRemoved         = errors.New("the application is not installed on the portal")               // APPLICATION_NOT_FOUND, ERROR_OAUTH, NOT_INSTALLED, PORTAL_DELETED
	ErrPlan               = errors.New("the portal's plan does not include REST")                      // ACCESS_DENIED about commercial plans
	ErrAccessDenied       = errors.New("access denied")                                                // ACCESS_DENIED, INVALID_CREDENTIALS, …
	ErrEmployeesOnly      = errors.New("only employees may call the method")                           // allowed_only_intranet_user; also ErrAccessDenied
	ErrInvalidGrant       = errors.New("the refresh token or code is no longer good")                  // invalid_grant, bad_verification_code
	ErrInvalidClient      = errors.New("the authorisation server refuses the application's id or key") // invalid_client, wrong_client
	ErrArgument           = errors.New("an argument is missing or wrong")                              // ERROR_ARGUMENT
	ErrNotFound           = errors.New("not found")                                                    // NOT_FOUND
	ErrConnection         = errors.New("the portal cannot reach its authorisation server")             // CONNECTION_ERROR
	ErrAlreadyBound       = errors.New("already bound")                                                // ERROR_CORE "… already binded"
)

// Sentinels for Open Channel chats. The first three also match [ErrAccessDenied].
var (
	ErrCallerDenied    = errors.New("the caller has no access to the CRM item")                   // "join user to chat"
	ErrColleagueDenied = errors.New("the colleague has no access to the CRM item")                // "this CRM entity"
	ErrHistoryDenied   = errors.New("the colleague may not view the history of this channel")     // "view chat history"
	ErrChatNotInCRM    = errors.New("the chat is not an active chat of the CRM item")             // CHAT_NOT_IN_CRM
	ErrUserNotActive   = errors.New("the user does not exist or is dismissed")                    // CRM_CHAT_USER_NOT_ACTIVE
	ErrAlreadyMember   = errors.New("the user may be in the chat already")                        // NOTHING_TO_ADD, WRONG_REQUEST
	ErrNotMember       = errors.New("the user is not in the chat")                                // USER_NOT_FOUND, WRONG_REQUEST of a removal
	ErrDialogAccess    = errors.New("the dialog does not exist or may not be seen")               // ACCESS_ERROR
	ErrNoChat          = errors.New("the CRM item has no Open Channel chat that the caller sees") // CRM_CHAT_EMPTY_CRM_DATA "could not find"
)

// Sentinels for what happened on the way.
var (
	// ErrOutcomeUnknown: the answer to a write was lost, so it may have run or
	// not. Read the state back before telling anybody anything. When the time
	// limit of the attempt ended it, the error is os.ErrDeadlineExceeded too,
	// and the portal may still be at it.
	ErrOutcomeUnknown = errors.New("the answer was lost; the call may have run")

	// ErrUnreachable: nothing usable came back and nothing was changed.
	ErrUnreachable = errors.New("the server cannot be reached or understood")

	// ErrMoved: the portal answered with a redirect, which is never followed.
	// errors.As with *[MovedError] tells the host.
	ErrMoved = errors.New("the portal has moved")

	// ErrNotRun: a command of a batch was not run, because an earlier one
	// failed under Halt or because the portal left it out.
	ErrNotRun = errors.New("the command was not run")

	// ErrUntrustedServer: an authorisation server that the application does
	// not list. Nothing was sent to it.
	ErrUntrustedServer = errors.New("untrusted authorisation server")

	// ErrForeignToken: a valid token, but of another application or portal.
	ErrForeignToken = errors.New("the token belongs to another application or portal")

	// ErrNoToken: a launch without an access token. The person should reload
	// the page that holds the frame.
	ErrNoToken = errors.New("no access token was presented")
)

// Error is a refusal by the portal or the authorisation server. Test for a
// cause with errors.Is and the sentinels; show none of its texts to people.
type Error struct {
	Method           string    // the REST method; "token" at the authorisation server
	Status           int       // HTTP status; 0 for a command inside a batch
	Code             string    // the portal's own code, as sent; may be empty
	Description      string    // the portal's own words; for logs
	Argument         string    // the argument an ERROR_ARGUMENT names
	OperatingResetAt time.Time // when an OPERATION_TIME_LIMIT ends; zero when not told
	Page             bool      // the body was not the portal's JSON
}

// Error returns method, status, code and description.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: ", e.Method)
	if e.Status != 0 {
		fmt.Fprintf(&b, "status %d: ", e.Status)
	}
	switch {
	case e.Page:
		b.WriteString("not a REST answer")
	case e.Code == "":
		b.WriteString("error without a code")
	default:
		b.WriteString(e.Code)
	}
	if e.Description != "" {
		fmt.Fprintf(&b, ": %s", e.Description)
	}
	return b.String()
}

// Is reports whether e is a case of the sentinel target.
func (e *Error) Is(target error) bool {
	code := strings.ToLower(e.Code)
	switch target {
	case ErrPlan:
		return code == "access_denied" && e.says("commercial plan")
	case ErrAccessDenied:
		return e.deniesAccess(code)
	case ErrCallerDenied:
		return code == "chat_join_permission_denied" || code == "chat_delete_user_permission_denied" ||
			code == "access_denied" && e.says("join user")
	case ErrColleagueDenied:
		return code == "access_denied" && e.says("this crm")
	case ErrHistoryDenied:
		return code == "access_denied" && e.says("view chat history")
	case ErrUserAccess:
		// The token of a dismissed person is refused with a text of its own.
		return code == "user_access_error" || code == "authorization_error" ||
			code == "access_denied" && e.says("authorized in this context")
	case ErrNoAuth:
		// app.info is asked without the client secret, so invalid_client there
		// means the token: https://github.com/bitrix24/b24pysdk
		return code == "no_auth_found" || code == "invalid_token" || code == "invalid_client" && e.Method == methodInspect
	case ErrInvalidClient:
		return code == "invalid_client" && e.Method != methodInspect || code == "wrong_client"
	case ErrTooManyRequests:
		return code == "query_limit_exceeded" || code == "" && e.Status == http.StatusTooManyRequests
	case ErrArgument:
		return code == "error_argument" || code == "crm_chat_empty_user" ||
			code == "crm_chat_empty_crm_data" && !e.says("could not find")
	case ErrNotFound:
		return code == "not_found" || code == "error_not_found" || code == "" && e.says("not found") // crm.deal.get and its kind have no code
	case ErrNoChat:
		return code == "crm_chat_empty_crm_data" && e.says("could not find")
	case ErrAlreadyBound:
		return e.says("already binded")
	case ErrAlreadyMember:
		return code == "nothing_to_add" || code == "wrong_request" && e.Method != methodRemoveUser
	case ErrNotMember:
		return (code == "user_not_found" || code == "wrong_request") && e.Method == methodRemoveUser
	case ErrUnreachable:
		// A page with a 4xx status comes of something in front of the portal,
		// which did not let the call through, unless it lost patience.
		return e.Page && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusTooManyRequests && !slices.Contains(lostPatience, e.Status)
	}
	return slices.Contains(codesOf(target), code)
}

// codesOf returns the codes of a sentinel that its code alone decides.
func codesOf(target error) []string {
	switch target {
	case ErrExpiredToken:
		return []string{"expired_token"}
	case ErrInsufficientScope:
		return []string{"insufficient_scope", "invalid_scope"}
	case ErrOverloaded:
		return []string{"overload_limit"}
	case ErrOperationTimeLimit:
		return []string{"operation_time_limit"}
	case ErrMethodNotFound:
		return []string{"error_method_not_found"}
	case ErrAppRemoved:
		return []string{"application_not_found", "error_oauth", "not_installed", "portal_deleted"}
	case ErrEmployeesOnly:
		return []string{"allowed_only_intranet_user"}
	case ErrInvalidGrant:
		return []string{"invalid_grant", "bad_verification_code"}
	case ErrConnection:
		return []string{"connection_error"}
	case ErrChatNotInCRM:
		return []string{"chat_not_in_crm"}
	case ErrUserNotActive:
		return []string{"crm_chat_user_not_active"}
	case ErrDialogAccess:
		return []string{"access_error"}
	}
	return nil
}

// deniesAccess is true of every refusal for lack of a right. Bitrix24 says
// ACCESS_DENIED of a plan too, which is no right.
func (e *Error) deniesAccess(code string) bool {
	switch code {
	case "access_denied":
		return !e.says("commercial plan") && !e.says("authorized in this context")
	case "invalid_credentials", "chat_join_permission_denied", "chat_delete_user_permission_denied", "allowed_only_intranet_user":
		return true
	case "":
		return e.says("access denied")
	}
	return false
}

// says looks for words of the portal that are never translated.
func (e *Error) says(words string) bool {
	return strings.Contains(strings.ToLower(e.Description), words)
}

// mayHaveRun reports whether the refusal leaves open what happened: a page
// instead of JSON, or trouble of the server without a code that rules it out.
func (e *Error) mayHaveRun() bool {
	switch {
	case errors.Is(e, ErrUnreachable), errors.Is(e, ErrTooManyRequests):
		return false
	case e.Page:
		return true
	case errors.Is(e, ErrOverloaded), errors.Is(e, ErrOperationTimeLimit), errors.Is(e, ErrAppRemoved), errors.Is(e, ErrConnection):
		return false
	}
	switch strings.ToLower(e.Code) {
	case "internal_server_error", "error_unexpected_answer":
		return true // inside a batch these come without a status
	case "error_core":
		return e.Status >= http.StatusInternalServerError || e.says("sql query error")
	case "":
		return e.Status >= http.StatusInternalServerError || slices.Contains(lostPatience, e.Status)
	}
	return e.Status >= http.StatusInternalServerError
}

// lostPatience are the statuses by which something in front of the portal says
// that it has not waited for the answer.
var lostPatience = []int{http.StatusRequestTimeout, 499}

// MovedError is a redirect of the portal to another address. It matches
// [ErrMoved]; the call did not run. Before believing it, ask the authorisation
// server ([Application.Inspect]).
type MovedError struct {
	Host string // where it points, in lower case; empty when that is unreadable
}

// Error tells that the portal has moved.
func (e *MovedError) Error() string { return ErrMoved.Error() + " to " + oneLine(e.Host) }

// Is reports whether target is [ErrMoved].
func (e *MovedError) Is(target error) bool { return target == ErrMoved }
