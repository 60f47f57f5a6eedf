package anchor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

func head(n int) Head {
	return Head{Account: "111122223333", Region: "eu-central-1", Trail: "main", HomeRegion: "eu-central-1", Bucket: "logs",
		Object: fmt.Sprintf("digest-%d", n), End: time.Unix(int64(n)*3600, 0).UTC(), SHA256: fmt.Sprintf("%064x", n)}
}

func open(t *testing.T, dir string) *Log {
	t.Helper()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func add(t *testing.T, l *Log, numbers ...int) Checkpoint {
	t.Helper()
	var heads []Head
	for _, n := range numbers {
		heads = append(heads, head(n))
	}
	if _, err := l.Append(heads); err != nil {
		t.Fatal(err)
	}
	return l.Checkpoint()
}

// The root is the one that the library for RFC 6962 computes.
func TestRoot(t *testing.T) {
	var ours tree
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (hashes []tlog.Hash, err error) {
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	for n := range int64(70) {
		if n > 0 {
			leaf := []byte(fmt.Sprint("leaf ", n))
			more, err := tlog.StoredHashes(n-1, leaf, reader)
			if err != nil {
				t.Fatal(err)
			}
			stored = append(stored, more...)
			ours.add(tlog.RecordHash(leaf))
		}
		want, err := tlog.TreeHash(n, reader)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := ours.root(n); !ok || got != want {
			t.Errorf("root of %d leaves is %s, want %s", n, got, want)
		}
	}
}

func TestAppend(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	checkpoints := []Checkpoint{l.Checkpoint(), add(t, l, 1, 2), add(t, l, 2, 3), add(t, l), add(t, l, 4)}
	if got := l.Checkpoint().Size; got != 4 {
		t.Errorf("%d heads, want 4", got)
	}
	if _, err := Open(dir); err == nil {
		t.Error("two processes can open it")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir)
	for _, c := range checkpoints {
		back, err := ParseCheckpoint([]byte(c.String()))
		if err != nil || back != c {
			t.Errorf("%q is read as %v (%v)", c, back, err)
		}
		if err := l.Extends(back); err != nil {
			t.Errorf("after it was opened again: %v", err)
		}
	}
	if hash, ok := l.Seen("logs", "digest-2", head(2).SHA256); !ok || hash == "" {
		t.Error("a head is not known")
	}
	if _, ok := l.Seen("logs", "digest-3", "other"); ok {
		t.Error("another hash is accepted")
	}
	if _, ok := l.Seen("logs", "digest-9", "x"); !ok {
		t.Error("a digest that was never a head is refused")
	}
	var unseen []string
	if err := l.Unseen(func(h Head) error { unseen = append(unseen, h.Object); return nil }); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(unseen, " "); got != "digest-1 digest-4" {
		t.Errorf("unseen are %s", got)
	}
}

// What an interrupted run left is no damage; a log that was changed is.
func TestDamage(t *testing.T) {
	build := func(t *testing.T) string {
		dir := t.TempDir()
		l := open(t, dir)
		add(t, l, 1, 2, 3)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	change := func(f func(text string) string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, headsName)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(f(string(text))), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, test := range map[string]struct {
		damage func(t *testing.T, dir string)
		forked bool
		fails  bool
	}{
		"half a line more": {damage: change(func(s string) string { return s + `{"accou` })},
		"a line more":      {damage: change(func(s string) string { return s + `{"object":"x"}` + "\n" })},
		"cut":              {damage: change(func(s string) string { return s[:strings.Index(s, "\n")+1] }), forked: true, fails: true},
		"half a line less": {damage: change(func(s string) string { return s[:len(s)-5] }), forked: true, fails: true},
		"changed":          {damage: change(func(s string) string { return strings.Replace(s, "digest-2", "digest-5", 1) }), forked: true, fails: true},
		"not JSON":         {damage: change(func(s string) string { return "x" + s }), fails: true},
		"empty":            {damage: change(func(string) string { return "" }), forked: true, fails: true},
		"no checkpoint": {damage: func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, checkpointName)); err != nil {
				t.Fatal(err)
			}
		}, fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := build(t)
			test.damage(t, dir)
			l, err := Open(dir)
			_, forked := errors.AsType[*ForkError](err)
			if (err != nil) != test.fails || forked != test.forked {
				t.Fatalf("error is %v", err)
			}
			if err != nil {
				return
			}
			before := l.Checkpoint()
			add(t, l, 7)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if err := open(t, dir).Extends(before); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestExtends(t *testing.T) {
	a, b := open(t, t.TempDir()), open(t, t.TempDir())
	add(t, a, 1, 2)
	c := add(t, b, 1, 2)
	if _, forked := errors.AsType[*ForkError](a.Extends(c)); forked || a.Extends(c) == nil {
		t.Errorf("a checkpoint of another log: %v", a.Extends(c))
	}
	later := a.Checkpoint()
	later.Size++
	if _, forked := errors.AsType[*ForkError](a.Extends(later)); !forked {
		t.Errorf("a log that was cut: %v", a.Extends(later))
	}
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add("trailkeeper-anchor/x\n3\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
	f.Add("a\n-1\n\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCheckpoint([]byte(text))
		if err == nil && !strings.HasPrefix(text, c.String()) {
			t.Errorf("%q is read as %q", text, c)
		}
	})
}
