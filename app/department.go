package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/joinline/joinline/app/staff"
	"github.com/joinline/joinline/bitrix"
)

const (
	// maxDepartments are found by one search.
	maxDepartments = 3
	// maxListed people of a department are listed: those of a larger one cannot
	// be added in one go, whoever of them is there already.
	maxListed = 20 * MaxPeople
)

// Department is a department that a search found. Parent is the name of the one
// above it, empty at the top.
type Department struct {
	ID           int64
	Name, Parent string
	// Exact: what was typed are whole words of its name.
	Exact bool
	// Own are its active people; All are these with the people of all departments
	// below it.
	Own, All Headcount
}

// Headcount is how many people a department has and who they are, if they are
// not far too many to be added in one go.
type Headcount struct {
	Count  int
	People []bitrix.UserID
}

// departments finds departments of the directory that have people.
func (a *App) departments(d *shelved, query string) (found []Department) {
	for _, m := range d.Departments(query, maxDepartments) {
		if m.Deep == 0 || m.Name == "" {
			continue
		}
		parent, _ := d.Department(m.Parent)
		found = append(found, Department{
			ID: m.ID, Name: m.Name, Parent: parent.Name, Exact: m.Quality == staff.Exact,
			Own: a.headcount(d, m.ID, false, m.Direct), All: a.headcount(d, m.ID, true, m.Deep),
		})
	}
	return found
}

func (a *App) headcount(d *shelved, id int64, deep bool, count int) Headcount {
	if count > maxListed {
		return Headcount{Count: count}
	}
	people := slices.DeleteFunc(slices.Clone(d.Members(id, deep)), func(u bitrix.UserID) bool { return a.shelf.isGone(d, u) })
	return Headcount{len(people), people}
}

// InDepartment returns the active people of a department, with those of all
// departments below it when deep, ordered by name; nobody where the department,
// or the directory, is not there any more. Only employees may ask: for others it
// is ErrNotInVisit.
func (a *App) InDepartment(ctx context.Context, v Visit, id int64, deep bool) ([]Colleague, error) {
	if !v.Employee {
		return nil, fmt.Errorf("%w: a department", ErrNotInVisit)
	}
	if _, err := a.installation(ctx, v.Member); err != nil {
		return nil, err
	}
	d, _, err := a.searched(ctx, v)
	if err != nil || d == nil {
		return nil, err
	}
	var people []Colleague
	for _, u := range a.headcount(d, id, deep, 0).People {
		if p, there := d.Person(u); there {
			people = append(people, d.colleague(p, v))
		}
	}
	return people, nil
}
