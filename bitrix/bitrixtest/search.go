package bitrixtest

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// accents maps letters to those that the portal's database takes for the same.
var accents = func() map[rune]string {
	same := map[rune]string{'ß': "ss", 'æ': "ae", 'œ': "oe", 'þ': "th"}
	for base, letters := range map[string]string{
		"a": "àáâãäåāăą", "c": "çćĉċč", "d": "ďđð", "e": "èéêëēĕėęě", "g": "ĝğġģ", "h": "ĥħ", "i": "ìíîïĩīĭįı", "j": "ĵ",
		"k": "ķ", "l": "ĺļľŀł", "n": "ñńņňŋ", "o": "òóôõöøōŏő", "r": "ŕŗř", "s": "śŝşšș", "t": "ţťŧț", "u": "ùúûüũūŭůűų",
		"w": "ŵ", "y": "ýÿŷ", "z": "źżž", "е": "ё",
	} {
		for _, letter := range letters {
			same[letter] = base
		}
	}
	return same
}()

// words cuts a text into folded words: lower case, without accents.
func words(text string) []string {
	var folded strings.Builder
	for _, r := range strings.ToLower(text) {
		if base, ok := accents[r]; ok {
			folded.WriteString(base)
			continue
		}
		if unicode.IsMark(r) {
			continue
		}
		folded.WriteRune(r)
	}
	return strings.FieldsFunc(folded.String(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
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

// searchWords are the folded words of a person's names and position.
func (u *User) searchWords() []string {
	e := u.search
	if e != nil && e.name == u.Name && e.lastName == u.LastName && e.secondName == u.SecondName && e.position == u.Position {
		return e.words
	}
	u.search = &searchEntry{u.Name, u.LastName, u.SecondName, u.Position, nil}
	for _, part := range []string{u.Name, u.LastName, u.SecondName, u.Position} {
		u.search.words = append(u.search.words, words(part)...)
	}
	return u.search.words
}

// finder finds people by the beginnings of words of their names, position and
// departments, or by their id. All words of a query have to match.
type finder []queryWord

type queryWord struct {
	text        string
	id          int          // 0 when the word is no number
	departments map[int]bool // those with a word that begins so
}

func (w *World) finder(query string) finder {
	var f finder
	for _, text := range words(query) {
		q := queryWord{text: text, departments: map[int]bool{}}
		q.id, _ = strconv.Atoi(text)
		for id, d := range w.Departments {
			if hasPrefixes([]string{text}, words(d.Name)) {
				q.departments[id] = true
			}
		}
		f = append(f, q)
	}
	return f
}

func (f finder) finds(u *User) bool {
	names := u.searchWords()
	for _, q := range f {
		if !q.finds(u, names) {
			return false
		}
	}
	return true
}

func (q queryWord) finds(u *User, names []string) bool {
	if q.id != 0 && q.id == u.ID {
		return true
	}
	for _, name := range names {
		if strings.HasPrefix(name, q.text) {
			return true
		}
	}
	for _, d := range u.Departments {
		if q.departments[d] {
			return true
		}
	}
	return false
}
