package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/bitrix"
)

const registrationColumns = `client_id, client_secret, portal, added_at`

// Registration returns the keys of an application; see app.Store.
func (s *Store) Registration(ctx context.Context, clientID string) (app.Registration, error) {
	r, err := s.scanRegistration(s.db.QueryRowContext(ctx, `SELECT `+registrationColumns+` FROM registrations WHERE client_id = $1`, clientID).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return app.Registration{}, app.ErrUnregistered
	}
	if err != nil {
		return app.Registration{}, fmt.Errorf("reading the keys of application %s: %w", clientID, err)
	}
	return r, nil
}

// Registrations returns the keys of all applications; see app.Store.
func (s *Store) Registrations(ctx context.Context) (all []app.Registration, err error) {
	err = s.query(ctx, `SELECT `+registrationColumns+` FROM registrations ORDER BY added_at, client_id`, func(rows *sql.Rows) error {
		r, err := s.scanRegistration(rows.Scan)
		all = append(all, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the keys of all applications: %w", err)
	}
	return all, nil
}

func (s *Store) scanRegistration(scan func(...any) error) (app.Registration, error) {
	var (
		r      app.Registration
		sealed string
		added  int64
	)
	if err := scan(&r.ClientID, &sealed, &r.Portal, &added); err != nil {
		return app.Registration{}, err
	}
	secret, err := s.key.Open(sealed, registrationPlace(r.ClientID))
	if err != nil {
		return app.Registration{}, fmt.Errorf("the client secret: %w", err)
	}
	r.ClientSecret, r.Added = bitrix.Secret(secret), moment(added)
	return r, nil
}

// SaveRegistration stores the keys of an application; see app.Store.
func (s *Store) SaveRegistration(ctx context.Context, r app.Registration) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO registrations (`+registrationColumns+`) VALUES ($1, $2, $3, $4)
		ON CONFLICT (client_id) DO UPDATE SET client_secret = excluded.client_secret, portal = excluded.portal`,
		r.ClientID, s.key.Seal(r.ClientSecret.Reveal(), registrationPlace(r.ClientID)), r.Portal, micros(r.Added))
	if err != nil {
		return fmt.Errorf("saving the keys of application %s: %w", r.ClientID, err)
	}
	return nil
}

// RemoveRegistration deletes the keys of an application; see app.Store.
func (s *Store) RemoveRegistration(ctx context.Context, clientID string) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		// Its portals' tokens go with the portals.
		if _, err := tx.ExecContext(ctx, `DELETE FROM portals WHERE client_id = $1`, clientID); err != nil {
			return err
		}
		r, err := tx.ExecContext(ctx, `DELETE FROM registrations WHERE client_id = $1`, clientID)
		if err != nil {
			return err
		}
		return oneRow(r, app.ErrUnregistered)
	})
	if err != nil {
		return fmt.Errorf("removing application %s: %w", clientID, err)
	}
	return nil
}

func registrationPlace(clientID string) string {
	return "application:" + clientID + "/client_secret"
}
