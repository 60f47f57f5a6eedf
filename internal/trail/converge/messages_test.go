package converge

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/cerpac/trailkeeper/finding"
)

// kept collects what a stream tells.
type kept struct {
	changes []finding.Change
	summary finding.Summary
}

func (k *kept) Handle(m finding.Message) error {
	if m.Change != nil {
		k.changes = append(k.changes, *m.Change)
	}
	if m.Summary != nil {
		k.summary = *m.Summary
	}
	return nil
}

func (*kept) Close() error { return nil }

// The messages say what the JSON says, and hide what it hides.
func TestMessages(t *testing.T) {
	for name, p := range plans(t) {
		t.Run(name, func(t *testing.T) {
			var stream, object bytes.Buffer
			if err := p.WriteJSON(&object); err != nil {
				t.Fatal(err)
			}
			if err := p.WriteMessages(&stream, finding.Config{Tool: "t", Verb: "plan"}, time.Unix(9, 0).UTC()); err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc([]string{"password", "token=secret", "\x1b"}, func(secret string) bool { return strings.Contains(stream.String(), secret) }) {
				t.Error("the stream shows a secret")
			}
			var got kept
			if _, err := finding.Read(&stream, &got); err != nil {
				t.Fatal(err)
			}
			var want struct {
				Counts  map[string]int64
				Changes []finding.Change
			}
			if err := json.Unmarshal(object.Bytes(), &want); err != nil {
				t.Fatal(err)
			}
			same := cmp.Comparer(func(a, b json.RawMessage) bool {
				var x, y any
				return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && cmp.Equal(x, y)
			})
			if diff := cmp.Diff(want.Changes, got.changes, same, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-json +stream)\n%s", diff)
			}
			if diff := cmp.Diff(want.Counts, got.summary.Counts, cmpopts.EquateEmpty()); diff != "" || !got.summary.Complete {
				t.Errorf("(-json +stream)\n%s", diff)
			}
			if diff := cmp.Diff(json.RawMessage(object.Bytes()), got.summary.Document, same); diff != "" {
				t.Errorf("document (-json +stream)\n%s", diff)
			}
		})
	}
}
