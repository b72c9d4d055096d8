package sqlstore

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

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

// Called returns the people whom a text names; see app.Store.
func (s *Store) Called(ctx context.Context, member bitrix.MemberID, text string) ([]bitrix.UserID, error) {
	people, err := s.called(ctx, member, text)
	return people, journalError("reading", err)
}

// called are the people whom a text names: by number, or by words that are all
// part of their name. Sealed names cannot be compared in SQL.
func (s *Store) called(ctx context.Context, member bitrix.MemberID, text string) ([]bitrix.UserID, error) {
	if id, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil {
		return []bitrix.UserID{bitrix.UserID(id)}, nil
	}
	people, words := []bitrix.UserID{}, strings.Fields(strings.ToLower(text))
	w := &condition{}
	w.add(`member_id = ?`, string(member))
	w.add(`about LIKE 'user:%'`)
	err := s.readNames(ctx, member, w, func(about, name string) {
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
