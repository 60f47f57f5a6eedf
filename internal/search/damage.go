package search

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/cerpac/trailkeeper/internal/duckdb"
	"github.com/cerpac/trailkeeper/internal/folderstore"
	"github.com/cerpac/trailkeeper/internal/lake"
)

// checkedParts are the parts of a lake that are searched. The columns that a
// statement reads are checked before it runs.
type checkedParts struct {
	mu       sync.Mutex
	parts    []lake.Part       // not known to be damaged
	damaged  []*lake.PartError // parts left out of the result
	rows     []*lake.RowError  // rows missing in the result
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

// leaveOut removes a damaged part. The caller holds mu.
func (c *checkedParts) leaveOut(e *lake.PartError) {
	c.damaged = append(c.damaged, e)
	c.parts = slices.DeleteFunc(c.parts, func(p lake.Part) bool { return p.Path() == e.Path })
}

// sound returns the parts to read; for parts with damaged rows these are copies.
func (c *checkedParts) sound(ctx context.Context) (parts []duckdb.Part, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, part := range slices.Clone(c.parts) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		sound, err := c.salvage(ctx, part)
		if damaged, ok := errors.AsType[*lake.PartError](err); ok {
			c.leaveOut(damaged)
			continue
		}
		if err != nil {
			return nil, err
		}
		path, err := filepath.Abs(sound.Path())
		if err != nil {
			return nil, err
		}
		parts = append(parts, duckdb.Part{Path: path, Schema: sound.Schema})
	}
	return parts, nil
}

// salvage returns a part, or a copy of it without its damaged rows. Parts with
// checksums were verified when they were written, and have none.
func (c *checkedParts) salvage(ctx context.Context, part lake.Part) (sound lake.Part, err error) {
	if part.Checksum != nil {
		return part, nil
	}
	if c.salvaged == "" {
		if c.salvaged, err = os.MkdirTemp("", "trailkeeper-salvage-"); err != nil {
			return part, err
		}
	}
	sound, rows, err := part.Salvage(ctx, folderstore.New(c.salvaged, 0))
	c.rows = append(c.rows, rows...)
	return sound, err
}

func (c *checkedParts) close() error {
	if c.salvaged == "" {
		return nil
	}
	return os.RemoveAll(c.salvaged)
}

// Damaged returns the damage found so far in the data searched: the results
// lack these parts and rows.
func (l *Lake) Damaged() ([]*lake.PartError, []*lake.RowError) {
	l.parts.mu.Lock()
	defer l.parts.mu.Unlock()
	return slices.Clone(l.parts.damaged), slices.Clone(l.parts.rows)
}
