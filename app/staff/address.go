package staff

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// Addresses (e-mail and login) are nearly all different, so they are not
// split into words but ordered by every part that begins one: i.petrov@… is
// found by i.pet and by petrov@.

// maxAddresses is how many values addresses has room for.
const maxAddresses = 1 << 24

// listAddresses orders the parts of all addresses.
func (b *builder) listAddresses() {
	x := b.x
	type part struct {
		begins uint64 // the first letters, which settle most comparisons
		at     uint32
	}
	var parts []part
	for v := x.fieldFrom[addressField]; v < min(x.fieldFrom[addressField+1], maxAddresses); v++ {
		address := x.value(v)
		for _, offset := range partsOf(address) {
			parts = append(parts, part{begins(address[offset:]), v<<8 | uint32(offset)})
		}
	}
	slices.SortFunc(parts, func(p, q part) int {
		if c := cmp.Compare(p.begins, q.begins); c != 0 {
			return c
		}
		if c := compareLetters(x.addressPart(p.at), x.addressPart(q.at)); c != 0 {
			return c
		}
		return cmp.Compare(p.at, q.at)
	})
	x.addresses = make([]uint32, len(parts))
	for i, p := range parts {
		x.addresses[i] = p.at
	}
}

// partsOf returns where the parts of an address begin, those of its domain
// left out.
func partsOf(address string) []int {
	offsets := make([]int, 1, 4)
	for i := 1; i < min(len(address), 256); i++ {
		switch address[i-1] {
		case '@':
			return offsets
		case '.', '_', '-', '+', '\\':
			offsets = append(offsets, i)
		}
	}
	return offsets
}

func (x *Index) addressPart(at uint32) string { return x.value(at >> 8)[at&0xff:] }

// byAddress calls found with every address some part of which begins with
// letters, which are in lower case, and again with those they are the whole
// of, or all before the @.
func (x *Index) byAddress(letters string, found func(v uint32, whole bool)) {
	for _, at := range x.addressParts(letters) {
		found(at>>8, false)
	}
	for _, at := range x.addressParts(letters + "@") {
		found(at>>8, at&0xff == 0)
	}
	for _, at := range x.addressParts(letters) { // those of that length come first
		if len(x.addressPart(at)) > len(letters) {
			return
		}
		found(at>>8, at&0xff == 0)
	}
}

// addressParts returns the parts that begin with letters.
func (x *Index) addressParts(letters string) []uint32 {
	from := sort.Search(len(x.addresses), func(i int) bool {
		return compareLetters(x.addressPart(x.addresses[i]), letters) >= 0
	})
	rest := x.addresses[from:]
	return rest[:sort.Search(len(rest), func(i int) bool {
		part := x.addressPart(rest[i])
		return len(part) < len(letters) || compareLetters(part[:len(letters)], letters) != 0
	})]
}

// begins packs the first eight letters so that numbers compare as they do.
func begins(s string) (n uint64) {
	for i := range 8 {
		n <<= 8
		if i < len(s) {
			n |= uint64(lower(s[i]))
		}
	}
	return n
}

// compareLetters compares in lower case; addresses are Latin.
func compareLetters(a, b string) int {
	for i := range min(len(a), len(b)) {
		if c := cmp.Compare(lower(a[i]), lower(b[i])); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// isAddress reports whether a piece of a query is an address, not words.
func isAddress(piece string) bool { return strings.ContainsAny(piece, "@._\\") }
