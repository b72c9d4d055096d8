package bitrixtest_test

import (
	"net/http"
	"testing"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

func TestMarkupIsShownAsThePortalShowsIt(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	say := func(text string) {
		call(t, p, 1, "im.notify.personal.add", args{"USER_ID": 15, "MESSAGE": text}).ok(t)
	}
	say(`Please look: [URL=/crm/deal/details/77/][b]Delivery[/b] & more[/URL], [USER=22]Olga[/USER] <asks>`)
	say(`[url]https://example.com/a?b=1&c=2[/url] and [url=javascript:alert(1)]this[/url], [url=//evil.example/]that[/url], [url=data:text/html,x]those[/url]`)
	visitAs(t, p, 15).get("/notifications/").has(http.StatusOK,
		`Please look: <a href="/crm/deal/details/77/" rel="noopener noreferrer">Delivery &amp; more</a>, Olga &lt;asks&gt;<br>`,
		`<a href="https://example.com/a?b=1&amp;c=2" rel="noopener noreferrer">https://example.com/a?b=1&amp;c=2</a> and this, that, those<br>`,
	).lacks("javascript:", "evil.example", "[")
}

func TestBareAddressesAreLinks(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	call(t, p, 1, "im.notify.personal.add", args{"USER_ID": 15, "MESSAGE": "See https://example.com/a?b=1&c=2, or (http://example.com/x). ftp://example.com"}).ok(t)
	p.Do(func(w *bitrixtest.World) {
		w.PostMessage(1763, 431, "Here: https://example.com/track.")
		w.Timeline = append(w.Timeline, &bitrixtest.TimelineComment{ID: 900, Author: 22, Item: bitrixtest.ItemKey{Type: "DEAL", ID: 77}, Text: "Look at [url=/crm/contact/details/31/]Ann[/url] and https://example.com/plan!"})
	})
	ivan := visitAs(t, p, 15)
	ivan.get("/notifications/").has(http.StatusOK,
		`See <a href="https://example.com/a?b=1&amp;c=2" rel="noopener noreferrer">https://example.com/a?b=1&amp;c=2</a>, or (<a href="http://example.com/x" rel="noopener noreferrer">http://example.com/x</a>). ftp://example.com<br>`)
	ivan.get("/crm/deal/details/77/").has(http.StatusOK,
		`Here: <a href="https://example.com/track" rel="noopener noreferrer">https://example.com/track</a>.`, "<strong>Olga Sidorova</strong>",
		`Look at <a href="/crm/contact/details/31/" rel="noopener noreferrer">Ann</a> and <a href="https://example.com/plan" rel="noopener noreferrer">https://example.com/plan</a>!`)
}

func TestTheAddressOfALinkMayHaveBracketsInPairs(t *testing.T) {
	t.Parallel()
	p := bitrixtest.NewPortal(t)
	call(t, p, 1, "im.notify.personal.add", args{"USER_ID": 15, "MESSAGE": `[url=/marketplace/view/local.1/?params[a]=1&params[b]=2][i]Help[/i] here[/url]`}).ok(t)
	visitAs(t, p, 15).get("/notifications/").has(http.StatusOK,
		`<li><a href="/marketplace/view/local.1/?params[a]=1&amp;params[b]=2" rel="noopener noreferrer">Help here</a><br>`)
}
