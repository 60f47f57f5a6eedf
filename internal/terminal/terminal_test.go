package terminal

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// What a terminal, an editor or a person would be misled by.
func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain text":                    "plain text",
		"tab\tline\nreturn\r":           `tab\tline\nreturn\r`,
		"\x1b[2J\x1b]0;title\x07":       `\x1b[2J\x1b]0;title\x07`,
		"\u009b31mred":                  `\u009b31mred`,
		"\x7f\x00":                      `\u007f\x00`,
		"user\u202egnp.exe":             `user\u202egnp.exe`,
		"zero\u200bwidth\u2066":         `zero\u200bwidth\u2066`,
		"no\u00a0break":                 `no\u00a0break`,
		"bad \xff\xfe utf-8":            `bad \xff\xfe utf-8`,
		"日本 é 🙂":                        "日本 é 🙂",
		"tag \U000e0041 private \ue000": `tag \udb40\udc41 private \ue000`,
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
			if w := TextWidth(Truncate(visible, limit)); w > limit {
				t.Fatalf("truncate(%q, %d) is %d wide", visible, limit, w)
			}
		}
	})
}

// written is what a Writer writes when s comes in pieces.
func written(t *testing.T, s string, pieces *rand.Rand) string {
	t.Helper()
	var screen bytes.Buffer
	w := NewWriter(&screen)
	for len(s) > 0 {
		n := 1 + pieces.IntN(min(len(s), 5))
		if got, err := w.Write([]byte(s[:n])); got != n || err != nil {
			t.Fatalf("Write = %d, %v, want %d", got, err, n)
		}
		s = s[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return screen.String()
}

func TestWriter(t *testing.T) {
	pieces := rand.New(rand.NewPCG(1, 2))
	for in, want := range map[string]string{
		"a\tb\nc":                   "a\tb\nc",
		"over\rwritten\r\n":         "over\\rwritten\\r\n",
		"\x1b[2J\x07\u009b\u202e":   `\x1b[2J\x07\u009b\u202e`,
		"日本 é 🙂\n":                  "日本 é 🙂\n",
		"cut \xe6\x97":              `cut \xe6\x97`,
		"bad \xf0\x28 \x80 and on":  `bad \xf0( \x80 and on`,
		"separators \u2028 \u2029 ": `separators \u2028 \u2029 `,
	} {
		for range 20 {
			if got := written(t, in, pieces); got != want {
				t.Fatalf("%q is shown as %q, want %q", in, got, want)
			}
		}
	}
}

// However text comes in pieces, no control character but line ends and tabs gets
// through, nothing printing is changed, and JSON keeps its meaning.
func FuzzWriter(f *testing.F) {
	f.Add("plain\n", uint64(1))
	f.Add("\x1b]0;x\x07\u009b\u202e\u200b\u2066\u061c\xff\xe6\x97", uint64(2))
	f.Add("{\"a\": \"\x7f\u0085\u202e\U000e0041\"}", uint64(3))
	f.Fuzz(func(t *testing.T, s string, seed uint64) {
		got := written(t, s, rand.New(rand.NewPCG(seed, 0)))
		for _, r := range got {
			if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
				t.Fatalf("%q is shown as %q with %U", s, got, r)
			}
		}
		if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 && utf8.ValidString(s) && got != s {
			t.Fatalf("%q is shown as %q", s, got)
		}
		var want, have any
		if utf8.ValidString(s) && !strings.Contains(s, "\r") && json.Unmarshal([]byte(s), &want) == nil {
			if err := json.Unmarshal([]byte(got), &have); err != nil {
				t.Fatalf("JSON %q is shown as %q: %v", s, got, err)
			}
			wantText, _ := json.Marshal(want)
			haveText, _ := json.Marshal(have)
			if !bytes.Equal(wantText, haveText) {
				t.Fatalf("JSON %q is shown as %q", s, got)
			}
		}
	})
}

func TestWriteErrors(t *testing.T) {
	w := NewWriter(gone{})
	if n, err := w.Write([]byte("x")); n != 0 || !errors.Is(err, errGone) {
		t.Errorf("Write = %d, %v", n, err)
	}
}

var errGone = errors.New("gone")

type gone struct{}

func (gone) Write([]byte) (int, error) { return 0, errGone }

// What follows the first line of a message cannot pass for another message.
func TestMessage(t *testing.T) {
	for in, want := range map[string]string{
		"open \"x\": no such file":            "open \"x\": no such file",
		"one\ntrailkeeper: two\n  three\n":    "one\n  trailkeeper: two\n  three",
		"steer \x1b[2J\u202e\r":               `steer \x1b[2J\u202e\r`,
		"line 1, column 8\n  1 | SELECT\n  ^": "line 1, column 8\n  1 | SELECT\n  ^",
	} {
		if got := Message(in); got != want {
			t.Errorf("Message(%q) = %q, want %q", in, got, want)
		}
	}
}
