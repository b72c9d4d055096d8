package staff

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// dictionary is all forms of all words in order, so that the forms with one
// beginning lie side by side and a walk meets every distinct beginning once,
// as in a trie.
type dictionary struct {
	data   string
	from   []uint32 // one more than there are forms
	shared []uint8  // bytes a form shares with the one before
	next   []uint32 // the next form that shares less with the one before it
	owners []owner
}

// owner packs a word with how the form belongs to it.
type owner uint32

func newOwner(word uint32, f form) owner {
	o := owner(word)<<3 | owner(f.reach)
	if f.tail {
		o |= 4
	}
	return o
}

func (o owner) word() uint32 { return uint32(o >> 3) }
func (o owner) reach() reach { return reach(o & 3) }
func (o owner) tail() bool   { return o&4 != 0 }

type entry struct {
	letters string
	owner   owner
}

// maxForm keeps lengths within a byte; words are cut to maxLetters long before.
const maxForm = 255

func newDictionary(entries []entry) dictionary {
	slices.SortFunc(entries, func(a, b entry) int {
		if c := strings.Compare(a.letters, b.letters); c != 0 {
			return c
		}
		return cmp.Compare(a.owner, b.owner)
	})
	d := dictionary{
		from:   make([]uint32, 1, len(entries)+1),
		shared: make([]uint8, 0, len(entries)),
		owners: make([]owner, 0, len(entries)),
	}
	var data strings.Builder
	before := ""
	for _, e := range entries {
		letters := e.letters[:min(len(e.letters), maxForm)]
		data.WriteString(letters)
		d.from = append(d.from, uint32(data.Len()))
		d.shared = append(d.shared, uint8(common(before, letters)))
		d.owners = append(d.owners, e.owner)
		before = letters
	}
	d.data = strings.Clone(data.String())
	d.link()
	return d
}

// link fills next.
func (d *dictionary) link() {
	d.next = make([]uint32, len(d.shared))
	var open []uint32 // forms that wait for their next, which share ever more
	for i := range uint32(len(d.shared)) {
		for len(open) > 0 && d.shared[i] < d.shared[open[len(open)-1]] {
			d.next[open[len(open)-1]] = i
			open = open[:len(open)-1]
		}
		open = append(open, i)
	}
	for _, i := range open {
		d.next[i] = uint32(len(d.shared))
	}
}

// common returns how many bytes two strings begin with alike.
func common(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func (d *dictionary) form(i int) string { return d.data[d.from[i]:d.from[i+1]] }

// beginning returns the range of forms that begin with letters.
func (d *dictionary) beginning(letters string) (from, to int) {
	n := len(d.owners)
	from = sort.Search(n, func(i int) bool { return d.form(i) >= letters })
	to = from + sort.Search(n-from, func(i int) bool { return !strings.HasPrefix(d.form(from+i), letters) })
	return from, to
}

// alike calls found with every form that is letters, or begins with them, but
// for at most limit typos (a letter more, less, other, or two swapped), and
// with the least typos for the whole form or a beginning of it. More than 62
// bytes match nothing.
//
// It runs an automaton over the forms in order: bit i of state[e] is set when
// the first i bytes of letters were met with at most e typos, so a step costs
// a few operations whatever the length (after Wu and Manber, with swaps). A
// beginning no state survives is left with all forms that share it.
func (d *dictionary) alike(letters string, limit int, found func(i, typos int, whole bool)) {
	if len(letters) > 62 {
		return
	}
	a := newAutomaton(letters, limit)
	dead := maxForm + 1 // bytes after which no state survived
	for i := 0; i < len(d.shared); {
		shared := int(d.shared[i])
		switch {
		case shared < dead:
			dead = a.walk(d.form(i), shared)
		case int(a.best[dead]) > limit:
			i = int(d.next[i])
			continue
		}
		length := int(d.from[i+1] - d.from[i])
		if typos := int(a.best[min(dead, length)]); typos <= limit {
			found(i, typos, dead > length && int(a.ended(length)) == typos)
		}
		i++
	}
}

// maxTypos is how many typos are forgiven at most.
const maxTypos = 2

type automaton struct {
	at     [256]uint64 // where each byte occurs in what was typed
	length int
	limit  int
	states [maxForm + 2][maxTypos + 1]uint64 // after so many bytes of a form
	best   [maxForm + 2]uint8                // least typos of a beginning up to there
}

func newAutomaton(letters string, limit int) *automaton {
	a := &automaton{length: len(letters), limit: limit}
	for i := range len(letters) {
		a.at[letters[i]] |= 1 << i
	}
	for e := range limit + 1 {
		a.states[0][e] = 1<<(e+1) - 1 // the first e left out
	}
	a.best[0] = a.ended(0)
	return a
}

// walk goes on from a depth whose states are known, and returns after how many
// bytes no state survived; maxForm+1 when some did to the end.
func (a *automaton) walk(form string, depth int) (dead int) {
	for ; depth < len(form); depth++ {
		var before byte
		if depth > 0 {
			before = form[depth-1]
		}
		if !a.step(form[depth], before, depth) {
			return depth + 1
		}
	}
	return maxForm + 1
}

// step reads one byte and reports whether a state survives.
func (a *automaton) step(b, before byte, depth int) bool {
	from, to := &a.states[depth], &a.states[depth+1]
	at := a.at[b]
	to[0] = from[0] & at << 1
	alive := to[0]
	for e := 1; e <= a.limit; e++ {
		s := from[e]&at<<1 | // met
			from[e-1] | // one more in the form
			from[e-1]<<1 | // another in its place
			to[e-1]<<1 // left out of the form
		if depth > 0 {
			s |= a.states[depth-1][e-1] & at & (a.at[before] >> 1) << 2 // swapped
		}
		to[e] = s
		alive |= s
	}
	a.best[depth+1] = min(a.best[depth], a.ended(depth+1))
	return alive&(1<<(a.length+1)-1) != 0
}

// ended returns with how many typos all that was typed is met at a depth.
func (a *automaton) ended(depth int) uint8 {
	for e := range a.limit + 1 {
		if a.states[depth][e]>>a.length&1 != 0 {
			return uint8(e)
		}
	}
	return maxTypos + 1
}
