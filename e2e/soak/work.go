package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/html"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// work is what person n does until ctx ends: open the card, look for people,
// add some, and now and then open it anew.
func (s *stage) work(ctx context.Context, n int, seed uint64, log *journal) {
	d := &desk{client: bitrixtest.HTTPClient(), log: log, r: rand.New(rand.NewPCG(seed, uint64(n))), chat: chatOf(n)}
	for ctx.Err() == nil {
		launch := s.portal.Launch(s.keys.ClientID, whoWorks(n), "CRM_DEAL_DETAIL_TAB", `{"ID":"`+strconv.Itoa(dealOf(n))+`"}`)
		d.base = launch.URL[:strings.Index(launch.URL, "/app")]
		card, ok := d.ask("open", launch.URL, launch.Form)
		if !ok {
			continue
		}
		d.visit, d.ref = card.value("visit"), card.value("chat")
		if d.ref == "" {
			// The launch was answered before the portal told the chats.
			if card, ok = d.ask("chats", d.base+"/card/chats", d.form()); !ok {
				continue
			}
			d.ref = card.value("chat")
		}
		for range 1 + d.r.IntN(6) {
			query := d.form()
			query.Set("q", string(rune('a'+d.r.IntN(26))))
			found, ok := d.ask("search", d.base+"/card/find", query)
			if !ok || ctx.Err() != nil {
				break
			}
			people := found.some(d.r, 1+d.r.IntN(4))
			if len(people) == 0 {
				continue
			}
			begun := time.Now()
			told := d.add(people)
			log.tell(d.chat, people, told, time.Since(begun))
			if told.elements == nil {
				break
			}
			d.ref = cmp.Or(told.value("chat"), d.ref)
		}
	}
}

// desk is a person at a card with one chat.
type desk struct {
	client     *http.Client
	log        *journal
	r          *rand.Rand
	chat       int
	base       string
	visit, ref string // what the page holds: the visit, and the chat as it was shown
}

func (d *desk) form(people ...person) url.Values {
	f := url.Values{"visit": {d.visit}, "chat": {d.ref}}
	for _, p := range people {
		f.Add("person", p.ref)
	}
	return f
}

// add adds people in one request, as the page does without its script and for a
// single person, or one by one with a settlement at the end. The page is empty
// when it is not told what became of them.
func (d *desk) add(people []person) page {
	if len(people) == 1 || d.r.IntN(3) == 0 {
		told, _ := d.ask("add", d.base+"/card/add", d.form(people...))
		return told
	}
	settle := d.form(people...)
	for _, p := range people {
		var answer struct{ Answer, Stop string }
		body, ok := d.post("ask", d.base+"/card/add/one", d.form(p))
		// Now and then the answer gets lost on its way to the browser.
		if !ok || d.r.IntN(20) == 0 || json.Unmarshal(body, &answer) != nil {
			settle.Add("unsure", p.ref)
			continue
		}
		settle.Add("answer", answer.Answer)
		if answer.Stop != "" {
			break
		}
	}
	for range 4 {
		if told, ok := d.ask("settle", d.base+"/card/add/settle", settle); ok {
			return told
		}
	}
	return page{}
}

// page is an answer of Joinline.
type page struct{ elements []*html.Node }

// ask posts a form as the page's script does. The page is empty when it is not
// answered.
func (d *desk) ask(what, address string, form url.Values) (page, bool) {
	body, ok := d.post(what, address, form)
	if !ok {
		return page{}, false
	}
	root, err := html.Parse(bytes.NewReader(body))
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

func (d *desk) post(what, address string, form url.Values) ([]byte, bool) {
	request, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		panic(err) // the address is our own
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if what != "open" {
		request.Header.Set("X-Joinline", "1")
	}
	answer, err := d.client.Do(request)
	if err != nil {
		d.log.count(what, 0)
		return nil, false
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	d.log.count(what, answer.StatusCode)
	return body, err == nil && answer.StatusCode == http.StatusOK
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

// person is somebody found: who, and what the page sends to name them.
type person struct {
	user int
	ref  string
}

// some are up to n of the people found.
func (p page) some(r *rand.Rand, n int) []person {
	var all []person
	for _, e := range p.elements {
		user, err := strconv.Atoi(attribute(e, "data-user"))
		if ref := attribute(e, "data-value"); err == nil && ref != "" {
			all = append(all, person{user, ref})
		}
	}
	r.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	return all[:min(n, len(all))]
}

// text is what stands in an element, without the space between words.
func text(e *html.Node) string {
	var words []string
	for n := range e.Descendants() {
		if n.Type == html.TextNode {
			words = append(words, strings.Fields(n.Data)...)
		}
	}
	return strings.Join(words, " ")
}

func attribute(e *html.Node, name string) string {
	for _, a := range e.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// neverApplied are answers by which the portal says that it did not look at the
// call. Were that untrue, nobody could tell anything from an answer.
var neverApplied = []bitrixtest.FaultKind{bitrixtest.FaultQueryLimit, bitrixtest.FaultExpiredToken, bitrixtest.FaultConnection}

// trouble makes something go wrong again and again until ctx ends, counts in
// struck what did, and returns how often every token was made old.
func (s *stage) trouble(ctx context.Context, every time.Duration, seed uint64, struck *blows) (expired int) {
	r := rand.New(rand.NewPCG(seed, 1<<40))
	methods := []string{"imopenlines.crm.chat.user.add", "imopenlines.crm.chat.user.add", "imopenlines.crm.chat.user.add", "batch", "user.search", "oauth/token", "*"}
	kinds := []bitrixtest.FaultKind{
		bitrixtest.FaultDrop, bitrixtest.FaultHTML, bitrixtest.FaultTruncated, bitrixtest.FaultSlow, bitrixtest.FaultInternal,
		bitrixtest.FaultQueryLimit, bitrixtest.FaultConnection, bitrixtest.FaultExpiredToken,
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return expired
		case <-tick.C:
		}
		if r.IntN(10) == 0 {
			s.portal.ExpireTokens(0)
			expired++
			continue
		}
		f := bitrixtest.Fault{Method: methods[r.IntN(len(methods))], Kind: kinds[r.IntN(len(kinds))], Applied: r.IntN(2) == 0}
		if slices.Contains(neverApplied, f.Kind) {
			f.Applied = false
		}
		if f.Kind == bitrixtest.FaultSlow {
			f.Delay = time.Duration(r.Int64N(int64(slow)))
		}
		f.Do = func(*bitrixtest.World) { struck.count(f.Kind, f.Applied) }
		s.portal.Fail(f)
	}
}

// blows count how often each kind of fault struck: a call that was not carried
// out, and one that was. It is safe for concurrent use.
type blows struct {
	mu     sync.Mutex
	counts map[bitrixtest.FaultKind][2]int // guarded by mu
}

func (b *blows) count(kind bitrixtest.FaultKind, applied bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := b.counts[kind]
	if applied {
		n[1]++
	} else {
		n[0]++
	}
	b.counts[kind] = n
}

func (b *blows) print(w io.Writer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, kind := range slices.Sorted(maps.Keys(b.counts)) {
		fmt.Fprintf(w, "%6d  %s, not carried out; %d carried out\n", b.counts[kind][0], kind, b.counts[kind][1])
	}
}
