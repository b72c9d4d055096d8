package bitrixtest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// firstStaffID is the id of the first generated person.
const firstStaffID = 1000

// nation is a stock of names of one language; family names that change with
// the person's gender have the second form beside the first.
type nation struct {
	weight   int // in a hundred people
	men      []string
	women    []string
	families [][2]string
}

var nations = []nation{
	{38, []string{"James", "Oliver", "Thomas", "Daniel", "Henry", "Marcus", "Simon", "Lucas", "Adam", "Felix"},
		[]string{"Emma", "Charlotte", "Alice", "Sophie", "Laura", "Hannah", "Julia", "Nora", "Grace", "Clara"},
		same("Miller", "Baker", "Turner", "Walker", "Hughes", "Fischer", "Weber", "Schneider", "Dubois", "Moreau", "Rossi", "Costa", "Silva", "Santos", "Novak", "Jensen", "Larsen", "Kowalczyk")},
	{34, []string{"Алексей", "Дмитрий", "Сергей", "Михаил", "Николай", "Артём", "Фёдор", "Григорий", "Юрий", "Пётр"},
		[]string{"Екатерина", "Мария", "Наталья", "Татьяна", "Светлана", "Юлия", "Ксения", "Алёна", "Жанна", "Вера"},
		[][2]string{{"Иванов", "Иванова"}, {"Смирнов", "Смирнова"}, {"Кузнецов", "Кузнецова"}, {"Щербаков", "Щербакова"}, {"Жуков", "Жукова"}, {"Чернышёв", "Чернышёва"},
			{"Соколов", "Соколова"}, {"Цветков", "Цветкова"}, {"Юдин", "Юдина"}, {"Хабаров", "Хабарова"}, {"Достоевский", "Достоевская"}, {"Шевченко", "Шевченко"}}},
	{14, []string{"Jürgen", "Łukasz", "Björn", "José", "François", "Søren", "Tomáš", "Çağatay"},
		[]string{"Zoë", "Mónica", "Agnès", "Sørine", "Šárka", "Ülkü", "Małgorzata", "Inês"},
		same("Müller", "Lüdenscheidt", "Gąsior", "Núñez", "Lefèvre", "Øster", "Dvořák", "Yıldız", "Conceição", "Straße")},
	{8, []string{"محمد", "أحمد", "علي", "يوسف", "خالد"}, []string{"فاطمة", "مريم", "ليلى", "نور", "هدى"},
		same("العلي", "الحسن", "منصور", "حداد", "النجار", "صالح")},
	{6, []string{"伟", "强", "健太", "大輔", "민준"}, []string{"芳", "静", "美咲", "陽子", "서연"},
		same("王", "李", "张", "佐藤", "鈴木", "김", "이")},
}

// same makes family names that are the same for men and women.
func same(names ...string) (both [][2]string) {
	for _, n := range names {
		both = append(both, [2]string{n, n})
	}
	return both
}

// units are the departments that the generated staff works in, each with the
// positions people have there.
var units = []struct {
	name      string
	positions []string
}{
	{"Customer service", []string{"Support specialist", "Support lead", "Quality manager"}},
	{"Engineering", []string{"Engineer", "Senior engineer", "Designer", "Test engineer"}},
	{"Legal", []string{"Lawyer", "Contract manager", "Paralegal"}},
	{"Finance", []string{"Accountant", "Financial analyst", "Controller"}},
	{"Production", []string{"Technologist", "Foreman", "Planner", "Mechanic"}},
	{"Marketing", []string{"Marketing manager", "Editor", "Analyst"}},
	{"Field sales", []string{"Sales representative", "Key account manager", "Sales engineer"}},
	{"Warehouse", []string{"Storekeeper", "Dispatcher", "Driver"}},
}

// generateStaff adds n employees and the departments they work in. The same n
// always gives the same people. They share their maps of rights: change one
// person's only through SetCRMRights and SetLevel.
func generateStaff(w *World, n int) {
	if n == 0 {
		return
	}
	random := rand.New(rand.NewPCG(24, 77))
	teams := generateDepartments(w, n)
	all, own := crmRights(CRMAll), crmRights(CRMOwn)
	manager := channelLevels(LevelOwn)
	now := w.now()
	for i := range n {
		team := teams[random.IntN(len(teams))]
		u := User{
			ID: firstStaffID + i, Active: i%50 != 49, Accepted: i%40 != 39,
			Position:    team.positions[random.IntN(len(team.positions))],
			Departments: team.departments, Levels: manager, Rights: all,
		}
		if i%3 == 2 {
			u.Rights = own
		}
		nameStaff(random, &u)
		u.Email = "staff" + strconv.Itoa(u.ID) + "@daisy.example"
		if u.Accepted {
			u.LastActivity = now.Add(-time.Duration(random.IntN(7*24*60)) * time.Minute)
		}
		w.AddUser(u)
		if d := w.Departments[team.departments[0]]; d.Head == 0 && u.Active {
			d.Head = u.ID
		}
	}
	w.staff = n
}

// nameStaff gives a person a name, a surname and a gender that fit together.
func nameStaff(random *rand.Rand, u *User) {
	at := random.IntN(100)
	from := nations[0]
	for _, from = range nations {
		if at -= from.weight; at < 0 {
			break
		}
	}
	family := from.families[random.IntN(len(from.families))]
	u.Gender, u.Name, u.LastName = "M", from.men[random.IntN(len(from.men))], family[0]
	if random.IntN(2) == 0 {
		u.Gender, u.Name, u.LastName = "F", from.women[random.IntN(len(from.women))], family[1]
	}
}

// team is a department with the positions of its people.
type team struct {
	departments []int
	positions   []string
}

// generateDepartments makes the units and, in large companies, enough groups
// in each that a group stays near 40 people.
func generateDepartments(w *World, n int) (teams []team) {
	groups := max(1, n/(40*len(units)))
	for i, unit := range units {
		head := &Department{ID: 100 + i, Parent: 1, Name: unit.name, Sort: 400 + 10*i}
		w.Departments[head.ID] = head
		if groups == 1 {
			teams = append(teams, team{[]int{head.ID}, unit.positions})
			continue
		}
		for g := range groups {
			d := &Department{ID: 1000 + i*10_000 + g, Parent: head.ID, Name: fmt.Sprintf("%s, group %d", unit.name, g+1), Sort: 500 + g}
			w.Departments[d.ID] = d
			teams = append(teams, team{[]int{d.ID}, unit.positions})
		}
	}
	return teams
}
