package logfile

import (
	"bytes"
	"fmt"

	"github.com/cerpac/trailkeeper/event"
)

// line reads a line at r.pos that does not begin with JSON: a format with a
// prefix before each event, or the first line of a table.
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

// timePrefix returns the length of a time and white space before JSON, as in
// the output of a CloudWatch Logs export task; 0 if there is none.
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

// lookedUp reads a line of lookup-events' text output: tab-separated values, of
// which only the event is JSON.
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

// skipTo advances past the next separator on the line, or to the line's end; it
// returns false at the end of the file.
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

// headOfFile is the number of bytes searched for events in a file of unknown
// format.
const headOfFile = 64 << 10

// notJSON returns the error for a file of unknown format. A file that contains
// events must not be skipped.
func (r *Reader) notJSON() error {
	r.need(headOfFile)
	head := r.buf[r.pos:min(len(r.buf), r.pos+headOfFile)]
	switch {
	case r.err != nil && !r.ended():
		return r.err
	case showsEvent(head):
		return &ForeignError{What: "events in an unknown format", Remedy: "extract the JSON of each event, one per line"}
	case bytes.HasPrefix(head, []byte("Permission Check Successful")):
		return &ForeignError{What: "test file of a CloudWatch Logs export", NoEvents: true}
	}
	return &ForeignError{What: looksLike(head)}
}

// showsEvent reports whether text contains an event's version, in any quotes:
// "eventVersion": "1.08".
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
