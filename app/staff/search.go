package staff

import (
	"cmp"
	"slices"
	"sync"

	"github.com/joinline/joinline/bitrix"
)

// Options narrow and order what [Index.Search] finds. The zero value is fine.
type Options struct {
	Limit int // at most so many people; 20 when zero, 100 at most
	// Near are departments whose members come first within their quality,
	// such as those of the viewer. Departments of more than 20,000 are
	// nobody's neighbourhood and are ignored.
	Near []int64
	// Recent are people who come before them, such as those chosen lately.
	Recent []bitrix.UserID
	// Skip leaves people out, such as those already chosen. It may be asked
	// several times about one person and about people who are not found.
	Skip func(bitrix.UserID) bool
}

const (
	defaultLimit = 20
	maxLimit     = 100
	maxNear      = 20_000
	maxQuery     = 120 // letters of a query that count
)

// Search finds people every word of q fits: the beginning of a word of their
// name, position, department, e-mail or login, in any order. It tries q as
// typed and in the other keyboard layouts; where that leaves room it forgives
// a typo in words of four letters and two in words of eight. A blank q finds
// nobody.
//
// Exact matches come before unfinished ones and those before typos; within
// these, names before addresses, positions and departments, recent people and
// neighbours before others, what is spelled as typed before what merely sounds
// like it; equals are ordered by last name.
func (x *Index) Search(q string, o Options) []Match {
	s := x.search(o)
	defer s.done()
	s.run(q)
	if len(s.best) == 0 {
		return nil
	}
	found := make([]Match, len(s.best))
	for i, k := range s.best {
		found[i] = Match{Person: x.person(k.place()), Quality: k.quality()}
	}
	return found
}

// search is one search under way. Its tables are large, so they are kept.
type search struct {
	x     *Index
	limit int
	skip  func(bitrix.UserID) bool
	units bool  // departments are looked for, not people
	upTo  field // the last field that counts

	favoured []favoured
	terms    []*term
	spare    []*term
	best     []key // the closest so far, in order
}

// favoured is somebody who comes first.
type favoured struct {
	place        uint32
	recent, near bool
}

type pool struct{ sync.Pool }

func (x *Index) search(o Options) *search {
	s, ok := x.idle.Get().(*search)
	if !ok {
		s = &search{x: x}
	}
	s.limit, s.skip, s.units, s.upTo = o.Limit, o.Skip, false, departmentField
	if s.limit <= 0 {
		s.limit = defaultLimit
	}
	s.limit = min(s.limit, maxLimit)
	s.favour(o)
	return s
}

func (s *search) done() {
	s.clear()
	s.skip = nil
	s.favoured, s.best = s.favoured[:0], s.best[:0]
	s.x.idle.Put(s)
}

// favour looks up who comes first. Somebody recent and near is listed as both.
func (s *search) favour(o Options) {
	near := func(unit uint32) bool { return false }
	var units []uint32
	for _, id := range o.Near {
		if seat, ok := s.x.units.seat[id]; ok && len(s.x.members(seat, false)) <= maxNear && !slices.Contains(units, seat) {
			units = append(units, seat)
			for _, m := range s.x.members(seat, false) {
				s.favoured = append(s.favoured, favoured{place: m, near: true})
			}
		}
	}
	if len(units) > 0 {
		near = func(unit uint32) bool { return slices.Contains(units, unit) }
	}
	for _, id := range o.Recent {
		if place, ok := s.x.place(id); ok {
			s.favoured = append(s.favoured, favoured{place, true, slices.ContainsFunc(s.x.unitsOf(place), near)})
		}
	}
}

// run fills best.
func (s *search) run(q string) {
	typed, plainly, other := readings(q)
	for _, r := range typed {
		s.try(r, false)
	}
	for _, r := range other {
		s.try(r, false)
	}
	if len(s.best) == 0 {
		for _, r := range joined(plainly) {
			s.try(r, false)
		}
	}
	if len(s.best) == s.limit {
		return
	}
	s.try(plainly, true)
	if len(s.best) == 0 && len(other) > 0 {
		s.try(other[0], true)
	}
}

// try adds whom one reading of the query fits.
func (s *search) try(r reading, typos bool) {
	s.clear()
	pieces := slices.Clone(r.pieces)
	slices.SortStableFunc(pieces, func(p, q piece) int { // long ones fit little, often nothing
		return cmp.Compare(len(q.word+q.address), len(p.word+p.address))
	})
	for _, p := range pieces {
		t := s.term()
		if p.word != "" {
			t.matchWord(s.x, p.word, r.relaid, typos, s.upTo)
		}
		if p.address != "" {
			t.matchAddress(s.x, p.address, r.relaid)
		}
		if len(t.touched) == 0 {
			return
		}
	}
	switch {
	case len(s.terms) == 0:
	case s.units:
		s.collectUnits()
	default:
		s.collect()
	}
}

func (s *search) clear() {
	for _, t := range s.terms {
		for _, v := range t.touched {
			t.scores[v] = 0
		}
		t.touched = t.touched[:0]
		s.spare = append(s.spare, t)
	}
	s.terms = s.terms[:0]
}

func (s *search) term() *term {
	var t *term
	if n := len(s.spare); n > 0 {
		t, s.spare = s.spare[n-1], s.spare[:n-1]
	} else {
		t = &term{scores: make([]score, len(s.x.values))}
	}
	s.terms = append(s.terms, t)
	return t
}

// collect adds the people whom all terms fit. It goes through those whom the
// rarest term fits, value by value; people of a value are in order, so it
// leaves a value as soon as even the best fit of all other terms would not do.
func (s *search) collect() {
	rarest := 0
	fewest := int(^uint(0) >> 1)
	for i, t := range s.terms {
		n := 0
		for _, v := range t.touched {
			n += len(s.x.holders.at(v))
		}
		if n < fewest {
			rarest, fewest = i, n
		}
	}
	s.terms[0], s.terms[rarest] = s.terms[rarest], s.terms[0]
	s.collectFavoured()
	var hope tally
	for _, t := range s.terms[1:] {
		hope = hope.plus(t.least())
	}
	for _, v := range s.terms[0].touched {
		first := s.terms[0].scores[v]
		bound := hope.plus(first)
		for _, place := range s.x.holders.at(v) {
			if s.full(bound.key(place)) {
				break
			}
			if t, ok := s.tally(place, tally{}.plus(first), s.terms[1:]); ok {
				s.add(t.key(place))
			}
		}
	}
}

// collectFavoured adds those who come first.
func (s *search) collectFavoured() {
	for _, f := range s.favoured {
		t, ok := s.tally(f.place, tally{}, s.terms)
		if !ok {
			continue
		}
		k := t.key(f.place)
		if f.recent {
			k &^= oldBit
		}
		if f.near {
			k &^= awayBit
		}
		s.add(k)
	}
}

// tally adds what each term makes of a person, or returns false where one
// does not fit.
func (s *search) tally(place uint32, sum tally, terms []*term) (tally, bool) {
	for _, t := range terms {
		best := t.person(s.x, place)
		if best == 0 {
			return sum, false
		}
		sum = sum.plus(best)
	}
	return sum, true
}

// collectUnits adds the departments whose names all terms fit.
func (s *search) collectUnits() {
	for seat := range uint32(len(s.x.units.all)) {
		v := s.x.unitValue(seat)
		sum := tally{}
		fits := true
		for _, t := range s.terms {
			if fits = fits && t.scores[v] != 0; !fits {
				break
			}
			sum = sum.plus(t.scores[v])
		}
		if fits {
			s.add(sum.key(seat))
		}
	}
}

// full reports whether k has no place among the best.
func (s *search) full(k key) bool {
	return len(s.best) == s.limit && k > s.best[len(s.best)-1]
}

// add puts k among the best, once for each person.
func (s *search) add(k key) {
	if s.full(k) {
		return
	}
	if i := slices.IndexFunc(s.best, func(b key) bool { return b.place() == k.place() }); i >= 0 {
		if s.best[i] <= k {
			return
		}
		s.best = slices.Delete(s.best, i, i+1)
	} else if s.skip != nil && !s.units && s.skip(s.x.people[k.place()].id) {
		return
	}
	at, _ := slices.BinarySearch(s.best, k)
	s.best = slices.Insert(s.best, at, k)
	s.best = s.best[:min(len(s.best), s.limit)]
}
