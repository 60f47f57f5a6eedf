package ingest

import (
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/finding"
)

// told counts what a stream says of problems.
type told struct {
	problems, unseen, kept int
	summary                *finding.Summary
}

func (s *told) Handle(m finding.Message) error {
	if p := m.Problem; p != nil {
		s.problems++
		if p.Unseen {
			s.unseen++
		}
		if p.Kept {
			s.kept++
		}
	}
	s.summary = m.Summary
	return nil
}

func (*told) Close() error { return nil }

func TestMessages(t *testing.T) {
	r := newReport()
	r.Files.Listed, r.Files.Failed, r.Unseen = 3, 2, 1
	r.Problems = []Problem{{File: "a", Offset: 7, Cause: "truncated"}, {File: "b", Cause: "no access", Unseen: true}}
	r.Differing = []Problem{{File: "c", Cause: "differs"}}
	r.Events.Conflicts = 5
	var got told
	if err := r.WriteMessages(finding.Strict(&got), finding.Config{Tool: "t"}, time.Unix(1, 0), []byte(`{"x":1}`), Messages{Counts: map[string]int64{"y": 7}}); err != nil {
		t.Fatal(err)
	}
	if got.problems != 3 || got.unseen != 1 || got.kept != 1 {
		t.Errorf("%+v", got)
	}
	s := got.summary
	if s.Complete || s.Counts["files.failed"] != 2 || s.Counts["conflicts.omitted"] != 4 || string(s.Document) != `{"x":1}` {
		t.Errorf("%+v", s)
	}
}
