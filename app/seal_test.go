package app_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/joinline/joinline/app"
)

const hexKey = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

func sealer(t *testing.T, keys ...app.Key) *app.Sealer {
	t.Helper()
	s, err := app.NewSealer(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestASealedValueOpensOnlyWithItsKeyAndInItsPlace(t *testing.T) {
	k, other := app.NewKey(), app.NewKey()
	s := sealer(t, k)
	sealed := s.Seal("a refresh token", "portal:1/refresh")
	if strings.Contains(sealed, "refresh") {
		t.Fatalf("the sealed value shows the plain one: %s", sealed)
	}
	if again := s.Seal("a refresh token", "portal:1/refresh"); again == sealed {
		t.Error("sealing the same value twice gave the same text")
	}
	plain, err := sealer(t, k).Open(sealed, "portal:1/refresh")
	if err != nil || plain != "a refresh token" {
		t.Fatalf("Open = %q, %v", plain, err)
	}
	number, body, _ := strings.Cut(sealed, ".")
	b, _ := base64.RawURLEncoding.DecodeString(body)
	b[len(b)-1] ^= 1
	for name, open := range map[string]func() (string, error){
		"moved to another place": func() (string, error) { return s.Open(sealed, "portal:2/refresh") },
		"with another key":       func() (string, error) { return sealer(t, other).Open(sealed, "portal:1/refresh") },
		"changed in one bit": func() (string, error) {
			return s.Open(number+"."+base64.RawURLEncoding.EncodeToString(b), "portal:1/refresh")
		},
		"cut short":                func() (string, error) { return s.Open(number+".AAAA", "portal:1/refresh") },
		"not base64":               func() (string, error) { return s.Open(number+".!", "portal:1/refresh") },
		"under another key number": func() (string, error) { return s.Open("00000000."+body, "portal:1/refresh") },
		"empty":                    func() (string, error) { return s.Open("", "portal:1/refresh") },
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := open(); !errors.Is(err, app.ErrWrongKey) || got != "" {
				t.Errorf("Open = %q, %v; want ErrWrongKey", got, err)
			}
		})
	}
}

func TestSeveralKeysOpenAndTheFirstOneSeals(t *testing.T) {
	older, newer := app.NewKey(), app.NewKey()
	before := sealer(t, older).Seal("a refresh token", "portal:1/refresh")
	both := sealer(t, newer, older)
	after := both.Seal("a refresh token", "portal:1/refresh")
	for name, sealed := range map[string]string{"older": before, "newer": after} {
		if plain, err := both.Open(sealed, "portal:1/refresh"); err != nil || plain != "a refresh token" {
			t.Errorf("the %s value: %q, %v", name, plain, err)
		}
	}
	if both.Newest(before) || !both.Newest(after) {
		t.Errorf("Newest = %v for the older key, %v for the newer one", both.Newest(before), both.Newest(after))
	}
	if !both.Knows(before) || sealer(t, newer).Knows(before) {
		t.Error("Knows is wrong about the older key")
	}
	if _, err := sealer(t, older).Open(after, "portal:1/refresh"); !errors.Is(err, app.ErrWrongKey) {
		t.Errorf("the older key alone: %v", err)
	}
	for _, keys := range [][]app.Key{nil, {{}}, {newer, {}}} {
		if _, err := app.NewSealer(keys...); err == nil {
			t.Errorf("%d keys with a zero one make a sealer", len(keys))
		}
	}
}

func TestSavedKeysAreLoadedInTheirOrder(t *testing.T) {
	dir := t.TempDir()
	first, err := app.LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := append([]app.Key{app.NewKey()}, first...)
	if err := app.SaveKeys(dir, want); err != nil {
		t.Fatal(err)
	}
	if got, err := app.LoadKeys(dir); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %d keys, %v", len(got), err)
	}
	info, err := os.Stat(filepath.Join(dir, app.KeyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
}

func TestAKeyIsReadInItsThreeSpellingsAndInNoOther(t *testing.T) {
	want, err := app.ParseKey(hexKey)
	if err != nil {
		t.Fatal(err)
	}
	raw := want.Derive("x", 4)
	bytes := make([]byte, 32)
	for i := range bytes {
		bytes[i] = byte(i)
	}
	for _, s := range []string{strings.ToUpper(hexKey), " " + hexKey + "\n", base64.StdEncoding.EncodeToString(bytes), base64.RawURLEncoding.EncodeToString(bytes)} {
		got, err := app.ParseKey(s)
		if err != nil || string(got.Derive("x", 4)) != string(raw) {
			t.Errorf("ParseKey(%q) is another key, %v", s, err)
		}
	}
	for _, s := range []string{"", "secret", hexKey[2:], hexKey + "00", strings.Repeat("g", 64)} {
		if _, err := app.ParseKey(s); err == nil {
			t.Errorf("ParseKey(%q) took it", s)
		} else if s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("the error shows the key: %v", err)
		}
	}
}

func TestAKeyNeverPrintsItself(t *testing.T) {
	k, _ := app.ParseKey(hexKey)
	c := app.Config{Storage: app.Storage{Keys: []app.Key{k}}}
	text, _ := k.MarshalText()
	for _, s := range []string{fmt.Sprint(k), fmt.Sprintf("%#v %x %d %s", k, k, k, k), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), string(text)} {
		if strings.Contains(s, "0a0b0c") || strings.Contains(s, "0xa, 0xb") || strings.Contains(s, "10 11 12") {
			t.Errorf("printed: %s", s)
		}
	}
}

func TestTheKeyOfTheDataFolderIsMadeOnceAndKeptPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	keys := make(chan app.Key, 8)
	for range cap(keys) {
		go func() {
			k, err := app.LoadKeys(dir)
			if err != nil || len(k) != 1 {
				t.Errorf("%d keys, %v", len(k), err)
				k = make([]app.Key, 1)
			}
			keys <- k[0]
		}()
	}
	first := <-keys
	for range cap(keys) - 1 {
		if k := <-keys; k != first {
			t.Error("two starts at once made two keys")
		}
	}
	if first.IsZero() {
		t.Error("the key is zero")
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, app.KeyFile): 0o600} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v (%v)", filepath.Base(path), info.Mode().Perm(), want, err)
		}
	}
	files, _ := os.ReadDir(dir)
	if len(files) != 1 {
		t.Errorf("left over beside the key: %v", files)
	}
}

func TestADamagedKeyFileIsAnErrorAndStays(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, app.KeyFile)
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := app.LoadKeys(dir); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("LoadKeys = %v, want an error that names the file", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "nonsense" {
		t.Errorf("the file now holds %q", b)
	}
}
