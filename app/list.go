package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/joinline/joinline/app/staff"
	"github.com/joinline/joinline/bitrix"
)

const (
	// maxLines of a list are looked at in one go, and maxAskedLines of them with
	// the portal's own search: each is a command of one batch.
	maxLines      = 200
	maxAskedLines = 24
	// maxNameParts is in how many parts commas may cut what is about one person.
	maxNameParts = 3
	// maxCandidates of one line are shown.
	maxCandidates = 5
	// searchPage is how many people the portal's search finds at most.
	searchPage = 50
)

// Line is a line of a list and who it may be.
type Line struct {
	Text string
	// Certain: the only candidate is who is meant beyond doubt.
	Certain bool
	// Candidates are at most 5, the closest; More says that others fit as well.
	Candidates []Colleague
	More       bool
}

// Lines cuts a list as people paste it into its lines, each once. Whether one
// or two commas part people, or surname, name and position, only Resolve can
// tell; more of them part people.
func Lines(list string) (lines []string) {
	for _, line := range parts(list, "\n\r\v\f\u2028\u2029;；؛") {
		pieces := atCommas(line)
		if n := len(pieces); n > 0 && n <= maxNameParts {
			pieces = []string{line}
		}
		for _, piece := range pieces {
			if !slices.Contains(lines, piece) {
				lines = append(lines, piece)
			}
		}
	}
	return lines
}

// Listed reports whether a text is a list of several people, or may be one.
func Listed(text string) bool {
	lines := Lines(text)
	return len(lines) > 1 || len(lines) == 1 && len(atCommas(lines[0])) > 1
}

func atCommas(line string) []string { return parts(line, ",，、،") }

// parts cuts a text at any of the separators.
func parts(text, separators string) (all []string) {
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if part = strings.TrimSpace(part); part != "" && !slices.Contains(all, part) {
			all = append(all, part)
		}
	}
	return all
}

// Resolve finds who the lines of a list are: see staff.Index.Resolve. An
// employee's lines are looked up in the portal's directory, and those whom
// nobody there fits with the portal's own search, in one request; where there
// is no directory, and for viewers from outside, all are. Lines beyond what is
// done in one go come back as the rest. The names of several people with commas
// between them count as so many lines. ErrScope when the application may not
// search people.
func (a *App) Resolve(ctx context.Context, v Visit, lines []string) (resolved []Line, rest []string, err error) {
	if len(lines) == 0 {
		return nil, nil, nil
	}
	i, err := a.installation(ctx, v.Member)
	if err != nil {
		return nil, nil, err
	}
	d, _, err := a.searched(ctx, v)
	if err != nil {
		return nil, nil, err
	}
	lines, rest = lines[:min(len(lines), maxLines)], lines[min(len(lines), maxLines):]
	if d == nil {
		q := newQuestions()
		for n, line := range lines {
			if !q.add(line) {
				lines, rest = lines[:n], append(slices.Clone(lines[n:]), rest...)
				break
			}
		}
		resolved, err = a.askLines(ctx, i, v, q, lines)
		return resolved, rest, err
	}
	for _, line := range lines {
		resolved = append(resolved, match(d.Index, line, func(p staff.Person) (Colleague, bool) {
			return d.colleague(p, v), !a.shelf.isGone(d, p.ID)
		})...)
	}
	return a.askAboutUnknown(ctx, i, v, resolved), rest, nil
}

// askAboutUnknown asks the portal about lines that nobody of the directory fits:
// somebody may have been employed since it was read. What the portal does not
// tell stays as it is.
func (a *App) askAboutUnknown(ctx context.Context, i home, v Visit, lines []Line) []Line {
	q := newQuestions()
	var unknown []string
	for _, l := range lines {
		if len(l.Candidates) == 0 && q.add(l.Text) {
			unknown = append(unknown, l.Text)
		}
	}
	if len(unknown) == 0 {
		return lines
	}
	found, err := a.askLines(ctx, i, v, q, unknown)
	if err != nil {
		a.log.InfoContext(ctx, "the portal was asked about lines of a list in vain", KeyMember, v.Member, KeyError, err)
		return lines
	}
	for n, l := range lines {
		if at := slices.IndexFunc(found, func(f Line) bool { return f.Text == l.Text }); at >= 0 && len(l.Candidates) == 0 {
			lines[n] = found[at]
		}
	}
	return lines
}

// match finds whom one line of a list names, or several parted by commas.
func match(x *staff.Index, line string, colleague func(staff.Person) (Colleague, bool)) []Line {
	whole := x.Resolve(line)
	_, one := whole.One()
	if pieces := atCommas(line); !one && len(pieces) > 1 {
		var all []Line
		for _, piece := range pieces {
			all = append(all, lineOf(piece, x.Resolve(piece), colleague))
		}
		return all
	}
	return []Line{lineOf(line, whole, colleague)}
}

func lineOf(text string, r staff.Resolution, colleague func(staff.Person) (Colleague, bool)) Line {
	_, one := r.One()
	l := Line{Text: text, More: r.More}
	for _, m := range r.Candidates {
		c, there := colleague(m.Person)
		switch {
		case !there:
		case len(l.Candidates) == maxCandidates:
			l.More = true
		default:
			l.Candidates = append(l.Candidates, c)
		}
	}
	l.Certain = one && len(l.Candidates) == 1
	return l
}

// questions are what the portal is asked about the lines of a list.
type questions struct {
	batch  *bitrix.Batch
	keys   map[string]string // by what is searched
	emails []string
}

func newQuestions() *questions {
	b := bitrix.NewBatch()
	b.Reads = true
	return &questions{batch: b, keys: map[string]string{}}
}

// add asks about a line, with all that commas part in it, and reports false when
// there is no room for it.
func (q *questions) add(line string) bool {
	pieces := atCommas(line)
	if q.batch.Len()+len(pieces) > maxAskedLines {
		return false
	}
	for _, piece := range pieces {
		words, email := staff.Terms(piece)
		if email != "" && !slices.Contains(q.emails, email) {
			q.emails = append(q.emails, email)
		}
		if words = strings.TrimSpace(words); words != "" && q.keys[words] == "" {
			key := fmt.Sprint("l", q.batch.Len())
			q.keys[words] = key
			q.batch.SearchUsers(key, bitrix.UserSearch{Query: words})
		}
	}
	return true
}

// askLines has the portal search for the lines, as the viewer, and takes whoever it
// found for the staff.
func (a *App) askLines(ctx context.Context, i home, v Visit, q *questions, lines []string) ([]Line, error) {
	if len(q.emails) > 0 {
		q.batch.SearchUsers("emails", bitrix.UserSearch{Emails: q.emails})
	}
	var found []staff.Person
	users := map[bitrix.UserID]bitrix.User{}
	cut := map[bitrix.UserID]bool{} // found among so many that others may fit as well
	if q.batch.Len() > 0 {
		c, err := a.viewerAt(ctx, i, v)
		if err != nil {
			return nil, err
		}
		r, err := c.Batch(ctx, q.batch)
		if err != nil {
			return nil, whole(err)
		}
		for _, key := range append(slices.Sorted(maps.Values(q.keys)), "emails") {
			var page []bitrix.User
			if err := r.Decode(key, &page); err != nil && key != "emails" {
				return nil, refusal(err)
			}
			for _, u := range page {
				if _, again := users[u.ID]; !again {
					found = append(found, staffed(u))
				}
				users[u.ID] = u
				cut[u.ID] = cut[u.ID] || key != "emails" && len(page) >= searchPage
			}
		}
	}
	x := staff.New(found, nil)
	var all []Line
	for _, line := range lines {
		all = append(all, match(x, line, func(p staff.Person) (Colleague, bool) { return colleagueOf(users[p.ID], v), true })...)
	}
	for n, l := range all {
		if len(l.Candidates) > 0 && cut[l.Candidates[0].ID] {
			all[n].Certain, all[n].More = false, true
		}
	}
	return all, nil
}
