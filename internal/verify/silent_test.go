package verify_test

import (
	"slices"
	"testing"

	"github.com/cerpac/trailkeeper/internal/verify"
)

// A chain that could be expected, and of which there is nothing, is noted.
func TestSilentRegions(t *testing.T) {
	m := memory{}
	for _, r := range []string{region, "us-east-1"} {
		b := newBuilder(m, "main")
		b.region = r
		b.hour(t, 1)
		b.hour(t, 1)
	}
	if bad, sum := run(t, m, keys(), verify.Options{}); len(bad) > 0 || len(sum.Notes) > 0 {
		t.Errorf("nothing is missing: %q, notes %q", lines(bad), sum.Notes)
	}
	other := memory{}
	b := newBuilder(other, "main")
	b.region = "us-east-1"
	b.hour(t, 1)
	bad, sum := run(t, other, keys(), verify.Options{})
	want := []string{`trail "main" of eu-central-1, account 111122223333 in eu-central-1: the archive has no chain of it, though this is the trail's home Region`}
	if len(bad) > 0 || !slices.Equal(sum.Notes, want) {
		t.Errorf("without the home Region: %q, notes %q", lines(bad), sum.Notes)
	}
	if _, sum := run(t, other, keys(), verify.Options{Regions: []string{"us-east-1"}}); len(sum.Notes) > 0 {
		t.Errorf("the home Region is not asked for: %q", sum.Notes)
	}
}
