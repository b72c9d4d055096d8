package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/bitrix"
)

// event takes what the portal's server tells. Nobody reads the answer but that
// server, which looks at the status.
func (s *server) event(c echo.Context) error {
	e, err := bitrix.ParseEvent(c.Request())
	if err != nil {
		return err
	}
	if err := s.takeDesk(c, e.MemberID); err != nil {
		return err
	}
	if err := s.app.HandleEvent(c.Request().Context(), e); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
