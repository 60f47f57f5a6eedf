package ingest

import (
	"encoding/json"
	"maps"
	"time"

	"github.com/cerpac/trailkeeper/finding"
)

// Messages are what a verb knows besides a report.
type Messages struct {
	List   []finding.Message
	Counts map[string]int64
}

// WriteMessages gives the report to h as a stream of messages and closes it: the
// problems and conflicts that the report lists, and a summary that has document, the
// report as the verb prints it. More is added to both.
func (r *Report) WriteMessages(h finding.Handler, config finding.Config, ended time.Time, document json.RawMessage, more Messages) error {
	list := []finding.Message{{Config: &config}}
	for _, p := range r.Problems {
		list = append(list, p.Message())
	}
	for _, p := range r.Differing {
		m := p.Message()
		m.Problem.Kept = true
		list = append(list, m)
	}
	counts := r.messageCounts()
	maps.Copy(counts, more.Counts)
	list = append(list, more.List...)
	list = append(list, finding.Message{Summary: &finding.Summary{
		Complete: r.Files.Failed == 0 && r.Events.Rejected == 0 && r.Files.Unproven == 0, Counts: counts, Time: ended, Document: document,
	}})
	for _, m := range list {
		if err := h.Handle(m); err != nil {
			return err
		}
	}
	return h.Close()
}

// messageCounts are the numbers of the report, by name.
func (r *Report) messageCounts() map[string]int64 {
	return map[string]int64{
		"files.listed": r.Files.Listed, "files.read": r.Files.Read, "files.unchanged": r.Files.Unchanged,
		"files.skipped": r.Files.Skipped, "files.failed": r.Files.Failed, "files.unseen": r.Unseen,
		"events.read": r.Events.Read, "events.stored": r.Events.Stored, "events.duplicates": r.Events.Duplicates,
		"events.rejected": r.Events.Rejected, "events.conflicts": r.Events.Conflicts, "events.resumed": r.Events.Resumed,
		"problems.omitted":  r.MoreProblems(),
		"conflicts.omitted": r.Events.Conflicts - int64(len(r.Differing)),
	}
}
