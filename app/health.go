package app

import (
	"context"
	"slices"
	"time"

	"github.com/joinline/joinline/bitrix"
)

// Verdict is how well something is.
type Verdict string

// The verdicts, from the best to the worst.
const (
	// VerdictFine: as it should be.
	VerdictFine Verdict = "fine"
	// VerdictUnchecked: it could not be checked, because of something else.
	VerdictUnchecked Verdict = "unchecked"
	// VerdictAttention: Joinline works, not as well as it could, or not for long.
	VerdictAttention Verdict = "attention"
	// VerdictBroken: something does not work.
	VerdictBroken Verdict = "broken"
)

var verdicts = []Verdict{VerdictFine, VerdictUnchecked, VerdictAttention, VerdictBroken}

// worse returns the worse one of two verdicts.
func (v Verdict) worse(w Verdict) Verdict {
	return verdicts[max(slices.Index(verdicts, v), slices.Index(verdicts, w), 0)]
}

// WorstOf returns the worst verdict of checks, "" of none.
func WorstOf(checks []Check) Verdict {
	if len(checks) == 0 {
		return ""
	}
	worst := VerdictFine
	for _, c := range checks {
		worst = worst.worse(c.Verdict)
	}
	return worst
}

// Check is one thing that was looked at.
type Check struct {
	ID CheckID `json:"id"`
	// Verdict is the worst of those of the findings.
	Verdict Verdict `json:"verdict"`
	// Findings are at least one.
	Findings []Finding `json:"findings"`
}

// Finding is one thing that a check found. Which of the values it has depends on
// its ID; the constants tell.
type Finding struct {
	ID      FindingID `json:"id"`
	Verdict Verdict   `json:"verdict"`
	// Cure is what puts it right at the press of a button; often nothing does.
	Cure Cure `json:"cure,omitempty"`
	// Name is the name or code of what it is about, Names are several.
	Name  string   `json:"name,omitempty"`
	Names []string `json:"names,omitempty"`
	URL   string   `json:"url,omitempty"`
	Count int      `json:"count,omitempty"`
	// Time is when it was, or until when it is.
	Time         time.Time `json:"time,omitzero"`
	Milliseconds int64     `json:"milliseconds,omitempty"`
}

// Cure is what an administrator may have Joinline do about a finding.
type Cure string

// The cures.
const (
	// CureRepair: App.Repair.
	CureRepair Cure = "repair"
	// CureTakeover: the administrator installs Joinline anew in the place of
	// whoever did before.
	CureTakeover Cure = "takeover"
)

// CheckID names a check.
type CheckID string

// The checks.
const (
	CheckScopes     CheckID = "scopes"
	CheckPlacements CheckID = "placements"
	CheckEvents     CheckID = "events"
	CheckCaretaker  CheckID = "caretaker"
	CheckChannels   CheckID = "channels"
	CheckDirectory  CheckID = "directory"
	CheckPublic     CheckID = "public"
	CheckAuthServer CheckID = "authserver"
	CheckLimits     CheckID = "limits"
	CheckDatabase   CheckID = "database"
	CheckVersion    CheckID = "version"
)

// CheckGroup is a number of checks that are made in one go.
type CheckGroup string

// The groups of checks.
const (
	// GroupPortal asks the portal, in two batches.
	GroupPortal CheckGroup = "portal"
	// GroupNetwork asks others: ourselves by our public address, and the
	// authorisation servers.
	GroupNetwork CheckGroup = "network"
	// GroupServer asks nobody but the database.
	GroupServer CheckGroup = "server"
)

// CheckGroups are all groups, in the order of their checks.
func CheckGroups() []CheckGroup { return []CheckGroup{GroupPortal, GroupNetwork, GroupServer} }

// checks are all checks, in the order in which people read them.
var checks = []struct {
	id    CheckID
	group CheckGroup
	run   func(*exam, context.Context) []Finding
}{
	{CheckScopes, GroupPortal, (*exam).scopes},
	{CheckPlacements, GroupPortal, (*exam).placements},
	{CheckEvents, GroupPortal, (*exam).events},
	{CheckCaretaker, GroupPortal, (*exam).caretaker},
	{CheckChannels, GroupPortal, (*exam).channels},
	{CheckDirectory, GroupPortal, (*exam).directory},
	{CheckPublic, GroupNetwork, (*exam).public},
	{CheckAuthServer, GroupNetwork, (*exam).authServer},
	{CheckLimits, GroupNetwork, (*exam).limits},
	{CheckDatabase, GroupServer, (*exam).database},
	{CheckVersion, GroupServer, (*exam).version},
}

// ChecksOf returns the checks of a group, in their order.
func ChecksOf(g CheckGroup) (ids []CheckID) {
	for _, c := range checks {
		if c.group == g {
			ids = append(ids, c.id)
		}
	}
	return ids
}

// examLimit bounds one run of checks.
const examLimit = 25 * time.Second

// exam is one run of checks.
type exam struct {
	*App
	// i is the portal; its bitrix is nil where there is none.
	i home
	// answers are the portal's to the questions of ask; nil: it gave none.
	answers *bitrix.BatchResult
	// apart: nobody can say that our public address is reached at all.
	apart bool
}

// run makes the checks of a group.
func (e *exam) run(ctx context.Context, g CheckGroup) (done []Check) {
	for _, c := range checks {
		if c.group != g {
			continue
		}
		d := Check{ID: c.id, Verdict: VerdictFine, Findings: c.run(e, ctx)}
		for _, f := range d.Findings {
			d.Verdict = d.Verdict.worse(f.Verdict)
		}
		done = append(done, d)
	}
	return done
}

// Examine makes the checks of some groups for a viewer, who must be an
// administrator of the portal now: ErrNotAdmin. For GroupPortal it asks the portal
// with the viewer's token, in one batch that proves this too, and in a second one
// whether the installation's token is good. Any other error means that the portal
// did not answer.
func (a *App) Examine(ctx context.Context, v Visit, groups ...CheckGroup) (done []Check, err error) {
	ctx, cancel := context.WithTimeout(ctx, examLimit)
	defer cancel()
	i, err := a.installation(ctx, v.Member)
	if err != nil {
		return nil, err
	}
	e := &exam{App: a, i: i}
	if slices.Contains(groups, GroupPortal) {
		err = e.askAs(ctx, v)
	} else {
		err = a.Administrator(ctx, v)
	}
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		done = append(done, e.run(ctx, g)...)
	}
	return done, nil
}

// askAs asks the portal as a viewer, who must be an administrator.
func (e *exam) askAs(ctx context.Context, v Visit) error {
	k := &kept{app: e.App, bitrix: e.i.bitrix, key: TokenKey{v.Member, AsViewer, v.Viewer}}
	if _, err := k.read(ctx); err != nil {
		return err
	}
	me, err := e.ask(ctx, k)
	switch {
	case err != nil:
		return err
	case me.ID != v.Viewer || !me.Admin:
		return ErrNotAdmin
	}
	return nil
}

// ExaminePortal makes the checks of GroupPortal as the installation, for whoever
// runs Joinline. What the portal does not answer is
// VerdictUnchecked; that the installation's token is dead is a finding. It fails with
// ErrNotInstalled alone.
func (a *App) ExaminePortal(ctx context.Context, member bitrix.MemberID) ([]Check, error) {
	ctx, cancel := context.WithTimeout(ctx, examLimit)
	defer cancel()
	i, err := a.installation(ctx, member)
	if err != nil {
		return nil, err
	}
	e := &exam{App: a, i: i}
	k := &kept{app: a, bitrix: i.bitrix, key: TokenKey{i.Member, AsInstallation, i.Installer}}
	if _, err := k.read(ctx); err == nil {
		if me, err := e.ask(ctx, k); err != nil || !me.Admin {
			e.answers = nil // those of somebody who may not see everything say nothing
		}
	}
	return e.run(ctx, GroupPortal), nil
}

// ExamineServer makes the checks of GroupNetwork and GroupServer that need no
// portal, those of some groups, for whoever runs Joinline. GroupNetwork needs no
// store either. Apart: it runs in a process of its own, and it is not known that
// another one serves.
func (a *App) ExamineServer(ctx context.Context, apart bool, groups ...CheckGroup) (done []Check) {
	ctx, cancel := context.WithTimeout(ctx, examLimit)
	defer cancel()
	e := &exam{App: a, apart: apart}
	for _, g := range groups {
		done = append(done, e.run(ctx, g)...)
	}
	// The limits are those of a portal, as the process that serves met them.
	return slices.DeleteFunc(done, func(c Check) bool { return c.ID == CheckLimits })
}

// unanswered is what a check finds whose question the portal did not answer.
func unanswered() []Finding {
	return []Finding{{ID: FoundNothing, Verdict: VerdictUnchecked}}
}
