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

// end returns the result of a file that has been read as far as possible.
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

// space advances to the next byte that is not white space; it returns false at
// the end.
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
	raw, long, err := r.value()
	if err != nil {
		return nil, err
	}
	if long != "" {
		return nil, &FaultError{r.offset(r.pos), "member name " + long, nil}
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

// comma advances past a comma, or stops at the closing bracket.
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

// value skips one value and returns its text. Faults inside its strings are
// ignored. When it is too long to be buffered, cause says so and the text is
// only its beginning.
func (r *Reader) value() (raw []byte, cause string, err error) {
	for {
		data, last := r.ahead()
		n, err := event.ValueEnd(data)
		r.count(n, err, len(data))
		if n > 0 {
			raw := data[:n]
			r.pos += n
			return raw, "", nil
		}
		err = r.more(err, last)
		if errors.Is(err, errLong) {
			raw := r.head()
			size, err := r.skipLong()
			return raw, tooLong(size), err
		}
		if err != nil {
			return nil, "", err
		}
	}
}

var errLong = errors.New("value too long to be held")

// more reads ahead after a value turned out to be truncated, and turns any
// other fault, or the end of the file, into an error. last reports that the
// value must end in the data read. It reads until the data has doubled, so that
// repeated decoding from the start costs no more than decoding twice the length
// once.
func (r *Reader) more(err error, last bool) error {
	var syntax *event.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return &FaultError{r.offset(r.pos + syntax.Offset), syntax.Cause, nil}
	case last:
		return &FaultError{r.offset(r.pos), "truncated: the line ends inside a value", nil}
	case r.full():
		return errLong
	}
	had := len(r.buf) - r.pos
	for len(r.buf)-r.pos < 2*had && !r.full() && r.fill() {
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

// element reads an array element that is not an object.
func (r *Reader) element(h holding) error {
	if r.buf[r.pos] == '"' {
		return r.quoted(true)
	}
	at := r.offset(r.pos)
	raw, long, err := r.value()
	switch {
	case err != nil:
		return err
	case long != "":
		return r.visit.Reject(at, raw, long)
	case h != records && raw[0] == '[':
		return r.row(raw, at, h == unsaid)
	}
	return r.visit.Reject(at, raw, notObject(raw))
}

// quoted visits the events in the JSON string at r.pos. element reports that it
// is an array element, which may be any string.
func (r *Reader) quoted(element bool) error {
	at := r.offset(r.pos)
	raw, long, err := r.value()
	switch {
	case err != nil:
		return err
	case long != "":
		return r.visit.Reject(at, raw, long)
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

// cause returns the fault of a value whose end is known.
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
		at := r.offset(r.pos)
		data, last := r.ahead()
		n, err := r.decode(&r.record, data)
		if n > 0 {
			r.pos += n
			if broken, ok := errors.AsType[*event.SyntaxError](err); ok {
				return r.visit.Reject(at, data[:n], broken.Cause)
			}
			return r.classify(&r.record, at, declared)
		}
		err = r.more(err, last)
		if errors.Is(err, errLong) {
			raw := r.head()
			size, err := r.skipLong()
			if err != nil {
				return err
			}
			return r.visit.Reject(at, raw, tooLong(size))
		}
		if err != nil {
			return err
		}
	}
}
