package lookup

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"time"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/internal/result"
)

// timeLayout is how the AWS CLI writes moments, here always in UTC.
const timeLayout = "2006-01-02T15:04:05-07:00"

// writeSize is the number of bytes that are written at a time: a write passes
// through a goroutine, which costs more than small writes do.
const writeSize = 64 << 10

// Writer writes events one by one in the form of `aws cloudtrail
// lookup-events`. Close ends what was begun.
type Writer interface {
	Write(Event) error
	Close() error
}

// NewJSONWriter writes what the AWS CLI writes with --output json: an object
// with the list Events, indented by four spaces.
func NewJSONWriter(w io.Writer) Writer { return &jsonWriter{out: bufio.NewWriterSize(w, writeSize)} }

type jsonWriter struct {
	out   *bufio.Writer
	count int
	line  []byte
}

func (w *jsonWriter) Write(e Event) error {
	before := ",\n"
	if w.count == 0 {
		before = "{\n    \"Events\": [\n"
	}
	w.count++
	w.event(before, e)
	_, err := w.out.Write(w.line)
	return err
}

// event makes the line of an event, or rather its lines.
func (w *jsonWriter) event(before string, e Event) {
	w.line = append(append(w.line[:0], before...), "        {"...)
	w.member("EventId", e.ID)
	w.member("EventName", e.Name)
	w.member("ReadOnly", e.ReadOnly)
	w.member("AccessKeyId", e.AccessKeyID)
	w.member("EventTime", e.Time.UTC().Format(timeLayout))
	w.member("EventSource", e.Source)
	w.member("Username", e.Username)
	w.resources(e.Resources)
	if len(e.Record) > 0 {
		w.name("CloudTrailEvent")
		w.line = result.AppendJSONString(w.line, e.Record)
	}
	w.line = append(w.line, "\n        }"...)
}

// member writes a string member on a line of its own, unless it is empty.
func (w *jsonWriter) member(name, value string) {
	if value == "" {
		return
	}
	w.name(name)
	w.line = result.AppendJSONString(w.line, value)
}

// name begins a member on a line of its own.
func (w *jsonWriter) name(name string) {
	w.comma()
	w.line = append(append(append(w.line, "\n            \""...), name...), "\": "...)
}

func (w *jsonWriter) resources(list []event.Resource) {
	w.comma()
	w.line = append(w.line, "\n            \"Resources\": ["...)
	for i, r := range list {
		if i > 0 {
			w.line = append(w.line, ',')
		}
		w.line = append(w.line, "\n                {"...)
		if r.Type != "" {
			w.line = append(w.line, "\n                    \"ResourceType\": "...)
			w.line = append(result.AppendJSONString(w.line, r.Type), ',')
		}
		w.line = append(w.line, "\n                    \"ResourceName\": "...)
		w.line = append(result.AppendJSONString(w.line, r.Name), "\n                }"...)
	}
	if len(list) > 0 {
		w.line = append(w.line, "\n            "...)
	}
	w.line = append(w.line, ']')
}

func (w *jsonWriter) comma() {
	if w.line[len(w.line)-1] != '{' {
		w.line = append(w.line, ',')
	}
}

func (w *jsonWriter) Close() error {
	end := "\n    ]\n}\n"
	if w.count == 0 {
		end = "{\n    \"Events\": []\n}\n"
	}
	if _, err := w.out.WriteString(end); err != nil {
		return err
	}
	return w.out.Flush()
}

// NewJSONLinesWriter writes each event as NewJSONWriter does, one on a line.
func NewJSONLinesWriter(w io.Writer) Writer {
	return &linesWriter{jsonWriter{out: bufio.NewWriterSize(w, writeSize)}, bytes.Buffer{}}
}

type linesWriter struct {
	jsonWriter
	compact bytes.Buffer
}

func (w *linesWriter) Write(e Event) error {
	w.event("", e)
	w.compact.Reset()
	if err := json.Compact(&w.compact, w.line); err != nil {
		return err
	}
	w.compact.WriteByte('\n')
	_, err := w.compact.WriteTo(w.out)
	return err
}

func (w *linesWriter) Close() error { return w.out.Flush() }

// NewTextWriter writes what the AWS CLI writes with --output text: for each
// event a line EVENTS with its members in alphabetical order, then a line
// RESOURCES for each resource, separated by tabs. A member that is absent is
// an empty field.
func NewTextWriter(w io.Writer) Writer { return &textWriter{bufio.NewWriterSize(w, writeSize)} }

type textWriter struct{ out *bufio.Writer }

func (w *textWriter) Write(e Event) error {
	lines := fields("EVENTS", e.AccessKeyID, string(e.Record), e.ID, e.Name, e.Source, e.Time.UTC().Format(timeLayout), e.ReadOnly, e.Username)
	for _, r := range e.Resources {
		lines += fields("RESOURCES", r.Name, r.Type)
	}
	_, err := w.out.WriteString(lines)
	return err
}

// fields makes one line. A value keeps its place even if it has a tab or a line
// break in it.
func fields(values ...string) string {
	for i, value := range values {
		values[i] = oneField(value)
	}
	return strings.Join(values, "\t") + "\n"
}

// oneField spells control characters out the way JSON does: in the record,
// which is JSON, nothing changes but characters that JSON may leave as they are.
func oneField(value string) string {
	if !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || (r >= 0x7f && r <= 0x9f) }) {
		return value
	}
	var b strings.Builder
	for _, r := range value {
		if r < ' ' || (r >= 0x7f && r <= 0x9f) {
			quoted := result.AppendJSONString(nil, string(r))
			b.Write(quoted[1 : len(quoted)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (w *textWriter) Close() error { return w.out.Flush() }

// Rows gives events as a result, for tables.
func Rows(events func() (Event, error)) result.Reader { return &rows{next: events} }

type rows struct{ next func() (Event, error) }

func (*rows) Columns() []result.Column {
	var columns []result.Column
	for _, name := range []string{"EventTime", "Username", "EventName", "EventSource", "Resources", "EventId"} {
		columns = append(columns, result.Column{Name: name, Type: "VARCHAR"})
	}
	return columns
}

func (r *rows) Next() ([]any, error) {
	e, err := r.next()
	if err != nil {
		return nil, err
	}
	return []any{e.Time.UTC().Format(time.RFC3339), orNull(e.Username), orNull(e.Name), orNull(e.Source), orNull(e.Summary()), orNull(e.ID)}, nil
}

func (*rows) Close() error { return nil }

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
