package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

const entryColumns = `member_id, id, kind, begun_at, settled_at, asked_id, by_id, whom_id, item_type, item_id, owner_type, owner_id,
	chat_id, line_id, connector, state, reason, note, detail`

// WriteEntries writes into the journal; see app.Store.
func (s *Store) WriteEntries(ctx context.Context, entries []app.Entry) error {
	return journalError("writing", s.write(ctx, func(tx *sql.Tx) error { return s.writeEntries(ctx, tx, entries) }))
}

func (s *Store) writeEntries(ctx context.Context, tx *sql.Tx, entries []app.Entry) error {
	for n := range entries {
		if err := insertEntry(ctx, tx, &entries[n]); err != nil {
			return err
		}
	}
	return s.hear(ctx, tx, entries)
}

// numbersPerMicro are how many entries of one portal can begin in a microsecond.
const numbersPerMicro = 1 << 11

// insertEntry gives an entry a number that nobody has. Numbers begin with the
// time and end with chance, so that processes need not agree on them.
func insertEntry(ctx context.Context, tx *sql.Tx, e *app.Entry) error {
	for range 100 {
		e.ID = micros(e.At)*numbersPerMicro + rand.Int64N(numbersPerMicro)
		r, err := tx.ExecContext(ctx, `INSERT INTO journal (`+entryColumns+`)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19 FROM portals WHERE member_id = $1
			ON CONFLICT (member_id, id) DO NOTHING`,
			string(e.Member), e.ID, string(e.Kind), micros(e.At), micros(e.Settled), int64(e.Asker().ID), int64(e.By.ID), int64(e.Whom.ID),
			string(e.Item.Type), e.Item.ID, string(e.Owner.Type), e.Owner.ID, int64(e.Chat), int64(e.Line), e.Connector,
			string(e.State), string(e.Reason), flag(e.Note), e.Detail)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n > 0 {
			return err
		}
		var portals int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM portals WHERE member_id = $1`, string(e.Member)).Scan(&portals); err != nil {
			return err
		}
		if portals == 0 {
			return app.ErrNotInstalled
		}
	}
	return errors.New("no number is free")
}

// AmendEntries puts what became known into open entries; see app.Store.
func (s *Store) AmendEntries(ctx context.Context, entries []app.Entry, within time.Duration) error {
	return journalError("amending", s.write(ctx, func(tx *sql.Tx) error {
		for n := range entries {
			if err := amendEntry(ctx, tx, &entries[n], within); err != nil {
				return err
			}
		}
		return s.hear(ctx, tx, entries)
	}))
}

func amendEntry(ctx context.Context, tx *sql.Tx, e *app.Entry, within time.Duration) error {
	var open, by int64
	err := tx.QueryRowContext(ctx, `SELECT id, by_id FROM journal WHERE member_id = $1 AND chat_id = $2 AND whom_id = $3 AND asked_id = $4
		AND kind = $5 AND settled_at = 0 AND begun_at >= $6 ORDER BY id DESC LIMIT 1`,
		string(e.Member), int64(e.Chat), int64(e.Whom.ID), int64(e.Asker().ID), string(e.Kind), micros(e.At.Add(-within))).Scan(&open, &by)
	if errors.Is(err, sql.ErrNoRows) {
		return insertEntry(ctx, tx, e)
	}
	if err != nil {
		return err
	}
	if e.ID = open; e.OnBehalf.ID != 0 {
		by = int64(e.By.ID)
	}
	_, err = tx.ExecContext(ctx, `UPDATE journal SET settled_at = $3, by_id = $4, line_id = $5, state = $6, reason = $7,
		connector = CASE WHEN $8 = '' THEN connector ELSE $8 END WHERE member_id = $1 AND id = $2`,
		string(e.Member), open, micros(e.Settled), by, int64(e.Line), string(e.State), string(e.Reason), e.Connector)
	return err
}

// NoteEntries marks that people were told; see app.Store.
func (s *Store) NoteEntries(ctx context.Context, member bitrix.MemberID, asker bitrix.UserID, chat bitrix.ChatID, people []bitrix.UserID, since time.Time) error {
	if len(people) == 0 {
		return nil
	}
	_, err := s.db.ExecContext(ctx, `UPDATE journal SET note = 1 WHERE member_id = $1 AND asked_id = $2 AND chat_id = $3 AND begun_at >= $4
		AND kind = $5 AND state = $6 AND whom_id IN (`+numbers(people)+`)`,
		string(member), int64(asker), int64(chat), micros(since), string(app.EntryAdd), string(app.OutcomeAdded))
	return journalError("marking", err)
}

// Entries returns some of a journal; see app.Store.
func (s *Store) Entries(ctx context.Context, member bitrix.MemberID, f app.EntryFilter, before int64, limit int) ([]app.Entry, error) {
	all, err := s.entries(ctx, member, f, before, limit)
	return all, journalError("reading", err)
}

func (s *Store) entries(ctx context.Context, member bitrix.MemberID, f app.EntryFilter, before int64, limit int) (all []app.Entry, err error) {
	w, err := s.where(ctx, member, f)
	if err != nil {
		return nil, err
	}
	if before > 0 {
		w.add(`id < `+mark, before)
	}
	err = s.query(ctx, `SELECT `+entryColumns+` FROM journal WHERE `+w.String()+` ORDER BY id DESC LIMIT `+strconv.Itoa(limit), func(rows *sql.Rows) error {
		e, err := scanEntry(rows)
		all = append(all, e)
		return err
	}, w.values...)
	if err != nil {
		return nil, err
	}
	return all, s.call(ctx, member, all)
}

func scanEntry(rows *sql.Rows) (e app.Entry, err error) {
	var begun, settled, asked, note int64
	err = rows.Scan((*string)(&e.Member), &e.ID, (*string)(&e.Kind), &begun, &settled, &asked, (*int64)(&e.By.ID), (*int64)(&e.Whom.ID),
		(*string)(&e.Item.Type), &e.Item.ID, (*string)(&e.Owner.Type), &e.Owner.ID, (*int64)(&e.Chat), (*int64)(&e.Line), &e.Connector,
		(*string)(&e.State), (*string)(&e.Reason), &note, &e.Detail)
	e.At, e.Settled, e.Note = moment(begun), moment(settled), note != 0
	if asked != int64(e.By.ID) {
		e.OnBehalf.ID = bitrix.UserID(asked)
	}
	return e, err
}

// condition is what rows must fulfil, with the values of its marks.
type condition struct {
	parts  []string
	values []any
}

// mark stands for the next value of a condition.
const mark = `?`

func (c *condition) add(part string, values ...any) {
	for _, v := range values {
		c.values = append(c.values, v)
		part = strings.Replace(part, mark, `$`+strconv.Itoa(len(c.values)), 1)
	}
	c.parts = append(c.parts, part)
}

func (c *condition) String() string { return strings.Join(c.parts, ` AND `) }

// oneOf adds that a column holds one of some codes, if there are any.
func oneOf[Code ~string](w *condition, column string, codes []Code) {
	var values []any
	for _, c := range codes {
		values = append(values, string(c))
	}
	if values != nil {
		w.add(column+` IN (`+marks(len(values))+`)`, values...)
	}
}

// marks are so many of them, as they stand in a list.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat(mark+", ", n), ", ") }

// where is a filter as a condition.
func (s *Store) where(ctx context.Context, member bitrix.MemberID, f app.EntryFilter) (*condition, error) {
	w := &condition{}
	w.add(`member_id = `+mark, string(member))
	if f.Person != "" {
		people, err := s.called(ctx, member, f.Person)
		if err != nil {
			return nil, err
		}
		in := ` IN (` + numbers(people) + `)`
		w.add(`(asked_id` + in + ` OR by_id` + in + ` OR whom_id` + in + `)`)
	}
	if !f.Item.IsZero() {
		w.add(`((item_type = ? AND item_id = ?) OR (owner_type = ? AND owner_id = ?))`,
			string(f.Item.Type), f.Item.ID, string(f.Item.Type), f.Item.ID)
	}
	for _, c := range []struct {
		wanted bool
		part   string
		value  any
	}{
		{f.Asker != 0, `asked_id = ?`, int64(f.Asker)},
		{f.Chat != 0, `chat_id = ?`, int64(f.Chat)},
		{f.Connector != "", `connector = ?`, f.Connector},
		{f.Kind != "", `kind = ?`, string(f.Kind)},
		{!f.From.IsZero(), `id >= ?`, micros(f.From) * numbersPerMicro},
		{!f.To.IsZero(), `id < ?`, micros(f.To) * numbersPerMicro},
	} {
		if c.wanted {
			w.add(c.part, c.value)
		}
	}
	oneOf(w, `state`, f.States)
	oneOf(w, `reason`, f.Reasons)
	if f.Changed {
		w.add(`whom_id > 0 AND kind <> ? AND state IN (?, ?, ?, ?)`, string(app.EntryObserve),
			string(app.OutcomeAdded), string(app.OutcomeElsewhere), string(app.OutcomeRemoved), string(app.OutcomeUnknown))
	}
	if f.Delegated {
		w.add(`asked_id <> by_id`)
	}
	return w, nil
}

// numbers are user ids as they stand in a list; that of nobody for none.
func numbers(people []bitrix.UserID) string {
	if len(people) == 0 {
		return "-1"
	}
	var all []string
	for _, user := range people {
		all = append(all, strconv.FormatInt(int64(user), 10))
	}
	return strings.Join(all, ", ")
}

// CountEntries counts entries by quarters of an hour; see app.Store.
func (s *Store) CountEntries(ctx context.Context, member bitrix.MemberID, f app.EntryFilter) (all []app.EntryCount, err error) {
	w, err := s.where(ctx, member, f)
	if err != nil {
		return nil, journalError("counting", err)
	}
	quarter := (15 * time.Minute).Microseconds()
	err = s.query(ctx, fmt.Sprintf(`SELECT begun_at / %d AS quarter, kind, state, reason, COUNT(*) FROM journal WHERE %s
		GROUP BY begun_at / %d, kind, state, reason ORDER BY quarter, kind, state, reason`, quarter, w, quarter), func(rows *sql.Rows) error {
		var c app.EntryCount
		var at int64
		err := rows.Scan(&at, (*string)(&c.Kind), (*string)(&c.State), (*string)(&c.Reason), &c.Count)
		c.At = moment(at * quarter)
		all = append(all, c)
		return err
	}, w.values...)
	return all, journalError("counting", err)
}

// PruneEntries deletes what is too old; see app.Store.
func (s *Store) PruneEntries(ctx context.Context, member bitrix.MemberID, before time.Time, limit int) (int, error) {
	deleted := int64(0)
	err := s.write(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `DELETE FROM journal WHERE member_id = $1 AND id IN
			(SELECT id FROM journal WHERE member_id = $1 AND id < $2 ORDER BY id LIMIT $3)`,
			string(member), micros(before)*numbersPerMicro, limit)
		if err != nil {
			return err
		}
		if deleted, err = r.RowsAffected(); err != nil || deleted == int64(limit) {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM journal_names WHERE member_id = $1 AND heard_at < $2`, string(member), micros(before))
		return err
	})
	return int(deleted), journalError("pruning", err)
}

// Journals returns the portals of which something is kept; see app.Store.
func (s *Store) Journals(ctx context.Context) (all []bitrix.MemberID, err error) {
	err = s.query(ctx, `SELECT member_id FROM portals ORDER BY member_id`, func(rows *sql.Rows) error {
		var member bitrix.MemberID
		err := rows.Scan((*string)(&member))
		all = append(all, member)
		return err
	})
	return all, journalError("listing", err)
}

// The names of people, chats, items and connectors stand apart from the lines,
// sealed: see the migration.

func aboutUser(id bitrix.UserID) string     { return "user:" + strconv.FormatInt(int64(id), 10) }
func aboutChat(id bitrix.ChatID) string     { return "chat:" + strconv.FormatInt(int64(id), 10) }
func aboutConnector(code string) string     { return "connector:" + code }
func namePlace(member, about string) string { return "portal:" + member + "/name:" + about }

// names calls each with everything that an entry speaks of, and where its name is.
func names(e *app.Entry, each func(about string, name *string)) {
	for _, p := range []*app.Party{&e.By, &e.OnBehalf, &e.Whom} {
		if p.ID != 0 {
			each(aboutUser(p.ID), &p.Name)
		}
	}
	if !e.Item.IsZero() {
		each(e.Item.String(), &e.ItemName)
	}
	if !e.Owner.IsZero() {
		each(e.Owner.String(), &e.OwnerName)
	}
	if e.Chat != 0 {
		each(aboutChat(e.Chat), &e.ChatName)
	}
	if e.Connector != "" {
		each(aboutConnector(e.Connector), &e.Channel)
	}
}

// hear keeps what entries call everything, and that it was spoken of. The rows
// are changed in one order, so that transactions do not wait for each other in
// a circle.
func (s *Store) hear(ctx context.Context, tx *sql.Tx, entries []app.Entry) error {
	type key struct {
		member bitrix.MemberID
		about  string
	}
	heard, at := map[key]string{}, map[key]int64{}
	for n := range entries {
		e := &entries[n]
		names(e, func(about string, name *string) {
			k := key{e.Member, about}
			if *name != "" || heard[k] == "" {
				heard[k] = *name
			}
			at[k] = max(at[k], micros(e.At), micros(e.Settled))
		})
	}
	for _, k := range slices.SortedFunc(maps.Keys(heard), func(a, b key) int {
		return strings.Compare(string(a.member)+a.about, string(b.member)+b.about)
	}) {
		statement, sealed := `UPDATE journal_names SET heard_at = CASE WHEN heard_at < $3 THEN $3 ELSE heard_at END WHERE member_id = $1 AND about = $2`, []any{}
		if name := heard[k]; name != "" {
			statement = `INSERT INTO journal_names (member_id, about, heard_at, name) VALUES ($1, $2, $3, $4)
				ON CONFLICT (member_id, about) DO UPDATE SET name = excluded.name,
				heard_at = CASE WHEN journal_names.heard_at < excluded.heard_at THEN excluded.heard_at ELSE journal_names.heard_at END`
			sealed = append(sealed, s.key.Seal(name, namePlace(string(k.member), k.about)))
		}
		if _, err := tx.ExecContext(ctx, statement, append([]any{string(k.member), k.about, at[k]}, sealed...)...); err != nil {
			return err
		}
	}
	return nil
}

// maxLookup is how many names one statement reads.
const maxLookup = 500

// call puts names into entries.
func (s *Store) call(ctx context.Context, member bitrix.MemberID, entries []app.Entry) error {
	found := map[string]string{}
	for n := range entries {
		names(&entries[n], func(about string, _ *string) { found[about] = "" })
	}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(found)), maxLookup) {
		w := &condition{}
		w.add(`member_id = ?`, string(member))
		var values []any
		for _, about := range chunk {
			values = append(values, about)
		}
		w.add(`about IN (`+marks(len(chunk))+`)`, values...)
		if err := s.readNames(ctx, member, w, func(about, name string) { found[about] = name }); err != nil {
			return err
		}
	}
	for n := range entries {
		names(&entries[n], func(about string, name *string) { *name = found[about] })
	}
	return nil
}

func (s *Store) readNames(ctx context.Context, member bitrix.MemberID, w *condition, each func(about, name string)) error {
	return s.query(ctx, `SELECT about, name FROM journal_names WHERE `+w.String(), func(rows *sql.Rows) error {
		var about, sealed string
		if err := rows.Scan(&about, &sealed); err != nil {
			return err
		}
		name, err := s.key.Open(sealed, namePlace(string(member), about))
		each(about, name)
		return err
	}, w.values...)
}

// Connectors returns those that a journal speaks of; see app.Store.
func (s *Store) Connectors(ctx context.Context, member bitrix.MemberID) (map[string]string, error) {
	all, w := map[string]string{}, &condition{}
	w.add(`member_id = ?`, string(member))
	w.add(`about LIKE 'connector:%'`)
	err := s.readNames(ctx, member, w, func(about, name string) { all[strings.TrimPrefix(about, "connector:")] = name })
	return all, journalError("reading", err)
}

// maxCalled is how many people may have a name that is looked for.
const maxCalled = 1000

// called are the people whom a text names: by number, or by words that are all
// part of their name. Sealed names cannot be compared in SQL.
func (s *Store) called(ctx context.Context, member bitrix.MemberID, text string) (people []bitrix.UserID, err error) {
	if id, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
		return []bitrix.UserID{bitrix.UserID(id)}, nil
	}
	words := strings.Fields(strings.ToLower(text))
	w := &condition{}
	w.add(`member_id = ?`, string(member))
	w.add(`about LIKE 'user:%'`)
	err = s.readNames(ctx, member, w, func(about, name string) {
		name = strings.ToLower(name)
		if slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(name, word) }) {
			return
		}
		id, _ := strconv.ParseInt(strings.TrimPrefix(about, "user:"), 10, 64)
		people = append(people, bitrix.UserID(id))
	})
	if len(people) > maxCalled {
		return nil, app.ErrManyNames
	}
	return people, err
}

func journalError(doing string, err error) error {
	if err == nil || errors.Is(err, app.ErrManyNames) {
		return err
	}
	return fmt.Errorf("%s the journal: %w", doing, err)
}

func flag(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
