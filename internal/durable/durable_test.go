package durable

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func create(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[entry.Name()] = string(text)
	}
	return found
}

func TestReplaceAndPut(t *testing.T) {
	dir := t.TempDir()
	path, aside := filepath.Join(dir, "file"), filepath.Join(dir, "aside")
	text := func(text string) func(*os.File) error {
		return func(f *os.File) error {
			_, err := f.WriteString(text)
			return err
		}
	}
	if err := Replace(path, create(t, aside), text("one")); err != nil || content(t, dir)["file"] != "one" {
		t.Errorf("replace: %v, %v", err, content(t, dir))
	}
	if err := Put(path, create(t, aside), []byte("two")); err != nil || content(t, dir)["file"] != "two" {
		t.Errorf("put: %v, %v", err, content(t, dir))
	}
	failure := errors.New("no more")
	err := Replace(path, create(t, aside), func(f *os.File) error { return errors.Join(text("half")(f), failure) })
	if found := content(t, dir); !errors.Is(err, failure) || len(found) != 1 || found["file"] != "two" {
		t.Errorf("failed replace: %v, %v", err, found)
	}
	closed := create(t, aside)
	closed.Close()
	if err := Put(path, closed, []byte("three")); err == nil || len(content(t, dir)) != 1 {
		t.Errorf("put in a closed file: %v, %v", err, content(t, dir))
	}
	if err := Put(filepath.Join(dir, "absent", "file"), create(t, aside), nil); err == nil || len(content(t, dir)) != 1 {
		t.Errorf("put in a folder that is not there: %v, %v", err, content(t, dir))
	}
}

// Create never replaces a file, and leaves nothing else behind.
func TestCreate(t *testing.T) {
	dir := t.TempDir()
	path, aside := filepath.Join(dir, "file"), filepath.Join(dir, "aside")
	text := func(text string) func(*os.File) error {
		return func(f *os.File) error {
			_, err := f.WriteString(text)
			return err
		}
	}
	broken := errors.New("broken")
	for _, step := range []struct {
		write func(*os.File) error
		err   error
		want  string // in the file; "" for no file
	}{
		{func(*os.File) error { return broken }, broken, ""},
		{text("first"), nil, "first"},
		{text("second"), os.ErrExist, "first"},
	} {
		if err := Create(path, create(t, aside), step.write); !errors.Is(err, step.err) {
			t.Errorf("%v, want %v", err, step.err)
		}
		found := content(t, dir)
		if found["file"] != step.want || step.want == "" && len(found) > 0 || len(found) > 1 {
			t.Errorf("found %q, want %q", found, step.want)
		}
	}
}
