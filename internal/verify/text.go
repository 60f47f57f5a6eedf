package verify

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/cerpac/trailkeeper/internal/quantity"
)

// Line returns a result as a line of text: its state, what it is about, and why.
func (r Result) Line() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-12s  %s", r.State, r.Object)
	switch {
	case r.Key != "":
		fmt.Fprintf(&b, " %q", r.Key)
	case r.Files > 1:
		fmt.Fprintf(&b, " (%s of them, delivered %s to %s) of %s", quantity.FormatCount(r.Files), utc(r.From), utc(r.To), r.Chain)
	case r.Object == AnchorLog:
	case r.From.IsZero() && r.To.IsZero():
		fmt.Fprintf(&b, " of %s", r.Chain)
	case r.From.IsZero():
		fmt.Fprintf(&b, " before %s of %s", utc(r.To), r.Chain)
	default:
		fmt.Fprintf(&b, " %s to %s of %s", utc(r.From), utc(r.To), r.Chain)
	}
	if r.Reason != "" {
		fmt.Fprintf(&b, ": %s", r.Reason)
	}
	if r.Expected != "" || r.Found != "" {
		fmt.Fprintf(&b, " (expected %s, found %s)", quoteShort(r.Expected), quoteShort(r.Found))
	}
	return b.String()
}

func utc(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// WriteText writes the summary as a table of the chains and the sums.
func (s *Summary) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w) // keeps its first error until Flush
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "account\tregion\ttrail\tdigests\tlog files\tproven from\tto\n")
	for _, c := range s.Chains {
		trail := c.Chain.Trail
		if c.Chain.Backfill {
			trail += " (backfill)"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Chain.Account, c.Chain.Region, orDash(trail),
			c.Digests, c.LogFiles, orNever(c.From), orNever(c.To))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "\ndigests    %s\nlog files  %s\n", s.Digests.sum(), s.LogFiles.sum())
	for _, line := range []struct {
		n    int64
		text string
	}{
		{s.Others.Total(), "findings about hours and chains: " + s.Others.String()},
		{s.Restarts, "chains that start again after logging was stopped, as events in the archive say"},
		{s.Uncovered, "log files of kinds that no digest lists, such as those of Insights: nothing is known of them"},
		{s.Absent, "log files are not in the bundle: their hashes are in its digests"},
		{s.Ignored, "objects that are neither log files nor digests"},
	} {
		if line.n > 0 {
			_, _ = fmt.Fprintf(out, "%s %s\n", quantity.FormatCount(line.n), line.text)
		}
	}
	for _, note := range s.Notes {
		_, _ = fmt.Fprintf(out, "note: %s\n", note)
	}
	return out.Flush()
}

// String lists the counts of the states there are, the worst first.
func (c Counts) String() string {
	var parts []string
	for _, state := range States() {
		if n := c[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", quantity.FormatCount(n), state))
		}
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// sum lists the counts as a sum.
func (c Counts) sum() string {
	return fmt.Sprintf("%s = %s", quantity.FormatCount(c.Total()), strings.ReplaceAll(c.String(), ", ", " + "))
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func orNever(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return utc(at)
}
