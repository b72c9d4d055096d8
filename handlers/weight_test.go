package handlers

import (
	"slices"
	"strings"
	"testing"
)

// TestTheFirstLoadOfACardIsLight counts what a browser fetches that has never
// seen Joinline, as it crosses the network.
func TestTheFirstLoadOfACardIsLight(t *testing.T) {
	const most = 40 << 10
	w := installed(t)
	zipped := map[string]string{"Accept-Encoding": "gzip"}
	opened := w.form(ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`)
	page := w.do(t, opened).page(t)
	opened.header = withHeader(opened.header, "Accept-Encoding", "gzip")
	weight := len(w.do(t, opened).text)
	var files []string
	for _, n := range page.all("head [href]") {
		files = append(files, attr(n, "href"))
	}
	for _, n := range page.all("script[src]") {
		files = append(files, attr(n, "src"))
	}
	for _, file := range files {
		a := w.do(t, request{method: "GET", path: file, header: zipped})
		a.wantStatus(t, 200)
		if got := a.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
			t.Errorf("%s may be kept: %q", file, got)
		}
		weight += len(a.text)
		t.Logf("%6d %s", len(a.text), file)
	}
	if weight > most {
		t.Errorf("the first load weighs %d bytes, want %d at most", weight, most)
	}
	for _, module := range []string{"frame.js", "picker.js", "adding.js"} {
		if !slices.ContainsFunc(files, func(f string) bool { return strings.HasSuffix(f, "/"+module) }) {
			t.Errorf("%s is not loaded along with the others", module)
		}
	}
}
