package handlers

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

const sceneKey = "scene"

// scene is what the answer to a request depends on besides its content. The
// first middleware makes it; handlers refine it as they learn more, so that an
// error page speaks the right language and shows inside the right portal.
type scene struct {
	request string // the request's id
	words   views.Words
	accept  string    // the browser's languages
	visit   app.Visit // whose request it is, once known
	// parent is the origin that may frame the answer; "" until the portal is known.
	parent string
	// pieces: the page's script asks, and wants pieces instead of a page.
	pieces bool
	// again repeats the request; offered by the error pages that allow for it.
	again views.Action
	// desk is the portal for which the request holds a place to work; "" for none.
	desk bitrix.MemberID
	// forms are further sources that the page's form may lead to.
	forms []string
}

func newScene(r *http.Request, id string) *scene {
	accept := r.Header.Get("Accept-Language")
	return &scene{
		request: id,
		accept:  accept,
		words:   views.Speak(r.URL.Query().Get("LANG"), accept),
		pieces:  r.Header.Get("X-Joinline") != "",
	}
}

func sceneOf(c echo.Context) *scene {
	if at, ok := c.Get(sceneKey).(*scene); ok {
		return at
	}
	return newScene(c.Request(), "")
}

// speak prefers a language over the browser's.
func (at *scene) speak(language string) {
	if language != "" {
		at.words = views.Speak(language, at.accept)
	}
}

// within lets the portal, and nobody else, show the answer in a frame.
func (s *server) within(at *scene, portal string) {
	if isOrigin(portal) {
		at.parent = portal
	}
}

// isOrigin reports whether text is a bare origin, safe to print into a policy.
func isOrigin(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" &&
		text == u.Scheme+"://"+u.Host && !strings.ContainsAny(text, " ;,'\"*")
}

// page is what a page of this scene has in common with all others.
func (s *server) page(at *scene, heading string, scripts ...string) views.Page {
	return views.Page{
		Words:   at.words,
		Title:   at.words.Say("document.title", views.With{"Heading": heading}),
		Static:  s.assets.path,
		Parent:  at.parent,
		Scripts: append([]string{"joinline.js"}, scripts...),
		Modules: s.assets.imports(append([]string{"joinline.js"}, scripts...)...),
	}
}

// show renders components one after another and sends them. Nothing is sent
// when one of them fails.
func (s *server) show(c echo.Context, status int, parts ...templ.Component) error {
	var b bytes.Buffer
	// Components give up when their context ends. That somebody left is no
	// fault of the page, and must not be logged as one.
	ctx := context.WithoutCancel(c.Request().Context())
	for _, p := range parts {
		if err := p.Render(ctx, &b); err != nil {
			return fmt.Errorf("rendering: %w", err)
		}
	}
	s.leaveDesk(sceneOf(c))
	c.Response().Header().Set(echo.HeaderContentSecurityPolicy, policy(sceneOf(c)))
	return c.HTMLBlob(status, b.Bytes())
}

// policy lets a page use our own files and the photos of people, which lie on
// the portal or on whichever file host its cloud region has.
func policy(at *scene) string {
	photos := "https:"
	if strings.HasPrefix(at.parent, "http:") {
		photos += " " + at.parent
	}
	forms := strings.Join(append([]string{"'self'"}, at.forms...), " ")
	return "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' " + photos +
		"; form-action " + forms + "; base-uri 'none'; frame-ancestors " + cmp.Or(at.parent, "'none'")
}
