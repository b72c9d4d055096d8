package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

const (
	acme  bitrix.MemberID = "00000000000000000000000000000001"
	other bitrix.MemberID = "00000000000000000000000000000002"
)

var moment = time.Date(2026, 9, 21, 12, 0, 0, 123456000, time.UTC)

func installation(member bitrix.MemberID) app.Installation {
	return app.Installation{
		Member: member, Portal: "https://acme.example", Endpoint: "https://acme.example/rest/", Server: "https://oauth.example",
		ClientID: "local.1", Installer: 1, ApplicationToken: "application-token", Updated: moment,
	}
}

func token(member bitrix.MemberID, user bitrix.UserID, n int) bitrix.Token {
	return bitrix.Token{
		Access: bitrix.Secret(fmt.Sprintf("access-%d-%d", user, n)), Refresh: bitrix.Secret(fmt.Sprintf("refresh-%d-%d", user, n)),
		Expiry: moment.Add(time.Hour), MemberID: member, UserID: user, Scope: []string{"crm", "im"},
		Endpoint: "https://acme.example/rest/", Server: "https://oauth.example",
	}
}

func viewerKey(user bitrix.UserID) app.TokenKey {
	return app.TokenKey{Member: acme, Role: app.AsViewer, User: user}
}

var installerKey = app.TokenKey{Member: acme, Role: app.AsInstallation, User: 1}

// conformance is what every app.Store must do, whichever database it stands
// on. Open returns an empty one.
func conformance(t *testing.T, open func(t *testing.T) app.Store) {
	for name, test := range map[string]func(*testing.T, context.Context, app.Store){
		"an unknown portal is not installed":                                     unknownPortal,
		"what was saved is what is read":                                         roundTrip,
		"installing again keeps the first time and the viewers' tokens":          again,
		"installing under other keys drops the viewers' tokens":                  otherKeys,
		"another administrator's installation replaces the token":                otherInstaller,
		"a removed portal has no tokens and takes none":                          uninstall,
		"a forgotten portal leaves nothing":                                      forget,
		"a doubted removal changes nothing but the doubt":                        doubt,
		"when an event came stays until it comes again":                          eventSeen,
		"the database tells what it is and that it takes changes":                database,
		"a saved token replaces the one before it and nobody else's":             tokens,
		"portals do not see each other":                                          separate,
		"many writers at once lose nothing":                                      concurrent,
		"a cancelled context changes nothing":                                    cancelled,
		"the application token of an installed portal can be replaced":           applicationToken,
		"one of many gets the lease on a pair, and the next one after its end":   leases,
		"a lease ends by time, and the next holder learns that it was left":      leftLease,
		"a renewed pair takes the place of the old one only":                     replaced,
		"the keys of applications are kept, replaced and listed":                 registrations,
		"removed keys take their portals with them":                              unregistered,
		"the address of an installed portal can be replaced":                     address,
		"a person's habits are their own and go with the portal":                 habits,
		"many changes of habits at once lose none":                               habitsAtOnce,
		"an errand is kept for its portal and goes with it":                      errands,
		"errands that are over or too many make place for new ones":              manyErrands,
		"a squad is kept for its portal and goes with it":                        squads,
		"a person sees their own squads and those that are shared":               seenSquads,
		"a directory replaces the one before it and goes with the portal":        directories,
		"one of many may read the staff, until its time is over":                 readings,
		"a wish is kept for its person and goes with the portal":                 wishes,
		"wishes are held by one at a time":                                       leasedWishes,
		"of many at once each wish goes to one":                                  wishesAtOnce,
		"a journal keeps what was begun and what became of it":                   entries,
		"a journal is searched by whatever an entry says":                        filteredEntries,
		"pages of a journal hold each entry once, whatever is written meanwhile": pagedEntries,
		"old entries go with their names, and nobody else's":                     prunedEntries,
		"people are noted as told of their own adds":                             notedEntries,
		"a name of too many people is refused":                                   manyNames,
		"a policy is its portal's, replaces the one it was made from and goes":   policies,
		"of policies made from the same one, one is kept":                        policiesAtOnce,
		"installed portals are listed oldest first, without those that are gone": list,
	} {
		t.Run(name, func(t *testing.T) { test(t, t.Context(), open(t)) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantToken(t *testing.T, s app.Store, key app.TokenKey, want bitrix.Token) {
	t.Helper()
	got, err := s.Token(t.Context(), key)
	must(t, err)
	// Secrets print redacted, and empty ones equal nothing: compare the text.
	reveal := cmp.Transformer("Reveal", func(s bitrix.Secret) []string { return []string{s.Reveal()} })
	if d := cmp.Diff(want, got, reveal); d != "" {
		t.Errorf("token of %v: %s", key, d)
	}
}

func wantNoToken(t *testing.T, s app.Store, key app.TokenKey) {
	t.Helper()
	if got, err := s.Token(t.Context(), key); !errors.Is(err, app.ErrNoToken) {
		t.Errorf("token of %v: %v, %v; want ErrNoToken", key, got, err)
	}
}

func unknownPortal(t *testing.T, ctx context.Context, s app.Store) {
	if i, err := s.Installation(ctx, acme); !errors.Is(err, app.ErrNotInstalled) || i != (app.Installation{}) {
		t.Errorf("Installation = %+v, %v", i, err)
	}
	if err := s.SaveToken(ctx, viewerKey(15), token(acme, 15, 1)); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("SaveToken = %v", err)
	}
	if err := s.SetApplicationToken(ctx, acme, "x"); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("SetApplicationToken = %v", err)
	}
	must(t, s.Uninstall(ctx, acme, moment))
	must(t, s.Forget(ctx, acme))
	wantNoToken(t, s, viewerKey(15))
}

func roundTrip(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	got, err := s.Installation(ctx, acme)
	must(t, err)
	want := installation(acme)
	want.Installed = moment
	if got != want {
		t.Errorf("got %+v (application token %q)", got, got.ApplicationToken.Reveal())
	}
	wantToken(t, s, installerKey, token(acme, 1, 1))
	wantNoToken(t, s, viewerKey(1))
}

func again(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveToken(ctx, viewerKey(15), token(acme, 15, 1)))
	i := installation(acme)
	i.Updated, i.Portal, i.ApplicationToken = moment.Add(time.Minute), "https://new.example", "another"
	must(t, s.SaveInstallation(ctx, i, token(acme, 1, 2)))
	i.Installed = moment
	if got, err := s.Installation(ctx, acme); err != nil || got != i {
		t.Errorf("got %+v, %v", got, err)
	}
	wantToken(t, s, installerKey, token(acme, 1, 2))
	wantToken(t, s, viewerKey(15), token(acme, 15, 1))
}

func otherKeys(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveToken(ctx, viewerKey(15), token(acme, 15, 1)))
	i := installation(acme)
	i.ClientID = "local.2"
	must(t, s.SaveInstallation(ctx, i, token(acme, 1, 2)))
	wantNoToken(t, s, viewerKey(15))
	wantToken(t, s, installerKey, token(acme, 1, 2))
}

func otherInstaller(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	i := installation(acme)
	i.Installer = 2
	must(t, s.SaveInstallation(ctx, i, token(acme, 2, 1)))
	wantNoToken(t, s, installerKey)
	wantToken(t, s, app.TokenKey{Member: acme, Role: app.AsInstallation, User: 2}, token(acme, 2, 1))
}

func uninstall(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveToken(ctx, viewerKey(15), token(acme, 15, 1)))
	must(t, s.Uninstall(ctx, acme, moment.Add(time.Hour)))
	got, err := s.Installation(ctx, acme)
	must(t, err)
	if !got.Removed.Equal(moment.Add(time.Hour)) || got.ApplicationToken != "" {
		t.Errorf("got %+v", got)
	}
	wantNoToken(t, s, installerKey)
	wantNoToken(t, s, viewerKey(15))
	if err := s.SaveToken(ctx, viewerKey(15), token(acme, 15, 2)); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("SaveToken = %v", err)
	}
	wantNoToken(t, s, viewerKey(15))
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 3)))
	if got, err = s.Installation(ctx, acme); err != nil || !got.Removed.IsZero() || !got.Installed.Equal(moment) {
		t.Errorf("installed again: %+v, %v", got, err)
	}
	wantToken(t, s, installerKey, token(acme, 1, 3))
	wantNoToken(t, s, viewerKey(15))
}

func doubt(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.Doubt(ctx, acme, moment, true)) // of nobody
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveToken(ctx, viewerKey(15), token(acme, 15, 1)))
	want, err := s.Installation(ctx, acme)
	must(t, err)
	check := func(doing string, since time.Time, clean bool) {
		t.Helper()
		want.Doubted, want.DoubtedClean = since, clean
		if got, err := s.Installation(ctx, acme); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", doing, got, err)
		}
	}
	must(t, s.Doubt(ctx, acme, moment, true))
	check("doubted", moment, true)
	wantToken(t, s, installerKey, token(acme, 1, 1))
	wantToken(t, s, viewerKey(15), token(acme, 15, 1))
	must(t, s.Doubt(ctx, acme, time.Time{}, false))
	check("taken back", time.Time{}, false)
	must(t, s.Doubt(ctx, acme, moment, false))
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 2)))
	check("installed again", time.Time{}, false)
	must(t, s.Doubt(ctx, acme, moment, true))
	must(t, s.Uninstall(ctx, acme, moment))
	want.Removed, want.ApplicationToken = moment, ""
	check("removed", time.Time{}, false)
	must(t, s.Doubt(ctx, acme, moment, true))
	check("doubted after that", time.Time{}, false)
}

func eventSeen(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SawEvent(ctx, acme, moment)) // of nobody
	unknownPortal(t, ctx, s)
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	check := func(doing string, want time.Time) {
		t.Helper()
		if got, err := s.Installation(ctx, acme); err != nil || !got.EventSeen.Equal(want) {
			t.Errorf("%s: got %v, %v, want %v", doing, got.EventSeen, err, want)
		}
	}
	check("installed", time.Time{})
	must(t, s.SawEvent(ctx, acme, moment))
	check("an event came", moment)
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 2)))
	check("installed again", moment)
	must(t, s.SawEvent(ctx, acme, moment.Add(time.Hour)))
	check("another came", moment.Add(time.Hour))
}

func database(t *testing.T, ctx context.Context, s app.Store) {
	got, err := s.Database(ctx)
	must(t, err)
	if got.Kind != "SQLite" && got.Kind != "PostgreSQL" || !regexp.MustCompile(`^\d+(\.\d+)+$`).MatchString(got.Version) || !got.Writable {
		t.Errorf("got %+v", got)
	}
}

func forget(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveToken(ctx, viewerKey(15), token(acme, 15, 1)))
	must(t, s.Forget(ctx, acme))
	unknownPortal(t, ctx, s)
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 2)))
	wantNoToken(t, s, viewerKey(15))
}

func tokens(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveToken(ctx, viewerKey(1), token(acme, 1, 7)))
	must(t, s.SaveToken(ctx, viewerKey(15), token(acme, 15, 1)))
	must(t, s.SaveToken(ctx, viewerKey(15), token(acme, 15, 2)))
	wantToken(t, s, viewerKey(15), token(acme, 15, 2))
	wantToken(t, s, viewerKey(1), token(acme, 1, 7))
	wantToken(t, s, installerKey, token(acme, 1, 1))
	unknown := bitrix.Token{Access: "a", MemberID: acme, UserID: 16, Endpoint: "https://acme.example/rest/", Server: "https://oauth.example"}
	must(t, s.SaveToken(ctx, viewerKey(16), unknown))
	wantToken(t, s, viewerKey(16), unknown)
}

func separate(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	elsewhere := installation(other)
	elsewhere.Endpoint, elsewhere.Server = "https://other.example/rest/", "https://oauth.other"
	must(t, s.SaveInstallation(ctx, elsewhere, token(other, 1, 9)))
	wantToken(t, s, installerKey, token(acme, 1, 1))
	wantNoToken(t, s, app.TokenKey{Member: other, Role: app.AsViewer, User: 15})
	got, err := s.Token(ctx, app.TokenKey{Member: other, Role: app.AsInstallation, User: 1})
	must(t, err)
	if got.Endpoint != elsewhere.Endpoint || got.Server != elsewhere.Server || got.Access.Reveal() != "access-1-9" {
		t.Errorf("got endpoint %s, server %s", got.Endpoint, got.Server)
	}
	must(t, s.Forget(ctx, other))
	wantToken(t, s, installerKey, token(acme, 1, 1))
}

func concurrent(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	var group sync.WaitGroup
	for user := bitrix.UserID(10); user < 18; user++ {
		group.Go(func() {
			for n := range 25 {
				if err := s.SaveToken(ctx, viewerKey(user), token(acme, user, n)); err != nil {
					t.Error(err)
				}
				if got, err := s.Token(ctx, viewerKey(user)); err != nil || got.Access.Reveal() != fmt.Sprintf("access-%d-%d", user, n) {
					t.Errorf("read back %q, %v", got.Access.Reveal(), err)
				}
				if n%5 == 0 {
					if err := s.SaveInstallation(ctx, installation(acme), token(acme, 1, n)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	for user := bitrix.UserID(10); user < 18; user++ {
		wantToken(t, s, viewerKey(user), token(acme, user, 24))
	}
}

func cancelled(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	over, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.SaveInstallation(over, installation(other), token(other, 1, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("SaveInstallation = %v", err)
	}
	if err := s.Uninstall(over, acme, moment); !errors.Is(err, context.Canceled) {
		t.Errorf("Uninstall = %v", err)
	}
	if _, err := s.Installation(ctx, other); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("Installation = %v", err)
	}
	wantToken(t, s, installerKey, token(acme, 1, 1))
}

func address(t *testing.T, ctx context.Context, s app.Store) {
	if err := s.SetAddress(ctx, acme, "https://new.example", "https://new.example/rest/"); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("got %v for an unknown portal, want %v", err, app.ErrNotInstalled)
	}
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SaveInstallation(ctx, installation(other), token(other, 1, 1)))
	must(t, s.SetAddress(ctx, acme, "https://new.example", "https://new.example/rest/"))
	i, err := s.Installation(ctx, acme)
	must(t, err)
	kept, err := s.Token(ctx, installerKey)
	must(t, err)
	if i.Portal != "https://new.example" || i.Endpoint != "https://new.example/rest/" || kept.Endpoint != i.Endpoint {
		t.Errorf("the store holds %+v and a token for %s", i, kept.Endpoint)
	}
	if i, err = s.Installation(ctx, other); err != nil || i.Portal != "https://acme.example" {
		t.Errorf("another portal has the address %s, %v", i.Portal, err)
	}
}

func applicationToken(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	must(t, s.SetApplicationToken(ctx, acme, "learnt later"))
	if got, err := s.Installation(ctx, acme); err != nil || got.ApplicationToken.Reveal() != "learnt later" {
		t.Errorf("got %q, %v", got.ApplicationToken.Reveal(), err)
	}
}

func list(t *testing.T, ctx context.Context, s app.Store) {
	if all, err := s.Installations(ctx); err != nil || len(all) != 0 {
		t.Errorf("empty: %v, %v", all, err)
	}
	late := installation(acme)
	late.Updated = moment.Add(time.Hour)
	must(t, s.SaveInstallation(ctx, late, token(acme, 1, 1)))
	must(t, s.SaveInstallation(ctx, installation(other), token(other, 1, 1)))
	all, err := s.Installations(ctx)
	must(t, err)
	if len(all) != 2 || all[0].Member != other || all[1].Member != acme {
		t.Errorf("got %+v", all)
	}
	must(t, s.Uninstall(ctx, other, moment))
	if all, err = s.Installations(ctx); err != nil || len(all) != 1 || all[0].Member != acme {
		t.Errorf("after one was removed: %+v, %v", all, err)
	}
}

func registration(clientID string) app.Registration {
	return app.Registration{ClientID: clientID, ClientSecret: bitrix.Secret("secret of " + clientID), Portal: "acme.example", Added: moment}
}

func wantRegistration(t *testing.T, got, want app.Registration) {
	t.Helper()
	if got.ClientID != want.ClientID || got.ClientSecret.Reveal() != want.ClientSecret.Reveal() || got.Portal != want.Portal || !got.Added.Equal(want.Added) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func registrations(t *testing.T, ctx context.Context, s app.Store) {
	if _, err := s.Registration(ctx, "local.1"); !errors.Is(err, app.ErrUnregistered) {
		t.Errorf("Registration = %v, want ErrUnregistered", err)
	}
	late := registration("local.1")
	late.Added = moment.Add(time.Hour)
	must(t, s.SaveRegistration(ctx, late))
	must(t, s.SaveRegistration(ctx, registration("local.2")))
	got, err := s.Registration(ctx, "local.1")
	must(t, err)
	wantRegistration(t, got, late)
	changed := app.Registration{ClientID: "local.1", ClientSecret: "another", Added: moment.Add(2 * time.Hour)}
	must(t, s.SaveRegistration(ctx, changed))
	changed.Added = late.Added
	all, err := s.Registrations(ctx)
	must(t, err)
	if len(all) != 2 {
		t.Fatalf("got %+v", all)
	}
	wantRegistration(t, all[0], registration("local.2"))
	wantRegistration(t, all[1], changed)
}

func unregistered(t *testing.T, ctx context.Context, s app.Store) {
	must(t, s.SaveRegistration(ctx, registration("local.1")))
	must(t, s.SaveRegistration(ctx, registration("local.2")))
	must(t, s.SaveInstallation(ctx, installation(acme), token(acme, 1, 1)))
	elsewhere := installation(other)
	elsewhere.ClientID = "local.2"
	must(t, s.SaveInstallation(ctx, elsewhere, token(other, 1, 1)))
	must(t, s.RemoveRegistration(ctx, "local.2"))
	if _, err := s.Registration(ctx, "local.2"); !errors.Is(err, app.ErrUnregistered) {
		t.Errorf("Registration = %v, want ErrUnregistered", err)
	}
	if _, err := s.Installation(ctx, other); !errors.Is(err, app.ErrNotInstalled) {
		t.Errorf("Installation = %v, want ErrNotInstalled", err)
	}
	wantNoToken(t, s, app.TokenKey{Member: other, Role: app.AsInstallation, User: 1})
	wantToken(t, s, installerKey, token(acme, 1, 1))
	if err := s.RemoveRegistration(ctx, "local.3"); !errors.Is(err, app.ErrUnregistered) {
		t.Errorf("RemoveRegistration = %v, want ErrUnregistered", err)
	}
}
