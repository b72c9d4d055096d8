package handlers

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// section is one part of the application's own page, in the portal's menu.
type section struct {
	// url is where the button of the section posts the visit to.
	url string
	// says is the id of the section's name.
	says string
	// admin: only administrators see the button. The section asks the portal
	// whether they are, with app.Administrator.
	admin bool
}

// sections are all of them, in the order of their buttons.
var sections = []section{
	{url: "/home", says: "home.nav.start"},
	{url: "/home/journal", says: "home.nav.journal"},
	{url: "/home/squads", says: "squad.title"},
	{url: "/home/health", says: "home.nav.health", admin: true},
	{url: "/home/policy", says: "policy.title", admin: true},
	{url: "/home/settings", says: "home.nav.settings"},
}

// home answers the portal's launch of the application's own page. When an
// administrator opens it, what has come apart since the installation is put
// together again, and they are told when whoever installed it can no longer act
// for it, and may take their place.
func (s *server) home(c echo.Context, v app.Visit, l bitrix.Launch, refresh string) error {
	at := sceneOf(c)
	if v.Admin {
		if err := s.app.Repair(c.Request().Context(), v); err != nil {
			s.offerAgain(at, l, "/app/again", refresh)
			return err
		}
		err := s.app.Caretaker(c.Request().Context(), v.Member)
		if errors.Is(err, app.ErrNoToken) || errors.Is(err, app.ErrNoAccess) || errors.Is(err, app.ErrNotAdmin) {
			s.offerAgain(at, l, "/install/again", "press")
			n := notice(at, problem{status: http.StatusOK, says: "home.takeover", kind: wait, again: true, press: "home.takeover.press"}, nil)
			n.Page = s.page(at, n.Heading)
			return s.show(c, http.StatusOK, views.NoticePage(n))
		}
		if err != nil {
			s.log.WarnContext(c.Request().Context(), "the installation's token was not checked", app.KeyMember, v.Member, app.KeyError, err)
		}
	}
	pv, err := s.begin(c, v)
	if err != nil {
		return err
	}
	return s.showWelcome(c, pv)
}

// homeForm reads the form of a request of the application's own page, and the
// visit in it. A visit of a card is none of it.
func (s *server) homeForm(c echo.Context) (pageVisit, url.Values, error) {
	v, f, err := s.pageForm(c)
	if err == nil && !v.Item.IsZero() {
		err = errForm
	}
	return v, f, err
}

// adminForm is homeForm for what only administrators may do. The portal is asked
// whether they are, in one request.
func (s *server) adminForm(c echo.Context) (pageVisit, url.Values, error) {
	v, f, err := s.homeForm(c)
	if err == nil {
		err = s.app.Administrator(c.Request().Context(), v.Visit)
	}
	return v, f, err
}

// showHome shows the section of the application's own page that lies at url:
// what is under the heading of the page. Scripts are those of the section.
func (s *server) showHome(c echo.Context, v pageVisit, url, heading string, body templ.Component, scripts ...string) error {
	return s.showHomeAs(c, v, http.StatusOK, url, heading, body, scripts...)
}

// showHomeAs is showHome with a status of its own.
func (s *server) showHomeAs(c echo.Context, v pageVisit, status int, url, heading string, body templ.Component, scripts ...string) error {
	at := sceneOf(c)
	sealed, err := s.sealed(v)
	if err != nil {
		return err
	}
	h := views.Home{Page: s.page(at, heading, scripts...), Visit: sealed, Heading: heading, Body: body}
	h.Styles = []string{"home.css"}
	for _, n := range sections {
		if v.Admin || !n.admin {
			h.Sections = append(h.Sections, views.Section{URL: n.url, Name: at.words.Say(n.says), Current: n.url == url})
		}
	}
	return s.show(c, status, views.HomePage(h))
}

// welcome answers the first section: the first steps.
func (s *server) welcome(c echo.Context) error {
	v, _, err := s.homeForm(c)
	if err != nil {
		return err
	}
	return s.showWelcome(c, v)
}

// showWelcome shows the first steps. They are shown even where the portal does
// not say what they could lead to.
func (s *server) showWelcome(c echo.Context, v pageVisit) error {
	w := sceneOf(c).words
	found, err := s.app.Welcome(c.Request().Context(), v.Visit)
	if err != nil {
		s.log.WarnContext(c.Request().Context(), "the first steps lead nowhere", app.KeyMember, v.Member, app.KeyUser, v.Viewer, app.KeyError, err)
	}
	return s.showHome(c, v, "/home", w.Say("home.title"), views.WelcomePart(welcomePart(w, v.Visit, found)), "home.js")
}

// lacks are the sentences about what is missing.
var lacks = map[app.Lack]string{
	app.LackCRM:       "home.lack.crm",
	app.LackDeals:     "home.lack.deals",
	app.LackOpenLines: "home.lack.openlines",
	app.LackLine:      "home.lack.line",
	app.LackScope:     "home.lack.scope",
}

// welcomePart builds the first steps.
func welcomePart(w views.Words, v app.Visit, found app.Welcome) views.Welcome {
	part := views.Welcome{Words: w, Deals: v.Portal + "/crm/deal/", Tab: w.Say("placement.title")}
	if found.Deal.ID > 0 {
		part.Deal = v.Portal + "/crm/deal/details/" + number(found.Deal.ID) + "/"
		part.DealName = itemName(w, app.Card{Item: found.Deal, Title: found.DealTitle})
	}
	if v.Admin {
		part.Letter = w.Say("home.letter", views.With{"Tab": part.Tab})
	}
	said := map[string]bool{}
	for _, l := range found.Lacks {
		if says := lacks[l]; !said[says] {
			said[says] = true
			part.Lacks = append(part.Lacks, w.Say(says))
		}
	}
	return part
}
