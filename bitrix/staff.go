package bitrix

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
)

const (
	// pageSize is how many rows the portal gives at once.
	pageSize = 50
	// MaxStaffPages is how many pages of the staff one request reads. The
	// answer stays well below what a batch may take and weigh.
	MaxStaffPages = 40
)

// Department is one unit of the portal's structure. Parent is zero at the top.
type Department struct {
	ID, Parent int64
	Name       string
	Head       UserID
}

// Staff returns active employees in the order of their ids, those after a
// given id, up to 50 a page (user.get). More tells that there may be others
// after the last one returned. Beside an error it returns those who were read
// before. The caller sees only whom the portal shows them.
// See https://apidocs.bitrix24.com/api-reference/user/user-get.html
func (c *Client) Staff(ctx context.Context, after UserID, pages int) (people []User, more bool, err error) {
	b := NewBatch()
	b.Reads = true
	b.Add("p0", "user.get", staffAfter(after))
	for n := 1; n < min(pages, MaxStaffPages); n++ {
		last := Ref(fmt.Sprintf("$result[p%d][%d][ID]", n-1, pageSize-1))
		b.Add("p"+strconv.Itoa(n), "user.get", staffAfter(last))
	}
	r, err := c.Batch(ctx, b)
	if err != nil {
		return nil, false, fmt.Errorf("reading the staff: %w", err)
	}
	for n := range b.Len() {
		var page []User
		if err := r.Decode("p"+strconv.Itoa(n), &page); err != nil {
			return people, true, fmt.Errorf("reading the staff: %w", err)
		}
		for _, u := range page {
			if u.ID <= after {
				return people, true, fmt.Errorf("reading the staff: %w: it is not ordered by id", ErrUnreachable)
			}
			after = u.ID
		}
		people = append(people, page...)
		// The page behind one that is not full refers to a row that is missing,
		// which asks for everybody from the beginning.
		if len(page) < pageSize {
			return people, false, nil
		}
	}
	return people, true, nil
}

func staffAfter(id any) Params {
	return Params{
		"FILTER": Params{">ID": id, "ACTIVE": true, "USER_TYPE": "employee"}, "SORT": "ID", "ORDER": "ASC", "start": -1,
		"SELECT": []string{"ID", "NAME", "LAST_NAME", "SECOND_NAME", "WORK_POSITION", "EMAIL", "PERSONAL_PHOTO", "UF_DEPARTMENT", "USER_TYPE", "ACTIVE"},
	}
}

// Departments returns the structure of the portal, parents first
// (department.get). It fails with ErrInsufficientScope where the application
// may not read it.
// See https://apidocs.bitrix24.com/api-reference/departments/department-get.html
func (c *Client) Departments(ctx context.Context) ([]Department, error) {
	var all []Department
	for next, total := 0, pageSize; next < total; {
		b := NewBatch()
		b.Reads = true
		from := next
		for ; next < total && b.Len() < MaxBatch; next += pageSize {
			b.Add("d"+strconv.Itoa(next), "department.get", Params{"start": next})
		}
		r, err := c.Batch(ctx, b)
		if err != nil {
			return nil, fmt.Errorf("reading the departments: %w", err)
		}
		for at := from; at < next; at += pageSize {
			key := "d" + strconv.Itoa(at)
			var page []Department
			if err := r.Decode(key, &page); err != nil {
				return nil, fmt.Errorf("reading the departments: %w", err)
			}
			if len(page) == 0 {
				return all, nil
			}
			all, total = append(all, page...), max(total, r.Total(key))
		}
	}
	return all, nil
}

// UnmarshalJSON reads a row of department.get.
func (d *Department) UnmarshalJSON(data []byte) error {
	var w struct {
		ID     number `json:"ID"`
		Parent number `json:"PARENT"`
		Name   text   `json:"NAME"`
		Head   number `json:"UF_HEAD"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return err
	}
	*d = Department{ID: int64(w.ID), Parent: int64(w.Parent), Name: string(w.Name), Head: UserID(w.Head)}
	return nil
}

// Self adds user.current, the caller's own record; decode into a [User].
// See https://apidocs.bitrix24.com/api-reference/user/user-current.html
func (b *Batch) Self(key string) { b.Add(key, "user.current", nil) }

// Employee adds user.get for one person, dismissed or not; decode into a slice of
// [User], which is empty when the caller may not see them.
// See https://apidocs.bitrix24.com/api-reference/user/user-get.html
func (b *Batch) Employee(key string, id UserID) { b.Add(key, "user.get", Params{"ID": id}) }
