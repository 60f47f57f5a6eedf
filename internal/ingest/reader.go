package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/logfile"
	"github.com/cerpac/trailkeeper/unpack"
)

// reader is a worker that reads one file after another.
type reader struct {
	in    *ingest
	shelf *shelf
	files unpack.Walker
	log   logfile.Reader

	// of the file being read
	key   string
	from  lake.Source
	begun *begun
}

// file reads an object and accounts for it. The error is one that ends the
// whole ingest.
func (r *reader) file(ctx context.Context, j job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o := j.Object
	r.key = o.Key
	r.from = lake.Source{LogFile: r.in.logFile(o.Key), Account: o.Info.Account}
	src, err := r.in.opts.Source.Open(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.in.failed(o.Key, 0, "cannot be opened", err.Error(), true)
		return nil
	}
	defer src.Close() // only read from
	r.begun = r.shelf.begin(j)
	defer r.shelf.leave(r.begun)
	visit := logfile.Visitor{
		Record: func(offset int64, rec *event.Record) error { return r.record(ctx, offset, rec) },
		Reject: r.reject,
		Skip:   func(_ int64, reason string) { r.in.report.passedOver(reason) },
	}
	err = r.files.Walk(ctx, src, func(_ string, text io.Reader) error { return r.log.Read(ctx, text, visit) })
	stored, plain := r.files.Bytes()
	r.in.report.bytes(stored, plain)
	var fault *logfile.FaultError
	var foreign *logfile.ForeignError
	switch {
	case err == nil:
		r.in.report.read()
		r.in.finish(r.shelf, r.begun, true)
	case errors.As(err, &foreign) && foreign.Remedy == "" && (foreign.What == archive.SkipDigest || !r.logLike(o)):
		r.in.report.skipped(foreign.What)
		r.in.finish(r.shelf, r.begun, false)
	case errors.As(err, &foreign):
		r.in.failed(o.Key, 0, foreign.What, foreign.Error(), false)
	case errors.As(err, &fault) && ctx.Err() == nil:
		reason, _, _ := strings.Cut(fault.Cause, ":")
		r.in.failed(o.Key, fault.Offset, reason, fault.Cause, fault.Err != nil)
	case ctx.Err() != nil:
		return ctx.Err() // the fault may be only that of a reading cut short
	default:
		return err
	}
	return nil
}

// logLike reports whether a file's name says that it should hold events.
func (r *reader) logLike(o archive.Object) bool {
	name := strings.TrimSuffix(strings.ToLower(o.Key), ".gz")
	for _, ext := range []string{".json", ".jsonl", ".ndjson", ".cloudtrail"} {
		if strings.HasSuffix(name, ext) {
			return true
		}
	}
	return o.Info.Account != "" || len(name) < len(o.Key)
}

// record takes one event.
func (r *reader) record(ctx context.Context, offset int64, rec *event.Record) error {
	at, ok := rec.Time()
	if !ok || at.Year() < 1 || at.Year() > 9999 { // a zone can lead out of the years that have a folder
		return r.reject(offset, rec.Raw(), noTime(rec))
	}
	id := lake.Identify(rec, r.from, offset)
	verdict, grown, err := r.shelf.put(r.in, r.begun, rec, at, id, r.from)
	if err != nil {
		return err
	}
	if verdict == conflict {
		r.in.report.conflict(Problem{File: r.key, Offset: offset, Cause: fmt.Sprintf("differs from another event with eventID %q", rec.ID())})
	}
	if r.in.held.Add(grown) >= r.in.full {
		r.in.rotate(false)
		return ctx.Err()
	}
	return nil
}

func noTime(rec *event.Record) string {
	v := rec.Get(event.EventTime)
	if text, ok := v.Text(); ok {
		return "eventTime is not a time: " + strings.ToValidUTF8(string(text[:min(len(text), 40)]), "")
	}
	if v.IsNumber() {
		return "eventTime is not a time: the number " + string(v.Raw[:min(len(v.Raw), 40)])
	}
	if v.Present() && !v.IsNull() {
		return "eventTime is not a time: neither text nor a number"
	}
	return "no eventTime"
}

// reject accounts for a piece that cannot be kept as an event.
func (r *reader) reject(offset int64, text []byte, cause string) error {
	reason, _, _ := strings.Cut(cause, ":")
	r.in.report.rejected(Problem{File: r.key, Offset: offset, Cause: cause}, reason)
	r.in.held.Add(r.in.refuse.piece(r.from.LogFile, offset, cause, text))
	return nil
}
