package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// outside is the page that people see who open our address by itself. The
// portal sends the browser here, too, when somebody has signed in.
func (s *server) outside(c echo.Context) error {
	q, err := fields(c.Request().URL.RawQuery, "")
	if err != nil {
		return err
	}
	if q.Has("code") || q.Has("state") || q.Has("error") {
		return s.finishSignIn(c, q)
	}
	if v, err := s.whoIsSignedIn(c); err == nil {
		sceneOf(c).speak(v.Language)
		return s.show(c, http.StatusOK, views.NoticePage(s.signedInPage(sceneOf(c))))
	}
	return s.askToSignIn(c, http.StatusOK, "")
}

// askToSignIn shows the page for people outside of a portal; to is where they
// want to go.
func (s *server) askToSignIn(c echo.Context, status int, to string) error {
	at := sceneOf(c)
	authorize, err := s.app.AuthorizeURL(c.Request().Context(), "", "")
	if err != nil && !errors.Is(err, app.ErrNotInstalled) {
		return err
	}
	if u, err := url.Parse(authorize); err == nil && u.Host != "" {
		// The form ends at the portal, whose own sign-in may lead over others.
		at.forms = []string{"https:", u.Scheme + "://" + u.Host}
	}
	return s.show(c, status, views.NoticePage(s.outsidePage(at, authorize != "", to)))
}

// startSignIn sends the person to the portal to say who they are.
func (s *server) startSignIn(c echo.Context) error {
	f, err := form(c)
	if err != nil {
		return err
	}
	to := f.Get("to")
	if to != "" {
		if _, err := parseItem(to); err != nil {
			return fmt.Errorf("%w: no CRM item to return to", errForm)
		}
	}
	state, err := s.signInBegun(c, to)
	if err != nil {
		return err
	}
	authorize, err := s.app.AuthorizeURL(c.Request().Context(), "", state)
	if err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, authorize)
}

// finishSignIn takes the person back from the portal.
func (s *server) finishSignIn(c echo.Context, q url.Values) error {
	to, err := s.signInEnded(c, q.Get("state"))
	if err != nil {
		return err
	}
	if q.Get("code") == "" {
		return errSignIn
	}
	v, err := s.app.SignIn(c.Request().Context(), q.Get("server_domain"), q.Get("code"))
	if errors.Is(err, app.ErrNoToken) {
		return fmt.Errorf("%w: %v", errSignIn, err) // the code was used or too old
	} else if err != nil {
		return err
	}
	if err := s.signedIn(c, v); err != nil {
		return err
	}
	if to != "" {
		return c.Redirect(http.StatusSeeOther, "/card/"+to)
	}
	return c.Redirect(http.StatusSeeOther, "/")
}

// openItem shows the card of a CRM item to somebody who has signed in.
func (s *server) openItem(c echo.Context) error {
	to := c.Param("type") + "/" + c.Param("id")
	item, err := parseItem(to)
	if err != nil {
		return echo.ErrNotFound
	}
	who, err := s.whoIsSignedIn(c)
	if err != nil {
		return s.askToSignIn(c, http.StatusUnauthorized, to)
	}
	v, card, err := s.app.OpenItem(c.Request().Context(), who.Visit, item)
	if errors.Is(err, app.ErrNoToken) {
		return s.askToSignIn(c, http.StatusUnauthorized, to)
	} else if err != nil {
		return err
	}
	return s.showCard(c, pageVisit{Visit: v, Browser: who.Browser, Until: who.Until}, card, chosen{})
}

// parseItem reads a CRM item as our addresses name it: "deal/77".
func parseItem(text string) (bitrix.CRMItem, error) {
	name, number, _ := strings.Cut(text, "/")
	t, ok := bitrix.ParseItemType(name)
	id, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || id <= 0 || strconv.FormatInt(id, 10) != number {
		return bitrix.CRMItem{}, fmt.Errorf("%w: not a CRM item", errForm)
	}
	return bitrix.CRMItem{Type: t, ID: id}, nil
}

// outsidePage asks to open us from a card, or to sign in where that is possible.
func (s *server) outsidePage(at *scene, canSignIn bool, to string) views.Notice {
	w := at.words
	n := views.Notice{
		Kind: info, Heading: w.Say("outside.title"),
		Text: w.Say("outside.text", views.With{"Tab": w.Say("placement.title")}),
	}
	if canSignIn {
		n.Help = []string{w.Say("outside.signin")}
		n.Action = views.Action{Label: w.Say("notice.signin"), URL: "/oauth/start"}
		if to != "" {
			n.Action.Fields = []views.Field{{Name: "to", Value: to}}
		}
	} else {
		n.Help = []string{w.Say("outside.uninstalled")}
	}
	n.Page = s.page(at, n.Heading)
	return n
}

func (s *server) signedInPage(at *scene) views.Notice {
	w := at.words
	n := views.Notice{
		Kind: "done", Heading: w.Say("signedin.title"),
		Text: w.Say("signedin.text", views.With{"Tab": w.Say("placement.title")}),
	}
	n.Page = s.page(at, n.Heading)
	return n
}
