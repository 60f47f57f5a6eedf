package anchor

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/cerpac/trailkeeper/internal/durable"
)

// Signer signs checkpoints: C2SP's signed-note, with Ed25519. It never shows its key.
type Signer struct {
	signer note.Signer
	public note.Verifier // of its own signatures
}

// String says whose key it is.
func (s Signer) String() string { return "signer of " + s.signer.Name() }

// maxKey bounds the size of a file with a key.
const maxKey = 4 << 10

// NewKey makes a key for the log's checkpoints, and makes the log sign them from now
// on, the present one too. The private key is written to path, which must not exist and
// which only its owner can read; the public key is returned.
func (l *Log) NewKey(path string) (verifier string, err error) {
	private, verifier, err := note.GenerateKey(rand.Reader, l.origin)
	if err != nil {
		return "", fmt.Errorf("make anchor key: %w", err)
	}
	aside, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.partial") // mode 0600
	if err != nil {
		return "", fmt.Errorf("make anchor key: %w", err)
	}
	if err := durable.Create(path, aside, func(f *os.File) error {
		_, err := io.WriteString(f, private+"\n")
		return err
	}); err != nil {
		return "", fmt.Errorf("make anchor key: %w", err)
	}
	if l.signer, err = note.NewSigner(private); err != nil {
		return "", errors.New("make anchor key: it cannot be used")
	}
	return verifier, l.writeCheckpoint()
}

// ReadSigner reads a private key, from a file that only its owner can read.
func ReadSigner(path string) (Signer, error) {
	file, err := os.Open(path)
	if err != nil {
		return Signer{}, fmt.Errorf("read anchor key: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Signer{}, fmt.Errorf("read anchor key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Signer{}, fmt.Errorf("read anchor key %q: others can read it, mode %04o; chmod 600 it", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(file, maxKey))
	if err != nil {
		return Signer{}, fmt.Errorf("read anchor key: %w", err)
	}
	s, ok := parseSigner(strings.TrimSpace(string(text)))
	if !ok { // without its text, which may have the key
		return Signer{}, fmt.Errorf("read anchor key %q: not a private key of a signed note", path)
	}
	return s, nil
}

// parseSigner parses a private key: PRIVATE+KEY+name+hash+base64, of a byte that names
// the algorithm and the seed of an Ed25519 key.
func parseSigner(text string) (s Signer, ok bool) {
	signer, err := note.NewSigner(text)
	if err != nil {
		return Signer{}, false
	}
	fields := strings.SplitN(text, "+", 5) // the last may have plus signs
	key, err := base64.StdEncoding.DecodeString(fields[len(fields)-1])
	if err != nil || len(key) != 1+ed25519.SeedSize {
		return Signer{}, false
	}
	public, _ := ed25519.NewKeyFromSeed(key[1:]).Public().(ed25519.PublicKey)
	text, err = note.NewEd25519VerifierKey(signer.Name(), public)
	if err != nil {
		return Signer{}, false
	}
	verifier, err := note.NewVerifier(text)
	return Signer{signer, verifier}, err == nil
}

// Sign makes the log sign its checkpoint, the present one and those to come. Unless the
// log is empty, the present one must have a signature of the same key: otherwise
// somebody may have changed the log.
func (l *Log) Sign(s Signer) error {
	if name := s.signer.Name(); name != l.origin {
		return fmt.Errorf("sign anchor log %q: the key is of %q, this log is %q", l.dir, name, l.origin)
	}
	if len(l.tree.leaves) > 0 {
		if _, err := ParseSigned(l.opened, []Verifier{{s.public}}); err != nil {
			return fmt.Errorf("sign anchor log %q: its checkpoint: %w", l.dir, err)
		}
	}
	l.signer = s.signer
	return l.writeCheckpoint()
}

// Unsigned reports whether the log's checkpoint was signed when it was opened, and
// will not be when it is written again.
func (l *Log) Unsigned() bool { return isSigned(l.opened) && l.signer == nil }

// text returns the checkpoint as it is stored.
func (l *Log) text() ([]byte, error) {
	text := l.Checkpoint().String()
	if l.signer == nil {
		return []byte(text), nil
	}
	signed, err := note.Sign(&note.Note{Text: text}, l.signer)
	if err != nil {
		return nil, errors.New("sign checkpoint: not possible with this key")
	}
	return signed, nil
}

// isSigned reports whether the text of a checkpoint has signatures.
func isSigned(text []byte) bool { return bytes.Contains(text, []byte("\n\n\u2014 ")) }

// Verifier is a public key for checkpoints.
type Verifier struct{ verifier note.Verifier }

// ParseVerifier parses a public key, as NewKey returns it.
func ParseVerifier(text string) (Verifier, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "PRIVATE+KEY+") {
		return Verifier{}, errors.New("a private key was given for a public one")
	}
	v, err := note.NewVerifier(text)
	if err != nil { // without the text, which may be anything
		return Verifier{}, errors.New("not a public key of a signed note")
	}
	return Verifier{v}, nil
}

// SignatureError reports that the signature of a checkpoint does not match.
type SignatureError struct{ Name string }

func (e *SignatureError) Error() string { return fmt.Sprintf("signature of %q does not match", e.Name) }

// ParseSigned parses a checkpoint that one of the keys must have signed. The error is a
// *[SignatureError] if a signature of such a key does not match, and another one if
// there is none.
func ParseSigned(text []byte, keys []Verifier) (Checkpoint, error) {
	list := make([]note.Verifier, len(keys))
	for i, k := range keys {
		list[i] = k.verifier
	}
	n, err := note.Open(text, note.VerifierList(list...))
	if wrong, ok := errors.AsType[*note.InvalidSignatureError](err); ok {
		return Checkpoint{}, &SignatureError{wrong.Name}
	}
	if _, ok := errors.AsType[*note.UnverifiedNoteError](err); ok || err != nil && !isSigned(text) {
		return Checkpoint{}, errors.New("not signed by any of the given keys")
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("parse signed checkpoint: %w", err)
	}
	return ParseCheckpoint([]byte(n.Text))
}
