package simulate_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/cerpac/trailkeeper/internal/simulate"
)

// small returns options for an archive that takes a moment.
func small(t *testing.T) simulate.Options {
	t.Helper()
	o := simulate.DefaultOptions()
	o.Out = filepath.Join(t.TempDir(), "archive")
	o.Days, o.EventsPerDay, o.Regions, o.GzipLevel = 2, 3000, 2, 1
	return o
}

func mustRun(t *testing.T, o simulate.Options) *simulate.Summary {
	t.Helper()
	s, err := simulate.Run(t.Context(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func readSummary(t *testing.T, root string) *simulate.Summary {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, simulate.SideFolder, simulate.SummaryFile))
	if err != nil {
		t.Fatal(err)
	}
	var s simulate.Summary
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}
