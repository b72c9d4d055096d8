package app_test

import (
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestWhoeverInstalledMayLoseTheirPlace(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(t *testing.T, j *joinline)
		want    error
	}{
		"nothing happened":  {func(*testing.T, *joinline) {}, nil},
		"the token expired": {func(_ *testing.T, j *joinline) { j.portal.ExpireTokens(admin) }, nil},
		"dismissed":         {func(_ *testing.T, j *joinline) { j.portal.Do(func(w *bitrixtest.World) { w.Dismiss(admin) }) }, app.ErrNoAccess},
		"no longer an admin": {func(_ *testing.T, j *joinline) {
			j.portal.Do(func(w *bitrixtest.World) { w.Users[admin].Admin = false })
		}, app.ErrNotAdmin},
		"the refresh is dead": {func(t *testing.T, j *joinline) { j.refreshElsewhere(t); j.portal.ExpireTokens(admin) }, app.ErrNoToken},
	} {
		t.Run(name, func(t *testing.T) {
			j := installed(t)
			c.happens(t, j)
			err := j.Caretaker(t.Context(), bitrix.MemberID(j.portal.MemberID()))
			if c.want == nil {
				must(t, err)
				return
			}
			wantErr(t, err, c.want)

			// Cards go on, and another administrator takes over.
			_, _, err = j.Open(t.Context(), j.card(t, ivan, deal77))
			must(t, err)
			j.portal.Do(func(w *bitrixtest.World) { w.Users[elena].Admin = true })
			_, err = j.Install(t.Context(), j.launch(t, elena, "DEFAULT", ""))
			must(t, err)
			must(t, j.Caretaker(t.Context(), bitrix.MemberID(j.portal.MemberID())))
		})
	}
}

// refreshElsewhere spends the installation's refresh token without Joinline.
func (j *joinline) refreshElsewhere(t *testing.T) {
	t.Helper()
	kept, err := j.store.Token(t.Context(), app.TokenKey{Member: bitrix.MemberID(j.portal.MemberID()), Role: app.AsInstallation, User: admin})
	must(t, err)
	elsewhere := &bitrix.Application{
		ClientID: j.config.ClientID, ClientSecret: j.config.ClientSecret, AuthServers: j.config.AuthServers, HTTPClient: bitrixtest.HTTPClient(),
	}
	_, err = elsewhere.Refresh(t.Context(), kept)
	must(t, err)
}
