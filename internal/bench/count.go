package main

import (
	"context"
	"fmt"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/dirarchive"
	"github.com/cerpac/trailkeeper/internal/scan"
	"github.com/cerpac/trailkeeper/unpack/gunzip"
)

// count compares counting events by name, directly from the archive, with only
// decompressing the same files.
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
		"trailkeeper unpacks with " + gunzip.Library + ". It and what is named by a library list and read the files alike,",
		"with one worker per core. The system's gunzip -c runs in as many processes at a time, each over hundreds of",
		"files.",
	}
	if !gunzip.Libdeflate {
		groups[len(groups)-1].Notes = append(groups[len(groups)-1].Notes,
			"NOT MEASURED: libdeflate, which is not compiled in. The bar against klauspost/compress is lower for that.")
	}
	return groups, nil
}

// unzipReference is a way to unpack the files of an archive, and do nothing else.
type unzipReference struct {
	job  string // of child.go
	name string
	bar  bar
}

// unzipReferences are the ways that are compiled in.
func unzipReferences() []unzipReference {
	if !gunzip.Libdeflate {
		return []unzipReference{{"gunzip", "klauspost/compress", bar{AtLeast: 0.5}}}
	}
	return []unzipReference{
		{"gunzip", "klauspost/compress", bar{AtLeast: 0.8}},
		{"libdeflate", gunzip.Library, bar{AtLeast: 0.4}},
	}
}

func (b *bench) countArchive(ctx context.Context, a *archiveDir) (*group, error) {
	ours := &measured{Name: "count eventName from the archive"}
	var alone []*measured
	for _, r := range unzipReferences() {
		alone = append(alone, &measured{Name: "gunzip alone, " + r.name})
	}
	for range 2*b.opts.rounds - 1 { // short, and varies much
		if err := b.scanOnce(ctx, a, "count", ours); err != nil {
			return nil, err
		}
		for i, r := range unzipReferences() {
			if err := b.scanOnce(ctx, a, r.job, alone[i]); err != nil {
				return nil, err
			}
		}
	}
	g := &group{Title: "count of " + a.name, About: a.about(), Ratio: "the reference's time to trailkeeper's", Measures: []measured{*ours}}
	for i, r := range unzipReferences() {
		alone[i].compare(ours, slowness)
		alone[i].judge("counting eventName, "+a.name+", against gunzip by "+r.name, r.bar)
		g.Measures = append(g.Measures, *alone[i])
	}
	tool, err := b.systemGunzip(ctx, a)
	if err != nil {
		return nil, err
	}
	if len(tool.Samples) > 0 {
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

// counter counts events by name.
type counter struct{ counts map[string]*int64 }

func (c *counter) record(_ *scan.Stream, _ int64, r *event.Record) error {
	name, _ := r.Get(event.EventName).Text()
	n := c.counts[string(name)]
	if n == nil {
		n = new(int64)
		c.counts[string(name)] = n
	}
	*n++
	return nil
}

// countNames counts the events of an archive by name, with one worker for each
// core.
func countNames(ctx context.Context, dir string) (*scanReport, error) {
	started := time.Now()
	source, err := dirarchive.New(dir)
	if err != nil {
		return nil, err
	}
	var counters []*counter
	account, err := scan.Run(ctx, scan.Options{Source: source}, func(int) scan.Consumer {
		c := &counter{counts: map[string]*int64{}}
		counters = append(counters, c)
		return scan.Consumer{Record: c.record}
	})
	switch {
	case err != nil:
		return nil, err
	case account.Bad() || account.Unseen > 0:
		p := account.Problems[0]
		return nil, fmt.Errorf("read %q: %s at byte %d", p.File, p.Cause, p.Offset)
	}
	names := map[string]int64{}
	for _, c := range counters {
		for name, n := range c.counts {
			names[name] += *n
		}
	}
	return &scanReport{
		Seconds: time.Since(started).Seconds(), Files: account.Files.Read, Bytes: account.Bytes.Plain,
		Records: account.Records.Kept, Names: len(names),
	}, nil
}
