package logfile

import (
	"bytes"
	"fmt"

	"github.com/cerpac/trailkeeper/event"
)

// line reads what is at r.pos where no JSON begins: a line of a form that puts
// something before an event, or the first line of a table.
func (r *Reader) line() error {
	first := !r.known && r.fault == nil && r.depth == 0
	if first {
		if found, err := r.table(); found || err != nil {
			return err
		}
	}
	switch c := r.buf[r.pos]; {
	case r.depth > 0:
	case c >= '0' && c <= '9':
		if n := r.timePrefix(); n > 0 {
			r.pos += n
			return r.top()
		}
	case r.hasPrefix("EVENTS\t"):
		return r.lookedUp()
	case r.hasPrefix("RESOURCES\t"), r.hasPrefix("NEXTTOKEN\t"):
		r.skipLine()
		return nil
	}
	if first {
		return r.notJSON()
	}
	return &FaultError{r.offset(r.pos), fmt.Sprintf("unexpected %q where a record should start", r.buf[r.pos]), nil}
}

func (r *Reader) hasPrefix(prefix string) bool {
	r.need(len(prefix))
	return bytes.HasPrefix(r.buf[r.pos:], []byte(prefix))
}

// timePrefix returns how many bytes a time and the white space behind it take
// that stand before JSON, as in what a CloudWatch Logs export task writes; 0
// when that is not there.
func (r *Reader) timePrefix() int {
	const longest = 64
	r.need(longest)
	s := r.buf[r.pos:min(len(r.buf), r.pos+longest)]
	end := bytes.IndexAny(s, " \t\r\n")
	if end < 0 || s[end] == '\r' || s[end] == '\n' {
		return 0
	}
	if _, ok := event.ParseTime(s[:end]); !ok {
		return 0
	}
	rest := bytes.TrimLeft(s[end:], " \t")
	if !opensJSON(rest) || rest[0] == '\r' || rest[0] == '\n' {
		return 0
	}
	return len(s) - len(rest)
}

// lookedUp reads a line of lookup-events' text output: values between tabs, of
// which the only one that is JSON is the event.
func (r *Reader) lookedUp() error {
	start := r.offset(r.pos)
	for {
		if !r.need(1) {
			return r.cut()
		}
		switch r.buf[r.pos] {
		case '{':
			r.known = true
			if err := r.object(true); err != nil {
				return err
			}
			r.skipLine()
			return nil
		case '\r', '\n':
			r.known = true
			return r.visit.Reject(start, []byte("EVENTS"), "line without an event")
		}
		if !r.skipTo('\t') {
			return r.cut()
		}
	}
}

// skipTo moves past the next separator on the line, or to the line's end; false
// at the end of the file.
func (r *Reader) skipTo(separator byte) bool {
	for {
		for ; r.pos < len(r.buf); r.pos++ {
			switch r.buf[r.pos] {
			case separator:
				r.pos++
				return true
			case '\n':
				return true
			}
		}
		if !r.fill() {
			return false
		}
	}
}

func (r *Reader) skipLine() { r.skipTo('\n') }

// headOfFile is how much of a file that is in no known form is searched for
// events.
const headOfFile = 64 << 10

// notJSON says what a file is that begins as no known form does. Where it shows
// events all the same, it must not be passed over.
func (r *Reader) notJSON() error {
	r.need(headOfFile)
	head := r.buf[r.pos:min(len(r.buf), r.pos+headOfFile)]
	switch {
	case r.err != nil && !r.ended():
		return r.err
	case showsEvent(head):
		return &ForeignError{What: "events in a form that is not known", Remedy: "take the JSON of each event out of it, one a line"}
	case bytes.HasPrefix(head, []byte("Permission Check Successful")):
		return &ForeignError{What: "test file of a CloudWatch Logs export", NoEvents: true}
	}
	return &ForeignError{What: looksLike(head)}
}

// showsEvent reports whether an event's version stands in text, in whichever
// quotes: "eventVersion": "1.08".
func showsEvent(text []byte) bool {
	const name = "eventVersion"
	for {
		i := bytes.Index(text, []byte(name))
		if i < 0 {
			return false
		}
		text = text[i+len(name):]
		rest := bytes.TrimLeft(text[:min(len(text), 32)], `\"' `)
		if !bytes.HasPrefix(rest, []byte(":")) && !bytes.HasPrefix(rest, []byte("=")) {
			continue
		}
		if bytes.HasPrefix(bytes.TrimLeft(rest, `\"' :=`), []byte("1.")) {
			return true
		}
	}
}
