package lake

import (
	"errors"
	"fmt"
	"time"

	"github.com/cerpac/trailkeeper/event"
)

// RowError reports that a row is damaged: it does not give back the record that
// it was made from.
type RowError struct {
	EventID string
	LogFile string // that the event was read from
	Err     error
}

func (e *RowError) Error() string {
	return fmt.Sprintf("rebuild event %q of log file %q: %v", e.EventID, e.LogFile, e.Err)
}

func (e *RowError) Unwrap() error { return e.Err }

func (r *Row) damaged(err error) error {
	return &RowError{string(r.text[colEventID]), string(r.text[colLogFile]), err}
}

// Row is one row of the lake.
type Row struct {
	Time  time.Time
	text  [numText][]byte // nil is NULL
	bools [numBool]int8
	lists [numList][]byte // see appendItem
	nulls uint64

	scanned []byte // the texts that Scan copied
}

// scannedText and scannedBools are the numbers of text and boolean columns
// among RecordColumns.
const (
	scannedText  = colExtra + 1
	scannedBools = boolMFA + 1
)

// Scan sets the row from values in the order of [RecordColumns], as a database
// driver gives them: time.Time, string or []byte, bool, an integer, or nil. The
// row is valid until the next Scan.
func (r *Row) Scan(values []any) error {
	if want := scannedText + scannedBools + 2; len(values) != want {
		return fmt.Errorf("scan row: %d values for %d columns", len(values), want)
	}
	at, ok := values[0].(time.Time)
	if !ok {
		return fmt.Errorf("scan row: event_time is %T", values[0])
	}
	r.Time = at.UTC()
	r.reserve(values[1 : 1+scannedText])
	for i, v := range values[1 : 1+scannedText] {
		switch v := v.(type) {
		case nil:
			r.text[i] = nil
		case string:
			from := len(r.scanned)
			r.scanned = append(r.scanned, v...)
			r.text[i] = r.scanned[from:len(r.scanned):len(r.scanned)]
		case []byte:
			r.text[i] = v
		default:
			return fmt.Errorf("scan row: column %d is %T", i+1, v)
		}
	}
	for i, v := range values[1+scannedText : 1+scannedText+scannedBools] {
		value, ok := v.(bool)
		if !ok && v != nil {
			return fmt.Errorf("scan row: column %d is %T", 1+scannedText+i, v)
		}
		r.bools[i] = boolCell(value, ok)
	}
	last := values[len(values)-1]
	nulls, ok := last.(int64)
	if !ok && last != nil {
		return fmt.Errorf("scan row: explicit_nulls is %T", last)
	}
	r.nulls = uint64(nulls)
	return nil
}

// reserve makes room for the strings among values, so that texts in scanned stay
// where they are while others are added.
func (r *Row) reserve(values []any) {
	size := 0
	for _, v := range values {
		if text, ok := v.(string); ok {
			size += len(text)
		}
	}
	if r.scanned = r.scanned[:0]; cap(r.scanned) < size {
		r.scanned = make([]byte, 0, 2*size)
	}
}

// AppendJSON appends the record that the row was made from, as the same JSON
// value: documented members in CloudTrail's order, then the rest. A malformed
// extra, which some older versions wrote, gives a [*RowError].
func (r *Row) AppendJSON(dst []byte) ([]byte, error) {
	var extra event.Record
	whole, err := r.decodeExtra(&extra)
	if err != nil {
		return dst, r.damaged(err)
	}
	if whole != nil {
		return append(dst, whole...), nil
	}
	dst = append(dst, '{')
	start := len(dst)
	for f := range event.Field(event.NumFields) {
		dst = r.appendField(dst, start, f, &extra)
	}
	for _, m := range extra.Other() {
		dst = appendName(dst, start, m.Name)
		dst = append(dst, m.Value.Raw...)
	}
	return append(dst, '}'), nil
}

// decodeExtra decodes the column extra. whole is the text of a record that
// columns cannot hold, nil for other records.
func (r *Row) decodeExtra(extra *event.Record) (whole []byte, err error) {
	raw := r.text[colExtra]
	if raw == nil {
		raw = []byte("{}")
	}
	if n, err := extra.Decode(raw); err != nil || n != len(raw) {
		return nil, errors.New("column extra is not a JSON object")
	}
	for _, m := range extra.Other() {
		if m.Name == RecordMember {
			whole, _ = m.Value.Text()
			return whole, nil
		}
	}
	return nil, nil
}

// appendField appends the documented member f, from extra if it is there,
// otherwise from its column.
func (r *Row) appendField(dst []byte, start int, f event.Field, extra *event.Record) []byte {
	before := len(dst)
	if len(dst) > start {
		dst = append(dst, ',')
	}
	dst = append(append(append(dst, '"'), f.String()...), `":`...) // the name needs no escapes
	value := len(dst)
	if v := extra.Get(f); v.Present() {
		return append(dst, v.Raw...)
	}
	if dst = r.appendColumn(dst, f, extra); len(dst) == value {
		return dst[:before]
	}
	return dst
}

// appendColumn appends the canonical JSON of the documented member f from the
// columns, or nothing if they do not hold it.
func (r *Row) appendColumn(dst []byte, f event.Field, extra *event.Record) []byte {
	if r.nulls&(1<<f) != 0 {
		return append(dst, "null"...)
	}
	switch f {
	case event.EventTime:
		if extra.Get(event.TimeWindow).Present() {
			return dst // the column was derived from it
		}
		return append(event.AppendTime(append(dst, '"'), r.Time), '"')
	case event.ReadOnly:
		return r.appendBool(dst, boolReadOnly)
	case event.ManagementEvent:
		return r.appendBool(dst, boolManagement)
	case event.EventID:
		if extra.Get(event.AggregatedEventID).Present() {
			return dst
		}
	}
	column := columnOf(f)
	switch {
	case column < 0 || r.text[column] == nil:
		return dst
	case column < firstJSON:
		return event.AppendQuoted(dst, r.text[column])
	}
	return append(dst, r.text[column]...)
}

func (r *Row) appendBool(dst []byte, column int) []byte {
	switch r.bools[column] {
	case 0:
		return append(dst, "false"...)
	case 1:
		return append(dst, "true"...)
	}
	return dst
}

func appendName(dst []byte, start int, name string) []byte {
	if len(dst) > start {
		dst = append(dst, ',')
	}
	return append(event.AppendQuoted(dst, []byte(name)), ':')
}
