package logfile

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/event"
)

// hostile are files made to cost much for their size, by name, of about size
// bytes.
func hostile(size int) map[string]string {
	fill := func(open, piece, end string) string {
		return open + strings.Repeat(piece, size/len(piece)) + end
	}
	numbered := func(open, format, end string) string {
		b := strings.Builder{}
		b.WriteString(open)
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, format, i)
		}
		return b.String() + end
	}
	half := strings.Repeat("[", size/2)
	event := strings.TrimSuffix(rec("A"), "}")
	wrapped := event + "}"
	for len(wrapped) < size {
		wrapped = `{"message":` + quoted(wrapped) + `}`
	}
	files := hostileForms(size)
	maps.Copy(files, map[string]string{
		"unknown members":          numbered(event, `,"m%d":1`, "}"),
		"unknown, escaped members": numbered(event, `,"\u006d%d":1`, "}"),
		"one member many times":    fill(event, `,"m":1`, "}"),
		"known member many times":  fill(event, `,"eventID":1`, "}"),
		"long name":                fill(event+`,"`, "name", `":1}`),
		"long escaped name":        fill(event+`,"`, `\u006e`, `":1}`),
		"long string":              fill(event+`,"eventID":"`, "x", `"}`),
		"long escaped string":      fill(event+`,"eventID":"`, `\"`, `"}`),
		"surrogates":               fill(event+`,"eventID":"`, `\ud800`, `"}`),
		"runes":                    fill(event+`,"eventID":"`, "日", `"}`),
		"invalid UTF-8":            fill(event+`,"eventID":"`, "\xff", `"}`),
		"control characters":       fill(event+`,"eventID":"`, "\x01", `"}`),
		"long number":              fill(event+`,"eventID":`, "1", `}`),
		"long time":                fill(`{"eventName":"A","eventVersion":"1.08","eventTime":"`, "1", `"}`),
		"long version":             fill(`{"eventName":"A","eventVersion":"2.`, "0", `"}`),
		"brackets":                 fill("", "[", ""),
		"braces":                   fill("", "{", ""),
		"objects in objects":       fill("", `{"a":`, ""),
		"deep":                     event + `,"a":` + half + strings.Repeat("]", size/2) + "}",
		"deep and cut":             event + `,"a":` + half,
		"elements that open":       fill("", `[{"a":`, ""),
		"space":                    fill("{", " ", "}"),
		"space in records":         fill("", event+" , \"m\" : 1 }\n", ""),
		"blank lines":              fill(event+"}", "\n", "{}"),
		"empty objects":            fill("[", "{},", "{}]"),
		"empty objects, lines":     fill(event+"}\n", "{}\n", ""),
		"nulls":                    fill(`{"Records":[`, "null,", "1]}"),
		"empty wrappers":           fill("", `{"Records":[]}`, ""),
		"empty members":            fill(`{"Records":[]`, `,"":0`, "}"),
		"broken lines":             fill(event+"}\n", "{\"a\" 1\n", ""),
		"braces, lines":            fill(event+"}\n", "{\n", ""),
		"members that go on":       fill(event+"}\n", "{\"a\":\n", ""),
		"arrays that go on":        fill(event+"}\n", "{\"a\":[\n", ""),
		"wrappers that go on":      fill(event+"}\n", "{\"Records\":[{\"a\":\n", ""),
		"quotes, lines":            fill(event+"}\n", "{\"\n", ""),
		"broken, then one line":    event + "}\n{]\n" + fill("", "{}", ""),
		"marks":                    fill("", byteOrderMark, "{}"),
		"wrapped in wrapped":       wrapped,
		"records that are last":    fill("", `{"x":1,"Records":[`, ""),
		"held in held":             strings.Repeat(`{"x":1,"Records":[`, size/20) + strings.Repeat(`]}`, size/20),
		"details":                  strings.Repeat(`{"detail-type":"x","detail":`, size/29) + strings.Repeat(`}`, size/29),
		"tiny wrapped records":     fill(`{"x":1,"Events":[`, `{"CloudTrailEvent":"{}"},`, "null]}"),
		"version of wrapped":       `{"message":` + quoted(fill(`{"eventName":"A","eventVersion":"2.`, "0", `"}`)) + "}",
	})
	return files
}

func quoted(s string) string { return string(event.AppendQuoted(nil, []byte(s))) }

// cost is what reading a file takes: bytes decoded or searched, and bytes
// allocated.
func cost(t testing.TB, text string, source func(io.Reader) io.Reader) (work, allocated int64) {
	t.Helper()
	var before, after runtime.MemStats
	var r Reader
	runtime.ReadMemStats(&before)
	err := r.Read(t.Context(), source(strings.NewReader(text)), Visitor{
		Record: func(int64, *event.Record) error { return nil },
		Reject: func(_ int64, _ []byte, cause string) error {
			if len(cause) > 200 {
				t.Errorf("a cause of %d bytes: %.80q", len(cause), cause)
			}
			return nil
		},
	})
	runtime.ReadMemStats(&after)
	if err != nil && len(err.Error()) > 200 {
		t.Errorf("an error of %d bytes: %.80q", len(err.Error()), err)
	}
	return r.work, int64(after.TotalAlloc - before.TotalAlloc)
}

// TestCostGrowsWithSize reads hostile files, and files three times as large: that
// takes about three times the work, twice that where a buffer grows in between,
// whatever the sizes they are read by, and stays below a bound that is the same
// for all.
func TestCostGrowsWithSize(t *testing.T) {
	const size = 300 << 10
	small, large := hostile(size), hostile(3*size)
	for name, text := range large {
		for how, source := range map[string]func(io.Reader) io.Reader{
			"large reads": func(src io.Reader) io.Reader { return src },
			"small reads": func(src io.Reader) io.Reader { return &smallReads{src} },
		} {
			work1, bytes1 := cost(t, small[name], source)
			work2, bytes2 := cost(t, text, source)
			if n := int64(len(text)); work2 > workPerByte*n || bytes2 > memoryPerByte*n {
				t.Errorf("%s, %s: %d bytes cost %d decoded and %d allocated", name, how, n, work2, bytes2)
			}
			if work2 > 6*work1 || bytes2 > 6*bytes1 {
				t.Errorf("%s, %s: three times the size costs %d instead of %d bytes decoded, %d instead of %d allocated", name, how, work2, work1, bytes2, bytes1)
			}
		}
	}
}

// smallReads gives few bytes at a time.
type smallReads struct{ src io.Reader }

func (r *smallReads) Read(p []byte) (int, error) { return r.src.Read(p[:min(len(p), 16)]) }
