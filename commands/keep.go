package commands

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// keepEvery is how often the demo looks whether its state has changed. What a
// kill loses is younger than this and one save: less than a second.
const keepEvery = 500 * time.Millisecond

// keeper keeps a file the same as what save writes. The file is replaced as a
// whole and only once its new content is on the disk, so that whatever ends
// the program leaves either the old content or the new one.
type keeper struct {
	path string
	save func(io.Writer) error
	kept []byte
}

// keep brings the file up to date. A nil keeper keeps nothing.
func (k *keeper) keep() error {
	if k == nil {
		return nil
	}
	var now bytes.Buffer
	if err := k.save(&now); err != nil || bytes.Equal(now.Bytes(), k.kept) {
		return err
	}
	if err := replaceFile(k.path, now.Bytes()); err != nil {
		return err
	}
	k.kept = now.Bytes()
	return nil
}

// run keeps the file up to date until ctx ends, and then once more.
func (k *keeper) run(ctx context.Context, log *slog.Logger) error {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return k.keep()
		case <-tick.C:
			if err := k.keep(); err != nil {
				log.Error("the demo's state could not be saved", "file", k.path, "error", err)
			}
		}
	}
}

// replaceFile gives a file another content in one step.
func replaceFile(path string, content []byte) error {
	temp := path + ".new"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a rename in a folder last.
func syncFolder(name string) error {
	if runtime.GOOS == "windows" { // it cannot sync a folder, and needs not
		return nil
	}
	dir, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
