package memstore_test

import (
	"errors"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/memstore"
	"github.com/cerpac/trailkeeper/internal/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) func() lake.Store {
		disk := memstore.New()
		return func() lake.Store { return disk.Open() }
	})
}

func put(t *testing.T, s *memstore.Store, name, text string) error {
	t.Helper()
	return s.Put(t.Context(), name, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// A loss of power keeps what was flushed and what was swapped, and undoes of the
// rest what it is told to.
func TestLosePower(t *testing.T) {
	for _, lost := range []bool{true, false} {
		disk := memstore.New()
		s := disk.Open()
		for _, name := range []string{"removed", "replaced", "stays"} {
			if err := put(t, s, name, "old"); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, removeErr := s.Remove(t.Context(), "", []string{"removed"})
		_, swapErr := s.Swap(t.Context(), "swapped", "", []byte("new"))
		if err := errors.Join(put(t, s, "replaced", "new"), put(t, s, "made", "new"), removeErr, swapErr); err != nil {
			t.Fatal(err)
		}
		disk.LosePower(func(string) bool { return lost })
		got := map[string]string{}
		for name, data := range disk.Files() {
			got[name] = string(data)
		}
		want := map[string]string{"replaced": "new", "made": "new", "stays": "old", "swapped": "new"}
		if lost {
			want = map[string]string{"removed": "old", "replaced": "old", "stays": "old", "swapped": "new"}
		}
		if !maps.Equal(got, want) {
			t.Errorf("lost %t: %v, want %v", lost, got, want)
		}
	}
}

// A process that dies in the middle of a Put leaves half of it, and its locks
// are free.
func TestKill(t *testing.T) {
	disk := memstore.New()
	s := disk.Open()
	if _, ok, err := s.Lock(t.Context(), "lock"); !ok || err != nil {
		t.Fatal(ok, err)
	}
	s.Fault = func(call, _ string) error {
		if call == "put, half" {
			s.Kill()
		}
		return nil
	}
	if put(t, s, "file", "text") == nil {
		t.Error("the dead put a file")
	}
	if names := slices.Collect(maps.Keys(disk.Files())); !slices.Equal(names, []string{"file" + lake.Unfinished}) {
		t.Errorf("left: %q", names)
	}
	if _, err := s.List(t.Context(), ""); err == nil {
		t.Error("the dead listed files")
	}
	if _, ok, err := disk.Open().Lock(t.Context(), "lock"); !ok || err != nil {
		t.Error(ok, err)
	}
}
