package app

import (
	"context"
	"slices"
	"time"

	"github.com/joinline/joinline/bitrix"
)

const (
	// maxAdds is how many adds of a person are remembered.
	maxAdds = 30
	// sameAdd is how long one add to several chats may take.
	sameAdd = 2 * time.Minute
)

// PastAdd is who was added in one go, and when.
type PastAdd struct {
	At     time.Time       `json:"t"`
	People []bitrix.UserID `json:"p"`
}

// has reports whether everybody of another add is in this one.
func (p PastAdd) has(other PastAdd) bool {
	return !slices.ContainsFunc(other.People, func(u bitrix.UserID) bool { return !slices.Contains(p.People, u) })
}

// remember keeps whom the viewer has added together. What an add came to in a
// further chat is still the same add. Nothing depends on it, so that it fails
// is only logged.
func (a *App) remember(ctx context.Context, v Visit, outcomes []Outcome) {
	add := PastAdd{At: a.now().UTC().Truncate(time.Second)}
	for _, o := range outcomes {
		if o.State == OutcomeAdded && o.User != v.Viewer {
			add.People = append(add.People, o.User)
		}
	}
	if len(add.People) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	err := a.store.ChangeHabits(ctx, v.Member, v.Viewer, func(h *Habits) {
		if len(h.Added) > 0 && add.At.Sub(h.Added[0].At) < sameAdd {
			switch last := h.Added[0]; {
			case last.has(add):
				return
			case add.has(last):
				h.Added = h.Added[1:]
			}
		}
		h.Added = append([]PastAdd{add}, h.Added...)
		h.Added = h.Added[:min(len(h.Added), maxAdds)]
	})
	if err != nil {
		a.log.WarnContext(ctx, "who was added is not remembered", KeyMember, v.Member, KeyUser, v.Viewer, KeyError, err)
	}
}

// recent are the people whom the viewer added lately, the latest first.
func (a *App) recent(ctx context.Context, v Visit) []bitrix.UserID {
	h, err := a.store.Habits(ctx, v.Member, v.Viewer)
	if err != nil {
		a.log.WarnContext(ctx, "who was added lately is not known", KeyMember, v.Member, KeyUser, v.Viewer, KeyError, err)
	}
	return h.recent()
}

// recent are the people of the latest adds, the latest first.
func (h Habits) recent() []bitrix.UserID {
	var people []bitrix.UserID
	for _, add := range h.Added {
		people = append(people, add.People...)
	}
	return once(people)
}

// with are those who were added together with a person, as often as they were.
func (h Habits) with(u bitrix.UserID) []bitrix.UserID {
	var with []bitrix.UserID
	for _, add := range h.Added {
		if slices.Contains(add.People, u) {
			with = append(with, slices.DeleteFunc(slices.Clone(add.People), func(other bitrix.UserID) bool { return other == u })...)
		}
	}
	return with
}
