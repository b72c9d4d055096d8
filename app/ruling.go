package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// rulingAge is how long it is told on whether the policy lets a person add, and
// in which departments somebody works. A changed policy counts at once.
const rulingAge = time.Minute

// Care is what a person did before they asked for an add, beside choosing. A
// page tells it anew with every request.
type Care struct {
	// Noted: they wrote why, for somebody to read.
	Noted bool
	// Sure: they said once more that they want to add that many.
	Sure bool
}

// ruling is what the policy of a portal says about one add.
type ruling struct {
	policy Policy
	// viewer is why the viewer may add nobody; empty: they may.
	viewer Reason
	// people are those whom nobody may add, and why.
	people map[bitrix.UserID]Reason
}

// bars is why a person may not be added by the viewer; empty: they may.
func (r ruling) bars(user bitrix.UserID) Reason {
	if r.viewer != "" {
		return r.viewer
	}
	return r.people[user]
}

// rule asks what the policy says about the viewer's adding some people. Who the
// viewer is says the portal, to their own token. Where it does not tell what the
// policy depends on, nobody is added: ReasonPolicyUnread. The error is ErrNoToken,
// or about our own store.
func (a *App) rule(ctx context.Context, client bitrix.Viewer, v Visit, people []bitrix.UserID) (ruling, error) {
	p, err := a.store.Policy(ctx, v.Member)
	if err != nil {
		return ruling{}, err
	}
	r := ruling{policy: p, people: map[bitrix.UserID]Reason{}}
	if !p.Shows(v.Item.Type) { // the page was opened before
		r.viewer = ReasonPolicyViewer
		return r, nil
	}
	if len(p.Adders) == 0 && len(p.Barred) == 0 {
		return r, nil
	}
	for _, user := range people {
		if p.Bars(user) {
			r.people[user] = ReasonPolicyColleague
		}
	}
	err = a.learn(ctx, client, v, p, people)
	if errors.Is(err, ErrNoToken) {
		return r, err
	}
	if err != nil {
		a.log.WarnContext(ctx, "what the policy depends on was not told", KeyMember, v.Member, KeyError, err)
	}
	now := a.now()
	switch may, known := a.rulings.adder(v.Member, v.Viewer, p.Version, now); {
	case len(p.Adders) == 0:
	case !known:
		r.viewer = ReasonPolicyUnread
	case !may:
		r.viewer = ReasonPolicyViewer
	}
	for _, user := range people {
		if r.people[user] == "" && p.barsDepartments() {
			r.people[user] = a.rulings.barred(v.Member, user, p, now)
		}
	}
	return r, nil
}

func (p Policy) barsDepartments() bool {
	return slices.ContainsFunc(p.Barred, func(a Access) bool { id, _ := a.department(); return id > 0 })
}

func (p Policy) barsBelow() bool {
	return slices.ContainsFunc(p.Barred, func(a Access) bool { _, below := a.department(); return below })
}

// learn asks the portal what a ruling needs and was not told lately: one request,
// and now and then those for the structure.
func (a *App) learn(ctx context.Context, client bitrix.Viewer, v Visit, p Policy, people []bitrix.UserID) error {
	now := a.now()
	b := bitrix.NewBatch()
	b.Reads = true
	if _, known := a.rulings.adder(v.Member, v.Viewer, p.Version, now); !known && len(p.Adders) > 0 {
		b.Access("may", codes(p.Adders)...)
	}
	unknown := slices.DeleteFunc(slices.Clone(people), func(user bitrix.UserID) bool {
		_, known := a.rulings.departments(v.Member, user, now)
		return known || p.Bars(user)
	})
	if len(unknown) > 0 && p.barsDepartments() {
		b.Placed("people", unknown...)
	}
	if b.Len() > 0 {
		r, err := client.Batch(ctx, b)
		if err != nil {
			return whole(err)
		}
		var may bool
		if r.Decode("may", &may) == nil {
			a.rulings.may(v.Member, v.Viewer, p.Version, may, now)
		}
		var users []bitrix.User
		if r.Decode("people", &users) == nil {
			// Everybody who works in a department is shown to every employee, so
			// whoever is missing works in none. Others see only some.
			if !v.Employee {
				unknown = slices.DeleteFunc(unknown, func(user bitrix.UserID) bool {
					return !slices.ContainsFunc(users, func(u bitrix.User) bool { return u.ID == user })
				})
			}
			a.rulings.placed(v.Member, unknown, users, now)
		}
	}
	if _, known := a.rulings.structure(v.Member, now); known || !p.barsBelow() {
		return nil
	}
	units, err := client.Departments(ctx)
	if err != nil {
		return refusal(err)
	}
	a.rulings.built(v.Member, units, now)
	return nil
}

// rulings is what the portals told lately about those of whom policies speak. It
// is safe for concurrent use.
type rulings struct {
	mu         sync.Mutex
	adders     map[noticeKey]notice[adderRuling]     // guarded by mu
	placement  map[noticeKey]notice[[]int64]         // guarded by mu
	structures map[noticeKey]notice[map[int64]int64] // parents; guarded by mu
}

// adderRuling is whether somebody is among the adders of a version of a policy.
type adderRuling struct {
	version int64
	may     bool
}

func newRulings() *rulings {
	return &rulings{
		adders: map[noticeKey]notice[adderRuling]{}, placement: map[noticeKey]notice[[]int64]{}, structures: map[noticeKey]notice[map[int64]int64]{},
	}
}

func (r *rulings) adder(member bitrix.MemberID, user bitrix.UserID, version int64, now time.Time) (may, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	told, known := recall(r.adders, noticeKey{member, int64(user)}, now)
	return told.may, known && told.version == version
}

func (r *rulings) may(member bitrix.MemberID, user bitrix.UserID, version int64, may bool, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	keep(r.adders, noticeKey{member, int64(user)}, notice[adderRuling]{adderRuling{version, may}, now.Add(rulingAge)}, now)
}

func (r *rulings) departments(member bitrix.MemberID, user bitrix.UserID, now time.Time) ([]int64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return recall(r.placement, noticeKey{member, int64(user)}, now)
}

func (r *rulings) placed(member bitrix.MemberID, asked []bitrix.UserID, told []bitrix.User, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, user := range asked {
		n := notice[[]int64]{until: now.Add(rulingAge)}
		if i := slices.IndexFunc(told, func(u bitrix.User) bool { return u.ID == user }); i >= 0 {
			n.told = told[i].Departments
		}
		keep(r.placement, noticeKey{member, int64(user)}, n, now)
	}
}

func (r *rulings) structure(member bitrix.MemberID, now time.Time) (map[int64]int64, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return recall(r.structures, noticeKey{member, 0}, now)
}

func (r *rulings) built(member bitrix.MemberID, units []bitrix.Department, now time.Time) {
	parents := map[int64]int64{}
	for _, d := range units {
		parents[d.ID] = d.Parent
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	keep(r.structures, noticeKey{member, 0}, notice[map[int64]int64]{parents, now.Add(queueAge)}, now)
}

// barred is why nobody may add a person, from where they work.
func (r *rulings) barred(member bitrix.MemberID, user bitrix.UserID, p Policy, now time.Time) Reason {
	of, known := r.departments(member, user, now)
	if !known {
		return ReasonPolicyUnread
	}
	parents, built := r.structure(member, now)
	for _, a := range p.Barred {
		id, below := a.department()
		switch {
		case id == 0:
		case slices.Contains(of, id):
			return ReasonPolicyColleague
		case below && len(of) > 0 && !built:
			return ReasonPolicyUnread
		case below && slices.ContainsFunc(of, func(d int64) bool { return under(parents, d, id) }):
			return ReasonPolicyColleague
		}
	}
	return ""
}

// under reports whether a department lies below another.
func under(parents map[int64]int64, department, above int64) bool {
	for range parents { // a structure that goes in circles ends, too
		if department = parents[department]; department == 0 || department == above {
			break
		}
	}
	return department == above
}

// adder makes the calls of one add, as the viewer, and as the policy lets it.
type adder struct {
	*App
	says   ruling
	client bitrix.Viewer
	visit  Visit
}

// adder checks a request to add people to chats, and returns who makes it. Its
// errors are those of Add.
func (a *App) adder(ctx context.Context, v Visit, chats []ChatRef, people []bitrix.UserID) (adder, error) {
	client, err := a.adding(ctx, v, chats, len(people))
	if err != nil {
		return adder{}, err
	}
	r, err := a.rule(ctx, client, v, people)
	switch {
	case err != nil:
		return adder{}, err
	case r.viewer != "": // told of everybody
	case r.policy.NoteRequired && !v.Care.Noted:
		return adder{}, ErrNoNote
	case r.policy.ConfirmAbove > 0 && len(people) > r.policy.ConfirmAbove && !v.Care.Sure:
		return adder{}, ErrUnsure
	}
	return adder{a, r, client, v}, nil
}

// excluded is why the policy keeps the viewer from adding people, themselves
// included; empty: it does not.
func (a *App) excluded(ctx context.Context, client bitrix.Viewer, v Visit) (Reason, error) {
	r, err := a.rule(ctx, client, v, []bitrix.UserID{v.Viewer})
	return r.bars(v.Viewer), err
}
