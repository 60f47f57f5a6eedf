package lake

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/memstore"
)

// Whatever call of the store fails, and whenever the process dies or the machine
// loses power, a lake has all that was committed, and the commit that was
// interrupted whole or not at all.
func TestCrashes(t *testing.T) {
	total := crashes{}
	for round := range exhaustive.Or(50, 1000) {
		c := &crashing{T: t, random: rand.New(rand.NewPCG(7, uint64(round))), disk: memstore.New(), counts: total}
		c.open()
		for range 6 + c.random.IntN(10) {
			c.step()
		}
		c.crash(false)
		c.require()
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
	t.Log(total)
	for _, what := range []string{"commit", "compact", "repair", "open", "look up"} {
		if total[what+", dead"] == 0 || total[what+", failed"] == 0 || total[what+", done"] == 0 {
			t.Errorf("%s was not met in all ways: %v", what, total)
		}
	}
}

// crashes counts what was done and how it ended.
type crashes map[string]int

// crashing is a lake whose writer crashes.
type crashing struct {
	*testing.T
	random  *rand.Rand
	disk    *memstore.Disk
	store   *memstore.Store
	w       *Writer
	stored  []int // numbers of the samples that are committed, in order
	perhaps []int // numbers of those whose commit was interrupted
	next    int   // number of the next sample
	counts  crashes

	reader *Lake // open since an earlier step, or nil
	rows   int   // that it had when it was opened
}

var errInjected = errors.New("injected")

// dangerously calls do while a call of the store, chosen at random, fails or kills
// the process. It counts how that ended.
func (c *crashing) dangerously(what string, do func() error) error {
	c.Helper()
	left := c.random.IntN(40)
	kill := c.random.IntN(2) == 0
	c.store.Fault = func(string, string) error {
		if left--; left != -1 {
			return nil
		}
		if kill {
			c.store.Kill()
		}
		return errInjected
	}
	err := do()
	c.store.Fault = nil
	if err != nil && left >= 0 {
		c.Fatalf("%s failed although the store did not: %v", what, err)
	}
	switch {
	case err == nil:
		what += ", done"
	case kill:
		what += ", dead"
	default:
		what += ", failed"
	}
	c.counts[what]++
	return err
}

// open opens the lake for writing, until that works.
func (c *crashing) open() {
	c.Helper()
	for {
		c.store = c.disk.Open()
		err := c.dangerously("open", func() (err error) {
			c.w, err = OpenWriter(c.Context(), c.store, WriterOptions{Parallel: 1})
			return err
		})
		if err == nil {
			return
		}
		c.crash(c.random.IntN(2) == 0)
	}
}

// crash ends the process, with or without a loss of power.
func (c *crashing) crash(power bool) {
	if power {
		// Readers on this machine end too.
		c.reader = nil
		c.disk.LosePower(func(string) bool { return c.random.IntN(2) == 0 })
	}
	c.store.Kill()
}

// again opens the lake anew after a failure and finds out what was committed.
func (c *crashing) again() {
	c.Helper()
	if c.random.IntN(3) == 0 {
		_ = c.w.Close() // as a process does that has only failed
	}
	c.crash(c.random.IntN(2) == 0)
	c.open()
	c.settle()
}

// settle finds out whether the interrupted commit took effect.
func (c *crashing) settle() {
	c.Helper()
	l, err := Open(c.Context(), c.disk.Open())
	if err != nil {
		c.Fatal(err)
	}
	switch l.Totals.Stored {
	case int64(len(c.stored)):
	case int64(len(c.stored) + len(c.perhaps)):
		c.stored = append(c.stored, c.perhaps...)
	default:
		c.Fatalf("%d events are stored, want %d or %d more", l.Totals.Stored, len(c.stored), len(c.perhaps))
	}
	c.perhaps = nil
	if err := l.Close(); err != nil {
		c.Fatal(err)
	}
}

// step does something at random.
func (c *crashing) step() {
	c.Helper()
	switch c.random.IntN(13) {
	case 0, 1, 2, 3, 9, 10:
		c.commit()
	case 4, 11, 12:
		if c.dangerously("compact", func() error { return c.w.Compact(c.Context(), 1<<30, func(int) {}) }) != nil {
			c.again()
		}
	case 5:
		c.repair()
	case 6:
		c.look()
	case 7:
		c.swapReader()
	case 8:
		c.again()
	}
	if c.reader != nil {
		requireParts(c, c.reader, c.rows)
	}
}

func (c *crashing) commit() {
	c.Helper()
	for range 1 + c.random.IntN(3) {
		c.perhaps = append(c.perhaps, c.next%90)
		c.next++
	}
	if c.next > 90 { // samples are of 90 hours
		c.next, c.perhaps = 90, nil
		return
	}
	b := batchOf(c, c.perhaps...)
	if c.random.IntN(2) == 0 {
		b.Quarantine = []byte("{}\n")
	}
	if c.dangerously("commit", func() error { return c.w.Commit(c.Context(), b) }) != nil {
		c.again()
		return
	}
	c.stored = append(c.stored, c.perhaps...)
	c.perhaps = nil
}

// look looks up all identities when a list of them is lost or damaged, until that
// works.
func (c *crashing) look() {
	c.Helper()
	if len(c.w.manifest.Parts) == 0 {
		return
	}
	part := c.w.manifest.Parts[c.random.IntN(len(c.w.manifest.Parts))]
	lost := c.random.IntN(2) == 0
	if err := c.w.Close(); err != nil { // which keeps lists open
		c.Fatal(err)
	}
	c.disk.Change(idsPath(part.Name), func(data []byte) []byte {
		if lost {
			return nil
		}
		data[c.random.IntN(len(data))] ^= 1 << c.random.IntN(8)
		return data
	})
	c.open()
	for c.dangerously("look up", c.tryLook) != nil {
		c.again()
	}
}

func (c *crashing) tryLook() error {
	for n := range 90 {
		if err := c.w.Existing(c.Context(), hourOf(n), func(Identity) {}); err != nil {
			return err
		}
	}
	return nil
}

// hourOf is the hour of sample n.
func hourOf(n int) int64 { return Hour(time.Date(2026, 1, 11, n, 0, 0, 0, time.UTC)) }

// repair damages a part and repairs it, until that works.
func (c *crashing) repair() {
	c.Helper()
	if len(c.w.manifest.Parts) == 0 || c.reader != nil { // whose parts are not to be damaged
		return
	}
	part := c.w.manifest.Parts[c.random.IntN(len(c.w.manifest.Parts))]
	c.disk.Change(part.published(), func(data []byte) []byte {
		data[c.random.IntN(len(data))] ^= 1 << c.random.IntN(8)
		return data
	})
	for c.dangerously("repair", c.tryRepair) != nil {
		c.again()
	}
}

func (c *crashing) tryRepair() error {
	r, err := c.w.NewRepair(c.Context(), func(int, int) {})
	if err != nil {
		return err
	}
	for _, n := range c.stored {
		rec := &event.Record{}
		if _, err := rec.Decode([]byte(sample(n))); err != nil {
			return err
		}
		at, _ := rec.Time()
		r.Offer(rec, at, Source{LogFile: fmt.Sprintf("file-%d", n)})
	}
	left, err := r.Commit(c.Context())
	if err == nil && len(left) > 0 {
		c.Fatalf("not repaired: %v", left)
	}
	return err
}

// swapReader opens a reader, or closes it.
func (c *crashing) swapReader() {
	c.Helper()
	if c.reader != nil {
		if err := c.reader.Close(); err != nil {
			c.Fatal(err)
		}
		c.reader = nil
		return
	}
	l, err := Open(c.Context(), c.disk.Open())
	if err != nil {
		c.Fatal(err)
	}
	c.reader, c.rows = l, len(c.stored)
}

// require opens the lake once more and fails the test unless all that was
// committed is there, once, and nothing else.
func (c *crashing) require() {
	c.Helper()
	store := c.disk.Open()
	w, err := OpenWriter(c.Context(), store, WriterOptions{})
	if err != nil {
		c.Fatal(err)
	}
	c.settle()
	var records, ids, files []string
	for _, n := range c.stored {
		records = append(records, sample(n))
		ids = append(ids, fmt.Sprintf("%08d", n))
		files = append(files, fmt.Sprint(n))
	}
	var gotIDs, gotFiles []string
	for n := range 90 {
		err := w.Existing(c.Context(), hourOf(n), func(id Identity) { gotIDs = append(gotIDs, fmt.Sprintf("%x", id.ID[:4])) })
		if err != nil {
			c.Error(err)
		}
	}
	if err := w.Sources(c.Context(), firstDay, func(f LogFile) { gotFiles = append(gotFiles, fmt.Sprint(f.Hash)) }); err != nil {
		c.Error(err)
	}
	if err := w.Close(); err != nil {
		c.Error(err)
	}
	got := c.read(store)
	for what, pair := range map[string][2][]string{
		"records": {records, got}, "identities": {ids, gotIDs}, "log files": {files, gotFiles}, "files": {c.named(w), c.left()},
	} {
		slices.Sort(pair[0])
		slices.Sort(pair[1])
		if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
			c.Errorf("%s (-want +got)\n%s", what, diff)
		}
	}
}

// read returns the records of the lake, which must be sound.
func (c *crashing) read(store Store) []string {
	c.Helper()
	l, err := Open(c.Context(), store)
	if err != nil {
		c.Fatal(err)
	}
	report, err := l.Check(c.Context(), func(d Damage) { c.Errorf("damaged: %+v", d) }, func() {})
	if err != nil || report.Rows != int64(len(c.stored)) {
		c.Errorf("%+v, %v", report, err)
	}
	records := recordsOf(c, l)
	if err := l.Close(); err != nil {
		c.Error(err)
	}
	return records
}

// named are the files that the lake should have.
func (c *crashing) named(w *Writer) []string {
	return append(slices.Collect(maps.Keys(w.manifest.names())), manifestPath, readersName)
}

// left are the files that it has. While there was a reader some may be left that
// another writer removes.
func (c *crashing) left() []string {
	if c.reader != nil {
		if err := c.reader.Close(); err != nil {
			c.Error(err)
		}
		w, err := OpenWriter(c.Context(), c.disk.Open(), WriterOptions{})
		if err != nil {
			c.Fatal(err)
		}
		if err := w.Close(); err != nil {
			c.Error(err)
		}
	}
	return slices.Collect(maps.Keys(c.disk.Files()))
}

// After a commit that was not finished a Writer makes no other one: its files
// would replace those of the first, which may have taken effect.
func TestNoCommitAfterAnUnfinishedOne(t *testing.T) {
	for _, fails := range []string{"swap", "swap, done", "link", "link, done", "flush, done", "remove, one done"} {
		t.Run(fails, func(t *testing.T) {
			disk := memstore.New()
			store := disk.Open()
			w, err := OpenWriter(t.Context(), store, WriterOptions{})
			if err != nil {
				t.Fatal(err)
			}
			commit(t, w, batchOf(t, 1))
			swapped := false
			store.Fault = func(call, _ string) error {
				swapped = swapped || strings.HasPrefix(call, "swap")
				if swapped && call == fails {
					return errInjected
				}
				return nil
			}
			if err := w.Commit(t.Context(), batchOf(t, 2)); !errors.Is(err, errInjected) {
				t.Fatal(err)
			}
			store.Fault = nil
			if err := w.Commit(t.Context(), batchOf(t, 3)); !errors.Is(err, errInjected) {
				t.Fatalf("another commit: %v", err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			c := &crashing{T: t, disk: disk, store: store, stored: []int{1, 2}}
			if fails == "swap" {
				c.stored = []int{1}
			}
			c.require()
		})
	}
}

// A part stays in the staging folder until the name that it got outlives a loss
// of power, even if the commit was not finished.
func TestStagedPartsStayUntilTheirNamesAreSafe(t *testing.T) {
	disk := memstore.New()
	store := disk.Open()
	w, err := OpenWriter(t.Context(), store, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	links := 0
	store.Fault = func(call, _ string) error {
		if call == "link" {
			if links++; links == 2 {
				return errInjected
			}
		}
		return nil
	}
	if err := w.Commit(t.Context(), batchOf(t, 1, 30)); !errors.Is(err, errInjected) { // of two days
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	disk.LosePower(func(name string) bool { return strings.HasPrefix(name, "year=") })
	c := &crashing{T: t, disk: disk, store: store, stored: []int{1, 30}}
	c.require()
}
