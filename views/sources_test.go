package views

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

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
	for _, id := range readCatalogs(t)["en"].ids {
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
	english := readCatalogs(t)["en"].texts
	s := readSource(t)
	rooms := map[string]bool{}
	for id := range english {
		room, _, _ := strings.Cut(id, ".")
		rooms[room] = true
	}
	looksLikeID := regexp.MustCompile(`^([a-z]+)(\.[a-z_]+)+$`)
	for text := range s.literals {
		m := looksLikeID.FindStringSubmatch(text)
		if m == nil || !rooms[m[1]] || strings.HasSuffix(text, ".js") || strings.HasSuffix(text, ".css") || strings.HasSuffix(text, ".templ") {
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
		if _, counts := texts["other"]; c.method == "Count" != counts {
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
	machine := regexp.MustCompile(`value="(?:refresh|find|suggest|all|csv|jsonl)"`)
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

func TestCodeHoldsNoSentences(t *testing.T) {
	sentence := regexp.MustCompile(`^\p{Lu}.*\p{L}[ \x{a0}]+\p{L}`)
	for text := range readSource(t).literals {
		if sentence.MatchString(text) {
			t.Errorf("a sentence outside of the catalogs: %q", text)
		}
	}
}

func TestScriptsAndStylesHoldNoSentences(t *testing.T) {
	spoken := map[string][]*regexp.Regexp{
		"../static/*.js": {
			regexp.MustCompile("(?:textContent|innerText|ariaLabel|title|placeholder|alt|value)\\s*[:=]\\s*['`\"][^'`\"\\n]*\\p{L}[^'`\"\\n]*['`\"]"),
			regexp.MustCompile("['`\"]\\p{Lu}\\p{Ll}+ [^'`\"\\n]*['`\"]"),
			regexp.MustCompile("['`\"][^'`\"\\n]*[\\x{aa}-\\x{2000}\\x{2e80}-\\x{ffff}][^'`\"\\n]*['`\"]"),
		},
		"../static/*.css": {regexp.MustCompile(`content:\s*"[^"\n]*\p{L}[^"\n]*"`)},
	}
	for pattern, kinds := range spoken {
		files, _ := filepath.Glob(pattern)
		if len(files) == 0 {
			t.Fatalf("nothing is called %s", pattern)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			text := scriptComment.ReplaceAllString(string(b), "")
			for _, kind := range kinds {
				for _, m := range kind.FindAllString(text, -1) {
					t.Errorf("%s speaks by itself: %s", f, m)
				}
			}
		}
	}
}

var scriptComment = regexp.MustCompile(`(?s)/\*.*?\*/|(?:^|\s)//[^\n]*`)

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
