package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/joinline/joinline/app"
	"github.com/joinline/joinline/app/sqlstore"
)

// storageHelp ends the help of every command that only needs the data.
const storageHelp = "It finds the data where `joinline serve` keeps it: by JOINLINE_DATA, JOINLINE_DATABASE_URL and JOINLINE_SECRET_KEY."

type backupCommand struct {
	File string `arg:"" help:"The file to write. It must not be there yet."`
}

// Help is the detail of `joinline help backup`.
func (backupCommand) Help() string {
	return "Joinline may run meanwhile: the backup is of one moment. It can be restored into either kind of database. What is secret stays sealed in it, so keep the secret key too, in another place. " + storageHelp
}

func (c backupCommand) Run(ctx context.Context, p Program) error {
	storage, err := app.ParseStorage(p.Getenv)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(c.File); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already: choose another name", c.File)
	}
	store, err := openStore(ctx, storage)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := writeBackup(ctx, store, c.File); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Stdout, "Written: %s\n", c.File)
	return err
}

// writeBackup writes the file beside its place first, so that under its name
// there is never half a backup.
func writeBackup(ctx context.Context, store *sqlstore.Store, name string) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = store.Backup(ctx, f)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

type restoreCommand struct {
	File string `arg:"" help:"The file that a backup wrote."`
}

// Help is the detail of `joinline help restore`.
func (restoreCommand) Help() string {
	return "Only an empty database is restored into, and nothing is left in it when the file is not a whole, unchanged backup. The secret key must be the one of the time of the backup, or have it among the older ones. " + storageHelp
}

func (c restoreCommand) Run(ctx context.Context, p Program) error {
	storage, err := app.ParseStorage(p.Getenv)
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	sealer, err := openSealer(storage)
	if err != nil {
		return err
	}
	if err := sqlstore.Restore(ctx, storage.Database(), sealer, f); err != nil {
		return hinted(err)
	}
	_, err = fmt.Fprintf(p.Stdout, "Restored from %s.\n", c.File)
	return err
}

type rotateKeyCommand struct{}

// Help is the detail of `joinline help rotate-key`.
func (rotateKeyCommand) Help() string {
	return "With JOINLINE_SECRET_KEY, put the new key before the old one, separated by a comma, restart every running Joinline, then run this; after that the old key may go. " +
		"With a key that Joinline keeps in its data folder this makes a new one by itself; restart Joinline right after. Cut short, it is run again and goes on. " + storageHelp
}

func (rotateKeyCommand) Run(ctx context.Context, p Program) error {
	storage, err := app.ParseStorage(p.Getenv)
	if err != nil {
		return err
	}
	if len(storage.Keys) == 1 {
		return errors.New("JOINLINE_SECRET_KEY holds one key only\nPut a new one before it, separated by a comma (openssl rand -hex 32 makes one), and run this again")
	}
	var said string
	if len(storage.Keys) == 0 {
		said, err = rotateOwnKey(ctx, storage)
	} else {
		var n int
		n, err = rotateKeys(ctx, storage)
		said = fmt.Sprintf("Sealed %d values with the new key. JOINLINE_SECRET_KEY may now hold its first key alone.", n)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.Stdout, said)
	return err
}

// rotateKeys seals everything with the first of the keys.
func rotateKeys(ctx context.Context, storage app.Storage) (int, error) {
	store, err := openStore(ctx, storage)
	if err != nil {
		return 0, err
	}
	defer store.Close()
	return store.Rotate(ctx)
}

// rotateOwnKey changes the key of the data folder, and returns what it did. The
// keys before are kept there until everything is sealed with the new one, and
// the last of them even then: a Joinline that has not been restarted yet still
// seals with it. Where something is still sealed with an older key, because a
// change was cut short or by such a Joinline, that is made good and no other
// key made: it would push out one that is in use.
func rotateOwnKey(ctx context.Context, storage app.Storage) (string, error) {
	before, err := storage.OpenKeys()
	if err != nil {
		return "", err
	}
	storage.Keys = before
	if n, err := rotateKeys(ctx, storage); err != nil || n > 0 {
		return fmt.Sprintf("Finished a change of the key that was begun before: sealed %d values with the new key. Restart every running Joinline now. For yet another key run this again after that.", n), err
	}
	storage.Keys = append([]app.Key{app.NewKey()}, before...)
	if err := app.SaveKeys(storage.DataDir, storage.Keys); err != nil {
		return "", err
	}
	n, err := rotateKeys(ctx, storage)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("Sealed %d values with the new key. Restart every running Joinline now.", n), app.SaveKeys(storage.DataDir, storage.Keys[:2])
}
