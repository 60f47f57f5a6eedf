package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/cli"
	"github.com/cerpac/trailkeeper/internal/mirror"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/progress"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/report"
)

type mirrorOptions struct {
	archiveOptions
	dir     string
	filter  archive.Filter
	workers int
	format  report.Format
	restore int // days, or 0
	tier    mirror.Tier
	approve bool
}

func newMirrorCommand(s *streams) *cobra.Command {
	opts := mirrorOptions{}
	cmd := &cobra.Command{
		Use:   "mirror s3://BUCKET/PREFIX DIR",
		Short: "Copy an archive with what a plain copy loses, so that it can be proven",
		Long: `Copy an archive into a folder: its objects, and in each folder a file
_objects.jsonl with what S3 keeps beside them: metadata, which hold the signature of
the newest digest of each chain, version ids, and Object Lock.

A second run copies only what is new or changed; nothing is ever removed from the
folder. A run that was stopped leaves no half file, and the next one copies the rest.
The archive may be a folder, too.

--restore DAYS copies nothing. It asks S3 to make the objects in cold storage that
the folder lacks readable for so long, after it has shown their number, their size and
an estimate of the cost. A later run without --restore copies them.`,
		Example: `  trailkeeper mirror s3://production-cerpac-cloudtrail-logs logs
  trailkeeper mirror s3://production-cerpac-cloudtrail-logs logs --since 7d --region eu-west-2
  trailkeeper mirror s3://production-cerpac-cloudtrail-logs logs --restore 7 --tier Bulk`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.archive, opts.dir = args[0], args[1]
			switch {
			case opts.restore < 0 || opts.restore > maxRestoreDays:
				return misuse("mirror", fmt.Errorf("--restore is %d, not a number of days from 1 to %d", opts.restore, maxRestoreDays))
			case opts.restore > 0:
				return runMirrorRestore(cmd.Context(), opts, s)
			}
			return runMirror(cmd.Context(), opts, s)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&opts.filter.Accounts, "account", nil, "only objects of these accounts")
	f.StringSliceVar(&opts.filter.Regions, "region", nil, "only objects of these Regions")
	f.Var(timeFlag(&opts.filter.Since, s.now), "since", "only what was delivered at or after this time")
	f.Var(timeFlag(&opts.filter.Until, s.now), "until", "only what was delivered before this time")
	f.IntVar(&opts.workers, "workers", 0, "objects copied at once (default one per processor, 16 for S3)")
	f.IntVar(&opts.restore, "restore", 0, "ask for objects in cold storage, for so many days, instead of copying")
	opts.tier = mirror.Bulk
	f.Var(choiceFlag(&opts.tier, mirror.Bulk, mirror.Standard, mirror.Expedited), "tier", "of --restore: how soon, and at what price")
	f.BoolVar(&opts.approve, "auto-approve", false, "do not ask before --restore")
	addFormatFlag(f, &opts.format, "of the report", report.Text, report.JSON)
	opts.addS3Flags(f)
	return cmd
}

// maxRestoreDays bounds --restore: who needs objects for longer copies them.
const maxRestoreDays = 365

func runMirror(ctx context.Context, opts mirrorOptions, s *streams) error {
	source, err := opts.open(ctx)
	if err != nil {
		return err
	}
	bar := progress.New(s.err, "Copying objects")
	done, err := mirror.Run(ctx, source, mirror.Options{
		Dir: opts.dir, Filter: opts.filter, Workers: opts.workersOr(opts.workers), Copied: func(int64) { bar.Add(1) },
	})
	bar.Done()
	if err != nil {
		return cli.SayKept(hinted(err), "what was copied is whole; run the same command again for the rest")
	}
	if err := printMirrored(s.out, opts.format, done); err != nil {
		return err
	}
	if done.Failed > 0 {
		return outcome.CouldNotLook(fmt.Errorf("mirror archive %q: %s of %s objects could not be copied", opts.archive,
			quantity.FormatCount(done.Failed), quantity.FormatCount(done.Listed)))
	}
	return nil
}

func printMirrored(w io.Writer, format report.Format, r *mirror.Report) error {
	if format == report.JSON {
		return report.WriteDocument(w, r)
	}
	n := quantity.FormatCount
	var b strings.Builder
	for _, f := range r.Failures {
		fmt.Fprintf(&b, "failed   %q: %s\n", f.Key, f.Cause)
	}
	if more := r.Failed - int64(len(r.Failures)); more > 0 {
		fmt.Fprintf(&b, "failed   and %s more\n", n(more))
	}
	fmt.Fprintf(&b, "objects  %s = %s copied + %s unchanged + %s skipped + %s failed\n",
		n(r.Listed), n(r.Copied), n(r.Unchanged), n(r.Skipped), n(r.Failed))
	for _, reason := range slices.Sorted(maps.Keys(r.Reasons)) {
		fmt.Fprintf(&b, "skipped  %s: %s\n", n(r.Reasons[reason]), reason)
	}
	fmt.Fprintf(&b, "copied   %s\n", quantity.FormatSize(r.Bytes))
	_, err := io.WriteString(w, b.String())
	return err
}
