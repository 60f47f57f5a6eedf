package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
)

// scanReport is the report of the children that read an archive.
type scanReport struct {
	Seconds float64 `json:"seconds"` // from listing to the last file
	Files   int64   `json:"files"`
	Bytes   int64   `json:"bytes"` // uncompressed
	Records int64   `json:"records"`
	Names   int     `json:"names"` // different values of eventName
}

// gunzip only decompresses, one file after another.
type gunzip struct {
	zip    *gzip.Reader
	sink   io.Writer
	report scanReport
}

// The sinks of gunzipAll.
func discard() io.Writer { return io.Discard }
func hash() io.Writer    { return sha256.New() }

// gunzipAll decompresses all log files of an archive, with one worker for each
// core, into a sink of its own. It does nothing else, so that it tells what is the
// least.
func gunzipAll(ctx context.Context, dir string, sink func() io.Writer) (*scanReport, error) {
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
	workers := make([]gunzip, runtime.GOMAXPROCS(0))
	for i := range workers {
		workers[i].sink = sink()
		group.Go(func() error { return workers[i].files(ctx, source, jobs) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	report := &scanReport{}
	for _, w := range workers {
		report.Files += w.report.Files
		report.Bytes += w.report.Bytes
	}
	report.Seconds = time.Since(started).Seconds()
	return report, nil
}

func (g *gunzip) files(ctx context.Context, source archive.Source, jobs <-chan archive.Object) error {
	for o := range jobs {
		file, err := source.Open(ctx, o)
		if err != nil {
			return err
		}
		n, err := g.file(file)
		if err := errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("read %q: %w", o.Key, err)
		}
		g.report.Files++
		g.report.Bytes += n
	}
	return nil
}

func (g *gunzip) file(src io.Reader) (n int64, err error) {
	if g.zip == nil {
		g.zip, err = gzip.NewReader(src)
	} else {
		err = g.zip.Reset(src)
	}
	if err != nil {
		return 0, err
	}
	return io.Copy(g.sink, g.zip)
}
