package handlers

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// page is a parsed answer, asked by selectors: names, #id, .class and
// [attribute] or [attribute=value], put together, with spaces for "inside of".
type page struct{ root *html.Node }

func parsePage(t *testing.T, text string) page {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return page{root}
}

// all returns the elements that a selector finds.
func (p page) all(selector string) []*html.Node {
	found := []*html.Node{p.root}
	for _, step := range strings.Fields(selector) {
		var next []*html.Node
		for _, n := range found {
			for d := range n.Descendants() {
				if matches(d, step) && !slices.Contains(next, d) {
					next = append(next, d)
				}
			}
		}
		found = next
	}
	return found
}

// one returns the only element that a selector finds.
func (p page) one(t *testing.T, selector string) *html.Node {
	t.Helper()
	found := p.all(selector)
	if len(found) != 1 {
		t.Fatalf("%d elements match %q, want 1, in\n%s", len(found), selector, text(p.root))
	}
	return found[0]
}

// attr is an attribute of the only element that a selector finds.
func (p page) attr(t *testing.T, selector, name string) string {
	t.Helper()
	return attr(p.one(t, selector), name)
}

// says checks the text of the only element that a selector finds.
func (p page) says(t *testing.T, selector, want string) {
	t.Helper()
	if got := text(p.one(t, selector)); !strings.Contains(got, want) {
		t.Errorf("%s says %q, want %q", selector, got, want)
	}
}

// lacks checks that a selector finds nothing.
func (p page) lacks(t *testing.T, selector string) {
	t.Helper()
	if n := len(p.all(selector)); n > 0 {
		t.Errorf("%d elements match %q, want none", n, selector)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text is what an element says, its spaces joined.
func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// matches tests one step of a selector: "input[name=chat][checked]".
func matches(n *html.Node, step string) bool {
	if n.Type != html.ElementNode {
		return false
	}
	simple, attributes, _ := strings.Cut(step, "[")
	for part := range strings.SplitSeq(strings.TrimSuffix(attributes, "]"), "][") {
		name, want, valued := strings.Cut(part, "=")
		has := slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
		if part != "" && (!has || valued && attr(n, name) != want) {
			return false
		}
	}
	simple = strings.NewReplacer("#", " #", ".", " .").Replace(simple)
	for part := range strings.FieldsSeq(simple) {
		switch {
		case part[0] == '#' && attr(n, "id") != part[1:],
			part[0] == '.' && !slices.Contains(strings.Fields(attr(n, "class")), part[1:]),
			part[0] != '#' && part[0] != '.' && n.Data != part:
			return false
		}
	}
	return true
}
