// Package staff finds people of a portal's staff by what a busy person types.
//
// [New] turns the active employees and departments of one portal into an
// [Index]; [Index.Search] answers one keystroke, [Index.Resolve] one line of a
// pasted list. What is typed may be in the other alphabet, in the wrong
// keyboard layout, without accents, unfinished or with a typo in it: fold.go
// and spell.go say how words are made comparable, layout.go undoes the
// keyboard, dictionary.go forgives typos, search.go ranks.
//
// Nothing here knows where people come from or who may see them.
//
// Measured on two shared cores (AMD EPYC, Go 1.26) with the 100,000 generated
// people of the tests, of whom a third have a login besides their e-mail and
// half a photo: New takes 0.7 s of processor time; the Index keeps 21 MB, 8 of
// them texts, and each search under way 0.2 MB for every word of its query.
// Over 10,000 queries (every keystroke of the labelled ones, and these with a
// letter wrong) a search takes 0.2 ms at the median and 1.4 ms at the 99th
// percentile; a line of a list takes 0.2 and 1.0 ms. Of 809 labelled queries
// 808 find the right person among the first five. The benchmarks and
// testdata repeat all of it.
package staff

import (
	"iter"
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// Person is one employee. All but the ID may be empty.
type Person struct {
	ID                         bitrix.UserID
	Name, LastName, SecondName string
	Position, Email, Login     string
	Photo                      string
	Departments                []int64
}

// Department is one unit of the portal's structure. Parent is zero at the top.
type Department struct {
	ID, Parent int64
	Name       string
	Head       bitrix.UserID
}

// Quality says how closely somebody matches; less is better.
type Quality uint8

const (
	Exact  Quality = iota + 1 // every word typed is a whole word of theirs
	Prefix                    // some word typed is the beginning of one
	Fuzzy                     // some word typed has typos forgiven
)

// Match is a person found.
type Match struct {
	Person
	Quality Quality
}

// Index is a portal's staff, ready to be searched. It never changes, so it is
// safe for concurrent use.
type Index struct {
	texts   texts
	people  []record // ordered by name; one more at the end closes the lists
	byID    []uint32 // places in people, ordered by ID
	inUnits []uint32 // units of people, see record.units

	// A value is a distinct text of one field, such as the surname Иванов:
	// matching is decided once per value, not once per person.
	values    []uint32 // the text of each
	fieldFrom [fieldCount + 1]uint32
	holders   lists // value → people, in their order

	words     lists // word → values
	names     dictionary
	addresses []uint32 // value<<8 | offset of a part of an address, ordered by that part

	units tree
	idle  pool
}

// record is one person with texts replaced by numbers.
type record struct {
	id                           bitrix.UserID
	name, last, second, position uint32 // values; zero is none
	email, login                 uint32 // values
	photo                        uint32 // a text
	units                        uint32 // where their units begin in inUnits; they end where the next person's begin
}

// New indexes people and departments. Of several people or departments with
// one ID the first counts; people without an ID are left out, and a
// department nobody describes but somebody belongs to has no name. The cost
// grows with the staff in a straight line but for sorting, and New keeps no
// reference to its arguments' slices.
func New(people []Person, departments []Department) *Index {
	b := newBuilder(people)
	b.addDepartments(people, departments)
	b.addPeople(people)
	return b.index()
}

// People yields everybody, ordered by last name, name and middle name.
func (x *Index) People() iter.Seq[Person] {
	return func(yield func(Person) bool) {
		for i := range uint32(x.Len()) {
			if !yield(x.person(i)) {
				return
			}
		}
	}
}

// Len returns the number of people.
func (x *Index) Len() int { return len(x.people) - 1 }

// Person returns the person with that ID, or false.
func (x *Index) Person(id bitrix.UserID) (Person, bool) {
	i, ok := x.place(id)
	if !ok {
		return Person{}, false
	}
	return x.person(i), true
}

func (x *Index) place(id bitrix.UserID) (uint32, bool) {
	n, ok := slices.BinarySearchFunc(x.byID, id, func(i uint32, id bitrix.UserID) int {
		return int(min(max(x.people[i].id-id, -1), 1))
	})
	if !ok {
		return 0, false
	}
	return x.byID[n], true
}

func (x *Index) person(i uint32) Person {
	r := &x.people[i]
	p := Person{
		ID:         r.id,
		Name:       x.value(r.name),
		LastName:   x.value(r.last),
		SecondName: x.value(r.second),
		Position:   x.value(r.position),
		Email:      x.value(r.email),
		Login:      x.value(r.login),
		Photo:      x.texts.at(r.photo),
	}
	for _, u := range x.unitsOf(i) {
		p.Departments = append(p.Departments, x.units.all[u].id)
	}
	return p
}

func (x *Index) value(v uint32) string { return x.texts.at(x.values[v]) }

func (x *Index) unitsOf(i uint32) []uint32 {
	return x.inUnits[x.people[i].units:x.people[i+1].units]
}

// texts is many strings in one, so that the collector has one thing to look at.
type texts struct {
	data string
	from []uint32 // one more than there are texts
}

func (t texts) at(i uint32) string { return t.data[t.from[i]:t.from[i+1]] }

// lists is many short lists of numbers in one.
type lists struct {
	from []uint32 // one more than there are lists
	all  []uint32
}

func (l lists) at(i uint32) []uint32 { return l.all[l.from[i]:l.from[i+1]] }

// pair says that an item belongs to a list.
type pair struct{ list, item uint32 }

// newLists sorts items into n lists, in the order of pairs within each.
func newLists(n int, pairs []pair) lists {
	l := lists{from: make([]uint32, n+1), all: make([]uint32, len(pairs))}
	for _, p := range pairs {
		l.from[p.list+1]++
	}
	for i := range n {
		l.from[i+1] += l.from[i]
	}
	next := slices.Clone(l.from)
	for _, p := range pairs {
		l.all[next[p.list]] = p.item
		next[p.list]++
	}
	return l
}
