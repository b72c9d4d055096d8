package handlers

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// open answers the portal's launch: the card of a CRM item, or the page of the
// application in the portal's menu.
func (s *server) open(c echo.Context) error {
	l, err := bitrix.ParseLaunch(c.Request())
	if err != nil && !errors.Is(err, bitrix.ErrNoToken) {
		return err
	}
	return s.launched(c, l, "now")
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
	v, card, err := s.app.Open(c.Request().Context(), l)
	at.visit = v
	s.within(at, s.frameOf(c, v.Portal, l, err))
	if err != nil {
		s.offerAgain(at, l, "/app/again", refresh)
		return err
	}
	if v.Item.IsZero() {
		return s.show(c, http.StatusOK, views.NoticePage(s.homePage(at)))
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

// sameOrigin reports whether the browser posted the launch from where it claims
// to come from.
func sameOrigin(origin string, l bitrix.Launch) bool {
	return l.Domain != "" && strings.EqualFold(origin, l.Origin())
}

// offerAgain lets an error page repeat the launch.
func (s *server) offerAgain(at *scene, l bitrix.Launch, url, refresh string) {
	if len(at.parents) == 0 {
		return // a page that nobody sees offers nothing
	}
	held, err := s.holdLaunch(l, at.parents[0])
	if err != nil {
		return
	}
	at.again = views.Action{URL: url, Refresh: refresh, Fields: []views.Field{
		{Name: "launch", Value: held}, {Name: "AUTH_ID"}, {Name: "REFRESH_ID"}, {Name: "AUTH_EXPIRES"},
	}}
}

// homePage is what the application shows in the portal's menu.
func (s *server) homePage(at *scene) views.Notice {
	w := at.words
	n := views.Notice{
		Kind: "done", Heading: w.Say("home.title"), Text: w.Say("home.text"),
		Help: []string{w.Say("home.open", views.With{"Tab": w.Say("placement.title")})},
	}
	n.Page = s.page(at, n.Heading)
	return n
}
