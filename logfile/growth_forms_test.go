package logfile

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
)

// hostileForms are hostile files in the forms of exports and messages.
func hostileForms(size int) map[string]string {
	fill := func(open, piece, end string) string {
		return open + strings.Repeat(piece, size/len(piece)) + end
	}
	const key = "- EventId: x\n  CloudTrailEvent: "
	return map[string]string{
		"CSV, cells":            fill("eventJson,x\n", ",", "\n"),
		"CSV, lines":            fill("eventJson,x\n", "\n", ""),
		"CSV, rows":             fill("eventJson,x\n", "{},\n", ""),
		"CSV, quotes":           fill("eventJson,x\n\"", `""`, ""),
		"CSV, quoted cells":     fill("eventJson,x\n", `"",`, "\n"),
		"CSV, open quotes":      fill("eventJson,x\n", "\"\n", ""),
		"CSV, long header":      fill("eventJson", ",x", "\n"),
		"YAML, keys":            fill(key, "a:\n", ""),
		"YAML, dashes":          fill(key+"'{}'\n", "- ", ""),
		"YAML, quotes":          fill(key+"'", "''", ""),
		"YAML, open quotes":     fill(key+"'{}'\n", "'\n", ""),
		"YAML, escapes":         fill(key+`"`, `\u0041`, `"`),
		"YAML, folded lines":    fill(key+`'{`, " \n", `}'`),
		"YAML, folded spaces":   fill(key+`'{`, "  x\n", `}'`),
		"YAML, comments":        fill(key+"'{}'\n", "#\n", ""),
		"text, tabs":            fill("EVENTS\t", "\t", "\n"),
		"text, lines":           fill("", "EVENTS\t\n", ""),
		"text, resources":       fill("", "RESOURCES\t\n", ""),
		"times":                 fill("", "2026-01-11T00:00:00Z {}\n", ""),
		"times without events":  fill("2026-01-11T00:00:00Z "+rec("A")+"\n", "2026-01-11T00:00:00Z x\n", ""),
		"strings":               fill("[", `"{}",`, "null]"),
		"open strings":          fill("[", `"[",`, "null]"),
		"string of strings":     `["` + strings.Repeat(`[`, size) + `"]`,
		"rows":                  fill(`{"QueryResultRows":[`, `[{"a":1}],`, "null]}"),
		"row of cells":          fill(`{"QueryResultRows":[[`, `{"a":1},`, "{}]]}"),
		"row of brackets":       fill(`{"QueryResultRows":[`, `[`, ""),
		"hits in hits":          fill("", `{"hits":`, ""),
		"documents":             fill("", `{"_source":{"message":"{}"}}`, ""),
		"documents in document": strings.Repeat(`{"_source":{"message":1,"event":`, size/32) + "1" + strings.Repeat("}}", size/32),
		"data":                  fill(`{"x":1,"records":[`, `{"data":"e30="},`, "null]}"),
		"tiny messages":         fill(`{"x":1,"records":[`, `{"data":"`+packed("{}")+`"},`, "null]}"),
	}
}

// packed is a message as streams carry it.
func packed(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text)) // a buffer takes all
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// TestMessageBombs checks that messages cannot grow without bound: neither one
// of them, nor many together.
func TestMessageBombs(t *testing.T) {
	spaces := func(n int) string { return `{"data":"` + packed(strings.Repeat(" ", n)+"{}") + `"}` }
	var r Reader
	for _, c := range []struct{ in, cause string }{
		{spaces(MaxRecord), "a message longer than 16 MiB"},
		{strings.Repeat(spaces(MaxRecord/2), 20), "decompression bomb in a message"},
		{`{"data":"` + packed("{}")[:24] + `"}`, "truncated gzip in a message"},
		{`{"data":"H4sI"}`, "corrupt gzip in a message"},
		{`{"data":"85qJwg=="}`, "data is not JSON"},
		{`{"data":"84mawgo="}`, "record of the Kinesis Producer Library"},
	} {
		got, _, err := visits(t, &r, strings.NewReader(c.in))
		if err != nil || !strings.Contains(strings.Join(got, ", "), c.cause) {
			t.Errorf("visited %.200q, %v, want %q", got, err, c.cause)
		}
	}
}
