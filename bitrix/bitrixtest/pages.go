package bitrixtest

import "net/http"

// newPages serves the pages for people.
func newPages(p *Portal) http.Handler { return http.NotFoundHandler() }
