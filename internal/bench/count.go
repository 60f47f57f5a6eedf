package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/logfile"
)

// count compares counting events by name, straight from the archive, with
// decompressing the same files and looking at nothing.
func (b *bench) count(ctx context.Context) ([]group, error) {
	var groups []group
	for _, s := range []spec{b.small(), b.busy()} {
		a, err := b.archive(ctx, s)
		if err != nil {
			return nil, err
		}
		g, err := b.countArchive(ctx, a)
		if err != nil {
			return nil, err
		}
		groups = append(groups, *g)
	}
	groups[len(groups)-1].Notes = []string{
		"The first two list and read the files alike, with one worker per core and the same library for gzip. The",
		"system's gunzip -c runs in as many processes at a time, each over hundreds of files.",
	}
	return groups, nil
}

func (b *bench) countArchive(ctx context.Context, a *archiveDir) (*group, error) {
	ours := &measured{Name: "count eventName from the archive"}
	alone := &measured{Name: "gunzip alone, the same library"}
	tool := &measured{Name: "gunzip alone, the system's gunzip -c"}
	hasTool := false
	for range 2*b.opts.rounds - 1 { // takes little, varies much
		if err := b.scanOnce(ctx, a, "count", ours); err != nil {
			return nil, err
		}
		if err := b.scanOnce(ctx, a, "gunzip", alone); err != nil {
			return nil, err
		}
	}
	for range b.opts.rounds {
		found, err := systemGunzip(ctx, a, tool)
		if err != nil {
			return nil, err
		}
		hasTool = found
	}
	alone.compare(ours, slowness)
	alone.judge("counting eventName, "+a.name+", against gunzip alone", bar{AtLeast: 0.5})
	g := &group{Title: "count of " + a.name, About: a.about(), Ratio: "the reference's time to trailkeeper's", Measures: []measured{*ours, *alone}}
	if hasTool {
		tool.compare(ours, slowness)
		g.Measures = append(g.Measures, *tool)
	}
	return g, nil
}

func (b *bench) scanOnce(ctx context.Context, a *archiveDir, job string, m *measured) error {
	var report scanReport
	s, err := b.timed(ctx, &report, job, a.dir)
	if err != nil {
		return err
	}
	if report.Files != a.summary.Total.Files || report.Bytes != a.summary.Total.UncompressedBytes {
		return fmt.Errorf("%s read %d bytes of %d files, not %d of %d", job, report.Bytes, report.Files,
			a.summary.Total.UncompressedBytes, a.summary.Total.Files)
	}
	if job == "count" {
		if err := a.check(report.Records); err != nil {
			return err
		}
	}
	s.Seconds = report.Seconds
	m.add(s)
	b.say("%s, %s: %.2f s", a.name, m.Name, s.Seconds)
	return nil
}

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

// counter counts events by name.
type counter struct {
	log    logfile.Reader
	counts map[string]*int64
}

func newCounter() scanner { return &counter{counts: map[string]*int64{}} }

func (c *counter) file(src io.Reader) (int64, error) {
	err := c.log.Read(src, logfile.Visitor{
		Record: func(_ int64, r *event.Record) error {
			name, _ := r.Get(event.EventName).Text()
			n := c.counts[string(name)]
			if n == nil {
				n = new(int64)
				c.counts[string(name)] = n
			}
			*n++
			return nil
		},
		Reject: func(offset int64, _ []byte, cause string) error {
			return fmt.Errorf("record at byte %d: %s", offset, cause)
		},
	})
	_, plain := c.log.Bytes()
	return plain, err
}

func (c *counter) addTo(names map[string]int64) {
	for name, n := range c.counts {
		names[name] += *n
	}
}

// gunzip decompresses and looks at nothing.
type gunzip struct{ zip *gzip.Reader }

func newGunzip() scanner { return &gunzip{} }

func (g *gunzip) file(src io.Reader) (n int64, err error) {
	if g.zip == nil {
		g.zip, err = gzip.NewReader(src)
	} else {
		err = g.zip.Reset(src)
	}
	if err != nil {
		return 0, err
	}
	return io.Copy(io.Discard, g.zip)
}

func (g *gunzip) addTo(map[string]int64) {}

// filesPerProcess keeps the arguments of a gunzip below every system's limit.
const filesPerProcess = 400

// systemGunzip decompresses the log files with the system's own tool, and adds
// what it took to m. Without the tool it does nothing.
func systemGunzip(ctx context.Context, a *archiveDir, m *measured) (found bool, err error) {
	path, err := exec.LookPath("gunzip")
	if err != nil {
		return false, nil
	}
	var files []string
	globs, err := a.globs()
	if err != nil {
		return false, err
	}
	for _, glob := range globs {
		folders, err := filepath.Glob(filepath.Join(a.dir, filepath.Dir(filepath.Dir(glob)), "*", "*", "*", "*"))
		if err != nil {
			return false, err
		}
		for _, folder := range folders {
			entries, err := os.ReadDir(folder)
			if err != nil {
				return false, err
			}
			for _, entry := range entries {
				files = append(files, filepath.Join(folder, entry.Name()))
			}
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	started := time.Now()
	for chunk := range slices.Chunk(files, filesPerProcess) {
		group.Go(func() error { return exec.CommandContext(ctx, path, append([]string{"-c"}, chunk...)...).Run() })
	}
	if err := group.Wait(); err != nil {
		return false, fmt.Errorf("run gunzip: %w", err)
	}
	m.add(sample{Seconds: time.Since(started).Seconds()})
	return true, nil
}
