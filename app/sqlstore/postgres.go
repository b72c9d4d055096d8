package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// connectPostgres makes a pool of connections; none is opened before it is
// needed. The address may set the pool's size: pool_max_conns=20.
func connectPostgres(address string) (*engine, error) {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("the address of the database: %w", err) // without its password
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	return &engine{
		db: db, dialect: goose.DialectPostgres,
		name:     fmt.Sprintf("%s on %s", config.ConnConfig.Database, config.ConnConfig.Host),
		snapshot: sql.LevelRepeatableRead,
		lock: func(ctx context.Context) (func() error, error) {
			l, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 120))
			if err != nil {
				return nil, err
			}
			conn, err := db.Conn(ctx)
			if err != nil {
				return nil, err
			}
			if err := l.SessionLock(ctx, conn); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
			return func() error {
				return errors.Join(l.SessionUnlock(context.WithoutCancel(ctx), conn), conn.Close())
			}, nil
		},
		close: func() error {
			err := db.Close()
			pool.Close()
			return err
		},
	}, nil
}
