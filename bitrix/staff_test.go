package bitrix

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// page is a page of the staff: so many people from an id on.
func page(from, count int) string {
	rows := make([]string, count)
	for i := range rows {
		rows[i] = fmt.Sprintf(`{"ID":"%d","NAME":"Olga","EMAIL":"o%d@acme.example","UF_DEPARTMENT":[7],"USER_TYPE":"employee","ACTIVE":true}`, from+i, from+i)
	}
	return "[" + strings.Join(rows, ",") + "]"
}

func pages(all ...string) reaction {
	var parts []string
	for i, p := range all {
		parts = append(parts, fmt.Sprintf(`"p%d":%s`, i, p))
	}
	return result(`{"result":{` + strings.Join(parts, ",") + `}}`)
}

func TestAPageOfTheStaffThatIsNotFullIsTheLastOne(t *testing.T) {
	for name, c := range map[string]struct {
		answer reaction
		people int
		more   bool
		fails  bool
	}{
		"all pages are full":                   {pages(page(1, 50), page(51, 50), page(101, 50)), 150, true, false},
		"behind it the portal begins anew":     {pages(page(1, 50), page(51, 7), page(1, 50)), 57, false, false},
		"an empty one":                         {pages(page(1, 50), `[]`, page(1, 50)), 50, false, false},
		"nobody at all":                        {pages(`[]`, `[]`, `[]`), 0, false, false},
		"a page that goes back to the start":   {pages(page(1, 50), page(1, 50), page(51, 50)), 50, true, true},
		"a page that was refused":              {result(`{"result":{"p0":` + page(1, 50) + `},"result_error":{"p1":{"error":"OPERATION_TIME_LIMIT"}}}`), 50, true, true},
		"a page that is missing from the rest": {pages(page(1, 50)), 50, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			people, more, err := viewerOf(portal(c.answer)).Staff(t.Context(), 0, 3)
			if len(people) != c.people || more != c.more || (err != nil) != c.fails {
				t.Errorf("got %d people, more %v, %v", len(people), more, err)
			}
			for i, u := range people {
				if u.ID != UserID(i+1) || u.Email == "" || !slices.Equal(u.Departments, []int64{7}) {
					t.Fatalf("person %d is %+v", i, u)
				}
			}
		})
	}
}

func TestPagesOfTheStaffReferToThePageBefore(t *testing.T) {
	p := portal(pages(`[]`))
	_, _, err := viewerOf(p).Staff(t.Context(), 77, 99)
	must(t, err)
	commands, _ := p.wantAsked(t, 1)[0].params["cmd"].(map[string]any)
	if len(commands) != MaxStaffPages {
		t.Errorf("%d pages were asked for", len(commands))
	}
	for key, want := range map[string]string{"p0": "FILTER%5B%3EID%5D=77&", "p1": "FILTER%5B%3EID%5D=%24result%5Bp0%5D%5B49%5D%5BID%5D&"} {
		if text, _ := commands[key].(string); !strings.HasPrefix(text, "user.get?") || !strings.Contains(text, want) {
			t.Errorf("%s: %s", key, text)
		}
	}
}

func TestDepartmentsAreReadToTheLastPage(t *testing.T) {
	rows := func(from, count int) string {
		all := make([]string, count)
		for i := range all {
			all[i] = fmt.Sprintf(`{"ID":"%d","NAME":"Unit","SORT":500,"PARENT":"1","UF_HEAD":"15"}`, from+i)
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	p := portal(
		result(`{"result":{"d0":`+rows(1, 50)+`},"result_total":{"d0":120}}`),
		result(`{"result":{"d50":`+rows(51, 50)+`,"d100":`+rows(101, 20)+`},"result_total":{"d50":120,"d100":120}}`),
	)
	all, err := viewerOf(p).Departments(t.Context())
	must(t, err)
	if want := (Department{ID: 120, Parent: 1, Name: "Unit", Head: 15}); len(all) != 120 || all[119] != want {
		t.Errorf("got %d departments, the last %+v", len(all), all[len(all)-1])
	}
	p.wantAsked(t, 2)
	_, err = viewerOf(portal(result(`{"result":[],"result_error":{"d0":{"error":"insufficient_scope"}}}`))).Departments(t.Context())
	wantIs(t, err, ErrInsufficientScope)
}
