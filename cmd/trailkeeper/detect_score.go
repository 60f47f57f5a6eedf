package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/cerpac/trailkeeper/internal/detect"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/terminal"
)

// truth reads the file of --score, nil if there is none.
func (o *detectOptions) truth() (*detect.Truth, error) {
	if o.score == "" {
		return nil, nil
	}
	f, err := os.Open(o.score)
	if err != nil {
		return nil, outcome.CouldNotLook(fmt.Errorf("read truth: %w", err))
	}
	defer f.Close()
	truth, err := detect.ReadTruth(f)
	if err != nil {
		return nil, outcome.CouldNotLook(fmt.Errorf("read truth %q: %w", o.score, err))
	}
	return truth, nil
}

// printScore prints how well each rule did, and how each attack was found.
func printScore(w io.Writer, truth *detect.Truth, findings []*detect.Finding) error {
	score, err := truth.Judge(findings)
	if err != nil {
		return outcome.CouldNotLook(fmt.Errorf("score findings: %w", err))
	}
	n := func(count int) string { return quantity.FormatCount(int64(count)) }
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nrule\tseverity\tevents\tof attacks\n")
	for _, r := range score.Rules {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", terminal.Visible(r.Title), r.Severity, n(r.Events), n(r.Right))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	missed := 0
	fmt.Fprintf(table, "\nattack\tevents\tfound\tseverity\n")
	for _, a := range score.Attacks {
		severity := "missed"
		if a.Severity.Valid() {
			severity = a.Severity.String()
		} else {
			missed++
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", terminal.Visible(a.Name), n(a.Events), n(a.Found), severity)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "\nattacks  %s = %s found + %s missed\n", n(len(score.Attacks)), n(len(score.Attacks)-missed), n(missed))
	return err
}
