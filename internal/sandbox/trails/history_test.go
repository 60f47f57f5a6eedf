package trails_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/cloudtrail"
	"github.com/cerpac/trailkeeper/internal/cloudtrail/cloudtrailtest"
	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
	"github.com/cerpac/trailkeeper/internal/sandbox/trails"
)

// TestLookupEventsOfAJournal has a journal to which the events were added at the times
// that they happened, a third of them up to a day later.
func TestLookupEventsOfAJournal(t *testing.T) {
	t.Parallel()
	cloudtrailtest.Suite(t, func(t *testing.T, records []string) cloudtrail.Events {
		t.Helper()
		var entries []journal.Entry
		for n, record := range records {
			var r struct {
				EventTime                                    time.Time
				EventCategory, AWSRegion, RecipientAccountID string
			}
			if err := json.Unmarshal([]byte(record), &r); err != nil {
				t.Fatal(err)
			}
			at := r.EventTime
			if n%3 == 0 {
				at = at.Add(time.Duration(n) * time.Hour / 10)
			}
			entries = append(entries, journal.Entry{Time: at, Account: r.RecipientAccountID, Region: r.AWSRegion, Category: r.EventCategory, Record: []byte(record)})
		}
		slices.SortStableFunc(entries, func(a, b journal.Entry) int { return a.Time.Compare(b.Time) })
		j, err := journal.Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		})
		for _, e := range entries {
			if _, err := j.Append(e); err != nil {
				t.Fatal(err)
			}
		}
		return trails.Recorded(j)
	})
}
