package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/joinline/joinline/app/staff"
	"github.com/joinline/joinline/bitrix"
)

const (
	// directoryAge is when a portal's staff is read anew.
	directoryAge = 6 * time.Hour
	// readingLease is how long others wait for a reader that died: more than
	// the portal may take for one request of a reading, repeated.
	readingLease = 3 * time.Minute
	// readingLimit bounds one reading.
	readingLimit = time.Hour
	// readingPause is how long a portal is left alone after a reading failed,
	// and pollReading when somebody else's is looked at again.
	readingPause = time.Minute
	pollReading  = 5 * time.Second
	// maxReadings are at work at once.
	maxReadings = 4
	// lookAfterEvery is how often what is in memory is compared with the store.
	lookAfterEvery = 10 * time.Minute
	// maxStaff is more people than any portal has.
	maxStaff = 2_000_000
)

// ReadStaff makes sure that the directory of the visit's portal is not older
// than some hours, as the installation, or as the viewer when the installation's
// token is dead. It fails with ErrLeased while another process reads. What was
// read before a failure is not read again if it is repeated soon.
func (a *App) ReadStaff(ctx context.Context, v Visit) error {
	i, err := a.installation(ctx, v.Member)
	if err != nil {
		return err
	}
	kept, err := a.store.Reading(ctx, v.Member)
	if err != nil {
		return err
	}
	if now := a.now(); a.shelf.old(v.Member, kept.Read, now) {
		kept, err = a.store.LeaseReading(ctx, v.Member, now, now.Add(readingLease))
		if err != nil {
			return err
		}
		if a.shelf.old(v.Member, kept.Read, now) {
			return a.readLeased(ctx, i, v, kept)
		}
		a.endReading(ctx, kept) // somebody was faster
	}
	d, err := a.load(ctx, v.Member)
	if err == nil && d == nil {
		return a.readUnreadable(ctx, i, v)
	}
	return err
}

// readUnreadable reads the staff although it seems to be kept.
func (a *App) readUnreadable(ctx context.Context, i home, v Visit) error {
	now := a.now()
	r, err := a.store.LeaseReading(ctx, v.Member, now, now.Add(readingLease))
	if err != nil {
		return err
	}
	return a.readLeased(ctx, i, v, r)
}

// readLeased reads a portal's staff under a lease, which it ends.
func (a *App) readLeased(ctx context.Context, i home, v Visit, r Reading) error {
	read := a.shelf.resume(v.Member, a.now())
	x, err := a.readAs(ctx, i, v, &r, &read)
	if err == nil {
		err = a.store.SaveDirectory(ctx, r, Directory{Read: read.began, Staff: x.Encode()})
	}
	if err != nil {
		a.shelf.breakOff(v.Member, read)
		a.endReading(ctx, r)
		return err
	}
	a.shelf.put(v.Member, x, read.began)
	a.log.InfoContext(ctx, "the staff was read", KeyMember, v.Member, KeyPeople, x.Len())
	return nil
}

func (a *App) endReading(ctx context.Context, r Reading) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	if err := a.store.EndReading(ctx, r); err != nil {
		a.log.WarnContext(ctx, "the lease on a directory ends later than it could", KeyMember, r.Member, KeyError, err)
	}
}

// readAs reads as the installation, and goes on as the viewer when its token
// turns out to be dead.
func (a *App) readAs(ctx context.Context, i home, v Visit, r *Reading, read *partial) (*staff.Index, error) {
	k := &kept{app: a, bitrix: i.bitrix, key: TokenKey{i.Member, AsInstallation, i.Installer}}
	_, err := k.read(ctx)
	if err == nil {
		var x *staff.Index
		if x, err = a.readWith(ctx, i.bitrix.Installation(i.Endpoint, k).Client, r, read); err == nil {
			return x, nil
		}
	}
	if v.Viewer == 0 || !errors.Is(err, ErrNoToken) && !errors.Is(err, ErrNoAccess) {
		return nil, err
	}
	c, err := a.viewerAt(ctx, i, v)
	if err != nil {
		return nil, err
	}
	return a.readWith(ctx, c.Client, r, read)
}

// readWith reads people and departments. It begins with one page and doubles,
// so that a small staff costs little and a large one few requests, and leaves
// the portal alone for as long as the portal took to answer.
func (a *App) readWith(ctx context.Context, c *bitrix.Client, r *Reading, read *partial) (*staff.Index, error) {
	after := bitrix.UserID(0)
	if n := len(read.people); n > 0 {
		after = read.people[n-1].ID
	}
	for pages, more := 1, true; more; pages *= 2 {
		began := time.Now()
		var people []bitrix.User
		var err error
		people, more, err = c.Staff(ctx, after, pages)
		for _, u := range people {
			read.people, after = append(read.people, staffed(u)), u.ID
		}
		if err != nil {
			return nil, whole(err)
		}
		if len(read.people) > maxStaff {
			return nil, fmt.Errorf("%w: more than %d people", ErrPortalRefused, maxStaff)
		}
		if *r, err = a.store.HoldReading(ctx, *r, len(read.people), a.now().Add(readingLease)); err != nil {
			return nil, err
		}
		if more {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(time.Since(began)):
			}
		}
	}
	units, err := c.Departments(ctx)
	switch err = refusal(err); {
	case errors.Is(err, ErrScope): // then there are no names of departments
	case err != nil:
		return nil, err
	}
	departments := make([]staff.Department, len(units))
	for n, d := range units {
		departments[n] = staff.Department(d)
	}
	return staff.New(read.people, departments), nil
}

func staffed(u bitrix.User) staff.Person {
	return staff.Person{
		ID: u.ID, Name: u.Name, LastName: u.LastName, SecondName: u.SecondName,
		Position: u.Position, Email: u.Email, Photo: u.Photo, Departments: u.Departments,
	}
}

// dismissed takes out of the directory whom the portal called dismissed, and has
// it read anew.
func (a *App) dismissed(v Visit, people []bitrix.UserID) {
	if len(people) > 0 && a.shelf.dismissed(v.Member, people, a.now()) {
		a.shelf.want(wish{Visit: v}, a.now())
	}
}

// KeepReading reads the staff of portals whose people search, until ctx ends.
// Without it the portals themselves answer every search.
func (a *App) KeepReading(ctx context.Context) {
	tick := time.NewTicker(lookAfterEvery)
	defer tick.Stop()
	var group sync.WaitGroup
	defer group.Wait()
	places := make(chan struct{}, maxReadings)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			a.lookAfter(ctx)
		case w := <-a.shelf.wishes:
			group.Go(func() {
				select {
				case places <- struct{}{}:
					a.fulfil(ctx, w)
					<-places
				case <-ctx.Done():
				}
			})
		}
	}
}

// fulfil makes one wish come true.
func (a *App) fulfil(ctx context.Context, w wish) {
	ctx, cancel := context.WithTimeout(ctx, readingLimit)
	defer cancel()
	var err error
	if w.load {
		_, _, err = a.directory(ctx, w.Member)
	} else {
		err = a.ReadStaff(ctx, w.Visit)
	}
	switch {
	case err == nil:
		a.shelf.settled(w, a.now())
	case errors.Is(err, ErrLeased):
		a.shelf.settled(w, a.now().Add(pollReading))
	default:
		a.shelf.settled(w, a.now().Add(readingPause))
		if ctx.Err() == nil {
			a.log.WarnContext(ctx, "the staff was not read", KeyMember, w.Member, KeyError, err)
		}
	}
}

// lookAfter takes out of memory what is not kept any more, and takes in what
// other processes have read since.
func (a *App) lookAfter(ctx context.Context) {
	for member, read := range a.shelf.members() {
		r, err := a.store.Reading(ctx, member)
		switch {
		case err != nil:
			a.log.WarnContext(ctx, "a directory was not compared with the store", KeyMember, member, KeyError, err)
		case r.Read.IsZero():
			a.shelf.drop(member)
		case r.Read.After(read):
			if _, err := a.load(ctx, member); err != nil {
				a.log.WarnContext(ctx, "a newer directory was not loaded", KeyMember, member, KeyError, err)
			}
		}
	}
}
