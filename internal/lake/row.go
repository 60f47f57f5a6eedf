package lake

import (
	"fmt"
	"time"

	"github.com/cerpac/trailkeeper/event"
)

// Row is one row of the lake.
type Row struct {
	Time  time.Time
	text  [numText][]byte // nil is NULL
	bools [numBool]int8
	nulls uint64
}

// Scan sets the row from values in the order of [Columns], as a database
// driver gives them: time.Time, string or []byte, bool, an integer, or nil.
func (r *Row) Scan(values []any) error {
	if want := numText + numBool + 2; len(values) != want {
		return fmt.Errorf("scan row: %d values for %d columns", len(values), want)
	}
	at, ok := values[0].(time.Time)
	if !ok {
		return fmt.Errorf("scan row: event_time is %T", values[0])
	}
	r.Time = at.UTC()
	for i, v := range values[1 : 1+numText] {
		switch v := v.(type) {
		case nil:
			r.text[i] = nil
		case string:
			r.text[i] = []byte(v)
		case []byte:
			r.text[i] = v
		default:
			return fmt.Errorf("scan row: column %d is %T", i+1, v)
		}
	}
	for i, v := range values[1+numText : 1+numText+numBool] {
		value, ok := v.(bool)
		if !ok && v != nil {
			return fmt.Errorf("scan row: column %d is %T", 1+numText+i, v)
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

// AppendJSON appends the record that the row was made from, as the same JSON
// value: documented members in CloudTrail's order, then the rest. A malformed
// extra, which the lake never writes, is an error.
func (r *Row) AppendJSON(dst []byte) ([]byte, error) {
	var extra event.Record
	if raw := r.text[colExtra]; raw != nil {
		if n, err := extra.Decode(raw); err != nil || n != len(raw) {
			return dst, fmt.Errorf("rebuild record %q: column extra is not a JSON object", r.text[colEventID])
		}
	}
	for _, m := range extra.Other() {
		if m.Name == recordMember {
			whole, _ := m.Value.Text()
			return append(dst, whole...), nil
		}
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

// appendField appends the documented member f, from extra where it is there,
// and otherwise from its column.
func (r *Row) appendField(dst []byte, start int, f event.Field, extra *event.Record) []byte {
	if v := extra.Get(f); v.Present() {
		return append(appendName(dst, start, f.String()), v.Raw...)
	}
	if r.nulls&(1<<f) != 0 {
		return append(appendName(dst, start, f.String()), "null"...)
	}
	switch f {
	case event.EventTime:
		if extra.Get(event.TimeWindow).Present() {
			return dst // the column was derived from it
		}
		dst = append(appendName(dst, start, f.String()), '"')
		return append(event.AppendTime(dst, r.Time), '"')
	case event.ReadOnly:
		return r.appendBool(dst, start, f, boolReadOnly)
	case event.ManagementEvent:
		return r.appendBool(dst, start, f, boolManagement)
	case event.EventID:
		if extra.Get(event.AggregatedEventID).Present() {
			return dst
		}
	}
	column := columnOf(f)
	if column < 0 || r.text[column] == nil {
		return dst
	}
	dst = appendName(dst, start, f.String())
	if column < firstJSON {
		return event.AppendQuoted(dst, r.text[column])
	}
	return append(dst, r.text[column]...)
}

func (r *Row) appendBool(dst []byte, start int, f event.Field, column int) []byte {
	switch r.bools[column] {
	case 0:
		return append(appendName(dst, start, f.String()), "false"...)
	case 1:
		return append(appendName(dst, start, f.String()), "true"...)
	}
	return dst
}

func appendName(dst []byte, start int, name string) []byte {
	if len(dst) > start {
		dst = append(dst, ',')
	}
	return append(event.AppendQuoted(dst, []byte(name)), ':')
}
