package app

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/joinline/joinline/bitrix"
)

const (
	// maxConnectors are remembered of one portal.
	maxConnectors = 50
	// connectorAge is how long one is remembered to be switched off.
	connectorAge = 24 * time.Hour
)

// connectors remembers which connectors were switched off when cards were
// opened: the portal has no list of them for us. It is safe for concurrent use,
// and its zero value ready for it.
type connectors struct {
	mu   sync.Mutex
	seen map[bitrix.MemberID]map[string]connectorOff // guarded by mu; by the connector's code
}

type connectorOff struct {
	name string
	seen time.Time
}

// note learns from chats as they were read.
func (k *connectors) note(member bitrix.MemberID, chats []Chat, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range chats {
		switch known := k.seen[member]; {
		case c.Connector == "":
		case c.State == ChatOpen:
			delete(known, c.Connector)
		case c.State == ChatConnectorOff && (known[c.Connector].name != "" || len(known) < maxConnectors):
			if known == nil {
				if k.seen == nil {
					k.seen = map[bitrix.MemberID]map[string]connectorOff{}
				}
				known = map[string]connectorOff{}
				k.seen[member] = known
			}
			known[c.Connector] = connectorOff{cmp.Or(c.Channel, c.Connector), now}
		}
	}
}

// off returns those that were seen lately to be switched off, by name.
func (k *connectors) off(member bitrix.MemberID, now time.Time) (off []connectorOff) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for code, c := range k.seen[member] {
		if now.Sub(c.seen) > connectorAge {
			delete(k.seen[member], code)
			continue
		}
		off = append(off, c)
	}
	slices.SortFunc(off, func(a, b connectorOff) int { return strings.Compare(a.name, b.name) })
	return off
}
