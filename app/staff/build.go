package staff

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/joinline/joinline/bitrix"
)

// field is what a value is of. A person is found by any; those found by their
// name come first, hence the order.
type field uint8

const (
	nameField field = iota // first and last name
	secondField
	addressField // e-mail and login
	positionField
	departmentField
	fieldCount
)

// builder collects what an Index is made of.
type builder struct {
	x *Index

	texts    strings.Builder
	known    map[string]uint32
	values   [fieldCount]map[uint32]uint32 // text → value within the field, from 0
	valueIn  [fieldCount][]uint32          // the text of each
	people   []record                      // with values numbered within their field, from 1
	unitsOf  [][]int64
	unitSeat map[int64]uint32
}

func newBuilder(people []Person) *builder {
	b := &builder{x: new(Index), known: make(map[string]uint32, len(people)), unitSeat: make(map[int64]uint32)}
	for f := range b.values {
		b.values[f] = make(map[uint32]uint32)
	}
	b.x.texts.from = []uint32{0, 0} // text 0 is empty
	b.known[""] = 0
	return b
}

// text numbers a text that many people may share.
func (b *builder) text(s string) uint32 {
	if i, ok := b.known[s]; ok {
		return i
	}
	i := b.own(s)
	b.known[s] = i
	return i
}

// own numbers a text that one person has, without remembering it.
func (b *builder) own(s string) uint32 {
	if s == "" {
		return 0
	}
	b.texts.WriteString(s)
	b.x.texts.from = append(b.x.texts.from, uint32(b.texts.Len()))
	return uint32(len(b.x.texts.from) - 2)
}

// value numbers a text within a field, from 1; zero is no text.
func (b *builder) value(f field, text uint32) uint32 {
	if text == 0 {
		return 0
	}
	if f == addressField {
		b.valueIn[f] = append(b.valueIn[f], text)
		return uint32(len(b.valueIn[f]))
	}
	v, ok := b.values[f][text]
	if !ok {
		b.valueIn[f] = append(b.valueIn[f], text)
		v = uint32(len(b.valueIn[f]))
		b.values[f][text] = v
	}
	return v
}

func (b *builder) addPeople(people []Person) {
	seen := make(map[bitrix.UserID]struct{}, len(people))
	b.people = make([]record, 0, len(people))
	for i := range people {
		p := &people[i]
		if _, again := seen[p.ID]; again || p.ID == 0 {
			continue
		}
		seen[p.ID] = struct{}{}
		r := record{
			id:       p.ID,
			name:     b.value(nameField, b.text(p.Name)),
			last:     b.value(nameField, b.text(p.LastName)),
			second:   b.value(secondField, b.text(p.SecondName)),
			position: b.value(positionField, b.text(p.Position)),
			email:    b.value(addressField, b.own(p.Email)),
			photo:    b.own(p.Photo),
			units:    uint32(len(b.unitsOf)),
		}
		r.login = r.email
		if p.Login != p.Email {
			r.login = b.value(addressField, b.own(p.Login))
		}
		b.people = append(b.people, r)
		b.unitsOf = append(b.unitsOf, p.Departments)
	}
}

// index puts everything in its order and connects it.
func (b *builder) index() *Index {
	x := b.x
	b.known = nil
	x.texts.data = strings.Clone(b.texts.String())
	x.texts.from = slices.Clip(x.texts.from)
	b.numberValues()
	b.orderPeople()
	b.placePeople()
	var wg sync.WaitGroup
	for _, f := range []func(){b.hold, b.learnWords, b.listAddresses} {
		wg.Go(f) // each fills fields of its own
	}
	wg.Wait()
	return x
}

// numberValues joins the values of all fields into one row; value 0 is none.
func (b *builder) numberValues() {
	x := b.x
	total := 1
	for f := range b.valueIn {
		total += len(b.valueIn[f])
	}
	x.values = make([]uint32, 1, total)
	for f := range b.valueIn {
		x.fieldFrom[f] = uint32(len(x.values))
		x.values = append(x.values, b.valueIn[f]...)
	}
	x.fieldFrom[fieldCount] = uint32(len(x.values))
	shift := func(v *uint32, f field) {
		if *v != 0 {
			*v += x.fieldFrom[f] - 1
		}
	}
	for i := range b.people {
		r := &b.people[i]
		shift(&r.name, nameField)
		shift(&r.last, nameField)
		shift(&r.second, secondField)
		shift(&r.position, positionField)
		shift(&r.email, addressField)
		shift(&r.login, addressField)
	}
}

// orderPeople sorts by last name, name and middle name, as they are read
// without accents, and then by ID. Nameless people come last.
func (b *builder) orderPeople() {
	x := b.x
	end := x.fieldFrom[addressField] // names are below
	type read struct {
		letters string
		value   uint32
	}
	all := make([]read, 0, end)
	for v := uint32(1); v < end; v++ {
		all = append(all, read{plain(strings.ToLower(x.value(v))), v})
	}
	slices.SortFunc(all, func(a, b read) int { return strings.Compare(a.letters, b.letters) })
	rank := make([]uint32, end)
	rank[0] = end
	for i, r := range all {
		if rank[r.value] = uint32(i); i > 0 && r.letters == all[i-1].letters {
			rank[r.value] = rank[all[i-1].value]
		}
	}
	slices.SortFunc(b.people, func(p, q record) int {
		if c := cmp.Compare(rank[p.last], rank[q.last]); c != 0 {
			return c
		}
		if c := cmp.Compare(rank[p.name], rank[q.name]); c != 0 {
			return c
		}
		if c := cmp.Compare(rank[p.second], rank[q.second]); c != 0 {
			return c
		}
		return cmp.Compare(p.id, q.id)
	})
}

// placePeople fixes the order and who is in which unit.
func (b *builder) placePeople() {
	x := b.x
	x.people = make([]record, len(b.people), len(b.people)+1)
	copy(x.people, b.people)
	for i := range x.people {
		r := &x.people[i]
		departments := b.unitsOf[r.units]
		departments = departments[:min(len(departments), maxDepartments)]
		r.units = uint32(len(x.inUnits))
		for _, id := range departments {
			unit := b.unitSeat[id]
			if !slices.Contains(x.inUnits[r.units:], unit) {
				x.inUnits = append(x.inUnits, unit)
			}
		}
	}
	x.people = append(x.people, record{units: uint32(len(x.inUnits))})
	x.inUnits = slices.Clip(x.inUnits)
	x.byID = make([]uint32, len(b.people))
	for i := range x.byID {
		x.byID[i] = uint32(i)
	}
	slices.SortFunc(x.byID, func(i, j uint32) int { return cmp.Compare(x.people[i].id, x.people[j].id) })
}

// hold lists who has each value.
func (b *builder) hold() {
	x := b.x
	pairs := make([]pair, 0, 7*x.Len())
	add := func(v, person uint32) {
		if v != 0 {
			pairs = append(pairs, pair{v, person})
		}
	}
	for i := range uint32(x.Len()) {
		r := &x.people[i]
		add(r.name, i)
		if r.last != r.name {
			add(r.last, i)
		}
		add(r.second, i)
		add(r.position, i)
		add(r.email, i)
		if r.login != r.email {
			add(r.login, i)
		}
		for _, unit := range x.unitsOf(i) {
			add(x.unitValue(unit), i)
		}
	}
	x.holders = newLists(len(x.values), pairs)
}

// learnWords splits every value but addresses and writes each word in its forms.
func (b *builder) learnWords() {
	x := b.x
	words := make(map[string]uint32)
	var entries []entry
	var pairs []pair
	learn := func(word string, v uint32) {
		w, ok := words[word]
		if !ok {
			w = uint32(len(words))
			words[word] = w
			for _, f := range forms(word) {
				if f.letters != "" {
					entries = append(entries, entry{f.letters, newOwner(w, f)})
				}
			}
		}
		pairs = append(pairs, pair{w, v})
	}
	for v := uint32(1); v < uint32(len(x.values)); v++ {
		if x.fieldOf(v) == addressField {
			continue
		}
		for _, word := range valueWords(x.value(v)) {
			learn(word, v)
		}
	}
	x.words = newLists(len(words), pairs)
	x.names = newDictionary(entries)
}

// valueWords returns the words a text is found by: those it is made of, parts
// of words with an apostrophe and words with a hyphen as one.
func valueWords(s string) []string {
	words := splitWords(s)
	if strings.ContainsFunc(s, isApostrophe) {
		words = append(words, splitWords(strings.Map(func(r rune) rune {
			if isApostrophe(r) {
				return ' '
			}
			return r
		}, s))...)
	}
	if strings.Contains(s, "-") {
		words = append(words, splitWords(strings.ReplaceAll(s, "-", ""))...)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

func (x *Index) fieldOf(v uint32) field {
	for f := nameField; f < departmentField; f++ {
		if v < x.fieldFrom[f+1] {
			return f
		}
	}
	return departmentField
}
