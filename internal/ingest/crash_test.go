package ingest_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/memstore"
)

var errInjected = errors.New("injected")

// Whichever calls of the store fail, and wherever the process dies or the machine
// loses power, the lake has in the end what a run has stored that nobody
// disturbed, with the same totals.
func TestTotalsAfterCrashes(t *testing.T) {
	disturbed := 0
	for round := range exhaustive.Or(8, 100) {
		random := rand.New(rand.NewPCG(13, uint64(round)))
		a := newRandomArchive(t, random)
		root, undisturbed, dir := t.TempDir(), t.TempDir(), t.TempDir()
		write(t, root, a.files)
		want := ingested(t, root, undisturbed)
		source, err := dirarchive.New(root)
		if err != nil {
			t.Fatal(err)
		}
		disk := memstore.New()
		opts := ingest.Options{Source: source, Memory: ingest.MinMemory}
		for range 2 + random.IntN(6) {
			store := faulty(disk, random.IntN(100), random.IntN(2) == 0)
			opts.Lake, opts.Workers = store, 1+random.IntN(4)
			err := ingest.RunSmall(t.Context(), opts, int64(500+random.IntN(5000)))
			if err != nil && !store.met() {
				t.Fatalf("round %d: a run failed although the store did not: %v", round, err)
			}
			if err != nil {
				disturbed++
			}
			store.Kill()
			if random.IntN(2) == 0 {
				disk.LosePower(func(string) bool { return random.IntN(2) == 0 })
			}
		}
		opts.Lake = disk.Open()
		got, err := ingest.Run(t.Context(), opts)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		requireReconciled(t, got)
		if diff := cmp.Diff(want.Lake, got.Lake); diff != "" {
			t.Fatalf("round %d: totals (-undisturbed +crashed)\n%s", round, diff)
		}
		for name, data := range disk.Files() {
			writeFile(t, filepath.Join(dir, name), data)
		}
		if diff := cmp.Diff(exported(t, undisturbed), exported(t, dir)); diff != "" {
			t.Fatalf("round %d: records (-undisturbed +crashed)\n%s", round, diff)
		}
	}
	if disturbed == 0 {
		t.Error("no run was disturbed")
	}
}

// faultyStore is a store of which one call fails or kills the process.
type faultyStore struct {
	*memstore.Store
	left atomic.Int64 // calls before that
}

func faulty(disk *memstore.Disk, after int, kill bool) *faultyStore {
	s := &faultyStore{Store: disk.Open()}
	s.left.Store(int64(after))
	s.Fault = func(string, string) error {
		if s.left.Add(-1) != -1 {
			return nil
		}
		if kill {
			s.Kill()
		}
		return errInjected
	}
	return s
}

// met reports whether a call has failed.
func (s *faultyStore) met() bool { return s.left.Load() < 0 }

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
