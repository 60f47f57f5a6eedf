package search

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/cerpac/trailkeeper/internal/lake"
)

// checkedParts are the parts of a lake that are searched. Each is checked in what a
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

// Damaged returns what is damaged of what was asked for up to now: the answers lack
// these parts and rows.
func (l *Lake) Damaged() ([]*lake.PartError, []*lake.RowError) {
	l.parts.mu.Lock()
	defer l.parts.mu.Unlock()
	return slices.Clone(l.parts.damaged), slices.Clone(l.parts.rows)
}
