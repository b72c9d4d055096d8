package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
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

// first is the lowest number of an entry that is begun at a time.
func first(t time.Time) int64 { return micros(t) * numbersPerMicro }

// insertEntry gives an entry a number that nobody has. Numbers begin with the
// time and end with chance, so that processes need not agree on them.
func insertEntry(ctx context.Context, tx *sql.Tx, e *app.Entry) error {
	for try := range 100 {
		// Should a microsecond be full, the next ones have room.
		e.ID = first(e.At) + rand.Int64N(numbersPerMicro<<(try/8))
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
		var amended []app.Entry
		for n := range entries {
			found, err := amendEntry(ctx, tx, &entries[n], within)
			if err != nil {
				return err
			}
			if found {
				amended = append(amended, entries[n])
			}
		}
		return s.hear(ctx, tx, amended)
	}))
}

// amendEntry reports whether there was an open entry to amend.
func amendEntry(ctx context.Context, tx *sql.Tx, e *app.Entry, within time.Duration) (bool, error) {
	var open, by int64
	var said app.Reason
	err := tx.QueryRowContext(ctx, `SELECT id, by_id, reason FROM journal WHERE member_id = $1 AND chat_id = $2 AND whom_id = $3 AND asked_id = $4
		AND kind = $5 AND settled_at = 0 AND id >= $6 ORDER BY id DESC LIMIT 1`,
		string(e.Member), int64(e.Chat), int64(e.Whom.ID), int64(e.Asker().ID), string(e.Kind), first(e.At.Add(-within))).Scan(&open, &by, (*string)(&said))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	// A page may know somebody as a member because of this very add.
	state := e.State
	if said == app.ReasonUnconfirmed && state == app.OutcomeAlreadyIn && e.Reason == "" {
		state = app.OutcomeAdded
	}
	if e.ID = open; e.OnBehalf.ID != 0 {
		by = int64(e.By.ID)
	}
	_, err = tx.ExecContext(ctx, `UPDATE journal SET settled_at = $3, by_id = $4, line_id = $5, state = $6, reason = $7,
		connector = CASE WHEN $8 = '' THEN connector ELSE $8 END WHERE member_id = $1 AND id = $2`,
		string(e.Member), open, micros(e.Settled), by, int64(e.Line), string(state), string(e.Reason), e.Connector)
	return err == nil, err
}

// NoteEntries marks that people were told; see app.Store.
func (s *Store) NoteEntries(ctx context.Context, member bitrix.MemberID, asker bitrix.UserID, chat bitrix.ChatID, people []bitrix.UserID, since time.Time) error {
	if len(people) == 0 {
		return nil
	}
	_, err := s.db.ExecContext(ctx, `UPDATE journal SET note = 1 WHERE member_id = $1 AND asked_id = $2 AND chat_id = $3 AND id >= $4
		AND kind = $5 AND state = $6 AND whom_id IN (`+numbers(people)+`)`,
		string(member), int64(asker), int64(chat), first(since), string(app.EntryAdd), string(app.OutcomeAdded))
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
		part = strings.Replace(part, mark, c.value(v), 1)
	}
	c.parts = append(c.parts, part)
}

// value is how a condition names a value.
func (c *condition) value(v any) string {
	c.values = append(c.values, v)
	return `$` + strconv.Itoa(len(c.values))
}

// either adds that one of some conditions without values holds, each of which
// has an index of its own: databases do not use several for one OR. The first
// value of the condition is the portal.
func (c *condition) either(parts ...string) {
	for n, part := range parts {
		parts[n] = `SELECT id FROM journal WHERE member_id = $1 AND ` + part
	}
	c.parts = append(c.parts, `id IN (`+strings.Join(parts, ` UNION `)+`)`)
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
	people, err := f.People, error(nil)
	if people == nil && f.Person != "" {
		if people, err = s.called(ctx, member, f.Person); err != nil {
			return nil, err
		}
	}
	if people != nil {
		in := ` IN (` + numbers(people) + `)`
		w.either(`asked_id`+in, `whom_id`+in, `by_id`+in+` AND asked_id <> by_id`)
	}
	if !f.Item.IsZero() {
		kind, id := w.value(string(f.Item.Type)), w.value(f.Item.ID)
		w.either(`item_type = `+kind+` AND item_id = `+id, `owner_type = `+kind+` AND owner_id = `+id)
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
		{!f.From.IsZero(), `id >= ?`, first(f.From)},
		{!f.To.IsZero(), `id < ?`, first(f.To)},
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
			string(member), first(before), limit)
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
