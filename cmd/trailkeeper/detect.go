package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/cli/lakes"
	"github.com/cerpac/trailkeeper/internal/detect"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/progress"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/scan"
	"github.com/cerpac/trailkeeper/internal/search"
	"github.com/cerpac/trailkeeper/internal/terminal"
)

type detectOptions struct {
	archiveOptions
	ruleOptions
	lake    lakeOptions
	workers int
	least   finding.Severity // of the findings that are told
	failOn  finding.Severity
	format  detectFormat
	score   string // file with the truth about the events
}

func newDetectCommand(s *streams) *cobra.Command {
	opts := detectOptions{least: finding.Low, failOn: finding.Low, format: detectText}
	cmd := &cobra.Command{
		Use:   "detect --lake DIR | --archive PATH|s3://BUCKET/PREFIX",
		Short: "Run detection rules over the events of a lake or an archive",
		Long: `Run detection rules over all events of a lake, or straight over the log files of
an archive, and print what they find, the most severe first: the rules that are part
of the program, and those of --rules, in Sigma.

What one rule finds of one principal on one day is one finding; what a correlation
of rules is true of is another. Both sources give the same findings.

A rule with a mistake is named, with file and line, and the others run; --strict
makes it an error. Rules about other logs than CloudTrail's are counted.

The exit code is 0 if nothing at or above --fail-on was found, 1 if something was,
and 3 if a part of the events could not be read.`,
		Example: `  trailkeeper detect --lake lake --since 7d
  trailkeeper detect --lake lake --builtin=false --rules sigma/rules/cloud/aws
  trailkeeper detect --archive ./logs --min-severity high --format jsonl | jq -r .rule`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDetect(cmd.Context(), opts, s) },
	}
	f := cmd.Flags()
	opts.lake.addLakeFlag(cmd, s)
	addArchiveFlag(f, &opts.archive, "folder, file, or s3://BUCKET/PREFIX to read instead of a lake", s)
	opts.addRuleFlags(f)
	opts.lake.addTimeFlags(cmd, s)
	f.Var((*severityValue)(&opts.least), "min-severity", "least severity of the findings that are printed")
	f.Var((*severityValue)(&opts.failOn), "fail-on", "least severity of a finding for exit code 1")
	f.Var(choiceFlag(&opts.format, detectText, detectJSONL, detectStream, detectHTML, detectASFF, detectOCSF), "format", "of the findings")
	f.StringVar(&opts.score, "score", "", "file that tells which events are attacks, as simulate writes it: print how well rules did")
	f.IntVar(&opts.workers, "workers", 0, "files read at once (default one per processor, 16 for S3)")
	opts.lake.limits.addLimitFlags(f)
	opts.addS3Flags(f)
	return cmd
}

func (o *detectOptions) validate() error {
	switch {
	case o.lake.dir == "" && o.archive == "":
		return errors.New("--lake or --archive is missing")
	case o.lake.dir != "" && o.archive != "":
		return errors.New("--lake and --archive cannot be given together")
	case o.score != "" && o.format != detectText:
		return errors.New("--score needs --format text")
	case o.workers < 0:
		return fmt.Errorf("--workers is %d, less than 0", o.workers)
	}
	return cmp.Or(checkRange(o.lake.since, o.lake.until), o.ruleOptions.validate(), o.lake.limits.validate())
}

func runDetect(ctx context.Context, opts detectOptions, s *streams) error {
	if err := opts.validate(); err != nil {
		return misuse("detect", err)
	}
	set, err := opts.load(ctx, "detect", s)
	if err != nil {
		return err
	}
	truth, err := opts.truth()
	if err != nil {
		return err
	}
	compiled := detect.New(set)
	var found []*detect.Finding
	var incomplete error
	if opts.archive != "" {
		found, incomplete, err = opts.overArchive(ctx, compiled, s)
	} else {
		found, incomplete, err = opts.overLake(ctx, compiled, s)
	}
	if err != nil {
		return err
	}
	if err := opts.print(s, set, found, incomplete == nil); err != nil {
		return cli.CutShort(err)
	}
	if truth != nil {
		if err := printScore(s.out, truth, found); err != nil {
			return err
		}
	}
	if incomplete != nil {
		return incomplete
	}
	return opts.judge(found)
}

// overArchive runs the rules over log files. incomplete tells what could not be read.
func (o *detectOptions) overArchive(ctx context.Context, compiled *detect.Rules, s *streams) (r []*detect.Finding, incomplete, err error) {
	source, err := o.open(ctx)
	if err != nil {
		return r, nil, err
	}
	// Events are delivered after they happened, and log files are named to the minute.
	filter := archive.Filter{}
	if !o.lake.since.IsZero() {
		filter.Since = o.lake.since.Add(-time.Hour)
	}
	var detectors []*detect.Detector
	bar := progress.New(s.err, "Reading files")
	account, err := scan.Run(ctx, scan.Options{Source: source, Filter: filter, Workers: o.workersOr(o.workers), Bar: bar},
		func(int) scan.Consumer {
			d := compiled.NewDetector(o.lake.since, o.lake.until)
			detectors = append(detectors, d)
			return scan.Consumer{Record: func(_ *scan.Stream, _ int64, r *event.Record) error {
				d.Event(r)
				return nil
			}}
		})
	bar.Done()
	if err != nil {
		return r, nil, hinted(err)
	}
	for _, p := range account.Problems {
		fmt.Fprintf(s.err, "trailkeeper: %q at byte %d: %s\n", p.File, p.Offset, terminal.Visible(p.Cause))
	}
	if more := account.MoreProblems(); more > 0 {
		fmt.Fprintf(s.err, "trailkeeper: and %s more problems\n", quantity.FormatCount(more))
	}
	if account.Bad() || account.Unseen > 0 {
		incomplete = outcome.CouldNotLook(fmt.Errorf("detect: %s of %s files and %s of %s events of archive %q could not be read",
			quantity.FormatCount(account.Files.Failed), quantity.FormatCount(account.Files.Listed),
			quantity.FormatCount(account.Records.Rejected), quantity.FormatCount(account.Records.Read), o.archive))
	}
	return compiled.Findings(detectors...), incomplete, nil
}

// overLake runs the rules over a lake.
func (o *detectOptions) overLake(ctx context.Context, compiled *detect.Rules, s *streams) (r []*detect.Finding, incomplete, err error) {
	ctx, cancel := o.lake.limits.within(ctx)
	defer cancel()
	l, err := o.lake.open(ctx)
	if err != nil {
		return r, nil, err
	}
	defer l.Close()
	records, err := l.Select(ctx, search.Selection{Where: compiled.Candidates()})
	if err != nil {
		return r, nil, o.lake.limits.explain(err)
	}
	defer records.Close()
	d := compiled.NewDetector(o.lake.since, o.lake.until)
	if err := d.Read(records); err != nil {
		return r, nil, o.lake.limits.explain(err)
	}
	return compiled.Findings(d), lakes.Complete(l, "detect", s.err), nil
}

// judge turns the findings into the command's outcome.
func (o *detectOptions) judge(r []*detect.Finding) error {
	n := 0
	for _, f := range r {
		if f.Severity >= o.failOn {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return outcome.BadEvidence(fmt.Errorf("detect: %s findings of severity %s or more", quantity.FormatCount(int64(n)), o.failOn))
}
