package spool_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/cerpac/trailkeeper/internal/sandbox/spool"
)

func TestWriteReadRemove(t *testing.T) {
	d := spool.Dir(filepath.Join(t.TempDir(), "new"))
	for _, text := range []string{"first, longer", "second"} {
		if err := d.Write("a/b/c.json", []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := d.Read("a/b/c.json"); err != nil || string(got) != text {
			t.Errorf("Read gives %q, %v", got, err)
		}
	}
	info, err := os.Stat(filepath.Join(string(d), "a", "b", "c.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for range 2 { // the second time there is nothing
		if err := d.Remove("a"); err != nil {
			t.Error(err)
		}
	}
	if _, err := d.Read("a/b/c.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read gives %v", err)
	}
}
