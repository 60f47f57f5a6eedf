package logfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/cerpac/trailkeeper/event"
)

// file walks the JSON values of the file, one after another.
func (r *Reader) file() error {
	for first := true; ; first = false {
		if r.cancelled() {
			return r.err
		}
		if !r.gap() {
			return r.end(first)
		}
		r.lead = r.buf[r.pos]
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
	switch r.buf[r.pos] {
	case '[':
		r.pos++
		return r.array(unsaid)
	case '{':
		if r.opensWrapper() {
			return r.wrapper(0)
		}
		return r.object(false)
	case '"':
		if r.startsEvent() {
			return r.quoted(false)
		}
	}
	return r.line()
}

// nextLine moves past a broken value to the next line that begins as it did, and
// reports whether there is one: a file of one record a line loses only its
// broken lines.
func (r *Reader) nextLine(err error) (found bool, failed error) {
	var broken *FaultError
	if !errors.As(err, &broken) || r.err != nil && !errors.Is(r.err, io.EOF) {
		return false, nil
	}
	start := r.offset(r.pos)
	scanned := 0
	for {
		rest := r.buf[r.pos:]
		if i := bytes.Index(rest[scanned:], []byte{'\n', r.lead}); i >= 0 {
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
func (r *Reader) array(h holding) error {
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
			if err := r.object(h == records); err != nil {
				return err
			}
		default:
			if err := r.element(h); err != nil {
				return err
			}
		}
		if err := r.comma(']'); err != nil {
			return err
		}
	}
}

// element reads an element of an array that is no object.
func (r *Reader) element(h holding) error {
	if r.buf[r.pos] == '"' {
		return r.quoted(true)
	}
	at := r.offset(r.pos)
	raw, err := r.value()
	if err != nil {
		return err
	}
	if h != records && raw[0] == '[' {
		return r.row(raw, at, h == unsaid)
	}
	return r.visit.Reject(at, raw, notObject(raw))
}

// quoted visits the events in the JSON string at r.pos. element says that it is
// one of an array, which may be any string.
func (r *Reader) quoted(element bool) error {
	at := r.offset(r.pos)
	raw, err := r.value()
	if err != nil {
		return err
	}
	v, _, err := event.DecodeValue(raw)
	if err != nil {
		return r.visit.Reject(at, raw, cause(err))
	}
	if text, _ := v.Text(); element && !opensJSON(text) {
		return r.visit.Reject(at, raw, notObject(raw))
	}
	return r.str(v, at, false)
}

// cause names the fault of a value whose end is known.
func cause(err error) string {
	if broken, ok := errors.AsType[*event.SyntaxError](err); ok {
		return broken.Cause
	}
	return err.Error()
}

// startsEvent reports whether the string at r.pos begins as JSON text does.
func (r *Reader) startsEvent() bool {
	const longest = 64
	r.need(longest)
	text := bytes.TrimLeft(r.buf[r.pos+1:min(len(r.buf), r.pos+longest)], " \\nrt")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[')
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
