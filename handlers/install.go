package handlers

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// install answers the launch of the installation page: it installs, and the
// page tells the portal that this is done.
func (s *server) install(c echo.Context) error {
	l, err := s.parseLaunch(c)
	if err != nil {
		return err
	}
	return s.installed(c, l)
}

// installAgain repeats an installation that failed.
func (s *server) installAgain(c echo.Context) error {
	l, err := s.launchAgain(c, "/install/again")
	if err != nil {
		return err
	}
	return s.installed(c, l)
}

func (s *server) installed(c echo.Context, l bitrix.Launch) error {
	at := sceneOf(c)
	at.speak(l.Language)
	if err := s.takeDesk(c, l.MemberID); err != nil {
		s.showPoster(c)
		s.offerAgain(at, l, "/install/again", "press")
		return err
	}
	i, err := s.app.Install(c.Request().Context(), l)
	if portal := s.installFrame(c, i.Portal, l); portal != "" {
		s.within(at, portal)
	}
	if err != nil {
		s.offerAgain(at, l, "/install/again", "press")
		if errors.Is(err, app.ErrForged) {
			err = fmt.Errorf("%w: %w", errForeignKeys, err)
		}
		return err
	}
	at.visit.Member, at.visit.Viewer = i.Member, i.Installer
	w := at.words
	return s.show(c, http.StatusOK, views.InstalledPage(views.Installed{
		Page: s.page(at, w.Say("installed.title")), Tab: w.Say("placement.title"),
	}))
}

// installFrame is the origin that may frame the installation page: the proven
// portal. Before anything is proven the administrator must still read what is
// wrong, wrong keys above all, so then it is the page that posted the launch.
// What is shown to it holds nothing but that.
func (s *server) installFrame(c echo.Context, proven string, l bitrix.Launch) string {
	if proven != "" {
		return proven
	}
	if origin := c.Request().Header.Get(echo.HeaderOrigin); sameOrigin(origin, l) {
		return origin
	}
	return ""
}
