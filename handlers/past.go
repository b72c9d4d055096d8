package handlers

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// fieldPast is the field of the chat whose past is asked for, sealed.
const fieldPast = "past"

// past tells who was added to a chat of the card, and by whom.
func (s *server) past(c echo.Context) error {
	v, f, err := s.visitForm(c)
	if err != nil {
		return err
	}
	chat, err := s.chosenChat(v.Visit, f.Get(fieldPast))
	if err != nil {
		return err
	}
	entries, err := s.app.ChatJournal(c.Request().Context(), v.Visit, chat.Ref)
	if err != nil {
		return err
	}
	w := sceneOf(c).words
	past := map[bitrix.ChatID][]views.Entry{chat.Ref.ID: pastLines(w, v.Visit, entries, zone(f.Get("zone")))}
	if !sceneOf(c).pieces {
		return s.wholeCard(c, v, f, chosen{past: past})
	}
	name := called(w, chat.Channel, nameOfChat(w, chat.Ref.ID, chat.Name))
	return s.show(c, http.StatusOK, views.PastPart(pastPart(w, chat.Ref.ID, f.Get(fieldPast), name, past)))
}

// pastPart builds what the row of a chat tells of its past.
func pastPart(w views.Words, id bitrix.ChatID, ref, name string, past map[bitrix.ChatID][]views.Entry) views.Past {
	lines, open := past[id]
	return views.Past{Words: w, ID: number(id), Ref: ref, Called: name, Open: open, Lines: lines}
}

// pastLines are entries as a card tells them: what was done needs no outcome there.
func pastLines(w views.Words, v app.Visit, entries []app.Entry, zone *time.Location) []views.Entry {
	lines := []views.Entry{}
	for _, e := range entries {
		l := entryLine(w, v, e, zone)
		if zone == time.UTC {
			l.Time += " UTC" // the browser did not say where it is
		}
		if l.Class == "done" {
			l.State = ""
		}
		lines = append(lines, l)
	}
	return lines
}
