package app

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode"
)

// KeyFile is the name of the file in the data folder that holds the secret
// keys, one a line, when the configuration gives none.
const KeyFile = "secret.key"

// ErrWrongKey means that a sealed value was not sealed with this key, or not
// for this place, or was changed since.
var ErrWrongKey = errors.New("the secret key does not open this value")

const keySize = 32

// Key is the master secret of one Joinline: 32 random bytes from which the
// keys for every purpose are derived. The zero Key is no key. A Key never
// prints its bytes.
type Key struct{ bytes [keySize]byte }

// NewKey returns a fresh random key.
func NewKey() Key {
	var k Key
	rand.Read(k.bytes[:]) // never fails, by its contract
	return k
}

// ParseKey reads a key written as 64 hexadecimal digits or as base64 of 32 bytes.
func ParseKey(s string) (Key, error) {
	s = strings.TrimSpace(s)
	if b, err := hex.DecodeString(s); err == nil && len(b) == keySize {
		return Key{[keySize]byte(b)}, nil
	}
	bare := strings.TrimRight(s, "=")
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		if b, err := e.DecodeString(bare); err == nil && len(b) == keySize {
			return Key{[keySize]byte(b)}, nil
		}
	}
	return Key{}, errors.New("is not 32 bytes written as 64 hexadecimal digits or as base64")
}

// ParseKeys reads keys separated by commas or white space.
func ParseKeys(s string) ([]Key, error) {
	var keys []Key
	for text := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
		k, err := ParseKey(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	if keys == nil {
		return nil, errors.New("holds no key")
	}
	return keys, nil
}

// LoadKeys returns the keys kept in the folder dir, the newest first. The
// first call creates the folder (mode 0700) and a key (mode 0600); processes
// that start together agree on one key.
func LoadKeys(dir string) ([]Key, error) {
	path := filepath.Join(dir, KeyFile)
	keys, err := readKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the data folder: %w", err)
	}
	// Whoever comes second keeps the first one's key.
	if err := writeKeys(path, []Key{NewKey()}, os.Link); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("creating the secret key: %w", err)
	}
	return readKeys(path)
}

// SaveKeys replaces the keys kept in the folder dir.
func SaveKeys(dir string, keys []Key) error {
	if err := writeKeys(filepath.Join(dir, KeyFile), keys, os.Rename); err != nil {
		return fmt.Errorf("saving the secret keys: %w", err)
	}
	return nil
}

// writeKeys writes a file beside path and puts it into place whole.
func writeKeys(path string, keys []Key, place func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), KeyFile+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	for _, k := range keys {
		_, writeErr := f.WriteString(hex.EncodeToString(k.bytes[:]) + "\n")
		err = errors.Join(err, writeErr)
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := place(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes a new name in a folder outlive a power failure, before
// anything is sealed with a key that stands in no other place.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && runtime.GOOS != "windows" { // which cannot
		return err
	}
	return nil
}

func readKeys(path string) ([]Key, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the secret key: %w", err)
	}
	keys, err := ParseKeys(string(b))
	if err != nil {
		return nil, fmt.Errorf("reading the secret key: %s %w", path, err)
	}
	return keys, nil
}

// IsZero reports whether k is no key.
func (k Key) IsZero() bool { return k == Key{} }

// Derive returns n bytes that depend on the key and on the purpose, a constant
// such as "joinline/visit/v1". Different purposes give unrelated bytes.
func (k Key) Derive(purpose string, n int) []byte {
	b, err := hkdf.Key(sha256.New, k.bytes[:], nil, purpose, n)
	if err != nil {
		panic(err) // only for n above 8160
	}
	return b
}

// Format prints REDACTED for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("REDACTED")) }

// MarshalText prints REDACTED, so that encoders and slog cannot leak the key.
func (k Key) MarshalText() ([]byte, error) { return []byte("REDACTED"), nil }

// Sealer encrypts values that rest in the database. Every value is bound to
// its place (which portal, whose, which field): moved elsewhere it does not
// open. A Sealer is safe for concurrent use.
type Sealer struct {
	seals []seal // the first one seals, every one opens
}

// seal is what one key seals with. Its number is derived from the key, so that
// a value tells which of several keys sealed it.
type seal struct {
	number string
	aead   cipher.AEAD
}

// NewSealer returns the sealer of one or more keys: the first one seals, and
// what any of them sealed is opened.
func NewSealer(keys ...Key) (*Sealer, error) {
	s := &Sealer{}
	for _, k := range keys {
		if k.IsZero() {
			return nil, errors.New("sealing needs a secret key")
		}
		block, err := aes.NewCipher(k.Derive("joinline/seal/v1", 32))
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		s.seals = append(s.seals, seal{hex.EncodeToString(k.Derive("joinline/seal-number/v1", 4)), aead})
	}
	if s.seals == nil {
		return nil, errors.New("sealing needs a secret key")
	}
	return s, nil
}

// Seal encrypts plain for the given place. The result is text: the number of
// the key, a dot, base64.
func (s *Sealer) Seal(plain, place string) string {
	with := s.seals[0]
	sealed := with.aead.Seal(nil, nil, []byte(plain), []byte(place))
	return with.number + "." + base64.RawURLEncoding.EncodeToString(sealed)
}

// Open decrypts what Seal made for the same place. Every other value fails
// with ErrWrongKey.
func (s *Sealer) Open(sealed, place string) (string, error) {
	number, text, _ := strings.Cut(sealed, ".")
	with := slices.IndexFunc(s.seals, func(k seal) bool { return k.number == number })
	if with < 0 {
		return "", fmt.Errorf("%w: it was sealed with key %.8q, not with %s", ErrWrongKey, number, s.numbers())
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("%w: not base64", ErrWrongKey)
	}
	plain, err := s.seals[with].aead.Open(nil, nil, b, []byte(place))
	if err != nil {
		return "", ErrWrongKey
	}
	return string(plain), nil
}

// Newest reports whether a value was sealed with the key that seals now.
func (s *Sealer) Newest(sealed string) bool {
	return strings.HasPrefix(sealed, s.seals[0].number+".")
}

// Knows reports whether the key that sealed a value is one of the keys. It
// does not say that the value opens.
func (s *Sealer) Knows(sealed string) bool {
	return slices.ContainsFunc(s.seals, func(k seal) bool { return strings.HasPrefix(sealed, k.number+".") })
}

func (s *Sealer) numbers() string {
	var numbers []string
	for _, k := range s.seals {
		numbers = append(numbers, k.number)
	}
	return strings.Join(numbers, ", ")
}
