package handlers

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
	"github.com/joinline/joinline/views"
)

// The fields of the policy that a form may hold several times.
const (
	fieldShown = "shown"
	fieldAdder = "adder"
	fieldNever = "never"
)

// maxHolders is how many characters the fields take into which people and
// departments are typed.
const maxHolders = 2000

// policy answers the section in which administrators decide who may bring whom.
func (s *server) policy(c echo.Context) error {
	v, _, err := s.adminForm(c)
	if err != nil {
		return err
	}
	p, err := s.app.Policy(c.Request().Context(), v.Visit)
	if err != nil {
		return err
	}
	return s.showPolicy(c, v, http.StatusOK, policyPart(sceneOf(c).words, v.Visit, p))
}

// savePolicy keeps what an administrator decided. What cannot be kept is shown as
// it was typed, with the reason.
func (s *server) savePolicy(c echo.Context) error {
	v, f, err := s.homeForm(c)
	if err != nil {
		return err
	}
	p, err := policyIn(v.Visit, f)
	if err != nil {
		return err
	}
	kept, err := s.app.SetPolicy(c.Request().Context(), v.Visit, p, f.Get("understood") != "")
	w := sceneOf(c).words
	switch unknown, _ := errors.AsType[*app.AccessError](err); {
	case err == nil:
		part := policyPart(w, v.Visit, kept)
		part.Said = w.Say("policy.saved")
		return s.showPolicy(c, v, http.StatusOK, part)
	case errors.Is(err, app.ErrTabs):
		part := policyPart(w, v.Visit, kept)
		part.Trouble = w.Say("policy.trouble.tabs")
		return s.showPolicy(c, v, http.StatusBadGateway, part)
	case errors.Is(err, app.ErrPolicyChanged):
		if kept, err = s.app.Policy(c.Request().Context(), v.Visit); err != nil {
			return err
		}
		part := policyPart(w, v.Visit, kept)
		part.Trouble = w.Say("policy.trouble.changed")
		return s.showPolicy(c, v, http.StatusConflict, part)
	case unknown != nil:
		return s.troubled(c, v, f, p, kept, w.Say("policy.trouble.unknown", views.With{"Names": w.List(unknown.Texts)}))
	case errors.Is(err, app.ErrUnsure):
		return s.troubled(c, v, f, p, kept, w.Say("policy.trouble.unsure"))
	case errors.Is(err, app.ErrScope):
		return s.troubled(c, v, f, p, kept, w.Say("policy.trouble.department", views.With{"Scope": "department"}))
	}
	return err
}

// troubled shows the form as it was sent, and why it was not kept.
func (s *server) troubled(c echo.Context, v pageVisit, f url.Values, typed, kept app.Policy, why string) error {
	typed.By, typed.ByName = kept.By, kept.ByName
	typed.Adders, typed.Barred = chosenHolders(f, fieldAdder, kept.Adders), chosenHolders(f, fieldNever, kept.Barred)
	part := policyPart(sceneOf(c).words, v.Visit, typed)
	part.Adders.Typed, part.Barred.Typed = f.Get(fieldAdder+"-more"), f.Get(fieldNever+"-more")
	part.Delegated = kept.Delegated // that is what is true
	part.Trouble = why
	return s.showPolicy(c, v, http.StatusBadRequest, part)
}

// chosenHolders are those whose chips a form holds, as they are known to be called.
func chosenHolders(f url.Values, field string, kept []app.Access) (all []app.Access) {
	for _, code := range f[field] {
		a := app.Access{Code: code, Name: code}
		if n := slices.IndexFunc(kept, func(k app.Access) bool { return k.Code == code }); n >= 0 {
			a = kept[n]
		}
		all = append(all, a)
	}
	return all
}

func (s *server) showPolicy(c echo.Context, v pageVisit, status int, part views.Policy) error {
	var err error
	if part.Visit, err = s.sealed(v); err != nil {
		return err
	}
	return s.showHomeAs(c, v, status, "/home/policy", part.Say("policy.title"), views.PolicyPart(part), "policy.js")
}

// accessCode is what a typed code looks like; anything else is a name.
var accessCode = regexp.MustCompile(`^(?i:(?:U|IU|D|DR|SG|G)[0-9]+(?:_[AEK])?|AU)$`)

// policyIn reads the policy of a form.
func policyIn(v app.Visit, f url.Values) (app.Policy, error) {
	p := app.Policy{NoteRequired: f.Get("note") != "", Delegated: f.Get("delegated") != ""}
	for _, t := range bitrix.ItemTypes() {
		if !slices.Contains(f[fieldShown], string(t)) {
			p.Hidden = append(p.Hidden, t)
		}
	}
	if chosen := waysIn(v, f); chosen.Any() {
		p.Ways = &chosen
	}
	var errs []error
	number := func(field string, most int) int {
		n, err := strconv.Atoi(f.Get(field))
		if f.Get(field) == "" {
			n, err = 0, nil
		}
		if err != nil || n < 0 || n > most {
			errs = append(errs, fmt.Errorf("%w: %s is no number up to %d", errForm, field, most))
		}
		return n
	}
	p.ConfirmAbove, p.JournalDays = number("confirm", app.MaxPeople), number("days", app.MaxJournalDays)
	version, err := strconv.ParseInt(f.Get("version"), 10, 64)
	if err != nil || version < 0 {
		errs = append(errs, fmt.Errorf("%w: no version", errForm))
	}
	p.Version = version
	for field, all := range map[string]*[]app.Access{fieldAdder: &p.Adders, fieldNever: &p.Barred} {
		if *all, err = holdersIn(f, field); err != nil {
			errs = append(errs, err)
		}
	}
	return p, errors.Join(errs...)
}

// holdersIn are those whom a form names, by chips and by what was typed.
func holdersIn(f url.Values, field string) (all []app.Access, err error) {
	for _, code := range f[field] {
		if !accessCode.MatchString(code) {
			return nil, fmt.Errorf("%w: %s is no code", errForm, field)
		}
		all = append(all, app.Access{Code: code})
	}
	typed := f.Get(field + "-more")
	if utf8.RuneCountInString(typed) > maxHolders {
		return nil, fmt.Errorf("%w: %s is long", errForm, field)
	}
	for text := range strings.FieldsFuncSeq(typed, func(r rune) bool { return r == '\n' || r == '\r' || r == ';' || r == ',' }) {
		switch text = strings.Join(strings.Fields(text), " "); {
		case text == "":
		case accessCode.MatchString(text):
			all = append(all, app.Access{Code: text})
		default:
			all = append(all, app.Access{Name: text})
		}
	}
	if len(all) > app.MaxAccess {
		return nil, fmt.Errorf("%w: %d times %s", errForm, len(all), field)
	}
	return all, nil
}

// offeredCards are the kinds of cards in the order of the form.
var offeredCards = []bitrix.ItemType{bitrix.Deal, bitrix.Lead, bitrix.Contact, bitrix.Company}

// cardsOf is what the cards of items of a type are called.
func cardsOf(w views.Words, t bitrix.ItemType) string {
	return w.Say(cards["CRM_"+string(t)+"_DETAIL_TAB"])
}

// policySettings call the settings that the journal names by codes as the form
// of the policy does.
var policySettings = map[string]string{
	"hidden_cards":     "policy.cards",
	"may_add":          "policy.adders",
	"never_added":      "policy.never",
	"confirm_above":    "policy.confirm",
	"note_required":    "policy.note",
	"note_goes":        "policy.ways",
	"journal_days":     "policy.days",
	"delegated_adding": "policy.delegated",
}

// settingOf says which setting of the policy an entry of the journal is about,
// and what it was set to. People, departments and groups stay codes.
func settingOf(w views.Words, detail string) (setting, value string) {
	code, value, _ := strings.Cut(detail, ":")
	says, known := policySettings[code]
	if !known {
		return "", detail
	}
	switch {
	case code == "hidden_cards":
		value = shownCards(w, strings.Fields(value))
	case code == "note_goes":
		value = waysNamed(w, value)
	case value == "true":
		value = w.Say("journal.on")
	case value == "false":
		value = w.Say("journal.off")
	}
	return w.Say(says), cmp.Or(value, "—")
}

// shownCards names the kinds of cards that are not hidden, as the form ticks them.
func shownCards(w views.Words, hidden []string) string {
	var names []string
	for _, t := range offeredCards {
		if !slices.Contains(hidden, string(t)) {
			names = append(names, cardsOf(w, t))
		}
	}
	return w.List(names)
}

// waysNamed names the ways of a remark that are switched on in an entry.
func waysNamed(w views.Words, value string) string {
	var chosen app.Ways
	_, _ = fmt.Sscanf(value, "notice=%t line=%t comment=%t", &chosen.Notify, &chosen.Line, &chosen.Comment)
	var names []string
	for _, way := range ways {
		if *way.of(&chosen) {
			names = append(names, w.Say(way.label))
		}
	}
	return w.List(names)
}

// policyPart builds the section, but for its visit.
func policyPart(w views.Words, v app.Visit, p app.Policy) views.Policy {
	var chosen app.Ways
	if p.Ways != nil {
		chosen = *p.Ways
	}
	part := views.Policy{
		Words: w, Version: strconv.FormatInt(p.Version, 10), NoteRequired: p.NoteRequired, Ways: waysOf(w, v, chosen), Delegated: p.Delegated,
		Adders:  holders(w, fieldAdder, "policy.adders", p.Adders),
		Barred:  holders(w, fieldNever, "policy.never", p.Barred),
		Confirm: strconv.Itoa(p.ConfirmAbove), MaxConfirm: strconv.Itoa(app.MaxPeople),
		Days: strconv.Itoa(p.JournalDays), MaxDays: strconv.Itoa(app.MaxJournalDays),
		Usual: w.Say("policy.days.help", views.With{"Days": strconv.Itoa(app.UsualJournalDays)}),
	}
	if p.By != 0 {
		part.By = w.Say("policy.by", views.With{"Name": nameOf(w, p.By, p.ByName)})
	}
	for _, t := range offeredCards {
		part.Cards = append(part.Cards, views.PolicyCard{Value: string(t), Name: cardsOf(w, t), Shown: p.Shows(t)})
	}
	return part
}

func holders(w views.Words, field, says string, all []app.Access) views.Holders {
	h := views.Holders{Words: w, Name: field, Title: w.Say(says), Help: w.Say(says + ".help"), Chosen: w.Say(says)}
	for _, a := range all {
		h.All = append(h.All, views.Holder{Code: a.Code, Name: a.Name})
	}
	return h
}
