package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/nearest"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/progress"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/report"
	"github.com/cerpac/trailkeeper/internal/simulate"
)

type simulateOptions struct {
	simulate.Options
	format report.Format
}

func newSimulateCommand(s *streams) *cobra.Command {
	opts := simulateOptions{Options: simulate.DefaultOptions()}
	cmd := &cobra.Command{
		Use:   "simulate --out DIR",
		Short: "Write a realistic, signed, labelled CloudTrail archive from a seed",
		Long: `Write the CloudTrail archive of an organization that does not exist: events of
people and machines, log files in the form that AWS delivers, signed digest files,
and optionally attacks.

DIR looks like the trail's S3 bucket. Additional files are in DIR/_simulate: the
events of every attack, the digests' signatures and public keys, and counts. The
same options give the same bytes.`,
		Example: `  trailkeeper simulate --out sim
  trailkeeper simulate --out sim --days 30 --attack all
  trailkeeper simulate --attack list --format json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runSimulate(cmd.Context(), opts, s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&opts.Out, "out", "", "folder to write, absent or empty")
	f.IntVar(&opts.Accounts, "accounts", opts.Accounts, "accounts in the organization")
	f.IntVar(&opts.Regions, "regions", opts.Regions, "Regions, us-east-1 being the first")
	f.IntVar(&opts.Days, "days", opts.Days, "days")
	f.IntVar(&opts.EventsPerDay, "events-per-day", opts.EventsPerDay, "events in each account on a working day; weekends have fewer")
	f.Uint64Var(&opts.Seed, "seed", opts.Seed, "what everything random follows from")
	f.StringSliceVar(&opts.Attacks, "attack", nil, "attacks to weave in: names, all, or list to print them")
	f.Float64Var(&opts.Duplicates, "duplicates", opts.Duplicates, "fraction of events delivered twice")
	f.Float64Var(&opts.Late, "late", opts.Late, "fraction of events delivered hours or days late")
	f.Var(dayFlag(&opts.Start, s.now), "start", "first day")
	f.IntVar(&opts.EventsPerFile, "events-per-file", 0, "events in every log file (default: as AWS does)")
	f.BoolVar(&opts.Organization, "org", false, "one organization trail instead of a trail in each account")
	f.IntVar(&opts.GzipLevel, "gzip-level", opts.GzipLevel, "1 (fast) to 9 (small)")
	f.IntVar(&opts.Workers, "workers", 0, "shards made at once (default: one per processor)")
	addFormatFlag(f, &opts.format, "of the summary, or of the list of attacks", report.Text, report.JSON)
	return cmd
}

func runSimulate(ctx context.Context, opts simulateOptions, s *streams) error {
	if len(opts.Attacks) == 1 && opts.Attacks[0] == "list" {
		return listAttacks(s.out, opts.format)
	}
	bar := progress.New(s.err, "Simulating shards")
	events := int64(0)
	tally := make(chan int)
	counted := make(chan struct{})
	go func() {
		defer close(counted)
		for n := range tally {
			events += int64(n)
			bar.SetNote(quantity.FormatCount(events) + " events")
			bar.Add(1)
		}
	}()
	started := s.now()
	summary, err := simulate.Run(ctx, opts.Options, func(shards, n int) {
		bar.SetTotal(int64(shards))
		tally <- n
	})
	close(tally)
	<-counted
	bar.Done()
	if err != nil {
		return explainSimulate(err, opts.Options, events, s.err)
	}
	took := max(s.now().Sub(started), time.Millisecond)
	fmt.Fprintf(s.err, "simulated in %s, %s events a second\n",
		took.Round(10*time.Millisecond), quantity.FormatCount(int64(float64(summary.Total.Events)/took.Seconds())))
	if opts.format == report.JSON {
		return report.WriteDocument(s.out, describeArchive(opts.Out, summary))
	}
	return printSimulated(s.out, opts.Out, summary)
}

// explainSimulate separates usage errors from failures, and reports what an
// interrupted run has left behind.
func explainSimulate(err error, opts simulate.Options, events int64, stderr io.Writer) error {
	if option, ok := errors.AsType[*simulate.OptionError](err); ok {
		return outcome.Usage(outcome.WithHint(option, "run 'trailkeeper simulate --help' for the flags and examples"))
	}
	if unknown, ok := errors.AsType[*simulate.UnknownAttackError](err); ok {
		hint := "run 'trailkeeper simulate --attack list' for what each does"
		if near := nearest.Name(unknown.Name, unknown.Known); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
		return outcome.Usage(outcome.WithHint(unknown, hint))
	}
	if errors.Is(err, simulate.ErrNotEmpty) {
		return outcome.Usage(outcome.WithHint(err, "name a folder that does not exist yet, or empty it"))
	}
	if errors.Is(err, context.Canceled) {
		fmt.Fprintf(stderr, "stopped: whole log files with about %s events are kept in %s; without %s/%s they are no complete archive\n",
			quantity.FormatCount(events), opts.Out, simulate.SideFolder, simulate.SummaryFile)
	}
	return err
}

func listAttacks(w io.Writer, format report.Format) error {
	attacks, err := simulate.Attacks()
	if err != nil {
		return err
	}
	if format == report.JSON {
		return report.WriteDocument(w, map[string]any{"attacks": attacks})
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, a := range attacks {
		fmt.Fprintf(table, "%s\t%s\t%s\n", a.Name, a.Title, strings.Join(a.Technique, " "))
	}
	return table.Flush()
}

func printSimulated(w io.Writer, out string, s *simulate.Summary) error {
	n := quantity.FormatCount
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "wrote\t%s\n", out)
	fmt.Fprintf(table, "covers\t%d days from %s, %d accounts, %d Regions\n", s.Options.Days, s.First, s.Options.Accounts, s.Options.Regions)
	fmt.Fprintf(table, "events\t%s, %s delivered late, %s twice\n", n(s.Total.Events), n(s.Total.Late), n(s.Total.Duplicates))
	if len(s.Attacks) > 0 {
		fmt.Fprintf(table, "attacks\t%d, with %s events: %s/%s/%s\n", len(s.Attacks), n(s.Total.Attack), out, simulate.SideFolder, simulate.GroundTruthFile)
	}
	fmt.Fprintf(table, "log files\t%s, %s (%s uncompressed)\n", n(s.Total.Files), quantity.FormatSize(s.Total.Bytes), quantity.FormatSize(s.Total.UncompressedBytes))
	fmt.Fprintf(table, "digests\t%s in %d chains\n", n(s.Digests()), len(s.Chains))
	return table.Flush()
}

// simulatedArchive is the JSON document of simulate, with the content of the
// text output. The archive's own summary has the rest.
type simulatedArchive struct {
	Out      string          `json:"out"`
	FirstDay string          `json:"first_day"`
	Days     int             `json:"days"`
	Accounts int             `json:"accounts"`
	Regions  []string        `json:"regions"`
	Attacks  []string        `json:"attacks"`
	Total    simulate.Counts `json:"total"`
	Chains   int             `json:"chains"`
	Digests  int64           `json:"digests"`
}

func describeArchive(out string, s *simulate.Summary) simulatedArchive {
	return simulatedArchive{
		Out: out, FirstDay: s.First, Days: s.Options.Days, Accounts: s.Options.Accounts, Regions: s.Regions,
		Attacks: s.Attacks, Total: s.Total, Chains: len(s.Chains), Digests: s.Digests(),
	}
}
