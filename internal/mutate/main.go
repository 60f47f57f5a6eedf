// Command mutate changes the code in one place at a time and runs the tests of its package: a change that no test notices is a gap in the tests.
//
//	go run ./internal/mutate [-sample N] [-seed S] [-limit TIME] DIR|FILE...
//
// It changes conditions, boundaries, operators, constants, results and statements. Such
// a change is a mutant; a mutant survives if the tests pass. Each survivor is printed
// with its file and line, and the exit code is 1. The mutants that behave as the code
// does are in accepted.txt beside this file, each with the reason.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const acceptedFile = "internal/mutate/accepted.txt"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	survived, err := run(ctx, os.Args[1:], os.Stdout)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(3)
	case survived > 0:
		os.Exit(1)
	}
}

// run mutates what the arguments name, and returns how many mutants survived.
func run(ctx context.Context, args []string, out io.Writer) (survived int, err error) {
	report := reporter(out)
	flags := flag.NewFlagSet("mutate", flag.ContinueOnError)
	sample := flags.Int("sample", 0, "try only this many `mutants` of each package, chosen at random")
	seed := flags.Uint64("seed", 0, "seed of the choice; 0 is another one each time")
	limit := flags.Duration("limit", 0, "processor `time` after which a mutant is killed; 0 is by the time of the tests")
	if err := flags.Parse(args); err != nil {
		return 0, err
	}
	if flags.NArg() == 0 {
		return 0, errors.New("name the folders or files to mutate")
	}
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	accepted, err := readAccepted(acceptedFile)
	if err != nil {
		return 0, err
	}
	packages, err := find(flags.Args())
	if err != nil {
		return 0, err
	}
	var total tally
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		mutants := accepted.mark(packages[dir])
		if *sample > 0 && *sample < len(mutants) {
			random := rand.New(rand.NewPCG(*seed, 0))
			random.Shuffle(len(mutants), func(i, j int) { mutants[i], mutants[j] = mutants[j], mutants[i] })
			mutants = mutants[:*sample]
			report("%s: %d mutants chosen with -seed %d\n", dir, *sample, *seed)
		}
		t, err := try(ctx, trial{dir: dir, limit: *limit}, mutants, report)
		if err != nil {
			return total.survived, err
		}
		report("%s: %s\n", dir, t)
		total.add(t)
	}
	if stale := accepted.stale(packages); len(stale) > 0 {
		return total.survived, fmt.Errorf("read %q: no such mutant any more:\n%s", acceptedFile, strings.Join(stale, "\n"))
	}
	report("all: %s\n", total)
	return total.survived, nil
}

// reporter returns a function that prints to out. An output that cannot be written does
// not end the trials.
func reporter(out io.Writer) func(format string, args ...any) {
	return func(format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) }
}

// find returns the mutants of each folder that is named or has a file that is named.
func find(names []string) (map[string][]mutant, error) {
	packages := map[string][]mutant{}
	for _, name := range names {
		files := []string{name}
		if filepath.Ext(name) != ".go" {
			var err error
			if files, err = filepath.Glob(filepath.Join(name, "*.go")); err != nil {
				return nil, err
			}
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			mutants, err := mutantsOf(file)
			if err != nil {
				return nil, err
			}
			dir := filepath.Dir(file)
			packages[dir] = append(packages[dir], mutants...)
		}
	}
	for dir, mutants := range packages {
		if len(mutants) == 0 {
			return nil, fmt.Errorf("find mutants: %q has nothing to change", dir)
		}
	}
	if len(packages) == 0 {
		return nil, fmt.Errorf("find mutants: no Go files in %q", names)
	}
	return packages, nil
}
