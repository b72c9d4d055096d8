package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// authServer asks the server that vouches for the portal or, where there is no
// portal, all that are trusted.
func (e *exam) authServer(ctx context.Context) (found []Finding) {
	b, servers := e.App.bitrix, e.App.bitrix.Listed()
	if e.i.bitrix != nil {
		b = e.i.bitrix
		if e.i.Server != "" {
			servers = []string{originOf(e.i.Server)}
		}
	}
	if b.ClientID == "" { // the applications are in the store, each with a portal
		return unanswered()
	}
	for _, server := range servers {
		began := time.Now()
		err := b.CheckKeys(ctx, server)
		f := Finding{ID: AuthReached, Verdict: VerdictFine, URL: server, Milliseconds: max(1, time.Since(began).Milliseconds())}
		switch {
		case err == nil:
		case errors.Is(err, bitrix.ErrInvalidClient):
			f.ID, f.Verdict = AuthKeys, VerdictBroken
		default:
			f.ID, f.Verdict = AuthSilent, VerdictBroken
		}
		found = append(found, f)
	}
	return lenient(found)
}

// lenient calls trouble with one of several servers no more than that: each
// portal has one of them only.
func lenient(found []Finding) []Finding {
	fine := slices.ContainsFunc(found, func(f Finding) bool { return f.Verdict == VerdictFine })
	for n := range found {
		if fine && found[n].Verdict == VerdictBroken {
			found[n].Verdict = VerdictAttention
		}
	}
	return found
}

// limits tell how this process got on with the portal lately.
func (e *exam) limits(context.Context) (found []Finding) {
	if e.i.bitrix == nil {
		return unanswered()
	}
	t := e.i.bitrix.Traffic(e.i.Endpoint)
	for _, f := range []Finding{
		{ID: LimitsWaited, Count: t.Waited, Milliseconds: t.Waiting.Milliseconds()}, {ID: LimitsHeld, Count: t.Held},
		{ID: LimitsRefused, Count: t.Refused}, {ID: LimitsSilent, Count: t.Silent},
	} {
		if f.Count > 0 {
			f.Verdict = VerdictAttention
			found = append(found, f)
		}
	}
	for _, method := range slices.Sorted(maps.Keys(t.Blocked)) {
		found = append(found, Finding{ID: LimitsBlocked, Verdict: VerdictAttention, Name: method, Time: t.Blocked[method]})
	}
	if t.Resting {
		found = append(found, Finding{ID: LimitsResting, Verdict: VerdictBroken})
	}
	if found == nil {
		found = []Finding{{ID: LimitsCalm, Verdict: VerdictFine, Count: t.Requests}}
	}
	return found
}

// slowDatabase is a question that takes longer than people would not notice.
const slowDatabase = 250 * time.Millisecond

func (e *exam) database(ctx context.Context) []Finding {
	d, err := e.store.Database(ctx)
	f := Finding{ID: DatabaseFine, Verdict: VerdictFine, Name: d.Kind + " " + d.Version, Milliseconds: max(1, d.Took.Milliseconds())}
	switch {
	case err != nil && d.Version == "":
		f = Finding{ID: DatabaseDown, Verdict: VerdictBroken, Name: d.Kind}
	case err != nil || !d.Writable:
		f.ID, f.Verdict = DatabaseReadOnly, VerdictBroken
	case d.Took > slowDatabase:
		f.ID, f.Verdict = DatabaseSlow, VerdictAttention
	}
	return []Finding{f}
}

func (e *exam) version(context.Context) []Finding {
	found := []Finding{{ID: VersionIs, Verdict: VerdictFine, Name: e.cfg.Version}}
	replicas := Finding{ID: ReplicasAre, Verdict: VerdictFine, Count: max(1, e.cfg.Replicas)}
	if replicas.Count > 1 && e.cfg.DatabaseURL == "" {
		replicas.ID, replicas.Verdict = ReplicasOneFile, VerdictAttention
	}
	return append(found, replicas)
}
