package staff

import (
	"slices"
	"strings"
	"unicode"
)

// reading is one way to take a query: pieces that must all fit.
type reading struct {
	pieces []piece
	relaid bool // in another keyboard layout
}

// piece is a word, an address or what may be either.
type piece struct{ word, address string }

// maxPieces is how many pieces of a query count.
const maxPieces = 8

// readings returns the ways to take a query: as typed, the likeliest first;
// plainly as words; and in other layouts, the likeliest first.
func readings(q string) (typed []reading, plainly reading, other []reading) {
	q = shortened(strings.ToLower(q), maxQuery)
	chunks := split(q)
	plainly = read(chunks, false)
	typed = append(typed, read(chunks, true))
	if slices.ContainsFunc(chunks, isAddress) {
		typed = append(typed, plainly) // Jr. or И.И.
	}
	if strings.Contains(q, "-") {
		typed = append(typed, read(split(strings.ReplaceAll(q, "-", "")), true))
	}
	typed = append(typed, parted(chunks)...)
	for _, l := range relaid(q) {
		r := read(split(l), true)
		r.relaid = true
		other = append(other, r)
	}
	return typed, plainly, other
}

// shortened returns the first n letters of s.
func shortened(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}

// split returns the chunks between spaces and the punctuation no address has.
func split(q string) []string {
	return strings.FieldsFunc(q, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(",;:()[]{}<>\"«»“”„|/!?*、。，；", r)
	})
}

// read takes chunks as words, and those that look like one as addresses when
// asked to.
func read(chunks []string, addresses bool) reading {
	var r reading
	for _, chunk := range chunks {
		if addresses && isAddress(chunk) {
			if a := strings.TrimLeft(chunk, "@."); a != "" {
				r.pieces = append(r.pieces, piece{address: a})
			}
			continue
		}
		words := splitWords(chunk)
		for _, word := range words {
			p := piece{word: word}
			if len(words) == 1 && len(word) > 1 && word == chunk {
				p.address = chunk
			}
			r.pieces = append(r.pieces, p)
		}
	}
	r.pieces = r.pieces[:min(len(r.pieces), maxPieces)]
	return r
}

// parted returns readings in which a chunk without spaces is a surname and a
// name typed as one, as in 王小明.
func parted(chunks []string) []reading {
	const longest = 8 // letters
	var all []reading
	for i, chunk := range chunks {
		letters := []rune(chunk)
		if len(letters) < 2 || len(letters) > longest || !isUnspaced(letters[0]) || unicode.Is(unicode.Thai, letters[0]) {
			continue
		}
		for at := 1; at < len(letters); at++ {
			parts := slices.Concat(chunks[:i], []string{string(letters[:at]), string(letters[at:])}, chunks[i+1:])
			all = append(all, read(parts, true))
		}
		break
	}
	return all
}

// joined returns readings in which two words that follow each other are one,
// as in Mac Arthur and Xiao Ming.
func joined(r reading) []reading {
	var all []reading
	for i := 1; i < len(r.pieces); i++ {
		one := piece{word: r.pieces[i-1].word + r.pieces[i].word}
		all = append(all, reading{pieces: slices.Concat(r.pieces[:i-1], []piece{one}, r.pieces[i+1:])})
	}
	return all
}
