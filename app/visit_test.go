package app_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func asScope(err error) (*app.ScopeError, bool) { return errors.AsType[*app.ScopeError](err) }

func TestOpeningACardCostsOneRequestAndShowsItsChats(t *testing.T) {
	j := installed(t)
	v, card, err := j.Open(t.Context(), j.card(t, ivan, deal77))
	must(t, err)
	j.wantRequests(t, "batch")
	want := app.Visit{
		Member: bitrix.MemberID(j.portal.MemberID()), Portal: j.portal.URL(), Viewer: ivan, Name: "Ivan Petrov", Language: "en",
		Item: deal77, Title: "Delivery of 40 chairs", Links: []bitrix.CRMItem{contact31, company12},
		Employee: true, Departments: []int64{5},
	}
	if d := cmp.Diff(want, v, cmpopts.IgnoreFields(app.Visit{}, "ID")); d != "" || v.ID == "" {
		t.Errorf("visit %q: %s", v.ID, d)
	}
	if !card.Partial || card.Title != "Delivery of 40 chairs" || len(card.Chats) != 2 {
		t.Fatalf("card: %+v", card)
	}
	c := card.Chats[0]
	if c.ID != chatAnn || c.State != app.ChatOpen || c.Owner != deal77 || c.Channel != "Telegram" || c.Count != 2 || !c.ViewerIn ||
		c.Operator == nil || c.Operator.ID != ivan || !c.Operator.Viewer || c.Operator.Name != "Ivan Petrov" ||
		c.Customer == nil || c.Customer.ID != ann || c.Customer.Name != "Ann Lee" {
		t.Errorf("first chat: %+v", c)
	}
	if c := card.Chats[1]; c.ID != 1701 || c.State != app.ChatFinished || c.Operator != nil {
		t.Errorf("second chat: %+v", c)
	}
}

func TestTheWholeCardCostsThreeRequestsHoweverManyChats(t *testing.T) {
	j := installed(t)
	j.portal.Do(func(w *bitrixtest.World) {
		item := w.Items[bitrixtest.ItemKey{Type: "DEAL", ID: 77}]
		for n := range 40 {
			contact := bitrixtest.ItemKey{Type: "CONTACT", ID: 2000 + n}
			w.AddItem(bitrixtest.Item{ItemKey: contact, Title: "Contact", AssignedBy: ivan})
			item.Contacts = append(item.Contacts, contact.ID)
			w.AddChat(bitrixtest.NewChat{ID: 5000 + n, Name: "A chat", Connector: "telegrambot", Line: 5, Customer: ann,
				Items: []bitrixtest.ItemKey{contact}, Status: bitrixtest.StatusOperator, Operator: ivan})
			w.AddChat(bitrixtest.NewChat{ID: 6000 + n, Name: "A chat", Connector: "telegrambot", Line: 5, Customer: ann,
				Items: []bitrixtest.ItemKey{item.ItemKey}, Status: bitrixtest.StatusClosed, Operator: ivan})
		}
	})
	v, _, err := j.Open(t.Context(), j.card(t, ivan, deal77))
	must(t, err)
	card, err := j.Chats(t.Context(), v)
	must(t, err)
	j.wantRequests(t, "batch", "batch", "batch")
	for _, r := range j.portal.Requests() {
		if len(r.Inner) > bitrix.MaxBatch {
			t.Errorf("a batch of %d commands", len(r.Inner))
		}
	}
	notes := map[app.NoteKind]int{}
	for _, n := range card.Notes {
		notes[n.Kind] += n.Count
	}
	if shown := len(card.Chats); shown < 30 || notes[app.NoteMoreChats] == 0 || notes[app.NoteMoreItems] != 41-14 {
		t.Errorf("%d chats shown, notes %v", shown, notes)
	}
	for n, c := range card.Chats[:15] {
		if c.State != app.ChatOpen || len(c.Participants) != 2 || c.Operator == nil || c.Customer == nil {
			t.Errorf("chat %d: %+v", n, c)
		}
	}
}

func TestALaunchIsProvenByThePortalItNames(t *testing.T) {
	for name, c := range map[string]struct {
		want  error
		forge func(t *testing.T, j *joinline, l *bitrix.Launch)
	}{
		"no token": {app.ErrNoToken, func(_ *testing.T, _ *joinline, l *bitrix.Launch) { l.Access = "" }},
		"an invented token": {app.ErrNoToken, func(_ *testing.T, _ *joinline, l *bitrix.Launch) {
			l.Access = bitrix.Secret(strings.Repeat("ab", 35))
		}},
		"a portal that never installed": {app.ErrNotInstalled, func(_ *testing.T, _ *joinline, l *bitrix.Launch) {
			l.MemberID = "0123456789abcdef0123456789abcdef"
		}},
		"a token of another application": {app.ErrForged, func(t *testing.T, j *joinline, l *bitrix.Launch) {
			keys := j.portal.Register(bitrixtest.App{Name: "Another", HandlerURL: "http://another.localhost/app", Scopes: allScopes})
			foreign := parseLaunch(t, j.portal.Launch(keys.ClientID, ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`))
			l.Access, l.Refresh = foreign.Access, foreign.Refresh
		}},
		"an expired token whose refresh token is used up": {app.ErrNoToken, func(t *testing.T, j *joinline, l *bitrix.Launch) {
			token := l.Token()
			token.Server = j.portal.AuthURL()
			_, err := j.bitrix.Refresh(t.Context(), token)
			must(t, err)
			j.portal.ExpireTokens(ivan)
		}},
		"an item the person may not read": {app.ErrNotAllowed, func(t *testing.T, j *joinline, l *bitrix.Launch) {
			*l = j.card(t, ivan, bitrix.CRMItem{Type: bitrix.Deal, ID: 78})
		}},
		"an external person, whatever the CRM lets them read": {app.ErrExternal, func(t *testing.T, j *joinline, l *bitrix.Launch) {
			j.portal.Do(func(w *bitrixtest.World) { w.SetCRMRights(partner, "DEAL", bitrixtest.CRMAll) })
			*l = j.card(t, partner, deal77)
		}},
		"an item that is gone": {app.ErrItemNotFound, func(t *testing.T, j *joinline, l *bitrix.Launch) {
			*l = j.card(t, admin, bitrix.CRMItem{Type: bitrix.Deal, ID: 99999})
		}},
		"a card not saved yet": {app.ErrNoItem, func(t *testing.T, j *joinline, l *bitrix.Launch) {
			*l = j.launch(t, ivan, "CRM_DEAL_DETAIL_TAB", `{"ID":"0"}`)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			j := installed(t)
			l := j.card(t, ivan, deal77)
			c.forge(t, j, &l)
			v, card, err := j.Open(t.Context(), l)
			wantErr(t, err, c.want)
			if !v.Item.IsZero() || card.Chats != nil {
				t.Errorf("shown all the same: %+v %+v", v, card)
			}
			if want := j.portal.URL(); c.want != app.ErrNotInstalled && v.Portal != want {
				t.Errorf("the portal is %q, want %q: its page frames the refusal", v.Portal, want)
			}
		})
	}
}

func TestWhatThePortalRefusesIsToldApart(t *testing.T) {
	for name, c := range map[string]struct {
		fault bitrixtest.Fault
		want  error
	}{
		"the application is closed to the person": {bitrixtest.Fault{Kind: bitrixtest.FaultUserAccess}, app.ErrNoAccess},
		"the application was deleted":             {bitrixtest.Fault{Kind: bitrixtest.FaultAppRemoved}, app.ErrRemoved},
		"the portal was deleted":                  {bitrixtest.Fault{Kind: bitrixtest.FaultPortalDeleted}, app.ErrRemoved},
		"the plan has no REST":                    {bitrixtest.Fault{Kind: bitrixtest.FaultPlan}, app.ErrPlan},
		"the portal is blocked for overload":      {bitrixtest.Fault{Kind: bitrixtest.FaultOverload}, app.ErrPortalBusy},
		"the person was dismissed": {bitrixtest.Fault{
			Kind: bitrixtest.FaultError, Status: 403, Code: "ACCESS_DENIED", Description: "Current user can't be authorized in this context",
		}, app.ErrNoAccess},
		"the portal sends a page":        {bitrixtest.Fault{Kind: bitrixtest.FaultHTML, Times: -1}, app.ErrPortalDown},
		"the portal drops connections":   {bitrixtest.Fault{Kind: bitrixtest.FaultDrop, Times: -1}, app.ErrPortalDown},
		"the portal has moved elsewhere": {bitrixtest.Fault{Kind: bitrixtest.FaultRedirect, Location: "http://attacker.localhost"}, app.ErrMoved},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := installed(t)
			c.fault.Method = "batch"
			j.portal.Fail(c.fault)
			_, _, err := j.Open(t.Context(), j.card(t, ivan, deal77))
			wantErr(t, err, c.want)
		})
	}
}

func TestAMissingPermissionIsNamedWhenACardIsOpened(t *testing.T) {
	for method, scope := range map[string]string{"crm.item.get": "crm", "imopenlines.crm.chat.get": "imopenlines"} {
		t.Run(scope, func(t *testing.T) {
			j := installed(t)
			j.portal.Fail(bitrixtest.Fault{Method: method, Kind: bitrixtest.FaultInsufficientScope, Times: -1})
			_, _, err := j.Open(t.Context(), j.card(t, ivan, deal77))
			if s, ok := asScope(err); !ok || len(s.Scopes) != 1 || s.Scopes[0] != scope {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAppInfoThatFailsIsNoProof(t *testing.T) {
	j := installed(t)
	j.portal.Fail(bitrixtest.Fault{Method: "app.info", Kind: bitrixtest.FaultInternal, Times: -1})
	v, _, err := j.Open(t.Context(), j.card(t, ivan, deal77))
	if err == nil || v.Viewer != 0 {
		t.Errorf("opened without proof: %+v, %v", v, err)
	}
}

func TestAnExpiredLaunchIsRefreshedOnceAndTheNewPairKept(t *testing.T) {
	j := installed(t)
	l := j.card(t, ivan, deal77)
	j.portal.ExpireTokens(ivan)
	v, card, err := j.Open(t.Context(), l)
	must(t, err)
	if len(card.Chats) != 2 || v.Viewer != ivan {
		t.Errorf("card: %+v", card)
	}
	j.wantRequests(t, "batch", "oauth/token", "batch")
	if kept := j.viewerToken(t, ivan); kept.Refresh.Equal(l.Refresh) || kept.Access.Equal(l.Access) {
		t.Error("kept is the old pair")
	}
	j.portal.ResetRequests()
	j.restart(bitrix.Timeouts{})
	_, err = j.Chats(t.Context(), v)
	must(t, err)
	j.wantRequests(t, "batch", "batch")
}

func TestATokenThatExpiresDuringTheVisitIsRefreshedOnce(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	j.portal.ExpireTokens(ivan)
	errs := make(chan error)
	for range 8 {
		go func() {
			_, err := j.Chats(t.Context(), v)
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if n := j.portal.Refreshes(); n != 1 {
		t.Errorf("%d refreshes, want 1", n)
	}
}

func TestTheLaunchesClaimsAboutAddressesAreNotUsed(t *testing.T) {
	j := installed(t)
	l := j.card(t, ivan, deal77)
	l.Domain, l.Server, l.Secure = "attacker.example", "https://oauth.attacker.example", true
	j.portal.ExpireTokens(ivan)
	v, _, err := j.Open(t.Context(), l)
	must(t, err)
	if v.Portal != j.portal.URL() {
		t.Errorf("the portal is %s", v.Portal)
	}
}

func TestThePageOutsideACardHasAPersonAndNoItem(t *testing.T) {
	j := installed(t)
	v, card, err := j.Open(t.Context(), j.launch(t, admin, "DEFAULT", `{"any":"28/"}`))
	must(t, err)
	if v.Viewer != admin || !v.Admin || !v.Item.IsZero() || len(card.Chats) != 0 {
		t.Errorf("visit %+v, card %+v", v, card)
	}
	_, err = j.Chats(t.Context(), v)
	wantErr(t, err, app.ErrNoItem)
}

func TestAVisitWithoutATokenMustBeOpenedAgain(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	v.Viewer = olga
	_, err := j.Chats(t.Context(), v)
	wantErr(t, err, app.ErrNoToken)
	v.Member = "0123456789abcdef0123456789abcdef"
	_, err = j.Find(t.Context(), v, "olga")
	wantErr(t, err, app.ErrNotInstalled)
	j.wantRequests(t)
}

func TestRenewTakesNewTokensOfTheSamePersonOnly(t *testing.T) {
	j := installed(t)
	v := j.open(t, ivan, deal77)
	fresh := j.launch(t, ivan, "DEFAULT", "")
	got, err := j.Renew(t.Context(), v, bitrix.Launch{Access: fresh.Access, Refresh: fresh.Refresh, ExpiresIn: fresh.ExpiresIn})
	must(t, err)
	j.wantRequests(t, "batch")
	if d := cmp.Diff(v, got); d != "" {
		t.Error(d)
	}
	if kept := j.viewerToken(t, ivan); !kept.Access.Equal(fresh.Access) || !kept.Refresh.Equal(fresh.Refresh) {
		t.Error("the new pair is not kept")
	}
	for name, l := range map[string]bitrix.Launch{
		"another person's": j.launch(t, olga, "DEFAULT", ""),
		"another portal's": {MemberID: "0123456789abcdef0123456789abcdef", Access: fresh.Access},
	} {
		if _, err := j.Renew(t.Context(), v, l); !errors.Is(err, app.ErrForged) {
			t.Errorf("%s tokens: %v", name, err)
		}
	}
	if kept := j.viewerToken(t, ivan); !kept.Access.Equal(fresh.Access) {
		t.Error("a refused pair took the place of the good one")
	}
}

func TestSigningInOutsideThePortal(t *testing.T) {
	j := installed(t)
	for _, portal := range []string{"", j.portal.URL(), j.portal.Domain(), strings.ToUpper(j.portal.Domain())} {
		address, _, err := j.AuthorizeURL(t.Context(), portal, "the state")
		must(t, err)
		u, err := url.Parse(address)
		must(t, err)
		if !strings.HasPrefix(address, j.portal.URL()+"/oauth/authorize/?") || u.Query().Get("state") != "the state" || u.Query().Get("client_id") != j.keys.ClientID {
			t.Errorf("portal %q: %s", portal, address)
		}
	}
	for _, stranger := range []string{"attacker.example", "https://attacker.example", j.portal.Domain() + "@attacker.example", "//attacker.example"} {
		address, _, err := j.AuthorizeURL(t.Context(), stranger, "s")
		if !errors.Is(err, app.ErrNotInstalled) || address != "" {
			t.Errorf("portal %q: %q, %v", stranger, address, err)
		}
	}
	v, err := j.SignIn(t.Context(), bitrix.MemberID(j.portal.MemberID()), j.portal.AuthURL(), j.code(t, ivan))
	must(t, err)
	if v.Viewer != ivan || !v.Item.IsZero() || v.Portal != j.portal.URL() {
		t.Errorf("visit: %+v", v)
	}
	v, card, err := j.OpenItem(t.Context(), v, deal77)
	must(t, err)
	if v.Item != deal77 || v.Viewer != ivan || len(card.Chats) != 2 {
		t.Errorf("visit %+v, card %+v", v, card)
	}
	_, _, err = j.OpenItem(t.Context(), v, bitrix.CRMItem{Type: bitrix.Deal, ID: 78})
	wantErr(t, err, app.ErrNotAllowed)
}

// code is what the portal sends back with a person who signs in outside it.
func (j *joinline) code(t *testing.T, user int) string {
	t.Helper()
	browser := bitrixtest.HTTPClient()
	signedIn, err := browser.Post(j.portal.URL()+"/_portal/sign-in", "application/json", strings.NewReader(fmt.Sprintf(`{"user":%d}`, user)))
	must(t, err)
	signedIn.Body.Close()
	address, _, err := j.AuthorizeURL(t.Context(), "", "the state")
	must(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	must(t, err)
	for _, c := range signedIn.Cookies() {
		r.AddCookie(c)
	}
	back, err := browser.Do(r)
	must(t, err)
	back.Body.Close()
	to, err := back.Location()
	must(t, err)
	return to.Query().Get("code")
}

func TestACodeIsGoodOnceAndAtTheRightServerOnly(t *testing.T) {
	j := installed(t)
	code := j.code(t, ivan)
	_, err := j.SignIn(t.Context(), bitrix.MemberID(j.portal.MemberID()), "https://oauth.attacker.example", code)
	wantErr(t, err, app.ErrForged)
	_, err = j.SignIn(t.Context(), bitrix.MemberID(j.portal.MemberID()), "", code)
	must(t, err)
	_, err = j.SignIn(t.Context(), bitrix.MemberID(j.portal.MemberID()), "", code)
	wantErr(t, err, app.ErrNoToken)
}
