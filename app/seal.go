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
	"strings"
)

// KeyFile is the name of the file in the data folder that holds the secret
// key when the configuration gives none.
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

// LoadKey returns the key kept in the folder dir. The first call creates the
// folder (mode 0700) and the key (mode 0600); processes that start together
// agree on one key.
func LoadKey(dir string) (Key, error) {
	path := filepath.Join(dir, KeyFile)
	k, err := readKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return k, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Key{}, fmt.Errorf("creating the data folder: %w", err)
	}
	if err := createKey(dir, path); err != nil {
		return Key{}, fmt.Errorf("creating the secret key: %w", err)
	}
	return readKey(path)
}

// createKey writes a new key beside path and links it into place: whoever
// comes second keeps the first one's key, and nobody sees half a file.
func createKey(dir, path string) (err error) {
	f, err := os.CreateTemp(dir, KeyFile+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	k := NewKey()
	_, err = f.WriteString(hex.EncodeToString(k.bytes[:]) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func readKey(path string) (Key, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return Key{}, fmt.Errorf("reading the secret key: %w", err)
	}
	k, err := ParseKey(string(b))
	if err != nil {
		return Key{}, fmt.Errorf("reading the secret key: %s %w", path, err)
	}
	return k, nil
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
	number string
	aead   cipher.AEAD
}

// NewSealer returns the sealer of a key.
func NewSealer(k Key) (*Sealer, error) {
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
	return &Sealer{number: hex.EncodeToString(k.Derive("joinline/seal-number/v1", 4)), aead: aead}, nil
}

// Seal encrypts plain for the given place. The result is text: the number of
// the key, a dot, base64. The number is derived from the key, so that a value
// tells which of several keys sealed it.
func (s *Sealer) Seal(plain, place string) string {
	sealed := s.aead.Seal(nil, nil, []byte(plain), []byte(place))
	return s.number + "." + base64.RawURLEncoding.EncodeToString(sealed)
}

// Open decrypts what Seal made for the same place. Every other value fails
// with ErrWrongKey.
func (s *Sealer) Open(sealed, place string) (string, error) {
	number, text, _ := strings.Cut(sealed, ".")
	if number != s.number {
		return "", fmt.Errorf("%w: sealed with key %.8q, this is key %s", ErrWrongKey, number, s.number)
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("%w: not base64", ErrWrongKey)
	}
	plain, err := s.aead.Open(nil, nil, b, []byte(place))
	if err != nil {
		return "", ErrWrongKey
	}
	return string(plain), nil
}
