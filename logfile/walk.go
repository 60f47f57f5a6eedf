package logfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/cerpac/trailkeeper/event"
)

// wrapsRecords reports whether a member of that name holds an array of
// records: CloudTrail's own files, lookup-events, filter-log-events and log
// subscriptions.
func wrapsRecords(name []byte) bool {
	switch string(name) {
	case "Records", "Events", "events", "logEvents":
		return true
	}
	return false
}

// file walks the JSON values of the file, one after another.
func (r *Reader) file() error {
	for first := true; ; first = false {
		if r.cancelled() {
			return r.err
		}
		if !r.gap() {
			return r.end(first)
		}
		err := r.top()
		if err == nil {
			continue
		}
		switch found, failed := r.nextLine(err); {
		case r.cancelled():
			return r.err
		case failed != nil || !found:
			return cmp.Or(failed, err)
		}
	}
}

// end is the outcome of a file that has been read as far as it goes.
func (r *Reader) end(empty bool) error {
	switch {
	case !errors.Is(r.err, io.EOF):
		return r.err
	case r.fault != nil && !r.known:
		return r.fault
	case empty:
		return &FaultError{0, EmptyFile, nil}
	}
	return nil
}

// top walks one value of the file's outermost level.
func (r *Reader) top() error {
	switch c := r.buf[r.pos]; {
	case c == '[':
		r.pos++
		return r.array(false)
	case c != '{':
		if !r.known && r.fault == nil {
			return &ForeignError{What: "not JSON"}
		}
		return &FaultError{r.offset(r.pos), fmt.Sprintf("unexpected %q where a record should start", c), nil}
	}
	if wraps, err := r.opensWrapper(); err != nil {
		return err
	} else if wraps {
		return r.wrapper()
	}
	return r.object(false)
}

// nextLine moves past a broken value to the next line that starts an object,
// and reports whether there is one: a file of one record a line loses only
// its broken lines.
func (r *Reader) nextLine(err error) (found bool, failed error) {
	var broken *FaultError
	if !errors.As(err, &broken) || r.err != nil && !errors.Is(r.err, io.EOF) {
		return false, nil
	}
	start := r.offset(r.pos)
	scanned := 0
	for {
		rest := r.buf[r.pos:]
		if i := bytes.Index(rest[scanned:], []byte("\n{")); i >= 0 {
			end := scanned + i
			if r.fault == nil {
				r.fault = err
			}
			r.pos += end + 1
			return true, r.visit.Reject(start, rest[:end], broken.Error())
		}
		scanned = max(0, len(rest)-1)
		if !r.fill() {
			return false, nil
		}
	}
}

// space moves to the next byte that is not white space; false at the end.
func (r *Reader) space() bool {
	for {
		for ; r.pos < len(r.buf); r.pos++ {
			switch r.buf[r.pos] {
			case ' ', '\t', '\r', '\n':
			default:
				return true
			}
		}
		if !r.fill() {
			return false
		}
	}
}

// opensWrapper reports whether the object at r.pos begins with an array of
// records, which is then walked in a stream and not held whole.
func (r *Reader) opensWrapper() (bool, error) {
	const longest = 64 // an opening brace, white space and the longest name, generously
	r.need(longest)
	s := bytes.TrimLeft(r.buf[r.pos+1:], " \t\r\n")
	if len(s) == 0 || s[0] != '"' {
		return false, nil
	}
	name, rest, ok := bytes.Cut(s[1:min(len(s), longest)], []byte{'"'})
	if !ok || !wrapsRecords(name) {
		return false, nil
	}
	rest = bytes.TrimLeft(rest, " \t\r\n:")
	return len(rest) > 0 && rest[0] == '[', nil
}

// wrapper walks the members of the object at r.pos, streaming its arrays of
// records and passing over the rest.
func (r *Reader) wrapper() error {
	r.pos++
	r.known = true
	for {
		if !r.space() {
			return r.cut()
		}
		if r.buf[r.pos] == '}' {
			r.pos++
			return nil
		}
		name, err := r.name()
		if err != nil {
			return err
		}
		if wrapsRecords(name) && r.buf[r.pos] == '[' {
			r.pos++
			err = r.array(true)
		} else {
			_, err = r.value()
		}
		if err != nil {
			return err
		}
		if err := r.comma('}'); err != nil {
			return err
		}
	}
}

// name reads a member name and its colon.
func (r *Reader) name() ([]byte, error) {
	if r.buf[r.pos] != '"' {
		return nil, r.unexpected("where a member name should start")
	}
	raw, err := r.value()
	if err != nil {
		return nil, err
	}
	name := bytes.Clone(raw[1 : len(raw)-1])
	if !r.space() {
		return nil, r.cut()
	}
	if r.buf[r.pos] != ':' {
		return nil, r.unexpected("after a member name")
	}
	r.pos++
	if !r.space() {
		return nil, r.cut()
	}
	return name, nil
}

func (r *Reader) unexpected(where string) error {
	return &FaultError{r.offset(r.pos), fmt.Sprintf("unexpected %q %s", r.buf[r.pos], where), nil}
}

// comma moves past a comma, or stops at the closing bracket.
func (r *Reader) comma(closing byte) error {
	if !r.space() {
		return r.cut()
	}
	switch r.buf[r.pos] {
	case ',':
		r.pos++
		return nil
	case closing:
		return nil
	}
	return r.unexpected("after a value")
}

// value passes over one value and returns its text. Faults inside its strings
// do not matter here.
func (r *Reader) value() ([]byte, error) {
	for {
		n, err := event.ValueEnd(r.buf[r.pos:])
		if n > 0 {
			raw := r.buf[r.pos : r.pos+n]
			r.pos += n
			return raw, nil
		}
		if err := r.more(err); err != nil {
			return nil, err
		}
	}
}

// more reads ahead after a value turned out to be cut, and turns any other
// fault, or the end of the file, into an error. It reads until there is twice
// as much of the value, so that decoding it from its start again and again
// costs no more than one decoding of twice its length.
func (r *Reader) more(err error) error {
	var syntax *event.SyntaxError
	if errors.As(err, &syntax) {
		return &FaultError{r.offset(r.pos + syntax.Offset), syntax.Cause, nil}
	}
	had := len(r.buf) - r.pos
	for len(r.buf)-r.pos < 2*had && r.fill() {
	}
	if r.cancelled() || len(r.buf)-r.pos == had {
		return r.cut()
	}
	return nil
}

// array walks the elements of an array whose opening bracket was passed.
// declared says that the file calls them records.
func (r *Reader) array(declared bool) error {
	for {
		if r.cancelled() {
			return r.err
		}
		if !r.space() {
			return r.cut()
		}
		switch r.buf[r.pos] {
		case ']':
			r.pos++
			return nil
		case '{':
			if err := r.object(declared); err != nil {
				return err
			}
		default:
			at := r.offset(r.pos)
			raw, err := r.value()
			if err != nil {
				return err
			}
			if err := r.visit.Reject(at, raw, notObject(raw)); err != nil {
				return err
			}
		}
		if err := r.comma(']'); err != nil {
			return err
		}
	}
}

func notObject(raw []byte) string {
	if string(raw) == "null" {
		return "record is null"
	}
	return "record is not a JSON object"
}

// object reads the object at r.pos whole and visits the records in it.
func (r *Reader) object(declared bool) error {
	for {
		n, err := r.record.Decode(r.buf[r.pos:])
		if n > 0 {
			at, raw := r.offset(r.pos), r.buf[r.pos:r.pos+n]
			r.pos += n
			if broken, ok := errors.AsType[*event.SyntaxError](err); ok {
				return r.visit.Reject(at, raw, broken.Cause)
			}
			return r.classify(&r.record, at, declared)
		}
		if err := r.more(err); err != nil {
			return err
		}
	}
}
