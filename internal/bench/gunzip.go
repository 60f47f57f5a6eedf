package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
)

// filesPerProcess keeps the arguments of a gunzip below every system's limit.
const filesPerProcess = 400

// systemGunzip decompresses the log files with the system's own tool. Without the tool
// it measures nothing.
func (b *bench) systemGunzip(ctx context.Context, a *archiveDir) (*measured, error) {
	m := &measured{Name: "gunzip alone, the system's gunzip -c"}
	tool, err := exec.LookPath("gunzip")
	if err != nil {
		return m, nil
	}
	source, err := dirarchive.New(a.dir)
	if err != nil {
		return nil, err
	}
	var files []string
	err = source.List(ctx, archive.Filter{}, func(o archive.Object) error {
		if o.Skip == "" {
			files = append(files, filepath.Join(a.dir, filepath.FromSlash(o.Key)))
		}
		return o.Err
	})
	if err != nil {
		return nil, err
	}
	for range b.opts.rounds {
		started := time.Now()
		if err := eachChunk(ctx, tool, files); err != nil {
			return nil, fmt.Errorf("run gunzip: %w", err)
		}
		m.add(sample{Seconds: time.Since(started).Seconds()})
		b.say("%s, %s: %.2f s", a.name, m.Name, time.Since(started).Seconds())
	}
	return m, nil
}

// eachChunk runs the tool over all files, in one process per core at a time.
func eachChunk(ctx context.Context, tool string, files []string) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for chunk := range slices.Chunk(files, filesPerProcess) {
		group.Go(func() error { return exec.CommandContext(ctx, tool, append([]string{"-c"}, chunk...)...).Run() })
	}
	return group.Wait()
}
