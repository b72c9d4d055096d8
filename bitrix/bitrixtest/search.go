package bitrixtest

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// words cuts a text into folded words: lower case, ё as е.
func words(text string) []string {
	folded := strings.ReplaceAll(strings.ToLower(text), "ё", "е")
	return strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// hasPrefixes tells whether every query word begins one of the words.
func hasPrefixes(query, words []string) bool {
	for _, q := range query {
		if !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, q) }) {
			return false
		}
	}
	return true
}

// searchEntry is what a person is found by, folded once. It holds the names it
// was made from, so that a changed person is folded again.
type searchEntry struct {
	name, lastName, secondName, position string
	words                                []string
}

func (e searchEntry) isOf(u *User) bool {
	return e.name == u.Name && e.lastName == u.LastName && e.secondName == u.SecondName && e.position == u.Position
}

// searchWords are the folded words of a person's names and position.
func (w *World) searchWords(u *User) []string {
	if e, ok := w.search[u.ID]; ok && e.isOf(u) {
		return e.words
	}
	if w.search == nil {
		w.search = map[int]searchEntry{}
	}
	e := searchEntry{u.Name, u.LastName, u.SecondName, u.Position, nil}
	for _, part := range []string{u.Name, u.LastName, u.SecondName, u.Position} {
		e.words = append(e.words, words(part)...)
	}
	w.search[u.ID] = e
	return e.words
}

// finder finds people by the beginnings of words of their names, position and
// departments. All words of a query have to match.
type finder struct {
	world       *World
	query       []string
	departments map[int][]string // folded names
}

func (w *World) finder(query string) *finder {
	f := &finder{world: w, query: words(query), departments: map[int][]string{}}
	for id, d := range w.Departments {
		f.departments[id] = words(d.Name)
	}
	return f
}

func (f *finder) finds(u *User) bool {
	names := f.world.searchWords(u)
	for _, q := range f.query {
		begins := func(word string) bool { return strings.HasPrefix(word, q) }
		if slices.ContainsFunc(names, begins) || q == strconv.Itoa(u.ID) {
			continue
		}
		if !slices.ContainsFunc(u.Departments, func(d int) bool { return slices.ContainsFunc(f.departments[d], begins) }) {
			return false
		}
	}
	return true
}
