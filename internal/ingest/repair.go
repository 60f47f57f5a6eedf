package ingest

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/progress"
	"github.com/cerpac/trailkeeper/internal/scan"
	"github.com/cerpac/trailkeeper/logfile"
	"github.com/cerpac/trailkeeper/unpack"
)

// RepairReport is the result of a repair.
type RepairReport struct {
	Damage  []lake.Damage `json:"damage"`   // as found
	Left    []lake.Damage `json:"left"`     // not repaired, with the reasons
	Wanted  int           `json:"wanted"`   // events that damaged rows no longer give back
	Found   int           `json:"found"`    // of these, in the archive
	Read    int           `json:"files"`    // log files read
	Absent  []string      `json:"absent"`   // log files of damaged rows that the archive does not have
	Problem []Problem     `json:"problems"` // log files that could not be read to their end
}

// Repair finds damage in the lake of opts, reads the log files of the damaged
// parts again, and replaces these parts in one commit. It uses Source, Lake,
// TempDir and Bar. If the context is cancelled, the lake is unchanged.
func Repair(ctx context.Context, opts Options) (report *RepairReport, err error) {
	w, err := lake.OpenWriter(ctx, opts.Lake, lake.WriterOptions{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	opts.Bar.SetNote("checking the lake")
	damaged, err := w.NewRepair(ctx, func(parts, _ int) {
		opts.Bar.SetTotal(int64(parts))
		opts.Bar.Add(1)
	})
	if err != nil {
		return nil, err
	}
	m := &mender{source: opts.Source, repair: damaged, bar: opts.Bar, report: &RepairReport{
		Damage: append([]lake.Damage{}, damaged.Damage()...), Wanted: damaged.Missing(),
		Left: []lake.Damage{}, Absent: []string{}, Problem: []Problem{},
	}}
	m.files.TempDir = opts.TempDir
	if m.report.Wanted > 0 {
		opts.Bar.SetNote("reading log files")
		if err := m.read(ctx); err != nil {
			return nil, err
		}
	}
	m.report.Found = m.report.Wanted - damaged.Missing()
	left, err := damaged.Commit(ctx)
	m.report.Left = append(m.report.Left, left...)
	return m.report, err
}

// mender reads log files for the events that a repair needs.
type mender struct {
	source archive.Source
	repair *lake.Repair
	report *RepairReport
	bar    *progress.Bar
	files  unpack.Walker
	log    logfile.Reader
}

// read reads the log files of the archive that may hold wanted events.
func (m *mender) read(ctx context.Context) error {
	met := map[string]bool{}
	err := m.source.List(ctx, archive.Filter{}, func(o archive.Object) error {
		name := scan.LogFile(m.source.URI(), o.Key)
		if o.Skip != "" || !m.repair.Wants(name) || m.repair.Missing() == 0 {
			met[name] = true
			return nil
		}
		if o.Err != nil {
			m.problem(o.Key, o.Err)
			return nil
		}
		met[name] = true
		return m.file(ctx, o)
	})
	if err != nil {
		return err
	}
	names, _ := m.repair.Files()
	for _, name := range names {
		if !met[objectName(name, met)] {
			m.report.Absent = append(m.report.Absent, name)
		}
	}
	return nil
}

// objectName returns the name of the object that a log file is, or is a member of.
func objectName(name string, met map[string]bool) string {
	for i, c := range name {
		if c == '!' && met[name[:i]] {
			return name[:i]
		}
	}
	return name
}

func (m *mender) problem(key string, err error) {
	m.report.Problem = append(m.report.Problem, Problem{File: key, Cause: err.Error()})
}

// file offers the events of an object. If it cannot be read to its end, the
// events before the fault are still offered.
func (m *mender) file(ctx context.Context, o archive.Object) error {
	f := &scan.File{Object: o}
	src, err := scan.OpenHashed(ctx, m.source, f)
	if err == nil {
		defer src.Close()                                          // only read from
		defer context.AfterFunc(ctx, func() { _ = src.Close() })() // ends a read that waits
		m.report.Read++
		m.bar.Add(1)
		err = m.files.Walk(ctx, src, func(member string, text io.Reader) error { return m.stream(ctx, f, member, text) })
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		m.problem(o.Key, err)
	}
	return nil
}

func (m *mender) stream(ctx context.Context, f *scan.File, member string, text io.Reader) error {
	s := scan.NewStream(m.source.URI(), f, member)
	from := sourceOf(&s)
	err := m.log.Read(ctx, text, logfile.Visitor{
		Record: func(offset int64, rec *event.Record) error {
			if at, ok := rec.Time(); ok {
				from.Offset = offset
				m.repair.Offer(rec, at, from)
			}
			return nil
		},
		Reject: func(int64, []byte, string) error { return nil },
		Skip:   func(int64, string) {},
	})
	var foreign *logfile.ForeignError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && !errors.As(err, &foreign):
		m.problem(s.Name(), err)
	}
	return nil
}

// Repaired reports whether no damage is left.
func (r *RepairReport) Repaired() bool { return len(r.Left) == 0 }

// Parts returns the paths, in the lake, of the damaged parts.
func (r *RepairReport) Parts() (paths []string) {
	for _, d := range r.Damage {
		if !slices.Contains(paths, d.Part) {
			paths = append(paths, d.Part)
		}
	}
	return paths
}
