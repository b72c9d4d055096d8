package bitrix_test

import (
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestANoticeOfTheApplicationHasNoAuthor(t *testing.T) {
	p := besidePortal(t)
	for range 2 {
		b := bitrix.NewBatch()
		b.NotifyAsApplication("n", bitrix.Notice{To: 23, Text: "hello", Tag: "joinline-1"})
		r, err := p.viewer(15).Batch(t.Context(), b)
		must(t, err)
		var id bitrix.NoticeID
		must(t, r.Decode("n", &id))
		if id <= 0 {
			t.Errorf("the notice has the number %d", id)
		}
	}
	p.Do(func(w *bitrixtest.World) {
		if len(w.Notifications) != 1 || w.Notifications[0].Author != 0 || !strings.HasSuffix(w.Notifications[0].Text, "hello") {
			t.Errorf("the portal holds %+v", w.Notifications)
		}
	})
}
