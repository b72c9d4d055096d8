// Package bitrix speaks to a Bitrix24 portal on behalf of a local application.
//
// Three values matter. An [Application] is the application as it was
// registered: its id and secret and the authorisation servers that may be
// asked about it. A [TokenSource] yields the tokens of one person. A [Client]
// joins the two and makes REST calls; every request to a portal goes through
// [Client.Call], [Client.Read] or [Client.Batch].
//
// On whose behalf a call is made is part of the type: a [Viewer] acts as the
// employee who opened a page, an [Installation] as the administrator who
// installed the application. Neither converts into the other by accident.
//
// What a portal refuses is an *[Error]: test for its cause with errors.Is and
// the sentinels, never by its text. After any other failure it matters whether
// the call ran. [Client.Read] is for calls that change nothing and repeats them
// after a lost answer. [Client.Call] repeats only what did not run; when it
// fails with [ErrOutcomeUnknown], read back what it did before telling anybody,
// and do not repeat it blindly.
//
// Nothing that arrives in a request is trusted here: [ParseLaunch] and
// [ParseEvent] only read what was posted. Ask [Application.Inspect] what a
// presented token really is before acting on it.
package bitrix

import "strconv"

// MemberID names a portal: 32 lower-case hexadecimal digits that outlive the
// portal's domain. It never names a person.
type MemberID string

// UserID names a user of one portal. Zero is nobody.
type UserID int64

// ChatID names a messenger chat of one portal. Zero is no chat.
type ChatID int64

// DialogID returns the form in which the messenger addresses the chat, "chat1763".
func (c ChatID) DialogID() string { return "chat" + strconv.FormatInt(int64(c), 10) }

// LineID names an Open Channel.
type LineID int64

// UnmarshalJSON accepts a number or a string of digits; null is zero.
func (u *UserID) UnmarshalJSON(data []byte) error { return (*number)(u).UnmarshalJSON(data) }

// UnmarshalJSON accepts a number or a string of digits; null is zero.
func (c *ChatID) UnmarshalJSON(data []byte) error { return (*number)(c).UnmarshalJSON(data) }

// UnmarshalJSON accepts a number or a string of digits; null is zero.
func (l *LineID) UnmarshalJSON(data []byte) error { return (*number)(l).UnmarshalJSON(data) }
