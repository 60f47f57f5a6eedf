package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/internal/result"
)

// given is a result held in memory.
type given struct {
	columns []result.Column
	rows    [][]any
	err     error // instead of io.EOF
}

func (g *given) Columns() []result.Column { return g.columns }
func (g *given) Close() error             { return nil }
func (g *given) Next() ([]any, error) {
	if len(g.rows) == 0 {
		if g.err != nil {
			return nil, g.err
		}
		return nil, io.EOF
	}
	row := g.rows[0]
	g.rows = g.rows[1:]
	return row, nil
}

func columns(names ...string) (list []result.Column) {
	for _, name := range names {
		list = append(list, result.Column{Name: name})
	}
	return list
}

func render(t *testing.T, format Format, g given, width int) string {
	t.Helper()
	var out bytes.Buffer
	rows := int64(len(g.rows))
	count, err := Write(&out, format, &g, width)
	if err != nil || count != rows {
		t.Fatalf("Write = %d, %v, want %d rows", count, err, rows)
	}
	return out.String()
}

func sampleRow() []any {
	return []any{"alice", int64(12), nil, result.Timestamp{Time: time.Date(2026, 1, 11, 10, 0, 0, 0, time.UTC)}, result.JSON(`{"n":1.10}`), true}
}

func TestFormats(t *testing.T) {
	g := given{columns: columns("who", "calls", "error", "at", "request", "ro"), rows: [][]any{
		sampleRow(),
		{"NULL", int64(-3), "a,b\nc\"d", nil, nil, false},
	}}
	for format, want := range map[Format]string{
		Table: "" +
			"who     calls  error     at                    request     ro\n" +
			"------  -----  --------  --------------------  ----------  -----\n" +
			"alice      12  NULL      2026-01-11T10:00:00Z  {\"n\":1.10}  true\n" +
			"\"NULL\"     -3  a,b\\nc\"d  NULL                  NULL        false\n",
		CSV: "" +
			"who,calls,error,at,request,ro\r\n" +
			"alice,12,,2026-01-11T10:00:00Z,\"{\"\"n\"\":1.10}\",true\r\n" +
			"NULL,-3,\"a,b\nc\"\"d\",,,false\r\n",
		JSON: "[\n" +
			`  {"who":"alice","calls":12,"error":null,"at":"2026-01-11T10:00:00Z","request":{"n":1.10},"ro":true},` + "\n" +
			`  {"who":"NULL","calls":-3,"error":"a,b\nc\"d","at":null,"request":null,"ro":false}` + "\n]\n",
		JSONL: `{"who":"alice","calls":12,"error":null,"at":"2026-01-11T10:00:00Z","request":{"n":1.10},"ro":true}` + "\n" +
			`{"who":"NULL","calls":-3,"error":"a,b\nc\"d","at":null,"request":null,"ro":false}` + "\n",
	} {
		if diff := cmp.Diff(want, render(t, format, g, 0)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", format, diff)
		}
	}
}

func TestEmptyResult(t *testing.T) {
	for format, want := range map[Format]string{
		Table: "a  b\n-  -\n",
		CSV:   "a,b\r\n",
		JSON:  "[]\n",
		JSONL: "",
	} {
		if got := render(t, format, given{columns: columns("a", "b")}, 80); got != want {
			t.Errorf("%s = %q, want %q", format, got, want)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := Write(io.Discard, "xml", &given{}, 0); err == nil {
		t.Error("xml was accepted")
	}
}

func TestErrorsAreTold(t *testing.T) {
	broken := errors.New("disk gone")
	for _, format := range []Format{Table, CSV, JSON, JSONL} {
		var out bytes.Buffer
		count, err := Write(&out, format, &given{columns: columns("a"), rows: [][]any{{"first"}}, err: broken}, 0)
		if !errors.Is(err, broken) {
			t.Errorf("%s: error = %v after %d rows", format, err, count)
		}
		if format == JSON && json.Valid(out.Bytes()) {
			t.Errorf("the incomplete JSON looks complete: %s", out.String())
		}
		if _, err := Write(full{}, format, &given{columns: columns("a"), rows: [][]any{{"first"}}}, 0); err == nil {
			t.Errorf("%s: a full disk is not told", format)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestTableFitsTheTerminal(t *testing.T) {
	long := strings.Repeat("x", 300)
	g := given{columns: columns("id", "short", "json"), rows: [][]any{
		{int64(1), "abc", long},
		{int64(22), "日本語の名前", "é" + long},
	}}
	want := "" +
		"id  short         json\n" +
		"--  ------------  ----------------------\n" +
		" 1  abc           xxxxxxxxxxxxxxxxxxxxx…\n" +
		"22  日本語の名前  éxxxxxxxxxxxxxxxxxxxx…\n" // 40 columns
	if diff := cmp.Diff(want, render(t, Table, g, 40)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, width := range []int{20, 25, 40, 80, 120, 400} {
		for line := range strings.Lines(render(t, Table, g, width)) {
			if got := textWidth(strings.TrimRight(line, "\n")); got > width {
				t.Errorf("width %d: a line of %d columns: %q", width, got, line)
			}
		}
	}
}

func TestTooManyColumnsBecomeLists(t *testing.T) {
	g := given{columns: columns("event_name", "user", "account_id"), rows: [][]any{
		{"CreateUser", nil, "111122223333"}, {"DeleteUser", "bob", "1"},
	}}
	want := "" +
		"event_name  CreateU…\n" +
		"user        NULL\n" +
		"account_id  1111222…\n" +
		"\n" +
		"event_name  DeleteU…\n" +
		"user        bob\n" +
		"account_id  1\n" +
		"\n"
	if diff := cmp.Diff(want, render(t, Table, g, 20)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestTableGoesOnAfterTheSample(t *testing.T) {
	g := given{columns: columns("n")}
	for i := range sampleRows + 50 {
		g.rows = append(g.rows, []any{int64(i)})
	}
	if got := strings.Count(render(t, Table, g, 0), "\n"); got != sampleRows+52 {
		t.Errorf("%d lines, want %d", got, sampleRows+52)
	}
}

// What a terminal, an editor or a person would be misled by.
func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain text":                    "plain text",
		"tab\tline\nreturn\r":           `tab\tline\nreturn\r`,
		"\x1b[2J\x1b]0;title\x07":       `\x1b[2J\x1b]0;title\x07`,
		"\u009b31mred":                  `\u009b31mred`,
		"\x7f\x00":                      `\x7f\x00`,
		"user\u202egnp.exe":             `user\u202egnp.exe`,
		"zero\u200bwidth\u2066":         `zero\u200bwidth\u2066`,
		"no\u00a0break":                 `no\u00a0break`,
		"bad \xff\xfe utf-8":            `bad \xff\xfe utf-8`,
		"日本 é 🙂":                        "日本 é 🙂",
		"tag \U000e0041 private \ue000": `tag \U000e0041 private \ue000`,
	} {
		if got := Visible(in); got != want {
			t.Errorf("Visible(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzVisible(f *testing.F) {
	f.Add("plain")
	f.Add("\x1b[0m \u202e \xff")
	f.Fuzz(func(t *testing.T, s string) {
		visible := Visible(s)
		for _, r := range visible {
			if !unicode.IsPrint(r) {
				t.Fatalf("Visible(%q) = %q has %U", s, visible, r)
			}
		}
		for limit := range 12 {
			if w := textWidth(truncate(visible, limit)); w > max(limit, 1) {
				t.Fatalf("truncate(%q, %d) is %d wide", visible, limit, w)
			}
		}
	})
}

func TestCSVCannotSmuggleFormulas(t *testing.T) {
	for value, want := range map[any]string{
		`=HYPERLINK("http://x","y")`: `"'=HYPERLINK(""http://x"",""y"")"`,
		"=1+1":                       "'=1+1",
		"+1+1":                       "'+1+1",
		"-2+3+cmd|' /C calc'!A0":     "'-2+3+cmd|' /C calc'!A0",
		"@SUM(A1)":                   "'@SUM(A1)",
		"\t=1":                       "'\t=1",
		"\r=1":                       "\"'\r=1\"",
		"＝1+1":                       "'＝1+1",
		"-":                          "'-",
		"-12.5":                      "-12.5",
		"+44":                        "+44",
		"-1e-5":                      "-1e-5",
		"+44 20 7946":                "'+44 20 7946",
		"a=b":                        "a=b",
		" padded ":                   `" padded "`,
		int64(-5):                    "-5",
		math.Inf(-1):                 "'-Infinity",
		result.JSON("-5"):            "-5",
	} {
		g := given{columns: columns("v", "w"), rows: [][]any{{value, int64(1)}}}
		got := strings.TrimSuffix(strings.TrimPrefix(render(t, CSV, g, 0), "v,w\r\n"), ",1\r\n")
		if got != want {
			t.Errorf("%q is written as %q, want %q", value, got, want)
		}
	}
	header := render(t, CSV, given{columns: columns("=cmd()", "a,b")}, 0)
	if header != "'=cmd(),\"a,b\"\r\n" {
		t.Errorf("header = %q", header)
	}
}

// Any CSV reader gets the values back, but for the apostrophe.
func FuzzCSV(f *testing.F) {
	f.Add("a", "b,\"c\"\n")
	f.Add("=1", "\r\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.Contains(a+b, "\r") || !utf8.ValidString(a+b) {
			t.Skip("encoding/csv folds CR LF inside of fields")
		}
		var out bytes.Buffer
		if _, err := Write(&out, CSV, &given{columns: columns("a", "b"), rows: [][]any{{a, b}, {b, nil}}}, 0); err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatalf("%v\n%q", err, out.String())
		}
		want := [][]string{{"a", "b"}, {inert(a), inert(b)}, {inert(b), ""}}
		if diff := cmp.Diff(want, records); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	})
}

func TestRepeatedNamesAreKept(t *testing.T) {
	g := given{columns: columns("a", "a", "a_2", "a"), rows: [][]any{{int64(1), int64(2), int64(3), int64(4)}}}
	if got, want := render(t, JSONL, g, 0), `{"a":1,"a_3":2,"a_2":3,"a_4":4}`+"\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestJSONIsOneLineAndInert(t *testing.T) {
	raw := result.JSON("{\n  \"a\": \"x\u009b\x7f\\\\\\\"\t\",\r\n\t\"b\" : 1.50 }")
	g := given{columns: columns("v"), rows: [][]any{{raw}, {"line\nbreak\u2028\u0085"}}}
	want := `{"v":{  "a": "x\u009b\u007f\\\"","b" : 1.50 }}` + "\n" + `{"v":"line\nbreak\u2028\u0085"}` + "\n"
	if diff := cmp.Diff(want, render(t, JSONL, g, 0)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Whatever is in a row, every line of JSONL is JSON with the same strings.
func FuzzJSONLines(f *testing.F) {
	f.Add("name", "value \x1b \"")
	f.Fuzz(func(t *testing.T, name, value string) {
		nested, _ := json.Marshal(value)
		g := given{columns: columns(name, name+"2"), rows: [][]any{{value, result.JSON(nested)}}}
		var out bytes.Buffer
		if _, err := Write(&out, JSONL, &g, 0); err != nil {
			t.Fatal(err)
		}
		if bytes.Count(out.Bytes(), []byte("\n")) != 1 {
			t.Fatalf("more than one line: %q", out.String())
		}
		var got map[string]string
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatalf("%v: %q", err, out.String())
		}
		valid := strings.ToValidUTF8(name, "\ufffd")
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return // each invalid byte becomes U+FFFD
		}
		if got[valid] != value || got[valid+"2"] != value {
			t.Errorf("%q became %q", value, fmt.Sprint(got))
		}
	})
}
