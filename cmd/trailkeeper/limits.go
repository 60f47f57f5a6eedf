package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/quantity"
)

// limitOptions are the limits for the statements of a verb.
type limitOptions struct {
	memory, spill int64 // bytes; 0 for the engine's defaults
	timeout       time.Duration
}

const (
	defaultMemory = 1 << 30
	defaultSpill  = 10 << 30
	leastMemory   = 32 << 20
	leastSpill    = 1 << 20
)

func (o *limitOptions) addLimitFlags(f *pflag.FlagSet) {
	o.memory, o.spill = defaultMemory, defaultSpill
	f.Var(sizeFlag(&o.memory), "memory", "memory for the query; what needs more is sorted and grouped on disk")
	f.Var(sizeFlag(&o.spill), "spill", "disk for that, in the lake's temporary folder")
	f.DurationVar(&o.timeout, "timeout", 0, "end the query after this time, such as 30s (default none)")
}

func (o *limitOptions) validate() error {
	switch {
	case o.memory != 0 && o.memory < leastMemory:
		return fmt.Errorf("--memory is below %s", quantity.FormatSize(leastMemory))
	case o.spill != 0 && o.spill < leastSpill:
		return fmt.Errorf("--spill is below %s", quantity.FormatSize(leastSpill))
	case o.timeout < 0:
		return fmt.Errorf("--timeout is %s, less than 0", o.timeout)
	}
	return nil
}

// within returns a context that ends with the timeout.
func (o *limitOptions) within(ctx context.Context) (context.Context, context.CancelFunc) {
	if o.timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, o.timeout, &duckdb.LimitError{Limit: duckdb.Time})
}

// explain adds to the error of a limit the flag that raises it.
func (o *limitOptions) explain(err error) error {
	reached, ok := errors.AsType[*duckdb.LimitError](err)
	if !ok {
		return err
	}
	hint := ""
	switch reached.Limit {
	case duckdb.Memory:
		hint = fmt.Sprintf("--memory allows %s: raise it, or select fewer rows and columns", quantity.FormatSize(o.memory))
	case duckdb.Spill:
		hint = fmt.Sprintf("--spill allows %s: raise it, or sort and group less", quantity.FormatSize(o.spill))
	case duckdb.Time:
		hint = fmt.Sprintf("--timeout allows %s: raise it, or narrow the time with --since and --until", o.timeout)
	}
	return outcome.CouldNotLook(outcome.WithHint(err, hint))
}
