package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
)

// scanReport is what the children that read an archive report.
type scanReport struct {
	Seconds float64 `json:"seconds"` // from listing to the last file
	Files   int64   `json:"files"`
	Bytes   int64   `json:"bytes"` // uncompressed
	Records int64   `json:"records"`
	Names   int     `json:"names"` // different values of eventName
}

// scanner reads one log file after another in a worker of its own.
type scanner interface {
	file(src io.Reader) (uncompressed int64, err error)
	addTo(names map[string]int64)
}

// scan reads all log files of an archive, with one scanner for each core.
func scan(ctx context.Context, dir string, newScanner func() scanner) (*scanReport, error) {
	started := time.Now()
	source, err := dirarchive.New(dir)
	if err != nil {
		return nil, err
	}
	jobs := make(chan archive.Object, 64)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(jobs)
		return source.List(ctx, archive.Filter{}, func(o archive.Object) error {
			if o.Skip != "" {
				return nil
			}
			select {
			case jobs <- o:
				return o.Err
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	scanners := make([]scanner, runtime.GOMAXPROCS(0))
	partial := make([]scanReport, len(scanners))
	for i := range scanners {
		scanners[i] = newScanner()
		group.Go(func() error { return scanFiles(ctx, source, jobs, scanners[i], &partial[i]) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	report := &scanReport{}
	names := map[string]int64{}
	for i, s := range scanners {
		report.Files += partial[i].Files
		report.Bytes += partial[i].Bytes
		s.addTo(names)
	}
	for _, n := range names {
		report.Records += n
	}
	report.Names = len(names)
	report.Seconds = time.Since(started).Seconds()
	return report, nil
}

func scanFiles(ctx context.Context, source archive.Source, jobs <-chan archive.Object, s scanner, report *scanReport) error {
	for o := range jobs {
		file, err := source.Open(ctx, o)
		if err != nil {
			return err
		}
		n, err := s.file(file)
		if err := errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("read %q: %w", o.Key, err)
		}
		report.Files++
		report.Bytes += n
	}
	return nil
}
