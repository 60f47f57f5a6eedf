package logfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cerpac/trailkeeper/event"
)

// maxWraps is the maximum depth of wrapping. A compressed event in a
// notification in a queue's message in a test event of a function takes five.
const maxWraps = 8

// form is a format in which services and tools wrap events in an object: the
// member by which it is recognised, and a function that returns the content. ok
// is false when the object has another format.
type form struct {
	member string
	open   func(o *event.Record, v event.Value) (wrapped, bool)
}

// forms lists the known formats. The first one that fits is used.
func forms() []form {
	return slices.Concat(cloudTrailForms(), messageForms(), logForms(), exportForms())
}

// wrapped is the content of an object that is not a record.
type wrapped struct {
	kind  wrapping
	value event.Value
	why   string // the reason why it holds no event, or not a whole one
	fix   string // how to get whole ones
}

type wrapping int

const (
	noEvent  wrapping = iota // never an event: skipped, with why as the reason
	foreign                  // the whole file holds no events
	partial                  // an event in a format that has lost some of it
	inString                 // value is a string of text that holds events, or an event itself
	inBase64                 // value is a string of base64, of text that may be compressed
	inObject                 // value is an object that is an event or wraps one
	inArrays                 // members of the object itself are arrays of events
)

// classify visits the records in an object. declared reports that the file
// calls the object a record: in that case, and once a record was seen, an
// object that is not a record is rejected by itself; before that the whole file
// counts as foreign.
func (r *Reader) classify(rec *event.Record, at int64, declared bool) error {
	if w, ok := r.unwrap(rec); ok {
		return r.open(w, rec, at, declared)
	}
	cause := notRecord(rec)
	if cause == "" {
		r.known = true
		return r.visit.Record(at, rec)
	}
	return r.refuse(at, rec.Raw(), cause, declared)
}

// refuse rejects a piece, or the whole file as foreign.
func (r *Reader) refuse(at int64, text []byte, cause string, declared bool) error {
	if declared || r.known {
		return r.visit.Reject(at, text, cause)
	}
	return &ForeignError{What: "JSON without CloudTrail records"}
}

// unwrap returns the content of an object that is not a record.
func (r *Reader) unwrap(rec *event.Record) (wrapped, bool) {
	source := rec.Text(event.EventSource)
	lambda := bytes.HasPrefix(source, []byte("aws:")) // an event of Lambda, with members like CloudTrail's
	switch {
	case string(source) == "aws:s3":
		return wrapped{kind: noEvent, why: "S3 notification, which names objects and holds no events"}, true
	case !lambda && rec.Get(event.EventVersion).Present():
		return wrapped{}, false
	}
	if r.byMember == nil {
		r.forms = forms()
		r.byMember = map[string][]int{}
		for i, f := range r.forms {
			r.byMember[f.member] = append(r.byMember[f.member], i)
		}
	}
	best := len(r.forms)
	var found wrapped
	for _, m := range rec.Other() {
		for _, i := range r.byMember[m.Name] {
			if i >= best {
				break
			}
			if w, ok := r.forms[i].open(rec, m.Value); ok {
				best, found = i, w
			}
		}
	}
	return found, best < len(r.forms)
}

// open visits the records in the content of an object at offset at.
func (r *Reader) open(w wrapped, rec *event.Record, at int64, declared bool) error {
	switch w.kind {
	case noEvent:
		r.skip(at, w.why)
		return nil
	case foreign:
		return &ForeignError{What: w.why, NoEvents: true}
	case partial:
		return r.lacking(at, rec.Raw(), w, declared)
	case inString:
		return r.str(w.value, at, declared)
	case inBase64:
		return r.base64(w.value, at)
	case inObject:
		return r.nested(w.value.Raw, at, func(in *Reader) error { return in.object(true) })
	}
	return r.nested(rec.Raw(), at, func(in *Reader) error {
		in.enclosed, in.base, in.known = r.enclosed, at, r.known
		return in.wrapper(0)
	})
}

func (r *Reader) skip(at int64, reason string) {
	r.known = true
	if r.visit.Skip != nil {
		r.visit.Skip(at, reason)
	}
}

// lacking rejects a piece that refers to an event without all of it.
func (r *Reader) lacking(at int64, text []byte, w wrapped, declared bool) error {
	if declared || r.known {
		return r.visit.Reject(at, text, w.why+": "+w.fix)
	}
	return &ForeignError{What: w.why, Remedy: w.fix}
}

// notRecord returns the reason why an object is not a CloudTrail record, or "".
func notRecord(rec *event.Record) string {
	named := 0
	for _, f := range [...]event.Field{event.EventVersion, event.EventTime, event.EventName, event.EventSource, event.EventID, event.AggregatedEventID, event.EventCategory} {
		if rec.Get(f).Present() {
			if named++; named == 2 {
				break
			}
		}
	}
	if named < 2 {
		return "not a CloudTrail record"
	}
	if source := rec.Text(event.EventSource); bytes.HasPrefix(source, []byte("aws:")) {
		return fmt.Sprintf("eventSource %.40q is not CloudTrail's", source)
	}
	version := rec.Text(event.EventVersion)
	if bytes.HasPrefix(version, []byte("1.")) {
		return "" // which saves parsing it
	}
	if v, ok := event.ParseVersion(string(version)); ok && v.Major != 1 {
		return fmt.Sprintf("eventVersion %.20q is not CloudTrail's", version)
	}
	return ""
}

// nested reads text that is contained in a piece at offset at, with its own reader. A
// fault in the text is a fault of the piece: reading of the file continues after it.
func (r *Reader) nested(text []byte, at int64, read func(in *Reader) error) error {
	if r.depth == maxWraps {
		return r.visit.Reject(at, text, fmt.Sprintf("wrapped more than %d times", maxWraps))
	}
	if r.inner == nil {
		r.inner = &Reader{depth: r.depth + 1, forms: r.forms, byMember: r.byMember}
	}
	in := r.inner
	in.ctx, in.visit = r.ctx, r.visit
	in.buf, in.pos, in.base, in.err = text[:len(text):len(text)], 0, at, io.EOF
	in.known, in.fault, in.enclosed, in.inflated = true, nil, true, r.inflated
	in.total, in.work = r.total, 0
	in.Large, in.large = r.Large, r.large
	err := read(in)
	r.work += in.work
	in.buf, r.known, r.inflated = nil, r.known || in.known, in.inflated
	fault, broken := errors.AsType[*FaultError](err)
	outside, other := errors.AsType[*ForeignError](err)
	switch {
	case broken && fault.Err == nil:
		return r.visit.Reject(at, text, fault.Cause)
	case other && in.enclosed:
		return r.visit.Reject(at, text, "wrapped text is "+outside.Error())
	}
	return err
}
