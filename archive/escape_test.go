package archive

import (
	"testing"
	"unicode/utf8"
)

func FuzzNames(f *testing.F) {
	for _, name := range []string{"", "a b.json", "größe", "line\nbreak", "caf\xe9", `back\slash`, `\x41`, "\x1b[31m", "\u202e", "\ufffd"} {
		f.Add(name, name)
	}
	f.Fuzz(func(t *testing.T, name, other string) {
		escaped, text := EscapeName(name), TextName(name)
		if got := UnescapeName(escaped); got != name {
			t.Errorf("%q is escaped as %q, and read as %q", name, escaped, got)
		}
		if !utf8.ValidString(text) || text != name && text != escaped {
			t.Errorf("%q is shown as %q", name, text)
		}
		if name != other && TextName(other) == text {
			t.Errorf("%q and %q are both shown as %q", name, other, text)
		}
	})
}

func TestTextName(t *testing.T) {
	for name, want := range map[string]string{
		"a+b %2B folder/x.json": "a+b %2B folder/x.json", `win\dir\a.json`: `win\dir\a.json`,
		"line\nbreak": `line\x0abreak`, `line\x0abreak`: `line\x5cx0abreak`, "caf\xe9": `caf\xe9`, "größe": "größe",
	} {
		if got := TextName(name); got != want {
			t.Errorf("%q is shown as %q, want %q", name, got, want)
		}
	}
}
