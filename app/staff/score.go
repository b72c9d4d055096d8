package staff

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// score says how closely a value fits a piece of the query, packed so that
// less is better: cost, then field, then reach. Zero is not at all.
type score uint8

// cost is 0 for a whole word, 1 for a beginning, and then by typos: twice
// their number, and one more where only a beginning fits.
const (
	wholeWord = 0
	beginning = 1
)

func newScore(cost int, f field, r reach) score { return score(cost<<5|int(f)<<2|int(r)) + 1 }

// apart returns the parts of a score, eight bits each so that sums keep apart.
func (s score) apart() uint32 {
	n := uint32(s - 1)
	return n>>5<<16 | n>>2&7<<8 | n&3
}

// term is one piece of the query and what it fits.
type term struct {
	scores  []score // by value
	touched []uint32
}

func (t *term) fits(v uint32, s score) {
	switch have := t.scores[v]; {
	case have == 0:
		t.touched = append(t.touched, v)
		t.scores[v] = s
	case s < have:
		t.scores[v] = s
	}
}

// matchWord scores the values a word fits.
func (t *term) matchWord(x *Index, word string, relaid, typos bool, upTo field) {
	letters := utf8.RuneCountInString(word)
	least := wholeWord
	if relaid && letters < 3 {
		least = beginning // too short to be sure that it was meant
	}
	fit := func(f form, i, cost int) {
		o := x.names.owners[i]
		if o.tail() {
			cost |= beginning
		}
		r := max(f.reach, o.reach())
		if relaid {
			r = far
		}
		for _, v := range x.words.at(o.word()) {
			if f := x.fieldOf(v); f <= upTo {
				t.fits(v, newScore(max(cost, least), f, r))
			}
		}
	}
	for _, f := range queryForms(word, letters) {
		from, to := x.names.beginning(f.letters)
		for i := from; i < to; i++ {
			cost := beginning
			if len(x.names.form(i)) == len(f.letters) {
				cost = wholeWord
			}
			fit(f, i, cost)
		}
	}
	if !typos {
		return
	}
	for _, f := range narrowForms(word) {
		if limit := forgiven(letters, f.letters); limit > 0 {
			x.names.alike(f.letters, limit, func(i, typos int, whole bool) {
				cost := 2 * typos
				if !whole {
					cost++
				}
				fit(f, i, cost)
			})
		}
	}
}

// queryForms returns the forms of a word to look up. A single letter is not
// guessed about.
func queryForms(word string, letters int) []form {
	all := slices.DeleteFunc(forms(word), func(f form) bool {
		return f.tail || f.letters == "" || f.reach == far && letters < 2
	})
	if letters > 1 && strings.HasSuffix(word, "sc") {
		all = append(all, form{letters: spell(word+"h", 0), reach: sounding}) // on the way to sch
	}
	return all
}

// forgiven returns how many typos a form of a word may have. Short forms fit
// too much, and numbers are never meant to be others.
func forgiven(letters int, form string) int {
	if strings.ContainsAny(form, "0123456789") {
		return 0
	}
	switch {
	case letters >= 8 && len(form) >= 6:
		return 2
	case letters >= 4 && len(form) >= 3:
		return 1
	}
	return 0
}

// matchAddress scores the addresses a piece fits.
func (t *term) matchAddress(x *Index, address string, relaid bool) {
	r := written
	if relaid {
		r = far
	}
	x.byAddress(address, func(v uint32, whole bool) {
		cost := beginning
		if whole {
			cost = wholeWord
		}
		t.fits(v, newScore(cost, addressField, r))
	})
}

// key orders what is found: less is better.
type key uint64

const (
	qualityAt = 52
	costAt    = 46
	fieldAt   = 40
	farBit    = 1 << 39
	oldBit    = 1 << 38 // not recent
	awayBit   = 1 << 37 // not near
	reachAt   = 32
)

// class is all of k but who it is.
func (k key) class() key { return k >> 32 }

// newKey packs scores of all terms: their parts added up, and the worst.
func newKey(sum uint32, worst score, isFar bool, place uint32) key {
	cost := (worst - 1) >> 5
	k := key(Fuzzy)
	switch cost {
	case wholeWord:
		k = key(Exact)
	case beginning:
		k = key(Prefix)
	}
	k = k<<qualityAt | key(sum>>16)<<costAt | key(sum>>8&0xff)<<fieldAt | key(sum&0xff)<<reachAt | oldBit | awayBit | key(place)
	if isFar {
		k |= farBit
	}
	return k
}

func (k key) place() uint32    { return uint32(k) }
func (k key) quality() Quality { return Quality(k >> qualityAt) }

// tally adds up scores.
type tally struct {
	sum   uint32
	worst score
	far   bool
}

func (t tally) plus(s score) tally {
	return tally{t.sum + s.apart(), max(t.worst, s), t.far || reach((s-1)&3) == far}
}

func (t tally) key(place uint32) key { return newKey(t.sum, t.worst, t.far, place) }

// person returns the best score of a person's values.
func (t *term) person(x *Index, place uint32) score {
	r := &x.people[place]
	best := better(t.scores[r.name], t.scores[r.last])
	best = better(best, t.scores[r.second])
	best = better(best, t.scores[r.position])
	best = better(best, better(t.scores[r.email], t.scores[r.login]))
	for _, unit := range x.unitsOf(place) {
		best = better(best, t.scores[x.unitValue(unit)])
	}
	return best
}

// better returns the lesser of two scores, zero being none.
func better(a, b score) score { return min(a-1, b-1) + 1 }

// least returns the best score of all.
func (t *term) least() score {
	best := score(0)
	for _, v := range t.touched {
		best = better(best, t.scores[v])
	}
	return best
}
