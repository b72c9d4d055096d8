package bitrixtest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// large is the largest staff of the demo.
const large = 100_000

func TestALargeStaffIsGeneratedAlike(t *testing.T) {
	const size = 20_000
	a, b := bitrixtest.New(bitrixtest.Options{Staff: size}), bitrixtest.New(bitrixtest.Options{Staff: size})
	defer a.Close()
	defer b.Close()
	count := 0
	a.Do(func(wa *bitrixtest.World) {
		b.Do(func(wb *bitrixtest.World) {
			for id, u := range wa.Users {
				if other := wb.Users[id]; other == nil || other.FullName() != u.FullName() || u.FullName() == "" {
					t.Errorf("person %d is %q here and %+v there", id, u.FullName(), other)
				}
				if id >= 1000 {
					count++
				}
			}
		})
	})
	if count != size {
		t.Errorf("%d people were generated", count)
	}
}

func TestALargeStaffIsReadPageByPage(t *testing.T) {
	const size = 3000
	p := bitrixtest.NewPortalWith(t, bitrixtest.Options{Staff: size})
	seen, last := map[string]bool{}, 0
	for {
		page := ids(t, call(t, p, 1, "user.get", args{"FILTER": args{">ID": last}, "SORT": "ID", "ORDER": "ASC", "start": -1}))
		for _, id := range page {
			if seen[id] {
				t.Fatalf("person %s came twice", id)
			}
			seen[id] = true
		}
		if len(page) < 50 {
			break
		}
		fmt.Sscan(page[len(page)-1], &last)
	}
	if want := size + 8; len(seen) != want { // and those of the small world whom the administrator sees
		t.Errorf("%d people came, want %d", len(seen), want)
	}
}

// pagesOfStaff is a batch whose every command reads the page after the last
// person of the one before it, the first those above an id.
func pagesOfStaff(after int) url.Values {
	form := url.Values{}
	for i := range 50 {
		above := fmt.Sprint(after)
		if i > 0 {
			above = fmt.Sprintf("$result[p%02d][49][ID]", i-1)
		}
		page := url.Values{"FILTER[>ID]": {above}, "SORT": {"ID"}, "ORDER": {"ASC"}, "start": {"-1"}}
		form.Set(fmt.Sprintf("cmd[p%02d]", i), "user.get?"+page.Encode())
	}
	return form
}

// TestALargeStaffIsReadInBatches holds what a reader of a large staff has to
// know: a page that is not full leaves the next command without an id, and
// that one begins anew.
func TestALargeStaffIsReadInBatches(t *testing.T) {
	const size = 3000
	p := bitrixtest.NewPortalWith(t, bitrixtest.Options{Staff: size})
	seen, last, over := map[string]bool{}, 0, false
	for requests := 0; !over; requests++ {
		if requests == 3 {
			t.Fatal("the staff has no end")
		}
		resp, err := browser.PostForm(p.Webhook(1)+"batch", pagesOfStaff(last))
		if err != nil {
			t.Fatal(err)
		}
		var a struct {
			Result struct {
				Result map[string][]struct{ ID string }
				Total  map[string]int `json:"result_total"`
			}
		}
		err = json.NewDecoder(resp.Body).Decode(&a)
		resp.Body.Close()
		if err != nil || len(a.Result.Result) != 50 || a.Result.Total["p00"] != 0 {
			t.Fatalf("%d pages, total %d: %v", len(a.Result.Result), a.Result.Total["p00"], err)
		}
		for i := 0; i < 50 && !over; i++ {
			page := a.Result.Result[fmt.Sprintf("p%02d", i)]
			for _, row := range page {
				if seen[row.ID] {
					t.Fatalf("person %s came twice", row.ID)
				}
				seen[row.ID] = true
			}
			over = len(page) < 50
			fmt.Sscan(page[len(page)-1].ID, &last)
			if again := a.Result.Result[fmt.Sprintf("p%02d", i+1)]; over && i < 49 && again[0].ID != "1" {
				t.Errorf("after the end came the page of %s", again[0].ID)
			}
		}
	}
	if want := size + 8; len(seen) != want {
		t.Errorf("%d people came, want %d", len(seen), want)
	}
}

// A hundred thousand people: how long a portal takes to start with them and
// what they weigh.
func BenchmarkStartWithLargeStaff(b *testing.B) {
	var before, after runtime.MemStats
	for b.Loop() {
		runtime.GC()
		runtime.ReadMemStats(&before)
		p := bitrixtest.New(bitrixtest.Options{Staff: large})
		runtime.GC()
		runtime.ReadMemStats(&after)
		p.Close()
	}
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "MiB")
}

// What is asked of a portal with a hundred thousand people.
func BenchmarkLargeStaff(b *testing.B) {
	p := bitrixtest.New(bitrixtest.Options{Staff: large})
	defer p.Close()
	p.SetLimits(0, 0)
	hook := strings.TrimPrefix(p.Webhook(1), p.URL())
	employees := url.Values{"FILTER[ACTIVE]": {"1"}, "FILTER[USER_TYPE]": {"employee"}}
	with := func(more ...string) string {
		form := url.Values{}
		for key, values := range employees {
			form[key] = values
		}
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		return form.Encode()
	}
	for _, c := range []struct{ name, request string }{
		{"search", "user.search?" + with("FILTER[FIND]", "ol si", "SORT", "LAST_NAME", "ORDER", "ASC")},
		{"search in the messenger", "im.search.user.list?FIND=petro"},
		{"first page", "user.get?" + with()},
		{"page in the middle", "user.get?" + with("start", "50000")},
		{"next page by id", "user.get?" + with("FILTER[>ID]", "50000", "SORT", "ID", "ORDER", "ASC", "start", "-1")},
		{"sorted by name", "user.get?" + with("SORT", "LAST_NAME", "ORDER", "ASC")},
		{"one person", "user.get?ID=50000"},
		{"everybody of a department", "im.department.employees.get?ID[]=1003"},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				w := httptest.NewRecorder()
				p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, hook+c.request, nil))
				if w.Code != http.StatusOK {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
	b.Run("everybody in batches", func(b *testing.B) {
		for b.Loop() {
			for after := 0; after < large; after += 2500 {
				r := httptest.NewRequest(http.MethodPost, hook+"batch", strings.NewReader(pagesOfStaff(after).Encode()))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				w := httptest.NewRecorder()
				if p.ServeHTTP(w, r); w.Code != http.StatusOK {
					b.Fatalf("%d %s", w.Code, w.Body)
				}
			}
		}
	})
	b.Run("a page of departments", func(b *testing.B) {
		for b.Loop() {
			w := httptest.NewRecorder()
			if p.ServeHTTP(w, httptest.NewRequest(http.MethodGet, hook+"department.get?start=1000", nil)); w.Code != http.StatusOK {
				b.Fatalf("%d %s", w.Code, w.Body)
			}
		}
	})
	b.Run("save", func(b *testing.B) {
		for b.Loop() {
			if err := p.Save(io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	})
}
