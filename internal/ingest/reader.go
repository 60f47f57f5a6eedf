package ingest

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/lake"
	"github.com/cerpac/trailkeeper/internal/scan"
)

// reader takes the events of the files that one worker reads.
type reader struct {
	in     *ingest
	ctx    context.Context // of the run
	buffer *buffer

	// of the file being read
	begun   *begun // nil before it is opened
	members int64  // that failed so far

	// of the stream being read
	name string
	from lake.Source

	rejected int64 // pieces of it
	unlisted int64 // offset of the first that is not listed by itself
}

// open begins a file.
func (r *reader) open(f *scan.File) error {
	r.begun = r.buffer.begin(f.Mark.(job))
	return nil
}

// close records how far a file was read.
func (r *reader) close(f *scan.File, v scan.Result) {
	file := scan.LogFile(r.in.opts.Source.URI(), f.Key)
	if more := r.members - maxListed; more > 0 {
		r.in.refuse.file(file, 0, fmt.Sprintf("%d further members failed", more))
	}
	switch {
	case v.Outcome == scan.Read:
		r.in.note(f, r.begun)
		r.in.finish(r.buffer, r.begun, true)
	case v.Outcome == scan.Unproven:
		r.in.refusal(f)
	case v.Outcome == scan.Skipped:
		r.in.finish(r.buffer, r.begun, false)
	case v.Outcome == scan.Failed && v.Cause != "": // unless it is its members' only
		r.in.refuse.file(file, v.Offset, v.Cause)
	}
	if r.begun != nil {
		r.buffer.leave(r.begun)
	}
	r.begun, r.members = nil, 0
}

// enter begins a stream.
func (r *reader) enter(s *scan.Stream) error {
	r.name, r.rejected = s.Name(), 0
	r.from = sourceOf(s)
	r.from.Proof = r.in.proofOf(s.File)
	return nil
}

// leave lists what is not listed yet of a stream.
func (r *reader) leave(s *scan.Stream, v scan.Result) error {
	if err := r.listRest(); err != nil {
		return err
	}
	if s.Member == "" || v.Outcome != scan.Failed {
		return nil
	}
	if r.members++; r.members > maxListed {
		return nil
	}
	return r.grown(r.in.refuse.file(s.LogFile, v.Offset, v.Cause))
}

// record takes one event.
func (r *reader) record(_ *scan.Stream, offset int64, rec *event.Record) error {
	at, ok := rec.Time()
	if !ok || at.Year() < 1 || at.Year() > 9999 { // a zone can lead out of the years that have a folder
		return scan.Reject(noTime(rec))
	}
	r.from.Offset = offset
	id := lake.Identify(rec, r.from)
	verdict, grown, err := r.buffer.put(r.ctx, r.in, r.begun, rec, at, id, r.from)
	if err != nil {
		return err
	}
	if verdict == conflict {
		r.in.report.conflict(Problem{File: r.name, Offset: offset, Cause: fmt.Sprintf("differs from another event with eventID %.64q", rec.ID())})
	}
	return r.grown(grown)
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

// reject lists a piece that cannot be kept as an event.
func (r *reader) reject(s *scan.Stream, offset int64, text []byte, cause string) error {
	r.rejected++
	switch {
	case r.rejected <= maxListed:
		return r.grown(r.in.refuse.piece(s.LogFile, offset, cause, text))
	case r.rejected == maxListed+1:
		r.unlisted = offset
	}
	return nil
}

// listRest adds one line to the quarantine for the rejected pieces of a stream
// that were not listed separately.
func (r *reader) listRest() error {
	if r.rejected <= maxListed {
		return nil
	}
	return r.grown(r.in.refuse.others(r.from.LogFile, r.unlisted, r.rejected-maxListed))
}

// grown adds to the size of the buffered data, and ends the batch if it is
// full.
func (r *reader) grown(by int64) error {
	if r.in.held.Add(by) < r.in.full {
		return nil
	}
	r.in.rotate(false)
	return r.ctx.Err()
}

// sourceOf returns the source of the events of a stream, without their offsets.
func sourceOf(s *scan.Stream) lake.Source {
	from := lake.Source{LogFile: s.LogFile, Account: s.Account}
	if s.Hashed {
		from.SHA256 = hex.EncodeToString(s.SHA256[:])
	}
	return from
}
