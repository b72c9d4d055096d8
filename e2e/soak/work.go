package main

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// work is what person n does until ctx ends: open the card, look for people,
// add some, and now and then open it anew.
func (s *stage) work(ctx context.Context, n int, seed uint64, log *journal) {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	client := bitrixtest.HTTPClient()
	for ctx.Err() == nil {
		launch := s.portal.Launch(s.keys.ClientID, whoWorks(n), "CRM_DEAL_DETAIL_TAB", `{"ID":"`+strconv.Itoa(dealOf(n))+`"}`)
		base := launch.URL[:strings.Index(launch.URL, "/app")]
		card, ok := ask(client, log, "open", launch.URL, launch.Form)
		if !ok {
			continue
		}
		form := url.Values{"visit": {card.value("visit")}, "chat": {card.value("chat")}}
		if form.Get("chat") == "" {
			// The launch was answered before the portal told the chats.
			if card, ok = ask(client, log, "chats", base+"/card/chats", form); !ok {
				continue
			}
			form.Set("chat", card.value("chat"))
		}
		for range 1 + r.IntN(6) {
			found, ok := ask(client, log, "search", base+"/card/find", url.Values{
				"visit": form["visit"], "chat": form["chat"], "q": {string(rune('a' + r.IntN(26)))},
			})
			if !ok || ctx.Err() != nil {
				break
			}
			form.Del("person")
			for _, person := range found.some(r, "data-value", 1+r.IntN(4)) {
				form.Add("person", person)
			}
			if form["person"] == nil {
				continue
			}
			begun := time.Now()
			told, ok := ask(client, log, "add", base+"/card/add", form)
			if !ok {
				break
			}
			log.tell(chatOf(n), told, time.Since(begun))
		}
	}
}

// page is an answer of Joinline.
type page struct{ elements []*html.Node }

// ask posts a form as the page's script does.
func ask(client *http.Client, log *journal, what, address string, form url.Values) (page, bool) {
	request, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		panic(err) // the address is our own
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if what != "open" {
		request.Header.Set("X-Joinline", "1")
	}
	answer, err := client.Do(request)
	if err != nil {
		log.count(what, 0)
		return page{}, false
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	log.count(what, answer.StatusCode)
	if err != nil || answer.StatusCode != http.StatusOK {
		return page{}, false
	}
	root, err := html.Parse(strings.NewReader(string(body)))
	if err != nil {
		return page{}, false
	}
	var p page
	for e := range root.Descendants() {
		if e.Type == html.ElementNode {
			p.elements = append(p.elements, e)
		}
	}
	return p, true
}

// value is that of the first field with a name.
func (p page) value(name string) string {
	for _, e := range p.elements {
		if attribute(e, "name") == name {
			return attribute(e, "value")
		}
	}
	return ""
}

// some are up to n values of an attribute, wherever it stands.
func (p page) some(r *rand.Rand, name string, n int) []string {
	var all []string
	for _, e := range p.elements {
		if v := attribute(e, name); v != "" {
			all = append(all, v)
		}
	}
	r.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	return all[:min(n, len(all))]
}

func attribute(e *html.Node, name string) string {
	for _, a := range e.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// trouble makes something go wrong again and again until ctx ends, and counts.
func (s *stage) trouble(ctx context.Context, every time.Duration, seed uint64) int {
	r := rand.New(rand.NewPCG(seed, 1<<40))
	methods := []string{"imopenlines.crm.chat.user.add", "imopenlines.crm.chat.user.add", "imopenlines.crm.chat.user.add", "batch", "user.search", "oauth/token", "*"}
	kinds := []bitrixtest.FaultKind{
		bitrixtest.FaultDrop, bitrixtest.FaultHTML, bitrixtest.FaultTruncated, bitrixtest.FaultSlow, bitrixtest.FaultInternal,
		bitrixtest.FaultQueryLimit, bitrixtest.FaultConnection, bitrixtest.FaultExpiredToken,
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return n
		case <-tick.C:
		}
		if r.IntN(10) == 0 {
			s.portal.ExpireTokens(0)
			continue
		}
		f := bitrixtest.Fault{Method: methods[r.IntN(len(methods))], Kind: kinds[r.IntN(len(kinds))], Applied: r.IntN(2) == 0}
		if f.Kind == bitrixtest.FaultSlow {
			f.Delay = time.Duration(r.Int64N(int64(slow)))
		}
		s.portal.Fail(f)
	}
}
