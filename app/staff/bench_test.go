package staff_test

import (
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/joinline/joinline/app/staff"
)

// BenchmarkNew builds the index of 100,000 people and reports what it keeps in
// memory, all texts included.
func BenchmarkNew(b *testing.B) {
	people, departments := append(labelledPeople(), generated(100_000)...), generatedDepartments()
	before := heap()
	x := staff.New(people, departments)
	kept := float64(heap()) - float64(before)
	for b.Loop() {
		staff.New(people, departments)
	}
	b.ReportMetric(kept/1e6, "MB")
	runtime.KeepAlive(x)
	runtime.KeepAlive(people)
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkSearch times searches among 100,000 people: every keystroke of the
// labelled queries and the queries with a letter wrong; and the queries whole.
func BenchmarkSearch(b *testing.B) {
	x := portal()
	o := staff.Options{Near: []int64{10, 1001}, Recent: x.Members(1001, false)[:20]}
	for name, queries := range map[string][]string{"keystrokes": keystrokes(), "whole": labelledQueries()} {
		b.Run(name, func(b *testing.B) {
			report(b, queries, func(q string) { x.Search(q, o) })
		})
	}
}

// BenchmarkResolve times lines of a pasted list.
func BenchmarkResolve(b *testing.B) {
	x := portal()
	var lines []string
	for p := range x.People() {
		if p.ID%500 == 0 {
			lines = append(lines, p.LastName+" "+p.Name, p.Name+" "+p.SecondName+" "+p.LastName, p.Email, "@"+p.Login, p.LastName+"x "+p.Name)
		}
	}
	report(b, lines, func(line string) { x.Resolve(line) })
}

// report runs f on every text in turn and reports how long it took. The
// fastest of three runs counts, so that other load on the machine does not.
func report(b *testing.B, texts []string, f func(string)) {
	fastest := make(map[string]time.Duration)
	i := 0
	for b.Loop() {
		text := texts[i%len(texts)]
		i++
		for range 3 {
			start := time.Now()
			f(text)
			if took := time.Since(start); fastest[text] == 0 || took < fastest[text] {
				fastest[text] = took
			}
		}
	}
	times := slices.Sorted(maps.Values(fastest))
	for unit, n := range map[string]int{"p50-µs": len(times) / 2, "p99-µs": len(times) * 99 / 100, "worst-µs": len(times) - 1} {
		b.ReportMetric(float64(times[n].Nanoseconds())/1000, unit)
	}
}

func labelledQueries() []string {
	var all []string
	for _, row := range rows("queries.tsv") {
		all = append(all, row[0])
	}
	return all
}

// keystrokes are the labelled queries with all their beginnings, as typed and
// with a letter wrong.
func keystrokes() []string {
	r := rand.New(rand.NewPCG(3, 4))
	var all []string
	for _, q := range labelledQueries() {
		letters := []rune(q)
		for n := 1; n <= len(letters); n++ {
			all = append(all, string(letters[:n]))
		}
		letters[r.IntN(len(letters))] = letters[r.IntN(len(letters))]
		all = append(all, string(letters))
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
