package staff_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/joinline/joinline/app/staff"
	"github.com/joinline/joinline/bitrix"
)

// rows reads a file of testdata: columns between tabs, # for remarks.
func rows(name string) [][]string {
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		panic(err)
	}
	var all [][]string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimRight(line, "\n"); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, strings.Split(line, "\t"))
		}
	}
	return all
}

// labels are the people of testdata/people.tsv by label; their IDs follow the
// lines from 1.
func labels() map[string]bitrix.UserID {
	ids := make(map[string]bitrix.UserID)
	for i, row := range rows("people.tsv") {
		ids[row[0]] = bitrix.UserID(i + 1)
	}
	return ids
}

func labelledPeople() []staff.Person {
	var people []staff.Person
	for i, row := range rows("people.tsv") {
		department, err := strconv.ParseInt(row[7], 10, 64)
		if err != nil {
			panic(err)
		}
		people = append(people, staff.Person{
			ID: bitrix.UserID(i + 1), LastName: row[1], Name: row[2], SecondName: row[3], Position: row[4],
			Email: row[5], Login: row[6], Departments: []int64{department},
		})
	}
	return people
}

func labelledDepartments() []staff.Department {
	var all []staff.Department
	for _, row := range rows("departments.tsv") {
		id, _ := strconv.ParseInt(row[0], 10, 64)
		parent, _ := strconv.ParseInt(row[1], 10, 64)
		all = append(all, staff.Department{ID: id, Parent: parent, Name: row[2]})
	}
	return all
}

func TestTheRightPersonIsAmongTheFirstFiveOfAHundredThousand(t *testing.T) {
	t.Parallel()
	x, ids := portal(), labels()
	queries := rows("queries.tsv")
	if len(queries) < 300 {
		t.Fatalf("only %d queries are labelled", len(queries))
	}
	var missed atomic.Int64
	var wg sync.WaitGroup
	for part := range slices.Chunk(queries, len(queries)/4+1) {
		wg.Go(func() {
			for _, row := range part {
				if !finds(t, x, ids, row) {
					missed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	n := int(missed.Load())
	t.Logf("%d of %d found", len(queries)-n, len(queries))
	if n*100 > len(queries)*2 {
		t.Errorf("%d of %d queries missed, more than 2 in 100", n, len(queries))
	}
}

// finds reports whether the first five of what a query finds hold everybody
// it is meant for.
func finds(t *testing.T, x *staff.Index, ids map[string]bitrix.UserID, row []string) bool {
	q, meant, kind := row[0], row[1], row[2]
	first := x.Search(q, staff.Options{Limit: 5})
	for _, label := range strings.Split(meant, ",") {
		id, ok := ids[label]
		if !ok {
			t.Errorf("%q is for nobody: %s", q, label)
		}
		if !slices.ContainsFunc(first, func(m staff.Match) bool { return m.ID == id }) {
			t.Logf("missed (%s): %q did not find %s, but %s", kind, q, label, names(first))
			return false
		}
	}
	return true
}

func names(found []staff.Match) string {
	var all []string
	for _, m := range found {
		all = append(all, strings.Join(strings.Fields(m.LastName+" "+m.Name+" "+m.SecondName), " "))
	}
	return strings.Join(all, "; ")
}
