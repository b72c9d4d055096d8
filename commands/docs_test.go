package commands

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// testsOf are the names of all tests of the project.
func testsOf(t *testing.T) map[string]bool {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Z]\w*)\(`)
	names := map[string]bool{}
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(filepath.Join("..", path))
		for _, m := range declared.FindAllSubmatch(source, -1) {
			names[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestTheSecurityPageNamesTestsThatExistAndEveryAttack(t *testing.T) {
	page, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	exist, named := testsOf(t), map[string]bool{}
	for _, name := range regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w*`).FindAllString(string(page), -1) {
		named[name] = true
		if !exist[name] {
			t.Errorf("docs/security.md names %s, which does not exist", name)
		}
	}
	for name := range exist {
		if strings.HasPrefix(name, "TestAttack") && !named[name] {
			t.Errorf("docs/security.md does not tell of %s", name)
		}
	}
}

// documents are the pages for people, by their path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, path := range append(paths, "../README.md") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts[path] = string(text)
	}
	return texts
}

func TestTheDocumentsLinkToWhatExists(t *testing.T) {
	texts := documents(t)
	link := regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	unmarked := regexp.MustCompile(`[^a-z0-9 -]`)
	for path, text := range texts {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			to := path
			if m[1] != "" {
				to = filepath.Join(filepath.Dir(path), m[1])
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s links to %s: %v", path, m[1], err)
			}
			headed := m[2] == ""
			for _, heading := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(texts[to], -1) {
				headed = headed || strings.ReplaceAll(unmarked.ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-") == m[2]
			}
			if !headed {
				t.Errorf("%s links to #%s of %s, which has no such heading", path, m[2], to)
			}
		}
	}
}

func TestTheDocumentsNameFoldersAndTasksThatExist(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	place := regexp.MustCompile("`((?:app|bitrix|commands|docs|e2e|handlers|static|views)/[\\w./*-]*)`")
	task := regexp.MustCompile(`\bmake ([a-z]+)(?:` + "`" + `|\n)`)
	for path, text := range documents(t) {
		for _, m := range place.FindAllStringSubmatch(text, -1) {
			if found, _ := filepath.Glob("../" + m[1]); len(found) == 0 {
				t.Errorf("%s names %s, which does not exist", path, m[1])
			}
		}
		for _, m := range task.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(string(makefile), "\n"+m[1]+":") {
				t.Errorf("%s names `make %s`, which does not exist", path, m[1])
			}
		}
	}
}
