package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/cerpac/trailkeeper/internal/cli/lakes"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/search"
)

// lakeOptions select a lake and the time range that a verb reads.
type lakeOptions struct {
	dir          string
	since, until time.Time
	eventIDs     []string // of the events that are searched, if they are known
	limits       limitOptions
}

func (o *lakeOptions) addLakeFlag(cmd *cobra.Command, s *streams) {
	addLakeFlag(cmd.Flags(), &o.dir, "folder of the lake to read", s)
}

func (o *lakeOptions) addTimeFlags(cmd *cobra.Command, s *streams) {
	cmd.Flags().Var(timeFlag(&o.since, s.now), "since", "only events at or after this time")
	cmd.Flags().Var(timeFlag(&o.until, s.now), "until", "only events before this time")
}

// validate checks the options of a verb.
func (o *lakeOptions) validate(verb string) error {
	switch {
	case o.dir == "":
		return misuse(verb, missingFlag("lake", lakeVariable))
	case o.limits.validate() != nil:
		return misuse(verb, o.limits.validate())
	case checkRange(o.since, o.until) != nil:
		return misuse(verb, checkRange(o.since, o.until))
	}
	return nil
}

// misuse marks a usage error of a verb.
func misuse(verb string, err error) error {
	hint := outcome.Hint(err)
	if hint == "" {
		hint = fmt.Sprintf("run 'trailkeeper %s --help' for the flags and examples", verb)
	}
	return outcome.Usage(outcome.WithHint(fmt.Errorf("%s: %w", verb, err), hint))
}

// open opens the lake for a search in the time range of the options. The caller
// closes it.
func (o *lakeOptions) open(ctx context.Context) (*search.Lake, error) {
	l, err := search.Open(ctx, search.Options{
		Store: folderstore.New(o.dir, 0), TempDir: lake.ScratchDir(o.dir),
		Since: o.since, Until: o.until, EventIDs: o.eventIDs, Memory: o.limits.memory, Spill: o.limits.spill,
	})
	return l, o.limits.explain(lakes.Explain(err))
}

// openWhole opens the lake for a search in all of it. The caller closes it.
func (o *lakeOptions) openWhole(ctx context.Context) (*search.Lake, error) {
	whole := lakeOptions{dir: o.dir, limits: o.limits}
	return whole.open(ctx)
}
