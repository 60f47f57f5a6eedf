package lakes

import (
	"fmt"
	"io"

	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/search"
)

// maxNamed is the maximum number of damaged parts and rows that a verb lists;
// lake check lists all.
const maxNamed = 20

// Complete returns an error if the result of a verb lacks damaged data, which
// it lists on stderr.
func Complete(l *search.Lake, verb string, stderr io.Writer) error {
	damaged, rows := l.Damaged()
	var lacking string
	switch parts, lost := quantity.FormatCount(int64(len(damaged))), quantity.FormatCount(int64(len(rows))); {
	case len(damaged) == 0 && len(rows) == 0:
		return nil
	case len(rows) == 0:
		lacking = "damaged parts of the lake are not in it: " + parts
	case len(damaged) == 0:
		lacking = "damaged rows of the lake are not in it: " + lost
	default:
		lacking = fmt.Sprintf("damaged parts and rows of the lake are not in it: %s and %s", parts, lost)
	}
	for _, part := range damaged[:min(len(damaged), maxNamed)] {
		fmt.Fprintf(stderr, "damaged: part %q: %s\n", part.Path, part.Cause)
	}
	for _, row := range rows[:min(len(rows), maxNamed)] {
		fmt.Fprintf(stderr, "damaged: event %q of log file %q: %v\n", row.EventID, row.LogFile, row.Err)
	}
	return outcome.BadEvidence(outcome.WithHint(
		fmt.Errorf("%s: the answer is not complete: %s", verb, lacking),
		"trailkeeper lake check names everything that is damaged in a lake; lake repair reads its log files again"))
}
