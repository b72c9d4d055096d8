package handlers

import (
	"testing"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/views"
)

func TestThePeopleFoundSayHowFarTheStaffIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		found  app.Found
		lang   string
		says   string
		slowly bool
	}{
		"while it is read":         {app.Found{Reading: true, Met: 12_000, Asked: true}, "en", "Reading the staff: 12,000 people so far", true},
		"in another language":      {app.Found{Reading: true, Met: 12_000, Asked: true}, "ru", "Загружаем сотрудников: пока 12\u00a0000 человек", true},
		"before anybody was met":   {app.Found{Reading: true, Asked: true}, "en", "", true},
		"when the directory tells": {app.Found{}, "en", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			list := foundList(views.Speak(c.lang), visit77, chosen{query: "o", found: c.found}, nil, openly)
			if list.Reading != c.says || list.Slow != c.slowly {
				t.Errorf("says %q, slow %v", list.Reading, list.Slow)
			}
		})
	}
}
