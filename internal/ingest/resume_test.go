package ingest_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/ingest"
)

// interrupted is a source whose reader is interrupted while it reads the file
// whose number is after, at a random place.
type interrupted struct {
	archive.Source
	random *rand.Rand
	after  int
	cancel context.CancelFunc
}

func (s *interrupted) Open(ctx context.Context, o archive.Object) (io.ReadCloser, error) {
	f, err := s.Source.Open(ctx, o)
	if s.after--; s.after != 0 || err != nil {
		return f, err
	}
	return &cutShort{f, s.random.IntN(int(o.Size) + 1), s.cancel}, nil
}

type cutShort struct {
	io.ReadCloser
	left   int
	cancel context.CancelFunc
}

func (c *cutShort) Read(p []byte) (int, error) {
	if c.left == 0 {
		c.cancel()
		return 0, context.Canceled
	}
	n, err := c.ReadCloser.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// However often runs are killed or interrupted, and wherever, the totals of the
// lake in the end are those of a run that nobody disturbed, with damaged files,
// duplicates and conflicts in the archive.
func TestTotalsAfterInterruptions(t *testing.T) {
	resumed := int64(0)
	for round := range exhaustive.Or(8, 100) {
		random := rand.New(rand.NewPCG(11, uint64(round)))
		a := newRandomArchive(t, random)
		root, undisturbed, dir := t.TempDir(), t.TempDir(), t.TempDir()
		write(t, root, a.files)
		want := ingested(t, root, undisturbed)
		source, err := dirarchive.New(root)
		if err != nil {
			t.Fatal(err)
		}
		for range 1 + random.IntN(5) {
			opts := ingest.Options{Source: source, Lake: folderstore.New(dir, 0), Memory: ingest.MinMemory, Workers: 1 + random.IntN(4)}
			full, commits := int64(500+random.IntN(5000)), random.IntN(6)
			ctx, cancel := context.WithCancel(t.Context())
			if random.IntN(2) == 0 { // Ctrl-C
				opts.Source, opts.Workers = &interrupted{source, random, 1 + random.IntN(len(a.files)), cancel}, 1
				commits = 1 << 20
			}
			if err := ingest.RunKilled(ctx, opts, full, commits); err != nil && !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			cancel()
		}
		got := ingested(t, root, dir, workers(1+random.IntN(4)))
		if diff := cmp.Diff(want.Lake, got.Lake); diff != "" {
			t.Fatalf("round %d: totals (-undisturbed +interrupted)\n%s", round, diff)
		}
		if diff := cmp.Diff(exported(t, undisturbed), exported(t, dir)); diff != "" {
			t.Fatalf("round %d: records (-undisturbed +interrupted)\n%s", round, diff)
		}
		resumed += got.Events.Resumed
	}
	if resumed == 0 {
		t.Error("no run was continued")
	}
}

// A file that fails is read by every run; its events are counted once. When it
// has grown, what is new is counted too.
func TestFailedFileReadAgain(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	records := []string{rec("1", 1, ""), rec("1", 1, ""), rec("2", 2, ""), rec("3", 3, "")}
	name := filepath.Join(root, "a.json")
	text := strings.Join(records[:3], "\n") + `{"eventVersion":`
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	first := ingested(t, root, dir)
	if e := first.Events; e.Stored != 2 || e.Duplicates != 1 || first.Files.Failed != 1 {
		t.Fatalf("first run: %+v %+v", first.Files, e)
	}
	again := ingested(t, root, dir)
	if e := again.Events; e.Read != 0 || e.Resumed != 3 || again.Files.Failed != 1 {
		t.Errorf("second run: %+v %+v", again.Files, e)
	}
	if diff := cmp.Diff(first.Lake, again.Lake); diff != "" {
		t.Errorf("totals (-first +second)\n%s", diff)
	}
	if err := os.WriteFile(name, []byte(strings.Join(records, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := ingested(t, root, dir)
	if e := whole.Events; e.Stored != 1 || e.Duplicates != 3 || e.Resumed != 0 || whole.Lake.Files != 1 {
		t.Errorf("the whole file, a new version: %+v", e)
	}
}
