package handlers

import (
	"errors"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// open answers the portal's launch: the card of a CRM item, or the page of the
// application in the portal's menu.
func (s *server) open(c echo.Context) error {
	l, err := s.parseLaunch(c)
	if err != nil {
		return err
	}
	return s.launched(c, l, "now")
}

// parseLaunch reads a launch. One without a token is read too: what becomes of
// it is decided where its portal is known. Of a malformed one only the page
// that posted it is known, and that page may show what is wrong with it.
func (s *server) parseLaunch(c echo.Context) (bitrix.Launch, error) {
	l, err := bitrix.ParseLaunch(c.Request())
	if err == nil || errors.Is(err, bitrix.ErrNoToken) {
		return l, nil
	}
	s.showPoster(c)
	return l, err
}

// showPoster lets the page that posted a launch show the answer, which says
// nothing but why there is none.
func (s *server) showPoster(c echo.Context) {
	q := c.Request().URL.Query()
	claimed := bitrix.Launch{Domain: q.Get("DOMAIN"), Secure: q.Get("PROTOCOL") == "1"}
	if origin := c.Request().Header.Get(echo.HeaderOrigin); sameOrigin(origin, claimed) {
		s.within(sceneOf(c), origin)
	}
}

// openAgain repeats a launch that an error page holds.
func (s *server) openAgain(c echo.Context) error {
	l, err := s.launchAgain(c, "/app/again")
	if err != nil {
		return err
	}
	return s.launched(c, l, "press")
}

// launchAgain reads a held launch and offers to hold it once more.
func (s *server) launchAgain(c echo.Context, url string) (bitrix.Launch, error) {
	f, err := form(c)
	if err != nil {
		return bitrix.Launch{}, err
	}
	l, parent, err := s.heldAgain(f)
	at := sceneOf(c)
	at.speak(l.Language)
	s.within(at, parent)
	if parent != "" {
		s.offerAgain(at, l, url, "press")
	}
	return l, err
}

// launched shows what a launch opens. How fresh tokens are asked for, if they
// turn out to be needed, says refresh: see views.Action.
func (s *server) launched(c echo.Context, l bitrix.Launch, refresh string) error {
	at := sceneOf(c)
	at.speak(l.Language)
	if err := s.takeDesk(c, l.MemberID); err != nil {
		s.showPoster(c)
		s.offerAgain(at, l, "/app/again", "press")
		return err
	}
	v, card, err := s.app.Open(c.Request().Context(), l)
	at.visit = v
	s.within(at, s.frameOf(c, v.Portal, l, err))
	switch {
	case errors.Is(err, app.ErrNotInstalled):
		// The portal may believe that we are: then only this page can help.
		s.offerAgain(at, l, "/install/again", "press")
		return err
	case err != nil:
		s.offerAgain(at, l, "/app/again", refresh)
		return err
	case !s.postedWithin(c, v.Portal):
		return errCrossSite
	case v.Item.IsZero():
		return s.home(c, v, l, refresh)
	}
	pv, err := s.begin(c, v)
	if err != nil {
		return err
	}
	return s.showCard(c, pv, card, chosen{})
}

// frameOf is the origin that may frame the answer to a launch. That is the
// proven portal. Where nothing is proven, because nobody installed us there or
// the servers that could prove it do not answer, it is the page that posted
// the launch, if that is where the launch claims to come from: the answer then
// only says what is the matter. A forged launch is shown nowhere.
func (s *server) frameOf(c echo.Context, proven string, l bitrix.Launch, err error) string {
	if proven != "" {
		return proven
	}
	origin := c.Request().Header.Get(echo.HeaderOrigin)
	if err == nil || errors.Is(err, app.ErrForged) || !sameOrigin(origin, l) {
		return ""
	}
	return origin
}

// postedWithin reports whether the proven portal's page posted the launch, or
// our own that repeats it. Another site's page could make a person work in
// somebody else's name. Some portals keep their pages' origin to themselves:
// then only the portal's frame will show the answer.
func (s *server) postedWithin(c echo.Context, portal string) bool {
	switch origin := c.Request().Header.Get(echo.HeaderOrigin); origin {
	case "", s.public:
		return true
	case "null":
		return c.Request().Header.Get("Sec-Fetch-Dest") == "iframe"
	default:
		return strings.EqualFold(origin, bareOrigin(portal))
	}
}

// bareOrigin is an origin as browsers write it, without the usual port.
func bareOrigin(origin string) string {
	if bare, ok := strings.CutSuffix(origin, ":443"); ok && strings.HasPrefix(origin, "https://") {
		return bare
	}
	if bare, ok := strings.CutSuffix(origin, ":80"); ok && strings.HasPrefix(origin, "http://") {
		return bare
	}
	return origin
}

// sameOrigin reports whether the browser posted the launch from where it claims
// to come from.
func sameOrigin(origin string, l bitrix.Launch) bool {
	return l.Domain != "" && strings.EqualFold(origin, l.Origin())
}

// offerAgain lets an error page repeat the launch.
func (s *server) offerAgain(at *scene, l bitrix.Launch, url, refresh string) {
	if at.parent == "" {
		return // a page that nobody sees offers nothing
	}
	held, err := s.holdLaunch(l, at.parent)
	if err != nil {
		return
	}
	at.again = views.Action{URL: url, Refresh: refresh, Fields: []views.Field{
		{Name: "launch", Value: held}, {Name: "AUTH_ID"}, {Name: "REFRESH_ID"}, {Name: "AUTH_EXPIRES"},
	}}
}
