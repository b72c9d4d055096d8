package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

// maxPiece is how many bytes of a directory one row keeps: sealed, it still
// fits into a line of a backup.
const maxPiece = 512 << 10

// Reading tells how the reading of a portal's staff stands; see app.Store.
func (s *Store) Reading(ctx context.Context, member bitrix.MemberID) (app.Reading, error) {
	var read, people, until int64
	row := s.db.QueryRowContext(ctx, `SELECT read_at, people, lease_until FROM directories WHERE member_id = $1`, string(member))
	err := row.Scan(&read, &people, &until)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return app.Reading{}, fmt.Errorf("reading how far the directory of portal %s is: %w", member, err)
	}
	return app.Reading{Member: member, Read: moment(read), People: int(people), Until: moment(until)}, nil
}

// LeaseReading takes the right to read a portal's staff; see app.Store.
func (s *Store) LeaseReading(ctx context.Context, member bitrix.MemberID, now, until time.Time) (app.Reading, error) {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := lockPortal(ctx, tx, member); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO directories (member_id, read_at, people, lease_until)
			SELECT $1, 0, 0, 0 FROM portals WHERE member_id = $1 AND removed_at = 0 ON CONFLICT (member_id) DO NOTHING`, string(member))
		if err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `UPDATE directories SET lease_until = $3, people = 0 WHERE member_id = $1 AND lease_until < $2`,
			string(member), micros(now), micros(until))
		if err != nil {
			return err
		}
		return oneRow(r, app.ErrLeased)
	})
	if errors.Is(err, app.ErrLeased) {
		return app.Reading{}, err
	}
	if err != nil {
		return app.Reading{}, fmt.Errorf("leasing the directory of portal %s: %w", member, err)
	}
	return s.Reading(ctx, member)
}

// HoldReading prolongs the right to read; see app.Store.
func (s *Store) HoldReading(ctx context.Context, r app.Reading, people int, until time.Time) (app.Reading, error) {
	result, err := s.db.ExecContext(ctx, `UPDATE directories SET lease_until = $3, people = $4 WHERE member_id = $1 AND lease_until = $2`,
		string(r.Member), micros(r.Until), micros(until), people)
	if err == nil {
		err = oneRow(result, app.ErrLeased)
	}
	if err != nil && !errors.Is(err, app.ErrLeased) {
		err = fmt.Errorf("holding the lease on the directory of portal %s: %w", r.Member, err)
	}
	if err != nil {
		return r, err
	}
	r.People, r.Until = people, until
	return r, nil
}

// EndReading gives the right to read back; see app.Store.
func (s *Store) EndReading(ctx context.Context, r app.Reading) error {
	_, err := s.db.ExecContext(ctx, `UPDATE directories SET lease_until = 0, people = 0 WHERE member_id = $1 AND lease_until = $2`,
		string(r.Member), micros(r.Until))
	if err != nil {
		return fmt.Errorf("ending the lease on the directory of portal %s: %w", r.Member, err)
	}
	return nil
}

// SaveDirectory stores what was read; see app.Store.
func (s *Store) SaveDirectory(ctx context.Context, r app.Reading, d app.Directory) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := lockPortal(ctx, tx, r.Member); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, `UPDATE directories SET read_at = $3, people = 0, lease_until = 0 WHERE member_id = $1 AND lease_until = $2`,
			string(r.Member), micros(r.Until), micros(d.Read))
		if err != nil {
			return err
		}
		if err := oneRow(result, app.ErrLeased); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM directory_pieces WHERE member_id = $1`, string(r.Member)); err != nil {
			return err
		}
		return s.insertPieces(ctx, tx, r.Member, d)
	})
	if err != nil && !errors.Is(err, app.ErrLeased) {
		err = fmt.Errorf("saving the directory of portal %s: %w", r.Member, err)
	}
	return err
}

func (s *Store) insertPieces(ctx context.Context, tx *sql.Tx, member bitrix.MemberID, d app.Directory) error {
	for n, rest := 0, d.Staff; n == 0 || len(rest) > 0; n++ {
		piece := rest[:min(len(rest), maxPiece)]
		rest = rest[len(piece):]
		place := piecePlace(string(member), strconv.FormatInt(micros(d.Read), 10), strconv.Itoa(n))
		_, err := tx.ExecContext(ctx, `INSERT INTO directory_pieces (member_id, read_at, number, piece) VALUES ($1, $2, $3, $4)`,
			string(member), micros(d.Read), n, s.key.Seal(string(piece), place))
		if err != nil {
			return err
		}
	}
	return nil
}

// Directory returns what was read last; see app.Store.
func (s *Store) Directory(ctx context.Context, member bitrix.MemberID) (app.Directory, error) {
	d := app.Directory{}
	var staff strings.Builder
	// One statement sees one reading, whole.
	err := s.query(ctx, `SELECT p.read_at, p.number, p.piece FROM directory_pieces p
		JOIN directories d ON d.member_id = p.member_id AND d.read_at = p.read_at
		WHERE p.member_id = $1 ORDER BY p.number`, func(rows *sql.Rows) error {
		var (
			read, number int64
			piece        string
		)
		if err := rows.Scan(&read, &number, &piece); err != nil {
			return err
		}
		plain, err := s.key.Open(piece, piecePlace(string(member), strconv.FormatInt(read, 10), strconv.FormatInt(number, 10)))
		d.Read = moment(read)
		staff.WriteString(plain)
		return err
	}, string(member))
	if err != nil {
		return app.Directory{}, fmt.Errorf("reading the directory of portal %s: %w", member, err)
	}
	d.Staff = []byte(staff.String())
	return d, nil
}

// piecePlace binds a piece to its portal, its reading and its position.
func piecePlace(member, read, number string) string {
	return "portal:" + member + "/directory:" + read + "/" + number
}
