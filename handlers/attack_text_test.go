package handlers

import (
	"encoding/json"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// TestAttackMarkupInWhateverThePortalCallsThings: customers and colleagues
// choose their names themselves.
func TestAttackMarkupInWhateverThePortalCallsThings(t *testing.T) {
	const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(1)></textarea><base href=//evil.test>{{.}}`
	w := installed(t)
	w.portal.Do(func(world *bitrixtest.World) {
		for _, i := range world.Items {
			i.Title = evil
		}
		for _, c := range world.Chats {
			c.Name = evil
		}
		for _, u := range world.Users {
			u.LastName, u.Position, u.Photo = evil, evil, `javascript:alert(1)//"><script>alert(1)</script>`
		}
		for _, c := range world.Connectors {
			c.Title = evil
		}
		for _, l := range world.Lines {
			l.Name = evil
		}
	})
	opened := w.open(t, ivan, "DEAL", "77")
	opened.wantStatus(t, 200)
	f := opened.fields(t)
	f.Set("person", w.find(t, f, "pavel", "23"))
	script := map[string]string{"X-Joinline": "1"}
	search := url.Values{"visit": f["visit"], "q": {evil[:40]}}
	for name, a := range map[string]answer{
		"the card":              opened,
		"the chats":             w.do(t, request{path: "/card/chats", form: f, header: script}),
		"people found":          w.do(t, request{path: "/card/find", form: url.Values{"visit": f["visit"], "q": {"pavel"}}, header: script}),
		"nobody found":          w.do(t, request{path: "/card/find", form: search, header: script}),
		"what became of an add": w.do(t, request{path: "/card/add", form: f, header: script}),
		"the card made anew":    w.do(t, request{path: "/card", form: f}),
		"an item that is gone":  w.open(t, admin, "DEAL", "7777"),
	} {
		t.Run(name, func(t *testing.T) {
			wantOnlyOurOwn(t, a)
		})
	}
	opened.page(t).says(t, ".item", evil)
}

// wantOnlyOurOwn checks that a page has no element or attribute that could do
// anything but ours.
func wantOnlyOurOwn(t *testing.T, a answer) {
	t.Helper()
	p := a.page(t)
	for _, element := range []string{"iframe", "object", "embed", "base", "style", "textarea", "template", "meta[http-equiv]"} {
		p.lacks(t, element)
	}
	for _, n := range p.all("script") {
		if !strings.HasPrefix(attr(n, "src"), "/static/") || text(n) != "" {
			t.Errorf("a script that is not ours: %s", text(n))
		}
	}
	for n := range p.root.Descendants() {
		for _, at := range n.Attr {
			name, value := strings.ToLower(at.Key), strings.ToLower(strings.TrimSpace(at.Val))
			switch {
			case strings.HasPrefix(name, "on"), name == "style", name == "srcdoc":
				t.Errorf("<%s> has the attribute %s", n.Data, name)
			case (name == "href" || name == "src" || name == "action" || name == "formaction") && !strings.HasPrefix(value, "/") && !strings.HasPrefix(value, "http"):
				t.Errorf("<%s> leads to %q", n.Data, value)
			}
		}
	}
}

// TestAttackLinesInTheLog: whatever is sent, one request is one line of the
// log, and only we choose its words.
func TestAttackLinesInTheLog(t *testing.T) {
	const forged = "x\r\n{\"level\":\"INFO\",\"msg\":\"forged\"}\nmsg=forged\u2028\x1b[2J"
	w := installed(t)
	plain := &logBook{}
	w.config.Log = slog.New(slog.NewMultiHandler(slog.NewJSONHandler(w.log, nil), slog.NewTextHandler(plain, nil)))
	w.Handler = New(w.config)
	for _, path := range []string{"/" + url.PathEscape(forged), "/card/deal/" + url.PathEscape(forged), "/static/x/" + url.PathEscape(forged), "/?code=" + url.QueryEscape(forged)} {
		w.do(t, request{method: "GET", path: path, header: map[string]string{"User-Agent": "x\tforged", "X-Request-Id": "forged"}})
	}
	for route, b := range badInputs {
		if !strings.HasPrefix(route, "POST ") {
			continue
		}
		good := b.good(t, w, "en")
		for field := range good.form {
			r := b.good(t, w, "en")
			r.form.Set(field, forged)
			r.form.Set(forged, forged)
			w.do(t, r)
			r.form.Add(forged, "again") // the name of a field is told in errors
			w.do(t, r)
		}
	}
	w.portal.Fail(bitrixtest.Fault{Method: "*", Kind: bitrixtest.FaultError, Status: 400, Code: "X\nmsg=forged", Description: forged})
	w.do(t, goodLaunch(t, w, "en"))
	w.portal.ClearFaults()
	for line := range strings.Lines(w.log.String()) {
		var entry struct{ Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Msg == "forged" || entry.Msg == "" {
			t.Errorf("a line of the log that is not ours: %v in %q", err, line)
		}
	}
	quoted := regexp.MustCompile(`"(\\.|[^"\\])*"`)
	for line := range strings.Lines(plain.String()) {
		if !strings.HasPrefix(line, "time=") || strings.Contains(quoted.ReplaceAllString(line, ""), "forged") || strings.ContainsAny(line, "\r\x1b\u2028") {
			t.Errorf("a line of the log that is not ours: %q", line)
		}
	}
	if strings.Count(plain.String(), "\n") < len(badInputs) {
		t.Error("the log holds too few lines to tell anything")
	}
}
