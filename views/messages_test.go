package views

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// catalog is one catalog as written: a sentence, or its plural forms.
type catalog map[string]map[string]string

func readCatalogs(t *testing.T) map[string]catalog {
	t.Helper()
	files, err := filepath.Glob("messages/*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("catalogs: %v, %v", files, err)
	}
	all := map[string]catalog{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		var raw map[string]any
		if err := json.Unmarshal(b, &raw); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		c := catalog{}
		for id, v := range raw {
			switch v := v.(type) {
			case string:
				c[id] = map[string]string{"": v}
			case map[string]any:
				c[id] = map[string]string{}
				for form, text := range v {
					c[id][form] = text.(string)
				}
			}
		}
		all[strings.TrimSuffix(filepath.Base(f), ".json")] = c
	}
	return all
}

var variable = regexp.MustCompile(`{{\s*\.(\w+)\s*}}`)

// variables are the names in a text, sorted, each once.
func variables(text string) []string {
	names := map[string]bool{}
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		names[m[1]] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func TestEveryLanguageSaysTheSame(t *testing.T) {
	all := readCatalogs(t)
	english := all["en"]
	for lang, c := range all {
		for id, texts := range c {
			want, ok := english[id]
			if !ok {
				t.Errorf("%s has %q, which English has not", lang, id)
				continue
			}
			if (len(texts) > 1) != (len(want) > 1) {
				t.Errorf("%s: %q has %d forms, in English %d", lang, id, len(texts), len(want))
			}
			for form, text := range texts {
				sample := want["other"] + want[""]
				if got, want := variables(text), variables(sample); !slices.Equal(got, want) {
					t.Errorf("%s: %q (%s) has the variables %v, want %v", lang, id, form, got, want)
				}
				if strings.TrimSpace(text) != text || text == "" {
					t.Errorf("%s: %q (%s) is empty or has spaces around it", lang, id, form)
				}
			}
		}
		for id := range english {
			if _, ok := c[id]; !ok {
				t.Errorf("%s lacks %q", lang, id)
			}
		}
	}
}

func TestPluralsHaveEveryFormOfTheirLanguage(t *testing.T) {
	names := map[plural.Form]string{plural.Other: "other", plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many"}
	for lang, c := range readCatalogs(t) {
		want := map[string]bool{"other": true}
		for n := range 1001 {
			want[names[plural.Cardinal.MatchPlural(language.Make(lang), n, 0, 0, 0, 0)]] = true
		}
		for id, texts := range c {
			if len(texts) == 1 {
				continue
			}
			if got := slices.Sorted(maps.Keys(texts)); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
				t.Errorf("%s: %q has the forms %v, want %v", lang, id, got, slices.Sorted(maps.Keys(want)))
			}
		}
	}
}

// source are the string literals of the code that shows sentences, and its
// calls that name one.
type source struct {
	literals map[string]bool
	calls    []call
}

type call struct {
	method, id string
	variables  []string
	at         token.Position
}

func readSource(t *testing.T) source {
	t.Helper()
	s := source{literals: map[string]bool{}}
	set := token.NewFileSet()
	for _, pattern := range []string{"*.go", "../handlers/*.go"} {
		files, _ := filepath.Glob(pattern)
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(set, f, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BasicLit:
					if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
						s.literals[text] = true
					}
				case *ast.CallExpr:
					if c, ok := readCall(n); ok {
						c.at = set.Position(n.Pos())
						s.calls = append(s.calls, c)
					}
				}
				return true
			})
		}
	}
	return s
}

// readCall reads a call of Say, Count or Optional that names its sentence.
func readCall(n *ast.CallExpr) (call, bool) {
	method, ok := n.Fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains([]string{"Say", "Count", "Optional"}, method.Sel.Name) || len(n.Args) == 0 {
		return call{}, false
	}
	id, ok := n.Args[0].(*ast.BasicLit)
	if !ok {
		return call{}, false
	}
	c := call{method: method.Sel.Name}
	c.id, _ = strconv.Unquote(id.Value)
	if c.method == "Count" {
		c.variables = []string{"Count"}
	}
	if with, ok := n.Args[len(n.Args)-1].(*ast.CompositeLit); ok {
		for _, e := range with.Elts {
			name, _ := strconv.Unquote(e.(*ast.KeyValueExpr).Key.(*ast.BasicLit).Value)
			c.variables = append(c.variables, name)
		}
	}
	slices.Sort(c.variables)
	return c, true
}

// The sentences of a notice are named by what their ids begin with.
var parts = []string{".title", ".text", ".help"}

func TestEverySentenceIsSaidSomewhere(t *testing.T) {
	s := readSource(t)
	for id := range readCatalogs(t)["en"] {
		used := s.literals[id]
		for _, part := range parts {
			bare, ok := strings.CutSuffix(id, part)
			used = used || ok && s.literals[bare]
		}
		if !used {
			t.Errorf("nobody says %q", id)
		}
	}
}

func TestEverySentenceSaidExistsWithItsVariables(t *testing.T) {
	english := readCatalogs(t)["en"]
	s := readSource(t)
	rooms := map[string]bool{}
	for id := range english {
		room, _, _ := strings.Cut(id, ".")
		rooms[room] = true
	}
	looksLikeID := regexp.MustCompile(`^([a-z]+)(\.[a-z_]+)+$`)
	for text := range s.literals {
		m := looksLikeID.FindStringSubmatch(text)
		if m == nil || !rooms[m[1]] || strings.HasSuffix(text, ".js") || strings.HasSuffix(text, ".templ") {
			continue
		}
		_, whole := english[text]
		_, begins := english[text+".text"]
		if !whole && !begins {
			t.Errorf("%q is no sentence", text)
		}
	}
	for _, c := range s.calls {
		texts, ok := english[c.id]
		if !ok {
			t.Errorf("%v: %q is no sentence", c.at, c.id)
			continue
		}
		if c.method == "Count" != (len(texts) > 1) {
			t.Errorf("%v: %s of %q, which has %d forms", c.at, c.method, c.id, len(texts))
		}
		if want := variables(texts["other"] + texts[""]); !slices.Equal(c.variables, want) {
			t.Errorf("%v: %q is given %v, wants %v", c.at, c.id, c.variables, want)
		}
	}
}

func TestTemplatesHoldNoSentences(t *testing.T) {
	files, _ := filepath.Glob("*.templ")
	if len(files) == 0 {
		t.Fatal("no templates")
	}
	spoken := regexp.MustCompile(`(?:aria-label|placeholder|title|alt|data-say|value)="[^"]*\p{L}[^"]*"`)
	machine := regexp.MustCompile(`value="(?:refresh|find|all)"`)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		text := machine.ReplaceAllString(string(b), "")
		if m := spoken.FindString(text); m != "" {
			t.Errorf("%s: an attribute speaks by itself: %s", f, m)
		}
		for n, line := range strings.Split(bareText(text), "\n") {
			if strings.ContainsFunc(line, isLetter) {
				t.Errorf("%s:%d: text outside of the catalogs: %s", f, n+1, strings.TrimSpace(line))
			}
		}
	}
}

func isLetter(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r >= 0x80 && r != '·'
}

var (
	comment    = regexp.MustCompile(`(?m)^\s*//.*$`)
	statement  = regexp.MustCompile(`(?m)^\s*(?:package|import|templ|if|for|switch|case|default|@|} else).*$`)
	expression = regexp.MustCompile(`{[^{}]*({[^{}]*}[^{}]*)*}`)
	tag        = regexp.MustCompile(`(?s)<[^>]*>`)
)

// bareText blanks everything in a template but the text between its tags.
func bareText(text string) string {
	blank := func(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) }
	for _, part := range []*regexp.Regexp{comment, statement, expression, tag} {
		text = part.ReplaceAllStringFunc(text, blank)
	}
	return text
}
