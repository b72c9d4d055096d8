package handlers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/views"
)

// fieldLanguage is the field of the language in a person's settings.
const fieldLanguage = "language"

// settings answers the section with what a person sets for themselves.
func (s *server) settings(c echo.Context) error {
	v, _, err := s.homeForm(c)
	if err != nil {
		return err
	}
	return s.showSettings(c, v, "")
}

// saveSettings keeps them. The page then speaks the language that was chosen.
func (s *server) saveSettings(c echo.Context) error {
	v, f, err := s.homeForm(c)
	if err != nil {
		return err
	}
	set := app.Settings{Language: f.Get(fieldLanguage), Text: strings.Join(strings.Fields(f.Get(fieldWhy)), " "), Ways: waysIn(v.Visit, f)}
	known := func(l views.Language) bool { return l.Tag == set.Language }
	if set.Language != "" && !slices.ContainsFunc(views.Languages(), known) || utf8.RuneCountInString(set.Text) > app.MaxRemark {
		return fmt.Errorf("%w: settings", errForm)
	}
	if err := s.app.SetSettings(c.Request().Context(), v.Visit, set); err != nil {
		return err
	}
	at := sceneOf(c)
	v.Language = cmp.Or(set.Language, v.Spoken)
	at.speak(v.Language)
	return s.showSettings(c, v, at.words.Say("settings.saved"))
}

func (s *server) showSettings(c echo.Context, v pageVisit, said string) error {
	sealed, err := s.sealed(v)
	if err != nil {
		return err
	}
	w, habits := sceneOf(c).words, s.habits(c, v.Visit)
	part := views.Settings{
		Words: w, Visit: sealed, Said: said, Languages: views.Languages(), Text: habits.Text, Max: fmt.Sprint(app.MaxRemark),
		Ways: waysOf(w, v.Visit, habits.Ways),
	}
	for n := range part.Languages {
		part.Languages[n].Chosen = part.Languages[n].Tag == habits.Language
	}
	return s.showHome(c, v, "/home/settings", w.Say("home.nav.settings"), views.SettingsPart(part))
}
