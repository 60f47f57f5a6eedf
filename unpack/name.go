package unpack

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds how much of a member's name is kept: each event from it
// carries the name.
const maxName = 1024

// joined names a member of an archive that is itself a member, or the file.
func joined(member, name string) string {
	name = shown(strings.TrimPrefix(name, "./"))
	if member == "" {
		return name
	}
	return member + "!" + name
}

// shown is a name as valid UTF-8 without control characters, in the spelling
// that dirarchive gives to keys. A member without a name is called "?".
func shown(name string) string {
	var b strings.Builder
	for i := 0; i < len(name) && b.Len() < maxName; {
		r, size := utf8.DecodeRuneInString(name[i:])
		switch {
		case r != '\\' && unicode.IsPrint(r) && (r != utf8.RuneError || size > 1):
			b.WriteString(name[i : i+size])
		default:
			for _, c := range []byte(name[i : i+size]) {
				fmt.Fprintf(&b, `\x%02x`, c)
			}
		}
		i += size
	}
	if b.Len() == 0 {
		return "?"
	}
	return b.String()
}
