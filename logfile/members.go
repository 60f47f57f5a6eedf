package logfile

import "bytes"

// holding is the content of an array.
type holding int

const (
	unsaid  holding = iota // the file does not say
	records                // what the file calls records
	rows                   // objects, or rows that are arrays of cells
)

// memberHolding returns the content of an array that is the member of an object
// with that name; ok is false for arrays that are ignored.
func memberHolding(name []byte) (h holding, ok bool) {
	switch string(name) {
	case "Records", "Events", "events", "logEvents": // CloudTrail's files, lookup-events, CloudWatch Logs
		return records, true
	case "Messages", "records", "hits": // SQS, Firehose, Elasticsearch
		return unsaid, true
	case "QueryResultRows", "results": // CloudTrail Lake; Logs Insights and Splunk
		return rows, true
	}
	return unsaid, false
}

// holdsPieces reports whether a member's value, of which value may be only the
// beginning, starts like one that holds records or their wrappers: an array, null for
// none, or the object around Elasticsearch's array.
func holdsPieces(name, value []byte) bool {
	h, ok := memberHolding(name)
	if !ok || len(value) == 0 {
		return false
	}
	switch value[0] {
	case '[':
		return true
	case 'n':
		return h == records
	case '{':
		return string(name) == "hits"
	}
	return false
}

// opensWrapper reports whether the object at r.pos starts with a member that records
// come with. Such an object is streamed instead of buffered.
func (r *Reader) opensWrapper() bool {
	const longest = 64 // an opening brace, white space and the longest name, generously
	r.need(longest)
	window := r.buf[r.pos+1 : min(len(r.buf), r.pos+longest)]
	s := bytes.TrimLeft(window, " \t\r\n")
	if len(s) == 0 || s[0] != '"' {
		return false
	}
	name, rest, ok := bytes.Cut(s[1:], []byte{'"'})
	if !ok {
		return false
	}
	if holdsPieces(name, bytes.TrimLeft(rest, " \t\r\n:")) {
		return true
	}
	switch string(name) {
	case "NextToken", "nextToken", "ResponseMetadata", // an answer of AWS's
		"QueryStatus", "QueryStatistics", "queryLanguage", // of CloudTrail Lake, of Logs Insights
		"_scroll_id", "pit_id", "took", "timed_out", "_shards": // of Elasticsearch
		return true
	case "preview": // of Splunk, and not one result
		return bytes.Contains(rest, []byte(`"init_offset"`))
	}
	return false
}

// wrapper walks the members of the object at r.pos. It streams those that hold records
// and skips the rest. level is the number of enclosing wrappers.
func (r *Reader) wrapper(level int) error {
	r.pos++
	found := false
	for {
		if !r.space() {
			return r.cut()
		}
		if r.buf[r.pos] == '}' {
			r.pos++
			if !found && !r.known && level == 0 {
				return &ForeignError{What: "JSON without CloudTrail records"}
			}
			return nil
		}
		name, err := r.name()
		if err != nil {
			return err
		}
		if level < 2 && holdsPieces(name, r.buf[r.pos:]) {
			found = true
			err = r.pieces(name, level)
		} else {
			_, _, err = r.value()
		}
		if err != nil {
			return err
		}
		if err := r.comma('}'); err != nil {
			return err
		}
	}
}

// pieces walks the value of a member that holds records or their wrappers.
func (r *Reader) pieces(name []byte, level int) error {
	h, _ := memberHolding(name)
	r.known = r.known || h == records
	switch r.buf[r.pos] {
	case '[':
		r.pos++
		return r.array(h)
	case '{':
		return r.wrapper(level + 1)
	}
	_, _, err := r.value()
	return err
}
