package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"
)

// renew answers the page's script, which got new tokens from the portal, with
// a fresh visit of the same person at the same item.
func (s *server) renew(c echo.Context) error {
	f, err := form(c)
	if err != nil {
		return err
	}
	v, err := s.visit(c, f)
	if err != nil && !errors.Is(err, errVisitEnded) {
		return err
	}
	if s.now().Sub(v.Until) > renewLife {
		return errVisitEnded
	}
	fresh, err := freshTokens(f)
	if err != nil {
		return err
	}
	fresh.MemberID, fresh.Language = v.Member, v.Language
	renewed, err := s.app.Renew(c.Request().Context(), v.Visit, fresh)
	if err != nil {
		return err
	}
	next, err := s.begin(c, renewed)
	if err != nil {
		return err
	}
	next.Spoken = v.Spoken
	text, err := s.sealed(next)
	if err != nil {
		return err
	}
	s.leaveDesk(sceneOf(c))
	return c.JSON(http.StatusOK, map[string]string{"visit": text})
}
