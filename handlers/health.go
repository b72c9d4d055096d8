package handlers

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// health answers the section about how things are. Where a script ran it has named
// its time zone, and it has the checks made group by group; without one the page
// comes with all results.
func (s *server) health(c echo.Context) error {
	v, f, err := s.homeForm(c)
	switch {
	case err != nil:
		return err
	case !v.Admin:
		return app.ErrNotAdmin
	case f.Get("zone") != "":
		return s.showHealth(c, v, nil)
	}
	return s.showExamined(c, v)
}

// showExamined shows the page with all results.
func (s *server) showExamined(c echo.Context, v pageVisit) error {
	done, err := s.app.Examine(c.Request().Context(), v.Visit, app.CheckGroups()...)
	if err != nil {
		return err
	}
	return s.showHealth(c, v, done)
}

// showHealth shows the page with the checks that were made, or with what its
// script has made.
func (s *server) showHealth(c echo.Context, v pageVisit, done []app.Check) error {
	sealed, err := s.sealed(v)
	if err != nil {
		return err
	}
	w := sceneOf(c).words
	return s.showHome(c, v, "/home/health", w.Say("home.nav.health"), views.HealthPart(healthPart(w, sealed, done)), "health.js")
}

// healthPart builds what stands under the heading.
func healthPart(w views.Words, visit string, done []app.Check) views.Health {
	part := views.Health{Words: w, Visit: visit}
	for _, g := range app.CheckGroups() {
		group := views.HealthGroup{Words: w, ID: string(g), Visit: visit}
		for _, id := range app.ChecksOf(g) {
			n := slices.IndexFunc(done, func(c app.Check) bool { return c.ID == id })
			if n < 0 {
				group.Checks = append(group.Checks, views.Check{ID: string(id), Name: w.Say(checks[id]), Kind: "checking", Verdict: w.Say("health.checking")})
				continue
			}
			group.Checks = append(group.Checks, diagnosis(w, done[n], time.UTC))
		}
		part.Groups = append(part.Groups, group)
	}
	if worst := app.WorstOf(done); worst != "" {
		part.Verdict, part.Says = string(worst), w.Say(overall[worst])
	}
	return part
}

// overall are the ids of what the worst verdict means. That something was not
// checked is told where it stands.
var overall = map[app.Verdict]string{
	app.VerdictFine: "health.all.fine", app.VerdictUnchecked: "health.all.attention",
	app.VerdictAttention: "health.all.attention", app.VerdictBroken: "health.all.broken",
}

// examine answers the page's script with the checks of one group.
func (s *server) examine(c echo.Context) error {
	v, f, err := s.homeForm(c)
	if err != nil {
		return err
	}
	g := app.CheckGroup(f.Get("group"))
	if !slices.Contains(app.CheckGroups(), g) {
		return fmt.Errorf("%w: no group of checks", errForm)
	}
	return s.examined(c, v, g, zone(f.Get("zone")))
}

// repair puts tabs and events right, and looks again.
func (s *server) repair(c echo.Context) error {
	v, f, err := s.adminForm(c)
	if err != nil {
		return err
	}
	if err := s.app.Repair(c.Request().Context(), v.Visit); err != nil {
		return err
	}
	if !sceneOf(c).pieces {
		return s.showExamined(c, v)
	}
	return s.examined(c, v, app.GroupPortal, zone(f.Get("zone")))
}

// takeover installs Joinline anew with tokens that the page got from the portal
// just now, in the place of whoever did before, and looks again. The portal and
// the authorisation server say whose they are.
func (s *server) takeover(c echo.Context) error {
	v, f, err := s.homeForm(c)
	if err != nil {
		return err
	}
	fresh, err := freshTokens(f)
	if err != nil {
		return err
	}
	if err := s.app.Administrator(c.Request().Context(), v.Visit); err != nil {
		return err
	}
	l := bitrix.Launch{Access: fresh.Access, Refresh: fresh.Refresh, ExpiresIn: fresh.ExpiresIn, MemberID: v.Member}
	if _, err := s.app.Install(c.Request().Context(), l); err != nil {
		return err
	}
	return s.examined(c, v, app.GroupPortal, zone(f.Get("zone")))
}

// examined shows the checks of one group as a piece.
func (s *server) examined(c echo.Context, v pageVisit, g app.CheckGroup, at *time.Location) error {
	done, err := s.app.Examine(c.Request().Context(), v.Visit, g)
	if err != nil {
		return err
	}
	sealed, err := s.sealed(v)
	if err != nil {
		return err
	}
	w := sceneOf(c).words
	piece := views.HealthGroup{Words: w, ID: string(g), Visit: sealed}
	for _, d := range done {
		piece.Checks = append(piece.Checks, diagnosis(w, d, at))
	}
	return s.show(c, http.StatusOK, views.HealthGroupPart(piece))
}

// SayHealth puts a check into words of a language.
func SayHealth(language string, c app.Check) views.Check {
	return diagnosis(views.Speak(language), c, time.UTC)
}

// diagnosis puts a check into words, with times of a zone.
func diagnosis(w views.Words, c app.Check, at *time.Location) views.Check {
	d := views.Check{ID: string(c.ID), Name: w.Say(checks[c.ID]), Kind: string(c.Verdict), Verdict: w.Say(verdicts[c.Verdict])}
	for _, f := range c.Findings {
		with := found(w, f, at)
		d.Lines = append(d.Lines, views.CheckLine{Kind: string(f.Verdict), Text: w.Say(findings[f.ID].says, with)})
		if cure := findings[f.ID].cure; cure != "" {
			if text := w.Say(cure, with); !slices.Contains(d.Cures, text) {
				d.Cures = append(d.Cures, text)
			}
		}
		d.Repair = d.Repair || f.Cure == app.CureRepair
		d.Takeover = d.Takeover || f.Cure == app.CureTakeover
	}
	return d
}

// found are the variables of the sentences about a finding.
func found(w views.Words, f app.Finding, at *time.Location) views.With {
	with := views.With{
		"Name": f.Name, "Names": w.List(f.Names), "URL": f.URL, "Count": strconv.Itoa(f.Count), "Time": f.Time.In(at).Format("2006-01-02 15:04 MST"),
		"Milliseconds": strconv.FormatInt(f.Milliseconds, 10), "Seconds": strconv.FormatInt((f.Milliseconds+999)/1000, 10),
		"Press": w.Say("health.repair"),
	}
	if card, ok := cards[f.Name]; ok {
		with["Name"] = w.Say(card)
	}
	return with
}

// cards are the ids of the names of the cards, by the place of our tab there.
var cards = map[string]string{
	"CRM_LEAD_DETAIL_TAB": "health.card.lead", "CRM_DEAL_DETAIL_TAB": "health.card.deal",
	"CRM_CONTACT_DETAIL_TAB": "health.card.contact", "CRM_COMPANY_DETAIL_TAB": "health.card.company",
}

// verdicts are the ids of the words for verdicts.
var verdicts = map[app.Verdict]string{
	app.VerdictFine: "health.fine", app.VerdictUnchecked: "health.unchecked",
	app.VerdictAttention: "health.attention", app.VerdictBroken: "health.broken",
}

// checks are the ids of the names of checks.
var checks = map[app.CheckID]string{
	app.CheckScopes: "health.scopes", app.CheckPlacements: "health.placements", app.CheckEvents: "health.events",
	app.CheckCaretaker: "health.caretaker", app.CheckChannels: "health.channels", app.CheckDirectory: "health.directory",
	app.CheckPublic: "health.public", app.CheckAuthServer: "health.authserver", app.CheckLimits: "health.limits",
	app.CheckDatabase: "health.database", app.CheckVersion: "health.version",
}

// findings are the ids of what is said of a finding, and of what helps.
var findings = map[app.FindingID]struct{ says, cure string }{
	app.FoundNothing: {"health.nothing", ""},

	app.ScopesGranted:    {"health.scope.granted", ""},
	app.ScopeNeeded:      {"health.scope.needed", "error.scope.help"},
	app.ScopeMessenger:   {"health.scope.im", "error.scope.help"},
	app.ScopeDepartments: {"health.scope.department", "error.scope.help"},

	app.PlacementsBound:  {"health.placement.bound", ""},
	app.PlacementMissing: {"health.placement.missing", "health.placement.cure"},
	app.PlacementStale:   {"health.placement.stale", "health.placement.cure"},

	app.EventsBound:   {"health.event.bound", ""},
	app.EventsMissing: {"health.event.missing", "health.placement.cure"},
	app.EventSeen:     {"health.event.seen", ""},
	app.EventNever:    {"health.event.never", ""},

	app.CaretakerFine:      {"health.caretaker.fine", ""},
	app.CaretakerDismissed: {"health.caretaker.dismissed", "home.takeover.help"},
	app.CaretakerBarred:    {"health.caretaker.barred", "home.takeover.help"},
	app.CaretakerDemoted:   {"health.caretaker.demoted", "home.takeover.help"},
	app.CaretakerDead:      {"health.caretaker.dead", "home.takeover.help"},

	app.ChannelOpen:  {"health.channel.open", ""},
	app.ChannelEmpty: {"health.channel.empty", "health.channel.cure"},
	app.ChannelOff:   {"health.channel.off", "health.channel.cure"},
	app.ChannelsNone: {"home.lack.line", "health.channel.cure"},
	app.ConnectorOff: {"health.channel.connector", "health.channel.cure"},

	app.DirectoryRead: {"health.directory.read", ""},
	app.DirectoryOld:  {"health.directory.read", ""},
	app.DirectoryNone: {"health.directory.none", ""},

	app.PublicReached:        {"health.public.reached", ""},
	app.PublicLocal:          {"health.public.local", ""},
	app.PublicUnresolved:     {"health.public.unresolved", "health.public.unresolved.cure"},
	app.PublicSilent:         {"health.public.silent", "health.public.cure"},
	app.PublicStranger:       {"health.public.stranger", "health.public.cure"},
	app.PublicCertificate:    {"health.public.certificate", ""},
	app.PublicCertificateOld: {"health.public.certificate", "health.public.certificate.cure"},
	app.PublicCertificateBad: {"health.public.certificate.bad", "health.public.certificate.cure"},
	app.PublicFramed:         {"health.public.framed", ""},
	app.PublicBarred:         {"health.public.barred", "health.public.header"},
	app.PublicStripped:       {"health.public.stripped", "health.public.header"},
	app.PublicPlain:          {"health.public.plain", "health.public.plain.cure"},

	app.AuthReached: {"health.auth.reached", ""},
	app.AuthSilent:  {"health.auth.silent", "health.auth.silent.cure"},
	app.AuthKeys:    {"health.auth.keys", "health.auth.keys.cure"},

	app.LimitsCalm:    {"health.limit.calm", ""},
	app.LimitsWaited:  {"health.limit.waited", "health.limit.cure"},
	app.LimitsHeld:    {"health.limit.held", "health.limit.cure"},
	app.LimitsRefused: {"health.limit.refused", "health.limit.cure"},
	app.LimitsSilent:  {"health.limit.silent", ""},
	app.LimitsBlocked: {"health.limit.blocked", "health.limit.cure"},
	app.LimitsResting: {"health.limit.resting", ""},

	app.DatabaseFine:     {"health.database.fine", ""},
	app.DatabaseSlow:     {"health.database.slow", "health.database.cure"},
	app.DatabaseReadOnly: {"health.database.readonly", "health.database.cure"},
	app.DatabaseDown:     {"health.database.down", "health.database.cure"},

	app.VersionIs:       {"health.version.is", ""},
	app.ReplicasAre:     {"health.version.replicas", ""},
	app.ReplicasOneFile: {"health.version.onefile", ""},
}
