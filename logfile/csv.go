package logfile

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/cerpac/trailkeeper/event"
)

// table reads a file that begins with no JSON as the form its first line shows;
// found is false when that is none.
func (r *Reader) table() (found bool, err error) {
	if r.opensYAML() {
		return true, r.yaml()
	}
	r.need(headOfFile)
	head := r.buf[r.pos:min(len(r.buf), r.pos+headOfFile)]
	for _, separator := range []byte(",;\t") {
		names, ok := csvHeader(head, separator)
		if !ok {
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

// csvHeader splits the first line of a table into the names of its columns.
func csvHeader(head []byte, separator byte) (names [][]byte, ok bool) {
	line, ok := csvRow(head, separator, true)
	if !ok {
		return nil, false
	}
	return line.cells, true
}

func holdsEventInCSV(name []byte) bool {
	return holdsEvent(name) || string(bytes.ToLower(bytes.TrimSpace(name))) == "message"
}

// lackingHeader says what a table lacks whose columns are members of events;
// ok is false when they are not.
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

// csvLine is one line of a table, taken apart. Its cells alias the line where they
// can.
type csvLine struct {
	cells  [][]byte
	length int    // bytes, with the line's end
	cause  string // why it cannot be read
}

// csvRow takes apart the line that data begins with; ok is false when data ends
// before it does. last says that nothing comes after data. The rules are those
// of RFC 4180; a line ends with or without a carriage return.
func csvRow(data []byte, separator byte, last bool) (line csvLine, ok bool) {
	i := 0
	for {
		cell, end, state := csvCell(data[i:], separator)
		i += end
		switch {
		case state == csvOpen || state == csvStray:
			line.length, line.cause = i, "a quote that is not closed"
			if state == csvStray {
				line.cause = fmt.Sprintf("unexpected %q after a quoted value", data[i])
			}
			return line, last || state == csvStray
		case i == len(data) && !last:
			return line, false
		}
		line.cells = append(line.cells, cell)
		if i == len(data) || data[i] == '\n' {
			line.length = min(i+1, len(data))
			return line, true
		}
		i++ // the separator
	}
}

type csvState int

const (
	csvWhole csvState = iota
	csvOpen           // data ends inside quotes
	csvStray          // something stands behind the closing quote
)

// csvCell returns the cell that data begins with and the position after it, of
// a separator, a line's end or the end of data.
func csvCell(data []byte, separator byte) (cell []byte, end int, state csvState) {
	if len(data) == 0 || data[0] != '"' {
		for end < len(data) && data[end] != separator && data[end] != '\n' {
			end++
		}
		return bytes.TrimSuffix(data[:end], []byte{'\r'}), end, csvWhole
	}
	doubled := false
	for i := 1; ; i++ {
		n := bytes.IndexByte(data[i:], '"')
		if n < 0 {
			return nil, len(data), csvOpen
		}
		i += n
		if i+1 < len(data) && data[i+1] == '"' {
			doubled = true
			i++
			continue
		}
		cell, end = data[1:i], i+1
		break
	}
	if doubled {
		cell = bytes.ReplaceAll(cell, []byte(`""`), []byte(`"`))
	}
	if end < len(data) && data[end] == '\r' {
		end++
	}
	if end < len(data) && data[end] != separator && data[end] != '\n' {
		return nil, end, csvStray
	}
	return cell, end, csvWhole
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
		}
		at, raw := r.offset(r.pos), r.buf[r.pos:r.pos+line.length]
		r.pos += line.length
		switch blank := len(bytes.TrimSpace(raw)) == 0; {
		case header || blank:
			r.known = true
		case line.cause != "":
			return &FaultError{at + int64(line.length), line.cause, nil}
		case len(line.cells) != columns:
			err = r.visit.Reject(at, raw, fmt.Sprintf("row of another number of columns than the header: %d, not %d", len(line.cells), columns))
		case !opensJSON(line.cells[column]):
			err = r.visit.Reject(at, raw, "row without an event")
		default:
			err = r.text(line.cells[column], at)
		}
		if err != nil {
			return err
		}
		if r.cancelled() {
			return r.err
		}
	}
}

// csvLine reads the line at r.pos, without moving past it. Its length is 0 at
// the end of the file.
func (r *Reader) csvLine(separator byte) (csvLine, error) {
	for {
		if line, ok := csvRow(r.buf[r.pos:], separator, false); ok {
			return line, nil
		}
		if err := r.more(event.ErrTruncated, false); err != nil {
			if !r.ended() {
				return csvLine{}, r.longFault(err)
			}
			line, _ := csvRow(r.buf[r.pos:], separator, true)
			if len(r.buf) == r.pos {
				line.length = 0
			}
			return line, nil
		}
	}
}
