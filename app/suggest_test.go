package app_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// refs are chats of a visit's card, by id.
func (j *joinline) refs(t *testing.T, v app.Visit, ids ...bitrix.ChatID) (refs []app.ChatRef) {
	t.Helper()
	card, err := j.Chats(t.Context(), v)
	must(t, err)
	for _, chat := range card.Chats {
		if slices.Contains(ids, chat.ID) {
			refs = append(refs, chat.Ref())
		}
	}
	j.portal.ResetRequests()
	return refs
}

// wantSuggested checks who is suggested, by reason, and that it cost one request.
func (j *joinline) wantSuggested(t *testing.T, v app.Visit, chats []app.ChatRef, want map[app.SuggestionKind][]bitrix.UserID) {
	t.Helper()
	j.portal.ResetRequests()
	s, err := j.Suggest(t.Context(), v, chats, nil)
	must(t, err)
	got := map[app.SuggestionKind][]bitrix.UserID{}
	for _, g := range s.Groups {
		for _, p := range g.People {
			got[g.Kind] = append(got[g.Kind], p.ID)
		}
	}
	for _, c := range s.Companions {
		got["before"] = append(got["before"], c.ID)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	j.wantRequests(t, "batch")
}

func TestPeopleAreSuggestedEachForOneReason(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	chat := j.refs(t, v, chatAnn)
	j.wantSuggested(t, v, chat, map[app.SuggestionKind][]bitrix.UserID{
		app.FromItem: {olga}, app.FromQueue: {pavel}, app.FromDepartment: {elena, invited},
	})
	s, err := j.Suggest(t.Context(), v, chat, []bitrix.UserID{olga, elena})
	must(t, err)
	if n := len(s.Groups); n != 2 || s.Groups[0].Kind != app.FromQueue || s.Groups[1].People[0].ID != invited {
		t.Errorf("suggested %+v besides those who are left out", s.Groups)
	}
}

func TestTheReasonsAreThoseOfTheChosenChats(t *testing.T) {
	j := installed(t)
	v := j.open(t, pavel, deal77)
	j.wantSuggested(t, v, j.refs(t, v, 1770), map[app.SuggestionKind][]bitrix.UserID{ // of the contact, on another line
		app.FromItem: {ivan}, app.FromQueue: {elena}, app.FromDepartment: {olga},
	})
	j.wantSuggested(t, v, nil, map[app.SuggestionKind][]bitrix.UserID{
		app.FromItem: {ivan, olga},
	})
	_, err := j.Suggest(t.Context(), v, []app.ChatRef{{Owner: lead55, ID: 1755}}, nil)
	wantErr(t, err, app.ErrNotInVisit)
}

func TestNobodyIsSuggestedWhoCannotBeAdded(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	chat := j.refs(t, v, chatAnn)
	j.portal.Do(func(w *bitrixtest.World) {
		w.Items[bitrixtest.ItemKey{Type: "DEAL", ID: 77}].Observers = []int{fired, partner, 50, ann, olga}
		w.Lines[5].Queue = []bitrixtest.QueueEntry{{Type: "user", ID: fired}, {Type: "user", ID: 50}, {Type: "user", ID: pavel}}
		w.Dismiss(elena)
	})
	j.wantSuggested(t, v, chat, map[app.SuggestionKind][]bitrix.UserID{
		app.FromItem: {olga}, app.FromQueue: {pavel}, app.FromDepartment: {invited},
	})
}

func TestAtMostFiveAreSuggestedForOneReason(t *testing.T) {
	j := installed(t)
	j.portal.Do(func(w *bitrixtest.World) {
		for n := range 9 {
			w.AddUser(bitrixtest.User{ID: 600 + n, Name: "Kim", LastName: "Berg", Active: true, Accepted: true, Departments: []int{5}})
		}
	})
	v := j.open(t, ivan, deal77)
	s, err := j.Suggest(t.Context(), v, nil, []bitrix.UserID{olga, elena, invited, 600})
	must(t, err)
	if len(s.Groups) != 1 || len(s.Groups[0].People) != app.MaxSuggested || s.Groups[0].People[0].ID != 601 {
		t.Errorf("suggested %+v", s.Groups)
	}
}

func TestOneReasonThatIsNotToldHidesNoOther(t *testing.T) {
	for method, missing := range map[string]app.SuggestionKind{
		"crm.item.get": app.FromItem, "imopenlines.config.get": app.FromQueue, "im.department.colleagues.list": app.FromDepartment,
	} {
		t.Run(method, func(t *testing.T) {
			j := installed(t)
			v := j.open(t, ivan, deal77)
			chat := j.refs(t, v, chatAnn)
			want := map[app.SuggestionKind][]bitrix.UserID{app.FromItem: {olga}, app.FromQueue: {pavel}, app.FromDepartment: {elena, invited}}
			delete(want, missing)
			j.portal.Fail(bitrixtest.Fault{Method: method, Kind: bitrixtest.FaultInsufficientScope})
			j.wantSuggested(t, v, chat, want)
		})
	}
}

func TestThoseAddedBeforeAreSuggestedAgain(t *testing.T) {
	j := installed(t)
	v := j.open(t, admin, deal77)
	add := func(chat bitrix.ChatID, people ...bitrix.UserID) {
		t.Helper()
		_, err := j.Add(t.Context(), v, j.refs(t, v, chat)[0], people)
		must(t, err)
	}
	add(chatAnn, pavel, elena, fired) // the portal takes nobody who was dismissed
	add(1770, pavel)                  // the same add still, in another chat
	v = j.open(t, admin, lead55)
	j.wantSuggested(t, v, j.refs(t, v, 1755), map[app.SuggestionKind][]bitrix.UserID{
		app.FromItem: {ivan}, app.FromQueue: {pavel}, "before": {elena},
	})
	s, err := j.Suggest(t.Context(), v, nil, []bitrix.UserID{ivan})
	must(t, err)
	var with [][]bitrix.UserID
	for _, c := range s.Companions {
		with = append(with, append([]bitrix.UserID{c.ID}, c.With...))
	}
	if d := cmp.Diff([][]bitrix.UserID{{pavel, elena}, {elena, pavel}}, with); d != "" {
		t.Error(d)
	}
	v = j.open(t, ivan, lead55) // another person's habits are no business of this one's
	if s, err = j.Suggest(t.Context(), v, nil, nil); err != nil || len(s.Companions) != 0 {
		t.Errorf("Companions = %+v, %v", s.Companions, err)
	}
}

func TestCompanionsAreSplitByWhoIsChosen(t *testing.T) {
	c := func(id bitrix.UserID, with ...bitrix.UserID) app.Companion {
		return app.Companion{Colleague: app.Colleague{ID: id}, With: with}
	}
	s := app.Suggestions{Companions: []app.Companion{c(1, 2, 3), c(2, 1), c(3, 1, 4, 4), c(4, 3, 3), c(5), c(6), c(7), c(8)}}
	for name, x := range map[string]struct{ chosen, together, lately []bitrix.UserID }{
		"nobody is":                             {nil, nil, []bitrix.UserID{1, 2, 3, 4, 5}},
		"the one added most often stands first": {[]bitrix.UserID{4, 2}, []bitrix.UserID{3, 1}, []bitrix.UserID{2, 4, 5, 6, 7}},
		"a stranger is":                         {[]bitrix.UserID{99}, nil, []bitrix.UserID{1, 2, 3, 4, 5}},
	} {
		ids := func(all []app.Companion) (ids []bitrix.UserID) {
			for _, c := range all {
				ids = append(ids, c.ID)
			}
			return ids
		}
		together, lately := s.Together(x.chosen)
		if !slices.Equal(ids(together), x.together) || !slices.Equal(ids(lately), x.lately) {
			t.Errorf("when %s: together %v, lately %v", name, ids(together), ids(lately))
		}
	}
}

func TestWhoIsSuggestedIsKnownWithoutBeingAskedAboutAgain(t *testing.T) {
	t.Parallel()
	j := installed(t)
	v := j.open(t, ivan, deal77)
	chats := j.refs(t, v, chatAnn)
	s, err := j.Suggest(t.Context(), v, chats, nil)
	must(t, err)
	var people []bitrix.UserID
	for _, g := range s.Groups {
		for _, p := range g.People {
			people = append(people, p.ID)
		}
	}
	j.portal.ResetRequests()
	told, err := j.Presence(t.Context(), v, people, chats)
	must(t, err)
	j.wantRequests(t)
	if len(told) != len(people) || !told[olga].Doubtful || told[pavel].Doubtful {
		t.Errorf("of %v is told %v", people, told)
	}
	// A queue that is known is not read again, and suggests the same people.
	j.portal.Fail(bitrixtest.Fault{Method: "imopenlines.config.get", Kind: bitrixtest.FaultMethodNotFound, Times: -1})
	again, err := j.Suggest(t.Context(), v, chats, nil)
	must(t, err)
	if d := cmp.Diff(s, again); d != "" {
		t.Error(d)
	}
}
