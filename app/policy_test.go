package app_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// policy keeps a policy without asking anybody.
func (j *joinline) policy(t testing.TB, p app.Policy) {
	t.Helper()
	member := bitrix.MemberID(j.portal.MemberID())
	kept, err := j.store.Policy(t.Context(), member)
	must(t, err)
	p.Version = kept.Version
	must(t, j.store.SavePolicy(t.Context(), member, p, nil))
}

func holders(codes ...string) (all []app.Access) {
	for _, c := range codes {
		all = append(all, app.Access{Code: c})
	}
	return all
}

// south is a department below logistics, with Olga in it.
func south(w *bitrixtest.World) {
	w.Departments[9] = &bitrixtest.Department{ID: 9, Parent: 7, Name: "South"}
	w.Users[olga].Departments = []int{9}
}

var refusedBy = func(why app.Reason, people ...bitrix.UserID) (all []app.Outcome) {
	for _, p := range people {
		all = append(all, app.Outcome{User: p, State: app.OutcomeRefused, Reason: why})
	}
	return all
}

func TestThePolicyIsKeptBeforeThePortalIsAsked(t *testing.T) {
	withDepartments := append(slices.Clone(allScopes), "department")
	for name, c := range map[string]struct {
		policy app.Policy
		viewer int
		scopes []string
		change func(*bitrixtest.World)
		fault  *bitrixtest.Fault
		people []bitrix.UserID
		want   []app.Outcome
		in     []int
	}{
		"an empty policy": {viewer: ivan, people: []bitrix.UserID{pavel},
			want: outcomes(app.Outcome{User: pavel, State: app.OutcomeAdded}), in: []int{pavel}},
		"a viewer who is chosen": {policy: app.Policy{Adders: holders("U24", "U15")}, viewer: ivan, people: []bitrix.UserID{pavel},
			want: outcomes(app.Outcome{User: pavel, State: app.OutcomeAdded}), in: []int{pavel}},
		"a viewer whose department is chosen": {policy: app.Policy{Adders: holders("D5")}, viewer: ivan, people: []bitrix.UserID{pavel},
			want: outcomes(app.Outcome{User: pavel, State: app.OutcomeAdded}), in: []int{pavel}},
		"a viewer below a department that is chosen": {policy: app.Policy{Adders: holders("DR1")}, viewer: ivan, people: []bitrix.UserID{pavel},
			want: outcomes(app.Outcome{User: pavel, State: app.OutcomeAdded}), in: []int{pavel}},
		"a viewer whose group is chosen": {policy: app.Policy{Adders: holders("SG3")}, viewer: ivan, people: []bitrix.UserID{pavel},
			want: outcomes(app.Outcome{User: pavel, State: app.OutcomeAdded}), in: []int{pavel}},
		"a viewer of another department": {policy: app.Policy{Adders: holders("D7", "U24")}, viewer: ivan, people: []bitrix.UserID{pavel, elena},
			want: refusedBy(app.ReasonPolicyViewer, pavel, elena)},
		"an administrator who is not among those chosen": {policy: app.Policy{Adders: holders("D7")}, viewer: admin, people: []bitrix.UserID{pavel},
			want: outcomes(app.Outcome{User: pavel, State: app.OutcomeAdded}), in: []int{pavel}},
		"a portal that does not tell whether the viewer may": {policy: app.Policy{Adders: holders("D5")}, viewer: ivan, people: []bitrix.UserID{pavel},
			fault: &bitrixtest.Fault{Method: "user.access", Kind: bitrixtest.FaultInternal, Times: -1}, want: refusedBy(app.ReasonPolicyUnread, pavel)},
		"a colleague who is barred, beside one who is not": {policy: app.Policy{Barred: holders("U23")}, viewer: admin, people: []bitrix.UserID{pavel, elena},
			want: append(refusedBy(app.ReasonPolicyColleague, pavel), app.Outcome{User: elena, State: app.OutcomeAdded}), in: []int{elena}},
		"a colleague whose department is barred": {policy: app.Policy{Barred: holders("D7")}, viewer: admin, people: []bitrix.UserID{olga, pavel, elena},
			want: append(refusedBy(app.ReasonPolicyColleague, olga, pavel), app.Outcome{User: elena, State: app.OutcomeAdded}), in: []int{elena}},
		"a department below the barred one is not meant": {policy: app.Policy{Barred: holders("D7")}, viewer: admin, change: south, people: []bitrix.UserID{olga},
			want: outcomes(app.Outcome{User: olga, State: app.OutcomeAdded}), in: []int{olga}},
		"a department below is meant": {policy: app.Policy{Barred: holders("DR7")}, viewer: admin, change: south, scopes: withDepartments,
			people: []bitrix.UserID{olga, elena},
			want:   append(refusedBy(app.ReasonPolicyColleague, olga), app.Outcome{User: elena, State: app.OutcomeAdded}), in: []int{elena}},
		"the structure may not be read any more": {policy: app.Policy{Barred: holders("DR7")}, viewer: admin, change: south,
			people: []bitrix.UserID{olga, pavel}, want: append(refusedBy(app.ReasonPolicyUnread, olga), refusedBy(app.ReasonPolicyColleague, pavel)...)},
		"the departments of people are not told": {policy: app.Policy{Barred: holders("D7", "U22")}, viewer: admin,
			fault:  &bitrixtest.Fault{Method: "user.get", Kind: bitrixtest.FaultInternal, Times: -1},
			people: []bitrix.UserID{olga, elena}, want: append(refusedBy(app.ReasonPolicyColleague, olga), refusedBy(app.ReasonPolicyUnread, elena)...)},
		"a barred colleague who is in already": {policy: app.Policy{Barred: holders("U15")}, viewer: admin, people: []bitrix.UserID{ivan, pavel},
			want: outcomes(app.Outcome{User: ivan, State: app.OutcomeAlreadyIn}, app.Outcome{User: pavel, State: app.OutcomeAdded}), in: []int{pavel}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t, c.scopes...)
			if c.change != nil {
				j.portal.Do(c.change)
			}
			v := j.open(t, c.viewer, deal77)
			j.policy(t, c.policy)
			if c.fault != nil {
				j.portal.Fail(*c.fault)
			}
			added, err := j.Add(t.Context(), v, inDeal77(), c.people)
			must(t, err)
			if d := cmp.Diff(c.want, added.Outcomes); d != "" {
				t.Error(d)
			}
			j.wantParticipants(t, chatAnn, append([]int{ivan, ann}, c.in...)...)
			for _, person := range c.people { // one by one the same
				answer, err := j.Ask(t.Context(), v, inDeal77(), person)
				must(t, err)
				n := slices.IndexFunc(c.want, func(o app.Outcome) bool { return o.User == person })
				if barred := c.want[n].State != app.OutcomeAdded; barred != (answer.Kind == app.AnswerBarred) {
					t.Errorf("asked for %d: %+v", person, answer)
				}
			}
			j.wantParticipants(t, chatAnn, append([]int{ivan, ann}, c.in...)...)
		})
	}
}

func TestAPolicyCostsOneRequestAMinute(t *testing.T) {
	t.Parallel()
	j := installed(t)
	now := time.Now()
	j.SetNow(func() time.Time { return now })
	v := j.open(t, ivan, deal77)
	j.policy(t, app.Policy{Adders: holders("D5"), Barred: holders("D9")})
	for _, person := range []bitrix.UserID{pavel, pavel} {
		_, err := j.Ask(t.Context(), v, inDeal77(), person)
		must(t, err)
	}
	j.wantRequests(t, "batch", methodAdd, methodAdd)
	now = now.Add(time.Minute)
	j.portal.ResetRequests()
	_, err := j.Ask(t.Context(), v, inDeal77(), pavel)
	must(t, err)
	j.wantRequests(t, "batch", methodAdd)
	j.portal.ResetRequests()
	j.policy(t, app.Policy{Adders: holders("D7"), Barred: holders("D9")}) // counts at once
	answer, err := j.Ask(t.Context(), v, inDeal77(), pavel)
	must(t, err)
	if answer.Reason != app.ReasonPolicyViewer {
		t.Errorf("got %+v", answer)
	}
}

func TestNoWayIntoAChatLeadsAroundThePolicy(t *testing.T) {
	excluded := app.Policy{Adders: holders("U24")}
	barred := app.Policy{Barred: holders("U22", "U15")}
	for name, c := range map[string]struct {
		policy app.Policy
		do     func(t *testing.T, j *joinline, v app.Visit) app.Outcome
		want   app.Reason
	}{
		"joining, by somebody excluded": {excluded, func(t *testing.T, j *joinline, v app.Visit) app.Outcome {
			return changed(t)(j.Join(t.Context(), v, inDeal77()))
		}, app.ReasonPolicyViewer},
		"joining, by somebody barred": {app.Policy{Barred: holders("U22")}, func(t *testing.T, j *joinline, _ app.Visit) app.Outcome {
			return changed(t)(j.Join(t.Context(), j.open(t, olga, deal77), inDeal77()))
		}, app.ReasonPolicyColleague},
		"a new dialog, by somebody excluded": {excluded, func(t *testing.T, j *joinline, v app.Visit) app.Outcome {
			return changed(t)(j.StartDialog(t.Context(), v, app.ChatRef{Owner: deal77, ID: 1701}))
		}, app.ReasonPolicyViewer},
		"a new observer, by somebody excluded": {excluded, func(t *testing.T, j *joinline, v app.Visit) app.Outcome {
			return changed(t)(j.Observe(t.Context(), v, inDeal77(), pavel))
		}, app.ReasonPolicyViewer},
		"a new observer who is barred": {barred, func(t *testing.T, j *joinline, v app.Visit) app.Outcome {
			return changed(t)(j.Observe(t.Context(), j.open(t, admin, lead55), app.ChatRef{Owner: lead55, ID: 1755}, olga))
		}, app.ReasonPolicyColleague},
		"taking others out, by somebody excluded": {excluded, func(t *testing.T, j *joinline, v app.Visit) app.Outcome {
			j.portal.Do(withPavel)
			return changed(t)(j.Remove(t.Context(), v, inDeal77(), pavel))
		}, app.ReasonPolicyViewer},
		"an errand opened by an administrator": {barred, func(t *testing.T, j *joinline, v app.Visit) app.Outcome {
			_, err := j.Entrust(t.Context(), v, inDeal77(), askedOlga)
			must(t, err)
			boss := j.open(t, admin, deal77)
			e, err := j.Errand(t.Context(), boss, errandIn(t, j.portal.Notifications(admin)[0].Text))
			must(t, err)
			added, err := j.Add(t.Context(), boss, app.ChatRef{Owner: e.Owner, ID: e.Chat}, []bitrix.UserID{e.People[0].ID})
			must(t, err)
			return added.Outcomes[0]
		}, app.ReasonPolicyColleague},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, ivan, deal77)
			j.policy(t, c.policy)
			o := c.do(t, j, v)
			if o.State != app.OutcomeRefused || o.Reason != c.want {
				t.Errorf("got %+v", o)
			}
			for _, user := range j.portal.Participants(chatAnn) {
				if user == olga {
					t.Error("Olga is in the chat")
				}
			}
			j.portal.Do(func(w *bitrixtest.World) {
				if o := w.Items[bitrixtest.ItemKey{Type: "LEAD", ID: 55}].Observers; len(o) > 0 {
					t.Errorf("lead 55 is observed by %v", o)
				}
			})
		})
	}
}

func TestAPageThatWasOpenedBeforeItsCardWasHiddenAddsNobody(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, admin, deal77)
	j.policy(t, app.Policy{Hidden: []bitrix.ItemType{bitrix.Deal}})
	added, err := j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{pavel})
	must(t, err)
	if d := cmp.Diff(refusedBy(app.ReasonPolicyViewer, pavel), added.Outcomes); d != "" {
		t.Error(d)
	}
	j.wantParticipants(t, chatAnn, ivan, ann)
}

func TestWhatAPersonFromOutsideIsNotShownDoesNotCountAsWorkingNowhere(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, admin, deal77)
	j.policy(t, app.Policy{Barred: holders("D7")})
	outside, _, err := j.Open(t.Context(), j.launch(t, partner, "DEFAULT", ""))
	must(t, err)
	outside.Item = v.Item
	for _, by := range []app.Visit{outside, v} {
		answer, err := j.Ask(t.Context(), by, inDeal77(), olga)
		must(t, err)
		if answer.Kind != app.AnswerBarred {
			t.Errorf("employee %v: %+v", by.Employee, answer)
		}
	}
	j.wantParticipants(t, chatAnn, ivan, ann)
}

func changed(t *testing.T) func(app.Changed, error) app.Outcome {
	return func(c app.Changed, err error) app.Outcome {
		t.Helper()
		must(t, err)
		return c.Outcome
	}
}

func TestWhoIsExcludedMayStillLeave(t *testing.T) {
	t.Parallel()
	j := installed(t)
	_, err := j.Add(t.Context(), j.open(t, admin, deal77), inDeal77(), []bitrix.UserID{olga})
	must(t, err)
	v := j.open(t, olga, deal77)
	j.policy(t, app.Policy{Adders: holders("U24")})
	if o := changed(t)(j.Remove(t.Context(), v, inDeal77(), olga)); o.State != app.OutcomeRemoved {
		t.Errorf("got %+v", o)
	}
	j.wantParticipants(t, chatAnn, ivan, ann)
}

func TestWishesAndPleasAreKeptFromWhoIsExcluded(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.policy(t, app.Policy{Adders: holders("U24")})
	of := app.Wish{People: []app.Chosen{{ID: pavel, Name: "Pavel"}}}
	wantErr(t, j.Wish(t.Context(), v, inDeal77(), of), app.ErrPolicy)
	must(t, j.Wish(t.Context(), v, inDeal77(), app.Wish{})) // only to be told
	_, err := j.Entrust(t.Context(), v, inDeal77(), askedOlga)
	wantErr(t, err, app.ErrPolicy)
	if notices := j.portal.Notifications(admin); len(notices) > 0 {
		t.Errorf("the administrator holds %+v", notices)
	}
	j.policy(t, app.Policy{NoteRequired: true})
	wantErr(t, j.Wish(t.Context(), v, inDeal77(), of), app.ErrNoNote)
}

func TestAWishIsCarriedOutByThePolicyOfThatTime(t *testing.T) {
	for name, c := range map[string]struct {
		policy app.Policy
		want   string
	}{
		"the viewer was excluded":    {app.Policy{Adders: holders("U24")}, "{User 23: refused policy_viewer}"},
		"the colleague was barred":   {app.Policy{Barred: holders("D7")}, "{User 23: refused policy_colleague}"},
		"a note is required by then": {app.Policy{NoteRequired: true}, "{User 23: refused policy_note}"},
		"nothing forbids it":         {app.Policy{Adders: holders("D5")}, "{User 23: added }"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWaiting(t, pavel)
			w.policy(t, c.policy)
			w.accept()
			w.step(t)
			w.wantTold(t, "granted", c.want)
			if in := slices.Contains(w.portal.Participants(chatNew), pavel); in != (name == "nothing forbids it") {
				t.Errorf("Pavel is in the chat: %v", in)
			}
		})
	}
}

func TestANoteAndASecondYesAreAskedFor(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, admin, deal77)
	j.policy(t, app.Policy{NoteRequired: true, ConfirmAbove: 1})
	two := []bitrix.UserID{pavel, elena}
	_, err := j.Add(t.Context(), v, inDeal77(), two)
	wantErr(t, err, app.ErrNoNote)
	_, err = j.Ask(t.Context(), v, inDeal77(), pavel)
	wantErr(t, err, app.ErrNoNote)
	_, err = j.Observe(t.Context(), v, inDeal77(), pavel)
	wantErr(t, err, app.ErrNoNote)
	v.Care.Noted = true
	_, err = j.Add(t.Context(), v, inDeal77(), two)
	wantErr(t, err, app.ErrUnsure)
	j.wantRequests(t)
	v.Care.Sure = true
	_, err = j.Add(t.Context(), v, inDeal77(), two)
	must(t, err)
	j.wantParticipants(t, chatAnn, ivan, ann, pavel, elena)
	v.Care.Sure = false
	_, err = j.Add(t.Context(), v, inDeal77(), []bitrix.UserID{olga}) // one is few
	must(t, err)
}

func TestOnlyAdministratorsSetThePolicyAndNeverOverEachOther(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, admin, deal77)
	now := time.Now().UTC().Truncate(time.Microsecond)
	j.SetNow(func() time.Time { return now })
	_, err := j.SetPolicy(t.Context(), j.open(t, ivan, deal77), app.Policy{NoteRequired: true}, true)
	wantErr(t, err, app.ErrNotAdmin)
	forged := j.open(t, ivan, deal77)
	forged.Admin = true
	_, err = j.SetPolicy(t.Context(), forged, app.Policy{NoteRequired: true}, true)
	wantErr(t, err, app.ErrNotAdmin)

	set, err := j.SetPolicy(t.Context(), v, app.Policy{
		Adders: []app.Access{{Code: "dr5", Name: "forged"}, {Code: "U15"}, {Code: "DR5"}, {Name: "olga sidorova"}},
		Barred: []app.Access{{Code: "D7"}}, ConfirmAbove: 5, JournalDays: 30, Ways: &app.Ways{Notify: true},
	}, false)
	must(t, err)
	want := app.Policy{
		Version: 1, Changed: now, By: admin, ByName: "Anna Belova",
		Adders: []app.Access{{Code: "DR5", Name: "Sales"}, {Code: "U15", Name: "Ivan Petrov"}, {Code: "U22", Name: "Olga Sidorova"}},
		Barred: []app.Access{{Code: "D7", Name: "Logistics"}}, ConfirmAbove: 5, JournalDays: 30, Ways: &app.Ways{Notify: true},
	}
	kept, err := j.Policy(t.Context(), v)
	must(t, err)
	if d := cmp.Diff([]app.Policy{want, want}, []app.Policy{set, kept}); d != "" {
		t.Error(d)
	}
	for _, stale := range []int64{0, 2} {
		_, err = j.SetPolicy(t.Context(), v, app.Policy{Version: stale}, false)
		wantErr(t, err, app.ErrPolicyChanged)
	}
	_, err = j.SetPolicy(t.Context(), v, app.Policy{Version: 1, Delegated: true}, false)
	wantErr(t, err, app.ErrUnsure)
	_, err = j.SetPolicy(t.Context(), v, app.Policy{Version: 1, Delegated: true}, true)
	must(t, err)
	_, err = j.SetPolicy(t.Context(), v, app.Policy{Version: 2, Delegated: true}, false) // it was understood then
	must(t, err)
}

func TestAPolicyThatCannotBeIsNotSaved(t *testing.T) {
	for name, c := range map[string]struct {
		policy app.Policy
		want   error
		texts  []string
	}{
		"a number below zero":             {app.Policy{ConfirmAbove: -1}, app.ErrPolicyInvalid, nil},
		"a journal for ever":              {app.Policy{JournalDays: 1e6}, app.ErrPolicyInvalid, nil},
		"a card that is none":             {app.Policy{Hidden: []bitrix.ItemType{"QUOTE"}}, app.ErrPolicyInvalid, nil},
		"more people than fit":            {app.Policy{Adders: make([]app.Access, app.MaxAccess+1)}, app.ErrPolicyInvalid, nil},
		"what is no code":                 {app.Policy{Adders: holders("U15' OR 1", "U0")}, app.ErrAccessUnknown, []string{"U15' OR 1", "U0"}},
		"people who are not there":        {app.Policy{Adders: holders("U999", "U15")}, app.ErrAccessUnknown, []string{"U999"}},
		"a name that nobody bears":        {app.Policy{Barred: []app.Access{{Name: "Nobody"}}}, app.ErrAccessUnknown, []string{"Nobody"}},
		"a group among the barred":        {app.Policy{Barred: holders("SG3", "AU")}, app.ErrAccessUnknown, []string{"SG3", "AU"}},
		"departments that cannot be read": {app.Policy{Barred: holders("DR7")}, app.ErrScope, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			v := j.open(t, admin, deal77)
			_, err := j.SetPolicy(t.Context(), v, c.policy, true)
			wantErr(t, err, c.want)
			if unknown, ok := errors.AsType[*app.AccessError](err); ok && !slices.Equal(unknown.Texts, c.texts) {
				t.Errorf("unknown are %q", unknown.Texts)
			}
			if kept, err := j.Policy(t.Context(), v); err != nil || kept.Version != 0 {
				t.Errorf("kept %+v, %v", kept, err)
			}
		})
	}
}

// tabs are the cards that have our tab.
func (j *joinline) tabs() (all []string) {
	for _, p := range j.portal.Placements() {
		all = append(all, p.Placement)
	}
	slices.Sort(all)
	return all
}

func TestTheTabsFollowThePolicy(t *testing.T) {
	const company, contact, deal, lead = "CRM_COMPANY_DETAIL_TAB", "CRM_CONTACT_DETAIL_TAB", "CRM_DEAL_DETAIL_TAB", "CRM_LEAD_DETAIL_TAB"
	t.Parallel()
	j := installed(t)
	v := j.open(t, admin, deal77)
	wantTabs := func(want ...string) {
		t.Helper()
		if d := cmp.Diff(want, j.tabs()); d != "" {
			t.Error(d)
		}
	}
	set, err := j.SetPolicy(t.Context(), v, app.Policy{Hidden: []bitrix.ItemType{bitrix.Lead, bitrix.Company}}, false)
	must(t, err)
	wantTabs(contact, deal)
	must(t, j.Repair(t.Context(), v))
	_, err = j.Install(t.Context(), j.launch(t, admin, "DEFAULT", ""))
	must(t, err)
	wantTabs(contact, deal)
	// A card that is still open somewhere, or a link from outside.
	_, _, err = j.Open(t.Context(), j.card(t, admin, lead55))
	wantErr(t, err, app.ErrHidden)
	_, _, err = j.OpenItem(t.Context(), v, company12)
	wantErr(t, err, app.ErrHidden)

	j.portal.Fail(bitrixtest.Fault{Method: "placement.bind", Kind: bitrixtest.FaultInternal, Times: -1})
	set.Hidden = []bitrix.ItemType{bitrix.Lead}
	set, err = j.SetPolicy(t.Context(), v, set, false)
	wantErr(t, err, app.ErrTabs)
	wantTabs(contact, deal)
	j.portal.ClearFaults()
	must(t, j.Repair(t.Context(), v))
	wantTabs(company, contact, deal)

	// Whoever installed it is gone: the administrator who is there binds them.
	j.portal.Do(func(w *bitrixtest.World) { w.Users[elena].Admin = true; w.Dismiss(admin) })
	set.Hidden = nil
	_, err = j.SetPolicy(t.Context(), j.open(t, elena, deal77), set, false)
	must(t, err)
	wantTabs(company, contact, deal, lead)
}

func TestAVisitTellsWhoMayNotAdd(t *testing.T) {
	t.Parallel()
	j := installed(t)
	j.policy(t, app.Policy{Adders: holders("D7")})
	for viewer, want := range map[int]bool{ivan: true, olga: false, admin: false} {
		v, card, err := j.Open(t.Context(), j.card(t, viewer, deal77))
		must(t, err)
		if v.Excluded != want || len(card.Chats) == 0 {
			t.Errorf("viewer %d: excluded %v, %d chats", viewer, v.Excluded, len(card.Chats))
		}
	}
	j.wantRequests(t, "batch", "batch", "batch")
}

func TestPresenceTellsWhomThePolicyBars(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.policy(t, app.Policy{Barred: holders("D7", "U24")})
	told, err := j.Presence(t.Context(), v, []bitrix.UserID{pavel, elena, invited}, []app.ChatRef{{Owner: deal77, ID: chatAnn, Line: 5}})
	must(t, err)
	for user, want := range map[bitrix.UserID]app.Reason{pavel: app.ReasonPolicyColleague, elena: app.ReasonPolicyColleague, invited: ""} {
		if told[user].Barred != want {
			t.Errorf("user %d: %+v", user, told[user])
		}
	}
	if !told[invited].Doubtful {
		t.Error("the queue does not matter")
	}
	j.policy(t, app.Policy{Delegated: true})
	told, err = j.Presence(t.Context(), v, []bitrix.UserID{invited}, []app.ChatRef{{Owner: deal77, ID: chatAnn, Line: 5}})
	must(t, err)
	if told[invited].Doubtful {
		t.Error("the queue matters although others are added for the viewer")
	}
}

func TestRemarksGoWhereThePolicyWantsUntilAPersonChooses(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.policy(t, app.Policy{Ways: &app.Ways{Notify: true, Comment: true}})
	wantWays := func(want app.Ways) {
		t.Helper()
		h, err := j.Habits(t.Context(), v)
		must(t, err)
		if d := cmp.Diff(want, h.Ways, cmpopts.EquateEmpty()); d != "" {
			t.Error(d)
		}
	}
	wantWays(app.Ways{Notify: true, Comment: true})
	_, err := j.Tell(t.Context(), v, app.Telling{Add: "one"}) // nowhere, by their own choice
	must(t, err)
	wantWays(app.Ways{})
}
