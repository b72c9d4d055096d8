package app

import (
	"context"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/joinline/joinline/bitrix"
)

const (
	// presenceAge and queueAge are how long what the portal told is told on.
	presenceAge = time.Minute
	queueAge    = 10 * time.Minute
	// onlineAge is how long after the last activity the portal itself calls
	// somebody online, with its usual settings.
	onlineAge = 24 * time.Minute
	// maxPresent is how many people are asked about at once; a search shows less.
	maxPresent = 50
	// maxNoticed bounds what is remembered of all portals together.
	maxNoticed = 20_000
)

// Presence is what is known about a person who may be added.
type Presence struct {
	// Online: active recently.
	Online bool
	// Absent is until when the person is on leave; zero when not.
	Absent time.Time
	// Doubtful: the portal may refuse to add the person, who is not in the queue
	// of a chat's Open Channel while the viewer is no administrator.
	Doubtful bool
	// Barred is why the policy lets nobody add the person; empty when it does.
	Barred Reason
}

// Presence tells about people, who are to be added to chats, what the portal
// knows right now: in one request at most, and in none about whom it told a
// minute ago. Whom the portal does not tell about is missing.
func (a *App) Presence(ctx context.Context, v Visit, people []bitrix.UserID, chats []ChatRef) (map[bitrix.UserID]Presence, error) {
	people = once(people)
	people = people[:min(len(people), maxPresent)]
	lines := linesOf(v, chats)
	c, err := a.viewer(ctx, v)
	if err != nil {
		return nil, err
	}
	says, err := a.rule(ctx, c, v, people)
	if err != nil {
		return nil, err
	}
	if says.policy.Delegated {
		lines = nil // the queue keeps nobody out
	}
	if err := a.notice(ctx, c, v, people, lines); err != nil {
		return nil, err
	}
	now := a.now()
	all := map[bitrix.UserID]Presence{}
	for _, id := range people {
		u, known := a.present.person(v.Member, id, now)
		p := Presence{Online: !u.LastActive.IsZero() && now.Sub(u.LastActive) < onlineAge}
		if u.AbsentUntil.After(now) {
			p.Absent = u.AbsentUntil
		}
		for _, line := range lines {
			queue, told := a.present.queue(v.Member, line, now)
			p.Doubtful = p.Doubtful || told && !u.External() && !slices.Contains(queue, id)
		}
		if p.Barred = says.people[id]; p.Barred == ReasonPolicyUnread {
			p.Barred = ""
		}
		if known || p.Doubtful || p.Barred != "" {
			all[id] = p
		}
	}
	return all, nil
}

// linesOf are the Open Channels whose queues matter to the viewer.
func linesOf(v Visit, chats []ChatRef) (lines []bitrix.LineID) {
	for _, c := range chats[:min(len(chats), MaxChats)] {
		if c.Line > 0 && !v.Admin && !slices.Contains(lines, c.Line) {
			lines = append(lines, c.Line)
		}
	}
	return lines
}

// notice asks the portal about whatever is not known or not known lately. That
// something is not told is no failure.
func (a *App) notice(ctx context.Context, c bitrix.Viewer, v Visit, people []bitrix.UserID, lines []bitrix.LineID) error {
	now := a.now()
	b := bitrix.NewBatch()
	b.Reads = true
	unknown := slices.DeleteFunc(slices.Clone(people), func(id bitrix.UserID) bool {
		_, known := a.present.person(v.Member, id, now)
		return known
	})
	if len(unknown) > 0 {
		b.Users("people", unknown...)
	}
	for _, line := range lines {
		if _, known := a.present.queue(v.Member, line, now); !known {
			b.Line(queueKey(line), line)
		}
	}
	if b.Len() == 0 {
		return nil
	}
	r, err := c.Batch(ctx, b)
	if err != nil {
		return whole(err)
	}
	var users []bitrix.User
	if r.Decode("people", &users) == nil {
		a.present.met(v.Member, users, now)
	}
	a.takeQueues(r, v, lines, map[bitrix.LineID][]bitrix.UserID{})
	return nil
}

func queueKey(line bitrix.LineID) string { return "q" + strconv.FormatInt(int64(line), 10) }

// noticed is what the portals told lately about people and queues. It is safe
// for concurrent use.
type noticed struct {
	mu     sync.Mutex
	people map[noticeKey]notice[bitrix.User]     // guarded by mu
	queues map[noticeKey]notice[[]bitrix.UserID] // guarded by mu
}

// noticeKey names a person or an Open Channel of a portal.
type noticeKey struct {
	member bitrix.MemberID
	id     int64
}

type notice[T any] struct {
	told  T
	until time.Time
}

func newNoticed() *noticed {
	return &noticed{people: map[noticeKey]notice[bitrix.User]{}, queues: map[noticeKey]notice[[]bitrix.UserID]{}}
}

func (n *noticed) person(member bitrix.MemberID, id bitrix.UserID, now time.Time) (bitrix.User, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return recall(n.people, noticeKey{member, int64(id)}, now)
}

func (n *noticed) queue(member bitrix.MemberID, line bitrix.LineID, now time.Time) ([]bitrix.UserID, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return recall(n.queues, noticeKey{member, int64(line)}, now)
}

func (n *noticed) met(member bitrix.MemberID, users []bitrix.User, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, u := range users {
		keep(n.people, noticeKey{member, int64(u.ID)}, notice[bitrix.User]{u, now.Add(presenceAge)}, now)
	}
}

func (n *noticed) queued(member bitrix.MemberID, line bitrix.LineID, queue []bitrix.UserID, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	keep(n.queues, noticeKey{member, int64(line)}, notice[[]bitrix.UserID]{queue, now.Add(queueAge)}, now)
}

func recall[T any](from map[noticeKey]notice[T], key noticeKey, now time.Time) (told T, known bool) {
	if kept, there := from[key]; there && now.Before(kept.until) {
		return kept.told, true
	}
	return told, false
}

// keep makes room, where there is none, by what is over, or else by everything.
func keep[T any](in map[noticeKey]notice[T], key noticeKey, n notice[T], now time.Time) {
	if len(in) >= maxNoticed {
		for k, old := range in {
			if !now.Before(old.until) {
				delete(in, k)
			}
		}
		if len(in) >= maxNoticed {
			clear(in)
		}
	}
	in[key] = n
}
