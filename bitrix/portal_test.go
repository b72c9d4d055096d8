package bitrix_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

var (
	deal77    = bitrix.CRMItem{Type: bitrix.Deal, ID: 77}
	contact31 = bitrix.CRMItem{Type: bitrix.Contact, ID: 31}
)

// beside is a simulated portal with an application that is registered there.
type beside struct {
	*bitrixtest.Portal
	app *bitrix.Application
}

func besidePortal(t *testing.T) beside {
	t.Helper()
	p := bitrixtest.NewPortal(t)
	keys := p.Register(bitrixtest.App{
		Name: "Joinline", HandlerURL: "http://joinline.localhost/app",
		Scopes: []string{"crm", "imopenlines", "im", "user_brief", "placement"},
	})
	return beside{p, &bitrix.Application{
		ClientID: keys.ClientID, ClientSecret: bitrix.Secret(keys.ClientSecret),
		AuthServers: []string{p.AuthURL()}, HTTPClient: bitrixtest.HTTPClient(),
	}}
}

func (b beside) source(user int) bitrix.TokenSource {
	pair := b.Token(b.app.ClientID, user)
	return b.app.Renewing(bitrix.Token{
		Access: bitrix.Secret(pair.Access), Refresh: bitrix.Secret(pair.Refresh), MemberID: bitrix.MemberID(b.MemberID()), UserID: bitrix.UserID(user),
	}, nil)
}

func (b beside) viewer(user int) bitrix.Viewer { return b.app.Viewer(b.RESTURL(), b.source(user)) }

func (b beside) installation() bitrix.Installation {
	return b.app.Installation(b.RESTURL(), b.source(1))
}

func TestWhatThePortalAnswersIsReadAsItIs(t *testing.T) {
	p := besidePortal(t)
	ivan := p.viewer(15)
	item, err := ivan.Item(t.Context(), deal77)
	must(t, err)
	if item.Responsible != 15 || !slices.Equal(item.Observers, []bitrix.UserID{22}) || !slices.Equal(item.Contacts, []int64{31}) || item.Company != 12 {
		t.Errorf("got deal %+v", item)
	}
	chats, err := ivan.Chats(t.Context(), deal77, false)
	must(t, err)
	if len(chats) != 2 || chats[0].ID != 1763 || chats[1].ID != 1701 || chats[0].Connector != "telegrambot" || chats[0].ConnectorTitle == "" {
		t.Errorf("got chats %+v", chats)
	}
	last, err := ivan.LastChat(t.Context(), deal77)
	must(t, err)
	dialog, err := ivan.Dialog(t.Context(), last)
	must(t, err)
	if dialog.Operator != 15 || dialog.Line != 5 || dialog.Customer != 431 || dialog.SessionID == 0 || dialog.Role != "owner" ||
		dialog.Primary != deal77 || !slices.Contains(dialog.Items, contact31) || dialog.UserCount != 2 || dialog.LastMessage == 0 {
		t.Errorf("got dialog %+v", dialog)
	}
	found, err := ivan.SearchUsers(t.Context(), bitrix.UserSearch{Query: "pav", Limit: 5})
	must(t, err)
	if len(found) != 1 || found[0].ID != 23 || !found[0].Active || found[0].External() {
		t.Errorf("got %+v for pav", found)
	}
	people, err := ivan.Users(t.Context(), []bitrix.UserID{23, 30, 40, 50, 431, 999})
	must(t, err)
	kinds := map[bitrix.UserID][4]bool{}
	for _, u := range people {
		kinds[u.ID] = [4]bool{u.Active, u.External(), u.Bot, u.Connector}
	}
	want := map[bitrix.UserID][4]bool{23: {true}, 30: {}, 40: {true, true}, 50: {true, false, true}, 431: {true, false, false, true}}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Errorf("active, external, bot, customer (-want +got):\n%s", diff)
	}
	me, err := ivan.Profile(t.Context())
	must(t, err)
	app, err := ivan.AppInfo(t.Context())
	must(t, err)
	if me.ID != 15 || me.Admin || app.Code != p.app.ClientID || !app.Installed {
		t.Errorf("got %+v, %+v", me, app)
	}
}

func TestEveryRefusalOfAnAddHasAnErrorOfItsOwn(t *testing.T) {
	for name, c := range map[string]struct {
		caller int
		item   bitrix.CRMItem
		chat   bitrix.ChatID
		user   bitrix.UserID
		want   error
	}{
		"in the queue":                  {15, deal77, 1763, 23, nil},
		"not in the queue":              {15, deal77, 1763, 22, bitrix.ErrHistoryDenied},
		"not in the queue, by an admin": {1, deal77, 1763, 22, nil},
		"the caller may not read it":    {22, bitrix.CRMItem{Type: bitrix.Deal, ID: 78}, 1780, 23, bitrix.ErrCallerDenied},
		"the colleague may not read it": {1, deal77, 1763, 40, bitrix.ErrColleagueDenied},
		"a bot":                         {1, deal77, 1763, 50, bitrix.ErrColleagueDenied},
		"dismissed":                     {1, deal77, 1763, 30, bitrix.ErrUserNotActive},
		"nobody":                        {1, deal77, 1763, 999, bitrix.ErrUserNotActive},
		"finished":                      {1, deal77, 1701, 23, bitrix.ErrChatNotInCRM},
		"not accepted":                  {1, bitrix.CRMItem{Type: bitrix.Deal, ID: 78}, 1780, 23, bitrix.ErrChatNotInCRM},
		"connector off":                 {1, bitrix.CRMItem{Type: bitrix.Deal, ID: 79}, 1790, 23, bitrix.ErrChatNotInCRM},
		"the chat of another item":      {1, deal77, 1770, 23, bitrix.ErrChatNotInCRM},
		"no item":                       {1, bitrix.CRMItem{}, 1763, 23, bitrix.ErrArgument},
		"no chat":                       {1, deal77, 0, 23, bitrix.ErrArgument},
	} {
		t.Run(name, func(t *testing.T) {
			p := besidePortal(t)
			before := p.Participants(int(c.chat))
			_, err := p.viewer(c.caller).AddUser(t.Context(), c.item, c.chat, c.user)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			is := func(target error) bool { return errors.Is(err, target) }
			ladder := []error{bitrix.ErrCallerDenied, bitrix.ErrColleagueDenied, bitrix.ErrHistoryDenied, bitrix.ErrUserNotActive, bitrix.ErrChatNotInCRM, bitrix.ErrArgument}
			if n := len(slices.DeleteFunc(ladder, func(e error) bool { return !is(e) })); c.want != nil && n != 1 {
				t.Errorf("%v means %d things, want one", err, n)
			}
			after := p.Participants(int(c.chat))
			if added := len(after) - len(before); (added == 1) != (c.want == nil) {
				t.Errorf("the chat held %v and holds %v", before, after)
			}
		})
	}
}

func TestACommandOfABatchIsRefusedAsASingleCallIs(t *testing.T) {
	p := besidePortal(t)
	b := bitrix.NewBatch()
	b.Reads = true
	b.Chats("own", deal77, true)
	b.Chats("foreign", bitrix.CRMItem{Type: bitrix.Deal, ID: 78}, true)
	b.Item("missing", bitrix.CRMItem{Type: bitrix.Deal, ID: 99999})
	b.Dialog("unseen", 999999)
	b.LastChat("none", bitrix.CRMItem{Type: bitrix.Company, ID: 12})
	b.SearchUsers("found", bitrix.UserSearch{Query: "olga"})
	b.Profile("me")
	b.AppInfo("app")
	r, err := p.viewer(15).Batch(t.Context(), b)
	must(t, err)
	for key, want := range map[string]error{
		"own": nil, "foreign": bitrix.ErrAccessDenied, "missing": bitrix.ErrNotFound, "unseen": bitrix.ErrDialogAccess,
		"none": bitrix.ErrNoChat, "found": nil, "me": nil, "app": nil,
	} {
		if err := r.Err(key); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", key, err, want)
		}
	}
}

func TestAnInstallationBindsListsAndUnbinds(t *testing.T) {
	p := besidePortal(t)
	admin := p.installation()
	tab := bitrix.PlacementBinding{
		Placement: "CRM_DEAL_DETAIL_TAB", Handler: "http://joinline.localhost/app",
		Titles: map[string]string{"en": "Colleagues", "ru": "Коллеги"}, Descriptions: map[string]string{"en": "Bring people in"},
	}
	must(t, admin.BindPlacement(t.Context(), tab))
	must(t, admin.BindPlacement(t.Context(), tab)) // again is no error
	bound, err := admin.Placements(t.Context())
	must(t, err)
	if len(bound) != 1 || bound[0].Placement != tab.Placement || bound[0].Handler != tab.Handler ||
		bound[0].Titles["ru"] != "Коллеги" || bound[0].Descriptions["en"] != "Bring people in" {
		t.Errorf("got %+v", bound)
	}
	must(t, admin.BindEvent(t.Context(), "ONAPPUNINSTALL", "http://joinline.localhost/event"))
	must(t, admin.BindEvent(t.Context(), "ONAPPUNINSTALL", "http://joinline.localhost/event"))
	events, err := admin.Events(t.Context())
	must(t, err)
	if len(events) != 1 || events[0].Event != "ONAPPUNINSTALL" || events[0].Handler != "http://joinline.localhost/event" {
		t.Errorf("got %+v", events)
	}
	must(t, admin.UnbindPlacement(t.Context(), tab.Placement, tab.Handler))
	must(t, admin.UnbindPlacement(t.Context(), tab.Placement, tab.Handler)) // again is no error
	must(t, admin.UnbindEvent(t.Context(), "ONAPPUNINSTALL", "http://joinline.localhost/event"))
	if len(p.Placements()) != 0 || len(p.EventHandlers()) != 0 {
		t.Errorf("the portal still holds %v and %v", p.Placements(), p.EventHandlers())
	}
}

func TestACodeIsTradedOnceAndTheTokenProvenByItsServer(t *testing.T) {
	p := besidePortal(t)
	code := p.Code(p.app.ClientID, 15)
	token, err := p.app.Exchange(t.Context(), "", code)
	must(t, err)
	if token.MemberID != bitrix.MemberID(p.MemberID()) || token.UserID != 15 || token.Endpoint != p.RESTURL() || token.Refresh == "" {
		t.Errorf("got %+v", token)
	}
	if _, err := p.app.Exchange(t.Context(), "", code); !errors.Is(err, bitrix.ErrInvalidGrant) {
		t.Errorf("a code was good twice: %v", err)
	}
	grant, err := p.app.Inspect(t.Context(), p.AuthURL(), token.Access)
	must(t, err)
	if grant.MemberID != token.MemberID || grant.Endpoint != p.RESTURL() || grant.UserID != 15 || grant.ClientID != p.app.ClientID {
		t.Errorf("got %+v", grant)
	}
	other := p.Register(bitrixtest.App{Name: "Other", HandlerURL: "http://other.localhost/", Scopes: []string{"crm"}})
	foreign := p.Token(other.ClientID, 15)
	if _, err := p.app.Inspect(t.Context(), "", bitrix.Secret(foreign.Access)); !errors.Is(err, bitrix.ErrForeignToken) {
		t.Errorf("another application's token was taken for ours: %v", err)
	}
	if _, err := p.app.Inspect(t.Context(), "https://attacker.example", token.Access); !errors.Is(err, bitrix.ErrUntrustedServer) {
		t.Errorf("a stranger was asked: %v", err)
	}
}

func TestAnExpiredTokenIsRotatedOnceForAllWhoHoldIt(t *testing.T) {
	p := besidePortal(t)
	source := p.source(15)
	before := p.Refreshes()
	p.ExpireTokens(15)
	results := make(chan error)
	for range 8 {
		go func() {
			_, err := p.app.Viewer(p.RESTURL(), source).Profile(context.Background())
			results <- err
		}()
	}
	for range 8 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if n := p.Refreshes() - before; n != 1 {
		t.Errorf("the pair was refreshed %d times, want once", n)
	}
}

func TestWhatThePortalPostsIsParsed(t *testing.T) {
	p := besidePortal(t)
	posted := p.Launch(p.app.ClientID, 15, "CRM_DEAL_DETAIL_TAB", `{"ID":"77"}`)
	r := httptest.NewRequest(http.MethodPost, posted.URL, strings.NewReader(posted.Form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	l, err := bitrix.ParseLaunch(r)
	must(t, err)
	kind, _ := l.CardType()
	if string(l.MemberID) != p.MemberID() || l.Access == "" || l.Refresh == "" || kind != bitrix.Deal || l.Options["ID"] != "77" || l.Origin() != p.URL() {
		t.Errorf("got %+v", l)
	}

	events := make(chan bitrix.Event, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		e, err := bitrix.ParseEvent(r)
		if err != nil {
			t.Error(err)
		}
		events <- e
	}))
	t.Cleanup(receiver.Close)
	must(t, p.installation().BindEvent(t.Context(), "ONAPPUNINSTALL", receiver.URL))
	p.Uninstall(p.app.ClientID, true)
	must(t, p.DeliverEvents(t.Context()))
	e := <-events
	if e.Name != "ONAPPUNINSTALL" || string(e.MemberID) != p.MemberID() || !e.Clean || e.ApplicationToken == "" || time.Since(e.Time) > time.Hour {
		t.Errorf("got %+v", e)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
