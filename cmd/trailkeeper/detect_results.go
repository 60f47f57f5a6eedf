package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/detect"
	"github.com/cerpac/trailkeeper/internal/findings/asff"
	"github.com/cerpac/trailkeeper/internal/findings/html"
	"github.com/cerpac/trailkeeper/internal/findings/ocsf"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/terminal"
	"github.com/cerpac/trailkeeper/sigma"
)

// detectFormat is how findings are written.
type detectFormat string

const (
	detectText   detectFormat = "text"
	detectJSONL  detectFormat = "jsonl"  // a finding a line
	detectStream detectFormat = "stream" // the stream of messages that other verbs print
	detectHTML   detectFormat = "html"
	detectASFF   detectFormat = "asff"
	detectOCSF   detectFormat = "ocsf"
)

// print writes the findings that are severe enough. complete reports whether all events
// could be read.
func (o *detectOptions) print(s *streams, set *sigma.Set, found []*detect.Finding, complete bool) error {
	told := slices.DeleteFunc(slices.Clone(found), func(f *detect.Finding) bool { return f.Severity < o.least })
	switch o.format {
	case detectText:
		var text strings.Builder
		writeFindings(&text, told)
		fmt.Fprintf(&text, "%s\n", countFindings(found))
		fmt.Fprintf(&text, "rules     %s\n", quantity.FormatCount(int64(len(set.Rules)+len(set.Correlations))))
		_, err := io.WriteString(s.out, text.String())
		return err
	case detectJSONL:
		out := bufio.NewWriter(s.out)
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		for _, f := range told {
			if err := encoder.Encode(f); err != nil {
				return err
			}
		}
		return out.Flush()
	}
	handler, err := o.handler(s.out)
	if err != nil {
		return err
	}
	return errors.Join(o.stream(handler, told, complete, s.now()), handler.Close())
}

func (o *detectOptions) handler(w io.Writer) (finding.Handler, error) {
	switch o.format {
	case detectHTML:
		handler, err := html.New(w)
		return finding.Strict(handler), err
	case detectASFF:
		return finding.Strict(asff.New(w, asff.Options{})), nil
	case detectOCSF:
		return finding.Strict(ocsf.New(w)), nil
	}
	return finding.NewWriter(w), nil
}

// stream passes the findings on as messages.
func (o *detectOptions) stream(to finding.Handler, told []*detect.Finding, complete bool, now time.Time) error {
	source := o.archive
	if source == "" {
		source = o.lake.dir
	}
	config := finding.Config{Tool: "trailkeeper", Version: moduleVersion(), Verb: "detect", Source: source, Time: now.UTC()}
	if err := to.Handle(finding.Message{Config: &config}); err != nil {
		return err
	}
	summary := finding.Summary{Complete: complete, Counts: map[string]int64{}}
	checks := map[string]bool{}
	for _, f := range told {
		if !checks[f.Rule] {
			checks[f.Rule] = true
			check := f.Check()
			if err := to.Handle(finding.Message{Check: &check}); err != nil {
				return err
			}
		}
		message := f.Message(now.UTC())
		if err := to.Handle(finding.Message{Finding: &message}); err != nil {
			return err
		}
		summary.Counts["findings."+f.Severity.String()]++
	}
	return to.Handle(finding.Message{Summary: &summary})
}

// maxOfRule is the maximum number of findings of a rule that are printed as text.
const maxOfRule = 10

// writeFindings writes the findings of each rule together, the most severe rule first.
func writeFindings(w *strings.Builder, all []*detect.Finding) {
	for len(all) > 0 {
		rule := all[0]
		var of, rest []*detect.Finding
		for _, f := range all {
			if f.Rule == rule.Rule {
				of = append(of, f)
			} else {
				rest = append(rest, f)
			}
		}
		fmt.Fprintf(w, "%-13s %s%s\n", rule.Severity, terminal.Visible(rule.Title), ruleNote(rule))
		for i, f := range of {
			if i == maxOfRule {
				fmt.Fprintf(w, "              and %s more like this\n", quantity.FormatCount(int64(len(of)-i)))
				break
			}
			fmt.Fprintf(w, "              %s\n", findingLine(f))
		}
		fmt.Fprintln(w)
		all = rest
	}
}

// ruleNote tells the rule's techniques and author.
func ruleNote(f *detect.Finding) string {
	notes := f.Techniques()
	if f.Author != "" {
		notes = append(notes, "rule by "+terminal.Visible(f.Author))
	}
	if len(notes) == 0 {
		return ""
	}
	return " (" + strings.Join(notes, ", ") + ")"
}

func findingLine(f *detect.Finding) string {
	last := f.Last.Format("15:04:05")
	if f.Last.Format(time.DateOnly) != f.First.Format(time.DateOnly) {
		last = f.Last.Format("2006-01-02 15:04:05")
	}
	when := f.First.Format("2006-01-02 15:04:05") + " to " + last
	if f.First.Equal(f.Last) {
		when = f.First.Format("2006-01-02 15:04:05")
	}
	events := "1 event"
	if f.Count != 1 {
		events = quantity.FormatCount(int64(f.Count)) + " events"
	}
	parts := []string{when, events}
	for _, part := range []string{f.Principal, f.Account, f.Region} {
		if part != "" {
			parts = append(parts, terminal.Visible(part))
		}
	}
	return strings.Join(parts, "  ")
}

// countFindings counts findings by severity.
func countFindings(all []*detect.Finding) string {
	counts := map[finding.Severity]int64{}
	for _, f := range all {
		counts[f.Severity]++
	}
	var parts []string
	for severity := finding.Critical; severity >= finding.Informational; severity-- {
		if n := counts[severity]; n > 0 {
			parts = append(parts, quantity.FormatCount(n)+" "+severity.String())
		}
	}
	if len(parts) == 0 {
		parts = []string{"none"}
	}
	return fmt.Sprintf("findings  %s = %s", quantity.FormatCount(int64(len(all))), strings.Join(parts, " + "))
}
