package handlers

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// presence answers the page's script with what is known right now about the
// people that it shows, for the chosen chats.
func (s *server) presence(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	if !sceneOf(c).pieces {
		return s.wholeCard(c, v, f, chosen{})
	}
	people, err := s.chosenPeople(v.Visit, f)
	if err != nil {
		return err
	}
	picked, err := s.chosenChats(v.Visit, f)
	if err != nil {
		return err
	}
	var chats []app.ChatRef
	for _, chat := range picked {
		chats = append(chats, chat.Ref)
	}
	told, err := s.app.Presence(c.Request().Context(), v.Visit, idsOf(people), chats)
	if err != nil {
		return err
	}
	return s.show(c, http.StatusOK, views.PresenceList(presences(sceneOf(c).words, people, told)))
}

// presences builds what is said about the people who were told of.
func presences(w views.Words, people []person, told map[bitrix.UserID]app.Presence) (all []views.Presence) {
	for _, p := range people {
		t, known := told[p.ID]
		if !known {
			continue
		}
		one := views.Presence{ID: number(p.ID)}
		switch {
		case !t.Absent.IsZero():
			one.Until = t.Absent.Format(time.DateOnly)
			one.Absent = w.Say("picker.absent", views.With{"Date": "{}"})
			one.Now = w.Say("picker.absent", views.With{"Date": one.Until})
		case t.Online:
			one.Now = w.Say("picker.active")
		}
		switch {
		case t.Barred != "":
			one.Doubt = w.Say("picker.barred")
		case t.Doubtful:
			one.Doubt = w.Say("picker.doubt")
		}
		all = append(all, one)
	}
	return all
}
