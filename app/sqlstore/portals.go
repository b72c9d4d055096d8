package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

const portalColumns = `member_id, portal, endpoint, server, client_id, installer, application_token, installed_at, updated_at, removed_at, doubted_at, doubted_clean, event_seen_at`

// Installation returns what is kept of a portal; see app.Store.
func (s *Store) Installation(ctx context.Context, member bitrix.MemberID) (app.Installation, error) {
	row := s.db.QueryRowContext(ctx, `SELECT `+portalColumns+` FROM portals WHERE member_id = $1`, string(member))
	i, err := s.scanPortal(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return app.Installation{}, app.ErrNotInstalled
	}
	if err != nil {
		return app.Installation{}, fmt.Errorf("reading portal %s: %w", member, err)
	}
	return i, nil
}

// Installations returns all portals that are installed now; see app.Store.
func (s *Store) Installations(ctx context.Context) (all []app.Installation, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT `+portalColumns+` FROM portals WHERE removed_at = 0 ORDER BY installed_at, member_id`)
	if err != nil {
		return nil, fmt.Errorf("reading the portals: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		i, err := s.scanPortal(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("reading the portals: %w", err)
		}
		all = append(all, i)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading the portals: %w", err)
	}
	return all, nil
}

func (s *Store) scanPortal(scan func(...any) error) (app.Installation, error) {
	var (
		i                           app.Installation
		sealed                      string
		installed, updated, removed int64
		doubted, clean, seen        int64
	)
	err := scan((*string)(&i.Member), &i.Portal, &i.Endpoint, &i.Server, &i.ClientID, (*int64)(&i.Installer),
		&sealed, &installed, &updated, &removed, &doubted, &clean, &seen)
	if err != nil {
		return app.Installation{}, err
	}
	token, err := s.key.Open(sealed, portalPlace(i.Member))
	if err != nil {
		return app.Installation{}, fmt.Errorf("the application token: %w", err)
	}
	i.ApplicationToken = bitrix.Secret(token)
	i.Installed, i.Updated, i.Removed = moment(installed), moment(updated), moment(removed)
	i.Doubted, i.DoubtedClean, i.EventSeen = moment(doubted), clean != 0, moment(seen)
	return i, nil
}

func portalPlace(member bitrix.MemberID) string {
	return "portal:" + string(member) + "/application_token"
}

// SaveInstallation stores a portal and its installation token; see app.Store.
func (s *Store) SaveInstallation(ctx context.Context, i app.Installation, t bitrix.Token) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := lockPortal(ctx, tx, i.Member); err != nil {
			return err
		}
		// Tokens issued to another registration are worth nothing to this one.
		_, err := tx.ExecContext(ctx, `DELETE FROM tokens WHERE member_id = $1 AND (role = $2
			OR EXISTS (SELECT 1 FROM portals WHERE member_id = $1 AND client_id <> $3))`,
			string(i.Member), string(app.AsInstallation), i.ClientID)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO portals (`+portalColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, 0, 0, 0, 0)
			ON CONFLICT (member_id) DO UPDATE SET portal = excluded.portal, endpoint = excluded.endpoint, server = excluded.server,
			client_id = excluded.client_id, installer = excluded.installer, application_token = excluded.application_token,
			updated_at = excluded.updated_at, removed_at = 0, doubted_at = 0, doubted_clean = 0`,
			string(i.Member), i.Portal, i.Endpoint, i.Server, i.ClientID, int64(i.Installer),
			s.key.Seal(i.ApplicationToken.Reveal(), portalPlace(i.Member)), micros(i.Updated))
		if err != nil {
			return err
		}
		err = s.putToken(ctx, tx, app.TokenKey{Member: i.Member, Role: app.AsInstallation, User: i.Installer}, t)
		if err != nil {
			return err
		}
		return s.writeEntries(ctx, tx, []app.Entry{{
			Member: i.Member, Kind: app.EntryInstall, At: i.Updated, Settled: i.Updated, By: app.Party{ID: i.Installer},
		}})
	})
	if err != nil {
		return fmt.Errorf("saving portal %s: %w", i.Member, err)
	}
	return nil
}

// SetApplicationToken replaces the application token of a portal; see app.Store.
func (s *Store) SetApplicationToken(ctx context.Context, member bitrix.MemberID, token bitrix.Secret) error {
	r, err := s.db.ExecContext(ctx, `UPDATE portals SET application_token = $2 WHERE member_id = $1 AND removed_at = 0`,
		string(member), s.key.Seal(token.Reveal(), portalPlace(member)))
	if err == nil {
		err = oneRow(r, app.ErrNotInstalled)
	}
	if err != nil {
		return fmt.Errorf("saving the application token of portal %s: %w", member, err)
	}
	return nil
}

// SetAddress replaces the addresses of a portal; see app.Store.
func (s *Store) SetAddress(ctx context.Context, member bitrix.MemberID, portal, endpoint string) error {
	r, err := s.db.ExecContext(ctx, `UPDATE portals SET portal = $2, endpoint = $3 WHERE member_id = $1 AND removed_at = 0`,
		string(member), portal, endpoint)
	if err == nil {
		err = oneRow(r, app.ErrNotInstalled)
	}
	if err != nil {
		return fmt.Errorf("saving the address of portal %s: %w", member, err)
	}
	return nil
}

// SawEvent keeps when an event of a portal arrived; see app.Store.
func (s *Store) SawEvent(ctx context.Context, member bitrix.MemberID, at time.Time) error {
	_, err := s.db.ExecContext(ctx, `UPDATE portals SET event_seen_at = $2 WHERE member_id = $1 AND removed_at = 0`, string(member), micros(at))
	if err != nil {
		return fmt.Errorf("saving that an event of portal %s arrived: %w", member, err)
	}
	return nil
}

// Uninstall marks a portal as removed; see app.Store.
func (s *Store) Uninstall(ctx context.Context, member bitrix.MemberID, at time.Time) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := s.writeUninstall(ctx, tx, member, at); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE portals SET removed_at = $2, updated_at = $2, application_token = $3,
			doubted_at = 0, doubted_clean = 0 WHERE member_id = $1`,
			string(member), micros(at), s.key.Seal("", portalPlace(member)))
		if err != nil {
			return err
		}
		for _, table := range []string{"tokens", "habits", "errands", "squads", "wishes", "directory_pieces", "directories"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE member_id = $1`, string(member)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("marking portal %s as removed: %w", member, err)
	}
	return nil
}

// writeUninstall tells the journal that an installed portal is to be removed.
func (s *Store) writeUninstall(ctx context.Context, tx *sql.Tx, member bitrix.MemberID, at time.Time) error {
	if err := lockPortal(ctx, tx, member); err != nil {
		return err
	}
	var installed int
	err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM portals WHERE member_id = $1 AND removed_at = 0`, string(member)).Scan(&installed)
	if err != nil || installed == 0 {
		return err
	}
	return s.writeEntries(ctx, tx, []app.Entry{{Member: member, Kind: app.EntryUninstall, At: at, Settled: at}})
}

// Doubt keeps that a removal is claimed; see app.Store.
func (s *Store) Doubt(ctx context.Context, member bitrix.MemberID, since time.Time, clean bool) error {
	_, err := s.db.ExecContext(ctx, `UPDATE portals SET doubted_at = $2, doubted_clean = $3 WHERE member_id = $1 AND removed_at = 0`,
		string(member), micros(since), flag(clean))
	if err != nil {
		return fmt.Errorf("keeping the doubt about portal %s: %w", member, err)
	}
	return nil
}

// Forget deletes everything that is kept of a portal; see app.Store.
func (s *Store) Forget(ctx context.Context, member bitrix.MemberID) error {
	if _, err := s.db.ExecContext(ctx, `DELETE FROM portals WHERE member_id = $1`, string(member)); err != nil {
		return fmt.Errorf("forgetting portal %s: %w", member, err)
	}
	return nil
}

// lockPortal makes other changes of the portal and its tokens wait until tx
// ends. Every transaction that touches tokens takes this lock first: so none
// can deadlock, and no token is saved while its portal is being removed. It is
// an update that changes nothing because SQLite knows no SELECT … FOR UPDATE.
func lockPortal(ctx context.Context, tx *sql.Tx, member bitrix.MemberID) error {
	_, err := tx.ExecContext(ctx, `UPDATE portals SET removed_at = removed_at WHERE member_id = $1`, string(member))
	return err
}

// oneRow turns a change that met no row into an error.
func oneRow(r sql.Result, otherwise error) error {
	n, err := r.RowsAffected()
	if err == nil && n == 0 {
		return otherwise
	}
	return err
}
