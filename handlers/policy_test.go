package handlers

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/bitrix/bitrixtest"
)

// policyForm is what a browser would send with the form of the policy as it stands.
func policyForm(t *testing.T, p page) url.Values {
	t.Helper()
	f := url.Values{}
	for _, n := range slices.Concat(p.all("#policy input"), p.all("#policy textarea")) {
		kind := attr(n, "type")
		if kind == "checkbox" && !slices.Contains(p.all("#policy input[checked]"), n) {
			continue
		}
		if name := attr(n, "name"); name != "" {
			value := attr(n, "value")
			if kind == "checkbox" && value == "" {
				value = "on"
			}
			f.Add(name, value)
		}
	}
	return f
}

// openPolicy opens the section as an administrator.
func (w *world) openPolicy(t *testing.T, user int) (page, url.Values) {
	t.Helper()
	_, visit := w.home(t, user)
	a := w.do(t, request{path: "/home/policy", form: visit})
	a.wantStatus(t, http.StatusOK)
	p := a.page(t)
	return p, policyForm(t, p)
}

func (w *world) kept(t *testing.T) app.Policy {
	t.Helper()
	p, err := w.store.Policy(t.Context(), bitrix.MemberID(w.portal.MemberID()))
	must(t, err)
	return p
}

// keep keeps a policy without a page.
func (w *world) keep(t *testing.T, p app.Policy) {
	t.Helper()
	p.Version = w.kept(t).Version
	must(t, w.store.SavePolicy(t.Context(), bitrix.MemberID(w.portal.MemberID()), p, nil))
}

func TestAnAdministratorSetsThePolicyOnAPageWithoutScripts(t *testing.T) {
	t.Parallel()
	w := installed(t)
	_, f := w.openPolicy(t, admin)
	if got := f["shown"]; len(got) != 4 {
		t.Errorf("shown are %v", got)
	}
	f["shown"] = []string{"DEAL", "CONTACT", "COMPANY"}
	f["adder"] = []string{"SG3"}
	f.Set("adder-more", "dr5\r\n Olga   Sidorova ;\n")
	f.Set("never-more", "U23, d1")
	f.Set("confirm", "5")
	f.Set("days", "30")
	f.Set("note", "on")
	f.Set("notify", "on")
	a := w.do(t, request{path: "/home/policy/save", form: f})
	a.wantStatus(t, http.StatusOK)
	p := a.page(t)
	p.says(t, ".said", "The policy is saved")
	p.says(t, ".item", "Last changed by Anna Belova")
	p.says(t, "[data-holders=adder] .chips", "Olga Sidorova")
	want := app.Policy{
		Version: 1, By: admin, ByName: "Anna Belova", Hidden: []bitrix.ItemType{bitrix.Lead},
		Adders:       []app.Access{{Code: "SG3", Name: "Partners"}, {Code: "DR5", Name: "Sales"}, {Code: "U22", Name: "Olga Sidorova"}},
		Barred:       []app.Access{{Code: "U23", Name: "Pavel Orlov"}, {Code: "D1", Name: "Daisy Trading"}},
		ConfirmAbove: 5, JournalDays: 30, NoteRequired: true, Ways: &app.Ways{Notify: true},
	}
	if d := cmp.Diff(want, w.kept(t), cmpopts.IgnoreFields(app.Policy{}, "Changed")); d != "" {
		t.Error(d)
	}
	// Sent as it stands it changes nothing.
	a = w.do(t, request{path: "/home/policy/save", form: policyForm(t, p)})
	a.wantStatus(t, http.StatusOK)
	want.Version = 2
	if d := cmp.Diff(want, w.kept(t), cmpopts.IgnoreFields(app.Policy{}, "Changed")); d != "" {
		t.Error(d)
	}
	wantDetails(t, w, "hidden_cards:LEAD", "may_add:SG3 DR5 U22", "never_added:U23 D1", "confirm_above:5", "note_required:true",
		"note_goes:notice=true line=false comment=false", "journal_days:30")
}

// wantDetails checks what the journal says of changed policies.
func wantDetails(t *testing.T, w *world, want ...string) {
	t.Helper()
	all, err := w.store.Entries(t.Context(), bitrix.MemberID(w.portal.MemberID()), app.EntryFilter{Kind: app.EntryPolicy}, 0, 100)
	must(t, err)
	var got []string
	for _, e := range all {
		if e.By.ID != admin {
			t.Errorf("changed by %+v", e.By)
		}
		got = append(got, e.Detail)
	}
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWhatCannotBeKeptIsShownAsItWasTyped(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world, f url.Values)
		status int
		says   string
		typed  string
	}{
		"a name that nobody bears": {func(_ *world, f url.Values) { f.Set("never-more", "Nobody Atall") }, 400, "Nobody Atall", "Nobody Atall"},
		"departments that cannot be looked into": {func(_ *world, f url.Values) { f.Set("never-more", "DR5") }, 400,
			"permission “department”", "DR5"},
		"delegated adding that was not understood": {func(_ *world, f url.Values) { f.Set("delegated", "on") }, 400, "understand what it opens", ""},
		"a policy that somebody else changed": {func(w *world, f url.Values) {
			f.Set("note", "on")
			_ = w.store.SavePolicy(t.Context(), bitrix.MemberID(w.portal.MemberID()), app.Policy{ConfirmAbove: 7}, nil)
		}, 409, "Somebody else changed the policy", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := installed(t)
			_, f := w.openPolicy(t, admin)
			c.change(w, f)
			before := w.kept(t)
			a := w.do(t, request{path: "/home/policy/save", form: f})
			a.wantStatus(t, c.status)
			a.page(t).says(t, ".lack[role=alert]", c.says)
			a.page(t).says(t, "#never-more", c.typed)
			if d := cmp.Diff(before, w.kept(t)); d != "" {
				t.Error(d)
			}
			if n := len(a.page(t).all("#delegated[checked]")); n > 0 {
				t.Error("the page says that delegated adding is on")
			}
		})
	}
}

func TestOnlyAdministratorsSeeAndSetThePolicy(t *testing.T) {
	t.Parallel()
	w := installed(t)
	p, visit := w.home(t, ivan)
	if n := len(p.all("nav [formaction='/home/policy']")); n > 0 {
		t.Error("an employee is offered the policy")
	}
	w.do(t, request{path: "/home/policy", form: visit}).wantStatus(t, http.StatusForbidden)
	_, f := w.openPolicy(t, admin)
	f.Set("visit", visit.Get("visit"))
	w.do(t, request{path: "/home/policy/save", form: f}).wantStatus(t, http.StatusForbidden)
	// An administrator who is none any more.
	_, f = w.openPolicy(t, admin)
	w.portal.Do(func(world *bitrixtest.World) { world.Users[admin].Admin = false })
	w.do(t, request{path: "/home/policy/save", form: f}).wantStatus(t, http.StatusForbidden)
	if kept := w.kept(t); kept.Version != 0 {
		t.Errorf("kept %+v", kept)
	}
}

func TestTheCardOfSomebodyExcludedIsReadOnly(t *testing.T) {
	t.Parallel()
	w := installed(t)
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	f.Set("person", w.find(t, f, "Orlov", "23"))
	w.keep(t, app.Policy{Adders: []app.Access{{Code: "U24", Name: "Elena Morozova"}}, By: admin, ByName: "Anna Belova"})

	a := w.open(t, ivan, "DEAL", "77")
	for _, p := range []page{a.page(t), w.do(t, request{path: "/card", form: url.Values{"visit": {a.page(t).attr(t, "#card input[name=visit]", "value")}}}).page(t)} {
		p.says(t, ".asked", "Ask Anna Belova")
		p.one(t, "#adds[hidden]")
		for _, gone := range []string{"input[name=chat]", "[name=join]", "[name=dialog]", "[name=wish]", "[value=all]"} {
			if n := len(p.all(gone)); n > 0 {
				t.Errorf("%d of %s are there", n, gone)
			}
		}
		if n := len(p.all("#chats .chat")); n == 0 {
			t.Error("no chats are shown")
		}
	}
	// A page that was open before, or a form made by hand.
	told := w.add(t, f)
	told.wantStatus(t, http.StatusOK)
	told.page(t).says(t, "#results .help", "The policy of your portal does not let you add people")
	w.wantParticipants(t, chatAnn, ivan, ann)
}

func TestWhomThePolicyBarsIsToldBeforeTheClickAndRefusedAfterIt(t *testing.T) {
	t.Parallel()
	w := installed(t)
	f := w.open(t, admin, "DEAL", "77").fields(t)
	pavels, elenas := w.find(t, f, "Orlov", "23"), w.find(t, f, "Morozova", "24")
	w.keep(t, app.Policy{Barred: []app.Access{{Code: "U23"}, {Code: "D5"}}})
	a := w.do(t, request{path: "/card/find", form: url.Values{"visit": f["visit"], "chat": f["chat"], "q": {"Orlov"}}, header: map[string]string{"X-Joinline": "1"}})
	a.page(t).says(t, "#person-23", "never added")
	a = w.do(t, request{path: "/card/presence", form: url.Values{"visit": f["visit"], "chat": f["chat"], "person": {elenas}}, header: map[string]string{"X-Joinline": "1"}})
	a.page(t).says(t, "#doubt-24", "never added")
	f["person"] = []string{pavels, elenas}
	a = w.add(t, f)
	a.page(t).says(t, "#results", "lets nobody add this colleague")
	w.wantParticipants(t, chatAnn, ivan, ann)
}

func TestANoteThatIsRequiredIsAskedFor(t *testing.T) {
	t.Parallel()
	w := installed(t)
	w.keep(t, app.Policy{NoteRequired: true, ConfirmAbove: 1})
	a := w.open(t, admin, "DEAL", "77")
	a.page(t).says(t, "#remark summary", "Why? (required)")
	f := a.fields(t)
	f["person"] = []string{w.find(t, f, "Orlov", "23"), w.find(t, f, "Morozova", "24")}
	for _, step := range []struct{ field, value, says string }{
		{"", "", "nobody is added without a reason"},
		{"why", "Needs an engineer", "nobody is added without a reason"}, // that nobody would read
		{"comment", "on", "These are many people"},
	} {
		if step.field != "" {
			f.Set(step.field, step.value)
		}
		a := w.do(t, request{path: "/card/add", form: f})
		a.wantStatus(t, http.StatusBadRequest)
		a.page(t).says(t, "#trouble", step.says)
		w.wantParticipants(t, chatAnn, ivan, ann)
	}
	one := url.Values{"visit": f["visit"], "chat": f["chat"], "person": f["person"][:1]}
	w.do(t, request{path: "/card/add/one", form: one, header: map[string]string{"X-Joinline": "1"}}).wantStatus(t, http.StatusBadRequest)
	f.Set("sure", "on")
	w.do(t, request{path: "/card/add", form: f}).wantStatus(t, http.StatusOK)
	w.wantParticipants(t, chatAnn, ivan, ann, pavel, elena)
}

func TestADelegatedAddNamesWhoActed(t *testing.T) {
	t.Parallel()
	w := installed(t)
	w.keep(t, app.Policy{Delegated: true})
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	f.Set("person", w.find(t, f, "Sidorova", "22"))
	w.add(t, f).page(t).says(t, "#results .help", "with the rights of Anna Belova")
	w.wantParticipants(t, chatAnn, ivan, ann, olga)
	all, err := w.store.Entries(t.Context(), bitrix.MemberID(w.portal.MemberID()), app.EntryFilter{Delegated: true}, 0, 10)
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("the journal holds %+v", all)
	}
	e := all[0]
	if e.By != (app.Party{ID: admin, Name: "Anna Belova"}) || e.OnBehalf != (app.Party{ID: ivan, Name: "Ivan Petrov"}) || e.Whom.ID != olga || e.State != app.OutcomeAdded {
		t.Errorf("the journal says %+v", e)
	}
	_, visit := w.home(t, admin)
	w.do(t, request{path: "/home/journal", form: visit}).page(t).says(t, ".journal", "Anna Belova")
}

func TestACardThatThePolicyHidesSaysSo(t *testing.T) {
	t.Parallel()
	w := installed(t)
	w.keep(t, app.Policy{Hidden: []bitrix.ItemType{bitrix.Deal}})
	a := w.open(t, ivan, "DEAL", "77")
	a.wantStatus(t, http.StatusForbidden)
	a.page(t).says(t, "h1", "Joinline is not shown in cards of this kind")
}

func TestTheJournalCallsTheSettingsAsThePolicyDoes(t *testing.T) {
	t.Parallel()
	w := installed(t)
	_, f := w.openPolicy(t, admin)
	f["shown"] = []string{"DEAL", "CONTACT"}
	f.Set("adder-more", "DR5")
	f.Set("never-more", "U23")
	f.Set("confirm", "5")
	f.Set("days", "30")
	for _, field := range []string{"note", "notify", "comment", "delegated", "understood"} {
		f.Set(field, "on")
	}
	p := w.do(t, request{path: "/home/policy/save", form: f}).page(t)
	f = policyForm(t, p)
	f.Del("note")
	f.Del("adder")
	w.do(t, request{path: "/home/policy/save", form: f}).wantStatus(t, http.StatusOK)
	_, visit := w.home(t, admin)
	said := text(w.do(t, request{path: "/home/journal", form: visit}).page(t).one(t, ".journal"))
	for _, want := range []string{
		"Cards that show Joinline: Deal, Contact", "Who may add people: DR5", "Who may add people: —", "Who may never be added: U23",
		"Ask once more above this number of people: 5", "Nobody is added without a reason: on", "Nobody is added without a reason: off",
		"Who reads a reason until a person chooses: Notify them, Comment in the timeline", "Days that the journal is kept: 30", "Delegated adding: on",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the journal does not say %q", want)
		}
	}
	if t.Failed() {
		t.Log(said)
	}
}

// goodPolicy saves a policy as an administrator's page would.
func goodPolicy(t *testing.T, w *world, lang string) request {
	t.Helper()
	r := goodHome("/home/policy/save", admin)(t, w, lang)
	r.form.Set("version", strconv.FormatInt(w.kept(t).Version, 10)) // each try saves it
	return r
}

// policyFields are what nobody sends who sees the form.
var policyFields = []refusal{
	{name: "no version", status: 400, change: set("version", "")},
	{name: "a version of nonsense", status: 400, change: set("version", "one")},
	{name: "a version below zero", status: 400, change: set("version", "-1")},
	{name: "the version twice", status: 400, change: twice("version")},
	{name: "more people to confirm than can be added", status: 400, change: set("confirm", "51")},
	{name: "fewer than nobody to confirm", status: 400, change: set("confirm", "-1")},
	{name: "days of nonsense", status: 400, change: set("days", "for ever")},
	{name: "a journal for a thousand years", status: 400, change: set("days", "365000")},
	{name: "a code that is none", status: 400, change: set("adder", "U15' OR 1=1")},
	{name: "a barred code that is none", status: 400, change: set("never", "<b>U15</b>")},
	{name: "more names than fit", status: 400, change: set("adder-more", strings.Repeat("x", maxHolders+1))},
	{name: "more codes than may be", status: 400, change: set("never-more", strings.Repeat("U15,", app.MaxAccess+1))},
}

func TestAttackDelegatedAddingWithAForgedChat(t *testing.T) {
	t.Parallel()
	w := installed(t)
	w.keep(t, app.Policy{Delegated: true})
	f := w.open(t, ivan, "DEAL", "77").fields(t)
	olgas := w.find(t, f, "Sidorova", "22")
	others := w.open(t, admin, "DEAL", "79").fields(t)
	deal78 := w.open(t, elena, "DEAL", "78").fields(t)
	for name, forged := range map[string]url.Values{
		"a chat that is no seal":               {"chat": {"1780"}, "person": {olgas}},
		"a chat of another visit":              {"chat": w.open(t, admin, "DEAL", "77").fields(t)["chat"], "person": {olgas}},
		"a person of another visit":            {"chat": f["chat"], "person": {w.find(t, deal78, "Sidorova", "22")}},
		"another visit with this visit's chat": {"visit": others["visit"], "chat": f["chat"], "person": {olgas}},
		"a person as a chat":                   {"chat": {olgas}, "person": {olgas}},
	} {
		if forged["visit"] == nil {
			forged["visit"] = f["visit"]
		}
		for _, path := range []string{"/card/add", "/card/add/one"} {
			a := w.do(t, request{path: path, form: forged, header: map[string]string{"X-Joinline": "1"}})
			if a.StatusCode != http.StatusBadRequest {
				t.Errorf("%s at %s: status %d", name, path, a.StatusCode)
			}
		}
	}
	w.wantParticipants(t, chatAnn, ivan, ann)
}
