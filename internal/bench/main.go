// Command bench measures trailkeeper against reference tools on this machine, over the
// same files, in one run.
//
// It prints ratios, with the absolute figures beside them. Archives are simulated.
// Everything measured runs in its own process, one at a time, trailkeeper and its
// reference in turn. The parent process stays small and idle. `make bench` runs
// everything in minutes.
//
// It needs the go command and a Unix system, which counts the resources of a process.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// childArgument, as the first argument, makes the program a measured process; see
// child.go.
const childArgument = "measured"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	if len(os.Args) > 1 && os.Args[1] == childArgument {
		err = runChild(ctx, os.Args[2:], os.Stdout)
	} else {
		err = run(ctx, os.Args[1:], os.Stdout, os.Stderr, time.Now)
	}
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(3)
	}
}

// sections are the parts of the benchmark, in order.
func sections() []section {
	return []section{
		{"ingest", (*bench).ingest},
		{"count", (*bench).count},
		{"queries", (*bench).queries},
		{"lookup", (*bench).lookups},
		{"coldstart", (*bench).coldStart},
		{"memory", (*bench).memory},
		{"verify", (*bench).verify},
		{"sandbox", (*bench).sandbox},
	}
}

type section struct {
	name string
	run  func(*bench, context.Context) ([]group, error)
}

type options struct {
	dir    string   // keeps archives for the next run; empty for a temporary folder
	only   []string // names of sections; none means all
	rounds int
	quick  bool
	json   bool
	update bool
}

func parseOptions(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.dir, "dir", "", "folder that keeps the archives for later runs")
	flags.IntVar(&o.rounds, "rounds", 3, "number of measurements of tasks that take seconds, at least 1")
	flags.BoolVar(&o.quick, "quick", false, "tiny archives and one round: tests the benchmark; its figures are meaningless")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.BoolVar(&o.update, "update", false, "write the result to docs/benchmarks.md")
	flags.Func("only", "run only these sections, separated by commas: ingest, count, queries, lookup, coldstart, memory, verify, sandbox", func(list string) error {
		for name := range strings.SplitSeq(list, ",") {
			if !slices.ContainsFunc(sections(), func(s section) bool { return s.name == name }) {
				return fmt.Errorf("no section %q", name)
			}
			o.only = append(o.only, name)
		}
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("read arguments: %q is not expected", flags.Arg(0))
	case o.rounds < 1:
		return o, fmt.Errorf("read -rounds: %d is less than 1", o.rounds)
	case o.update && (o.quick || len(o.only) > 0):
		return o, errors.New("read -update: the page shows whole runs only, not -quick or -only ones")
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer, now func() time.Time) (err error) {
	opts, err := parseOptions(args, stderr)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "trailkeeper-bench-")
	if err != nil {
		return fmt.Errorf("create temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	b, err := newBench(ctx, opts, scratch, stderr)
	if err != nil {
		return err
	}
	result, err := b.measureAll(ctx, now)
	if err != nil {
		return err
	}
	if opts.update {
		if err := updatePage(ctx, result.text()); err != nil {
			return err
		}
	}
	if opts.json {
		out := json.NewEncoder(stdout)
		out.SetIndent("", "  ")
		return out.Encode(result)
	}
	_, err = io.WriteString(stdout, result.text())
	return err
}
