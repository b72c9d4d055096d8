package staff_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app/staff"
	"github.com/joinline/joinline/bitrix"
)

// office makes an index of people written "Surname Name Middle, position",
// numbered from 1.
func office(people ...string) *staff.Index {
	var all []staff.Person
	for i, s := range people {
		name, position, _ := strings.Cut(s, ", ")
		parts := append(strings.Split(name, " "), "", "")
		all = append(all, staff.Person{ID: bitrix.UserID(i + 1), LastName: parts[0], Name: parts[1], SecondName: parts[2], Position: position})
	}
	return staff.New(all, nil)
}

func ids(found []staff.Match) []bitrix.UserID {
	var all []bitrix.UserID
	for _, m := range found {
		all = append(all, m.ID)
	}
	return all
}

func TestSearchFindsAPersonHoweverTheNameIsTyped(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		person  string
		queries []string
	}{
		"beginnings of words in any order":          {"Щербакова Екатерина Львовна, Менеджер по закупкам", []string{"щерб", "екат щерб", "закуп екат", "льв ме щ", "ЩЕРБАКОВА,екатерина"}},
		"one letter":                                {"Щукин Хасан", []string{"щ", "х", "s", "k", "h", "o", "["}},
		"Russian in Latin letters":                  {"Щукин Юрий", []string{"shchukin", "schukin", "shukin", "sc", "yuri", "yuriy", "iurii", "jurij", "y", "ju"}},
		"Latin in Russian letters":                  {"Schukin Yuri", []string{"щукин", "щ", "шукин", "юрий", "ю", "юр"}},
		"Ukrainian in Latin letters":                {"Григоренко Їжак Євген", []string{"hryhorenko", "grigorenko", "yizhak", "izhak", "yevgen", "yevhen", "ievhen"}},
		"Ukrainian in Russian letters":              {"Дем'яненко Їжак", []string{"демяненко", "дем'ян", "дем’яненко", "ижак"}},
		"Kazakh in Russian letters":                 {"Нұрсейітов Қуаныш", []string{"нурсейитов", "куаныш"}},
		"Kazakh in Latin letters":                   {"Нұрсейітов Жәнібек", []string{"nurseitov", "zhanibek", "janibek"}},
		"Belarusian in Latin letters":               {"Быкаў Яўген", []string{"bykau", "bykav", "yaugen"}},
		"the Latin layout instead of the Russian":   {"Жюбэхъё Иванов", []string{"bdfyjd", ";.,'[]`", "BDFYJD", "bdfyjd ;."}},
		"the Russian layout instead of the Latin":   {"Ivanov Petr", []string{"шмфтщм", "зуек шмф", "ШМФТЩМ"}},
		"the Latin layout instead of the Ukrainian": {"Їжакевич Євген", []string{"];frtdbx", "'duty"}},
		"the Latin layout instead of the Kazakh":    {"Әлі Қуаныш", []string{"2ks", "0efysi"}},
		"without accents":                           {"Müller Łukasz", []string{"muller", "mueller", "müller", "lukasz", "łukasz", "mu lu"}},
		"German in Russian letters":                 {"Müller-Lüdenscheidt Jürgen", []string{"мюллер-люденшайдт", "мюлер", "юрген", "люден мюл"}},
		"letters Unicode does not take apart":       {"Đặng Søren Weiß", []string{"dang", "soren", "weiss", "weiß"}},
		"Turkish letters":                           {"Işık Çağlar İpek", []string{"isik", "ISIK", "IŞIK", "ışık", "caglar", "ipek", "İPEK", "чаглар"}},
		"an apostrophe":                             {"O'Connor Sinéad", []string{"o'connor", "oconnor", "o connor", "connor", "o’connor"}},
		"a hyphen":                                  {"Абдул-Рахман Анна-Мария", []string{"абдулрахман", "абдул рахман", "рахман", "анна-мария", "абдул-рахман"}},
		"a name typed as two words":                 {"MacArthur Xiaoming", []string{"mac arthur", "xiao ming mac", "mac arthur x"}},
		"words joined in the name":                  {"Абдулрахман Али", []string{"абдул-рахман"}},
		"Greek with or without accents":             {"Παπαδόπουλος Οδυσσέας", []string{"παπαδόπουλος", "παπαδοπουλος", "οδυσσεας", "ΟΔΥΣΣΕΑΣ", "papadopoulos"}},
		"Arabic":                                    {"الصباغ أحمد", []string{"الصباغ", "صباغ", "احمد", "أحم"}},
		"Hebrew":                                    {"כהן אברהם", []string{"כהן", "אבר", "אברהמ"}},
		"Chinese":                                   {"欧阳 靖雯, 首席科学家", []string{"欧阳靖雯", "欧", "靖雯", "欧阳靖", "科学家"}},
		"Japanese":                                  {"サトウ ケンイチ, 採用担当", []string{"サトウ", "さとう", "サトウケンイチ", "担当"}},
		"Korean, a syllable half typed":             {"김 민준", []string{"김민준", "기", "김", "민ㅈ"[:3]}},
		"Thai":                                      {"วงศ์สวัสดิ์ สมชาย", []string{"สมชาย", "วงศ์", "สวัสดิ์"}},
		"one typo in four letters":                  {"Шаров Иван", []string{"ивна", "ивон", "иваан", "вван", "шраов", "шаов", "штаров"}},
		"two typos in eight letters":                {"Достоевский Ян", []string{"дастаевский", "дотсоевксий", "остоевски"}},
		"a typo in Latin for a Russian name":        {"Достоевский Ян", []string{"dostoesvky", "dastoevsky"}},
		"a typo in the wrong layout":                {"Достоевский Ян", []string{"ljcnjdtcrbq", "ljcnjtdcrq"}},
		"an English name in Russian letters":        {"Джонсон Роберт", []string{"johnson", "robert john"}},
		"full-width letters and odd spaces":         {"Ivanov Petr", []string{"ｉｖａｎｏｖ", "  ivanov\u00a0petr ", "ivanov\tp"}},
		"decomposed letters":                        {"Müller Й", []string{"mu\u0308ller", "и\u0306"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := office(test.person, "Бббб Вввв", "Qqqq Wwww")
			for _, q := range test.queries {
				if found := ids(x.Search(q, staff.Options{})); !slices.Contains(found, 1) {
					t.Errorf("%q did not find %s", q, test.person)
				}
			}
		})
	}
}

func TestSearchFindsNobodyWhereAWordDoesNotFit(t *testing.T) {
	t.Parallel()
	x := office("Иванов Пётр", "Kim Lee", "Sánchez Ana")
	for _, q := range []string{"", "  ", ",.-", "иванов жанна", "питр иванов сидоров", "kmi", "lxe", "щщщщ", "'", "\x00", "\xff\xfe", "@", "@.", "ء"} {
		if found := x.Search(q, staff.Options{}); len(found) > 0 {
			t.Errorf("%q found %s", q, names(found))
		}
	}
}

func TestSearchOrdersPeople(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		people []string
		query  string
		want   []bitrix.UserID
	}{
		"whole words, beginnings, typos": {
			[]string{"Иванив Ян", "Ивановский Ян", "Иванов Ян"}, "иванов", []bitrix.UserID{3, 2, 1}},
		"names before positions": {
			[]string{"Абрамов Олег, Юрист", "Яковлев Юрий"}, "юри", []bitrix.UserID{2, 1}},
		"surnames before middle names": {
			[]string{"Абрамов Олег Иванович", "Иванов Ян"}, "иван", []bitrix.UserID{2, 1}},
		"the same quality by last name, then name": {
			[]string{"Петров Яков", "Петров Антон", "Алексеев Пётр", "Пе Ян"}, "пе", []bitrix.UserID{4, 3, 2, 1}},
		"as typed before what sounds alike": {
			[]string{"Chan Ann", "Han Zoe"}, "han", []bitrix.UserID{2, 1}},
		"both words whole before one": {
			[]string{"Иванов Пётр Иванович", "Иванов Иван"}, "иван иванов", []bitrix.UserID{2, 1}},
		"fewer typos first": {
			[]string{"Дастоевская Ян", "Достоевская Ян"}, "достоевскяа", []bitrix.UserID{2, 1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ids(office(test.people...).Search(test.query, staff.Options{}))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSearchTellsTheQuality(t *testing.T) {
	t.Parallel()
	x := office("Иванов Пётр")
	for q, want := range map[string]staff.Quality{
		"иванов": staff.Exact, "ivanov petr": staff.Exact, "bdfyjd": staff.Exact,
		"ива": staff.Prefix, "иванов п": staff.Prefix, "иванво": staff.Fuzzy, "иванво петр": staff.Fuzzy,
	} {
		found := x.Search(q, staff.Options{})
		if len(found) != 1 || found[0].Quality != want {
			t.Errorf("%q found %v, want quality %d", q, found, want)
		}
	}
}

func TestRecentPeopleAndNeighboursComeFirstWithinTheirQuality(t *testing.T) {
	t.Parallel()
	var people []staff.Person
	for i := range 500 {
		people = append(people, staff.Person{ID: bitrix.UserID(i + 1), LastName: fmt.Sprintf("Иванов%03d", i), Departments: []int64{int64(i % 100)}})
	}
	people = append(people, staff.Person{ID: 900, LastName: "Иван"})
	x := staff.New(people, nil)

	got := ids(x.Search("иван", staff.Options{Limit: 8, Near: []int64{98, 77}, Recent: []bitrix.UserID{400, 78, 12345}}))
	want := []bitrix.UserID{900, 78, 400, 99, 178, 199, 278, 299} // 78 is both
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got = ids(x.Search("иван", staff.Options{Limit: 3, Recent: []bitrix.UserID{400, 400}, Skip: func(id bitrix.UserID) bool { return id == 900 || id == 1 }}))
	if diff := cmp.Diff([]bitrix.UserID{400, 2, 3}, got); diff != "" {
		t.Error(diff)
	}
}

func TestSearchKeepsToTheLimit(t *testing.T) {
	t.Parallel()
	var people []string
	for i := range 300 {
		people = append(people, fmt.Sprintf("Иванов%d Пётр", i))
	}
	x := office(people...)
	for limit, want := range map[int]int{0: 20, -1: 20, 1: 1, 7: 7, 100: 100, 1 << 30: 100} {
		if got := len(x.Search("пётр", staff.Options{Limit: limit})); got != want {
			t.Errorf("a limit of %d found %d, want %d", limit, got, want)
		}
	}
}

func TestSearchFindsByAddress(t *testing.T) {
	t.Parallel()
	x := staff.New([]staff.Person{
		{ID: 1, Email: "I.Petrov@Corp.example", Login: "petrov_i"},
		{ID: 2, LastName: "Сидорова", Email: "o.sidorova@corp.example", Login: `CORP\olga`},
	}, nil)
	for q, want := range map[string]bitrix.UserID{
		"i.petrov@corp.example": 1, "I.PETROV": 1, "i.pet": 1, "petrov@": 1, "petr": 1, "petrov_i": 1, "@petrov_i": 1, "@pet": 1,
		"olga": 2, `corp\ol`: 2, "sidorova o.sid": 2, "ш.зуекщм": 1, `шюзуекщм"сщкз`: 1,
	} {
		if got := ids(x.Search(q, staff.Options{})); !slices.Equal(got, []bitrix.UserID{want}) {
			t.Errorf("%q found %v, want %d", q, got, want)
		}
	}
}

func TestPeopleAreKeptAsTheyWereGiven(t *testing.T) {
	t.Parallel()
	given := []staff.Person{
		{ID: 7, Name: "Ольга", LastName: "Сидорова", SecondName: "Петровна", Position: "Юрист", Email: "O@x.example", Login: "O@x.example", Photo: "https://x.example/p.png", Departments: []int64{5, 3}},
		{ID: 3, Name: "Same", LastName: "Same", Login: "Olga"},
		{ID: 9, Departments: []int64{77}},
	}
	again := append(slices.Clone(given), staff.Person{ID: 7, Name: "Другая"}, staff.Person{Name: "Без номера"})
	x := staff.New(again, []staff.Department{{ID: 3, Name: "Право"}, {ID: 3, Name: "Другое"}})
	if x.Len() != len(given) {
		t.Fatalf("%d people, want %d", x.Len(), len(given))
	}
	for _, want := range given {
		got, ok := x.Person(want.ID)
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("person %d: %s", want.ID, diff)
		}
	}
	if _, ok := x.Person(1); ok {
		t.Error("there is a person 1")
	}
	var order []bitrix.UserID
	for p := range x.People() {
		order = append(order, p.ID)
	}
	if diff := cmp.Diff([]bitrix.UserID{3, 7, 9}, order); diff != "" {
		t.Error(diff)
	}
}

func TestHugeTextsDoNoHarm(t *testing.T) {
	t.Parallel()
	x := staff.New([]staff.Person{
		{ID: 1, LastName: strings.Repeat("王", 5_000), Name: strings.Repeat("щ", 5_000), Position: strings.Repeat("а ", 5_000), Email: strings.Repeat("a.", 5_000) + "@"},
		{ID: 2, LastName: strings.Repeat("\u0301", 1000), Name: "\xff\xfe", Login: "\x00"},
	}, nil)
	for _, q := range []string{strings.Repeat("щ", 40), strings.Repeat("щ", 5_000), strings.Repeat("王", 300), strings.Repeat("a b ", 1000), strings.Repeat("ab.", 1000)} {
		x.Search(q, staff.Options{})
		x.Resolve(q)
		x.Departments(q, 5)
	}
	if got := ids(x.Search(strings.Repeat("щ", 40), staff.Options{})); !slices.Equal(got, []bitrix.UserID{1}) {
		t.Errorf("the beginning of a long word found %v", got)
	}
}

func TestAnIndexIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	x := office("Иванов Пётр", "Petrov Ivan", "Müller Hans, Юрист")
	want := x.Search("иван", staff.Options{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				x.Search("мюллер юр", staff.Options{})
				x.Resolve("Petrov Ivan")
				if diff := cmp.Diff(want, x.Search("иван", staff.Options{})); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
	wg.Wait()
}
