package staff

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// ErrUnreadable is the error of [Decode] for what [Index.Encode] of this
// version did not write. The staff must be read from the portal again.
var ErrUnreadable = errors.New("not a staff this version can read")

// The encoded form is what an Index is made from, not the Index: how words are
// spelled may change with any release. It is a mark with the version, texts,
// departments, people, and a checksum of all that:
//
//	text        length, bytes
//	department  ID, parent, head, text
//	person      ID, 7 texts, number of departments, their places
//
// Numbers are variable in length; each part begins with how many there are.
const (
	mark    = "JLSTAFF\x01"
	largest = 1 << 30 // bytes; a staff of millions
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Encode returns the staff in a compact form for [Decode].
func (x *Index) Encode() []byte {
	data := make([]byte, 0, len(mark)+len(x.texts.data)+2*len(x.texts.from)+24*len(x.people))
	data = append(data, mark...)
	count := func(n int) { data = binary.AppendUvarint(data, uint64(n)) }
	count(len(x.texts.from) - 1)
	for i := range uint32(len(x.texts.from) - 1) {
		text := x.texts.at(i)
		count(len(text))
		data = append(data, text...)
	}
	count(len(x.units.all))
	for seat, u := range x.units.all {
		data = binary.AppendVarint(data, u.id)
		data = binary.AppendVarint(data, u.parent)
		data = binary.AppendVarint(data, int64(u.head))
		count(int(x.values[x.unitValue(uint32(seat))]))
	}
	count(x.Len())
	for i := range uint32(x.Len()) {
		r := &x.people[i]
		data = binary.AppendVarint(data, int64(r.id))
		for _, v := range []uint32{r.name, r.last, r.second, r.position, r.email, r.login} {
			count(int(x.values[v]))
		}
		count(int(r.photo))
		units := x.unitsOf(i)
		count(len(units))
		for _, seat := range units {
			count(int(seat))
		}
	}
	return binary.LittleEndian.AppendUint32(data, crc32.Checksum(data, castagnoli))
}

// Decode returns the staff that was encoded, or an error that matches
// [ErrUnreadable], whatever the bytes are. It takes memory and time in
// proportion to them, and keeps no reference to data.
func Decode(data []byte) (*Index, error) {
	body, err := unsealed(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	d := &decoder{rest: body}
	d.readTexts()
	d.readDepartments()
	d.readPeople()
	if d.err == nil && len(d.rest) > 0 {
		d.err = errors.New("bytes left over")
	}
	if d.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, d.err)
	}
	return New(d.people, d.departments), nil
}

// unsealed checks the frame and returns what is inside.
func unsealed(data []byte) ([]byte, error) {
	switch {
	case len(data) > largest:
		return nil, errors.New("too large")
	case len(data) < len(mark)+4 || string(data[:len(mark)]) != mark:
		return nil, errors.New("other mark or version")
	}
	end := len(data) - 4
	if crc32.Checksum(data[:end], castagnoli) != binary.LittleEndian.Uint32(data[end:]) {
		return nil, errors.New("checksum differs")
	}
	return data[len(mark):end], nil
}

// decoder reads what is inside; after the first error it reads nothing.
type decoder struct {
	rest        []byte
	err         error
	texts       []string
	departments []Department
	people      []Person
}

var errShort = errors.New("ends early")

func (d *decoder) number() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.fail(errShort)
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) signed() int64 {
	n, size := binary.Varint(d.rest)
	if size <= 0 {
		d.fail(errShort)
		return 0
	}
	d.rest = d.rest[size:]
	return n
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.rest = nil
}

// count reads how many items follow that take at least so many bytes each.
func (d *decoder) count(least int) int {
	n := d.number()
	if n > uint64(len(d.rest)/least) {
		d.fail(errShort)
		return 0
	}
	return int(n)
}

func (d *decoder) text() string {
	n := d.number()
	if n >= uint64(len(d.texts)) {
		d.fail(errors.New("names a text there is not"))
		return ""
	}
	return d.texts[n]
}

func (d *decoder) readTexts() {
	d.texts = make([]string, d.count(1))
	for i := range d.texts {
		n := d.count(1)
		d.texts[i] = string(d.rest[:n])
		d.rest = d.rest[n:]
	}
}

func (d *decoder) readDepartments() {
	d.departments = make([]Department, d.count(4))
	for i := range d.departments {
		d.departments[i] = Department{ID: d.signed(), Parent: d.signed(), Head: bitrix.UserID(d.signed()), Name: d.text()}
	}
}

func (d *decoder) readPeople() {
	d.people = make([]Person, d.count(9))
	for i := range d.people {
		p := &d.people[i]
		p.ID = bitrix.UserID(d.signed())
		for _, s := range []*string{&p.Name, &p.LastName, &p.SecondName, &p.Position, &p.Email, &p.Login, &p.Photo} {
			*s = d.text()
		}
		for range d.count(1) {
			seat := d.number()
			if seat >= uint64(len(d.departments)) {
				d.fail(errors.New("names a department there is not"))
				return
			}
			p.Departments = append(p.Departments, d.departments[seat].ID)
		}
		p.Departments = slices.Clip(p.Departments)
	}
}
