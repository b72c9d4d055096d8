package app

import (
	"context"
	"slices"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// maxRecent is how many people a person is remembered to have added.
const maxRecent = 30

// Recent is somebody whom a person added to a chat, and when last.
type Recent struct {
	User bitrix.UserID `json:"u"`
	At   time.Time     `json:"t"`
}

// remember keeps whom the viewer has added, the latest first. Nothing depends
// on it, so that it fails is only logged.
func (a *App) remember(ctx context.Context, v Visit, outcomes []Outcome) {
	now := a.now().UTC().Truncate(time.Second)
	var added []Recent
	for _, o := range outcomes {
		if o.State == OutcomeAdded && o.User != v.Viewer {
			added = append(added, Recent{o.User, now})
		}
	}
	if len(added) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	err := a.store.ChangeHabits(ctx, v.Member, v.Viewer, func(h *Habits) {
		before := slices.DeleteFunc(h.Added, func(r Recent) bool {
			return slices.ContainsFunc(added, func(n Recent) bool { return n.User == r.User })
		})
		h.Added = append(added, before...)
		h.Added = h.Added[:min(len(h.Added), maxRecent)]
	})
	if err != nil {
		a.log.WarnContext(ctx, "who was added is not remembered", KeyMember, v.Member, KeyUser, v.Viewer, KeyError, err)
	}
}

// recent are the people whom the viewer added lately, the latest first.
func (a *App) recent(ctx context.Context, v Visit) (users []bitrix.UserID) {
	h, err := a.store.Habits(ctx, v.Member, v.Viewer)
	if err != nil {
		a.log.WarnContext(ctx, "who was added lately is not known", KeyMember, v.Member, KeyUser, v.Viewer, KeyError, err)
	}
	for _, r := range h.Added {
		users = append(users, r.User)
	}
	return users
}
