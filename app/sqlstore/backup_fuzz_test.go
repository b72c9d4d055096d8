package sqlstore

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/joinline/joinline/app"
)

func FuzzBackup(f *testing.F) {
	key, err := app.NewSealer(app.NewKey())
	if err != nil {
		f.Fatal(err)
	}
	s, err := Open(f.Context(), f.TempDir()+"/joinline.db", key)
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	var kept strings.Builder
	if err := s.Backup(f.Context(), &kept); err != nil {
		f.Fatal(err)
	}
	genuine := kept.String()
	for _, text := range []string{genuine, genuine + genuine, genuine[:len(genuine)/2], "", "{}\n", `{"joinline_backup":1,"schema":1}` + "\n" + `{"table":"tokens","row":{"a":1e400}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		b := newBackupReader(strings.NewReader(text))
		_, err := b.header()
		for err == nil {
			_, err = b.next(key)
		}
		// How its lines end does not matter.
		same := strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\r\n") == strings.TrimRight(genuine, "\n")
		if errors.Is(err, io.EOF) && !same {
			t.Errorf("%q was taken for a backup of ours", text)
		}
	})
}
