package handlers

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

func TestAPageOutlivesAChangeOfTheSecretKey(t *testing.T) {
	w := installed(t)
	f, cookies := w.browsed(t, ivan, "DEAL", "77")
	chats := request{path: "/card/chats", form: f, cookies: cookies}
	w.config.Key, w.config.OlderKeys = app.NewKey(), []app.Key{w.key}
	w.Handler = New(w.config)
	w.do(t, chats).wantStatus(t, 200)

	w.config.OlderKeys = nil
	w.Handler = New(w.config)
	w.do(t, chats).wantStatus(t, 400)
}

func TestAVisitIsTheSameAfterItWasSealed(t *testing.T) {
	s := alone(t)
	v := pageVisit{
		Visit: app.Visit{
			ID: "v", Member: "m", Portal: "https://acme.example", Viewer: ivan, Name: "Ivan", Admin: true, Language: "ru", Item: deal77, Title: "Chairs",
			Links: []bitrix.CRMItem{contact31}, MoreLinks: 2, NoMessenger: true, Employee: true, Excluded: true, Departments: []int64{1, 5},
		},
		Spoken: "de", Browser: "b", Kept: true, Until: time.Now().UTC().Truncate(time.Second),
	}
	for _, of := range []reflect.Value{reflect.ValueOf(v), reflect.ValueOf(v.Visit)} {
		for n := range of.NumField() {
			if f := of.Type().Field(n); of.Field(n).IsZero() && f.Tag.Get("json") != "-" {
				t.Fatalf("the test gives no %s", f.Name)
			}
		}
	}
	sealed, err := s.server().sealed(v)
	must(t, err)
	if d := cmp.Diff(v, s.opened(t, sealed)); d != "" {
		t.Error(d)
	}
}
