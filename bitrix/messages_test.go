package bitrix_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// notices are the texts that lie in a person's notification centre.
func (b beside) notices(user int) (texts []string) {
	b.Do(func(w *bitrixtest.World) {
		for _, n := range w.Notifications {
			if n.User == user {
				texts = append(texts, n.Text)
			}
		}
	})
	return texts
}

func TestANoticeWithTheSameTagReplacesTheOneBefore(t *testing.T) {
	p := besidePortal(t)
	p.Do(func(w *bitrixtest.World) { w.Users[24].NotifyOff = true })
	for _, text := range []string{"first", "second"} {
		b := bitrix.NewBatch()
		b.Notify("pavel", bitrix.Notice{To: 23, Text: text, Tag: "joinline-1"})
		b.Notify("elena", bitrix.Notice{To: 24, Text: text, Tag: "joinline-1"})
		b.Notify("nobody", bitrix.Notice{Text: text})
		r, err := p.viewer(15).Batch(t.Context(), b)
		must(t, err)
		var sent, off bitrix.NoticeID
		must(t, r.Decode("pavel", &sent))
		must(t, r.Decode("elena", &off))
		if sent <= 0 || off != 0 {
			t.Errorf("the notices have the numbers %d and %d", sent, off)
		}
		if err := r.Decode("nobody", nil); err == nil {
			t.Error("a notice to nobody was taken")
		}
	}
	if got := p.notices(23); len(got) != 1 || got[0] != "second" {
		t.Errorf("Pavel holds %q", got)
	}
}

func TestAnInternalLineNeverReachesTheCustomer(t *testing.T) {
	p := besidePortal(t)
	b := bitrix.NewBatch()
	b.AddInternalLine("line", 1763, "Olga was added")
	r, err := p.viewer(15).Batch(t.Context(), b)
	must(t, err)
	var id int64
	must(t, r.Decode("line", &id))
	lines := p.Messages(1763)
	last := lines[len(lines)-1]
	if int64(last.ID) != id || !last.HiddenFromCustomer || last.SentToCustomer || !strings.Contains(last.Text, "Olga was added") {
		t.Errorf("the chat holds %+v", last)
	}
}

func TestACommentInTheTimelineNeedsTheRightToChangeTheItem(t *testing.T) {
	p := besidePortal(t)
	for user, want := range map[int]error{15: nil, 22: bitrix.ErrAccessDenied} {
		b := bitrix.NewBatch()
		b.AddTimelineComment("comment", deal77, "Pavel was added")
		r, err := p.viewer(user).Batch(t.Context(), b)
		must(t, err)
		if err := r.Decode("comment", nil); !errors.Is(err, want) {
			t.Errorf("user %d: %v, want %v", user, err, want)
		}
	}
	p.Do(func(w *bitrixtest.World) {
		if len(w.Timeline) != 1 || w.Timeline[0].Author != 15 || w.Timeline[0].Text != "Pavel was added" {
			t.Errorf("the timeline holds %+v", w.Timeline)
		}
	})
}

func TestPlainTextIsNoCodeAndNoReference(t *testing.T) {
	p := besidePortal(t)
	hostile := "[URL=https://evil.example]click[/URL] [USER=1]boss[/USER] $result[x][y] #BR#\n[b]\x00bold[/b]"
	b := bitrix.NewBatch()
	b.Notify("n", bitrix.Notice{To: 23, Text: bitrix.PlainText(hostile) + " " + bitrix.Link("/crm/deal/details/77/", "Deal [/URL] 77")})
	r, err := p.viewer(15).Batch(t.Context(), b)
	must(t, err)
	must(t, r.Decode("n", nil))
	got := p.notices(23)[0]
	for _, code := range []string{"[URL=https", "[/URL] [", "[USER", "[b]", "result[", "#BR#", "\n", "[/URL] 77"} {
		if strings.Contains(got, code) {
			t.Errorf("%q holds %q", got, code)
		}
	}
	seen := strings.ReplaceAll(got, "\u2060", "")
	if want := "[URL=https://evil.example]click[/URL] [USER=1]boss[/USER] $result[x][y] #BR# [b] bold[/b] [URL=/crm/deal/details/77/]Deal [/URL] 77[/URL]"; seen != want {
		t.Errorf("it shows %q, want %q", seen, want)
	}
}
