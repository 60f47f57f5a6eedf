package logfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"

	"github.com/cerpac/trailkeeper/event"
	"github.com/cerpac/trailkeeper/unpack"
)

// seen is what a reading visited, in a form easy to compare: "N" for a record
// of that eventName, "!cause" for a rejected piece.
func seen(t testing.TB, src io.Reader) ([]string, error) {
	t.Helper()
	var out []string
	err := read(src, Visitor{
		Record: func(_ int64, rec *event.Record) error {
			out = append(out, string(rec.Text(event.EventName)))
			return nil
		},
		Reject: func(_ int64, _ []byte, cause string) error {
			out = append(out, "!"+cause)
			return nil
		},
		Skip: func(_ int64, reason string) { out = append(out, "-"+reason) },
	})
	return out, err
}

// read reads a file that may be compressed.
func read(src io.Reader, visit Visitor) error {
	var files unpack.Walker
	var r Reader
	return files.Walk(context.Background(), src, func(_ string, text io.Reader) error { return r.Read(context.Background(), text, visit) })
}

func zip(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func rec(name string) string {
	return `{"eventVersion":"1.08","eventTime":"2026-01-11T00:00:00Z","eventName":"` + name + `"}`
}

func TestForms(t *testing.T) {
	quoted := func(s string) string { return string(event.AppendQuoted(nil, []byte(s))) }
	a, b, c := rec("A"), rec("B"), rec("C")
	pretty := strings.ReplaceAll(strings.ReplaceAll(a, ",", ",\n  "), ":", " : ")
	envelope := func(s string) string {
		return `{"version":"0","id":"x","detail-type":"AWS API Call via CloudTrail","resources":[],"detail":` + s + `}`
	}
	for _, c := range []struct{ name, in, want string }{
		{"delivered", `{"Records":[` + a + `,` + b + `]}`, "A B"},
		{"delivered, pretty", "\ufeff{\n \"Records\" : [\n " + pretty + " ,\n " + b + " ]\n}\n", "A B"},
		{"byte order marks between files", "\ufeff" + a + "\r\n\ufeff" + b + "\ufeff\ufeff{\"Records\":[" + c + "]}\ufeff", "A B C"},
		{"no records", `{"Records":[]}`, ""},
		{"other members around", `{"Records":[` + a + `],"x":{"y":[1]},"z":2}`, "A"},
		{"records not first", `{"x":1,"Records":[` + a + `,null,` + b + `]}`, "A !record is null B"},
		{"bare array", `[` + a + `, ` + b + `]`, "A B"},
		{"lines", a + "\n" + b + "\n\n" + c + "\n", "A B C"},
		{"lines of files", `{"Records":[` + a + `]}` + "\n" + `{"Records":[` + b + `,` + c + `]}`, "A B C"},
		{"concatenated", a + b, "A B"},
		{"single", pretty, "A"},
		{"lookup-events", `{"Events":[{"EventId":"1","CloudTrailEvent":` + quoted(a) + `},{"EventId":"2","CloudTrailEvent":` + quoted(b) + `}],"NextToken":"x"}`, "A B"},
		{"lookup-events, token first", `{"NextToken":"x","Events":[{"CloudTrailEvent":` + quoted(a) + `}]}`, "A"},
		{"one looked up", `{"EventId":"1","CloudTrailEvent":` + quoted(pretty) + `}`, "A"},
		{"EventBridge", envelope(a), "A"},
		{"EventBridge lines", envelope(a) + "\n" + envelope(b), "A B"},
		{"EventBridge array", `[` + envelope(a) + `,` + envelope(b) + `]`, "A B"},
		{"filter-log-events", `{"events":[{"logStreamName":"s","eventId":"3","timestamp":1,"message":` + quoted(a) + `}]}`, "A"},
		{"log subscription", `{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1","message":` + quoted(a) + `}]}`, "A"},
		{"aggregated", `[{"eventVersion":"1.0","accountId":"1","eventId":"x","eventCategory":"Aggregated"}]`, ""},
		{"odd elements", `{"Records":[null,1,"x",[` + a + `],{},` + a + `]}`, "!record is null !record is not a JSON object !record is not a JSON object !record is not a JSON object !not a CloudTrail record A"},
		{"S3 notification", `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventTime":"2026-01-11T00:00:00Z"}]}`, "-S3 notification, which names objects and holds no events"},
		{"event of a function", `{"Records":[{"eventVersion":"1.1","eventSource":"aws:dynamodb","eventName":"INSERT"}]}`, `!eventSource "aws:dynamodb" is not CloudTrail's`},
		{"invalid UTF-8", `{"Records":[` + a + `,` + rec("\xff") + `,` + b + `]}`, "A !invalid UTF-8 B"},
		{"broken line", a + "\n{\"eventVersion\":\n" + b + "\n" + `{"x" 1}` + "\n" + c, "A !unexpected '{' after a member name at byte 98 B !unexpected '1' after a member name at byte 181 C"},
		{"bad wrapped text", `{"Events":[{"CloudTrailEvent":"{} x"},{"CloudTrailEvent":"no"},{"CloudTrailEvent":"{}"}]}`, "!not a CloudTrail record !unexpected 'x' where a record should start !wrapped text is not JSON !not a CloudTrail record"},
	} {
		for kind, text := range map[string]string{"plain": c.in, "gzip": zip(t, c.in), "members": zip(t, c.in[:len(c.in)/2]) + zip(t, c.in[len(c.in)/2:])} {
			got, err := seen(t, iotest.HalfReader(strings.NewReader(text)))
			if joined := strings.TrimSpace(strings.Join(got, " ")); err != nil || joined != c.want && c.name != "broken line" {
				t.Errorf("%s, %s: visited %q, %v, want %q", c.name, kind, joined, err, c.want)
			}
		}
	}
}

func TestBrokenLines(t *testing.T) {
	got, err := seen(t, strings.NewReader(rec("A")+"\n{\"eventVersion\"\n"+rec("B")+"\n{\"x\" 1}\n"+rec("C")))
	if err != nil || len(got) != 5 || got[0] != "A" || got[2] != "B" || got[4] != "C" {
		t.Errorf("visited %q, %v, want A, B and C with a rejected line between", got, err)
	}
}

func TestFaults(t *testing.T) {
	whole := `{"Records":[` + rec("A") + `,` + rec("B") + `]}`
	zipped := zip(t, whole)
	flipped := []byte(zipped)
	flipped[len(flipped)-6] ^= 1 // inside the checksum
	for _, c := range []struct {
		name, in, visited, cause string
	}{
		{"empty", "", "", "empty file at byte 0"},
		{"only space", " \n", "", "empty file at byte 0"},
		{"cut text", whole[:len(whole)-10], "A", "truncated: the file ends inside a value"},
		{"cut in a cut list", whole[:len(whole)-2], "A B", "truncated: the file ends inside a value"},
		{"cut gzip", zipped[:len(zipped)-12], "", "truncated gzip"},
		{"gzip without its trailer", zipped[:len(zipped)-8], "A B", "truncated gzip"},
		{"checksum", string(flipped), "A B", "gzip checksum mismatch"},
		{"trailing bytes", zipped + "\x00\x00", "A B", "trailing bytes after the gzip stream"},
		{"trailing text", whole + "x", "A B", `unexpected 'x' where a record should start`},
		{"gzip of nothing", "\x1f\x8b", "", "truncated gzip"},
		{"bad method", "\x1f\x8b\x07\x00\x00\x00\x00\x00\x00\x00", "", "corrupt gzip"},
		{"bomb", zip(t, strings.Repeat(" ", 96<<20)), "", "gzip bomb"},
		{"endless value", `{"Records":[{"a":"` + strings.Repeat("x", MaxRecord), "", "truncated: the file ends inside a value at byte 12"},
	} {
		got, err := seen(t, strings.NewReader(c.in))
		var fault *FaultError
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), c.cause) || fault.Err != nil {
			t.Errorf("%s: %v, want a fault %q", c.name, err, c.cause)
		}
		if !strings.HasPrefix(strings.Join(got, " "), c.visited) {
			t.Errorf("%s: visited %q, want %q first", c.name, got, c.visited)
		}
	}
}

func TestForeign(t *testing.T) {
	for in, what := range map[string]string{
		"hello":                 "not JSON",
		"<!DOCTYPE html><html>": "not JSON but an HTML page: fetch the log file itself",
		"<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code></Error>": "not JSON but an error message of S3: fetch the log file again",
		"<?xml version=\"1.0\"?>\n<a/>":                                     "not JSON but XML: export the events as JSON",
		`{"awsAccountId":"1","digestStartTime":"x","logFiles":[]}`:          "digest file",
		`{"foo":[1,2]}`:          "JSON without CloudTrail records",
		`[{"foo":1},{"foo":2}]`:  "JSON without CloudTrail records",
		`{"eventName":"lonely"}`: "JSON without CloudTrail records",
	} {
		_, err := seen(t, strings.NewReader(in))
		var foreign *ForeignError
		if !errors.As(err, &foreign) || foreign.What != what {
			t.Errorf("%q: %v, want foreign: %s", in, err, what)
		}
	}
}

func TestReadingStops(t *testing.T) {
	gone := errors.New("connection reset")
	whole := zip(t, `{"Records":[`+rec("A")+`]}`)
	for _, text := range []string{"", whole[:1], whole[:len(whole)/2], `{"Records":[` + rec("A")} {
		_, err := seen(t, io.MultiReader(strings.NewReader(text), iotest.ErrReader(gone)))
		var fault *FaultError
		if !errors.As(err, &fault) || !errors.Is(err, gone) {
			t.Errorf("after %q: %v, want a fault that wraps %v", text, err, gone)
		}
	}
}

func TestVisitorErrorsEndReading(t *testing.T) {
	stop := errors.New("stop")
	var r Reader
	for _, in := range []string{rec("A"), `{"Records":[null]}`, "{\"x\"\n" + rec("A")} {
		err := r.Read(t.Context(), strings.NewReader(in), Visitor{
			Record: func(int64, *event.Record) error { return stop },
			Reject: func(int64, []byte, string) error { return stop },
		})
		if !errors.Is(err, stop) {
			t.Errorf("%s: %v, want the visitor's error", in, err)
		}
	}
}

// TestFaultOffset checks that a fault of the compression points behind all that
// could be read.
func TestFaultOffset(t *testing.T) {
	whole := zip(t, `{"Records":[`+rec("A")+`,`+rec("B")+`]}`)
	got, err := seen(t, strings.NewReader(whole[:len(whole)-8]))
	var fault *FaultError
	if want := int64(len(`{"Records":[` + rec("A") + `,` + rec("B") + `]}`)); !errors.As(err, &fault) || fault.Offset != want || len(got) != 2 {
		t.Errorf("visited %q, %v, want both records and a fault at byte %d", got, err, want)
	}
}

// TestOffsets holds each offset against the text it points to.
func TestOffsets(t *testing.T) {
	var text strings.Builder
	text.WriteString(`{"Records":[`)
	for i := range 5000 {
		fmt.Fprintf(&text, "%s%s", map[bool]string{true: ", "}[i > 0], rec(fmt.Sprint(i)))
	}
	text.WriteString("]}")
	var r Reader
	count := 0
	err := r.Read(t.Context(), strings.NewReader(text.String()), Visitor{
		Record: func(at int64, rec *event.Record) error {
			if !strings.HasPrefix(text.String()[at:], string(rec.Raw())) {
				t.Fatalf("record %d is not at byte %d", count, at)
			}
			count++
			return nil
		},
		Reject: func(_ int64, _ []byte, cause string) error { return errors.New(cause) },
	})
	if plain := r.Bytes(); err != nil || count != 5000 || plain != int64(text.Len()) {
		t.Errorf("visited %d records, %d bytes, %v", count, plain, err)
	}
}

// FuzzRead checks that reading is the same whatever the sizes it reads by, and
// compressed or not.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{"Records":[` + rec("A") + `]}`, rec("A") + "\n{\n" + rec("B"), `[null,` + rec("A"), `{"Events":[{"CloudTrailEvent":"{}"}]}`, "x"} {
		f.Add(seed)
	}
	for _, form := range formFiles(f) {
		f.Add(form.in)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.HasPrefix(text, "\x1f\x8b") {
			return
		}
		want, wantErr := seen(t, strings.NewReader(text))
		for name, src := range map[string]io.Reader{
			"one byte at a time": iotest.OneByteReader(strings.NewReader(text)),
			"compressed":         iotest.DataErrReader(strings.NewReader(zip(t, text))),
		} {
			got, err := seen(t, src)
			if fmt.Sprint(got, err) != fmt.Sprint(want, wantErr) {
				t.Fatalf("%s: %q, %v, at once: %q, %v", name, got, err, want, wantErr)
			}
		}
	})
}
