package main

import (
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/exhaustive"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/lake"
)

// killUpgrade starts an upgrade and kills it at a random instant within span. It
// reports false when the upgrade was over before.
func killUpgrade(t *testing.T, dir string, random *rand.Rand, span time.Duration) bool {
	t.Helper()
	cmd, _, errs := trailkeeper(t, "lake", "upgrade", "--lake", dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Duration(random.Int64N(int64(span))), func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if err == nil {
		return false
	}
	if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
		t.Fatalf("ended with %v instead of being killed: %s", err, errs)
	}
	requireWhole(t, dir)
	return true
}

// olderParts returns the number of parts of a lake that are still to be upgraded.
func olderParts(t *testing.T, dir string) (n int) {
	t.Helper()
	l, err := lake.Open(t.Context(), folderstore.New(dir, 0))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() // only read from
	for _, p := range l.Parts() {
		if p.Schema < lake.Schema {
			n++
		}
	}
	return n
}

// An upgrade that is killed at any instant, again and again, leaves a whole lake,
// and the next one ends with the lake of one that nobody disturbed. The instants
// are random over the time that a run takes here.
func TestKilledUpgrades(t *testing.T) {
	kills := exhaustive.Or(6, 60)
	random := rand.New(rand.NewPCG(13, 17))
	undisturbed := copyOf(t, "testdata/formats/1")
	started := time.Now()
	cmd, out, errs := trailkeeper(t, "lake", "upgrade", "--lake", undisturbed)
	if err := cmd.Run(); err != nil || !strings.Contains(out.String(), "upgraded: 3, with 27 events") {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	span := time.Since(started)
	want := fingerprint(t, undisturbed)
	answers, err := os.ReadFile("testdata/formats/answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	last, left := "", map[int]int{} // kills by the number of parts of format 1 after them
	for killed, lakes := 0, 0; killed < kills; lakes++ {
		if lakes == 10*kills {
			t.Fatalf("only %d runs of %d lakes were killed before their end", killed, lakes)
		}
		last = copyOf(t, "testdata/formats/1")
		for range 3 {
			if !killUpgrade(t, last, random, span) {
				span = span * 9 / 10 // the machine may have become faster
				break
			}
			killed++
			left[olderParts(t, last)]++
		}
		mustRun(t, "lake", "upgrade", "--lake", last)
		if got := fingerprint(t, last); got != want {
			t.Fatalf("after kills the lake has %s, undisturbed %s", got, want)
		}
		requireNoOrphans(t, last)
		if got := mustRun(t, "lake", "check", "--lake", last); got != "27 events in 3 parts, damage: 0\n" {
			t.Fatalf("check: %q", got)
		}
		if got := mustRun(t, "lake", "upgrade", "--lake", last); got != "parts of an older format: 0; upgraded: 0, with 0 events; damaged and left: 0\n" {
			t.Fatalf("a run after the last: %q", got)
		}
	}
	t.Logf("kills by the parts they left: %v", left)
	if diff := cmp.Diff(string(answers), askFormat(t, last)); diff != "" {
		t.Errorf("(-answers of format 1 +upgraded after kills)\n%s", diff)
	}
}
