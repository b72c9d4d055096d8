package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// pair is a person in a chat.
type pair struct{ chat, user int }

// journal is what people were told. It is safe for concurrent use.
type journal struct {
	mu      sync.Mutex
	told    map[pair][]string // guarded by mu; results in their order
	answers map[string]int    // guarded by mu; by question and status
	adds    []time.Duration   // guarded by mu
}

// count notes how a question was answered; status 0 is not at all.
func (j *journal) count(what string, status int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.answers == nil {
		j.answers = map[string]int{}
	}
	j.answers[fmt.Sprintf("%s %d", what, status)]++
}

// tell notes what an answer to an add says of everybody.
func (j *journal) tell(chat int, answer page, took time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.adds = append(j.adds, took)
	for _, e := range answer.elements {
		user, err := strconv.Atoi(attribute(e, "data-user"))
		if state := attribute(e, "data-state"); err == nil && state != "" {
			j.told[pair{chat, user}] = append(j.told[pair{chat, user}], state)
		}
	}
}

// reconcile compares what was told with what the portal holds, prints both, and
// returns how often they differ.
func (j *journal) reconcile(w io.Writer, p *bitrixtest.Portal) (lies int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	states := map[string]int{}
	chats := map[int][]int{}
	settled := 0 // unknown at first, and told truly later
	for at, told := range j.told {
		if chats[at.chat] == nil {
			chats[at.chat] = p.Participants(at.chat)
		}
		in := slices.Contains(chats[at.chat], at.user)
		for _, state := range told {
			states[state]++
		}
		success := slices.Contains(told, "done") || slices.Contains(told, "same")
		unknown := slices.Contains(told, "unknown")
		switch {
		case success && !in:
			lies++
			fmt.Fprintf(w, "LIE: user %d is not in chat %d and was told %q\n", at.user, at.chat, told)
		case !success && !unknown && in:
			lies++
			fmt.Fprintf(w, "LIE: user %d is in chat %d and was told %q\n", at.user, at.chat, told)
		case success && unknown:
			settled++
		}
	}
	for chat, members := range chats {
		// Nobody leaves, so everybody but the customer joined once.
		joins := 0
		for _, m := range p.Messages(chat) {
			if m.Code == "CHAT_JOIN" {
				joins++
			}
		}
		if joins > len(members)-1 {
			lies++
			fmt.Fprintf(w, "DOUBLED: %d joined chat %d, which holds %v\n", joins, chat, members)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(j.answers)) {
		fmt.Fprintf(w, "%6d  %s\n", j.answers[what], what)
	}
	for _, state := range slices.Sorted(maps.Keys(states)) {
		fmt.Fprintf(w, "%6d  people told %q\n", states[state], state)
	}
	fmt.Fprintf(w, "%6d  unknown at first, told truly later\n%6d  refreshes of tokens\n", settled, p.Refreshes())
	slices.Sort(j.adds)
	if n := len(j.adds); n > 0 {
		fmt.Fprintf(w, "an add took %v in the middle, %v at the 99th of 100\n", j.adds[n/2].Round(time.Millisecond), j.adds[n*99/100].Round(time.Millisecond))
	}
	fmt.Fprintf(w, "%d told what is not true\n", lies)
	return lies
}
