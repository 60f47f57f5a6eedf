package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"runtime/debug"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/finding"
	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/cli/lakes"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/ingest"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/progress"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/report"
	"github.com/cerpac/trailkeeper/internal/terminal"
)

type ingestOptions struct {
	archiveOptions
	lake    string
	filter  archive.Filter
	workers int
	memory  int64
	format  report.Format
	mode    string // octal
	proof   verifiedOptions
}

func newIngestCommand(s *streams) *cobra.Command {
	opts := ingestOptions{memory: ingest.DefaultMemory, mode: fmt.Sprintf("%04o", folderstore.DefaultMode)}
	cmd := &cobra.Command{
		Use:   "ingest --archive PATH|s3://BUCKET/PREFIX --lake DIR",
		Short: "Import a log archive into a lake: only new files, each event once",
		Long: `Read the log files of an archive, a folder or an S3 bucket, and store their
events in a lake: Parquet files by day, for query, lookup, export and other tools.

A second run reads only files that are new or changed. An event delivered twice
is stored once. After a killed run, the next one completes the work. The report
accounts for every file and every event; what could not be kept is listed, with
file and offset, in DIR/_trailkeeper/quarantine.

--account, --region, --since and --until select log files by their names: the
time is that of delivery, minutes after the events.

With --require-verified, only log files that a digest with a valid signature
vouches for enter, and each event says which one. Others are named, and looked at
again by the next run.`,
		Example: `  trailkeeper ingest --archive ./AWSLogs --lake lake
  trailkeeper ingest --archive s3://production-cerpac-cloudtrail-logs --lake lake --since 30d
  trailkeeper ingest --archive logs --lake lake --account 123456789012 --region eu-west-2
  trailkeeper ingest --archive logs --lake lake --require-verified --keys keys.json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runIngest(cmd.Context(), opts, s) },
	}
	f := cmd.Flags()
	addArchiveFlag(f, &opts.archive, "folder, file, or s3://BUCKET/PREFIX to read", s)
	addLakeFlag(f, &opts.lake, "folder of the lake; made when absent", s)
	f.StringSliceVar(&opts.filter.Accounts, "account", nil, "only log files of these accounts")
	f.StringSliceVar(&opts.filter.Regions, "region", nil, "only log files of these Regions")
	f.Var(timeFlag(&opts.filter.Since, s.now), "since", "only log files delivered at or after this time")
	f.Var(timeFlag(&opts.filter.Until, s.now), "until", "only log files delivered before this time")
	f.IntVar(&opts.workers, "workers", 0, "files read at once (default one per processor, 16 for S3)")
	f.Var(sizeFlag(&opts.memory), "memory", "memory to stay below")
	addFormatFlag(f, &opts.format, "of the report", report.Text, report.JSON, report.JSONL)
	f.BoolVar(&opts.follow, "follow-symlinks", false, "follow symbolic links that lead out of the archive's folder")
	f.StringVar(&opts.mode, "mode", opts.mode, "permissions of new files of the lake; folders get the x bits too")
	opts.proof.addFlags(f)
	opts.addS3Flags(f)
	return cmd
}

func (o *ingestOptions) validate() error {
	switch {
	case o.archive == "":
		return missingFlag("archive", archiveVariable)
	case o.lake == "":
		return missingFlag("lake", lakeVariable)
	case o.workers < 0:
		return fmt.Errorf("--workers is %d, less than 0", o.workers)
	case o.memory < ingest.MinMemory:
		return fmt.Errorf("--memory is below %s", quantity.FormatSize(ingest.MinMemory))
	case checkRange(o.filter.Since, o.filter.Until) != nil:
		return checkRange(o.filter.Since, o.filter.Until)
	}
	return o.proof.validate(&o.archiveOptions)
}

func runIngest(ctx context.Context, opts ingestOptions, s *streams) (err error) {
	if err := opts.validate(); err != nil {
		return misuse("ingest", err)
	}
	mode, err := parseMode(opts.mode)
	if err != nil {
		return misuse("ingest", err)
	}
	source, err := opts.open(ctx)
	if err != nil {
		return err
	}
	var proven *evidence
	if opts.proof.required {
		if proven, err = opts.prove(ctx, source, s); err != nil {
			return cli.CutShort(hinted(err))
		}
		defer func() { err = errors.Join(err, proven.Close()) }()
	}
	bar := progress.New(s.err, "Ingesting files")
	started := s.now()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(ingest.GoMemory(opts.memory)))
	work := ingest.Options{
		Source: source, Lake: folderstore.New(opts.lake, mode), TempDir: lake.TempDir(opts.lake),
		Filter: opts.filter, Workers: opts.workersOr(opts.workers), Memory: opts.memory, Bar: bar,
	}
	if proven != nil {
		work.Proofs, work.VerifiedAt = proven, started
	}
	account, err := ingest.Run(ctx, work)
	bar.Done()
	// Damaged parts were left unmerged; the ingest itself is done.
	part, damaged := errors.AsType[*lake.PartError](err)
	if errors.Is(err, ingest.ErrProofRequired) {
		return misuse("ingest", outcome.WithHint(err, "add --require-verified with --keys, or name another --lake"))
	}
	if err != nil && !damaged {
		return explainIngest(err, account, opts, s.err)
	}
	if err := cli.DropUnread(printReport(s.out, opts, account, proven, started, s.now())); err != nil {
		return err
	}
	if damaged {
		return outcome.BadEvidence(outcome.WithHint(fmt.Errorf("ingest archive %q: the events are stored, but the lake has damage from before: %w", opts.archive, part),
			"trailkeeper lake check names all damage; lake repair reads the log files of damaged events again"))
	}
	return judge(account, proven, opts)
}

// parseMode parses the permissions of files, in octal: their owner must be able
// to use them, and none may be executable.
func parseMode(text string) (fs.FileMode, error) {
	mode, err := strconv.ParseUint(text, 8, 32)
	if err != nil || mode&0o600 != 0o600 || mode&^0o666 != 0 {
		return 0, outcome.WithHint(fmt.Errorf("--mode %q is not the mode of a file", text),
			"give it in octal, with read and write for the owner and x for nobody, such as 0600 or 0640")
	}
	return fs.FileMode(mode), nil
}

// explainIngest reports what an interrupted run has kept, and adds a hint to
// the error.
func explainIngest(err error, account *ingest.Report, opts ingestOptions, stderr io.Writer) error {
	if kept := account.Committed; kept.Files > 0 || kept.Stored > 0 {
		fmt.Fprintf(stderr, "kept in %s before the run ended: %s events of %s files; run the same command again for the rest\n",
			opts.lake, quantity.FormatCount(kept.Stored), quantity.FormatCount(kept.Files))
	} else {
		fmt.Fprintf(stderr, "nothing new was kept in %s\n", opts.lake)
	}
	return lakes.Explain(hinted(err))
}

// judge turns the report into the command's outcome.
func judge(r *ingest.Report, proven *evidence, opts ingestOptions) error {
	n := quantity.FormatCount
	listing := fmt.Sprintf("all are listed in %s/_trailkeeper/quarantine", opts.lake)
	bad := fmt.Sprintf("%s of %s files and %s of %s events", n(r.Files.Failed), n(r.Files.Listed), n(r.Events.Rejected), n(r.Events.Read))
	var proof *proofReport
	if proven != nil {
		proof = proven.report(r)
	}
	switch {
	case r.Bad():
		return outcome.BadEvidence(outcome.WithHint(fmt.Errorf("ingest archive %q: %s could not be kept", opts.archive, bad), listing))
	case proof != nil && proof.bad() > 0:
		return proof.judge(opts)
	case r.Unseen > 0:
		return outcome.CouldNotLook(outcome.WithHint(fmt.Errorf("ingest archive %q: %s of %s files could not be read", opts.archive, n(r.Unseen), n(r.Files.Listed)), listing))
	case proof != nil:
		return proof.judge(opts)
	}
	return nil
}

// maxConflicts is the maximum number of conflicts shown. Conflicts are common
// where a trail adds to events later, and are then no fault of the archive.
const maxConflicts = 3

func printReport(w io.Writer, opts ingestOptions, r *ingest.Report, proven *evidence, started, ended time.Time) error {
	var proof *proofReport
	var whole any = r
	if proven != nil {
		proof = proven.report(r)
		whole = proof
	}
	switch opts.format {
	case report.JSON:
		return report.WriteDocument(w, whole)
	case report.JSONL:
		config := finding.Config{Tool: "trailkeeper", Version: moduleVersion(), Verb: "ingest", Source: opts.archive, Time: started.UTC()}
		var document bytes.Buffer
		if err := report.WriteDocument(&document, whole); err != nil {
			return err
		}
		var more ingest.Messages
		if proof != nil {
			more = ingest.Messages{List: proof.messages(), Counts: proof.counts()}
		}
		return r.WriteMessages(finding.NewWriter(w), config, ended.UTC(), document.Bytes(), more)
	}
	n := quantity.FormatCount
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	unproven := ""
	if proof != nil {
		unproven = fmt.Sprintf(" + %s unproven", n(r.Files.Unproven))
	}
	fmt.Fprintf(table, "files listed\t%s\t= %s read + %s unchanged + %s skipped + %s failed%s\n",
		n(r.Files.Listed), n(r.Files.Read), n(r.Files.Unchanged), n(r.Files.Skipped), n(r.Files.Failed), unproven)
	printReasons(table, "skipped", r.Reasons.Skipped)
	printReasons(table, "failed", r.Reasons.Failed)
	printUnproven(table, r)
	if m := r.Members; m.Listed > 0 {
		fmt.Fprintf(table, "members listed\t%s\t= %s read + %s skipped + %s failed, inside archives\n", n(m.Listed), n(m.Read), n(m.Skipped), n(m.Failed))
		printReasons(table, "skipped", m.Reasons.Skipped)
		printReasons(table, "failed", m.Reasons.Failed)
	}
	fmt.Fprintf(table, "events read\t%s\t= %s stored + %s duplicates + %s rejected\n",
		n(r.Events.Read), n(r.Events.Stored), n(r.Events.Duplicates), n(r.Events.Rejected))
	printReasons(table, "rejected", r.Reasons.Rejected)
	printReasons(table, "no event", r.Reasons.Pieces)
	if r.Events.Resumed > 0 {
		why := " that did not reach the end of their file"
		if proof != nil { // nor did one that read without proof
			why = ""
		}
		fmt.Fprintf(table, "  resumed\t%s\tcounted by an earlier run%s\n", n(r.Events.Resumed), why)
	}
	if r.Events.Conflicts > 0 {
		fmt.Fprintf(table, "  stored\t%s\tdiffer from another event with the same eventID; both are kept\n", n(r.Events.Conflicts))
	}
	shown := r.Differing[:min(len(r.Differing), maxConflicts)]
	for _, p := range shown {
		fmt.Fprintf(table, "conflict\t\t%q at byte %d: %s\n", p.File, p.Offset, terminal.Visible(p.Cause))
	}
	if more := r.Events.Conflicts - int64(len(shown)); more > 0 {
		fmt.Fprintf(table, "conflict\t\tand %s more like this\n", n(more))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(table, "problem\t\t%q at byte %d: %s\n", p.File, p.Offset, terminal.Visible(p.Cause))
	}
	if more := r.MoreProblems(); more > 0 {
		fmt.Fprintf(table, "problem\t\tand %s more, listed in the quarantine\n", n(more))
	}
	if proof != nil {
		printProof(table, proof)
	}
	for _, path := range r.Rebuilt {
		fmt.Fprintf(table, "made anew\t\t%q, which was missing or damaged, from the events it lists\n", path)
	}
	fmt.Fprintf(table, "lake\t%s\tevents of %s log files in %s\n", n(r.Lake.Stored), n(r.Lake.Files), opts.lake)
	if r.Bytes.Plain > 0 {
		fmt.Fprintf(table, "read\t%s\t(%s uncompressed) in %s\n", quantity.FormatSize(r.Bytes.Stored), quantity.FormatSize(r.Bytes.Plain), ended.Sub(started).Round(10*time.Millisecond))
	}
	return table.Flush()
}

func printReasons(table *tabwriter.Writer, what string, reasons map[string]int64) {
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", what, quantity.FormatCount(reasons[reason]), reason)
	}
}
