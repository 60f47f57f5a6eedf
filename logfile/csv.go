package logfile

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/cerpac/trailkeeper/event"
)

// table reads a file that does not begin with JSON, in the format that its
// first line shows; found is false when the format is unknown.
func (r *Reader) table() (found bool, err error) {
	if r.opensYAML() {
		return true, r.yaml()
	}
	r.need(headOfFile)
	head := r.buf[r.pos:min(len(r.buf), r.pos+headOfFile)]
	for _, separator := range []byte(",;\t") {
		var names [][]byte
		header, ok := csvRow(head, separator, true, func(cell []byte, _ bool) { names = append(names, cell) })
		if !ok || header.cause != "" {
			continue
		}
		if column := slices.IndexFunc(names, holdsEventInCSV); column >= 0 {
			return true, r.csv(separator, column, len(names))
		}
		if w, ok := lackingHeader(names); ok {
			return true, &ForeignError{What: w.why, Remedy: w.fix}
		}
	}
	return false, nil
}

func holdsEventInCSV(name []byte) bool {
	return holdsEvent(name) || string(bytes.ToLower(bytes.TrimSpace(name))) == "message"
}

// lackingHeader describes what is missing in a table whose columns are members
// of events; ok is false for other tables.
func lackingHeader(names [][]byte) (w wrapped, ok bool) {
	spaced, plain := 0, 0
	for _, name := range names {
		switch string(bytes.ToLower(bytes.TrimSpace(name))) {
		case "event name", "event time", "event source", "event id":
			spaced++
		case "eventname", "eventtime", "eventsource", "eventid", "eventversion", "useridentity", "requestparameters":
			plain++
		}
	}
	switch {
	case spaced > 1:
		return wrapped{why: "CSV of the console's event history, which has parts of events", fix: "download it as JSON"}, true
	case plain > 1:
		return wrapped{why: "CSV without a column that holds the whole event, such as Athena's",
			fix: "read the log files that the table is over, or a column named eventJson or CloudTrailEvent"}, true
	}
	return w, false
}

// csvLine is the result of scanning one line of a table.
type csvLine struct {
	length int    // bytes, with the line's end
	cause  string // the reason why it is invalid
}

// csvRow calls visit for the cells of the line at the start of data; ok is
// false when data ends before the line. last reports that nothing follows data.
// The rules are those of RFC 4180; a line ends with or without a carriage
// return.
func csvRow(data []byte, separator byte, last bool, visit func(cell []byte, quoted bool)) (line csvLine, ok bool) {
	i := 0
	for {
		cell, end, state := csvCell(data[i:], separator)
		i += end
		switch {
		case state == csvOpen:
			return csvLine{i, "a quote that is not closed"}, last
		case state == csvStray:
			return csvLine{i, fmt.Sprintf("unexpected %q after a quoted value", data[i])}, true
		case i == len(data) && !last:
			return csvLine{}, false
		}
		if visit != nil {
			visit(cell, state == csvQuoted)
		}
		if i == len(data) || data[i] == '\n' {
			return csvLine{length: min(i+1, len(data))}, true
		}
		i++ // the separator
	}
}

type csvState int

const (
	csvPlain  csvState = iota
	csvQuoted          // it contains doubled quotes
	csvOpen            // data ends inside quotes
	csvStray           // text follows the closing quote
)

// csvCell returns the cell at the start of data, without its quotes, and the
// position after it, of a separator, a line's end or the end of data.
func csvCell(data []byte, separator byte) (cell []byte, end int, state csvState) {
	if len(data) == 0 || data[0] != '"' {
		for end < len(data) && data[end] != separator && data[end] != '\n' {
			end++
		}
		return bytes.TrimSuffix(data[:end], []byte{'\r'}), end, csvPlain
	}
	for i := 1; ; i++ {
		n := bytes.IndexByte(data[i:], '"')
		if n < 0 {
			return nil, len(data), csvOpen
		}
		i += n
		if i+1 < len(data) && data[i+1] == '"' {
			i++
			continue
		}
		cell, end = data[1:i], i+1
		break
	}
	if end < len(data) && data[end] == '\r' {
		end++
	}
	if end < len(data) && data[end] != separator && data[end] != '\n' {
		return nil, end, csvStray
	}
	return cell, end, csvQuoted
}

// csv reads the rows of a table of which one column holds events.
func (r *Reader) csv(separator byte, column, columns int) error {
	for header := true; ; header = false {
		line, err := r.csvLine(separator)
		switch {
		case err != nil:
			return err
		case line.length == 0:
			return nil
		case line.cause != "":
			return &FaultError{r.offset(r.pos + line.length), line.cause, nil}
		}
		at, raw := r.offset(r.pos), r.buf[r.pos:r.pos+line.length]
		r.pos += line.length
		r.known = true
		if header || len(bytes.TrimSpace(raw)) == 0 {
			continue
		}
		if err := r.csvEvent(raw, at, separator, column, columns); err != nil {
			return err
		}
		if r.cancelled() {
			return r.err
		}
	}
}

// csvEvent visits the event in one row of a table.
func (r *Reader) csvEvent(raw []byte, at int64, separator byte, column, columns int) error {
	n, doubled := 0, false
	var text []byte
	csvRow(raw, separator, true, func(cell []byte, quoted bool) {
		if n == column {
			text, doubled = cell, quoted
		}
		n++
	})
	switch {
	case n != columns:
		return r.visit.Reject(at, raw, fmt.Sprintf("row of another number of columns than the header: %d, not %d", n, columns))
	case doubled:
		text = bytes.ReplaceAll(text, []byte(`""`), []byte(`"`))
	}
	if !opensJSON(text) {
		return r.visit.Reject(at, raw, "row without an event")
	}
	return r.text(text, at)
}

// csvLine reads the line at r.pos without advancing. Its length is 0 at the end
// of the file.
func (r *Reader) csvLine(separator byte) (csvLine, error) {
	if !r.need(1) {
		if !r.ended() {
			return csvLine{}, r.err
		}
		return csvLine{}, nil
	}
	for {
		if line, ok := csvRow(r.buf[r.pos:], separator, false, nil); ok {
			return line, nil
		}
		if err := r.more(event.ErrTruncated, false); err != nil {
			if !r.ended() {
				return csvLine{}, r.longFault(err)
			}
			line, _ := csvRow(r.buf[r.pos:], separator, true, nil)
			return line, nil
		}
	}
}
