package staff_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app/staff"
)

func TestAStaffSurvivesBeingEncoded(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]*staff.Index{"some": roster(), "departments": structure(), "nobody": staff.New(nil, nil)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := staff.Decode(x.Encode())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(slices.Collect(x.People()), slices.Collect(got.People())); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(x.Structure(), got.Structure()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(x.Search("иванов", staff.Options{}), got.Search("иванов", staff.Options{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestADamagedStaffIsRefused(t *testing.T) {
	t.Parallel()
	good := roster().Encode()
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 0x10
		if _, err := staff.Decode(bad); !errors.Is(err, staff.ErrUnreadable) {
			t.Fatalf("a bit changed in byte %d: %v", i, err)
		}
		if _, err := staff.Decode(good[:i]); !errors.Is(err, staff.ErrUnreadable) {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
	if _, err := staff.Decode(append(slices.Clone(good), 0)); !errors.Is(err, staff.ErrUnreadable) {
		t.Fatalf("a byte more: %v", err)
	}
}

// sealed puts a valid mark and checksum around any bytes.
func sealed(body []byte) []byte {
	data := append([]byte("JLSTAFF\x01"), body...)
	return binary.LittleEndian.AppendUint32(data, crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
}

func FuzzDecode(f *testing.F) {
	for _, x := range []*staff.Index{roster(), structure(), staff.New(nil, nil)} {
		data := x.Encode()
		f.Add(data[8 : len(data)-4])
	}
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Add([]byte{1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, body []byte) {
		x, err := staff.Decode(sealed(body))
		if err != nil {
			if !errors.Is(err, staff.ErrUnreadable) {
				t.Fatal(err)
			}
			return
		}
		again, err := staff.Decode(x.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(slices.Collect(x.People()), slices.Collect(again.People())); diff != "" {
			t.Fatal(diff)
		}
		for p := range x.People() {
			x.Search(p.LastName+" "+p.Position, staff.Options{Near: p.Departments})
			x.Resolve(p.Name)
		}
	})
}

func FuzzSearch(f *testing.F) {
	for i, row := range rows("queries.tsv") {
		if i%20 == 0 {
			f.Add(row[0])
		}
	}
	people := labelledPeople()
	x := staff.New(people, labelledDepartments())
	f.Fuzz(func(t *testing.T, q string) {
		for _, m := range x.Search(q, staff.Options{Limit: 5}) {
			if m.ID < 1 || int(m.ID) > len(people) || m.Quality < staff.Exact || m.Quality > staff.Fuzzy {
				t.Fatalf("%q found %+v", q, m)
			}
		}
		x.Departments(q, 5)
		x.Resolve(q)
	})
}
