package staff

import (
	"cmp"
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// maxDepartments is how many departments of one person count.
const maxDepartments = 64

// tree is the departments, each followed by all below it, so that a department
// with its sub-departments is one stretch.
type tree struct {
	all  []unit
	seat map[int64]uint32 // by ID
}

type unit struct {
	id, parent int64
	head       bitrix.UserID
	end        uint32 // where what is below it ends
}

// addDepartments seats the departments. Each is a value of its own even where
// names repeat, so that its holders are its members.
func (b *builder) addDepartments(people []Person, departments []Department) {
	known := make(map[int64]Department, len(departments))
	var ids []int64
	add := func(d Department) {
		if _, again := known[d.ID]; !again {
			known[d.ID] = d
			ids = append(ids, d.ID)
		}
	}
	for _, d := range departments {
		add(d)
	}
	for i := range people {
		for _, id := range people[i].Departments {
			add(Department{ID: id})
		}
	}
	slices.Sort(ids)
	below := make(map[int64][]int64, len(ids))
	for _, id := range ids {
		if parent := known[id].Parent; parent != id {
			below[parent] = append(below[parent], id)
		}
	}
	b.x.units.seat = b.unitSeat
	seat := func(id int64) { b.seat(id, known, below) }
	for _, id := range ids {
		if _, ok := known[known[id].Parent]; !ok || known[id].Parent == id {
			seat(id)
		}
	}
	for _, id := range ids { // those that are above each other in a circle
		seat(id)
	}
	b.x.units.all = slices.Clip(b.x.units.all)
}

// seat places a department and all below it, once. It keeps its own stack, as
// nothing bounds the depth of what a portal says.
func (b *builder) seat(top int64, known map[int64]Department, below map[int64][]int64) {
	type open struct {
		seat uint32
		rest []int64
	}
	var stack []open
	enter := func(id int64) {
		if _, again := b.unitSeat[id]; again {
			return
		}
		d := known[id]
		seat := uint32(len(b.x.units.all))
		b.unitSeat[id] = seat
		b.x.units.all = append(b.x.units.all, unit{id: id, parent: d.Parent, head: d.Head})
		b.valueIn[departmentField] = append(b.valueIn[departmentField], b.text(d.Name))
		stack = append(stack, open{seat, below[id]})
	}
	enter(top)
	for len(stack) > 0 {
		last := &stack[len(stack)-1]
		if len(last.rest) == 0 {
			b.x.units.all[last.seat].end = uint32(len(b.x.units.all))
			stack = stack[:len(stack)-1]
			continue
		}
		next := last.rest[0]
		last.rest = last.rest[1:]
		enter(next)
	}
}

func (x *Index) unitValue(unit uint32) uint32 { return x.fieldFrom[departmentField] + unit }

// Structure returns all departments, each followed by those below it.
func (x *Index) Structure() []Department {
	all := make([]Department, len(x.units.all))
	for seat := range all {
		all[seat] = x.department(uint32(seat))
	}
	return all
}

// Department returns the department with that ID, or false.
func (x *Index) Department(id int64) (Department, bool) {
	seat, ok := x.units.seat[id]
	if !ok {
		return Department{}, false
	}
	return x.department(seat), true
}

func (x *Index) department(seat uint32) Department {
	u := x.units.all[seat]
	return Department{ID: u.id, Parent: u.parent, Name: x.value(x.unitValue(seat)), Head: u.head}
}

// Members returns the people of a department, with all departments below it
// when deep, each once and ordered by name.
func (x *Index) Members(department int64, deep bool) []bitrix.UserID {
	seat, ok := x.units.seat[department]
	if !ok {
		return nil
	}
	members := x.members(seat, deep)
	ids := make([]bitrix.UserID, len(members))
	for i, m := range members {
		ids[i] = x.people[m].id
	}
	return ids
}

// members returns places in people, each once and in order.
func (x *Index) members(seat uint32, deep bool) []uint32 {
	v := x.unitValue(seat)
	if !deep {
		return x.holders.at(v)
	}
	below := x.unitValue(x.units.all[seat].end)
	members := slices.Clone(x.holders.all[x.holders.from[v]:x.holders.from[below]])
	slices.Sort(members)
	return slices.Compact(members)
}

// count returns how many people members would.
func (x *Index) count(seat uint32) int {
	v := x.unitValue(seat)
	below := x.unitValue(x.units.all[seat].end)
	seen := make([]uint64, x.Len()/64+1)
	n := 0
	for _, m := range x.holders.all[x.holders.from[v]:x.holders.from[below]] {
		if bit := uint64(1) << (m % 64); seen[m/64]&bit == 0 {
			seen[m/64] |= bit
			n++
		}
	}
	return n
}

// DepartmentMatch is a department found, and how many active people it has:
// itself, and with all departments below it, each person once.
type DepartmentMatch struct {
	Department
	Quality      Quality
	Direct, Deep int
}

// Departments finds up to limit departments by the words of their names, read
// as in [Index.Search]; the closest first, the larger first among equals. A
// blank query finds none.
func (x *Index) Departments(q string, limit int) []DepartmentMatch {
	s := x.search(Options{Limit: limit})
	defer s.done()
	s.units = true
	s.run(q)
	var found []DepartmentMatch
	for _, k := range s.best {
		seat := k.place()
		found = append(found, DepartmentMatch{
			Department: x.department(seat), Quality: k.quality(),
			Direct: len(x.holders.at(x.unitValue(seat))), Deep: x.count(seat),
		})
	}
	slices.SortStableFunc(found, func(a, b DepartmentMatch) int {
		if c := cmp.Compare(a.Quality, b.Quality); c != 0 {
			return c
		}
		return cmp.Compare(b.Deep, a.Deep)
	})
	return found
}
