package app

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// ask asks the portal everything that the checks need, in one batch with an
// administrator's token, and returns whose that is.
func (e *exam) ask(ctx context.Context, ts bitrix.TokenSource) (bitrix.Profile, error) {
	b := proof()
	b.Add("scope", "scope", nil)
	b.Placements("placements")
	b.Events("events")
	b.Lines("lines")
	b.Employee("installer", e.i.Installer)
	r, err := e.i.bitrix.Installation(e.i.Endpoint, ts).Batch(ctx, b)
	if err != nil {
		return bitrix.Profile{}, whole(err)
	}
	e.answers = r
	return proven(r, e.i.ClientID)
}

// told decodes an answer of the portal, and reports whether there is one.
func (e *exam) told(key string, into any) bool {
	return e.answers != nil && e.answers.Decode(key, into) == nil
}

// optional are the permissions that Joinline can do without.
var optional = []struct {
	scope string
	lack  FindingID
}{{"im", ScopeMessenger}, {"department", ScopeDepartments}}

func (e *exam) scopes(context.Context) []Finding {
	var granted []string
	if !e.told("scope", &granted) {
		return unanswered()
	}
	slices.Sort(granted)
	found := []Finding{{ID: ScopesGranted, Verdict: VerdictFine, Names: granted}}
	for _, any := range scopes {
		if !slices.ContainsFunc(any, func(s string) bool { return slices.Contains(granted, s) }) {
			found = append(found, Finding{ID: ScopeNeeded, Verdict: VerdictBroken, Name: any[0]})
		}
	}
	for _, w := range optional {
		if !slices.Contains(granted, w.scope) {
			found = append(found, Finding{ID: w.lack, Verdict: VerdictAttention, Name: w.scope})
		}
	}
	return found
}

func (e *exam) placements(ctx context.Context) []Finding {
	var bound []bitrix.BoundPlacement
	if !e.told("placements", &bound) {
		return unanswered()
	}
	p, err := e.store.Policy(ctx, e.i.Member)
	if err != nil {
		return unanswered()
	}
	wanted, right := e.App.placements(p), map[string]bool{}
	var found []Finding
	for _, b := range bound {
		w, ours := wanted[b.Placement]
		if ours && b.Handler == w.Handler && titled(b, w) && !right[b.Placement] {
			right[b.Placement] = true
			continue
		}
		found = append(found, Finding{ID: PlacementStale, Verdict: VerdictAttention, Cure: CureRepair, Name: b.Placement, URL: b.Handler})
	}
	for _, code := range slices.Sorted(maps.Keys(wanted)) {
		if !right[code] {
			found = append(found, Finding{ID: PlacementMissing, Verdict: VerdictBroken, Cure: CureRepair, Name: code})
		}
	}
	if found == nil {
		found = []Finding{{ID: PlacementsBound, Verdict: VerdictFine, URL: e.cfg.PublicURL + AppPath}}
	}
	return found
}

func (e *exam) events(context.Context) []Finding {
	var bound []bitrix.BoundEvent
	if !e.told("events", &bound) {
		return unanswered()
	}
	handler := e.cfg.PublicURL + EventsPath
	var missing []string
	for _, name := range []string{eventInstall, eventUninstall} {
		if !slices.ContainsFunc(bound, func(b bitrix.BoundEvent) bool { return b.Event == name && b.Handler == handler }) {
			missing = append(missing, name)
		}
	}
	found := []Finding{{ID: EventsBound, Verdict: VerdictFine, URL: handler}}
	if missing != nil {
		found = []Finding{{ID: EventsMissing, Verdict: VerdictBroken, Cure: CureRepair, Names: missing}}
	}
	if e.i.EventSeen.IsZero() { // on some portals none is due before the removal
		return append(found, Finding{ID: EventNever, Verdict: VerdictFine})
	}
	return append(found, Finding{ID: EventSeen, Verdict: VerdictFine, Time: e.i.EventSeen})
}

func (e *exam) caretaker(ctx context.Context) []Finding {
	f := Finding{ID: CaretakerFine, Verdict: VerdictFine, Name: strconv.FormatInt(int64(e.i.Installer), 10)}
	var people []bitrix.User
	known := e.told("installer", &people) && len(people) == 1 && people[0].ID == e.i.Installer
	if known {
		f.Name = cmp.Or(people[0].FullName(), f.Name)
	}
	err := e.Caretaker(ctx, e.i.Member)
	switch {
	case err == nil:
		return []Finding{f}
	case known && !people[0].Active:
		f.ID = CaretakerDismissed
	case errors.Is(err, ErrNoAccess):
		f.ID = CaretakerBarred
	case errors.Is(err, ErrNotAdmin):
		f.ID = CaretakerDemoted
	case errors.Is(err, ErrNoToken):
		f.ID = CaretakerDead
	default:
		return unanswered()
	}
	f.Verdict, f.Cure = VerdictBroken, CureTakeover
	return []Finding{f}
}

func (e *exam) channels(context.Context) (found []Finding) {
	var lines []bitrix.Line
	if !e.told("lines", &lines) {
		return unanswered()
	}
	open := 0
	for _, l := range lines {
		f := Finding{ID: ChannelOpen, Verdict: VerdictFine, Name: cmp.Or(l.Name, strconv.FormatInt(int64(l.ID), 10)), Count: len(l.Queue)}
		switch {
		case !l.Active:
			f.ID, f.Verdict = ChannelOff, VerdictAttention
		case f.Count == 0:
			f.ID, f.Verdict = ChannelEmpty, VerdictAttention
		}
		if l.Active {
			open++
		}
		found = append(found, f)
	}
	if open == 0 {
		found = append(found, Finding{ID: ChannelsNone, Verdict: VerdictBroken})
	}
	for _, c := range e.connectors.off(e.i.Member, e.now()) {
		found = append(found, Finding{ID: ConnectorOff, Verdict: VerdictAttention, Name: c.name, Time: c.seen})
	}
	return found
}

// staleDirectory is older than a directory becomes that people search.
const staleDirectory = 24 * time.Hour

func (e *exam) directory(ctx context.Context) []Finding {
	d, r, err := e.App.directory(ctx, e.i.Member)
	switch {
	case err != nil:
		return unanswered()
	case d == nil:
		return []Finding{{ID: DirectoryNone, Verdict: VerdictFine, Count: r.People}}
	}
	f := Finding{ID: DirectoryRead, Verdict: VerdictFine, Count: d.Len(), Time: r.Read}
	if e.now().Sub(r.Read) > staleDirectory {
		f.ID = DirectoryOld // the next search has it read anew
	}
	return []Finding{f}
}
