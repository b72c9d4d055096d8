package handlers

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

// maxForm is room for a visit, app.MaxChats chats and app.MaxPeople people, all sealed.
const maxForm = 256 << 10

// The fields that a form may hold several times.
const (
	fieldPerson = "person"
	fieldChat   = "chat"
	fieldAnswer = "answer"
	fieldUnsure = "unsure"
	fieldKnown  = "known"
	fieldLine   = "line"
)

// form reads the form that one of our pages posted. It is strict: anything but
// one ordinary form of sane size, with each field once, is refused.
func form(c echo.Context) (url.Values, error) {
	r := c.Request()
	kind, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil || kind != echo.MIMEApplicationForm {
		return nil, echo.ErrUnsupportedMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, maxForm))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, echo.ErrStatusRequestEntityTooLarge
	} else if err != nil {
		return nil, fmt.Errorf("%w: the body broke off", errForm)
	}
	return fields(string(body), fieldPerson, fieldChat, fieldAnswer, fieldUnsure, fieldKnown, fieldLine, fieldNew, fieldShown, fieldAdder, fieldNever)
}

// fields parses urlencoded text in which only the named fields may repeat.
func fields(text string, repeatable ...string) (url.Values, error) {
	v, err := url.ParseQuery(text)
	if err != nil {
		return nil, fmt.Errorf("%w: not urlencoded", errForm)
	}
	for name, values := range v {
		if len(values) > 1 && !slices.Contains(repeatable, name) {
			return nil, fmt.Errorf("%w: %.40q is given %d times", errForm, name, len(values))
		}
		for _, text := range values {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				return nil, fmt.Errorf("%w: %.40q is not text", errForm, name)
			}
		}
	}
	return v, nil
}
