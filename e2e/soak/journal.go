package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/joinline/joinline/bitrix/bitrixtest"
	"github.com/joinline/joinline/views"
)

// pair is a person in a chat.
type pair struct{ chat, user int }

// chat is what the portal holds of a chat.
type chat struct {
	members []int
	joined  int // by the portal's own messages
}

func read(p *bitrixtest.Portal, id int) chat {
	c := chat{members: p.Participants(id)}
	for _, m := range p.Messages(id) {
		if m.Code == "CHAT_JOIN" {
			c.joined++
		}
	}
	return c
}

// told is what an answer tells of a person: the state, and the whole text.
type told struct{ state, text string }

// What is told of a person beside the states of the page.
const (
	untold  = "no answer" // the answer to the add never came, or was an error
	untried = "not tried" // the page shows it like unknown, and says that nobody was asked
)

// journal is what people were told. It is safe for concurrent use.
type journal struct {
	portal *bitrixtest.Portal
	before map[int]chat // what the chats were when nobody had added anybody

	mu       sync.Mutex
	told     map[pair][]told // guarded by mu; results in their order
	answers  map[string]int  // guarded by mu; by question and status
	adds     []time.Duration // guarded by mu
	silences int             // guarded by mu; people asked for of whom an answer says nothing
}

// count notes how a question was answered; status 0 is not at all.
func (j *journal) count(what string, status int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.answers[fmt.Sprintf("%s %d", what, status)]++
}

// tell notes what the answer to an add says of everybody who was asked for. A
// page without elements is an answer that never came.
func (j *journal) tell(chat int, asked []person, answer page, took time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.adds = append(j.adds, took)
	results := answer.results()
	for _, p := range asked {
		result, ok := results[p.user]
		if !ok && answer.elements != nil {
			j.silences++
		}
		if !ok {
			result.state = untold
		}
		at := pair{chat, p.user}
		j.told[at] = append(j.told[at], result)
	}
}

// results are what an answer tells, by person.
func (p page) results() map[int]told {
	results := map[int]told{}
	for _, e := range p.elements {
		user, err := strconv.Atoi(attribute(e, "data-user"))
		t := told{attribute(e, "data-state"), text(e)}
		if err != nil || t.state == "" {
			continue
		}
		if strings.HasPrefix(t.text, views.Speak("en").Say("result.not_tried", views.With{"Name": attribute(e, "data-name")})) {
			t.state = untried
		}
		results[user] = t
	}
	return results
}

// lie is what cannot be true of the states that were told of a person, one
// after the other, who was in the chat at first or not and is in the end.
// Nobody leaves, and nobody but the teller adds.
func lie(all []told, before, after bool) string {
	in, maybe := before, false
	for _, t := range all {
		switch t.state {
		case "done", "same":
			if t.state == "done" && in {
				return "was added twice"
			}
			if t.state == "same" && !in && !maybe {
				return "was added, and nobody was told so"
			}
			in, maybe = true, false
		case "unknown", untold:
			maybe = maybe || !in
		} // nothing else claims that the person was added, or that they do not take part
	}
	switch {
	case in && !after:
		return "does not take part"
	case !in && !maybe && after:
		return "takes part"
	}
	return ""
}

// reconcile compares what was told with what the portal holds, prints both, and
// returns how often they differ.
func (j *journal) reconcile(w io.Writer) (lies int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	states, after := map[string]int{}, map[int]chat{}
	for id, before := range j.before {
		after[id] = read(j.portal, id)
		if joined, came := after[id].joined-before.joined, len(after[id].members)-len(before.members); joined != came {
			lies++
			fmt.Fprintf(w, "DOUBLED OR LOST: %d joined chat %d, %d came\n", joined, id, came)
		}
	}
	settled := 0 // unknown at first, and told truly later
	for at, all := range j.told {
		unsure, settle := false, false
		for _, t := range all {
			states[t.state]++
			unsure = unsure || t.state == "unknown"
			settle = settle || unsure && (t.state == "done" || t.state == "same")
		}
		if settle {
			settled++
		}
		if l := lie(all, slices.Contains(j.before[at.chat].members, at.user), slices.Contains(after[at.chat].members, at.user)); l != "" {
			lies++
			fmt.Fprintf(w, "LIE: in chat %d user %d %s; told were %q\n", at.chat, at.user, l, all)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(j.answers)) {
		fmt.Fprintf(w, "%6d  %s\n", j.answers[what], what)
	}
	for _, state := range slices.Sorted(maps.Keys(states)) {
		fmt.Fprintf(w, "%6d  people told %q\n", states[state], state)
	}
	fmt.Fprintf(w, "%6d  unknown at first, told truly later\n%6d  refreshes of tokens\n", settled, j.portal.Refreshes())
	slices.Sort(j.adds)
	if n := len(j.adds); n > 0 {
		fmt.Fprintf(w, "an add took %v in the middle, %v at the 99th of 100\n", j.adds[n/2].Round(time.Millisecond), j.adds[n*99/100].Round(time.Millisecond))
	}
	fmt.Fprintf(w, "%d asked for and not mentioned in the answer, %d told what is not true\n", j.silences, lies)
	return lies + j.silences
}
