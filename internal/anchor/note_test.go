package anchor

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

func signedLog(t *testing.T) (l *Log, dir, key, verifier string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "log")
	l = open(t, dir)
	key = filepath.Join(t.TempDir(), "key")
	verifier, err := l.NewKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return l, dir, key, verifier
}

func parsed(t *testing.T, verifier string) Verifier {
	t.Helper()
	v, err := ParseVerifier(verifier)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func stored(t *testing.T, l *Log) []byte {
	t.Helper()
	text, err := os.ReadFile(l.Path())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// What is written is a signed note for the library of signed notes, and what that
// signs is one here.
func TestSignedNote(t *testing.T) {
	l, _, key, verifier := signedLog(t)
	for n := range 3 {
		c := add(t, l, n)
		theirs, err := note.NewVerifier(verifier)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := note.Open(stored(t, l), note.VerifierList(theirs))
		if err != nil || opened.Text != c.String() {
			t.Fatalf("%v, text %q, want %q", err, opened.Text, c)
		}
		if got, err := ParseSigned(stored(t, l), []Verifier{parsed(t, verifier)}); err != nil || got != c {
			t.Errorf("%v, %v, want %v", got, err, c)
		}
		if got, err := ParseCheckpoint(stored(t, l)); err != nil || got != c {
			t.Errorf("without its signature: %v, %v, want %v", got, err, c)
		}
	}
	private, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := note.NewSigner(strings.TrimSpace(string(private)))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: l.Checkpoint().String()}, theirs)
	if err != nil || !bytes.Equal(signed, stored(t, l)) {
		t.Errorf("%v\n%q\n%q", err, signed, stored(t, l))
	}
}

// No other text, and no other key, has a valid signature.
func TestSignatureOfAnother(t *testing.T) {
	l, _, _, verifier := signedLog(t)
	add(t, l, 1, 2)
	good := stored(t, l)
	keys := []Verifier{parsed(t, verifier)}
	for at := range good {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		if c, err := ParseSigned(bad, keys); err == nil {
			t.Errorf("byte %d changed: %v", at, c)
		}
	}
	changed := bytes.Replace(good, []byte("\n2\n"), []byte("\n1\n"), 1)
	if _, err := ParseSigned(changed, keys); !isSignatureError(err) {
		t.Errorf("another size: %v", err)
	}
	other, _, _, otherVerifier := signedLog(t)
	for what, text := range map[string][]byte{"another key": stored(t, other), "no signature": []byte(l.Checkpoint().String()), "nothing": nil} {
		if _, err := ParseSigned(text, keys); err == nil || isSignatureError(err) || !strings.Contains(err.Error(), "not signed by any") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := ParseSigned(good, []Verifier{parsed(t, otherVerifier), keys[0]}); err != nil {
		t.Errorf("one of two keys: %v", err)
	}
}

func isSignatureError(err error) bool {
	_, ok := errors.AsType[*SignatureError](err)
	return ok
}

// A key is in one file that only its owner can read, and nowhere else.
func TestKeyIsSecret(t *testing.T) {
	l, dir, key, verifier := signedLog(t)
	private, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimSpace(strings.SplitN(string(private), "+", 5)[4])
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if _, err := l.NewKey(key); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a key is overwritten: %v", err)
	}
	s, err := ReadSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{verifier, fmt.Sprint(s), fmt.Sprintf("%s %q", s, s), string(stored(t, l))}
	if _, err := ParseVerifier(string(private)); err == nil {
		t.Error("a private key is taken for a public one")
	} else {
		texts = append(texts, err.Error())
	}
	for what, content := range map[string]string{"cut": string(private[:len(private)-5]), "longer": string(private) + "x", "empty": "", "public": verifier} {
		path := filepath.Join(t.TempDir(), "bad")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := ReadSigner(path)
		if err == nil {
			t.Errorf("%s: accepted", what)
			continue
		}
		texts = append(texts, err.Error())
	}
	for _, text := range texts {
		if strings.Contains(text, secret) || strings.Contains(text, secret[:20]) {
			t.Errorf("shows the key: %s", text)
		}
	}
	if err := os.Chmod(key, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadSigner(key); err == nil || !strings.Contains(err.Error(), "others can read it") {
		t.Errorf("a key that others can read: %v", err)
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if text, _ := os.ReadFile(path); bytes.Contains(text, []byte(secret)) {
			t.Errorf("%s has the key", path)
		}
		return err
	})
}

// A key is of one log. A log that was signed says when it is not any more.
func TestSignOnce(t *testing.T) {
	l, dir, key, _ := signedLog(t)
	_, _, otherKey, _ := signedLog(t)
	s, err := ReadSigner(otherKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Sign(s); err == nil || !strings.Contains(err.Error(), "the key is of") {
		t.Errorf("key of another log: %v", err)
	}
	if l.Unsigned() {
		t.Error("unsigned, though it is signed")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	if !again.Unsigned() {
		t.Error("nothing is said of the signature that is lost")
	}
	if s, err = ReadSigner(key); err != nil {
		t.Fatal(err)
	}
	if err := again.Sign(s); err != nil || again.Unsigned() {
		t.Errorf("signed again: %v, unsigned %t", err, again.Unsigned())
	}
	add(t, again, 5)
	if !isSigned(stored(t, again)) {
		t.Error("not signed")
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	third := open(t, dir)
	add(t, third, 6)
	if isSigned(stored(t, third)) {
		t.Error("signed without a key")
	}
	if err := third.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir).Sign(s); err == nil || !strings.Contains(err.Error(), "not signed by any") {
		t.Errorf("a log that somebody else may have changed is signed: %v", err)
	}
}
