package sqlstore

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"
	"slices"
	"time"

	"github.com/joinline/joinline/app"
)

// ErrBackup means that a file is no whole, unchanged backup.
var ErrBackup = errors.New("this is not a whole, unchanged backup of Joinline")

// backupFormat is the version of the lines of a backup, whatever the schema.
const backupFormat = 1

// A backup is text, one JSON object a line: a header, the rows of all tables,
// and a trailer that proves the rest. Sealed values stay sealed, so it is worth
// nothing without the key. It does not depend on the kind of database.
type (
	backupHeader struct {
		Format int       `json:"joinline_backup"`
		Schema int64     `json:"schema"`
		Made   time.Time `json:"made"`
	}
	backupRow struct {
		Table string         `json:"table"`
		Row   map[string]any `json:"row"` // texts and whole numbers
	}
	backupTrailer struct {
		Rows int `json:"rows"`
		// Digest is the SHA-256 of all lines before, in hexadecimal, sealed:
		// nobody without the key can make one.
		Digest string `json:"digest"`
	}
	backupLine struct { // any line but the first
		backupRow
		backupTrailer
	}
)

// backupPlace is the place that digests of backups are sealed for.
const backupPlace = "backup"

// tables are all tables, each after those that it refers to.
var tables = []string{"key_check", "registrations", "portals", "tokens", "habits", "errands", "squads", "wishes", "directories", "directory_pieces", "journal", "journal_names", "policies"}

// Backup writes all that is kept, as it is at one moment, while others read
// and write. See Restore.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	m, err := s.schema(ctx)
	if err != nil {
		return fmt.Errorf("making a backup: %w", err)
	}
	// Read-only, so that SQLite does not lock writers out.
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: s.snapshot, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("making a backup: %w", err)
	}
	defer tx.Rollback()
	digest := sha256.New()
	b := backupWriter{json.NewEncoder(io.MultiWriter(w, digest)), 0}
	if err := b.write(ctx, tx, backupHeader{backupFormat, m.version, s.now().UTC()}); err != nil {
		return fmt.Errorf("making a backup: %w", err)
	}
	trailer := backupTrailer{b.rows, s.key.Seal(hex.EncodeToString(digest.Sum(nil)), backupPlace)}
	if err := json.NewEncoder(w).Encode(trailer); err != nil {
		return fmt.Errorf("making a backup: %w", err)
	}
	return nil
}

type backupWriter struct {
	lines *json.Encoder
	rows  int
}

func (b *backupWriter) write(ctx context.Context, tx *sql.Tx, header backupHeader) error {
	if err := b.lines.Encode(header); err != nil {
		return err
	}
	for _, table := range tables {
		if err := b.writeTable(ctx, tx, table); err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
	}
	return nil
}

func (b *backupWriter) writeTable(ctx context.Context, tx *sql.Tx, table string) error {
	rows, err := tx.QueryContext(ctx, `SELECT * FROM `+table)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, targets := make([]any, len(columns)), make([]any, len(columns))
	for i := range values {
		targets[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		line := backupRow{table, map[string]any{}}
		for i, column := range columns {
			line.Row[column] = values[i]
		}
		if err := b.lines.Encode(line); err != nil {
			return err
		}
		b.rows++
	}
	return rows.Err()
}

// backupReader reads a backup and tells at its end whether it is genuine.
type backupReader struct {
	lines  *bufio.Scanner
	digest hash.Hash
	rows   int
}

// maxLine is far longer than any line of ours.
const maxLine = 1 << 20

func newBackupReader(r io.Reader) *backupReader {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	return &backupReader{lines: lines, digest: sha256.New()}
}

// header reads the first line.
func (b *backupReader) header() (backupHeader, error) {
	var h backupHeader
	line, err := b.line()
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(line, &h); err != nil || h.Format < 1 || h.Schema < 1 {
		return h, fmt.Errorf("%w: its first line is no header", ErrBackup)
	}
	if h.Format > backupFormat {
		return h, fmt.Errorf("%w: the backup has format %d", ErrNewerSchema, h.Format)
	}
	b.add(line)
	return h, nil
}

// next returns the next row, and io.EOF behind the last one once the backup
// has proven to be whole and sealed with one of the keys.
func (b *backupReader) next(key *app.Sealer) (backupRow, error) {
	text, err := b.line()
	if err != nil {
		return backupRow{}, err
	}
	var line backupLine
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&line); err != nil {
		return backupRow{}, fmt.Errorf("%w: line %d is no JSON", ErrBackup, b.rows+2)
	}
	if line.Digest != "" {
		return backupRow{}, b.finish(line.backupTrailer, key)
	}
	b.rows++
	b.add(text)
	return line.backupRow, line.check()
}

// finish compares the trailer with what was read.
func (b *backupReader) finish(t backupTrailer, key *app.Sealer) error {
	want, err := key.Open(t.Digest, backupPlace)
	switch {
	case err != nil:
		return fmt.Errorf("%w, or it belongs to another secret key: %w", ErrBackup, err)
	case want != hex.EncodeToString(b.digest.Sum(nil)) || t.Rows != b.rows:
		return fmt.Errorf("%w: its content was changed", ErrBackup)
	}
	if b.lines.Scan() {
		return fmt.Errorf("%w: something follows its end", ErrBackup)
	}
	return cmpErr(b.lines.Err(), io.EOF)
}

func (b *backupReader) line() ([]byte, error) {
	if b.lines.Scan() {
		return b.lines.Bytes(), nil
	}
	return nil, fmt.Errorf("%w: it ends too early: %w", ErrBackup, cmpErr(b.lines.Err(), io.ErrUnexpectedEOF))
}

func cmpErr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func (b *backupReader) add(line []byte) {
	b.digest.Write(line)
	b.digest.Write([]byte("\n"))
}

var columnName = regexp.MustCompile(`^[a-z][a-z_]{0,40}$`)

// check refuses what no backup holds: names become part of a statement before
// the trailer proves them.
func (r backupRow) check() error {
	if !slices.Contains(tables, r.Table) || len(r.Row) == 0 {
		return fmt.Errorf("%w: it names a table %.40q", ErrBackup, r.Table)
	}
	for column, value := range r.Row {
		switch v := value.(type) {
		case string:
		case json.Number:
			if _, err := v.Int64(); err != nil {
				return fmt.Errorf("%w: %.40q is no whole number", ErrBackup, v)
			}
		default:
			return fmt.Errorf("%w: a value is neither text nor number", ErrBackup)
		}
		if !columnName.MatchString(column) {
			return fmt.Errorf("%w: it names a column %.40q", ErrBackup, column)
		}
	}
	return nil
}
