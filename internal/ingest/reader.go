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
	in     *ingest
	buffer *buffer
	files  unpack.Walker
	log    logfile.Reader

	// of the file being read
	begun *begun

	// of the stream being read
	key    string
	from   lake.Source
	pieces int64 // of it so far: records and others

	rejected int64 // of these
	unlisted int64 // offset of the first that is not listed by itself
}

// file reads an object and accounts for it. The error is one that ends the
// whole ingest.
func (r *reader) file(ctx context.Context, j job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o := j.Object
	src, err := r.in.opts.Source.Open(ctx, o)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.in.failed(o.Key, "cannot be opened", err.Error())
		return nil
	}
	defer src.Close()                                          // only read from
	defer context.AfterFunc(ctx, func() { _ = src.Close() })() // ends a blocked read
	r.begun = r.buffer.begin(j)
	defer r.buffer.leave(r.begun)
	v, err := r.walk(ctx, o, src)
	if ctx.Err() != nil {
		return ctx.Err() // the fault may come from the interrupted read
	}
	if err != nil {
		return err
	}
	stored, plain := r.files.Bytes()
	r.in.report.bytes(stored, plain)
	switch v.outcome {
	case wasRead:
		r.in.report.read()
		r.in.finish(r.buffer, r.begun, true)
	case wasSkipped:
		r.in.report.skipped(v.reason())
		r.in.finish(r.buffer, r.begun, false)
	case hasFailed:
		r.in.unread(v)
	}
	return nil
}

// walk reads the streams in an object and returns the judgement of the whole
// object. An archive of which only members failed has failed without a problem
// of its own.
func (r *reader) walk(ctx context.Context, o archive.Object, src io.Reader) (judgement, error) {
	var found contents
	err := r.files.Walk(ctx, src, func(member string, text io.Reader) error {
		return r.stream(ctx, o, member, text, &found)
	})
	if more := found.failed - maxListed; more > 0 {
		r.in.refuse.file(r.in.logFile(o.Key), 0, fmt.Sprintf("%d further members failed", more))
	}
	var fault *unpack.FaultError
	switch {
	case errors.As(err, &fault):
		return judgement{hasFailed, Problem{File: o.Key, Offset: fault.Offset, Cause: fault.Cause}, fault.Err != nil && !found.bad}, nil
	case err != nil:
		return judgement{}, err
	case found.whole != nil:
		return *found.whole, nil
	case found.failed > 0:
		return judgement{outcome: hasFailed, unseen: !found.bad}, nil
	case found.read == 0:
		return judgement{outcome: wasSkipped, Problem: Problem{Cause: "archive without log files"}}, nil
	}
	return judgement{}, nil
}

// stream reads one stream of an object, and accounts for it if it is a member
// of an archive.
func (r *reader) stream(ctx context.Context, o archive.Object, member string, text io.Reader, found *contents) error {
	r.enter(o, member)
	if reason := memberSkip(member); reason != "" {
		v := judgement{wasSkipped, Problem{File: r.key, Cause: reason}, false}
		found.add(v)
		r.in.report.member(v)
		return nil
	}
	err := r.log.Read(ctx, text, logfile.Visitor{
		Record: func(offset int64, rec *event.Record) error { return r.record(ctx, offset, rec) },
		Reject: func(offset int64, text []byte, cause string) error { return r.reject(ctx, offset, text, cause) },
		Skip:   r.passOver,
	})
	v, ok := r.judge(err)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !ok:
		return err
	}
	if err := r.listRest(ctx); err != nil {
		return err
	}
	if member == "" {
		found.whole = &v
		return nil
	}
	found.add(v)
	r.in.report.member(v)
	if v.outcome == hasFailed && found.failed <= maxListed {
		return r.grown(ctx, r.in.refuse.file(r.from.LogFile, v.Offset, v.Cause))
	}
	return nil
}

// enter begins a stream.
func (r *reader) enter(o archive.Object, member string) {
	r.key, r.pieces, r.rejected = o.Key, 0, 0
	r.from = sourceOf(r.in.opts.Source.URI(), o, member)
	if member != "" {
		r.key += "!" + member
	}
}

// sourceOf returns the source of the events of a member of an object, or of the
// object itself.
func sourceOf(uri string, o archive.Object, member string) lake.Source {
	from := lake.Source{LogFile: logFileName(uri, o.Key), Account: o.Info.Account}
	if member == "" {
		return from
	}
	from.LogFile += "!" + member
	if info := memberKey(member); info.Account != "" {
		from.Account = info.Account
	}
	return from
}

// memberKey returns what can be parsed from the name of a member, as from the
// key of an object.
func memberKey(member string) archive.Key {
	name := member[strings.LastIndexByte(member, '!')+1:]
	info, _ := archive.ParseKey(name) // holds what could be parsed in spite of an error
	return info
}

// memberSkip returns the reason for skipping a member by its name, or "". The
// listing skips objects for the same reasons.
func memberSkip(member string) string {
	for _, part := range strings.FieldsFunc(member, func(r rune) bool { return r == '/' || r == '!' }) {
		if part != "." && part != ".." && (part[0] == '.' || part[0] == '_') {
			return archive.SkipHidden
		}
	}
	return archive.Filter{}.Skip(memberKey(member))
}

// record takes one event.
func (r *reader) record(ctx context.Context, offset int64, rec *event.Record) error {
	r.pieces++
	at, ok := rec.Time()
	if !ok || at.Year() < 1 || at.Year() > 9999 { // a zone can lead out of the years that have a folder
		return r.reject(ctx, offset, rec.Raw(), noTime(rec))
	}
	id := lake.Identify(rec, r.from, offset)
	verdict, grown, err := r.buffer.put(r.in, r.begun, rec, at, id, r.from)
	if err != nil {
		return err
	}
	if verdict == conflict {
		r.in.report.conflict(Problem{File: r.key, Offset: offset, Cause: fmt.Sprintf("differs from another event with eventID %.64q", rec.ID())})
	}
	return r.grown(ctx, grown)
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
func (r *reader) reject(ctx context.Context, offset int64, text []byte, cause string) error {
	r.pieces++
	r.rejected++
	reason, _, _ := strings.Cut(cause, ": ")
	r.in.report.rejected(Problem{File: r.key, Offset: offset, Cause: cause}, reason)
	switch {
	case r.rejected <= maxListed:
		return r.grown(ctx, r.in.refuse.piece(r.from.LogFile, offset, cause, text))
	case r.rejected == maxListed+1:
		r.unlisted = offset
	}
	return nil
}

// listRest adds one line to the quarantine for the rejected pieces of a stream
// that were not listed separately.
func (r *reader) listRest(ctx context.Context) error {
	if r.rejected <= maxListed {
		return nil
	}
	return r.grown(ctx, r.in.refuse.others(r.from.LogFile, r.unlisted, r.rejected-maxListed))
}

// grown adds to the size of the buffered data, and ends the batch if it is
// full.
func (r *reader) grown(ctx context.Context, by int64) error {
	if r.in.held.Add(by) < r.in.full {
		return nil
	}
	r.in.rotate(false)
	return ctx.Err()
}

// passOver counts a piece that is not an event and is not expected to be one.
func (r *reader) passOver(_ int64, reason string) {
	r.pieces++
	r.in.report.passedOver(reason)
}
