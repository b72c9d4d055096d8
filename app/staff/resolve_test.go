package staff_test

import (
	"slices"
	"testing"

	"github.com/joinline/joinline/app/staff"
	"github.com/joinline/joinline/bitrix"
)

func roster() *staff.Index {
	return staff.New([]staff.Person{
		{ID: 11, LastName: "Иванов", Name: "Иван", SecondName: "Петрович", Email: "ivan@corp.example", Login: "ivanov"},
		{ID: 12, LastName: "Иванов", Name: "Иван", SecondName: "Сергеевич", Email: "ivan2@corp.example", Login: "ivanov2"},
		{ID: 13, LastName: "Сидорова", Name: "Ольга", SecondName: "Ивановна", Position: "Юрист", Email: "olga@corp.example", Login: "olga"},
		{ID: 14, LastName: "Müller", Name: "Jürgen", Email: "j.mueller@corp.example"},
		{ID: 15, LastName: "Сидоров", Name: "Олег", Login: "osidorov", Departments: []int64{5}},
		{ID: 16, Email: "new@corp.example", Login: "new@corp.example"},
	}, []staff.Department{{ID: 5, Name: "Legal"}})
}

func TestALineOfAListIsOnePersonOnlyBeyondDoubt(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		line string
		one  bitrix.UserID   // 0: nobody beyond doubt
		may  []bitrix.UserID // otherwise these
	}{
		"an e-mail":                               {line: "olga@corp.example", one: 13},
		"an e-mail in capitals with spaces":       {line: "  OLGA@Corp.Example ", one: 13},
		"a name with an e-mail":                   {line: "Olga Sidorova <olga@corp.example>", one: 13},
		"an e-mail that wins over the name":       {line: "Иванов Иван <olga@corp.example>", one: 13},
		"mailto":                                  {line: "mailto:olga@corp.example", one: 13},
		"somebody without a name":                 {line: "new@corp.example", one: 16},
		"@login":                                  {line: "@olga", one: 13},
		"a login":                                 {line: "ivanov2", one: 12},
		"what is before the @":                    {line: "j.mueller", one: 14},
		"an ID":                                   {line: "13", one: 13},
		"an ID with a sign":                       {line: "#13", one: 13},
		"user_13":                                 {line: "user_13", one: 13},
		"a mention":                               {line: "[USER=13]Ольга[/USER]", one: 13},
		"a link to the profile":                   {line: "https://corp.example/company/personal/user/13/", one: 13},
		"surname and name":                        {line: "Сидорова Ольга", one: 13},
		"name and surname":                        {line: "Ольга Сидорова", one: 13},
		"name, middle name, surname":              {line: "Ольга Ивановна Сидорова", one: 13},
		"all three, which parts namesakes":        {line: "Иванов Иван Сергеевич", one: 12},
		"the other alphabet":                      {line: "Sidorova Olga", one: 13},
		"without accents":                         {line: "Muller Jurgen", one: 14},
		"in a numbered list":                      {line: "2) Сидорова Ольга", one: 13},
		"after a dash":                            {line: "— Сидорова Ольга", one: 13},
		"namesakes":                               {line: "Иванов Иван", may: []bitrix.UserID{11, 12}},
		"initials":                                {line: "Сидорова О.И.", may: []bitrix.UserID{13}},
		"a typo":                                  {line: "Сидрова Ольга", may: []bitrix.UserID{13}},
		"the way another language spells it":      {line: "Мюллер Юрген", may: []bitrix.UserID{14}},
		"the wrong keyboard layout":               {line: "Cbljhjdf Jkmuf", may: []bitrix.UserID{13}},
		"with the position":                       {line: "Сидорова Ольга, юрист", may: []bitrix.UserID{13}},
		"with a remark":                           {line: "Сидорова Ольга (в отпуске до мая)", may: []bitrix.UserID{13}},
		"a name with another's e-mail":            {line: "Сидорова Ольга <olga@other.example>", may: []bitrix.UserID{13}},
		"a name, their e-mail not being known":    {line: "Сидоров Олег <o@other.example>", one: 15},
		"another e-mail that begins as the login": {line: "olga@other.example", may: []bitrix.UserID{13}},
		"the only one of a department":            {line: "Legal", may: []bitrix.UserID{15}},
		"an unfinished name":                      {line: "Сидо", may: []bitrix.UserID{15, 13}},
		"nobody":                                  {line: "Жанна Агузарова"},
		"an ID that is not there":                 {line: "99"},
		"a number too large":                      {line: "99999999999999999999999"},
		"an e-mail that is not there":             {line: "zhanna@other.example"},
		"nothing":                                 {line: " - "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := roster().Resolve(test.line)
			one, _ := r.One()
			if one.ID != test.one {
				t.Errorf("%q is %d, want %d; candidates: %s", test.line, one.ID, test.one, names(r.Candidates))
			}
			if got := ids(r.Candidates); test.one == 0 && !slices.Equal(got, test.may) {
				t.Errorf("%q may be %v, want %v", test.line, got, test.may)
			}
		})
	}
}

func TestALineManyFitSaysThatThereAreMore(t *testing.T) {
	t.Parallel()
	people := make([]string, 50)
	for i := range people {
		people[i] = "Иванов Иван"
	}
	r := office(people...).Resolve("Иван Иванов")
	if len(r.Candidates) != 20 || !r.More {
		t.Errorf("%d candidates, more: %t", len(r.Candidates), r.More)
	}
}

func TestALineSaysWhatToAskAnotherSearchFor(t *testing.T) {
	t.Parallel()
	for line, want := range map[string][2]string{
		"Olga Sidorova":                     {"olga sidorova", ""},
		"2) Sidorova O.":                    {"sidorova o.", ""},
		"Olga Sidorova <Olga@Corp.example>": {"olga sidorova", "olga@corp.example"},
		"Olga Sidorova (on leave)":          {"olga sidorova", ""},
		"olga.sidorova1@corp.example":       {"olga sidorova", "olga.sidorova1@corp.example"},
		"@olga.sidorova":                    {"olga sidorova", ""},
		"[USER=13]Olga[/USER]":              {"13", ""},
		"https://corp.example/user/13/":     {"13", ""},
		"#13":                               {"13", ""},
		" - ":                               {"", ""},
		"Ольга Сидорова — <olga@corp.example>": {"ольга сидорова", "olga@corp.example"},
	} {
		words, email := staff.Terms(line)
		if words != want[0] || email != want[1] {
			t.Errorf("%q: %q, %q; want %q", line, words, email, want)
		}
	}
}
