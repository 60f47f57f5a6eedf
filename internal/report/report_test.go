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
	"github.com/cerpac/trailkeeper/internal/terminal"
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
	count, err := Write(&out, &g, Options{Format: format, Width: width})
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
			"who    calls  error     at                    request     ro\n" +
			"-----  -----  --------  --------------------  ----------  -----\n" +
			"alice     12            2026-01-11T10:00:00Z  {\"n\":1.10}  true\n" +
			"NULL      -3  a,b\\nc\"d                                    false\n",
		Line: "" +
			"who     = alice\n" +
			"calls   = 12\n" +
			"error   =\n" +
			"at      = 2026-01-11T10:00:00Z\n" +
			"request = {\"n\":1.10}\n" +
			"ro      = true\n" +
			"\n" +
			"who     = NULL\n" +
			"calls   = -3\n" +
			"error   = a,b\\nc\"d\n" +
			"at      =\n" +
			"request =\n" +
			"ro      = false\n",
		Markdown: "" +
			"| who | calls | error | at | request | ro |\n" +
			"| --- | ---: | --- | --- | --- | --- |\n" +
			"| alice | 12 |  | 2026-01-11T10:00:00Z | {\"n\":1.10} | true |\n" +
			"| NULL | -3 | a,b\\\\nc\"d |  |  | false |\n",
		CSV: "" +
			"who,calls,error,at,request,ro\n" +
			"alice,12,,2026-01-11T10:00:00Z,\"{\"\"n\"\":1.10}\",true\n" +
			"NULL,-3,\"a,b\nc\"\"d\",,,false\n",
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
		Table:    "a  b\n-  -\n",
		Line:     "",
		Markdown: "| a | b |\n| --- | --- |\n",
		CSV:      "a,b\n",
		JSON:     "[]\n",
		JSONL:    "",
	} {
		if got := render(t, format, given{columns: columns("a", "b")}, 80); got != want {
			t.Errorf("%s = %q, want %q", format, got, want)
		}
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := Write(io.Discard, &given{}, Options{Format: "xml"}); err == nil {
		t.Error("xml was accepted")
	}
}

func TestErrorsAreTold(t *testing.T) {
	broken := errors.New("disk gone")
	for _, format := range RowFormats() {
		var out bytes.Buffer
		count, err := Write(&out, &given{columns: columns("a"), rows: [][]any{{"first"}}, err: broken}, Options{Format: format})
		if !errors.Is(err, broken) {
			t.Errorf("%s: error = %v after %d rows", format, err, count)
		}
		if format == JSON && json.Valid(out.Bytes()) {
			t.Errorf("the incomplete JSON looks complete: %s", out.String())
		}
		if _, err := Write(full{}, &given{columns: columns("a"), rows: [][]any{{"first"}}}, Options{Format: format}); err == nil {
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
			if got := terminal.TextWidth(strings.TrimRight(line, "\n")); got > width {
				t.Errorf("width %d: a line of %d columns: %q", width, got, line)
			}
		}
	}
}

// Without a terminal there is no width to fit, and nobody wants a document of
// a thousand lines in a table.
func TestWideValuesInAPipe(t *testing.T) {
	long := strings.Repeat("x", 5000)
	row := [][]any{{long, int64(1), long}}
	cut := strings.Repeat("x", widestInPipe-1) + "…"
	if got := render(t, Table, given{columns: columns("a", "n", "b"), rows: row}, 0); !strings.HasSuffix(got, "\n"+cut+"  1  "+cut+"\n") {
		t.Errorf("in a pipe:\n%s", got)
	}
	for _, width := range []int{0, 40} {
		var out bytes.Buffer
		_, err := Write(&out, result.Of(columns("a", "n", "b"), row...), Options{Format: Table, Width: width, Full: true})
		if err != nil || !strings.HasSuffix(out.String(), "\n"+long+"  1  "+long+"\n") {
			t.Errorf("whole, in a width of %d: %v\n%s", width, err, out.String())
		}
	}
	if got := render(t, Line, given{columns: columns("a"), rows: [][]any{{long}}}, 40); got != "a = "+long+"\n" {
		t.Errorf("as a line:\n%s", got)
	}
}

func TestCRLF(t *testing.T) {
	var out bytes.Buffer
	_, err := Write(&out, result.Of(columns("a", "b"), []any{"x\ny", int64(1)}), Options{Format: CSV, CRLF: true})
	if err != nil || out.String() != "a,b\r\n\"x\ny\",1\r\n" {
		t.Errorf("%v, %q", err, out.String())
	}
}

// Markdown shows the text as it is: nothing ends the cell, formats or links.
func TestMarkdownText(t *testing.T) {
	for in, want := range map[string]string{
		"plain text, 1.5":          "plain text, 1.5",
		"a|b":                      `a\|b`,
		"line\nbreak":              `line\\nbreak`,
		`a\|b`:                     `a\\\|b`,
		"<img src=x>":              `\<img src=x\>`,
		"![x](http://e) `c` *b*":   "!\\[x\\](http://e) \\`c\\` \\*b\\*",
		"snake_case _it_ ~~x~~":    `snake_case \_it\_ \~\~x\~\~`,
		"&lt;\u202e\x1b[1m|\u2028": `\&lt;\\u202e\\x1b\[1m\|\\u2028`,
	} {
		got := render(t, Markdown, given{columns: columns("c"), rows: [][]any{{in}}}, 0)
		if got != "| c |\n| --- |\n| "+want+" |\n" {
			t.Errorf("%q is written as %q, want %q", in, got, want)
		}
	}
}

// Text for people has a line for each row or value, whatever is in it.
func FuzzTextForPeople(f *testing.F) {
	f.Add("name", "value \x1b\r\n|\u2028\u202e\xff")
	f.Fuzz(func(t *testing.T, name, value string) {
		for format, lines := range map[Format]int{Table: 4, Line: 5, Markdown: 4} {
			got := render(t, format, given{columns: columns(name, "b"), rows: [][]any{{value, nil}, {int64(1), value}}}, 0)
			if strings.Count(got, "\n") != lines {
				t.Errorf("%s of %q and %q has not %d lines: %q", format, name, value, lines, got)
			}
			for _, r := range got {
				if r != '\n' && !unicode.IsPrint(r) {
					t.Errorf("%s of %q and %q has %U", format, name, value, r)
				}
			}
		}
	})
}

func TestTooManyColumnsBecomeLists(t *testing.T) {
	g := given{columns: columns("event_name", "user", "account_id"), rows: [][]any{
		{"CreateUser", nil, "111122223333"}, {"DeleteUser", "bob", "1"},
	}}
	want := "" +
		"event_name = Create…\n" +
		"user       =\n" +
		"account_id = 111122…\n" +
		"\n" +
		"event_name = Delete…\n" +
		"user       = bob\n" +
		"account_id = 1\n" +
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

func TestSpreadsheetSafeCSV(t *testing.T) {
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
		got := strings.TrimSuffix(strings.TrimPrefix(safeCSV(t, g), "v,w\n"), ",1\n")
		if got != want {
			t.Errorf("%q is written as %q, want %q", value, got, want)
		}
	}
	header := safeCSV(t, given{columns: columns("=cmd()", "a,b")})
	if header != "'=cmd(),\"a,b\"\n" {
		t.Errorf("header = %q", header)
	}
}

func safeCSV(t *testing.T, g given) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := Write(&out, &g, Options{Format: CSV, SpreadsheetSafe: true}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Any CSV reader gets the values back as they are.
func FuzzCSV(f *testing.F) {
	f.Add("a", "b,\"c\"\n")
	f.Add("=1", "\r\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.Contains(a+b, "\r") || !utf8.ValidString(a+b) {
			t.Skip("encoding/csv folds CR LF inside of fields")
		}
		var out bytes.Buffer
		if _, err := Write(&out, &given{columns: columns("a", "b"), rows: [][]any{{a, b}, {b, nil}}}, Options{Format: CSV}); err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatalf("%v\n%q", err, out.String())
		}
		want := [][]string{{"a", "b"}, {a, b}, {b, ""}}
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
		if _, err := Write(&out, &g, Options{Format: JSONL}); err != nil {
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
