package logfile

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/cerpac/trailkeeper/event"
)

const (
	// Compressed messages that inflate to more than bombFloor bytes and more
	// than bombRatio times the text around them are rejected. Log events grow
	// some 10 to 30 times.
	bombFloor = 64 << 20
	bombRatio = 100
)

// str visits the events in the text of a JSON string.
func (r *Reader) str(v event.Value, at int64, declared bool) error {
	text, ok := v.Text()
	switch {
	case !ok:
		return r.refuse(at, v.Raw, "not a CloudTrail record", declared)
	case !v.Sound():
		return r.visit.Reject(at, v.Raw, "wrapped text is not Unicode")
	}
	if !opensJSON(text) {
		if reason := plainMessage(text); reason != "" {
			r.skip(at, reason)
			return nil
		}
		return r.refuse(at, text, "wrapped text is not JSON", declared)
	}
	return r.text(text, at)
}

// text visits the events in text that was unwrapped from a piece at offset at.
func (r *Reader) text(text []byte, at int64) error {
	return r.nested(text, at, (*Reader).file)
}

// opensJSON reports whether text begins like JSON that may hold events.
func opensJSON(text []byte) bool {
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[' || text[0] == '"')
}

// base64 visits the events in data as streams carry it: base64 of text or of
// gzip. Some tools have decoded it already.
func (r *Reader) base64(v event.Value, at int64) error {
	text, _ := v.Text()
	if opensJSON(text) {
		return r.str(v, at, true)
	}
	data := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(data, text)
	if err != nil {
		return r.visit.Reject(at, text, "data is not base64")
	}
	data = data[:n]
	switch {
	case bytes.HasPrefix(data, []byte("\x1f\x8b")):
		plain, cause := r.inflate(data)
		defer r.release()
		if cause != "" {
			return r.visit.Reject(at, text, cause)
		}
		data = plain
	case bytes.HasPrefix(data, []byte("\xf3\x89\x9a\xc2")):
		return r.visit.Reject(at, text, "record of the Kinesis Producer Library: extract its user records first")
	}
	if !opensJSON(data) {
		if reason := plainMessage(data); reason != "" {
			r.skip(at, reason)
			return nil
		}
		return r.visit.Reject(at, text, "data is not JSON")
	}
	return r.text(data, at)
}

// inflate decompresses a message, or returns the cause of its failure. A long
// message counts as a long value until release.
func (r *Reader) inflate(data []byte) (plain []byte, cause string) {
	var err error
	if r.zip == nil {
		r.zip, err = gzip.NewReader(bytes.NewReader(data))
	} else {
		err = r.zip.Reset(bytes.NewReader(data))
	}
	if err != nil {
		return nil, "corrupt gzip in a message"
	}
	var out bytes.Buffer
	n, err := io.CopyN(&out, r.zip, keepBuffer)
	if err == nil && r.acquire() {
		var more int64
		more, err = io.CopyN(&out, r.zip, MaxRecord+1-n)
		n += more
	}
	r.inflated += n
	switch {
	case r.inflated > bombFloor && r.inflated > bombRatio*r.total:
		return nil, fmt.Sprintf("decompression bomb in a message: over %d times the size of the file", bombRatio)
	case n > MaxRecord:
		return nil, fmt.Sprintf("a message longer than %d MiB", MaxRecord>>20)
	case errors.Is(err, io.EOF):
		return out.Bytes(), ""
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, "truncated gzip in a message"
	}
	return nil, "corrupt gzip in a message"
}

// acquire waits for permission to buffer a long value, unless this reader already has
// it. It returns false when the reading was cancelled.
func (r *Reader) acquire() bool {
	if r.large || r.Large == nil {
		return true
	}
	if err := r.Large.Acquire(r.ctx, 1); err != nil {
		r.err = r.stopped(err)
		return false
	}
	r.large, r.message = true, true
	return true
}

// release returns what acquire got.
func (r *Reader) release() {
	if r.message {
		r.Large.Release(1)
		r.large, r.message = false, false
	}
}

// row visits the event in one row of a query's answer: an array of cells, each
// an object with the name of a column and its value.
func (r *Reader) row(raw []byte, at int64, declared bool) error {
	if _, err := event.ValueEnd(raw); err != nil {
		return r.visit.Reject(at, raw, cause(err))
	}
	var whole event.Value
	cells, lake := 0, false
	elements(raw, func(cell []byte) {
		var field, value event.Value
		event.Value{Raw: cell}.Members(func(name []byte, v event.Value) {
			cells++
			switch {
			case string(name) == "field":
				field = v
			case string(name) == "value":
				value = v
			default:
				lake = true
				if holdsEvent(name) {
					whole = v
				}
			}
		})
		if name, _ := field.Text(); holdsEvent(name) {
			whole = value
		}
	})
	switch {
	case cells == 0:
		return r.refuse(at, raw, notObject(raw), declared)
	case whole.IsString():
		return r.str(whole, at, declared)
	case len(whole.Raw) > 0 && whole.Raw[0] == '{':
		return r.nested(whole.Raw, at, func(in *Reader) error { return in.object(true) })
	case lake:
		return r.lacking(at, raw, wrapped{why: "row of a CloudTrail Lake query without the column eventJson", fix: "select eventJson too"}, declared)
	}
	return r.lacking(at, raw, insightsRow(), declared)
}

// elements calls f for each element of an array that is valid JSON.
func elements(raw []byte, f func(element []byte)) {
	i := 1
	for {
		for i < len(raw) && (raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\r' || raw[i] == '\n' || raw[i] == ',') {
			i++
		}
		n, _ := event.ValueEnd(raw[i:])
		if n == 0 {
			return // the closing bracket
		}
		f(raw[i : i+n])
		i += n
	}
}

// holdsEvent reports whether a column or member of that name holds whole events, in the
// exports of services and tools.
func holdsEvent(name []byte) bool {
	switch string(bytes.ToLower(bytes.TrimSpace(name))) {
	case "eventjson", "cloudtrailevent", "@message", "_raw", "event.original":
		return true
	}
	return false
}
