package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/quantity"
)

// checkedParts are the parts of a lake that a verb reads. Each is checked in what a
// statement reads of it, before it is read.
type checkedParts struct {
	mu       sync.Mutex
	parts    []lake.Part       // not known to be damaged
	damaged  []*lake.PartError // of which nothing is in the answer
	rows     []*lake.RowError  // that the answer lacks
	salvaged string            // folder of copies of parts with damaged rows, or ""
}

// verify implements duckdb.Verify.
func (c *checkedParts) verify(ctx context.Context, columns []string) (damaged []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, err := lake.Verify(ctx, c.parts, columns)
	if err != nil {
		return nil, err
	}
	for _, e := range found {
		path, err := filepath.Abs(e.Path)
		if err != nil {
			return nil, err
		}
		damaged = append(damaged, path)
		c.leaveOut(e)
	}
	return damaged, nil
}

// leaveOut takes a damaged part out. The caller holds mu.
func (c *checkedParts) leaveOut(e *lake.PartError) {
	c.damaged = append(c.damaged, e)
	c.parts = slices.DeleteFunc(c.parts, func(p lake.Part) bool { return p.Path() == e.Path })
}

// paths returns where to read the parts: whole paths, of copies where a part has
// damaged rows.
func (c *checkedParts) paths(ctx context.Context) (paths []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, part := range slices.Clone(c.parts) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		path, err := c.salvage(ctx, part)
		if damaged, ok := errors.AsType[*lake.PartError](err); ok {
			c.leaveOut(damaged)
			continue
		}
		if err != nil {
			return nil, err
		}
		if path, err = filepath.Abs(path); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// salvage returns where to read a part without its damaged rows. Parts with
// checksums were proved when they were written, and have none.
func (c *checkedParts) salvage(ctx context.Context, part lake.Part) (path string, err error) {
	if part.Checksum != nil {
		return part.Path(), nil
	}
	if c.salvaged == "" {
		if c.salvaged, err = os.MkdirTemp("", "trailkeeper-salvage-"); err != nil {
			return "", err
		}
	}
	path, rows, err := part.Salvage(ctx, c.salvaged)
	c.rows = append(c.rows, rows...)
	return path, err
}

func (c *checkedParts) close() error {
	if c.salvaged == "" {
		return nil
	}
	return os.RemoveAll(c.salvaged)
}

// maxNamed is how many damaged parts and rows a verb names; lake check names all.
const maxNamed = 20

// complete is the outcome of a verb that has given its answer: nil, unless the
// answer lacks what is damaged. That is named on stderr.
func (l *openedLake) complete(verb string, stderr io.Writer) error {
	c := l.parts
	c.mu.Lock()
	defer c.mu.Unlock()
	var lacking string
	switch parts, rows := quantity.FormatCount(int64(len(c.damaged))), quantity.FormatCount(int64(len(c.rows))); {
	case len(c.damaged) == 0 && len(c.rows) == 0:
		return nil
	case len(c.rows) == 0:
		lacking = "damaged parts of the lake are not in it: " + parts
	case len(c.damaged) == 0:
		lacking = "damaged rows of the lake are not in it: " + rows
	default:
		lacking = fmt.Sprintf("damaged parts and rows of the lake are not in it: %s and %s", parts, rows)
	}
	for _, part := range c.damaged[:min(len(c.damaged), maxNamed)] {
		fmt.Fprintf(stderr, "damaged: part %q: %s\n", part.Path, part.Cause)
	}
	for _, row := range c.rows[:min(len(c.rows), maxNamed)] {
		fmt.Fprintf(stderr, "damaged: event %q of log file %q: %v\n", row.EventID, row.LogFile, row.Err)
	}
	return outcome.BadEvidence(outcome.WithHint(
		fmt.Errorf("%s: the answer is not complete: %s", verb, lacking),
		"trailkeeper lake check names everything that is damaged in a lake; lake repair reads its log files again"))
}
