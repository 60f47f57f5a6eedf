package lake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A lake fed by many small runs stays one of few files, with the same records,
// whatever is compacted when.
func TestManySmallCommits(t *testing.T) {
	const runs, runsBetween = 300, 10 // of commits, and from one compaction to the next
	dir := t.TempDir()
	var want []string
	most := 0
	w := openWriter(t, dir)
	for run := range runs {
		b := Batch{Days: map[string][]*Block{firstDay: {NewBlock(nil)}}}
		text := fmt.Sprintf(`{"eventTime":%q,"eventName":"Event%d","eventID":"%d"}`, time.Date(2026, 1, 11, run%24, 0, run, 0, time.UTC).Format(time.RFC3339), run, run)
		fill(t, b.Days[firstDay][0], "x", text)
		want = append(want, text)
		commit(t, w, b)
		if run%runsBetween == 0 {
			if err := w.Compact(t.Context(), 256<<20, func(int) {}); err != nil {
				t.Fatal(err)
			}
		}
		most = max(most, len(w.manifest.Parts))
	}
	identities := 0
	for hour := range 24 {
		err := w.Existing(t.Context(), Hour(time.Date(2026, 1, 11, hour, 0, 0, 0, time.UTC)), func(Identity) { identities++ })
		if err != nil {
			t.Fatal(err)
		}
	}
	closeWriter(t, w)
	if most > 2*compactAt+runsBetween {
		t.Errorf("there were up to %d parts for one day", most)
	}
	if identities != runs {
		t.Errorf("%d identities for %d records", identities, runs)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, contents(t, dir)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Parts are not merged beyond the limit, and a second run finds nothing to do.
func TestCompactKeepsToItsLimit(t *testing.T) {
	dir := t.TempDir()
	w := openWriter(t, dir)
	var numbers []int
	for n := range 12 {
		commit(t, w, batchOf(t, n))
		numbers = append(numbers, n)
	}
	one := w.manifest.Parts[0].PlainBytes
	limit := 5 * one
	if err := w.Compact(t.Context(), limit, func(int) {}); err != nil {
		t.Fatal(err)
	}
	for _, p := range w.manifest.Parts {
		if p.PlainBytes > limit {
			t.Errorf("part %s takes %d bytes, above the limit of %d", p.Name, p.PlainBytes, limit)
		}
	}
	if got := len(w.manifest.Parts); got > 5 {
		t.Errorf("%d parts left of 12", got)
	}
	if err := w.Compact(t.Context(), limit, func(int) { t.Error("merged again") }); err != nil {
		t.Fatal(err)
	}
	closeWriter(t, w)
	requireLake(t, dir, numbers...)
}

// A damaged part is named by what needs it, and the lake stays as it was.
// Damaged identities are made anew from the part.
func TestCompactMeetsDamage(t *testing.T) {
	good := t.TempDir()
	w := openWriter(t, good)
	for n := range compactAt {
		commit(t, w, batchOf(t, n))
	}
	closeWriter(t, w)
	t.Run("part", func(t *testing.T) {
		dir := copyTree(t, good)
		path := filepath.Join(dir, dayDir(firstDay), "part-00000002-0000.parquet")
		if err := os.Truncate(path, 20); err != nil {
			t.Fatal(err)
		}
		w := openWriter(t, dir)
		defer closeWriter(t, w)
		before := tree(t, dir)
		err := w.Compact(t.Context(), 1<<30, func(int) {})
		if err == nil || !strings.Contains(err.Error(), strconv.Quote(path)) {
			t.Errorf("compact: %v, want the name %s", err, path)
		}
		if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
			t.Errorf("files (-before +after)\n%s", diff)
		}
	})
	t.Run("identities", func(t *testing.T) {
		dir := copyTree(t, good)
		if err := os.Truncate(filepath.Join(dir, stateDir, "ids", "part-00000002-0000.ids"), 20); err != nil {
			t.Fatal(err)
		}
		w := openWriter(t, dir)
		if err := w.Compact(t.Context(), 1<<30, func(int) {}); err != nil {
			t.Fatal(err)
		}
		closeWriter(t, w)
		requireLake(t, dir, 0, 1, 2, 3)
	})
}

// A damaged part stays as it is beside the others: merged, it would have
// checksums that vouch for it.
func TestDamagedPartsAreNotMerged(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, w *Writer, p *Part){
		"another byte": func(t *testing.T, w *Writer, p *Part) {
			data, err := os.ReadFile(filepath.Join(w.dir, p.published()))
			if err != nil {
				t.Fatal(err)
			}
			data[len(data)/3] ^= 1
			if err := os.WriteFile(filepath.Join(w.dir, p.published()), data, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"a row of an older program": func(t *testing.T, w *Writer, p *Part) {
			blocks, err := readPart(t.Context(), stored{w.store, p.published()}, p.Schema)
			if err != nil {
				t.Fatal(err)
			}
			blocks[0].text[colEventName].data[0] ^= 1
			if p.Bytes, _, err = writePart(t.Context(), w.store, p.published(), blocks); err != nil {
				t.Fatal(err)
			}
			p.Checksum = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := openWriter(t, t.TempDir())
			for n := range 6 {
				commit(t, w, batchOf(t, n))
			}
			damage(t, w, &w.manifest.Parts[2])
			bad := w.manifest.Parts[2].Name
			var named *PartError
			if err := w.Compact(t.Context(), 256<<20, func(int) {}); !errors.As(err, &named) || filepath.Base(named.Path) != bad {
				t.Errorf("compact: %v, want the name %s", err, bad)
			}
			if len(w.manifest.Parts) != 2 || !slices.ContainsFunc(w.manifest.Parts, func(p Part) bool { return p.Name == bad }) {
				t.Errorf("parts %+v, want %s and one of the others", w.manifest.Parts, bad)
			}
			closeWriter(t, w)
		})
	}
}
