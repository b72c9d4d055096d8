package staff

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// What is indexed of one text; what is beyond cannot be found by typing.
const (
	maxWords   = 24 // of one text
	maxLetters = 40 // of one word
	maxTails   = 16 // of one word without spaces
)

// A word is kept in two kinds of forms. The plain form is the word as it is
// typed in its own script: lower case, without accents, one byte a letter
// where the script is a living alphabet (so that a typo is one byte). Spelled
// forms, see spell.go, write it in a common Latin so that scripts meet.

// splitWords returns the words of s in lower case, composed, accents kept. An
// apostrophe does not part a word (O'Brien, Дем'яненко).
func splitWords(s string) []string {
	s = norm.NFKC.String(strings.ToLower(s))
	var words []string
	var word strings.Builder
	letters := 0
	end := func() {
		if word.Len() > 0 && len(words) < maxWords {
			words = append(words, word.String())
		}
		word.Reset()
		letters = 0
	}
	for _, r := range s {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			if letters++; letters <= maxLetters {
				word.WriteRune(r)
			}
		case isApostrophe(r) && letters > 0:
		default:
			end()
		}
	}
	end()
	return words
}

func isApostrophe(r rune) bool { return strings.ContainsRune("'’ʼʹ`´′‘", r) }

// plain returns the plain form of a word.
func plain(word string) string {
	form := make([]byte, 0, len(word))
	for _, r := range word {
		form = appendPlain(form, r)
	}
	return string(form)
}

// alikes are letters that Unicode does not take apart but people type as
// another, and letters that differ by place in the word or by habit only.
var alikes = map[rune]string{
	'ß': "ss", 'ł': "l", 'ø': "o", 'đ': "d", 'ð': "d", 'þ': "th", 'æ': "ae", 'œ': "oe",
	'ı': "i", 'ħ': "h", 'ŧ': "t", 'ŋ': "n", 'ə': "a", 'ĸ': "k", 'ſ': "s",
	'ё': "е", 'ѐ': "е", 'ѝ': "и",
	'ς': "σ",
	'ך': "כ", 'ם': "מ", 'ן': "נ", 'ף': "פ", 'ץ': "צ",
	'أ': "ا", 'إ': "ا", 'آ': "ا", 'ٱ': "ا", 'ى': "ي", 'ی': "ي", 'ئ': "ي", 'ؤ': "و", 'ة': "ه", 'ک': "ك", 'ء': "", 'ـ': "",
}

// appendPlain adds one letter, already in lower case, to a plain form.
func appendPlain(form []byte, r rune) []byte {
	switch {
	case r < utf8.RuneSelf:
		return append(form, byte(r))
	case isAccent(r):
		return form
	case 'ァ' <= r && r <= 'ヶ':
		r -= 'ァ' - 'ぁ' // both kana are one
	}
	if s, ok := alikes[r]; ok {
		for _, r := range s {
			form = appendLetter(form, r)
		}
		return form
	}
	if keepsMarks(r) {
		return appendLetter(form, r)
	}
	for _, r := range decompose(r) {
		if !isAccent(r) {
			form = appendLetter(form, r)
		}
	}
	return form
}

// isAccent reports whether r is a mark that people leave out. Marks of other
// scripts are vowels nobody leaves out (Thai, Devanagari).
func isAccent(r rune) bool {
	return 0x0300 <= r && r <= 0x036f || // Latin, Greek, Cyrillic
		0x0591 <= r && r <= 0x05c7 || 0x064b <= r && r <= 0x065f || r == 0x0670 // Hebrew, Arabic
}

// keepsMarks reports whether r is a letter of its own though Unicode would
// take it apart: й is no и with an accent, が no か.
func keepsMarks(r rune) bool {
	return unicode.In(r, unicode.Cyrillic, unicode.Hiragana, unicode.Katakana)
}

func decompose(r rune) string {
	s := string(r)
	if d := norm.NFD.PropertiesString(s).Decomposition(); d != nil {
		return norm.NFD.String(string(d))
	}
	if unicode.Is(unicode.Hangul, r) {
		return norm.NFD.String(s) // a syllable half typed is then a beginning
	}
	return s
}

// alphabet lists the letters that take one byte of a plain form, in order
// from 0x80. Latin is itself; anything else is escape and its UTF-8.
const alphabet = "абвгдежзийклмнопрстуфхцчшщъыьэюя" + "ґєіїўәғқңөұүһ" +
	"αβγδεζηθικλμνξοπρστυφχψω" + "אבגדהוזחטיכלמנסעפצקרשת" + "ابتثجحخدذرزسشصضطظعغفقكلمنهوي" + "پچژگ"

const escape = 0xff

var codes = func() (codes [0x700]byte) {
	next := byte(utf8.RuneSelf)
	for _, r := range alphabet {
		codes[r] = next
		next++
	}
	return codes
}()

func appendLetter(form []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		return append(form, byte(r))
	}
	if int(r) < len(codes) && codes[r] != 0 {
		return append(form, codes[r])
	}
	return utf8.AppendRune(append(form, escape), r)
}

// isUnspaced reports whether r belongs to a script that puts no spaces between
// words, where one is looked for in the middle of a text too.
func isUnspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai)
}

// tails returns the later beginnings of a word: every letter where no spaces
// are used, what follows the article in Arabic.
func tails(word string) []string {
	first, n := utf8.DecodeRuneInString(word)
	if rest, ok := strings.CutPrefix(word, "ال"); ok && len(rest) > 4 {
		return []string{rest}
	}
	if !isUnspaced(first) {
		return nil
	}
	var all []string
	for rest := word[n:]; rest != "" && len(all) < maxTails; rest = rest[n:] {
		all = append(all, rest)
		_, n = utf8.DecodeRuneInString(rest)
	}
	return all
}
