package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/joinline/joinline/bitrix"
)

// How much one request for suggestions looks at.
const (
	// MaxSuggested people stand in one group.
	MaxSuggested   = 5
	maxSuggestFrom = 3  // items, and lines, of the chosen chats
	maxPerSource   = 20 // people read of each, before those who are there already are left out
	maxCompanions  = 20 // people added before
)

// Suggestions are whom a viewer may want to add before they type anything.
type Suggestions struct {
	// Groups hold at most MaxSuggested people each; nobody stands in two.
	Groups []SuggestionGroup
	// Companions are the people whom the viewer added before and who stand in
	// no group, the latest first.
	Companions []Companion
}

// SuggestionGroup are people suggested for one reason.
type SuggestionGroup struct {
	Kind SuggestionKind
	// Item is what FromItem is about.
	Item   bitrix.CRMItem
	People []Colleague
}

// SuggestionKind is the reason for which people are suggested.
type SuggestionKind string

// The reasons.
const (
	// FromItem: responsible for, or observers of, an item under which a chosen
	// chat was found: the portal lets them read it.
	FromItem SuggestionKind = "item"
	// FromQueue: in the queue of the Open Channel of a chosen chat, so that
	// everybody may add them.
	FromQueue SuggestionKind = "queue"
	// FromDepartment: of the viewer's own departments.
	FromDepartment SuggestionKind = "department"
)

// Companion is somebody whom the viewer added before.
type Companion struct {
	Colleague
	// With are the people added in one go with them, each as often as that was.
	With []bitrix.UserID
}

// Together splits companions by whom the viewer chose: those who were added
// together with a chosen person, the most often first, and the rest. Both hold
// at most MaxSuggested.
func (s Suggestions) Together(chosen []bitrix.UserID) (together, lately []Companion) {
	often := func(c Companion) (n int) {
		for _, u := range c.With {
			if slices.Contains(chosen, u) {
				n++
			}
		}
		return n
	}
	for _, c := range s.Companions {
		if often(c) > 0 && !slices.Contains(chosen, c.ID) {
			together = append(together, c)
		}
	}
	slices.SortStableFunc(together, func(a, b Companion) int { return often(b) - often(a) })
	together = together[:min(len(together), MaxSuggested)]
	for _, c := range s.Companions {
		if !slices.ContainsFunc(together, func(t Companion) bool { return t.ID == c.ID }) && len(lately) < MaxSuggested {
			lately = append(lately, c)
		}
	}
	return together, lately
}

// Suggest returns whom the viewer may want to add to the chosen chats, in one
// request. What the portal does not tell about one reason is missing, and
// nothing else; people in without, the viewer, dismissed people, bots and
// people from outside are left out. Without a chat it speaks of the visit's
// own item.
func (a *App) Suggest(ctx context.Context, v Visit, chats []ChatRef, without []bitrix.UserID) (Suggestions, error) {
	for _, c := range chats {
		if c.ID <= 0 || !v.about(c.Owner) {
			return Suggestions{}, fmt.Errorf("%w: chat %d of %v", ErrNotInVisit, c.ID, c.Owner)
		}
	}
	habits, err := a.Habits(ctx, v)
	if err != nil {
		a.log.WarnContext(ctx, "habits not read", KeyMember, v.Member, KeyError, err)
	}
	c, err := a.viewer(ctx, v)
	if err != nil {
		return Suggestions{}, err
	}
	items, lines := sources(v, chats)
	queues := a.knownQueues(v, lines)
	b := bitrix.NewBatch()
	b.Reads = true
	before := habits.recent()
	before = before[:min(len(before), 2*maxCompanions)] // some may be in a group already
	addSources(b, items, lines, queues, before)
	r, err := c.Batch(ctx, b)
	if err != nil {
		return Suggestions{}, whole(err)
	}
	a.takeQueues(r, v, lines, queues)
	p := pool{batch: r, queues: queues, taken: map[bitrix.UserID]bool{v.Viewer: true}, met: func(users []bitrix.User) { a.present.met(v.Member, users, a.now()) }}
	for _, u := range without {
		p.taken[u] = true
	}
	return p.suggestions(items, lines, before, habits), nil
}

// sources are the items and lines of the chosen chats.
func sources(v Visit, chats []ChatRef) (items []bitrix.CRMItem, lines []bitrix.LineID) {
	for _, c := range chats {
		if !slices.Contains(items, c.Owner) && len(items) < maxSuggestFrom {
			items = append(items, c.Owner)
		}
		if c.Line > 0 && !slices.Contains(lines, c.Line) && len(lines) < maxSuggestFrom {
			lines = append(lines, c.Line)
		}
	}
	if len(items) == 0 {
		items = append(items, v.Item)
	}
	return items, lines
}

// knownQueues are the queues that the portal told about lately.
func (a *App) knownQueues(v Visit, lines []bitrix.LineID) map[bitrix.LineID][]bitrix.UserID {
	queues := map[bitrix.LineID][]bitrix.UserID{}
	for _, line := range lines {
		if queue, known := a.present.queue(v.Member, line, a.now()); known {
			queues[line] = queue
		}
	}
	return queues
}

// takeQueues takes in the queues that were not known.
func (a *App) takeQueues(r *bitrix.BatchResult, v Visit, lines []bitrix.LineID, queues map[bitrix.LineID][]bitrix.UserID) {
	for _, line := range lines {
		var told bitrix.Line
		if r.Decode(queueKey(line), &told) == nil && told.ID == line {
			queues[line] = told.Queue
			a.present.queued(v.Member, line, told.Queue, a.now())
		}
	}
}

// addSources asks for everybody who may be suggested, and for the queues that
// are not known.
func addSources(b *bitrix.Batch, items []bitrix.CRMItem, lines []bitrix.LineID, queues map[bitrix.LineID][]bitrix.UserID, before []bitrix.UserID) {
	for n, item := range items {
		key := fmt.Sprint("i", n)
		b.Item(key, item)
		people := []bitrix.Ref{bitrix.Ref("$result[" + key + "][item][assignedById]")}
		for k := range maxPerSource {
			people = append(people, bitrix.Ref(fmt.Sprintf("$result[%s][item][observers][%d]", key, k)))
		}
		b.UsersRef(key+"people", people...)
	}
	for _, line := range lines {
		key := queueKey(line)
		if queue, known := queues[line]; known {
			if len(queue) > 0 {
				b.Users(key+"people", queue[:min(len(queue), maxPerSource)]...)
			}
			continue
		}
		b.Line(key, line)
		var people []bitrix.Ref
		for k := range maxPerSource {
			people = append(people, bitrix.Ref(fmt.Sprintf("$result[%s][QUEUE][%d]", key, k)))
		}
		b.UsersRef(key+"people", people...)
	}
	b.Colleagues("department")
	if len(before) > 0 {
		b.Users("before", before...)
	}
}

// pool hands out the people that one batch told about, each once.
type pool struct {
	batch  *bitrix.BatchResult
	queues map[bitrix.LineID][]bitrix.UserID
	taken  map[bitrix.UserID]bool
	met    func([]bitrix.User) // remembers who was told about
}

func (p pool) suggestions(items []bitrix.CRMItem, lines []bitrix.LineID, before []bitrix.UserID, h Habits) Suggestions {
	var s Suggestions
	add := func(g SuggestionGroup) {
		if len(g.People) > 0 {
			s.Groups = append(s.Groups, g)
		}
	}
	for n, item := range items {
		var i bitrix.Item
		key := fmt.Sprint("i", n)
		if p.batch.Decode(key, &i) == nil {
			add(SuggestionGroup{FromItem, item, p.take(key+"people", append([]bitrix.UserID{i.Responsible}, i.Observers...), MaxSuggested)})
		}
	}
	queue := SuggestionGroup{Kind: FromQueue}
	for _, line := range lines {
		if people, known := p.queues[line]; known {
			queue.People = append(queue.People, p.take(queueKey(line)+"people", people, MaxSuggested-len(queue.People))...)
		}
	}
	add(queue)
	add(SuggestionGroup{Kind: FromDepartment, People: p.take("department", nil, MaxSuggested)})
	for _, c := range p.take("before", before, maxCompanions) {
		s.Companions = append(s.Companions, Companion{c, h.with(c.ID)})
	}
	return s
}

// take hands out up to most employees whom the batch told under a key, in the
// given order, or in the portal's where there is none.
func (p pool) take(key string, order []bitrix.UserID, most int) []Colleague {
	var users []bitrix.User
	if p.batch.Decode(key, &users) != nil {
		return nil
	}
	p.met(users)
	if order != nil {
		slices.SortStableFunc(users, func(a, b bitrix.User) int { return slices.Index(order, a.ID) - slices.Index(order, b.ID) })
	}
	var people []Colleague
	for _, u := range users {
		if len(people) >= most || p.taken[u.ID] || u.ID <= 0 || !u.Active || u.Type != "employee" {
			continue
		}
		p.taken[u.ID] = true
		people = append(people, Colleague{ID: u.ID, Name: u.FullName(), Position: u.Position, Photo: u.Photo, Online: u.Online})
	}
	return people
}
