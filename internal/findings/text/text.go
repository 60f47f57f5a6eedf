// Package text renders findings for people, on a terminal or in a mail.
//
// Whatever the values hold, nothing but printing characters and line ends is written.
package text

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/findings"
	"github.com/cerpac/trailkeeper/internal/terminal"
)

// maxValue is the longest value that is shown, in bytes.
const maxValue = 2000

// Options say what is shown.
type Options struct {
	// All shows what is good or not applicable too; it is counted in any case.
	All bool
}

// New returns a rendering to w. Close does not close w.
func New(w io.Writer, o Options) finding.Handler {
	return &handler{out: bufio.NewWriter(w), options: o, checks: map[string]*finding.Check{}}
}

type handler struct {
	out     *bufio.Writer
	options Options
	checks  map[string]*finding.Check
}

func (h *handler) Handle(m finding.Message) error {
	switch {
	case m.Check != nil:
		h.checks[m.Check.ID] = m.Check
	case m.Problem != nil:
		h.problem(m.Problem)
	case m.Finding != nil:
		if h.options.All || m.Finding.Verdict.Found() || m.Finding.Verdict == finding.Unknown {
			h.finding(m.Finding)
		}
	case m.Incident != nil:
		h.incident(m.Incident)
	case m.Change != nil:
		h.change(m.Change)
	case m.Summary != nil:
		h.summary(m.Summary)
	}
	return h.out.Flush()
}

func (h *handler) Close() error { return h.out.Flush() }

// heading says how a finding ended.
func heading(v finding.Verdict, s finding.Severity) string {
	severity := strings.ToUpper(s.String())
	switch v {
	case finding.Bad:
		return severity
	case finding.Partly:
		return severity + ", PARTLY"
	case finding.Good:
		return "GOOD"
	case finding.Unknown:
		return "UNKNOWN"
	}
	return "NOT APPLICABLE"
}

func (h *handler) finding(f *finding.Finding) {
	h.head(heading(f.Verdict, f.Severity), f.Title)
	for line := range strings.Lines(f.Description) {
		h.line("", strings.TrimSuffix(line, "\n"))
	}
	check := f.Check
	if c := h.checks[f.Check]; c != nil {
		for _, r := range c.References {
			check += ", " + strings.TrimSpace(r.Catalogue+" "+r.Version) + " " + r.Number
		}
	}
	h.line("check", check)
	h.line("where", strings.TrimSpace(f.Account+" "+f.Region))
	for _, r := range f.Resources {
		h.line("about", strings.TrimSpace(r.ID+" "+r.Name))
	}
	for _, e := range f.Evidence {
		h.line(findings.Kind(e), findings.Describe(e))
	}
	if f.EvidenceOmitted > 0 {
		h.line("", fmt.Sprintf("and %d more", f.EvidenceOmitted))
	}
	h.line("fix", f.Remedy.Text)
	for _, command := range f.Remedy.Commands {
		h.line("run", command)
	}
	h.line("see", f.Remedy.URL)
	h.line("id", f.ID)
}

func (h *handler) incident(i *finding.Incident) {
	h.head(strings.ToUpper(i.Severity.String())+" INCIDENT", i.Title)
	for line := range strings.Lines(i.Description) {
		h.line("", strings.TrimSuffix(line, "\n"))
	}
	if !i.First.IsZero() {
		h.line("time", i.First.UTC().Format("2006-01-02T15:04:05Z")+" to "+i.Last.UTC().Format("2006-01-02T15:04:05Z"))
	}
	for _, p := range i.Principals {
		h.line("who", p)
	}
	for _, id := range i.Findings {
		h.line("finding", id)
	}
}

func (h *handler) problem(p *finding.Problem) {
	what := "PROBLEM"
	if p.Unseen {
		what = "NOT SEEN"
	}
	h.head(what, fmt.Sprintf("%s at byte %d", p.Location, p.Offset))
	h.line("", p.Cause)
}

func (h *handler) change(c *finding.Change) {
	h.head("CHANGE", c.Action+" "+c.Kind+" "+c.Name)
	for _, f := range c.Fields {
		to := string(f.New)
		if f.KnownAfterApply {
			to = "(known after apply)"
		}
		h.line(f.Path, string(f.Old)+" -> "+to)
	}
	h.line("note", c.Note)
}

func (h *handler) summary(s *finding.Summary) {
	var found []string
	total := int64(0)
	for severity := finding.Critical; severity >= finding.Informational; severity-- {
		if n := s.Findings[severity.String()]; n > 0 {
			found = append(found, fmt.Sprintf("%d %s", n, severity))
			total += n
		}
	}
	h.head("SUMMARY", fmt.Sprintf("%d findings", total))
	h.line("found", strings.Join(found, ", "))
	for _, v := range []finding.Verdict{finding.Good, finding.Unknown, finding.NotApplicable} {
		if n := s.Verdicts[string(v)]; n > 0 {
			h.line(strings.ReplaceAll(string(v), "_", " "), fmt.Sprint(n))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Counts)) {
		h.line(name, fmt.Sprint(s.Counts[name]))
	}
	if !s.Complete {
		h.line("", "Not all could be looked at: where nothing was found, something may be.")
	}
}

func (h *handler) head(what, title string) {
	h.out.WriteString(what + "  " + show(title) + "\n")
}

// line writes a label and a value, if there is one.
func (h *handler) line(label, value string) {
	if value != "" {
		h.out.WriteString("  " + show(label) + strings.Repeat(" ", max(0, 7-len(label))) + "  " + show(value) + "\n")
	}
}

func show(s string) string { return terminal.Visible(findings.Clip(s, maxValue)) }
