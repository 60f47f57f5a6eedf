package deploytest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/sandbox/journal"
)

// Event is a call that CloudTrail recorded.
type Event struct {
	Source     string         `json:"eventSource"`
	Name       string         `json:"eventName"`
	ReadOnly   bool           `json:"readOnly"`
	ErrorCode  string         `json:"errorCode"`
	Parameters map[string]any `json:"requestParameters"`
}

// Call is the call's name, such as s3:PutBucketPolicy.
func (e Event) Call() string {
	service, _, _ := strings.Cut(e.Source, ".")
	return service + ":" + e.Name
}

// Recorded returns a function that returns the calls since its last call, or since
// Recorded. No calls may be under way when it is called.
func (b *Box) Recorded(t *testing.T) func() []Event {
	t.Helper()
	from := uint64(1)
	since := func() (events []Event) {
		t.Helper()
		events, from = b.events(t, from)
		return events
	}
	since()
	return since
}

// events reads a copy of the sandbox's journal, because the journal is in use.
func (b *Box) events(t *testing.T, from uint64) (events []Event, next uint64) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "journal")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(b.state, "journal"))); err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	err = j.Read(from, func(entry journal.Entry) error {
		var e Event
		err := json.Unmarshal(entry.Record, &e)
		events = append(events, e)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return events, j.Last() + 1
}
