package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/joinline/joinline/app/staff"
	"github.com/joinline/joinline/bitrix"
)

const (
	// maxShelved bounds the people of all directories in memory. Package staff
	// says what they weigh.
	maxShelved = 1_000_000
	// maxWishes is how many portals wait for their turn to be read.
	maxWishes = 64
)

// shelf keeps directories in memory, those that were used last. It is safe for
// concurrent use.
type shelf struct {
	// wishes are read by KeepReading.
	wishes chan wish

	mu      sync.Mutex
	uses    uint64                       // guarded by mu, as all below
	kept    map[bitrix.MemberID]*shelved // those in memory
	wished  map[wishKey]time.Time        // when a wish may be made again
	partial map[bitrix.MemberID]partial  // what broken readings had
	changed map[bitrix.MemberID]time.Time
}

// shelved is a directory in memory.
type shelved struct {
	*staff.Index
	read time.Time
	used uint64
	gone map[bitrix.UserID]bool // who turned out to be dismissed since
}

// wish asks for the directory of a visit's portal: to be read where it is
// missing or old, or only to be in memory.
type wish struct {
	Visit
	load bool
}

type wishKey struct {
	member bitrix.MemberID
	load   bool
}

// partial is what a reading had met when it broke off.
type partial struct {
	people []staff.Person
	began  time.Time
}

func newShelf() *shelf {
	return &shelf{
		wishes: make(chan wish, maxWishes), kept: map[bitrix.MemberID]*shelved{}, wished: map[wishKey]time.Time{},
		partial: map[bitrix.MemberID]partial{}, changed: map[bitrix.MemberID]time.Time{},
	}
}

// take returns a portal's directory, nil when it is not in memory.
func (s *shelf) take(member bitrix.MemberID) *shelved {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.kept[member]
	if d != nil {
		s.uses++
		d.used = s.uses
	}
	return d
}

// put takes in a directory, unless a newer one is there, and returns the one
// that is there then. Those that were not used for longest make room.
func (s *shelf) put(member bitrix.MemberID, x *staff.Index, read time.Time) *shelved {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.kept[member]; d != nil && !d.read.Before(read) {
		return d
	}
	s.uses++
	d := &shelved{Index: x, read: read, used: s.uses, gone: map[bitrix.UserID]bool{}}
	s.kept[member] = d
	for s.people() > maxShelved && len(s.kept) > 1 {
		var oldest bitrix.MemberID
		for m, k := range s.kept {
			if oldest == "" || k.used < s.kept[oldest].used {
				oldest = m
			}
		}
		delete(s.kept, oldest)
	}
	return d
}

func (s *shelf) people() (n int) {
	for _, d := range s.kept {
		n += d.Len()
	}
	return n
}

// drop forgets a portal.
func (s *shelf) drop(member bitrix.MemberID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, member)
	delete(s.partial, member)
	delete(s.changed, member)
}

// members are the portals whose directories are in memory, with when each was read.
func (s *shelf) members() map[bitrix.MemberID]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[bitrix.MemberID]time.Time, len(s.kept))
	for m, d := range s.kept {
		all[m] = d.read
	}
	return all
}

// dismissed hides people who turned out to be dismissed, and has a directory
// that was read before count as old. It reports whether it listed any of them.
func (s *shelf) dismissed(member bitrix.MemberID, users []bitrix.UserID, now time.Time) (listed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.kept[member]
	if d == nil {
		return false
	}
	for _, u := range users {
		if _, there := d.Person(u); there && !d.gone[u] {
			d.gone[u], listed = true, true
			s.changed[member] = now
		}
	}
	return listed
}

// isGone reports whether a person of the directory was dismissed since it was read.
func (s *shelf) isGone(d *shelved, u bitrix.UserID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return d.gone[u]
}

// old reports whether a directory that was read at a time is to be read anew.
func (s *shelf) old(member bitrix.MemberID, read, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Sub(read) >= directoryAge || read.Before(s.changed[member])
}

// want hands a wish to KeepReading, unless the same one waits, is being
// fulfilled or failed a moment ago. With nobody to take it nothing happens.
func (s *shelf) want(w wish, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := wishKey{w.Member, w.load}
	if until, wished := s.wished[key]; wished && now.Before(until) {
		return
	}
	select {
	case s.wishes <- w:
		s.wished[key] = now.Add(readingLimit + time.Minute)
	default: // the next search wishes it again
	}
}

// settled tells that a wish was dealt with, and when it may be made again.
func (s *shelf) settled(w wish, again time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wished[wishKey{w.Member, w.load}] = again
	for key, until := range s.wished {
		if until.Before(again.Add(-time.Hour)) {
			delete(s.wished, key)
		}
	}
}

// breakOff keeps what a reading had met for the next one.
func (s *shelf) breakOff(member bitrix.MemberID, p partial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for m, other := range s.partial {
		if p.began.Sub(other.began) > readingLimit {
			delete(s.partial, m)
		}
	}
	s.partial[member] = p
}

// resume returns what the last reading had met, if that was not long ago.
func (s *shelf) resume(member bitrix.MemberID, now time.Time) partial {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.partial[member]
	delete(s.partial, member)
	if now.Sub(p.began) > readingLimit { // or there is none
		return partial{began: now}
	}
	return p
}

// directory returns the directory of a portal, from memory or from the store.
// While none was read it is nil, and the Reading tells how far that is.
func (a *App) directory(ctx context.Context, member bitrix.MemberID) (*shelved, Reading, error) {
	if d := a.shelf.take(member); d != nil {
		return d, Reading{Member: member, Read: d.read}, nil
	}
	r, err := a.store.Reading(ctx, member)
	if err != nil || r.Read.IsZero() {
		return nil, r, err
	}
	d, err := a.load(ctx, member)
	return d, r, err
}

// load takes a directory from the store into memory; once for all who wait. One
// that this version cannot read is as good as none.
func (a *App) load(ctx context.Context, member bitrix.MemberID) (*shelved, error) {
	loaded, err, _ := a.loads.Do(string(member), func() (any, error) {
		kept, err := a.store.Directory(context.WithoutCancel(ctx), member)
		if err != nil && !errors.Is(err, ErrWrongKey) || err == nil && kept.Read.IsZero() {
			return (*shelved)(nil), err
		}
		var x *staff.Index
		if err == nil {
			x, err = staff.Decode(kept.Staff)
		}
		if err != nil {
			a.log.WarnContext(ctx, "a kept directory is unreadable", KeyMember, member, KeyError, err)
			return (*shelved)(nil), nil
		}
		return a.shelf.put(member, x, kept.Read), nil
	})
	return loaded.(*shelved), err
}
