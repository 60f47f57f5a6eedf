package main

import (
	"context"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/logfile"
	"github.com/cerpac/trailkeeper/unpack"
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
	for range 2*b.opts.rounds - 1 { // takes little, varies much
		if err := b.scanOnce(ctx, a, "count", ours); err != nil {
			return nil, err
		}
		if err := b.scanOnce(ctx, a, "gunzip", alone); err != nil {
			return nil, err
		}
	}
	alone.compare(ours, slowness)
	alone.judge("counting eventName, "+a.name+", against gunzip alone", bar{AtLeast: 0.5})
	tool, err := b.systemGunzip(ctx, a)
	if err != nil {
		return nil, err
	}
	g := &group{Title: "count of " + a.name, About: a.about(), Ratio: "the reference's time to trailkeeper's", Measures: []measured{*ours, *alone}}
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
type counter struct {
	files  unpack.Walker
	log    logfile.Reader
	counts map[string]*int64
}

func newCounter() scanner { return &counter{counts: map[string]*int64{}} }

func (c *counter) file(src io.Reader) (int64, error) {
	visit := logfile.Visitor{
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
	}
	err := c.files.Walk(context.Background(), src, func(_ string, text io.Reader) error { return c.log.Read(context.Background(), text, visit) })
	_, plain := c.files.Bytes()
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
