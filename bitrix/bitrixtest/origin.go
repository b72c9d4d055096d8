package bitrixtest

import (
	"errors"
	"net/url"
	"strings"
)

var errBadOrigin = errors.New("not an origin")

func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}
