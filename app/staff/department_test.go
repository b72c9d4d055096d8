package staff_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app/staff"
	"github.com/joinline/joinline/bitrix"
)

func structure() *staff.Index {
	return staff.New([]staff.Person{
		{ID: 1, LastName: "Яковлев", Departments: []int64{20}},
		{ID: 2, LastName: "Антонов", Departments: []int64{21, 22}},
		{ID: 3, LastName: "Борисов", Departments: []int64{22}},
		{ID: 4, LastName: "Волков", Departments: []int64{30, 20}},
		{ID: 5, LastName: "Громов", Departments: []int64{99}},
	}, []staff.Department{
		{ID: 10, Name: "Холдинг"},
		{ID: 20, Parent: 10, Name: "Отдел продаж", Head: 1},
		{ID: 21, Parent: 20, Name: "Продажи Север"},
		{ID: 22, Parent: 20, Name: "Продажи Юг"},
		{ID: 30, Parent: 10, Name: "Sales Operations"},
		{ID: 40, Parent: 41, Name: "Круг один"},
		{ID: 41, Parent: 40, Name: "Круг два"},
		{ID: 50, Parent: 50, Name: "Сам себе"},
	})
}

func TestMembersAreEachOnceAndInOrder(t *testing.T) {
	t.Parallel()
	x := structure()
	tests := map[string]struct {
		department int64
		deep       bool
		want       []bitrix.UserID
	}{
		"of the department itself":            {20, false, []bitrix.UserID{4, 1}},
		"with departments below":              {20, true, []bitrix.UserID{2, 3, 4, 1}},
		"of the top, which has none":          {10, false, []bitrix.UserID{}},
		"of the top with all below":           {10, true, []bitrix.UserID{2, 3, 4, 1}},
		"of a department nobody described":    {99, true, []bitrix.UserID{5}},
		"of one in a circle":                  {41, true, []bitrix.UserID{}},
		"of one that is not there":            {12345, true, nil},
		"of one that is above itself, deeply": {50, true, []bitrix.UserID{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, x.Members(test.department, test.deep)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDepartmentsAreFoundByNameWithTheirPeopleCounted(t *testing.T) {
	t.Parallel()
	x := structure()
	got := x.Departments("продаж", 10)
	want := []staff.DepartmentMatch{
		{Department: staff.Department{ID: 20, Parent: 10, Name: "Отдел продаж", Head: 1}, Quality: staff.Exact, Direct: 2, Deep: 4},
		{Department: staff.Department{ID: 22, Parent: 20, Name: "Продажи Юг"}, Quality: staff.Prefix, Direct: 2, Deep: 2},
		{Department: staff.Department{ID: 21, Parent: 20, Name: "Продажи Север"}, Quality: staff.Prefix, Direct: 1, Deep: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for q, first := range map[string]int64{"prodazhi yug": 22, "ghjlf;b ctd": 21, "продажы юг": 22, "ыфдуы": 30, "сейлз": 0, "круг два": 41, "sam": 50, "антонов": 0, "": 0} {
		var id int64
		if found := x.Departments(q, 1); len(found) > 0 {
			id = found[0].ID
		}
		if id != first {
			t.Errorf("%q found department %d, want %d", q, id, first)
		}
	}
}

func TestTheStructureIsListedFromTheTop(t *testing.T) {
	t.Parallel()
	var order []int64
	for _, d := range structure().Structure() {
		order = append(order, d.ID)
	}
	if diff := cmp.Diff([]int64{10, 20, 21, 22, 30, 50, 99, 40, 41}, order); diff != "" {
		t.Error(diff)
	}
}
