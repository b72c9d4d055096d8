package app_test

import (
	"slices"
	"testing"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/staff"
)

// large is as large a staff as a portal has.
const large = 100_000

// BenchmarkReadStaff reads 100,000 people from the simulated portal of the same
// process, whose share of the time is by far the larger one.
func BenchmarkReadStaff(b *testing.B) {
	j := staffed(b, large)
	v := j.open(b, ivan, deal77)
	old := time.Now().Add(-7 * time.Hour)
	requests := 0
	for b.Loop() {
		b.StopTimer()
		old = old.Add(-time.Hour)
		j.restart(j.bitrix.Timeouts)
		r, err := j.store.LeaseReading(b.Context(), j.member(), old, old.Add(time.Minute))
		must(b, err)
		must(b, j.store.SaveDirectory(b.Context(), r, app.Directory{Read: old, Staff: staff.New(nil, nil).Encode()}))
		j.portal.ResetRequests()
		b.StartTimer()
		must(b, j.ReadStaff(b.Context(), v))
		requests += len(j.portal.Requests())
	}
	b.ReportMetric(float64(requests)/float64(b.N), "requests/op")
	b.ReportMetric(float64(j.directory(b).Len()), "people")
}

// BenchmarkFind is what one letter typed costs among 100,000 people, the
// questions to the database included; and how long the first one waits after a
// restart, when the directory is not in memory.
func BenchmarkFind(b *testing.B) {
	j := staffed(b, large)
	v := j.open(b, ivan, deal77)
	j.read(b, v)
	queries := []string{"m", "mi", "marketing manager", "иванов", "ivanov", "hannah w", "щербаков алексей"}
	b.Run("typed", func(b *testing.B) {
		var times []time.Duration
		for b.Loop() {
			for _, q := range queries {
				began := time.Now()
				found, err := j.Find(b.Context(), v, q)
				must(b, err)
				if times = append(times, time.Since(began)); len(found.People) < 5 {
					b.Fatalf("%q found %d people", q, len(found.People))
				}
			}
		}
		slices.Sort(times)
		b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
		b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
	})
	if n := len(j.portal.Requests()); n > 0 {
		b.Errorf("the portal was asked %d times", n)
	}
	b.Run("first after a restart", func(b *testing.B) {
		for b.Loop() {
			j.restart(j.bitrix.Timeouts)
			_, err := j.Find(b.Context(), v, "marketing")
			must(b, err)
		}
	})
}
