package staff

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A word is spelled in a common Latin so that Иванов meets Ivanov. Letters
// stand for sounds: i is и й ы і ї y, h is х kh, c is ц ts, v is в w; the
// capitals S, C and Z are ш щ sh sch, ч ch and ж дж zh, so that their many
// spellings take one letter.
//
// The same letters sound different from one language to the next and nothing
// tells which one a name is from, so every word is spelled the way several
// languages would, and two words meet when any of their spellings do. Each
// column of the table is one such way, for the whole word:
//
//	            Latin words                           Cyrillic words
//	0 narrow    English, Russian written in Latin     Russian
//	1           Polish, Czech, Serbian                Ukrainian: г is h, є is ie
//	2           German                                Kazakh: ә is e, ө is u; otherwise Russian
//	3           French, Italian, Portuguese           ё is io, ң is ng
//	4           Spanish                               Russian
//	5           Turkish; Fyodor as Федор, William as Уильям
//
// The first keeps doubled letters, all others write them once (мюлер finds
// Müller). What is lost on purpose: ш and щ, и and ы, э and е, Джон and Жон
// are one; ъ and ь are nothing, but for ь before a vowel, which is i
// (Vasiliev, Tatiana). Where the ways disagree is where ambiguity comes from:
//
//	ch  is ч, х (Bach) or ш (Charles)        j   is дж, й (Jelena) or х (Jorge)
//	z   is з, ц (Zimmer) or с (Sánchez)      c   is к, с, ц (Jacek) or дж (Can)
//	v   is в or ф (Vogel)                    w   is в or у (William)
//	ei  is ей or ай, eu is эу or ой (German) ie  is ие or и (German)
//	ü   is u, or ю as in Мюллер; ue is ü where the word is taken for German
//	ö   is o, or ё which is e; oe likewise   г   is g, or h in Ukrainian
//	ё   is e, or io where it is written so   h   is х, or mute
//
// Words that only meet in a way other than the narrow one rank after those
// that meet in it.
const ways = 6

// spelling says what letters become. The outcomes are one for all ways, or one
// for each; "-" is nothing, "." leaves the letters to a shorter spelling.
type spelling struct {
	letters, outcomes string
	where             where
}

type where uint8

const (
	anywhere where = iota
	soft           // before e, i, y
	first          // at the beginning of the word
	opening        // there or after a vowel
	closing        // before a consonant or at the end
	mute           // after a vowel and before a consonant or at the end
)

var table = []spelling{
	// Latin.
	{"äu", ". . oi . . .", anywhere}, {"ae", ". . e . . .", anywhere}, {"ä", "a a e a a a", anywhere}, {"ą", "a on a a a a", anywhere},
	{"æ", "ae ae e ae ae ae", anywhere}, {"å", "a a o a a a", anywhere},
	{"chr", "kr hr kr kr kr kr", anywhere}, {"ch", "C h h S C C", anywhere}, {"ck", "k", anywhere}, {"cz", "C", anywhere},
	{"č", "C", anywhere}, {"ć", "C", anywhere}, {"ç", "C C C s s C", anywhere},
	{"c", "s c c s s Z", soft}, {"c", "k c k k k Z", anywhere},
	{"dzh", "Z", anywhere}, {"dž", "Z", anywhere}, {"dż", "Z", anywhere}, {"dj", "Z", anywhere}, {"đ", "d Z d d d d", anywhere},
	{"eau", ". . . o . .", anywhere}, {"ei", ". . ai . . .", anywhere}, {"ey", ". . ai . . .", anywhere}, {"eu", ". . oi . . .", anywhere},
	{"ę", "e en e e e e", anywhere},
	{"gh", "g", anywhere}, {"gu", ". . . g g .", soft}, {"gn", ". . . ni . .", anywhere}, {"g", ". . . Z h .", soft},
	{"h", ". . - . . .", mute}, {"h", ". . . - - .", anywhere},
	{"ie", ". . . . . e", first}, {"ie", ". . i . . .", anywhere},
	{"je", ". e e . . .", opening}, {"j", "i", closing}, {"j", "Z i i Z h Z", anywhere},
	{"kh", "h", anywhere}, {"ll", ". . . . li .", anywhere}, {"ñ", "n n n ni ni n", anywhere}, {"nh", ". . . ni . .", anywhere},
	{"oe", ". . e . . .", anywhere}, {"ou", ". . . u . .", anywhere}, {"ö", "o o e o o o", anywhere}, {"ø", "o o e o o o", anywhere}, {"ó", "o u o o o o", anywhere},
	{"ph", "f", anywhere}, {"qu", "kv kv kv k k k", anywhere}, {"q", "k", anywhere},
	{"rz", ". Z . . . .", anywhere}, {"ř", "r rZ r r r r", anywhere},
	{"schtsch", "S", anywhere}, {"shch", "S", anywhere}, {"szcz", "S", anywhere}, {"sch", "S", anywhere}, {"sh", "S", anywhere},
	{"sz", ". S . . . .", anywhere}, {"st", ". . St . . .", first}, {"sp", ". . Sp . . .", first},
	{"šč", "S", anywhere}, {"š", "S", anywhere}, {"ş", "S", anywhere}, {"ș", "S", anywhere}, {"ś", "S", anywhere},
	{"tsch", "C", anywhere}, {"tch", "C", anywhere}, {"ts", "c", anywhere}, {"tz", "c", anywhere}, {"th", "t", anywhere}, {"ț", "c", anywhere}, {"ţ", "c", anywhere},
	{"ue", ". . iu . . .", anywhere}, {"ü", "u u iu iu u u", anywhere},
	{"v", "v v f v v v", anywhere}, {"w", "v v v v v u", anywhere}, {"x", "ks", anywhere},
	{"ye", "e", opening}, {"yo", ". . . . . e", anywhere}, {"y", "i", anywhere},
	{"zh", "Z", anywhere}, {"ž", "Z", anywhere}, {"ż", "Z", anywhere}, {"z", "z z c z s z", anywhere},

	// Cyrillic. Pairs that Latin cannot tell from one letter are that letter.
	{"дж", "Z", anywhere}, {"тс", "c", anywhere}, {"тц", "c", anywhere}, {"тч", "C", anywhere}, {"сч", "S", anywhere}, {"шч", "S", anywhere},
	{"кх", "h", anywhere}, {"гх", "g", anywhere}, {"тх", "t", anywhere},
	{"ьё", "ie ie ie io ie ie", anywhere}, {"ье", "ie", anywhere}, {"ьо", "io", anywhere}, {"ья", "ia", anywhere}, {"ью", "iu", anywhere}, {"ъе", "ie", anywhere},
	{"а", "a", anywhere}, {"б", "b", anywhere}, {"в", "v", anywhere}, {"г", "g h g g g g", anywhere}, {"ґ", "g", anywhere}, {"д", "d", anywhere},
	{"е", "e", anywhere}, {"є", "e ie e e e e", anywhere}, {"ё", "e e e io e e", anywhere}, {"ж", "Z", anywhere}, {"з", "z", anywhere},
	{"и", "i", anywhere}, {"і", "i", anywhere}, {"ї", "i", anywhere}, {"й", "i", anywhere}, {"ј", "i", anywhere},
	{"к", "k", anywhere}, {"л", "l", anywhere}, {"љ", "li", anywhere}, {"м", "m", anywhere}, {"н", "n", anywhere}, {"њ", "ni", anywhere},
	{"о", "o", anywhere}, {"п", "p", anywhere}, {"р", "r", anywhere}, {"с", "s", anywhere}, {"т", "t", anywhere}, {"ћ", "C", anywhere}, {"ђ", "Z", anywhere}, {"џ", "Z", anywhere},
	{"у", "u", anywhere}, {"ў", "u v u u u u", anywhere}, {"ф", "f", anywhere}, {"х", "h", anywhere}, {"ц", "c", anywhere}, {"ч", "C", anywhere}, {"ш", "S", anywhere}, {"щ", "S", anywhere},
	{"ъ", "-", anywhere}, {"ы", "i", anywhere}, {"ь", "-", anywhere}, {"э", "e", anywhere}, {"ю", "iu", anywhere}, {"я", "ia", anywhere},
	{"ә", "a a e a a a", anywhere}, {"ғ", "g", anywhere}, {"қ", "k", anywhere}, {"ң", "n n n ng n n", anywhere}, {"ө", "o o u o o o", anywhere},
	{"ұ", "u", anywhere}, {"ү", "u", anywhere}, {"һ", "h", anywhere},

	// Greek.
	{"ου", "u", anywhere}, {"μπ", "b b mp b b b", anywhere}, {"ντ", "d d nt d d d", anywhere},
	{"α", "a", anywhere}, {"β", "v", anywhere}, {"γ", "g", anywhere}, {"δ", "d", anywhere}, {"ε", "e", anywhere}, {"ζ", "z", anywhere}, {"η", "i", anywhere},
	{"θ", "t", anywhere}, {"ι", "i", anywhere}, {"κ", "k", anywhere}, {"λ", "l", anywhere}, {"μ", "m", anywhere}, {"ν", "n", anywhere}, {"ξ", "ks", anywhere},
	{"ο", "o", anywhere}, {"π", "p", anywhere}, {"ρ", "r", anywhere}, {"σ", "s", anywhere}, {"τ", "t", anywhere}, {"υ", "i", anywhere}, {"φ", "f", anywhere},
	{"χ", "h", anywhere}, {"ψ", "ps", anywhere}, {"ω", "o", anywhere},
}

// latin is how a Cyrillic word is usually written in Latin. It is a
// form of its own beside the sounds, so that the beginning of kh or zh already
// finds Х and Ж, and a swap inside a pair is one typo.
var latin = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "g", 'ґ': "g", 'д': "d", 'е': "e", 'є': "ye", 'ё': "e", 'ж': "zh", 'з': "z", 'и': "i", 'і': "i", 'ї': "i",
	'й': "y", 'к': "k", 'л': "l", 'м': "m", 'н': "n", 'о': "o", 'п': "p", 'р': "r", 'с': "s", 'т': "t", 'у': "u", 'ў': "u", 'ф': "f", 'х': "kh",
	'ц': "ts", 'ч': "ch", 'ш': "sh", 'щ': "shch", 'ъ': "", 'ы': "y", 'ь': "", 'э': "e", 'ю': "yu", 'я': "ya",
	'ә': "a", 'ғ': "g", 'қ': "k", 'ң': "n", 'ө': "o", 'ұ': "u", 'ү': "u", 'һ': "h",
}

// ukrainian is where Latin from Ukrainian differs; nothing tells the languages
// apart in Тимощук (Tymoshchuk).
var ukrainian = map[rune]string{'г': "h", 'и': "y", 'й': "i"}

// rule is a spelling made ready.
type rule struct {
	letters  string
	outcomes [ways]string
	where    where
}

const left = "." // the outcome that leaves letters to a shorter rule

// rules are the spellings by first letter, longest first.
var rules = func() (rules [0x600][]rule) {
	for _, s := range table {
		r := rule{letters: s.letters, where: s.where}
		outcomes := strings.Fields(s.outcomes)
		for way := range r.outcomes {
			r.outcomes[way] = strings.Trim(outcomes[min(way, len(outcomes)-1)], "-")
		}
		letter, _ := utf8.DecodeRuneInString(s.letters)
		rules[letter] = append(rules[letter], r)
	}
	for _, r := range rules {
		slices.SortStableFunc(r, func(a, b rule) int { return len(b.letters) - len(a.letters) })
	}
	return rules
}()

func rulesOf(letter rune) []rule {
	if int(letter) < len(rules) {
		return rules[letter]
	}
	return nil
}

// spelled takes off the accents that no rule is about, so that rules can be
// written for plain letters, and reports whether the word can be spelled.
func spelled(word string) (string, bool) {
	letters := make([]byte, 0, len(word))
	for _, r := range word {
		switch {
		case r < utf8.RuneSelf, len(rulesOf(r)) > 0:
			letters = utf8.AppendRune(letters, r)
		case isAccent(r):
		case unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic):
			if s, ok := alikes[r]; ok {
				letters = append(letters, s...)
				continue
			}
			for _, r := range decompose(r) {
				if !isAccent(r) {
					letters = utf8.AppendRune(letters, r)
				}
			}
		default:
			return "", false
		}
	}
	return string(letters), true
}

// spell writes a word that spelled has prepared in one of the ways.
func spell(word string, way int) string {
	form := make([]byte, 0, len(word))
	for at := 0; at < len(word); {
		out, n := sound(word, at, way)
		for i := range len(out) {
			last := len(form) - 1
			if last >= 0 && form[last] == out[i] && (way > 0 || out[i] == 'i') {
				continue
			}
			form = append(form, out[i])
		}
		at += n
	}
	return string(form)
}

// sound returns what the letters at a place become, and how many bytes they are.
func sound(word string, at, way int) (string, int) {
	letter, n := utf8.DecodeRuneInString(word[at:])
	rules := rulesOf(letter)
	for i := range rules {
		r := &rules[i]
		if r.outcomes[way] != left && strings.HasPrefix(word[at:], r.letters) && r.where.holds(word, at, at+len(r.letters)) {
			return r.outcomes[way], len(r.letters)
		}
	}
	return word[at : at+n], n
}

func (w where) holds(word string, from, to int) bool {
	const vowels = "aeiouyäöüáéíóúàèìòùâêîôûãõıøåæ"
	vowel := func(s string, last bool) bool {
		r, _ := utf8.DecodeRuneInString(s)
		if last {
			r, _ = utf8.DecodeLastRuneInString(s)
		}
		return s != "" && strings.ContainsRune(vowels, r)
	}
	closed := !vowel(word[to:], false)
	switch w {
	case soft:
		return to < len(word) && strings.IndexByte("eiy", word[to]) >= 0
	case first:
		return from == 0
	case opening:
		return from == 0 || vowel(word[:from], true)
	case closing:
		return closed
	case mute:
		return closed && vowel(word[:from], true)
	}
	return true
}

// romanised returns the usual Latin of a Cyrillic word, or false. Some letters
// may differ.
func romanised(word string, differing map[rune]string) (string, bool) {
	form := make([]byte, 0, 2*len(word))
	other := false
	for _, r := range word {
		s, ok := differing[r]
		if !ok {
			s, ok = latin[r]
		}
		if ok {
			form = append(form, s...)
			other = true
		} else if r < utf8.RuneSelf {
			form = append(form, byte(r))
		} else {
			return "", false
		}
	}
	return string(form), other
}

// form is one way to write a word, and how far it is from the word itself.
type form struct {
	letters string
	reach   reach
	tail    bool // begins later than the word
}

// reach says how far a form is from what is written.
type reach uint8

const (
	written   reach = iota // in its own letters
	latinised              // in Latin as it is usually written
	sounding               // as it sounds
	far                    // the way another language would, or in the wrong keyboard layout
)

// forms returns the distinct ways to write a word, the closest first.
func forms(word string) []form {
	all := make([]form, 1, 8)
	all[0] = form{letters: plain(word)}
	add := func(letters string, r reach) {
		if letters != "" && !slices.ContainsFunc(all, func(f form) bool { return f.letters == letters }) {
			all = append(all, form{letters: letters, reach: r})
		}
	}
	for _, t := range tails(word) {
		all = append(all, form{letters: plain(t), tail: true})
	}
	if s, ok := spelled(word); ok {
		if l, ok := romanised(s, nil); ok {
			add(l, latinised)
			l, _ = romanised(s, ukrainian)
			add(l, latinised)
		}
		for way := range ways {
			add(spell(s, way), min(sounding+reach(way), far))
		}
	}
	return all
}

// narrowForms returns the word as written and as it sounds in the narrow way:
// to guess about both language and typos is a guess too far.
func narrowForms(word string) []form {
	all := []form{{letters: plain(word)}}
	if s, ok := spelled(word); ok {
		if sounds := spell(s, 0); sounds != all[0].letters {
			all = append(all, form{letters: sounds, reach: sounding})
		}
	}
	return all
}
