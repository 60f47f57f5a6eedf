package logfile

import (
	"errors"
	"fmt"

	"github.com/cerpac/trailkeeper/event"
)

// classify visits the records that an object stands for. declared says that
// the file calls it a record: then, and once a record was seen, an object that
// is none is rejected by itself; before that the file is taken for foreign.
func (r *Reader) classify(rec *event.Record, at int64, declared bool) error {
	switch inner, form := unwrap(rec); form {
	case formDigest:
		return &ForeignError{What: "digest file"}
	case formText:
		text, _ := inner.Text()
		return r.unwrapped(text, at)
	case formEnvelope:
		return r.unwrapped(inner.Raw, at)
	case formArray:
		return r.held(inner.Raw, at)
	}
	switch cause := notRecord(rec); {
	case cause == "":
		r.known = true
		return r.visit.Record(at, rec)
	case declared || r.known:
		return r.visit.Reject(at, rec.Raw(), cause)
	default:
		return &ForeignError{What: "JSON without CloudTrail records"}
	}
}

type form int

const (
	formRecord   form = iota
	formEnvelope      // EventBridge: the record is the member "detail"
	formText          // lookup-events and CloudWatch Logs: the record is a string
	formArray         // an array of records that is not the object's first member
	formDigest
)

func unwrap(rec *event.Record) (event.Value, form) {
	if rec.Get(event.EventVersion).Present() {
		return event.Value{}, formRecord
	}
	var detail event.Value
	envelope := false
	for _, m := range rec.Other() {
		switch m.Name {
		case "CloudTrailEvent", "message":
			if m.Value.IsString() {
				return m.Value, formText
			}
		case "detail":
			detail = m.Value
		case "detail-type":
			envelope = true
		case "digestS3Object", "digestStartTime":
			return event.Value{}, formDigest
		case "Records", "Events", "events", "logEvents":
			if len(m.Value.Raw) > 0 && m.Value.Raw[0] == '[' {
				return m.Value, formArray
			}
		}
	}
	if envelope && detail.Present() {
		return detail, formEnvelope
	}
	return event.Value{}, formRecord
}

// notRecord says why an object is not a CloudTrail record, or "".
func notRecord(rec *event.Record) string {
	named := 0
	for _, f := range [...]event.Field{event.EventVersion, event.EventTime, event.EventName, event.EventSource, event.EventID, event.AggregatedEventID, event.EventCategory} {
		if rec.Get(f).Present() {
			named++
		}
	}
	if named < 2 {
		return "not a CloudTrail record"
	}
	text := string(rec.Text(event.EventVersion))
	if v, ok := event.ParseVersion(text); ok && v.Major != 1 {
		return fmt.Sprintf("eventVersion %q is not CloudTrail's", text)
	}
	return ""
}

// unwrapped visits the record in text, which was wrapped in an object at
// offset at.
func (r *Reader) unwrapped(text []byte, at int64) error {
	n, err := r.inner.Decode(text)
	var syntax *event.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return r.visit.Reject(at, text, syntax.Cause)
	case err != nil || n < len(text) && len(trimSpace(text[n:])) > 0:
		return r.visit.Reject(at, text, "wrapped text is not one JSON object")
	}
	if cause := notRecord(&r.inner); cause != "" {
		return r.visit.Reject(at, text, cause)
	}
	r.known = true
	return r.visit.Record(at, &r.inner)
}

func trimSpace(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\n' || s[0] == '\r' || s[0] == '\t') {
		s = s[1:]
	}
	return s
}

// held walks an array that had to be read whole: a reader of its own takes it
// as a file of its own.
func (r *Reader) held(raw []byte, at int64) error {
	base := at
	inner := Reader{ctx: r.ctx, buf: raw[:len(raw):len(raw)], pos: 1, base: base, visit: r.visit, err: errHeld}
	err := inner.array(true)
	r.known = true
	return err
}

var errHeld = errors.New("held whole")
