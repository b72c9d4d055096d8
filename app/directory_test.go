package app_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestThePortalFindsColleaguesInOneRequestUntilItsStaffWasRead(t *testing.T) {
	for name, c := range map[string]struct {
		query string
		want  []app.Colleague
	}{
		"by the beginnings of words":  {"  oL   si ", []app.Colleague{{ID: olga, Name: "Olga Sidorova", Position: "Logistics specialist", Online: true}}},
		"by position":                 {"delivery", []app.Colleague{{ID: pavel, Name: "Pavel Orlov", Position: "Delivery coordinator", Online: true}}},
		"the viewer too":              {"ivan petrov", []app.Colleague{{ID: ivan, Name: "Ivan Petrov", Position: "Sales manager", Online: true, Viewer: true}}},
		"people from outside, marked": {"stone", []app.Colleague{{ID: partner, Name: "Peter Stone", Position: "Partner", External: true}}},
		"nobody who was dismissed":    {"dmitri", []app.Colleague{}},
		"nobody at all":               {"zzzz", []app.Colleague{}},
	} {
		t.Run(name, func(t *testing.T) {
			j := installed(t)
			v := j.open(t, ivan, deal77)
			got, err := j.Find(t.Context(), v, c.query)
			must(t, err)
			if d := cmp.Diff(app.Found{People: c.want, Asked: true}, got); d != "" {
				t.Error(d)
			}
			j.wantRequests(t, "batch")
		})
	}
}

func TestABlankQueryAsksNothing(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	got, err := j.Find(t.Context(), v, " \t ")
	if err != nil || len(got.People) != 0 {
		t.Errorf("Find = %v, %v", got, err)
	}
	j.wantRequests(t)
}

func TestAVeryLongQueryIsCut(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	_, err := j.Find(t.Context(), v, strings.Repeat("щ", 5000))
	must(t, err)
}

func TestSearchingNeedsItsPermission(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.portal.Fail(bitrixtest.Fault{Method: "user.search", Kind: bitrixtest.FaultInsufficientScope})
	_, err := j.Find(t.Context(), v, "olga")
	if s, ok := asScope(err); !ok || len(s.Scopes) != 1 || s.Scopes[0] != "user" {
		t.Errorf("got %v", err)
	}
}
