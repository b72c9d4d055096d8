package handlers

import (
	"net/url"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// suggest asks for suggestions as the page's script does.
func (w *world) suggest(t *testing.T, f url.Values) page {
	t.Helper()
	a := w.do(t, request{path: "/card/suggest", form: url.Values{"visit": f["visit"], "chat": f["chat"]}, header: map[string]string{"X-Joinline": "1"}})
	a.wantStatus(t, 200)
	return a.page(t)
}

func TestSuggestionsSayWhy(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	w.portal.ResetRequests()
	p := w.suggest(t, f)
	w.wantRequests(t, 1)
	for group, c := range map[string]struct{ reason, user, name string }{
		"item-deal-77": {"Responsible and observers of this deal (they may read it)", "22", "Olga Sidorova"},
		"queue":        {"People of this channel’s queue (anybody may add them)", "23", "Pavel Orlov"},
		"department":   {"Your department", "24", "Elena Morozova"},
	} {
		in := "#options [role=group][data-group=" + group + "]"
		if got := p.attr(t, in, "aria-labelledby"); got != "reason-"+group {
			t.Errorf("%s is labelled by %q", group, got)
		}
		p.says(t, "#reason-"+group, c.reason)
		p.says(t, in+" [data-user="+c.user+"] .name", c.name)
	}
	p.lacks(t, "#options [data-user=15]") // in the chat already
	f.Set("person", p.attr(t, "#options [data-user=23]", "data-value"))
	w.add(t, f).page(t).says(t, "#results [data-user=23]", "Pavel Orlov has been added.")
	w.wantParticipants(t, chatAnn, ivan, pavel, ann)
}

func TestThoseAddedTogetherAreSuggestedTogether(t *testing.T) {
	w := installed(t)
	f := w.open(t, elena, "DEAL", "77").fields(t)
	f.Add("person", w.find(t, f, "olga", "22"))
	f.Add("person", w.find(t, f, "pavel", "23"))
	w.add(t, f).wantStatus(t, 200)
	w.wantParticipants(t, chatAnn, ivan, olga, pavel, ann)
	w.portal.Do(func(world *bitrixtest.World) {
		world.AddItem(bitrixtest.Item{ItemKey: bitrixtest.ItemKey{Type: "DEAL", ID: 90}, Title: "Tables", AssignedBy: elena})
	})
	f = w.open(t, elena, "DEAL", "90").fields(t)
	p := w.suggest(t, f)
	if got := p.attr(t, "[data-group=lately] [data-user=22]", "data-with"); got != "23" {
		t.Errorf("Olga was added with %q", got)
	}
	olgaRef := p.attr(t, "#options [data-user=22]", "data-value")
	f.Set("do", "suggest")
	nobody := w.do(t, request{path: "/card", form: f})
	wantInOrder(t, nobody.text, "You added lately", "Olga Sidorova", "Pavel Orlov")
	if strings.Contains(nobody.text, "Usually added together") {
		t.Error("somebody goes together with nobody")
	}
	f.Set("person", olgaRef)
	wantInOrder(t, w.do(t, request{path: "/card", form: f}).text, "Usually added together with those chosen", "Pavel Orlov")
}

// wantInOrder checks that texts follow each other, with a box to tick among
// them, as a browser without scripts would show them.
func wantInOrder(t *testing.T, page string, texts ...string) {
	t.Helper()
	rest := page
	for _, text := range append(texts, `type="submit"`) {
		before, after, found := strings.Cut(rest, text)
		if !found {
			t.Fatalf("%q does not stand where it should in %s", text, page)
		}
		if text == texts[1] && !strings.Contains(before, `type="checkbox" name="person"`) {
			t.Errorf("%q cannot be ticked", text)
		}
		rest = after
	}
}

func TestSuggestionsThatThePortalRefusesAreAnError(t *testing.T) {
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	w.portal.Fail(bitrixtest.Fault{Method: "batch", Kind: bitrixtest.FaultPortalDeleted, Times: -1})
	a := w.do(t, request{path: "/card/suggest", form: f, header: map[string]string{"X-Joinline": "1"}})
	if a.StatusCode == 200 {
		t.Errorf("the answer is %s", a.text)
	}
}
