package handlers

import (
	"crypto/rand"
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
	if err := s.offerSignIn(c, to); err != nil && !errors.Is(err, app.ErrNotInstalled) {
		return err
	}
	return s.show(c, status, views.NoticePage(s.outsidePage(at, to)))
}

// offerSignIn lets the page, whatever it says, lead to the portal's sign-in and
// from there to where the person wants to go. Where several portals are
// installed it asks for the right one: whose they are is nobody's business. It
// fails with ErrNotInstalled where none is.
func (s *server) offerSignIn(c echo.Context, to string) error {
	at := sceneOf(c)
	action := views.Action{Label: at.words.Say("notice.signin"), URL: "/oauth/start"}
	authorize, _, err := s.app.AuthorizeURL(c.Request().Context(), "", "")
	switch {
	case errors.Is(err, app.ErrWhichPortal):
		action.Asks = views.Question{Name: "portal", Label: at.words.Say("signin.portal"), Example: "acme.bitrix24.com"}
		at.forms = []string{"https:"}
		if strings.HasPrefix(s.public, "http:") { // on this machine alone
			at.forms = append(at.forms, "http:")
		}
	case err != nil:
		return err
	default:
		u, err := url.Parse(authorize)
		if err != nil {
			return err
		}
		// The form ends at the portal, whose own sign-in may lead over others.
		at.forms = []string{"https:", u.Scheme + "://" + u.Host}
	}
	at.again = action
	if to != "" {
		at.again.Fields = []views.Field{{Name: "to", Value: to}}
	}
	return nil
}

// startSignIn sends the person to the portal to say who they are.
func (s *server) startSignIn(c echo.Context) error {
	f, err := form(c)
	if err != nil {
		return err
	}
	to := f.Get("to")
	if to != "" {
		item, ask, asked := strings.Cut(to, "?ask=")
		if _, err := parseItem(item); err != nil || asked && !errandID.MatchString(ask) {
			return fmt.Errorf("%w: no CRM item to return to", errForm)
		}
	}
	state := rand.Text()
	authorize, portal, err := s.app.AuthorizeURL(c.Request().Context(), f.Get("portal"), state)
	if errors.Is(err, app.ErrWhichPortal) || errors.Is(err, app.ErrNotInstalled) && f.Get("portal") != "" {
		_ = s.offerSignIn(c, to) // the page says what is the matter without it, too
		return fmt.Errorf("%w: %w", errWhichPortal, err)
	}
	if err != nil {
		return err
	}
	if err := s.signInBegun(c, signIn{state, to, portal}); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, authorize)
}

// finishSignIn takes the person back from the portal.
func (s *server) finishSignIn(c echo.Context, q url.Values) error {
	to, err := s.takeBack(c, q)
	if errors.Is(err, errSignIn) {
		_ = s.offerSignIn(c, to) // the page says what is the matter without it, too
	}
	if err != nil {
		return err
	}
	if to != "" {
		return c.Redirect(http.StatusSeeOther, "/card/"+to)
	}
	return c.Redirect(http.StatusSeeOther, "/")
}

// takeBack makes sure that the sign-in began in this browser and who it is
// that came back. It returns where the person wants to go, beside an error too.
func (s *server) takeBack(c echo.Context, q url.Values) (to string, err error) {
	begun, err := s.signInEnded(c, q.Get("state"))
	to = begun.to
	if err != nil {
		return to, err
	}
	if q.Get("code") == "" {
		return to, errSignIn
	}
	v, err := s.app.SignIn(c.Request().Context(), begun.portal, q.Get("server_domain"), q.Get("code"))
	if errors.Is(err, app.ErrNoToken) {
		return to, fmt.Errorf("%w: %v", errSignIn, err) // the code was used or too old
	} else if err != nil {
		return to, err
	}
	return to, s.signedIn(c, v)
}

// openItem shows the card of a CRM item to somebody who has signed in, as an
// errand prepares it if the address names one.
func (s *server) openItem(c echo.Context) error {
	to := c.Param("type") + "/" + c.Param("id")
	item, err := parseItem(to)
	if err != nil {
		return echo.ErrNotFound
	}
	ask := c.QueryParam("ask")
	if errandID.MatchString(ask) {
		to += "?ask=" + ask
	}
	who, err := s.whoIsSignedIn(c)
	if err != nil {
		return s.askToSignIn(c, http.StatusUnauthorized, to)
	}
	if err := s.admit(c, who.Visit); err != nil {
		return err
	}
	v, card, err := s.app.OpenItem(c.Request().Context(), who.Visit, item)
	switch {
	case errors.Is(err, app.ErrNoToken):
		return s.askToSignIn(c, http.StatusUnauthorized, to)
	case errors.Is(err, app.ErrNotInstalled): // any more
		return s.askToSignIn(c, http.StatusForbidden, to)
	case err != nil:
		return err
	}
	in := chosen{}
	if ask != "" {
		if card, in, err = s.prepared(c, v, ask); err != nil {
			return err
		}
	}
	return s.showCard(c, pageVisit{Visit: v, Browser: who.Browser, Kept: true, Until: who.Until}, card, in)
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
func (s *server) outsidePage(at *scene, to string) views.Notice {
	w := at.words
	tab := w.Say("placement.title")
	n := views.Notice{Kind: info, Heading: w.Say("outside.title"), Text: w.Say("outside.text", views.With{"Tab": tab}), Action: at.again}
	switch {
	case at.again.URL == "":
		n.Help = []string{w.Say("outside.uninstalled")}
	case to == "" && at.again.Asks.Name != "":
		n.Help = []string{w.Say("outside.signin.several")}
	case to == "":
		n.Help = []string{w.Say("outside.signin")}
	default:
		n.Heading, n.Text = w.Say("outside.item.title"), w.Say("outside.item.text")
		n.Help = []string{w.Say("outside.item.inside", views.With{"Tab": tab})}
	}
	n.Page = s.page(at, n.Heading)
	return n
}

func (s *server) signedInPage(at *scene) views.Notice {
	w := at.words
	n := views.Notice{
		Kind: "done", Heading: w.Say("signedin.title"),
		Text: w.Say("signedin.text", views.With{"Example": s.public + "/card/deal/77"}),
	}
	n.Page = s.page(at, n.Heading)
	return n
}
